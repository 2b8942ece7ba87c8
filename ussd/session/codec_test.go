package session_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/ussd/session/sessiontest"
)

func TestHeadIsWhereTheScriptsLookForIt(t *testing.T) {
	octets := sessiontest.Full(0x0102030405060708, 0x1112131415161718).Marshal()
	want := []byte{
		1,
		1, 2, 3, 4, 5, 6, 7, 8,
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	}
	if got := octets[:len(want)]; !bytes.Equal(got, want) {
		t.Errorf("head: got % x, want % x", got, want)
	}
}

func TestMarshalIsDeterministic(t *testing.T) {
	first := sessiontest.Full(1, 1).Marshal()
	for range 20 {
		if again := sessiontest.Full(1, 1).Marshal(); !bytes.Equal(first, again) {
			t.Fatalf("got % x, then % x", first, again)
		}
	}
}

// A field that is added to a record and forgotten in the codec fails here or in the suite's round
// trip, which uses the same record.
func TestFullIsFull(t *testing.T) {
	var look func(path string, v reflect.Value)
	look = func(path string, v reflect.Value) {
		if v.IsZero() {
			t.Errorf("%s is zero: set it in sessiontest.Full, and encode it", path)
		}
		if v.Kind() == reflect.Slice {
			look(path+"[0]", v.Index(0))
		}
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				look(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	}
	look("Record", reflect.ValueOf(sessiontest.Full(1, 1)))
}

// The layout of format 1 is what running instances wrote: it may not change under its number.
func TestFormat1IsFixed(t *testing.T) {
	const small = "01" + "0000000000000002" + "0000000000000001" + // head
		"1e" + // ended, dead, end, secret
		"0161" + "0162" + // dialogue, link
		"0172" + "026b79" + "0170" + // revision, language, pending
		"01" + "017305" + "00" + // one screen: s, page 5, no notice
		"01" + "0178" + "0179" + // one slot: x = y
		"0000" + "0203" + // started, touched
		"0169" + "000102030405060708090a0b0c0d0e0f" + "0400" + // input
		"01" + "016a" + // seen
		"017a" + "0154" + // reply
		"0165" + "0166" + "0167" + "0168" + // executing
		"0175" // untold
	want := session.Record{
		Version: 2, Writer: [8]byte{7: 1}, Dialogue: "a", Link: "b",
		Position: menu.Position{
			Revision: "r", Lang: "ky", Pending: "p",
			Stack: []menu.Visit{{State: "s", Page: 5}}, Slots: map[string]string{"x": "y"},
		},
		StartedAt: time.Unix(0, 0).UTC(), TouchedAt: time.Unix(1, 3).UTC(),
		LastInput: session.Input{
			ID:     "i",
			Digest: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			At:     time.Unix(2, 0).UTC(),
		},
		Seen:      []string{"j"},
		LastReply: session.Reply{State: "z", Text: "T", End: true, Secret: true},
		Ended:     true, Dead: true,
		Executing: session.Executing{State: "e", Action: "f", Offer: "g", Attempt: "h"},
		Untold:    "u",
	}
	if got := fmt.Sprintf("%x", want.Marshal()); got != small {
		t.Errorf("marshal:\n got %s\nwant %s", got, small)
	}
	got, err := session.Unmarshal(want.Marshal())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("unmarshal:\n got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	whole := sessiontest.Full(1, 1).Marshal()
	empty := session.Record{Version: 1}.Marshal()
	const flagsAt, dialogueAt = 17, 18
	with := func(octets []byte, at int, b ...byte) []byte {
		return append(append(bytes.Clone(octets[:at]), b...), octets[at+1:]...)
	}
	for name, c := range map[string]struct {
		octets []byte
		want   string
	}{
		"nothing":         {nil, "0 octets"},
		"half a head":     {whole[:16], "16 octets"},
		"head only":       {whole[:17], "truncated"},
		"unknown format":  {with(whole, 0, 9), "format 9 is unknown, this build reads 1"},
		"format 0":        {with(whole, 0, 0), "format 0 is unknown"},
		"unknown flags":   {with(empty, flagsAt, 0x40), "unknown flags"},
		"trailing octet":  {append(bytes.Clone(whole), 0), "1 octets after the end"},
		"too long":        {append(bytes.Clone(whole), make([]byte, session.MaxOctets)...), "most"},
		"string too long": {with(empty, dialogueAt, 0x81, 0x10), "dialogue is 2049, most 2048"},
		"endless string": {
			with(empty, dialogueAt, bytes.Repeat([]byte{0xff}, 12)...), "truncated",
		},
		"huge string": {
			with(empty, dialogueAt, binary.AppendUvarint(nil, 1<<63)...),
			"dialogue is 9223372036854775808",
		},
	} {
		r, err := session.Unmarshal(c.octets)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
		if !reflect.DeepEqual(r, session.Record{}) {
			t.Errorf("%s: got %+v beside the error, want nothing", name, r)
		}
	}
	for n := range whole {
		if _, err := session.Unmarshal(whole[:n]); err == nil {
			t.Errorf("the first %d of %d octets: want an error", n, len(whole))
		}
	}
}

// A time loses its location and its monotonic reading, and nothing else.
func TestTimes(t *testing.T) {
	bishkek := time.FixedZone("+06", 6*60*60)
	for _, at := range []time.Time{
		{},
		time.Unix(0, 0),
		time.Now(),
		time.Date(2026, 11, 21, 23, 59, 59, 999_999_999, bishkek),
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		r, err := session.Unmarshal(session.Record{Version: 1, StartedAt: at}.Marshal())
		if err != nil || !r.StartedAt.Equal(at) || r.StartedAt.IsZero() != at.IsZero() {
			t.Errorf("%s: got %s, %v", at, r.StartedAt, err)
		}
	}
}

func TestRoundTripOfAnyRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord().Draw(t, "record")
		octets := r.Marshal()
		got, err := session.Unmarshal(octets)
		if err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v\nwant %+v", got, r)
		}
	})
}

func anyRecord() *rapid.Generator[session.Record] {
	text := rapid.StringN(0, 20, 80)
	at := rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
	visit := rapid.Custom(func(t *rapid.T) menu.Visit {
		page := rapid.IntRange(0, session.MaxPage).Draw(t, "page")
		return menu.Visit{State: text.Draw(t, "state"), Page: page, Notice: text.Draw(t, "notice")}
	})
	return rapid.Custom(func(t *rapid.T) session.Record {
		draw := func(what string) string { return text.Draw(t, what) }
		yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
		r := session.Record{
			Version:  rapid.Uint64().Draw(t, "version"),
			Writer:   [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "writer")),
			Dialogue: draw("dialogue"), Link: draw("link"),
			Position: menu.Position{
				Revision: draw("revision"), Lang: draw("lang"), Pending: draw("pending"),
			},
			StartedAt: at.Draw(t, "started"), TouchedAt: at.Draw(t, "touched"),
			LastInput: session.Input{ID: draw("input"), At: at.Draw(t, "at")},
			LastReply: session.Reply{
				State: draw("state"), Text: draw("text"), End: yes("end"), Secret: yes("secret"),
			},
			Acked: yes("acked"), Ended: yes("ended"), Dead: yes("dead"),
			Executing: session.Executing{
				State: draw("x state"), Action: draw("action"),
				Offer: draw("offer"), Attempt: draw("attempt"),
			},
			Untold: draw("untold"),
		}
		// Empty and nil are the same to the codec, so only one of them is drawn.
		if stack := rapid.SliceOfN(visit, 0, session.MaxStack).Draw(t, "stack"); len(stack) > 0 {
			r.Position.Stack = stack
		}
		if slots := rapid.MapOfN(text, text, 0, session.MaxSlots).Draw(t, "slots"); len(slots) > 0 {
			r.Position.Slots = slots
		}
		return r
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(sessiontest.Full(1, 1).Marshal())
	f.Add(session.Record{Version: 1}.Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, octets []byte) {
		r, err := session.Unmarshal(octets)
		if err != nil {
			return
		}
		again := r.Marshal()
		if len(again) > len(octets) {
			t.Errorf("marshal of % x is longer: % x", octets, again)
		}
		got, err := session.Unmarshal(again)
		if err != nil {
			t.Fatalf("unmarshal of its own marshal: %v", err)
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v\nwant %+v", got, r)
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	r := sessiontest.Full(1, 1)
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Marshal()
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	octets := sessiontest.Full(1, 1).Marshal()
	b.ReportAllocs()
	b.SetBytes(int64(len(octets)))
	for b.Loop() {
		if _, err := session.Unmarshal(octets); err != nil {
			b.Fatal(err)
		}
	}
}
