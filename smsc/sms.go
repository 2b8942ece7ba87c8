package smsc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// ErrSMSTooLong says that a text needs more than MaxParts segments.
var ErrSMSTooLong = errors.New("smsc: SMS is too long")

// MaxParts is the most segments of one SMS: their number is one octet.
const MaxParts = 255

// What one SMS holds, in septets or UTF-16 units, alone and as a segment of a longer text. A
// segment has six octets of user data header.
const (
	smsSeptets     = 160
	segmentSeptets = 153
	smsUnits       = 70
	segmentUnits   = 67
)

// Types of number and numbering plans of SendSMS.
const (
	tonUnknown       = 0
	tonInternational = 1
	tonAlphanumeric  = 5
	npiUnknown       = 0
	npiISDN          = 1

	minInternational = 7 // digits; fewer are a short code
)

// An SMS is a text message. It prints without its number and its text.
type SMS struct {
	From string // short code, number or alphanumeric name
	To   string // subscriber's number, digits
	Text string
}

// Format hides numbers and text whatever the verb.
func (s SMS) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "SMS(%d octets)", len(s.Text))
}

// SendSMS sends a text message: GSM-7 with data_coding 0, one septet per octet, or UCS-2 with
// data_coding 8, in as many segments as it needs, one after the other. No receipt is asked for.
//
// The errors are those of Submit and ErrSMSTooLong. After an error the phone shows nothing or, in
// the case of ErrUnknown on the last segment, perhaps everything.
func (l *Link) SendSMS(ctx context.Context, sms SMS) error {
	alphabet, segments, err := split(sms.Text)
	if err != nil {
		return err
	}
	reference := byte(0)
	if len(segments) > 1 {
		reference = byte(l.reference.Add(1))
	}
	for i, text := range segments {
		sm := &pdu.SubmitSM{Message: pdu.Message{
			ServiceType: l.config.SMSServiceType,
			Source:      senderAddress(sms.From),
			Destination: pdu.Address{TON: tonInternational, NPI: npiISDN, Digits: sms.To},
			Text:        text,
		}}
		if alphabet == charset.UCS2 {
			sm.DataCoding = 8
		}
		if len(segments) > 1 {
			sm.ESMClass = pdu.UDHI
			header := []byte{5, 0, 3, reference, byte(len(segments)), byte(i + 1)}
			sm.Text = append(header, text...)
		}
		if _, err := l.Submit(ctx, sm); err != nil {
			return fmt.Errorf("smsc: send sms: part %d of %d: %w", i+1, len(segments), err)
		}
	}
	return nil
}

// split cuts text into the octets of its segments, between characters only.
func split(text string) (charset.Alphabet, [][]byte, error) {
	alphabet := charset.Choose(text)
	whole, part := smsSeptets, segmentSeptets
	if alphabet == charset.UCS2 {
		whole, part = smsUnits, segmentUnits
	}
	octets, err := charset.Encode(alphabet, text)
	if err != nil {
		return alphabet, nil, fmt.Errorf("smsc: send sms: %w", err)
	}
	if charset.Length(alphabet, text) <= whole {
		return alphabet, [][]byte{octets}, nil
	}
	var segments [][]byte
	start, used := 0, 0
	for i, r := range text {
		units := charset.Length(alphabet, string(r))
		if used+units > part {
			segment, err := charset.Encode(alphabet, text[start:i])
			if err != nil {
				return alphabet, nil, fmt.Errorf("smsc: send sms: %w", err)
			}
			segments = append(segments, segment)
			start, used = i, 0
		}
		used += units
	}
	last, err := charset.Encode(alphabet, text[start:])
	if err != nil {
		return alphabet, nil, fmt.Errorf("smsc: send sms: %w", err)
	}
	if segments = append(segments, last); len(segments) > MaxParts {
		return alphabet, nil, fmt.Errorf("%w: %d segments", ErrSMSTooLong, len(segments))
	}
	return alphabet, segments, nil
}

func senderAddress(from string) pdu.Address {
	if strings.Trim(from, "0123456789") != "" {
		return pdu.Address{TON: tonAlphanumeric, NPI: npiUnknown, Digits: from}
	}
	if len(from) < minInternational {
		return pdu.Address{TON: tonUnknown, NPI: npiISDN, Digits: from}
	}
	return pdu.Address{TON: tonInternational, NPI: npiISDN, Digits: from}
}
