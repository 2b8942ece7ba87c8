package smsc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc/pdu"
)

// readBuffer and inboxFrames are how far the reader may run ahead of the loop, in octets and in
// frames.
const (
	readBuffer  = 32 << 10
	inboxFrames = 64
)

// A bind is one connection. Its loop, which is the goroutine of Link.Run, owns everything but the
// mailbox.
type bind struct {
	link     *Link
	conn     net.Conn
	machine  *machine
	wasBound bool
	pending  []byte // what the writer shall write next

	inbox  chan []byte   // frames, closed by the reader after readErr is set
	outbox chan []byte   // batches, closed by the loop
	broken chan error    // from the writer, room for one; closed when it has ended
	stop   chan struct{} // closed by the loop: the reader must not wait for it any more
	spare  chan []byte   // written batches, to be filled again

	readErr error

	mailbox mailbox
}

// A mailbox takes the handler's answers from whatever goroutine to the loop. It never blocks:
// maxUnanswered bounds what can be in it.
type mailbox struct {
	ring chan struct{} // room for one: there is something

	mu      sync.Mutex
	answers []answer
}

type answer struct {
	command  pdu.Command
	sequence uint32
	status   pdu.Status
}

func newBind(l *Link, conn net.Conn) *bind {
	return &bind{
		link:    l,
		conn:    conn,
		machine: newMachine(l.config, l.sequence),
		inbox:   make(chan []byte, inboxFrames),
		outbox:  make(chan []byte),
		broken:  make(chan error, 1),
		stop:    make(chan struct{}),
		spare:   make(chan []byte, 1),
		mailbox: mailbox{ring: make(chan struct{}, 1)},
	}
}

// run lives as long as the connection. All goroutines have ended when it returns.
func (b *bind) run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(b.read)
	running.Go(b.write)
	err := b.guardedLoop(ctx)
	b.link.setBound(false)
	close(b.stop)
	if b.machine.phase == phaseClosed && !b.machine.silent {
		b.flush()
	}
	close(b.outbox)
	_ = b.conn.Close() // the peer may be gone already, and there is nothing left to say
	running.Wait()
	b.machine.abandon()
	b.link.metrics.Window(b.link.config.Name, 0)
	return err
}

// guardedLoop turns a panic into the end of this bind alone.
func (b *bind) guardedLoop(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			b.pending = nil // half of an answer may be in it
			b.link.log.Error("panic in the loop of a bind",
				zap.String("type", fmt.Sprintf("%T", r)), zap.ByteString("stack", debug.Stack()))
			err = errPanic
		}
	}()
	return b.loop(ctx)
}

func (b *bind) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	done := ctx.Done()
	b.machine.start(time.Now())
	for b.take(); b.machine.phase != phaseClosed; b.take() {
		timer.Reset(time.Until(b.machine.next()))
		inbox, submits, outbox := b.inbox, b.link.submits, b.outbox
		if len(b.pending) >= maxPending {
			inbox = nil
		}
		if !b.machine.accepts() || len(b.pending) >= maxPending {
			submits = nil
		}
		if len(b.pending) == 0 {
			outbox = nil
		}
		select {
		case <-done:
			done = nil
			b.machine.unbind(time.Now())
		case frame, ok := <-inbox:
			if !ok {
				return b.readFailed()
			}
			b.receive(frame)
		case s := <-submits:
			b.machine.submit(time.Now(), s)
		case outbox <- b.pending:
			b.handed()
		case err := <-b.broken:
			return err
		case <-b.mailbox.ring:
			b.answers()
		case <-timer.C:
			b.machine.tick(time.Now())
		}
	}
	return b.machine.err
}

// receive decodes one frame and gives it to the machine. A fault in its content costs an answer,
// not the connection.
func (b *bind) receive(frame []byte) {
	p, err := pdu.Decode(frame)
	var fault *pdu.DecodeError
	if errors.As(err, &fault) {
		b.count("in", fault.Command, fault.Status)
		b.link.log.Warn("faulty pdu", zap.Error(fault), zap.Uint32("sequence", fault.Sequence))
		b.machine.refuse(time.Now(), fault)
		return
	}
	head := p.Head()
	b.count("in", head.Command, head.Status)
	b.machine.receive(time.Now(), p)
}

// readFailed ends the bind. Octets that are no PDU are answered first.
func (b *bind) readFailed() error {
	var fault *pdu.DecodeError
	if errors.As(b.readErr, &fault) {
		b.machine.refuse(time.Now(), fault)
		b.take()
	}
	return b.readErr
}

// take does what the machine has decided.
func (b *bind) take() {
	m := b.machine
	if m.phase == phaseBound && !b.wasBound {
		b.wasBound = true
		b.link.setBound(true)
		b.link.log.Info("bound")
	}
	for _, p := range m.send {
		frame, err := pdu.Encode(p)
		if err != nil {
			panic(fmt.Sprintf("smsc: cannot encode our own %v", p.Head().Command))
		}
		b.queue(p.Head(), frame)
	}
	m.send = m.send[:0]
	for _, frame := range m.frames {
		b.queue(pdu.Header{Command: pdu.CommandSubmitSM}, frame)
	}
	m.frames = m.frames[:0]
	b.link.metrics.Window(b.link.config.Name, m.window.used())
	for i, d := range m.deliver {
		m.deliver[i] = delivery{}
		b.link.handler.DeliverSM(d.sm, b.responder(d))
	}
	m.deliver = m.deliver[:0]
}

func (b *bind) queue(h pdu.Header, frame []byte) {
	b.count("out", h.Command, h.Status)
	if b.pending == nil {
		select {
		case b.pending = <-b.spare:
		default:
		}
	}
	b.pending = append(b.pending, frame...)
}

// handed notes that the writer has all that was pending.
func (b *bind) handed() {
	b.pending = nil
	b.machine.window.hand()
}

// flush has the writer write what is left, such as unbind_resp, and waits until it has. The write
// deadline bounds it.
func (b *bind) flush() {
	if len(b.pending) > 0 {
		select {
		case b.outbox <- b.pending:
			b.handed()
		case <-b.broken:
			return
		}
	}
	// The writer takes this only after it has written everything before.
	select {
	case b.outbox <- nil:
	case <-b.broken:
	}
}

// responder returns the function that answers d, once.
func (b *bind) responder(d delivery) func(pdu.Status) {
	var once sync.Once
	return func(s pdu.Status) {
		once.Do(func() { b.mailbox.put(answer{d.command, d.sequence, s}) })
	}
}

func (b *bind) answers() {
	for _, a := range b.mailbox.empty() {
		b.machine.respond(a.command, a.sequence, a.status)
	}
}

func (m *mailbox) put(a answer) {
	m.mu.Lock()
	m.answers = append(m.answers, a)
	m.mu.Unlock()
	select {
	case m.ring <- struct{}{}:
	default:
	}
}

func (m *mailbox) empty() []answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	answers := m.answers
	m.answers = nil
	return answers
}

// read is the reader: it cuts octets into frames.
func (b *bind) read() {
	defer close(b.inbox)
	r := bufio.NewReaderSize(b.conn, readBuffer)
	for {
		frame, err := pdu.ReadFrame(r, pdu.MaxFrame)
		if err != nil {
			b.readErr = fmt.Errorf("smsc: read: %w", err)
			return
		}
		select {
		case b.inbox <- frame:
		case <-b.stop:
			return
		}
	}
}

// write is the writer. After a failure it closes the connection, which ends the reader too, and
// takes no more.
func (b *bind) write() {
	defer close(b.broken)
	for batch := range b.outbox {
		if len(batch) == 0 {
			continue
		}
		// A connection that takes no deadline fails at the write.
		_ = b.conn.SetWriteDeadline(time.Now().Add(b.link.config.WriteTimeout))
		if _, err := b.conn.Write(batch); err != nil {
			b.broken <- fmt.Errorf("smsc: write: %w", err)
			_ = b.conn.Close()
			return
		}
		select {
		case b.spare <- batch[:0]:
		default:
		}
	}
}

// count counts one PDU and logs it; requests have no status.
func (b *bind) count(direction string, c pdu.Command, s pdu.Status) {
	status := ""
	if c.IsResponse() || s != pdu.StatusOK {
		status = s.Label()
	}
	b.link.metrics.PDU(b.link.config.Name, direction, c.String(), status)
	if e := b.link.log.Check(zap.DebugLevel, "pdu"); e != nil {
		e.Write(zap.String("direction", direction), zap.Stringer("command", c),
			zap.String("status", status))
	}
}
