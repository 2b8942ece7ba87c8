package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// Decode reads one PDU from a frame that ReadFrame returned. The result keeps no reference to it.
//
// The error is always a *DecodeError; where it is Recoverable, its Answer refuses the PDU and the
// connection goes on. Responses are read leniently: their header is what counts, and a request of
// ours must not be lost over a faulty message_id.
func Decode(frame []byte) (PDU, error) {
	if len(frame) < HeaderOctets || uint64(binary.BigEndian.Uint32(frame)) != uint64(len(frame)) {
		return nil, &DecodeError{
			Status: StatusInvalidCommandLength,
			Reason: fmt.Sprintf("frame of %d octets", len(frame)),
		}
	}
	h := Header{
		Command:  Command(binary.BigEndian.Uint32(frame[4:])),
		Status:   Status(binary.BigEndian.Uint32(frame[8:])),
		Sequence: binary.BigEndian.Uint32(frame[12:]),
	}
	p, fault := decodeBody(h, frame[HeaderOctets:])
	if fault != nil {
		fault.Command, fault.Sequence, fault.Recoverable = h.Command, h.Sequence, true
		return nil, fault
	}
	return p, nil
}

func decodeBody(h Header, body []byte) (PDU, *DecodeError) {
	switch h.Command {
	case CommandGenericNack:
		return &GenericNack{h.Sequence, h.Status}, nil
	case CommandEnquireLinkResp:
		return &EnquireLinkResp{h.Sequence, h.Status}, nil
	case CommandUnbindResp:
		return &UnbindResp{h.Sequence, h.Status}, nil
	case CommandDeliverSMResp:
		return &DeliverSMResp{h.Sequence, h.Status}, nil
	case CommandSubmitSMResp:
		return &SubmitSMResp{h.Sequence, h.Status, messageID(h, body)}, nil
	case CommandDataSMResp:
		return &DataSMResp{h.Sequence, h.Status, messageID(h, body)}, nil
	case CommandBindTransceiverResp, CommandBindReceiverResp, CommandBindTransmitterResp:
		return decodeBindResp(h, body), nil
	case CommandEnquireLink:
		return &EnquireLink{h.Sequence}, checkEmpty(body)
	case CommandUnbind:
		return &Unbind{h.Sequence}, checkEmpty(body)
	case CommandBindTransceiver, CommandBindReceiver, CommandBindTransmitter:
		return decodeBind(h, body)
	case CommandSubmitSM:
		m, fault := decodeMessage(body)
		return &SubmitSM{h.Sequence, m}, fault
	case CommandDeliverSM:
		m, fault := decodeMessage(body)
		return &DeliverSM{h.Sequence, m}, fault
	case CommandDataSM:
		m, fault := decodeData(body)
		return &DataSM{h.Sequence, m}, fault
	}
	return nil, &DecodeError{
		Status: StatusInvalidCommandID,
		Reason: fmt.Sprintf("command_id 0x%08X", uint32(h.Command)),
	}
}

func checkEmpty(body []byte) *DecodeError {
	if len(body) == 0 {
		return nil
	}
	return &DecodeError{
		Status: StatusInvalidCommandLength,
		Reason: fmt.Sprintf("%d octets where no body belongs", len(body)),
	}
}

func messageID(h Header, body []byte) string {
	if h.Status != StatusOK {
		return ""
	}
	return read(messageRespFields, body).text(pdufield.MessageID, maxMessageID, StatusOK)
}

func decodeBindResp(h Header, body []byte) *BindResp {
	p := &BindResp{Sequence: h.Sequence, Command: h.Command, Status: h.Status}
	if h.Status != StatusOK {
		return p
	}
	r := read(bindRespFields, body)
	p.SystemID = r.text(pdufield.SystemID, maxSystemID, StatusOK)
	tlvs := r.tlvs()
	if r.fault == nil {
		p.TLVs = tlvs
	}
	return p
}

func decodeBind(h Header, body []byte) (PDU, *DecodeError) {
	r := read(bindFields, body)
	p := &Bind{
		Sequence:         h.Sequence,
		Command:          h.Command,
		SystemID:         r.text(pdufield.SystemID, maxSystemID, StatusInvalidSystemID),
		Password:         Password(r.text(pdufield.Password, maxPassword, StatusInvalidPassword)),
		SystemType:       r.text(pdufield.SystemType, maxSystemType, StatusBindFailed),
		InterfaceVersion: r.octet(pdufield.InterfaceVersion),
		Range: Address{
			TON:    r.octet(pdufield.AddrTON),
			NPI:    r.octet(pdufield.AddrNPI),
			Digits: r.text(pdufield.AddressRange, maxAddressRange, StatusBindFailed),
		},
	}
	return p, r.fault
}

func readAddresses(r *reader) Message {
	return Message{
		ServiceType: r.text(pdufield.ServiceType, maxServiceType, StatusInvalidServiceType),
		Source: Address{
			TON:    r.octet(pdufield.SourceAddrTON),
			NPI:    r.octet(pdufield.SourceAddrNPI),
			Digits: r.text(pdufield.SourceAddr, MaxAddress, StatusInvalidSource),
		},
		Destination: Address{
			TON:    r.octet(pdufield.DestAddrTON),
			NPI:    r.octet(pdufield.DestAddrNPI),
			Digits: r.text(pdufield.DestinationAddr, MaxAddress, StatusInvalidDestination),
		},
		ESMClass:           r.octet(pdufield.ESMClass),
		RegisteredDelivery: r.octet(pdufield.RegisteredDelivery),
		DataCoding:         r.octet(pdufield.DataCoding),
	}
}

func decodeMessage(body []byte) (Message, *DecodeError) {
	r := read(messageFields, body)
	m := readAddresses(r)
	m.ProtocolID = r.octet(pdufield.ProtocolID)
	m.Priority = r.octet(pdufield.PriorityFlag)
	m.Schedule = r.text(pdufield.ScheduleDeliveryTime, maxTime, StatusInvalidSchedule)
	m.Validity = r.text(pdufield.ValidityPeriod, maxTime, StatusInvalidExpiry)
	m.ReplaceIfPresent = r.octet(pdufield.ReplaceIfPresentFlag)
	m.DefaultMessageID = r.octet(pdufield.SMDefaultMsgID)
	if n := r.octet(pdufield.SMLength); n > MaxShortMessage {
		r.fail(StatusInvalidMessageLength, "sm_length %d", n)
	}
	if sm, ok := r.fields[pdufield.ShortMessage].(*pdufield.SM); ok && len(sm.Data) > 0 {
		m.Text = bytes.Clone(sm.Data)
	}
	m.TLVs = r.tlvs()
	takePayload(r, &m)
	checkUserDataHeader(r, &m)
	return m, r.fault
}

func decodeData(body []byte) (Message, *DecodeError) {
	r := read(dataFields, body)
	m := readAddresses(r)
	m.TLVs = r.tlvs()
	takePayload(r, &m)
	checkUserDataHeader(r, &m)
	return m, r.fault
}

// takePayload moves message_payload into Text. It may come once and not beside a short_message:
// nobody could say which of two texts was meant.
func takePayload(r *reader, m *Message) {
	for i := 0; i < len(m.TLVs); i++ {
		if m.TLVs[i].Tag != TagMessagePayload {
			continue
		}
		if m.Text != nil {
			r.fail(StatusTLVNotAllowed, "message_payload beside another text")
			return
		}
		if len(m.TLVs[i].Value) > 0 {
			m.Text = m.TLVs[i].Value
		}
		m.TLVs = slices.Delete(m.TLVs, i, i+1)
		i--
	}
	if len(m.TLVs) == 0 {
		m.TLVs = nil
	}
}

func checkUserDataHeader(r *reader, m *Message) {
	if m.ESMClass&UDHI == 0 {
		return
	}
	if len(m.Text) == 0 || 1+int(m.Text[0]) > len(m.Text) {
		r.fail(StatusInvalidESMClass, "user data header is longer than the text")
	}
}
