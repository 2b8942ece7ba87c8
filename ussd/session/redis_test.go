package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/ussd/session"
	"ussdgw/ussd/session/redisserver"
	"ussdgw/ussd/session/sessiontest"
)

const patience = 20 * time.Second

func TestRedis(t *testing.T) {
	server := startServer(t)
	sessiontest.Run(t, func(t *testing.T) sessiontest.Store { return open(t, server) })
}

func TestRedisCluster(t *testing.T) {
	server := startCluster(t)
	sessiontest.Run(t, func(t *testing.T) sessiontest.Store {
		return openConfig(t, session.Config{Addrs: []string{server.Addr()}, Cluster: true})
	})
}

func TestRedisUnderSentinel(t *testing.T) {
	server := startServer(t)
	sentinel, err := redisserver.StartSentinel(within(t), t.TempDir(), "ussd", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sentinel.Stop)
	sessiontest.Run(t, func(t *testing.T) sessiontest.Store {
		return openConfig(t, session.Config{Addrs: []string{sentinel.Addr()}, MasterName: "ussd"})
	})
}

func TestRedisKeyAndTimeToLive(t *testing.T) {
	server := startServer(t)
	s := openConfig(t, session.Config{Addrs: []string{server.Addr()}, Prefix: "test:"})
	save(t, s, key("996555000001"), sessiontest.Full(1, 1))
	const name = "test:ussd:{*900#:996555000001}"
	left, err := s.Command(t.Context(), "pttl", name)
	ms, ok := left.(int64)
	if err != nil || !ok || ms <= 0 || ms > ttl.Milliseconds() {
		t.Errorf("pttl %s: got %v, %v, want 1 to %d", name, left, err, ttl.Milliseconds())
	}
}

func TestRedisForgetsItsScripts(t *testing.T) {
	s := open(t, startServer(t))
	for version := uint64(1); version < 4; version++ {
		if _, err := s.Command(t.Context(), "script", "flush"); err != nil {
			t.Fatal(err)
		}
		save(t, s, key("996555000001"), sessiontest.Full(version, version))
	}
}

func TestRedisComesBackAfterACrash(t *testing.T) {
	server := startServer(t)
	s := open(t, server)
	k := key("996555000001")
	save(t, s, k, sessiontest.Full(1, 1))
	server.Kill()
	for op, err := range map[string]error{
		"load": second(s.Load(within(t), k)),
		"save": s.Save(within(t), k, sessiontest.Full(2, 2), ttl),
		"ping": s.Ping(within(t)),
	} {
		if err == nil || errors.Is(err, session.ErrConflict) {
			t.Errorf("%s of a dead server: got %v, want an error", op, err)
		} else if !strings.HasPrefix(err.Error(), "session: redis: "+op+": "+server.Addr()+": ") {
			t.Errorf("%s: got %q, want the operation and the address first", op, err)
		}
	}
	if err := server.Restart(within(t)); err != nil {
		t.Fatal(err)
	}
	save(t, s, k, sessiontest.Full(2, 2)) // the session is gone, the step is not
	if r, err := s.Load(within(t), k); err != nil || r.Version != 2 {
		t.Errorf("load: got version %d, %v, want 2", r.Version, err)
	}
}

// A caller is not held longer than its deadline, and may repeat what it does not know.
func TestRedisThatDoesNotAnswer(t *testing.T) {
	server := startServer(t)
	s := open(t, server)
	k := key("996555000001")
	save(t, s, k, sessiontest.Full(1, 1))
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	for op, do := range map[string]func(context.Context) error{
		"load": func(ctx context.Context) error { return second(s.Load(ctx, k)) },
		"save": func(ctx context.Context) error {
			return s.Save(ctx, k, sessiontest.Full(2, 2), ttl)
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want %v", op, err, context.DeadlineExceeded)
		}
		cancel()
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	save(t, s, k, sessiontest.Full(2, 2))
}

// The server executes a save and its reply is lost: the client's own retry must not look like
// another writer's success.
func TestRedisReplyIsLost(t *testing.T) {
	server := startServer(t)
	p := startProxy(t, server.Addr())
	s := openConfig(t, session.Config{Addrs: []string{p.addr()}})
	k := key("996555000001")
	for version := uint64(1); version < 5; version++ {
		p.loseNextReply()
		save(t, s, k, sessiontest.Full(version, version))
		if !p.lost() {
			t.Fatalf("version %d: no reply was lost", version)
		}
	}
}

func TestRedisQueueIsBounded(t *testing.T) {
	const queue = 5
	silent := startProxy(t, "")
	s := openConfig(t, session.Config{
		Addrs: []string{silent.addr()}, Queue: queue, ReadTimeout: patience,
	})
	for i := range queue + 1 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		_, err := s.Load(ctx, key("996555000001"))
		cancel()
		want := context.DeadlineExceeded
		if i == queue {
			want = redis.ErrAutoPipelineQueueFull
		}
		if !errors.Is(err, want) {
			t.Errorf("load %d: got %v, want %v", i+1, err, want)
		}
	}
	silent.close()
}

func TestRedisPassword(t *testing.T) {
	const first, next, wrong = "canary-first", "canary-next", "canary-wrong"
	server := startServer(t, "--requirepass", first)
	path := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(wrong)
	config := session.Config{Addrs: []string{server.Addr()}, PasswordFile: path}
	s := openConfig(t, config)
	for op, err := range map[string]error{
		"ping": s.Ping(within(t)),
		"load": second(s.Load(within(t), key("996555000001"))),
	} {
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error without the password", op, err)
			continue
		}
		if !strings.Contains(err.Error(), "WRONGPASS") ||
			!strings.Contains(err.Error(), server.Addr()) {
			t.Errorf("%s: got %v, want the cause and the address", op, err)
		}
	}
	write(first)
	save(t, s, key("996555000001"), sessiontest.Full(1, 1))

	// The password is changed while the process runs.
	if _, err := s.Command(t.Context(), "config", "set", "requirepass", next); err != nil {
		t.Fatal(err)
	}
	write(next)
	if _, err := s.Command(t.Context(), "client", "kill", "type", "normal"); err != nil {
		t.Fatal(err)
	}
	save(t, s, key("996555000001"), sessiontest.Full(2, 2))

	write("")
	if _, err := session.OpenRedis(config, nil); err == nil {
		t.Error("an empty password file: opened, want an error")
	}
}

func TestRedisFullRefuses(t *testing.T) {
	s := open(t, startServer(t, "--maxmemory", "1"))
	err := s.Save(t.Context(), key("996555000001"), sessiontest.Full(1, 1), ttl)
	if err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("got %v, want Redis's OOM", err)
	}
}

func TestCheckServer(t *testing.T) {
	single, cluster := startServer(t), startCluster(t)
	for _, c := range []struct {
		name   string
		server *redisserver.Server
		set    []any
		want   []string
	}{
		{"as it should be", single, []any{"maxmemory-policy", "noeviction"}, nil},
		{
			"evicts", single,
			[]any{"maxmemory-policy", "allkeys-lru"},
			[]string{"redis may drop live sessions"},
		},
		{
			"cluster as it should be", cluster,
			[]any{"cluster-require-full-coverage", "no"},
			nil,
		},
		{
			"cluster that stops as a whole and evicts", cluster,
			[]any{"cluster-require-full-coverage", "yes", "maxmemory-policy", "volatile-ttl"},
			[]string{
				"redis cluster stops as a whole when one shard has no master",
				"redis may drop live sessions",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			core, logs := observer.New(zapcore.WarnLevel)
			s := openLogging(t, session.Config{
				Addrs: []string{c.server.Addr()}, Cluster: c.server == cluster,
			}, zap.New(core))
			set := append([]any{"config", "set"}, c.set...)
			if _, err := s.Command(within(t), set...); err != nil {
				t.Fatal(err)
			}
			if err := s.CheckServer(within(t)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, entry := range logs.All() {
				got = append(got, entry.Message)
			}
			if strings.Join(got, "; ") != strings.Join(c.want, "; ") {
				t.Errorf("warnings: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckServerThatIsNotThere(t *testing.T) {
	server := startServer(t)
	s := open(t, server)
	server.Stop()
	if err := s.CheckServer(within(t)); err == nil ||
		!strings.Contains(err.Error(), server.Addr()) {
		t.Errorf("got %v, want an error with the address", err)
	}
}

const ttl = 10 * time.Minute

func save(t *testing.T, s *session.Redis, k session.Key, r session.Record) {
	t.Helper()
	if err := s.Save(within(t), k, r, ttl); err != nil {
		t.Fatalf("save version %d: %v", r.Version, err)
	}
}

func second(_ session.Record, err error) error { return err }

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func startServer(t *testing.T, settings ...string) *redisserver.Server {
	t.Helper()
	redisserver.Need(t)
	server, err := redisserver.Start(within(t), t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// startCluster runs a whole Cluster that is one node.
func startCluster(t *testing.T, settings ...string) *redisserver.Server {
	t.Helper()
	redisserver.Need(t)
	server, err := redisserver.StartCluster(within(t), t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	s := open(t, server)
	if _, err := s.Command(within(t), "cluster", "addslotsrange", 0, 16383); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ctx := within(t); ; {
		info, err := s.Command(ctx, "cluster", "info")
		if err != nil {
			t.Fatalf("cluster info: %v", err)
		}
		if text, _ := info.(string); strings.Contains(text, "cluster_state:ok") {
			return server
		}
		<-tick.C
	}
}

func open(t *testing.T, server *redisserver.Server) *session.Redis {
	t.Helper()
	return openConfig(t, session.Config{Addrs: []string{server.Addr()}})
}

func openConfig(t *testing.T, config session.Config) *session.Redis {
	t.Helper()
	return openLogging(t, config, nil)
}

func openLogging(t *testing.T, config session.Config, log *zap.Logger) *session.Redis {
	t.Helper()
	s, err := session.OpenRedis(config, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// BenchmarkRedisStep is a load and a save, as a step of a dialogue does them, of many subscribers
// at once.
func BenchmarkRedisStep(b *testing.B) {
	redisserver.Need(b)
	server, err := redisserver.Start(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer server.Stop()
	s, err := session.OpenRedis(session.Config{Addrs: []string{server.Addr()}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const subscribersPerCPU = 64
	b.SetParallelism(subscribersPerCPU)
	var last atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		k := key(fmt.Sprintf("9965550%05d", last.Add(1)))
		for pb.Next() {
			r, err := s.Load(b.Context(), k)
			if err != nil {
				b.Error(err)
				return
			}
			next := sessiontest.Full(r.Version+1, r.Version+1)
			if err := s.Save(b.Context(), k, next, ttl); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// Another gateway may share the server under a prefix of its own, with signs that mean something
// in a pattern of Redis.
func TestEachKeepsToItsPrefix(t *testing.T) {
	server := startServer(t)
	count := func(prefix string) (n int) {
		s := openConfig(t, session.Config{Addrs: []string{server.Addr()}, Prefix: prefix})
		if err := s.Each(t.Context(), func(session.Record) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i, prefix := range []string{"", "a1:", "a[1]:", "a*:"} {
		s := openConfig(t, session.Config{Addrs: []string{server.Addr()}, Prefix: prefix})
		for k := range i + 1 {
			save(t, s, key(fmt.Sprintf("99655500000%d", k)), sessiontest.Full(1, 1))
		}
	}
	for i, prefix := range []string{"", "a1:", "a[1]:", "a*:"} {
		if got := count(prefix); got != i+1 {
			t.Errorf("prefix %q: %d sessions were seen, want %d", prefix, got, i+1)
		}
	}
}
