package pdu

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// A ServiceOp is the value of the ussd_service_op TLV: what a PDU means to a USSD dialogue.
type ServiceOp uint8

// The operations of the standard; 32 to 255 are the vendors'.
const (
	PSSDIndication ServiceOp = 0
	PSSRIndication ServiceOp = 1 // the subscriber has dialled
	USSRRequest    ServiceOp = 2 // show a text and ask for input
	USSNRequest    ServiceOp = 3
	PSSDResponse   ServiceOp = 16
	PSSRResponse   ServiceOp = 17 // show a text and end the dialogue
	USSRConfirm    ServiceOp = 18 // the subscriber's input
	USSNConfirm    ServiceOp = 19
)

// String returns a name for the operations of the standard and the number of the others.
func (op ServiceOp) String() string {
	switch op {
	case PSSDIndication:
		return "PSSDIndication"
	case PSSRIndication:
		return "PSSRIndication"
	case USSRRequest:
		return "USSRRequest"
	case USSNRequest:
		return "USSNRequest"
	case PSSDResponse:
		return "PSSDResponse"
	case PSSRResponse:
		return "PSSRResponse"
	case USSRConfirm:
		return "USSRConfirm"
	case USSNConfirm:
		return "USSNConfirm"
	}
	return strconv.Itoa(int(op))
}

// Tags of the optional parameters that this project reads or writes.
const (
	TagUserMessageReference uint16 = 0x0204
	TagSCInterfaceVersion   uint16 = 0x0210
	TagMessagePayload       uint16 = 0x0424
	TagUSSDServiceOp        uint16 = 0x0501
	TagVendorSessionID      uint16 = 0x1501 // ussd_session_id of SMPP+
	TagITSSessionInfo       uint16 = 0x1383
)

// UDHI is the bit of esm_class that says the text begins with a user data header.
const UDHI uint8 = 0x40

// Limits of a message.
const (
	MaxShortMessage = 254 // octets of short_message; a longer text is a message_payload
	MaxAddress      = 20  // octets of an address
	MaxTLVs         = 64  // optional parameters of one PDU; more is refused
)

// An Address is a subscriber's number or a service's code with what the network knows of it.
// It prints only its length: a number is never in a log by accident.
type Address struct {
	TON, NPI uint8
	Digits   string // at most MaxAddress octets
}

// Format hides the digits whatever the verb.
func (a Address) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "(%d,%d,%d digits)", a.TON, a.NPI, len(a.Digits))
}

// A TLV is one optional parameter. Unknown tags are kept as they came.
type TLV struct {
	Tag   uint16
	Value []byte
}

// A Message is what deliver_sm, submit_sm and data_sm have in common. It prints without its
// numbers and its text.
type Message struct {
	ServiceType         string // at most 5 octets
	Source, Destination Address
	ESMClass            uint8
	ProtocolID          uint8
	Priority            uint8
	Schedule            string // schedule_delivery_time: empty or 16 octets
	Validity            string // validity_period: empty or 16 octets
	RegisteredDelivery  uint8
	ReplaceIfPresent    uint8
	DataCoding          uint8
	DefaultMessageID    uint8
	// Text is the octets of short_message or of message_payload, the user data header included
	// where ESMClass has UDHI.
	Text []byte
	// TLVs are the optional parameters in their order, without message_payload.
	TLVs []TLV
	// DataSM says that the message is carried by a data_sm. Decode never sets it: a session layer
	// does that hands a DataSM on as a DeliverSM or a SubmitSM. Encode ignores it.
	DataSM bool
}

// Format hides numbers and text whatever the verb.
func (m Message) Format(f fmt.State, _ rune) {
	op := "none"
	if o, ok := m.ServiceOp(); ok {
		op = o.String()
	}
	_, _ = fmt.Fprintf(f, "Message(op=%s dcs=%d %d octets %d TLVs)",
		op, m.DataCoding, len(m.Text), len(m.TLVs))
}

// TLV returns the value of the first optional parameter with the tag.
func (m *Message) TLV(tag uint16) ([]byte, bool) {
	for _, t := range m.TLVs {
		if t.Tag == tag {
			return t.Value, true
		}
	}
	return nil, false
}

// SetTLV replaces the value of the first optional parameter with the tag, or adds one.
func (m *Message) SetTLV(tag uint16, value []byte) {
	for i := range m.TLVs {
		if m.TLVs[i].Tag == tag {
			m.TLVs[i].Value = value
			return
		}
	}
	m.TLVs = append(m.TLVs, TLV{tag, value})
}

// ServiceOp returns ussd_service_op. It reports false when the parameter is missing or is not one
// octet long.
func (m *Message) ServiceOp() (ServiceOp, bool) {
	v, ok := m.TLV(TagUSSDServiceOp)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return ServiceOp(v[0]), true
}

// SetServiceOp sets ussd_service_op.
func (m *Message) SetServiceOp(op ServiceOp) { m.SetTLV(TagUSSDServiceOp, []byte{byte(op)}) }

// SessionInfo returns its_session_info as one number: the session number is the high octet, the
// low one holds the sequence in bits 7..1 and the end mark in bit 0. It reports false when the
// parameter is missing or is not two octets long.
func (m *Message) SessionInfo() (uint16, bool) {
	v, ok := m.TLV(TagITSSessionInfo)
	if !ok || len(v) != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(v), true
}

// SetSessionInfo sets its_session_info.
func (m *Message) SetSessionInfo(v uint16) {
	m.SetTLV(TagITSSessionInfo, binary.BigEndian.AppendUint16(nil, v))
}
