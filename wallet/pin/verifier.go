package pin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// SaltOctets is the length of a verifier's salt, MACOctets that of its code.
const (
	SaltOctets = 16
	MACOctets  = sha256.Size
)

// ErrFormat says that a secret is no PIN: not MinDigits to MaxDigits ASCII digits.
var ErrFormat = errors.New("pin: not a PIN")

// A Verifier is what is stored in place of a PIN: a keyed hash of it, bound to one wallet. Without
// the key it says nothing about the PIN.
type Verifier struct {
	KeyVersion int
	Salt       []byte // SaltOctets, random
	MAC        []byte // MACOctets
}

// Verifier makes the verifier of s for a wallet, under the current key. salt is SaltOctets of
// random, new for every verifier. It fails with ErrFormat when s is no PIN.
func (k *Keys) Verifier(wallet string, s Secret, salt []byte) (Verifier, error) {
	if len(salt) != SaltOctets {
		return Verifier{}, fmt.Errorf("pin: verifier: salt of %d octets, want %d",
			len(salt), SaltOctets)
	}
	if !wellFormed(s.Reveal()) {
		return Verifier{}, ErrFormat
	}
	own := append([]byte(nil), salt...)
	return Verifier{k.current, own, k.code(k.current, wallet, own, s)}, nil
}

// Matches reports, in constant time, whether s is the PIN that v was made of for this wallet. It
// fails with ErrUnknownKey when v names a key version that k has not.
func (k *Keys) Matches(v Verifier, wallet string, s Secret) (bool, error) {
	if _, ok := k.derived[v.KeyVersion]; !ok {
		return false, fmt.Errorf("%w: version %d", ErrUnknownKey, v.KeyVersion)
	}
	if len(v.Salt) != SaltOctets || len(v.MAC) != MACOctets {
		return false, errors.New("pin: matches: damaged verifier")
	}
	return hmac.Equal(v.MAC, k.code(v.KeyVersion, wallet, v.Salt, s)), nil
}

// Stale reports whether v was made with another key than the current one: a right entry is the
// occasion to make it anew.
func (k *Keys) Stale(v Verifier) bool { return v.KeyVersion != k.current }

// code binds key version, wallet, salt and PIN; each part is preceded by its length, so that no
// two lists of parts give the same octets.
func (k *Keys) code(version int, wallet string, salt []byte, s Secret) []byte {
	mac := hmac.New(sha256.New, k.derived[version].verify)
	var v [4]byte
	binary.BigEndian.PutUint32(v[:], uint32(version))
	writeField(mac, v[:])
	writeField(mac, []byte(wallet))
	writeField(mac, salt)
	writeField(mac, s.Reveal())
	return mac.Sum(nil)
}

func writeField(h hash.Hash, field []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(field)))
	_, _ = h.Write(n[:])
	_, _ = h.Write(field)
}

// String names the key version and shows neither salt nor code.
func (v Verifier) String() string { return fmt.Sprintf("pin.Verifier{key %d}", v.KeyVersion) }

// Format prints String for every verb, %#v included.
func (v Verifier) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }
