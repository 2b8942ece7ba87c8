package sqlbooks

import (
	"errors"
	"fmt"
	"maps"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// agentStanding is an account with a running balance, locked.
type agentStanding struct{ balance, held, credit money.Amount }

const selectStanding = `SELECT balance, held, credit FROM account WHERE id = $1`

// lockAccount locks an account. It fails with missing when it does not exist.
func (b *Books) lockAccount(t Tx, missing error, id string) (agentStanding, error) {
	var s agentStanding
	err := t.Row(selectStanding+b.lock, []any{id}, &s.balance, &s.held, &s.credit)
	if errors.Is(err, ErrNoRow) {
		return s, missing
	}
	return s, err
}

const changeAccount = `
UPDATE account SET balance = balance + $2, held = held + $3 WHERE id = $1 RETURNING balance - held`

// changeAccount changes an account that is locked, and returns what it has to spend then.
func changeBalance(t Tx, id string, amount, held money.Amount) (left money.Amount, err error) {
	err = t.Row(changeAccount, []any{id, amount, held}, &left)
	return left, err
}

// agentTransfer is a row of the table transfer.
type agentTransfer struct {
	id, kind, wallet string
	amount, fee      money.Amount
	fingerprint      []byte
	balance          money.Amount
	at               int64
	day, month       string
}

const insertAgentTransfer = `
INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at, day,
                      month)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

const insertAgentEntries = `
INSERT INTO entry (transfer, line, account, amount)
VALUES ($1, $2, $3, $4), ($1, $5, $6, $7)`

// agentPosting moves an amount above zero from one account to another.
type agentPosting struct {
	debit, credit string
	amount        money.Amount
}

// writeTransfer writes a transfer and its entries. The running balances are the caller's.
func writeTransfer(t Tx, r agentTransfer, postings ...agentPosting) error {
	_, err := t.Exec(insertAgentTransfer, r.id, r.kind, orNull(r.wallet), r.amount, r.fee,
		r.fingerprint, r.balance, r.at, r.day, r.month)
	if err != nil {
		return err
	}
	for i, p := range postings {
		if p.amount == 0 {
			continue
		}
		_, err := t.Exec(insertAgentEntries, r.id, 2*i+1, p.debit, -p.amount, 2*i+2, p.credit,
			p.amount)
		if err != nil {
			return err
		}
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// tellBalance enqueues a message, if there is one, with what a wallet has to spend. A message of its
// key is the same message. It tells of the end of an offer, or of none.
func tellBalance(
	t Tx, m ledger.Message, balance money.Amount, now int64, offer string, end ledger.OfferState,
) error {
	if m.Kind == "" {
		return nil
	}
	fields := maps.Clone(m.Fields)
	if fields == nil {
		fields = make(map[string]string)
	}
	fields[ledger.BalanceField] = balance.String()
	_, err := t.Exec(insertMessage, m.Key, m.To.Digits(), m.Kind, m.Lang,
		ledger.EncodeFields(fields), null(m.Sealed), orNull(offer), orNull(string(end)), now)
	return err
}

const selectCashOut = `
SELECT id FROM hold WHERE wallet = $1 AND operation = 'cash_out' AND ended_at = 0`

const lockCashOutOffer = `SELECT fingerprint FROM offer WHERE id = $1`

const lockCashOut = `
SELECT amount, fee, code, tries, state, deadline, day, month FROM hold
WHERE id = $1 AND ended_at = 0`

// cashOut is the hold of a cash-out that is under way, locked with its offer.
type cashOut struct {
	id, wallet  string
	amount, fee money.Amount
	code        []byte
	tries       int
	state       string
	deadline    int64
	day, month  string
	fingerprint []byte // of the offer
}

// lockCashOut returns the cash-out of a wallet, with an empty id when there is none.
func (b *Books) lockCashOut(t Tx, wallet string) (c cashOut, err error) {
	c.wallet = wallet
	err = t.Row(selectCashOut, []any{wallet}, &c.id)
	if err == nil {
		err = t.Row(lockCashOutOffer+b.lock, []any{c.id}, &c.fingerprint)
	}
	if err == nil {
		err = t.Row(lockCashOut+b.lock, []any{c.id}, &c.amount, &c.fee, &c.code, &c.tries, &c.state,
			&c.deadline, &c.day, &c.month)
	}
	if errors.Is(err, ErrNoRow) {
		return cashOut{}, nil
	}
	return c, err
}

const countCode = `UPDATE hold SET tries = tries + 1 WHERE id = $1`

const endHold = `
UPDATE hold SET state = $2, posted = $3, ended_at = $4, provider_txn = $5, last_code = $6
WHERE id = $1 AND ended_at = 0`

const endHeldOffer = `
UPDATE offer SET state = $2, reason = $3, ended_at = $4 WHERE id = $1 AND state = 'held'`

const insertEnd = `INSERT INTO hold_move (hold, state, at, code, detail) VALUES ($1, $2, $3, $4, $5)`

// end ends the hold and its offer.
func (c cashOut) end(
	t Tx, posted money.Amount, reason ledger.Reason, p ledger.PayOut,
) error {
	hold, offer := ledger.HoldPosted, ledger.OfferDone
	if posted == 0 {
		hold, offer = ledger.HoldVoided, ledger.OfferRefused
	}
	now := ledger.Micros(p.Now)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{endHold, []any{c.id, string(hold), posted, now, p.Txn, string(reason)}},
		{endHeldOffer, []any{c.id, string(offer), string(reason), now}},
		{insertEnd, []any{c.id, string(hold), now, string(reason), p.Agent + " " + p.Txn}},
	} {
		changed, err := t.Exec(s.query, s.args...)
		if err == nil && changed != 1 {
			err = fmt.Errorf("cash-out %s moved under the lock", c.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// post pays the cash-out out: the amount to the agent's float. Accounts are locked.
func (c cashOut) post(t Tx, p ledger.PayOut) (balance money.Amount, err error) {
	if err := c.end(t, c.amount, "", p); err != nil {
		return 0, err
	}
	wallet, agent := ledger.WalletAccount(c.wallet), ledger.AgentAccount(p.Agent)
	if _, err = changeBalance(t, agent, c.amount, 0); err != nil {
		return 0, err
	}
	balance, err = changeBalance(t, wallet, -c.amount-c.fee, -c.amount-c.fee)
	if err != nil {
		return 0, err
	}
	err = writeTransfer(t, agentTransfer{
		id: c.id, kind: string(ledger.OpCashOut), wallet: c.wallet, amount: c.amount, fee: c.fee,
		fingerprint: c.fingerprint, balance: balance, at: ledger.Micros(p.Now), day: c.day,
		month: c.month,
	}, agentPosting{wallet, agent, c.amount},
		agentPosting{wallet, ledger.OperationFeeAccount(ledger.OpCashOut), c.fee})
	return balance, err
}

const giveBackLimits = `
UPDATE limit_used
SET used = used - $3, day_used = day_used - CASE WHEN day = $4 THEN CAST($3 AS BIGINT) ELSE 0 END
WHERE wallet = $1 AND operation IN ('cash_out', 'out') AND month = $2`

// void gives the money and the limits back. The account of the wallet is locked.
func (c cashOut) void(t Tx, p ledger.PayOut) (balance money.Amount, err error) {
	if err := c.end(t, 0, ledger.ReasonCodeWrong, p); err != nil {
		return 0, err
	}
	if _, err := t.Exec(giveBackLimits, c.wallet, c.month, c.amount, c.day); err != nil {
		return 0, err
	}
	return changeBalance(t, ledger.WalletAccount(c.wallet), 0, -c.amount-c.fee)
}
