package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// lockWallet spends the tries of a wallet with wrong PINs, for an hour.
func lockWallet(t *testing.T, s ledger.Store, w ledger.Wallet) {
	t.Helper()
	try := ledger.Try{Wallet: w.ID, Attempt: "1", Now: time.Now(), Max: 1}
	if _, err := s.CountTry(t.Context(), try); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.WrongTry(t.Context(), try, []time.Duration{time.Hour}); err != nil {
		t.Fatal(err)
	}
}

func TestSubscriberInDev(t *testing.T) {
	data := t.TempDir()
	store, err := litestore.Open(filepath.Join(data, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	testSubscriber(t, store, "--data", data)
}

func TestSubscriberInPostgres(t *testing.T) {
	config := postgresConfig(t, "", "")
	out, err := command(t.Context(), "subscriber", "show", "996555000001", "--config", config)
	if err == nil || !strings.Contains(err.Error(), "db migrate --config") {
		t.Errorf("before the migration: %v\n%s", err, out)
	}
	if out, err := command(t.Context(), "db", "migrate", "--config", config); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cfg, _ := loadConfig(config, filesElsewhere)
	store, err := openLedger(t.Context(), cfg.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	testSubscriber(t, store, "--config", config)
}

// testSubscriber does what support does to a wallet, in the ledger that flag names.
func testSubscriber(t *testing.T, store ledger.Store, flag ...string) {
	t.Helper()
	w := ledgertest.Registered(t, store)
	lockWallet(t, store, w)
	number := w.Number.Digits()
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"show", number}, 0, `^state +locked by wrong PINs until .* UTC\n`},
		{[]string{"unblock", number, "--reason", "asked"}, 1, "^the wallet is not blocked$"},
		{[]string{"unlock", number}, 2, "--reason"},
		{[]string{"unlock", number, "--reason", "came with ID", "--by", "aida"}, 0, "^open\n$"},
		{[]string{"unlock", number, "--reason", "again"}, 1, "^no lock of wrong PINs is in force$"},
		{[]string{"block", number, "--reason", "phone is lost", "--by", "bek"}, 0, "^blocked\n$"},
		{[]string{"unlock", number, "--reason", "asked"}, 1, "^the wallet is blocked: .*unblock$"},
		{[]string{"unblock", number, "--reason", "found", "--by", "subscriber"}, 2, "not \"subscriber\""},
		{[]string{"unblock", number, "--reason", strings.Repeat("ж", 201)}, 2, "1 to 200 characters"},
		{[]string{"unblock", number, "--reason", "x", "--by", strings.Repeat("ж", 64)}, 2, "--by"},
		{[]string{"show", number}, 0, `(?s)^state +blocked\n.* block +"bek \(as .+\)" ` +
			`+"phone is lost" *\n.* unlock +"aida \(as .+\)" +"came with ID" *\n$`},
		{[]string{"unblock", number, "--reason", strings.Repeat("ж", 200)}, 0, "^open\n$"},
		{[]string{"show", "996555999999"}, 1, `^the number 99655\*\*\*9999 has no wallet$`},
		{[]string{"show", "call me"}, 2, `^"call me" is no number such as 996555123456`},
		{[]string{"show"}, 2, `accepts 1 arg\(s\), received 0\nsee: ussdgw subscriber show --help$`},
	} {
		args := append(append([]string{"subscriber"}, step.args...), flag...)
		out, err := command(t.Context(), args...)
		text := out
		code := exitOK
		if err != nil {
			text, code = err.Error(), exitCode(io.Discard, err)
		}
		if code != step.code || !regexp.MustCompile(step.want).MatchString(text) {
			t.Errorf("%q: exit code %d, %q, want %d, %s", step.args, code, text, step.code, step.want)
		}
	}
	messages, err := store.ClaimMessages(t.Context(), time.Now(), time.Minute, 10)
	if err != nil || len(messages) != 3 {
		t.Errorf("%d messages, %v, want one for each act", len(messages), err)
	}
}

// The ledger has to be named, and to be there.
func TestSubscriberNeedsALedger(t *testing.T) {
	for want, args := range map[string][]string{
		"which ledger is meant": {"subscriber", "show", "996555123456"},
		"holds no ledger":       {"subscriber", "show", "996555123456", "--data", t.TempDir()},
	} {
		out, err := command(t.Context(), args...)
		if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%q: %v\n%s, want %s", args, err, out, want)
		}
	}
}

// A supportBench is a ledger of dev with one subscriber of known INN.
type supportBench struct {
	t      *testing.T
	data   string
	store  *litestore.Store
	issuer *wallet.Issuer
	number msisdn.Number
}

// What the subscriber of a supportBench has.
const (
	deskINN    = "21704198601234"
	deskNumber = "996555000001"
)

func newSupportBench(t *testing.T) *supportBench {
	t.Helper()
	b := &supportBench{t: t, data: t.TempDir(), number: msisdn.MustParse(deskNumber)}
	var err error
	if b.store, err = litestore.Open(filepath.Join(b.data, devLedgerFile)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.store.Close)
	keys, err := (&devData{dir: b.data}).keys()
	if err != nil {
		t.Fatal(err)
	}
	none := &catalogue.Catalogue{Limits: map[string]catalogue.LevelLimits{
		wallet.Level: {Balance: money.Som(1000)},
	}}
	b.issuer, err = wallet.NewIssuer(wallet.Config{}, b.store, nil, keys,
		func(msisdn.Number) *catalogue.Catalogue { return none }, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		b.issuer.Seed(t.Context(), wallet.Application{
			Number: b.number, Name: "Asanov Асан", INN: deskINN, Lang: "ru",
		}, pin.NewSecret([]byte("7305"))),
		b.issuer.Fund(t.Context(), "f", b.number, money.Som(100)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// run runs `subscriber`, and types inn.
func (b *supportBench) run(inn string, args ...string) (string, error) {
	b.t.Helper()
	var out lockedBuffer
	root := rootCommand()
	root.SetArgs(append(append([]string{"subscriber"}, args...), "--data", b.data))
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(inn))
	err := root.ExecuteContext(b.t.Context())
	return out.String(), err
}

// want wants a command's output, or its error, to match.
func (b *supportBench) want(match, inn string, args ...string) {
	b.t.Helper()
	text, err := b.run(inn, args...)
	if err != nil {
		text = err.Error()
	}
	if !regexp.MustCompile(match).MatchString(text) {
		b.t.Errorf("%q: %q, want %s", args, text, match)
	}
	if strings.Contains(text, deskINN) || strings.Contains(text, "10101199001234") {
		b.t.Errorf("%q: an INN is in %q", args, text)
	}
}

func TestSupportIdentifies(t *testing.T) {
	b := newSupportBench(t)
	why := []string{"--reason", "came with ID", "--by", "aida"}
	do := func(name string, more ...string) []string {
		return append(append([]string{name, deskNumber}, more...), why...)
	}
	b.want("^nobody suspects", "", do("confirm")...)
	b.want("^open; no money moves: the number has another owner\n$", "", do("recycled")...)
	b.want("another owner already: see ussdgw subscriber confirm$", "", do("recycled")...)
	b.want("another owner already", "", do("reset-pin")...)
	b.want("^that is not the INN of this subscriber: nothing was done$", "10101199001234\n",
		do("confirm", "--check-inn")...)
	b.want("^that is not the INN", "", do("confirm", "--check-inn")...)
	b.want("^open\n$", deskINN+"\n", do("confirm", "--check-inn")...)
	b.want("^open\n$", "", do("reset-pin")...)
	b.want(`limits of level "king"; they have: .*remote`, "", do("level", "king")...)
	b.want("^open\n$", "", do("level", catalogue.LevelInPerson)...)
	b.want("accepts 2 arg", "", do("level")...)
	b.want("say why", "", "recycled", deskNumber)
	b.want("not \"subscriber\" or \"network\"", "", "recycled", deskNumber, "--reason", "x", "--by",
		"network")

	messages, err := b.store.ClaimMessages(t.Context(), time.Now(), time.Minute, 10)
	if err != nil || len(messages) != 1 || messages[0].Kind != wallet.KindPINReset ||
		len(messages[0].Sealed) == 0 {
		t.Errorf("messages %+v, %v, want one with the new PIN sealed", messages, err)
	}
	b.want(`(?s)^state +open
number +99655\*\*\*0001
name +A\*\*\* А\*\*\*
language +ru
level +`+catalogue.LevelInPerson+`
registered +\S+ \S+ UTC
agreed to +SHA-256 [0-9a-f]{64}
INN +known
SIM +not known
PIN +reset, not used yet, key version 1
balance +100.00 KGS
to spend +100.00 KGS
left +once +today +this month
  payment +[0-9.]+ +[0-9.]+ +[0-9.]+
.*
movements +amount +kind +for +transfer
  \S+ \S+ +100.00 +fund .*
audit +act +by +reason +
  .* level +"aida \(as .+\)" +"came with ID" +remote -> `+catalogue.LevelInPerson+`
  .* reset_pin +"aida .*
  .* confirm +"aida .*" +INN checked
  .* suspect +"aida .*" +recycled
$`, "", "show", deskNumber)
}

func TestKeysStatus(t *testing.T) {
	b := newSupportBench(t)
	keys := func(args ...string) (string, error) {
		return command(t.Context(), append([]string{"keys"}, args...)...)
	}
	path := filepath.Join(b.data, devKeysFile)
	status := func(want string) {
		t.Helper()
		out, err := keys("status", "--data", b.data)
		if err != nil {
			out += err.Error()
		}
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("keys status: %q, want %s", out, want)
		}
	}
	status(`^version +PINs +INNs +messages +\n1 +1 +1 +0 +current\n$`)

	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line, err := keys("new", "--file", path)
	if err != nil || !regexp.MustCompile(`^2:[A-Za-z0-9+/]{43}=\n$`).MatchString(line) {
		t.Fatalf("keys new: %v", err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(old) + line)
	status(`(?s)\n1 +1 +1 +0 +in use\n2 +0 +0 +0 +current\n$`)
	if out, err := keys("reseal", "--data", b.data); err != nil || out != "1 INN sealed with key "+
		"version 2\n" {
		t.Errorf("keys reseal: %q, %v", out, err)
	}
	both, err := pin.LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := wallet.NewIssuer(wallet.Config{}, b.store, nil, both, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := issuer.CheckPIN(t.Context(), b.number, pin.NewSecret([]byte("7305")), "1"); err != nil {
		t.Fatal(err)
	}
	status(`(?s)\n1 +0 +0 +0 +fingerprints use it: copy it .*\n2 +1 +1 +0 +current\n$`)
	write(line)
	status("the fingerprint key is not the one of the books")
	_, secret, _ := strings.Cut(strings.TrimSpace(string(old)), ":")
	write("fingerprint:" + secret + "\n" + string(old) + line)
	status(`(?s)\n1 +0 +0 +0 +may be removed\n2 +1 +1 +0 +current\n$`)
	write("fingerprint:" + secret + "\n" + line)
	status(`^version.*\n2 +1 +1 +0 +current\n$`)
	third, err := keys("new", "--file", path)
	if err != nil {
		t.Fatal(err)
	}
	write("fingerprint:" + secret + "\n" + third)
	status(`(?s)\n3 +0 +0 +0 +current\nversion 2 is not in the key file, and 1 PINs, 1 INNs and 0 ` +
		`messages need it\nput the lines back`)

	first, err := keys("new")
	if err != nil || !regexp.MustCompile(`^fingerprint:\S{44}\n1:\S{44}\n$`).MatchString(first) {
		t.Errorf("keys new: %v", err)
	}
}
