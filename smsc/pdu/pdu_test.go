package pdu_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	gosmpp "github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"

	"ussdgw/smsc/pdu"
)

var (
	subscriber = pdu.Address{TON: 1, NPI: 1, Digits: "996555123456"}
	service    = pdu.Address{TON: 0, NPI: 1, Digits: "900"}
)

// golden reads the PDUs of testdata/pdu, by name.
func golden(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../testdata/pdu/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden PDUs: %v", err)
	}
	frames := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var digits strings.Builder
		origin := false
		for line := range strings.Lines(string(text)) {
			if comment, ok := strings.CutPrefix(line, "#"); ok {
				origin = origin || strings.HasPrefix(strings.TrimSpace(comment), "Origin:")
				continue
			}
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
		frame, err := hex.DecodeString(digits.String())
		if err != nil || !origin {
			t.Fatalf("%s: %v, origin given: %t", file, err, origin)
		}
		frames[strings.TrimSuffix(filepath.Base(file), ".hex")] = frame
	}
	return frames
}

// goldenStructs are the golden PDUs by name, as they must be read.
func goldenStructs() map[string]pdu.PDU {
	its := func(a, b byte) pdu.TLV { return pdu.TLV{Tag: 0x1383, Value: []byte{a, b}} }
	op := func(v byte) pdu.TLV { return pdu.TLV{Tag: 0x0501, Value: []byte{v}} }
	from := func(coding uint8, text string, tlvs ...pdu.TLV) pdu.Message {
		return pdu.Message{
			Source: subscriber, Destination: service, DataCoding: coding,
			Text: octets(text), TLVs: tlvs,
		}
	}
	to := func(coding uint8, text string, tlvs ...pdu.TLV) pdu.Message {
		m := from(coding, text, tlvs...)
		m.Source, m.Destination = m.Destination, m.Source
		return m
	}
	segment := to(0, "\x05\x00\x03\x2a\x02\x01"+strings.Repeat("a", 153))
	segment.ESMClass = pdu.UDHI
	const cyrillic = "\x04\x22\x04\xe9\x04\x3b\x04\xe9\x04\x3c\x00\n\x001\x00 " +
		"\x04\x11\x04\x30\x04\x39\x04\x3b\x04\x30\x04\x3d\x04\x4b\x04\x48"
	return map[string]pdu.PDU{
		"bind_transceiver": &pdu.Bind{
			Sequence: 1, Command: pdu.CommandBindTransceiver, SystemID: "ussdgw",
			Password: "secret08", SystemType: "USSD", InterfaceVersion: 0x34,
		},
		"bind_transceiver_resp": &pdu.BindResp{
			Sequence: 1, Command: pdu.CommandBindTransceiverResp, SystemID: "SMSC",
			TLVs: []pdu.TLV{{Tag: 0x0210, Value: []byte{0x34}}},
		},
		"bind_transceiver_resp_refused": &pdu.BindResp{
			Sequence: 1, Command: pdu.CommandBindTransceiverResp, Status: pdu.StatusBindFailed,
		},
		"deliver_sm_begin": &pdu.DeliverSM{
			Sequence: 7, Message: from(0, "*900#", op(1), its(18, 2)),
		},
		"deliver_sm_input": &pdu.DeliverSM{
			Sequence: 8, Message: from(15, "1", op(18), its(18, 4)),
		},
		"deliver_sm_abort": &pdu.DeliverSM{
			Sequence: pdu.MaxSequence, Message: from(0, "", op(129), its(18, 7)),
		},
		"deliver_sm_payload": &pdu.DeliverSM{Sequence: 9, Message: from(0, strings.Repeat("x", 300),
			op(18), pdu.TLV{Tag: 0x0204, Value: []byte{0x55, 0xAA}})},
		"deliver_sm_resp": &pdu.DeliverSMResp{Sequence: 7},
		"submit_sm_ask_ucs2": &pdu.SubmitSM{
			Sequence: 2, Message: to(8, cyrillic, op(2), its(18, 2)),
		},
		"submit_sm_end_gsm7": &pdu.SubmitSM{
			Sequence: 3, Message: to(0, "Thank you", op(17), its(18, 5)),
		},
		"submit_sm_segment": &pdu.SubmitSM{Sequence: 4, Message: segment},
		"submit_sm_resp":    &pdu.SubmitSMResp{Sequence: 2, MessageID: "1f00c0de"},
		"data_sm_input":     &pdu.DataSM{Sequence: 10, Message: from(0, "1", op(18))},
		"enquire_link":      &pdu.EnquireLink{Sequence: 11},
		"enquire_link_resp": &pdu.EnquireLinkResp{Sequence: 11},
		"unbind":            &pdu.Unbind{Sequence: 12},
		"unbind_resp":       &pdu.UnbindResp{Sequence: 12},
		"generic_nack":      &pdu.GenericNack{Status: pdu.StatusInvalidCommandID},
	}
}

func TestGoldenPDUs(t *testing.T) {
	want, frames := goldenStructs(), golden(t)
	if len(frames) != len(want) {
		t.Errorf("%d golden files, %d are expected here", len(frames), len(want))
	}
	for name, p := range want {
		t.Run(name, func(t *testing.T) {
			frame := frames[name]
			got, err := pdu.Decode(frame)
			if err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("Decode = %s, %v, want %s", show(got), err, show(p))
			}
			back, err := pdu.Encode(p)
			if err != nil || !bytes.Equal(back, frame) {
				t.Errorf("Encode =\n% x, %v, want\n% x", back, err, frame)
			}
		})
	}
}

func octets(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// show prints what %+v hides.
func show(p pdu.PDU) string {
	if p == nil {
		return "nothing"
	}
	v := reflect.ValueOf(p).Elem()
	m := v.FieldByName("Message")
	if !m.IsValid() {
		return fmt.Sprintf("%T%+v", p, v)
	}
	type plain pdu.Message
	plainly := plain(m.Interface().(pdu.Message))
	return fmt.Sprintf("%T%v%#v %q %q", p, p.Head(), plainly,
		plainly.Source.Digits, plainly.Destination.Digits)
}

// frame builds a PDU from a header and a body as they stand.
func frame(c pdu.Command, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(pdu.HeaderOctets+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(c))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, 5)
	return append(b, body...)
}

// message is the mandatory part of a deliver_sm up to sm_length.
func message(serviceType, source string, esmClass byte) string {
	return serviceType + "\x00\x01\x01" + source + "\x00\x00\x01900\x00" +
		string(esmClass) + "\x00\x00\x00\x00\x00\x00\x00\x00"
}

const source = "996555123456"

// faulty are bodies with the status that refuses them.
var faulty = []struct {
	name string
	c    pdu.Command
	body string
	want pdu.Status
}{
	{"no body", pdu.CommandDeliverSM, "", pdu.StatusInvalidCommandLength},
	{
		"cut in source_addr", pdu.CommandDeliverSM,
		"\x00\x01\x019965", pdu.StatusInvalidCommandLength,
	},
	{
		"no destination", pdu.CommandDeliverSM,
		"\x00\x01\x01996\x00", pdu.StatusInvalidCommandLength,
	},
	{
		"no sm_length", pdu.CommandDeliverSM,
		message("", source, 0), pdu.StatusInvalidCommandLength,
	},
	{
		"sm_length past the end", pdu.CommandDeliverSM,
		message("", source, 0) + "\x021", pdu.StatusInvalidMessageLength,
	},
	{
		"sm_length 255", pdu.CommandDeliverSM,
		message("", source, 0) + "\xff" + strings.Repeat("x", 255), pdu.StatusInvalidMessageLength,
	},
	{
		"service_type of 6", pdu.CommandDeliverSM,
		message("sixsix", source, 0) + "\x00", pdu.StatusInvalidServiceType,
	},
	{
		"address of 21", pdu.CommandDeliverSM,
		message("", strings.Repeat("9", 21), 0) + "\x00", pdu.StatusInvalidSource,
	},
	{
		"user data header missing", pdu.CommandDeliverSM,
		message("", source, 0x40) + "\x00", pdu.StatusInvalidESMClass,
	},
	{
		"user data header too long", pdu.CommandDeliverSM,
		message("", source, 0x40) + "\x02\x05x", pdu.StatusInvalidESMClass,
	},
	{"stray octet", pdu.CommandDeliverSM, whole + "\x05", pdu.StatusInvalidTLVStream},
	{
		"three stray octets", pdu.CommandDeliverSM,
		whole + "\x05\x01\x00", pdu.StatusInvalidTLVStream,
	},
	{
		"TLV past the end", pdu.CommandDeliverSM,
		whole + "\x05\x01\x00\x02\x01", pdu.StatusInvalidTLVLength,
	},
	{
		"TLV of 65535", pdu.CommandDeliverSM,
		whole + "\x05\x01\xff\xff\x01", pdu.StatusInvalidTLVLength,
	},
	{
		"10000 empty TLVs", pdu.CommandDeliverSM,
		whole + strings.Repeat("\x14\x00\x00\x00", 10_000), pdu.StatusInvalidTLVStream,
	},
	{"two texts", pdu.CommandDeliverSM, whole + "\x04\x24\x00\x01x", pdu.StatusTLVNotAllowed},
	{"two payloads", pdu.CommandDataSM, "\x00\x01\x01996\x00\x00\x01900\x00\x00\x00\x00" +
		"\x04\x24\x00\x01x\x04\x24\x00\x01y", pdu.StatusTLVNotAllowed},
	{"data_sm without a body", pdu.CommandDataSM, "", pdu.StatusInvalidCommandLength},
	{"submit_sm without a body", pdu.CommandSubmitSM, "", pdu.StatusInvalidCommandLength},
	{"enquire_link with a body", pdu.CommandEnquireLink, "x", pdu.StatusInvalidCommandLength},
	{"bind cut short", pdu.CommandBindTransceiver, "id\x00pw", pdu.StatusInvalidCommandLength},
	{
		"password of 9", pdu.CommandBindTransceiver,
		"id\x00123456789\x00\x00\x34\x00\x00\x00", pdu.StatusInvalidPassword,
	},
	{"cancel_sm", pdu.CommandCancelSM, "", pdu.StatusInvalidCommandID},
	{"alert_notification", pdu.CommandAlertNotification, "", pdu.StatusInvalidCommandID},
	{"unknown request", 0x7777, "", pdu.StatusInvalidCommandID},
	{"unknown response", 0x80007777, "", pdu.StatusInvalidCommandID},
}

// whole is a deliver_sm without optional parameters.
var whole = message("", source, 0) + "\x011"

func TestFaultyContentIsAnswered(t *testing.T) {
	for _, tt := range faulty {
		t.Run(tt.name, func(t *testing.T) {
			p, err := pdu.Decode(frame(tt.c, tt.body))
			var fault *pdu.DecodeError
			if !errors.As(err, &fault) {
				t.Fatalf("Decode = %s, %v, want a *DecodeError", show(p), err)
			}
			if fault.Status != tt.want || fault.Command != tt.c || fault.Sequence != 5 ||
				!fault.Recoverable {
				t.Errorf("fault = %+v, want %v", fault, tt.want)
			}
			if strings.Contains(err.Error(), "9965") || strings.Contains(err.Error(), "12345678") {
				t.Errorf("%q repeats the content", err)
			}
			checkAnswer(t, fault)
		})
	}
}

func checkAnswer(t *testing.T, fault *pdu.DecodeError) {
	t.Helper()
	answer := fault.Answer()
	if fault.Command.IsResponse() || fault.Command == pdu.CommandAlertNotification {
		if answer != nil {
			t.Errorf("%v is answered", fault.Command)
		}
		return
	}
	want := pdu.Header{Command: pdu.CommandGenericNack, Status: fault.Status, Sequence: 5}
	switch fault.Command {
	case pdu.CommandDeliverSM, pdu.CommandSubmitSM, pdu.CommandDataSM:
		want.Command = fault.Command | 0x80000000
	}
	if answer == nil || answer.Head() != want {
		t.Errorf("answer = %v, want %v", answer, want)
	}
	if _, err := pdu.Encode(answer); err != nil {
		t.Error(err)
	}
}

func TestLongestFieldsAreAccepted(t *testing.T) {
	body := message("fives", strings.Repeat("9", 20), 0) + "\xfe" + strings.Repeat("x", 254)
	p, err := pdu.Decode(frame(pdu.CommandDeliverSM, body))
	if err != nil {
		t.Fatal(err)
	}
	sm := p.(*pdu.DeliverSM)
	if len(sm.Text) != 254 || len(sm.Source.Digits) != 20 || sm.ServiceType != "fives" {
		t.Errorf("got %s", show(p))
	}
}

func TestEncodeRefusesWhatWouldShiftFields(t *testing.T) {
	tlvs := make([]pdu.TLV, pdu.MaxTLVs+1)
	tests := []struct {
		name string
		p    pdu.PDU
	}{
		{"NUL in an address", submit(pdu.Message{Source: pdu.Address{Digits: "90\x000"}})},
		{"NUL at the end", submit(pdu.Message{Source: pdu.Address{Digits: "900\x00"}})},
		{"address of 21", submit(pdu.Message{Source: pdu.Address{Digits: strings.Repeat("9", 21)}})},
		{"service_type of 6", submit(pdu.Message{ServiceType: "sixsix"})},
		{"payload as TLV", submit(pdu.Message{TLVs: []pdu.TLV{{Tag: pdu.TagMessagePayload}}})},
		{"TLV too long", submit(pdu.Message{TLVs: []pdu.TLV{{Value: make([]byte, 1<<16)}}})},
		{"too many TLVs", submit(pdu.Message{TLVs: tlvs})},
		{"longer than a frame", submit(pdu.Message{Text: make([]byte, pdu.MaxFrame-20)})},
		{"long password", &pdu.Bind{Command: pdu.CommandBindTransceiver, Password: "123456789"}},
		{"long message_id", &pdu.SubmitSMResp{MessageID: strings.Repeat("x", 65)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if b, err := pdu.Encode(tt.p); !errors.Is(err, pdu.ErrField) {
				t.Errorf("Encode = %d octets, %v, want ErrField", len(b), err)
			}
		})
	}
}

func submit(m pdu.Message) *pdu.SubmitSM { return &pdu.SubmitSM{Sequence: 1, Message: m} }

func TestEncodingIsDeterministic(t *testing.T) {
	m := pdu.Message{Text: []byte("x")}
	for tag := range uint16(20) {
		m.SetTLV(0x1400+tag*7, []byte{byte(tag)})
	}
	first, err := pdu.Encode(submit(m))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if again, err := pdu.Encode(submit(m)); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("the same PDU has two encodings:\n% x\n% x", first, again)
		}
	}
}

func TestFrames(t *testing.T) {
	unbind := frame(pdu.CommandUnbind, "")
	length := func(n uint32) []byte {
		b := bytes.Clone(unbind)
		binary.BigEndian.PutUint32(b, n)
		return b
	}
	for _, n := range []uint32{0, 1, 15, 4097, 1 << 31, 1<<32 - 1} {
		_, err := pdu.ReadFrame(bytes.NewReader(length(n)), 4096)
		var fault *pdu.DecodeError
		if !errors.As(err, &fault) || fault.Recoverable || fault.Sequence != 5 ||
			fault.Status != pdu.StatusInvalidCommandLength {
			t.Errorf("command_length %d: %v, want ESME_RINVCMDLEN", n, err)
		}
	}
	if _, err := pdu.ReadFrame(strings.NewReader("GET / HTTP/1.1\r\nHost:\r\n"), 4096); err == nil {
		t.Error("an HTTP request is a frame")
	}
	for n := range pdu.HeaderOctets {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := pdu.ReadFrame(bytes.NewReader(unbind[:n]), 4096); !errors.Is(err, want) {
			t.Errorf("header of %d octets: %v, want %v", n, err, want)
		}
	}
	_, err := pdu.ReadFrame(bytes.NewReader(length(17)), 4096)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("body cut: %v, want io.ErrUnexpectedEOF", err)
	}
	two := append(bytes.Clone(unbind), frame(pdu.CommandDeliverSM, "x")...)
	r := iotest.OneByteReader(bytes.NewReader(two))
	for _, want := range [][]byte{unbind, two[16:]} {
		if got, err := pdu.ReadFrame(r, 17); err != nil || !bytes.Equal(got, want) {
			t.Errorf("ReadFrame = % x, %v, want % x", got, err, want)
		}
	}
	if _, err := pdu.Decode(length(17)); err == nil {
		t.Error("a frame is decoded whose length is not its own")
	}
}

// TestNothingPrintsSecrets formats values the way a careless log would.
func TestNothingPrintsSecrets(t *testing.T) {
	sm := submit(pdu.Message{Source: subscriber, Text: []byte("1234"), TLVs: []pdu.TLV{{}}})
	bind := pdu.Bind{SystemID: "id", Password: "hush"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{sm, *sm, sm.Message, subscriber, bind, &bind, bind.Password} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{"996555", "1234", "hush", "49, 50", "0x31"} {
				if strings.Contains(got, secret) {
					t.Errorf("%s of %T prints %q", verb, v, secret)
				}
			}
		}
	}
}

func TestNames(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"ESME_RTHROTTLED":    pdu.StatusThrottled,
		"Status(0x00000433)": pdu.Status(0x433),
		"deliver_sm_resp":    pdu.CommandDeliverSMResp,
		"generic_nack":       pdu.CommandGenericNack,
		"unknown":            pdu.Command(0x999),
		"USSRConfirm":        pdu.USSRConfirm,
		"129":                pdu.ServiceOp(129),
	} {
		if got.String() != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
	if got := pdu.Status(0x433).Label(); got != "other" {
		t.Errorf("Label of a vendor's status = %q, want other", got)
	}
}

// TestAgainstGoSMPP compares with the library where that is right: decoding of PDUs without a user
// data header, encoding of submit_sm with at most one TLV.
func TestAgainstGoSMPP(t *testing.T) {
	for name, b := range golden(t) {
		if !strings.HasPrefix(name, "deliver_sm_") && !strings.HasPrefix(name, "submit_sm_") ||
			strings.HasSuffix(name, "_resp") || name == "submit_sm_segment" {
			continue
		}
		t.Run(name, func(t *testing.T) { compare(t, b) })
	}
}

func compare(t *testing.T, b []byte) {
	theirs, err := gosmpp.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := pdu.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	m := messageOf(ours)
	f := theirs.Fields()
	if got := f[pdufield.SourceAddr].String(); got != m.Source.Digits {
		t.Errorf("source_addr: theirs %q, ours %q", got, m.Source.Digits)
	}
	if got := f[pdufield.DataCoding].Raw(); got != m.DataCoding {
		t.Errorf("data_coding: theirs %v, ours %v", got, m.DataCoding)
	}
	text := f[pdufield.ShortMessage].Bytes()
	if payload, ok := theirs.TLVFields()[pdutlv.TagMessagePayload]; ok {
		text = payload.Bytes()
	}
	if !bytes.Equal(text, m.Text) {
		t.Errorf("text: theirs % x, ours % x", text, m.Text)
	}
	for _, tlv := range m.TLVs {
		if got := theirs.TLVFields()[pdutlv.Tag(tlv.Tag)]; !bytes.Equal(got.Bytes(), tlv.Value) {
			t.Errorf("TLV %04x: theirs % x, ours % x", tlv.Tag, got.Bytes(), tlv.Value)
		}
	}
	if h := theirs.Header(); h.Seq != ours.Head().Sequence {
		t.Errorf("sequence_number: theirs %d, ours %d", h.Seq, ours.Head().Sequence)
	}
	sm, ok := ours.(*pdu.SubmitSM)
	if !ok {
		return
	}
	sm.TLVs = sm.TLVs[:1]
	encoded, err := pdu.Encode(sm)
	if err != nil {
		t.Fatal(err)
	}
	delete(theirs.TLVFields(), pdutlv.TagItsSessionInfo)
	var want bytes.Buffer
	if err := theirs.SerializeTo(&want); err != nil || !bytes.Equal(encoded, want.Bytes()) {
		t.Errorf("encoded:\ntheirs % x, %v\nours   % x", want.Bytes(), err, encoded)
	}
}

func messageOf(p pdu.PDU) *pdu.Message {
	switch p := p.(type) {
	case *pdu.DeliverSM:
		return &p.Message
	case *pdu.SubmitSM:
		return &p.Message
	case *pdu.DataSM:
		return &p.Message
	}
	return nil
}

// FuzzDecode looks for panics, for faults that cannot be answered, and for PDUs that change when
// they are written and read again.
func FuzzDecode(f *testing.F) {
	for _, b := range golden(f) {
		f.Add(b)
		f.Add(b[:len(b)-1])
		for _, i := range []int{4, 7, 20, len(b) / 2} {
			if i < len(b) {
				broken := bytes.Clone(b)
				broken[i] ^= 0x40
				f.Add(broken)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 4 {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b, uint32(len(b)))
		}
		p, err := pdu.Decode(b)
		var fault *pdu.DecodeError
		if errors.As(err, &fault) {
			if answer := fault.Answer(); answer != nil {
				if _, err := pdu.Encode(answer); err != nil {
					t.Fatalf("the answer to % x: %v", b, err)
				}
			}
			return
		}
		if err != nil {
			t.Fatalf("Decode(% x) = %v, which is no *DecodeError", b, err)
		}
		first, err := pdu.Encode(p)
		if err != nil {
			t.Fatalf("%s cannot be written again: %v", show(p), err)
		}
		again, err := pdu.Decode(first)
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%s has become %s, %v", show(p), show(again), err)
		}
	})
}

func BenchmarkDecodeDeliverSM(b *testing.B) {
	frame := golden(b)["deliver_sm_begin"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pdu.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeSubmitSM(b *testing.B) {
	p, err := pdu.Decode(golden(b)["submit_sm_ask_ucs2"])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pdu.Encode(p); err != nil {
			b.Fatal(err)
		}
	}
}
