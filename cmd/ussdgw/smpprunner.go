package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"ussdgw/ussd/session/redisserver"
	"ussdgw/ussd/transcript"
	"ussdgw/wallet/ledger/pgserver"
)

// closers ends what was started, the latest first.
type closers []func() error

func (c *closers) add(end func() error) { *c = append(*c, end) }

func (c *closers) close() error {
	var err error
	for _, end := range slices.Backward(*c) {
		err = errors.Join(err, end())
	}
	return err
}

// overSMPP makes r open its worlds over SMPP. stop ends the servers that were started for it.
func overSMPP(
	ctx context.Context, o testOptions, w worldSettings, r *transcript.Runner,
) (stop func() error, err error) {
	set := smppSettings{
		worldSettings: w, postgresURL: o.postgres, redisAddr: o.redis,
		run: "test_" + strings.ToLower(rand.Text()[:8]), count: new(atomic.Int64),
		capture: o.capture,
	}
	ends := new(closers)
	if err := startServers(ctx, &set, ends); err != nil {
		return nil, errors.Join(err, ends.close())
	}
	r.FixedClock = true
	r.Open = func(
		ctx context.Context, s transcript.Scenario, pins transcript.PINs,
	) (transcript.World, error) {
		return openSMPPWorld(ctx, set, s, pins)
	}
	return ends.close, nil
}

// startServers starts private servers for what the settings do not name.
func startServers(ctx context.Context, set *smppSettings, ends *closers) error {
	if set.postgresURL == "" {
		if err := pgserver.Available(); err != nil {
			return fmt.Errorf("no PostgreSQL to start: %w\n"+
				"install PostgreSQL, or name a server with --postgres", err)
		}
		s, err := pgserver.Start(ctx, "", pgserver.NoSync())
		if err != nil {
			return err
		}
		ends.add(func() error { s.Stop(); return nil })
		set.postgresURL = s.URL()
	}
	if set.redisAddr == "" {
		if err := redisserver.Available(); err != nil {
			return fmt.Errorf("no Redis to start: %w\n"+
				"install Redis, or name a server with --redis", err)
		}
		dir, err := os.MkdirTemp("", "ussdgw-redis-")
		if err != nil {
			return err
		}
		ends.add(func() error { return os.RemoveAll(dir) })
		s, err := redisserver.Start(ctx, dir)
		if err != nil {
			return err
		}
		ends.add(func() error { s.Stop(); return nil })
		set.redisAddr = s.Addr()
	}
	return nil
}
