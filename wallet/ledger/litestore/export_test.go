package litestore

import (
	"context"
	"errors"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

// Busy reports whether a change is under way.
func (s *Store) Busy() bool { return len(s.turn) > 0 }

// Exec runs a statement on the connection that writes.
func (s *Store) Exec(query string) error {
	return s.change(context.Background(), "exec", func(t tx) error {
		_, err := t.exec(query)
		return err
	})
}

// InDoubt returns the books of s as a caller sees them who has left before the end of each change.
func (s *Store) InDoubt() *sqlbooks.Books { return sqlbooks.New(inDoubt{db{s}}) }

type inDoubt struct{ db }

func (d inDoubt) Change(ctx context.Context, op string, f func(sqlbooks.Tx) error) error {
	return errors.Join(ledger.ErrInDoubt, d.db.Change(ctx, op, f))
}
