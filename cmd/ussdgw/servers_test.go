package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"ussdgw/ussd/session/redisserver"
	"ussdgw/wallet/ledger/pgserver"
)

// ours are the servers of this test binary. TestMain stops them.
var ours servers

// servers are one PostgreSQL and one Redis that tests share. The first test that needs one starts
// it.
type servers struct {
	mu       sync.Mutex
	postgres *pgserver.Server
	redis    *redisserver.Server
	redisDir string
	places   int // given out
}

// A place is where one test keeps its books and its sessions, apart from those of the others.
type place struct {
	servers *servers
	url     string // of PostgreSQL
	schema  string
	redis   string // HOST:PORT
	prefix  string // of its keys
}

// needPlace gives a test its place on the servers of this binary.
func needPlace(t *testing.T) place {
	t.Helper()
	pgserver.Need(t)
	redisserver.Need(t)
	ours.mu.Lock()
	defer ours.mu.Unlock()
	if err := ours.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ours.places++
	name := fmt.Sprintf("place_%d", ours.places)
	return place{
		servers: &ours, url: ours.postgres.URL(), schema: name,
		redis: ours.redis.Addr(), prefix: name + ":",
	}
}

// start starts what does not run yet. The caller holds mu.
func (s *servers) start(ctx context.Context) (err error) {
	if s.postgres == nil {
		if s.postgres, err = pgserver.Start(ctx, "", pgserver.NoSync()); err != nil {
			return err
		}
	}
	if s.redis != nil {
		return nil
	}
	if s.redisDir, err = os.MkdirTemp("", "ussdgw-redis-"); err != nil {
		return err
	}
	s.redis, err = redisserver.Start(ctx, s.redisDir)
	return err
}

func (s *servers) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.postgres != nil {
		s.postgres.Stop()
	}
	if s.redis != nil {
		s.redis.Stop()
	}
	if s.redisDir != "" {
		_ = os.RemoveAll(s.redisDir) // a leftover in the temporary directory harms nobody
	}
}

// ownRedis starts a Redis that the test may stop.
func ownRedis(t *testing.T) *redisserver.Server {
	t.Helper()
	redisserver.Need(t)
	s, err := redisserver.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// needTools ends a test that cannot run a program which the servers' packages do not bring along,
// as Need does.
func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		switch _, err := exec.LookPath(name); {
		case err == nil:
		case os.Getenv(pgserver.Required) == pgserver.RequiredValue:
			t.Fatalf("%s=%s: %v", pgserver.Required, pgserver.RequiredValue, err)
		default:
			t.Skipf("needs %s: %v", name, err)
		}
	}
}
