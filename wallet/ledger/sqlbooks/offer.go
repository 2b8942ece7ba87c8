package sqlbooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// OfferColumns are the columns of an OfferRow, of an offer o.
const OfferColumns = `
o.id, o.wallet, o.operation, o.payee, o.provider, o.provider_name, o.account, o.amount, o.fee,
o.provider_fee, o.code, o.revision, o.lang, o.fingerprint, o.created_at, o.expires_at, o.state,
o.pressed_at, o.held_at, o.reason, o.reason_limit`

// An OfferRow reads a row of OfferColumns.
type OfferRow struct {
	ledger.Offer
	created, expires, pressed, held int64
	reason                          ledger.Reason // of a refused one
	limit                           money.Amount  // of its Decline
}

// Dest is where the columns are read to.
func (o *OfferRow) Dest() []any {
	return []any{
		&o.ID, &o.Wallet, &o.Operation, &o.Payee, &o.Provider, &o.ProviderName, &o.Account,
		&o.Amount, &o.Fee, &o.ProviderFee, &o.Code, &o.Revision, &o.Lang, &o.Fingerprint,
		&o.created, &o.expires, &o.State, &o.pressed, &o.held, &o.reason, &o.limit,
	}
}

// Read returns the row as an Offer.
func (o *OfferRow) Read() ledger.Offer {
	o.CreatedAt, o.ExpiresAt = ledger.FromMicros(o.created), ledger.FromMicros(o.expires)
	o.PressedAt, o.HeldAt = ledger.FromMicros(o.pressed), ledger.FromMicros(o.held)
	return o.Offer
}

// Decline says why the offer cannot be paid any more. It panics when the offer has no such end.
func (o *OfferRow) Decline() *ledger.Decline {
	reason := ledger.EndReason(o.State, o.reason)
	if reason == "" {
		panic(fmt.Sprintf("sqlbooks: offer %s is %s, which is no refusal", o.ID, o.State))
	}
	return &ledger.Decline{Reason: reason, Key: o.ID, Limit: o.limit}
}

// SelectReceipt begins a query for rows of a ReceiptRow: of the transfers t of offers o.
const SelectReceipt = `
SELECT t.balance_after, t.posted_at, t.id, t.amount, t.fee,` + OfferColumns + `
FROM transfer t JOIN offer o ON o.id = t.id `

// A ReceiptRow reads a row of SelectReceipt.
type ReceiptRow struct {
	ledger.Receipt
	posted int64
	offer  OfferRow
}

// Dest is where the columns are read to.
func (r *ReceiptRow) Dest() []any {
	return append([]any{&r.Balance, &r.posted, &r.TransferID, &r.Amount, &r.Fee}, r.offer.Dest()...)
}

// Read returns the row as a Receipt.
func (r *ReceiptRow) Read() ledger.Receipt {
	r.Offer, r.PostedAt = r.offer.Read(), ledger.FromMicros(r.posted)
	return r.Receipt
}

const selectReceiptByID = SelectReceipt + `WHERE t.id = $1`

// receiptOf reads the receipt of an offer that is done.
func receiptOf(t Tx, offer string) (ledger.Receipt, error) {
	var r ReceiptRow
	err := t.Row(selectReceiptByID, []any{offer}, r.Dest()...)
	return r.Read(), err
}

const selectSimilar = SelectReceipt + `
WHERE t.wallet = $1 AND t.kind = $2 AND o.provider = $3 AND o.account = $4 AND o.amount = $5
  AND t.posted_at >= $6
ORDER BY t.posted_at DESC, t.seq DESC LIMIT 1`

const selectSimilarHeld = `SELECT` + OfferColumns + `
FROM hold h JOIN offer o ON o.id = h.id
WHERE h.wallet = $1 AND h.ended_at = 0 AND h.operation = $2 AND o.provider = $3 AND o.account = $4
  AND o.amount = $5 AND h.created_at >= $6
ORDER BY h.created_at DESC LIMIT 1`

// Similar returns the newest payment like o, posted or held.
func (b *Books) Similar(
	ctx context.Context, o ledger.Offer, since time.Time,
) (found ledger.Receipt, ok bool, err error) {
	args := []any{
		o.Wallet, string(o.Operation), o.Provider, o.Account, o.Amount, ledger.Micros(since),
	}
	err = b.db.View(ctx, "similar", func(t Tx) error {
		found, ok = ledger.Receipt{}, false
		var held OfferRow
		err := t.Row(selectSimilarHeld, args, held.Dest()...)
		if err == nil {
			of := held.Read()
			found, ok = ledger.Receipt{Offer: of, PostedAt: of.HeldAt}, true
		} else if !errors.Is(err, ErrNoRow) {
			return err
		}
		var posted ReceiptRow
		err = t.Row(selectSimilar, args, posted.Dest()...)
		if errors.Is(err, ErrNoRow) {
			return nil
		}
		if r := posted.Read(); err == nil && (!ok || !r.PostedAt.Before(found.PostedAt)) {
			found, ok = r, true
		}
		return err
	})
	return found, ok, err
}
