package redisserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ussdgw/ussd/session/redisserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func start(t *testing.T, settings ...string) *redisserver.Server {
	t.Helper()
	redisserver.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := redisserver.Start(ctx, t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// say sends one inline command on a connection of its own and returns the first reply line.
func say(addr, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}

func mustSay(t *testing.T, addr, command, want string) {
	t.Helper()
	got, err := say(addr, command)
	if err != nil || got != want {
		t.Errorf("%s: got %q, %v, want %q", command, got, err, want)
	}
}

func TestServerLives(t *testing.T) {
	s := start(t)
	if host, _, err := net.SplitHostPort(s.Addr()); err != nil || host != "127.0.0.1" {
		t.Errorf("address %s: want one on the loopback", s.Addr())
	}
	mustSay(t, s.Addr(), "PING", "+PONG")
	mustSay(t, s.Addr(), "SET a 1", "+OK")

	s.Kill()
	if got, err := say(s.Addr(), "PING"); err == nil {
		t.Errorf("after Kill: got %q, want a refused connection", got)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustSay(t, s.Addr(), "EXISTS a", ":0")
	if err := s.Restart(t.Context()); err == nil {
		t.Error("restart of a running server: want an error")
	}

	s.Stop()
	s.Stop()
	if err := s.Pause(); err == nil {
		t.Error("pause of a stopped server: want an error")
	}
}

func TestSettings(t *testing.T) {
	s := start(t, "--requirepass", "open sesame")
	mustSay(t, s.Addr(), "PING", "-NOAUTH Authentication required.")
}

func TestRefusedSettingIsToldInTheServersWords(t *testing.T) {
	redisserver.Need(t)
	_, err := redisserver.Start(t.Context(), t.TempDir(), "--no-such-setting", "1")
	if err == nil || !strings.Contains(err.Error(), "no-such-setting") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

func TestStartWithAnEndedContext(t *testing.T) {
	redisserver.Need(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := redisserver.Start(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestTwoServersAtOnce(t *testing.T) {
	a, b := start(t), start(t)
	if a.Addr() == b.Addr() {
		t.Errorf("both at %s", a.Addr())
	}
}
