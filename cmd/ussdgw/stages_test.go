package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"testing"
)

func TestStagesStopInReverseOrderEachCompletely(t *testing.T) {
	var order []string
	s := newStages()
	for _, name := range []string{"console", "poster", "link"} {
		s.start(name, func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name) // a race here means that two stopped at once
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.wait(ctx)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"link", "poster", "console"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v", order, want)
	}
}

func TestAStageThatFailsEndsTheWait(t *testing.T) {
	broken := errors.New("broken")
	s := newStages()
	s.start("good", func(ctx context.Context) error { <-ctx.Done(); return nil })
	s.start("bad", func(context.Context) error { return broken })
	s.wait(t.Context())
	if err := s.stop(); !errors.Is(err, broken) || err.Error() != "bad: broken" {
		t.Errorf("got %v, want bad: broken", err)
	}
}

func TestNotifyWritesToTheManagersSocket(t *testing.T) {
	if err := notify(notifyReady); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := notify(notifyReady); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 64)
	n, err := conn.Read(got)
	if err != nil || string(got[:n]) != notifyReady {
		t.Errorf("got %q, %v; want %q", got[:n], err, notifyReady)
	}
}
