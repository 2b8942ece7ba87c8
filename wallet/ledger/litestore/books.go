package litestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

// db runs the transactions of sqlbooks.
type db struct{ store *Store }

// Change implements sqlbooks.DB.
func (d db) Change(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	return d.store.change(ctx, op, func(t tx) error { return f(t) })
}

// View implements sqlbooks.DB.
func (d db) View(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	snapshot, err := d.store.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("litestore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	defer func() { _ = snapshot.Rollback() }() // it has only read
	if err := f(view{ctx, snapshot}); err != nil {
		return fmt.Errorf("litestore: %s: %w", op, err)
	}
	return nil
}

// Bulk implements sqlbooks.DB. Other writers wait, and are told after the lock time-out.
func (d db) Bulk(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	return d.Change(ctx, op, f)
}

// Survey implements sqlbooks.DB.
func (d db) Survey(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	return d.View(ctx, op, f)
}

const selectLastSeq = `SELECT coalesce(max(seq), 0) FROM entry`

// Settled implements sqlbooks.DB: numbers are drawn by one writer at a time.
func (d db) Settled(ctx context.Context) (int64, error) {
	var last int64
	err := d.store.one(ctx, "settled", ledger.ErrUnavailable, selectLastSeq, nil, &last)
	return last, err
}

// RowLock implements sqlbooks.DB: there is one writer.
func (d db) RowLock() string { return "" }

// Exec implements sqlbooks.Tx.
func (t tx) Exec(query string, args ...any) (int64, error) { return t.exec(query, args...) }

// Row implements sqlbooks.Tx.
func (t tx) Row(query string, args []any, dest ...any) error {
	return noRow(t.row(query, args, dest...))
}

// Rows implements sqlbooks.Tx.
func (t tx) Rows(query string, args []any, each func(sqlbooks.Scan) error) error {
	stmt, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(t.ctx, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

// view is a snapshot as sqlbooks wants it.
type view struct {
	ctx context.Context // of the snapshot, which is over before ctx's owner returns
	tx  *sql.Tx
}

// Exec implements sqlbooks.Tx. The connection refuses to write.
func (v view) Exec(query string, args ...any) (int64, error) {
	result, err := v.tx.ExecContext(v.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row implements sqlbooks.Tx.
func (v view) Row(query string, args []any, dest ...any) error {
	return noRow(v.tx.QueryRowContext(v.ctx, query, args...).Scan(dest...))
}

// Rows implements sqlbooks.Tx.
func (v view) Rows(query string, args []any, each func(sqlbooks.Scan) error) error {
	rows, err := v.tx.QueryContext(v.ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

func eachRow(rows *sql.Rows, each func(sqlbooks.Scan) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func noRow(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return sqlbooks.ErrNoRow
	}
	return err
}
