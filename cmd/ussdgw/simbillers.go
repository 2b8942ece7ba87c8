package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/biller/billersim"
)

// simBillers are the billers of dev and of test: every name that the menus have is a provider of one
// simulator, which speaks OSMP over loopback.
type simBillers struct {
	sim      *billersim.Server
	listener net.Listener
	timeout  time.Duration // of one request
	metrics  *metrics      // nil: nothing is counted

	mu    sync.Mutex
	found map[string]biller.Biller
}

// simTimeout is how long dev waits for its own providers: a fault shows within a step.
const simTimeout = 5 * time.Second

// openSimBillers takes a port of loopback, which run gives back.
func openSimBillers(
	faults []billersim.Fault, now func() time.Time, m *metrics,
) (*simBillers, error) {
	zone, err := time.LoadLocation(wallet.ZoneName)
	if err != nil {
		return nil, err
	}
	s := &simBillers{
		sim: billersim.New(billersim.Config{Zone: zone, Now: now}), timeout: simTimeout, metrics: m,
		found: make(map[string]biller.Biller),
	}
	for _, f := range faults {
		if err := s.sim.AddFault(f); err != nil {
			return nil, err
		}
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("billers: %w", err)
	}
	return s, nil
}

// url is where the simulator is.
func (s *simBillers) url() string { return "http://" + s.listener.Addr().String() }

// run serves until ctx ends.
func (s *simBillers) run(ctx context.Context) error { return s.sim.Run(ctx, s.listener) }

// find makes the client of any name at its first use.
func (s *simBillers) find(name string) (biller.Biller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.found[name]; ok {
		return b, true
	}
	c := defaultBiller()
	c.Name, c.URL, c.Timeout = name, s.url()+"/osmp/"+name, s.timeout
	guard, err := c.open()
	if err != nil {
		return nil, false
	}
	s.found[name] = s.metrics.counted(name, guard)
	return s.found[name], true
}
