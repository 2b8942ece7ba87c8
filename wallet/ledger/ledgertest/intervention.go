package ledgertest

import (
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// act is an intervention of now, by the support.
func (b *books) act(wallet string, act ledger.Act) ledger.Intervention {
	return ledger.Intervention{
		Wallet: wallet, Act: act, Actor: "aida", Reason: "asked at the desk", At: b.now,
	}
}

// lock spends all tries of a wallet.
func (b *books) lock(wallet, attempts string) (until time.Time) {
	b.Helper()
	for _, attempt := range strings.Split(attempts, "") {
		_, until = b.wrong(wallet, attempt)
	}
	return until
}

func testBlock(b *books) {
	w := b.wallet(money.Som(100))
	pressed := b.pressed(w.ID, money.Som(10))
	b.wrong(w.ID, "1")
	_, err := b.CountTry(b.ctx(), b.try(w.ID, "right"))
	b.must(err)
	_, err = b.CountTry(b.ctx(), b.try(w.ID, "under way"))
	b.must(err)
	b.must(b.RightTry(b.ctx(), b.try(w.ID, "right")))
	b.must(b.StagePIN(b.ctx(), w.ID, verifier(2), b.now.Add(time.Hour)))

	block := b.act(w.ID, ledger.ActBlock)
	block.Message = ledger.Message{Key: "block", To: w.Number, Kind: "wallet_blocked", Lang: "ru"}
	b.must(b.Intervene(b.ctx(), block))
	b.must(b.Intervene(b.ctx(), block)) // a repeat
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.Blocked() {
		b.Errorf("after the block: %+v, %v", got, err)
	}
	b.now = b.now.Add(100 * 365 * 24 * time.Hour)
	for _, attempt := range []string{"1", "2", "under way"} {
		_, err := b.CountTry(b.ctx(), b.try(w.ID, attempt))
		if d := b.declined(err, ledger.ReasonBlocked); !d.Until.IsZero() {
			b.Errorf("attempt %s: blocked until %s", attempt, d.Until)
		}
	}
	// What was begun before the block keeps its end.
	if tried, err := b.CountTry(b.ctx(), b.try(w.ID, "right")); err != nil || !tried.Right {
		b.Errorf("a right attempt has to stay right: %+v, %v", tried, err)
	}
	_, until, err := b.WrongTry(b.ctx(), b.try(w.ID, "under way"), lockFor)
	if err != nil || !until.Equal(ledger.BlockedUntil()) {
		b.Errorf("a verdict after the block: until %s, %v", until, err)
	}
	if _, err := b.apply(b.payment(pressed)); err != nil {
		b.Errorf("pressed before the block: %v", err)
	}
	_, err = b.StagedPIN(b.ctx(), w.ID, start)
	b.declined(err, ledger.ReasonNotStaged)
	b.must(b.ReplacePIN(b.ctx(), w.ID, verifier(3), false, b.now, nil))
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.Blocked() {
		b.Errorf("after a change of PIN: %+v, %v", got, err)
	}
	told := 0
	for _, m := range b.messages() {
		if m.Kind == "wallet_blocked" {
			told++
		}
	}
	if told != 1 {
		b.Errorf("%d messages, want 1", told)
	}
}

func testUnblock(b *books) {
	w := b.wallet(0)
	b.wrong(w.ID, "1")
	b.wrong(w.ID, "2")
	b.declined(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnblock)), ledger.ReasonNotBlocked)
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActBlock)))
	b.declined(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnlock)), ledger.ReasonBlocked)
	b.now = b.now.Add(time.Hour)
	unblock := b.act(w.ID, ledger.ActUnblock)
	b.must(b.Intervene(b.ctx(), unblock))
	b.declined(b.Intervene(b.ctx(), unblock), ledger.ReasonNotBlocked)
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.LockedUntil.IsZero() {
		b.Errorf("after the end of the block: %+v, %v", got, err)
	}
	if left, _ := b.wrong(w.ID, "3"); left != maxTries-1 {
		b.Errorf("left %d, want %d", left, maxTries-1)
	}

	block := b.act(w.ID, ledger.ActBlock)
	block.At = b.now.Add(-time.Hour)
	want := []ledger.Record{unblock.Record(), block.Record()}
	got, err := b.Records(b.ctx(), ledger.WalletSubject(w.ID), 10)
	if err != nil || !reflect.DeepEqual(got, want) {
		b.Errorf("acts %+v, %v, want %+v", got, err, want)
	}
	got, err = b.Records(b.ctx(), ledger.WalletSubject(w.ID), 1)
	if err != nil || !reflect.DeepEqual(got, want[:1]) {
		b.Errorf("the newest act %+v, %v, want %+v", got, err, want[:1])
	}
	got, err = b.Records(b.ctx(), ledger.WalletSubject(b.wallet(0).ID), 10)
	if err != nil || len(got) > 0 {
		b.Errorf("acts on another wallet: %+v, %v", got, err)
	}
}

func testUnlock(b *books) {
	w := b.wallet(0)
	b.declined(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnlock)), ledger.ReasonNotLocked)
	b.now = b.lock(w.ID, "123")
	b.declined(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnlock)), ledger.ReasonNotLocked)
	b.lock(w.ID, "456")
	b.declined(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnblock)), ledger.ReasonNotBlocked)
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnlock)))
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || !got.LockedUntil.IsZero() {
		b.Errorf("after the end of the lock: %+v, %v", got, err)
	}
	if until, want := b.lock(w.ID, "789"), b.now.Add(lockFor[0]); !until.Equal(want) {
		b.Errorf("the next lock ends %s, want %s, as the first", until, want)
	}
}

func testInterventionFaults(b *books) {
	w := b.wallet(0)
	long := func(most int) string { return strings.Repeat("a", most+1) }
	for name, spoil := range map[string]func(*ledger.Intervention){
		"act":         func(i *ledger.Intervention) { i.Act = "rob" },
		"no wallet":   func(i *ledger.Intervention) { i.Wallet = "" },
		"no actor":    func(i *ledger.Intervention) { i.Actor = "" },
		"long actor":  func(i *ledger.Intervention) { i.Actor = long(ledger.MaxActor) },
		"no reason":   func(i *ledger.Intervention) { i.Reason = "" },
		"long reason": func(i *ledger.Intervention) { i.Reason = long(ledger.MaxReason) },
		"no text":     func(i *ledger.Intervention) { i.Reason = "\xff" },
		"no time":     func(i *ledger.Intervention) { i.At = time.Time{} },
		"message":     func(i *ledger.Intervention) { i.Message.Kind = "wallet_blocked" },
	} {
		i := b.act(w.ID, ledger.ActBlock)
		spoil(&i)
		if err := b.Intervene(b.ctx(), i); err == nil || ledger.ReasonOf(err) != "" {
			b.Errorf("%s: got %v, want a fault", name, err)
		}
	}
	b.is(b.Intervene(b.ctx(), b.act("nobody", ledger.ActBlock)), ledger.ErrNoWallet)

	// A message that is there already undoes the act.
	i := b.act(w.ID, ledger.ActBlock)
	i.Message = ledger.Message{Key: "changed", To: w.Number, Kind: "wallet_blocked", Lang: "ru"}
	b.must(b.ReplacePIN(b.ctx(), w.ID, verifier(2), false, b.now, &i.Message))
	b.declined(b.Intervene(b.ctx(), i), ledger.ReasonKeyReused)
	if got, err := b.Wallet(b.ctx(), w.Number); err != nil || got.Blocked() {
		b.Errorf("after a block that failed: %+v, %v", got, err)
	}
}

func testInterventionRace(b *books) {
	w := b.wallet(0)
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActBlock)))
	var ended atomic.Int64
	race(8, func(int) {
		switch err := b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnblock)); {
		case err == nil:
			ended.Add(1)
		case ledger.ReasonOf(err) != ledger.ReasonNotBlocked:
			b.Errorf("unblock: %v", err)
		}
	})
	if ended.Load() != 1 {
		b.Errorf("one block ended %d times", ended.Load())
	}
	race(8, func(int) {
		if err := b.Intervene(b.ctx(), b.act(w.ID, ledger.ActBlock)); err != nil {
			b.Errorf("block: %v", err)
		}
	})
	if all, err := b.Records(b.ctx(), ledger.WalletSubject(w.ID), 10); err != nil || len(all) != 3 {
		b.Errorf("acts %+v, %v, want block, unblock, block", all, err)
	}
}
