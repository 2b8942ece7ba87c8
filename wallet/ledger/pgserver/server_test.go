package pgserver_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"testing"

	"go.uber.org/goleak"

	"ussdgw/wallet/ledger/pgserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestServer checks the life of a server without a client for its protocol; pgstore's tests are
// its real user.
func TestServer(t *testing.T) {
	pgserver.Need(t)
	s, err := pgserver.Start(t.Context(), "", pgserver.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	dial := func() error {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
		if err == nil {
			_ = conn.Close() // it was only to see that somebody listens
		}
		return err
	}
	if host := u.Hostname(); host != "127.0.0.1" {
		t.Errorf("it listens on %s", host)
	}
	if err := dial(); err != nil {
		t.Errorf("running: %v", err)
	}
	first := s.PID()
	s.Kill()
	if dial() == nil {
		t.Error("killed, but it answers")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := dial(); err != nil || s.PID() == first {
		t.Errorf("restarted: process %d, was %d: %v", s.PID(), first, err)
	}
	s.Stop()
	if dial() == nil {
		t.Error("stopped, but it answers")
	}
}

func TestStartFaults(t *testing.T) {
	pgserver.Need(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pgserver.Start(ctx, ""); err == nil {
		t.Error("no error for a context that has ended")
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pgserver.Start(t.Context(), file); err == nil {
		t.Error("no error for a file in place of a directory")
	}
}
