package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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
             ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, key, msisdn, kind, lang, fields, sealed, attempt, created_at`

// ClaimMessages hands out messages that are due, and passes over those that another process is
// claiming.
func (s *Store) ClaimMessages(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]ledger.Message, error) {
	var all []ledger.Message
	const op = "claim messages"
	err := s.change(ctx, op, func(ctx context.Context, c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, claimMessages, ledger.Micros(now), ledger.Micros(now.Add(lease)),
			limit)
		if err != nil {
			return classify(err, true)
		}
		all, err = pgx.CollectRows(rows, scanMessage)
		return classify(err, true)
	})
	if err != nil {
		return nil, err
	}
	ledger.SortMessages(all)
	return all, nil
}

func scanMessage(r pgx.CollectableRow) (ledger.Message, error) {
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

// AckMessage records that a message was sent, and erases its sealed part.
func (s *Store) AckMessage(ctx context.Context, id int64, now time.Time) error {
	return s.changeMessage(ctx, "ack message", ackMessage, id, ledger.Micros(now))
}

const retryMessage = `
UPDATE outbox SET next_at = $2, last_error = $3 WHERE id = $1 AND sent_at = 0 AND dead_at = 0`

// RetryMessage makes a message due again, unless it was sent or given up.
func (s *Store) RetryMessage(
	ctx context.Context, id int64, next time.Time, lastError string,
) error {
	return s.changeMessage(ctx, "retry message", retryMessage, id, ledger.Micros(next),
		ledger.CutError(lastError))
}

const giveUpMessage = `
UPDATE outbox SET dead_at = $2, sealed = NULL, last_error = $3
WHERE id = $1 AND sent_at = 0 AND dead_at = 0`

// GiveUpMessage ends a message that was not sent, and erases its sealed part.
func (s *Store) GiveUpMessage(
	ctx context.Context, id int64, now time.Time, lastError string,
) error {
	return s.changeMessage(ctx, "give up message", giveUpMessage, id, ledger.Micros(now),
		ledger.CutError(lastError))
}

const countMessage = `SELECT count(*) FROM outbox WHERE id = $1`

// changeMessage accepts a change of no row when the message exists: then it has ended before.
func (s *Store) changeMessage(
	ctx context.Context, op, query string, id int64, args ...any,
) error {
	changed, err := s.exec(ctx, op, query, append([]any{id}, args...)...)
	if err != nil || changed > 0 {
		return err
	}
	var n int
	err = s.one(ctx, op, ledger.ErrUnavailable, countMessage, []any{id}, &n)
	if err == nil && n == 0 {
		return fmt.Errorf("pgstore: %s: no such message", op)
	}
	return err
}
