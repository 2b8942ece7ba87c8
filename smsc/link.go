package smsc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc/pdu"
)

// A Link keeps one account bound to an SMSC: it binds, binds again when the connection is lost,
// and hands messages over in both directions. It is safe for concurrent use.
type Link struct {
	config  Config
	handler Handler
	log     *zap.Logger
	metrics Metrics

	submits   chan submission // taken by the loop of the bind while its window has room
	reference atomic.Uint32   // of the last long SMS; its low octet is on the wire
	sequence  uint32          // of the last request; owned by Run

	mu      sync.Mutex
	running bool
	bound   bool
	up      chan struct{} // closed while bound
	down    chan struct{} // closed while not bound
}

// NewLink returns a link that does nothing until Run. metrics may be nil.
func NewLink(c Config, h Handler, log *zap.Logger, metrics Metrics) (*Link, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("smsc: link: %w", err)
	}
	if metrics == nil {
		metrics = noMetrics{}
	}
	l := &Link{
		config:  c,
		handler: h,
		log:     log.With(zap.String("link", c.Name)),
		metrics: metrics,
		submits: make(chan submission),
		up:      make(chan struct{}),
		down:    make(chan struct{}),
	}
	close(l.down)
	// Another start of the process must not continue the references of the last: a phone could
	// join their segments.
	l.reference.Store(rand.Uint32())
	return l, nil
}

// Run keeps the link bound until ctx is done. Then it unbinds, waits shortly for the response,
// closes the connection and returns nil. It panics when it is called twice.
func (l *Link) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running {
		panic("smsc: Link.Run called twice")
	}
	l.running = true
	l.mu.Unlock()

	pause := l.config.ReconnectMin
	for ctx.Err() == nil {
		wasBound, err := l.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if wasBound {
			pause = l.config.ReconnectMin
		}
		wait := pause/2 + rand.N(pause/2+1)
		l.log.Warn("link is down", zap.Error(err), zap.Duration("again_in", wait))
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		pause = min(2*pause, l.config.ReconnectMax)
	}
	return nil
}

// Bound reports whether the link is bound.
func (l *Link) Bound() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bound
}

// WaitBound returns nil as soon as the link is bound, or the error of ctx.
func (l *Link) WaitBound(ctx context.Context) error {
	l.mu.Lock()
	up := l.up
	l.mu.Unlock()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("smsc: wait bound: %w", ctx.Err())
	}
}

// Submit sends a message and waits for its response. It waits too while the window is full. The
// sequence_number of sm is ignored, and sm is not changed.
//
// The error is nil, a *StatusError, ErrNotSent (also while the link is not bound), ErrUnknown, or
// wraps pdu.ErrField for a message that cannot be sent at all. When ctx ends, it is ErrNotSent or
// ErrUnknown depending on how far the message has come.
func (l *Link) Submit(ctx context.Context, sm *pdu.SubmitSM) (*pdu.SubmitSMResp, error) {
	var p pdu.PDU = sm
	if sm.DataSM {
		p = &pdu.DataSM{Message: sm.Message}
	}
	frame, err := pdu.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("smsc: submit: %w", err)
	}
	l.mu.Lock()
	down := l.down
	l.mu.Unlock()
	result := make(chan settlement, 1)
	select {
	case <-down:
		return nil, ErrNotSent
	case <-ctx.Done():
		return nil, ErrNotSent
	default:
	}
	select {
	case l.submits <- submission{p.Head().Command, frame, result}:
	case <-down:
		return nil, ErrNotSent
	case <-ctx.Done():
		return nil, ErrNotSent
	}
	select {
	case s := <-result:
		return s.response, s.err
	case <-ctx.Done():
	}
	// The loop may have settled it at the same moment: what it knows is better than nothing.
	select {
	case s := <-result:
		return s.response, s.err
	default:
		return nil, ErrUnknown
	}
}

// session runs one connection from dial to close.
func (l *Link) session(ctx context.Context) (wasBound bool, err error) {
	dialCtx, cancel := context.WithTimeout(ctx, l.config.BindTimeout)
	defer cancel()
	conn, err := l.config.Dial(dialCtx)
	if err != nil {
		return false, fmt.Errorf("smsc: dial: %w", err)
	}
	b := newBind(l, conn)
	err = b.run(ctx)
	l.sequence = b.machine.sequence
	l.setBound(false)
	return b.wasBound, err
}

func (l *Link) setBound(bound bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bound == bound {
		return
	}
	l.bound = bound
	l.metrics.Bound(l.config.Name, bound)
	if bound {
		close(l.up)
		l.down = make(chan struct{})
	} else {
		close(l.down)
		l.up = make(chan struct{})
	}
}

type noMetrics struct{}

func (noMetrics) PDU(string, string, string, string) {}
func (noMetrics) Window(string, int)                 {}
func (noMetrics) Bound(string, bool)                 {}

// errPanic marks a bind that ended in a panic of the handler or of a decoder.
var errPanic = errors.New("smsc: panic in the bind's loop")
