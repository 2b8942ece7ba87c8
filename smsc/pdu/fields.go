package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"

	gosmpp "github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
)

// The mandatory fields of each body in their order on the wire. go-smpp's own lists are not used:
// that of deliver_sm takes the user data header apart and writes one that is not there, and
// data_sm has none.
var (
	bindFields = pdufield.List{
		pdufield.SystemID, pdufield.Password, pdufield.SystemType, pdufield.InterfaceVersion,
		pdufield.AddrTON, pdufield.AddrNPI, pdufield.AddressRange,
	}
	bindRespFields = pdufield.List{pdufield.SystemID}
	messageFields  = pdufield.List{
		pdufield.ServiceType,
		pdufield.SourceAddrTON, pdufield.SourceAddrNPI, pdufield.SourceAddr,
		pdufield.DestAddrTON, pdufield.DestAddrNPI, pdufield.DestinationAddr,
		pdufield.ESMClass, pdufield.ProtocolID, pdufield.PriorityFlag,
		pdufield.ScheduleDeliveryTime, pdufield.ValidityPeriod, pdufield.RegisteredDelivery,
		pdufield.ReplaceIfPresentFlag, pdufield.DataCoding, pdufield.SMDefaultMsgID,
		pdufield.SMLength, pdufield.ShortMessage,
	}
	dataFields = pdufield.List{
		pdufield.ServiceType,
		pdufield.SourceAddrTON, pdufield.SourceAddrNPI, pdufield.SourceAddr,
		pdufield.DestAddrTON, pdufield.DestAddrNPI, pdufield.DestinationAddr,
		pdufield.ESMClass, pdufield.RegisteredDelivery, pdufield.DataCoding,
	}
	messageRespFields = pdufield.List{pdufield.MessageID}
)

// Limits of the C-octet strings, in octets without the NUL.
const (
	maxSystemID     = 15
	maxPassword     = 8
	maxSystemType   = 12
	maxAddressRange = 40
	maxServiceType  = 5
	maxTime         = 16
	maxMessageID    = 64
)

// reader takes decoded fields out of a body and remembers the first fault.
type reader struct {
	fields pdufield.Map
	rest   *bytes.Buffer // what follows the mandatory part
	fault  *DecodeError
}

// read decodes the mandatory part. Fields that the body is too short for are missing afterwards.
func read(list pdufield.List, body []byte) *reader {
	r := &reader{rest: bytes.NewBuffer(body)}
	fields, err := list.Decode(r.rest)
	r.fields = fields
	if err != nil {
		// The only error of these lists: sm_length is more than what is left.
		r.fail(StatusInvalidMessageLength, "sm_length is longer than the body")
	}
	return r
}

func (r *reader) fail(s Status, format string, args ...any) {
	if r.fault == nil {
		r.fault = &DecodeError{Status: s, Reason: fmt.Sprintf(format, args...)}
	}
}

// octet returns a one-octet field.
func (r *reader) octet(name pdufield.Name) uint8 {
	f, ok := r.fields[name].(*pdufield.Fixed)
	if !ok {
		r.fail(StatusInvalidCommandLength, "%s is missing", name)
		return 0
	}
	return f.Data
}

// text returns a C-octet string of at most limit octets; a longer one is refused with s.
func (r *reader) text(name pdufield.Name, limit int, s Status) string {
	f, ok := r.fields[name].(*pdufield.Variable)
	if !ok {
		r.fail(StatusInvalidCommandLength, "%s is missing", name)
		return ""
	}
	text := f.String()
	if len(text) > limit {
		r.fail(s, "%s has %d octets", name, len(text))
		return ""
	}
	return text
}

// tlvs returns the optional parameters in their order.
func (r *reader) tlvs() []TLV {
	var tlvs []TLV
	for r.fault == nil && r.rest.Len() > 0 {
		if r.rest.Len() < 4 {
			r.fail(StatusInvalidTLVStream, "%d stray octets", r.rest.Len())
			break
		}
		if len(tlvs) == MaxTLVs {
			r.fail(StatusInvalidTLVStream, "more than %d TLVs", MaxTLVs)
			break
		}
		head := r.rest.Next(4)
		tag, length := binary.BigEndian.Uint16(head), int(binary.BigEndian.Uint16(head[2:]))
		if r.rest.Len() < length {
			r.fail(StatusInvalidTLVLength, "TLV 0x%04X claims %d octets", tag, length)
			break
		}
		tlvs = append(tlvs, TLV{tag, bytes.Clone(r.rest.Next(length))})
	}
	return tlvs
}

// writer collects fields and TLVs of a body and remembers the first fault.
type writer struct {
	fields pdufield.Map
	tlvs   bytes.Buffer
	err    error
}

func newWriter() *writer { return &writer{fields: pdufield.Map{}} }

func (w *writer) octet(name pdufield.Name, v uint8) {
	w.fields[name] = pdufield.New(name, []byte{v})
}

// text sets a C-octet string. A NUL inside would shift every field after it.
func (w *writer) text(name pdufield.Name, s string, limit int) {
	switch {
	case w.err != nil:
	case len(s) > limit:
		w.err = fmt.Errorf("%w: %s has %d octets, limit %d", ErrField, name, len(s), limit)
	case bytes.IndexByte([]byte(s), 0) >= 0:
		w.err = fmt.Errorf("%w: %s has a NUL", ErrField, name)
	}
	w.fields[name] = pdufield.New(name, []byte(s))
}

func (w *writer) shortMessage(text []byte) {
	w.octet(pdufield.SMLength, uint8(len(text)))
	w.fields[pdufield.ShortMessage] = pdufield.New(pdufield.ShortMessage, text)
}

// tlv appends an optional parameter: the order of the calls is the order on the wire.
func (w *writer) tlv(t TLV) {
	if len(t.Value) > 0xFFFF {
		w.err = fmt.Errorf("%w: TLV 0x%04X has %d octets", ErrField, t.Tag, len(t.Value))
		return
	}
	// Writing into a bytes.Buffer cannot fail.
	_ = pdutlv.NewTLV(pdutlv.Tag(t.Tag), t.Value).SerializeTo(&w.tlvs)
}

// frame returns the whole PDU with the fields of list.
func (w *writer) frame(h Header, list pdufield.List) ([]byte, error) {
	if w.err != nil {
		return nil, fmt.Errorf("pdu: encode: %v: %w", h.Command, w.err)
	}
	var body bytes.Buffer
	for _, name := range list {
		_ = w.fields[name].SerializeTo(&body)
	}
	body.Write(w.tlvs.Bytes())
	length := HeaderOctets + body.Len()
	if length > MaxFrame {
		return nil, fmt.Errorf("pdu: encode: %v: %w: %d octets", h.Command, ErrField, length)
	}
	var frame bytes.Buffer
	frame.Grow(length)
	header := gosmpp.Header{
		Len: uint32(length), ID: gosmpp.ID(h.Command),
		Status: gosmpp.Status(h.Status), Seq: h.Sequence,
	}
	_ = header.SerializeTo(&frame)
	frame.Write(body.Bytes())
	return frame.Bytes(), nil
}
