package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ussdgw/wallet/ledger"
)

// lockMigrations is for one migrating process of a schema at a time.
const lockMigrations = `
SELECT pg_advisory_lock(hashtextextended('ussdgw ledger '
           || coalesce(nullif(CAST($1 AS text), ''), current_schema(), ''), 0))`

const createMigrationTable = `
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at bigint NOT NULL
)`

const insertMigration = `
INSERT INTO schema_migration (version, name, applied_at) VALUES ($1, $2, $3)`

const selectMigrations = `SELECT version, name, applied_at FROM schema_migration ORDER BY version`

const hasMigrationTable = `SELECT to_regclass('schema_migration') IS NOT NULL`

// Migrate applies what is missing, each migration in a transaction of its own. It waits while
// another process migrates.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("pgstore: migrate: %w", err)
	}
	return nil
}

// migrate uses a connection of its own, without time-outs: closing it gives up the lock.
func (s *Store) migrate(ctx context.Context) (err error) {
	config := s.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = "0"
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // what counts is committed
	if _, err := c.Exec(ctx, lockMigrations, s.config.Schema); err != nil {
		return err
	}
	if s.config.Schema != "" {
		name := pgx.Identifier{s.config.Schema}.Sanitize()
		if _, err := c.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+name); err != nil {
			return err
		}
	}
	if _, err := c.Exec(ctx, createMigrationTable); err != nil {
		return err
	}
	rows, err := c.Query(ctx, selectMigrations)
	if err != nil {
		return err
	}
	applied, err := pgx.CollectRows(rows, scanMigration)
	if err != nil {
		return err
	}
	for _, script := range s.scripts {
		if len(applied) >= script.Version {
			continue
		}
		if err := apply(ctx, c, script); err != nil {
			return fmt.Errorf("%04d_%s: %w", script.Version, script.Name, err)
		}
		applied = append(applied, ledger.Migration{
			Version: script.Version, Name: script.Name, AppliedAt: time.Now(),
		})
	}
	return ledger.CheckStatus(s.scripts, applied)
}

// apply runs one script, which holds many statements, and records it.
func apply(ctx context.Context, c *pgx.Conn, script ledger.Script) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := c.PgConn().Exec(ctx, script.SQL).ReadAll(); err != nil {
			return err
		}
		// The time of a migration is for people; no decision reads it.
		_, err := tx.Exec(ctx, insertMigration, script.Version, script.Name,
			time.Now().UnixMicro())
		return err
	})
}

// CheckSchema returns ledger.ErrSchemaOld or ledger.ErrSchemaNew when the schema is not this
// program's.
func (s *Store) CheckSchema(ctx context.Context) error {
	applied, err := s.applied(ctx)
	if err != nil {
		return err
	}
	return ledger.CheckStatus(s.scripts, applied)
}

// MigrationStatus lists this program's migrations and those that a newer one has applied.
func (s *Store) MigrationStatus(ctx context.Context) ([]ledger.Migration, error) {
	applied, err := s.applied(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.MergeStatus(s.scripts, applied), nil
}

func (s *Store) applied(ctx context.Context) ([]ledger.Migration, error) {
	const op = "migration status"
	var exists bool
	err := s.one(ctx, op, ledger.ErrUnavailable, hasMigrationTable, nil, &exists)
	if err != nil || !exists {
		return nil, err
	}
	var all []ledger.Migration
	err = s.query(ctx, op, selectMigrations, nil, func(r pgx.Rows) error {
		m, err := scanMigration(r)
		all = append(all, m)
		return err
	})
	return all, err
}

func scanMigration(r pgx.CollectableRow) (ledger.Migration, error) {
	var m ledger.Migration
	var at int64
	err := r.Scan(&m.Version, &m.Name, &at)
	m.AppliedAt = ledger.FromMicros(at)
	return m, err
}

// A limit of its own would have the audit planned for the first few rows, where there are none.
const selectBreaches = `
WITH breach (subject, detail) AS MATERIALIZED (%s)
SELECT subject, detail FROM breach LIMIT %d`

// Verify audits the books in one snapshot. It may take longer than a statement otherwise may.
func (s *Store) Verify(ctx context.Context) ([]ledger.Breach, error) {
	var breaches []ledger.Breach
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		// A few sorts and hash tables of a million rows, one audit at a time.
		if _, err := tx.Exec(ctx, `SET LOCAL work_mem = '64MB'`); err != nil {
			return err
		}
		for _, way := range otherWays {
			if _, err := tx.Exec(ctx, `SET LOCAL `+way+` = on`); err != nil {
				return err
			}
		}
		for _, audit := range ledger.Audits() {
			query := fmt.Sprintf(selectBreaches, audit.SQL, ledger.MaxBreaches)
			rows, err := tx.Query(ctx, query)
			if err != nil {
				return fmt.Errorf("%s: %w", audit.Name, err)
			}
			found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (ledger.Breach, error) {
				b := ledger.Breach{Check: audit.Name}
				return b, r.Scan(&b.Subject, &b.Detail)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", audit.Name, err)
			}
			breaches = append(breaches, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pgstore: verify: %w: %w", ledger.ErrUnavailable, err)
	}
	return breaches, nil
}
