package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/litestore"
)

// step is one command line and what has to come of it: the output, or the error, matches want.
type step struct {
	args []string
	code int
	want string
}

// clerk runs commands on one ledger.
type clerk struct {
	*testing.T
	store ledger.Store
	flag  []string
}

// devClerk works on the ledger of a folder of dev.
func devClerk(t *testing.T) *clerk {
	t.Helper()
	data := t.TempDir()
	store, err := litestore.Open(filepath.Join(data, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return &clerk{t, store, []string{"--data", data}}
}

// serveClerk works on the PostgreSQL of a configuration.
func serveClerk(t *testing.T) *clerk {
	t.Helper()
	config := postgresConfig(t, "", "")
	if out, err := command(t.Context(), "db", "migrate", "--config", config); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cfg, _ := loadConfig(config, filesElsewhere)
	store, err := openLedger(t.Context(), cfg.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return &clerk{t, store, []string{"--config", config}}
}

// run runs one command and returns what it printed.
func (c *clerk) run(s step) string {
	c.Helper()
	out, err := command(c.Context(), append(s.args, c.flag...)...)
	text, code := out, exitOK
	if err != nil {
		text, code = out+err.Error(), exitCode(io.Discard, err)
	}
	if code != s.code || !regexp.MustCompile(s.want).MatchString(text) {
		c.Errorf("%q: exit code %d\n%s\nwant %d, %s", s.args, code, text, s.code, s.want)
	}
	return text
}

func (c *clerk) all(steps []step) {
	c.Helper()
	for _, s := range steps {
		c.run(s)
	}
}

// line splits a command line at its blanks.
func line(format string, args ...any) []string {
	return strings.Fields(fmt.Sprintf(format, args...))
}

// both runs a test on both stores.
func both(t *testing.T, test func(*clerk)) {
	t.Run("dev", func(t *testing.T) { test(devClerk(t)) })
	t.Run("postgres", func(t *testing.T) { test(serveClerk(t)) })
}

func TestLedgerCommands(t *testing.T) {
	both(t, func(c *clerk) {
		paid := ledgertest.Paid(c.T, c.store)
		w, err := c.store.WalletByID(c.Context(), paid.Offer.Wallet)
		if err != nil {
			c.Fatal(err)
		}
		const from = "--from 2026-11-01 --to 2026-11-30"
		c.all([]step{
			{line("ledger verify"), 0, `(?s)^transfer_sum +ok\n.*\n\d+ rules, \d+ entries, \d+ ms\n$`},
			{line("ledger balances"), 0, `(?s)wallet +1 accounts +89\.00.*trust +1 accounts +-100\.00.*` +
				`sum +0\.00 *\nwallets hold 89\.00 som, .* hold 100\.00\nlast closed day: none\n$`},
			{line("ledger balances --json"), 0, `"balanced": true`},
			{
				line("ledger statement %s %s", w.Number.Digits(), from), 0,
				`(?s)^wallet 99655\*\*\*\d{4}, 2026-11-01 to 2026-11-30\nopening +0\.00\n` +
					`2026-11-21 12:00:00 +fund +100\.00 +100\.00 .*\n2026-11-21 12:00:00 +payment +-11\.00 ` +
					`+89\.00 +dostek \*{10}0123 +1234567890 .*\nclosing +89\.00\n` +
					`not closed yet: .* the beginning `,
			},
			{line("ledger statement provider:dostek %s --csv", from), 0, `(?s)^day,closed,at,kind,.*` +
				`,,,opening,,,0\.00,.*\n2026-11-21,,2026-11-21 12:00:00,payment,10\.00,0\.00,10\.00,.*` +
				`,,,closing,,,10\.00,`},
			{
				line("ledger statement trust --from 2026-12-01 --to 2026-12-01"), 0,
				`opening +-100\.00\nclosing`,
			},
			{
				line("ledger statement provider:dostec %s", from), 1,
				`nothing was ever posted on provider:dostec`,
			},
			{line("ledger statement dostek"), 2, `^"dostek" is no account: write the number`},
			{line("ledger statement 996555999999"), 1, `the number 99655\*\*\*9999 has no wallet`},
			{line("ledger statement trust --from 2026-12-02 --to 2026-12-01"), 2, `is after --to`},
			{line("ledger statement trust --from yesterday"), 2, `--from "yesterday" is no day such as 20`},
			{line("ledger statement trust --csv --json"), 2, `do not go together`},
			{line("ledger close --day 2020-02-01"), 2, `--reason`},
			{line("ledger close --day 2999-01-01 --reason test"), 1, `^2999-01-01 is not over in Bishkek$`},
			{line("ledger close --day 2020-02-02 --reason test --by aida"), 0, `^2020-02-02 is closed\n$`},
			{line("ledger close --day 2020-02-02 --reason test"), 0, `^2020-02-02 is closed already\n$`},
			{line("ledger close --day 2020-02-01 --reason test"), 1, `left out, and 2020-02-02 is closed`},
			{
				line("audit --subject day:2020-02-02"), 0,
				`^.* close_day +day:2020-02-02 +"aida \(as .*"test" *\n$`,
			},
		})
		var s statement
		text := c.run(step{line("ledger statement provider:dostek %s --json", from), 0, ""})
		if err := json.Unmarshal([]byte(text), &s); err != nil || len(s.Lines) != 1 ||
			s.Lines[0].Transfer != paid.TransferID || s.Closing != "10.00" {
			c.Errorf("%v, %+v", err, s)
		}
		var v verdict
		text = c.run(step{line("ledger verify --json"), 0, ""})
		if err := json.Unmarshal([]byte(text), &v); err != nil || !v.OK ||
			len(v.Checks) != len(ledger.Audits()) || v.Entries == 0 {
			c.Errorf("%v, %+v", err, v)
		}
	})
}

// A ledger that breaks a rule is told as such, to a person and to a script.
func TestLedgerVerifyFindsABreach(t *testing.T) {
	c := &clerk{T: t}
	d := office{Store: broken{}, cmd: ledgerVerifyCommand()}
	v, err := d.verify()
	if err != nil || v.OK || v.Checks[0].Breaches != 7 || len(v.Checks[0].Details) != maxDetails {
		c.Errorf("got %+v, %v", v, err)
	}
}

// TestPaymentStory settles a payment in suspense, takes it back in part, and reads its story.
func TestPaymentStory(t *testing.T) {
	both(t, func(c *clerk) {
		id := ledgertest.Suspended(c.T, c.store).ID
		c.all([]step{
			{line("payment show %s", id), 0, `(?s)^payment +` + id + `\nstate +held\ncode +1234567890\n` +
				`from +wallet 99655\*\*\*\d{4}\nto +dostek \*{10}0123\namount +10\.00 som, fee 1\.00\n.*` +
				`hold +suspense, asked 0 times as txn .*  2026-11-21 12:00:00 +held\n.*suspense +11\.00 som` +
				`.*  suspense +11\.00\n.*case 1 +suspense, open since`},
			{line("payment show 1234567890"), 0, "^payment"},
			{
				line("payment show nothing"), 1,
				`^no payment has the code, id or transaction number "nothing"`,
			},
			{line("payment retry %s --reason again", id), 1, `in suspense.*ussdgw payment settle`},
			{line("payment reverse %s --reason again", id), 1, `^nothing was paid: it is held`},
			{line("payment settle %s --reason told", id), 2, `--as "" is not known`},
			{line("payment settle %s --as posted", id), 2, `--reason`},
			{
				line("payment settle %s --as posted --provider-txn 2016 --reason told --by aida", id), 0,
				`^posted\n$`,
			},
			{line("payment settle %s --as posted --reason again", id), 0, `^posted\n$`},
			{line("payment settle %s --as refunded --reason again", id), 1, `has got it already.*reverse`},
			{
				line("payment reverse %s --amount 4 --reason told", id), 0,
				`^taken back: 4\.00 som and 0\.00 som`,
			},
			{
				line("payment reverse %s --amount 4 --reason told", id), 0,
				`^taken back: 4\.00 som and 0\.00 som`,
			},
			{line("payment reverse %s --amount 7 --reason told", id), 1, `less to take back: 7\.00 som`},
			{line("payment reverse %s --amount x --reason told", id), 2, `--amount "x" is no amount`},
			{line("payment reverse %s --amount 0 --reason told", id), 2, `are both 0`},
			{
				line("payment reverse %s --reason rest", id), 0,
				`6\.00 som and 1\.00 som of the fee; .* 100\.00`,
			},
			{
				line("payment reverse %s --reason rest", id), 0,
				`6\.00 som and 1\.00 som of the fee; .* 100\.00`,
			},
			{line("payment reverse %s --reason more", id), 1, `less to take back: 0\.00 som`},
			{line("payment show %s", id), 0, `(?s)state +done\n.*provider's +2016\n.*reversal +4\.00 som.*` +
				`reversal +6\.00 som.*SMS paid +queued .*SMS refunded +queued .*not sent, 0 attempts.*` +
				`case 1 +suspense, closed .*"told".*reverse by .*` +
				`settle_posted by "aida \(as .*"told", was suspense`},
			{line("case list"), 0, `^none\n$`},
			{line("ledger verify"), 0, ` rules, `},
		})
	})
}

// TestPaymentRetry makes a held payment due, and settles one in doubt for the subscriber.
func TestPaymentRetry(t *testing.T) {
	c := devClerk(t)
	o := ledgertest.Held(t, c.store)
	ctx := t.Context()
	c.all([]step{
		{line("payment retry %s --reason back --by bek", o.ID), 0, `^due now`},
		{line("payment settle txn --as refunded --reason told"), 1, "no payment has"},
		{line("payment settle %s --as refunded --reason told", o.ID), 1, "the provider is being asked"},
		{line("audit --subject payment:%s", o.ID), 0, `retry +payment:.*"bek \(as .*"back"`},
	})
	h, err := c.store.SendHold(ctx, o.ID, o.HeldAt)
	if err != nil {
		t.Fatal(err)
	}
	said := ledger.Answer{Code: "90", Detail: "pending"}
	err = c.store.DoubtHold(ctx, o.ID, said, h.SentAt, h.Deadline)
	if err != nil {
		t.Fatal(err)
	}
	c.all([]step{
		{line("payment show %s", o.ID), 0, `hold +in_doubt, asked 1 times(.|\n)*code "90", pending`},
		{line("payment settle %s --as refunded --reason told", o.ID), 0, "^refunded\n$"},
		{line("payment settle %s --as posted --reason told", o.ID), 1, "has got it back already"},
		{line("payment retry %s --reason back", o.ID), 1, "has got it back already"},
		{line("payment show %s", o.ID), 0, `state +refused: refused(.|\n)*SMS returned `},
	})
	paid := ledgertest.Paid(t, c.store).Offer.ID
	c.all([]step{
		{line("payment retry %s --reason back", paid), 1, "it was never held"},
		{line("payment show 1234567890"), 1, `^\d payments go by "1234567890": give the id of one\n  `},
	})
}

func TestCaseAndOutboxCommands(t *testing.T) {
	both(t, func(c *clerk) {
		c.all([]step{
			{line("case list"), 0, `^none\n$`},
			{line("audit"), 0, `^none\n$`},
			{line("outbox status"), 0, `^waiting: 0, of these due 0 .*for 0s\ngiven up: 0\nof the newest 0`},
		})
		o := ledgertest.Suspended(c.T, c.store)
		w := ledgertest.Paid(c.T, c.store)
		all, err := c.store.ClaimMessages(c.Context(), o.HeldAt, 1, 10)
		if err != nil || len(all) == 0 {
			c.Fatal(all, err)
		}
		if err := c.store.GiveUpMessage(c.Context(), all[0].ID, o.HeldAt, "no such number"); err != nil {
			c.Fatal(err)
		}
		c.all([]step{
			{
				line("case list"), 0,
				`^1 +open +2026-11-21 12:00:00 +suspense +dostek +11\.00 +payment:` + o.ID,
			},
			{line("case show 1"), 0, `^case 1, suspense: open since .*\nprovider: dostek\nabout: payment:`},
			{line("case show 2"), 1, `there is no case 2`},
			{line("case show one"), 2, `"one" is no number of a case`},
			{line("case close 1"), 2, `--reason`},
			{line("case close 1 --reason paid --by aida"), 0, `^case 1 is closed\n$`},
			{line("case close 1 --reason paid"), 1, `case 1 is closed already`},
			{line("case list"), 0, `^none\n$`},
			{line("case list --all"), 0, `^1 +closed`},
			{line("audit --subject case:1"), 0, `close +case:1 +"aida \(as .*"paid"`},
			{line("audit --limit 1"), 0, `^[^\n]*case:1[^\n]*\n$`},
			{line("audit --limit 0"), 2, `--limit has to be 1 to`},
			{line("audit --subject case"), 2, `is neither a number nor`},
			{line("audit --subject wallet:%s", w.Offer.Wallet), 0, `^none\n$`},
			{
				line("outbox status"), 0,
				`given up: 1\n.*\n\d+ +2026.*99655\*\*\*0001 +given up +1 attempts +no such`,
			},
			{line("outbox status --json"), 0, `"to": "99655\*\*\*0001"`},
		})
	})
}

func TestReconcile(t *testing.T) {
	both(t, func(c *clerk) {
		paid := ledgertest.Paid(c.T, c.store)
		doubt := ledgertest.Suspended(c.T, c.store)
		dir := c.TempDir()
		path := filepath.Join(dir, "dostek.csv")
		ours := fmt.Sprintf("%s;;2026-11-21 12:00:00;01234567890123;10.00;0.00\n", paid.TransferID)
		const head = "txn_id;prv_txn;txn_date;account;sum;fee\n"
		write := func(text string) {
			c.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				c.Fatal(err)
			}
		}
		const at = "--provider dostek --day 2026-11-21"
		c.all([]step{
			{line("registry export %s", at), 0, `^` + head + regexp.QuoteMeta(ours) + `#1;10\.00\n$`},
			{line("registry export %s -o %s", at, path), 0, `dostek.csv: 1 rows of 2026-11-21\n$`},
			{
				line("reconcile %s %s", path, at), 0,
				`^dostek on 2026-11-21: 1 payments here, 1 there, 1 matched\n$`,
			},
			{line("registry export --provider dostek --day 2026-11-20"), 0, `^` + head + `#0;0\.00\n$`},
			{line("registry export --provider nobody --day 2026-11-20"), 0, `is the name right\?\n` + head},
			{line("registry export --agent nobody --day 2026-11-20"), 0, `is the name right\?\n` + head},
			{line("registry export"), 2, `--provider ID or --agent ID`},
			{line("registry export --provider dostek --cash-out"), 2, `goes with --agent`},
			{line("reconcile %s", path), 2, `give --provider ID`},
			{line("reconcile %s %s --by aida", path, at), 2, `go with --open`},
			{line("reconcile %s %s --open", path, at), 2, `--reason`},
			{line("reconcile %s.none %s", path, at), 2, `no such file`},
		})
		row := func(txn, sum string) string {
			return txn + ";1;2026-11-21 12:00:00;01234567890123;" + sum + ";0.00\n"
		}
		write(head + row("77", "5.00") + "#2;5.00\n")
		c.run(step{line("reconcile %s %s", path, at), 2, `dostek\.csv: registry: line 3`})
		write(head + row(paid.TransferID, "12.00") + row("77", "5.00") + row("77", "5.00") +
			row(doubt.ID, "10.00") + "#4;32.00\n")
		want := `(?s): 1 payments here, 4 there, 0 matched, 2 theirs only, 1 differs, ` +
			`1 duplicate theirs\n`
		text := c.run(step{line("reconcile %s %s", path, at), 1, want + `$`})
		for _, detail := range []string{
			"has 77 of 5.00, and we never told it of such a payment",
			"has 77 once more, of 5.00",
			doubt.ID + " of 10.00, and it is in doubt here. Then: ussdgw payment settle " + doubt.ID,
			paid.TransferID + ": 10.00 here, 12.00 there: it has credited more than it gets",
		} {
			if !strings.Contains(text, detail) {
				c.Errorf("no %q in:\n%s", detail, text)
			}
		}
		c.all([]step{
			{line("case list"), 0, `^1 .*\n$`}, // that of the suspense
			{
				line("reconcile %s %s --open --reason daily --by aida", path, at), 1,
				want + `4 cases opened, 0 were there before\n$`,
			},
			{line("reconcile %s %s --open --reason daily", path, at), 1, `0 cases opened, 4 were there`},
			{line("audit --subject provider:dostek"), 0, `^[^\n]*reconcile[^\n]*0 matched, 4 differ\n$`},
		})
		write(head + "#0;0.00\n")
		c.run(step{
			line("reconcile %s %s", path, at), 1,
			`ours_only +10\.00 +.*payment reverse ` + paid.TransferID,
		})
	})
}

// TestRegistryProfile writes and reads a registry of another form.
func TestRegistryProfile(t *testing.T) {
	c := devClerk(t)
	paid := ledgertest.Paid(t, c.store)
	dir := t.TempDir()
	profile, out := filepath.Join(dir, "profile.yaml"), filepath.Join(dir, "out.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`
delimiter: "|"
decimal: ","
charset: "windows-1251"
columns: ["txn_date", "txn_id", "-", "sum"]
titles: ["Дата", "Номер", "", "Сумма"]
no_trailer: true
time_layout: "02.01.2006 15:04"
`)
	at := "--provider dostek --day 2026-11-21 --profile " + profile
	c.all([]step{
		{line("registry export %s -o %s", at, out), 0, "1 rows"},
		{line("reconcile %s %s", out, at), 0, "1 matched"},
	})
	text, err := os.ReadFile(out)
	want := "\xc4\xe0\xf2\xe0|\xcd\xee\xec\xe5\xf0||\xd1\xf3\xec\xec\xe0\n21.11.2026 12:00|" +
		paid.TransferID + "||10,00\n"
	if err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	for faulty, want := range map[string]string{
		"delimeter: ';'":      `delimeter`,
		"delimiter: ';;'":     `more than one sign`,
		"delimiter: 'x'":      `the delimiter 'x' is none of`,
		"columns: [txn_id]":   `the column "sum" is missing`,
		"columns: {a: txn}":   `profile.yaml`,
		"a: b: c":             `profile.yaml`,
		"charset: 'koi8-r'":   `the charset "koi8-r"`,
		"columns: [txn, sum]": `there is no column "txn"`,
	} {
		write(faulty)
		c.run(step{line("registry export %s", at), 1, want})
	}
}

// broken is a ledger that breaks its first rule.
type broken struct{ ledger.Store }

func (broken) Verify(context.Context) ([]ledger.Breach, error) {
	var all []ledger.Breach
	for range 7 {
		all = append(all, ledger.Breach{Check: ledger.Audits()[0].Name, Subject: "x", Detail: "y"})
	}
	return all, nil
}

func (broken) CountEntries(context.Context) (int64, error) { return 7, nil }
