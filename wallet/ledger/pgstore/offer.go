package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

type offerRow = sqlbooks.OfferRow

const callOpenOffer = `
SELECT open_offer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// OpenOffer writes an offer and supersedes the wallet's other open one.
func (s *Store) OpenOffer(ctx context.Context, o ledger.Offer) error {
	if err := o.Validate(); err != nil {
		return fmt.Errorf("pgstore: open offer: %w", err)
	}
	var verdict string
	err := s.call(ctx, "open offer", ledger.ErrInDoubt, callOpenOffer, []any{
		o.ID, o.Wallet, string(o.Operation), o.Payee, o.Provider, o.ProviderName, o.Account,
		o.Amount, o.Fee, o.ProviderFee, o.Code, o.Revision, o.Lang, o.Sum(),
		ledger.Micros(o.CreatedAt), ledger.Micros(o.ExpiresAt),
	}, &verdict)
	switch {
	case err != nil:
		return err
	case verdict == "no_wallet":
		return fmt.Errorf("pgstore: open offer: %w", ledger.ErrNoWallet)
	case verdict != "ok":
		return &ledger.Decline{Reason: ledger.Reason(verdict), Key: o.ID}
	}
	return nil
}

// A withdrawn offer ends, for the record, when it was made: no caller's clock is at hand, and none
// is needed.
const withdrawOffer = `
UPDATE offer SET state = 'withdrawn', ended_at = created_at WHERE wallet = $1 AND state = 'open'`

// Withdraw ends the wallet's open offer.
func (s *Store) Withdraw(ctx context.Context, wallet string) error {
	_, err := s.exec(ctx, "withdraw", withdrawOffer, wallet)
	return err
}

const selectOffer = `SELECT` + sqlbooks.OfferColumns + ` FROM offer o WHERE o.id = $1`

// Offer returns an offer.
func (s *Store) Offer(ctx context.Context, id string) (ledger.Offer, error) {
	o, err := s.offer(ctx, "offer", selectOffer, id)
	return o.Read(), err
}

const selectOpenOffer = `SELECT` + sqlbooks.OfferColumns + `
FROM offer o WHERE o.wallet = $1 AND o.state = 'open'`

// CurrentOffer returns the wallet's open offer.
func (s *Store) CurrentOffer(ctx context.Context, wallet string) (ledger.Offer, error) {
	o, err := s.offer(ctx, "current offer", selectOpenOffer, wallet)
	return o.Read(), err
}

func (s *Store) offer(ctx context.Context, op, query, key string) (offerRow, error) {
	var o offerRow
	if err := s.one(ctx, op, ledger.ErrNoOffer, query, []any{key}, o.Dest()...); err != nil {
		return offerRow{}, err
	}
	return o, nil
}

// pressOffer says open by the times: see the index offer_wallet_pressed for the reason.
const pressOffer = `
UPDATE offer SET
    state      = CASE WHEN expires_at <= $2 THEN 'expired' ELSE 'pressed' END,
    pressed_at = CASE WHEN expires_at <= $2 THEN 0 ELSE $2 END,
    ended_at   = CASE WHEN expires_at <= $2 THEN $2 ELSE 0 END
WHERE id = $1 AND pressed_at = 0 AND ended_at = 0
RETURNING state`

// Press takes an offer from open to pressed.
func (s *Store) Press(ctx context.Context, id string, now time.Time) error {
	var state ledger.OfferState
	err := s.call(ctx, "press", errNotOpen, pressOffer, []any{id, ledger.Micros(now)}, &state)
	if err == nil && state == ledger.OfferPressed {
		return nil
	}
	if err != nil && !errors.Is(err, errNotOpen) {
		return err
	}
	// It has ended, or was pressed before: no state leads back to open.
	o, err := s.offer(ctx, "press", selectOffer, id)
	if err != nil {
		return err
	}
	if o.State.Final() && o.State != ledger.OfferDone {
		return o.Decline()
	}
	return nil
}

// errNotOpen says that a guarded move found no open offer.
var errNotOpen = errors.New("the offer is not open")

const (
	selectReceiptsByID = sqlbooks.SelectReceipt + `WHERE t.id = ANY ($1)`
	selectTransfers    = sqlbooks.SelectReceipt + `
WHERE t.wallet = $1 AND t.kind = 'payment'
ORDER BY t.posted_at DESC, t.seq DESC LIMIT $2`
)

func scanReceipt(row pgx.CollectableRow) (ledger.Receipt, error) {
	var r sqlbooks.ReceiptRow
	if err := row.Scan(r.Dest()...); err != nil {
		return ledger.Receipt{}, err
	}
	return r.Read(), nil
}

func (s *Store) receipts(
	ctx context.Context, op, query string, args ...any,
) ([]ledger.Receipt, error) {
	var all []ledger.Receipt
	err := s.query(ctx, op, query, args, func(rows pgx.Rows) error {
		r, err := scanReceipt(rows)
		all = append(all, r)
		return err
	})
	return all, err
}

const refuseOffer = `
UPDATE offer SET state = 'refused', reason = $2, ended_at = $3
WHERE id = $1 AND state IN ('open', 'pressed')`

const isRefused = `SELECT state = 'refused' FROM offer WHERE id = $1`

// Refuse settles an offer: the result if there is one, otherwise a refusal. The row lock of a
// payment under way makes the update wait, and look at the row anew when the payment has ended.
func (s *Store) Refuse(
	ctx context.Context, id string, reason ledger.Reason, now time.Time, msg *ledger.Message,
) (ledger.Result, error) {
	if reason == "" || now.IsZero() {
		return ledger.Result{}, errors.New("pgstore: refuse: reason and time are required")
	}
	var result ledger.Result
	err := s.transact(ctx, "refuse", func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, refuseOffer, id, reason, ledger.Micros(now))
		if err != nil {
			return err
		}
		if result, err = offerResult(ctx, tx, id); err != nil || msg == nil {
			return err
		}
		var refused bool
		err = tx.QueryRow(ctx, isRefused, id).Scan(&refused)
		if err != nil || !refused {
			return err
		}
		return sqlbooks.Enqueue(bookTx{ctx, tx}, *msg, ledger.Micros(now), id, ledger.OfferRefused)
	})
	if errors.Is(err, errLocked) {
		return ledger.Result{}, fmt.Errorf("%w: %w", ledger.ErrInDoubt, err)
	}
	if err != nil {
		return ledger.Result{}, err
	}
	return result, nil
}

// offerResult returns what became of an offer that has ended.
func offerResult(ctx context.Context, tx pgx.Tx, id string) (ledger.Result, error) {
	var o offerRow
	err := tx.QueryRow(ctx, selectOffer, id).Scan(o.Dest()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Result{}, ledger.ErrNoOffer
	}
	if err != nil {
		return ledger.Result{}, err
	}
	if o.State == ledger.OfferHeld {
		return ledger.Result{Receipt: ledger.Receipt{Offer: o.Read()}, Err: ledger.ErrHeld}, nil
	}
	if o.State != ledger.OfferDone {
		return ledger.Result{Err: o.Decline()}, nil
	}
	rows, err := tx.Query(ctx, selectReceiptsByID, []string{id})
	if err != nil {
		return ledger.Result{}, err
	}
	receipt, err := pgx.CollectExactlyOneRow(rows, scanReceipt)
	return ledger.Result{Receipt: receipt}, err
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
	err := s.query(ctx, op, query, args, func(rows pgx.Rows) error {
		var o offerRow
		if err := rows.Scan(o.Dest()...); err != nil {
			return err
		}
		all = append(all, o.Read())
		return nil
	})
	return all, err
}
