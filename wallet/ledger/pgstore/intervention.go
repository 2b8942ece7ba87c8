package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ussdgw/wallet/ledger"
)

const lockLock = `SELECT locked_until FROM wallet_pin WHERE wallet = $1 FOR NO KEY UPDATE`

const updateLock = `
UPDATE wallet_pin SET locked_until = $2, tries = 0,
       locks = CASE WHEN $3::text = 'unlock' THEN 0 ELSE locks END,
       staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

const insertIntervention = `
INSERT INTO intervention (wallet, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

// Intervene does an act on the lock of a wallet and records it.
func (s *Store) Intervene(ctx context.Context, i ledger.Intervention) error {
	if err := i.Validate(); err != nil {
		return fmt.Errorf("pgstore: %w", err)
	}
	at := ledger.Micros(i.At)
	return s.transact(ctx, "intervene", func(ctx context.Context, tx pgx.Tx) error {
		var locked int64
		err := tx.QueryRow(ctx, lockLock, i.Wallet).Scan(&locked)
		if errors.Is(err, pgx.ErrNoRows) {
			return ledger.ErrNoWallet
		}
		if err != nil {
			return err
		}
		until, done, err := ledger.JudgeIntervention(i, ledger.FromMicros(locked))
		if err != nil || done {
			return err
		}
		_, err = tx.Exec(ctx, updateLock, i.Wallet, ledger.Micros(until), string(i.Act))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertIntervention, i.Wallet, string(i.Act), i.Actor, i.Reason, at)
		if err != nil || i.Message.Kind == "" {
			return err
		}
		return enqueueNew(ctx, tx, i.Message, at)
	})
}

const selectInterventions = `
SELECT wallet, act, actor, reason, at FROM intervention WHERE wallet = $1
ORDER BY id DESC LIMIT $2`

// Interventions returns the acts on a wallet, newest first.
func (s *Store) Interventions(
	ctx context.Context, wallet string, limit int,
) ([]ledger.Intervention, error) {
	var all []ledger.Intervention
	err := s.query(ctx, "interventions", selectInterventions, []any{wallet, limit},
		func(rows pgx.Rows) error {
			var i ledger.Intervention
			var at int64
			err := rows.Scan(&i.Wallet, &i.Act, &i.Actor, &i.Reason, &at)
			i.At = ledger.FromMicros(at)
			all = append(all, i)
			return err
		})
	return all, err
}
