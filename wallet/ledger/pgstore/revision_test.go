package pgstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"ussdgw/menus/revision"
	"ussdgw/menus/revision/revisiontest"
)

func TestRevisions(t *testing.T) {
	revisiontest.Run(t, func(t *testing.T) (one, other revision.Store) {
		c := config(t)
		return open(t, c), open(t, c)
	})
}

// TestRevisionsTampered changes what is stored by hand: whoever reads it is told.
func TestRevisionsTampered(t *testing.T) {
	for name, query := range revisiontest.Tampers() {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			s := open(t, c)
			revisiontest.Fill(t, s)
			if err := revisiontest.Check(t, s); err != nil {
				t.Fatal(err)
			}
			conn := raw(t, c)
			exec(t, conn, `SET session_replication_role = replica`) // no triggers, no foreign keys
			for statement := range strings.SplitSeq(query, ";") {
				exec(t, conn, statement)
			}
			if err := revisiontest.Check(t, s); !errors.Is(err, revision.ErrTampered) {
				t.Errorf("got %v, want %v", err, revision.ErrTampered)
			}
		})
	}
}

func TestRevisionsSchemaRefuses(t *testing.T) {
	c := config(t)
	s := open(t, c)
	revisiontest.Fill(t, s)
	conn := raw(t, c)
	for _, query := range append(revisiontest.Forbidden(),
		`TRUNCATE menu_change`, `TRUNCATE menu_revision CASCADE`,
	) {
		_, err := conn.Exec(t.Context(), query)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "23") {
			t.Errorf("%s: got %v, want an integrity violation", query, err)
		}
	}
	if err := revisiontest.Check(t, s); err != nil {
		t.Error(err)
	}
}
