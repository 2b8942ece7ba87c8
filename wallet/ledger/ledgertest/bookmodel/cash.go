package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func (b *book) fund(
	key, wallet string, amount, most money.Amount, now time.Time,
) error {
	request := fmt.Sprint(wallet, " ", int64(amount))
	if old := b.transfer("fund:" + key); old != nil {
		if old.request != request {
			return decline(ledger.ReasonKeyReused, key)
		}
		return nil
	}
	if b.wallet(wallet) == nil {
		return ledger.ErrNoWallet
	}
	if room := max(most-b.balance(wallet), 0); amount > room {
		return &ledger.Decline{Reason: ledger.ReasonLimitBalance, Key: key, Limit: room}
	}
	b.move(&transfer{
		id: "fund:" + key, kind: "fund", wallet: wallet, amount: amount, at: now,
		day: now.Format(time.DateOnly), request: request,
	}, entry{"trust", -amount}, entry{"wallet:" + wallet, amount})
	return nil
}

func (b *book) setCredit(id string, credit money.Amount, r ledger.Record) error {
	r.Subject = "agent:" + id
	a := b.agent(id)
	switch {
	case a == nil:
		b.agents = append(b.agents, &agent{id, credit})
		b.record(&r)
	case a.credit == credit:
	case b.sum("agent:"+id) < -credit:
		return &ledger.Decline{Reason: ledger.ReasonFloat, Key: id, Limit: -b.sum("agent:" + id)}
	default:
		a.credit = credit
		b.record(&r)
	}
	return nil
}

func (b *book) fundAgent(
	key, id string, amount money.Amount, day string, r ledger.Record,
) error {
	r.Subject = "agent:" + id
	a := b.agent(id)
	if a == nil {
		return ledger.ErrNoAgent
	}
	request := fmt.Sprint(id, " ", int64(amount))
	if old := b.transfer("float:" + key); old != nil {
		if old.request != request {
			return decline(ledger.ReasonKeyReused, key)
		}
		return nil
	}
	if room := max(b.sum("agent:"+id)+a.credit, 0); -amount > room {
		return &ledger.Decline{Reason: ledger.ReasonFloat, Key: key, Limit: room}
	}
	b.move(&transfer{
		id: "float:" + key, kind: "float", amount: max(amount, -amount), at: r.At, day: day,
		request: request,
	}, entry{"trust", -amount}, entry{"agent:" + id, amount})
	b.record(&r)
	return nil
}

// answered is the answer that a txn of an agent has already.
func (b *book) answered(a *ledger.AgentTxn) (*ledger.AgentTxn, error) {
	old := find(b.txns, func(t *ledger.AgentTxn) bool {
		return t.Agent == a.Agent && t.Operation == a.Operation && t.Txn == a.Txn
	})
	if old != nil && string(old.Fingerprint) != string(a.Fingerprint) {
		return old, decline(ledger.ReasonKeyReused, a.Txn)
	}
	return old, nil
}

// answer keeps the answer to a txn. The store numbers it.
func (b *book) answer(a *ledger.AgentTxn) (*ledger.AgentTxn, error) {
	b.txns = append(b.txns, a)
	return a, nil
}

func (b *book) cashIn(c ledger.CashIn) (*ledger.AgentTxn, error) {
	from := b.agent(c.Agent)
	if from == nil {
		return nil, ledger.ErrNoAgent
	}
	a := &ledger.AgentTxn{
		Agent: c.Agent, Operation: ledger.OpCashIn, Txn: c.Txn, Account: c.Account,
		Wallet: c.Wallet, Amount: c.Amount, TxnDate: c.TxnDate, At: c.Now, Day: c.Day,
		Fingerprint: fmt.Append(nil, c.Account, " ", int64(c.Amount)),
	}
	if old, err := b.answered(a); old != nil {
		return old, err
	}
	day := max(c.Day, b.lastDay(c.Wallet, ledger.OpCashIn, c.Month))
	used := func(period string) money.Amount {
		return b.used(c.Wallet, ledger.OpCashIn, period)
	}
	room := max(c.Most-b.balance(c.Wallet), 0)
	switch {
	case c.Refuse != "":
		a.Verdict = string(c.Refuse)
		return b.answer(a)
	case c.Wallet == "":
		a.Verdict = string(ledger.ReasonNoWallet)
		return b.answer(a)
	}
	for _, d := range []*ledger.Decline{
		exceeds(ledger.ReasonLimitPayment, c.Txn, c.Amount, bound{c.Limits.PerPayment, 0}),
		exceeds(ledger.ReasonLimitDay, c.Txn, c.Amount, bound{c.Limits.PerDay, used(day)}),
		exceeds(ledger.ReasonLimitMonth, c.Txn, c.Amount, bound{c.Limits.PerMonth, used(c.Month)}),
	} {
		if d != nil {
			a.Verdict, a.Limit = string(d.Reason), d.Limit
			return b.answer(a)
		}
	}
	if c.Amount > room {
		a.Verdict, a.Limit = string(ledger.ReasonLimitBalance), room
		return b.answer(a)
	}
	if room := max(b.sum("agent:"+c.Agent)+from.credit, 0); c.Amount > room {
		return nil, &ledger.Decline{Reason: ledger.ReasonFloat, Key: c.Txn, Limit: room}
	}
	t := &transfer{
		id: "cashin:" + c.Agent + ":" + c.Txn, kind: "cash_in", wallet: c.Wallet,
		amount: c.Amount, at: c.Now, day: day,
	}
	b.move(t, entry{"agent:" + c.Agent, -c.Amount}, entry{"wallet:" + c.Wallet, c.Amount})
	a.Verdict, a.Transfer, a.Balance = ledger.Done, t.id, t.balance
	b.tell(c.Message, c.Wallet, c.Now)
	return b.answer(a)
}

func (b *book) payOut(p ledger.PayOut) (*ledger.AgentTxn, error) {
	if b.agent(p.Agent) == nil {
		return nil, ledger.ErrNoAgent
	}
	a := &ledger.AgentTxn{
		Agent: p.Agent, Operation: ledger.OpCashOut, Txn: p.Txn, Account: p.Account,
		Wallet: p.Wallet, Amount: p.Amount, TxnDate: p.TxnDate, At: p.Now, Day: p.Day,
		Fingerprint: fmt.Append(nil, p.Account, " ", int64(p.Amount), " ", string(p.Code)),
	}
	if old, err := b.answered(a); old != nil {
		return old, err
	}
	h, err := b.under(p.Hold)
	if err != nil {
		h = nil
	}
	refuse := func(reason ledger.Reason) (*ledger.AgentTxn, error) {
		a.Verdict = string(reason)
		return b.answer(a)
	}
	switch {
	case p.Refuse != "":
		return refuse(p.Refuse)
	case p.Wallet == "":
		return refuse(ledger.ReasonNoWallet)
	case h == nil:
		return refuse(ledger.ReasonNoCashOut)
	case !p.Now.Before(h.Deadline):
		return refuse(ledger.ReasonExpired)
	case h.code != string(p.Code):
		h.tries++
		if h.tries >= p.Tries {
			err := b.voidHold(ledger.Voiding{
				Hold: h.ID, Reason: ledger.ReasonCodeWrong, Now: p.Now, Message: p.Voided,
			})
			if err != nil {
				return nil, err
			}
		}
		return refuse(ledger.ReasonCodeWrong)
	case p.Amount != 0 && p.Amount != h.offer.Amount:
		return refuse(ledger.ReasonMismatch)
	}
	r, err := b.postHold(ledger.Posting{
		Hold: h.ID, Agent: p.Agent, Now: p.Now, Message: p.Message,
	})
	if err != nil {
		return nil, err
	}
	a.Verdict, a.Amount, a.Transfer, a.Balance = ledger.Done, r.Amount, r.TransferID, r.Balance
	return b.answer(a)
}
