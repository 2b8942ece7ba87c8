package pgstore

import (
	"context"
	"errors"
	"fmt"

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
