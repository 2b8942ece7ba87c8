package sqlbooks

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/pin"
)

const selectIdentity = `SELECT level, imsi_hash, suspect FROM wallet WHERE id = $1`

// identity is what a wallet's row says of its owner.
type identity struct {
	level   string
	imsi    []byte
	suspect ledger.Suspicion
}

// identity reads a wallet's row, which stays as it is until the transaction ends.
func (b *Books) identity(t Tx, wallet string) (identity, error) {
	var i identity
	err := t.Row(selectIdentity+b.lock, []any{wallet}, &i.level, &i.imsi, &i.suspect)
	return i, noWallet(err)
}

func noWallet(err error) error {
	if errors.Is(err, ErrNoRow) {
		return ledger.ErrNoWallet
	}
	return err
}

const updateLevel = `UPDATE wallet SET level = $2 WHERE id = $1`

// SetLevel changes the identification level of a wallet and records it.
func (b *Books) SetLevel(ctx context.Context, wallet, level string, r ledger.Record) error {
	if level == "" {
		return errors.New("sqlbooks: set level: no level")
	}
	return b.db.Change(ctx, "set level", func(t Tx) error {
		now, err := b.identity(t, wallet)
		if err != nil || now.level == level {
			return err
		}
		if _, err := t.Exec(updateLevel, wallet, level); err != nil {
			return err
		}
		done := r
		done.Detail = now.level + " -> " + level
		return record(t, done)
	})
}

const updateIMSI = `UPDATE wallet SET imsi_hash = $2 WHERE id = $1`

// SetIMSI remembers the keyed hash of an IMSI, if none was.
func (b *Books) SetIMSI(ctx context.Context, wallet string, hash []byte) (bool, error) {
	if len(hash) == 0 {
		return false, errors.New("sqlbooks: set IMSI: no hash")
	}
	same := false
	err := b.db.Change(ctx, "set IMSI", func(t Tx) error {
		now, err := b.identity(t, wallet)
		same = err == nil && (len(now.imsi) == 0 || bytes.Equal(now.imsi, hash))
		if err != nil || len(now.imsi) > 0 {
			return err
		}
		_, err = t.Exec(updateIMSI, wallet, hash)
		return err
	})
	if err != nil {
		return false, err
	}
	return same, nil
}

const updateSuspect = `UPDATE wallet SET suspect = $2, suspect_at = $3 WHERE id = $1`

// Suspect marks a wallet whose number may have another owner.
func (b *Books) Suspect(ctx context.Context, a ledger.Alarm) (bool, error) {
	if err := a.Validate(); err != nil {
		return false, fmt.Errorf("sqlbooks: %w", err)
	}
	at := ledger.Micros(a.Record.At)
	marked := false
	err := b.db.Change(ctx, "suspect", func(t Tx) error {
		now, err := b.identity(t, a.Wallet)
		known := len(a.IMSI) > 0 && (len(now.imsi) == 0 || bytes.Equal(now.imsi, a.IMSI))
		marked = err == nil && now.suspect == "" && !known
		if err != nil || !marked {
			return err
		}
		if _, err := t.Exec(updateSuspect, a.Wallet, string(a.Why), at); err != nil {
			return err
		}
		if err := record(t, a.Record); err != nil || a.Message.Kind == "" {
			return err
		}
		return EnqueueNew(t, a.Message, at)
	})
	if err != nil {
		return false, err
	}
	return marked, nil
}

const updateConfirmed = `
UPDATE wallet SET suspect = '', suspect_at = 0, imsi_hash = $2 WHERE id = $1`

// Confirm ends a suspicion.
func (b *Books) Confirm(
	ctx context.Context, wallet string, hash []byte, r ledger.Record,
) error {
	return b.db.Change(ctx, "confirm", func(t Tx) error {
		now, err := b.identity(t, wallet)
		if err != nil {
			return err
		}
		if now.suspect == "" {
			return &ledger.Decline{Reason: ledger.ReasonNotSuspect}
		}
		if _, err := t.Exec(updateConfirmed, wallet, null(hash)); err != nil {
			return err
		}
		return record(t, r)
	})
}

const countFirstPINs = `SELECT count(*) FROM first_pin WHERE wallet = $1 AND made_at >= $2`

const updateReset = `
UPDATE wallet_pin SET key_version = $2, salt = $3, mac = $4, first = true, used = false,
       set_at = $5, reset_at = $5, tries = 0, locks = 0, locked_until = 0,
       staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

const insertFirstPIN = `INSERT INTO first_pin (wallet, made_at) VALUES ($1, $2)`

// ResetPIN puts a new first PIN in force, ends a lock of wrong PINs, and records it.
func (b *Books) ResetPIN(ctx context.Context, p ledger.PINReset) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	at := ledger.Micros(p.Record.At)
	return b.db.Change(ctx, "reset PIN", func(t Tx) error {
		if err := b.mayReset(t, p); err != nil {
			return err
		}
		_, err := t.Exec(updateReset, p.Wallet, p.PIN.KeyVersion, p.PIN.Salt, p.PIN.MAC, at)
		if err != nil {
			return err
		}
		if _, err := t.Exec(insertFirstPIN, p.Wallet, at); err != nil {
			return err
		}
		if err := record(t, p.Record); err != nil {
			return err
		}
		return EnqueueNew(t, p.Message, at)
	})
}

func (b *Books) mayReset(t Tx, p ledger.PINReset) error {
	now, err := b.identity(t, p.Wallet)
	if err != nil {
		return err
	}
	if now.suspect != "" {
		return &ledger.Decline{Reason: ledger.ReasonSuspect}
	}
	var locked int64
	if err := t.Row(selectLock+b.lock, []any{p.Wallet}, &locked); err != nil {
		return noWallet(err)
	}
	if ledger.FromMicros(locked).Equal(ledger.BlockedUntil()) {
		return &ledger.Decline{Reason: ledger.ReasonBlocked}
	}
	if p.Since.IsZero() {
		return nil
	}
	made := 0
	err = t.Row(countFirstPINs, []any{p.Wallet, ledger.Micros(p.Since)}, &made)
	if err == nil && made > 0 {
		return &ledger.Decline{Reason: ledger.ReasonTooOften}
	}
	return err
}

const updateRightAnswer = `
UPDATE pin_attempt SET verdict = 'right' WHERE wallet = $1 AND attempt = $2 AND verdict = ''`

const selectVerdict = `SELECT verdict FROM pin_attempt WHERE wallet = $1 AND attempt = $2`

const takeTryBack = `UPDATE wallet_pin SET tries = tries - 1 WHERE wallet = $1 AND tries > 0`

// RightAnswer takes the try of a counted attempt back.
func (b *Books) RightAnswer(ctx context.Context, try ledger.Try) error {
	return b.db.Change(ctx, "right answer", func(t Tx) error {
		var locked int64
		if err := t.Row(selectLock+b.lock, []any{try.Wallet}, &locked); err != nil {
			return noWallet(err)
		}
		changed, err := t.Exec(updateRightAnswer, try.Wallet, try.Attempt)
		if err == nil && changed > 0 {
			_, err = t.Exec(takeTryBack, try.Wallet)
			return err
		}
		var verdict string
		if err == nil {
			err = t.Row(selectVerdict, []any{try.Wallet, try.Attempt}, &verdict)
		}
		if errors.Is(err, ErrNoRow) || err == nil && verdict != "right" {
			return errors.New("the attempt was not counted, or was wrong")
		}
		return err
	})
}

const selectLastSpent = `
SELECT amount FROM transfer
WHERE wallet = $1 AND kind IN ('payment', 'transfer', 'cash_out')
ORDER BY posted_at DESC, seq DESC LIMIT 1`

// LastSpent returns the amount of the newest movement that the wallet's owner has made.
func (b *Books) LastSpent(ctx context.Context, wallet string) (money.Amount, error) {
	var amount money.Amount
	err := b.db.View(ctx, "last spent", func(t Tx) error {
		err := t.Row(selectLastSpent, []any{wallet}, &amount)
		if errors.Is(err, ErrNoRow) {
			return nil
		}
		return err
	})
	return amount, err
}

const updateVerifier = `
UPDATE wallet_pin SET key_version = $3, salt = $4, mac = $5 WHERE wallet = $1 AND mac = $2`

// RekeyPIN puts a verifier of the same PIN under another key in force.
func (b *Books) RekeyPIN(ctx context.Context, wallet string, from, to pin.Verifier) error {
	return b.db.Change(ctx, "rekey PIN", func(t Tx) error {
		_, err := t.Exec(updateVerifier, wallet, from.MAC, to.KeyVersion, to.Salt, to.MAC)
		return err
	})
}

// A sealed payload names its key version in its octets 2 to 5: see pin.Keys.Seal.
const (
	countPINKeys = `SELECT key_version, count(*) FROM wallet_pin GROUP BY key_version`
	countINNKeys = `
SELECT substr(inn_sealed, 2, 4), count(*) FROM wallet WHERE inn_sealed IS NOT NULL
GROUP BY substr(inn_sealed, 2, 4)`
	countMessageKeys = `
SELECT substr(sealed, 2, 4), count(*) FROM outbox WHERE sealed IS NOT NULL
GROUP BY substr(sealed, 2, 4)`
)

// KeyVersions counts what is under which version of the PIN key.
func (b *Books) KeyVersions(ctx context.Context) (ledger.KeyUse, error) {
	var use ledger.KeyUse
	err := b.db.View(ctx, "key versions", func(t Tx) error {
		use = ledger.KeyUse{
			PINs: map[int]int{}, INNs: map[int]int{}, Messages: map[int]int{},
		}
		err := t.Rows(countPINKeys, nil, func(scan Scan) error {
			var version, count int
			err := scan(&version, &count)
			use.PINs[version] += count
			return err
		})
		if err != nil {
			return err
		}
		if err := countSealed(t, countINNKeys, use.INNs); err != nil {
			return err
		}
		return countSealed(t, countMessageKeys, use.Messages)
	})
	return use, err
}

func countSealed(t Tx, query string, into map[int]int) error {
	return t.Rows(query, nil, func(scan Scan) error {
		var octets []byte
		var count int
		err := scan(&octets, &count)
		version := 0
		if len(octets) == 4 {
			version = int(binary.BigEndian.Uint32(octets))
		}
		into[version] += count
		return err
	})
}

const selectSealedINNs = `
SELECT id, inn_sealed FROM wallet
WHERE inn_sealed IS NOT NULL AND substr(inn_sealed, 2, 4) <> $1 AND id > $2
ORDER BY id LIMIT $3`

// SealedINNs returns INNs that are sealed under another version than the current one.
func (b *Books) SealedINNs(
	ctx context.Context, current int, after string, limit int,
) ([]ledger.SealedINN, error) {
	var all []ledger.SealedINN
	args := []any{binary.BigEndian.AppendUint32(nil, uint32(current)), after, limit}
	err := b.db.View(ctx, "sealed INNs", func(t Tx) error {
		all = nil
		return t.Rows(selectSealedINNs, args, func(scan Scan) error {
			var one ledger.SealedINN
			err := scan(&one.Wallet, &one.Sealed)
			all = append(all, one)
			return err
		})
	})
	return all, err
}

const updateSealedINN = `
UPDATE wallet SET inn_sealed = $3 WHERE id = $1 AND inn_sealed = $2`

// ResealINN replaces a sealed INN.
func (b *Books) ResealINN(ctx context.Context, wallet string, from, to []byte) error {
	return b.db.Change(ctx, "reseal INN", func(t Tx) error {
		_, err := t.Exec(updateSealedINN, wallet, from, to)
		return err
	})
}
