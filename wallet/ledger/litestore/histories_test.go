package litestore_test

import (
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest/bookmodel"
	"ussdgw/wallet/ledger/litestore"
)

// TestHistories compares random histories of all operations with a book in memory.
func TestHistories(t *testing.T) {
	bookmodel.Run(t, 100_000, func() (ledger.Store, error) { return litestore.Open("") })
}
