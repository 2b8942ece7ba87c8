package pin

import (
	"fmt"
	"io"
)

// masked is what every Secret prints as.
const masked = "****"

// A Secret is a PIN, or anything else that a subscriber typed into a secret slot, on its way to
// the one place that checks it. It prints as "****" with every verb, nested or not, and in JSON.
// Wipe it when it has been used. The zero value is empty.
type Secret struct{ box *box }

// A box keeps the octets behind a second pointer. fmt follows the first one of an unexported field
// when the verb does not fit its type (%q, %c), and there it calls no method.
type box struct{ octets *[]byte }

// NewSecret takes its own copy of typed.
func NewSecret(typed []byte) Secret {
	own := append([]byte(nil), typed...)
	return Secret{&box{&own}}
}

// Reveal returns the typed octets, which live until Wipe. The caller neither keeps nor prints them.
func (s Secret) Reveal() []byte {
	if s.box == nil {
		return nil
	}
	return *s.box.octets
}

// Len returns how many octets were typed.
func (s Secret) Len() int { return len(s.Reveal()) }

// Wipe overwrites the octets and empties the secret and all its copies.
func (s Secret) Wipe() {
	if s.box != nil {
		clear(*s.box.octets)
		*s.box.octets = nil
	}
}

// String is "****", whatever was typed and however long it is.
func (s Secret) String() string { return masked }

// Format prints String for every verb: without it %d would print an address.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// GoString is String, for %#v.
func (s Secret) GoString() string { return masked }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
