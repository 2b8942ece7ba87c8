package wallet_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/pin"
)

func (b *bench) check(digits, attempt string) error {
	err := b.CheckPIN(b.ctx(), number, secret(digits), attempt)
	b.see(err)
	return err
}

func (b *bench) wrongLeft(attempt string, left int) {
	b.t.Helper()
	if d := b.declined(b.check(wrong, attempt), ledger.ReasonWrongPIN); d.Left != left {
		b.t.Fatalf("attempt %s: %d tries left, want %d", attempt, d.Left, left)
	}
}

func (b *bench) lockedFor(digits, attempt string, want time.Duration) {
	b.t.Helper()
	d := b.declined(b.check(digits, attempt), ledger.ReasonLocked)
	if got := d.Until.Sub(b.clock.Now()); got != want {
		b.t.Fatalf("attempt %s: locked for %s, want %s", attempt, got, want)
	}
}

func TestCheckPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.check(canary, "0"), ledger.ErrNoWallet)
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.wrongLeft("2", 2)
	b.wrongLeft("2", 2) // the same input came twice: one try
	b.wrongLeft("3", 1)
	b.ok(b.check(canary, "4")) // clears the tries
	b.wrongLeft("5", 2)
	for n, typed := range []string{"", canary[:11], canary + "0", "abc"} {
		b.ok(b.check(canary, "right "+strconv.Itoa(n)))
		b.declined(b.check(typed, "wrong "+strconv.Itoa(n)), ledger.ReasonWrongPIN)
	}
}

// A repeat of a right attempt with another PIN is compared like any other.
func TestAttemptIsNoPassForAnotherPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.declined(b.check(wrong, "1"), ledger.ReasonWrongPIN)
}

func TestLockGrows(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	locks := []time.Duration{30 * time.Minute, 24 * time.Hour, wallet.UntilSupport}
	for round, lock := range locks {
		name := strconv.Itoa(round)
		b.wrongLeft(name+"a", 2)
		b.wrongLeft(name+"b", 1)
		b.lockedFor(wrong, name+"c", lock)
		b.clock.advance(time.Minute)
		b.lockedFor(canary, name+"d", lock-time.Minute) // the right PIN is not even compared
		b.lockedFor(wrong, name+"c", lock-time.Minute)
		b.clock.advance(lock - time.Minute)
	}
	b.ok(b.check(canary, "right"))
	b.wrongLeft("e", 2)
	b.wrongLeft("f", 1)
	b.lockedFor(wrong, "g", 30*time.Minute) // a right PIN has ended the growth
}

func TestLocksAreConfigured(t *testing.T) {
	b := newBench(t, wallet.Config{MaxTries: 1, LockFor: []time.Duration{time.Second}})
	b.seed(0)
	b.lockedFor(wrong, "1", time.Second)
	b.clock.advance(time.Second)
	b.lockedFor(wrong, "2", time.Second)
	b.clock.advance(time.Second)
	b.ok(b.check(canary, "3"))
}

// However many dialogues try at once, no more PINs are compared than one dialogue could try.
func TestTriesAtOnceAreCounted(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		judged = map[ledger.Reason]int{}
	)
	for n := range 20 {
		group.Go(func() {
			err := b.CheckPIN(context.Background(), number, secret(wrong), strconv.Itoa(n))
			mu.Lock()
			defer mu.Unlock()
			judged[ledger.ReasonOf(err)]++
		})
	}
	group.Wait()
	if judged[ledger.ReasonWrongPIN] > 2 || judged[ledger.ReasonLocked] < 18 {
		t.Errorf("declines = %v, want at most 2 wrong_pin and the others locked", judged)
	}
	b.declined(b.check(canary, "after"), ledger.ReasonLocked)
}

func (b *bench) stage(digits string) error {
	err := b.StagePIN(b.ctx(), number, secret(digits))
	b.see(err)
	return err
}

// change types the new PIN again, in an input of its own.
func (b *bench) change(digits string) error {
	b.changes++
	return b.changeBy(digits, "change "+strconv.Itoa(b.changes))
}

func (b *bench) changeBy(digits, attempt string) error {
	err := b.ChangePIN(b.ctx(), number, secret(digits), attempt)
	b.see(err)
	return err
}

func TestChangePIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.ok(b.stage(second))
	b.silent()
	b.declined(b.change(wrong), ledger.ReasonMismatch)
	b.ok(b.check(canary, "2")) // nothing has changed yet
	b.ok(b.stage(second))
	b.declined(b.change(canary), ledger.ReasonMismatch)
	b.ok(b.change(second))
	if m := b.message(wallet.KindPINChanged); m.secret != "" || len(m.Fields) != 0 {
		t.Errorf("message = %+v", m)
	}
	b.declined(b.change(second), ledger.ReasonNotStaged)
	b.declined(b.check(canary, "3"), ledger.ReasonWrongPIN)
	b.ok(b.check(second, "4"))
}

// The last input of a change comes twice: both are told that it is done.
func TestChangePINRepeated(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.ok(b.stage(second))
	if err := b.changeBy(second, ""); err == nil {
		t.Error("an input without an attempt is accepted")
	}
	b.declined(b.changeBy(wrong, "mistyped"), ledger.ReasonMismatch)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := b.changeBy(second, "last"); err != nil {
				t.Errorf("ChangePIN = %v", err)
			}
		})
	}
	group.Wait()
	b.message(wallet.KindPINChanged)
	b.clock.advance(time.Hour)
	b.ok(b.check(second, "2")) // and the next change is under way
	b.ok(b.changeBy(second, "last"))
	b.declined(b.changeBy(second, "another"), ledger.ReasonMismatch)
	b.declined(b.changeBy(wrong, "mistyped"), ledger.ReasonMismatch)
	b.ok(b.check(second, "3"))
	b.silent()
}

// Two deliveries find the new PIN staged, and both go on to put it in force.
func TestChangePINAtOnce(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.ok(b.stage(second))
	first := b.Issuer
	store := meddled{b.store, func() {
		b.ok(first.ChangePIN(b.ctx(), number, secret(second), "last"))
	}}
	var err error
	b.Issuer, err = wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, store, b.poster, b.keys,
		providers(t, providersYAML), b.clock.Now, nil, b.log)
	b.ok(err)
	b.ok(b.changeBy(second, "last"))
	b.message(wallet.KindPINChanged)
	b.Issuer = first
	b.ok(b.check(second, "2"))
}

func TestStagePINDeclines(t *testing.T) {
	b := newBench(t, wallet.Config{PINLength: 6})
	b.fails(b.stage(canary), ledger.ErrNoWallet)
	b.fails(b.change(canary), ledger.ErrNoWallet)
	b.ok(b.Seed(b.ctx(), application(), secret("739502")))
	b.declined(b.stage("518273"), ledger.ReasonNotStaged) // the old PIN was not asked
	b.declined(b.check("640917", "1"), ledger.ReasonWrongPIN)
	b.declined(b.stage("518273"), ledger.ReasonNotStaged) // or was wrong
	b.ok(b.check("739502", "2"))
	b.declined(b.change("739502"), ledger.ReasonMismatch) // the old PIN is no new one
	for _, weak := range []string{
		"123456", "000000", "170486", "123123", "551234", "5182", "51827364", "51827a",
	} {
		b.declined(b.stage(weak), ledger.ReasonWeakPIN)
	}
	b.declined(b.stage("739502"), ledger.ReasonSamePIN)
	b.ok(b.stage("518273"))
	b.declined(b.stage("739502"), ledger.ReasonSamePIN) // the old one, after a new one was staged
	b.ok(b.change("518273"))
}

func TestChangePINExpires(t *testing.T) {
	b := newBench(t, wallet.Config{StageTTL: time.Minute})
	b.seed(0)
	b.ok(b.check(canary, "1"))
	b.clock.advance(time.Minute)
	b.declined(b.stage(second), ledger.ReasonNotStaged)
	b.ok(b.check(canary, "2"))
	b.clock.advance(59 * time.Second)
	b.ok(b.stage(second))
	b.clock.advance(time.Minute)
	b.declined(b.change(second), ledger.ReasonNotStaged)
	b.ok(b.check(canary, "3"))
	b.silent()
}

func TestFirstPINChanged(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	first := b.message(wallet.KindFirstPIN)
	b.ok(b.check(first.secret, "1"))
	b.ok(b.stage(second))
	b.ok(b.change(second))
	b.declined(b.ResendFirstPIN(b.ctx(), number, "1"), ledger.ReasonPINUsed)
	b.declined(b.check(first.secret, "2"), ledger.ReasonWrongPIN)
	b.ok(b.check(second, "3"))
}

// After a key was added, a right entry makes the verifier anew, and the old key may go.
func TestRightEntryTakesTheNewKey(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	both := b.issuer(wallet.Config{}, testKeys(t, 2, 1, 2), providersYAML)
	check := func(i *wallet.Issuer, attempt string) error {
		err := i.CheckPIN(b.ctx(), number, secret(canary), attempt)
		b.see(err)
		return err
	}
	newest := b.issuer(wallet.Config{}, testKeys(t, 2, 2), providersYAML)
	if err := check(newest, "0"); err == nil {
		t.Fatal("a verifier of key 1 was compared without key 1")
	}
	b.ok(check(both, "1"))
	b.ok(check(newest, "2"))
	b.ok(both.StagePIN(b.ctx(), number, secret(second)))
	b.declined(newest.ChangePIN(b.ctx(), number, secret(canary), "3"), ledger.ReasonMismatch)
	b.ok(newest.ChangePIN(b.ctx(), number, secret(second), "4"))
}

// A change of PIN that is under way is not disturbed by the housekeeping of keys.
func TestNewKeyLeavesAChangeAlone(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(100)
	b.ok(b.check(canary, "1"))
	b.ok(b.stage(second))
	both := b.issuer(wallet.Config{}, testKeys(t, 2, 1, 2), providersYAML)
	o := b.offer("10")
	_, err := both.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.ok(err)
	b.ok(both.ChangePIN(b.ctx(), number, secret(second), "2"))
}

// A meddled store has something happen right before it takes a verifier under another key.
type meddled struct {
	*litestore.Store
	meddle func()
}

func (m meddled) RekeyPIN(ctx context.Context, wallet string, from, to pin.Verifier) error {
	m.meddle()
	return m.Store.RekeyPIN(ctx, wallet, from, to)
}

// The housekeeping of keys never brings an old PIN back that was replaced in that moment.
func TestNewKeyNeverUndoesAChange(t *testing.T) {
	b := newBench(t, wallet.Config{})
	w := b.seed(0)
	both := testKeys(t, 2, 1, 2)
	replaced, err := both.Verifier(w.ID, secret(second), make([]byte, pin.SaltOctets))
	b.ok(err)
	store := meddled{b.store, func() {
		b.ok(b.store.ReplacePIN(b.ctx(), w.ID, replaced, false, b.clock.Now(), nil))
	}}
	i, err := wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, store, b.poster, both,
		providers(t, providersYAML), b.clock.Now, nil, b.log)
	b.ok(err)
	b.ok(i.CheckPIN(b.ctx(), number, secret(canary), "1"))
	b.Issuer = i
	b.declined(b.check(canary, "2"), ledger.ReasonWrongPIN)
	b.ok(b.check(second, "3"))
}
