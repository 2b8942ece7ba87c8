package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const (
	// totalsFor is how long a scrape gives the totals of one before it, and totalsWithin bounds the
	// look into the ledger.
	totalsFor    = 10 * time.Second
	totalsWithin = 2 * time.Second
)

// bookTotals is the part of a ledger.Store that a scrape asks for totals.
type bookTotals interface {
	Totals(ctx context.Context) (ledger.Totals, error)
}

// watchBooks adds what the ledger knows of its own sums. They are those of all instances, so each
// of them gives the same.
func (m *metrics) watchBooks(l bookTotals, clock func() time.Time) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ussdgw_"+name, help, labels, nil)
	}
	m.registry.MustRegister(&bookCollector{
		ledger: l, clock: clock,
		waiting: desc("outbox_waiting", "Messages that are not sent and not given up."),
		oldestMessage: desc("outbox_oldest_seconds",
			"How long the oldest of them has waited, 0 when there is none."),
		holds: desc("holds", "Holds without an end, by state.", "state"),
		oldestHold: desc("holds_oldest_seconds",
			"How long ago the oldest of them was made, 0 when there is none.", "state"),
		cases:    desc("cases_open", "Cases that wait for a person."),
		suspense: desc("suspense_som", "Money in suspense, which waits for a person."),
		emoney:   desc("emoney_som", "What all wallets hold, as of the last roll-up."),
		agents:   desc("agent_float_som", "What all agents hold, as of the last roll-up."),
		trust: desc("trust_som",
			"Money that has to be on the issuer's account at the bank, as of the last roll-up."),
	})
}

// A bookCollector asks the ledger at a scrape, at most once in totalsFor. It implements
// prometheus.Collector.
type bookCollector struct {
	ledger bookTotals
	clock  func() time.Time

	waiting, oldestMessage, holds, oldestHold, cases *prometheus.Desc
	suspense, emoney, agents, trust                  *prometheus.Desc

	mu     sync.Mutex // one look at a time
	read   time.Time  // when totals were read; zero = there are none
	totals ledger.Totals
}

// Describe names what Collect gives.
func (c *bookCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.waiting, c.oldestMessage, c.holds, c.oldestHold, c.cases, c.suspense, c.emoney, c.agents,
		c.trust,
	} {
		to <- d
	}
}

// Collect leaves out what a ledger that does not answer cannot tell: an old number would lie.
func (c *bookCollector) Collect(to chan<- prometheus.Metric) {
	now := c.clock()
	t, ok := c.look(now)
	if !ok {
		return
	}
	give := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	since := func(at time.Time) float64 {
		if at.IsZero() {
			return 0
		}
		return max(0, now.Sub(at).Seconds())
	}
	give(c.waiting, float64(t.Messages))
	give(c.oldestMessage, since(t.OldestMessage))
	counts := map[ledger.HoldState]ledger.HoldCount{}
	for _, h := range t.Holds {
		counts[h.State] = h
	}
	for _, state := range []ledger.HoldState{
		ledger.HoldHeld, ledger.HoldSent, ledger.HoldInDoubt, ledger.HoldSuspense,
	} {
		give(c.holds, float64(counts[state].Count), string(state))
		give(c.oldestHold, since(counts[state].Oldest), string(state))
	}
	give(c.cases, float64(t.OpenCases))
	give(c.suspense, som(t.Suspense))
	give(c.emoney, som(t.Wallets))
	give(c.agents, som(t.Agents))
	give(c.trust, som(-t.Trust))
}

// look returns the totals, read a moment ago.
func (c *bookCollector) look(now time.Time) (ledger.Totals, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() && now.Sub(c.read) < totalsFor {
		return c.totals, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), totalsWithin)
	defer cancel()
	c.read = time.Time{}
	t, err := c.ledger.Totals(ctx)
	if err != nil {
		return t, false
	}
	c.read, c.totals = now, t
	return t, true
}

// som is an amount for a graph, which is no place to count tyiyn.
func som(a money.Amount) float64 { return float64(a) / 100 }
