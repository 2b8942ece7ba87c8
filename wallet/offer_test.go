package wallet_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func TestOffer(t *testing.T) {
	b := newBench(t, wallet.Config{OfferTTL: time.Minute})
	_, err := b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoWallet)
	b.fails(b.Withdraw(b.ctx(), number), ledger.ErrNoWallet)
	_, err = b.Offer(b.ctx(), quote("1"))
	b.fails(err, ledger.ErrNoWallet)
	w := b.seed(200)

	o := b.offer("100.50")
	if o.Wallet != w.ID || o.Provider != "dostek" || o.ProviderName != "Достэк" ||
		o.Account != dostek || o.Amount != 10050 || o.Fee != 101 || o.Revision != "r1" ||
		o.Lang != "ru" || o.State != ledger.OfferOpen ||
		!o.ExpiresAt.Equal(b.clock.Now().Add(time.Minute)) {
		t.Errorf("offer = %+v", o)
	}
	if !regexp.MustCompile(`^[1-9][0-9]{9}$`).MatchString(o.Code) ||
		!regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(o.ID) {
		t.Errorf("code %q, id %q", o.Code, o.ID)
	}
	current, err := b.CurrentOffer(b.ctx(), number)
	b.ok(err)
	if current.ID != o.ID || current.Amount != o.Amount || current.Fee != o.Fee {
		t.Errorf("current offer = %+v, want %+v", current, o)
	}
	b.ok(b.Withdraw(b.ctx(), number))
	b.ok(b.Withdraw(b.ctx(), number))
	_, err = b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoOffer)
}

func TestOfferDeclines(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1200)
	for _, c := range []struct {
		name   string
		change func(*wallet.Quote)
		reason ledger.Reason
		limit  money.Amount
	}{
		{"unknown", func(q *wallet.Quote) { q.Provider = "nobody" }, ledger.ReasonUnknownProvider, 0},
		{"stopped", func(q *wallet.Quote) { q.Provider = "halted" }, ledger.ReasonStopped, 0},
		{"short", func(q *wallet.Quote) { q.Account = dostek[:13] }, ledger.ReasonAccountFormat, 0},
		{"long", func(q *wallet.Quote) { q.Account = dostek + "0" }, ledger.ReasonAccountFormat, 0},
		{"empty", func(q *wallet.Quote) { q.Account = "" }, ledger.ReasonAccountFormat, 0},
		{"sign", func(q *wallet.Quote) { q.Account = "1" + dostek[1:] }, ledger.ReasonAccountFormat, 0},
		{"line", func(q *wallet.Quote) { q.Account = dostek + "\n" }, ledger.ReasonAccountFormat, 0},
		{"small", func(q *wallet.Quote) { q.Amount = 99 }, ledger.ReasonBelowMin, 100},
		{"zero", func(q *wallet.Quote) { q.Amount = 0 }, ledger.ReasonBelowMin, 100},
		{"negative", func(q *wallet.Quote) { q.Amount = -100 }, ledger.ReasonBelowMin, 100},
		{"large", func(q *wallet.Quote) { q.Amount = 1500001 }, ledger.ReasonAboveMax, 1500000},
		{"payment", func(q *wallet.Quote) { q.Amount = 100001 }, ledger.ReasonLimitPayment, 100000},
		{"flat", func(q *wallet.Quote) {
			q.Provider, q.Amount = "flat", 999
		}, ledger.ReasonBelowMin, 1000},
	} {
		q := quote("100")
		c.change(&q)
		_, err := b.Offer(b.ctx(), q)
		b.see(err)
		var d *ledger.Decline
		if !errors.As(err, &d) || d.Reason != c.reason || d.Limit != c.limit {
			t.Errorf("%s: Offer = %+v, want %s, limit %s", c.name, err, c.reason, c.limit)
		}
	}
	_, err := b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoOffer)
}

func TestOfferNeedsAmountAndFee(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(101)
	b.ok(b.Fund(b.ctx(), "tyiyn", number, 1))
	_, err := b.Offer(b.ctx(), quote("100.02"))
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != 10101 {
		t.Errorf("balance told = %s", d.Limit)
	}
	o := b.offer("100.01")
	r, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if r.Balance != 0 {
		t.Errorf("balance = %s", r.Balance)
	}
}

func TestOfferLimits(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(10_000)
	pay := func(amount, attempt string) {
		t.Helper()
		_, err := b.pay(b.offer(amount).ID, canary, attempt)
		b.ok(err)
	}
	refused := func(amount string, reason ledger.Reason, left money.Amount) {
		t.Helper()
		_, err := b.Offer(b.ctx(), quote(amount))
		if d := b.declined(err, reason); d.Limit != left {
			t.Errorf("%s: left = %s, want %s", reason, d.Limit, left)
		}
	}
	pay("1000", "1")
	refused("501", ledger.ReasonLimitDay, money.Som(500))
	pay("500", "2")
	refused("1", ledger.ReasonLimitDay, 0)
	// The day ends at 18:00 UTC: that is midnight in Bishkek.
	b.clock.advance(time.Date(2026, 11, 21, 17, 59, 59, 0, time.UTC).Sub(b.clock.Now()))
	refused("1", ledger.ReasonLimitDay, 0)
	b.clock.advance(time.Second)
	refused("501", ledger.ReasonLimitMonth, money.Som(500))
	pay("400", "3")
	b.clock.advance(9 * 24 * time.Hour)
	if now := b.clock.Now(); now.Month() != time.November {
		t.Fatalf("now = %s", now)
	}
	pay("1000", "4") // in Bishkek it is December
}

func TestOfferOfARepeat(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	r, err := b.pay(b.offer("100").ID, canary, "1")
	b.ok(err)
	b.clock.advance(10 * time.Minute)
	_, err = b.Offer(b.ctx(), quote("100"))
	if d := b.declined(err, ledger.ReasonRepeated); !d.At.Equal(r.PostedAt) {
		t.Errorf("at %s, want %s", d.At, r.PostedAt)
	}
	for name, change := range map[string]func(*wallet.Quote){
		"asked for": func(q *wallet.Quote) { q.Again = true },
		"amount":    func(q *wallet.Quote) { q.Amount++ },
		"account":   func(q *wallet.Quote) { q.Account = "09999999999999" },
		"provider":  func(q *wallet.Quote) { q.Provider = "flat" },
	} {
		q := quote("100")
		change(&q)
		if _, err := b.Offer(b.ctx(), q); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
	b.clock.advance(time.Microsecond)
	b.offer("100")
}

// A payment that was offered and not paid is no repeat.
func TestOfferTwice(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	first, next := b.offer("100"), b.offer("100")
	if first.ID == next.ID || first.Code == next.Code {
		t.Error("two offers share an id or a code")
	}
	_, err := b.pay(first.ID, canary, "1")
	b.declined(err, ledger.ReasonSuperseded)
	_, err = b.pay(next.ID, canary, "1")
	b.ok(err)
}

// What a provider has not decided on is under way: the same again is asked about, however long it
// takes. What waits for a person is not: the same may be due again by then.
func TestOfferOfWhatIsHeld(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o, now := b.offer("100"), b.clock.Now()
	b.ok(b.store.Press(b.ctx(), o.ID, now))
	o, err := b.store.Offer(b.ctx(), o.ID)
	b.ok(err)
	_, err = b.poster.Post(b.ctx(), ledger.Payment{
		Offer: o, Day: "2026-11-21", Month: "2026-11", Now: now,
		Terms: ledger.Terms{Txn: "1", NextAt: now.Add(time.Hour), Deadline: now.Add(time.Hour)},
	})
	b.fails(err, ledger.ErrHeld)
	b.clock.advance(time.Hour)
	_, err = b.Offer(b.ctx(), quote("100"))
	if d := b.declined(err, ledger.ReasonRepeated); d.Key != o.ID || !d.At.Equal(now) {
		t.Errorf("decline = %+v", d)
	}
	b.offer("101")
	again := quote("100")
	again.Again = true
	_, err = b.Offer(b.ctx(), again)
	b.ok(err)
	_, err = b.store.SendHold(b.ctx(), o.ID, b.clock.Now())
	b.ok(err)
	b.ok(b.store.SuspendHold(b.ctx(), o.ID, ledger.Case{
		Key: "1", Kind: wallet.CaseSuspense, Subject: ledger.PaymentSubject(o.ID), Detail: "no answer",
		OpenedAt: b.clock.Now(),
	}, b.clock.Now()))
	b.offer("100")
}
