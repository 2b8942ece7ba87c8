package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ussdgw/ussd/console"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T, cfg console.Config) *console.Server {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s, err := console.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func get(t *testing.T, h http.Handler, path string, edit ...func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9900"+path, nil)
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestReadyTellsWhatIsNotReadyAndWhy(t *testing.T) {
	down := errors.New("dial tcp 127.0.0.1:6379:\nconnection refused")
	var redis error
	s := listen(t, console.Config{Checks: []console.Check{
		{Name: "postgres", Ready: func(context.Context) error { return nil }},
		{Name: "redis", Ready: func(context.Context) error { return redis }},
	}})
	for _, tt := range []struct {
		name   string
		redis  error
		status int
		body   string
	}{
		{"all ready", nil, 200, "[+] postgres\n[+] redis\nready\n"},
		{
			"one is down", down, 503,
			"[+] postgres\n[-] redis: dial tcp 127.0.0.1:6379: connection refused\nnot ready\n",
		},
	} {
		redis = tt.redis
		if status, body := get(t, s.Handler(), "/readyz"); status != tt.status || body != tt.body {
			t.Errorf("%s: got %d %q, want %d %q", tt.name, status, body, tt.status, tt.body)
		}
	}
	redis = nil
	s.Stopping()
	want := "[-] process: stopping\n[+] postgres\n[+] redis\nnot ready\n"
	if status, body := get(t, s.Handler(), "/readyz"); status != 503 || body != want {
		t.Errorf("stopping: got %d %q, want 503 %q", status, body, want)
	}
	if status, _ := get(t, s.Handler(), "/livez"); status != 200 {
		t.Errorf("a process that stops is alive: got %d, want 200", status)
	}
}

func TestReadyBoundsAHangingCheck(t *testing.T) {
	s := listen(t, console.Config{Checks: []console.Check{{
		Name:  "link",
		Ready: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	}}})
	started := time.Now()
	status, body := get(t, s.Handler(), "/readyz")
	if status != 503 || !strings.Contains(body, "[-] link: context deadline exceeded") {
		t.Errorf("got %d %q, want 503 and the deadline", status, body)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOnlyWhatIsMountedIsServed(t *testing.T) {
	s := listen(t, console.Config{})
	for _, path := range []string{"/metrics", "/phone/", "/debug/pprof/", "/"} {
		if status, _ := get(t, s.Handler(), path); status != 404 {
			t.Errorf("%s: got %d, want 404", path, status)
		}
	}
}

func TestPhoneIsForThisMachineOnly(t *testing.T) {
	phone := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
	})
	s := listen(t, console.Config{Phone: phone})
	for _, tt := range []struct {
		name   string
		edit   func(*http.Request)
		status int
	}{
		{"loopback", func(*http.Request) {}, 200},
		{"localhost", func(r *http.Request) { r.Host = "localhost:9900" }, 200},
		{"IPv6", func(r *http.Request) { r.Host = "[::1]:9900" }, 200},
		{"a name bound anew", func(r *http.Request) { r.Host = "evil.example:9900" }, 403},
		{"a web page", func(r *http.Request) { r.Header.Set("Origin", "http://a.example") }, 403},
	} {
		status, body := get(t, s.Handler(), "/phone/dial", tt.edit)
		if status != tt.status || status == 200 && body != "/dial" {
			t.Errorf("%s: got %d %q, want %d", tt.name, status, body, tt.status)
		}
	}
	if _, err := console.Listen(console.Config{Addr: "0.0.0.0:0", Phone: phone}); err == nil {
		t.Error("a phone on every interface was accepted")
	}
}

func TestBodyIsBounded(t *testing.T) {
	var got error
	s := listen(t, console.Config{Phone: http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) { _, got = io.ReadAll(r.Body) },
	)})
	body := strings.NewReader(strings.Repeat("x", 64<<10+1))
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/phone/send", body)
	s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	var tooLong *http.MaxBytesError
	if !errors.As(got, &tooLong) {
		t.Errorf("a body of 64 KiB + 1 was read: %v", got)
	}
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	s, err := console.Listen(console.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	resp, err := http.Get("http://" + s.Addr() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := console.Listen(console.Config{Addr: s.Addr()}); err != nil {
		t.Errorf("the address was not given back: %v", err)
	}
}
