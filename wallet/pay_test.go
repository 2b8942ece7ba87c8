package wallet_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

func TestPay(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	b.clock.advance(time.Minute)
	r, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if r.Offer.ID != o.ID || r.Offer.Code != o.Code || r.Offer.State != ledger.OfferDone ||
		r.Balance != money.Som(899) || !r.PostedAt.Equal(b.clock.Now()) {
		t.Errorf("receipt = %+v", r)
	}
	m := b.message(wallet.KindPaid)
	wantFields(t, m, map[string]string{
		"payee": "Достэк", "account": dostek, "amount": "100.00", "fee": "1.00", "code": o.Code,
		"balance": "899.00",
	})
	if m.Lang != "ru" {
		t.Errorf("language = %q", m.Lang)
	}
}

// The same input again, another input with the right PIN, a lock in between: one payment and one
// receipt. A wrong PIN gets none.
func TestPayTwice(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	first, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	same := func(digits, attempt string) {
		t.Helper()
		again, err := b.pay(o.ID, digits, attempt)
		b.ok(err)
		if again.TransferID != first.TransferID || again.Balance != first.Balance ||
			!again.PostedAt.Equal(first.PostedAt) {
			t.Errorf("attempt %s: receipt = %+v, want %+v", attempt, again, first)
		}
	}
	same(canary, "1")
	b.clock.advance(time.Hour) // long after it would have expired
	same(canary, "1")
	same(canary, "2")
	for n := range 3 {
		_, err = b.pay(o.ID, wrong, "wrong "+strconv.Itoa(n))
		b.see(err)
	}
	_, err = b.pay(o.ID, canary, "3")
	b.declined(err, ledger.ReasonLocked)
	same(canary, "1")
	b.message(wallet.KindPaid)
	if balance := b.wallet().Balance; balance != money.Som(899) {
		t.Errorf("balance = %s, want one debit", balance)
	}
}

// A redelivered input keeps its receipt even when the PIN was changed meanwhile.
func TestPayTwiceAroundAChangeOfPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	first, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	b.ok(b.check(canary, "2"))
	b.ok(b.stage(second))
	b.ok(b.change(second))
	again, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if again.TransferID != first.TransferID {
		t.Errorf("receipt = %+v, want %+v", again, first)
	}
	_, err = b.pay(o.ID, canary, "3")
	b.declined(err, ledger.ReasonWrongPIN)
}

func TestPayAtOnce(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	var group sync.WaitGroup
	receipts := make([]ledger.Receipt, 8)
	for n := range receipts {
		group.Go(func() {
			var err error
			attempt := strconv.Itoa(n % 2) // two inputs, each four times
			receipts[n], err = b.Pay(context.Background(), number, o.ID, secret(canary), attempt)
			if err != nil {
				t.Errorf("Pay = %v", err)
			}
		})
	}
	group.Wait()
	for _, r := range receipts {
		if r.TransferID != receipts[0].TransferID || r.Balance != money.Som(899) {
			t.Errorf("receipt = %+v", r)
		}
	}
	b.message(wallet.KindPaid)
}

func TestPayWrongPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	for range 2 {
		_, err := b.pay(o.ID, wrong, "1")
		if d := b.declined(err, ledger.ReasonWrongPIN); d.Left != 2 {
			t.Errorf("left = %d, want 2", d.Left)
		}
	}
	current, err := b.CurrentOffer(b.ctx(), number)
	b.ok(err)
	if current.ID != o.ID || current.State != ledger.OfferOpen {
		t.Errorf("offer after a wrong PIN = %+v", current)
	}
	_, err = b.pay(o.ID, wrong, "2")
	b.declined(err, ledger.ReasonWrongPIN)
	_, err = b.pay(o.ID, canary, "3")
	b.ok(err)
}

func TestPayLocked(t *testing.T) {
	b := newBench(t, wallet.Config{OfferTTL: time.Hour})
	b.seed(1000)
	o := b.offer("100")
	for n := range 2 {
		_, err := b.pay(o.ID, wrong, strconv.Itoa(n))
		b.declined(err, ledger.ReasonWrongPIN)
	}
	_, err := b.pay(o.ID, wrong, "2")
	until := b.declined(err, ledger.ReasonLocked).Until
	if want := b.clock.Now().Add(30 * time.Minute); !until.Equal(want) {
		t.Errorf("locked until %s, want %s", until, want)
	}
	_, err = b.pay(o.ID, canary, "3")
	b.declined(err, ledger.ReasonLocked)
	if balance := b.wallet().Balance; balance != money.Som(1000) {
		t.Errorf("balance = %s: a locked wallet paid", balance)
	}
	b.clock.advance(30 * time.Minute)
	_, err = b.pay(o.ID, canary, "4")
	b.ok(err)
}

// An offer that has ended is declined before the PIN is looked at.
func TestPayEndedOffers(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	for _, c := range []struct {
		reason ledger.Reason
		end    func(ledger.Offer)
	}{
		{ledger.ReasonSuperseded, func(ledger.Offer) { b.offer("1") }},
		{ledger.ReasonWithdrawn, func(ledger.Offer) { b.ok(b.Withdraw(b.ctx(), number)) }},
		{ledger.ReasonExpired, func(ledger.Offer) { b.clock.advance(10 * time.Minute) }},
		{ledger.ReasonNotTaken, func(o ledger.Offer) {
			_, err := b.Resolve(b.ctx(), number, o.ID)
			b.declined(err, ledger.ReasonNotTaken)
		}},
	} {
		o := b.offer("100")
		c.end(o)
		for n := range 4 { // more than there are tries
			_, err := b.pay(o.ID, wrong, string(c.reason)+strconv.Itoa(n))
			b.declined(err, c.reason)
		}
		_, err := b.pay(o.ID, canary, string(c.reason))
		b.declined(err, c.reason)
		_, err = b.Resolve(b.ctx(), number, o.ID)
		b.declined(err, c.reason)
	}
	b.silent()
	if balance := b.wallet().Balance; balance != money.Som(1000) {
		t.Errorf("balance = %s, want nothing moved", balance)
	}
}

func TestPayOnlyTheOwnOffer(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	a := application()
	a.Number, a.INN = other, "10101199001234"
	b.ok(b.Seed(b.ctx(), a, secret(second)))
	o := b.offer("100")
	_, err := b.Pay(b.ctx(), other, o.ID, secret(second), "1")
	b.fails(err, ledger.ErrNoOffer)
	_, err = b.Resolve(b.ctx(), other, o.ID)
	b.fails(err, ledger.ErrNoOffer)
	_, err = b.pay("0123456789abcdef0123456789abcdef", canary, "1")
	b.fails(err, ledger.ErrNoOffer)
	_, err = b.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.ok(err)
}

func TestPayMustChangeFirstPIN(t *testing.T) {
	b := newBench(t, wallet.Config{MustChangeFirstPIN: true})
	b.ok(b.Register(b.ctx(), application()))
	b.ok(b.Fund(b.ctx(), "f", number, money.Som(1000)))
	first := b.message(wallet.KindFirstPIN).secret
	o := b.offer("100")
	for n := range 4 {
		_, err := b.pay(o.ID, first, strconv.Itoa(n))
		b.declined(err, ledger.ReasonFirstPIN)
	}
	_, err := b.pay(o.ID, wrong, "wrong")
	b.declined(err, ledger.ReasonWrongPIN)
	both := b.issuer(wallet.Config{MustChangeFirstPIN: true}, testKeys(t, 2, 1, 2), providersYAML)
	b.ok(both.CheckPIN(b.ctx(), number, secret(first), "check")) // housekeeping is no change
	_, err = both.Pay(b.ctx(), number, o.ID, secret(first), "after")
	b.declined(err, ledger.ReasonFirstPIN)
	b.ok(both.CheckPIN(b.ctx(), number, secret(first), "check again"))
	b.ok(both.StagePIN(b.ctx(), number, secret(second)))
	b.ok(both.ChangePIN(b.ctx(), number, secret(second), "1"))
	_, err = both.Pay(b.ctx(), number, o.ID, secret(second), "second")
	b.ok(err)
}

func TestPayWithTheFirstPIN(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	b.ok(b.Fund(b.ctx(), "f", number, money.Som(1000)))
	_, err := b.pay(b.offer("100").ID, b.message(wallet.KindFirstPIN).secret, "1")
	b.ok(err)
	b.declined(b.ResendFirstPIN(b.ctx(), number, "1"), ledger.ReasonPINUsed)
}

// A provider's stop works at once. It moves nothing, and the offer can wait for the end of it.
func TestPayStopped(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	yaml := strings.Replace(providersYAML, `fee: {percent: "1"}`,
		`stopped: "yes"`+"\n        "+`fee: {percent: "50"}`, 1)
	stopped := b.issuer(wallet.Config{}, b.keys, yaml)
	_, err := stopped.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.declined(err, ledger.ReasonStopped)
	r, err := b.pay(o.ID, canary, "2")
	b.ok(err)
	again, err := stopped.Pay(b.ctx(), number, o.ID, secret(canary), "3")
	b.ok(err)
	if again.TransferID != r.TransferID {
		t.Errorf("receipt = %+v, want %+v", again, r)
	}
}

// The fee that was shown is the fee that is charged, whatever the catalogue says by then.
func TestPayChargesTheQuote(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	yaml := strings.Replace(providersYAML, `fee: {percent: "1"}`, `fee: {percent: "50"}`, 1)
	r, err := b.issuer(wallet.Config{}, b.keys, yaml).
		Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.ok(err)
	if r.Balance != money.Som(899) {
		t.Errorf("balance = %s, want 899.00", r.Balance)
	}
}

// What the operator changes holds at once: for the next offer, and for one that a confirm screen
// shows already.
func TestTheCatalogueIsLive(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	live := providers(t, providersYAML)
	i, err := wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, b.store, b.poster, b.keys,
		func(n msisdn.Number) *catalogue.Catalogue { return live(n) }, b.clock.Now, nil, b.log)
	b.ok(err)
	change := func(old, text string) {
		t.Helper()
		if !strings.Contains(providersYAML, old) {
			t.Fatalf("no %q in the catalogue", old)
		}
		live = providers(t, strings.Replace(providersYAML, old, text, 1))
	}
	o, err := i.Offer(b.ctx(), quote("100"))
	b.ok(err)
	change(`id: "dostek"`, `id: "gone"`)
	_, err = i.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.declined(err, ledger.ReasonStopped)
	_, err = i.Offer(b.ctx(), quote("100"))
	b.declined(err, ledger.ReasonUnknownProvider)
	change(`fee: {percent: "1"}`, `fee: {percent: "2"}`)
	o, err = i.Offer(b.ctx(), quote("100"))
	b.ok(err)
	if o.Fee != money.Som(2) {
		t.Errorf("fee = %s, want that of now", o.Fee)
	}
	change(`payment: {once: "1000"`, `payment: {once: "99"`)
	_, err = i.Offer(b.ctx(), quote("100"))
	b.declined(err, ledger.ReasonLimitPayment)
	_, err = i.Pay(b.ctx(), number, o.ID, secret(canary), "2")
	b.declined(err, ledger.ReasonLimitPayment)
}

// A faulty stands between a Poster and the books.
type faulty struct {
	ledger.Applier
	before, after error // returned before, or after, the books have done their part

	mu   sync.Mutex
	late []ledger.Payment // what did not reach the books
}

func (f *faulty) Apply(ctx context.Context, all []ledger.Payment) ([]ledger.Result, error) {
	if f.before != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.late = append(f.late, all...)
		return nil, f.before
	}
	results, err := f.Applier.Apply(ctx, all)
	return results, errors.Join(err, f.after)
}

// over returns an issuer whose payments pass through applier.
func (b *bench) over(applier ledger.Applier) *wallet.Issuer {
	b.t.Helper()
	i, err := wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, b.store, b.running(applier),
		b.keys, providers(b.t, providersYAML), b.clock.Now, nil, b.log)
	b.ok(err)
	return i
}

// The commit was lost and comes late: after «not taken» it has no effect.
func TestResolveStopsALatePayment(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	f := &faulty{Applier: b.store, before: ledger.ErrInDoubt}
	_, err := b.over(f).Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.fails(err, ledger.ErrInDoubt)
	for range 2 {
		_, err = b.Resolve(b.ctx(), number, o.ID)
		b.declined(err, ledger.ReasonNotTaken)
	}
	results, err := b.store.Apply(b.ctx(), f.late)
	b.ok(err)
	b.declined(results[0].Err, ledger.ReasonNotTaken)
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonNotTaken)
	b.silent()
	_, err = b.pay(b.offer("100").ID, canary, "2")
	b.ok(err)
	b.message(wallet.KindPaid)
	if balance := b.wallet().Balance; balance != money.Som(899) {
		t.Errorf("balance = %s, want one debit", balance)
	}
}

// The commit was done and its answer was lost.
func TestResolveFindsThePayment(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	f := &faulty{Applier: b.store, after: ledger.ErrInDoubt}
	_, err := b.over(f).Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.fails(err, ledger.ErrInDoubt)
	r, err := b.Resolve(b.ctx(), number, o.ID)
	b.ok(err)
	if r.Offer.Code != o.Code || r.Balance != money.Som(899) {
		t.Errorf("receipt = %+v", r)
	}
	again, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if again.TransferID != r.TransferID {
		t.Errorf("receipt = %+v, want %+v", again, r)
	}
	b.message(wallet.KindPaid)
}

// A payment that was pressed and never tried is finished by the same input.
func TestPayAfterTheBooksWereAway(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	f := &faulty{Applier: b.store, before: ledger.ErrUnavailable}
	_, err := b.over(f).Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.fails(err, ledger.ErrUnavailable)
	b.clock.advance(time.Hour)
	r, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if r.Balance != money.Som(899) {
		t.Errorf("balance = %s", r.Balance)
	}
}

// rival pays beside the issuer, as another process of the same moment would: not one payment at a
// time.
func (b *bench) rival(amount string) {
	b.t.Helper()
	now := b.clock.Now()
	a, err := money.Parse(amount)
	b.ok(err)
	o := ledger.Offer{
		ID: "rival", Wallet: b.wallet().ID, Operation: ledger.OpPayment, Provider: "dostek",
		Account: dostek, Amount: a,
		CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	b.ok(b.store.OpenOffer(b.ctx(), o))
	b.ok(b.store.Press(b.ctx(), o.ID, now))
	results, err := b.store.Apply(b.ctx(), []ledger.Payment{
		{Offer: o, Day: "2026-11-21", Month: "2026-11", Now: now},
	})
	b.ok(errors.Join(err, results[0].Err))
}

// What the offer had room for may be gone by the time it is executed: the books decide, and the
// refusal brings its SMS.
func TestPayDeclinedByTheBooks(t *testing.T) {
	for _, c := range []struct {
		reason ledger.Reason
		amount string
		left   money.Amount
	}{
		{ledger.ReasonLowBalance, "750", money.Som(1500 - 750)},
		{ledger.ReasonLimitDay, "751", money.Som(1500 - 751)},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			b := newBench(t, wallet.Config{})
			b.seed(1500)
			if c.reason == ledger.ReasonLimitDay {
				b.ok(b.Fund(b.ctx(), "more", number, money.Som(1500)))
			}
			o := b.offer(c.amount)
			f := &faulty{Applier: b.store, before: ledger.ErrUnavailable}
			_, err := b.over(f).Pay(b.ctx(), number, o.ID, secret(canary), "1")
			b.fails(err, ledger.ErrUnavailable)
			b.rival(c.amount)
			for range 2 {
				r, err := b.pay(o.ID, canary, "1")
				if d := b.declined(err, c.reason); d.Limit != c.left || r.Offer.ID != o.ID {
					t.Errorf("left = %s, want %s; receipt %+v", d.Limit, c.left, r)
				}
			}
			_, err = b.Resolve(b.ctx(), number, o.ID)
			b.declined(err, c.reason)
			m := b.message(wallet.KindNotPaid)
			wantFields(t, m, map[string]string{
				"payee": "Достэк", "account": dostek, "amount": o.Amount.String(),
			})
		})
	}
}

func TestQueuedIsCalledForMessages(t *testing.T) {
	calls := 0
	b := newBench(t, wallet.Config{Queued: func() { calls++ }})
	want := func(n int, what string) {
		t.Helper()
		if calls != n {
			t.Errorf("after %s: %d calls, want %d", what, calls, n)
		}
	}
	b.ok(b.Register(b.ctx(), application()))
	want(1, "Register")
	b.ok(b.ResendFirstPIN(b.ctx(), number, "1"))
	want(2, "ResendFirstPIN")
	b.ok(b.Fund(b.ctx(), "f", number, money.Som(1000)))
	first := b.messages()[1].secret
	o := b.offer("100")
	_, err := b.pay(o.ID, wrong, "0")
	b.declined(err, ledger.ReasonWrongPIN)
	want(2, "a decline")
	_, err = b.pay(o.ID, first, "1")
	b.ok(err)
	want(3, "Pay")
	b.ok(b.check(first, "2"))
	b.ok(b.stage(second))
	want(3, "StagePIN")
	b.ok(b.change(second))
	want(4, "ChangePIN")
}
