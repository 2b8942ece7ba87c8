package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// ErrTooLong says that a text is more than one screen holds.
var ErrTooLong = errors.New("dialect: text is longer than a screen")

// messageType masks the bits of esm_class that tell receipts and acknowledgements from messages.
const messageType = 0x3C

// An Indication is what a deliver_sm means.
type Indication struct {
	Kind   Kind
	Source string // the subscriber's number, digits only; never log it
	// Session is the dialogue's id, unique only together with Source. It is empty where the
	// dialect has none.
	Session string
	// Unit is the identity of this dialogue unit: a PDU that the SMSC delivers again has the same.
	// It is empty where the dialect has none.
	Unit string
	Text []byte // what was dialled or typed, UTF-8; it may be a PIN: wipe it after use, never log it
	// IMSI is the subscriber's, digits, where the message centre tells it: never log it.
	IMSI []byte
	// BadIMSI says that the parameter of the IMSI is there and holds none.
	BadIMSI bool
	Peer    Peer // what a reply must echo
}

// Format shows neither the number nor what was typed, whatever the verb.
func (in Indication) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Indication(%v session=%s unit=%s)", in.Kind, in.Session, in.Unit)
}

// Decode says what a deliver_sm means to a dialogue. The error is a *Refusal.
//
// A delivery receipt is a Confirm: there is nothing to do and nothing to refuse.
func (d Dialect) Decode(sm *pdu.DeliverSM) (Indication, error) {
	if sm.ESMClass&messageType != 0 {
		return Indication{Kind: Confirm}, nil
	}
	source := strings.TrimPrefix(sm.Source.Digits, "+")
	if !digits(source) {
		return Indication{}, refuse(pdu.StatusInvalidSource, "source_addr is no number")
	}
	raw, end, err := d.readSession(&sm.Message)
	if err != nil {
		return Indication{}, err
	}
	kind, err := d.kind(&sm.Message, end)
	if err != nil {
		return Indication{}, err
	}
	in := Indication{
		Kind:   kind,
		Source: source,
		Peer: Peer{
			Subscriber: sm.Source, Service: sm.Destination,
			ServiceType: sm.ServiceType, Session: raw, DataSM: sm.DataSM,
		},
	}
	in.Session, in.Unit = d.Session.names(raw)
	if kind == Abort || kind == Confirm {
		return in, nil // their text, if any, is the network's
	}
	if in.Text, err = d.text(&sm.Message); err != nil {
		return Indication{}, err
	}
	read := false
	in.IMSI, read = d.readIMSI(&sm.Message)
	in.BadIMSI = !read
	if kind == Begin && d.CodeInDestination {
		in.Text = []byte(codeOf(sm.Destination.Digits))
	}
	return in, nil
}

// kind reads the operation. The end bit outweighs it: an SMSC sets it on whatever it sends last.
func (d Dialect) kind(m *pdu.Message, end bool) (Kind, error) {
	v, ok := m.TLV(pdu.TagUSSDServiceOp)
	switch {
	case end:
		return Abort, nil
	case !ok:
		return 0, refuse(pdu.StatusMissingTLV, "no ussd_service_op")
	case len(v) != 1:
		return 0, refuse(pdu.StatusInvalidTLVLength, "ussd_service_op has %d octets", len(v))
	}
	op := pdu.ServiceOp(v[0])
	switch {
	case slices.Contains(d.Begin, op):
		return Begin, nil
	case slices.Contains(d.Input, op):
		return Input, nil
	case slices.Contains(d.Abort, op):
		return Abort, nil
	case slices.Contains(d.Confirm, op):
		return Confirm, nil
	case op == pdu.PSSDIndication:
		return 0, refuse(pdu.StatusAppRejected, "one-shot data has no dialogue")
	}
	return 0, refuse(pdu.StatusInvalidTLVValue, "ussd_service_op %d", op)
}

func (d Dialect) text(m *pdu.Message) ([]byte, error) {
	if m.ESMClass&pdu.UDHI != 0 {
		return nil, refuse(pdu.StatusInvalidESMClass, "user data header in a dialogue")
	}
	i := slices.IndexFunc(d.Codings, func(c Coding) bool { return c.DataCoding == m.DataCoding })
	if i < 0 {
		return nil, refuse(pdu.StatusAppPermanent, "data_coding %d", m.DataCoding)
	}
	octets := m.Text
	if d.Codings[i].Packed {
		octets = charset.UnpackUSSD(octets)
	}
	text, err := charset.Decode(d.Codings[i].Alphabet, octets)
	if err != nil {
		return nil, refuse(pdu.StatusAppPermanent, "text is not of data_coding %d", m.DataCoding)
	}
	return []byte(text), nil
}

// Encode returns the submit_sm that shows text to peer and asks for input, or ends the dialogue.
// The alphabet is GSM-7 where it has every character, else UCS-2. The sequence_number is left to
// the link. The error is ErrTooLong or that of a text which is no valid UTF-8.
func (d Dialect) Encode(peer Peer, text string, end bool) (*pdu.SubmitSM, error) {
	coding := d.GSM7
	if charset.Choose(text) == charset.UCS2 {
		coding = d.UCS2
	}
	octets, err := charset.Encode(coding.Alphabet, text)
	if err != nil {
		return nil, fmt.Errorf("dialect: encode: %w", err)
	}
	units := charset.Length(coding.Alphabet, text)
	if limit := coding.Alphabet.ScreenLimit(); units > limit {
		return nil, fmt.Errorf("%w: %d of %d %v units", ErrTooLong, units, limit, coding.Alphabet)
	}
	if coding.Packed {
		octets = charset.PackUSSD(octets)
	}
	sm := &pdu.SubmitSM{Message: pdu.Message{
		ServiceType: peer.ServiceType,
		Source:      peer.Service,
		Destination: peer.Subscriber,
		DataCoding:  coding.DataCoding,
		Text:        octets,
		DataSM:      peer.DataSM,
	}}
	op := d.Ask
	if end {
		op = d.End
	}
	sm.SetServiceOp(op)
	d.writeSession(&sm.Message, peer.Session, end)
	return sm, nil
}

// codeOf returns a service's address as it is dialled: "900" is "*900#".
func codeOf(address string) string {
	if digits(address) {
		return "*" + address + "#"
	}
	return address
}

// digits reports whether s is a number of a length that an address can have.
func digits(s string) bool {
	return s != "" && len(s) <= pdu.MaxAddress &&
		!bytes.ContainsFunc([]byte(s), func(r rune) bool { return r < '0' || r > '9' })
}
