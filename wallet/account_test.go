package wallet_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func TestAccount(t *testing.T) {
	b := newBench(t, wallet.Config{})
	for _, test := range []struct {
		provider, typed string
		want            string
		reason          ledger.Reason
		field           int
	}{
		{"dostek", dostek, dostek, "", 0},
		{"dostek", dostek + " 1", "", ledger.ReasonAccountFormat, 2},
		{"pair", "12 345678", "12/345678", "", 0},
		{"pair", "12", "", ledger.ReasonAccountFormat, 2},
		{"pair", "1 345678", "", ledger.ReasonAccountFormat, 1},
		{"pair", "12 34567", "", ledger.ReasonAccountFormat, 2},
		{"pair", "12/345678", "", ledger.ReasonAccountFormat, 1},
		{"halted", dostek, "", ledger.ReasonStopped, 0},
		{"nobody", dostek, "", ledger.ReasonUnknownProvider, 0},
	} {
		got, err := b.Account(number, test.provider, strings.Fields(test.typed)...)
		b.see(err)
		if test.reason != "" {
			if d := b.declined(err, test.reason); d.Field != test.field {
				t.Errorf("%s %s: field %d, want %d", test.provider, test.typed, d.Field, test.field)
			}
		} else if err != nil || got != test.want {
			t.Errorf("%s %s: %q, %v, want %q", test.provider, test.typed, got, err, test.want)
		}
	}
}

// Every field is checked before money moves, and the joined account is what is paid and told.
func TestPayAccountOfTwoFields(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	q := quote("100")
	q.Provider, q.Account = "pair", "12/34567"
	_, err := b.Offer(b.ctx(), q)
	if d := b.declined(err, ledger.ReasonAccountFormat); d.Field != 2 {
		t.Errorf("field %d is wrong, want 2", d.Field)
	}
	q.Account, q.Lang = "12/345678", "ru-latn"
	o, err := b.Offer(b.ctx(), q)
	b.ok(err)
	if o.Account != "12/345678" || o.ProviderName != "Пара" {
		t.Errorf("offer %+v, want 12/345678 of Пара", o)
	}
	_, err = b.pay(o.ID, canary, "1")
	b.ok(err)
	all, err := b.store.ClaimMessages(b.ctx(), b.clock.Now(), time.Minute, 10)
	b.ok(err)
	if len(all) != 1 || all[0].Fields["account"] != "12/345678" || all[0].Lang != "ru-latn" {
		t.Errorf("messages %+v, want one with the account", all)
	}
}

// spend pays provider so many times.
func (b *bench) spend(times int, provider, account, amount string) {
	b.t.Helper()
	for range times {
		b.clock.advance(time.Minute)
		q := quote(amount)
		q.Provider, q.Account, q.Again = provider, account, true
		o, err := b.Offer(b.ctx(), q)
		b.ok(err)
		_, err = b.pay(o.ID, canary, o.ID)
		b.ok(err)
	}
}

func TestPayeesAndFavourites(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.Payees(b.ctx(), number)
	b.fails(err, ledger.ErrNoWallet)
	_, err = b.Favourites(b.ctx(), number, 8)
	b.fails(err, ledger.ErrNoWallet)
	b.seed(2000)
	if got, err := b.Payees(b.ctx(), number); err != nil || len(got) > 0 {
		t.Errorf("payees %+v, %v, want none", got, err)
	}
	const second = "09999999999999"
	b.spend(2, "dostek", dostek, "10")
	b.spend(1, "pair", "12/345678", "10")
	b.spend(1, "dostek", second, "10")
	b.spend(1, "flat", second, "10")

	payees := func(i *wallet.Issuer) (all []string) {
		t.Helper()
		got, err := i.Payees(b.ctx(), number)
		b.ok(err)
		for _, p := range got {
			all = append(all, p.Provider.ID+" "+p.Account)
		}
		return all
	}
	want := []string{"flat " + second, "dostek " + second, "pair 12/345678", "dostek " + dostek}
	if got := payees(b.Issuer); !slices.Equal(got, want) {
		t.Errorf("payees %q, want %q", got, want)
	}
	got, err := b.Favourites(b.ctx(), number, 8)
	b.ok(err)
	if want := []string{"dostek", "flat", "pair"}; !slices.Equal(got, want) {
		t.Errorf("favourites %q, want %q", got, want)
	}
	got, err = b.Favourites(b.ctx(), number, 2)
	b.ok(err)
	if want := []string{"dostek", "flat"}; !slices.Equal(got, want) {
		t.Errorf("favourites %q, want %q", got, want)
	}

	// Who takes no payments, or not this account any more, is left out.
	yaml := strings.Replace(providersYAML, `- id: "flat"`, `- id: "round"`, 1)
	yaml = strings.Replace(yaml, `pattern: "^[0-9]{6}$", example: "345678"`,
		`pattern: "^[0-9]{5}$", example: "34567"`, 1)
	later := b.issuer(wallet.Config{}, b.keys, yaml)
	if got, want := payees(later), []string{want[1], want[3]}; !slices.Equal(got, want) {
		t.Errorf("payees later %q, want %q", got, want)
	}
	got, err = later.Favourites(b.ctx(), number, 8)
	b.ok(err)
	if want := []string{"dostek", "pair"}; !slices.Equal(got, want) {
		t.Errorf("favourites later %q, want %q", got, want)
	}
}

func TestStatement(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.Statement(b.ctx(), number, 5)
	b.fails(err, ledger.ErrNoWallet)
	b.seed(1000)
	for _, amount := range []string{"10", "20", "30"} {
		b.spend(1, "dostek", dostek, amount)
	}
	got, err := b.Statement(b.ctx(), number, 2)
	b.ok(err)
	if len(got) != 2 || got[0].Offer.Amount != money.Som(30) || got[1].Offer.Amount != money.Som(20) {
		t.Errorf("statement %+v, want 30 and 20", got)
	}
}

func TestAllowance(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.Allowance(b.ctx(), number, ledger.OpPayment)
	b.fails(err, ledger.ErrNoWallet)
	b.seed(10_000)
	want := wallet.Allowance{
		Once: money.Som(1000), Today: money.Som(1500), Month: money.Som(2000),
		Balance: money.Som(90_000),
	}
	left := func() {
		t.Helper()
		got, err := b.Allowance(b.ctx(), number, ledger.OpPayment)
		b.ok(err)
		if got != want {
			t.Errorf("allowance %+v, want %+v", got, want)
		}
	}
	left()
	b.spend(1, "dostek", dostek, "900") // its fee of 9 is not counted
	want.Today, want.Month = money.Som(600), money.Som(1100)
	left()
	b.spend(1, "dostek", dostek, "600")
	want.Today, want.Month = 0, money.Som(500)
	left()
	b.clock.advance(24 * time.Hour)
	want.Today = money.Som(500) // of the day's 1500 the month leaves no more
	left()
	b.clock.advance(30 * 24 * time.Hour)
	want.Today, want.Month = money.Som(1500), money.Som(2000)
	left()
}
