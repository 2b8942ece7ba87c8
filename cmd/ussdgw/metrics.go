package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is the registry and every metric in it. Labels come from small fixed sets: never a
// number, a dialogue or a text.
type metrics struct {
	registry *prometheus.Registry
	build    *prometheus.GaugeVec

	pdus   *prometheus.CounterVec
	window *prometheus.GaugeVec
	bound  *prometheus.GaugeVec

	steps   *prometheus.CounterVec
	took    *prometheus.HistogramVec
	actions *prometheus.CounterVec
	submits *prometheus.CounterVec

	menus   menuMetrics
	billers *billerMetrics
	agents  *agentCounts
}

// stepBuckets reach from one look into memory to the end of a network's patience.
var stepBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 15}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		build: gauge("ussdgw_build_info",
			"Always 1; the version of the program.", "version"),
		pdus: counter("ussdgw_smpp_pdus_total",
			"PDUs by direction (in, out), command and command_status.",
			"link", "direction", "command", "status"),
		window: gauge("ussdgw_smpp_window_used", "Requests without a response.", "link"),
		bound:  gauge("ussdgw_smpp_bound", "1 while the link is bound.", "link"),
		steps: counter("ussdgw_steps_total",
			"Steps of dialogues by what came and what was answered.", "kind", "result"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ussdgw_step_seconds", Help: "Time from an input to its answer.",
			Buckets: stepBuckets,
		}, []string{"kind"}),
		actions: counter("ussdgw_actions_total",
			"Actions of the menu by outcome; error is a technical failure.", "action", "outcome"),
		submits: counter("ussdgw_replies_total",
			"Screens sent to the message centre by their fate.", "result"),
	}
	m.menus = newMenuMetrics(m.registry)
	m.billers = newBillerMetrics(m.registry)
	m.agents = newAgentCounts(m.registry)
	m.registry.MustRegister(m.build, m.pdus, m.window, m.bound, m.steps, m.took, m.actions,
		m.submits, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler serves the registry.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// linkMetrics implements smsc.Metrics.
type linkMetrics struct{ m *metrics }

func (l linkMetrics) PDU(link, direction, command, status string) {
	l.m.pdus.WithLabelValues(link, direction, command, status).Inc()
}

func (l linkMetrics) Window(link string, used int) {
	l.m.window.WithLabelValues(link).Set(float64(used))
}

func (l linkMetrics) Bound(link string, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	l.m.bound.WithLabelValues(link).Set(value)
}

// gatewayMetrics implements ussd.Metrics.
type gatewayMetrics struct{ m *metrics }

func (g gatewayMetrics) Step(kind, result string, took time.Duration) {
	g.m.steps.WithLabelValues(kind, result).Inc()
	g.m.took.WithLabelValues(kind).Observe(took.Seconds())
}

func (g gatewayMetrics) Action(name, outcome string) {
	g.m.actions.WithLabelValues(name, outcome).Inc()
}

func (g gatewayMetrics) Submit(result string) { g.m.submits.WithLabelValues(result).Inc() }
