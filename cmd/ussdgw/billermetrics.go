package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ussdgw/wallet/biller"
)

// billerMetrics are what is counted about billers. Labels are the names of the configuration and
// the fixed words of package biller.
type billerMetrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	missing  *prometheus.GaugeVec
	guards   *guardCollector
}

func newBillerMetrics(r *prometheus.Registry) *billerMetrics {
	b := &billerMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ussdgw_biller_requests_total",
			Help: "Requests to billers by operation (check, pay, status) and what came: done, or the " +
				"reason.",
		}, []string{"biller", "operation", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ussdgw_biller_request_seconds", Help: "Time until a biller has answered, or not.",
			Buckets: billerBuckets,
		}, []string{"biller", "operation"}),
		missing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ussdgw_biller_missing",
			Help: "1 for a biller that the menus name and nobody has configured: its providers take " +
				"no payments.",
		}, []string{"biller"}),
		guards: &guardCollector{
			open: prometheus.NewDesc("ussdgw_biller_breaker",
				"1 for the state of a biller's breaker: closed, open or half_open.",
				[]string{"biller", "state"}, nil),
			running: prometheus.NewDesc("ussdgw_biller_in_flight",
				"Requests to a biller that are under way.", []string{"biller"}, nil),
		},
	}
	r.MustRegister(b.requests, b.took, b.missing, b.guards)
	return b
}

// billerBuckets reach from a neighbour's answer to the end of the protocol's patience.
var billerBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60}

// missingBiller says that a biller is missing, or is not any more.
func (m *metrics) missingBiller(name string, missing bool) {
	if m == nil {
		return
	}
	if !missing {
		m.billers.missing.DeleteLabelValues(name)
		return
	}
	m.billers.missing.WithLabelValues(name).Set(1)
}

// counted is a guard whose requests are counted. m may be nil.
func (m *metrics) counted(name string, g *biller.Guard) biller.Biller {
	if m == nil {
		return g
	}
	m.billers.guards.add(name, g)
	return &countedBiller{name: name, guard: g, m: m.billers}
}

// A countedBiller counts what goes through a guard, and what does not.
type countedBiller struct {
	name  string
	guard *biller.Guard
	m     *billerMetrics
}

// Open is that of the guard.
func (c *countedBiller) Open(now time.Time) bool { return c.guard.Open(now) }

func (c *countedBiller) Check(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return c.count(ctx, "check", r, c.guard.Check)
}

func (c *countedBiller) Pay(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return c.count(ctx, "pay", r, c.guard.Pay)
}

func (c *countedBiller) Status(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return c.count(ctx, "status", r, c.guard.Status)
}

func (c *countedBiller) count(
	ctx context.Context, operation string, r biller.Request,
	ask func(context.Context, biller.Request) (biller.Answer, error),
) (biller.Answer, error) {
	began := time.Now()
	a, err := ask(ctx, r)
	c.m.took.WithLabelValues(c.name, operation).Observe(time.Since(began).Seconds())
	result := string(a.Reason)
	if result == "" {
		result = string(a.Verdict)
	}
	c.m.requests.WithLabelValues(c.name, operation, result).Inc()
	return a, err
}

// A guardCollector asks the guards at every scrape. It implements prometheus.Collector.
type guardCollector struct {
	open, running *prometheus.Desc

	mu  sync.Mutex
	all map[string]*biller.Guard
}

func (c *guardCollector) add(name string, g *biller.Guard) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = make(map[string]*biller.Guard)
	}
	c.all[name] = g
}

// Describe names what Collect gives.
func (c *guardCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.open
	to <- c.running
}

// Collect gives the state of every guard.
func (c *guardCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, g := range c.all {
		is := g.State(time.Now())
		for _, state := range []biller.Breaker{
			biller.BreakerClosed, biller.BreakerOpen, biller.BreakerHalfOpen,
		} {
			value := 0.0
			if is.Breaker == state {
				value = 1
			}
			to <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, value, name,
				string(state))
		}
		to <- prometheus.MustNewConstMetric(c.running, prometheus.GaugeValue, float64(is.Running),
			name)
	}
}
