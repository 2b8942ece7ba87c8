// Package pdu holds the SMPP 3.4 PDUs that USSD and SMS need as Go structs and turns them into
// octets and back. It opens no socket, keeps no state and starts no goroutine.
//
// The fields of a body are read and written by the codec packages of go-smpp, which nothing else
// imports. What those get wrong is done here instead: framing, sequence numbers, the order of
// TLVs, lengths and NULs of outbound fields, fields that are missing inbound, the user data header
// (left inside the text), deliver_sm encoding, data_sm.
package pdu

import "fmt"

// HeaderOctets is the size of the header that every PDU begins with.
const HeaderOctets = 16

// MaxFrame is the largest PDU that Decode reads and Encode writes, in octets. A message_payload
// may hold 64 KiB by its length field; nothing that this project exchanges comes near.
const MaxFrame = 64 << 10

// MaxSequence is the last sequence_number that may be given to a request; the first is 1.
const MaxSequence = 0x7FFFFFFF

// A Command is a command_id. The top bit marks a response.
type Command uint32

// The commands that Decode and Encode know, and those that only need a name.
const (
	CommandGenericNack         Command = 0x80000000
	CommandBindReceiver        Command = 0x00000001
	CommandBindTransmitter     Command = 0x00000002
	CommandQuerySM             Command = 0x00000003
	CommandSubmitSM            Command = 0x00000004
	CommandSubmitSMResp        Command = 0x80000004
	CommandDeliverSM           Command = 0x00000005
	CommandDeliverSMResp       Command = 0x80000005
	CommandUnbind              Command = 0x00000006
	CommandUnbindResp          Command = 0x80000006
	CommandReplaceSM           Command = 0x00000007
	CommandCancelSM            Command = 0x00000008
	CommandBindTransceiver     Command = 0x00000009
	CommandBindReceiverResp    Command = 0x80000001
	CommandBindTransmitterResp Command = 0x80000002
	CommandBindTransceiverResp Command = 0x80000009
	CommandOutbind             Command = 0x0000000B
	CommandEnquireLink         Command = 0x00000015
	CommandEnquireLinkResp     Command = 0x80000015
	CommandSubmitMulti         Command = 0x00000021
	CommandAlertNotification   Command = 0x00000102
	CommandDataSM              Command = 0x00000103
	CommandDataSMResp          Command = 0x80000103
)

// responseBit tells a response from a request.
const responseBit Command = 0x80000000

// IsResponse reports whether c answers a request.
func (c Command) IsResponse() bool { return c&responseBit != 0 }

// String returns the specification's name, such as "deliver_sm_resp", or "unknown": the number of
// distinct results is small enough for a metric's label.
func (c Command) String() string {
	if c == CommandGenericNack {
		return "generic_nack"
	}
	name := requestName(c &^ responseBit)
	if name == "" {
		return "unknown"
	}
	if c.IsResponse() {
		return name + "_resp"
	}
	return name
}

func requestName(c Command) string {
	switch c {
	case CommandBindReceiver:
		return "bind_receiver"
	case CommandBindTransmitter:
		return "bind_transmitter"
	case CommandQuerySM:
		return "query_sm"
	case CommandSubmitSM:
		return "submit_sm"
	case CommandDeliverSM:
		return "deliver_sm"
	case CommandUnbind:
		return "unbind"
	case CommandReplaceSM:
		return "replace_sm"
	case CommandCancelSM:
		return "cancel_sm"
	case CommandBindTransceiver:
		return "bind_transceiver"
	case CommandOutbind:
		return "outbind"
	case CommandEnquireLink:
		return "enquire_link"
	case CommandSubmitMulti:
		return "submit_multi"
	case CommandAlertNotification:
		return "alert_notification"
	case CommandDataSM:
		return "data_sm"
	}
	return ""
}

// A Header is what every PDU begins with, without its length.
type Header struct {
	Command  Command
	Status   Status // of a response; zero in a request
	Sequence uint32
}

// A PDU is one of the pointer types of this package: *DeliverSM, *SubmitSMResp and so on.
type PDU interface {
	// Head returns the header that Encode writes.
	Head() Header
}

// A Bind asks for a session of the given Command: one of CommandBindTransceiver,
// CommandBindReceiver and CommandBindTransmitter.
type Bind struct {
	Sequence         uint32
	Command          Command
	SystemID         string // at most 15 octets
	Password         Password
	SystemType       string // at most 12 octets
	InterfaceVersion uint8  // 0x34 for SMPP 3.4
	Range            Address
}

// A Password proves a system_id: at most 8 octets. It prints masked.
type Password string

// Format masks the password whatever the verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// A BindResp answers a Bind. Command is that of the response.
type BindResp struct {
	Sequence uint32
	Command  Command
	Status   Status
	SystemID string // of the SMSC; absent when Status is an error
	TLVs     []TLV
}

// An Unbind ends the session.
type Unbind struct{ Sequence uint32 }

// An UnbindResp answers an Unbind.
type UnbindResp struct {
	Sequence uint32
	Status   Status
}

// An EnquireLink asks whether the other side lives.
type EnquireLink struct{ Sequence uint32 }

// An EnquireLinkResp answers an EnquireLink.
type EnquireLinkResp struct {
	Sequence uint32
	Status   Status
}

// A GenericNack answers what could not be understood at all.
type GenericNack struct {
	Sequence uint32
	Status   Status
}

// A DeliverSM carries a message from the SMSC.
type DeliverSM struct {
	Sequence uint32
	Message
}

// A SubmitSM carries a message to the SMSC.
type SubmitSM struct {
	Sequence uint32
	Message
}

// A DataSM carries a message in either direction; its text is always a message_payload.
type DataSM struct {
	Sequence uint32
	Message
}

// A DeliverSMResp answers a DeliverSM. Its message_id is always empty.
type DeliverSMResp struct {
	Sequence uint32
	Status   Status
}

// A SubmitSMResp answers a SubmitSM.
type SubmitSMResp struct {
	Sequence  uint32
	Status    Status
	MessageID string // at most 64 octets; absent when Status is an error
}

// A DataSMResp answers a DataSM.
type DataSMResp struct {
	Sequence  uint32
	Status    Status
	MessageID string // at most 64 octets
}

// Head implements PDU.
func (p *Bind) Head() Header { return Header{p.Command, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *BindResp) Head() Header { return Header{p.Command, p.Status, p.Sequence} }

// Head implements PDU.
func (p *Unbind) Head() Header { return Header{CommandUnbind, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *UnbindResp) Head() Header { return Header{CommandUnbindResp, p.Status, p.Sequence} }

// Head implements PDU.
func (p *EnquireLink) Head() Header { return Header{CommandEnquireLink, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *EnquireLinkResp) Head() Header {
	return Header{CommandEnquireLinkResp, p.Status, p.Sequence}
}

// Head implements PDU.
func (p *GenericNack) Head() Header { return Header{CommandGenericNack, p.Status, p.Sequence} }

// Head implements PDU.
func (p *DeliverSM) Head() Header { return Header{CommandDeliverSM, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *SubmitSM) Head() Header { return Header{CommandSubmitSM, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *DataSM) Head() Header { return Header{CommandDataSM, StatusOK, p.Sequence} }

// Head implements PDU.
func (p *DeliverSMResp) Head() Header { return Header{CommandDeliverSMResp, p.Status, p.Sequence} }

// Head implements PDU.
func (p *SubmitSMResp) Head() Header { return Header{CommandSubmitSMResp, p.Status, p.Sequence} }

// Head implements PDU.
func (p *DataSMResp) Head() Header { return Header{CommandDataSMResp, p.Status, p.Sequence} }
