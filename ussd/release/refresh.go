package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus/revision"
)

// Run looks at what was published every Config.Poll until ctx ends, and returns nil. What cannot
// be read or does not run here changes nothing, and is logged and counted.
func (l *Library) Run(ctx context.Context) error {
	if l.config.Store == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(l.config.Poll)
	defer ticker.Stop()
	for {
		live, candidate := l.refresh(ctx)
		if ctx.Err() == nil {
			l.report(errors.Join(live, candidate))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Refresh looks at what was published once. Its error says why this gateway does not run what is
// live. A candidate alone that does not run here is logged.
func (l *Library) Refresh(ctx context.Context) error {
	if l.config.Store == nil {
		return nil
	}
	live, candidate := l.refresh(ctx)
	if live == nil {
		l.report(candidate)
	}
	return live
}

// refresh reads the changes since the last one and switches to where they lead. What runs stays
// as it is while what is live cannot run here; a candidate that cannot is given to nobody.
func (l *Library) refresh(ctx context.Context) (live, candidate error) {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := l.readOn(ctx); err != nil {
		return err, nil
	}
	if l.read.Seq == l.running.Load().rollout.Seq && l.whole {
		return nil, nil
	}
	next := &running{rollout: l.read, live: l.config.First}
	if id := l.read.Live; id != "" {
		if next.live, live = l.published(ctx, id, l.read); live != nil {
			return live, nil
		}
	}
	if id := l.read.Candidate; id != "" {
		next.candidate, candidate = l.published(ctx, id, l.read)
	}
	if l.read.Seq != l.running.Load().rollout.Seq || candidate == nil {
		l.put(next, l.last.At)
		l.announce(next)
	}
	l.whole = candidate == nil
	return nil, candidate
}

// readOn reads the changes after those that were read. When one does not follow from those before
// it, nothing that was read with it counts.
func (l *Library) readOn(ctx context.Context) error {
	for {
		changes, err := l.config.Store.Changes(ctx, l.read.Seq, readAtOnce)
		if err != nil {
			return fmt.Errorf("release: what was published cannot be read: %w", err)
		}
		next, err := l.read.Apply(changes...)
		if err != nil {
			return fmt.Errorf("release: %w", err)
		}
		l.read = next
		if len(changes) > 0 {
			l.last = changes[len(changes)-1]
		}
		if len(changes) < readAtOnce {
			return nil
		}
	}
}

// announce logs and counts a switch.
func (l *Library) announce(r *running) {
	l.config.Metrics.Reload("ok")
	fields := []zap.Field{
		zap.String("live", r.live.Program.Revision()), zap.Int64("change", l.last.Seq),
		zap.String("kind", string(l.last.Kind)), zap.String("revision", l.last.Revision),
		zap.String("stage", string(l.last.Stage)), zap.String("actor", l.last.Actor),
		zap.String("reason", l.last.Reason), zap.Time("published_at", l.last.At),
	}
	if r.candidate.Program != nil {
		fields = append(fields, zap.String("candidate", r.candidate.Program.Revision()),
			zap.Int("test_numbers", len(r.rollout.Numbers)), zap.Int("percent", r.rollout.Percent))
	}
	l.config.Log.Info("menus switched", fields...)
}

// report counts a failure, and logs it when it is another one than at the last look.
func (l *Library) report(err error) {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	if err == nil {
		l.config.Metrics.Behind(false)
		if l.failing != "" {
			l.config.Log.Info("menus are as published again")
			l.failing = ""
		}
		return
	}
	result, say := "unreadable", l.config.Log.Warn
	var refused refusal
	switch {
	case errors.As(err, &refused):
		result, say = "refused", l.config.Log.Error
	case errors.Is(err, revision.ErrTampered):
		result, say = "broken", l.config.Log.Error
	}
	// A revision is refused once; the store is asked every time.
	if result != "refused" || l.failing != err.Error() {
		l.config.Metrics.Reload(result)
	}
	running := l.running.Load().rollout.Seq
	l.config.Metrics.Behind(result == "broken" || !l.whole || l.read.Seq != running)
	if l.failing == err.Error() {
		return
	}
	l.failing = err.Error()
	say("published menus do not run here; the old ones stay", zap.Error(err),
		zap.String("live", l.running.Load().live.Program.Revision()),
		zap.Int64("published", l.read.Seq), zap.Int64("running", running))
}
