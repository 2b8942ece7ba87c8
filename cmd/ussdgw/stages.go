package main

import (
	"context"
	"fmt"
	"sync"
)

// stages runs the parts of a process that must stop in the reverse order of their start. The
// zero value is ready.
type stages struct {
	mu      sync.Mutex
	failure error         // of the first part that ended by itself
	failed  chan struct{} // closed with failure
	running []stage       // in the order of their start; used by one goroutine
}

// stage is one running part.
type stage struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func newStages() *stages { return &stages{failed: make(chan struct{})} }

// start runs a part until stop. A part that ends before with an error is a failure of the whole.
func (s *stages) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	part := stage{cancel: cancel, ended: make(chan struct{})}
	s.running = append(s.running, part)
	go func() {
		defer close(part.ended)
		if err := run(ctx); err != nil {
			s.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
}

func (s *stages) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		s.failure = err
		close(s.failed)
	}
}

// wait returns when ctx ends or a part has failed.
func (s *stages) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.failed:
	}
}

// stop ends the parts, the latest first, each completely before the next, and returns the first
// failure.
func (s *stages) stop() error {
	for i := len(s.running) - 1; i >= 0; i-- {
		s.running[i].cancel()
		<-s.running[i].ended
	}
	s.running = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}
