// Package dialect maps USSD dialogues onto the fields of SMPP PDUs, in both directions: the
// gateway decodes inputs and encodes screens, a message centre does the opposite. Operators
// differ in where the dialogue's id is, in what the operations mean and in how text is coded;
// all of that is data in a Dialect, and the presets are one table.
//
// The package knows no socket and no menu, keeps no state and starts no goroutine.
package dialect

import (
	"fmt"
	"slices"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// A SessionField says where a PDU carries the id of its dialogue.
type SessionField uint8

// The places seen in the field.
const (
	// SessionNumber is the high octet of its_session_info. Its low octet holds the sequence of
	// the dialogue unit in bits 7..1 and the end mark in bit 0.
	SessionNumber SessionField = iota + 1
	// SessionOpaque is its_session_info without bit 0, which is the end mark.
	SessionOpaque
	// SessionReference is user_message_reference.
	SessionReference
	// SessionVendor is the four octets of the vendor parameter 0x1501.
	SessionVendor
	// SessionNone means that only the subscriber's number tells dialogues apart.
	SessionNone
)

// A Coding is one value of data_coding and what it means.
type Coding struct {
	DataCoding uint8
	Alphabet   charset.Alphabet
	Packed     bool // GSM-7 septets are packed, eight in seven octets
}

// A Dialect is how one operator maps dialogues onto PDUs. It is read only, safe for concurrent use
// and comparable by Name.
type Dialect struct {
	Name        string
	ServiceType string // of the PDUs that open something; a reply echoes its peer's
	Session     SessionField

	Begin   []pdu.ServiceOp // deliver_sm: the subscriber has dialled; the first is what we send
	Input   []pdu.ServiceOp // deliver_sm: the subscriber has answered
	Abort   []pdu.ServiceOp // deliver_sm: the dialogue is dead; none means that only the end bit is
	Confirm []pdu.ServiceOp // deliver_sm: a notification was seen; nothing is to be done
	Ask     pdu.ServiceOp   // submit_sm: show and ask
	End     pdu.ServiceOp   // submit_sm: show and end
	EndBit  bool            // bit 0 of its_session_info marks the end, in both directions

	CodeInDestination bool // the dialled code is destination_addr instead of the text

	Codings []Coding // data_coding that is understood; others are refused
	GSM7    Coding   // what screens in GSM-7 are sent as
	UCS2    Coding   // what screens in UCS-2 are sent as

	// IMSI is the parameter of a deliver_sm that tells the subscriber's IMSI, 0 = none. No preset has
	// one: see WithIMSI.
	IMSI uint16

	DataSM bool // dialogues are carried by data_sm instead of deliver_sm and submit_sm
}

// Names returns the names of the presets, sorted.
func Names() []string {
	names := make([]string, 0, len(presets))
	for _, d := range presets {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// Preset returns the dialect with the name.
func Preset(name string) (Dialect, error) {
	for _, d := range presets {
		if d.Name == name {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("dialect: %q is none of %v", name, Names())
}

// A Kind is what an indication means to a dialogue.
type Kind uint8

// The kinds.
const (
	Begin   Kind = iota + 1 // the subscriber has dialled a code
	Input                   // the subscriber has answered a screen
	Abort                   // the dialogue is dead; nothing more may be submitted to it
	Confirm                 // a notification was seen or a receipt came: nothing to do
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Begin:
		return "begin"
	case Input:
		return "input"
	case Abort:
		return "abort"
	case Confirm:
		return "confirm"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// A Refusal says that a PDU is none of the dialect, and what to answer. It never repeats the
// PDU's content.
type Refusal struct {
	Status pdu.Status
	Reason string
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("dialect: refused: %s (%v)", r.Reason, r.Status)
}

func refuse(s pdu.Status, format string, args ...any) error {
	return &Refusal{s, fmt.Sprintf(format, args...)}
}

// A Peer is what a reply must echo of the indication it answers.
type Peer struct {
	Subscriber  pdu.Address
	Service     pdu.Address
	ServiceType string
	Session     uint32 // as it was on the wire, without the end bit
	DataSM      bool
}

// presets are the dialects known so far, the first being the plain reading of SMPP 3.4.
var presets = []Dialect{
	{
		Name: "standard", Session: SessionNumber, EndBit: true,
		Begin: ops(1), Input: ops(18), Abort: ops(129, 65, 66, 67), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		// The end is the end bit alone; the operation is always that of a request.
		Name: "vumi-itsinfo", Session: SessionOpaque, EndBit: true,
		Begin: ops(1), Input: ops(18), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.USSRRequest,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		Name: "sixdee", Session: SessionOpaque, EndBit: true,
		Begin: ops(1), Input: ops(18), Abort: ops(129), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		Name: "mica", Session: SessionReference,
		Begin: ops(1), Input: ops(18), Abort: ops(129), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		// 146 confirms the last request of a dialogue that the network has already closed.
		Name: "smpp-plus", Session: SessionVendor,
		Begin: ops(1), Input: ops(18), Abort: ops(129, 146), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		// Where this site keeps the session number is not published; its_session_info is assumed.
		Name: "glo-datasm", Session: SessionNumber, DataSM: true,
		Begin: ops(1), Input: ops(18), Abort: ops(65, 66, 67, 128, 129), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
	{
		Name: "huawei-msisdn", Session: SessionNone,
		Begin: ops(1), Input: ops(18), Abort: ops(129, 65, 66, 67), Confirm: ops(19),
		Ask: pdu.USSRRequest, End: pdu.PSSRResponse,
		Codings: usualCodings, GSM7: plainGSM7, UCS2: plainUCS2,
	},
}

var (
	plainGSM7 = Coding{DataCoding: 0, Alphabet: charset.GSM7}
	plainUCS2 = Coding{DataCoding: 8, Alphabet: charset.UCS2}
	// usualCodings adds the two values of the cell broadcast scheme that USSD borrows.
	usualCodings = []Coding{
		plainGSM7,
		{DataCoding: 0x0F, Alphabet: charset.GSM7},
		plainUCS2,
		{DataCoding: 0x48, Alphabet: charset.UCS2},
	}
)

func ops(list ...pdu.ServiceOp) []pdu.ServiceOp { return list }
