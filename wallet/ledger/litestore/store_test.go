package litestore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Store { return open(t, "") })
}

func open(t *testing.T, path string, options ...litestore.Option) *litestore.Store {
	t.Helper()
	s, err := litestore.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// raw opens a second connection to the file, as somebody with the file in hands would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestFileIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ledger?.db")
	first, err := litestore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	paid := ledgertest.Fill(t, first)
	first.Close()

	second := open(t, path)
	all, err := second.Transfers(t.Context(), paid.Offer.Wallet, 10)
	if err != nil || len(all) != 1 || all[0].TransferID != paid.TransferID {
		t.Errorf("got %+v, %v, want %+v", all, err, paid)
	}
}

// TestOpenMakesNoBooksIn a file of another program, nor in one that has none where it may not.
func TestOpenMakesNoBooksIn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "empty.db")
	if _, err := litestore.Open(path, litestore.Existing()); !errors.Is(err, litestore.ErrNotBooks) {
		t.Errorf("empty: %v, want %v", err, litestore.ErrNotBooks)
	}
	store, err := litestore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	if store, err = litestore.Open(path, litestore.Existing()); err != nil {
		t.Fatal(err)
	}
	store.Close()

	path = filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE cookies (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	if _, err := litestore.Open(path); !errors.Is(err, litestore.ErrNotBooks) {
		t.Errorf("foreign: %v, want %v", err, litestore.ErrNotBooks)
	}
	var tables int
	row := db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema")
	if err := row.Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables, %v, want the one that was there", tables, err)
	}
}

func TestOpenFaults(t *testing.T) {
	if _, err := litestore.Open(filepath.Join(t.TempDir(), "missing", "ledger.db")); err == nil {
		t.Error("no error for a folder that does not exist")
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	open(t, path).Close()
	exec(t, raw(t, path), `INSERT INTO schema_migration VALUES (9999, 'later', 1)`)
	if _, err := litestore.Open(path); !errors.Is(err, ledger.ErrSchemaNew) {
		t.Errorf("got %v, want %v", err, ledger.ErrSchemaNew)
	}
}

// TestVerify breaks every rule of the books by hand and expects Verify to name it.
func TestVerify(t *testing.T) {
	filled := filepath.Join(t.TempDir(), "filled.db")
	s, err := litestore.Open(filled)
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Fill(t, s)
	s.Close()
	text, err := os.ReadFile(filled)
	if err != nil {
		t.Fatal(err)
	}
	for _, tamper := range ledgertest.Tampers() {
		t.Run(tamper.Check+"/"+tamper.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			s, db := open(t, path), raw(t, path)
			dropTriggers(t, db)
			exec(t, db, `DROP INDEX offer_one_open`)
			exec(t, db, `PRAGMA foreign_keys = OFF`)
			exec(t, db, `PRAGMA ignore_check_constraints = ON`)
			exec(t, db, tamper.SQL)
			ledgertest.WantBreach(t, s, tamper)
		})
	}
}

// TestEveryRuleIsBroken looks for a tamper of every rule, and for one that breaks it alone where it
// can be broken so.
func TestEveryRuleIsBroken(t *testing.T) {
	for _, audit := range ledger.Audits() {
		alone := slices.Contains(ledgertest.Implied(), audit.Name)
		broken := slices.ContainsFunc(ledgertest.Tampers(), func(tamper ledgertest.Tamper) bool {
			return tamper.Check == audit.Name && (tamper.Alone || alone)
		})
		if !broken {
			t.Errorf("nothing breaks %s, or not alone", audit.Name)
		}
	}
}

func TestVerifyScales(t *testing.T) {
	ledgertest.VerifyScales(t, "x''", func(t *testing.T) (ledger.Store, func(string)) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		s := open(t, path)
		db := raw(t, path)
		exec(t, db, `PRAGMA synchronous = OFF`)
		return s, func(query string) { exec(t, db, query) }
	})
}

// dropTriggers takes the guards of the schema away.
func dropTriggers(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		`SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var drops []string
	for rows.Next() {
		var drop string
		if err := rows.Scan(&drop); err != nil {
			t.Fatal(err)
		}
		drops = append(drops, drop)
	}
	if err := rows.Err(); err != nil || len(drops) == 0 {
		t.Fatalf("%d triggers, %v", len(drops), err)
	}
	for _, drop := range drops {
		exec(t, db, drop)
	}
}

// TestSchemaRefuses tries what the code never does: the schema has to refuse it.
func TestSchemaRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	ledgertest.Fill(t, open(t, path))
	db := raw(t, path)
	exec(t, db, `PRAGMA foreign_keys = ON`)
	for _, query := range ledgertest.Forbidden() {
		if _, err := db.Exec(query); err == nil {
			t.Errorf("the schema lets through: %s", query)
		}
	}
}

// TestReplaceIsRefused replaces the rows of every table whose rows are kept, through the connection
// of the store: SQLite deletes what it replaces, and fires no trigger on DELETE unless told to.
func TestReplaceIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path)
	paid := ledgertest.Fill(t, s)
	if err := s.CloseDay(t.Context(), "2026-11-21", paid.PostedAt, nil); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	for _, table := range []string{
		"offer", "transfer", "entry", "hold", "hold_move", "agent_txn", "audit", "cases",
		"closed_day", "closing",
	} {
		var rows, kept int
		err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM `+table+`), count(*)
			FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 AND sql LIKE '%BEFORE DELETE%'`,
			table).Scan(&rows, &kept)
		if err != nil || rows == 0 || kept == 0 {
			t.Errorf("%s: %d rows, %d triggers, %v", table, rows, kept, err)
		}
		err = s.Exec(`INSERT OR REPLACE INTO ` + table + ` SELECT * FROM ` + table)
		if err == nil {
			t.Errorf("the rows of %s can be replaced", table)
		}
	}
	if err := s.Exec(`UPDATE OR REPLACE offer SET state = 'open', pressed_at = 0, ended_at = 0,
		held_at = 0, reason = '' WHERE state = 'open'`); err != nil {
		t.Errorf("an update that replaces nothing: %v", err)
	}
	all, err := s.Verify(t.Context())
	if err != nil || len(all) > 0 {
		t.Errorf("afterwards: %+v, %v", all, err)
	}
}

// TestLockTimeout holds the file's write lock, as a commit under way does.
func TestLockTimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, litestore.LockTimeout(20*time.Millisecond))
	payment := ledgertest.Pressed(t, s)
	db := raw(t, path)
	exec(t, db, `BEGIN IMMEDIATE`)
	_, err := s.Refuse(t.Context(), payment.Offer.ID, ledger.ReasonNotTaken, payment.Now, nil)
	if !errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("refuse: got %v, want %v", err, ledger.ErrInDoubt)
	}
	_, err = s.Apply(t.Context(), []ledger.Payment{payment})
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("apply: got %v, want %v", err, ledger.ErrUnavailable)
	}
	exec(t, db, `COMMIT`)
	result, err := s.Refuse(t.Context(), payment.Offer.ID, ledger.ReasonNotTaken, payment.Now, nil)
	if err != nil || ledger.ReasonOf(result.Err) != ledger.ReasonNotTaken {
		t.Errorf("refuse: got %+v, %v", result, err)
	}
}

// TestCommitIsNotCancelled ends the caller's context while the change waits for its turn in the
// file: what has begun is finished.
func TestCommitIsNotCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, litestore.LockTimeout(time.Minute))
	payment := ledgertest.Pressed(t, s)
	db := raw(t, path)
	exec(t, db, `BEGIN IMMEDIATE`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		results, err := s.Apply(ctx, []ledger.Payment{payment})
		if err == nil {
			err = results[0].Err
		}
		done <- err
	}()
	ledgertest.Eventually(t, s.Busy) // the change has begun
	cancel()
	exec(t, db, `COMMIT`)
	if err := <-done; err != nil {
		t.Errorf("apply: %v", err)
	}
	ledgertest.WantState(t, s, payment.Offer.ID, ledger.OfferDone)
}

func BenchmarkPoster(b *testing.B) {
	path := filepath.Join(b.TempDir(), "ledger.db")
	s, err := litestore.Open(path, litestore.LockTimeout(time.Minute))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ledgertest.Benchmark(b, s)
}

// Who has left before a change ended gets nothing of what it writes: it may be writing still.
func TestNothingOfAChangeInDoubt(t *testing.T) {
	s := open(t, "")
	o := ledgertest.Held(t, s)
	books, ctx := s.InDoubt(), t.Context()
	now := o.HeldAt.Add(time.Hour)
	h, err := books.SendHold(ctx, o.ID, now)
	if !errors.Is(err, ledger.ErrInDoubt) || h.ID != "" {
		t.Errorf("sent %+v, %v", h, err)
	}
	all, err := books.DueHolds(ctx, now, time.Minute, 1)
	if !errors.Is(err, ledger.ErrInDoubt) || all != nil {
		t.Errorf("due %+v, %v", all, err)
	}
	ok, err := books.LeaseHold(ctx, o.ID, now.Add(time.Hour), time.Minute)
	if !errors.Is(err, ledger.ErrInDoubt) || ok {
		t.Errorf("leased %t, %v", ok, err)
	}
	r, err := books.PostHold(ctx, ledger.Posting{Hold: o.ID, Now: now})
	if !errors.Is(err, ledger.ErrInDoubt) || r.TransferID != "" {
		t.Errorf("posted %+v, %v", r, err)
	}
}
