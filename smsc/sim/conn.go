package sim

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
)

// A conn is one ESME's connection. Its reading goroutine handles PDUs one by one; a second one
// asks for signs of life.
type conn struct {
	center *Center
	nc     net.Conn
	done   chan struct{} // closed by close

	once sync.Once

	writing sync.Mutex // held around one write

	mu       sync.Mutex
	bound    bool
	sequence uint32
	waiting  map[uint32]chan pdu.Status // deliveries without a response; each has room for one
	heard    time.Time
}

func newConn(c *Center, nc net.Conn) *conn {
	return &conn{
		center: c, nc: nc, done: make(chan struct{}),
		waiting: map[uint32]chan pdu.Status{}, heard: time.Now(),
	}
}

// gone reports whether close was called.
func (cn *conn) gone() bool {
	select {
	case <-cn.done:
		return true
	default:
		return false
	}
}

// close ends the connection; it may be called more than once and from anywhere.
func (cn *conn) close() {
	cn.once.Do(func() {
		close(cn.done)
		_ = cn.nc.Close()
	})
}

func (cn *conn) run() {
	var keeper sync.WaitGroup
	keeper.Go(cn.keepAlive)
	defer keeper.Wait()
	defer cn.close()
	r := bufio.NewReader(cn.nc)
	for {
		frame, err := pdu.ReadFrame(r, pdu.MaxFrame)
		if err != nil {
			var fault *pdu.DecodeError
			if errors.As(err, &fault) {
				cn.fault("command_length out of bounds")
				_ = cn.respond(pdu.CommandGenericNack, fault.Status, fault.Sequence)
			}
			return
		}
		cn.center.recorder.pdu('I', frame)
		if !cn.handle(readHeader(frame), frame[pdu.HeaderOctets:]) {
			return
		}
	}
}

// handle acts on one PDU and reports whether the connection goes on.
func (cn *conn) handle(h header, body []byte) bool {
	cn.mu.Lock()
	cn.heard = time.Now()
	bound := cn.bound
	cn.mu.Unlock()
	if h.command.IsResponse() {
		cn.response(h)
		return true
	}
	if h.status != pdu.StatusOK {
		cn.fault("%v has status %v", h.command, h.status)
	}
	if h.sequence == 0 || h.sequence > pdu.MaxSequence {
		cn.fault("%v has sequence_number %d", h.command, h.sequence)
	}
	response := h.command | 0x80000000
	switch h.command {
	case pdu.CommandBindTransceiver:
		return cn.handleBind(h, body)
	case pdu.CommandEnquireLink:
		_ = cn.respond(response, pdu.StatusOK, h.sequence)
	case pdu.CommandUnbind:
		cn.center.mu.Lock()
		cn.center.unbind(cn)
		cn.center.mu.Unlock()
		_ = cn.respond(response, pdu.StatusOK, h.sequence)
		return false
	case pdu.CommandSubmitSM, pdu.CommandDataSM:
		if !bound {
			cn.fault("%v before the bind", h.command)
			_ = cn.respond(response, pdu.StatusInvalidBindStatus, h.sequence)
			return true
		}
		cn.handleSubmit(h, body)
	default:
		cn.fault("%v, which is not supported", h.command)
		_ = cn.respond(pdu.CommandGenericNack, pdu.StatusInvalidCommandID, h.sequence)
	}
	return true
}

func (cn *conn) handleBind(h header, body []byte) bool {
	systemID, password, err := decodeBind(body)
	status := pdu.StatusOK
	cn.mu.Lock()
	switch {
	case err != nil:
		status = pdu.StatusBindFailed
	case cn.bound:
		status = pdu.StatusAlreadyBound
	case !cn.center.authentic(systemID, password):
		status = pdu.StatusBindFailed
	}
	first := status == pdu.StatusOK
	cn.bound = cn.bound || first
	cn.mu.Unlock()
	if err != nil {
		cn.fault("%v", err)
	}
	if status != pdu.StatusOK {
		cn.center.log.Warn("bind refused", zap.Stringer("status", status))
		_ = cn.respond(pdu.CommandBindTransceiverResp, status, h.sequence)
		return status == pdu.StatusAlreadyBound
	}
	e := begin(pdu.CommandBindTransceiverResp, pdu.StatusOK, h.sequence)
	e.cstring("ussdgw-sim")
	e.tlv(pdu.TagSCInterfaceVersion, []byte{0x34})
	// Nothing may be delivered before the response, and nobody may see the response before the
	// center knows that the ESME is bound.
	cn.writing.Lock()
	defer cn.writing.Unlock()
	cn.center.bind(cn)
	return cn.writeLocked(e.end()) == nil
}

func (cn *conn) handleSubmit(h header, body []byte) {
	response := h.command | 0x80000000
	sm, err := decodeSubmit(h, body)
	if err != nil {
		cn.fault("%v", err)
		_ = cn.respond(response, pdu.StatusInvalidMessageLength, h.sequence)
		return
	}
	var interference Interference
	if cn.center.config.Interfere != nil {
		interference = cn.center.config.Interfere(sm)
	}
	status := interference.Status
	id := ""
	if status == pdu.StatusOK {
		id, status = cn.center.submit(sm)
	}
	if interference.Silent {
		return
	}
	if status != pdu.StatusOK {
		_ = cn.respond(response, status, h.sequence)
		return
	}
	e := begin(response, pdu.StatusOK, h.sequence)
	e.cstring(id)
	_ = cn.write(e.end())
}

// response gives a status to the delivery it answers.
func (cn *conn) response(h header) {
	if h.command != pdu.CommandDeliverSMResp && h.command != pdu.CommandDataSMResp &&
		h.command != pdu.CommandGenericNack {
		return // a sign of life
	}
	cn.mu.Lock()
	waiting, ok := cn.waiting[h.sequence]
	delete(cn.waiting, h.sequence)
	cn.mu.Unlock()
	if !ok {
		cn.fault("%v answers nothing, sequence_number %d", h.command, h.sequence)
		return
	}
	waiting <- h.status
}

// deliver sends an input and returns where its response will come.
func (cn *conn) deliver(d dialect.Dialect, in dialect.MessageInput) (<-chan pdu.Status, error) {
	sm, err := d.EncodeInput(in)
	if err != nil {
		return nil, err
	}
	result := make(chan pdu.Status, 1)
	cn.mu.Lock()
	cn.sequence = cn.sequence%pdu.MaxSequence + 1
	sequence := cn.sequence
	cn.waiting[sequence] = result
	cn.mu.Unlock()
	frame, err := encodeDelivery(sequence, &sm.Message)
	if err == nil && cn.write(frame) != nil {
		err = ErrNotBound // any more
	}
	if err != nil {
		cn.forget(result)
		return nil, err
	}
	return result, nil
}

// forget gives up on the response to a delivery, which is then counted as a fault when it comes.
func (cn *conn) forget(result <-chan pdu.Status) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	for sequence, r := range cn.waiting {
		if r == result {
			delete(cn.waiting, sequence)
		}
	}
}

func (cn *conn) respond(c pdu.Command, s pdu.Status, sequence uint32) error {
	return cn.write(begin(c, s, sequence).end())
}

// write sends one PDU. The write deadline bounds how long a peer that does not read can hold it.
func (cn *conn) write(frame []byte) error {
	cn.writing.Lock()
	defer cn.writing.Unlock()
	return cn.writeLocked(frame)
}

func (cn *conn) writeLocked(frame []byte) error {
	cn.center.recorder.pdu('O', frame)
	_ = cn.nc.SetWriteDeadline(time.Now().Add(cn.center.config.WriteTimeout))
	if _, err := cn.nc.Write(frame); err != nil {
		cn.close()
		return err
	}
	return nil
}

// keepAlive sends enquire_link to an ESME that is silent and drops it when it stays so.
func (cn *conn) keepAlive() {
	period := cn.center.config.EnquireLink
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-cn.done:
			return
		case <-ticker.C:
		}
		cn.mu.Lock()
		silence := time.Since(cn.heard)
		cn.sequence = cn.sequence%pdu.MaxSequence + 1
		sequence := cn.sequence
		cn.mu.Unlock()
		switch {
		case silence > 2*period:
			cn.fault("no sign of life for %v", silence)
			cn.close()
		case silence >= period/2:
			_ = cn.respond(pdu.CommandEnquireLink, pdu.StatusOK, sequence)
		}
	}
}

func (cn *conn) fault(format string, args ...any) {
	cn.center.mu.Lock()
	defer cn.center.mu.Unlock()
	cn.center.fault(format, args...)
}

// waitStatus returns nil for a delivery that was accepted.
func (cn *conn) waitStatus(ctx context.Context, result <-chan pdu.Status) error {
	select {
	case s := <-result:
		return refusal(s)
	case <-cn.done:
		return ErrNotBound
	case <-ctx.Done():
		return ctx.Err()
	}
}

func refusal(s pdu.Status) error {
	if s == pdu.StatusOK {
		return nil
	}
	return &RefusedError{s}
}

func messageID(n uint64) string { return strconv.FormatUint(n, 16) }
