package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func TestReasonOf(t *testing.T) {
	decline := &ledger.Decline{Reason: ledger.ReasonLocked, Key: "k"}
	tests := []struct {
		err  error
		want ledger.Reason
	}{
		{nil, ""},
		{errors.New("other"), ""},
		{decline, ledger.ReasonLocked},
		{fmt.Errorf("wrapped: %w", decline), ledger.ReasonLocked},
	}
	for _, test := range tests {
		if got := ledger.ReasonOf(test.err); got != test.want {
			t.Errorf("%v: got %q, want %q", test.err, got, test.want)
		}
	}
	if got, want := decline.Error(), "ledger: declined: locked: k"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSum(t *testing.T) {
	o := ledger.Offer{
		ID: "id", Wallet: "w", Operation: ledger.OpPayment, Provider: "p", Account: "a", Amount: 1,
		Fee: 2, Code: "c",
	}
	same := o
	same.State, same.Lang, same.PressedAt = ledger.OfferDone, "ky", time.Unix(1, 0)
	if !bytes.Equal(o.Sum(), same.Sum()) {
		t.Error("the sum depends on what an offer does not bind")
	}
	// Moving a letter from one field to the next is another offer.
	other := o
	other.Wallet, other.Provider = "wp", ""
	if bytes.Equal(o.Sum(), other.Sum()) {
		t.Error("two offers have one sum")
	}
}

func TestJudge(t *testing.T) {
	limits := ledger.Limits{PerPayment: 100, PerDay: 150, PerMonth: 170}
	tests := []struct {
		name                string
		amount, fee         money.Amount
		balance, day, month money.Amount
		want                ledger.Reason
		left                money.Amount
	}{
		{"all of it", 90, 10, 100, 0, 0, "", 0},
		{"one short", 90, 11, 100, 0, 0, ledger.ReasonLowBalance, 100},
		{"at the limit", 100, 0, 100, 50, 70, "", 0},
		{"above it", 101, 0, 1000, 0, 0, ledger.ReasonLimitPayment, 100},
		{"above the day", 100, 0, 1000, 51, 0, ledger.ReasonLimitDay, 99},
		{"above the month", 100, 0, 1000, 0, 71, ledger.ReasonLimitMonth, 99},
		{"limit was lowered", 1, 0, 1000, 200, 0, ledger.ReasonLimitDay, 0},
		{"limit before balance", 100, 0, 0, 60, 0, ledger.ReasonLimitDay, 90},
	}
	for _, test := range tests {
		o := ledger.Offer{ID: "id", Amount: test.amount, Fee: test.fee}
		used := ledger.Used{Day: test.day, Month: test.month}
		got := ledger.Judge(ledger.Payment{Limits: limits}, o,
			ledger.Standing{Available: test.balance, Used: used})
		switch {
		case got == nil && test.want == "":
		case got == nil || got.Reason != test.want || got.Limit != test.left || got.Key != "id":
			t.Errorf("%s: got %+v, want %s with %s left", test.name, got, test.want, test.left)
		}
	}
	large := ledger.Offer{Amount: 1 << 40}
	if d := ledger.Judge(ledger.Payment{}, large, ledger.Standing{
		Available: 1 << 41, Used: ledger.Used{Day: 1 << 42, Month: 1 << 42},
	}); d != nil {
		t.Errorf("no limits: got %+v", d)
	}
}

func TestScripts(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("SELECT 1")}
	tests := []struct {
		name  string
		files fstest.MapFS
		want  string // in the error
	}{
		{"two", fstest.MapFS{"m/0001_one.sql": file, "m/0002_two.sql": file}, ""},
		{"gap", fstest.MapFS{"m/0001_one.sql": file, "m/0003_three.sql": file}, "0002"},
		{"no name", fstest.MapFS{"m/0001.sql": file}, "0001"},
		{"no number", fstest.MapFS{"m/one.sql": file}, "0001"},
		{"from zero", fstest.MapFS{"m/0000_zero.sql": file}, "0001"},
	}
	for _, test := range tests {
		scripts, err := ledger.Scripts(test.files, "m")
		switch {
		case test.want == "" && (err != nil || len(scripts) != 2 || scripts[1].Name != "two"):
			t.Errorf("%s: got %+v, %v", test.name, scripts, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want it to name %s", test.name, err, test.want)
		}
	}
}

func TestCheckStatus(t *testing.T) {
	known := []ledger.Script{
		{Migration: ledger.Migration{Version: 1, Name: "one"}},
		{Migration: ledger.Migration{Version: 2, Name: "two"}},
	}
	at := func(version int) ledger.Migration {
		return ledger.Migration{Version: version, Name: "any", AppliedAt: time.Unix(1, 0)}
	}
	tests := []struct {
		name    string
		applied []ledger.Migration
		want    error
		listed  int
	}{
		{"none", nil, ledger.ErrSchemaOld, 2},
		{"one", []ledger.Migration{at(1)}, ledger.ErrSchemaOld, 2},
		{"both", []ledger.Migration{at(1), at(2)}, nil, 2},
		{"more", []ledger.Migration{at(1), at(2), at(3)}, ledger.ErrSchemaNew, 3},
	}
	for _, test := range tests {
		if err := ledger.CheckStatus(known, test.applied); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		if got := ledger.MergeStatus(known, test.applied); len(got) != test.listed {
			t.Errorf("%s: got %+v, want %d", test.name, got, test.listed)
		}
	}
}

func TestMicros(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 1999, time.FixedZone("+06", 6*60*60))
	if got := ledger.FromMicros(ledger.Micros(at)); !got.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("got %s, want %s", got, at)
	}
	if got := ledger.FromMicros(ledger.Micros(time.Time{})); !got.IsZero() {
		t.Errorf("zero time: got %s", got)
	}
}
