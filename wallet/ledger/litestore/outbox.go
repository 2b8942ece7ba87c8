package litestore

import (
	"context"
	"errors"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

const countMessageOfKey = `SELECT count(*) FROM outbox WHERE key = $1`

// HasMessage reports whether a message of this key was ever enqueued.
func (s *Store) HasMessage(ctx context.Context, key string) (bool, error) {
	var n int
	err := s.one(ctx, "has message", errNoCount, countMessageOfKey, []any{key}, &n)
	return n > 0, err
}

// errNoCount is what a count without a row would be.
var errNoCount = errors.New("a count without a row")

const claimMessages = `
UPDATE outbox SET attempt = attempt + 1, next_at = $2
WHERE id IN (SELECT id FROM outbox WHERE sent_at = 0 AND dead_at = 0 AND next_at <= $1
             ORDER BY next_at, id LIMIT $3)
RETURNING id, key, msisdn, kind, lang, fields, sealed, attempt, created_at`

// ClaimMessages hands out messages that are due.
func (s *Store) ClaimMessages(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]ledger.Message, error) {
	var all []ledger.Message
	err := s.change(ctx, "claim messages", func(t tx) error {
		stmt, err := t.stmt(claimMessages)
		if err != nil {
			return err
		}
		rows, err := stmt.QueryContext(t.ctx, ledger.Micros(now), ledger.Micros(now.Add(lease)),
			limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m, err := scanMessage(rows)
			if err != nil {
				return err
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	ledger.SortMessages(all)
	return all, nil
}

func scanMessage(r scanner) (ledger.Message, error) {
	var m ledger.Message
	var digits, fields string
	var created int64
	err := r.Scan(&m.ID, &m.Key, &digits, &m.Kind, &m.Lang, &fields, &m.Sealed, &m.Attempt,
		&created)
	if err != nil {
		return m, err
	}
	if m.To, err = msisdn.Parse(digits); err != nil {
		return m, err
	}
	m.CreatedAt = ledger.FromMicros(created)
	m.Fields, err = ledger.DecodeFields(fields)
	return m, err
}

const ackMessage = `
UPDATE outbox SET sent_at = $2, dead_at = 0, sealed = NULL, last_error = ''
WHERE id = $1 AND sent_at = 0`

const countMessage = `SELECT count(*) FROM outbox WHERE id = $1`

// AckMessage records that a message was sent, and erases its sealed part.
func (s *Store) AckMessage(ctx context.Context, id int64, now time.Time) error {
	return s.change(ctx, "ack message", func(t tx) error {
		return t.endedOrChanged(id)(t.exec(ackMessage, id, ledger.Micros(now)))
	})
}

const retryMessage = `
UPDATE outbox SET next_at = $2, last_error = $3 WHERE id = $1 AND sent_at = 0 AND dead_at = 0`

// RetryMessage makes a message due again, unless it was sent or given up.
func (s *Store) RetryMessage(
	ctx context.Context, id int64, next time.Time, lastError string,
) error {
	return s.change(ctx, "retry message", func(t tx) error {
		return t.endedOrChanged(id)(
			t.exec(retryMessage, id, ledger.Micros(next), ledger.CutError(lastError)))
	})
}

const giveUpMessage = `
UPDATE outbox SET dead_at = $2, sealed = NULL, last_error = $3
WHERE id = $1 AND sent_at = 0 AND dead_at = 0`

// GiveUpMessage ends a message that was not sent, and erases its sealed part.
func (s *Store) GiveUpMessage(
	ctx context.Context, id int64, now time.Time, lastError string,
) error {
	return s.change(ctx, "give up message", func(t tx) error {
		return t.endedOrChanged(id)(
			t.exec(giveUpMessage, id, ledger.Micros(now), ledger.CutError(lastError)))
	})
}

// endedOrChanged accepts a change of no row when the message exists: then it has ended before.
func (t tx) endedOrChanged(id int64) func(int64, error) error {
	return func(changed int64, err error) error {
		if err != nil || changed > 0 {
			return err
		}
		var n int
		if err := t.row(countMessage, []any{id}, &n); err != nil {
			return err
		}
		if n == 0 {
			return errors.New("no such message")
		}
		return nil
	}
}
