package sqlbooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const holdColumns = `
h.id, h.txn, h.state, h.attempt, h.posted, h.provider_txn, h.last_code, h.last_error, h.day,
h.month, h.created_at, h.sent_at, h.next_at, h.deadline, h.ended_at,`

const selectHolds = `SELECT` + holdColumns + OfferColumns + `
FROM hold h JOIN offer o ON o.id = h.id `

const (
	selectHold        = selectHolds + `WHERE h.id = $1`
	selectWalletHolds = selectHolds + `
WHERE h.wallet = $1 AND h.ended_at = 0 ORDER BY h.created_at, h.id LIMIT $2`
)

// holdRow reads a row of selectHolds.
type holdRow struct {
	ledger.Hold
	created, sent, next, deadline, ended int64
	offer                                OfferRow
}

func (h *holdRow) dest() []any {
	return append([]any{
		&h.ID, &h.Txn, &h.State, &h.Attempt, &h.Posted, &h.ProviderTxn, &h.LastCode, &h.LastError,
		&h.Day, &h.Month, &h.created, &h.sent, &h.next, &h.deadline, &h.ended,
	}, h.offer.Dest()...)
}

func (h *holdRow) read() ledger.Hold {
	h.Offer = h.offer.Read()
	h.CreatedAt, h.SentAt = ledger.FromMicros(h.created), ledger.FromMicros(h.sent)
	h.NextAt, h.Deadline = ledger.FromMicros(h.next), ledger.FromMicros(h.deadline)
	h.EndedAt = ledger.FromMicros(h.ended)
	return h.Hold
}

// total is what is reserved.
func total(h ledger.Hold) money.Amount { return h.Offer.Amount + h.Offer.Fee }

func readHold(t Tx, id string) (ledger.Hold, error) {
	var h holdRow
	err := t.Row(selectHold, []any{id}, h.dest()...)
	if errors.Is(err, ErrNoRow) {
		return ledger.Hold{}, ledger.ErrNoHold
	}
	return h.read(), err
}

// Hold returns a hold.
func (b *Books) Hold(ctx context.Context, id string) (h ledger.Hold, err error) {
	err = b.db.View(ctx, "hold", func(t Tx) error {
		h, err = readHold(t, id)
		return err
	})
	return h, err
}

const selectHoldMoves = `
SELECT state, at, code, detail FROM hold_move WHERE hold = $1 ORDER BY id`

// HoldMoves returns the history of a hold.
func (b *Books) HoldMoves(ctx context.Context, id string) ([]ledger.HoldMove, error) {
	var all []ledger.HoldMove
	err := b.db.View(ctx, "hold moves", func(t Tx) error {
		return t.Rows(selectHoldMoves, []any{id}, func(scan Scan) error {
			var m ledger.HoldMove
			var at int64
			err := scan(&m.State, &at, &m.Code, &m.Detail)
			m.At = ledger.FromMicros(at)
			all = append(all, m)
			return err
		})
	})
	return all, err
}

// WalletHolds returns the holds of a wallet that have no end.
func (b *Books) WalletHolds(
	ctx context.Context, wallet string, limit int,
) ([]ledger.Hold, error) {
	var all []ledger.Hold
	err := b.db.View(ctx, "wallet holds", func(t Tx) error {
		return t.Rows(selectWalletHolds, []any{wallet, limit}, func(scan Scan) error {
			var h holdRow
			err := scan(h.dest()...)
			all = append(all, h.read())
			return err
		})
	})
	return all, err
}

const selectDueHolds = `
SELECT id FROM hold
WHERE next_at <= $1 AND ended_at = 0 AND state <> 'suspense' AND leased_until <= $1
ORDER BY next_at, id LIMIT $2`

const leaseHold = `
UPDATE hold SET leased_until = $3
WHERE id = $1 AND leased_until <= $2 AND ended_at = 0 AND state <> 'suspense'`

// DueHolds leases holds that somebody has to look at. Two callers may find the same ones: the
// guarded lease decides.
func (b *Books) DueHolds(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]ledger.Hold, error) {
	var all []ledger.Hold
	err := b.db.Change(ctx, "due holds", func(t Tx) error {
		all = nil
		var due []string
		at := ledger.Micros(now)
		err := t.Rows(selectDueHolds, []any{at, limit}, func(scan Scan) error {
			var id string
			err := scan(&id)
			due = append(due, id)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range due {
			leased, err := t.Exec(leaseHold, id, at, ledger.Micros(now.Add(lease)))
			if err != nil {
				return err
			}
			if leased == 0 {
				continue
			}
			h, err := readHold(t, id)
			if err != nil {
				return err
			}
			all = append(all, h)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// LeaseHold leases one hold.
func (b *Books) LeaseHold(
	ctx context.Context, id string, now time.Time, lease time.Duration,
) (bool, error) {
	ok := false
	err := b.db.Change(ctx, "lease hold", func(t Tx) error {
		leased, err := t.Exec(leaseHold, id, ledger.Micros(now), ledger.Micros(now.Add(lease)))
		ok = leased == 1
		return err
	})
	if err != nil {
		return false, err
	}
	return ok, nil
}

const (
	lockOffer = `SELECT 1 FROM offer WHERE id = $1`
	lockHold  = `SELECT 1 FROM hold WHERE id = $1`
)

// takeHold locks a hold and its offer, and reads it.
func (b *Books) takeHold(t Tx, id string) (ledger.Hold, error) {
	for _, query := range []string{lockOffer, lockHold} {
		var found int
		err := t.Row(query+b.lock, []any{id}, &found)
		if errors.Is(err, ErrNoRow) {
			return ledger.Hold{}, ledger.ErrNoHold
		}
		if err != nil {
			return ledger.Hold{}, err
		}
	}
	return readHold(t, id)
}

// ended declines what cannot be done to a hold that has an end.
func ended(h ledger.Hold) error {
	switch h.State {
	case ledger.HoldPosted:
		return &ledger.Decline{Reason: ledger.ReasonPosted, Key: h.ID}
	case ledger.HoldVoided:
		return &ledger.Decline{Reason: ledger.ReasonVoided, Key: h.ID}
	}
	return nil
}

const moveHold = `
UPDATE hold SET
    state = $3, next_at = $4, sent_at = $5, ended_at = $6, attempt = $7, posted = $8,
    leased_until = CASE WHEN CAST($9 AS BIGINT) = 1 THEN 0 ELSE leased_until END,
    provider_txn = CASE WHEN CAST($10 AS TEXT) = '' THEN provider_txn ELSE $10 END,
    last_code = CASE WHEN CAST($11 AS TEXT) = '' THEN last_code ELSE $11 END,
    last_error = $12
WHERE id = $1 AND state = $2`

const insertHoldMove = `
INSERT INTO hold_move (hold, state, at, code, detail) VALUES ($1, $2, $3, $4, $5)`

// A step is one move of a hold: what it is to be, and what was heard.
type step struct {
	from   ledger.HoldState
	to     ledger.Hold
	answer ledger.Answer
	detail string // of the move, when the answer has none
	free   bool   // the lease is over
	at     time.Time
}

// move writes a step: the guarded change and the line of the history.
func move(t Tx, s step) error {
	h, a := s.to, s.answer
	detail := cut(a.Detail)
	if detail == "" {
		detail = s.detail
	}
	free := 0
	if s.free {
		free = 1
	}
	changed, err := t.Exec(moveHold, h.ID, string(s.from), string(h.State), ledger.Micros(h.NextAt),
		ledger.Micros(h.SentAt), ledger.Micros(h.EndedAt), h.Attempt, h.Posted, free,
		cut(a.ProviderTxn), cut(a.Code), h.LastError)
	if err != nil {
		return err
	}
	if changed != 1 {
		return fmt.Errorf("hold %s moved under the lock", h.ID)
	}
	_, err = t.Exec(insertHoldMove, h.ID, string(h.State), ledger.Micros(s.at), cut(a.Code), detail)
	return err
}

// SendHold records that the other side is about to be told.
func (b *Books) SendHold(
	ctx context.Context, id string, now time.Time,
) (ledger.Hold, error) {
	var h ledger.Hold
	err := b.db.Change(ctx, "send hold", func(t Tx) (err error) {
		if h, err = b.takeHold(t, id); err != nil {
			return err
		}
		if err := ended(h); err != nil {
			return err
		}
		from := h.State
		if h.State == ledger.HoldHeld {
			h.State = ledger.HoldSent
		}
		h.Attempt++
		h.SentAt = ledger.FromMicros(ledger.Micros(now))
		return move(t, step{
			from: from, to: h, detail: fmt.Sprintf("attempt %d", h.Attempt), at: now,
		})
	})
	if err != nil {
		return ledger.Hold{}, err
	}
	return h, nil
}

// DoubtHold records an attempt without a final answer.
func (b *Books) DoubtHold(
	ctx context.Context, id string, a ledger.Answer, now, next time.Time,
) error {
	if now.IsZero() || next.IsZero() {
		return errors.New("sqlbooks: doubt hold: times are required")
	}
	return b.db.Change(ctx, "doubt hold", func(t Tx) error {
		h, err := b.takeHold(t, id)
		if err != nil {
			return err
		}
		if err := ended(h); err != nil {
			return err
		}
		from := h.State
		if h.State == ledger.HoldSent {
			h.State = ledger.HoldInDoubt
		}
		h.NextAt, h.LastError = next, cut(a.Detail)
		return move(t, step{from: from, to: h, answer: a, free: true, at: now})
	})
}

// SuspendHold gives up waiting for the other side.
func (b *Books) SuspendHold(
	ctx context.Context, id string, c ledger.Case, now time.Time,
) error {
	if now.IsZero() || c.Subject != ledger.PaymentSubject(id) {
		return fmt.Errorf("sqlbooks: suspend hold %s: time %s, case of %q", id, now, c.Subject)
	}
	return b.db.Change(ctx, "suspend hold", func(t Tx) error {
		h, err := b.takeHold(t, id)
		if err != nil {
			return err
		}
		if err := ended(h); err != nil {
			return err
		}
		if h.State == ledger.HoldSuspense {
			return nil
		}
		if h.Offer.Operation != ledger.OpPayment {
			return &ledger.Decline{Reason: ledger.ReasonNotHeld, Key: id}
		}
		from := h.State
		h.State = ledger.HoldSuspense
		if err := move(t, step{from: from, to: h, detail: h.LastError, free: true, at: now}); err != nil {
			return err
		}
		if err := b.suspend(t, h, now); err != nil {
			return err
		}
		c.OpenedAt = now
		_, err = OpenCase(t, c)
		return err
	})
}

// suspend takes what is reserved from the wallet to the suspense account.
func (b *Books) suspend(t Tx, h ledger.Hold, now time.Time) error {
	wallet := ledger.WalletAccount(h.Offer.Wallet)
	if _, err := b.accounts(t, ledger.ErrNoWallet, wallet); err != nil {
		return err
	}
	balance, err := b.moveAccount(t, wallet, -total(h), -total(h))
	if err != nil {
		return err
	}
	return write(t, transferRow{
		id: ledger.SuspenseTransfer(h.ID), kind: "suspense", wallet: h.Offer.Wallet, amount: total(h),
		fingerprint: h.Offer.Fingerprint, balance: balance, at: ledger.Micros(now), day: h.Day,
		month: h.Month,
	}, posting{wallet, ledger.SuspenseAccount, total(h)})
}
