package cashdesk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"
)

// Bounds of a connection. The write time-out is longer than a request takes.
const (
	maxHeaderOctets   = 16 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = requestTimeout + 10*time.Second
	idleTimeout       = time.Minute
	closeTimeout      = requestTimeout + 2*time.Second // for requests under way at a stop
	// DefaultMaxRequests is the default of Config.MaxRequests.
	DefaultMaxRequests = 64
)

// Config is what a Server is made of.
type Config struct {
	Addr     string // host:port; port 0 takes a free one
	Networks []Network
	// TLS has the certificate; nil is plain HTTP, which is refused unless Addr is loopback. Versions
	// before 1.2 are never spoken.
	TLS *tls.Config
	// MaxRequests is how many requests are worked on at once; others get 503 at once [64].
	MaxRequests int
	Metrics     Metrics     // nil counts nothing
	Log         *zap.Logger // nil logs nothing
}

// A Server answers agents.
type Server struct {
	listener net.Listener
	handler  http.Handler
	log      *zap.Logger
}

// Listen takes the address. It answers nothing until Run. It fails when the configuration is wrong,
// and for plain HTTP on an address that others can reach.
func Listen(c Config, issuer Issuer) (*Server, error) {
	h, err := NewHandler(c, issuer)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("cashdesk: %w", err)
	}
	if c.TLS == nil && !loopback(listener.Addr()) {
		err := fmt.Errorf("cashdesk: plain HTTP is served on loopback only, not on %s", c.Addr)
		return nil, errors.Join(err, listener.Close())
	}
	if c.TLS != nil {
		secure := c.TLS.Clone()
		secure.MinVersion = max(secure.MinVersion, tls.VersionTLS12)
		secure.NextProtos = []string{"http/1.1"}
		listener = tls.NewListener(listener, secure)
	}
	return &Server{listener: listener, handler: h, log: c.Log}, nil
}

// NewHandler is what a Server answers, without its listener.
func NewHandler(c Config, issuer Issuer) (http.Handler, error) {
	d, err := newDoors(c.Networks)
	if err != nil {
		return nil, err
	}
	if c.MaxRequests == 0 {
		c.MaxRequests = DefaultMaxRequests
	}
	if c.MaxRequests < 1 {
		return nil, fmt.Errorf("cashdesk: %d requests at once", c.MaxRequests)
	}
	h := &handler{
		issuer: issuer, doors: d, slots: make(chan struct{}, c.MaxRequests), metrics: c.Metrics,
		log: c.Log,
	}
	if h.metrics == nil {
		h.metrics = noMetrics{}
	}
	if h.log == nil {
		h.log = zap.NewNop()
	}
	return h, nil
}

func loopback(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// Addr is the address that was taken, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close gives the address back when Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Run answers until ctx ends. Then it takes no more requests, waits for those under way, and
// returns nil.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderOctets,
		ErrorLog:          zap.NewStdLog(s.log.Named("http")),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("cashdesk: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		s.log.Warn("requests of agents cut off", zap.Error(errors.Join(err, server.Close())))
	}
	<-failed
	return nil
}
