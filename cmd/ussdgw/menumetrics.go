package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// menuMetrics implements release.Metrics.
type menuMetrics struct {
	running   *prometheus.GaugeVec
	reloads   *prometheus.CounterVec
	published prometheus.Gauge
	behind    prometheus.Gauge
}

func newMenuMetrics(r *prometheus.Registry) menuMetrics {
	m := menuMetrics{
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ussdgw_menu_revision_info",
			Help: "Always 1; the revisions of the menus that new dialogues run on, by role: live, " +
				"candidate.",
		}, []string{"role", "revision"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ussdgw_menu_reloads_total",
			Help: "Looks at what was published, by result: ok for a switch, unreadable, broken, " +
				"refused for a revision that does not run here.",
		}, []string{"result"}),
		published: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ussdgw_menu_changed_timestamp_seconds",
			Help: "When the change was published that runs now, 0 while none is.",
		}),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ussdgw_menu_behind",
			Help: "1 while something that is published does not run here.",
		}),
	}
	for _, result := range []string{"ok", "unreadable", "broken", "refused"} {
		m.reloads.WithLabelValues(result)
	}
	r.MustRegister(m.running, m.reloads, m.published, m.behind)
	return m
}

// Running says which revisions run here from now on.
func (m menuMetrics) Running(live, candidate string, published time.Time) {
	m.running.Reset()
	m.running.WithLabelValues("live", live).Set(1)
	if candidate != "" {
		m.running.WithLabelValues("candidate", candidate).Set(1)
	}
	if !published.IsZero() {
		m.published.Set(float64(published.UnixMilli()) / 1000)
	}
}

// Reload counts a look that has led to something.
func (m menuMetrics) Reload(result string) { m.reloads.WithLabelValues(result).Inc() }

// Behind says whether something that is published does not run here.
func (m menuMetrics) Behind(behind bool) {
	value := 0.0
	if behind {
		value = 1
	}
	m.behind.Set(value)
}
