package dialect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"ussdgw/smsc/pdu"
)

// An IMSI has 14 or 15 digits where networks are numbered as by ITU-T E.212.
const (
	minIMSI = 14
	maxIMSI = 15
)

// WithIMSI returns d with the parameter of a deliver_sm in which this message centre tells the
// subscriber's IMSI: "0x1403", or "" for a centre that does not tell it. No version of SMPP has
// such a parameter, so it is one that the dialect does not use itself.
func (d Dialect) WithIMSI(parameter string) (Dialect, error) {
	d.IMSI = 0
	if parameter == "" {
		return d, nil
	}
	hex, found := strings.CutPrefix(strings.ToLower(parameter), "0x")
	tag, err := strconv.ParseUint(hex, 16, 16)
	if !found || err != nil || tag == 0 {
		return d, fmt.Errorf("dialect: %q is no parameter such as 0x1403", parameter)
	}
	session, _ := d.Session.sessionTag()
	switch uint16(tag) {
	case session, pdu.TagUSSDServiceOp, pdu.TagMessagePayload, pdu.TagITSSessionInfo,
		pdu.TagUserMessageReference:
		return d, fmt.Errorf("dialect: parameter %s means something else", parameter)
	}
	d.IMSI = uint16(tag)
	return d, nil
}

// readIMSI returns the IMSI that m tells, which is wiped there. ok is false for a parameter that
// holds none: neither digits, with or without a NUL at the end, nor two digits in each octet, the
// first of them in its low half, filled up with 0xF.
func (d Dialect) readIMSI(m *pdu.Message) (imsi []byte, ok bool) {
	v, found := m.TLV(d.IMSI)
	if d.IMSI == 0 || !found {
		return nil, true
	}
	defer clear(v)
	if text := bytes.TrimSuffix(v, []byte{0}); isIMSI(text) {
		return bytes.Clone(text), true
	}
	if len(v) != (maxIMSI+1)/2 && len(v) != minIMSI/2 {
		return nil, false
	}
	for i, octet := range v {
		imsi = append(imsi, '0'+octet&0x0F)
		if high := octet >> 4; high != 0x0F || i < len(v)-1 {
			imsi = append(imsi, '0'+high)
		}
	}
	if !isIMSI(imsi) {
		clear(imsi)
		return nil, false
	}
	return imsi, true
}

// isIMSI reports whether text is digits of a right length. What is above '9' came of a nibble that
// is no digit.
func isIMSI(text []byte) bool {
	return len(text) >= minIMSI && len(text) <= maxIMSI &&
		!bytes.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
