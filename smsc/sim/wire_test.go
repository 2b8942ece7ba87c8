package sim

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// submits are messages that both codecs must agree on.
func submits() []*pdu.SubmitSM {
	long := &pdu.SubmitSM{Sequence: 3, Message: pdu.Message{Text: bytes.Repeat([]byte("x"), 300)}}
	long.SetServiceOp(2)
	data := &pdu.SubmitSM{Sequence: 4, Message: pdu.Message{Text: []byte("1"), DataSM: true}}
	return []*pdu.SubmitSM{
		{Sequence: 1},
		{Sequence: 2, Message: pdu.Message{
			ServiceType: "USSD",
			Source:      pdu.Address{TON: 0, NPI: 1, Digits: "900"},
			Destination: pdu.Address{TON: 1, NPI: 1, Digits: "996555123456"},
			ESMClass:    pdu.UDHI, ProtocolID: 1, Priority: 2, Schedule: "261121120000000+",
			Validity: "000001000000000R", RegisteredDelivery: 3, ReplaceIfPresent: 4,
			DataCoding: 8, DefaultMessageID: 5, Text: []byte{0},
			TLVs: []pdu.TLV{{Tag: 0x1400, Value: []byte("x")}, {Tag: 0x0501, Value: []byte{2}}},
		}},
		long, data,
	}
}

func TestBothCodecsAgreeOnSubmits(t *testing.T) {
	for _, sm := range submits() {
		var p pdu.PDU = sm
		if sm.DataSM {
			p = &pdu.DataSM{Sequence: sm.Sequence, Message: sm.Message}
		}
		frame, err := pdu.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeSubmit(readHeader(frame), frame[pdu.HeaderOctets:])
		if got != nil && len(got.Text) == 0 {
			got.Text = nil
		}
		if err != nil || !reflect.DeepEqual(got, sm) {
			t.Errorf("submit %d: %v: the codecs differ", sm.Sequence, err)
		}
		for n := range len(frame) - pdu.HeaderOctets {
			// No cut may go unnoticed but one that takes whole TLVs off.
			cut := frame[pdu.HeaderOctets : pdu.HeaderOctets+n]
			if sm, err := decodeSubmit(readHeader(frame), cut); err == nil && len(sm.TLVs) > 1 {
				t.Errorf("cut at %d goes unnoticed", n)
			}
		}
	}
}

func TestBothCodecsAgreeOnDeliveries(t *testing.T) {
	for _, m := range []pdu.Message{
		{},
		{
			ServiceType: "USSD", Source: pdu.Address{TON: 1, NPI: 1, Digits: "996555123456"},
			Destination: pdu.Address{NPI: 1, Digits: "900"}, DataCoding: 15,
			Text: []byte("*900#"), TLVs: []pdu.TLV{{Tag: 0x1383, Value: []byte{1, 2}}},
		},
	} {
		frame, err := encodeDelivery(7, &m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pdu.Decode(frame)
		if err != nil || !reflect.DeepEqual(got, &pdu.DeliverSM{Sequence: 7, Message: m}) {
			t.Errorf("deliver_sm: %v: the codecs differ", err)
		}
		theirs, err := pdu.Encode(&pdu.DeliverSM{Sequence: 7, Message: m})
		if err != nil || !bytes.Equal(frame, theirs) {
			t.Errorf("deliver_sm:\n% x\n% x, %v", frame, theirs, err)
		}
	}
	bind, err := pdu.Encode(&pdu.Bind{
		Command: pdu.CommandBindTransceiver, SystemID: "id", Password: "pw", InterfaceVersion: 0x34,
	})
	if err != nil {
		t.Fatal(err)
	}
	id, pw, err := decodeBind(bind[pdu.HeaderOctets:])
	if err != nil || id != "id" || pw != "pw" {
		t.Errorf("bind: %q, %v", id, err)
	}
}

func TestBadDeliveriesAreNotEncoded(t *testing.T) {
	for _, m := range []pdu.Message{
		{Source: pdu.Address{Digits: strings.Repeat("9", 21)}},
		{Destination: pdu.Address{Digits: "90\x000"}},
		{Text: make([]byte, 255)},
	} {
		if _, err := encodeDelivery(1, &m); err == nil {
			t.Error("encoded")
		}
	}
}

// newCenter returns a center that is never run, and releases it after the test.
func newCenter(t testing.TB) *Center {
	t.Helper()
	d, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Listen("127.0.0.1:0", Config{Dialect: d, SystemID: "id"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func TestSegmentsInAnyOrder(t *testing.T) {
	c := newCenter(t)
	part := func(reference, number byte, text string) *pdu.SubmitSM {
		sm := &pdu.SubmitSM{}
		sm.Source.Digits, sm.Destination.Digits = "900", "996555123456"
		sm.ESMClass = pdu.UDHI
		sm.Text = append([]byte{5, 0, 3, reference, 3, number}, text...)
		return sm
	}
	for _, sm := range []*pdu.SubmitSM{
		part(1, 3, "c"), part(2, 1, "x"), part(1, 1, "a"), part(1, 1, "again"), part(1, 2, "b"),
	} {
		if _, status := c.submit(sm); status != pdu.StatusOK {
			t.Fatalf("refused: %v", status)
		}
	}
	got := c.Messages("996555123456")
	if len(got) != 1 || got[0].Text != "abc" || got[0].Parts != 3 {
		t.Errorf("got %+v", got)
	}
	if len(c.Faults()) != 0 {
		t.Errorf("faults %v", c.Faults())
	}
}

func TestBadSMSAreFaults(t *testing.T) {
	text := func(coding, class uint8, octets string) *pdu.SubmitSM {
		sm := &pdu.SubmitSM{}
		sm.Destination.Digits = "996555123456"
		sm.DataCoding, sm.ESMClass, sm.Text = coding, class, []byte(octets)
		return sm
	}
	lettered := text(0, 0, "a")
	lettered.Destination.Digits = "+996"
	for name, sm := range map[string]*pdu.SubmitSM{
		"161 septets":            text(0, 0, strings.Repeat("a", 161)),
		"71 units":               text(8, 0, strings.Repeat("\x04\x10", 71)),
		"154 septets, header":    text(0, 0x40, "\x05\x00\x03\x01\x02\x01"+strings.Repeat("a", 154)),
		"part 0":                 text(0, 0x40, "\x05\x00\x03\x01\x02\x00a"),
		"part 3 of 2":            text(0, 0x40, "\x05\x00\x03\x01\x02\x03a"),
		"header cut":             text(0, 0x40, "\x05\x00\x03"),
		"no element":             text(0, 0x40, "\x00a"),
		"unknown data_coding":    text(4, 0, "a"),
		"cut surrogate pair":     text(8, 0, "\xd8\x3d"),
		"cut extension pair":     text(0, 0, "a\x1b"),
		"octets above 7 bits":    text(0, 0, "\xd0"),
		"destination no number":  lettered,
		"destination is missing": {},
	} {
		c := newCenter(t)
		if _, status := c.submit(sm); status == pdu.StatusOK || len(c.Faults()) != 1 {
			t.Errorf("%s: %v, %d faults", name, status, len(c.Faults()))
		}
	}
}

func TestAStrayScreenIsCounted(t *testing.T) {
	c := newCenter(t)
	sm, err := c.config.Dialect.Encode(dialect.Peer{
		Subscriber: pdu.Address{Digits: "996555123456"}, Session: 0x1202,
	}, "hello", false)
	if err != nil {
		t.Fatal(err)
	}
	_, status := c.submit(sm)
	if status != pdu.StatusInvalidDestination || c.Strays() != 1 {
		t.Errorf("%v, %d strays", status, c.Strays())
	}
}

func TestDialWithoutAnESME(t *testing.T) {
	c := newCenter(t)
	if _, _, err := c.Dial(t.Context(), "996555123456", "*900#"); !errors.Is(err, ErrNotBound) {
		t.Errorf("Dial = %v, want ErrNotBound", err)
	}
}

// A dialogue stays with its ESME, or hops from one to the next where the center is told so.
func TestWhichESMEIsGivenAnInput(t *testing.T) {
	c := newCenter(t)
	a, b := &conn{done: make(chan struct{})}, &conn{done: make(chan struct{})}
	c.bound = []*conn{a, b}
	next := func(last, want *conn) {
		t.Helper()
		if got, err := c.esme(last); got != want || err != nil {
			t.Errorf("Alternate %v: got %p, %v, want %p", c.config.Alternate, got, err, want)
		}
	}
	next(nil, b)
	next(nil, a)
	next(b, b)
	c.config.Alternate = true
	next(b, a)
	next(a, b)
	close(b.done)
	next(a, a)
	next(b, a)
}

// The number of a dialogue that has just ended is not the next one's, though one octet is all that
// there is.
func TestNumbersAreNotGivenAgainAtOnce(t *testing.T) {
	c := newCenter(t)
	seen := map[uint16]bool{}
	for range maxSessions {
		d, err := c.newDialogue(SIM{MSISDN: "996555123456"})
		if err != nil {
			t.Fatal(err)
		}
		d.Vanish()
		seen[c.key(d).session] = true
		c.number += 127 // those of other subscribers
	}
	if len(seen) != maxSessions {
		t.Errorf("%d numbers for %d dialogues", len(seen), maxSessions)
	}
}

func TestDialoguesThatAreOverAreForgotten(t *testing.T) {
	c := newCenter(t)
	for range 3 * maxOver {
		d, err := c.newDialogue(SIM{MSISDN: "996555123456"})
		if err != nil {
			t.Fatal(err)
		}
		d.Vanish()
		d.Vanish()
	}
	if n := len(c.over); n > maxOver+1 {
		t.Errorf("%d dialogues that are over are kept", n)
	}
	if n := len(c.dialogues); n > maxOver+1 {
		t.Errorf("%d dialogues are kept", n)
	}
}

func TestTooManyDialogues(t *testing.T) {
	c := newCenter(t)
	c.dialogues = make(map[key]*Dialogue, maxDialogues)
	for i := range maxDialogues {
		c.dialogues[key{"x", uint16(i)}] = &Dialogue{}
		c.dialogues[key{string(rune(i)), uint16(i)}] = &Dialogue{}
	}
	if _, err := c.newDialogue(SIM{MSISDN: "996555123456"}); !errors.Is(err, ErrFull) {
		t.Errorf("newDialogue = %v, want ErrFull", err)
	}
}

func TestRunEndsAndReleasesThePort(t *testing.T) {
	c := newCenter(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	cancel()
	running.Wait()
	again, err := Listen(c.Addr(), c.config)
	if err != nil {
		t.Fatal(err)
	}
	again.close()
}

func TestCallsOverHTTPAreBounded(t *testing.T) {
	c := newCenter(t)
	s := &phoneServer{center: c, calls: map[string]*call{}}
	first := ""
	for i := range maxPhoneCalls + 1 {
		d, err := c.newDialogue(SIM{MSISDN: "996555123456"})
		if err != nil {
			t.Fatal(err)
		}
		if id := s.keep(d); i == 0 {
			first = id
		}
	}
	if _, err := s.take(first); !errors.Is(err, ErrNoCall) || len(s.calls) != maxPhoneCalls {
		t.Errorf("take of the oldest = %v, %d calls", err, len(s.calls))
	}
	newest := s.order[len(s.order)-1]
	if _, err := s.take(newest); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take(newest); !errors.Is(err, ErrBusy) {
		t.Errorf("take of one in use = %v, want ErrBusy", err)
	}
}

func TestRecordFormat(t *testing.T) {
	var out strings.Builder
	r := &recorder{}
	r.pdu('I', []byte{9})
	r.set(&out)
	r.pdu('I', bytes.Repeat([]byte{0xAB}, 17))
	r.pdu('O', []byte{1, 2})
	want := "I\n000000 " + strings.TrimSpace(strings.Repeat("ab ", 16)) +
		"\n000010 ab\n\nO\n000000 01 02\n\n"
	if out.String() != want {
		t.Errorf("recorded %q, want %q", out.String(), want)
	}
}

// FuzzSubmit looks for panics on whatever an ESME may send, and for screens beyond their limit.
func FuzzSubmit(f *testing.F) {
	for _, sm := range submits() {
		frame, err := pdu.Encode(sm)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame[pdu.HeaderOctets:])
	}
	c := newCenter(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		h := header{command: pdu.CommandSubmitSM, sequence: 1}
		sm, err := decodeSubmit(h, body)
		if err != nil {
			return
		}
		c.submit(sm)
		_, _, _ = decodeBind(body)
	})
}
