package ledgertest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"reflect"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// support is what the audit says of an act of now.
func (b *books) support(wallet, act string) ledger.Record {
	return ledger.Record{
		Actor: "aida", Act: act, Subject: ledger.WalletSubject(wallet), Reason: "came with ID",
		At: b.now,
	}
}

// audited wants exactly these records about a wallet, newest first.
func (b *books) audited(wallet string, want ...ledger.Record) {
	b.Helper()
	got, err := b.Records(b.ctx(), ledger.WalletSubject(wallet), 100)
	b.must(err)
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		b.Errorf("audit %+v, want %+v", got, want)
	}
}

// again is a wallet as it is now.
func (b *books) again(w ledger.Wallet) ledger.Wallet {
	b.Helper()
	now, err := b.Wallet(b.ctx(), w.Number)
	b.must(err)
	return now
}

func testLevel(b *books) {
	w := b.wallet(0)
	if w.OfferHash != "agreed" {
		b.Errorf("the offer that was agreed to is %q", w.OfferHash)
	}
	r := b.support(w.ID, "level")
	b.must(b.SetLevel(b.ctx(), w.ID, "full", r))
	b.must(b.SetLevel(b.ctx(), w.ID, "full", r)) // as it is: nothing to record
	if got := b.again(w).Level; got != "full" {
		b.Errorf("level %q, want full", got)
	}
	r.Detail = "remote -> full"
	b.audited(w.ID, r)
	b.is(b.SetLevel(b.ctx(), "nobody", "full", r), ledger.ErrNoWallet)
	spoilt := r
	spoilt.Reason = ""
	for name, err := range map[string]error{
		"no level":  b.SetLevel(b.ctx(), w.ID, "", r),
		"no reason": b.SetLevel(b.ctx(), w.ID, "remote", spoilt),
	} {
		if err == nil || ledger.ReasonOf(err) != "" {
			b.Errorf("%s: %v, want a fault", name, err)
		}
	}
	if got := b.again(w).Level; got != "full" {
		b.Errorf("level %q after faults, want full", got)
	}
}

func testIMSI(b *books) {
	w := b.wallet(0)
	for _, step := range []struct {
		hash string
		want bool
	}{{"one", true}, {"one", true}, {"two", false}, {"one", true}} {
		same, err := b.SetIMSI(b.ctx(), w.ID, []byte(step.hash))
		if err != nil || same != step.want {
			b.Errorf("%s: %t, %v, want %t", step.hash, same, err, step.want)
		}
	}
	if got := b.again(w); string(got.IMSIHash) != "one" || got.Suspect != "" {
		b.Errorf("wallet %+v", got)
	}
	_, err := b.SetIMSI(b.ctx(), "nobody", []byte("one"))
	b.is(err, ledger.ErrNoWallet)
	if _, err := b.SetIMSI(b.ctx(), w.ID, nil); err == nil {
		b.Error("no hash is a fault")
	}
}

// alarm is one of now, for another SIM.
func (b *books) alarm(w ledger.Wallet, hash, key string) ledger.Alarm {
	return ledger.Alarm{
		Wallet: w.ID, Why: ledger.SuspectIMSI, IMSI: []byte(hash), Record: b.support(w.ID, "suspect"),
		Message: ledger.Message{Key: key, To: w.Number, Kind: "identity", Lang: "ru"},
	}
}

func (b *books) suspect(want bool, a ledger.Alarm) {
	b.Helper()
	if marked, err := b.Suspect(b.ctx(), a); err != nil || marked != want {
		b.Errorf("suspect: %t, %v, want %t", marked, err, want)
	}
}

func testSuspect(b *books) {
	w := b.wallet(0)
	b.suspect(false, b.alarm(w, "two", "no other is remembered"))
	_, err := b.SetIMSI(b.ctx(), w.ID, []byte("one"))
	b.must(err)
	b.suspect(false, b.alarm(w, "one", "it is the remembered one"))
	b.audited(w.ID)
	confirm := b.support(w.ID, "confirm")
	b.declined(b.Confirm(b.ctx(), w.ID, nil, confirm), ledger.ReasonNotSuspect)

	alarm := b.alarm(w, "two", "a")
	b.suspect(true, alarm)
	b.suspect(false, b.alarm(w, "three", "b"))
	recycled := ledger.Alarm{
		Wallet: w.ID, Why: ledger.SuspectRecycled, Record: b.support(w.ID, "suspect"),
	}
	b.suspect(false, recycled) // the first suspicion stays
	if got := b.again(w); got.Suspect != ledger.SuspectIMSI || string(got.IMSIHash) != "one" {
		b.Errorf("wallet %+v", got)
	}
	if all := b.messages(); len(all) != 1 || all[0].Kind != "identity" {
		b.Errorf("messages %+v, want one", all)
	}

	b.must(b.Confirm(b.ctx(), w.ID, nil, confirm))
	b.audited(w.ID, confirm, alarm.Record)
	if got := b.again(w); got.Suspect != "" || len(got.IMSIHash) > 0 {
		b.Errorf("confirmed: %+v", got)
	}
	b.suspect(true, recycled)
	if got := b.again(w); got.Suspect != ledger.SuspectRecycled {
		b.Errorf("recycled: %+v", got)
	}
	b.must(b.Confirm(b.ctx(), w.ID, []byte("two"), confirm))
	if got := b.again(w); got.Suspect != "" || string(got.IMSIHash) != "two" {
		b.Errorf("confirmed with an IMSI: %+v", got)
	}

	reused := b.alarm(w, "four", "a")
	_, err = b.Suspect(b.ctx(), reused)
	b.declined(err, ledger.ReasonKeyReused)
	if got := b.again(w); got.Suspect != "" {
		b.Errorf("a declined alarm stays: %+v", got)
	}
	reused.Wallet = "nobody"
	_, err = b.Suspect(b.ctx(), reused)
	b.is(err, ledger.ErrNoWallet)
	b.is(b.Confirm(b.ctx(), "nobody", nil, confirm), ledger.ErrNoWallet)
	if _, err := b.Suspect(b.ctx(), ledger.Alarm{Wallet: w.ID, Why: "odd"}); err == nil {
		b.Error("an odd suspicion is a fault")
	}
}

func testSuspectRace(b *books) {
	const n = 8
	w := b.wallet(0)
	_, err := b.SetIMSI(b.ctx(), w.ID, []byte("one"))
	b.must(err)
	var marked atomic.Int64
	race(n, func(i int) {
		ok, err := b.Suspect(b.ctx(), b.alarm(w, "two", fmt.Sprint("alarm ", i)))
		if err != nil {
			b.Errorf("suspect: %v", err)
		}
		if ok {
			marked.Add(1)
		}
	})
	if all := b.messages(); marked.Load() != 1 || len(all) != 1 {
		b.Errorf("%d have marked it, %d messages, want 1", marked.Load(), len(all))
	}
}

// reset is a reset of now, by the support.
func (b *books) reset(w ledger.Wallet, key string, v byte) ledger.PINReset {
	return ledger.PINReset{
		Wallet: w.ID, PIN: verifier(v), Record: b.support(w.ID, "reset_pin"),
		Message: ledger.Message{
			Key: key, To: w.Number, Kind: "pin_reset", Lang: "ru", Sealed: []byte("sealed"),
		},
	}
}

func testResetPIN(b *books) {
	w := b.wallet(0)
	b.now = b.now.Add(time.Hour)
	b.lock(w.ID, "123")
	b.must(b.StagePIN(b.ctx(), w.ID, verifier(3), b.now.Add(time.Hour)))
	reset := b.reset(w, "a", 2)
	reset.Since = b.now.Add(-time.Hour) // the registration's own counts
	b.declined(b.ResetPIN(b.ctx(), reset), ledger.ReasonTooOften)
	reset.Since = b.now.Add(-time.Minute)
	b.must(b.ResetPIN(b.ctx(), reset))
	b.declined(b.ResetPIN(b.ctx(), reset), ledger.ReasonTooOften)
	reset.Since = time.Time{}
	b.declined(b.ResetPIN(b.ctx(), reset), ledger.ReasonKeyReused)
	b.audited(w.ID, reset.Record)

	got := b.again(w)
	if !got.FirstPIN || !got.PINReset || !got.LockedUntil.IsZero() {
		b.Errorf("after the reset: %+v", got)
	}
	tried, err := b.CountTry(b.ctx(), b.try(w.ID, "new"))
	if err != nil || tried.Verifier.KeyVersion != 2 || !tried.First || tried.Used != 1 {
		b.Errorf("the next try: %+v, %v", tried, err)
	}
	b.must(b.RightTry(b.ctx(), b.try(w.ID, "new")))
	if got := b.again(w); got.FirstPIN || !got.PINReset {
		b.Errorf("a use is no change: %+v", got)
	}
	_, err = b.StagedPIN(b.ctx(), w.ID, b.now)
	b.declined(err, ledger.ReasonNotStaged)
	if n, err := b.FirstPINsSince(b.ctx(), w.ID, b.now); err != nil || n != 1 {
		b.Errorf("%d first PINs, %v, want 1", n, err)
	}
	all := b.messages()
	if len(all) != 1 || all[0].Kind != "pin_reset" || string(all[0].Sealed) != "sealed" {
		b.Errorf("messages %+v", all)
	}
	b.must(b.ReplacePIN(b.ctx(), w.ID, verifier(4), false, b.now, nil))
	if got := b.again(w); got.PINReset || got.FirstPIN {
		b.Errorf("after the change: %+v", got)
	}

	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActBlock)))
	b.declined(b.ResetPIN(b.ctx(), b.reset(w, "b", 5)), ledger.ReasonBlocked)
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnblock)))
	b.suspect(true, ledger.Alarm{
		Wallet: w.ID, Why: ledger.SuspectRecycled, Record: b.support(w.ID, "suspect"),
	})
	b.declined(b.ResetPIN(b.ctx(), b.reset(w, "b", 5)), ledger.ReasonSuspect)
	if v, err := b.PIN(b.ctx(), w.ID); err != nil || v.KeyVersion != 4 {
		b.Errorf("after declines: %v, %v", v, err)
	}
	nobody := b.reset(w, "b", 5)
	nobody.Wallet = "nobody"
	b.is(b.ResetPIN(b.ctx(), nobody), ledger.ErrNoWallet)
	silent := b.reset(w, "b", 5)
	silent.Message = ledger.Message{}
	if err := b.ResetPIN(b.ctx(), silent); err == nil || ledger.ReasonOf(err) != "" {
		b.Errorf("without an SMS: %v, want a fault", err)
	}
}

func testResetPINRace(b *books) {
	const n = 8
	w := b.wallet(0)
	b.now = b.now.Add(time.Hour)
	var done atomic.Int64
	race(n, func(i int) {
		p := b.reset(w, fmt.Sprint("reset ", i), 2)
		p.Since = b.now.Add(-time.Minute)
		switch err := b.ResetPIN(b.ctx(), p); {
		case err == nil:
			done.Add(1)
		case ledger.ReasonOf(err) != ledger.ReasonTooOften:
			b.Errorf("reset: %v", err)
		}
	})
	if all := b.messages(); done.Load() != 1 || len(all) != 1 {
		b.Errorf("%d resets, %d messages, want 1", done.Load(), len(all))
	}
}

func testRightAnswer(b *books) {
	w := b.wallet(0)
	b.wrong(w.ID, "1")
	for range 2 { // the second time it is a repeat
		answer := b.try(w.ID, "answer")
		tried, err := b.CountTry(b.ctx(), answer)
		b.must(err)
		if tried.Used == 2 == tried.Right {
			b.Errorf("tried %+v", tried)
		}
		b.must(b.RightAnswer(b.ctx(), answer))
	}
	if !b.again(w).FirstPIN {
		b.Error("an answer is no use of the first PIN")
	}
	if left, _ := b.wrong(w.ID, "2"); left != maxTries-2 {
		b.Errorf("%d tries left, want %d: an answer gives no others back", left, maxTries-2)
	}
	for name, attempt := range map[string]string{"never counted": "x", "wrong": "1"} {
		if err := b.RightAnswer(b.ctx(), b.try(w.ID, attempt)); err == nil {
			b.Errorf("%s: no fault", name)
		}
	}
	b.is(b.RightAnswer(b.ctx(), b.try("nobody", "1")), ledger.ErrNoWallet)
}

func testLastSpent(b *books) {
	w := b.wallet(money.Som(100))
	spent := func(want money.Amount) {
		b.Helper()
		if got, err := b.LastSpent(b.ctx(), w.ID); err != nil || got != want {
			b.Errorf("last spent %s, %v, want %s", got, err, want)
		}
	}
	spent(0) // what was put in is known to others
	for _, som := range []int64{10, 7} {
		b.now = b.now.Add(time.Minute)
		_, err := b.apply(b.payment(b.pressed(w.ID, money.Som(som))))
		b.must(err)
	}
	spent(money.Som(7))
	b.must(b.Fund(b.ctx(), newID(), w.ID, money.Som(3), ledger.MaxBalance, b.now))
	spent(money.Som(7))
}

// sealedUnder is what pin.Keys.Seal makes, as far as a store looks at it.
func sealedUnder(version int, text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{1}, uint32(version)), text...)
}

func testKeys(b *books) {
	var wallets []ledger.NewWallet
	for n := range 4 {
		w := b.newWallet()
		w.PIN = verifier(byte(1 + n/2))
		w.INNSealed = sealedUnder(1+n/2, w.ID)
		if n == 3 {
			w.Message = ledger.Message{
				Key: w.ID, To: w.Number, Kind: "first_pin", Lang: "ru", Sealed: sealedUnder(7, "x"),
			}
			w.INNHash, w.INNSealed = nil, nil
		}
		b.must(b.Register(b.ctx(), w))
		wallets = append(wallets, w)
	}
	b.uses(ledger.KeyUse{
		PINs: map[int]int{1: 2, 2: 2}, INNs: map[int]int{1: 2, 2: 1}, Messages: map[int]int{7: 1},
	})
	w := wallets[0]
	to := verifier(9)
	b.must(b.RekeyPIN(b.ctx(), w.ID, w.PIN, to))
	b.must(b.RekeyPIN(b.ctx(), w.ID, w.PIN, verifier(8))) // it is another one now
	if v, err := b.PIN(b.ctx(), w.ID); err != nil || !bytes.Equal(v.MAC, to.MAC) ||
		!bytes.Equal(v.Salt, to.Salt) || v.KeyVersion != 9 {
		b.Errorf("after a new key: %v, %v", v, err)
	}
	if got := b.again(w.Wallet); !got.FirstPIN {
		b.Errorf("a new key is no use of the PIN: %+v", got)
	}

	seen := map[string]bool{}
	for after := ""; ; {
		page, err := b.SealedINNs(b.ctx(), 2, after, 1)
		b.must(err)
		if len(page) == 0 {
			break
		}
		after = page[0].Wallet
		seen[after] = bytes.Equal(page[0].Sealed, sealedUnder(1, after))
	}
	if want := map[string]bool{wallets[0].ID: true, w.ID: true, wallets[1].ID: true}; !maps.Equal(
		seen, want) {
		b.Errorf("sealed under another version: %v, want %v", seen, want)
	}
	fresh := sealedUnder(2, "new")
	b.must(b.ResealINN(b.ctx(), w.ID, w.INNSealed, fresh))
	b.must(b.ResealINN(b.ctx(), w.ID, w.INNSealed, sealedUnder(3, "late")))
	if got := b.again(w.Wallet); !bytes.Equal(got.INNSealed, fresh) {
		b.Errorf("resealed INN %q", got.INNSealed)
	}
	b.uses(ledger.KeyUse{
		PINs: map[int]int{9: 1, 1: 1, 2: 2}, INNs: map[int]int{1: 1, 2: 2},
		Messages: map[int]int{7: 1},
	})
	for _, m := range b.messages() {
		b.must(b.AckMessage(b.ctx(), m.ID, b.now))
	}
	if use, err := b.KeyVersions(b.ctx()); err != nil || len(use.Messages) > 0 {
		b.Errorf("a sent message needs no key: %+v, %v", use, err)
	}
}

func (b *books) uses(want ledger.KeyUse) {
	b.Helper()
	if got, err := b.KeyVersions(b.ctx()); err != nil || !reflect.DeepEqual(got, want) {
		b.Errorf("keys in use %+v, %v, want %+v", got, err, want)
	}
}
