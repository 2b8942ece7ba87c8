//go:build guards

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A guard is one thing that keeps a payment from happening twice, or a PIN from being seen, and
// the test that must fail without it.
type guard struct {
	name     string
	file     string // from the root of the module
	old, new string // old stands there exactly once
	test     string
	pkg      string
}

func guards() []guard {
	const here = "./cmd/ussdgw"
	return []guard{
		{
			"a redelivered input is recognised", "ussd/step.go",
			"return last, !last && slices.Contains(base.Seen, id)", "return false, false",
			"TestPaymentDeliveredTwiceOverSMPP", here,
		},
		{
			"a late copy is no answer to a later screen", "ussd/step.go",
			"return last, !last && slices.Contains(base.Seen, id)", "return last, false",
			"TestLateCopyIsNoAnswer", "./ussd",
		},
		{
			"a redelivered input drives an unfinished payment on", "ussd/step.go",
			"	case last && base.Executing.IsZero():\n", "	case last:\n",
			"TestKilledBetweenCommitAndAnswer", here,
		},
		{
			"an offer is paid once", "wallet/ledger/pgstore/migrations/0002_moves.sql",
			"WHEN o.state <> 'pressed' THEN o.state", "WHEN o.state = 'void' THEN o.state",
			"TestKilledBetweenCommitAndAnswer", here,
		},
		{
			"a payment is marked before it is made", "ussd/step.go",
			`	mark.Untold = a.Args["offer"]` + "\n", "	mark.Untold = \"\"\n",
			"TestRedialAfterKillTellsThePayment", here,
		},
		{
			"what was told as not taken cannot be taken", "wallet/ledger/pgstore/offer.go",
			"WHERE id = $1 AND state IN ('open', 'pressed')`",
			"WHERE id = $1 AND state IN ('open', 'none')`",
			"TestDelayedCommitIsNotTaken", here,
		},
		{
			"a PIN pays the offer that is open and no older one",
			"wallet/ledger/pgstore/offer.go",
			"WHERE id = $1 AND pressed_at = 0 AND ended_at = 0",
			"WHERE id = $1 AND pressed_at = 0",
			"TestSessionRolledBackAfterASecondConfirm", here,
		},
		{
			"what is typed is in no log", "ussd/exchange.go",
			"	reply := x.gateway.Step(ctx, req)\n",
			"	x.log.Info(\"in\", zap.ByteString(\"typed\", req.Text.Reveal()))\n" +
				"	reply := x.gateway.Step(ctx, req)\n",
			"TestPINsLeaveNoTrace", here,
		},
		{
			"smsc knows no money", "smsc/smsc.go",
			`	"ussdgw/smsc/pdu"` + "\n",
			`	"ussdgw/smsc/pdu"` + "\n	_ \"ussdgw/wallet/money\"\n",
			"TestImportsFollowTheArrows", here,
		},
	}
}

// billerGuards are those of payments that a provider answers.
func billerGuards() []guard {
	const here = "./cmd/ussdgw"
	return []guard{
		{
			"a payment is on record as sent before its provider is told", "wallet/deliver.go",
			"	h, err := i.sending(hold)\n",
			"	h, err := i.store.Hold(context.Background(), hold)\n",
			"TestEveryFaultAtEveryBoundary", here,
		},
		{
			"a time-out gives no money back", "wallet/deliver.go",
			"h.Attempt == 1 && a.Reason != biller.ReasonBusy && errors.Is(failure, biller.ErrNotSent)",
			"h.Attempt == 1 && failure != nil && !errors.Is(failure, biller.ErrRequest)",
			"TestEveryFaultAtEveryBoundary", here,
		},
		{
			"what may have been sent is not given back because a repeat was not", "wallet/deliver.go",
			"case h.Attempt == 1 && a.Reason", "case h.Attempt >= 1 && a.Reason",
			"TestPayHeld", "./wallet",
		},
		{
			"a repeat has the number of the first try", "wallet/deliver.go",
			"Txn: h.Txn, Provider:", "Txn: txnOf(h.ID + strconv.Itoa(h.Attempt)), Provider:",
			"TestEveryFaultAtEveryBoundary", here,
		},
		{
			"a refusal of one try voids no other", "wallet/ledger/sqlbooks/posting.go",
			"if v.Attempt != nil && h.Attempt > *v.Attempt {",
			"if v.Attempt != nil && h.Attempt < 0 {",
			"TestLateAnswers", here,
		},
		{
			"an answer against the end is a case", "wallet/deliver.go",
			`if reason != "" && reason == against {`, `if reason == "nothing" {`,
			"TestLateAnswers", here,
		},
		{
			"one process works on a hold", "wallet/ledger/sqlbooks/hold.go",
			"leased, err := t.Exec(leaseHold, id, at, ledger.Micros(now.Add(lease)))",
			"leased, err := t.Exec(leaseHold, id, at, at)",
			"TestDispatchersShareTheWork", "./wallet",
		},
		{
			"no money is held for a provider that cannot be told", "wallet/pay.go",
			"!ok || i.stopped(p)", "!ok || p.Stopped",
			"TestStoppedWithoutItsBiller", "./wallet",
		},
	}
}

// menuGuards are those of what a screen may ask and a menu may do.
func menuGuards() []guard {
	return []guard{
		{
			"a PIN executes what its screen has shown", "ussd/menu/check_money.go",
			"offered.Operation != operation &&", "offered.Operation != operation && c == nil &&",
			"TestBadMenus", "./ussd/menu",
		},
		{
			"an INN that proves somebody is kept nowhere", "ussd/menu/slot.go",
			"return s.pin() || (s != nil && s.kind == typeOwnINN)", "return s.pin()",
			"TestSecretINN", "./ussd/menu",
		},
		{
			"no refusal tells a balance that asks the PIN", "ussd/teller/payment.go",
			"== ledger.ReasonLowBalance && t.issuer.BalanceNeedsPIN()",
			"== ledger.ReasonLowBalance && t.issuer == nil",
			"TestOutcomes", "./ussd/teller",
		},
		{
			"a line of a history stays what it was", "ussd/teller/history.go",
			"c.Number, top, n+1)", "c.Number, max(top, 1<<60), n+1)",
			"TestOutcomes", "./ussd/teller",
		},
	}
}

// TestGuards takes each guard out of a copy of the module and runs its test there.
func TestGuards(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range slices.Concat(guards(), billerGuards(), menuGuards()) {
		t.Run(strings.ReplaceAll(g.name, " ", "_"), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(root)); err != nil {
				t.Fatal(err)
			}
			g.takeOut(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-trimpath",
				"-run", "^"+g.test+"$", g.pkg)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			switch text := string(out); {
			case err == nil:
				t.Errorf("%s passes although the guard is out", g.test)
			case !failsIn(text, g.test):
				t.Errorf("%s did not run:\n%s", g.test, text)
			default:
				t.Logf("%s fails, as it must:\n%s", g.test, text)
			}
		})
	}
}

// failsIn reports whether a test has failed, or panicked, as it may where a guard has a second one.
func failsIn(output, test string) bool {
	if strings.Contains(output, "[build failed]") {
		return false
	}
	return strings.Contains(output, "--- FAIL: "+test) ||
		strings.Contains(output, "panic: ") && !strings.Contains(output, "panic: test timed out")
}

func (g guard) takeOut(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(g.file))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), g.old); n != 1 {
		t.Fatalf("%q is %d times in %s, so the guard has moved", g.old, n, g.file)
	}
	text = []byte(strings.Replace(string(text), g.old, g.new, 1))
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
