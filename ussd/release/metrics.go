package release

import "time"

// Metrics counts what a Library does.
type Metrics interface {
	// Running says which revisions run here from now on; candidate is "" for none. published is
	// when the change was made that says so, zero for none.
	Running(live, candidate string, published time.Time)
	// Reload has result ok for a switch, unreadable when the store could not be read, broken when
	// what it has does not hold together, and refused for a revision that does not run here.
	Reload(result string)
	// Behind says whether something that is published does not run here.
	Behind(behind bool)
}

// NoMetrics counts nothing.
type NoMetrics struct{}

// Running does nothing.
func (NoMetrics) Running(string, string, time.Time) {}

// Reload does nothing.
func (NoMetrics) Reload(string) {}

// Behind does nothing.
func (NoMetrics) Behind(bool) {}
