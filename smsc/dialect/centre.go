package dialect

import (
	"bytes"
	"fmt"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// The type of number and numbering plan that EncodeInput gives a subscriber: international, ISDN.
const (
	tonInternational = 1
	npiISDN          = 1
)

// A MessageInput is what a message centre delivers for a subscriber.
type MessageInput struct {
	Kind    Kind
	Source  string // the subscriber's number
	Service string // destination_addr of the PDU
	Session uint16 // the dialogue's number; only its low 8 or 15 bits may fit the dialect
	Unit    uint8  // sequence of the dialogue unit, 7 bits
	Text    string // what was dialled or typed
	IMSI    string // the subscriber's, digits; "" and where the dialect has no place for it: untold
}

// EncodeInput returns the deliver_sm for in, in the alphabet that its text needs. The
// sequence_number is left to the caller.
func (d Dialect) EncodeInput(in MessageInput) (*pdu.DeliverSM, error) {
	sm := &pdu.DeliverSM{Message: pdu.Message{
		ServiceType: d.ServiceType,
		Source:      pdu.Address{TON: tonInternational, NPI: npiISDN, Digits: in.Source},
		Destination: pdu.Address{NPI: npiISDN, Digits: in.Service},
		DataSM:      d.DataSM,
	}}
	var op pdu.ServiceOp
	end := false
	switch in.Kind {
	case Begin:
		op = d.Begin[0]
	case Input:
		op = d.Input[0]
	case Confirm:
		op = d.Confirm[0]
	case Abort:
		end = true
		op = d.Input[0]
		if len(d.Abort) > 0 {
			op = d.Abort[0]
		}
	default:
		return nil, fmt.Errorf("dialect: encode input: %v", in.Kind)
	}
	coding := d.GSM7
	if charset.Choose(in.Text) == charset.UCS2 {
		coding = d.UCS2
	}
	octets, err := charset.Encode(coding.Alphabet, in.Text)
	if err != nil {
		return nil, fmt.Errorf("dialect: encode input: %w", err)
	}
	if coding.Packed {
		octets = charset.PackUSSD(octets)
	}
	sm.DataCoding, sm.Text = coding.DataCoding, octets
	if d.CodeInDestination && in.Kind == Begin {
		sm.Destination.Digits, sm.Text = in.Text, nil
	}
	sm.SetServiceOp(op)
	d.writeSession(&sm.Message, d.Session.raw(in.Session, in.Unit), end)
	if d.IMSI != 0 && in.IMSI != "" {
		sm.SetTLV(d.IMSI, []byte(in.IMSI))
	}
	return sm, nil
}

// A Screen is what a submit_sm shows.
type Screen struct {
	Subscriber string // the number it is for
	Session    uint16 // the dialogue's number, zero where the dialect has none
	Text       string
	End        bool // the dialogue ends with it
	Alphabet   charset.Alphabet
	Units      int // septets or UTF-16 units of Text
}

// DecodeScreen says what a submit_sm shows. The error is a *Refusal.
func (d Dialect) DecodeScreen(sm *pdu.SubmitSM) (Screen, error) {
	raw, endBit, err := d.readSession(&sm.Message)
	if err != nil {
		return Screen{}, err
	}
	op, ok := sm.ServiceOp()
	if !ok {
		return Screen{}, refuse(pdu.StatusMissingTLV, "no ussd_service_op of one octet")
	}
	if op != d.Ask && op != d.End {
		return Screen{}, refuse(pdu.StatusInvalidTLVValue, "ussd_service_op %d", op)
	}
	end := op == d.End && op != d.Ask
	if d.EndBit {
		if d.Ask != d.End && end != endBit {
			return Screen{}, refuse(pdu.StatusInvalidTLVValue,
				"ussd_service_op %d with end bit %t", op, endBit)
		}
		end = endBit
	}
	var coding Coding
	switch sm.DataCoding {
	case d.GSM7.DataCoding:
		coding = d.GSM7
	case d.UCS2.DataCoding:
		coding = d.UCS2
	default:
		return Screen{}, refuse(pdu.StatusSubmitFailed, "data_coding %d", sm.DataCoding)
	}
	octets := bytes.Clone(sm.Text)
	if coding.Packed {
		octets = charset.UnpackUSSD(octets)
	}
	text, err := charset.Decode(coding.Alphabet, octets)
	if err != nil {
		return Screen{}, refuse(pdu.StatusSubmitFailed, "text is not of data_coding %d",
			sm.DataCoding)
	}
	return Screen{
		Subscriber: sm.Destination.Digits,
		Session:    d.Session.number(raw),
		Text:       text,
		End:        end,
		Alphabet:   coding.Alphabet,
		Units:      units(coding.Alphabet, octets),
	}, nil
}

// units counts what is on the wire, not the text it decodes to: an escape counts even when the
// character after it needs none.
func units(a charset.Alphabet, octets []byte) int {
	if a == charset.UCS2 {
		return len(octets) / 2
	}
	return len(octets)
}

// SessionOnWire returns what is left of a dialogue's number after a PDU has carried it.
func (d Dialect) SessionOnWire(session uint16) uint16 {
	return d.Session.number(d.Session.raw(session, 0))
}
