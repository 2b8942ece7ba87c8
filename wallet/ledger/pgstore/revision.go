package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ussdgw/menus/revision"
	"ussdgw/wallet/ledger"
)

var _ revision.Store = (*Store)(nil)

const insertRevision = `
INSERT INTO menu_revision (id, files, author, stored_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING`

// PutRevision stores a revision; see revision.Store.
func (s *Store) PutRevision(ctx context.Context, r revision.Revision) error {
	if err := r.Verify(); err != nil {
		return fmt.Errorf("pgstore: put revision: %w", err)
	}
	rows, err := s.exec(ctx, "put revision", insertRevision, r.ID, revision.Encode(r.Files),
		r.Author, ledger.Micros(r.StoredAt))
	if err != nil || rows == 1 {
		return err
	}
	stored, err := s.Revision(ctx, r.ID)
	if err == nil && stored.Content() != r.Content() {
		err = fmt.Errorf("pgstore: put revision: %w: other files are stored as %s",
			revision.ErrTampered, r.ID)
	}
	return err
}

const selectRevision = `SELECT files, author, stored_at FROM menu_revision WHERE id = $1`

// Revision returns a revision with its files, or revision.ErrNotFound, or revision.ErrTampered
// when its files are not those that were stored.
func (s *Store) Revision(ctx context.Context, id string) (revision.Revision, error) {
	r := revision.Revision{ID: id}
	var files []byte
	var at int64
	err := s.one(ctx, "revision "+id, revision.ErrNotFound, selectRevision, []any{id},
		&files, &r.Author, &at)
	if err != nil {
		return revision.Revision{}, err
	}
	r.StoredAt = ledger.FromMicros(at)
	if r.Files, err = revision.Decode(files); err == nil {
		err = r.Verify()
	}
	if err != nil {
		return revision.Revision{}, fmt.Errorf("pgstore: revision: %w", err)
	}
	return r, nil
}

// An entry goes in only after the one that it was sealed on.
const insertChange = `
INSERT INTO menu_change (seq, at, kind, revision, content, base, stage, numbers, percent,
                         actor, reason, prev, hash)
SELECT $1::bigint, $2, $3, nullif($4, ''), CASE WHEN $4 <> '' THEN $5::bytea END, nullif($6, ''),
       $7, $8, $9, $10, $11, $12, $13
WHERE $1 = 1 OR EXISTS (SELECT 1 FROM menu_change p WHERE p.seq = $1 - 1 AND p.hash = $12)
ON CONFLICT DO NOTHING`

// constraintBase refuses an entry whose base is not stored.
const constraintBase = "menu_change_base_fkey"

// AppendChange adds an entry to the log; see revision.Store. ledger.ErrInDoubt says that it may
// be there: read the log again.
func (s *Store) AppendChange(ctx context.Context, c revision.Change) error {
	rows, err := s.exec(ctx, "append change", insertChange, c.Seq, ledger.Micros(c.At),
		string(c.Kind), c.Revision, c.Content[:], c.Base, string(c.Stage),
		strings.Join(c.Numbers, " "), c.Percent, c.Actor, c.Reason, c.Prev[:], c.Hash[:])
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == stateForeignKey:
		missing := c.Revision
		if refused.ConstraintName == constraintBase {
			missing = c.Base
		}
		return fmt.Errorf("pgstore: append change: %w: %s", revision.ErrNotFound, missing)
	case err == nil && rows == 0:
		return fmt.Errorf("pgstore: append change %d: %w", c.Seq, revision.ErrStale)
	}
	return err
}

const selectChanges = `
SELECT seq, at, kind, coalesce(revision, ''), content, coalesce(base, ''), stage, numbers, percent,
       actor, reason, prev, hash
FROM menu_change WHERE seq > $1 ORDER BY seq LIMIT $2`

// Changes returns entries of the log; see revision.Store.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]revision.Change, error) {
	var log []revision.Change
	err := s.query(ctx, "changes", selectChanges, []any{after, limit}, func(r pgx.Rows) error {
		var c revision.Change
		var at int64
		var numbers string
		var content, prev, hash []byte
		err := r.Scan(&c.Seq, &at, &c.Kind, &c.Revision, &content, &c.Base, &c.Stage, &numbers,
			&c.Percent, &c.Actor, &c.Reason, &prev, &hash)
		if numbers != "" {
			c.Numbers = strings.Fields(numbers)
		}
		c.At = ledger.FromMicros(at)
		copy(c.Content[:], content)
		copy(c.Prev[:], prev)
		copy(c.Hash[:], hash)
		log = append(log, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return log, nil
}
