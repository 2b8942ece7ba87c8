package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ussdgw/wallet/ledger"
)

// agentCounts are what is counted about agents. Networks are those of the configuration.
type agentCounts struct {
	requests  *prometheus.CounterVec
	took      *prometheus.HistogramVec
	conflicts *prometheus.CounterVec
}

func newAgentCounts(r *prometheus.Registry) *agentCounts {
	a := &agentCounts{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ussdgw_agent_requests_total",
			Help: "Requests of agents by command (check, pay, payout, other) and result: a code of " +
				"OSMP, or http_ and a status.",
		}, []string{"network", "command", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ussdgw_agent_request_seconds", Help: "Time until an agent has its answer.",
			Buckets: stepBuckets,
		}, []string{"network", "command"}),
		conflicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ussdgw_agent_conflicts_total",
			Help: "Repeats of a txn_id with another account, sum or code: somebody has to ask the agent.",
		}, []string{"network"}),
	}
	r.MustRegister(a.requests, a.took, a.conflicts)
	return a
}

// agentMetrics implements cashdesk.Metrics.
type agentMetrics struct{ counts *agentCounts }

func (a agentMetrics) Request(network, command, result string, took time.Duration) {
	a.counts.requests.WithLabelValues(network, command, result).Inc()
	a.counts.took.WithLabelValues(network, command).Observe(took.Seconds())
}

func (a agentMetrics) Conflict(network string) {
	a.counts.conflicts.WithLabelValues(network).Inc()
}

// floats is the part of a ledger.Store that a scrape asks.
type floats interface {
	Agents(ctx context.Context) ([]ledger.Agent, error)
}

// watchFloats adds what agents have left to hand on to wallets.
func (m *metrics) watchFloats(l floats) {
	m.registry.MustRegister(&floatCollector{ledger: l, left: prometheus.NewDesc(
		"ussdgw_agent_float_left_som",
		"What an agent may still hand on to wallets: its float and its credit line.",
		[]string{"agent"}, nil)})
}

// A floatCollector asks the ledger at every scrape. It implements prometheus.Collector.
type floatCollector struct {
	ledger floats
	left   *prometheus.Desc
}

// Describe names what Collect gives.
func (c *floatCollector) Describe(to chan<- *prometheus.Desc) { to <- c.left }

// Collect leaves out what a ledger that does not answer cannot tell.
func (c *floatCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), unsettledWithin)
	defer cancel()
	agents, err := c.ledger.Agents(ctx)
	if err != nil {
		return
	}
	for _, a := range agents {
		som := float64(a.Float+a.Credit) / 100 // for a graph: nothing is decided by it
		to <- prometheus.MustNewConstMetric(c.left, prometheus.GaugeValue, som, a.ID)
	}
}
