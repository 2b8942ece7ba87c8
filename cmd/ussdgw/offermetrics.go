package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ussdgw/wallet/ledger"
)

const (
	// unsettledWithin bounds the look into the ledger that one scrape causes.
	unsettledWithin = 2 * time.Second
	// maxUnsettled is the most payments without an end that are counted. That many mean that
	// nothing is settled any more.
	maxUnsettled = 1000
)

// watch adds all that the ledger knows.
func (m *metrics) watch(l ledger.Store) {
	m.watchOffers(l, time.Now)
	m.watchBooks(l, time.Now)
	m.watchFloats(l)
}

// watchOffers adds what the ledger knows of payments without an end.
func (m *metrics) watchOffers(l unsettledOffers, clock func() time.Time) {
	m.registry.MustRegister(&offerCollector{
		ledger: l, clock: clock,
		count: prometheus.NewDesc("ussdgw_offers_unsettled",
			"Payments of all instances that were confirmed by PIN and have no end, at most 1000.",
			nil, nil),
		oldest: prometheus.NewDesc("ussdgw_offers_unsettled_oldest_seconds",
			"How long the oldest of them has waited, 0 when there is none.", nil, nil),
		holds: prometheus.NewDesc("ussdgw_provider_holds",
			"Held payments and cash of all instances that have no end, by provider and state: in_doubt "+
				"waits for a provider's answer, suspense for a person.",
			[]string{"provider", "state"}, nil),
		heldFor: prometheus.NewDesc("ussdgw_provider_holds_oldest_seconds",
			"How long the oldest of them has waited.", []string{"provider", "state"}, nil),
		up: prometheus.NewDesc("ussdgw_ledger_up",
			"1 when the ledger has answered this scrape.", nil, nil),
	})
}

// unsettledOffers is the part of a ledger.Store that a scrape asks.
type unsettledOffers interface {
	Unresolved(ctx context.Context, before time.Time, limit int) ([]ledger.Offer, error)
	OpenHolds(ctx context.Context) ([]ledger.ProviderHolds, error)
}

// An offerCollector asks the ledger at every scrape. It implements prometheus.Collector.
type offerCollector struct {
	ledger            unsettledOffers
	clock             func() time.Time
	count, oldest, up *prometheus.Desc
	holds, heldFor    *prometheus.Desc
}

// Describe names what Collect gives.
func (c *offerCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.count
	to <- c.oldest
	to <- c.up
	to <- c.holds
	to <- c.heldFor
}

// Collect leaves out what a ledger that does not answer cannot tell: an old number would lie.
func (c *offerCollector) Collect(to chan<- prometheus.Metric) {
	give := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), unsettledWithin)
	defer cancel()
	now := c.clock()
	offers, err := c.ledger.Unresolved(ctx, now, maxUnsettled)
	var holds []ledger.ProviderHolds
	if err == nil {
		holds, err = c.ledger.OpenHolds(ctx)
	}
	if err != nil {
		give(c.up, 0)
		return
	}
	give(c.up, 1)
	give(c.count, float64(len(offers)))
	waited := 0.0
	if len(offers) > 0 {
		waited = max(0, now.Sub(offers[0].PressedAt).Seconds())
	}
	give(c.oldest, waited)
	for _, h := range holds {
		give(c.holds, float64(h.Count), h.Provider, string(h.State))
		give(c.heldFor, max(0, now.Sub(h.Oldest).Seconds()), h.Provider, string(h.State))
	}
}
