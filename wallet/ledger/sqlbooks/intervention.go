package sqlbooks

import (
	"context"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
)

const selectLock = `SELECT locked_until FROM wallet_pin WHERE wallet = $1`

const updateLock = `
UPDATE wallet_pin SET locked_until = $2, tries = 0,
       locks = CASE WHEN CAST($3 AS TEXT) = 'unlock' THEN 0 ELSE locks END,
       staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

// Intervene does an act on the lock of a wallet and records it.
func (b *Books) Intervene(ctx context.Context, i ledger.Intervention) error {
	if err := i.Validate(); err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	return b.db.Change(ctx, "intervene", func(t Tx) error {
		var locked int64
		err := t.Row(selectLock+b.lock, []any{i.Wallet}, &locked)
		if errors.Is(err, ErrNoRow) {
			return ledger.ErrNoWallet
		}
		if err != nil {
			return err
		}
		until, done, err := ledger.JudgeIntervention(i, ledger.FromMicros(locked))
		if err != nil || done {
			return err
		}
		if _, err = t.Exec(updateLock, i.Wallet, ledger.Micros(until), string(i.Act)); err != nil {
			return err
		}
		if err := record(t, i.Record()); err != nil || i.Message.Kind == "" {
			return err
		}
		return EnqueueNew(t, i.Message, ledger.Micros(i.At))
	})
}
