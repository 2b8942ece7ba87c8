// Package smsc keeps one ESME account bound to an SMSC and exchanges USSD and SMS messages over
// it. It owns the SMPP session: bind, window, enquire_link, unbind, reconnection. It knows no
// menu, no money and no dialogue: what a deliver_sm means is its Handler's business.
//
// Link.Run starts three goroutines for each connection and returns after they have: a reader that
// cuts octets into frames, a writer that batches frames, and between them the loop, which alone
// owns the machine (the session's rules, pure, with explicit time) and its window.
package smsc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"ussdgw/smsc/pdu"
)

// A Handler is given what the SMSC delivers.
type Handler interface {
	// DeliverSM is called on the loop of the bind and must not block: whatever takes time
	// belongs into another goroutine. It calls respond once, from any goroutine; further calls,
	// and calls after the bind is gone, do nothing. It must come to that soon: deliveries without
	// an answer are bounded, and above the bound the bind refuses all others. sm is the handler's
	// to keep.
	DeliverSM(sm *pdu.DeliverSM, respond func(pdu.Status))
}

// Metrics is told what a link does. It must be safe for concurrent use and must not block.
type Metrics interface {
	// PDU counts one PDU. direction is "in" or "out"; command and status are from small fixed
	// sets, status being empty for a request.
	PDU(link, direction, command, status string)
	// Window says how many submit_sm wait for their response.
	Window(link string, used int)
	// Bound says whether the link is bound.
	Bound(link string, up bool)
}

var (
	// ErrNotSent says that nothing of the message has left this process for the SMSC: it is safe
	// to send it again. Its method NotSent tells so to a caller that does not import this package.
	ErrNotSent error = notSentError{}
	// ErrUnknown says that the message was given to the network and no response came: the SMSC may
	// or may not have it.
	ErrUnknown = errors.New("smsc: sent, fate unknown")
)

type notSentError struct{}

func (notSentError) Error() string { return "smsc: not sent" }

// NotSent reports true.
func (notSentError) NotSent() bool { return true }

// A StatusError says that the SMSC has refused a request.
type StatusError struct {
	Command pdu.Command // of the request
	Status  pdu.Status
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("smsc: %v refused: %v", e.Command, e.Status)
}

// CommandStatus returns Status, for a caller that does not import this package.
func (e *StatusError) CommandStatus() uint32 { return uint32(e.Status) }

// Bounds that are no matter of configuration.
const (
	// MaxWindow bounds Config.Window.
	MaxWindow = 10_000
	// maxUnanswered bounds the deliver_sm that the handler has not answered yet; more are
	// answered with ESME_RTHROTTLED at once.
	maxUnanswered = 4096
	// maxPending bounds the octets that wait for the writer. Above it nothing more is read, so
	// that a peer that floods us and does not read is stopped by its own TCP window, and then by
	// the write deadline.
	maxPending = 1 << 20
	// maxUnbindWait bounds the wait for unbind_resp when the link is stopped.
	maxUnbindWait = 2 * time.Second
)

// A Config describes one link. Zero values take the defaults in brackets.
type Config struct {
	Name    string // label in logs and metrics; required
	Address string // host:port of the SMSC; required unless Dial is set

	SystemID   string // required, at most 15 octets
	Password   string // at most 8 octets
	SystemType string // at most 12 octets

	Window int // submit_sm that may wait for their response, at most MaxWindow [10]

	EnquireLink     time.Duration // silence before enquire_link; twice it is death [30s]
	BindTimeout     time.Duration // for connecting, and again for bind_resp [10s]
	ResponseTimeout time.Duration // for submit_sm_resp [10s]
	WriteTimeout    time.Duration // for one batch of writes [10s]
	ReconnectMin    time.Duration // first pause before connecting again [1s]
	ReconnectMax    time.Duration // longest pause; each is drawn from half to the whole of it [30s]

	SMSServiceType string // service_type of SendSMS, at most 5 octets

	// Dial opens the connection [TCP to Address]. It must observe its context.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Format shows neither the password nor the rest of the account, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Config(%s at %s)", c.Name, c.Address)
}

func (c Config) withDefaults() Config {
	if c.Window == 0 {
		c.Window = 10
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.EnquireLink, 30 * time.Second},
		{&c.BindTimeout, 10 * time.Second},
		{&c.ResponseTimeout, 10 * time.Second},
		{&c.WriteTimeout, 10 * time.Second},
		{&c.ReconnectMin, time.Second},
		{&c.ReconnectMax, 30 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Dial == nil {
		address := c.Address
		c.Dial = func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
	}
	return c
}

// validate reports every fault of a configuration that has its defaults.
func (c Config) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(c.Name != "", "name is missing")
	check(c.SystemID != "", "system_id is missing")
	check(c.Window >= 1 && c.Window <= MaxWindow, "window %d is not 1 to %d", c.Window, MaxWindow)
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"enquire_link", c.EnquireLink},
		{"bind_timeout", c.BindTimeout},
		{"response_timeout", c.ResponseTimeout},
		{"write_timeout", c.WriteTimeout},
		{"reconnect_min", c.ReconnectMin},
	} {
		check(d.value > 0, "%s %v is not positive", d.name, d.value)
	}
	check(c.ReconnectMax >= c.ReconnectMin, "reconnect_max %v is below reconnect_min %v",
		c.ReconnectMax, c.ReconnectMin)
	check(len(c.SMSServiceType) <= 5, "sms service_type has %d octets", len(c.SMSServiceType))
	if _, err := pdu.Encode(bindRequest(c)); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// interfaceVersion is SMPP 3.4.
const interfaceVersion = 0x34

func bindRequest(c Config) *pdu.Bind {
	return &pdu.Bind{
		Command:          pdu.CommandBindTransceiver,
		SystemID:         c.SystemID,
		Password:         pdu.Password(c.Password),
		SystemType:       c.SystemType,
		InterfaceVersion: interfaceVersion,
	}
}
