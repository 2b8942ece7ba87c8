package sqlbooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
)

const agentTxnColumns = `
SELECT number, agent, operation, txn, account, coalesce(wallet, ''), amount, verdict, reason_limit,
       coalesce(transfer, ''), balance, txn_date, at, day, fingerprint
FROM agent_txn `

const (
	selectAgentTxn  = agentTxnColumns + `WHERE agent = $1 AND operation = $2 AND txn = $3`
	selectAgentTxns = agentTxnColumns + `
WHERE agent = $1 AND day = $2 AND number > $3 ORDER BY number LIMIT $4`
)

func scanAgentTxn(scan Scan) (ledger.AgentTxn, error) {
	var a ledger.AgentTxn
	var at int64
	err := scan(&a.Number, &a.Agent, &a.Operation, &a.Txn, &a.Account, &a.Wallet, &a.Amount,
		&a.Verdict, &a.Limit, &a.Transfer, &a.Balance, &a.TxnDate, &at, &a.Day, &a.Fingerprint)
	a.At = ledger.FromMicros(at)
	return a, err
}

func readAgentTxn(
	t Tx, agent string, op ledger.Operation, txn string,
) (a ledger.AgentTxn, found bool, err error) {
	a, err = scanAgentTxn(func(dest ...any) error {
		return t.Row(selectAgentTxn, []any{agent, string(op), txn}, dest...)
	})
	if errors.Is(err, ErrNoRow) {
		return ledger.AgentTxn{}, false, nil
	}
	return a, err == nil, err
}

// AgentTxn returns what an agent has asked for under its own number.
func (b *Books) AgentTxn(
	ctx context.Context, agent string, op ledger.Operation, txn string,
) (a ledger.AgentTxn, found bool, err error) {
	err = b.db.View(ctx, "agent txn", func(t Tx) error {
		a, found, err = readAgentTxn(t, agent, op, txn)
		return err
	})
	return a, found, err
}

// AgentTxns returns what an agent has first asked for in a day.
func (b *Books) AgentTxns(
	ctx context.Context, agent, day string, after int64, limit int,
) ([]ledger.AgentTxn, error) {
	var all []ledger.AgentTxn
	err := b.db.View(ctx, "agent txns", func(t Tx) error {
		return t.Rows(selectAgentTxns, []any{agent, day, after, limit}, func(scan Scan) error {
			a, err := scanAgentTxn(scan)
			all = append(all, a)
			return err
		})
	})
	return all, err
}

const insertAgentTxn = `
INSERT INTO agent_txn (agent, operation, txn, account, wallet, amount, verdict, reason_limit,
                       fingerprint, transfer, balance, txn_date, at, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING number`

// answer stores the final answer to a txn, and numbers it.
func answer(t Tx, a ledger.AgentTxn) (ledger.AgentTxn, error) {
	at := ledger.Micros(a.At)
	a.At = ledger.FromMicros(at)
	err := t.Row(insertAgentTxn, []any{
		a.Agent, string(a.Operation), a.Txn, a.Account, optional(a.Wallet), a.Amount, a.Verdict,
		a.Limit, a.Fingerprint, optional(a.Transfer), a.Balance, a.TxnDate, at, a.Day,
	}, &a.Number)
	return a, err
}

// answered returns the stored answer to the txn of a, if there is one. It declines key_reused.
func answered(t Tx, a ledger.AgentTxn) (ledger.AgentTxn, bool, error) {
	stored, found, err := readAgentTxn(t, a.Agent, a.Operation, a.Txn)
	if found && !bytes.Equal(stored.Fingerprint, a.Fingerprint) {
		return stored, true, &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: a.Txn}
	}
	return stored, found, err
}

// CashIn credits a wallet from an agent's float.
func (b *Books) CashIn(ctx context.Context, c ledger.CashIn) (ledger.AgentTxn, error) {
	if err := c.Validate(); err != nil {
		return ledger.AgentTxn{}, fmt.Errorf("sqlbooks: %w", err)
	}
	var a ledger.AgentTxn
	err := b.db.Change(ctx, "cash-in", func(t Tx) (err error) {
		a, err = b.cashIn(t, c)
		return err
	})
	if err != nil {
		return ledger.AgentTxn{}, err
	}
	return a, nil
}

// account locks one account with a running balance.
func (b *Books) account(t Tx, missing error, id string) (standing, error) {
	all, err := b.accounts(t, missing, id)
	return all[id], err
}

const selectCashedIn = `
SELECT used, day, day_used FROM limit_used
WHERE wallet = $1 AND operation = 'cash_in' AND month = $2`

const useCashIn = `
INSERT INTO limit_used (wallet, operation, month, used, day, day_used)
VALUES ($1, 'cash_in', $2, $3, $4, $3)
ON CONFLICT (wallet, operation, month) DO UPDATE SET
    used = limit_used.used + excluded.used, day = excluded.day,
    day_used = CASE WHEN limit_used.day = excluded.day THEN limit_used.day_used ELSE 0 END
               + excluded.used`

// cashIn locks the agent first: one of two racing requests for a txn finds the other's answer.
func (b *Books) cashIn(t Tx, c ledger.CashIn) (ledger.AgentTxn, error) {
	a := ledger.AgentTxn{
		Agent: c.Agent, Operation: ledger.OpCashIn, Txn: c.Txn, Account: c.Account, Wallet: c.Wallet,
		Amount: c.Amount, Verdict: string(c.Refuse), TxnDate: c.TxnDate, At: c.Now, Day: c.Day,
		Fingerprint: c.Sum(),
	}
	agent, err := b.account(t, ledger.ErrNoAgent, ledger.AgentAccount(c.Agent))
	if err != nil {
		return a, err
	}
	if stored, found, err := answered(t, a); found || err != nil {
		return stored, err
	}
	switch {
	case a.Verdict != "":
		return answer(t, a)
	case c.Wallet == "":
		a.Verdict = string(ledger.ReasonNoWallet)
		return answer(t, a)
	}
	wallet, err := b.account(t, ledger.ErrNoWallet, ledger.WalletAccount(c.Wallet))
	if err != nil {
		return a, err
	}
	used, day, err := cashedIn(t, c)
	if err != nil {
		return a, err
	}
	if d := ledger.JudgeCashIn(c, wallet.balance, used); d != nil {
		a.Verdict, a.Limit = string(d.Reason), d.Limit
		return answer(t, a)
	}
	if left := agent.balance + agent.credit; left < c.Amount {
		return a, &ledger.Decline{Reason: ledger.ReasonFloat, Key: c.Txn, Limit: max(left, 0)}
	}
	return b.credit(t, a, c, day)
}

// cashedIn returns what is used of the limits, and the day in which a cash-in is counted: never
// before the last one counted.
func cashedIn(t Tx, c ledger.CashIn) (used ledger.Used, day string, err error) {
	err = t.Row(selectCashedIn, []any{c.Wallet, c.Month}, &used.Month, &day, &used.Day)
	if errors.Is(err, ErrNoRow) {
		return ledger.Used{}, c.Day, nil
	}
	if day < c.Day {
		day, used.Day = c.Day, 0
	}
	return used, day, err
}

// credit moves the money of a cash-in. Both accounts are locked.
func (b *Books) credit(
	t Tx, a ledger.AgentTxn, c ledger.CashIn, day string,
) (ledger.AgentTxn, error) {
	now := ledger.Micros(c.Now)
	from, to := ledger.AgentAccount(c.Agent), ledger.WalletAccount(c.Wallet)
	if _, err := b.moveAccount(t, from, -c.Amount, 0); err != nil {
		return a, err
	}
	balance, err := b.moveAccount(t, to, c.Amount, 0)
	if err != nil {
		return a, err
	}
	if _, err := t.Exec(useCashIn, c.Wallet, c.Month, c.Amount, day); err != nil {
		return a, err
	}
	a.Verdict, a.Balance = ledger.Done, balance
	a.Transfer = ledger.CashInTransfer(c.Agent, c.Txn)
	err = write(t, transferRow{
		id: a.Transfer, kind: string(ledger.OpCashIn), wallet: c.Wallet, amount: c.Amount,
		fingerprint: a.Fingerprint, balance: balance, at: now, day: day, month: c.Month,
	}, posting{from, to, c.Amount})
	if err != nil {
		return a, err
	}
	if a, err = answer(t, a); err != nil {
		return a, err
	}
	return a, tell(t, c.Message, balance, now, "", "")
}

// PayOut posts the cash-out of a wallet to an agent's float.
func (b *Books) PayOut(ctx context.Context, p ledger.PayOut) (ledger.AgentTxn, error) {
	if err := p.Validate(); err != nil {
		return ledger.AgentTxn{}, fmt.Errorf("sqlbooks: %w", err)
	}
	var a ledger.AgentTxn
	err := b.db.Change(ctx, "pay-out", func(t Tx) (err error) {
		a, err = b.payOut(t, p)
		return err
	})
	if err != nil {
		return ledger.AgentTxn{}, err
	}
	return a, nil
}

func (b *Books) payOut(t Tx, p ledger.PayOut) (ledger.AgentTxn, error) {
	a := ledger.AgentTxn{
		Agent: p.Agent, Operation: ledger.OpCashOut, Txn: p.Txn, Account: p.Account,
		Wallet: p.Wallet, Amount: p.Amount, TxnDate: p.TxnDate, At: p.Now, Day: p.Day,
		Fingerprint: p.Sum(),
	}
	// Whoever looks for the answer has the agent locked, and the hold before it.
	h, err := b.takeCashOut(t, p)
	if err != nil {
		return a, err
	}
	if _, err := b.account(t, ledger.ErrNoAgent, ledger.AgentAccount(p.Agent)); err != nil {
		return a, err
	}
	if stored, found, err := answered(t, a); found || err != nil {
		return stored, err
	}
	a.Verdict = judgePayOut(p, h)
	switch a.Verdict {
	case string(ledger.ReasonCodeWrong):
		err = b.wrongCode(t, p, h)
	case ledger.Done:
		var r ledger.Receipt
		r, err = b.post(t, h.Hold, ledger.Posting{
			Hold: h.ID, Agent: p.Agent, Answer: agentAnswer(p, ledger.Done), Now: p.Now,
			Message: p.Message,
		})
		a.Amount, a.Transfer, a.Balance = h.Offer.Amount, r.TransferID, r.Balance
	}
	if err != nil {
		return a, err
	}
	return answer(t, a)
}

// cashOut is the hold of a cash-out.
type cashOut struct {
	ledger.Hold
	code  []byte // keyed
	tries int    // wrong codes
}

const selectCode = `SELECT code, tries FROM hold WHERE id = $1`

// takeCashOut locks and reads the cash-out that is meant. It returns one with an empty ID when
// there is none any more.
func (b *Books) takeCashOut(t Tx, p ledger.PayOut) (h cashOut, err error) {
	if p.Hold == "" {
		return cashOut{}, nil
	}
	if h.Hold, err = b.takeHold(t, p.Hold); err != nil {
		return cashOut{}, err
	}
	if h.Offer.Operation != ledger.OpCashOut || h.Offer.Wallet != p.Wallet {
		return cashOut{}, fmt.Errorf("hold %s is no cash-out of wallet %s", p.Hold, p.Wallet)
	}
	if h.State.Final() { // meanwhile
		return cashOut{}, nil
	}
	return h, t.Row(selectCode, []any{p.Hold}, &h.code, &h.tries)
}

// judgePayOut decides about a cash-out that is under way, or with an empty id about none.
func judgePayOut(p ledger.PayOut, h cashOut) (verdict string) {
	switch {
	case p.Refuse != "":
		return string(p.Refuse)
	case p.Wallet == "":
		return string(ledger.ReasonNoWallet)
	case h.ID == "":
		return string(ledger.ReasonNoCashOut)
	case !p.Now.Before(h.Deadline):
		return string(ledger.ReasonExpired)
	case !hmac.Equal(h.code, p.Code):
		return string(ledger.ReasonCodeWrong)
	case p.Amount != 0 && p.Amount != h.Offer.Amount:
		return string(ledger.ReasonMismatch)
	}
	return ledger.Done
}

// agentAnswer is what the history of a hold says of an agent's request.
func agentAnswer(p ledger.PayOut, code string) ledger.Answer {
	return ledger.Answer{Code: code, ProviderTxn: p.Txn, Detail: "agent " + p.Agent}
}

const countCode = `UPDATE hold SET tries = tries + 1 WHERE id = $1`

// wrongCode counts a wrong code, and voids the cash-out when it was the last try.
func (b *Books) wrongCode(t Tx, p ledger.PayOut, h cashOut) error {
	if _, err := t.Exec(countCode, h.ID); err != nil || h.tries+1 < p.Tries {
		return err
	}
	_, err := b.void(t, h.Hold, ledger.Voiding{
		Hold: h.ID, Reason: ledger.ReasonCodeWrong,
		Answer: agentAnswer(p, string(ledger.ReasonCodeWrong)), Now: p.Now, Message: p.Voided,
	})
	return err
}
