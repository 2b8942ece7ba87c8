package sqlbooks

import (
	"context"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
)

const selectWalletID = `SELECT id FROM wallet WHERE id = $1`

const countMessage = `SELECT count(*) FROM outbox WHERE key = $1`

const countRecords = `SELECT count(*) FROM audit WHERE subject = $1 AND act = $2 AND at >= $3`

const copyMessage = `
INSERT INTO outbox (key, msisdn, kind, lang, fields, next_at, created_at)
SELECT $2, msisdn, kind, lang, fields, $3, $3 FROM outbox
WHERE key = $1 AND msisdn = (SELECT msisdn FROM wallet WHERE id = $4)`

// SendAgain enqueues a message once more.
func (b *Books) SendAgain(ctx context.Context, r ledger.Resend) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	return b.db.Change(ctx, "send again", func(t Tx) error {
		var id string
		err := t.Row(selectWalletID+b.lock, []any{r.Wallet}, &id)
		if errors.Is(err, ErrNoRow) {
			return ledger.ErrNoWallet
		}
		var there, asked int
		if err == nil {
			err = t.Row(countMessage, []any{r.Key}, &there)
		}
		if err == nil {
			err = t.Row(countRecords, []any{
				r.Record.Subject, r.Record.Act, ledger.Micros(r.Since),
			}, &asked)
		}
		switch {
		case err != nil:
			return err
		case there > 0:
			return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: r.Key}
		case asked >= r.Most:
			return &ledger.Decline{Reason: ledger.ReasonTooOften, Key: r.Key}
		}
		copied, err := t.Exec(copyMessage, r.Of, r.Key, ledger.Micros(r.Record.At), r.Wallet)
		if err == nil && copied == 0 {
			err = ledger.ErrNoMessage
		}
		if err != nil {
			return err
		}
		return record(t, r.Record)
	})
}
