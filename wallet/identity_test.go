package wallet_test

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// INNs that are not the wallet's, and IMSIs. Fifteen digits are found nowhere by accident either.
const (
	wrongINN = "10908199901237"
	imsi     = "437051234567890"
	otherSIM = "437059876543210"
)

func (b *bench) seen(digits string) {
	b.t.Helper()
	b.ok(b.Seen(b.ctx(), number, secret(digits)))
}

// paid pays, so that there is an amount to ask about.
func (b *bench) paid(amount string) {
	b.t.Helper()
	b.changes++
	_, err := b.pay(b.offer(amount).ID, canary, "paid "+strconv.Itoa(b.changes))
	b.ok(err)
	b.message(wallet.KindPaid)
}

func clerk(reason string) wallet.Clerk { return wallet.Clerk{Name: "aida", Reason: reason} }

func (b *bench) forgotten(inn, amount, attempt string) error {
	a, err := money.Parse(amount)
	b.ok(err)
	err = b.ForgottenPIN(b.ctx(), number, secret(inn), a, attempt)
	b.see(err)
	return err
}

func (b *bench) confirm(inn, attempt string) error {
	err := b.ConfirmIdentity(b.ctx(), number, secret(inn), attempt)
	b.see(err)
	return err
}

func TestAnotherSIMStopsMoney(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.pins[imsi], b.pins[otherSIM], b.pins[wrongINN] = true, true, true
	b.seen(imsi) // no wallet, and no error
	b.seed(1000)
	b.ok(b.Seen(b.ctx(), number, pin.Secret{})) // the network does not tell
	if len(b.wallet().IMSIHash) != 0 {
		t.Error("no IMSI is remembered as one")
	}
	b.seen(imsi)
	b.seen(imsi)
	o := b.offer("10")
	b.silent()
	b.seen(otherSIM)
	b.seen(otherSIM)
	if m := b.message(wallet.KindIdentity); m.Lang != "ru" || len(m.Fields) > 0 || m.secret != "" {
		t.Errorf("message %+v", m)
	}
	b.seen(imsi) // the old SIM again ends nothing
	if got := b.wallet().Suspect; got != ledger.SuspectIMSI {
		t.Fatalf("suspect %q", got)
	}

	_, err := b.Offer(b.ctx(), quote("11"))
	b.declined(err, ledger.ReasonSuspect)
	for n, typed := range []string{canary, wrong, wrong, wrong, wrong} {
		_, err = b.pay(o.ID, typed, "p"+strconv.Itoa(n)) // not a try: nothing is locked
		b.declined(err, ledger.ReasonSuspect)
	}
	b.declined(b.check(canary, "c"), ledger.ReasonSuspect)
	b.declined(b.stage(second), ledger.ReasonSuspect)
	b.declined(b.change(second), ledger.ReasonSuspect)
	b.declined(b.ResendFirstPIN(b.ctx(), number, "r"), ledger.ReasonSuspect)
	b.declined(b.forgotten(inn, "10", "f"), ledger.ReasonSuspect)
	b.declined(b.ResetPIN(b.ctx(), number, clerk("asked")), ledger.ReasonSuspect)
	_, err = b.BalanceWithPIN(b.ctx(), number, secret(canary), "b")
	b.declined(err, ledger.ReasonSuspect)
	b.silent()

	b.ok(b.confirm(inn, "1"))
	b.ok(b.confirm(inn, "1"))
	b.seen(otherSIM) // the next one that is seen is the owner's
	_, err = b.pay(o.ID, canary, "now")
	b.ok(err)
	b.message(wallet.KindPaid)
	b.seen(imsi)
	b.message(wallet.KindIdentity)
	b.ok(b.Block(b.ctx(), number, secret(canary), "block")) // whoever knows the PIN may stop it all
	b.message(wallet.KindBlocked)
	b.declined(b.confirm(inn, "2"), ledger.ReasonBlocked)

	acts := b.deeds()
	if strings.Join(acts, " ") != "subscriber/block network/suspect subscriber/confirm "+
		"network/suspect" {
		t.Errorf("audit %q", acts)
	}
}

// deeds lists who has done what, newest first.
func (b *bench) deeds() (acts []string) {
	b.t.Helper()
	all, err := b.store.Records(b.ctx(), ledger.WalletSubject(b.wallet().ID), 100)
	b.ok(err)
	for _, r := range all {
		acts = append(acts, r.Actor+"/"+r.Act)
	}
	return acts
}

// Wrong INNs are counted with wrong PINs, and a right one gives no tries back: otherwise whoever
// knows the INN could try PINs without end.
func TestINNAnswersAreTries(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.pins[wrongINN] = true
	b.seed(0)
	if b.confirm(inn, "") == nil {
		t.Error("an answer without an attempt is accepted")
	}
	b.wrongLeft("1", 2)
	for n := range 5 {
		b.ok(b.confirm(inn, "right "+strconv.Itoa(n)))
	}
	for range 2 { // the same input twice is one try
		if d := b.declined(b.confirm(wrongINN, "w"), ledger.ReasonWrongPIN); d.Left != 1 {
			t.Errorf("%d tries left, want 1", d.Left)
		}
	}
	d := b.declined(b.confirm("", "none"), ledger.ReasonLocked)
	if d.Until.Sub(b.clock.Now()) != 30*time.Minute {
		t.Errorf("locked until %s", d.Until)
	}
	b.declined(b.confirm(inn, "late"), ledger.ReasonLocked)
	b.lockedFor(canary, "pin", 30*time.Minute)
}

func TestForgottenPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.pins[wrongINN] = true
	b.seed(1000)
	if b.forgotten(inn, "1", "") == nil {
		t.Error("an answer without an attempt is accepted")
	}
	b.declined(b.forgotten(inn, "1000", "nothing paid yet"), ledger.ReasonAskSupport)
	b.declined(b.forgotten(wrongINN, "1000", "0"), ledger.ReasonWrongPIN)
	b.ok(b.check(canary, "clears"))
	b.paid("100")
	b.paid("250.50")
	b.ok(b.Fund(b.ctx(), "a stranger's", number, money.Som(7)))
	b.declined(b.forgotten(inn, "7", "1"), ledger.ReasonWrongPIN)
	if d := b.declined(b.forgotten(wrongINN, "250.50", "2"), ledger.ReasonWrongPIN); d.Left != 1 {
		t.Errorf("%d tries left, want 1", d.Left)
	}
	b.silent()

	b.ok(b.forgotten(inn, "250.50", "3"))
	b.ok(b.forgotten(inn, "250.50", "3")) // the input came twice
	m := b.message(wallet.KindPINReset)
	if len(m.Fields) != 0 || len(m.secret) != len(canary) || m.secret == canary {
		t.Errorf("message %+v", m)
	}
	b.declined(b.forgotten(inn, "250.50", "4"), ledger.ReasonTooOften)
	b.declined(b.forgotten(wrongINN, "1", "5"), ledger.ReasonTooOften) // and tells nothing
	b.declined(b.check(canary, "old"), ledger.ReasonWrongPIN)

	o := b.offer("5")
	for _, attempt := range []string{"a", "b"} {
		_, err := b.pay(o.ID, m.secret, attempt)
		b.declined(err, ledger.ReasonFirstPIN) // whatever MustChangeFirstPIN says
	}
	b.ok(b.check(m.secret, "change"))
	b.ok(b.stage(second))
	b.ok(b.change(second))
	b.message(wallet.KindPINChanged)
	_, err := b.pay(o.ID, second, "c")
	b.ok(err)
	b.clock.advance(24 * time.Hour)
	b.declined(b.forgotten(inn, "5", "the next day"), ledger.ReasonTooOften)
	b.clock.advance(time.Second)
	b.ok(b.forgotten(inn, "5", "a day and a second later"))
	if acts := b.deeds(); strings.Join(acts, " ") != "subscriber/reset_pin subscriber/reset_pin" {
		t.Errorf("audit %q", acts)
	}
}

func TestForgottenPINAtOnce(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(100)
	b.paid("10")
	var group sync.WaitGroup
	for n := range 6 {
		group.Go(func() {
			err := b.ForgottenPIN(context.Background(), number, secret(inn), money.Som(10),
				strconv.Itoa(n%3))
			switch ledger.ReasonOf(err) {
			case "", ledger.ReasonTooOften, ledger.ReasonLocked:
			default:
				t.Errorf("ForgottenPIN = %v", err)
			}
		})
	}
	group.Wait()
	b.message(wallet.KindPINReset) // one and no other
}

// Who has no tries left gets none by the control question, and a block is for the support to end.
func TestForgottenPINOfALockedWallet(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(100)
	b.paid("10")
	for n := range 3 {
		b.see(b.check(wrong, strconv.Itoa(n)))
	}
	b.declined(b.forgotten(inn, "10", "1"), ledger.ReasonLocked)
	b.clock.advance(30 * time.Minute)
	b.ok(b.forgotten(inn, "10", "2"))
	b.message(wallet.KindPINReset)
	b.clock.advance(48 * time.Hour)
	err := wallet.Intervene(b.ctx(), b.store, number, ledger.ActBlock, "aida", "lost", b.clock.Now())
	b.ok(err)
	b.declined(b.forgotten(inn, "10", "3"), ledger.ReasonBlocked)
	b.declined(b.ResetPIN(b.ctx(), number, clerk("asked")), ledger.ReasonBlocked)
}

func TestSupportResetsPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.ResetPIN(b.ctx(), number, clerk("asked")), ledger.ErrNoWallet)
	b.seed(100)
	for n := range 3 {
		b.see(b.check(wrong, strconv.Itoa(n)))
	}
	for _, actor := range []string{"", ledger.ActorSubscriber, ledger.ActorNetwork} {
		if err := b.ResetPIN(b.ctx(), number, wallet.Clerk{Name: actor, Reason: "asked"}); err == nil {
			t.Errorf("actor %q is accepted", actor)
		}
	}
	b.ok(b.ResetPIN(b.ctx(), number, clerk("came with ID")))
	first := b.message(wallet.KindPINReset)
	b.clock.advance(time.Second)
	again := clerk("no SMS came")
	again.SawINN = true
	b.ok(b.ResetPIN(b.ctx(), number, again)) // the support decides how often
	m := b.message(wallet.KindPINReset)
	b.declined(b.check(first.secret, "first"), ledger.ReasonWrongPIN)
	b.ok(b.check(m.secret, "newest"))
	if w := b.wallet(); w.LockedUntil.After(b.clock.Now()) || !w.PINReset {
		t.Errorf("wallet %+v", w)
	}
	all, err := b.store.Records(b.ctx(), ledger.WalletSubject(b.wallet().ID), 1)
	b.ok(err)
	if len(all) != 1 || all[0].Actor != "aida" || all[0].Reason != "no SMS came" ||
		all[0].Detail != "INN checked" {
		t.Errorf("audit %+v", all)
	}
}

func TestSupportKnowsWhoItIs(t *testing.T) {
	b := newBench(t, wallet.Config{})
	w := b.seed(0)
	if !b.HasINN(w, secret(inn)) || b.HasINN(w, secret(wrongINN)) || b.HasINN(w, pin.Secret{}) {
		t.Error("the INN is not told from others")
	}
	b.declined(b.Confirm(b.ctx(), number, clerk("asked")), ledger.ReasonNotSuspect)
	b.ok(b.Recycled(b.ctx(), number, clerk("list of the operator")))
	b.declined(b.Recycled(b.ctx(), number, clerk("again")), ledger.ReasonSuspect)
	b.silent() // a stranger would read it
	b.seen(imsi)
	if w := b.wallet(); w.Suspect != ledger.SuspectRecycled || len(w.IMSIHash) > 0 {
		t.Errorf("a SIM of a recycled number is nobody's: %+v", w)
	}
	b.ok(b.Confirm(b.ctx(), number, clerk("came with ID")))
	if w := b.wallet(); w.Suspect != "" {
		t.Errorf("wallet %+v", w)
	}
	if err := b.SetLevel(b.ctx(), number, "no such level", clerk("x")); err == nil ||
		ledger.ReasonOf(err) != "" {
		t.Errorf("a level without limits: %v", err)
	}
	b.ok(b.SetLevel(b.ctx(), number, wallet.Level, clerk("as it is")))
	if acts := b.deeds(); strings.Join(acts, " ") != "aida/confirm aida/suspect" {
		t.Errorf("audit %q", acts)
	}
}

func TestBalanceWithPIN(t *testing.T) {
	b := newBench(t, wallet.Config{BalancePIN: true})
	b.seed(120)
	if !b.BalanceNeedsPIN() || b.issuer(wallet.Config{}, b.keys, providersYAML).BalanceNeedsPIN() {
		t.Error("the operator's choice is not told")
	}
	for range 2 {
		got, err := b.BalanceWithPIN(b.ctx(), number, secret(canary), "1")
		b.ok(err)
		if got != money.Som(120) {
			t.Errorf("balance %s", got)
		}
	}
	_, err := b.BalanceWithPIN(b.ctx(), number, secret(wrong), "2")
	if d := b.declined(err, ledger.ReasonWrongPIN); d.Left != 2 {
		t.Errorf("%d tries left", d.Left)
	}
}

func TestConsentIsTheOffersHash(t *testing.T) {
	text := "Public offer, version 3 of 1 July 2026\nThe wallet is ...\n"
	o, err := wallet.ParsePublicOffer([]byte(text))
	if err != nil || o.Version != "Public offer, version 3 of 1 July 2026" {
		t.Fatalf("%+v, %v", o, err)
	}
	b := newBench(t, wallet.Config{PublicOffer: o})
	b.ok(b.Register(b.ctx(), application()))
	b.message(wallet.KindFirstPIN)
	// From sha256sum, of coreutils.
	const want = "bbf9b2a708ec3cae64d7c79b032bd12763ebec0d7394b48de5459f49bfa8d547"
	if got := b.wallet().OfferHash; got != want {
		t.Errorf("agreed to %s, want %s", got, want)
	}
	for name, bad := range map[string]string{
		"empty": "", "no text": "Version 1\n \n", "no version": "\ntext", "not UTF-8": "V\xff\ntext",
		"long": strings.Repeat("v", 121) + "\ntext", "control": "V\x07\ntext",
	} {
		if o, err := wallet.ParsePublicOffer([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if example := wallet.ExamplePublicOffer(); !strings.Contains(example.Version, "EXAMPLE") {
		t.Errorf("the example is not marked: %+v", example)
	}
}

// Wallets under three versions of the key: each right PIN and one command move all to the newest,
// and what is missing is named.
func TestKeysRotate(t *testing.T) {
	b := newBench(t, wallet.Config{})
	people := []string{"996555123456", "996555123457", "996555123458"}
	inns := []string{inn, "10101199001234", "10202199101234"}
	seen := []int{}
	for n := range people {
		seen = append(seen, n+1)
		a := application()
		a.Number, a.INN = msisdn.MustParse(people[n]), inns[n]
		b.ok(b.issuer(wallet.Config{}, testKeys(t, n+1, seen...), providersYAML).Seed(b.ctx(), a,
			secret(canary)))
	}
	use, err := b.store.KeyVersions(b.ctx())
	b.ok(err)
	if len(use.PINs) != 3 || len(use.INNs) != 3 {
		t.Fatalf("use %+v", use)
	}
	third, err := testKeys(t, 3, 3).WithFingerprintKey(bytes.Repeat([]byte{1}, pin.MinKeyOctets))
	b.ok(err)
	early := b.issuer(wallet.Config{}, third, providersYAML)
	err = early.CheckPIN(b.ctx(), msisdn.MustParse(people[1]), secret(canary), "1")
	if err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("without key 2: %v", err)
	}
	if _, err := early.ResealINNs(b.ctx()); err == nil || !strings.Contains(err.Error(), "version ") {
		t.Errorf("resealed without the keys: %v", err)
	}
	missing, err := early.CheckKeys(b.ctx())
	b.ok(err)
	if want := "version 1 is not in the key file, and 1 PINs, 1 INNs and 0 messages need it; " +
		"version 2 is not in the key file, and 1 PINs, 1 INNs and 0 messages need it"; missing != want {
		t.Errorf("missing %q", missing)
	}

	all := b.issuer(wallet.Config{}, testKeys(t, 3, 1, 2, 3), providersYAML)
	for _, digits := range people {
		b.ok(all.CheckPIN(b.ctx(), msisdn.MustParse(digits), secret(canary), "2"))
	}
	if n, err := all.ResealINNs(b.ctx()); err != nil || n != 2 {
		t.Errorf("%d resealed, %v, want 2", n, err)
	}
	if missing, err := early.CheckKeys(b.ctx()); missing != "" || err != nil {
		t.Errorf("after the rotation: %q, %v", missing, err)
	}
	for n, digits := range people {
		b.ok(early.CheckPIN(b.ctx(), msisdn.MustParse(digits), secret(canary), "3"))
		b.ok(early.ConfirmIdentity(b.ctx(), msisdn.MustParse(digits), secret(inns[n]), "4"))
	}
	// The lowest key took the fingerprints with it.
	other := b.issuer(wallet.Config{}, testKeys(t, 3, 3), providersYAML)
	_, err = other.CheckKeys(b.ctx())
	b.fails(err, wallet.ErrFingerprints)
}
