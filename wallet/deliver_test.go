package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// wiredYAML is providersYAML with providers that are told of each payment.
var wiredYAML = strings.Replace(providersYAML, `      - id: "flat"`, `      - id: "wired"
        number: "20"
        name: "Wired"
        fields: ["phone"]
        amount: {min: "5", max: "15000"}
        fee: {percent: "1"}
        settlement: "biller"
        biller: "hub"
        check: "yes"
      - id: "other_wired"
        number: "21"
        name: "Other"
        fields: ["phone"]
        amount: {min: "5", max: "15000"}
        fee: {percent: "1"}
        settlement: "biller"
        biller: "other_hub"
      - id: "lone"
        number: "22"
        name: "Lone"
        fields: ["phone"]
        amount: {min: "5", max: "15000"}
        fee: {percent: "1"}
        settlement: "biller"
        biller: "nobody"
      - id: "flat"`, 1)

const phone = "0312123456"

// A hub is a biller that answers what it is told to, and remembers what it was asked.
type hub struct {
	mu    sync.Mutex
	asked []biller.Request
	open  bool          // of a breaker
	reply []hubReply    // in this order; the last one again and again
	stuck chan struct{} // not nil: Pay waits until it is closed
	begun chan struct{} // not nil: gets a token for each Pay that has begun
}

type hubReply struct {
	biller.Answer
	error
}

func done() hubReply {
	return hubReply{biller.Answer{Verdict: biller.VerdictDone, Code: "0", ProviderTxn: "77"}, nil}
}

func refusedBy(reason biller.Reason) hubReply {
	return hubReply{biller.Answer{Verdict: biller.VerdictRefused, Code: "5", Reason: reason}, nil}
}

func unknownBy(reason biller.Reason, err error) hubReply {
	return hubReply{biller.Answer{Verdict: biller.VerdictUnknown, Reason: reason}, err}
}

func (h *hub) Open(time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

func (h *hub) next(r biller.Request) hubReply {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r)
	reply := h.reply[0]
	if len(h.reply) > 1 {
		h.reply = h.reply[1:]
	}
	return reply
}

func (h *hub) Pay(ctx context.Context, r biller.Request) (biller.Answer, error) {
	if h.begun != nil {
		h.begun <- struct{}{}
	}
	if h.stuck != nil {
		select {
		case <-h.stuck:
		case <-ctx.Done():
			return unknownBy(biller.ReasonNoAnswer, ctx.Err()).Answer, ctx.Err()
		}
	}
	reply := h.next(r)
	return reply.Answer, reply.error
}

func (h *hub) Check(_ context.Context, r biller.Request) (biller.Answer, error) {
	reply := h.next(r)
	return reply.Answer, reply.error
}

func (h *hub) Status(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return h.Pay(ctx, r)
}

func (h *hub) requests() []biller.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// wired makes the bench one whose providers are behind hubs.
func wired(t *testing.T, config wallet.Config, hubs map[string]*hub) *bench {
	t.Helper()
	b := newBench(t, config)
	config.Billers = func(name string) (biller.Biller, bool) {
		h, ok := hubs[name]
		return h, ok
	}
	b.Issuer = b.issuer(config, b.keys, wiredYAML)
	b.seed(1000)
	return b
}

// dispatcher is one of the bench's issuer, which is stopped at the end.
func (b *bench) dispatcher() *wallet.Dispatcher {
	d := wallet.NewDispatcher(b.Issuer, b.store, b.log)
	b.t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		b.ok(d.Run(ended))
	})
	return d
}

func (b *bench) dispatch(d *wallet.Dispatcher, want int) {
	b.t.Helper()
	ended, err := d.Once(b.ctx())
	b.ok(err)
	if ended != want {
		b.t.Fatalf("%d holds have ended, want %d", ended, want)
	}
}

func (b *bench) offerTo(provider, amount string) ledger.Offer {
	b.t.Helper()
	q := quote(amount)
	q.Provider, q.Account = provider, phone
	o, err := b.Offer(b.ctx(), q)
	b.ok(err)
	return o
}

func (b *bench) hold(id string) ledger.Hold {
	b.t.Helper()
	h, err := b.store.Hold(b.ctx(), id)
	b.ok(err)
	return h
}

// inState fails the test unless a hold is in a state after so many attempts.
func (b *bench) inState(id string, want ledger.HoldState, attempts int) ledger.Hold {
	b.t.Helper()
	h := b.hold(id)
	if h.State != want || h.Attempt != attempts {
		b.t.Fatalf("hold is %s after %d attempts, want %s after %d", h.State, h.Attempt, want,
			attempts)
	}
	return h
}

func TestPayProviderThatAnswers(t *testing.T) {
	h := &hub{reply: []hubReply{done()}}
	b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
	o := b.offerTo("wired", "100")
	r, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if r.Offer.ID != o.ID || r.Offer.State != ledger.OfferDone || r.Balance != money.Som(899) {
		t.Errorf("receipt = %+v", r)
	}
	m := b.message(wallet.KindPaid)
	wantFields(t, m, map[string]string{
		"payee": "Wired", "account": phone, "amount": "100.00", "fee": "1.00", "code": o.Code,
		"balance": "899.00",
	})
	asked := h.requests()
	if len(asked) != 1 || len(asked[0].Txn) != 19 || asked[0].Account != phone ||
		asked[0].Amount != money.Som(100) || !asked[0].At.Equal(b.clock.Now()) {
		t.Errorf("asked %+v", asked)
	}
	if got := b.inState(o.ID, ledger.HoldPosted, 1); got.Txn != asked[0].Txn ||
		got.ProviderTxn != "77" {
		t.Errorf("hold %+v", got)
	}
	again, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if again.TransferID != r.TransferID || len(h.requests()) != 1 {
		t.Errorf("again: %+v, asked %d times", again, len(h.requests()))
	}
}

// What a provider refuses, or was never told of, is given back at once.
func TestPayGivesBack(t *testing.T) {
	notSent := fmt.Errorf("dial: %w", biller.ErrNotSent)
	for name, tt := range map[string]struct {
		reply hubReply
		want  ledger.Reason
	}{
		"refused":       {refusedBy(biller.ReasonAccountUnknown), ledger.ReasonRefused},
		"not reachable": {unknownBy(biller.ReasonNotSent, notSent), ledger.ReasonStopped},
		"breaker open":  {unknownBy(biller.ReasonOpen, notSent), ledger.ReasonStopped},
	} {
		t.Run(name, func(t *testing.T) {
			b := wired(t, wallet.Config{}, map[string]*hub{"hub": {reply: []hubReply{tt.reply}}})
			o := b.offerTo("wired", "100")
			r, err := b.pay(o.ID, canary, "1")
			b.declined(err, tt.want)
			if r.Offer.ID != o.ID || r.TransferID != "" {
				t.Errorf("receipt %+v, want the offer alone", r)
			}
			m := b.message(wallet.KindReturned)
			wantFields(t, m, map[string]string{
				"payee": "Wired", "account": phone, "amount": "100.00", "balance": "1000.00",
			})
			b.inState(o.ID, ledger.HoldVoided, 1)
			_, err = b.pay(o.ID, canary, "1")
			b.declined(err, tt.want)
			_, err = b.Resolve(b.ctx(), number, o.ID)
			b.declined(err, tt.want)
			b.silent()
		})
	}
}

// An answer that is open holds the money: every repeat says so, the Sweeper leaves it alone, and
// the Dispatcher asks again with the same number until there is an answer.
func TestPayHeld(t *testing.T) {
	timeout := unknownBy(biller.ReasonNoAnswer, errors.New("timed out"))
	notSent := unknownBy(biller.ReasonNotSent, fmt.Errorf("dial: %w", biller.ErrNotSent))
	for name, tt := range map[string]struct {
		last hubReply
		kind string
		end  ledger.HoldState
	}{
		"then done":    {done(), wallet.KindPaid, ledger.HoldPosted},
		"then refused": {refusedBy(biller.ReasonOther), wallet.KindReturned, ledger.HoldVoided},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hub{reply: []hubReply{timeout, notSent, tt.last}}
			b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
			d := b.dispatcher()
			o := b.offerTo("wired", "100")
			for range 2 {
				r, err := b.pay(o.ID, canary, "1")
				b.fails(err, ledger.ErrHeld)
				if r.Offer.ID != o.ID || r.TransferID != "" {
					t.Errorf("receipt %+v, want the offer alone", r)
				}
			}
			if w := b.wallet(); w.Balance != money.Som(1000) || w.Held != money.Som(101) {
				t.Errorf("wallet has %s, %s held", w.Balance, w.Held)
			}
			_, err := b.Resolve(b.ctx(), number, o.ID)
			b.fails(err, ledger.ErrHeld)
			b.silent()
			b.inState(o.ID, ledger.HoldInDoubt, 1)
			b.dispatch(d, 0) // too early
			b.clock.advance(time.Second)
			b.dispatch(d, 0)
			b.inState(o.ID, ledger.HoldInDoubt, 2) // an earlier try may have been read
			b.clock.advance(time.Minute)
			b.sweep(0)
			b.dispatch(d, 1)
			b.inState(o.ID, tt.end, 3)
			b.message(tt.kind)
			asked := h.requests()
			for _, r := range asked[1:] {
				if r.Txn != asked[0].Txn || !r.At.Equal(asked[0].At) || r.Amount != asked[0].Amount {
					t.Errorf("asked %+v after %+v", r, asked[0])
				}
			}
			b.dispatch(d, 0)
			b.silent()
		})
	}
}

// The money of a payment is not given back by hand while its provider is being told of it again.
func TestSettleWhileUnderWay(t *testing.T) {
	h := &hub{reply: []hubReply{unknownBy(biller.ReasonNoAnswer, errors.New("timed out"))}}
	b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
	o := b.offerTo("wired", "100")
	_, err := b.pay(o.ID, canary, "1")
	b.fails(err, ledger.ErrHeld)
	b.clock.advance(time.Minute)
	_, err = b.store.SendHold(b.ctx(), o.ID, b.clock.Now())
	b.ok(err)
	settle := func(posted bool) error {
		return wallet.Settle(b.ctx(), b.store, wallet.Settlement{Payment: o.ID, Posted: posted},
			wallet.Act{Actor: "aida", Reason: "told", Now: b.clock.Now(), Zone: time.UTC})
	}
	b.fails(settle(false), wallet.ErrStillAsking)
	now := b.clock.Now()
	b.ok(b.store.DoubtHold(b.ctx(), o.ID, ledger.Answer{Code: "90"}, now, now.Add(time.Second)))
	b.ok(settle(false))
	b.message(wallet.KindReturned)

	o = b.offerTo("wired", "50")
	_, err = b.pay(o.ID, canary, "2")
	b.fails(err, ledger.ErrHeld)
	b.clock.advance(time.Minute)
	_, err = b.store.SendHold(b.ctx(), o.ID, b.clock.Now())
	b.ok(err)
	b.ok(settle(true)) // the same number is no second payment
	b.message(wallet.KindPaid)
}

// A caller whose time is over hears that the answer is open; the order goes on without it.
func TestPayOutlivesItsStep(t *testing.T) {
	h := &hub{
		reply: []hubReply{done()}, stuck: make(chan struct{}), begun: make(chan struct{}, 1),
	}
	b := wired(t, wallet.Config{AnswerMargin: time.Millisecond}, map[string]*hub{"hub": h})
	d := b.dispatcher()
	o := b.offerTo("wired", "100")
	ctx, leave := context.WithCancel(b.ctx())
	heard := make(chan error, 1)
	go func() {
		_, err := b.Pay(ctx, number, o.ID, secret(canary), "1")
		heard <- err
	}()
	<-h.begun
	leave()
	b.fails(<-heard, ledger.ErrHeld)
	b.inState(o.ID, ledger.HoldSent, 1)
	close(h.stuck)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	b.ok(d.Run(ended)) // waits for it
	b.inState(o.ID, ledger.HoldPosted, 1)
	b.message(wallet.KindPaid)
}

// A stop cuts off what does not end: the money stays held, and another process goes on.
func TestStopCutsOrdersOff(t *testing.T) {
	h := &hub{
		reply: []hubReply{done()}, stuck: make(chan struct{}), begun: make(chan struct{}, 1),
	}
	b := wired(t, wallet.Config{CallTimeout: 50 * time.Millisecond}, map[string]*hub{"hub": h})
	o := b.offerTo("wired", "100")
	_, err := b.pay(o.ID, canary, "1")
	b.fails(err, ledger.ErrHeld)
	b.inState(o.ID, ledger.HoldInDoubt, 1)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	b.ok(wallet.NewDispatcher(b.Issuer, b.store, b.log).Run(ended))
	stopped := b.offerTo("wired", "50")
	_, err = b.pay(stopped.ID, canary, "2")
	b.fails(err, ledger.ErrHeld)
	b.inState(stopped.ID, ledger.HoldHeld, 0) // nothing begins any more
}

// A provider that cannot be told of payments takes none: no money is held for it.
func TestStoppedWithoutItsBiller(t *testing.T) {
	h := &hub{reply: []hubReply{done()}}
	b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
	q := quote("100")
	q.Provider, q.Account = "lone", phone
	_, err := b.Offer(b.ctx(), q)
	b.declined(err, ledger.ReasonStopped)
	_, err = b.Account(number, "lone", phone)
	b.declined(err, ledger.ReasonStopped)

	o := b.offerTo("wired", "100")
	h.open = true
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonStopped)
	q.Provider = "wired"
	_, err = b.Offer(b.ctx(), q)
	b.declined(err, ledger.ReasonStopped)
	if len(h.requests()) != 0 || b.wallet().Held != 0 {
		t.Errorf("asked %+v, %s held", h.requests(), b.wallet().Held)
	}
	h.open = false
	_, err = b.pay(o.ID, canary, "1")
	b.ok(err)
	b.message(wallet.KindPaid)
}

// A biller that does not answer keeps the payments to another one from nothing.
func TestDeadBillerStarvesNobody(t *testing.T) {
	busy := unknownBy(biller.ReasonBusy, fmt.Errorf("busy: %w", biller.ErrNotSent))
	dead := &hub{reply: []hubReply{busy}}
	alive := &hub{reply: []hubReply{busy, done()}}
	queued := make(chan struct{}, 100)
	b := wired(t, wallet.Config{Queued: func() { queued <- struct{}{} }},
		map[string]*hub{"hub": dead, "other_hub": alive})
	d := b.dispatcher()
	for n := range wallet.DispatchParallel + 2 {
		o := b.offerTo("wired", fmt.Sprint(10+n))
		_, err := b.pay(o.ID, canary, fmt.Sprint(n))
		b.fails(err, ledger.ErrHeld) // busy is no refusal
	}
	o := b.offerTo("other_wired", "20")
	_, err := b.pay(o.ID, canary, "last")
	b.fails(err, ledger.ErrHeld)
	dead.stuck = make(chan struct{})
	dead.begun = make(chan struct{}, 100)
	for len(queued) > 0 {
		<-queued
	}
	b.clock.advance(time.Minute)
	ended := make(chan error, 1)
	go func() {
		_, err := d.Once(b.ctx())
		ended <- err
	}()
	for range wallet.DispatchParallel {
		<-dead.begun
	}
	<-queued // of the only one that can have ended
	b.inState(o.ID, ledger.HoldPosted, 2)
	if n := len(dead.begun); n != 0 {
		t.Errorf("%d more orders at once than %d", n, wallet.DispatchParallel)
	}
	close(dead.stuck)
	b.ok(<-ended)
	b.message(wallet.KindPaid)
}

// Two processes never ask a provider of one payment at the same time.
func TestDispatchersShareTheWork(t *testing.T) {
	h := &hub{reply: []hubReply{unknownBy(biller.ReasonPending, nil), done()}}
	b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
	o := b.offerTo("wired", "100")
	_, err := b.pay(o.ID, canary, "1")
	b.fails(err, ledger.ErrHeld)
	h.stuck, h.begun = make(chan struct{}), make(chan struct{}, 10)
	b.clock.advance(time.Minute)
	ended := make(chan error, 1)
	one, two := b.dispatcher(), b.dispatcher()
	go func() {
		_, err := one.Once(b.ctx())
		ended <- err
	}()
	<-h.begun
	unstuck := time.AfterFunc(5*time.Second, func() { close(h.stuck) }) // should two wait for it
	b.dispatch(two, 0)
	if unstuck.Stop() {
		close(h.stuck)
	}
	b.ok(<-ended)
	b.inState(o.ID, ledger.HoldPosted, 2)
	b.message(wallet.KindPaid)
}

// Cash that nobody has fetched goes back at its deadline, and no sooner.
func TestDispatcherGivesCashBack(t *testing.T) {
	b := wired(t, wallet.Config{}, nil)
	d := b.dispatcher()
	now := b.clock.Now()
	o := ledger.Offer{
		ID: "cash", Wallet: b.wallet().ID, Operation: ledger.OpCashOut, Amount: money.Som(200),
		Fee: money.Som(5), Lang: "ru", CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	b.ok(b.store.OpenOffer(b.ctx(), o))
	b.ok(b.store.Press(b.ctx(), o.ID, now))
	results, err := b.store.Apply(b.ctx(), []ledger.Payment{{
		Offer: o, Now: now, Day: "2026-11-21", Month: "2026-11",
		Terms: ledger.Terms{
			Txn: "1", Code: []byte("keyed"), NextAt: now, Deadline: now.Add(time.Hour),
		},
	}})
	b.ok(err)
	b.fails(results[0].Err, ledger.ErrHeld)
	b.dispatch(d, 0)
	b.inState(o.ID, ledger.HoldHeld, 0)
	b.clock.advance(time.Hour)
	b.dispatch(d, 1)
	b.inState(o.ID, ledger.HoldVoided, 0)
	wantFields(t, b.message(wallet.KindCashVoided), map[string]string{
		"amount": "200.00", "balance": "1000.00",
	})
}

// What is held although nobody was ever told of it goes back when its time is over.
func TestDispatcherGivesBackWhatNeverLeft(t *testing.T) {
	h := &hub{reply: []hubReply{done()}}
	b := wired(t, wallet.Config{GiveUpAfter: time.Hour}, map[string]*hub{"hub": h})
	d := b.dispatcher()
	o := b.offerTo("wired", "100")
	b.Issuer = b.issuer(wallet.Config{GiveUpAfter: time.Hour}, b.keys, strings.Replace(wiredYAML,
		`biller: "hub"`, `biller: "gone"`, 1)) // it was there when the offer was made
	b.ok(b.store.Press(b.ctx(), o.ID, b.clock.Now()))
	_, err := b.pay(o.ID, canary, "1")
	b.fails(err, ledger.ErrHeld)
	b.dispatch(d, 0)
	b.inState(o.ID, ledger.HoldHeld, 0)
	b.clock.advance(time.Hour)
	b.dispatch(d, 1)
	b.inState(o.ID, ledger.HoldVoided, 0)
	b.message(wallet.KindReturned)
	if len(h.requests()) != 0 {
		t.Errorf("asked %+v", h.requests())
	}
}

func TestDispatcherRuns(t *testing.T) {
	h := &hub{reply: []hubReply{unknownBy(biller.ReasonTemporary, nil), done()}}
	queued := make(chan struct{}, 10)
	b := wired(t, wallet.Config{Queued: func() { queued <- struct{}{} }},
		map[string]*hub{"hub": h})
	o := b.offerTo("wired", "100")
	_, err := b.pay(o.ID, canary, "1")
	b.fails(err, ledger.ErrHeld)
	for len(queued) > 0 {
		<-queued
	}
	b.clock.advance(time.Minute)
	d := wallet.NewDispatcher(b.Issuer, b.store, b.log)
	b.spawn(d.Run)
	d.Kick()
	select {
	case <-queued:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was repeated in ten seconds")
	}
	b.inState(o.ID, ledger.HoldPosted, 2)
	b.message(wallet.KindPaid)
}

func TestCheckAccount(t *testing.T) {
	long := strings.Repeat("Асанов ", 10)
	for name, tt := range map[string]struct {
		reply hubReply
		want  string
		err   ledger.Reason
	}{
		"holder": {
			hubReply{biller.Answer{Verdict: biller.VerdictDone, Holder: "Asanov A."}, nil},
			"Asanov A.", "",
		},
		"long holder": {
			hubReply{biller.Answer{Verdict: biller.VerdictDone, Holder: long}, nil},
			string([]rune(long)[:wallet.MaxHolder]), "",
		},
		"too small":  {refusedBy(biller.ReasonTooSmall), "", ""},
		"no account": {refusedBy(biller.ReasonAccountUnknown), "", ledger.ReasonAccountUnknown},
		"inactive":   {refusedBy(biller.ReasonInactive), "", ledger.ReasonAccountUnknown},
		"format":     {refusedBy(biller.ReasonAccountFormat), "", ledger.ReasonAccountFormat},
		"forbidden":  {refusedBy(biller.ReasonForbidden), "", ledger.ReasonStopped},
		"other":      {refusedBy(biller.ReasonOther), "", ledger.ReasonUnavailable},
		"no answer": {
			unknownBy(biller.ReasonNoAnswer, errors.New("timed out")), "",
			ledger.ReasonUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hub{reply: []hubReply{tt.reply}}
			b := wired(t, wallet.Config{}, map[string]*hub{"hub": h})
			got, err := b.CheckAccount(b.ctx(), number, "wired", phone)
			b.see(err)
			if got.Holder != tt.want || ledger.ReasonOf(err) != tt.err {
				t.Errorf("CheckAccount = %+v, %v", got, err)
			}
			if asked := h.requests(); len(asked) != 1 || asked[0].Account != phone ||
				asked[0].Amount != money.Som(5) {
				t.Errorf("asked %+v", asked)
			}
		})
	}
}

// Nobody reads the customers of a provider off it.
func TestCheckAccountIsBounded(t *testing.T) {
	h := &hub{reply: []hubReply{done()}}
	b := wired(t, wallet.Config{ChecksPerHour: 3}, map[string]*hub{"hub": h})
	check := func(provider, account string) error {
		_, err := b.CheckAccount(b.ctx(), number, provider, account)
		b.see(err)
		return err
	}
	for range 3 {
		b.ok(check("wired", phone))
		b.ok(check("dostek", dostek)) // which is not asked
		b.declined(check("wired", "12"), ledger.ReasonAccountFormat)
	}
	b.declined(check("wired", phone), ledger.ReasonTooOften)
	b.clock.advance(59 * time.Minute)
	b.declined(check("wired", phone), ledger.ReasonTooOften)
	b.clock.advance(time.Minute)
	b.ok(check("wired", phone))
	b.declined(check("none", phone), ledger.ReasonUnknownProvider)
	b.declined(check("lone", phone), ledger.ReasonStopped)
	if n := len(h.requests()); n != 4 {
		t.Errorf("asked %d times, want 4", n)
	}
}
