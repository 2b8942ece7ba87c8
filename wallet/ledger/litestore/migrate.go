package litestore

import (
	"context"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
)

const createMigrationTable = `
CREATE TABLE IF NOT EXISTS schema_migration (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT`

const insertMigration = `
INSERT INTO schema_migration (version, name, applied_at) VALUES ($1, $2, $3)`

const selectMigrations = `SELECT version, name, applied_at FROM schema_migration ORDER BY version`

// Migrate applies what is missing, each migration in a transaction of its own. Open has done it.
func (s *Store) Migrate(ctx context.Context) error {
	err := s.change(ctx, "migrate", func(t tx) error {
		_, err := t.store.conn.ExecContext(t.ctx, createMigrationTable)
		return err
	})
	if err != nil {
		return err
	}
	applied, err := s.applied(ctx)
	if err != nil {
		return err
	}
	for _, script := range s.scripts {
		if len(applied) >= script.Version {
			continue
		}
		if err := s.migrate(ctx, script); err != nil {
			return err
		}
	}
	return s.CheckSchema(ctx)
}

func (s *Store) migrate(ctx context.Context, script ledger.Script) error {
	op := fmt.Sprintf("migrate: %04d_%s", script.Version, script.Name)
	return s.change(ctx, op, func(t tx) error {
		var have int
		const count = `SELECT count(*) FROM schema_migration WHERE version = $1`
		if err := t.row(count, []any{script.Version}, &have); err != nil || have > 0 {
			return err // another process was first
		}
		if _, err := t.store.conn.ExecContext(t.ctx, script.SQL); err != nil {
			return err
		}
		// The time of a migration is for people; no decision reads it.
		_, err := t.exec(insertMigration, script.Version, script.Name, time.Now().UnixMicro())
		return err
	})
}

// CheckSchema returns ledger.ErrSchemaOld or ledger.ErrSchemaNew when the file's schema is not
// this program's.
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
	var all []ledger.Migration
	err := s.query(ctx, "migration status", selectMigrations, nil, func(r scanner) error {
		var m ledger.Migration
		var at int64
		if err := r.Scan(&m.Version, &m.Name, &at); err != nil {
			return err
		}
		m.AppliedAt = ledger.FromMicros(at)
		all = append(all, m)
		return nil
	})
	return all, err
}

// Verify audits the books in one snapshot.
func (s *Store) Verify(ctx context.Context) ([]ledger.Breach, error) {
	snapshot, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("litestore: verify: %w: %w", ledger.ErrUnavailable, err)
	}
	defer func() { _ = snapshot.Rollback() }() // it has only read
	var breaches []ledger.Breach
	for _, audit := range ledger.Audits() {
		query := fmt.Sprintf("%s LIMIT %d", audit.SQL, ledger.MaxBreaches)
		rows, err := snapshot.QueryContext(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("litestore: verify: %s: %w", audit.Name, err)
		}
		for rows.Next() {
			b := ledger.Breach{Check: audit.Name}
			if err := rows.Scan(&b.Subject, &b.Detail); err != nil {
				_ = rows.Close() // the scan's error says more
				return nil, fmt.Errorf("litestore: verify: %s: %w", audit.Name, err)
			}
			breaches = append(breaches, b)
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("litestore: verify: %s: %w", audit.Name, err)
		}
	}
	return breaches, nil
}
