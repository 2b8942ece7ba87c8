// Package litestore keeps the books in one SQLite file: the embedded ledger of a development
// gateway and of tests. It implements ledger.Store with the SQL and the guarantees of pgstore, in
// one process: WAL, synchronous=FULL, one writing connection, and readers that never wait for it.
//
// It starts no goroutine of its own beyond those of database/sql, which end with Close.
package litestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	maxReaders         = 4
	defaultLockTimeout = 2 * time.Second
)

var _ ledger.Store = (*Store)(nil)

// A Store is the books in one file.
type Store struct {
	*sqlbooks.Books

	read        *sql.DB
	write       *sql.DB
	lockTimeout time.Duration
	scripts     []ledger.Script
	existing    bool   // the file has to have books
	private     string // directory to remove at Close, or ""

	// turn holds one token while somebody writes. Its holder owns conn and stmts.
	turn  chan struct{}
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// An Option changes how Open opens.
type Option func(*Store)

// LockTimeout bounds how long a change waits for another one [2 s].
func LockTimeout(d time.Duration) Option { return func(s *Store) { s.lockTimeout = d } }

// Existing opens only a file that has books: none are made in it.
func Existing() Option { return func(s *Store) { s.existing = true } }

// ErrNotBooks says that a file has something else in it than books, or nothing.
var ErrNotBooks = errors.New("the file has no books in it")

// Open opens or creates the books in a file and migrates them. With no path they are in a private
// temporary file that Close removes; that one is not synced to the disk, which it never outlives.
// It fails with ledger.ErrSchemaNew when a newer program has written the file, and with ErrNotBooks
// when the tables in it are another program's.
func Open(path string, options ...Option) (*Store, error) {
	s := &Store{
		lockTimeout: defaultLockTimeout,
		turn:        make(chan struct{}, 1),
		stmts:       make(map[string]*sql.Stmt),
	}
	s.Books = sqlbooks.New(db{s})
	for _, o := range options {
		o(s)
	}
	if err := s.open(path); err != nil {
		s.Close()
		return nil, fmt.Errorf("litestore: open: %w", err)
	}
	return s, nil
}

func (s *Store) open(path string) (err error) {
	if s.scripts, err = ledger.Scripts(migrations, "migrations"); err != nil {
		return err
	}
	synchronous := "FULL"
	if path == "" {
		if s.private, err = os.MkdirTemp("", "ussdgw-ledger-"); err != nil {
			return err
		}
		path, synchronous = filepath.Join(s.private, "ledger.db"), "OFF"
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if s.write, err = sql.Open("sqlite", s.dsn(path, synchronous, "query_only(0)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", s.dsn(path, synchronous, "query_only(1)")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(maxReaders)
	ctx := context.Background()
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := s.recognise(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := s.Migrate(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// recognise fails with ErrNotBooks when the file is another program's, or empty where it may not
// be.
func (s *Store) recognise(ctx context.Context) error {
	const count = `SELECT count(*), coalesce(sum(name = 'schema_migration'), 0)
FROM sqlite_schema WHERE type = 'table'`
	var tables, ours int
	err := s.change(ctx, "recognise", func(t tx) error { return t.row(count, nil, &tables, &ours) })
	if err != nil {
		return err
	}
	if ours == 0 && (tables > 0 || s.existing) {
		return ErrNotBooks
	}
	return nil
}

func (s *Store) dsn(path, synchronous, mode string) string {
	q := url.Values{"_pragma": {
		"busy_timeout(" + strconv.FormatInt(s.lockTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)",
		"synchronous(" + synchronous + ")",
		"foreign_keys(1)",
		"recursive_triggers(1)", // with it, OR REPLACE does not get around the triggers on DELETE
		mode,
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// Ping reports whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("litestore: ping: %w: %w", ledger.ErrUnavailable, err)
	}
	return nil
}

// Close closes the file, and removes a private one.
func (s *Store) Close() {
	for _, stmt := range s.stmts {
		_ = stmt.Close() // its connection is closed next, which frees it in any case
	}
	if s.conn != nil {
		_ = s.conn.Close()
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			_ = db.Close() // every commit is in the file already
		}
	}
	if s.private != "" {
		_ = os.RemoveAll(s.private) // a leftover in the temporary directory harms nobody
	}
}

// errLocked says that another change took longer than the lock time-out. Nothing was changed.
var errLocked = fmt.Errorf("%w: locked by another change", ledger.ErrUnavailable)

// tx is a transaction on the writing connection.
type tx struct {
	ctx   context.Context // never ends: a change that has begun is finished
	store *Store
}

// change runs f in a transaction. An error of f undoes it, so a decline that has something to
// write is passed outside of f's result. The end of ctx stops waiting for the turn, nothing else.
func (s *Store) change(ctx context.Context, op string, f func(tx) error) error {
	if err := s.takeTurn(ctx); err != nil {
		return fmt.Errorf("litestore: %s: %w", op, err)
	}
	defer func() { <-s.turn }()
	t := tx{context.WithoutCancel(ctx), s}
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		if busy(err) {
			err = errLocked
		}
		return fmt.Errorf("litestore: %s: %w", op, err)
	}
	committed := false
	defer func() {
		if !committed {
			_, _ = t.exec("ROLLBACK") // fails only when SQLite has rolled back by itself
		}
	}()
	if err := f(t); err != nil {
		var decline *ledger.Decline
		if errors.As(err, &decline) {
			return decline
		}
		return fmt.Errorf("litestore: %s: %w", op, err)
	}
	if _, err := t.exec("COMMIT"); err != nil {
		return fmt.Errorf("litestore: %s: %w: %w", op, ledger.ErrInDoubt, err)
	}
	committed = true
	return nil
}

func (s *Store) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
	}
	timer := time.NewTimer(s.lockTimeout)
	defer timer.Stop()
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-timer.C:
		return errLocked
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, ctx.Err())
	}
}

// stmt returns the prepared form of a query. The queries are constants, which bounds the map.
func (t tx) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := t.store.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := t.store.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	t.store.stmts[query] = stmt
	return stmt, nil
}

// exec runs a statement and returns how many rows it changed.
func (t tx) exec(query string, args ...any) (int64, error) {
	stmt, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row runs a query of one row into dest. It returns sql.ErrNoRows when there is none.
func (t tx) row(query string, args []any, dest ...any) error {
	stmt, err := t.stmt(query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(t.ctx, args...).Scan(dest...)
}

// query reads rows outside of any change and hands each to scan.
func (s *Store) query(
	ctx context.Context, op, query string, args []any, scan func(scanner) error,
) error {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("litestore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("litestore: %s: %w", op, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("litestore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	return nil
}

// one reads a row outside of any change into dest, or returns missing.
func (s *Store) one(
	ctx context.Context, op string, missing error, query string, args []any, dest ...any,
) error {
	found := false
	err := s.query(ctx, op, query, args, func(r scanner) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return fmt.Errorf("litestore: %s: %w", op, missing)
	}
	return err
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// codeBusy is SQLITE_BUSY (sqlite.org/rescode.html), the one result code that branches. The low
// octet of an extended code is its primary code.
const codeBusy = 5

func busy(err error) bool {
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code()&0xff == codeBusy
}
