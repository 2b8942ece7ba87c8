package sim

import (
	"strings"
	"time"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// What one SMS holds on the air, in septets and octets, its user data header included.
const (
	airSeptets = 160
	airOctets  = 140
)

// A segmentKey tells long SMS apart: the reference is unique for a sender and a receiver.
type segmentKey struct {
	from, to  string
	reference uint16
	total     byte
}

// segments is a long SMS that is not complete.
type segments struct {
	texts    []string
	received int
}

// receiveSMS takes one submit_sm that is no dialogue.
func (c *Center) receiveSMS(sm *pdu.SubmitSM) (string, pdu.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	part, ok := c.readSMS(sm)
	if !ok {
		return "", pdu.StatusSubmitFailed
	}
	sms := SMS{
		From: sm.Source.Digits, To: sm.Destination.Digits,
		Text: part.text, Parts: 1, At: time.Now(),
	}
	if part.total > 0 {
		whole, done, ok := c.join(sm, part)
		if !ok {
			return "", pdu.StatusSubmitFailed
		}
		if !done {
			return messageID(uint64(sm.Sequence)), pdu.StatusOK
		}
		sms.Text, sms.Parts = whole, int(part.total)
	}
	if len(c.messages[sms.To]) >= maxMessages {
		return "", pdu.StatusMessageQueueFull
	}
	c.messages[sms.To] = append(c.messages[sms.To], sms)
	c.notify()
	return messageID(uint64(sm.Sequence)), pdu.StatusOK
}

// A smsPart is one segment, or a whole SMS when total is zero.
type smsPart struct {
	text          string
	reference     uint16
	total, number byte
}

// readSMS decodes one segment and records what is wrong with it. The lock is held.
func (c *Center) readSMS(sm *pdu.SubmitSM) (part smsPart, ok bool) {
	if strings.Trim(sm.Destination.Digits, "0123456789") != "" || sm.Destination.Digits == "" {
		c.fault("sms: destination_addr is no number")
		return part, false
	}
	var alphabet charset.Alphabet
	switch sm.DataCoding {
	case 0:
		alphabet = charset.GSM7
	case 8:
		alphabet = charset.UCS2
	default:
		c.fault("sms: data_coding %d", sm.DataCoding)
		return part, false
	}
	octets, headerOctets := sm.Text, 0
	if sm.ESMClass&pdu.UDHI != 0 {
		if part, ok = readHeaderElements(sm.Text); !ok {
			c.fault("sms: bad user data header")
			return part, false
		}
		headerOctets = 1 + int(sm.Text[0])
		octets = octets[headerOctets:]
	}
	size, limit := headerOctets+len(octets), airOctets
	if alphabet == charset.GSM7 {
		size, limit = (headerOctets*8+6)/7+len(octets), airSeptets
	}
	if size > limit {
		c.fault("sms: %d %v units with the header, limit %d", size, alphabet, limit)
		return part, false
	}
	text, err := charset.Decode(alphabet, octets)
	if err != nil || strings.ContainsRune(text, '\uFFFD') || endsInEscape(alphabet, octets) {
		c.fault("sms: text is not of data_coding %d, or a character is cut", sm.DataCoding)
		return part, false
	}
	part.text = text
	return part, true
}

func endsInEscape(a charset.Alphabet, octets []byte) bool {
	return a == charset.GSM7 && len(octets) > 0 && octets[len(octets)-1] == 0x1B
}

// readHeaderElements reads the concatenation element with an 8-bit or 16-bit reference.
func readHeaderElements(b []byte) (part smsPart, ok bool) {
	if len(b) == 0 || 1+int(b[0]) > len(b) {
		return part, false
	}
	b = b[1 : 1+int(b[0])]
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		id, value := b[0], b[2:2+int(b[1])]
		b = b[2+len(value):]
		switch {
		case id == 0 && len(value) == 3:
			part.reference = uint16(value[0])
		case id == 8 && len(value) == 4:
			part.reference = uint16(value[0])<<8 | uint16(value[1])
		default:
			continue
		}
		part.total, part.number = value[len(value)-2], value[len(value)-1]
	}
	valid := len(b) == 0 && part.number >= 1 && part.number <= part.total
	return part, valid
}

// join adds a segment and returns the whole text when it was the last one. The lock is held.
func (c *Center) join(sm *pdu.SubmitSM, part smsPart) (whole string, done, ok bool) {
	k := segmentKey{sm.Source.Digits, sm.Destination.Digits, part.reference, part.total}
	s := c.segments[k]
	if s == nil {
		if len(c.segments) >= maxSegments {
			return "", false, false
		}
		s = &segments{texts: make([]string, part.total)}
		c.segments[k] = s
	}
	if s.texts[part.number-1] != "" {
		return "", false, true // a segment that comes twice
	}
	s.texts[part.number-1] = part.text
	if s.received++; s.received < int(part.total) {
		return "", false, true
	}
	delete(c.segments, k)
	return strings.Join(s.texts, ""), true, true
}
