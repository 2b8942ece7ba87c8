package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
)

// A life says how a dialogue stands.
type life uint8

const (
	lifeOpen   life = iota // the subscriber's turn or the gateway's
	lifeEnded              // the gateway has ended it
	lifeHungUp             // the subscriber or the network has
)

// A Dialogue is one USSD session of one phone. Its methods may be called by one goroutine at a
// time.
type Dialogue struct {
	center     *Center
	subscriber string
	imsi       string
	service    string
	session    uint16
	screens    chan Screen // room for maxScreens

	// What the lock of the center guards.
	life   life
	overAt time.Time // when it ended or was hung up
	asked  bool      // an input is out that no screen has answered
	esme   *conn
	unit   uint8
	last   dialect.MessageInput
	submit uint64 // screens shown
}

// Dial begins a dialogue: the subscriber msisdn (digits) types code, such as "*900#". It returns
// the first screen. A *RefusedError says that the gateway has refused the begin.
func (c *Center) Dial(ctx context.Context, msisdn, code string) (*Dialogue, Screen, error) {
	return c.DialFrom(ctx, SIM{MSISDN: msisdn}, code)
}

// A SIM is what a phone is known by in its network.
type SIM struct {
	MSISDN string // digits
	IMSI   string // digits; "" is not told, nor is it where the dialect has no place for it
}

// DialFrom is Dial for a phone whose IMSI the gateway is told with every input.
func (c *Center) DialFrom(ctx context.Context, from SIM, code string) (*Dialogue, Screen, error) {
	d, err := c.newDialogue(from)
	if err != nil {
		return nil, Screen{}, err
	}
	screen, err := d.exchange(ctx, dialect.Begin, code)
	if err != nil {
		d.Vanish()
		return nil, Screen{}, fmt.Errorf("sim: dial: %w", err)
	}
	return d, screen, nil
}

// Send types text and returns the next screen. After an error the dialogue may still live.
func (d *Dialogue) Send(ctx context.Context, text string) (Screen, error) {
	screen, err := d.exchange(ctx, dialect.Input, text)
	if err != nil {
		return Screen{}, fmt.Errorf("sim: send: %w", err)
	}
	return screen, nil
}

// SendNoWait types text and returns as soon as it is on the wire. Next returns its screen.
func (d *Dialogue) SendNoWait(_ context.Context, text string) error {
	_, _, err := d.deliver(dialect.Input, text)
	if err != nil {
		return fmt.Errorf("sim: send: %w", err)
	}
	return nil
}

// SendAndVanish types text and vanishes before any answer: whatever the gateway submits is refused.
// It returns as soon as the input is on the wire.
func (d *Dialogue) SendAndVanish(_ context.Context, text string) error {
	in := d.input(dialect.Input, text)
	if !d.hangUp() {
		return fmt.Errorf("sim: send: %w", ErrEnded)
	}
	if _, _, err := d.transmit(in); err != nil {
		return fmt.Errorf("sim: send: %w", err)
	}
	return nil
}

// Next returns the next screen that nobody has read yet.
func (d *Dialogue) Next(ctx context.Context) (Screen, error) {
	select {
	case s := <-d.screens:
		return s, nil
	default:
	}
	select {
	case s := <-d.screens:
		return s, nil
	case <-ctx.Done():
		return Screen{}, fmt.Errorf("sim: next screen: %w", ctx.Err())
	}
}

// HangUp ends the dialogue from the phone: the gateway is told as the dialect says, and what it
// submits from now on is refused. It returns after the gateway has answered.
func (d *Dialogue) HangUp(ctx context.Context) error {
	if !d.hangUp() {
		return nil
	}
	esme, status, err := d.transmit(d.input(dialect.Abort, ""))
	if err == nil {
		err = esme.waitStatus(ctx, status)
	}
	if err != nil {
		return fmt.Errorf("sim: hang up: %w", err)
	}
	return nil
}

// Vanish ends the dialogue without a word to the gateway, as when a phone loses its network. What
// the gateway submits from now on is refused.
func (d *Dialogue) Vanish() { d.hangUp() }

// Repeat delivers the last input again: the same content with a new sequence_number, as a message
// centre does that has missed a response. It returns after the gateway has answered. A screen that
// follows though the input already has its own is refused and is a fault.
func (d *Dialogue) Repeat(ctx context.Context) error {
	d.center.mu.Lock()
	last := d.last
	d.center.mu.Unlock()
	esme, status, err := d.transmit(last)
	if err == nil {
		err = esme.waitStatus(ctx, status)
	}
	if err != nil {
		return fmt.Errorf("sim: repeat: %w", err)
	}
	return nil
}

func (c *Center) newDialogue(from SIM) (*Dialogue, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prune()
	if len(c.dialogues) >= maxDialogues {
		return nil, ErrFull
	}
	d := &Dialogue{
		center: c, subscriber: from.MSISDN, imsi: from.IMSI, service: "900",
		screens: make(chan Screen, maxScreens),
	}
	c.number++
	d.session = c.number
	if c.config.Dialect.Session == dialect.SessionNone {
		d.session = 0
	}
	for range maxSessions {
		if d.session == 0 || !c.taken(d) {
			break
		}
		c.number++
		d.session = c.number
	}
	c.dialogues[c.key(d)] = d
	return d, nil
}

// prune forgets the oldest of the dialogues that are over. The others are kept for a while, to tell
// a submit that comes too late from one that nobody has asked for. The lock is held.
func (c *Center) prune() {
	for len(c.over) > maxOver {
		if k := c.key(c.over[0]); c.dialogues[k] == c.over[0] {
			delete(c.dialogues, k)
		}
		c.over = c.over[1:]
	}
}

// end closes a dialogue. The lock is held.
func (c *Center) end(d *Dialogue, l life) {
	d.life, d.overAt = l, time.Now()
	c.over = append(c.over, d)
}

// taken reports whether a dialogue of the subscriber has the number or had it lately: a gateway
// may take a begin for a late copy when its number is that of a dialogue which has just ended. The
// lock is held.
func (c *Center) taken(d *Dialogue) bool {
	other, known := c.dialogues[c.key(d)]
	return known && (other.life == lifeOpen || time.Since(other.overAt) < lately)
}

func (c *Center) key(d *Dialogue) key {
	return key{d.subscriber, c.config.Dialect.SessionOnWire(d.session)}
}

// exchange delivers an input and waits for the screen that answers it.
func (d *Dialogue) exchange(ctx context.Context, k dialect.Kind, text string) (Screen, error) {
	esme, status, err := d.deliver(k, text)
	if err != nil {
		return Screen{}, err
	}
	gone := esme.done
	for {
		select {
		case s := <-d.screens:
			return s, nil
		case s := <-status:
			if err := refusal(s); err != nil {
				d.refused()
				return Screen{}, err
			}
			// Accepted: the screen may now come over any connection.
			status, gone = nil, nil
		case <-gone:
			return Screen{}, ErrNotBound
		case <-ctx.Done():
			return Screen{}, ctx.Err()
		}
	}
}

func (d *Dialogue) deliver(k dialect.Kind, text string) (*conn, <-chan pdu.Status, error) {
	in := d.input(k, text)
	d.center.mu.Lock()
	open := d.life == lifeOpen
	if open {
		d.asked, d.last = true, in
	}
	d.center.mu.Unlock()
	if !open {
		return nil, nil, ErrEnded
	}
	esme, status, err := d.transmit(in)
	if err != nil {
		d.refused()
	}
	return esme, status, err
}

// input makes the next dialogue unit.
func (d *Dialogue) input(k dialect.Kind, text string) dialect.MessageInput {
	d.center.mu.Lock()
	defer d.center.mu.Unlock()
	d.unit = (d.unit + 1) & 0x7F
	return dialect.MessageInput{
		Kind: k, Source: d.subscriber, Service: d.service,
		Session: d.session, Unit: d.unit, Text: text, IMSI: d.imsi,
	}
}

func (d *Dialogue) transmit(in dialect.MessageInput) (*conn, <-chan pdu.Status, error) {
	d.center.mu.Lock()
	last := d.esme
	d.center.mu.Unlock()
	esme, err := d.center.esme(last)
	if err != nil {
		return nil, nil, err
	}
	d.center.mu.Lock()
	d.esme = esme
	d.center.mu.Unlock()
	status, err := esme.deliver(d.center.config.Dialect, in)
	return esme, status, err
}

// refused takes an input back that the gateway has not accepted.
func (d *Dialogue) refused() {
	d.center.mu.Lock()
	defer d.center.mu.Unlock()
	d.asked = false
}

// hangUp reports whether the dialogue was open.
func (d *Dialogue) hangUp() bool {
	d.center.mu.Lock()
	defer d.center.mu.Unlock()
	if d.life != lifeOpen {
		return false
	}
	d.center.end(d, lifeHungUp)
	return true
}

// submit shows a screen or takes an SMS in, and returns a message_id or the status that refuses it.
func (c *Center) submit(sm *pdu.SubmitSM) (string, pdu.Status) {
	if _, dialogue := sm.TLV(pdu.TagUSSDServiceOp); !dialogue {
		return c.receiveSMS(sm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	screen, err := c.config.Dialect.DecodeScreen(sm)
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		c.fault("screen: %s", refusal.Reason)
		return "", refusal.Status
	}
	d, ok := c.dialogues[key{screen.Subscriber, screen.Session}]
	switch limit := screen.Alphabet.ScreenLimit(); {
	case !ok:
		c.strays++
		return "", pdu.StatusInvalidDestination
	case d.life != lifeOpen:
		c.strays++
		return "", pdu.StatusSubmitFailed
	case screen.Units > limit:
		c.fault("screen of %d %v units, limit %d", screen.Units, screen.Alphabet, limit)
		return "", pdu.StatusInvalidMessageLength
	case sm.Source.Digits != d.service:
		c.fault("screen from another service than the one dialled")
		return "", pdu.StatusInvalidSource
	case !d.asked:
		c.fault("screen without an input")
		return "", pdu.StatusSubmitFailed
	}
	select {
	case d.screens <- Screen{screen.Text, screen.End, screen.Alphabet, screen.Units}:
	default:
		return "", pdu.StatusMessageQueueFull
	}
	d.asked = false
	d.submit++
	if screen.End {
		c.end(d, lifeEnded)
	}
	return messageID(uint64(d.session)<<16 | d.submit), pdu.StatusOK
}
