package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/biller/billersim"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/ledger/pgstore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// The tests of this file let a process die at every boundary between the hold of a payment and its
// SMS, while the provider does everything that providers do on bad days. Another process finds what
// is left. Then the books balance, what the provider has got is what was posted, no more and no
// less, and one SMS has told the truth.

const (
	crashProvider = "severelectro"
	crashAccount  = "123456789"
	crashPIN      = "7391"
	// crashTimeout is how long the client of the provider waits.
	crashTimeout = 60 * time.Millisecond
	// crashRound is how far the clock goes on from one look of a process to the next.
	crashRound = 31 * time.Second
	// crashRounds is how many of them a payment may take to its end, and crashAfter how many are
	// watched after it: longer than any lease.
	crashRounds = 60
	crashAfter  = 6
)

// crashFaults are all kinds of the simulator, those that end. What ends in nothing is in
// TestProviderThatNeverAnswers.
func crashFaults() []string {
	return []string{
		"", "slow=20ms", "silent,times=1", "lost,times=1", "lost,times=2", "cutbefore,times=1",
		"cutafter,times=1", "http=500,times=2", "httpafter=502,times=1", "code=1,times=2",
		"code=90,times=3", "code=5", "code=7", "code=300", "code=777,times=1", "lie=90,times=1",
		"lie=777,times=1", "broken,times=1", "long,times=1", "wrongtxn,times=1", "wrongsum,times=1",
		"double",
	}
}

// lies are the faults where the provider says for good what is not so. The books follow its word,
// and only the registries show it.
func lies() []string { return []string{"code=0", "lie=8"} }

// boundaries are where a process dies: before or after it has done something, or nowhere.
func boundaries() []string {
	return []string{
		"nowhere", "before hold", "after hold", "before send", "after send", "after work",
		"before end", "after end", "after claim", "after sms",
	}
}

// A life ends when the process comes to its boundary. From then on the process does nothing.
type life struct {
	mu   sync.Mutex
	ends string
	over bool
}

var errDead = errors.New("the process is dead")

// at passes a boundary and reports whether the process still lives.
func (l *life) at(boundary string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = l.over || boundary == l.ends
	return !l.over
}

func (l *life) dead() bool { return !l.at("a boundary of nobody") }

// do does something between two boundaries.
func (l *life) do(what string, f func() error) error {
	if !l.at("before " + what) {
		return fmt.Errorf("%w: %w", ledger.ErrUnavailable, errDead)
	}
	err := f()
	if !l.at("after " + what) {
		return fmt.Errorf("%w: %w", ledger.ErrInDoubt, errDead)
	}
	return err
}

// mortalStore is the books as a mortal process has them.
type mortalStore struct {
	ledger.Store
	*life
}

func (m mortalStore) Apply(
	ctx context.Context, all []ledger.Payment,
) (r []ledger.Result, err error) {
	err = m.do("hold", func() (err error) { r, err = m.Store.Apply(ctx, all); return err })
	return r, err
}

func (m mortalStore) SendHold(
	ctx context.Context, id string, now time.Time,
) (h ledger.Hold, err error) {
	err = m.do("send", func() (err error) { h, err = m.Store.SendHold(ctx, id, now); return err })
	return h, err
}

func (m mortalStore) PostHold(
	ctx context.Context, p ledger.Posting,
) (r ledger.Receipt, err error) {
	err = m.do("end", func() (err error) { r, err = m.Store.PostHold(ctx, p); return err })
	return r, err
}

func (m mortalStore) VoidHold(ctx context.Context, v ledger.Voiding) error {
	return m.do("end", func() error { return m.Store.VoidHold(ctx, v) })
}

func (m mortalStore) DoubtHold(
	ctx context.Context, id string, a ledger.Answer, now, next time.Time,
) error {
	return m.do("end", func() error { return m.Store.DoubtHold(ctx, id, a, now, next) })
}

func (m mortalStore) DueHolds(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) (all []ledger.Hold, err error) {
	err = m.do("look", func() (err error) {
		all, err = m.Store.DueHolds(ctx, now, lease, limit)
		return err
	})
	return all, err
}

func (m mortalStore) Refuse(
	ctx context.Context, id string, reason ledger.Reason, now time.Time, msg *ledger.Message,
) (r ledger.Result, err error) {
	err = m.do("refusal", func() (err error) {
		r, err = m.Store.Refuse(ctx, id, reason, now, msg)
		return err
	})
	return r, err
}

func (m mortalStore) ClaimMessages(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) (all []ledger.Message, err error) {
	err = m.do("claim", func() (err error) {
		all, err = m.Store.ClaimMessages(ctx, now, lease, limit)
		return err
	})
	return all, err
}

func (m mortalStore) AckMessage(ctx context.Context, id int64, now time.Time) error {
	return m.do("ack", func() error { return m.Store.AckMessage(ctx, id, now) })
}

func (m mortalStore) RetryMessage(
	ctx context.Context, id int64, next time.Time, text string,
) error {
	return m.do("ack", func() error { return m.Store.RetryMessage(ctx, id, next, text) })
}

// mortalBiller is the provider as a mortal process reaches it.
type mortalBiller struct {
	biller.Biller
	*process
}

func (m mortalBiller) Pay(ctx context.Context, r biller.Request) (a biller.Answer, err error) {
	err = m.do("work", func() (err error) { a, err = m.Biller.Pay(ctx, r); return err })
	if late := m.w.late; late != nil {
		m.w.late = nil
		late(m.paying)
	}
	if errors.Is(err, errDead) { // nobody reads the answer
		a = biller.Answer{Verdict: biller.VerdictUnknown, Reason: biller.ReasonNoAnswer}
	}
	return a, err
}

// A crashWorld is one ledger and one provider, who outlive processes.
type crashWorld struct {
	t         *testing.T
	store     ledger.Store
	catalogue *catalogue.Catalogue
	keys      *pin.Keys
	sim       *billersim.Server
	biller    biller.Biller
	wallets   int
	random    *sequence
	late      func(ledger.Offer) // what happens before the next answer is read, or nil

	mu  sync.Mutex
	now time.Time
	sms []ledger.Message // as they were sent
}

// sequence is a source of octets that a test repeats.
type sequence struct {
	mu sync.Mutex
	n  uint64
}

func (s *sequence) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range p {
		s.n = s.n*6364136223846793005 + 1442695040888963407
		p[i] = byte(s.n >> 56)
	}
	return len(p), nil
}

// A process is a gateway's wallet with its workers, over the life that it has.
type process struct {
	*life
	w          *crashWorld
	issuer     *wallet.Issuer
	sweeper    *wallet.Sweeper
	dispatcher *wallet.Dispatcher
	relay      *wallet.Relay
	stop       func()
	paying     ledger.Offer // by pay
}

func (w *crashWorld) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *crashWorld) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newCrashWorld opens the books by open.
func newCrashWorld(t *testing.T, store ledger.Store) *crashWorld {
	t.Helper()
	var report source.Report
	set := loadMenus(menus.FS(), 0, &report)
	if set == nil {
		t.Fatal(report.Err())
	}
	keys, err := pin.NewKeys(1, map[int][]byte{1: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	w := &crashWorld{
		t: t, store: store, catalogue: set.Catalogue(msisdn.Number{}), keys: keys,
		random: &sequence{}, now: time.Date(2026, 11, 21, 8, 5, 0, 0, time.UTC),
	}
	w.sim = billersim.New(billersim.Config{Now: w.clock})
	server := httptest.NewServer(w.sim.Handler())
	t.Cleanup(server.Close)
	w.biller, err = biller.NewOSMP(biller.Config{
		URL: server.URL + "/osmp/" + crashProvider, Timeout: crashTimeout, Zone: time.UTC,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return w
}

// start begins a process that ends at a boundary.
func (w *crashWorld) start(ends string) *process {
	w.t.Helper()
	p := &process{life: &life{ends: ends}, w: w}
	books := mortalStore{w.store, p.life}
	poster := ledger.NewPoster(books, zap.NewNop())
	var err error
	p.issuer, err = wallet.NewIssuer(wallet.Config{
		Billers: func(string) (biller.Biller, bool) { return mortalBiller{w.biller, p}, true },
	}, books, poster, w.keys, func(msisdn.Number) *catalogue.Catalogue { return w.catalogue },
		w.clock, w.random, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	p.sweeper = wallet.NewSweeper(p.issuer, time.Hour, zap.NewNop())
	p.dispatcher = wallet.NewDispatcher(p.issuer, books, zap.NewNop())
	p.relay = wallet.NewRelay(books, w.keys, p, w.clock, zap.NewNop())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- poster.Run(ctx) }()
	p.stop = func() {
		cancel()
		if err := errors.Join(<-ended, p.dispatcher.Run(ctx)); err != nil {
			w.t.Error(err)
		}
	}
	return p
}

// Send implements wallet.Sender.
func (p *process) Send(_ context.Context, m ledger.Message, _ pin.Secret) error {
	return p.do("sms", func() error {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		p.w.sms = append(p.w.sms, m)
		return nil
	})
}

// round lets every worker look once. A dead process does nothing.
func (p *process) round() {
	ctx := p.w.t.Context()
	_, swept := p.sweeper.Once(ctx)
	_, dispatched := p.dispatcher.Once(ctx)
	_, relayed := p.relay.Once(ctx)
	if err := errors.Join(swept, dispatched, relayed); err != nil && !p.dead() {
		p.w.t.Errorf("a living process fails: %v", err)
	}
	p.w.advance(crashRound)
}

// quiet runs a process until its payment has come to an end and the SMS is sent, and some time
// longer. It reports false when the process has died.
func (p *process) quiet(offer string) bool {
	w := p.w
	left := crashAfter
	for range crashRounds {
		p.round()
		if p.dead() {
			return false
		}
		if w.offer(offer).State.Final() && len(w.told(offer)) > 0 {
			left--
		}
		if left == 0 {
			return true
		}
	}
	h, err := w.store.Hold(w.t.Context(), offer)
	w.t.Fatalf("no end: offer %s, hold %s after %d attempts, %q (%v), SMS %v",
		w.offer(offer).State, h.State, h.Attempt, h.LastError, err, w.told(offer))
	return false
}

func (w *crashWorld) offer(id string) ledger.Offer {
	w.t.Helper()
	o, err := w.store.Offer(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// told are the keys of the SMS about an offer, each once. The same SMS may come twice when a
// process dies before it has noted that it was sent.
func (w *crashWorld) told(offer string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []string
	for _, m := range w.sms {
		if strings.HasSuffix(m.Key, "/"+offer) && !slices.Contains(keys, m.Key) {
			keys = append(keys, m.Key)
		}
	}
	return keys
}

// subscriber registers another wallet with money in it.
func (w *crashWorld) subscriber() msisdn.Number {
	w.t.Helper()
	w.wallets++
	n := msisdn.MustParse(fmt.Sprintf("99655500%04d", w.wallets))
	p := w.start("nowhere")
	defer p.stop()
	err := p.issuer.Seed(w.t.Context(), wallet.Application{
		Number: n, Name: "Asanov Asan", INN: fmt.Sprintf("2121019901%04d", w.wallets), Lang: "ru",
	}, pin.NewSecret([]byte(crashPIN)))
	if err == nil {
		err = p.issuer.Fund(w.t.Context(), "fund"+n.Digits(), n, money.Som(1000))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// pay makes a payment in a process and returns what its subscriber was told.
func (p *process) pay(n msisdn.Number) (ledger.Offer, error) {
	t := p.w.t
	t.Helper()
	o, err := p.issuer.Offer(t.Context(), wallet.Quote{
		Number: n, Provider: crashProvider, Account: crashAccount, Amount: money.Som(100),
		Lang: "ru", Revision: "r1",
	})
	if err != nil {
		t.Fatal(err)
	}
	p.paying = o
	r, err := p.issuer.Pay(t.Context(), n, o.ID, pin.NewSecret([]byte(crashPIN)), "1")
	if r.Offer.ID != o.ID {
		t.Errorf("receipt of offer %q, want %s", r.Offer.ID, o.ID)
	}
	return o, err
}

// fault sets what goes wrong at the provider, and nothing else: "" is a good day.
func (w *crashWorld) fault(text string) {
	w.t.Helper()
	w.sim.ClearFaults("")
	if text == "" {
		return
	}
	f, err := billersim.ParseFault(text)
	if err == nil {
		err = w.sim.AddFault(f)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// crash lets one process die at a boundary, and another do the rest.
func (w *crashWorld) crash(fault, boundary string, honest bool) {
	w.t.Helper()
	w.fault(fault)
	n := w.subscriber()
	first := w.start(boundary)
	o, told := first.pay(n)
	lived := first.quiet(o.ID)
	first.stop()
	if lived != (boundary == "nowhere") {
		w.t.Errorf("the process lived: %t", lived)
	}
	if !lived {
		second := w.start("nowhere")
		second.quiet(o.ID)
		second.stop()
	}
	w.audit(n, o, told, honest)
}

// audit asks the questions of this file.
func (w *crashWorld) audit(n msisdn.Number, o ledger.Offer, told error, honest bool) {
	t := w.t
	t.Helper()
	breaches, err := w.store.Verify(t.Context())
	if err != nil || len(breaches) > 0 {
		t.Errorf("Verify = %v, %v", breaches, err)
	}
	done := w.offer(o.ID).State == ledger.OfferDone
	has, want, kinds := w.atProvider(o.ID), money.Som(1000), []string{"returned", "not_paid"}
	if done {
		want, kinds = want-o.Amount-o.Fee, []string{"paid"}
	}
	if honest && (has > 0) != done || has > 1 {
		t.Errorf("the provider has %d payments, the books say done: %t", has, done)
	}
	owner, err := w.store.Wallet(t.Context(), n)
	if err != nil || owner.Balance != want || owner.Held != 0 {
		t.Errorf("wallet has %s, %s held, %v, want %s", owner.Balance, owner.Held, err, want)
	}
	sms := w.told(o.ID)
	if len(sms) != 1 || !slices.Contains(kinds, strings.TrimSuffix(sms[0], "/"+o.ID)) {
		t.Errorf("SMS %v, want one of %v", sms, kinds)
	}
	if told == nil && !done || ledger.ReasonOf(told) != "" && done {
		t.Errorf("the screen told %v, the books say done: %t", told, done)
	}
}

// atProvider counts the transactions of an offer that the provider has.
func (w *crashWorld) atProvider(offer string) int {
	h, err := w.store.Hold(w.t.Context(), offer)
	if errors.Is(err, ledger.ErrNoHold) {
		return 0
	}
	if err != nil {
		w.t.Fatal(err)
	}
	txns := make(map[string]bool)
	for _, p := range w.sim.Payments(crashProvider) {
		if p.Txn == h.Txn {
			txns[p.Txn] = true
		}
	}
	return len(txns)
}

func TestEveryFaultAtEveryBoundary(t *testing.T) {
	for _, fault := range append(crashFaults(), lies()...) {
		t.Run("fault "+fault, func(t *testing.T) {
			store, err := litestore.Open("")
			if err != nil {
				t.Fatal(err)
			}
			w := newCrashWorld(t, store)
			for _, boundary := range boundaries() {
				t.Run(boundary, func(t *testing.T) {
					w.t = t
					w.crash(fault, boundary, !slices.Contains(lies(), fault))
				})
			}
		})
	}
}

// The same on PostgreSQL, for a fault of each sort.
func TestFaultsAtEveryBoundaryOnPostgres(t *testing.T) {
	at := needPlace(t)
	store, err := pgstore.Open(t.Context(), pgstore.Config{URL: at.url, Schema: at.schema})
	if err != nil {
		t.Fatal(err)
	}
	w := newCrashWorld(t, store)
	for _, fault := range []string{"", "lost,times=1", "cutbefore,times=1", "code=5"} {
		for _, boundary := range boundaries() {
			t.Run(fault+" "+boundary, func(t *testing.T) {
				w.t = t
				w.crash(fault, boundary, true)
			})
		}
	}
}

// A provider that never answers: after a day the money waits in the suspense account for a person,
// who has a case. Whatever the person decides, the books and the SMS follow.
func TestProviderThatNeverAnswers(t *testing.T) {
	for _, fault := range []string{"silent", "lost", "http=500", "code=90", "code=777"} {
		for _, post := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s post %t", fault, post), func(t *testing.T) {
				store, err := litestore.Open("")
				if err != nil {
					t.Fatal(err)
				}
				newCrashWorld(t, store).neverAnswered(fault, post)
			})
		}
	}
}

func (w *crashWorld) neverAnswered(fault string, post bool) {
	t := w.t
	w.fault(fault)
	n := w.subscriber()
	p := w.start("nowhere")
	defer p.stop()
	o, told := p.pay(n)
	if !errors.Is(told, ledger.ErrHeld) {
		t.Errorf("Pay = %v, want %v", told, ledger.ErrHeld)
	}
	h := w.hold(o.ID)
	for w.clock().Before(h.Deadline) {
		p.round()
		if state := w.hold(o.ID).State; state != ledger.HoldInDoubt {
			t.Fatalf("hold is %s before its deadline", state)
		}
		w.advance(time.Hour)
	}
	p.round()
	h = w.hold(o.ID)
	if h.State != ledger.HoldSuspense || h.Attempt < 20 || len(w.told(o.ID)) > 0 {
		t.Errorf("hold is %s after %d attempts, SMS %v", h.State, h.Attempt, w.told(o.ID))
	}
	cases, err := w.store.Cases(t.Context(), true, 0, 10)
	if err != nil || len(cases) != 1 || cases[0].Kind != wallet.CaseSuspense ||
		cases[0].Subject != ledger.PaymentSubject(o.ID) {
		t.Errorf("cases %+v, %v", cases, err)
	}
	if post {
		_, err = p.issuer.PostPayment(t.Context(), o.ID, ledger.Answer{ProviderTxn: "77"},
			w.record(o))
	} else {
		err = p.issuer.VoidPayment(t.Context(), o.ID, w.record(o))
	}
	if err != nil {
		t.Fatal(err)
	}
	p.round()
	w.audit(n, o, told, false)
	if got := w.offer(o.ID).State; (got == ledger.OfferDone) != post {
		t.Errorf("offer is %s", got)
	}
}

// record is what a person of the issuer does about a payment.
func (w *crashWorld) record(o ledger.Offer) ledger.Record {
	return ledger.Record{
		Actor: "aida", Act: "settle", Subject: ledger.PaymentSubject(o.ID), Reason: "asked",
		At: w.clock(),
	}
}

// dispatched lets another process look, when the lease of the first one is over.
func (w *crashWorld) dispatched() {
	w.advance(2 * time.Minute)
	p := w.start("nowhere")
	p.round()
	p.stop()
}

func (w *crashWorld) hold(id string) ledger.Hold {
	w.t.Helper()
	h, err := w.store.Hold(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// A process that is asleep while its payment goes on without it wakes up with an answer: it is
// counted once, and what is against the end is a case.
func TestLateAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, fault string
		meanwhile   func(*crashWorld, *process, ledger.Offer) error
		done        bool
		cases       int
	}{
		{"done after done", "", func(w *crashWorld, _ *process, _ ledger.Offer) error {
			w.dispatched()
			return nil
		}, true, 0},
		{"done after voided by hand", "", func(w *crashWorld, p *process, o ledger.Offer) error {
			return p.issuer.VoidPayment(w.t.Context(), o.ID, w.record(o))
		}, false, 1},
		{"refused after posted by hand", "code=5", func(
			w *crashWorld, p *process, o ledger.Offer,
		) error {
			_, err := p.issuer.PostPayment(w.t.Context(), o.ID, ledger.Answer{}, w.record(o))
			return err
		}, true, 1},
		{"refused while another try is under way", "code=5,times=1", func(
			w *crashWorld, _ *process, o ledger.Offer,
		) error {
			_, err := w.store.SendHold(w.t.Context(), o.ID, w.clock())
			return err
		}, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, err := litestore.Open("")
			if err != nil {
				t.Fatal(err)
			}
			w := newCrashWorld(t, store)
			w.fault(tt.fault)
			n := w.subscriber()
			awake := w.start("nowhere")
			defer awake.stop()
			w.late = func(o ledger.Offer) {
				if err := tt.meanwhile(w, awake, o); err != nil {
					t.Error(err)
				}
			}
			o, told := awake.pay(n)
			awake.quiet(o.ID)
			if got := w.offer(o.ID).State; (got == ledger.OfferDone) != tt.done {
				t.Errorf("offer is %s after %v", got, told)
			}
			w.audit(n, o, told, false)
			cases, err := store.Cases(t.Context(), true, 0, 10)
			if err != nil || len(cases) != tt.cases {
				t.Errorf("cases %+v, %v, want %d", cases, err, tt.cases)
			}
		})
	}
}
