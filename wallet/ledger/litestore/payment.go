package litestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
	"ussdgw/wallet/money"
)

// Apply executes pressed offers in one transaction.
func (s *Store) Apply(
	ctx context.Context, payments []ledger.Payment,
) ([]ledger.Result, error) {
	for _, p := range payments {
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("litestore: apply: %w", err)
		}
	}
	results := make([]ledger.Result, len(payments))
	err := s.change(ctx, "apply", func(t tx) error {
		for i, p := range payments {
			result, err := t.apply(p)
			if err != nil {
				return fmt.Errorf("payment %s: %w", p.Offer.ID, err)
			}
			results[i] = result
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

const selectUsed = `
SELECT coalesce(max(CASE WHEN day = $3 THEN day_used END), 0), coalesce(max(used), 0)
FROM limit_used WHERE wallet = $1 AND operation = $2 AND month = $4`

const refusePayment = `
UPDATE offer SET state = 'refused', reason = $2, reason_limit = $3, ended_at = $4
WHERE id = $1 AND state = 'pressed'`

// refuse ends the pressed offer of a payment for good.
func (t tx) refuse(p ledger.Payment, d *ledger.Decline) error {
	now := ledger.Micros(p.Now)
	if _, err := t.exec(refusePayment, p.Offer.ID, d.Reason, d.Limit, now); err != nil {
		return err
	}
	if p.Refusal.Kind == "" {
		return nil
	}
	return sqlbooks.Enqueue(t, p.Refusal, now, p.Offer.ID, ledger.OfferRefused)
}

// selectStanding reads an offer and what decides about it, with what was counted under its own
// operation, and under all that leaves the wallet.
const selectStanding = `SELECT` + sqlbooks.OfferColumns + `,
    a.balance - a.held, coalesce(b.balance, -1),
    coalesce(l.used, 0), coalesce(l.day, ''), coalesce(l.day_used, 0),
    coalesce(t.used, 0), coalesce(t.day, ''), coalesce(t.day_used, 0),
    CASE o.operation WHEN 'cash_out' THEN EXISTS (
        SELECT 1 FROM hold h
        WHERE h.wallet = o.wallet AND h.operation = 'cash_out' AND h.ended_at = 0)
    ELSE 0 END
FROM offer o
JOIN account a ON a.id = 'wallet:' || o.wallet
LEFT JOIN account b ON b.id = 'wallet:' || o.payee
LEFT JOIN limit_used l ON l.wallet = o.wallet AND l.operation = o.operation AND l.month = $2
LEFT JOIN limit_used t ON t.wallet = o.wallet AND t.operation = 'out' AND t.month = $2
WHERE o.id = $1`

// standing reads an offer and what decides about a payment of it, and puts the day in which it is
// counted into p: never before the last one counted.
func (t tx) standing(p *ledger.Payment) (o offerRow, s ledger.Standing, err error) {
	var day, outDay string
	dest := append(o.Dest(), &s.Available, &s.PayeeBalance,
		&s.Used.Month, &day, &s.Used.Day, &s.Out.Month, &outDay, &s.Out.Day,
		&s.CashOut)
	err = t.row(selectStanding, []any{p.Offer.ID, p.Month}, dest...)
	if missing(err) {
		err = ledger.ErrNoOffer
	}
	p.Day = max(p.Day, outDay)
	if day != p.Day {
		s.Used.Day = 0
	}
	if outDay != p.Day {
		s.Out.Day = 0
	}
	s.NoPayee = s.PayeeBalance < 0
	return o, s, err
}

// apply executes one payment. It returns an error only when the books cannot be read or written.
func (t tx) apply(p ledger.Payment) (ledger.Result, error) {
	decline := func(r ledger.Reason) (ledger.Result, error) {
		return ledger.Result{Err: &ledger.Decline{Reason: r, Key: p.Offer.ID}}, nil
	}
	o, s, err := t.standing(&p)
	switch {
	case errors.Is(err, ledger.ErrNoOffer):
		return decline(ledger.ReasonNotTaken)
	case err != nil:
		return ledger.Result{}, err
	case !bytes.Equal(o.Fingerprint, p.Offer.Sum()):
		return decline(ledger.ReasonKeyReused)
	case o.State == ledger.OfferOpen:
		return decline(ledger.ReasonNotPressed)
	case o.State != ledger.OfferPressed:
		return t.result(o.ID)
	}
	if d := ledger.Judge(p, o.Read(), s); d != nil {
		return ledger.Result{Err: d}, t.refuse(p, d)
	}
	if err := t.useLimits(p, o.Offer); err != nil {
		return ledger.Result{}, err
	}
	if p.Terms.Txn != "" {
		return ledger.HeldResult(p), t.hold(p, o.Offer)
	}
	after := s.Available - o.Amount - o.Fee
	return ledger.PaidResult(p, after), t.pay(p, o.Offer, after)
}

const useLimit = `
INSERT INTO limit_used (wallet, operation, month, used, day, day_used)
VALUES ($1, $2, $3, $5, $4, $5), ($1, 'out', $3, $5, $4, $5)
ON CONFLICT (wallet, operation, month) DO UPDATE SET
    used = used + excluded.used, day = excluded.day,
    day_used = CASE WHEN day = excluded.day THEN day_used ELSE 0 END + excluded.day_used`

func (t tx) useLimits(p ledger.Payment, o ledger.Offer) error {
	_, err := t.exec(useLimit, o.Wallet, string(o.Operation), p.Month, p.Day, o.Amount)
	return err
}

const holdOffer = `
UPDATE offer SET state = 'held', held_at = $2 WHERE id = $1 AND state = 'pressed'`

const holdAccount = `
UPDATE account SET held = held + $2 WHERE id = $1 AND balance - held >= $2`

const insertHold = `
INSERT INTO hold (id, wallet, operation, txn, amount, fee, day, month, state, code, next_at,
                  deadline, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'held', $9, $10, $11, $12)`

const insertHoldMove = `INSERT INTO hold_move (hold, state, at) VALUES ($1, 'held', $2)`

// hold reserves the money of a stored, pressed offer.
func (t tx) hold(p ledger.Payment, o ledger.Offer) error {
	now := ledger.Micros(p.Now)
	if err := t.mustMove(holdOffer, o.ID, now); err != nil {
		return err
	}
	if err := t.mustMove(holdAccount, ledger.WalletAccount(o.Wallet), o.Amount+o.Fee); err != nil {
		return err
	}
	_, err := t.exec(insertHold, o.ID, o.Wallet, string(o.Operation), p.Terms.Txn, o.Amount, o.Fee,
		p.Day, p.Month, blob(p.Terms.Code), ledger.Micros(p.Terms.NextAt),
		ledger.Micros(p.Terms.Deadline), now)
	if err != nil {
		return err
	}
	if _, err = t.exec(insertHoldMove, o.ID, now); err != nil || p.HeldMessage.Kind == "" {
		return err
	}
	return sqlbooks.Enqueue(t, p.HeldMessage, now, o.ID, ledger.OfferHeld)
}

// mustMove is exec for one row that the judgement has found.
func (t tx) mustMove(query string, args ...any) error {
	changed, err := t.exec(query, args...)
	if err == nil && changed != 1 {
		err = errors.New("the offer moved under the lock")
	}
	return err
}

const finishOffer = `
UPDATE offer SET state = 'done', ended_at = $2 WHERE id = $1 AND state = 'pressed'`

const debitAccount = `
UPDATE account SET balance = balance - $2 WHERE id = $1 AND balance - held >= $2`

const insertEntriesOfOffer = `
INSERT INTO entry (transfer, line, account, amount)
SELECT $1, v.column1, v.column2, v.column3
FROM (VALUES (1, $2, -$5), (2, $3, $6), (3, $4, $7)) v WHERE v.column3 <> 0`

// pay moves the money of a stored, pressed offer. It leaves the wallet after to spend.
func (t tx) pay(p ledger.Payment, o ledger.Offer, after money.Amount) error {
	now := ledger.Micros(p.Now)
	if err := t.mustMove(finishOffer, o.ID, now); err != nil {
		return err
	}
	wallet, creditor := ledger.WalletAccount(o.Wallet), o.Creditor("")
	if err := t.mustMove(debitAccount, wallet, o.Amount+o.Fee); err != nil {
		return err
	}
	err := t.transfer(transferRow{
		id: o.ID, kind: string(o.Operation), wallet: o.Wallet, amount: o.Amount, fee: o.Fee,
		fingerprint: o.Fingerprint, balance: after, at: now, day: p.Day, month: p.Month,
	})
	if err != nil {
		return err
	}
	_, err = t.exec(insertEntriesOfOffer, o.ID, wallet, creditor, o.FeeAccount(),
		o.Amount+o.Fee, o.Amount-o.ProviderFee, o.Fee+o.ProviderFee)
	if err != nil {
		return err
	}
	if err := t.tell(p.Message, after, now, o.ID); err != nil {
		return err
	}
	if o.Operation != ledger.OpTransfer {
		return nil
	}
	var payees money.Amount
	if err := t.row(creditAccount, []any{creditor, o.Amount}, &payees); err != nil {
		return err
	}
	return t.tell(p.PayeeMessage, payees, now, o.ID)
}

// tell enqueues a message of an offer that is done, with a balance.
func (t tx) tell(m ledger.Message, balance money.Amount, now int64, offer string) error {
	if m.Kind == "" {
		return nil
	}
	m.Fields = maps.Clone(m.Fields)
	if m.Fields == nil {
		m.Fields = make(map[string]string)
	}
	m.Fields[ledger.BalanceField] = balance.String()
	return sqlbooks.Enqueue(t, m, now, offer, ledger.OfferDone)
}

// transferRow is what insertTransfer writes.
type transferRow struct {
	id, kind, wallet string
	amount, fee      money.Amount
	fingerprint      []byte
	balance          money.Amount // of the wallet, afterwards
	at               int64
	day, month       string
}

const insertTransfer = `
INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at, day,
                      month)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (t tx) transfer(r transferRow) error {
	_, err := t.exec(insertTransfer, r.id, r.kind, r.wallet, r.amount, r.fee, r.fingerprint,
		r.balance, r.at, r.day, r.month)
	return err
}

const insertEntries = `
INSERT INTO entry (transfer, line, account, amount)
VALUES ($1, $2 * 2 - 1, $3, -$5), ($1, $2 * 2, $4, $5)`

// post writes one posting line: a debit and a credit of one amount.
func (t tx) post(transfer string, line int, debit, credit string, amount money.Amount) error {
	_, err := t.exec(insertEntries, transfer, line, debit, credit, amount)
	return err
}

const selectFingerprint = `SELECT fingerprint FROM transfer WHERE id = $1`

const creditAccount = `
UPDATE account SET balance = balance + $2 WHERE id = $1 RETURNING balance - held`

const selectWhole = `SELECT balance FROM account WHERE id = $1`

// Fund moves amount from the trust account to a wallet.
func (s *Store) Fund(
	ctx context.Context, key, wallet string, amount, most money.Amount, now time.Time,
) error {
	if err := ledger.ValidateFunding(key, amount, most, now); err != nil {
		return fmt.Errorf("litestore: %w", err)
	}
	return s.change(ctx, "fund", func(t tx) error {
		id, sum := ledger.FundTransfer(key), ledger.FundSum(key, wallet, int64(amount))
		var stored []byte
		err := t.row(selectFingerprint, []any{id}, &stored)
		if err == nil {
			if !bytes.Equal(stored, sum) {
				return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: key}
			}
			return nil
		}
		if !missing(err) {
			return err
		}
		var balance money.Amount
		account := ledger.WalletAccount(wallet)
		err = t.row(selectWhole, []any{account}, &balance)
		if missing(err) {
			return ledger.ErrNoWallet
		}
		if err != nil {
			return err
		}
		if d := ledger.JudgeFunding(key, balance, amount, most); d != nil {
			return d
		}
		if err := t.row(creditAccount, []any{account, amount}, &balance); err != nil {
			return err
		}
		err = t.transfer(transferRow{
			id: id, kind: "fund", wallet: wallet, amount: amount, fingerprint: sum,
			balance: balance, at: ledger.Micros(now),
			day: now.Format(time.DateOnly), month: now.Format("2006-01"),
		})
		if err != nil {
			return err
		}
		return t.post(id, 1, ledger.TrustAccount, account, amount)
	})
}

// Transfers returns payments of a wallet, newest first.
func (s *Store) Transfers(
	ctx context.Context, wallet string, limit int,
) ([]ledger.Receipt, error) {
	return s.receipts(ctx, "transfers", selectTransfers, wallet, limit)
}

// Used returns how much of the limits of an operation a wallet has used.
func (s *Store) Used(
	ctx context.Context, wallet string, op ledger.Operation, day, month string,
) (ledger.Used, error) {
	var u ledger.Used
	err := s.one(ctx, "used", ledger.ErrNoWallet, selectUsed,
		[]any{wallet, string(op), day, month}, &u.Day, &u.Month)
	return u, err
}
