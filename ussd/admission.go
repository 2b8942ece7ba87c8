package ussd

import (
	"context"
	"fmt"
	"time"
)

// minSteps is the smallest MaxSteps: fewer would leave nothing to share out.
const minSteps = 4

// Admit asks for a place for one step, without waiting. A begin is refused when three quarters of
// the places are taken, so that dialogues under way go on while new ones are told to come back;
// and always once Drain was called. The caller calls release when the step is over.
func (g *Gateway) Admit(k Kind) (release func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	limit := g.cfg.MaxSteps
	if k == Begin {
		limit -= limit / 4
		if g.draining {
			return nil, false
		}
	}
	if g.closed || g.running >= limit {
		return nil, false
	}
	g.running++
	return func() { g.release(&g.running) }, true
}

// release takes one from a count of what is in flight, and wakes a Drain.
func (g *Gateway) release(count *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*count--
	close(g.ended)
	g.ended = make(chan struct{})
}

// admitBusy asks for a place for one busy screen. There are as many as for steps.
func (g *Gateway) admitBusy() (release func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.busy >= g.cfg.MaxSteps {
		return nil, false
	}
	g.busy++
	return func() { g.release(&g.busy) }, true
}

// Drain refuses new dialogues from now on and waits until no step is in flight. Answers of
// dialogues under way are still served while it waits, for at most half of the time that ctx
// leaves; then they are refused too, before any effect, so that the SMSC gives them to another
// instance. After Drain nothing is admitted.
func (g *Gateway) Drain(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	g.mu.Unlock()
	half := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		half, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	if g.quiet(half) == nil {
		return nil
	}
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	return g.quiet(ctx)
}

// quiet waits until nothing is in flight, and then lets nothing begin.
func (g *Gateway) quiet(ctx context.Context) error {
	for {
		g.mu.Lock()
		if g.running+g.busy == 0 {
			g.closed = true
			g.mu.Unlock()
			return nil
		}
		ended := g.ended
		g.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return fmt.Errorf("ussd: drain: %w", context.Cause(ctx))
		}
	}
}
