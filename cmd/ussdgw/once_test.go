package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/sim"
	"ussdgw/ussd"
	"ussdgw/ussd/session"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/pgstore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// The tests of this file break one thing at a time around a payment, on a real PostgreSQL and a
// real Redis, and then ask three questions: was there one debit of the amount that was confirmed
// last, one SMS about it, and did the screens tell the truth?

const (
	oncePIN     = "7391"
	onceService = "*900#"
	onceAccount = "01234567890123"
	onceWait    = 20 * time.Second
)

var onceNumber = msisdn.MustParse("996555000056")

// A bench is one ledger and one session store that several instances of the gateway share.
type bench struct {
	t     *testing.T
	place place
	menus liveMenus
	keys  *pin.Keys
	store ledger.Store // for looking at the books

	limits  LimitsConfig     // of the instances
	observe func(ussd.Reply) // what they reply, or nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	at := needPlace(t)
	var report source.Report
	set := loadMenus(menus.FS(), 0, &report)
	if set == nil {
		t.Fatal(report.Err())
	}
	keys, err := pin.NewKeys(1, map[int][]byte{1: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, place: at, menus: set, keys: keys}
	b.limits = defaultConfig().Limits
	b.store = b.openLedger()
	if err := b.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.seed()
	return b
}

func (b *bench) openLedger() ledger.Store {
	b.t.Helper()
	s, err := pgstore.Open(b.t.Context(), pgstore.Config{
		URL: b.place.url, Schema: b.place.schema,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(s.Close)
	return s
}

func (b *bench) seed() {
	b.t.Helper()
	a := b.instance(nil, nil)
	ctx := b.t.Context()
	err := a.issuer.Seed(ctx, wallet.Application{
		Number: onceNumber, Name: "Asanov Asan", INN: "21210199012345", Lang: "en",
	}, pin.NewSecret([]byte(oncePIN)))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := a.issuer.Fund(ctx, "seed", onceNumber, money.Som(10_000)); err != nil {
		b.t.Fatal(err)
	}
}

// instance is one process of the gateway: its own stores, its own Poster. aroundLedger and
// aroundSessions put something between it and its stores.
func (b *bench) instance(
	aroundLedger func(ledger.Store) ledger.Store,
	aroundSessions func(ussd.SessionStore) ussd.SessionStore,
) *assembly {
	b.t.Helper()
	books := b.openLedger()
	if aroundLedger != nil {
		books = aroundLedger(books)
	}
	redis, err := session.OpenRedis(session.Config{
		Addrs: []string{b.place.redis}, Prefix: b.place.prefix,
	}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := redis.Close(); err != nil {
			b.t.Error(err)
		}
	})
	var sessions ussd.SessionStore = redis
	if aroundSessions != nil {
		sessions = aroundSessions(sessions)
	}
	a, err := assemble(parts{
		menus: b.menus, sessions: sessions, ledger: books, keys: b.keys,
		limits: b.limits, observe: b.observe,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.poster.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
	return a
}

// A handset talks to gateways without a network between, so that a test decides what is delivered
// to whom, and how often.
type onceHandset struct {
	t        *testing.T
	dialogue int
	unit     int
}

func (h *onceHandset) request(kind ussd.Kind, text string) ussd.Request {
	return ussd.Request{
		Link: "test", Number: onceNumber, Service: onceService, Kind: kind,
		Dialogue: fmt.Sprint(h.dialogue), Unit: fmt.Sprint(h.unit),
		Text: pin.NewSecret([]byte(text)),
	}
}

// dial and answer deliver to a and have the reply shown.
func (h *onceHandset) dial(a *assembly, code string) ussd.Reply {
	h.dialogue, h.unit = h.dialogue+1, 1
	return h.deliver(a, h.request(ussd.Begin, code))
}

func (h *onceHandset) answer(a *assembly, text string) ussd.Reply {
	h.unit++
	return h.deliver(a, h.request(ussd.Input, text))
}

func (h *onceHandset) deliver(a *assembly, r ussd.Request) ussd.Reply {
	ctx, cancel := context.WithTimeout(context.Background(), onceWait)
	defer cancel()
	reply := a.gateway.Step(ctx, r)
	a.gateway.Acknowledge(ctx, r, reply, true)
	return reply
}

func shows(t *testing.T, r ussd.Reply, state string, texts ...string) {
	t.Helper()
	if r.State != state {
		t.Fatalf("screen %q %q, want %q", r.State, r.Text, state)
	}
	for _, text := range texts {
		if !strings.Contains(r.Text, text) {
			t.Fatalf("screen %q %q does not say %q", r.State, r.Text, text)
		}
	}
}

func confirmCode(som int) string { return fmt.Sprintf("*900*3*3*14*14*%s*%d#", onceAccount, som) }

// sent collects the SMS that one more relay finds in the outbox.
type sent struct {
	mu    sync.Mutex
	texts []string
}

func (s *sent) SendSMS(_ context.Context, _ msisdn.Number, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
	return nil
}

// audit asks the books: how many debits, of what, and one SMS for each.
func (b *bench) audit(want ...money.Amount) {
	b.t.Helper()
	b.auditSent(len(want), want...)
}

// auditSent is audit with so many SMS still to be sent.
func (b *bench) auditSent(messages int, want ...money.Amount) {
	b.t.Helper()
	ctx := b.t.Context()
	w, err := b.store.Wallet(ctx, onceNumber)
	if err != nil {
		b.t.Fatal(err)
	}
	done, err := b.store.Transfers(ctx, w.ID, 10)
	if err != nil {
		b.t.Fatal(err)
	}
	balance := money.Som(10_000)
	var got []money.Amount
	for _, r := range done {
		got = append(got, r.Offer.Amount)
		balance -= r.Offer.Amount + r.Offer.Fee
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("debits %v, want %v", got, want)
	}
	if w.Balance != balance {
		b.t.Errorf("balance %v, want %v", w.Balance, balance)
	}
	breaches, err := b.store.Verify(ctx)
	if err != nil || len(breaches) > 0 {
		b.t.Errorf("verify: %v %v", breaches, err)
	}
	var out sent
	a := b.instance(nil, nil)
	a.sendBy(&out)
	if _, err := a.relay.Once(ctx); err != nil {
		b.t.Fatal(err)
	}
	if len(out.texts) != messages {
		b.t.Errorf("SMS %q, want %d", out.texts, messages)
	}
}

// stopAt is a ledger whose Apply stops before or after its commit, until release is closed.
type stopAt struct {
	ledger.Store
	before, after bool
	reached       chan struct{}
	release       chan struct{}
	once, free    sync.Once
}

func newStopAt(before, after bool) *stopAt {
	return &stopAt{
		before: before, after: after,
		reached: make(chan struct{}), release: make(chan struct{}),
	}
}

func (s *stopAt) around(inner ledger.Store) ledger.Store { s.Store = inner; return s }

func (s *stopAt) Apply(ctx context.Context, p []ledger.Payment) ([]ledger.Result, error) {
	if s.before {
		s.stop()
	}
	results, err := s.Store.Apply(ctx, p)
	if s.after {
		s.stop()
	}
	return results, err
}

// letGo lets it go on. A test defers it too, because what is stopped hinders the end of the test.
func (s *stopAt) letGo() { s.free.Do(func() { close(s.release) }) }

func (s *stopAt) stop() {
	s.once.Do(func() { close(s.reached) })
	<-s.release
}

// inBackground delivers r to a and returns a channel with the reply.
func (h *onceHandset) inBackground(a *assembly, r ussd.Request) <-chan ussd.Reply {
	c := make(chan ussd.Reply, 1)
	go func() { c <- a.gateway.Step(context.Background(), r) }()
	return c
}

func TestKilledBetweenCommitAndAnswer(t *testing.T) {
	b := newBench(t)
	killed := newStopAt(false, true)
	defer killed.letGo()
	first, second := b.instance(killed.around, nil), b.instance(nil, nil)
	h := &onceHandset{t: t}
	shows(t, h.dial(first, confirmCode(100)), "pay_confirm", "100.00")
	h.unit++
	gone := h.inBackground(first, h.request(ussd.Input, oncePIN))
	<-killed.reached // the money has moved; the first instance never comes to say so
	shows(t, h.deliver(second, h.request(ussd.Input, oncePIN)), "pay_done", "100.00")
	killed.letGo()
	if r := <-gone; r.Kind == ussd.Ask {
		t.Errorf("the dead instance asks %q", r.State)
	}
	b.audit(money.Som(100))
}

func TestRedialAfterKillTellsThePayment(t *testing.T) {
	b := newBench(t)
	killed := newStopAt(false, true)
	defer killed.letGo()
	first, second := b.instance(killed.around, nil), b.instance(nil, nil)
	h := &onceHandset{t: t}
	shows(t, h.dial(first, confirmCode(100)), "pay_confirm", "100.00")
	h.unit++
	gone := h.inBackground(first, h.request(ussd.Input, oncePIN))
	<-killed.reached
	shows(t, h.dial(second, "*900#"), "told_paid", "100.00")
	shows(t, h.answer(second, "1"), "main")
	shows(t, h.dial(second, "*900#"), "main")
	killed.letGo()
	if r := <-gone; r.Kind != ussd.None {
		t.Errorf("the dead instance shows %q in a dialogue that is over", r.State)
	}
	b.audit(money.Som(100))
}

func TestDelayedCommitIsNotTaken(t *testing.T) {
	b := newBench(t)
	slow := newStopAt(true, false)
	defer slow.letGo()
	first, second := b.instance(slow.around, nil), b.instance(nil, nil)
	h := &onceHandset{t: t}
	shows(t, h.dial(first, confirmCode(100)), "pay_confirm", "100.00")
	h.unit++
	late := h.inBackground(first, h.request(ussd.Input, oncePIN))
	<-slow.reached // pressed, and the commit is on its way
	shows(t, h.dial(second, "*900#"), "told_not_taken")
	shows(t, h.dial(second, confirmCode(100)), "pay_confirm", "100.00")
	shows(t, h.answer(second, oncePIN), "pay_done", "100.00")
	slow.letGo()
	if r := <-late; r.Kind != ussd.None {
		t.Errorf("the late instance shows %q in a dialogue that is over", r.State)
	}
	b.audit(money.Som(100))
}

// The commit takes longer than the network waits: the subscriber is told that it is being checked,
// and at the next dial what became of it, before anything else can be paid.
func TestDoubtIsSettledBeforeTheNextPayment(t *testing.T) {
	b := newBench(t)
	b.limits.StepBudget = time.Second
	slow := newStopAt(true, false)
	defer slow.letGo()
	first, second := b.instance(slow.around, nil), b.instance(nil, nil)
	h := &onceHandset{t: t}
	shows(t, h.dial(first, confirmCode(100)), "pay_confirm", "100.00")
	shows(t, h.answer(first, oncePIN), "pay_doubt")
	shows(t, h.dial(second, "*900#"), "told_not_taken")
	shows(t, h.answer(second, "1"), "main")
	shows(t, h.dial(second, confirmCode(100)), "pay_confirm", "100.00")
	shows(t, h.answer(second, oncePIN), "pay_done", "100.00")
	slow.letGo()
	if err := first.gateway.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.audit(money.Som(100))
}

func TestSessionRolledBackAfterASecondConfirm(t *testing.T) {
	b := newBench(t)
	var redis ussd.SessionStore
	a := b.instance(nil, func(s ussd.SessionStore) ussd.SessionStore { redis = s; return s })
	ctx := t.Context()
	key := session.Key{Service: onceService, Number: onceNumber}
	h := &onceHandset{t: t}
	shows(t, h.dial(a, confirmCode(100)), "pay_confirm", "100.00")
	old, err := redis.Load(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	shows(t, h.answer(a, "0"), "pay_amount")
	shows(t, h.answer(a, "2000"), "pay_confirm", "2000.00")
	// A failover brings back the session of the first confirm screen.
	now, err := redis.Load(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := redis.Delete(ctx, key, now.Version); err != nil {
		t.Fatal(err)
	}
	if err := redis.Save(ctx, key, old, time.Minute); err != nil {
		t.Fatal(err)
	}
	shows(t, h.answer(a, oncePIN), "pay_confirm", "2000.00")
	shows(t, h.answer(a, oncePIN), "pay_done", "2000.00")
	b.audit(money.Som(2000))
}

func TestPaymentDeliveredTwiceOverSMPP(t *testing.T) {
	b := newBench(t)
	standard, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	center, err := sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: standard, SystemID: "once", Password: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	a := b.instance(nil, nil)
	link := defaultLink()
	link.Name, link.Address = "test", center.Addr()
	link.SystemID, link.Password = "once", "secret"
	if err := a.connect(link, "900"); err != nil {
		t.Fatal(err)
	}
	running := newStages()
	running.start("sim", center.Run)
	running.start("link", a.link.Run)
	running.start("relay", a.relay.Run)
	t.Cleanup(func() {
		if err := running.stop(); err != nil { // again after the end of the test: nothing runs
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), onceWait)
	defer cancel()
	if err := center.WaitBound(ctx); err != nil {
		t.Fatal(err)
	}
	d, screen, err := center.Dial(ctx, onceNumber.Digits(), confirmCode(100))
	if err != nil || screen.End {
		t.Fatalf("dial: %+v %v", screen, err)
	}
	if err := d.SendNoWait(ctx, oncePIN); err != nil {
		t.Fatal(err)
	}
	if err := d.Repeat(ctx); err != nil {
		t.Fatal(err)
	}
	if screen, err = d.Next(ctx); err != nil || !screen.End {
		t.Fatalf("screen %+v %v, want the end", screen, err)
	}
	sms, err := center.WaitSMS(ctx, onceNumber.Digits(), 1)
	if err != nil || !strings.Contains(sms.Text, "100.00") {
		t.Fatalf("SMS %+v %v", sms, err)
	}
	if err := a.gateway.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if err := running.stop(); err != nil {
		t.Fatal(err)
	}
	if faults := center.Faults(); len(faults) > 0 {
		t.Errorf("the message centre complains of %v, want one screen for one input", faults)
	}
	if n := center.Strays(); n > 0 {
		t.Errorf("%d more screens for one input, after the end of the dialogue", n)
	}
	if n := len(center.Messages(onceNumber.Digits())); n != 1 {
		t.Errorf("%d SMS, want 1", n)
	}
	b.auditSent(0, money.Som(100))
}
