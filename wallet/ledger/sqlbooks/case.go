package sqlbooks

import (
	"context"
	"errors"

	"ussdgw/wallet/ledger"
)

const insertCase = `
INSERT INTO cases (key, kind, provider, subject, amount, detail, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (key) DO NOTHING`

// OpenCase opens a case, and reports whether it is new.
func OpenCase(t Tx, c ledger.Case) (bool, error) {
	if err := c.Validate(); err != nil {
		return false, err
	}
	n, err := t.Exec(insertCase, c.Key, c.Kind, c.Provider, c.Subject, c.Amount, c.Detail,
		ledger.Micros(c.OpenedAt))
	return n > 0, err
}

// OpenCases opens cases and returns how many of them are new.
func (b *Books) OpenCases(
	ctx context.Context, all []ledger.Case, r *ledger.Record,
) (opened int, err error) {
	err = b.db.Bulk(ctx, "open cases", func(t Tx) error {
		opened = 0
		for _, c := range all {
			isNew, err := OpenCase(t, c)
			if err != nil {
				return err
			}
			if isNew {
				opened++
			}
		}
		if r == nil || opened == 0 {
			return nil
		}
		return record(t, *r)
	})
	if err != nil {
		return 0, err
	}
	return opened, nil
}

const selectCase = `
SELECT id, key, kind, provider, subject, amount, detail, opened_at, closed_at, closed_by, resolution
FROM cases `

const (
	selectCaseByID     = selectCase + `WHERE id = $1`
	selectOpenCases    = selectCase + `WHERE closed_at = 0 AND id > $1 ORDER BY id LIMIT $2`
	selectAllCases     = selectCase + `WHERE id > $1 ORDER BY id LIMIT $2`
	selectSubjectCases = selectCase + `WHERE subject = $1 ORDER BY id LIMIT $2`
)

// Case returns a case.
func (b *Books) Case(ctx context.Context, id int64) (ledger.Case, error) {
	all, err := b.cases(ctx, selectCaseByID, id)
	if err == nil && len(all) == 0 {
		err = ledger.ErrNoCase
	}
	if err != nil {
		return ledger.Case{}, err
	}
	return all[0], nil
}

// Cases returns cases, oldest first.
func (b *Books) Cases(
	ctx context.Context, open bool, after int64, limit int,
) ([]ledger.Case, error) {
	query := selectAllCases
	if open {
		query = selectOpenCases
	}
	return b.cases(ctx, query, after, limit)
}

// SubjectCases returns the cases about a subject, oldest first.
func (b *Books) SubjectCases(
	ctx context.Context, subject string, limit int,
) ([]ledger.Case, error) {
	return b.cases(ctx, selectSubjectCases, subject, limit)
}

func (b *Books) cases(ctx context.Context, query string, args ...any) ([]ledger.Case, error) {
	var all []ledger.Case
	err := b.db.View(ctx, "cases", func(t Tx) error {
		return t.Rows(query, args, func(scan Scan) error {
			var c ledger.Case
			var opened, closed int64
			err := scan(&c.ID, &c.Key, &c.Kind, &c.Provider, &c.Subject, &c.Amount, &c.Detail, &opened,
				&closed, &c.ClosedBy, &c.Resolution)
			c.OpenedAt, c.ClosedAt = ledger.FromMicros(opened), ledger.FromMicros(closed)
			all = append(all, c)
			return err
		})
	})
	return all, err
}

const selectClosed = `SELECT closed_at FROM cases WHERE id = $1`

const closeCase = `
UPDATE cases SET closed_at = $2, closed_by = $3, resolution = $4 WHERE id = $1`

// CloseCase closes a case, and records it.
func (b *Books) CloseCase(ctx context.Context, id int64, r ledger.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	return b.db.Change(ctx, "close case", func(t Tx) error {
		var closed int64
		err := t.Row(selectClosed+b.lock, []any{id}, &closed)
		if errors.Is(err, ErrNoRow) {
			return ledger.ErrNoCase
		}
		if err != nil {
			return err
		}
		if closed > 0 {
			return &ledger.Decline{Reason: ledger.ReasonCaseClosed}
		}
		if _, err := t.Exec(closeCase, id, ledger.Micros(r.At), r.Actor, r.Reason); err != nil {
			return err
		}
		return record(t, r)
	})
}
