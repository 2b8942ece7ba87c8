package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

var other = msisdn.MustParse("996777123456")

func TestRegister(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.Wallet(b.ctx(), number)
	b.fails(err, ledger.ErrNoWallet)

	a := application()
	a.Name = "  Асанов   Асан-уулу "
	b.ok(b.Register(b.ctx(), a))

	w := b.wallet()
	if w.Name != "Асанов Асан-уулу" || w.Lang != "ru" || w.Level != wallet.Level ||
		w.BirthDate != "17041986" || w.Balance != 0 || !w.FirstPIN || w.Number != number ||
		!w.RegisteredAt.Equal(b.clock.Now()) {
		t.Errorf("wallet = %+v", w)
	}
	if plain, err := b.keys.Open(w.INNSealed, "inn/"+w.ID); string(plain) != inn || err != nil {
		t.Errorf("sealed INN does not open: %v", err)
	}
	m := b.message(wallet.KindFirstPIN)
	if m.Lang != "ru" || len(m.Fields) != 0 || len(m.secret) != len(canary) {
		t.Errorf("message = %+v", m)
	}
	if pin.Weak(secret(m.secret), pin.Hints{BirthDate: w.BirthDate, Number: number.Digits()}) {
		t.Error("the first PIN is weak")
	}
	b.ok(b.CheckPIN(b.ctx(), number, secret(m.secret), "1"))
	if b.wallet().FirstPIN {
		t.Error("the first PIN was used, and the wallet does not know")
	}
}

func TestRegisterTwice(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	first := b.message(wallet.KindFirstPIN)
	b.ok(b.Register(b.ctx(), application()))
	b.silent()

	another := application()
	another.INN = "10101199001234"
	b.declined(b.Register(b.ctx(), another), ledger.ReasonRegistered)
	taken := application()
	taken.Number = other
	b.declined(b.Register(b.ctx(), taken), ledger.ReasonINNTaken)

	b.ok(b.CheckPIN(b.ctx(), number, secret(first.secret), "1"))
	b.declined(b.Register(b.ctx(), application()), ledger.ReasonRegistered)
	b.silent()
}

func TestRegisterAtOnceSendsOneSMS(t *testing.T) {
	b := newBench(t, wallet.Config{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := b.Register(context.Background(), application()); err != nil {
				t.Errorf("Register = %v", err)
			}
		})
	}
	group.Wait()
	m := b.message(wallet.KindFirstPIN)
	b.ok(b.CheckPIN(b.ctx(), number, secret(m.secret), "1"))
}

func TestRegisterRefuses(t *testing.T) {
	b := newBench(t, wallet.Config{})
	long := strings.Repeat("А", 65)
	for name, c := range map[string]struct {
		change func(*wallet.Application)
		reason ledger.Reason
		err    error
	}{
		"future birth": {func(a *wallet.Application) {
			a.INN = "12211202600000"
		}, ledger.ReasonINNFuture, nil},
		"company's INN":  {func(a *wallet.Application) { a.INN = dostek }, "", wallet.ErrINN},
		"empty name":     {func(a *wallet.Application) { a.Name = " - " }, "", wallet.ErrName},
		"one letter":     {func(a *wallet.Application) { a.Name = "А." }, "", wallet.ErrName},
		"digits in name": {func(a *wallet.Application) { a.Name = "Asanov 1" }, "", wallet.ErrName},
		"control sign":   {func(a *wallet.Application) { a.Name = "Asanov\x00Asan" }, "", wallet.ErrName},
		"broken UTF-8":   {func(a *wallet.Application) { a.Name = "Asan\xff" }, "", wallet.ErrName},
		"long name":      {func(a *wallet.Application) { a.Name = long }, "", wallet.ErrName},
	} {
		a := application()
		c.change(&a)
		err := b.Register(b.ctx(), a)
		b.see(err)
		if ledger.ReasonOf(err) != c.reason || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: Register = %v, want %q, %v", name, err, c.reason, c.err)
		}
	}
	a := application()
	a.Lang = ""
	if err := b.Register(b.ctx(), a); err == nil {
		t.Error("no language is accepted")
	}
	if _, err := b.Wallet(b.ctx(), number); !errors.Is(err, ledger.ErrNoWallet) {
		t.Errorf("a refused application left a wallet: %v", err)
	}
	b.silent()
}

// The INN's date is compared with today in Bishkek, where the day begins six hours earlier.
func TestRegisterKnowsTheDayInBishkek(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.clock.advance(time.Date(2026, 11, 21, 18, 30, 0, 0, time.UTC).Sub(b.clock.Now()))
	a := application()
	a.INN = "12211202600000"
	b.ok(b.Register(b.ctx(), a))
}

func TestResendFirstPIN(t *testing.T) {
	b := newBench(t, wallet.Config{ResendPerDay: 2})
	b.fails(b.ResendFirstPIN(b.ctx(), number, "1"), ledger.ErrNoWallet)
	b.ok(b.Register(b.ctx(), application()))
	old := b.message(wallet.KindFirstPIN)
	for n := range 2 {
		b.clock.advance(time.Minute)
		b.ok(b.ResendFirstPIN(b.ctx(), number, "resend "+strconv.Itoa(n)))
	}
	newest := b.messages()
	if len(newest) != 2 {
		t.Fatalf("%d messages, want 2", len(newest))
	}
	b.declined(b.ResendFirstPIN(b.ctx(), number, "2"), ledger.ReasonTooOften)
	b.clock.advance(24*time.Hour - 90*time.Second)
	b.declined(b.ResendFirstPIN(b.ctx(), number, "3"), ledger.ReasonTooOften)
	b.clock.advance(time.Minute)
	b.ok(b.ResendFirstPIN(b.ctx(), number, "4"))
	last := b.message(wallet.KindFirstPIN)

	b.declined(b.CheckPIN(b.ctx(), number, secret(old.secret), "1"), ledger.ReasonWrongPIN)
	b.declined(b.CheckPIN(b.ctx(), number, secret(newest[1].secret), "2"), ledger.ReasonWrongPIN)
	b.ok(b.CheckPIN(b.ctx(), number, secret(last.secret), "3"))
	b.declined(b.ResendFirstPIN(b.ctx(), number, "5"), ledger.ReasonPINUsed)
	b.silent()
}

// The input that asked for a first PIN comes twice: one PIN, one SMS, and the same answer.
func TestResendFirstPINRepeated(t *testing.T) {
	b := newBench(t, wallet.Config{ResendPerDay: 1})
	b.ok(b.Register(b.ctx(), application()))
	b.message(wallet.KindFirstPIN)
	if err := b.ResendFirstPIN(b.ctx(), number, ""); err == nil {
		t.Error("an input without an attempt is accepted")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := b.ResendFirstPIN(context.Background(), number, "1"); err != nil {
				t.Errorf("ResendFirstPIN = %v", err)
			}
		})
	}
	group.Wait()
	m := b.message(wallet.KindFirstPIN)
	b.ok(b.ResendFirstPIN(b.ctx(), number, "1"))
	b.declined(b.ResendFirstPIN(b.ctx(), number, "2"), ledger.ReasonTooOften)
	b.ok(b.CheckPIN(b.ctx(), number, secret(m.secret), "1"))
	b.ok(b.ResendFirstPIN(b.ctx(), number, "1"))
	b.declined(b.ResendFirstPIN(b.ctx(), number, "2"), ledger.ReasonPINUsed)
	b.silent()
}

func TestSeed(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(100)
	b.silent()
	if w := b.wallet(); w.FirstPIN || w.Balance != 10000 {
		t.Errorf("wallet = %+v", w)
	}
	b.ok(b.CheckPIN(b.ctx(), number, secret(canary), "1"))
	b.ok(b.Seed(b.ctx(), application(), secret(second)))
	b.ok(b.CheckPIN(b.ctx(), number, secret(canary), "2"))
	b.ok(b.ResetPIN(b.ctx(), number, clerk("asked")))
	b.ok(b.Seed(b.ctx(), application(), secret(second)))
	if w := b.wallet(); !w.FirstPIN {
		t.Errorf("wallet = %+v, want it as its reset has left it", w)
	}
	b.ok(b.Fund(b.ctx(), "seed", number, 10000))
	if balance, err := b.Balance(b.ctx(), number); balance != 10000 || err != nil {
		t.Errorf("Balance = %s, %v", balance, err)
	}
	b.declined(b.Fund(b.ctx(), "seed", number, 1), ledger.ReasonKeyReused)
	b.fails(b.Fund(b.ctx(), "other", other, 1), ledger.ErrNoWallet)
	b.ok(b.Fund(b.ctx(), "full", number, money.Som(90_000-100)))
	d := b.declined(b.Fund(b.ctx(), "more", number, 1), ledger.ReasonLimitBalance)
	if balance := b.wallet().Balance; balance != money.Som(90_000) || d.Limit != 0 {
		t.Errorf("balance = %s, decline %+v; want what the level allows", balance, d)
	}
	b.fails(b.Seed(b.ctx(), wallet.Application{Name: "Asan"}, secret(canary)), wallet.ErrINN)
	a := application()
	a.Number, a.INN = other, "10101199001234"
	b.fails(b.Seed(b.ctx(), a, secret("12")), pin.ErrFormat)
}

func TestSetLanguage(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.SetLanguage(b.ctx(), number, "ky"), ledger.ErrNoWallet)
	b.seed(0)
	b.ok(b.SetLanguage(b.ctx(), number, "ky"))
	b.ok(b.SetLanguage(b.ctx(), number, "ky"))
	if got := b.wallet().Lang; got != "ky" {
		t.Errorf("language = %q", got)
	}
	for _, lang := range []string{"", strings.Repeat("x", 9)} {
		if err := b.SetLanguage(b.ctx(), number, lang); err == nil {
			t.Errorf("language %q is accepted", lang)
		}
	}
}

// Without randomness there is no id, no salt and no PIN: better nothing at all.
func TestNothingWithoutRandomness(t *testing.T) {
	b := newBench(t, wallet.Config{})
	broken := errors.New("broken")
	i, err := wallet.NewIssuer(wallet.Config{}, b.store, b.poster, b.keys,
		providers(t, providersYAML), b.clock.Now, iotest.ErrReader(broken), nil)
	b.ok(err)
	b.fails(i.Register(b.ctx(), application()), broken)
	b.fails(i.Seed(b.ctx(), application(), secret(canary)), broken)
	stuck, err := wallet.NewIssuer(wallet.Config{}, b.store, b.poster, b.keys,
		providers(t, providersYAML), b.clock.Now, constant(5), nil)
	b.ok(err)
	if err := stuck.Register(b.ctx(), application()); err == nil {
		t.Error("a first PIN was drawn from a source that is not random")
	}
	b.seed(100)
	_, err = i.Offer(b.ctx(), quote("10"))
	b.fails(err, broken)
}

func TestNewIssuer(t *testing.T) {
	b := newBench(t, wallet.Config{})
	bad := wallet.Config{
		PINLength: 13, MaxTries: 11, ResendPerDay: -1, OfferTTL: -1, RepeatWithin: -1, StageTTL: -1,
		SweepAfter: -1, LockFor: []time.Duration{time.Hour, time.Minute, -1},
	}
	_, err := wallet.NewIssuer(bad, b.store, b.poster, b.keys, providers(t, providersYAML),
		nil, nil, nil)
	for _, field := range []string{
		"PINLength 13", "MaxTries 11", "ResendPerDay -1", "OfferTTL", "RepeatWithin", "StageTTL",
		"SweepAfter", "LockFor 1m0s", "LockFor -1ns",
	} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not reported: %v", field, err)
		}
	}
}

func TestFirstPINsDiffer(t *testing.T) {
	b := newBench(t, wallet.Config{PINLength: 4, ResendPerDay: 20})
	b.ok(b.Register(b.ctx(), application()))
	for n := range 20 {
		b.ok(b.ResendFirstPIN(b.ctx(), number, strconv.Itoa(n)))
	}
	box := &inbox{}
	_, err := wallet.NewRelay(b.store, b.keys, box, b.clock.Now, b.log).Once(b.ctx())
	b.ok(err)
	var pins []string
	for _, m := range box.got {
		if len(m.secret) != 4 || bytes.Contains(m.Sealed, []byte(m.secret)) {
			t.Errorf("PIN of %d digits, sealed %x", len(m.secret), m.Sealed)
		}
		pins = append(pins, m.secret)
	}
	slices.Sort(pins)
	if distinct := len(slices.Compact(pins)); len(box.got) != 21 || distinct < 15 {
		t.Errorf("%d messages, %d distinct PINs", len(box.got), distinct)
	}
}
