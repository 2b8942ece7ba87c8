package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// codeTries is how many wrong codes end a cash-out.
const codeTries = 3

// A CashIn is a credit of a wallet that an agent asks for.
type CashIn struct {
	Agent   string        // its id in the books
	Name    string        // what the subscriber knows it by
	Txn     string        // its number of it, at most 64 octets
	Number  msisdn.Number // of the wallet
	Account string        // the same as the agent wrote it
	Amount  money.Amount
	TxnDate string // as the agent wrote it
}

// A PayOut is the end of a cash-out that an agent asks for: the subscriber and the code are there.
type PayOut struct {
	Agent   string
	Txn     string
	Number  msisdn.Number
	Account string
	Code    pin.Secret   // as it was typed
	Amount  money.Amount // 0 = whatever is held
	TxnDate string
}

// CheckCashIn tells whether a cash-in would be done now, and the owner of the wallet as others may
// read it. Nothing moves. With an Amount of 0 the wallet alone is looked at. It declines no_wallet,
// blocked and suspect, limit_payment, limit_day, limit_month and limit_balance (Limit has what
// fits), and float. It fails with ledger.ErrNoAgent.
func (i *Issuer) CheckCashIn(ctx context.Context, c CashIn) (owner string, err error) {
	w, err := i.store.Wallet(ctx, c.Number)
	if refused := refuses(w, err); refused != "" {
		return "", decline(refused, "")
	}
	if err != nil {
		return "", fmt.Errorf("wallet: check cash-in: %w", err)
	}
	order, err := i.cashIn(c, w)
	if err != nil {
		return "", err
	}
	used, err := i.store.Used(ctx, w.ID, ledger.OpCashIn, order.Day, order.Month)
	if err != nil {
		return "", fmt.Errorf("wallet: check cash-in: %w", err)
	}
	if d := ledger.JudgeCashIn(order, w.Balance, used); d != nil {
		return "", d
	}
	agents, err := i.store.Agents(ctx)
	if err != nil {
		return "", fmt.Errorf("wallet: check cash-in: %w", err)
	}
	at := slices.IndexFunc(agents, func(a ledger.Agent) bool { return a.ID == c.Agent })
	if at < 0 {
		return "", fmt.Errorf("wallet: check cash-in: %w", ledger.ErrNoAgent)
	}
	if left := agents[at].Float + agents[at].Credit; left < c.Amount {
		return "", bounded(ledger.ReasonFloat, max(left, 0))
	}
	return initialed(w.Name), nil
}

// CashIn credits a wallet from the agent's float, and queues the SMS to its owner. The first answer
// to a Txn is the answer for ever: its verdict is ledger.Done, or the reason of the refusal, one of
// those that CheckCashIn declines but float. It declines float, which decides nothing for ever, and
// key_reused for a Txn that came with other contents. It fails with ledger.ErrNoAgent. After any
// other failure the same call tells what has become of it.
func (i *Issuer) CashIn(ctx context.Context, c CashIn) (ledger.AgentTxn, error) {
	none := ledger.AgentTxn{}
	w, err := i.store.Wallet(ctx, c.Number)
	refused := refuses(w, err)
	if err != nil && refused == "" {
		return none, fmt.Errorf("wallet: cash-in: %w", err)
	}
	order, err := i.cashIn(c, w)
	if err != nil {
		return none, err
	}
	order.Refuse = refused
	a, err := i.store.CashIn(ctx, order)
	if err != nil {
		return none, fmt.Errorf("wallet: cash-in: %w", err)
	}
	i.config.Queued()
	i.log.Info("cash-in", zap.String("agent", a.Agent), zap.String("txn", a.Txn),
		zap.Int64("number", a.Number), zap.String("verdict", a.Verdict),
		zap.Stringer("msisdn", c.Number))
	return a, nil
}

// refuses says why a wallet gets and gives no cash, whatever the amount. It was read with err.
func refuses(w ledger.Wallet, err error) ledger.Reason {
	switch {
	case errors.Is(err, ledger.ErrNoWallet):
		return ledger.ReasonNoWallet
	case err != nil:
		return ""
	case w.Blocked():
		return ledger.ReasonBlocked
	case w.Suspect != "":
		return ledger.ReasonSuspect
	}
	return ""
}

// cashIn makes the order to the ledger. Without a wallet it has no limits, and nothing is told.
func (i *Issuer) cashIn(c CashIn, w ledger.Wallet) (ledger.CashIn, error) {
	now := i.clock()
	day, month := i.period(now)
	order := ledger.CashIn{
		Agent: c.Agent, Txn: c.Txn, Account: c.Account, Wallet: w.ID, Amount: c.Amount,
		TxnDate: c.TxnDate, Day: day, Month: month, Now: now,
	}
	if w.ID == "" {
		return order, nil
	}
	level, err := i.level(w)
	if err != nil {
		return order, err
	}
	order.Limits, order.Most = limitsOf(level, ledger.OpCashIn), level.Balance
	order.Message = ledger.Message{
		Key: KindCashIn + "/" + c.Agent + "/" + c.Txn, To: w.Number, Kind: KindCashIn, Lang: w.Lang,
		CreatedAt: now,
		Fields:    map[string]string{"network": c.Name, "amount": c.Amount.String()},
	}
	return order, nil
}

// PayOut pays the cash-out of a wallet out to the agent's float, when the code is its one-time
// code, and queues the SMS to its owner. The first answer to a Txn is the answer for ever: its
// verdict is ledger.Done (Amount has what was paid), no_wallet, blocked, suspect, no_cash_out,
// expired, mismatch (another amount is held), or code_wrong; the third wrong code gives the money
// back and an SMS tells. It declines key_reused, and fails with ledger.ErrNoAgent. After any other
// failure the same call tells what has become of it.
func (i *Issuer) PayOut(ctx context.Context, p PayOut) (ledger.AgentTxn, error) {
	none := ledger.AgentTxn{}
	w, err := i.store.Wallet(ctx, p.Number)
	refused := refuses(w, err)
	if err != nil && refused == "" {
		return none, fmt.Errorf("wallet: pay-out: %w", err)
	}
	order := ledger.PayOut{
		Agent: p.Agent, Txn: p.Txn, Account: p.Account, Wallet: w.ID, Refuse: refused,
		Code: i.codeOf(w.ID, p.Code), Amount: p.Amount, TxnDate: p.TxnDate,
		Tries: codeTries, Now: i.clock(),
	}
	order.Day, order.Month = i.period(order.Now)
	if w.ID != "" {
		if err := i.findCashOut(ctx, w, &order); err != nil {
			return none, err
		}
	}
	a, err := i.store.PayOut(ctx, order)
	if err != nil {
		return none, fmt.Errorf("wallet: pay-out: %w", err)
	}
	i.config.Queued()
	i.log.Info("pay-out", zap.String("agent", a.Agent), zap.String("txn", a.Txn),
		zap.Int64("number", a.Number), zap.String("verdict", a.Verdict),
		zap.Stringer("msisdn", p.Number))
	return a, nil
}

// findCashOut adds the cash-out that is under way, if there is one, and the messages of its end.
func (i *Issuer) findCashOut(ctx context.Context, w ledger.Wallet, p *ledger.PayOut) error {
	h, err := i.cashOut(ctx, w)
	if errors.Is(err, ledger.ErrNoHold) {
		return nil
	}
	if err != nil {
		return err
	}
	o := h.Offer
	p.Hold = o.ID
	message := func(kind string) ledger.Message {
		return ledger.Message{
			Key: kind + "/" + o.ID, To: w.Number, Kind: kind, Lang: o.Lang, CreatedAt: p.Now,
			Fields: map[string]string{"amount": o.Amount.String()},
		}
	}
	p.Message, p.Voided = message(KindCashOut), message(KindCashVoided)
	return nil
}

// agentPage is how many txns are read at once.
const agentPage = 500

// AgentRegistry hands what an agent has got done in a day to each, in the order of our numbers: its
// cash-ins, or with ledger.OpCashOut its pay-outs. An error of each ends it.
func AgentRegistry(
	ctx context.Context, store ledger.Agents, agent string, op ledger.Operation, day string,
	each func(ledger.AgentTxn) error,
) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("wallet: registry: %q is no day such as 2026-11-21", day)
	}
	for after := int64(0); ; {
		page, err := store.AgentTxns(ctx, agent, day, after, agentPage)
		if err != nil {
			return fmt.Errorf("wallet: registry: %w", err)
		}
		for _, a := range page {
			after = a.Number
			if a.Operation != op || a.Verdict != ledger.Done {
				continue
			}
			if err := each(a); err != nil {
				return err
			}
		}
		if len(page) < agentPage {
			return nil
		}
	}
}
