// Package charset turns text into the octets of the two alphabets that USSD and SMS know, and
// counts it in their units: the GSM 7-bit default alphabet with its extension table, and UCS-2
// (3GPP TS 23.038). It is a leaf: it knows no PDU, no menu, and starts no goroutine.
package charset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The most that one USSD screen holds: a USSD string is at most 160 octets, which is 182 packed
// septets or 80 UTF-16 units.
const (
	ScreenSeptets = 182
	ScreenUCS2    = 80
)

// An Alphabet says how characters become octets and in which unit they are counted. The zero
// value is GSM7.
type Alphabet uint8

// The two alphabets.
const (
	GSM7 Alphabet = iota // septets; a character of the extension table is two
	UCS2                 // UTF-16 units; a character outside the basic plane is two
)

var (
	// ErrUnmappable says that a text has a character that the alphabet lacks, or that it is no
	// valid UTF-8. It never repeats the text.
	ErrUnmappable = errors.New("charset: character is not in the alphabet")
	// ErrOctets says that octets are no text of the alphabet.
	ErrOctets = errors.New("charset: octets are not of the alphabet")
)

// String returns "GSM-7" or "UCS-2".
func (a Alphabet) String() string {
	switch a {
	case GSM7:
		return "GSM-7"
	case UCS2:
		return "UCS-2"
	}
	return fmt.Sprintf("Alphabet(%d)", uint8(a))
}

// ScreenLimit returns the units that one USSD screen holds in a.
func (a Alphabet) ScreenLimit() int {
	if a == UCS2 {
		return ScreenUCS2
	}
	return ScreenSeptets
}

// Choose returns GSM7 when it has every character of s, else UCS2. One letter decides for all.
func Choose(s string) Alphabet {
	for _, r := range s {
		if septetsOf(r) == 0 {
			return UCS2
		}
	}
	return GSM7
}

// Length counts s in the unit of a: septets or UTF-16 units. It returns -1 for a text that does
// not fit the alphabet, which for UCS2 is only a text that is no valid UTF-8.
func Length(a Alphabet, s string) int {
	if !utf8.ValidString(s) {
		return -1
	}
	n := 0
	for _, r := range s {
		units := 0
		if a == UCS2 {
			units = utf16.RuneLen(r)
		} else {
			units = septetsOf(r)
		}
		if units <= 0 {
			return -1
		}
		n += units
	}
	return n
}

// Encode returns the octets of s: one septet per octet for GSM7, big-endian UTF-16 for UCS2. The
// error is ErrUnmappable.
func Encode(a Alphabet, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, ErrUnmappable
	}
	if a == UCS2 {
		return encodeUCS2(s), nil
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, extended, ok := septet(r)
		if !ok {
			return nil, ErrUnmappable
		}
		if extended {
			b = append(b, escape)
		}
		b = append(b, c)
	}
	return b, nil
}

// Decode returns the text of octets that are laid out as Encode writes them.
//
// It forgives what a phone forgives: an escape before a septet that the extension table lacks
// gives the character of the default table, an escape that nothing follows gives a space, half a
// surrogate pair gives U+FFFD. An octet above 0x7F in GSM7 and an odd octet in UCS2 are ErrOctets.
func Decode(a Alphabet, b []byte) (string, error) {
	if a == UCS2 {
		return decodeUCS2(b)
	}
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c > 0x7F {
			return "", ErrOctets
		}
		if c != escape {
			s.WriteRune(defaultTable[c])
			continue
		}
		if i++; i == len(b) {
			s.WriteByte(' ')
			break
		}
		if b[i] > 0x7F {
			return "", ErrOctets
		}
		s.WriteRune(extended(b[i]))
	}
	return s.String(), nil
}

func encodeUCS2(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, r := range s {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			b = binary.BigEndian.AppendUint16(b, uint16(high))
			b = binary.BigEndian.AppendUint16(b, uint16(low))
			continue
		}
		b = binary.BigEndian.AppendUint16(b, uint16(r))
	}
	return b
}

func decodeUCS2(b []byte) (string, error) {
	if len(b)%2 != 0 {
		return "", ErrOctets
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)), nil
}
