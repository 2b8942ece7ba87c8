package ledgertest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// pay pays amount from a wallet, for a day, with a fee of one som.
func (b *books) pay(wallet string, amount money.Amount, day string) ledger.Receipt {
	b.Helper()
	p := b.payment(b.pressed(wallet, amount))
	p.Day, p.Month = day, day[:7]
	r, err := b.apply(p)
	b.must(err)
	return r
}

func (b *books) sums(account string, want money.Amount) {
	b.Helper()
	got, err := b.AccountBalance(b.ctx(), account)
	b.must(err)
	if got != want {
		b.Errorf("%s is %s, want %s", account, got, want)
	}
}

func (b *books) rollUp(want int) {
	b.Helper()
	got, err := b.RollUp(b.ctx())
	b.must(err)
	if got != want {
		b.Errorf("%d accounts have moved, want %d", got, want)
	}
}

func testRollUp(b *books) {
	b.rollUp(0)
	b.sums("trust", 0)
	w := b.wallet(money.Som(100))
	b.pay(w.ID, money.Som(10), day)
	check := func(paid int64) {
		b.Helper()
		b.sums(ledger.TrustAccount, -money.Som(100))
		b.sums(ledger.ProviderAccount("dostek"), money.Som(10*paid))
		b.sums(ledger.FeeAccount("dostek"), money.Som(paid))
		b.sums(ledger.WalletAccount(w.ID), money.Som(100-11*paid))
		b.sums(ledger.ProviderAccount("nobody"), 0)
	}
	check(1)
	b.rollUp(3) // trust, provider, fee
	check(1)
	b.rollUp(0)
	b.pay(w.ID, money.Som(10), day)
	check(2) // by the tail
	b.rollUp(2)
	check(2)
	totals, err := b.Totals(b.ctx())
	b.must(err)
	want := ledger.Totals{
		Wallets: money.Som(78), Trust: -money.Som(100), Messages: 2, OldestMessage: b.now,
	}
	if !reflect.DeepEqual(totals, want) {
		b.Errorf("totals %+v, want %+v", totals, want)
	}
	b.pay(w.ID, money.Som(10), day) // not rolled up
	classes, err := b.ClassBalances(b.ctx())
	b.must(err)
	wantClasses := []ledger.ClassBalance{
		{Class: "wallet", Accounts: 1, Balance: money.Som(67)},
		{Class: "agent"},
		{Class: "provider", Accounts: 1, Balance: money.Som(30)},
		{Class: "fee", Accounts: 1, Balance: money.Som(3)},
		{Class: "suspense"},
		{Class: "adjust"},
		{Class: "trust", Accounts: 1, Balance: -money.Som(100)},
	}
	if !reflect.DeepEqual(classes, wantClasses) {
		b.Errorf("classes %+v, want %+v", classes, wantClasses)
	}
}

// testRollUpRace rolls up and closes days while payments are under way: no entry may be missed
// that is committed after one with a higher number, and none counted twice.
func testRollUpRace(b *books) {
	const payers, payments, clerks = 8, 12, 3
	wallets := make([]ledger.Wallet, payers)
	for i := range wallets {
		wallets[i] = b.wallet(money.Som(1000))
	}
	done := make(chan struct{})
	finished := make(chan struct{})
	for i := range clerks {
		go func() {
			defer func() { finished <- struct{}{} }()
			for n := 0; ; n++ {
				if _, err := b.RollUp(b.ctx()); err != nil {
					b.Errorf("roll up: %v", err)
				}
				if err := b.CloseDay(b.ctx(), raceDay(n), b.now, nil); err != nil &&
					ledger.ReasonOf(err) != ledger.ReasonDayClosed {
					b.Errorf("clerk %d: close day: %v", i, err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		}()
	}
	race(payers, func(i int) {
		for n := range payments {
			p := b.payment(b.pressed(wallets[i].ID, money.Som(10)))
			p.Day, p.Month = raceDay(n), raceDay(n)[:7]
			results, err := b.Apply(b.ctx(), []ledger.Payment{p})
			if err != nil || results[0].Err != nil {
				b.Errorf("payment: %+v, %v", results, err)
			}
			// Whatever is rolled up, the balance is the sum of all.
			if _, err := b.AccountBalance(b.ctx(), ledger.ProviderAccount("dostek")); err != nil {
				b.Errorf("balance: %v", err)
			}
		}
	})
	close(done)
	for range clerks {
		<-finished
	}
	const all = payers * payments
	_, err := b.RollUp(b.ctx())
	b.must(err)
	b.sums(ledger.ProviderAccount("dostek"), money.Som(10*all))
	b.sums(ledger.FeeAccount("dostek"), money.Som(all))
	b.sums(ledger.TrustAccount, -money.Som(1000*payers))
	b.must(b.CloseDay(b.ctx(), "2030-01-01", b.now, nil))
	accounts := []string{
		ledger.ProviderAccount("dostek"), ledger.FeeAccount("dostek"), ledger.TrustAccount,
	}
	for _, w := range wallets {
		accounts = append(accounts, ledger.WalletAccount(w.ID))
	}
	for _, account := range accounts {
		sum, err := b.AccountBalance(b.ctx(), account)
		b.must(err)
		closings, err := b.Closings(b.ctx(), account, "2000-01-01", "2030-01-01")
		b.must(err)
		chained(b, account, closings, sum)
	}
}

// raceDay is the nth day of a long month.
func raceDay(n int) string { return fmt.Sprintf("2026-12-%02d", min(n/2+1, 31)) }

// chained fails unless each closing begins where the one before ended, and the last ends at sum.
func chained(b *books, account string, closings []ledger.Closing, sum money.Amount) {
	b.Helper()
	var at money.Amount
	for _, c := range closings {
		if c.Account != account || c.Opening != at || c.Closing != c.Opening+c.Debit+c.Credit ||
			(c.Debit == 0 && c.Credit == 0) {
			b.Errorf("%s: %+v does not follow %s", account, c, at)
		}
		at = c.Closing
	}
	if at != sum {
		b.Errorf("%s: closings end at %s, want %s", account, at, sum)
	}
}

// closings gives the closings of an account as lines.
func (b *books) closings(account string) string {
	b.Helper()
	all, err := b.Closings(b.ctx(), account, "2026-11-01", "2026-12-31")
	b.must(err)
	var lines []string
	for _, c := range all {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", c.Day[5:], c.Opening, c.Debit, c.Credit,
			c.Closing))
	}
	return strings.Join(lines, "\n")
}

// lines gives a statement as lines.
func (b *books) lines(account, from, to string) string {
	b.Helper()
	var lines []string
	err := b.Statement(b.ctx(), account, from, to, func(opening money.Amount) error {
		lines = append(lines, "opening "+opening.String())
		return nil
	}, func(m ledger.Movement) error {
		lines = append(lines,
			fmt.Sprintf("%s %s %s %s %q", m.Kind, m.Day[5:], m.Amount, m.Fee, m.Closed))
		return nil
	})
	b.must(err)
	return strings.Join(lines, "\n")
}

func (b *books) same(what, got string, want ...string) {
	b.Helper()
	if want := strings.Join(want, "\n"); got != want {
		b.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// testCloseDay closes days with postings that come early and late.
func testCloseDay(b *books) {
	if last, err := b.LastClosed(b.ctx()); err != nil || last != "" {
		b.Errorf("last closed %q, %v", last, err)
	}
	w, other := b.wallet(money.Som(100)), b.wallet(money.Som(50)) // funded on the 21st
	account, payee := ledger.WalletAccount(w.ID), ledger.ProviderAccount("dostek")
	b.pay(w.ID, money.Som(10), "2026-11-21")
	b.pay(w.ID, money.Som(20), "2026-11-22") // before the 21st is closed
	r := b.record("close_day", "day:2026-11-21")
	b.must(b.CloseDay(b.ctx(), "2026-11-21", b.now, &r))
	b.must(b.CloseDay(b.ctx(), "2026-11-21", b.now, &r)) // again
	b.pay(other.ID, money.Som(30), "2026-11-21")         // late
	b.must(b.CloseDay(b.ctx(), "2026-11-21", b.now, nil))
	b.same("the wallet", b.closings(account), "11-21 0.00 -11.00 100.00 89.00")
	b.same("the payee", b.closings(payee), "11-21 0.00 0.00 10.00 10.00")
	if records, err := b.Records(b.ctx(), r.Subject, 10); err != nil || len(records) != 1 {
		b.Errorf("records %+v, %v, want one", records, err)
	}

	open := b.lines(payee, "2026-11-22", "2026-11-22")
	b.same("the 22nd, open", open,
		"opening 10.00", `payment 11-22 20.00 0.00 ""`, `payment 11-21 30.00 0.00 ""`)
	b.must(b.CloseDay(b.ctx(), "2026-11-22", b.now, nil))
	b.same("the wallet", b.closings(account), "11-21 0.00 -11.00 100.00 89.00",
		"11-22 89.00 -21.00 0.00 68.00")
	b.same("the 22nd, closed", b.lines(payee, "2026-11-22", "2026-11-22"),
		strings.ReplaceAll(open, `""`, `"2026-11-22"`))
	b.same("the 21st", b.lines(account, "2026-11-21", "2026-11-21"), "opening 0.00",
		`fund 11-21 100.00 0.00 "2026-11-21"`, `payment 11-21 -11.00 1.00 "2026-11-21"`)

	testLaterDays(b, w, other, payee)
}

// testLaterDays goes on when the 22nd is closed, with 60 som for the payee.
func testLaterDays(b *books, w, other ledger.Wallet, payee string) {
	// A day on which nothing moved, two at once, and one that is left out.
	b.must(b.CloseDay(b.ctx(), "2026-11-23", b.now, nil))
	b.pay(w.ID, money.Som(1), "2026-11-26")
	b.pay(other.ID, money.Som(2), "2026-11-24")
	b.pay(other.ID, money.Som(3), "2026-11-25")
	b.must(b.CloseDay(b.ctx(), "2026-11-25", b.now, nil))
	b.pay(w.ID, money.Som(4), "2026-11-27")
	b.must(b.CloseDay(b.ctx(), "2026-11-26", b.now, nil))
	b.same("the payee", b.closings(payee), "11-21 0.00 0.00 10.00 10.00",
		"11-22 10.00 0.00 50.00 60.00", "11-25 60.00 0.00 5.00 65.00", "11-26 65.00 0.00 1.00 66.00")
	b.same("the 24th to the 28th", b.lines(payee, "2026-11-24", "2026-11-28"), "opening 60.00",
		`payment 11-26 1.00 0.00 "2026-11-26"`, `payment 11-24 2.00 0.00 "2026-11-25"`,
		`payment 11-25 3.00 0.00 "2026-11-25"`, `payment 11-27 4.00 0.00 ""`)
	b.same("the 24th", b.lines(payee, "2026-11-24", "2026-11-24"), "opening 60.00")
	b.same("the 28th", b.lines(payee, "2026-11-28", "2026-11-28"), "opening 70.00")
	d := b.declined(b.CloseDay(b.ctx(), "2026-11-24", b.now, nil), ledger.ReasonDayClosed)
	if d.Key != "2026-11-26" {
		b.Errorf("the later day is %q", d.Key)
	}
	if last, err := b.LastClosed(b.ctx()); err != nil || last != "2026-11-26" {
		b.Errorf("last closed %q, %v", last, err)
	}
	if err := b.CloseDay(b.ctx(), "yesterday", b.now, nil); err == nil {
		b.Error("closed no day")
	}
}

func testStatementFaults(b *books) {
	nothing := func(money.Amount) error { return nil }
	err := b.Statement(b.ctx(), "provider:nobody", day, day, nothing, nil)
	b.is(err, ledger.ErrNoAccount)
	b.same("trust", b.lines(ledger.TrustAccount, day, day), "opening 0.00")
	if err := b.Statement(b.ctx(), "trust", "today", day, nothing, nil); err == nil {
		b.Error("a statement from no day")
	}
	w := b.wallet(money.Som(1))
	b.same("new", b.lines(ledger.WalletAccount(b.wallet(0).ID), day, day), "opening 0.00")
	stop := errors.New("the printer is on fire")
	err = b.Statement(b.ctx(), ledger.WalletAccount(w.ID), day, day, nothing,
		func(ledger.Movement) error { return stop })
	if !errors.Is(err, stop) || err.Error() != stop.Error() {
		b.Errorf("got %v, want %v as it is", err, stop)
	}
	err = b.Statement(b.ctx(), ledger.WalletAccount(w.ID), day, day,
		func(money.Amount) error { return stop }, nil)
	if !errors.Is(err, stop) || err.Error() != stop.Error() {
		b.Errorf("got %v, want %v as it is", err, stop)
	}
}

func testMovements(b *books) {
	w := b.wallet(money.Som(100))
	account := ledger.WalletAccount(w.ID)
	first := b.pay(w.ID, money.Som(10), day)
	b.now = b.now.Add(time.Minute)
	second := b.pay(w.ID, money.Som(20), day)
	b.pay(b.wallet(money.Som(50)).ID, money.Som(1), day) // another's
	all, err := b.Movements(b.ctx(), account, 0, 10)
	b.must(err)
	if len(all) != 3 || all[2].Kind != "fund" || all[2].Offer.ID != "" ||
		all[2].Amount != money.Som(100) {
		b.Fatalf("movements %+v, want two payments and a funding", all)
	}
	for i, r := range []ledger.Receipt{second, first} {
		got := all[i]
		want := ledger.Movement{
			Seq: got.Seq, Transfer: r.TransferID, Kind: "payment",
			Amount: -r.Offer.Amount - money.Som(1), Fee: money.Som(1), Wallet: w.ID,
			Offer: b.read(r.Offer.ID), At: r.PostedAt, Day: day,
		}
		if !reflect.DeepEqual(got, want) {
			b.Errorf("movement %d: %+v, want %+v", i, got, want)
		}
	}
	var paged []ledger.Movement
	for before := int64(0); ; before = paged[len(paged)-1].Seq {
		page, err := b.Movements(b.ctx(), account, before, 1)
		b.must(err)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
	}
	if !reflect.DeepEqual(paged, all) {
		b.Errorf("by pages %+v, want %+v", paged, all)
	}
	all, err = b.Movements(b.ctx(), ledger.ProviderAccount("dostek"), 0, 10)
	b.must(err)
	if len(all) != 3 || all[0].Amount != money.Som(1) || all[1].Amount != money.Som(20) ||
		all[1].Fee != 0 || all[1].Wallet != w.ID {
		b.Errorf("the provider's %+v", all)
	}
}

func testProviderPayments(b *books) {
	w := b.wallet(money.Som(1000))
	paid := map[string]ledger.Offer{}
	payments := func(provider, day string) (ids []string) {
		b.Helper()
		b.must(b.ProviderPayments(b.ctx(), provider, day, func(s ledger.Settled) error {
			if s.Amount != s.Offer.Amount || s.Txn != "" || s.TransferID != s.Offer.ID ||
				s.PostedAt.IsZero() || !reflect.DeepEqual(s.Offer, paid[s.Offer.ID]) {
				b.Errorf("got %+v", s)
			}
			ids = append(ids, s.Offer.ID)
			return nil
		}))
		return ids
	}
	var want []string
	pay := func(day string) string {
		id := b.pay(w.ID, money.Som(10), day).Offer.ID
		paid[id] = b.read(id)
		return id
	}
	pay("2026-11-20")
	b.must(b.CloseDay(b.ctx(), "2026-11-20", b.now, nil))
	for range 3 {
		want = append(want, pay(day))
	}
	b.must(b.CloseDay(b.ctx(), day, b.now, nil))
	pay("2026-11-22")
	w = b.wallet(money.Som(50))
	want = append(want, pay(day)) // late
	if got := payments("dostek", day); !slices.Equal(got, want) {
		b.Errorf("payments %q, want %q", got, want)
	}
	if got := payments("dostek", "2026-11-19"); got != nil {
		b.Errorf("payments %q of a day without one", got)
	}
	if got := payments("dos", day); got != nil {
		b.Errorf("payments %q of another provider", got)
	}
	stop := errors.New("the disk is full")
	err := b.ProviderPayments(b.ctx(), "dostek", day, func(ledger.Settled) error { return stop })
	if !errors.Is(err, stop) || err.Error() != stop.Error() {
		b.Errorf("got %v, want %v as it is", err, stop)
	}
}
