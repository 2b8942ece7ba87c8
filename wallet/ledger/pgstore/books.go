package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

// db runs the transactions of sqlbooks.
type db struct{ store *Store }

// Change implements sqlbooks.DB.
func (d db) Change(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	return d.store.transact(ctx, op, func(ctx context.Context, tx pgx.Tx) error {
		return f(bookTx{ctx, tx})
	})
}

// View implements sqlbooks.DB.
func (d db) View(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	tx, err := d.store.pool.BeginTx(ctx, snapshot)
	if err != nil {
		return fmt.Errorf("pgstore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	if err := classify(f(bookTx{ctx, tx}), false); err != nil {
		return fmt.Errorf("pgstore: %s: %w", op, err)
	}
	return nil
}

// Bulk implements sqlbooks.DB.
func (d db) Bulk(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	tx, err := d.any(ctx, op, pgx.TxOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	if err = classify(f(bookTx{ctx, tx}), false); err == nil {
		err = classify(tx.Commit(ctx), true)
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

// Survey implements sqlbooks.DB.
func (d db) Survey(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	tx, err := d.any(ctx, op, pgx.TxOptions{
		IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly,
	})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	if err := classify(f(bookTx{ctx, tx}), false); err != nil {
		return fmt.Errorf("pgstore: %s: %w", op, err)
	}
	return nil
}

// any begins a transaction of statements that may take long, by any plan.
func (d db) any(ctx context.Context, op string, options pgx.TxOptions) (pgx.Tx, error) {
	tx, err := d.store.pool.BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	settings := []string{"statement_timeout = 0", "idle_in_transaction_session_timeout = 0"}
	for _, way := range otherWays {
		settings = append(settings, way+" = on")
	}
	for _, setting := range settings {
		if _, err := tx.Exec(ctx, `SET LOCAL `+setting); err != nil {
			_ = tx.Rollback(context.WithoutCancel(ctx)) // it has done nothing
			return nil, fmt.Errorf("pgstore: %s: %w: %w", op, ledger.ErrUnavailable, err)
		}
	}
	return tx, nil
}

const (
	selectLastSeq = `
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM entry_seq_seq`
	// A transaction takes this lock before it draws a number, and has it until it ends.
	selectWriters = `
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = CAST('entry' AS regclass)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()`
)

// settlePause is the pause between two looks at those who are writing entries.
const settlePause = 2 * time.Millisecond

// Settled implements sqlbooks.DB. It reads the last number that was drawn, and then waits, for the
// lock time-out at most, until all who were writing entries at that moment have ended. It locks
// nothing: a lock on the table would stop the payments, and would never be had, or would end the
// vacuum, while the table is vacuumed.
func (d db) Settled(ctx context.Context) (int64, error) {
	const op = "settled"
	ctx, cancel := context.WithTimeout(ctx, d.store.config.LockTimeout)
	defer cancel()
	var last int64
	err := d.store.one(ctx, op, ledger.ErrUnavailable, selectLastSeq, nil, &last)
	if err != nil {
		return 0, err
	}
	waiting, err := d.writers(ctx)
	if err != nil {
		return 0, err
	}
	pause := time.NewTicker(settlePause)
	defer pause.Stop()
	for len(waiting) > 0 {
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("pgstore: %s: %w", op, errLocked)
		case <-pause.C:
		}
		now, err := d.writers(ctx)
		if err != nil {
			return 0, err
		}
		maps.DeleteFunc(waiting, func(writer string, _ bool) bool { return !now[writer] })
	}
	return last, nil
}

// writers are the transactions that write entries now.
func (d db) writers(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := d.store.query(ctx, "settled", selectWriters, nil, func(rows pgx.Rows) error {
		var writer string
		err := rows.Scan(&writer)
		all[writer] = true
		return err
	})
	return all, err
}

// RowLock implements sqlbooks.DB.
func (d db) RowLock() string { return " FOR NO KEY UPDATE" }

// bookTx is a transaction as sqlbooks wants it.
type bookTx struct {
	ctx context.Context // of the transaction, which is over before ctx's owner returns
	tx  pgx.Tx
}

// Exec implements sqlbooks.Tx.
func (t bookTx) Exec(query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, query, args...)
	return tag.RowsAffected(), err
}

// Row implements sqlbooks.Tx.
func (t bookTx) Row(query string, args []any, dest ...any) error {
	err := t.tx.QueryRow(t.ctx, query, args...).Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return sqlbooks.ErrNoRow
	}
	return err
}

// Rows implements sqlbooks.Tx.
func (t bookTx) Rows(query string, args []any, each func(sqlbooks.Scan) error) error {
	rows, err := t.tx.Query(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
