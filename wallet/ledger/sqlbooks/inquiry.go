package sqlbooks

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

const findOffers = `SELECT o.ended_at, ` + OfferColumns + `
FROM offer o
WHERE o.id IN (SELECT id FROM offer WHERE id = $1 UNION SELECT id FROM offer WHERE code = $1
               UNION SELECT id FROM hold WHERE txn = $1)
ORDER BY o.created_at DESC, o.id LIMIT $2`

// FindOffers returns the offers that go by a name, newest first.
func (b *Books) FindOffers(ctx context.Context, name string, limit int) ([]ledger.Found, error) {
	var all []ledger.Found
	err := b.db.View(ctx, "find offers", func(t Tx) error {
		all = nil
		return t.Rows(findOffers, []any{name, limit}, func(scan Scan) error {
			var o OfferRow
			var ended int64
			err := scan(append([]any{&ended}, o.Dest()...)...)
			all = append(all, ledger.Found{
				Offer: o.Read(), Reason: o.reason, EndedAt: ledger.FromMicros(ended),
			})
			return err
		})
	})
	return all, err
}

const selectOfferTransfers = `
SELECT t.id, t.kind, coalesce(t.wallet, ''), t.amount, t.fee, t.posted_at, t.day,
       coalesce(t.reversal_of, ''), e.seq, e.account, e.amount
FROM transfer t JOIN entry e ON e.transfer = t.id
WHERE t.id IN (SELECT id FROM transfer WHERE id = $1
               UNION SELECT id FROM transfer WHERE id = 'suspense:' || $1
               UNION SELECT id FROM transfer WHERE id = 'refund:' || $1
               UNION SELECT id FROM transfer WHERE reversal_of = $1)
ORDER BY t.seq, e.line`

// OfferTransfers returns all transfers that came of an offer.
func (b *Books) OfferTransfers(ctx context.Context, offer string) ([]ledger.Transfer, error) {
	var all []ledger.Transfer
	err := b.db.View(ctx, "offer transfers", func(t Tx) error {
		all = nil
		return t.Rows(selectOfferTransfers, []any{offer}, func(scan Scan) error {
			var of ledger.Transfer
			var e ledger.Entry
			var at int64
			err := scan(&of.ID, &of.Kind, &of.Wallet, &of.Amount, &of.Fee, &at, &of.Day,
				&of.ReversalOf, &e.Seq, &e.Account, &e.Amount)
			of.At = ledger.FromMicros(at)
			if len(all) == 0 || all[len(all)-1].ID != of.ID {
				all = append(all, of)
			}
			last := &all[len(all)-1]
			last.Entries = append(last.Entries, e)
			return err
		})
	})
	return all, err
}

const selectSentMessage = `
SELECT id, kind, attempt, created_at, next_at, sent_at, dead_at, last_error
FROM outbox WHERE key = $1`

// SentMessages returns what became of messages.
func (b *Books) SentMessages(ctx context.Context, keys []string) ([]ledger.SentMessage, error) {
	var all []ledger.SentMessage
	err := b.db.View(ctx, "sent messages", func(t Tx) error {
		all = nil
		for _, key := range keys {
			m := ledger.SentMessage{Key: key}
			var created, next, sent, dead int64
			err := t.Row(selectSentMessage, []any{key}, &m.ID, &m.Kind, &m.Attempt, &created, &next,
				&sent, &dead, &m.Error)
			if errors.Is(err, ErrNoRow) {
				continue
			}
			if err != nil {
				return err
			}
			m.CreatedAt, m.NextAt = ledger.FromMicros(created), ledger.FromMicros(next)
			m.SentAt, m.GivenUpAt = ledger.FromMicros(sent), ledger.FromMicros(dead)
			all = append(all, m)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b ledger.SentMessage) int { return cmp.Compare(a.ID, b.ID) })
	return all, err
}

const selectHoldState = `SELECT state FROM hold WHERE id = $1`

const retryHold = `UPDATE hold SET next_at = $2 WHERE id = $1`

// RetryHold makes a hold due now, and records it.
func (b *Books) RetryHold(ctx context.Context, id string, r ledger.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	return b.db.Change(ctx, "retry hold", func(t Tx) error {
		var state ledger.HoldState
		err := t.Row(selectHoldState+b.lock, []any{id}, &state)
		switch {
		case errors.Is(err, ErrNoRow):
			return ledger.ErrNoHold
		case err != nil:
			return err
		case state == ledger.HoldPosted:
			return &ledger.Decline{Reason: ledger.ReasonPosted, Key: id}
		case state == ledger.HoldVoided:
			return &ledger.Decline{Reason: ledger.ReasonVoided, Key: id}
		case state == ledger.HoldSuspense:
			return &ledger.Decline{Reason: ledger.ReasonNotHeld, Key: id}
		}
		if _, err := t.Exec(retryHold, id, ledger.Micros(r.At)); err != nil {
			return err
		}
		return record(t, r)
	})
}

const selectWaiting = `
SELECT count(*), coalesce(sum(CASE WHEN next_at <= $1 THEN 1 ELSE 0 END), 0),
       coalesce(sum(CASE WHEN last_error <> '' THEN 1 ELSE 0 END), 0), coalesce(min(created_at), 0),
       (SELECT count(*) FROM outbox WHERE dead_at > 0)
FROM outbox WHERE sent_at = 0 AND dead_at = 0`

const selectRecentMessages = `
SELECT count(*), coalesce(sum(CASE WHEN sent_at > 0 THEN 1 ELSE 0 END), 0)
FROM (SELECT sent_at FROM outbox ORDER BY id DESC LIMIT $1) x`

const selectFailures = `
SELECT id, kind, msisdn, attempt, dead_at, last_error, created_at
FROM (
    SELECT id, kind, msisdn, attempt, dead_at, last_error, created_at FROM outbox
    WHERE sent_at = 0 AND dead_at = 0 AND last_error <> ''
    UNION ALL
    SELECT id, kind, msisdn, attempt, dead_at, last_error, created_at FROM outbox WHERE dead_at > 0
) x
ORDER BY id DESC LIMIT $1`

// OutboxStatus counts the messages.
func (b *Books) OutboxStatus(
	ctx context.Context, now time.Time,
) (status ledger.OutboxStatus, err error) {
	err = b.db.View(ctx, "outbox status", func(t Tx) error {
		status = ledger.OutboxStatus{}
		var oldest int64
		err := t.Row(selectWaiting, []any{ledger.Micros(now)}, &status.Waiting, &status.Due,
			&status.Retried, &oldest, &status.GivenUp)
		if err != nil {
			return err
		}
		status.Oldest = ledger.FromMicros(oldest)
		err = t.Row(selectRecentMessages, []any{ledger.RecentMessages}, &status.Recent, &status.Sent)
		if err != nil {
			return err
		}
		return t.Rows(selectFailures, []any{ledger.MaxFailures}, func(scan Scan) error {
			var f ledger.OutboxFailure
			var dead, created int64
			var digits string
			err := scan(&f.ID, &f.Kind, &digits, &f.Attempt, &dead, &f.Error, &created)
			if err != nil {
				return err
			}
			f.GivenUp, f.At = dead > 0, ledger.FromMicros(created)
			f.To, err = msisdn.Parse(digits)
			status.Failures = append(status.Failures, f)
			return err
		})
	})
	return status, err
}
