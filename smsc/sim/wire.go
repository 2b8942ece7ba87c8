package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"ussdgw/smsc/pdu"
)

// The message centre writes and reads octets with code of its own, not with that of package pdu
// which the gateway uses: two sides that share a codec would share its mistakes.

// messagePayload is the tag of a text that is no short_message.
const messagePayload = 0x0424

// encoder builds one PDU.
type encoder struct{ b []byte }

func begin(c pdu.Command, s pdu.Status, sequence uint32) *encoder {
	e := &encoder{make([]byte, 4, 256)}
	e.b = binary.BigEndian.AppendUint32(e.b, uint32(c))
	e.b = binary.BigEndian.AppendUint32(e.b, uint32(s))
	e.b = binary.BigEndian.AppendUint32(e.b, sequence)
	return e
}

func (e *encoder) octets(v ...byte) { e.b = append(e.b, v...) }

func (e *encoder) cstring(s string) { e.b = append(append(e.b, s...), 0) }

func (e *encoder) tlv(tag uint16, v []byte) {
	e.b = binary.BigEndian.AppendUint16(e.b, tag)
	e.b = binary.BigEndian.AppendUint16(e.b, uint16(len(v)))
	e.b = append(e.b, v...)
}

func (e *encoder) end() []byte {
	binary.BigEndian.PutUint32(e.b, uint32(len(e.b)))
	return e.b
}

// encodeDelivery returns a deliver_sm, or a data_sm where the message says so.
func encodeDelivery(sequence uint32, m *pdu.Message) ([]byte, error) {
	for _, s := range []string{m.ServiceType, m.Source.Digits, m.Destination.Digits} {
		if len(s) > pdu.MaxAddress || bytes.IndexByte([]byte(s), 0) >= 0 {
			return nil, fmt.Errorf("sim: encode: bad string of %d octets", len(s))
		}
	}
	if len(m.Text) > pdu.MaxShortMessage {
		return nil, fmt.Errorf("sim: encode: text of %d octets", len(m.Text))
	}
	command := pdu.CommandDeliverSM
	if m.DataSM {
		command = pdu.CommandDataSM
	}
	e := begin(command, pdu.StatusOK, sequence)
	e.cstring(m.ServiceType)
	e.octets(m.Source.TON, m.Source.NPI)
	e.cstring(m.Source.Digits)
	e.octets(m.Destination.TON, m.Destination.NPI)
	e.cstring(m.Destination.Digits)
	if m.DataSM {
		e.octets(m.ESMClass, m.RegisteredDelivery, m.DataCoding)
		e.tlv(messagePayload, m.Text)
	} else {
		e.octets(m.ESMClass, m.ProtocolID, m.Priority)
		e.cstring("") // schedule_delivery_time
		e.cstring("") // validity_period
		e.octets(m.RegisteredDelivery, 0, m.DataCoding, 0)
		e.octets(byte(len(m.Text)))
		e.octets(m.Text...)
	}
	for _, t := range m.TLVs {
		e.tlv(t.Tag, t.Value)
	}
	return e.end(), nil
}

// A header is the first sixteen octets of a PDU.
type header struct {
	command  pdu.Command
	status   pdu.Status
	sequence uint32
}

func readHeader(frame []byte) header {
	return header{
		command:  pdu.Command(binary.BigEndian.Uint32(frame[4:])),
		status:   pdu.Status(binary.BigEndian.Uint32(frame[8:])),
		sequence: binary.BigEndian.Uint32(frame[12:]),
	}
}

// decoder takes a body apart from the front. After a fault every result is zero.
type decoder struct {
	b     []byte
	fault string
}

func (d *decoder) fail(format string, args ...any) {
	if d.fault == "" {
		d.fault = fmt.Sprintf(format, args...)
	}
	d.b = nil
}

func (d *decoder) take(n int) []byte {
	if len(d.b) < n {
		d.fail("%d octets are missing", n-len(d.b))
		return make([]byte, n)
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) octet() byte { return d.take(1)[0] }

// cstring reads a C-octet string of at most limit octets with its NUL.
func (d *decoder) cstring(name string, limit int) string {
	i := bytes.IndexByte(d.b, 0)
	if i < 0 || i >= limit {
		d.fail("%s has no NUL within %d octets", name, limit)
		return ""
	}
	return string(d.take(i + 1)[:i])
}

func (d *decoder) address(name string) pdu.Address {
	return pdu.Address{TON: d.octet(), NPI: d.octet(), Digits: d.cstring(name, 21)}
}

// decodeSubmit reads the body of a submit_sm or data_sm. The error never repeats its content.
func decodeSubmit(h header, body []byte) (*pdu.SubmitSM, error) {
	d := &decoder{b: body}
	sm := &pdu.SubmitSM{Sequence: h.sequence}
	sm.ServiceType = d.cstring("service_type", 6)
	sm.Source = d.address("source_addr")
	sm.Destination = d.address("destination_addr")
	sm.ESMClass = d.octet()
	if sm.DataSM = h.command == pdu.CommandDataSM; sm.DataSM {
		sm.RegisteredDelivery = d.octet()
		sm.DataCoding = d.octet()
	} else {
		sm.ProtocolID = d.octet()
		sm.Priority = d.octet()
		sm.Schedule = d.cstring("schedule_delivery_time", 17)
		sm.Validity = d.cstring("validity_period", 17)
		sm.RegisteredDelivery = d.octet()
		sm.ReplaceIfPresent = d.octet()
		sm.DataCoding = d.octet()
		sm.DefaultMessageID = d.octet()
		n := int(d.octet())
		if n > pdu.MaxShortMessage {
			d.fail("sm_length %d", n)
		}
		sm.Text = bytes.Clone(d.take(n))
	}
	for len(d.b) > 0 {
		tag := binary.BigEndian.Uint16(d.take(2))
		value := bytes.Clone(d.take(int(binary.BigEndian.Uint16(d.take(2)))))
		switch _, twice := sm.TLV(tag); {
		case twice:
			d.fail("TLV 0x%04X comes twice", tag)
		case tag == messagePayload && len(sm.Text) > 0:
			d.fail("message_payload beside a short_message")
		case tag == messagePayload:
			sm.Text = value
		default:
			sm.TLVs = append(sm.TLVs, pdu.TLV{Tag: tag, Value: value})
		}
	}
	if d.fault != "" {
		return nil, fmt.Errorf("sim: %v: %s", h.command, d.fault)
	}
	return sm, nil
}

// decodeBind reads the body of a bind.
func decodeBind(body []byte) (systemID, password string, err error) {
	d := &decoder{b: body}
	systemID = d.cstring("system_id", 16)
	password = d.cstring("password", 9)
	d.cstring("system_type", 13)
	version := d.octet()
	d.take(2)
	d.cstring("address_range", 41)
	switch {
	case d.fault != "":
		return "", "", fmt.Errorf("sim: bind: %s", d.fault)
	case len(d.b) > 0:
		return "", "", fmt.Errorf("sim: bind: %d stray octets", len(d.b))
	case version != 0x34:
		return "", "", fmt.Errorf("sim: bind: interface_version 0x%02X", version)
	}
	return systemID, password, nil
}
