package litestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
	"ussdgw/wallet/pin"
)

const selectPIN = `
SELECT key_version, salt, mac, first, tries, locks, locked_until
FROM wallet_pin WHERE wallet = $1`

const selectAttempt = `
SELECT verdict, tries_left, locked_until FROM pin_attempt WHERE wallet = $1 AND attempt = $2`

// countTry counts and checks the lock in one statement. All tries counted and none judged for a
// while means that whoever counted them is gone: then one more is let through, and a wrong one
// locks.
const countTry = `
UPDATE wallet_pin SET tries = min(tries + 1, $3), last_try_at = $2, attempts = attempts + 1
WHERE wallet = $1 AND locked_until <= $2 AND (tries < $3 OR last_try_at + $4 <= $2)
RETURNING tries, attempts`

const insertAttempt = `
INSERT INTO pin_attempt (wallet, attempt, number, verdict) VALUES ($1, $2, $3, '')`

const deleteAttempts = `DELETE FROM pin_attempt WHERE wallet = $1 AND number <= $2`

const selectLastTry = `SELECT last_try_at FROM wallet_pin WHERE wallet = $1`

// pinRow is a wallet's row of wallet_pin.
type pinRow struct {
	ledger.Tried
	locks       int
	lockedUntil int64
}

// attemptRow is a counted attempt. Its verdict is "", "right" or "wrong".
type attemptRow struct {
	verdict     string
	left        int
	lockedUntil int64
}

func (t tx) pin(wallet string) (pinRow, error) {
	var p pinRow
	err := t.row(selectPIN, []any{wallet}, &p.Verifier.KeyVersion, &p.Verifier.Salt,
		&p.Verifier.MAC, &p.First, &p.Used, &p.locks, &p.lockedUntil)
	if missing(err) {
		return p, ledger.ErrNoWallet
	}
	return p, err
}

func (t tx) attempt(try ledger.Try) (a attemptRow, found bool, err error) {
	err = t.row(selectAttempt, []any{try.Wallet, try.Attempt}, &a.verdict, &a.left, &a.lockedUntil)
	if missing(err) {
		return a, false, nil
	}
	return a, err == nil, err
}

// CountTry counts an attempt before it is compared with anything.
func (s *Store) CountTry(ctx context.Context, try ledger.Try) (ledger.Tried, error) {
	if try.Attempt == "" || try.Max < 1 {
		return ledger.Tried{}, errors.New("litestore: count try: attempt and max are required")
	}
	var tried ledger.Tried
	err := s.change(ctx, "count try", func(t tx) error {
		p, err := t.pin(try.Wallet)
		if err != nil {
			return err
		}
		a, found, err := t.attempt(try)
		if err != nil {
			return err
		}
		tried = p.Tried
		switch {
		case found && a.verdict == "right":
			tried.Right = true
			return nil
		case p.lockedUntil > ledger.Micros(try.Now):
			return locked(try, p.lockedUntil)
		case found && a.verdict == "wrong":
			return &ledger.Decline{Reason: ledger.ReasonWrongPIN, Key: try.Attempt, Left: a.left}
		case found:
			return nil
		}
		tried.Used, err = t.count(try)
		return err
	})
	if err != nil {
		return ledger.Tried{}, err
	}
	return tried, nil
}

// count counts a new attempt and forgets the oldest ones.
func (t tx) count(try ledger.Try) (used int, err error) {
	now, number := ledger.Micros(try.Now), int64(0)
	err = t.row(countTry, []any{try.Wallet, now, try.Max, ledger.TryPending.Microseconds()},
		&used, &number)
	if missing(err) { // the lock was checked already: all tries are pending
		var last int64
		if err := t.row(selectLastTry, []any{try.Wallet}, &last); err != nil {
			return 0, err
		}
		return 0, locked(try, last+ledger.TryPending.Microseconds())
	}
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(insertAttempt, try.Wallet, try.Attempt, number); err != nil {
		return 0, err
	}
	_, err = t.exec(deleteAttempts, try.Wallet, number-ledger.AttemptsKept)
	return used, err
}

func locked(try ledger.Try, until int64) error {
	return ledger.LockDecline(try.Attempt, ledger.FromMicros(until))
}

const updateWrongAttempt = `
UPDATE pin_attempt SET verdict = 'wrong', tries_left = $3, locked_until = $4
WHERE wallet = $1 AND attempt = $2`

const updateTries = `
UPDATE wallet_pin SET tries = $2, locks = $3, locked_until = $4 WHERE wallet = $1`

// WrongTry records that a counted attempt was wrong.
func (s *Store) WrongTry(
	ctx context.Context, try ledger.Try, lockFor []time.Duration,
) (left int, until time.Time, err error) {
	if len(lockFor) == 0 || try.Max < 1 {
		return 0, time.Time{}, errors.New("litestore: wrong try: max and lock times are required")
	}
	var out attemptRow
	err = s.change(ctx, "wrong try", func(t tx) error {
		p, err := t.pin(try.Wallet)
		if err != nil {
			return err
		}
		a, found, err := t.attempt(try)
		switch {
		case err != nil:
			return err
		case !found:
			return errors.New("the attempt was not counted")
		case a.verdict == "wrong":
			out = a
			return nil
		case a.verdict == "right":
			p.Used++ // a repeat with another PIN: it was let through uncounted
		}
		out = judgeWrong(&p, try, lockFor)
		if _, err := t.exec(updateTries, try.Wallet, p.Used, p.locks, p.lockedUntil); err != nil {
			return err
		}
		_, err = t.exec(updateWrongAttempt, try.Wallet, try.Attempt, out.left, out.lockedUntil)
		return err
	})
	return out.left, ledger.FromMicros(out.lockedUntil), err
}

// judgeWrong moves p on by one wrong try and returns what the attempt is told.
func judgeWrong(p *pinRow, try ledger.Try, lockFor []time.Duration) attemptRow {
	now := ledger.Micros(try.Now)
	switch {
	case p.lockedUntil > now: // by a try that ran beside this one
		return attemptRow{lockedUntil: p.lockedUntil}
	case p.Used >= try.Max:
		p.lockedUntil = now + lockFor[min(p.locks, len(lockFor)-1)].Microseconds()
		p.locks++
		p.Used = 0
		return attemptRow{lockedUntil: p.lockedUntil}
	}
	return attemptRow{left: try.Max - p.Used}
}

const updateRightAttempt = `
UPDATE pin_attempt SET verdict = 'right' WHERE wallet = $1 AND attempt = $2 AND verdict = ''`

const clearTries = `
UPDATE wallet_pin SET tries = 0, used = 1,
       locks = CASE WHEN locked_until > $2 THEN locks ELSE 0 END
WHERE wallet = $1`

// RightTry records that a counted attempt was right.
func (s *Store) RightTry(ctx context.Context, try ledger.Try) error {
	return s.change(ctx, "right try", func(t tx) error {
		changed, err := t.exec(updateRightAttempt, try.Wallet, try.Attempt)
		if err != nil {
			return err
		}
		if changed == 0 {
			return t.rightAgain(try)
		}
		return mustChange(t.exec(clearTries, try.Wallet, ledger.Micros(try.Now)))
	})
}

// rightAgain accepts a repeat of a right attempt and nothing else.
func (t tx) rightAgain(try ledger.Try) error {
	a, found, err := t.attempt(try)
	if err != nil {
		return err
	}
	if !found || a.verdict != "right" {
		return errors.New("the attempt was not counted, or was wrong")
	}
	return nil
}

const updateStaged = `
UPDATE wallet_pin SET staged_key_version = $2, staged_salt = $3, staged_mac = $4, staged_until = $5
WHERE wallet = $1`

// StagePIN keeps a new PIN's verifier until it is typed again or expires.
func (s *Store) StagePIN(
	ctx context.Context, wallet string, v pin.Verifier, expires time.Time,
) error {
	return s.change(ctx, "stage PIN", func(t tx) error {
		return mustChange(t.exec(updateStaged, wallet, v.KeyVersion, v.Salt, v.MAC,
			ledger.Micros(expires)))
	})
}

const selectStaged = `
SELECT staged_key_version, staged_salt, staged_mac, staged_until FROM wallet_pin WHERE wallet = $1`

// StagedPIN returns the staged verifier.
func (s *Store) StagedPIN(
	ctx context.Context, wallet string, now time.Time,
) (pin.Verifier, error) {
	var version sql.NullInt64
	var until int64
	var v pin.Verifier
	err := s.one(ctx, "staged PIN", ledger.ErrNoWallet, selectStaged, []any{wallet},
		&version, &v.Salt, &v.MAC, &until)
	if err != nil {
		return pin.Verifier{}, err
	}
	if !version.Valid || until <= ledger.Micros(now) {
		return pin.Verifier{}, &ledger.Decline{Reason: ledger.ReasonNotStaged}
	}
	v.KeyVersion = int(version.Int64)
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
UPDATE wallet_pin SET key_version = $2, salt = $3, mac = $4, first = $5, used = 0, set_at = $6,
       tries = 0, staged_key_version = NULL, staged_salt = NULL, staged_mac = NULL, staged_until = 0
WHERE wallet = $1`

// ReplacePIN puts a verifier in force.
func (s *Store) ReplacePIN(
	ctx context.Context, wallet string, v pin.Verifier, first bool, now time.Time,
	msg *ledger.Message,
) error {
	return s.change(ctx, "replace PIN", func(t tx) error {
		at := ledger.Micros(now)
		err := mustChange(t.exec(updatePIN, wallet, v.KeyVersion, octets(v.Salt), octets(v.MAC),
			first, at))
		if err != nil {
			return err
		}
		if first {
			if _, err := t.exec(insertFirstPIN, wallet, at); err != nil {
				return err
			}
		}
		if msg == nil {
			return nil
		}
		return sqlbooks.EnqueueNew(t, *msg, at)
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
