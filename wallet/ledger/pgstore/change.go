package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ussdgw/wallet/ledger"
)

// maxRetries is how often a transaction is repeated that the server undid to resolve a conflict.
const maxRetries = 3

// A point is where a change can no more be taken back. Whoever comes first decides: the change,
// which passes it, or its caller, who leaves.
type point struct{ state atomic.Int32 }

const (
	pointPassed int32 = iota + 1
	pointLeft
)

// pass reports whether the change may go on. Otherwise its caller has left and was told that
// nothing is changed.
func (p *point) pass() bool { return p.state.CompareAndSwap(0, pointPassed) }

// leave reports whether the change is kept from ever passing.
func (p *point) leave() bool { return p.state.CompareAndSwap(0, pointLeft) }

// errLeft ends a change whose caller has left. Nobody gets it.
var errLeft = fmt.Errorf("%w: the caller has left", ledger.ErrUnavailable)

// conn waits for a connection. Nothing was sent when it fails.
func (s *Store) conn(ctx context.Context) (*pgxpool.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer cancel()
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
	}
	return c, nil
}

// run runs f on a connection, detached from the end of ctx, and again when the server says that a
// repeat may succeed. f passes the point before it sends what may take effect, and returns what
// classify made of its errors.
//
// At the end of ctx the caller leaves: with ErrUnavailable when f has not passed and never will,
// else with ErrInDoubt, and f goes on by itself. What f writes may be read only after a nil error.
// Each f that goes on holds a connection, so there are at most Config.MaxConns of them.
func (s *Store) run(
	ctx context.Context, op string, f func(context.Context, *pgxpool.Conn, *point) error,
) error {
	for try := 0; ; try++ {
		c, err := s.conn(ctx)
		if err != nil {
			return fmt.Errorf("pgstore: %s: %w", op, err)
		}
		err = s.attend(ctx, c, f)
		if conflict(err) && try < maxRetries {
			continue
		}
		var decline *ledger.Decline
		if errors.As(err, &decline) {
			return decline
		}
		if err != nil {
			return fmt.Errorf("pgstore: %s: %w", op, err)
		}
		return nil
	}
}

// attend runs f once and waits for it until ctx ends. It gives c back when f has returned.
func (s *Store) attend(
	ctx context.Context, c *pgxpool.Conn, f func(context.Context, *pgxpool.Conn, *point) error,
) error {
	var p point
	work := func() error {
		defer c.Release()
		// The server's time-outs come first; this one is for a server that answers no more.
		limit := 2*s.config.StatementTimeout + s.config.ConnectTimeout
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		return f(detached, c, &p)
	}
	if ctx.Done() == nil {
		return work()
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	if p.leave() {
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, ctx.Err())
	}
	select {
	case err := <-done: // just now
		return err
	default:
		return fmt.Errorf("%w: %w", ledger.ErrInDoubt, ctx.Err())
	}
}

// change runs a change that may take effect as soon as f begins. See run.
func (s *Store) change(
	ctx context.Context, op string, f func(context.Context, *pgxpool.Conn) error,
) error {
	return s.run(ctx, op, func(ctx context.Context, c *pgxpool.Conn, p *point) error {
		if !p.pass() {
			return errLeft
		}
		return f(ctx, c)
	})
}

// call runs a change that is one statement, and hands its row to scan. missing is the error for
// no row.
func (s *Store) call(
	ctx context.Context, op string, missing error, query string, args []any, dest ...any,
) error {
	return s.change(ctx, op, func(ctx context.Context, c *pgxpool.Conn) error {
		err := c.QueryRow(ctx, query, args...).Scan(dest...)
		if errors.Is(err, pgx.ErrNoRows) {
			return missing
		}
		return classify(err, true)
	})
}

// exec runs a change that is one statement, and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, op, query string, args ...any) (int64, error) {
	var rows int64
	err := s.change(ctx, op, func(ctx context.Context, c *pgxpool.Conn) error {
		tag, err := c.Exec(ctx, query, args...)
		rows = tag.RowsAffected()
		return classify(err, true)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// transact runs f in a transaction. An error of f undoes it, and so does a caller who leaves before
// the commit is sent.
func (s *Store) transact(
	ctx context.Context, op string, f func(context.Context, pgx.Tx) error,
) error {
	return s.run(ctx, op, func(ctx context.Context, c *pgxpool.Conn, p *point) error {
		tx, err := c.Begin(ctx)
		if err != nil {
			return classify(err, false)
		}
		if err = f(ctx, tx); err == nil && !p.pass() {
			err = errLeft
		}
		if err != nil {
			_ = tx.Rollback(ctx) // if it cannot be sent, the server undoes it all the same
			return classify(err, false)
		}
		err = tx.Commit(ctx)
		if errors.Is(err, pgx.ErrTxCommitRollback) {
			return fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
		}
		return classify(err, true)
	})
}
