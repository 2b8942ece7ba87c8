package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"ussdgw/ussd/menu"
)

// Limits of a record. A step keeps far below them; they bound what a damaged or hostile value can
// cost.
const (
	MaxOctets       = 16 << 10 // of an encoded record
	MaxStringOctets = 2 << 10  // of any text in it
	MaxStack        = 32       // screens
	MaxSlots        = 64
	MaxSeen         = 32 // input identities of one dialogue
	MaxPage         = 999
)

// The head is the same in every format, so that the compare-and-set in Redis needs to know
// nothing else: format, version in big endian, writer.
const (
	versionAt    = 1
	writerAt     = versionAt + 8
	headOctets   = writerAt + 8
	format1      = 1
	formatToday  = format1
	usualOctets  = 512 // the first allocation of an encoder
	formatsToday = "1" // those that Unmarshal reads, for the error text
)

// Flags of the body, one bit each. Unknown bits are refused.
const (
	flagAcked = 1 << iota
	flagEnded
	flagDead
	flagReplyEnd
	flagReplySecret
	flagTells
	flagsKnown = 1<<iota - 1
)

// Marshal encodes r in today's format. It is deterministic. A record beyond the limits is encoded
// all the same; Unmarshal and every store refuse it.
func (r Record) Marshal() []byte {
	octets, _ := r.encode()
	return octets
}

// encode is Marshal and says which limit r exceeds.
func (r Record) encode() ([]byte, error) {
	e := encoder{octets: make([]byte, 0, usualOctets)}
	e.octets = append(e.octets, formatToday)
	e.octets = binary.BigEndian.AppendUint64(e.octets, r.Version)
	e.octets = append(e.octets, r.Writer[:]...)
	e.body1(r)
	if len(e.octets) > MaxOctets {
		e.fail("record", len(e.octets), MaxOctets)
	}
	return e.octets, e.err
}

// Unmarshal decodes what Marshal made, in today's format or in the one before it, so that
// instances can be upgraded one by one. A value in any other format gives an error that names the
// format.
func Unmarshal(octets []byte) (Record, error) {
	if len(octets) > MaxOctets {
		return Record{}, fmt.Errorf("session: unmarshal: %d octets, most %d",
			len(octets), MaxOctets)
	}
	if len(octets) < headOctets {
		return Record{}, fmt.Errorf("session: unmarshal: %d octets, least %d",
			len(octets), headOctets)
	}
	r := Record{
		Version: binary.BigEndian.Uint64(octets[versionAt:]),
		Writer:  [8]byte(octets[writerAt:headOctets]),
	}
	d := decoder{octets: octets[headOctets:]}
	switch format := octets[0]; format {
	case format1:
		d.body1(&r)
	default:
		return Record{}, fmt.Errorf("session: unmarshal: format %d is unknown, this build reads %s",
			format, formatsToday)
	}
	if d.err == nil && len(d.octets) > 0 {
		d.err = fmt.Errorf("%d octets after the end", len(d.octets))
	}
	if d.err != nil {
		return Record{}, fmt.Errorf("session: unmarshal: %w", d.err)
	}
	return r, nil
}

// An encoder appends to octets and keeps the first limit that was exceeded.
type encoder struct {
	octets []byte
	err    error
}

func (e *encoder) body1(r Record) {
	e.octets = append(e.octets, flags(r))
	e.text("dialogue", r.Dialogue)
	e.text("link", r.Link)
	e.position(r.Position)
	e.time(r.StartedAt)
	e.time(r.TouchedAt)
	e.text("input", r.LastInput.ID)
	e.octets = append(e.octets, r.LastInput.Digest[:]...)
	e.time(r.LastInput.At)
	e.count("seen", len(r.Seen), MaxSeen)
	for _, id := range r.Seen {
		e.text("seen input", id)
	}
	e.text("reply state", r.LastReply.State)
	e.text("reply", r.LastReply.Text)
	e.text("executing state", r.Executing.State)
	e.text("executing action", r.Executing.Action)
	e.text("executing offer", r.Executing.Offer)
	e.text("executing attempt", r.Executing.Attempt)
	e.text("untold", r.Untold)
}

func (e *encoder) position(p menu.Position) {
	e.text("revision", p.Revision)
	e.text("language", p.Lang)
	e.text("pending", p.Pending)
	e.count("stack", len(p.Stack), MaxStack)
	for _, v := range p.Stack {
		e.text("state", v.State)
		e.count("page", v.Page, MaxPage)
		e.text("notice", v.Notice)
	}
	e.count("slots", len(p.Slots), MaxSlots)
	names := make([]string, 0, len(p.Slots))
	for name := range p.Slots {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		e.text("slot name", name)
		e.text("slot", p.Slots[name])
	}
}

func (e *encoder) text(what, s string) {
	e.count(what, len(s), MaxStringOctets)
	e.octets = append(e.octets, s...)
}

// count appends a number from 0 to most. A negative one comes out as one that is too large.
func (e *encoder) count(what string, n, most int) {
	if n < 0 || n > most {
		e.fail(what, n, most)
	}
	e.octets = binary.AppendUvarint(e.octets, uint64(n))
}

func (e *encoder) time(t time.Time) {
	e.octets = binary.AppendVarint(e.octets, t.Unix())
	e.octets = binary.AppendUvarint(e.octets, uint64(t.Nanosecond()))
}

func (e *encoder) fail(what string, n, most int) {
	if e.err == nil {
		e.err = fmt.Errorf("%s is %d, most %d", what, n, most)
	}
}

func flags(r Record) byte {
	var set byte
	for _, f := range []struct {
		is  bool
		bit byte
	}{
		{r.Acked, flagAcked},
		{r.Ended, flagEnded},
		{r.Dead, flagDead},
		{r.LastReply.End, flagReplyEnd},
		{r.LastReply.Secret, flagReplySecret},
		{r.Tells, flagTells},
	} {
		if f.is {
			set |= f.bit
		}
	}
	return set
}

var errTruncated = errors.New("truncated")

// A decoder takes from the front of octets. After an error it returns zero values.
type decoder struct {
	octets []byte
	err    error
}

func (d *decoder) body1(r *Record) {
	set := d.flags()
	r.Acked = set&flagAcked != 0
	r.Ended = set&flagEnded != 0
	r.Dead = set&flagDead != 0
	r.LastReply.End = set&flagReplyEnd != 0
	r.LastReply.Secret = set&flagReplySecret != 0
	r.Tells = set&flagTells != 0
	r.Dialogue = d.text("dialogue")
	r.Link = d.text("link")
	r.Position = d.position()
	r.StartedAt = d.time()
	r.TouchedAt = d.time()
	r.LastInput.ID = d.text("input")
	copy(r.LastInput.Digest[:], d.take(len(r.LastInput.Digest)))
	r.LastInput.At = d.time()
	for range d.count("seen", MaxSeen) {
		r.Seen = append(r.Seen, d.text("seen input"))
	}
	r.LastReply.State = d.text("reply state")
	r.LastReply.Text = d.text("reply")
	r.Executing.State = d.text("executing state")
	r.Executing.Action = d.text("executing action")
	r.Executing.Offer = d.text("executing offer")
	r.Executing.Attempt = d.text("executing attempt")
	r.Untold = d.text("untold")
}

func (d *decoder) position() menu.Position {
	p := menu.Position{
		Revision: d.text("revision"),
		Lang:     d.text("language"),
		Pending:  d.text("pending"),
	}
	if n := d.count("stack", MaxStack); n > 0 {
		p.Stack = make([]menu.Visit, n)
	}
	for i := range p.Stack {
		p.Stack[i] = menu.Visit{
			State:  d.text("state"),
			Page:   d.count("page", MaxPage),
			Notice: d.text("notice"),
		}
	}
	n := d.count("slots", MaxSlots)
	if n > 0 {
		p.Slots = make(map[string]string, n)
	}
	for range n {
		name := d.text("slot name")
		if _, twice := p.Slots[name]; twice {
			d.fail(errors.New("a slot twice"))
		}
		p.Slots[name] = d.text("slot")
	}
	return p
}

func (d *decoder) flags() byte {
	b := d.take(1)
	if b == nil {
		return 0
	}
	if b[0] > flagsKnown {
		d.fail(fmt.Errorf("unknown flags %#02x", b[0]))
	}
	return b[0]
}

func (d *decoder) text(what string) string {
	return string(d.take(d.count(what, MaxStringOctets)))
}

func (d *decoder) count(what string, most int) int {
	n := d.uvarint()
	if n > uint64(most) {
		d.fail(fmt.Errorf("%s is %d, most %d", what, n, most))
		return 0
	}
	return int(n)
}

func (d *decoder) time() time.Time {
	seconds, size := binary.Varint(d.octets)
	if size <= 0 {
		d.fail(errTruncated)
		return time.Time{}
	}
	d.octets = d.octets[size:]
	nanoseconds := d.uvarint()
	if nanoseconds > uint64(time.Second-1) {
		d.fail(fmt.Errorf("%d nanoseconds in a second", nanoseconds))
		return time.Time{}
	}
	if d.err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.octets)
	if size <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.octets = d.octets[size:]
	return n
}

// take returns the next n octets, or nil when there are fewer.
func (d *decoder) take(n int) []byte {
	if n > len(d.octets) {
		d.fail(errTruncated)
		return nil
	}
	taken := d.octets[:n]
	d.octets = d.octets[n:]
	return taken
}

// fail keeps the first error and leaves nothing to decode.
func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.octets = nil
}
