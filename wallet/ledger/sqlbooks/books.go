// Package sqlbooks has the moves of the books that both stores do with the same SQL: everything
// but the execution of payments in groups, which each store does in its own fast way. A Books works
// on a DB, which is a store's own way to run a transaction.
//
// The SQL is of the common part of PostgreSQL and SQLite: parameters are $1, $2, ..., types are
// said with CAST, a query that decides ends with what DB.RowLock says. Rows are locked in one
// order: wallet, offer, hold, then accounts by their id.
//
// The package starts no goroutine and knows no driver.
package sqlbooks

import (
	"context"
	"errors"

	"ussdgw/wallet/ledger"
)

// ErrNoRow is what Tx.Row returns when there is none.
var ErrNoRow = errors.New("sqlbooks: no row")

// Scan reads the columns of a row.
type Scan func(dest ...any) error

// A Tx is one transaction. It belongs to the function that got it.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(query string, args ...any) (int64, error)
	// Row runs a query of one row into dest, or returns ErrNoRow.
	Row(query string, args []any, dest ...any) error
	// Rows runs a query and hands each row to each. No other call of the Tx may be made meanwhile.
	Rows(query string, args []any, each func(Scan) error) error
}

// A DB runs transactions with the errors that ledger.Store describes.
type DB interface {
	// Change runs f in a transaction. An error of f undoes it; a *ledger.Decline and the errors of
	// package ledger come through. f may be run again when the database has undone it for a
	// conflict, so it starts from nothing each time. After an error f may still be running, because
	// the end of ctx waits for nobody: what f writes is read, and written by others, only without one.
	Change(ctx context.Context, op string, f func(Tx) error) error
	// View runs f in a snapshot, in which nothing is changed.
	View(ctx context.Context, op string, f func(Tx) error) error
	// Bulk is a Change, and Survey a View, of any number of rows: it may take minutes.
	Bulk(ctx context.Context, op string, f func(Tx) error) error
	Survey(ctx context.Context, op string, f func(Tx) error) error
	// Settled returns a number of entry.seq up to which nothing is under way: whatever entry is
	// written from now on has a higher one.
	Settled(ctx context.Context) (int64, error)
	// RowLock ends a query whose row must not change until the transaction ends; it may be empty.
	RowLock() string
}

// Books are the moves of one database. It is safe for concurrent use.
type Books struct {
	db   DB
	lock string
}

// New returns the Books of a database.
func New(db DB) *Books { return &Books{db: db, lock: db.RowLock()} }

const insertMessage = `
INSERT INTO outbox (key, msisdn, kind, lang, fields, sealed, offer, offer_end, next_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
ON CONFLICT (key) DO NOTHING`

// Enqueue writes a message that tells of an offer's end. A message of its key is the same message.
func Enqueue(t Tx, m ledger.Message, now int64, offer string, end ledger.OfferState) error {
	if err := m.Validate(); err != nil {
		return err
	}
	_, err := t.Exec(insertMessage, m.Key, m.To.Digits(), m.Kind, m.Lang,
		ledger.EncodeFields(m.Fields), null(m.Sealed), offer, string(end), now)
	return err
}

// EnqueueNew writes a message of its own. It declines one whose key is taken.
func EnqueueNew(t Tx, m ledger.Message, now int64) error {
	if err := m.Validate(); err != nil {
		return err
	}
	written, err := t.Exec(insertMessage, m.Key, m.To.Digits(), m.Kind, m.Lang,
		ledger.EncodeFields(m.Fields), null(m.Sealed), nil, nil, now)
	if err == nil && written == 0 {
		return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: m.Key}
	}
	return err
}

// null stores nothing as NULL.
func null(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
