package pgstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/ledger/pgserver"
	"ussdgw/wallet/ledger/pgstore"
)

// serverURL is the connection string of this binary's server, or "" when there is none. TestMain
// sets it before any test runs.
var serverURL string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if pgserver.Available() == nil {
		server, err := pgserver.Start(context.Background(), "", pgserver.NoSync())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer server.Stop()
		serverURL = server.URL()
	}
	running := goleak.IgnoreCurrent() // the server's own goroutines
	code := m.Run()
	if err := goleak.Find(running); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// schemas numbers the schemas of this binary's server.
var schemas atomic.Int64

func config(t *testing.T) pgstore.Config {
	t.Helper()
	pgserver.Need(t)
	return pgstore.Config{URL: serverURL, Schema: fmt.Sprintf("test %d", schemas.Add(1))}
}

// open returns a migrated store in a schema of its own.
func open(t *testing.T, c pgstore.Config) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// raw connects to the schema as somebody with the database in hands would.
func raw(t *testing.T, c pgstore.Config) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	exec(t, conn, `SET search_path = `+pgx.Identifier{c.Schema}.Sanitize())
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, query string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestStore(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Store { return open(t, config(t)) })
}

func TestVerify(t *testing.T) {
	for _, tamper := range ledgertest.Tampers() {
		t.Run(tamper.Check+"/"+tamper.Name, func(t *testing.T) {
			c := config(t)
			s := open(t, c)
			ledgertest.Fill(t, s)
			conn := raw(t, c)
			exec(t, conn, `SET session_replication_role = replica`) // no triggers, no foreign keys
			exec(t, conn, `DROP INDEX offer_one_open`)
			exec(t, conn, `ALTER TABLE account DROP CONSTRAINT account_balance,
				DROP CONSTRAINT account_credit, DROP CONSTRAINT account_held`)
			exec(t, conn, tamper.SQL)
			ledgertest.WantBreach(t, s, tamper)
		})
	}
}

func TestVerifyScales(t *testing.T) {
	ledgertest.VerifyScales(t, "''::bytea", func(t *testing.T) (ledger.Store, func(string)) {
		c := config(t)
		s, conn := open(t, c), raw(t, c)
		return s, func(query string) { exec(t, conn, query) }
	})
}

func TestSchemaRefuses(t *testing.T) {
	c := config(t)
	ledgertest.Fill(t, open(t, c))
	conn := raw(t, c)
	truncates := []string{`TRUNCATE entry`, `TRUNCATE transfer CASCADE`}
	for _, query := range append(ledgertest.Forbidden(), truncates...) {
		_, err := conn.Exec(t.Context(), query)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "23") {
			t.Errorf("%s: got %v, want an integrity violation", query, err)
		}
	}
}

func TestSchemaVersion(t *testing.T) {
	c := config(t)
	s, err := pgstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CheckSchema(t.Context()); !errors.Is(err, ledger.ErrSchemaOld) {
		t.Errorf("empty: got %v, want %v", err, ledger.ErrSchemaOld)
	}
	status, err := s.MigrationStatus(t.Context())
	if err != nil || len(status) == 0 || !status[0].AppliedAt.IsZero() {
		t.Errorf("empty: got %+v, %v", status, err)
	}
	const racers = 4
	failed := make(chan error, racers)
	for range racers {
		go func() { failed <- s.Migrate(t.Context()) }()
	}
	for range racers {
		if err := <-failed; err != nil {
			t.Errorf("migrate at once: %v", err)
		}
	}
	if err := s.CheckSchema(t.Context()); err != nil {
		t.Errorf("migrated: %v", err)
	}
	exec(t, raw(t, c), `INSERT INTO schema_migration VALUES (9999, 'later', 1)`)
	if err := s.CheckSchema(t.Context()); !errors.Is(err, ledger.ErrSchemaNew) {
		t.Errorf("later: got %v, want %v", err, ledger.ErrSchemaNew)
	}
	if err := s.Migrate(t.Context()); !errors.Is(err, ledger.ErrSchemaNew) {
		t.Errorf("migrate: got %v, want %v", err, ledger.ErrSchemaNew)
	}
}

func TestOpenFaults(t *testing.T) {
	c := config(t)
	good, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	const password = "pass-word-of-nobody"
	const user = "postgres:" + password
	tests := []struct {
		name, url string
		want      string
	}{
		{"nobody listens", "postgres://" + user + "@127.0.0.1:1/postgres", "127.0.0.1:1"},
		{"wrong password", "postgres://" + user + "@" + good.Host + "/postgres", good.Host},
		{"unknown host", "postgres://" + user + "@host.invalid/postgres", "host.invalid"},
		{"bad port", "postgres://" + user + "@127.0.0.1:port/postgres", "port"},
		{"bad escape", "postgres://" + user + "%zz@127.0.0.1/postgres", "parse"},
		{"bad words", "host=127.0.0.1 password=" + password + " sslmode=never", "sslmode"},
		{"empty", "", "URL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := pgstore.Open(t.Context(), pgstore.Config{
				URL: test.url, ConnectTimeout: 3 * time.Second,
			})
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error prints the password: %v", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to name %s", err, test.want)
			}
		})
	}
	c.MaxConns, c.LockTimeout, c.StatementTimeout = -1, time.Minute, time.Second
	_, err = pgstore.Open(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "MaxConns") ||
		!strings.Contains(err.Error(), "LockTimeout") {
		t.Errorf("got %v, want both faults", err)
	}
}

// TestSchemasAgree compares the tables of both stores, column by column.
func TestSchemasAgree(t *testing.T) {
	c := config(t)
	open(t, c)
	path := filepath.Join(t.TempDir(), "ledger.db")
	lite, err := litestore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	theirs, err := db.QueryContext(t.Context(), `
SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	var want []string
	for theirs.Next() {
		var name string
		if err := theirs.Scan(&name); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	if err := theirs.Err(); err != nil {
		t.Fatal(err)
	}
	ours, err := raw(t, c).Query(t.Context(), `
SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = $1`, c.Schema)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(ours, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("PostgreSQL has %v\nSQLite has %v", got, want)
	}
}

// TestRefuseWaits refuses an offer whose payment is under way: it holds the offer's row and waits
// for the account's.
func TestRefuseWaits(t *testing.T) {
	c := config(t)
	c.LockTimeout = 200 * time.Millisecond
	s := open(t, c)
	slow := c
	slow.LockTimeout, slow.StatementTimeout = time.Minute, 2*time.Minute
	payer, err := pgstore.Open(t.Context(), slow)
	if err != nil {
		t.Fatal(err)
	}
	payment := ledgertest.Pressed(t, s)
	conn := raw(t, c)
	exec(t, conn, `BEGIN`)
	exec(t, conn, `SELECT id FROM account FOR UPDATE`)
	ctx, cancel := context.WithCancel(t.Context())
	paid := make(chan error, 1)
	go func() {
		results, err := payer.Apply(ctx, []ledger.Payment{payment})
		if err == nil {
			err = results[0].Err
		}
		paid <- err
	}()
	waitForLock(t, c)
	refuse := func() (ledger.Result, error) {
		return s.Refuse(t.Context(), payment.Offer.ID, ledger.ReasonNotTaken, payment.Now, nil)
	}
	if _, err := refuse(); !errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("refuse: got %v, want %v", err, ledger.ErrInDoubt)
	}
	cancel() // the payer's caller goes at once: what has begun is finished
	if err := <-paid; !errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("apply: got %v, want %v", err, ledger.ErrInDoubt)
	}
	exec(t, conn, `COMMIT`)
	payer.Close() // waits
	if result, err := refuse(); err != nil || result.Err != nil {
		t.Errorf("refuse: got %+v, %v, want the receipt", result, err)
	}
}

// TestCallersLeaveInTime holds the row that changes wait for, much longer than their callers have.
func TestCallersLeaveInTime(t *testing.T) {
	c := config(t)
	open(t, c)
	c.LockTimeout, c.StatementTimeout, c.MaxConns = time.Minute, 2*time.Minute, 2
	s, err := pgstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	closed := sync.OnceFunc(s.Close)
	defer closed()
	o := ledgertest.Open(t, s)
	conn := raw(t, c)
	exec(t, conn, `BEGIN`)
	exec(t, conn, `SELECT id FROM offer FOR UPDATE`)
	left := func(what string, want, never error, change func(ctx context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		err := change(ctx)
		if !errors.Is(err, want) || errors.Is(err, never) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %s", what, took)
		}
	}
	left("press", ledger.ErrInDoubt, ledger.ErrUnavailable, func(ctx context.Context) error {
		return s.Press(ctx, o.ID, o.CreatedAt)
	})
	// What is left behind before its commit has no effect.
	left("refuse", ledger.ErrUnavailable, ledger.ErrInDoubt, func(ctx context.Context) error {
		_, err := s.Refuse(ctx, o.ID, ledger.ReasonNotTaken, o.CreatedAt, nil)
		return err
	})
	// Those two have all connections, and there is no third.
	left("language", ledger.ErrUnavailable, ledger.ErrInDoubt, func(ctx context.Context) error {
		return s.SetLanguage(ctx, o.Wallet, "ky")
	})
	exec(t, conn, `COMMIT`)
	if err := s.SetLanguage(t.Context(), o.Wallet, "en"); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	closed() // waits for what is left behind
	ledgertest.WantState(t, open(t, c), o.ID, ledger.OfferPressed)
}

// waitForLock waits until some connection waits for a lock in the server.
func waitForLock(t *testing.T, c pgstore.Config) {
	t.Helper()
	conn := raw(t, c)
	ledgertest.Eventually(t, func() bool {
		var n int
		const query = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
		if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
}

// TestApplyLocked finds the wallet's account locked for too long: nothing is changed, for sure.
func TestApplyLocked(t *testing.T) {
	c := config(t)
	c.LockTimeout = 20 * time.Millisecond
	s := open(t, c)
	payment := ledgertest.Pressed(t, s)
	conn := raw(t, c)
	exec(t, conn, `BEGIN`)
	exec(t, conn, `SELECT id FROM account FOR UPDATE`)
	_, err := s.Apply(t.Context(), []ledger.Payment{payment})
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("apply: got %v, want %v", err, ledger.ErrUnavailable)
	}
	exec(t, conn, `COMMIT`)
	ledgertest.WantState(t, s, payment.Offer.ID, ledger.OfferPressed)
}

// TestServerDies kills the server while a payment waits for a lock: its fate is in doubt, and is
// settled when the server is back.
func TestServerDies(t *testing.T) {
	config(t) // skips where there is no PostgreSQL
	server, err := pgserver.Start(t.Context(), "", pgserver.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	c := pgstore.Config{URL: server.URL(), Schema: "books", ConnectTimeout: 10 * time.Second}
	s := open(t, c)
	payment := ledgertest.Pressed(t, s)
	conn := raw(t, c)
	exec(t, conn, `BEGIN`)
	exec(t, conn, `SELECT id FROM account FOR UPDATE`)
	paid := make(chan error, 1)
	go func() {
		_, err := s.Apply(t.Context(), []ledger.Payment{payment})
		paid <- err
	}()
	waitForLock(t, c)
	server.Kill()
	if err := <-paid; !errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("apply: got %v, want %v", err, ledger.ErrInDoubt)
	}
	_, err = s.Apply(t.Context(), []ledger.Payment{payment})
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInDoubt) {
		t.Errorf("apply to nobody: got %v, want %v", err, ledger.ErrUnavailable)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("ping: got %v, want %v", err, ledger.ErrUnavailable)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := s.Refuse(t.Context(), payment.Offer.ID, ledger.ReasonNotTaken, payment.Now, nil)
	if err != nil || ledger.ReasonOf(result.Err) != ledger.ReasonNotTaken {
		t.Errorf("refuse: got %+v, %v, want a refusal", result, err)
	}
}

// BenchmarkPoster runs on a server that syncs, and would show a plan that is not pinned.
func BenchmarkPoster(b *testing.B) {
	pgserver.Need(b)
	server, err := pgserver.Start(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer server.Stop()
	s, err := pgstore.Open(b.Context(), pgstore.Config{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	ledgertest.Benchmark(b, s)
}
