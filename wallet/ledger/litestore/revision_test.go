package litestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ussdgw/menus/revision"
	"ussdgw/menus/revision/revisiontest"
)

func TestRevisions(t *testing.T) {
	revisiontest.Run(t, func(t *testing.T) (one, other revision.Store) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		return open(t, path), open(t, path)
	})
}

// TestRevisionsTampered changes what is stored by hand: whoever reads it is told.
func TestRevisionsTampered(t *testing.T) {
	for name, query := range revisiontest.Tampers() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			s := open(t, path)
			revisiontest.Fill(t, s)
			if err := revisiontest.Check(t, s); err != nil {
				t.Fatal(err)
			}
			db := raw(t, path)
			for _, trigger := range []string{
				"menu_revision_no_update", "menu_change_no_update", "menu_change_no_delete",
			} {
				exec(t, db, `DROP TRIGGER `+trigger)
			}
			exec(t, db, query)
			if err := revisiontest.Check(t, s); !errors.Is(err, revision.ErrTampered) {
				t.Errorf("got %v, want %v", err, revision.ErrTampered)
			}
		})
	}
}

func TestRevisionsSchemaRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path)
	revisiontest.Fill(t, s)
	db := raw(t, path)
	exec(t, db, `PRAGMA foreign_keys = ON`)
	for _, query := range append(revisiontest.Forbidden(),
		`INSERT OR REPLACE INTO menu_revision SELECT id, files, 'nobody', 1 FROM menu_revision`,
		`INSERT OR REPLACE INTO menu_change SELECT * FROM menu_change WHERE seq = 2`,
	) {
		if _, err := db.Exec(query); err == nil {
			t.Errorf("the schema lets through: %s", query)
		}
	}
	if err := revisiontest.Check(t, s); err != nil {
		t.Error(err)
	}
}

// TestOlderFileGetsRevisions opens a file that the first release has made: its books stay, and
// menus can be published in it.
func TestOlderFileGetsRevisions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	script, err := os.ReadFile("migrations/0001_books.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	exec(t, db, string(script))
	exec(t, db, `CREATE TABLE schema_migration (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`)
	exec(t, db, `INSERT INTO schema_migration VALUES (1, 'books', 1)`)
	exec(t, db, `INSERT INTO account VALUES ('wallet:w1', 0)`)
	s := open(t, path)
	revisiontest.Fill(t, s)
	if err := revisiontest.Check(t, s); err != nil {
		t.Error(err)
	}
	if balance, err := s.Balance(t.Context(), "w1"); err != nil || balance != 0 {
		t.Errorf("got %v, %v", balance, err)
	}
}
