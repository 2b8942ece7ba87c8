package pdu

import (
	"errors"
	"fmt"

	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// ErrField says that a field cannot be written: it is too long, or a NUL is inside. Nothing was
// sent, and sending the same again cannot help.
var ErrField = errors.New("field cannot be encoded")

// Encode returns the octets of p. The same PDU always gives the same octets: TLVs keep their
// order. A text longer than MaxShortMessage becomes a message_payload.
// The error wraps ErrField. Encode panics for a PDU that is not of this package.
func Encode(p PDU) ([]byte, error) {
	w, list := newWriter(), pdufield.List(nil)
	switch p := p.(type) {
	case *Bind:
		list = bindFields
		w.text(pdufield.SystemID, p.SystemID, maxSystemID)
		w.text(pdufield.Password, string(p.Password), maxPassword)
		w.text(pdufield.SystemType, p.SystemType, maxSystemType)
		w.octet(pdufield.InterfaceVersion, p.InterfaceVersion)
		w.octet(pdufield.AddrTON, p.Range.TON)
		w.octet(pdufield.AddrNPI, p.Range.NPI)
		w.text(pdufield.AddressRange, p.Range.Digits, maxAddressRange)
	case *BindResp:
		if p.Status == StatusOK {
			list = bindRespFields
			w.text(pdufield.SystemID, p.SystemID, maxSystemID)
			for _, t := range p.TLVs {
				w.tlv(t)
			}
		}
	case *SubmitSM:
		list = messageFields
		writeMessage(w, &p.Message)
	case *DeliverSM:
		list = messageFields
		writeMessage(w, &p.Message)
	case *DataSM:
		list = dataFields
		writeData(w, &p.Message)
	case *SubmitSMResp:
		list = writeMessageID(w, p.Status, p.MessageID)
	case *DataSMResp:
		list = writeMessageID(w, p.Status, p.MessageID)
	case *DeliverSMResp:
		list = messageRespFields
		w.text(pdufield.MessageID, "", maxMessageID)
	case *Unbind, *UnbindResp, *EnquireLink, *EnquireLinkResp, *GenericNack:
	default:
		panic(fmt.Sprintf("pdu: Encode: unknown type %T", p))
	}
	return w.frame(p.Head(), list)
}

// writeMessageID leaves the body of a refusal empty, as the specification has it.
func writeMessageID(w *writer, s Status, id string) pdufield.List {
	if s != StatusOK {
		return nil
	}
	w.text(pdufield.MessageID, id, maxMessageID)
	return messageRespFields
}

func writeAddresses(w *writer, m *Message) {
	w.text(pdufield.ServiceType, m.ServiceType, maxServiceType)
	w.octet(pdufield.SourceAddrTON, m.Source.TON)
	w.octet(pdufield.SourceAddrNPI, m.Source.NPI)
	w.text(pdufield.SourceAddr, m.Source.Digits, MaxAddress)
	w.octet(pdufield.DestAddrTON, m.Destination.TON)
	w.octet(pdufield.DestAddrNPI, m.Destination.NPI)
	w.text(pdufield.DestinationAddr, m.Destination.Digits, MaxAddress)
	w.octet(pdufield.ESMClass, m.ESMClass)
	w.octet(pdufield.RegisteredDelivery, m.RegisteredDelivery)
	w.octet(pdufield.DataCoding, m.DataCoding)
}

func writeMessage(w *writer, m *Message) {
	writeAddresses(w, m)
	w.octet(pdufield.ProtocolID, m.ProtocolID)
	w.octet(pdufield.PriorityFlag, m.Priority)
	w.text(pdufield.ScheduleDeliveryTime, m.Schedule, maxTime)
	w.text(pdufield.ValidityPeriod, m.Validity, maxTime)
	w.octet(pdufield.ReplaceIfPresentFlag, m.ReplaceIfPresent)
	w.octet(pdufield.SMDefaultMsgID, m.DefaultMessageID)
	if len(m.Text) <= MaxShortMessage {
		w.shortMessage(m.Text)
	} else {
		w.shortMessage(nil)
	}
	writeTLVs(w, m, len(m.Text) > MaxShortMessage)
}

func writeData(w *writer, m *Message) {
	writeAddresses(w, m)
	writeTLVs(w, m, len(m.Text) > 0)
}

// writeTLVs writes the optional parameters, when asked with the text as the first of them.
func writeTLVs(w *writer, m *Message, payload bool) {
	n := len(m.TLVs)
	if payload {
		n++
	}
	if n > MaxTLVs {
		w.err = fmt.Errorf("%w: %d TLVs", ErrField, n)
	}
	if payload {
		w.tlv(TLV{TagMessagePayload, m.Text})
	}
	for _, t := range m.TLVs {
		if t.Tag == TagMessagePayload {
			w.err = fmt.Errorf("%w: message_payload belongs into Text", ErrField)
		}
		w.tlv(t)
	}
}
