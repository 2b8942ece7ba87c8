package smsc

import (
	"errors"
	"fmt"
	"time"

	"ussdgw/smsc/pdu"
)

// A phase is where a bind is in its life.
type phase uint8

const (
	phaseBinding   phase = iota // bind sent, no response yet
	phaseBound                  // messages flow
	phaseUnbinding              // unbind sent, no response yet
	phaseClosed                 // the connection is of no more use
)

var (
	errBindTimeout = errors.New("smsc: no bind_resp")
	errDead        = errors.New("smsc: no sign of life")
	errUnbound     = errors.New("smsc: unbound by the SMSC")
)

// A delivery is a deliver_sm or data_sm for the handler.
type delivery struct {
	command  pdu.Command // of the request: the response must fit it
	sequence uint32
	sm       *pdu.DeliverSM
}

// machine is the rules of one SMPP session from bind to close. It does no I/O and reads no clock:
// its methods are told the time and leave what is to be done in the fields below the line, which
// the loop takes after every call. The bind's loop goroutine owns it; it has no lock.
type machine struct {
	config     Config
	phase      phase
	window     *window
	sequence   uint32    // of the last request sent
	deadline   time.Time // of bind_resp or unbind_resp
	heard      time.Time // when the last PDU came
	enquired   bool      // an enquire_link was sent since
	unanswered int       // deliveries that the handler has not answered

	// What the loop takes.
	send    []pdu.PDU
	frames  [][]byte // submissions, in the order of acceptance, after send
	deliver []delivery
	err     error // why the phase is phaseClosed; nil after an unbind of ours
	silent  bool  // the SMSC has stopped answering: nothing more need be written
}

func newMachine(c Config, sequence uint32) *machine {
	return &machine{config: c, window: newWindow(c.Window), sequence: sequence}
}

// start sends the bind.
func (m *machine) start(now time.Time) {
	bind := bindRequest(m.config)
	bind.Sequence = m.nextSequence()
	m.send = append(m.send, bind)
	m.heard = now
	m.deadline = now.Add(m.config.BindTimeout)
}

// accepts reports whether submit may be called.
func (m *machine) accepts() bool { return m.phase == phaseBound && !m.window.full() }

// submit takes a message into the window and sends it.
func (m *machine) submit(now time.Time, s submission) {
	seq := m.nextSequence()
	m.window.open(seq, s, now.Add(m.config.ResponseTimeout))
	pdu.SetSequence(s.frame, seq)
	m.frames = append(m.frames, s.frame)
}

// respond answers a delivery.
func (m *machine) respond(command pdu.Command, sequence uint32, status pdu.Status) {
	m.unanswered--
	m.answer(command, sequence, status)
}

// unbind begins the end of the session on our side.
func (m *machine) unbind(now time.Time) {
	switch m.phase {
	case phaseBound:
		m.phase = phaseUnbinding
		m.deadline = now.Add(min(m.config.ResponseTimeout, maxUnbindWait))
		m.send = append(m.send, &pdu.Unbind{Sequence: m.nextSequence()})
	case phaseBinding:
		m.stop(nil)
	}
}

// receive acts on one PDU.
func (m *machine) receive(now time.Time, p pdu.PDU) {
	m.alive(now)
	switch p := p.(type) {
	case *pdu.BindResp:
		m.bindResponse(p)
	case *pdu.EnquireLink:
		m.send = append(m.send, &pdu.EnquireLinkResp{Sequence: p.Sequence})
	case *pdu.EnquireLinkResp, *pdu.DeliverSMResp:
		// A sign of life, which was all there is to it.
	case *pdu.SubmitSMResp:
		m.settle(p.Sequence, p.Status, p)
	case *pdu.DataSMResp:
		m.settle(p.Sequence, p.Status, &pdu.SubmitSMResp{
			Sequence: p.Sequence, Status: p.Status, MessageID: p.MessageID,
		})
	case *pdu.GenericNack:
		m.nack(p)
	case *pdu.DeliverSM:
		m.delivered(delivery{pdu.CommandDeliverSM, p.Sequence, p})
	case *pdu.DataSM:
		sm := &pdu.DeliverSM{Sequence: p.Sequence, Message: p.Message}
		sm.DataSM = true
		m.delivered(delivery{pdu.CommandDataSM, p.Sequence, sm})
	case *pdu.Unbind:
		m.send = append(m.send, &pdu.UnbindResp{Sequence: p.Sequence})
		m.stop(errUnbound)
	case *pdu.UnbindResp:
		if m.phase == phaseUnbinding {
			m.stop(nil)
		}
	default:
		// A request that only an ESME may send.
		m.send = append(m.send, &pdu.GenericNack{
			Sequence: p.Head().Sequence, Status: pdu.StatusInvalidCommandID,
		})
	}
}

// refuse answers a PDU that could not be decoded.
func (m *machine) refuse(now time.Time, fault *pdu.DecodeError) {
	if fault.Recoverable {
		m.alive(now)
	}
	if answer := fault.Answer(); answer != nil {
		m.send = append(m.send, answer)
	}
	if !fault.Recoverable {
		m.stop(fault)
	}
}

// tick does what is due at now.
func (m *machine) tick(now time.Time) {
	if m.phase == phaseClosed {
		return
	}
	m.expire(now)
	if m.phase != phaseBound {
		if !now.Before(m.deadline) {
			m.silent = true
			if m.phase == phaseUnbinding {
				m.stop(nil)
			} else {
				m.stop(errBindTimeout)
			}
		}
		return
	}
	switch silence := now.Sub(m.heard); {
	case silence >= 2*m.config.EnquireLink:
		m.silent = true
		m.stop(errDead)
	case silence >= m.config.EnquireLink && !m.enquired:
		m.enquired = true
		m.send = append(m.send, &pdu.EnquireLink{Sequence: m.nextSequence()})
	}
}

// next returns when tick has something to do.
func (m *machine) next() time.Time {
	at := m.deadline
	if m.phase == phaseBound {
		at = m.heard.Add(m.config.EnquireLink)
		if m.enquired {
			at = m.heard.Add(2 * m.config.EnquireLink)
		}
	}
	if _, o, ok := m.window.next(); ok && o.deadline.Before(at) {
		at = o.deadline
	}
	return at
}

// stop ends the session for a reason, nil for an unbind of ours.
func (m *machine) stop(err error) {
	if m.phase != phaseClosed {
		m.phase, m.err = phaseClosed, err
	}
}

// abandon settles what is still in the window when the connection is gone.
func (m *machine) abandon() {
	for {
		seq, o, ok := m.window.next()
		if !ok {
			return
		}
		m.window.close(seq)
		fate := ErrNotSent
		if o.handed {
			fate = ErrUnknown
		}
		o.result <- settlement{err: fate}
	}
}

func (m *machine) alive(now time.Time) { m.heard, m.enquired = now, false }

func (m *machine) bindResponse(p *pdu.BindResp) {
	switch {
	case m.phase != phaseBinding:
	case p.Status != pdu.StatusOK:
		m.stop(&StatusError{pdu.CommandBindTransceiver, p.Status})
	default:
		m.phase = phaseBound
	}
}

// nack acts on a generic_nack, which may answer whatever was sent.
func (m *machine) nack(p *pdu.GenericNack) {
	switch m.phase {
	case phaseBinding:
		m.stop(&StatusError{pdu.CommandBindTransceiver, p.Status})
	case phaseBound, phaseUnbinding:
		if p.Status == pdu.StatusOK {
			p.Status = pdu.StatusUnknownError // a nack is never good news
		}
		m.settle(p.Sequence, p.Status, nil)
	}
}

// settle gives a response to the submission it answers. One that answers none, because it came
// before or because the window has given up on it, is of no consequence.
func (m *machine) settle(seq uint32, status pdu.Status, response *pdu.SubmitSMResp) {
	o, ok := m.window.close(seq)
	if !ok {
		return
	}
	s := settlement{response: response}
	if status != pdu.StatusOK {
		s.err = &StatusError{o.command, status}
	}
	o.result <- s
}

// expire gives up on what had no response in time. It may still be waiting for a slow writer and
// go out later, so that its fate is unknown whether it was handed over or not.
func (m *machine) expire(now time.Time) {
	for {
		seq, o, ok := m.window.next()
		if !ok || now.Before(o.deadline) {
			return
		}
		m.window.close(seq)
		o.result <- settlement{err: ErrUnknown}
	}
}

func (m *machine) delivered(d delivery) {
	switch {
	case m.phase == phaseBinding:
		m.answer(d.command, d.sequence, pdu.StatusInvalidBindStatus)
	case m.phase != phaseBound:
		m.answer(d.command, d.sequence, pdu.StatusAppTemporary)
	case m.unanswered >= maxUnanswered:
		m.answer(d.command, d.sequence, pdu.StatusThrottled)
	default:
		m.unanswered++
		m.deliver = append(m.deliver, d)
	}
}

func (m *machine) answer(command pdu.Command, sequence uint32, status pdu.Status) {
	switch command {
	case pdu.CommandDeliverSM:
		m.send = append(m.send, &pdu.DeliverSMResp{Sequence: sequence, Status: status})
	case pdu.CommandDataSM:
		m.send = append(m.send, &pdu.DataSMResp{Sequence: sequence, Status: status})
	default:
		panic(fmt.Sprintf("smsc: no response to %v", command))
	}
}

// nextSequence counts our requests from 1 to pdu.MaxSequence and over again, past those that are
// still outstanding.
func (m *machine) nextSequence() uint32 {
	for {
		m.sequence++
		if m.sequence > pdu.MaxSequence {
			m.sequence = 1
		}
		if _, used := m.window.bySeq[m.sequence]; !used {
			return m.sequence
		}
	}
}
