package pgstore_test

import (
	"context"
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest/bookmodel"
	"ussdgw/wallet/ledger/pgstore"
)

// TestHistories compares random histories of all operations with a book in memory.
func TestHistories(t *testing.T) {
	bookmodel.Run(t, 10_000, func() (ledger.Store, error) {
		c := config(t)
		s, err := pgstore.Open(context.Background(), c)
		if err != nil {
			return nil, err
		}
		if err := s.Migrate(context.Background()); err != nil {
			s.Close()
			return nil, err
		}
		return s, nil
	})
}
