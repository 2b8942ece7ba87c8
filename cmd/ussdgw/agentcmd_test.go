package main

import (
	"io"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/money"
)

func TestAgentInDev(t *testing.T) {
	data := t.TempDir()
	store, err := litestore.Open(filepath.Join(data, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	testAgent(t, store, "--data", data)
}

func TestAgentInPostgres(t *testing.T) {
	config := postgresConfig(t, "", "")
	if out, err := command(t.Context(), "db", "migrate", "--config", config); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cfg, _ := loadConfig(config, filesElsewhere)
	store, err := openLedger(t.Context(), cfg.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	testAgent(t, store, "--config", config)
}

// testAgent does what the issuer's people do to an agent, in the ledger that flag names.
func testAgent(t *testing.T, store ledger.Store, flag ...string) {
	t.Helper()
	why := []string{"--reason", "contract 17", "--by", "aida"}
	run := func(code int, want string, args ...string) {
		t.Helper()
		// Flags come first: what follows "--" is an amount.
		full := append([]string{"agent", args[0]}, append(flag[:len(flag):len(flag)], args[1:]...)...)
		text, err := command(t.Context(), full...)
		if err != nil {
			text = err.Error()
		}
		if got := exitCode(io.Discard, err); got != code ||
			!regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%q: exit code %d, %q, want %d, %s", args, got, text, code, want)
		}
	}
	with := func(args ...string) []string { return append(why[:len(why):len(why)], args...) }
	credit := func(code int, want string, args ...string) {
		t.Helper()
		run(code, want, append([]string{"credit"}, with(args...)...)...)
	}
	fund := func(code int, want, key string, args ...string) {
		t.Helper()
		run(code, want, append([]string{"fund", "--key", key}, with(args...)...)...)
	}
	run(0, `^ *float +credit line +left +agent\n$`, "list")
	fund(1, `^there is no agent "pay24"; open it: ussdgw agent credit pay24 0$`, "b1", "pay24", "5")
	credit(0, `\n *0\.00 +500\.00 +500\.00 +pay24\n$`, "pay24", "500")
	run(2, "--reason", "credit", "pay24", "600")
	credit(2, "no amount", "pay24", "much")
	credit(2, "small letters", "Pay:24", "5")
	fund(0, `\n *1000\.00 +500\.00 +1500\.00 +pay24\n$`, "b1", "pay24", "1000")
	fund(0, `\n *1000\.00 +500\.00 +1500\.00 +pay24\n$`, "b1", "pay24", "1000")
	fund(1, "this key was booked with another amount", "b1", "pay24", "1001")
	fund(2, "--key is missing", "", "pay24", "1000")
	fund(2, "no amount", "b2", "pay24", "0")
	fund(1, `^the float and the credit line leave 1500\.00$`, "b2", "--", "pay24", "-1500.01")
	fund(0, `\n *-400\.00 +500\.00 +100\.00 +pay24\n$`, "b2", "--", "pay24", "-1400")
	credit(1, "the credit line has to be at least 400.00", "pay24", "399.99")

	now := time.Now()
	w := ledgertest.Registered(t, store)
	for txn, amount := range map[string]money.Amount{"1": money.Som(40), "2": money.Som(900_000)} {
		_, err := store.CashIn(t.Context(), ledger.CashIn{
			Agent: "pay24", Txn: txn, Account: "0555000001", Wallet: w.ID, Amount: amount,
			Most: money.Som(1000), Day: "2026-11-21", Month: "2026-11", Now: now,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	run(0, `cash_in +1 +99655\*\*\*0001 +40\.00 +done\n(.*\n)*`+
		`done: cash_in 1, 40\.00; cash_out 0, 0\.00\n$`, "statement", "pay24", "--day", "2026-11-21")
	run(0, `limit_balance\n`, "statement", "pay24", "--day", "2026-11-21")
	run(0, `^done: cash_in 0, `, "statement", "pay24", "--day", "2026-11-20")
	run(2, "is no day", "statement", "pay24", "--day", "21.11")
	run(1, "there is no agent", "statement", "pay")
	acts, err := store.Records(t.Context(), ledger.AgentSubject("pay24"), 10)
	if err != nil || len(acts) != 3 || acts[0].Act != actAgentFund || acts[0].Reason != "contract 17" {
		t.Errorf("the audit has %+v, %v", acts, err)
	}
}
