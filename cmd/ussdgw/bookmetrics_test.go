package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// totalled is a ledger that counts how often it is asked for totals.
type totalled struct {
	totals ledger.Totals
	err    error
	asked  int
}

func (l *totalled) Totals(ctx context.Context) (ledger.Totals, error) {
	l.asked++
	if _, bounded := ctx.Deadline(); !bounded {
		return ledger.Totals{}, errors.New("a scrape may wait forever")
	}
	return l.totals, l.err
}

func TestBooksAreWatched(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := &totalled{totals: ledger.Totals{
		Wallets: 123456, Agents: money.Som(-5), Suspense: money.Som(7), Trust: -money.Som(2000),
		OpenCases: 3, Messages: 2, OldestMessage: now.Add(-time.Minute),
		Holds: []ledger.HoldCount{
			{State: ledger.HoldInDoubt, Count: 4, Oldest: now.Add(-time.Hour)},
		},
	}}
	m := newMetrics()
	m.watchBooks(l, func() time.Time { return now })
	got := scrape(t, m)
	for _, want := range []string{
		"ussdgw_outbox_waiting 2", "ussdgw_outbox_oldest_seconds 60",
		`ussdgw_holds{state="in_doubt"} 4`, `ussdgw_holds_oldest_seconds{state="in_doubt"} 3600`,
		`ussdgw_holds{state="held"} 0`, `ussdgw_holds_oldest_seconds{state="held"} 0`,
		`ussdgw_holds{state="sent"} 0`, `ussdgw_holds{state="suspense"} 0`,
		"ussdgw_cases_open 3", "ussdgw_suspense_som 7", "ussdgw_emoney_som 1234.56",
		"ussdgw_agent_float_som -5", "ussdgw_trust_som 2000",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %q in:\n%s", want, got)
		}
	}

	now = now.Add(totalsFor - 1)
	if scrape(t, m); l.asked != 1 {
		t.Errorf("asked %d times within %s", l.asked, totalsFor)
	}
	now, l.err = now.Add(1), ledger.ErrUnavailable
	if got := scrape(t, m); l.asked != 2 || strings.Contains(got, "ussdgw_holds") {
		t.Errorf("asked %d times, and an old number lies:\n%s", l.asked, got)
	}
	l.err, l.totals = nil, ledger.Totals{}
	if got := scrape(t, m); !strings.Contains(got, "\nussdgw_outbox_oldest_seconds 0\n") {
		t.Errorf("after the ledger came back:\n%s", got)
	}
}
