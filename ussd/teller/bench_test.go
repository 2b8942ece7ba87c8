package teller_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// PINs of twelve digits: to find one of them in an answer or an error is no accident.
const (
	right  = "739502846173"
	wrong  = "640917358204"
	second = "518273940627"
	weak   = "111111111111"
)

const (
	inn    = "21210199012345"
	dostek = "01234567890123" // an account with the provider dostek
)

var (
	number  = msisdn.MustParse("996555000116") // MegaCom, which is served
	other   = msisdn.MustParse("996777000001") // Beeline, which is too
	foreign = msisdn.MustParse("79161234567")  // of a network that is not
	zone    = time.FixedZone("Bishkek", 6*60*60)
)

// A clock stands still until it is moved. It begins at 14:05 in Bishkek.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 8, 5, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A gate stands between a wallet and its books, and may be shut for one operation or another.
type gate struct {
	ledger.Store
	mu    sync.Mutex
	shut  map[string]error // by operation
	stays *stay            // of the next Apply, or nil
}

// A stay keeps one Apply from the books until release is closed.
type stay struct{ reached, release, applied chan struct{} }

// fail makes an operation fail with err, and work again with nil.
func (g *gate) fail(operation string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut[operation] = err
}

func (g *gate) failure(operation string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut[operation]
}

func (g *gate) Wallet(ctx context.Context, n msisdn.Number) (ledger.Wallet, error) {
	if err := g.failure("wallet"); err != nil {
		return ledger.Wallet{}, err
	}
	return g.Store.Wallet(ctx, n)
}

func (g *gate) Register(ctx context.Context, w ledger.NewWallet) error {
	if err := g.failure("register"); err != nil {
		return err
	}
	return g.Store.Register(ctx, w)
}

func (g *gate) CountTry(ctx context.Context, t ledger.Try) (ledger.Tried, error) {
	if err := g.failure("count try"); err != nil {
		return ledger.Tried{}, err
	}
	return g.Store.CountTry(ctx, t)
}

func (g *gate) RightTry(ctx context.Context, t ledger.Try) error {
	if err := g.failure("right try"); err != nil {
		return err
	}
	return g.Store.RightTry(ctx, t)
}

func (g *gate) Press(ctx context.Context, id string, now time.Time) error {
	if err := g.failure("press"); err != nil {
		return err
	}
	return g.Store.Press(ctx, id, now)
}

func (g *gate) CurrentOffer(ctx context.Context, wallet string) (ledger.Offer, error) {
	if err := g.failure("current offer"); err != nil {
		return ledger.Offer{}, err
	}
	return g.Store.CurrentOffer(ctx, wallet)
}

func (g *gate) Refuse(
	ctx context.Context, id string, r ledger.Reason, now time.Time, m *ledger.Message,
) (ledger.Result, error) {
	if err := g.failure("refuse"); err != nil {
		return ledger.Result{}, err
	}
	return g.Store.Refuse(ctx, id, r, now, m)
}

// Apply may fail before the books have done their part, or after it, or give a verdict of its own.
func (g *gate) Apply(ctx context.Context, all []ledger.Payment) ([]ledger.Result, error) {
	if s := g.stay(); s != nil {
		close(s.reached)
		<-s.release
		defer close(s.applied)
	}
	if err := g.failure("apply"); err != nil {
		return nil, err
	}
	if err := g.failure("verdict"); err != nil {
		return []ledger.Result{{Err: err}}, nil
	}
	results, err := g.Store.Apply(ctx, all)
	if lost := g.failure("answer of apply"); lost != nil {
		return nil, lost
	}
	return results, err
}

// hold makes the next Apply stay until it is released, or until the test ends.
func (g *gate) hold(t *testing.T) (s *stay, release func()) {
	s = &stay{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	release = sync.OnceFunc(func() { close(s.release) })
	t.Cleanup(release)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stays = s
	return s, release
}

func (g *gate) stay() *stay {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stays
	g.stays = nil
	return s
}

// A bench is a teller over a wallet of its own, with the menus and the catalogue of the binary.
// It holds every answer against what the menu was told of it.
type bench struct {
	t        *testing.T
	books    *gate
	keys     *pin.Keys
	random   *rand.ChaCha8
	clock    *clock
	files    fs.FS
	env      menu.Environment
	issuer   *wallet.Issuer
	teller   *teller.Teller
	provider *provider // that is behind every name of a biller
	attempts int       // so far
	funds    int       // so far
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, err := litestore.Open("")
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{7}, pin.MinKeyOctets)
	keys, err := pin.NewKeys(1, map[int][]byte{1: key})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		t: t, books: &gate{Store: store, shut: map[string]error{}}, keys: keys,
		random: rand.NewChaCha8([32]byte{1}), clock: newClock(),
		provider: &provider{says: biller.Answer{Verdict: biller.VerdictDone, Code: "0"}},
	}
	t.Cleanup(func() {
		breaches, err := store.Verify(context.Background())
		if err != nil || len(breaches) > 0 {
			t.Errorf("Verify = %v, %v", breaches, err)
		}
		store.Close()
	})
	b.reopen(wallet.Config{})
	return b
}

// reopen puts another wallet and its teller over the same books. edits are pairs of what the
// menus and the catalogue say and what they say now.
func (b *bench) reopen(config wallet.Config, edits ...string) {
	b.t.Helper()
	b.files = menus.FS()
	c, err := embedded()
	if len(edits) > 0 {
		b.files = edited(b.t, edits...)
		c, err = load(b.files)
	}
	b.ok(err)
	config.PINLength, config.Zone = len(right), zone
	config.Billers = func(string) (biller.Biller, bool) { return b.provider, true }
	b.env = teller.Environment(c, config.PINLength)
	poster := ledger.NewPoster(b.books, zap.NewNop())
	live := func(msisdn.Number) *catalogue.Catalogue { return c }
	b.issuer, err = wallet.NewIssuer(config, b.books, poster, b.keys, live, b.clock.Now, b.random,
		nil)
	b.ok(err)
	b.teller = teller.New(b.issuer, live, zone)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- poster.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("Run = %v, want nil", err)
		}
	})
}

// embedded is the catalogue of the binary. It takes a while to read, and nobody can change it.
var embedded = sync.OnceValues(func() (*catalogue.Catalogue, error) { return load(menus.FS()) })

func load(files fs.FS) (*catalogue.Catalogue, error) {
	var r source.Report
	return catalogue.Load(files, &r), r.Err()
}

// edited returns the menus' files with pairs of texts replaced. Each has to be there.
func edited(t *testing.T, edits ...string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(menus.FS(), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files of menus, %v", len(names), err)
	}
	all := ""
	for _, name := range names {
		text, err := fs.ReadFile(menus.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
		text = []byte(strings.NewReplacer(edits...).Replace(string(text)))
		files[name] = &fstest.MapFile{Data: text}
	}
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(all, edits[i]) {
			t.Fatalf("no file says %q", edits[i])
		}
	}
	return files
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func secret(digits string) pin.Secret { return pin.NewSecret([]byte(digits)) }

// seed gives number a wallet with so many som in it. Its PIN is right.
func (b *bench) seed(som int64) {
	b.t.Helper()
	b.ok(b.issuer.Seed(b.t.Context(), wallet.Application{
		Number: number, Name: "Asanov Asan", INN: inn, Lang: "ru",
	}, secret(right)))
	if som > 0 {
		b.fund(som)
	}
}

func (b *bench) fund(som int64) {
	b.t.Helper()
	b.funds++
	key := fmt.Sprintf("fund %d", b.funds)
	b.ok(b.issuer.Fund(b.t.Context(), key, number, money.Som(som)))
}

// call is one of number in Russian. args are pairs of name and value.
func call(action string, args ...string) ussd.Call {
	c := ussd.Call{
		Number: number, Lang: "ru", Revision: "r1",
		Action: menu.Action{Name: action, Args: map[string]string{}},
	}
	for i := 0; i < len(args); i += 2 {
		c.Action.Args[args[i]] = args[i+1]
	}
	return c
}

// typing is a call with a PIN.
func typing(digits, action string, args ...string) ussd.Call {
	c := call(action, args...)
	c.Action.Secrets = map[string]pin.Secret{"pin": secret(digits)}
	return c
}

// try does a call, under an attempt of its own unless it has one.
func (b *bench) try(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	b.t.Helper()
	if c.Attempt == "" {
		b.attempts++
		c.Attempt = fmt.Sprintf("attempt %d", b.attempts)
	}
	a, err := b.teller.Do(ctx, c)
	b.inspect(c, a, err)
	return a, err
}

// do does a call that has an answer.
func (b *bench) do(c ussd.Call) ussd.Answer {
	b.t.Helper()
	a, err := b.try(b.t.Context(), c)
	if err != nil {
		b.t.Fatalf("%s: %v", c.Action.Name, err)
	}
	return a
}

// must does a call with this outcome.
func (b *bench) must(outcome string, c ussd.Call) ussd.Answer {
	b.t.Helper()
	a := b.do(c)
	if a.Outcome.Name != outcome {
		b.t.Fatalf("%s: %+v, want %s", c.Action.Name, a, outcome)
	}
	return a
}

// quote asks for an offer to pay Dostek.
func quote(amount string, more ...string) ussd.Call {
	args := []string{"provider", "dostek", "account", dostek, "amount", amount}
	return call("payment.offer", append(args, more...)...)
}

// offered makes an offer and returns what the books have of it.
func (b *bench) offered(amount string, more ...string) ledger.Offer {
	b.t.Helper()
	b.must("ok", quote(amount, more...))
	return b.current()
}

func (b *bench) current() ledger.Offer {
	b.t.Helper()
	o, err := b.issuer.CurrentOffer(b.t.Context(), number)
	b.ok(err)
	return o
}

// pay types a PIN on the confirm screen of o.
func pay(o ledger.Offer, digits string) ussd.Call {
	return typing(digits, "payment.pay", "offer", o.ID)
}

func resolve(o ledger.Offer) ussd.Call { return call("payment.resolve", "offer", o.ID) }

// lose presses o while the books are away: it is under way, and nothing has moved.
func (b *bench) lose(o ledger.Offer) {
	b.t.Helper()
	b.books.fail("apply", ledger.ErrUnavailable)
	if a, err := b.try(b.t.Context(), pay(o, right)); err == nil {
		b.t.Fatalf("payment.pay without books: %+v, want an error", a)
	}
	b.books.fail("apply", nil)
}

// leave pays o and goes away while the books are at it.
func (b *bench) leave(o ledger.Offer) (a ussd.Answer, s *stay, release func()) {
	b.t.Helper()
	s, release = b.books.hold(b.t)
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	go func() {
		select {
		case <-s.reached:
		case <-ctx.Done():
		}
		cancel()
	}()
	a, err := b.try(ctx, pay(o, right))
	b.ok(err)
	return a, s, release
}
