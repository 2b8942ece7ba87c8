package litestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"ussdgw/wallet/ledger"
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
SELECT coalesce(sum(CASE period WHEN $2 THEN used END), 0),
       coalesce(sum(CASE period WHEN $3 THEN used END), 0)
FROM limit_used WHERE wallet = $1 AND period IN ($2, $3)`

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
	return t.enqueue(p.Refusal, now, p.Offer.ID, ledger.OfferRefused)
}

// apply executes one payment. It returns an error only when the books cannot be read or written.
func (t tx) apply(p ledger.Payment) (ledger.Result, error) {
	decline := func(r ledger.Reason) (ledger.Result, error) {
		return ledger.Result{Err: &ledger.Decline{Reason: r, Key: p.Offer.ID}}, nil
	}
	o, err := t.offer(p.Offer.ID)
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
	var balance, day, month money.Amount
	err = t.row(selectBalance, []any{ledger.WalletAccount(o.Wallet)}, &balance)
	if err != nil {
		return ledger.Result{}, err
	}
	if err := t.row(selectUsed, []any{o.Wallet, p.Day, p.Month}, &day, &month); err != nil {
		return ledger.Result{}, err
	}
	if d := ledger.Judge(o.offer(), p.Limits, balance, day, month); d != nil {
		return ledger.Result{Err: d}, t.refuse(p, d)
	}
	balance, err = t.pay(p, o.Offer)
	if err != nil {
		return ledger.Result{}, err
	}
	paid := o.offer()
	paid.State = ledger.OfferDone
	return ledger.Result{Receipt: ledger.Receipt{
		Offer: paid, Balance: balance, PostedAt: ledger.FromMicros(ledger.Micros(p.Now)),
		TransferID: o.ID,
	}}, nil
}

const finishOffer = `
UPDATE offer SET state = 'done', ended_at = $2 WHERE id = $1 AND state = 'pressed'`

const debitAccount = `
UPDATE account SET balance = balance - $2 WHERE id = $1 AND balance >= $2 RETURNING balance`

const useLimit = `
INSERT INTO limit_used (wallet, period, used) VALUES ($1, $2, $4), ($1, $3, $4)
ON CONFLICT (wallet, period) DO UPDATE SET used = used + excluded.used`

// pay moves the money of a stored, pressed offer, and returns the balance after it.
func (t tx) pay(p ledger.Payment, o ledger.Offer) (balance money.Amount, err error) {
	now := ledger.Micros(p.Now)
	changed, err := t.exec(finishOffer, o.ID, now)
	if err != nil {
		return 0, err
	}
	if changed != 1 {
		return 0, errors.New("the offer moved under the lock")
	}
	wallet := ledger.WalletAccount(o.Wallet)
	if err := t.row(debitAccount, []any{wallet, o.Amount + o.Fee}, &balance); err != nil {
		return 0, err
	}
	if _, err := t.exec(useLimit, o.Wallet, p.Day, p.Month, o.Amount); err != nil {
		return 0, err
	}
	err = t.transfer(transferRow{
		id: o.ID, kind: "payment", wallet: o.Wallet, amount: o.Amount, fee: o.Fee,
		fingerprint: o.Fingerprint, balance: balance, at: now, day: p.Day, month: p.Month,
	})
	if err != nil {
		return 0, err
	}
	if err := t.post(o.ID, 1, wallet, ledger.ProviderAccount(o.Provider), o.Amount); err != nil {
		return 0, err
	}
	if o.Fee > 0 {
		if err := t.post(o.ID, 2, wallet, ledger.FeeAccount(o.Provider), o.Fee); err != nil {
			return 0, err
		}
	}
	if p.Message.Kind == "" {
		return balance, nil
	}
	message := p.Message
	message.Fields = maps.Clone(message.Fields)
	if message.Fields == nil {
		message.Fields = make(map[string]string)
	}
	message.Fields[ledger.BalanceField] = balance.String()
	return balance, t.enqueue(message, now, o.ID, ledger.OfferDone)
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

const creditAccount = `UPDATE account SET balance = balance + $2 WHERE id = $1 RETURNING balance`

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
		err = t.row(selectBalance, []any{account}, &balance)
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

// Spent returns what a wallet has paid in a day and in a month.
func (s *Store) Spent(
	ctx context.Context, wallet, day, month string,
) (perDay, perMonth money.Amount, err error) {
	err = s.one(ctx, "spent", ledger.ErrNoWallet, selectUsed, []any{wallet, day, month},
		&perDay, &perMonth)
	return perDay, perMonth, err
}
