package dialect_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
)

const msisdn = "996555123456"

func preset(t testing.TB, name string) dialect.Dialect {
	t.Helper()
	d, err := dialect.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// delivery makes a deliver_sm from its_session_info, ussd_service_op and a text in GSM-7.
func delivery(its uint16, op pdu.ServiceOp, text string) *pdu.DeliverSM {
	sm := &pdu.DeliverSM{Message: pdu.Message{
		Source:      pdu.Address{TON: 1, NPI: 1, Digits: msisdn},
		Destination: pdu.Address{NPI: 1, Digits: "900"},
		Text:        []byte(text),
	}}
	sm.SetServiceOp(op)
	sm.SetSessionInfo(its)
	return sm
}

func TestStandardDecodes(t *testing.T) {
	d := preset(t, "standard")
	tests := []struct {
		name string
		its  uint16
		op   pdu.ServiceOp
		text string
		want dialect.Indication
	}{
		{
			"begin", 0x1202, 1, "*900#",
			dialect.Indication{
				Kind: dialect.Begin, Text: []byte("*900#"), Session: "18", Unit: "1",
			},
		},
		{
			"begin with a shortcut", 0xFF00, 1, "*900*3*1#",
			dialect.Indication{
				Kind: dialect.Begin, Text: []byte("*900*3*1#"),
				Session: "255", Unit: "0",
			},
		},
		{
			"input", 0x12FE, 18, "1",
			dialect.Indication{Kind: dialect.Input, Text: []byte("1"), Session: "18", Unit: "127"},
		},
		{
			"empty input", 0x1204, 18, "",
			dialect.Indication{Kind: dialect.Input, Session: "18", Unit: "2"},
		},
		{
			"end bit", 0x1205, 18, "x",
			dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "2"},
		},
		{
			"end bit on a begin", 0x1203, 1, "*900#",
			dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "1"},
		},
		{"129", 0x1206, 129, "", dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "3"}},
		{"65", 0x1206, 65, "", dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "3"}},
		{"66", 0x1206, 66, "", dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "3"}},
		{"67", 0x1206, 67, "", dialect.Indication{Kind: dialect.Abort, Session: "18", Unit: "3"}},
		{
			"notification seen", 0x1206, 19, "",
			dialect.Indication{Kind: dialect.Confirm, Session: "18", Unit: "3"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := d.Decode(delivery(tt.its, tt.op, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Source = msisdn
			if g, w := reveal(got), reveal(tt.want); g != w {
				t.Errorf("Decode = %s, want %s", g, w)
			}
			if got.Peer.Subscriber.Digits != msisdn || got.Peer.Service.Digits != "900" ||
				got.Peer.Session != uint32(tt.its)&^1 {
				t.Errorf("peer session %04x", got.Peer.Session)
			}
		})
	}
}

// reveal prints what the type hides.
func reveal(in dialect.Indication) string {
	return fmt.Sprintf("%v source=%s session=%q unit=%q text=%q",
		in.Kind, in.Source, in.Session, in.Unit, in.Text)
}

func TestARepeatedPDUHasTheSameUnit(t *testing.T) {
	d := preset(t, "standard")
	first, second := delivery(0x1204, 18, "1"), delivery(0x1204, 18, "1")
	first.Sequence, second.Sequence = 5, 99
	a, errA := d.Decode(first)
	b, errB := d.Decode(second)
	next, errC := d.Decode(delivery(0x1206, 18, "1"))
	if errA != nil || errB != nil || errC != nil {
		t.Fatal(errA, errB, errC)
	}
	if a.Unit != b.Unit || a.Unit == next.Unit {
		t.Errorf("units %q, repeated %q, next %q", a.Unit, b.Unit, next.Unit)
	}
}

func TestCodings(t *testing.T) {
	d := preset(t, "standard")
	ucs2, err := charset.Encode(charset.UCS2, "Асан")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		coding uint8
		octets []byte
		want   string
	}{
		{0, []byte("a\x00\x1be"), "a@€"},
		{0x0F, []byte("1"), "1"},
		{8, ucs2, "Асан"},
		{0x48, ucs2, "Асан"},
	} {
		sm := delivery(0x1204, 18, "")
		sm.DataCoding, sm.Text = tt.coding, tt.octets
		in, err := d.Decode(sm)
		if err != nil || string(in.Text) != tt.want {
			t.Errorf("data_coding %d: %q, %v, want %q", tt.coding, in.Text, err, tt.want)
		}
	}
	d.Codings = []dialect.Coding{{DataCoding: 0x0F, Alphabet: charset.GSM7, Packed: true}}
	sm := delivery(0x1204, 18, "")
	sm.DataCoding, sm.Text = 0x0F, charset.PackUSSD([]byte("*900#11"))
	if in, err := d.Decode(sm); err != nil || string(in.Text) != "*900#11" {
		t.Errorf("packed: %q, %v, want *900#11", in.Text, err)
	}
}

func TestRefusals(t *testing.T) {
	d := preset(t, "standard")
	change := func(f func(*pdu.DeliverSM)) *pdu.DeliverSM {
		sm := delivery(0x1204, 18, "1")
		f(sm)
		return sm
	}
	without := func(tag uint16) *pdu.DeliverSM {
		return change(func(sm *pdu.DeliverSM) {
			kept := sm.TLVs[:0]
			for _, t := range sm.TLVs {
				if t.Tag != tag {
					kept = append(kept, t)
				}
			}
			sm.TLVs = kept
		})
	}
	tests := []struct {
		name string
		sm   *pdu.DeliverSM
		want pdu.Status
	}{
		{"no session", without(pdu.TagITSSessionInfo), pdu.StatusMissingTLV},
		{"no operation", without(pdu.TagUSSDServiceOp), pdu.StatusMissingTLV},
		{"session of one octet", change(func(sm *pdu.DeliverSM) {
			sm.SetTLV(pdu.TagITSSessionInfo, []byte{1})
		}), pdu.StatusInvalidTLVLength},
		{"operation of two octets", change(func(sm *pdu.DeliverSM) {
			sm.SetTLV(pdu.TagUSSDServiceOp, []byte{0, 18})
		}), pdu.StatusInvalidTLVLength},
		{"unknown operation", delivery(0x1204, 255, "1"), pdu.StatusInvalidTLVValue},
		{"our own operation", delivery(0x1204, 2, "1"), pdu.StatusInvalidTLVValue},
		{"one-shot data", delivery(0x1204, 0, "1"), pdu.StatusAppRejected},
		{"no source", change(func(sm *pdu.DeliverSM) {
			sm.Source.Digits = ""
		}), pdu.StatusInvalidSource},
		{"letters as source", change(func(sm *pdu.DeliverSM) {
			sm.Source.Digits = "99655'; --"
		}), pdu.StatusInvalidSource},
		{"unknown data_coding", change(func(sm *pdu.DeliverSM) {
			sm.DataCoding = 4
		}), pdu.StatusAppPermanent},
		{"half a character", change(func(sm *pdu.DeliverSM) {
			sm.DataCoding = 8
		}), pdu.StatusAppPermanent},
		{"octets above 7 bits", delivery(0x1204, 18, "\xd0\x90"), pdu.StatusAppPermanent},
		{"user data header", change(func(sm *pdu.DeliverSM) {
			sm.ESMClass = pdu.UDHI
		}), pdu.StatusInvalidESMClass},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := d.Decode(tt.sm)
			var refusal *dialect.Refusal
			if !errors.As(err, &refusal) || refusal.Status != tt.want {
				t.Errorf("Decode = %v, %v, want %v", in, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "9965") {
				t.Errorf("%q repeats the number", err)
			}
		})
	}
}

func TestAReceiptIsNothingToDo(t *testing.T) {
	receipt := &pdu.DeliverSM{}
	receipt.ESMClass, receipt.Text = 0x04, []byte("id:1 stat:DELIVRD")
	in, err := preset(t, "standard").Decode(receipt)
	if err != nil || in.Kind != dialect.Confirm {
		t.Errorf("Decode = %v, %v, want a Confirm", in, err)
	}
}

// wire is what of a screen depends on the dialect.
type wire struct {
	op      pdu.ServiceOp
	tag     uint16
	session []byte
	dataSM  bool
}

// wires say what each preset puts on the wire for a question and for an end.
var wires = []struct {
	name     string
	ask, end wire
}{
	{
		"standard",
		wire{2, 0x1383, []byte{18, 2}, false},
		wire{17, 0x1383, []byte{18, 3}, false},
	},
	{
		"vumi-itsinfo",
		wire{2, 0x1383, []byte{0, 36}, false},
		wire{2, 0x1383, []byte{0, 37}, false},
	},
	{
		"sixdee",
		wire{2, 0x1383, []byte{0, 36}, false},
		wire{17, 0x1383, []byte{0, 37}, false},
	},
	{
		"mica",
		wire{2, 0x0204, []byte{0, 18}, false},
		wire{17, 0x0204, []byte{0, 18}, false},
	},
	{
		"smpp-plus",
		wire{2, 0x1501, []byte{0, 0, 0, 18}, false},
		wire{17, 0x1501, []byte{0, 0, 0, 18}, false},
	},
	{
		"glo-datasm",
		wire{2, 0x1383, []byte{18, 2}, true},
		wire{17, 0x1383, []byte{18, 2}, true},
	},
	{"huawei-msisdn", wire{2, 0, nil, false}, wire{17, 0, nil, false}},
}

func TestScreensByDialect(t *testing.T) {
	if len(wires) != len(dialect.Names()) {
		t.Errorf("%d of %d presets are tested", len(wires), len(dialect.Names()))
	}
	for _, tt := range wires {
		t.Run(tt.name, func(t *testing.T) {
			d := preset(t, tt.name)
			sm, err := d.EncodeInput(dialect.MessageInput{
				Kind: dialect.Begin, Source: msisdn, Service: "900",
				Session: 18, Unit: 1, Text: "*900#",
			})
			if err != nil {
				t.Fatal(err)
			}
			in, err := d.Decode(sm)
			if err != nil || string(in.Text) != "*900#" {
				t.Fatalf("Decode = %s, %v", reveal(in), err)
			}
			for end, want := range map[bool]wire{false: tt.ask, true: tt.end} {
				out, err := d.Encode(in.Peer, "Төлөм", end)
				if err != nil {
					t.Fatal(err)
				}
				op, _ := out.ServiceOp()
				session, _ := out.TLV(want.tag)
				if op != want.op || !bytes.Equal(session, want.session) ||
					out.DataSM != want.dataSM || out.DataCoding != 8 {
					t.Errorf("end %t: op %d session % x data_sm %t data_coding %d, want %+v",
						end, op, session, out.DataSM, out.DataCoding, want)
				}
				if out.Destination != sm.Source || out.Source != sm.Destination {
					t.Errorf("addresses are not swapped")
				}
				checkScreen(t, d, out, end)
			}
		})
	}
}

func checkScreen(t *testing.T, d dialect.Dialect, out *pdu.SubmitSM, end bool) {
	t.Helper()
	screen, err := d.DecodeScreen(out)
	session := d.SessionOnWire(18)
	want := dialect.Screen{
		Subscriber: msisdn, Session: session, Text: "Төлөм", End: end,
		Alphabet: charset.UCS2, Units: 5,
	}
	if err != nil || screen != want {
		t.Errorf("DecodeScreen = %+v, %v, want %+v", screen, err, want)
	}
}

// TestInputsByDialect sends every kind through each preset and back.
func TestInputsByDialect(t *testing.T) {
	for _, name := range dialect.Names() {
		for _, kind := range []dialect.Kind{
			dialect.Begin, dialect.Input, dialect.Abort, dialect.Confirm,
		} {
			t.Run(name+"/"+kind.String(), func(t *testing.T) {
				d := preset(t, name)
				sm, err := d.EncodeInput(dialect.MessageInput{
					Kind: kind, Source: msisdn, Service: "900", Session: 7, Unit: 3, Text: "12",
				})
				if err != nil {
					t.Fatal(err)
				}
				in, err := d.Decode(sm)
				if err != nil || in.Kind != kind || in.Source != msisdn {
					t.Fatalf("Decode = %s, %v, want %v", reveal(in), err, kind)
				}
				if kind == dialect.Input && string(in.Text) != "12" {
					t.Errorf("text %q, want 12", in.Text)
				}
				if got := in.Session != ""; got != (name != "huawei-msisdn") {
					t.Errorf("session %q", in.Session)
				}
			})
		}
	}
}

func TestTheCodeMayBeTheDestination(t *testing.T) {
	d := preset(t, "standard")
	d.CodeInDestination = true
	for dialled, want := range map[string]string{"900": "*900#", "*900*1#": "*900*1#"} {
		sm, err := d.EncodeInput(dialect.MessageInput{
			Kind: dialect.Begin, Source: msisdn, Service: "900", Text: dialled,
		})
		if err != nil {
			t.Fatal(err)
		}
		if in, err := d.Decode(sm); err != nil || string(in.Text) != want {
			t.Errorf("dialled %s: code %q, %v, want %q", dialled, in.Text, err, want)
		}
	}
}

func TestScreensThatFitAndThatDoNot(t *testing.T) {
	d := preset(t, "standard")
	for _, tt := range []struct {
		name, text string
		coding     uint8
		err        error
	}{
		{"182 septets", strings.Repeat("a", 182), 0, nil},
		{"183 septets", strings.Repeat("a", 183), 0, dialect.ErrTooLong},
		{"91 extension characters", strings.Repeat("€", 91), 0, nil},
		{"92 extension characters", strings.Repeat("€", 92), 0, dialect.ErrTooLong},
		{"80 units", strings.Repeat("я", 80), 8, nil},
		{"81 units", strings.Repeat("я", 81), 8, dialect.ErrTooLong},
		{"no UTF-8", "\xff", 0, charset.ErrUnmappable},
		{"nothing", "", 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sm, err := d.Encode(dialect.Peer{}, tt.text, false)
			if !errors.Is(err, tt.err) {
				t.Fatalf("Encode = %v, want %v", err, tt.err)
			}
			if err == nil && sm.DataCoding != tt.coding {
				t.Errorf("data_coding %d, want %d", sm.DataCoding, tt.coding)
			}
		})
	}
}

func TestTheCentreRefusesScreensOfAnotherDialect(t *testing.T) {
	d := preset(t, "standard")
	good := func() *pdu.SubmitSM {
		sm, err := d.Encode(dialect.Peer{Session: 0x1202}, "ok", false)
		if err != nil {
			t.Fatal(err)
		}
		return sm
	}
	for name, spoil := range map[string]func(*pdu.SubmitSM){
		"no session":            func(sm *pdu.SubmitSM) { sm.TLVs = sm.TLVs[:1] },
		"no operation":          func(sm *pdu.SubmitSM) { sm.TLVs = sm.TLVs[1:] },
		"begin":                 func(sm *pdu.SubmitSM) { sm.SetServiceOp(1) },
		"end without its bit":   func(sm *pdu.SubmitSM) { sm.SetServiceOp(17) },
		"ask with the end bit":  func(sm *pdu.SubmitSM) { sm.SetSessionInfo(0x1203) },
		"another data_coding":   func(sm *pdu.SubmitSM) { sm.DataCoding = 3 },
		"octets above 7 bits":   func(sm *pdu.SubmitSM) { sm.Text = []byte{0xD0} },
		"half of a UCS-2 octet": func(sm *pdu.SubmitSM) { sm.DataCoding, sm.Text = 8, []byte{4} },
	} {
		sm := good()
		spoil(sm)
		screen, err := d.DecodeScreen(sm)
		var refusal *dialect.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %+v, %v, want a *Refusal", name, screen, err)
		}
	}
}

func TestUnknownPreset(t *testing.T) {
	_, err := dialect.Preset("klingon")
	if err == nil || !strings.Contains(err.Error(), "standard") {
		t.Errorf("Preset = %v, want an error that names the presets", err)
	}
}

func TestAnIndicationPrintsNoSecrets(t *testing.T) {
	in, err := preset(t, "standard").Decode(delivery(0x1204, 18, "4711"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{in, &in, in.Peer} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "4711") ||
				strings.Contains(got, "9965") || strings.Contains(got, "52, 55") {
				t.Errorf("%s of %T prints %s", verb, v, got)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(uint16(0x1204), byte(18), byte(0), []byte("1"), msisdn)
	f.Add(uint16(0x1205), byte(129), byte(8), []byte{4, 0x10, 4}, "")
	names := dialect.Names()
	f.Fuzz(func(t *testing.T, its uint16, op, coding byte, text []byte, source string) {
		for _, name := range names {
			sm := delivery(its, pdu.ServiceOp(op), string(text))
			sm.Source.Digits, sm.DataCoding = source, coding
			sm.SetTLV(pdu.TagUserMessageReference, []byte{byte(its >> 8), byte(its)})
			in, err := preset(t, name).Decode(sm)
			var refusal *dialect.Refusal
			if err != nil && (!errors.As(err, &refusal) || refusal.Status == pdu.StatusOK) {
				t.Fatalf("%s: %v is no refusal", name, err)
			}
			if err == nil && in.Kind != dialect.Confirm && in.Source == "" {
				t.Fatalf("%s: an indication without a source", name)
			}
		}
	})
}
