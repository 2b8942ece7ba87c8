// Package console is the HTTP side of a gateway: health for those who run it, metrics, and in
// development a phone. It owns the listener, its limits and its time-outs. What is healthy it
// learns from the checks it is given; it knows no wallet, no store and no menu.
//
// Goroutines: Run starts the HTTP server's and returns when they have ended.
package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// The limits of a request. The write time-out is longer than the longest wait of a phone.
const (
	maxHeaderOctets   = 16 << 10
	maxBodyOctets     = 64 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 2 * time.Minute
	idleTimeout       = time.Minute
	checkTimeout      = 2 * time.Second // of one readiness check
	closeTimeout      = 3 * time.Second // for requests under way at a stop
)

// A Check says whether something that the gateway needs is there. Ready returns nil, or why not;
// it ends when its ctx does.
type Check struct {
	Name  string
	Ready func(ctx context.Context) error
}

// Config is what a Server is made of.
type Config struct {
	Addr    string       // host:port; port 0 takes a free one
	Checks  []Check      // in the order in which /readyz prints them
	Metrics http.Handler // of /metrics; nil: there is none
	Phone   http.Handler // of /phone/; nil: there is none. Refused unless Addr is loopback
	Log     *zap.Logger  // nil logs nothing
}

// A Server answers /livez, /readyz, /metrics and, where it has one, /phone/.
type Server struct {
	cfg      Config
	listener net.Listener
	log      *zap.Logger
	stopping atomic.Bool
}

// Listen takes the address. It answers nothing until Run.
func Listen(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if cfg.Phone != nil && !isLoopback(listener.Addr().String()) {
		err := fmt.Errorf("console: a phone is served on loopback only, not on %s", cfg.Addr)
		return nil, errors.Join(err, listener.Close())
	}
	return &Server{cfg: cfg, listener: listener, log: cfg.Log}, nil
}

// Addr is the address that was taken, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Stopping makes /readyz fail from now on: no more work should be sent here.
func (s *Server) Stopping() { s.stopping.Store(true) }

// Run answers requests until ctx ends, and then returns nil when those under way are over or
// closeTimeout has passed.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderOctets,
		ErrorLog:          zap.NewStdLog(s.log.Named("http")),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("console: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		s.log.Warn("console requests cut off", zap.Error(errors.Join(err, server.Close())))
	}
	<-failed
	return nil
}

// Close gives the address back when Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Handler is all that the server answers, without its listener.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", live)
	mux.HandleFunc("GET /readyz", s.ready)
	if s.cfg.Metrics != nil {
		mux.Handle("GET /metrics", s.cfg.Metrics)
	}
	if s.cfg.Phone != nil {
		mux.Handle("/phone/", localOnly(http.StripPrefix("/phone", s.cfg.Phone)))
	}
	return http.MaxBytesHandler(plain(mux), maxBodyOctets)
}

// plain keeps browsers from reading more into an answer than it says.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		next.ServeHTTP(w, r)
	})
}

// localOnly refuses what a web page elsewhere could make a browser on this machine send: a
// foreign Host (a name that was bound anew to loopback) and a cross-site Origin.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) || r.Header.Get("Origin") != "" {
			http.Error(w, "this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
