package biller_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet/biller"
)

// scripted answers what the test says next; wait, if set, holds a request until it is closed.
type scripted struct {
	mu     sync.Mutex
	answer biller.Answer
	err    error
	calls  int
	wait   chan struct{}
	began  chan struct{}
}

func (s *scripted) ask(ctx context.Context, _ biller.Request) (biller.Answer, error) {
	s.mu.Lock()
	s.calls++
	answer, err, wait := s.answer, s.err, s.wait
	s.mu.Unlock()
	if wait != nil {
		s.began <- struct{}{}
		<-wait
	}
	return answer, err
}

func (s *scripted) Check(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(ctx, r)
}

func (s *scripted) Pay(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(ctx, r)
}

func (s *scripted) Status(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(ctx, r)
}

func (s *scripted) say(v biller.Verdict, reason biller.Reason, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.err = biller.Answer{Verdict: v, Reason: reason}, err
}

// clock is moved by the test alone.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func guarded(cfg biller.GuardConfig) (*biller.Guard, *scripted, *clock) {
	s := &scripted{began: make(chan struct{}, 100)}
	c := &clock{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	cfg.Now = c.Now
	return biller.NewGuard(s, cfg), s, c
}

var errCut = errors.New("connection cut")

func TestBreakerOpensAndCloses(t *testing.T) {
	g, s, c := guarded(biller.GuardConfig{Failures: 3, Pause: 10 * time.Second})
	pay := func() (biller.Answer, error) { return g.Pay(t.Context(), request()) }
	expect := func(when string, want biller.Breaker, calls int) {
		t.Helper()
		if got := g.State(c.Now()); got.Breaker != want || s.calls != calls || got.Running != 0 {
			t.Fatalf("%s: %+v after %d calls, want %s after %d", when, got, s.calls, want, calls)
		}
		if g.Open(c.Now()) != (want == biller.BreakerOpen) {
			t.Fatalf("%s: Open is %t", when, g.Open(c.Now()))
		}
	}
	s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, errCut)
	_, _ = pay()
	_, _ = pay()
	s.say(biller.VerdictRefused, biller.ReasonAccountUnknown, nil)
	_, _ = pay()
	expect("a refusal is an answer", biller.BreakerClosed, 3)

	s.say(biller.VerdictUnknown, biller.ReasonTemporary, nil)
	_, _ = pay()
	_, _ = g.Check(t.Context(), request())
	_, _ = g.Status(t.Context(), request())
	expect("three in a row", biller.BreakerOpen, 6)

	answer, err := pay()
	if answer.Verdict != biller.VerdictUnknown || answer.Reason != biller.ReasonOpen ||
		!errors.Is(err, biller.ErrNotSent) {
		t.Errorf("while it is open: %+v, %v", answer, err)
	}
	expect("nothing goes through", biller.BreakerOpen, 6)

	c.move(10*time.Second - 1)
	expect("before the pause is over", biller.BreakerOpen, 6)
	c.move(1)
	expect("after the pause", biller.BreakerHalfOpen, 6)
	_, _ = pay()
	expect("the probe has failed", biller.BreakerOpen, 7)
	c.move(10 * time.Second)
	s.say(biller.VerdictDone, "", nil)
	_, _ = pay()
	expect("the probe was answered", biller.BreakerClosed, 8)
}

func TestWhatIsNoFailureOfTheProvider(t *testing.T) {
	g, s, c := guarded(biller.GuardConfig{Failures: 2})
	for name, say := range map[string]func(){
		"pending":   func() { s.say(biller.VerdictUnknown, biller.ReasonPending, nil) },
		"cancelled": func() { s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, context.Canceled) },
		"malformed": func() { s.say(biller.VerdictUnknown, biller.ReasonNotSent, biller.ErrRequest) },
	} {
		say()
		for range 5 {
			_, _ = g.Pay(t.Context(), request())
		}
		if got := g.State(c.Now()); got.Breaker != biller.BreakerClosed || got.Failures != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, context.DeadlineExceeded)
	_, _ = g.Pay(t.Context(), request())
	_, _ = g.Pay(t.Context(), request())
	if !g.Open(c.Now()) {
		t.Error("deadlines do not open the breaker")
	}
}

func TestOneProbeAtATime(t *testing.T) {
	g, s, c := guarded(biller.GuardConfig{Failures: 1, Pause: time.Second})
	s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, errCut)
	_, _ = g.Pay(t.Context(), request())
	c.move(time.Second)
	s.say(biller.VerdictDone, "", nil)
	s.wait = make(chan struct{})
	var probe sync.WaitGroup
	probe.Go(func() { _, _ = g.Pay(t.Context(), request()) })
	<-s.began
	answer, err := g.Pay(t.Context(), request())
	if answer.Reason != biller.ReasonOpen || !errors.Is(err, biller.ErrNotSent) || !g.Open(c.Now()) {
		t.Errorf("beside a probe: %+v, %v", answer, err)
	}
	close(s.wait)
	probe.Wait()
	if got := g.State(c.Now()); got.Breaker != biller.BreakerClosed {
		t.Errorf("after the probe: %+v", got)
	}
}

func TestBudgetOfRequests(t *testing.T) {
	g, s, c := guarded(biller.GuardConfig{Concurrent: 2})
	s.say(biller.VerdictDone, "", nil)
	s.wait = make(chan struct{})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { _, _ = g.Pay(t.Context(), request()) })
		<-s.began
	}
	answer, err := g.Pay(t.Context(), request())
	if answer.Reason != biller.ReasonBusy || !errors.Is(err, biller.ErrNotSent) ||
		answer.Verdict != biller.VerdictUnknown {
		t.Errorf("a third: %+v, %v", answer, err)
	}
	if got := g.State(c.Now()); got.Running != 2 || got.Failures != 0 || g.Open(c.Now()) {
		t.Errorf("%+v", got)
	}
	close(s.wait)
	running.Wait()
	s.wait = nil
	if answer, err := g.Pay(t.Context(), request()); answer.Verdict != biller.VerdictDone {
		t.Errorf("after them: %+v, %v", answer, err)
	}
}

// A probe whose caller went away, or that panics, gives its place back.
func TestProbeIsGivenBack(t *testing.T) {
	g, s, c := guarded(biller.GuardConfig{Failures: 1, Pause: time.Second, Concurrent: 1})
	s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, errCut)
	_, _ = g.Pay(t.Context(), request())
	c.move(time.Second)
	s.say(biller.VerdictUnknown, biller.ReasonNoAnswer, context.Canceled)
	_, _ = g.Pay(t.Context(), request())
	if got := g.State(c.Now()); got.Breaker != biller.BreakerHalfOpen || g.Open(c.Now()) {
		t.Errorf("after a probe without result: %+v", got)
	}
	panicking := biller.NewGuard(panics{s}, biller.GuardConfig{Concurrent: 1})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = panicking.Pay(t.Context(), request())
	}()
	if got := panicking.State(c.Now()); got.Running != 0 {
		t.Errorf("after a panic: %+v", got)
	}
}

type panics struct{ biller.Biller }

func (panics) Pay(context.Context, biller.Request) (biller.Answer, error) { panic("bug") }

func TestRetryAfter(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 5 * time.Second,
		4: 15 * time.Second, 5: time.Minute, 6: 2 * time.Minute, 7: 5 * time.Minute,
		8: 5 * time.Minute, math.MaxInt: 5 * time.Minute,
	} {
		for _, jitter := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
			if got := biller.RetryAfter(attempt, jitter); got != want {
				t.Errorf("RetryAfter(%d, %g) = %s, want %s", attempt, jitter, got, want)
			}
		}
		for _, jitter := range []float64{1, 2, math.Inf(1)} {
			if got := biller.RetryAfter(attempt, jitter); got != want*3/4 {
				t.Errorf("RetryAfter(%d, %g) = %s, want %s", attempt, jitter, got, want*3/4)
			}
		}
	}
	if got := biller.RetryAfter(3, 0.5); got != 4375*time.Millisecond {
		t.Errorf("RetryAfter(3, 0.5) = %s", got)
	}
	tries := 0
	for waited := time.Duration(0); waited < biller.GiveUpAfter; tries++ {
		waited += biller.RetryAfter(tries+1, 0)
	}
	if tries < 200 || tries > 400 {
		t.Errorf("%d tries in a day", tries)
	}
}
