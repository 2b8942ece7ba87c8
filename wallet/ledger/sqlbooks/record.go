package sqlbooks

import (
	"context"

	"ussdgw/wallet/ledger"
)

const insertRecord = `
INSERT INTO audit (at, actor, act, subject, reason, detail) VALUES ($1, $2, $3, $4, $5, $6)`

// record writes a line of the audit.
func record(t Tx, r ledger.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	_, err := t.Exec(insertRecord, ledger.Micros(r.At), r.Actor, r.Act, r.Subject, r.Reason, r.Detail)
	return err
}

const selectRecords = `
SELECT at, actor, act, subject, reason, detail FROM audit `

const (
	selectRecordsOf  = selectRecords + `WHERE subject = $1 ORDER BY id DESC LIMIT $2`
	selectAllRecords = selectRecords + `ORDER BY id DESC LIMIT $1`
)

// Records returns lines of the audit, newest first.
func (b *Books) Records(
	ctx context.Context, subject string, limit int,
) ([]ledger.Record, error) {
	query, args := selectRecordsOf, []any{subject, limit}
	if subject == "" {
		query, args = selectAllRecords, []any{limit}
	}
	var all []ledger.Record
	err := b.db.View(ctx, "records", func(t Tx) error {
		return t.Rows(query, args, func(scan Scan) error {
			var r ledger.Record
			var at int64
			err := scan(&at, &r.Actor, &r.Act, &r.Subject, &r.Reason, &r.Detail)
			r.At = ledger.FromMicros(at)
			all = append(all, r)
			return err
		})
	})
	return all, err
}
