package ledgertest

import (
	"bytes"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
)

var lockFor = []time.Duration{30 * time.Minute, 24 * time.Hour}

const maxTries = 3

func (b *books) try(wallet, attempt string) ledger.Try {
	return ledger.Try{Wallet: wallet, Attempt: attempt, Now: b.now, Max: maxTries}
}

// wrong counts an attempt and records that it was wrong.
func (b *books) wrong(wallet, attempt string) (left int, until time.Time) {
	b.Helper()
	try := b.try(wallet, attempt)
	_, err := b.CountTry(b.ctx(), try)
	b.must(err)
	left, until, err = b.WrongTry(b.ctx(), try, lockFor)
	b.must(err)
	return left, until
}

func testTries(b *books) {
	w := b.wallet(0)
	if left, until := b.wrong(w.ID, "1"); left != 2 || !until.IsZero() {
		b.Errorf("first wrong: left %d, until %s", left, until)
	}
	// The same input again is the same try, whoever asks.
	_, err := b.CountTry(b.ctx(), b.try(w.ID, "1"))
	if d := b.declined(err, ledger.ReasonWrongPIN); d.Left != 2 {
		b.Errorf("repeat: left %d, want 2", d.Left)
	}
	left, _, err := b.WrongTry(b.ctx(), b.try(w.ID, "1"), lockFor)
	b.must(err)
	if left != 2 {
		b.Errorf("repeated verdict: left %d, want 2", left)
	}
	// A right one clears the count and stays right.
	tried, err := b.CountTry(b.ctx(), b.try(w.ID, "2"))
	b.must(err)
	if tried.Used != 2 || !tried.First || tried.Right {
		b.Errorf("second: %+v", tried)
	}
	b.must(b.RightTry(b.ctx(), b.try(w.ID, "2")))
	b.must(b.RightTry(b.ctx(), b.try(w.ID, "2")))
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || got.FirstPIN {
		b.Errorf("first PIN was used, got %+v, %v", got, err)
	}

	b.wrong(w.ID, "3")
	b.wrong(w.ID, "4")
	left, until := b.wrong(w.ID, "5")
	if want := b.now.Add(lockFor[0]); left != 0 || !until.Equal(want) {
		b.Errorf("third wrong: left %d, until %s, want %s", left, until, want)
	}
	for _, attempt := range []string{"5", "6"} {
		_, err := b.CountTry(b.ctx(), b.try(w.ID, attempt))
		if d := b.declined(err, ledger.ReasonLocked); !d.Until.Equal(until) {
			b.Errorf("locked until %s, want %s", d.Until, until)
		}
	}
	if tried, err := b.CountTry(b.ctx(), b.try(w.ID, "2")); err != nil || !tried.Right {
		b.Errorf("a right attempt has to stay right: %+v, %v", tried, err)
	}
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.LockedUntil.Equal(until) {
		b.Errorf("wallet locked until %s, %v, want %s", got.LockedUntil, err, until)
	}

	b.now = until
	for i := range maxTries {
		left, until = b.wrong(w.ID, fmt.Sprint("again", i))
	}
	if want := b.now.Add(lockFor[1]); left != 0 || !until.Equal(want) {
		b.Errorf("second lock: left %d, until %s, want %s", left, until, want)
	}
	b.now = until
	for i := range maxTries {
		_, until = b.wrong(w.ID, fmt.Sprint("more", i))
	}
	if want := b.now.Add(lockFor[1]); !until.Equal(want) {
		b.Errorf("third lock until %s, want %s", until, want)
	}
	_, err = b.CountTry(b.ctx(), b.try("nobody", "1"))
	b.is(err, ledger.ErrNoWallet)
	if _, _, err := b.WrongTry(b.ctx(), b.try(w.ID, "never counted"), lockFor); err == nil {
		b.Error("no error for a verdict on what was not counted")
	}
	if b.RightTry(b.ctx(), b.try(w.ID, "never counted")) == nil {
		b.Error("no error for a verdict on what was not counted")
	}
}

// testTriesPending is about tries that are counted and never judged.
func testTriesPending(b *books) {
	w := b.wallet(0)
	for i := range maxTries {
		_, err := b.CountTry(b.ctx(), b.try(w.ID, strconv.Itoa(i)))
		b.must(err)
	}
	tried, err := b.CountTry(b.ctx(), b.try(w.ID, "1"))
	b.must(err)
	if tried.Used != maxTries {
		b.Errorf("a repeat was counted: %+v", tried)
	}
	_, err = b.CountTry(b.ctx(), b.try(w.ID, "one more"))
	if d := b.declined(err, ledger.ReasonLocked); !d.Until.Equal(b.now.Add(ledger.TryPending)) {
		b.Errorf("declined until %s", d.Until)
	}
	b.now = b.now.Add(ledger.TryPending)
	if left, until := b.wrong(w.ID, "one more"); left != 0 || !until.Equal(b.now.Add(lockFor[0])) {
		b.Errorf("left %d, until %s", left, until)
	}
	// The verdict on a try from before the lock does not count for the time after it.
	left, until, err := b.WrongTry(b.ctx(), b.try(w.ID, "0"), lockFor)
	b.must(err)
	if left != 0 || !until.Equal(b.now.Add(lockFor[0])) {
		b.Errorf("late verdict: left %d, until %s", left, until)
	}
}

func testTriesRace(b *books) {
	w := b.wallet(0)
	var counted atomic.Int64
	race(10, func(i int) {
		_, err := b.CountTry(b.ctx(), b.try(w.ID, strconv.Itoa(i)))
		switch {
		case err == nil:
			counted.Add(1)
		case ledger.ReasonOf(err) != ledger.ReasonLocked:
			b.Errorf("count: %v", err)
		}
	})
	if counted.Load() != maxTries {
		b.Errorf("%d guesses at once, want %d", counted.Load(), maxTries)
	}
	other := b.wallet(0)
	race(10, func(int) {
		tried, err := b.CountTry(b.ctx(), b.try(other.ID, "the same"))
		if err != nil || tried.Used != 1 {
			b.Errorf("one attempt, many deliveries: %+v, %v", tried, err)
		}
	})
}

// testTriesBounded is about how much is remembered.
func testTriesBounded(b *books) {
	w := b.wallet(0)
	attempt := func(i int) ledger.Try { return b.try(w.ID, strconv.Itoa(i)) }
	for i := range ledger.AttemptsKept + 1 {
		_, err := b.CountTry(b.ctx(), attempt(i))
		b.must(err)
		b.must(b.RightTry(b.ctx(), attempt(i)))
	}
	tried, err := b.CountTry(b.ctx(), attempt(1))
	b.must(err)
	if !tried.Right {
		b.Errorf("attempt 1 of %d is forgotten", ledger.AttemptsKept+1)
	}
	tried, err = b.CountTry(b.ctx(), attempt(0))
	b.must(err)
	if tried.Right {
		b.Errorf("attempt 0 of %d is remembered", ledger.AttemptsKept+1)
	}
}

func testStagedPIN(b *books) {
	w := b.wallet(0)
	_, err := b.StagedPIN(b.ctx(), w.ID, b.now)
	b.declined(err, ledger.ReasonNotStaged)
	expires := b.now.Add(3 * time.Minute)
	b.must(b.StagePIN(b.ctx(), w.ID, verifier(2), expires))
	b.must(b.StagePIN(b.ctx(), w.ID, verifier(3), expires))
	v, err := b.StagedPIN(b.ctx(), w.ID, expires.Add(-time.Microsecond))
	b.must(err)
	if v.KeyVersion != 3 || !bytes.Equal(v.Salt, verifier(3).Salt) ||
		!bytes.Equal(v.MAC, verifier(3).MAC) {
		b.Errorf("got %+v, want the verifier that was staged last", v)
	}
	v, err = b.PIN(b.ctx(), w.ID)
	b.must(err)
	if v.KeyVersion != 1 || !bytes.Equal(v.MAC, verifier(1).MAC) {
		b.Errorf("got %+v, want the verifier in force", v)
	}
	_, err = b.PIN(b.ctx(), "nobody")
	b.is(err, ledger.ErrNoWallet)
	_, err = b.StagedPIN(b.ctx(), w.ID, expires)
	b.declined(err, ledger.ReasonNotStaged)
	b.is(b.StagePIN(b.ctx(), "nobody", verifier(2), expires), ledger.ErrNoWallet)
	_, err = b.StagedPIN(b.ctx(), "nobody", b.now)
	b.is(err, ledger.ErrNoWallet)
}

func testReplacePIN(b *books) {
	w := b.wallet(0)
	b.wrong(w.ID, "1")
	b.must(b.StagePIN(b.ctx(), w.ID, verifier(2), b.now.Add(time.Hour)))
	msg := &ledger.Message{Key: "changed", To: w.Number, Kind: "pin_changed", Lang: "ru"}
	if has, err := b.HasMessage(b.ctx(), msg.Key); err != nil || has {
		b.Errorf("before the change there is a message: %t, %v", has, err)
	}
	b.must(b.ReplacePIN(b.ctx(), w.ID, verifier(2), false, b.now, msg))

	_, err := b.StagedPIN(b.ctx(), w.ID, b.now)
	b.declined(err, ledger.ReasonNotStaged)
	tried, err := b.CountTry(b.ctx(), b.try(w.ID, "2"))
	b.must(err)
	if tried.Used != 1 || tried.First || tried.Verifier.KeyVersion != 2 {
		b.Errorf("after the change: %+v", tried)
	}
	b.declined(b.ReplacePIN(b.ctx(), w.ID, verifier(3), true, b.now, msg), ledger.ReasonKeyReused)
	if n, err := b.FirstPINsSince(b.ctx(), w.ID, start); err != nil || n != 1 {
		b.Errorf("%d first PINs, %v, want the one of the registration", n, err)
	}

	b.now = b.now.Add(time.Hour)
	b.must(b.ReplacePIN(b.ctx(), w.ID, verifier(4), true, b.now, nil))
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.FirstPIN {
		b.Errorf("a new first PIN: %+v, %v", got, err)
	}
	for since, want := range map[time.Time]int{start: 2, b.now: 1, b.now.Add(1000): 0} {
		if n, err := b.FirstPINsSince(b.ctx(), w.ID, since); err != nil || n != want {
			b.Errorf("%d first PINs since %s, %v, want %d", n, since, err, want)
		}
	}
	all := b.messages()
	if len(all) != 1 {
		b.Fatalf("%d messages, want 1", len(all))
	}
	b.must(b.AckMessage(b.ctx(), all[0].ID, b.now))
	if has, err := b.HasMessage(b.ctx(), msg.Key); err != nil || !has {
		b.Errorf("after the change there is a message: %t, %v", has, err)
	}
	err = b.ReplacePIN(b.ctx(), "nobody", verifier(2), false, b.now, nil)
	b.is(err, ledger.ErrNoWallet)
}
