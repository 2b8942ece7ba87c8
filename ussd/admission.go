package ussd

import "context"

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
	if g.running >= limit {
		return nil, false
	}
	g.running++
	return g.release, true
}

func (g *Gateway) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.draining && g.running == 0 {
		select {
		case <-g.idle:
		default:
			close(g.idle)
		}
	}
}

// admitBusy asks for a place for one busy screen. There are as many as for steps.
func (g *Gateway) admitBusy() (release func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy >= g.cfg.MaxSteps {
		return nil, false
	}
	g.busy++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.busy--
	}, true
}

// Drain refuses new dialogues from now on and waits until no step is in flight, or ctx ends. An
// answer of a dialogue under way is still served.
func (g *Gateway) Drain(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	done := g.running == 0
	g.mu.Unlock()
	if done {
		return nil
	}
	select {
	case <-g.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
