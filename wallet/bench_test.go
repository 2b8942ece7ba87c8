package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"ussdgw/menus/source"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// PINs of twelve digits: to find one of them in a log or a file is no accident.
const (
	canary = "739502846173"
	second = "518273940627"
	wrong  = "640917358204"
	inn    = "21704198601234"
)

var number = msisdn.MustParse("996555123456")

const dostek = "01234567890123"

const providersYAML = `
schema: "ussd.catalogue/v1"
languages: ["ky", "ru", "en"]
accounts:
  inn_company:
    {label: "INN", hint: "INN", where: "ID", pattern: "^0[0-9]{13}$",
    example: "01234567890123"}
  phone:
    {label: "Phone", hint: "Phone", where: "-", pattern: "^0[0-9]{9}|7[0-9]{6,8}$",
    example: "0312123456"}
  office: {label: "Office", hint: "Office", where: "-", pattern: "^[0-9]{2}$", example: "12"}
  six: {label: "Six", hint: "Six", where: "-", pattern: "^[0-9]{6}$", example: "345678"}
categories:
  - id: "other"
    number: "14"
    name: {ky: "Башка", ru: "Другие", en: "Other"}
    providers:
      - id: "dostek"
        number: "14"
        name: {ky: "Достэк ky", ru: "Достэк", en: "Dostek"}
        fields: ["inn_company"]
        amount: {min: "1", max: "15000"}
        fee: {percent: "1"}
        settlement: "registry"
      - id: "flat"
        number: "2"
        name: "Flat"
        fields: ["inn_company"]
        amount: {min: "10", max: "500.50"}
        fee: {fixed: "5"}
        settlement: "registry"
      - id: "halted"
        number: "3"
        name: "Halted"
        fields: ["inn_company"]
        amount: {min: "1", max: "15000"}
        fee: {fixed: "0"}
        settlement: "registry"
        stopped: "yes"
      - id: "pair"
        number: "4"
        name: {ky: "Жуп", ru: "Пара", en: "Pair"}
        fields: ["office", "six"]
        amount: {min: "1", max: "15000"}
        fee: {}
        settlement: "registry"
limits:
  remote:
    payment: {once: "1000", day: "1500", month: "2000"}
    transfer: {once: "500", day: "700", month: "1000"}
    cash_out: {once: "600", day: "800", month: "900"}
    cash_in: {once: "30000", day: "60000", month: "90000"}
    out: {once: "1000", day: "1600", month: "2100"}
    balance: "90000"
operations:
  transfer:
    name: {ky: "Которуу", ru: "Перевод", en: "Transfer"}
    amount: {min: "10", max: "550"}
    fee: {remote: {percent: "0.5", min: "2", max: "50"}}
  cash_out:
    name: {ky: "Накталай", ru: "Наличные", en: "Cash"}
    amount: {min: "100", max: "700"}
    fee: {remote: {percent: "1", min: "5"}}
networks:
  all: {name: "All", served: "yes", prefixes: [""]}
`

// providers is the catalogue of yaml, for everybody and for good.
func providers(t *testing.T, yaml string) func(msisdn.Number) *catalogue.Catalogue {
	t.Helper()
	yaml = strings.Replace(yaml, `"^0[0-9]{9}|7[0-9]{6,8}$"`, `"^(0[0-9]{9}|7[0-9]{6,8})$"`, 1)
	r := &source.Report{}
	c := catalogue.Load(fstest.MapFS{"catalogue.yaml": {Data: []byte(yaml)}}, r)
	if c == nil {
		t.Fatal(r.Err())
	}
	return func(msisdn.Number) *catalogue.Catalogue { return c }
}

func testKeys(t *testing.T, current int, versions ...int) *pin.Keys {
	t.Helper()
	all := map[int][]byte{}
	for _, v := range versions {
		all[v] = bytes.Repeat([]byte{byte(v)}, pin.MinKeyOctets)
	}
	keys, err := pin.NewKeys(current, all)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

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

// A witness keeps all that was logged and every error, to be searched for PINs.
type witness struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (w *witness) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(p)
}

func (w *witness) Sync() error { return nil }

func (w *witness) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// A bench is an issuer over books in a file. When the test ends, no log line, no error and no file
// holds any PIN that the test used, and the books balance.
type bench struct {
	*wallet.Issuer
	t       *testing.T
	store   *litestore.Store
	poster  *ledger.Poster
	keys    *pin.Keys
	clock   *clock
	witness *witness
	log     *zap.Logger
	dir     string
	changes int // of PIN, so far

	mu   sync.Mutex
	pins map[string]bool
}

func newBench(t *testing.T, config wallet.Config) *bench {
	t.Helper()
	b := &bench{
		t: t, dir: t.TempDir(), keys: testKeys(t, 1, 1), witness: &witness{},
		clock: &clock{now: time.Date(2026, 11, 21, 8, 5, 0, 0, time.UTC)},
		pins:  map[string]bool{canary: true, second: true, wrong: true},
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	b.log = zap.New(zapcore.NewCore(encoder, b.witness, zapcore.DebugLevel))
	var err error
	if b.store, err = litestore.Open(filepath.Join(b.dir, "ledger.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.audit)
	b.poster = b.running(b.store)
	b.Issuer = b.issuer(config, b.keys, providersYAML)
	return b
}

// running returns a Poster that runs until the test ends.
func (b *bench) running(applier ledger.Applier) *ledger.Poster {
	poster := ledger.NewPoster(applier, b.log)
	b.spawn(poster.Run)
	return poster
}

// spawn runs until the test ends, and waits for the end.
func (b *bench) spawn(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("Run = %v, want nil", err)
		}
	})
}

// issuer returns another issuer over the same books.
func (b *bench) issuer(config wallet.Config, keys *pin.Keys, yaml string) *wallet.Issuer {
	b.t.Helper()
	if config.PINLength == 0 {
		config.PINLength = len(canary)
	}
	i, err := wallet.NewIssuer(config, b.store, b.poster, keys, providers(b.t, yaml),
		b.clock.Now, nil, b.log)
	if err != nil {
		b.t.Fatal(err)
	}
	return i
}

// audit closes the books and searches everything that is left behind.
func (b *bench) audit() {
	breaches, err := b.store.Verify(context.Background())
	if err != nil || len(breaches) > 0 {
		b.t.Errorf("Verify = %v, %v", breaches, err)
	}
	b.store.Close()
	files, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	places := map[string]string{"logs and errors": b.witness.text()}
	for _, f := range files {
		octets, err := os.ReadFile(filepath.Join(b.dir, f.Name()))
		if err != nil {
			b.t.Fatal(err)
		}
		places[f.Name()] = string(octets)
	}
	for place, text := range places {
		for p := range b.pins {
			if strings.Contains(text, p) {
				b.t.Errorf("a PIN is in %s", place)
			}
		}
		if strings.Contains(text, inn) {
			b.t.Errorf("an INN is in %s", place)
		}
	}
}

func (b *bench) ctx() context.Context { return b.t.Context() }

// ok fails the test on an error. The error is kept for the audit.
func (b *bench) ok(err error) {
	b.t.Helper()
	b.see(err)
	if err != nil {
		b.t.Fatal(err)
	}
}

// declined returns the decline of a reason.
func (b *bench) declined(err error, want ledger.Reason) *ledger.Decline {
	b.t.Helper()
	b.see(err)
	var d *ledger.Decline
	if !errors.As(err, &d) || d.Reason != want {
		b.t.Fatalf("error = %v, want decline %q", err, want)
	}
	return d
}

// fails wants an error that is target.
func (b *bench) fails(err, target error) {
	b.t.Helper()
	b.see(err)
	if !errors.Is(err, target) {
		b.t.Fatalf("error = %v, want %v", err, target)
	}
}

func (b *bench) see(err error) {
	if err != nil {
		fmt.Fprintf(b.witness, "%v %+v %#v\n", err, err, err)
	}
}

func secret(digits string) pin.Secret { return pin.NewSecret([]byte(digits)) }

func application() wallet.Application {
	return wallet.Application{
		Number: number, Name: "Asanov Asan", INN: inn, Lang: "ru",
	}
}

// seed gives the number a wallet whose PIN is canary, with so many som in it.
func (b *bench) seed(som int64) ledger.Wallet {
	b.t.Helper()
	b.ok(b.Seed(b.ctx(), application(), secret(canary)))
	if som > 0 {
		b.ok(b.Fund(b.ctx(), "seed", number, money.Som(som)))
	}
	return b.wallet()
}

func (b *bench) wallet() ledger.Wallet {
	b.t.Helper()
	w, err := b.Wallet(b.ctx(), number)
	b.ok(err)
	return w
}

func quote(amount string) wallet.Quote {
	a, err := money.Parse(amount)
	if err != nil {
		panic(err)
	}
	return wallet.Quote{
		Number: number, Provider: "dostek", Account: dostek, Amount: a, Lang: "ru",
		Revision: "r1",
	}
}

func (b *bench) offer(amount string) ledger.Offer {
	b.t.Helper()
	o, err := b.Offer(b.ctx(), quote(amount))
	b.ok(err)
	return o
}

func (b *bench) pay(id, digits, attempt string) (ledger.Receipt, error) {
	r, err := b.Pay(b.ctx(), number, id, secret(digits), attempt)
	b.see(err)
	return r, err
}

// sent is a message as a Sender got it, with its secret in the clear.
type sent struct {
	ledger.Message
	secret string
}

// An inbox is a Sender that keeps what it is given.
type inbox struct {
	mu  sync.Mutex
	got []sent
}

func (i *inbox) Send(_ context.Context, m ledger.Message, s pin.Secret) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, sent{m, string(s.Reveal())})
	return nil
}

func (i *inbox) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.got)
}

// messages sends what is due and returns it, oldest first. Their PINs join the audit; the digits
// of a one-time code are too few for it.
func (b *bench) messages() []sent {
	b.t.Helper()
	box := &inbox{}
	relay := wallet.NewRelay(b.store, b.keys, box, b.clock.Now, b.log)
	_, err := relay.Once(b.ctx())
	b.ok(err)
	slices.SortFunc(box.got, func(x, y sent) int { return int(x.ID - y.ID) })
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range box.got {
		if len(m.secret) >= len(canary) {
			b.pins[m.secret] = true
		}
	}
	return box.got
}

// message wants one message of a kind.
func (b *bench) message(kind string) sent {
	b.t.Helper()
	all := b.messages()
	if len(all) != 1 || all[0].Kind != kind || all[0].To != number {
		b.t.Fatalf("messages = %+v, want one of kind %s", all, kind)
	}
	return all[0]
}

func (b *bench) silent() {
	b.t.Helper()
	if all := b.messages(); len(all) != 0 {
		b.t.Fatalf("messages = %+v, want none", all)
	}
}

func wantFields(t *testing.T, m sent, want map[string]string) {
	t.Helper()
	if !maps.Equal(m.Fields, want) {
		t.Errorf("fields = %v, want %v", m.Fields, want)
	}
}

// constant is a source that is not random.
type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

var _ io.Reader = constant(0)
