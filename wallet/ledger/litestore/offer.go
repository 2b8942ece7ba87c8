package litestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

type offerRow = sqlbooks.OfferRow

const selectOffer = `SELECT` + sqlbooks.OfferColumns + ` FROM offer o WHERE o.id = $1`

func (t tx) offer(id string) (offerRow, error) {
	var o offerRow
	err := t.row(selectOffer, []any{id}, o.Dest()...)
	if missing(err) {
		return o, ledger.ErrNoOffer
	}
	return o, err
}

const selectHasWallet = `SELECT count(*) FROM wallet WHERE id = $1`

const supersedeOffer = `
UPDATE offer SET state = 'superseded', ended_at = $2 WHERE wallet = $1 AND state = 'open'`

const insertOffer = `
INSERT INTO offer (id, wallet, operation, payee, provider, provider_name, account, amount, fee,
                   provider_fee, code, revision, lang, fingerprint, created_at, expires_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open')`

// OpenOffer writes an offer and supersedes the wallet's other open one.
func (s *Store) OpenOffer(ctx context.Context, o ledger.Offer) error {
	if err := o.Validate(); err != nil {
		return fmt.Errorf("litestore: open offer: %w", err)
	}
	return s.change(ctx, "open offer", func(t tx) error {
		old, err := t.offer(o.ID)
		if err == nil {
			if !bytes.Equal(old.Fingerprint, o.Sum()) {
				return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: o.ID}
			}
			return nil
		}
		if !errors.Is(err, ledger.ErrNoOffer) {
			return err
		}
		var wallets int
		if err := t.row(selectHasWallet, []any{o.Wallet}, &wallets); err != nil {
			return err
		}
		if wallets == 0 {
			return ledger.ErrNoWallet
		}
		if _, err := t.exec(supersedeOffer, o.Wallet, ledger.Micros(o.CreatedAt)); err != nil {
			return err
		}
		_, err = t.exec(insertOffer, o.ID, o.Wallet, string(o.Operation), o.Payee, o.Provider,
			o.ProviderName, o.Account, o.Amount, o.Fee, o.ProviderFee, o.Code, o.Revision, o.Lang,
			o.Sum(), ledger.Micros(o.CreatedAt), ledger.Micros(o.ExpiresAt))
		return err
	})
}

// A withdrawn offer ends, for the record, when it was made: no caller's clock is at hand, and none
// is needed.
const withdrawOffer = `
UPDATE offer SET state = 'withdrawn', ended_at = created_at WHERE wallet = $1 AND state = 'open'`

// Withdraw ends the wallet's open offer.
func (s *Store) Withdraw(ctx context.Context, wallet string) error {
	return s.change(ctx, "withdraw", func(t tx) error {
		_, err := t.exec(withdrawOffer, wallet)
		return err
	})
}

// Offer returns an offer.
func (s *Store) Offer(ctx context.Context, id string) (ledger.Offer, error) {
	var o offerRow
	err := s.one(ctx, "offer", ledger.ErrNoOffer, selectOffer, []any{id}, o.Dest()...)
	if err != nil {
		return ledger.Offer{}, err
	}
	return o.Read(), nil
}

const selectOpenOffer = `SELECT` + sqlbooks.OfferColumns + `
FROM offer o WHERE o.wallet = $1 AND o.state = 'open'`

// CurrentOffer returns the wallet's open offer.
func (s *Store) CurrentOffer(ctx context.Context, wallet string) (ledger.Offer, error) {
	var o offerRow
	err := s.one(ctx, "current offer", ledger.ErrNoOffer, selectOpenOffer, []any{wallet},
		o.Dest()...)
	if err != nil {
		return ledger.Offer{}, err
	}
	return o.Read(), nil
}

const pressOffer = `
UPDATE offer SET
    state      = CASE WHEN expires_at <= $2 THEN 'expired' ELSE 'pressed' END,
    pressed_at = CASE WHEN expires_at <= $2 THEN 0 ELSE $2 END,
    ended_at   = CASE WHEN expires_at <= $2 THEN $2 ELSE 0 END
WHERE id = $1 AND state = 'open'`

// Press takes an offer from open to pressed.
func (s *Store) Press(ctx context.Context, id string, now time.Time) error {
	var declined error
	err := s.change(ctx, "press", func(t tx) error {
		if _, err := t.exec(pressOffer, id, ledger.Micros(now)); err != nil {
			return err
		}
		o, err := t.offer(id)
		if err != nil {
			return err
		}
		if o.State.Final() && o.State != ledger.OfferDone {
			declined = o.Decline()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return declined
}

const (
	selectReceiptByID = sqlbooks.SelectReceipt + `WHERE t.id = $1`
	selectTransfers   = sqlbooks.SelectReceipt + `
WHERE t.wallet = $1 AND t.kind = 'payment'
ORDER BY t.posted_at DESC, t.seq DESC LIMIT $2`
)

func (s *Store) receipts(
	ctx context.Context, op, query string, args ...any,
) ([]ledger.Receipt, error) {
	var all []ledger.Receipt
	err := s.query(ctx, op, query, args, func(rows scanner) error {
		var r sqlbooks.ReceiptRow
		if err := rows.Scan(r.Dest()...); err != nil {
			return err
		}
		all = append(all, r.Read())
		return nil
	})
	return all, err
}

const refuseOffer = `
UPDATE offer SET state = 'refused', reason = $2, ended_at = $3
WHERE id = $1 AND state IN ('open', 'pressed')`

// Refuse settles an offer: the result if there is one, otherwise a refusal.
func (s *Store) Refuse(
	ctx context.Context, id string, reason ledger.Reason, now time.Time, msg *ledger.Message,
) (ledger.Result, error) {
	if reason == "" || now.IsZero() {
		return ledger.Result{}, errors.New("litestore: refuse: reason and time are required")
	}
	var result ledger.Result
	err := s.change(ctx, "refuse", func(t tx) error {
		if _, err := t.exec(refuseOffer, id, reason, ledger.Micros(now)); err != nil {
			return err
		}
		o, err := t.offer(id)
		if err != nil {
			return err
		}
		if o.State == ledger.OfferRefused && msg != nil {
			err := sqlbooks.Enqueue(t, *msg, ledger.Micros(now), id, ledger.OfferRefused)
			if err != nil {
				return err
			}
		}
		result, err = t.result(id)
		return err
	})
	if errors.Is(err, errLocked) {
		return ledger.Result{}, fmt.Errorf("%w: %w", ledger.ErrInDoubt, err)
	}
	if err != nil {
		return ledger.Result{}, err
	}
	return result, nil
}

// result returns what became of an offer that has ended.
func (t tx) result(id string) (ledger.Result, error) {
	o, err := t.offer(id)
	if err != nil {
		return ledger.Result{}, err
	}
	if o.State == ledger.OfferHeld {
		return ledger.Result{Receipt: ledger.Receipt{Offer: o.Read()}, Err: ledger.ErrHeld}, nil
	}
	if o.State != ledger.OfferDone {
		return ledger.Result{Err: o.Decline()}, nil
	}
	var r sqlbooks.ReceiptRow
	if err := t.row(selectReceiptByID, []any{id}, r.Dest()...); err != nil {
		return ledger.Result{}, err
	}
	return ledger.Result{Receipt: r.Read()}, nil
}

const selectUnresolved = `SELECT` + sqlbooks.OfferColumns + `
FROM offer o WHERE o.pressed_at > 0 AND o.held_at = 0 AND o.ended_at = 0 AND o.pressed_at < $1
ORDER BY o.pressed_at, o.id LIMIT $2`

// Unresolved returns offers that were pressed before a time and have no end.
func (s *Store) Unresolved(
	ctx context.Context, before time.Time, limit int,
) ([]ledger.Offer, error) {
	return s.offers(ctx, "unresolved", selectUnresolved, ledger.Micros(before), limit)
}

const selectPressed = `SELECT` + sqlbooks.OfferColumns + `
FROM offer o WHERE o.wallet = $1 AND o.pressed_at > 0 AND o.held_at = 0 AND o.ended_at = 0
ORDER BY o.pressed_at, o.id LIMIT $2`

// PressedOffers returns the offers of a wallet that were pressed and have no end.
func (s *Store) PressedOffers(ctx context.Context, wallet string) ([]ledger.Offer, error) {
	return s.offers(ctx, "pressed offers", selectPressed, wallet, ledger.MaxPressed)
}

func (s *Store) offers(
	ctx context.Context, op, query string, args ...any,
) ([]ledger.Offer, error) {
	var all []ledger.Offer
	err := s.query(ctx, op, query, args, func(rows scanner) error {
		var o offerRow
		if err := rows.Scan(o.Dest()...); err != nil {
			return err
		}
		all = append(all, o.Read())
		return nil
	})
	return all, err
}
