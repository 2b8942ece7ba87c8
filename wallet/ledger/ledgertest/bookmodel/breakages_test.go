//go:build guards

package bookmodel_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A breakage is a small fault of a store that TestHistories has to see.
type breakage struct {
	name     string
	file     string // from wallet/ledger
	old, new string // old stands there exactly once
	store    string // whose histories see it
}

const (
	lite = "litestore"
	post = "pgstore"

	applyPayments = "pgstore/migrations/0006_issuer_moves.sql"
)

func breakages() []breakage {
	return []breakage{
		{
			"a void keeps the limits used", "sqlbooks/posting.go",
			"return balance, returnLimits(t, h, h.Offer.Amount)", "return balance, nil", lite,
		},
		{
			"a posting in part keeps the limits of the whole", "sqlbooks/posting.go",
			"return balance, returnLimits(t, h, o.Amount-p.Amount)", "return balance, nil", lite,
		},
		{
			"limits are given back twice", "sqlbooks/account.go",
			"SET used = used - $4,", "SET used = max(used - 2 * $4, 0),", lite,
		},
		{
			"limits of another day are given back", "sqlbooks/account.go",
			"CASE WHEN day = $5 THEN", "CASE WHEN day >= $5 THEN", lite,
		},
		{
			"the fee of a voided hold stays held", "sqlbooks/posting.go",
			"amount, held := money.Amount(0), -total(h)",
			"amount, held := money.Amount(0), -h.Offer.Amount", lite,
		},
		{
			"the rest of a hold that is posted in part stays held", "sqlbooks/posting.go",
			"-(p.Amount + p.Fee), -total(h)", "-(p.Amount + p.Fee), -(p.Amount + p.Fee)", lite,
		},
		{
			"the fee of a hold that is posted in part is charged whole", "sqlbooks/posting.go",
			"	if p.Amount == 0 {\n", "	if p.Fee = o.Fee; p.Amount == 0 {\n", lite,
		},
		{
			"more than the fee is posted", "sqlbooks/posting.go",
			"p.Amount > o.Amount || p.Fee > o.Fee", "p.Amount > o.Amount", lite,
		},
		{
			"a posting out of suspense is taken from the wallet once more", "sqlbooks/posting.go",
			"ledger.SuspenseAccount, rest, 0", "ledger.SuspenseAccount, amount, 0", lite,
		},
		{
			"money comes back from suspense the wrong way round", "sqlbooks/posting.go",
			"posting{ledger.SuspenseAccount, ledger.WalletAccount(h.Offer.Wallet), amount}",
			"posting{ledger.WalletAccount(h.Offer.Wallet), ledger.SuspenseAccount, amount}", lite,
		},
		{
			"a posting is of the day on which it is made", "sqlbooks/posting.go",
			"fingerprint: o.Fingerprint, balance: balance, at: ledger.Micros(p.Now), day: h.Day,",
			"fingerprint: o.Fingerprint, balance: balance, at: ledger.Micros(p.Now), " +
				"day: p.Now.Format(time.DateOnly),", lite,
		},
		{
			"a repeated posting is declined", "sqlbooks/posting.go",
			"	if h.State == ledger.HoldPosted {\n", "	if h.State == \"\" {\n", lite,
		},
		{
			"a late void ends what was sent again", "sqlbooks/posting.go",
			"v.Attempt != nil && h.Attempt > *v.Attempt", "v.Attempt != nil && *v.Attempt < 0", lite,
		},
		{
			"a person's void is not recorded", "sqlbooks/posting.go",
			"	if v.Record != nil {\n", "	if v.Record != nil && v.Attempt != nil {\n", lite,
		},
		{
			"a hold that somebody looks at is handed out again", "sqlbooks/hold.go",
			"state <> 'suspense' AND leased_until <= $1\n", "state <> 'suspense'\n", lite,
		},
		{
			"a doubt keeps the lease", "sqlbooks/hold.go",
			"return move(t, step{from: from, to: h, answer: a, free: true, at: now})",
			"return move(t, step{from: from, to: h, answer: a, at: now})", lite,
		},
		{
			"each reversal alone is at most the transfer", "sqlbooks/reversal.go",
			"r.Amount > left || r.Fee > leftFee", "r.Amount > of.amount || r.Fee > of.fee", lite,
		},
		{
			"a reversal takes what is held", "sqlbooks/reversal.go",
			"s.available() < r.Amount", "s.balance < r.Amount", lite,
		},
		{
			"each reversal rounds the provider's fee for itself", "sqlbooks/reversal.go",
			"ledger.Share(whole, of.reversed+r.Amount, of.amount) -\n" +
				"		ledger.Share(whole, of.reversed, of.amount)",
			"ledger.Share(whole, r.Amount, of.amount)", lite,
		},
		{
			"a refused cash-in is asked for anew", "sqlbooks/agent.go",
			"a.Verdict, a.Limit = string(d.Reason), d.Limit\n		return answer(t, a)",
			"a.Verdict, a.Limit = string(d.Reason), d.Limit\n		return a, nil", lite,
		},
		{
			"a cash-in forgets what was counted", "sqlbooks/agent.go",
			"SET\n    used = limit_used.used + excluded.used, day = excluded.day,",
			"SET\n    used = excluded.used, day = excluded.day,", lite,
		},
		{
			"a credit line counts twice", "sqlbooks/agent.go",
			"left := agent.balance + agent.credit;", "left := agent.balance + 2*agent.credit;", lite,
		},
		{
			"a code may be wrong once more", "sqlbooks/agent.go",
			"h.tries+1 < p.Tries", "h.tries < p.Tries", lite,
		},
		{
			"a cash-out is paid out after its time", "sqlbooks/agent.go",
			"!p.Now.Before(h.Deadline)", "p.Now.Year() < 0", lite,
		},
		{
			"an agent gets the fee of a cash-out too", "sqlbooks/posting.go",
			"moveAccount(t, creditor, p.Amount, 0)", "moveAccount(t, creditor, p.Amount+p.Fee, 0)", lite,
		},
		{
			"limits of all that leaves the wallet are not looked at", "judge.go",
			"left := min(r.own, r.all);", "left := r.own;", lite,
		},
		{
			"a payee may hold more than it may", "judge.go",
			"o.Amount > p.PayeeMost-s.PayeeBalance", "o.Amount > p.PayeeMost", lite,
		},
		{
			"what is held can be spent", "litestore/payment.go",
			"    a.balance - a.held, coalesce(b.balance, -1),",
			"    a.balance, coalesce(b.balance, -1),", lite,
		},
		{
			"a clock that goes back begins a new day", "litestore/payment.go",
			"p.Day = max(p.Day, outDay)", "_ = max(p.Day, outDay)", lite,
		},
		{
			"a payee is told the payer's balance", "litestore/payment.go",
			"t.tell(p.PayeeMessage, payees, now, o.ID)", "t.tell(p.PayeeMessage, after, now, o.ID)", lite,
		},
		{
			"a roll-up forgets the one before", "sqlbooks/rollup.go",
			"balance = rollup.balance + excluded.balance", "balance = excluded.balance", lite,
		},
		{
			"a closed day leaves its own entries out", "sqlbooks/rollup.go",
			"AND t.day <= $1 AND (e.seq > $4", "AND t.day < $1 AND (e.seq > $4", lite,
		},
		{
			"a clock that goes back begins a new day", applyPayments,
			"greatest(i.day, t.day) AS day", "i.day AS day", post,
		},
		{
			"a transfer loses what the payee gets", applyPayments,
			"SET balance = a.balance + i.amount", "SET balance = a.balance + i.amount - 1", post,
		},
		{
			"a payee may not get what it holds already", applyPayments,
			"i.amount, i.fee, a.balance - a.held AS available",
			"i.amount, i.fee, a.balance AS available", post,
		},
	}
}

// TestBreakages builds each fault into the store and sees its histories fail.
func TestBreakages(t *testing.T) {
	for _, b := range breakages() {
		t.Run(strings.ReplaceAll(b.store+" "+b.name, " ", "_"), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-overlay", b.overlay(t),
				"-run", "^TestHistories$", "./"+b.store, "-rapid.shrinktime=1s")
			cmd.Dir = ledger(t)
			cmd.Env = append(os.Environ(), "HISTORIES=30000")
			out, err := cmd.CombinedOutput()
			switch text := string(out); {
			case err == nil:
				t.Errorf("the histories pass")
			case !strings.Contains(text, "[rapid] failed"):
				t.Errorf("the histories did not run:\n%s", text)
			default:
				lines := strings.Split(text, "\n")
				for i, line := range lines {
					if strings.Contains(line, "[rapid] failed") {
						t.Log(strings.Join(lines[i:min(i+3, len(lines))], "\n"))
					}
				}
			}
		})
	}
}

// ledger is the folder of the stores.
func ledger(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// overlay writes the file with the fault, and what tells the compiler to take it.
func (b breakage) overlay(t *testing.T) string {
	t.Helper()
	name := filepath.Join(ledger(t), filepath.FromSlash(b.file))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), b.old); n != 1 {
		t.Fatalf("%q is %d times in %s, so it has moved", b.old, n, b.file)
	}
	dir := t.TempDir()
	broken, overlay := filepath.Join(dir, filepath.Base(name)), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {name: broken}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{
		broken: []byte(strings.Replace(string(text), b.old, b.new, 1)), overlay: replace,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}
