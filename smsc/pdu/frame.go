package pdu

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A DecodeError says what is wrong with a PDU. It never repeats the PDU's content.
type DecodeError struct {
	Status   Status  // what to answer
	Command  Command // of the faulty PDU, zero when even that could not be read
	Sequence uint32
	// Recoverable says that the end of the PDU is known, so that the connection can go on.
	Recoverable bool
	Reason      string
}

// Error implements error.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("pdu: decode: %v: %s (%v)", e.Command, e.Reason, e.Status)
}

// Answer returns the response that refuses the faulty PDU, or nil where there must be none: a
// response is never answered, and alert_notification and outbind have no response.
func (e *DecodeError) Answer() PDU {
	switch {
	case e.Command.IsResponse(), e.Command == CommandAlertNotification,
		e.Command == CommandOutbind:
		return nil
	case e.Command == CommandDeliverSM:
		return &DeliverSMResp{Sequence: e.Sequence, Status: e.Status}
	case e.Command == CommandSubmitSM:
		return &SubmitSMResp{Sequence: e.Sequence, Status: e.Status}
	case e.Command == CommandDataSM:
		return &DataSMResp{Sequence: e.Sequence, Status: e.Status}
	}
	return &GenericNack{Sequence: e.Sequence, Status: e.Status}
}

// ReadFrame reads one PDU of at most limit octets from r, header included. It allocates no more
// than limit, whatever the header claims.
//
// The error is io.EOF at a clean end, io.ErrUnexpectedEOF inside a PDU, and a *DecodeError that is
// not recoverable when command_length is out of bounds. It sets no deadline: the caller does.
func ReadFrame(r io.Reader, limit int) ([]byte, error) {
	var head [HeaderOctets]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < HeaderOctets || uint64(length) > uint64(limit) {
		return nil, &DecodeError{
			Status:   StatusInvalidCommandLength,
			Command:  Command(binary.BigEndian.Uint32(head[4:])),
			Sequence: binary.BigEndian.Uint32(head[12:]),
			Reason:   fmt.Sprintf("command_length %d", length),
		}
	}
	frame := make([]byte, length)
	copy(frame, head[:])
	if _, err := io.ReadFull(r, frame[HeaderOctets:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return frame, nil
}

// SetSequence overwrites the sequence_number of a frame that Encode returned.
func SetSequence(frame []byte, sequence uint32) {
	binary.BigEndian.PutUint32(frame[12:], sequence)
}
