package litestore

import (
	"context"
	"fmt"

	"ussdgw/wallet/ledger"
)

const updateLock = `
UPDATE wallet_pin SET locked_until = $2, tries = 0,
       locks = CASE WHEN $3 = 'unlock' THEN 0 ELSE locks END,
       staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

const insertIntervention = `
INSERT INTO intervention (wallet, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

// Intervene does an act on the lock of a wallet and records it.
func (s *Store) Intervene(ctx context.Context, i ledger.Intervention) error {
	if err := i.Validate(); err != nil {
		return fmt.Errorf("litestore: %w", err)
	}
	at := ledger.Micros(i.At)
	return s.change(ctx, "intervene", func(t tx) error {
		p, err := t.pin(i.Wallet)
		if err != nil {
			return err
		}
		until, done, err := ledger.JudgeIntervention(i, ledger.FromMicros(p.lockedUntil))
		if err != nil || done {
			return err
		}
		if _, err := t.exec(updateLock, i.Wallet, ledger.Micros(until), i.Act); err != nil {
			return err
		}
		_, err = t.exec(insertIntervention, i.Wallet, i.Act, i.Actor, i.Reason, at)
		if err != nil || i.Message.Kind == "" {
			return err
		}
		return t.enqueueNew(i.Message, at)
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
		func(rows scanner) error {
			var i ledger.Intervention
			var at int64
			err := rows.Scan(&i.Wallet, &i.Act, &i.Actor, &i.Reason, &at)
			i.At = ledger.FromMicros(at)
			all = append(all, i)
			return err
		})
	return all, err
}
