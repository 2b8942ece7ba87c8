package biller

import (
	"context"
	"errors"
	"sync"
	"time"
)

// GuardConfig is when a Guard lets requests through.
type GuardConfig struct {
	// Failures is how many requests in a row must fail to open the breaker. [5]
	Failures int
	// Pause is how long an open breaker refuses before it lets one request try. [15s]
	Pause time.Duration
	// Concurrent is how many requests may be under way at once; a provider names its own limit,
	// 10 to 15 where it knows OSMP. [8]
	Concurrent int
	Now        func() time.Time // [time.Now]
}

func (c GuardConfig) withDefaults() GuardConfig {
	if c.Failures <= 0 {
		c.Failures = 5
	}
	if c.Pause <= 0 {
		c.Pause = 15 * time.Second
	}
	if c.Concurrent <= 0 {
		c.Concurrent = 8
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// A Breaker is the state of a Guard's breaker.
type Breaker string

// The states of a breaker.
const (
	BreakerClosed   Breaker = "closed"    // requests go through
	BreakerOpen     Breaker = "open"      // none does
	BreakerHalfOpen Breaker = "half_open" // the pause is over: one goes through, as a probe
)

// A GuardState is what a Guard is doing, for metrics.
type GuardState struct {
	Breaker  Breaker
	Failures int       // in a row
	Running  int       // requests under way
	Since    time.Time // when the breaker opened; zero: it is closed
}

// A Guard is a Biller that keeps a provider in trouble from taking all of us with it. A request
// that it does not let through ends at once, VerdictUnknown with ErrNotSent: its breaker is open
// (ReasonOpen), or as many as may be are under way (ReasonBusy).
//
// A failure is an answer VerdictUnknown, with two exceptions: the provider's own "not finished yet"
// (ReasonPending) is a sign of life, and a request that could not be made (ErrRequest) or whose
// caller went away says nothing about the provider. A caller's deadline is a failure. Any other
// answer closes the breaker.
//
// It has no goroutine, and may be used by many.
type Guard struct {
	biller Biller
	cfg    GuardConfig

	mu       sync.Mutex
	failures int       // in a row
	running  int       // requests under way
	opened   time.Time // zero: closed
	probing  bool      // the one request of a half-open breaker is under way
}

// NewGuard puts a Guard before b.
func NewGuard(b Biller, cfg GuardConfig) *Guard {
	return &Guard{biller: b, cfg: cfg.withDefaults()}
}

// Check is that of the Biller, or refused.
func (g *Guard) Check(ctx context.Context, r Request) (Answer, error) {
	return g.pass(ctx, opCheck, r, g.biller.Check)
}

// Pay is that of the Biller, or refused.
func (g *Guard) Pay(ctx context.Context, r Request) (Answer, error) {
	return g.pass(ctx, opPay, r, g.biller.Pay)
}

// Status is that of the Biller, or refused.
func (g *Guard) Status(ctx context.Context, r Request) (Answer, error) {
	return g.pass(ctx, opStatus, r, g.biller.Status)
}

// Open reports whether a request at now would find the breaker open: say "not available now" before
// any money is held. It is no promise for the request that follows.
func (g *Guard) Open(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.breaker(now) == BreakerOpen || g.probing
}

// State is for metrics.
func (g *Guard) State(now time.Time) GuardState {
	g.mu.Lock()
	defer g.mu.Unlock()
	return GuardState{
		Breaker: g.breaker(now), Failures: g.failures, Running: g.running, Since: g.opened,
	}
}

// breaker is the state at now. g.mu is held.
func (g *Guard) breaker(now time.Time) Breaker {
	switch {
	case g.opened.IsZero():
		return BreakerClosed
	case now.Sub(g.opened) < g.cfg.Pause && !g.probing:
		return BreakerOpen
	}
	return BreakerHalfOpen
}

func (g *Guard) pass(
	ctx context.Context, op string, r Request, ask func(context.Context, Request) (Answer, error),
) (Answer, error) {
	probe, refusal := g.enter()
	switch refusal {
	case ReasonOpen:
		return failed(op, r, refusal, "the breaker is open", ErrNotSent)
	case ReasonBusy:
		return failed(op, r, refusal, "too many requests are under way", ErrNotSent)
	}
	result := unclear // if ask panics
	defer func() { g.leave(probe, result) }()
	answer, err := ask(ctx, r)
	result = resultOf(answer, err)
	return answer, err
}

// enter takes a place, or says why there is none.
func (g *Guard) enter() (probe bool, refusal Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	state := g.breaker(g.cfg.Now())
	switch {
	case state == BreakerOpen, state == BreakerHalfOpen && g.probing:
		return false, ReasonOpen
	case g.running >= g.cfg.Concurrent:
		return false, ReasonBusy
	}
	g.running++
	g.probing = state == BreakerHalfOpen
	return g.probing, ""
}

// leave gives the place back and learns from what came.
func (g *Guard) leave(probe bool, result health) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if probe {
		g.probing = false
	}
	switch result {
	case alive:
		g.failures, g.opened = 0, time.Time{}
	case failing:
		g.failures++
		// One that began before the breaker opened does not prolong the pause.
		if probe || g.opened.IsZero() && g.failures >= g.cfg.Failures {
			g.opened = g.cfg.Now()
		}
	}
}

// health is what an answer says about the provider.
type health uint8

const (
	unclear health = iota // nothing
	alive
	failing
)

func resultOf(a Answer, err error) health {
	switch {
	case errors.Is(err, ErrRequest), errors.Is(err, context.Canceled):
		return unclear
	case err != nil || a.Verdict == VerdictUnknown && a.Reason != ReasonPending:
		return failing
	}
	return alive
}
