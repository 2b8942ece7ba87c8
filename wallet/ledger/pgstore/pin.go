package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
	"ussdgw/wallet/pin"
)

const callCountTry = `
SELECT verdict, tries_used, tries_left, until, key_version, salt, mac, first
FROM count_try($1, $2, $3, $4, $5, $6)`

// CountTry counts an attempt before it is compared with anything.
func (s *Store) CountTry(ctx context.Context, try ledger.Try) (ledger.Tried, error) {
	if try.Attempt == "" || try.Max < 1 {
		return ledger.Tried{}, errors.New("pgstore: count try: attempt and max are required")
	}
	var tried ledger.Tried
	var verdict string
	var left int
	var until int64
	args := []any{
		try.Wallet, try.Attempt, ledger.Micros(try.Now), try.Max,
		ledger.TryPending.Microseconds(), ledger.AttemptsKept,
	}
	err := s.call(ctx, "count try", ledger.ErrNoWallet, callCountTry, args, &verdict, &tried.Used,
		&left, &until, &tried.Verifier.KeyVersion, &tried.Verifier.Salt, &tried.Verifier.MAC,
		&tried.First)
	if err != nil {
		return ledger.Tried{}, err
	}
	switch verdict {
	case "counted":
		return tried, nil
	case "right":
		tried.Right = true
		return tried, nil
	case string(ledger.ReasonLocked):
		return ledger.Tried{}, ledger.LockDecline(try.Attempt, ledger.FromMicros(until))
	}
	return ledger.Tried{}, &ledger.Decline{
		Reason: ledger.Reason(verdict), Key: try.Attempt, Left: left,
	}
}

const callWrongTry = `SELECT verdict, tries_left, until FROM wrong_try($1, $2, $3, $4, $5)`

// WrongTry records that a counted attempt was wrong.
func (s *Store) WrongTry(
	ctx context.Context, try ledger.Try, lockFor []time.Duration,
) (left int, until time.Time, err error) {
	if len(lockFor) == 0 || try.Max < 1 {
		return 0, time.Time{}, errors.New("pgstore: wrong try: max and lock times are required")
	}
	locks := make([]int64, len(lockFor))
	for i, d := range lockFor {
		locks[i] = d.Microseconds()
	}
	var verdict string
	var us int64
	err = s.call(ctx, "wrong try", ledger.ErrNoWallet, callWrongTry,
		[]any{try.Wallet, try.Attempt, ledger.Micros(try.Now), try.Max, locks},
		&verdict, &left, &us)
	if err != nil {
		return 0, time.Time{}, err
	}
	if verdict != "judged" {
		return 0, time.Time{}, errors.New("pgstore: wrong try: the attempt was not counted")
	}
	return left, ledger.FromMicros(us), nil
}

const updateRightAttempt = `
UPDATE pin_attempt SET verdict = 'right' WHERE wallet = $1 AND attempt = $2 AND verdict = ''`

const countRightAttempt = `
SELECT count(*) FROM pin_attempt WHERE wallet = $1 AND attempt = $2 AND verdict = 'right'`

const lockPIN = `SELECT wallet FROM wallet_pin WHERE wallet = $1 FOR NO KEY UPDATE`

const clearTries = `
UPDATE wallet_pin SET tries = 0, used = true,
       locks = CASE WHEN locked_until > $2 THEN locks ELSE 0 END
WHERE wallet = $1`

// RightTry records that a counted attempt was right.
func (s *Store) RightTry(ctx context.Context, try ledger.Try) error {
	return s.transact(ctx, "right try", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockPIN, try.Wallet); err != nil {
			return err
		}
		changed, err := tx.Exec(ctx, updateRightAttempt, try.Wallet, try.Attempt)
		if err != nil {
			return err
		}
		if changed.RowsAffected() > 0 {
			_, err := tx.Exec(ctx, clearTries, try.Wallet, ledger.Micros(try.Now))
			return err
		}
		var right int
		err = tx.QueryRow(ctx, countRightAttempt, try.Wallet, try.Attempt).Scan(&right)
		if err == nil && right == 0 {
			return errNotCounted
		}
		return err
	})
}

// errNotCounted is a programmer's mistake: a verdict on an attempt that cannot have one.
var errNotCounted = errors.New("the attempt was not counted, or was wrong")

const updateStaged = `
UPDATE wallet_pin SET staged_key_version = $2, staged_salt = $3, staged_mac = $4, staged_until = $5
WHERE wallet = $1`

// StagePIN keeps a new PIN's verifier until it is typed again or expires.
func (s *Store) StagePIN(
	ctx context.Context, wallet string, v pin.Verifier, expires time.Time,
) error {
	return s.mustChange(ctx, "stage PIN", updateStaged, wallet, v.KeyVersion, v.Salt, v.MAC,
		ledger.Micros(expires))
}

const selectStaged = `
SELECT staged_key_version, staged_salt, staged_mac, staged_until FROM wallet_pin WHERE wallet = $1`

// StagedPIN returns the staged verifier.
func (s *Store) StagedPIN(
	ctx context.Context, wallet string, now time.Time,
) (pin.Verifier, error) {
	var version *int
	var until int64
	var v pin.Verifier
	err := s.one(ctx, "staged PIN", ledger.ErrNoWallet, selectStaged, []any{wallet},
		&version, &v.Salt, &v.MAC, &until)
	if err != nil {
		return pin.Verifier{}, err
	}
	if version == nil || until <= ledger.Micros(now) {
		return pin.Verifier{}, &ledger.Decline{Reason: ledger.ReasonNotStaged}
	}
	v.KeyVersion = *version
	return v, nil
}

const selectVerifier = `SELECT key_version, salt, mac FROM wallet_pin WHERE wallet = $1`

// PIN returns the verifier in force.
func (s *Store) PIN(ctx context.Context, wallet string) (pin.Verifier, error) {
	var v pin.Verifier
	err := s.one(ctx, "PIN", ledger.ErrNoWallet, selectVerifier, []any{wallet},
		&v.KeyVersion, &v.Salt, &v.MAC)
	if err != nil {
		return pin.Verifier{}, err
	}
	return v, nil
}

const updatePIN = `
UPDATE wallet_pin SET key_version = $2, salt = $3, mac = $4, first = $5, used = false, set_at = $6,
       tries = 0, staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

// ReplacePIN puts a verifier in force.
func (s *Store) ReplacePIN(
	ctx context.Context, wallet string, v pin.Verifier, first bool, now time.Time,
	msg *ledger.Message,
) error {
	at := ledger.Micros(now)
	return s.transact(ctx, "replace PIN", func(ctx context.Context, tx pgx.Tx) error {
		changed, err := tx.Exec(ctx, updatePIN, wallet, v.KeyVersion, octets(v.Salt),
			octets(v.MAC), first, at)
		if err != nil {
			return err
		}
		if changed.RowsAffected() == 0 {
			return ledger.ErrNoWallet
		}
		if first {
			if _, err := tx.Exec(ctx, insertFirstPIN, wallet, at); err != nil {
				return fmt.Errorf("first PIN: %w", err)
			}
		}
		if msg == nil {
			return nil
		}
		return sqlbooks.EnqueueNew(bookTx{ctx, tx}, *msg, at)
	})
}

const countFirstPINs = `SELECT count(*) FROM first_pin WHERE wallet = $1 AND made_at >= $2`

// FirstPINsSince counts the first PINs made for a wallet.
func (s *Store) FirstPINsSince(
	ctx context.Context, wallet string, since time.Time,
) (int, error) {
	var n int
	err := s.one(ctx, "first PINs", ledger.ErrNoWallet, countFirstPINs,
		[]any{wallet, ledger.Micros(since)}, &n)
	return n, err
}
