package litestore

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"ussdgw/menus/revision"
	"ussdgw/wallet/ledger"
)

var _ revision.Store = (*Store)(nil)

const insertRevision = `
INSERT INTO menu_revision (id, files, author, stored_at)
SELECT $1, $2, $3, $4
WHERE NOT EXISTS (SELECT 1 FROM menu_revision WHERE id = $1)`

// PutRevision stores a revision; see revision.Store.
func (s *Store) PutRevision(ctx context.Context, r revision.Revision) error {
	if err := r.Verify(); err != nil {
		return fmt.Errorf("litestore: put revision: %w", err)
	}
	return s.change(ctx, "put revision", func(t tx) error {
		files := revision.Encode(r.Files)
		rows, err := t.exec(insertRevision, r.ID, files, r.Author, ledger.Micros(r.StoredAt))
		if err != nil || rows == 1 {
			return err
		}
		var stored []byte
		err = t.row(selectFiles, []any{r.ID}, &stored)
		if err == nil && !bytes.Equal(stored, files) {
			err = fmt.Errorf("%w: other files are stored as %s", revision.ErrTampered, r.ID)
		}
		return err
	})
}

const selectFiles = `SELECT files FROM menu_revision WHERE id = $1`

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
		return revision.Revision{}, fmt.Errorf("litestore: revision: %w", err)
	}
	return r, nil
}

const countRevision = `SELECT count(*) FROM menu_revision WHERE id = $1`

// An entry goes in only after the one that it was sealed on.
const insertChange = `
INSERT INTO menu_change (seq, at, kind, revision, content, base, stage, numbers, percent,
                         actor, reason, prev, hash)
SELECT $1, $2, $3, nullif($4, ''), CASE WHEN $4 <> '' THEN $5 END, nullif($6, ''), $7, $8, $9, $10,
       $11, $12, $13
WHERE ($1 = 1 OR EXISTS (SELECT 1 FROM menu_change p WHERE p.seq = $1 - 1 AND p.hash = $12))
  AND NOT EXISTS (SELECT 1 FROM menu_change WHERE seq = $1)`

// AppendChange adds an entry to the log; see revision.Store. ledger.ErrInDoubt says that it may
// be there: read the log again.
func (s *Store) AppendChange(ctx context.Context, c revision.Change) error {
	return s.change(ctx, "append change", func(t tx) error {
		for _, id := range []string{c.Revision, c.Base} {
			var stored int
			if err := t.row(countRevision, []any{id}, &stored); err != nil {
				return err
			}
			if id != "" && stored == 0 {
				return fmt.Errorf("%w: %s", revision.ErrNotFound, id)
			}
		}
		rows, err := t.exec(insertChange, c.Seq, ledger.Micros(c.At), string(c.Kind), c.Revision,
			c.Content[:], c.Base, string(c.Stage), strings.Join(c.Numbers, " "), c.Percent, c.Actor,
			c.Reason, c.Prev[:], c.Hash[:])
		if err == nil && rows == 0 {
			return fmt.Errorf("%w: %d", revision.ErrStale, c.Seq)
		}
		return err
	})
}

const selectChanges = `
SELECT seq, at, kind, coalesce(revision, ''), content, coalesce(base, ''), stage, numbers, percent,
       actor, reason, prev, hash
FROM menu_change WHERE seq > $1 ORDER BY seq LIMIT $2`

// Changes returns entries of the log; see revision.Store.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]revision.Change, error) {
	var log []revision.Change
	err := s.query(ctx, "changes", selectChanges, []any{after, limit}, func(r scanner) error {
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
