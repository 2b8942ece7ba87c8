// Package msisdn holds subscriber numbers that print masked. The package is a leaf.
package msisdn

import (
	"errors"
	"strings"
	"unique"
)

// E.164 allows at most 15 digits (ITU-T E.164 §6.2); fewer than seven is no subscriber.
const (
	MinDigits = 7
	MaxDigits = 15
)

// CountryCode and NationalDigits describe the numbers that a subscriber may type in national form.
const (
	CountryCode    = "996"
	NationalDigits = 9
)

// ErrFormat says that a text is no subscriber number. It never repeats the text.
var ErrFormat = errors.New("msisdn: not a subscriber number")

// A Number is a subscriber number: E.164 digits without the plus sign. The zero value is no
// number. It prints masked everywhere, %+v and JSON included; only Digits reveals it.
type Number struct{ h unique.Handle[string] }

// Parse accepts "996555123456", "+996555123456" and the national "0555123456".
func Parse(s string) (Number, error) {
	s = strings.TrimPrefix(s, "+")
	if len(s) == NationalDigits+1 && s[0] == '0' {
		s = CountryCode + s[1:]
	}
	if len(s) < MinDigits || len(s) > MaxDigits || s[0] == '0' {
		return Number{}, ErrFormat
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return Number{}, ErrFormat
		}
	}
	return Number{unique.Make(s)}, nil
}

// ParseTyped accepts how a subscriber writes a number of this country: "555123456", "0555123456",
// "996555123456" and "+996555123456". Nothing else is one, so that a digit too many or too few is
// noticed.
func ParseTyped(s string) (Number, error) {
	if len(s) == NationalDigits {
		s = "0" + s
	}
	n, err := Parse(s)
	if err != nil || len(n.Digits()) != len(CountryCode)+NationalDigits ||
		!strings.HasPrefix(n.Digits(), CountryCode) || n.Digits()[len(CountryCode)] == '0' {
		return Number{}, ErrFormat
	}
	return n, nil
}

// MustParse is Parse for constants. It panics on an error.
func MustParse(s string) Number {
	n, err := Parse(s)
	if err != nil {
		panic("msisdn: MustParse: not a subscriber number")
	}
	return n
}

// IsZero reports whether n is no number.
func (n Number) IsZero() bool { return n == Number{} }

// Digits reveals the number. It is for the wire, the stores and the subscriber's own screens.
func (n Number) Digits() string {
	if n.IsZero() {
		return ""
	}
	return n.h.Value()
}

// Masked keeps the first five and the last four digits: "99655***3456".
func (n Number) Masked() string {
	const head, tail = 5, 4
	d := n.Digits()
	if len(d) <= head+tail {
		return strings.Repeat("*", len(d))
	}
	return d[:head] + "***" + d[len(d)-tail:]
}

// String is Masked.
func (n Number) String() string { return n.Masked() }

// GoString is Masked, for %#v.
func (n Number) GoString() string { return n.Masked() }

// MarshalText is Masked: a record that must keep the digits writes Digits on purpose.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }
