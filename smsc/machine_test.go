package smsc

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"ussdgw/smsc/pdu"
)

// start is when the scripts of the machine begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testConfig() Config {
	return Config{
		Name: "test", SystemID: "id", Window: 2,
		EnquireLink: 10 * time.Second, BindTimeout: 5 * time.Second,
		ResponseTimeout: 3 * time.Second,
	}.withDefaults()
}

// run is a machine with what it has done so far.
type run struct {
	t *testing.T
	m *machine
}

func newRun(t *testing.T) *run {
	r := &run{t, newMachine(testConfig(), 0)}
	r.m.start(start)
	r.sent("bind_transceiver 1")
	return r
}

func (r *run) bind() *run {
	r.m.receive(start, &pdu.BindResp{Sequence: 1, Command: pdu.CommandBindTransceiverResp})
	if r.m.phase != phaseBound {
		r.t.Fatalf("phase %d after bind_resp", r.m.phase)
	}
	return r
}

// sent checks what the machine has sent since the last call.
func (r *run) sent(want ...string) {
	r.t.Helper()
	got := []string{}
	for _, p := range r.m.send {
		h := p.Head()
		line := fmt.Sprintf("%v %d", h.Command, h.Sequence)
		if h.Status != 0 {
			line += " " + h.Status.String()
		}
		got = append(got, line)
	}
	for _, frame := range r.m.frames {
		p, err := pdu.Decode(frame)
		if err != nil {
			r.t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %d", p.Head().Command, p.Head().Sequence))
	}
	r.m.send, r.m.frames = nil, nil
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		r.t.Errorf("sent %q, want %q", got, want)
	}
}

func (r *run) submit(at time.Duration) chan settlement {
	r.t.Helper()
	frame, err := pdu.Encode(&pdu.SubmitSM{})
	if err != nil {
		r.t.Fatal(err)
	}
	result := make(chan settlement, 1)
	r.m.submit(start.Add(at), submission{pdu.CommandSubmitSM, frame, result})
	return result
}

func settled(t *testing.T, result chan settlement) settlement {
	t.Helper()
	select {
	case s := <-result:
		return s
	default:
		t.Fatal("not settled")
		return settlement{}
	}
}

func open(t *testing.T, result chan settlement) {
	t.Helper()
	select {
	case s := <-result:
		t.Fatalf("settled with %v", s.err)
	default:
	}
}

func TestBindRefusedOrLate(t *testing.T) {
	r := newRun(t)
	r.m.receive(start, &pdu.BindResp{
		Sequence: 1, Command: pdu.CommandBindTransceiverResp, Status: pdu.StatusInvalidPassword,
	})
	var refused *StatusError
	if !errors.As(r.m.err, &refused) || refused.Status != pdu.StatusInvalidPassword {
		t.Errorf("refused bind: %v", r.m.err)
	}
	r = newRun(t)
	r.m.receive(start, &pdu.GenericNack{Sequence: 1, Status: pdu.StatusInvalidCommandID})
	if r.m.phase != phaseClosed || r.m.err == nil {
		t.Errorf("bind answered by generic_nack: phase %d, %v", r.m.phase, r.m.err)
	}
	r = newRun(t)
	if want := start.Add(5 * time.Second); !r.m.next().Equal(want) {
		t.Errorf("next = %v, want %v", r.m.next(), want)
	}
	r.m.tick(start.Add(5*time.Second - 1))
	if r.m.phase != phaseBinding {
		t.Error("gave up too early")
	}
	r.m.tick(start.Add(5 * time.Second))
	if r.m.phase != phaseClosed || !errors.Is(r.m.err, errBindTimeout) {
		t.Errorf("late bind: phase %d, %v", r.m.phase, r.m.err)
	}
}

func TestWhatComesBeforeTheBindIsAnswered(t *testing.T) {
	r := newRun(t)
	r.m.receive(start, &pdu.EnquireLink{Sequence: 0})
	r.m.receive(start, &pdu.DeliverSM{Sequence: 8})
	r.m.receive(start, &pdu.DataSM{Sequence: 9})
	r.sent("enquire_link_resp 0", "deliver_sm_resp 8 ESME_RINVBNDSTS",
		"data_sm_resp 9 ESME_RINVBNDSTS")
	if r.m.phase != phaseBinding || len(r.m.deliver) != 0 {
		t.Errorf("phase %d, %d deliveries", r.m.phase, len(r.m.deliver))
	}
	r.bind()
}

func TestRequestsOfTheSMSCNeverMeetOurSequences(t *testing.T) {
	r := newRun(t).bind()
	result := r.submit(0)
	r.sent("submit_sm 2")
	r.m.receive(start, &pdu.DeliverSM{Sequence: 2})
	r.m.receive(start, &pdu.DeliverSMResp{Sequence: 2})
	r.m.receive(start, &pdu.EnquireLinkResp{Sequence: 2})
	open(t, result)
	if len(r.m.deliver) != 1 || r.m.deliver[0].sequence != 2 {
		t.Fatalf("%d deliveries", len(r.m.deliver))
	}
	r.m.receive(start, &pdu.SubmitSMResp{Sequence: 2, MessageID: "a"})
	if s := settled(t, result); s.err != nil || s.response.MessageID != "a" {
		t.Errorf("settled with %v", s.err)
	}
	r.m.respond(pdu.CommandDeliverSM, 2, pdu.StatusOK)
	r.sent("deliver_sm_resp 2")
}

func TestResponsesThatAnswerNothing(t *testing.T) {
	r := newRun(t).bind()
	result := r.submit(0)
	for range 3 {
		r.m.receive(start, &pdu.SubmitSMResp{Sequence: 2, Status: pdu.StatusThrottled})
		r.m.receive(start, &pdu.GenericNack{Sequence: 0, Status: pdu.StatusInvalidCommandID})
		r.m.receive(start, &pdu.SubmitSMResp{Sequence: 77})
	}
	var refused *StatusError
	if s := settled(t, result); !errors.As(s.err, &refused) ||
		refused.Status != pdu.StatusThrottled {
		t.Errorf("settled with %v", s.err)
	}
	open(t, result)
	if r.m.phase != phaseBound || r.m.window.used() != 0 {
		t.Errorf("phase %d, window %d", r.m.phase, r.m.window.used())
	}
}

func TestANackRefusesASubmit(t *testing.T) {
	r := newRun(t).bind()
	for i, status := range []pdu.Status{pdu.StatusInvalidCommandID, pdu.StatusOK} {
		result := r.submit(0)
		r.m.receive(start, &pdu.GenericNack{Sequence: uint32(2 + i), Status: status})
		var refused *StatusError
		if s := settled(t, result); !errors.As(s.err, &refused) {
			t.Errorf("nack with %v: %v, want a *StatusError", status, s.err)
		}
	}
}

func TestTheWindowIsFreedByTimeOut(t *testing.T) {
	r := newRun(t).bind()
	first, second := r.submit(0), r.submit(time.Second)
	if r.m.accepts() {
		t.Error("a full window accepts")
	}
	if want := start.Add(3 * time.Second); !r.m.next().Equal(want) {
		t.Errorf("next = %v, want %v", r.m.next(), want)
	}
	r.m.tick(start.Add(3 * time.Second))
	if s := settled(t, first); !errors.Is(s.err, ErrUnknown) {
		t.Errorf("timed out with %v, want ErrUnknown", s.err)
	}
	open(t, second)
	if !r.m.accepts() {
		t.Error("the slot is not free")
	}
	r.m.receive(start, &pdu.SubmitSMResp{Sequence: 2}) // too late
	open(t, first)
}

func TestAbandonTellsWhatMayHaveBeenSent(t *testing.T) {
	r := newRun(t).bind()
	first := r.submit(0)
	r.m.window.hand()
	second := r.submit(0)
	r.m.abandon()
	if s := settled(t, first); !errors.Is(s.err, ErrUnknown) {
		t.Errorf("handed over: %v, want ErrUnknown", s.err)
	}
	if s := settled(t, second); !errors.Is(s.err, ErrNotSent) {
		t.Errorf("not handed over: %v, want ErrNotSent", s.err)
	}
}

func TestSignsOfLife(t *testing.T) {
	r := newRun(t).bind()
	r.sent()
	r.m.tick(start.Add(10*time.Second - 1))
	r.sent()
	r.m.tick(start.Add(10 * time.Second))
	r.m.tick(start.Add(11 * time.Second))
	r.sent("enquire_link 2")
	// Whatever comes is life, even what cannot be read.
	r.m.refuse(start.Add(19*time.Second), &pdu.DecodeError{
		Command: 0x7777, Sequence: 4, Status: pdu.StatusInvalidCommandID, Recoverable: true,
	})
	r.sent("generic_nack 4 ESME_RINVCMDID")
	r.m.tick(start.Add(29 * time.Second))
	r.sent("enquire_link 3")
	r.m.tick(start.Add(39*time.Second - 1))
	if r.m.phase != phaseBound {
		t.Error("declared dead too early")
	}
	r.m.tick(start.Add(39 * time.Second))
	if r.m.phase != phaseClosed || !errors.Is(r.m.err, errDead) {
		t.Errorf("phase %d, %v, want dead", r.m.phase, r.m.err)
	}
}

func TestUnbindFromEitherSide(t *testing.T) {
	r := newRun(t).bind()
	r.m.receive(start, &pdu.Unbind{Sequence: 9})
	r.sent("unbind_resp 9")
	if r.m.phase != phaseClosed || !errors.Is(r.m.err, errUnbound) {
		t.Errorf("phase %d, %v", r.m.phase, r.m.err)
	}

	r = newRun(t).bind()
	result := r.submit(0)
	r.sent("submit_sm 2")
	r.m.unbind(start)
	r.sent("unbind 3")
	r.m.receive(start, &pdu.DeliverSM{Sequence: 4})
	r.sent("deliver_sm_resp 4 ESME_RX_T_APPN")
	r.m.receive(start, &pdu.SubmitSMResp{Sequence: 2})
	if s := settled(t, result); s.err != nil {
		t.Errorf("a response during unbind is lost: %v", s.err)
	}
	r.m.receive(start, &pdu.UnbindResp{Sequence: 3})
	if r.m.phase != phaseClosed || r.m.err != nil {
		t.Errorf("phase %d, %v", r.m.phase, r.m.err)
	}

	r = newRun(t).bind()
	r.m.unbind(start)
	r.m.tick(start.Add(maxUnbindWait))
	if r.m.phase != phaseClosed || r.m.err != nil {
		t.Errorf("without unbind_resp: phase %d, %v", r.m.phase, r.m.err)
	}

	r = newRun(t)
	r.m.unbind(start)
	r.sent()
	if r.m.phase != phaseClosed {
		t.Errorf("unbind before the bind: phase %d", r.m.phase)
	}
}

func TestAFullQueueIsAnAnswer(t *testing.T) {
	r := newRun(t).bind()
	for i := range uint32(maxUnanswered) {
		r.m.receive(start, &pdu.DeliverSM{Sequence: i})
	}
	r.sent()
	r.m.receive(start, &pdu.DeliverSM{Sequence: 5000})
	r.sent("deliver_sm_resp 5000 ESME_RTHROTTLED")
	r.m.respond(pdu.CommandDeliverSM, 1, pdu.StatusOK)
	r.m.receive(start, &pdu.DeliverSM{Sequence: 5001})
	r.sent("deliver_sm_resp 1")
	if got := len(r.m.deliver); got != maxUnanswered+1 {
		t.Errorf("%d deliveries, want %d", got, maxUnanswered+1)
	}
}

func TestRequestsThatOnlyAnESMESends(t *testing.T) {
	r := newRun(t).bind()
	r.m.receive(start, &pdu.SubmitSM{Sequence: 6})
	r.m.receive(start, &pdu.Bind{Sequence: 7, Command: pdu.CommandBindTransceiver})
	r.sent("generic_nack 6 ESME_RINVCMDID", "generic_nack 7 ESME_RINVCMDID")
	if r.m.phase != phaseBound {
		t.Errorf("phase %d", r.m.phase)
	}
}

func TestSequencesStayInRangeAndAreNotReused(t *testing.T) {
	r := newRun(t).bind()
	result := r.submit(0)
	r.sent("submit_sm 2")
	r.m.sequence = pdu.MaxSequence - 1
	r.m.tick(start)
	r.submit(0)
	r.sent(fmt.Sprintf("submit_sm %d", uint32(pdu.MaxSequence)))
	r.m.receive(start, &pdu.SubmitSMResp{Sequence: pdu.MaxSequence})
	r.m.sequence = 1
	r.submit(0)
	r.sent("submit_sm 3") // 2 is still outstanding
	open(t, result)
	r.m.receive(start, &pdu.SubmitSMResp{Sequence: 3})
	r.m.sequence = pdu.MaxSequence
	r.submit(0)
	r.sent("submit_sm 1")
}

func TestConfigReportsEveryFault(t *testing.T) {
	_, err := NewLink(Config{
		Window: MaxWindow + 1, EnquireLink: -1, Password: "far too long a password",
		ReconnectMin: time.Minute, ReconnectMax: time.Second,
	}, nil, nil, nil)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"name", "system_id", "window", "enquire_link", "password", "reconnect_max",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "far too long") {
		t.Errorf("%q repeats the password", err)
	}
}
