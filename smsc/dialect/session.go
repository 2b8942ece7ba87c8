package dialect

import (
	"encoding/binary"
	"strconv"

	"ussdgw/smsc/pdu"
)

// endBit is the end mark in its_session_info.
const endBit = 1

// sessionTag returns the tag and the length of the parameter that carries f, zero for none.
func (f SessionField) sessionTag() (tag uint16, octets int) {
	switch f {
	case SessionNumber, SessionOpaque:
		return pdu.TagITSSessionInfo, 2
	case SessionReference:
		return pdu.TagUserMessageReference, 2
	case SessionVendor:
		return pdu.TagVendorSessionID, 4
	}
	return 0, 0
}

// readSession returns the dialogue's id as it is on the wire, without the end bit, and that bit.
func (d Dialect) readSession(m *pdu.Message) (raw uint32, end bool, err error) {
	tag, octets := d.Session.sessionTag()
	if octets == 0 {
		return 0, false, nil
	}
	v, ok := m.TLV(tag)
	if !ok {
		return 0, false, refuse(pdu.StatusMissingTLV, "no TLV 0x%04X", tag)
	}
	if len(v) != octets {
		return 0, false, refuse(pdu.StatusInvalidTLVLength, "TLV 0x%04X has %d octets",
			tag, len(v))
	}
	if octets == 4 {
		return binary.BigEndian.Uint32(v), false, nil
	}
	raw = uint32(binary.BigEndian.Uint16(v))
	if d.Session == SessionReference {
		return raw, false, nil
	}
	return raw &^ endBit, d.EndBit && raw&endBit != 0, nil
}

// writeSession adds the dialogue's id to m.
func (d Dialect) writeSession(m *pdu.Message, raw uint32, end bool) {
	if end && d.EndBit {
		raw |= endBit
	}
	switch tag, octets := d.Session.sessionTag(); octets {
	case 2:
		m.SetTLV(tag, binary.BigEndian.AppendUint16(nil, uint16(raw)))
	case 4:
		m.SetTLV(tag, binary.BigEndian.AppendUint32(nil, raw))
	}
}

// names splits what is on the wire into the dialogue's id and the identity of the unit.
func (f SessionField) names(raw uint32) (session, unit string) {
	switch f {
	case SessionNumber:
		return strconv.Itoa(int(raw >> 8)), strconv.Itoa(int(raw & 0xFF >> 1))
	case SessionNone:
		return "", ""
	}
	return strconv.FormatUint(uint64(raw), 10), ""
}

// raw is the opposite of names, for a message centre that numbers its dialogues.
func (f SessionField) raw(session uint16, unit uint8) uint32 {
	switch f {
	case SessionNumber:
		return uint32(session&0xFF)<<8 | uint32(unit&0x7F)<<1
	case SessionOpaque:
		return uint32(session&0x7FFF) << 1
	case SessionNone:
		return 0
	}
	return uint32(session)
}

// number returns the message centre's number of the dialogue.
func (f SessionField) number(raw uint32) uint16 {
	switch f {
	case SessionNumber:
		return uint16(raw >> 8)
	case SessionOpaque:
		return uint16(raw >> 1)
	}
	return uint16(raw)
}
