package main

import (
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
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
		{[]string{"unlock", number, "--reason", "asked"}, 1, "^the wallet is blocked, .*unblock$"},
		{[]string{"unblock", number, "--reason", "found", "--by", "subscriber"}, 2, "not \"subscriber\""},
		{[]string{"unblock", number, "--reason", strings.Repeat("ж", 201)}, 2, "1 to 200 characters"},
		{[]string{"unblock", number, "--reason", "x", "--by", strings.Repeat("ж", 64)}, 2, "--by"},
		{[]string{"show", number}, 0, `(?s)^state +blocked\n.* block +"bek \(as .+\)" ` +
			`+"phone is lost" *\n.* unlock +"aida \(as .+\)" +"came with ID" *\n$`},
		{[]string{"unblock", number, "--reason", strings.Repeat("ж", 200)}, 0, "^open\n$"},
		{[]string{"show", "996555999999"}, 1, `^the number 99655\*\*\*9999 has no wallet$`},
		{[]string{"show", "call me"}, 2, `^"call me" is no number such as 996555123456`},
		{[]string{"show"}, 2, "accepts 1 arg"},
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
