// Package pgstore keeps the books in PostgreSQL 15 or later, by pgx. It implements ledger.Store
// for any number of gateway processes at once.
//
// What a caller may not cancel runs detached from the caller's deadline; the server's own
// statement and lock time-outs bound it. A caller whose time is over leaves it behind. Errors are
// told apart by SQLSTATE, never by their text.
//
// It starts the goroutines of a pgxpool.Pool and one for each change under way. All end with Close.
package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
)

//go:embed migrations/*.sql
var migrations embed.FS

var _ ledger.Store = (*Store)(nil)

// Config says where the books are.
type Config struct {
	// URL is a connection string as libpq reads it. It may hold the password.
	URL string
	// Schema holds all tables and functions [the server's default]. Migrate creates it.
	Schema string
	// MaxConns bounds the open connections [8].
	MaxConns int
	// ConnectTimeout bounds the making of a connection and the wait for one [5 s].
	ConnectTimeout time.Duration
	// LockTimeout bounds how long a change waits for another one [2 s].
	LockTimeout time.Duration
	// StatementTimeout bounds a statement on the server [5 s]. It is longer than LockTimeout.
	StatementTimeout time.Duration
}

func (c Config) withDefaults() Config {
	setDefault := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	setDefault(&c.ConnectTimeout, 5*time.Second)
	setDefault(&c.LockTimeout, 2*time.Second)
	setDefault(&c.StatementTimeout, 5*time.Second)
	if c.MaxConns == 0 {
		c.MaxConns = 8
	}
	return c
}

func (c Config) validate() error {
	var faults []error
	if c.URL == "" {
		faults = append(faults, errors.New("URL is required"))
	}
	if c.MaxConns < 1 || c.MaxConns > 1000 {
		faults = append(faults, fmt.Errorf("MaxConns %d has to be 1 to 1000", c.MaxConns))
	}
	if c.ConnectTimeout < 0 || c.LockTimeout < time.Millisecond ||
		c.StatementTimeout <= c.LockTimeout {
		faults = append(faults, fmt.Errorf(
			"time-outs have to be positive, and StatementTimeout %s longer than LockTimeout %s",
			c.StatementTimeout, c.LockTimeout))
	}
	return errors.Join(faults...)
}

// A Store is the books in one schema of a PostgreSQL database.
type Store struct {
	*sqlbooks.Books

	config  Config
	pool    *pgxpool.Pool
	scripts []ledger.Script
}

// Open connects, and fails with the host and the cause when it cannot. It does not migrate: see
// CheckSchema.
func Open(ctx context.Context, config Config) (*Store, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	scripts, err := ledger.Scripts(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	pc, err := pgxpool.ParseConfig(config.URL)
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err) // pgx masks the password
	}
	pc.MaxConns = int32(config.MaxConns)
	pc.ConnConfig.ConnectTimeout = config.ConnectTimeout
	params := pc.ConnConfig.RuntimeParams
	params["statement_timeout"] = milliseconds(config.StatementTimeout)
	params["lock_timeout"] = milliseconds(config.LockTimeout)
	params["idle_in_transaction_session_timeout"] = milliseconds(config.StatementTimeout)
	if params["application_name"] == "" {
		params["application_name"] = "ussdgw"
	}
	for _, way := range otherWays {
		params[way] = "off"
	}
	if config.Schema != "" {
		params["search_path"] = pgx.Identifier{config.Schema}.Sanitize()
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), pc)
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	s := &Store{config: config, pool: pool, scripts: scripts}
	s.Books = sqlbooks.New(db{s})
	if err := s.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	return s, nil
}

// otherWays are the planner's alternatives to an index. Every query here but Verify's is of a few
// rows by an index, and a plan that was made while a table was empty is kept for long.
var otherWays = []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Ping reports whether the server answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer cancel()
	if err := s.pool.Ping(ctx); err != nil {
		c := s.pool.Config().ConnConfig
		return fmt.Errorf("pgstore: %w: %s:%d: %w", ledger.ErrUnavailable, c.Host, c.Port, err)
	}
	return nil
}

// Close closes all connections. It waits for those in use.
func (s *Store) Close() { s.pool.Close() }

// query reads rows outside of any change and hands each to scan.
func (s *Store) query(
	ctx context.Context, op, query string, args []any, scan func(pgx.Rows) error,
) error {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("pgstore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("pgstore: %s: %w", op, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("pgstore: %s: %w: %w", op, ledger.ErrUnavailable, err)
	}
	return nil
}

// one reads a row outside of any change into dest, or returns missing.
func (s *Store) one(
	ctx context.Context, op string, missing error, query string, args []any, dest ...any,
) error {
	found := false
	err := s.query(ctx, op, query, args, func(r pgx.Rows) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return fmt.Errorf("pgstore: %s: %w", op, missing)
	}
	return err
}

// The SQLSTATEs that branch (PostgreSQL documentation, appendix A).
const (
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateUnknown       = "40003" // statement completion unknown
	stateTxUnknown     = "08007" // transaction resolution unknown
	stateLockTimeout   = "55P03"
	stateCanceled      = "57014" // by statement_timeout
	stateForeignKey    = "23503"
)

// errLocked says that another change took longer than the lock time-out. Nothing was changed.
var errLocked = fmt.Errorf("%w: locked by another change", ledger.ErrUnavailable)

// classify says what an error of the server or of the connection means for a change. committing
// says that the change may have been committed by then.
func classify(err error, committing bool) error {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case known(err):
		return err
	case errors.As(err, &refused) && definite(refused):
		// The server has undone all of the transaction.
		if refused.Code == stateLockTimeout || refused.Code == stateCanceled {
			return fmt.Errorf("%w: %w", errLocked, err)
		}
		return err
	case pgconn.SafeToRetry(err), !committing:
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ledger.ErrInDoubt, err)
}

// known reports whether err is one of the ledger's own.
func known(err error) bool {
	var decline *ledger.Decline
	return errors.As(err, &decline) || errors.Is(err, ledger.ErrNoWallet) ||
		errors.Is(err, ledger.ErrNoOffer) || errors.Is(err, ledger.ErrNoHold) ||
		errors.Is(err, ledger.ErrNoTransfer) || errors.Is(err, ledger.ErrNoAgent) ||
		errors.Is(err, ledger.ErrNoCase) || errors.Is(err, ledger.ErrNoAccount) ||
		errors.Is(err, ledger.ErrNoMessage)
}

// definite reports whether the server has said that a statement failed. An error that ends the
// connection may come after the commit.
func definite(err *pgconn.PgError) bool {
	return err.SeverityUnlocalized == "ERROR" && err.Code != stateUnknown &&
		err.Code != stateTxUnknown
}

// conflict reports whether the server undid a transaction for the sake of another one.
func conflict(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) &&
		(refused.Code == stateSerialization || refused.Code == stateDeadlock)
}
