//go:build figures

package litestore_test

import (
	"path/filepath"
	"testing"

	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
)

// TestFigures prints debits a second: `make figures`.
func TestFigures(t *testing.T) {
	s, err := litestore.Open(filepath.Join(t.TempDir(), "ledger.db")) // it syncs every commit
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ledgertest.Figures(t, s, nil, nil)
}
