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

// simBillers are the billers of dev and of test: every name that the menus have is a provider of
// one simulator, which speaks OSMP over loopback.
type simBillers struct {
	sim      *billersim.Server
	listener net.Listener
	timeout  time.Duration // of one request
	zone     *time.Location
	metrics  *metrics // nil: nothing is counted

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
		sim: billersim.New(billersim.Config{Zone: zone, Now: now}), timeout: simTimeout, zone: zone,
		metrics: m,
		found:   make(map[string]biller.Biller),
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
	s.found[name] = s.metrics.counted(name, biller.NewGuard(simProviders{s}, biller.GuardConfig{}))
	return s.found[name], true
}

// simProviders are the clients of the simulator, one for each provider of the catalogue: so are the
// faults and the lists of what was paid.
type simProviders struct{ *simBillers }

func (s simProviders) client(r biller.Request) (biller.Biller, error) {
	return biller.NewOSMP(biller.Config{
		URL: s.url() + "/osmp/" + r.Provider, Timeout: s.timeout, Zone: s.zone,
	})
}

func (s simProviders) Check(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(r, func(b biller.Biller) (biller.Answer, error) { return b.Check(ctx, r) })
}

func (s simProviders) Pay(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(r, func(b biller.Biller) (biller.Answer, error) { return b.Pay(ctx, r) })
}

func (s simProviders) Status(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return s.ask(r, func(b biller.Biller) (biller.Answer, error) { return b.Status(ctx, r) })
}

func (s simProviders) ask(
	r biller.Request, do func(biller.Biller) (biller.Answer, error),
) (biller.Answer, error) {
	b, err := s.client(r)
	if err != nil {
		return biller.Answer{Verdict: biller.VerdictUnknown, Reason: biller.ReasonNotSent}, err
	}
	return do(b)
}
