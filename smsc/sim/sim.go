// Package sim is a message centre for tests, for `ussdgw dev` and for trying menus by hand. It
// listens for ESMEs over real SMPP, plays the subscribers' phones, collects the SMS they are sent
// and records every breach of the protocol it is shown.
//
// Center.Run starts one goroutine for the listener and two for each connection. The package never
// imports smsc: its codec is its own, so that it can find the mistakes of the other.
package sim

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
)

// Bounds of one center.
const (
	maxDialogues = 100_000 // dialogues known at once
	maxOver      = 10_000  // of them, those that are over
	maxSessions  = 256     // tries to find a number that the subscriber does not use yet
	maxFaults    = 1_000   // faults kept; later ones are counted only
	maxMessages  = 10_000  // SMS kept for one number
	maxSegments  = 10_000  // long SMS that are not complete
	maxConns     = 256     // connections at once
	maxScreens   = 16      // screens of one dialogue that nobody has read
)

// lately is how long the number of a dialogue that is over is not given to its subscriber again.
const lately = 10 * time.Second

// A Config says how the center behaves. The zero value is not usable: SystemID is required.
type Config struct {
	Dialect  dialect.Dialect
	SystemID string
	Password string
	Logger   *zap.Logger // nil logs nothing

	EnquireLink  time.Duration // silence after which enquire_link is sent [30s]
	WriteTimeout time.Duration // for one PDU [10s]

	// Alternate gives each input of a dialogue to another ESME than the one before it, where there
	// is one. Without it a dialogue stays with the ESME that has its begin.
	Alternate bool

	// Interfere is asked about every submit_sm before it has any effect, nil for never. An answer
	// other than Proceed is given instead of one's own. It is called from many goroutines.
	Interfere func(*pdu.SubmitSM) Interference
}

// An Interference is a fault that is put into the answer to a submit_sm.
type Interference struct {
	Status pdu.Status // answer this and show nothing; StatusOK proceeds
	Silent bool       // show it, but never answer
}

// A Screen is what a phone shows.
type Screen struct {
	Text     string
	End      bool // the dialogue is over
	Alphabet charset.Alphabet
	Units    int // septets or UTF-16 units of Text as they were on the wire
}

// An SMS is a message that a phone has received, whole.
type SMS struct {
	From, To, Text string
	Parts          int // segments it came in
	At             time.Time
}

// A Fault is a breach of the protocol by an ESME.
type Fault struct {
	At     time.Time
	Reason string // without numbers and texts
}

var (
	// ErrNotBound says that no ESME is bound that could be given an input.
	ErrNotBound = errors.New("sim: no ESME is bound")
	// ErrEnded says that the dialogue is over: no input can be delivered.
	ErrEnded = errors.New("sim: the dialogue has ended")
	// ErrFull says that the center plays more dialogues than it can.
	ErrFull = errors.New("sim: too many dialogues")
)

// A RefusedError says that the ESME has answered a deliver_sm with an error.
type RefusedError struct{ Status pdu.Status }

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("sim: input refused: %v", e.Status) }

// A Center is a message centre. It is safe for concurrent use.
type Center struct {
	config   Config
	log      *zap.Logger
	listener net.Listener
	recorder recorder

	mu        sync.Mutex
	closed    bool
	conns     map[*conn]struct{}
	bound     []*conn // in the order of binding
	turn      int     // whose turn it is among them
	changed   chan struct{}
	number    uint16 // of the last dialogue
	dialogues map[key]*Dialogue
	over      []*Dialogue // those that have ended, oldest first
	messages  map[string][]SMS
	segments  map[segmentKey]*segments
	faults    []Fault
	faultsAll int
	strays    int
}

// A key tells dialogues apart: session numbers are reused.
type key struct {
	subscriber string
	session    uint16
}

// Listen opens the port of a center: "127.0.0.1:0" is any free one of loopback. Nothing is
// accepted before Run.
func Listen(addr string, c Config) (*Center, error) {
	if c.SystemID == "" || c.Dialect.Name == "" {
		return nil, errors.New("sim: listen: system_id and dialect are required")
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.EnquireLink == 0 {
		c.EnquireLink = 30 * time.Second
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = 10 * time.Second
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sim: listen: %w", err)
	}
	return &Center{
		config:    c,
		log:       c.Logger,
		listener:  listener,
		conns:     map[*conn]struct{}{},
		changed:   make(chan struct{}),
		dialogues: map[key]*Dialogue{},
		messages:  map[string][]SMS{},
		segments:  map[segmentKey]*segments{},
	}, nil
}

// Addr returns the address that the center listens on, host:port.
func (c *Center) Addr() string { return c.listener.Addr().String() }

// Run accepts ESMEs until ctx is done; then it closes every connection and returns nil. A center
// whose Run was never called is released by a Run with a context that is done.
func (c *Center) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	for {
		nc, err := c.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = nc.Close()
			}
			return nil
		case err != nil:
			c.close()
			return fmt.Errorf("sim: accept: %w", err)
		}
		cn := newConn(c, nc)
		if !c.add(cn) {
			_ = nc.Close()
			continue
		}
		running.Go(func() {
			defer c.remove(cn)
			cn.run()
		})
	}
}

// WaitBound returns nil as soon as an ESME is bound, or the error of ctx.
func (c *Center) WaitBound(ctx context.Context) error {
	return c.wait(ctx, func() bool { return len(c.bound) > 0 })
}

// Disconnect closes every connection, as when the network breaks. ESMEs may bind again at once.
func (c *Center) Disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for cn := range c.conns {
		cn.close()
	}
}

// Faults returns the breaches of the protocol so far, oldest first, at most maxFaults.
func (c *Center) Faults() []Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults)
}

// Strays returns how many submits were refused because their dialogue is not known or was over.
func (c *Center) Strays() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.strays
}

// Record writes every PDU from now on to w, in both directions, as hex lines that text2pcap reads
// with -D; each begins with "I" for what the ESME has sent and "O" for what the center has. The
// PDUs are written as they are, passwords and PINs included: this is for tests alone. A failed
// write ends the recording.
func (c *Center) Record(w io.Writer) { c.recorder.set(w) }

// Messages returns the SMS that a number has received so far, oldest first.
func (c *Center) Messages(msisdn string) []SMS {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages[msisdn])
}

// WaitSMS returns the n-th SMS of a number, counted from 1, as soon as it is there, or the error
// of ctx.
func (c *Center) WaitSMS(ctx context.Context, msisdn string, n int) (SMS, error) {
	if n < 1 {
		return SMS{}, fmt.Errorf("sim: wait sms: message %d, they are counted from 1", n)
	}
	var sms SMS
	err := c.wait(ctx, func() bool {
		if len(c.messages[msisdn]) < n {
			return false
		}
		sms = c.messages[msisdn][n-1]
		return true
	})
	return sms, err
}

// wait returns nil when ready does. It is asked, under the lock, after every change.
func (c *Center) wait(ctx context.Context, ready func() bool) error {
	for {
		c.mu.Lock()
		ok, changed := ready(), c.changed
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("sim: wait: %w", ctx.Err())
		}
	}
}

// notify wakes those who wait. The lock is held.
func (c *Center) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// fault records a breach of the protocol. The lock is held.
func (c *Center) fault(format string, args ...any) {
	c.faultsAll++
	if len(c.faults) == maxFaults {
		return
	}
	f := Fault{time.Now(), fmt.Sprintf(format, args...)}
	c.faults = append(c.faults, f)
	c.log.Warn("protocol fault of an ESME", zap.String("reason", f.Reason))
}

func (c *Center) authentic(systemID, password string) bool {
	a := subtle.ConstantTimeCompare([]byte(systemID), []byte(c.config.SystemID))
	b := subtle.ConstantTimeCompare([]byte(password), []byte(c.config.Password))
	return a&b == 1
}

func (c *Center) add(cn *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.conns) == maxConns {
		return false
	}
	c.conns[cn] = struct{}{}
	return true
}

func (c *Center) remove(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, cn)
	c.unbind(cn)
}

func (c *Center) bind(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = append(c.bound, cn)
	c.notify()
}

// unbind takes cn out of those that are given inputs. The lock is held.
func (c *Center) unbind(cn *conn) {
	c.bound = slices.DeleteFunc(c.bound, func(o *conn) bool { return o == cn })
	c.notify()
}

// esme returns the bound connection to use for a dialogue whose last input went to last: the same,
// or another one, as Config.Alternate says; else the next in turn.
func (c *Center) esme(last *conn) (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = slices.DeleteFunc(c.bound, (*conn).gone)
	if len(c.bound) == 0 {
		return nil, ErrNotBound
	}
	i := slices.Index(c.bound, last)
	switch {
	case i >= 0 && c.config.Alternate:
		return c.bound[(i+1)%len(c.bound)], nil
	case i >= 0:
		return last, nil
	}
	c.turn++
	return c.bound[c.turn%len(c.bound)], nil
}

func (c *Center) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	_ = c.listener.Close()
	for cn := range c.conns {
		cn.close()
	}
}
