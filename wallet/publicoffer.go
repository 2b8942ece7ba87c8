package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxOfferVersion bounds the first line of a public offer, in characters.
const maxOfferVersion = 120

// A PublicOffer is the text that a subscriber agrees to by registering. Only its hash is stored
// with a wallet: the issuer keeps every text that was ever in force.
type PublicOffer struct {
	Version string // its first line: which version it is, and of which day
	Hash    string // SHA-256 of the whole text, octet by octet, in hex
}

// ParsePublicOffer reads the text of a public offer: UTF-8, with its version and day on the first
// line and something below it.
func ParsePublicOffer(text []byte) (PublicOffer, error) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	version := strings.TrimSpace(strings.TrimPrefix(string(first), "\ufeff"))
	switch {
	case !utf8.Valid(text):
		return PublicOffer{}, errors.New("the public offer is not UTF-8")
	case version == "" || utf8.RuneCountInString(version) > maxOfferVersion ||
		strings.ContainsFunc(version, unicode.IsControl):
		return PublicOffer{}, errors.New("the first line of the public offer has to be its version " +
			"and day, such as: Public offer, version 3 of 1 July 2026")
	case len(bytes.TrimSpace(rest)) == 0:
		return PublicOffer{}, errors.New("the public offer has nothing below its first line")
	}
	sum := sha256.Sum256(text)
	return PublicOffer{Version: version, Hash: hex.EncodeToString(sum[:])}, nil
}

// examplePublicOffer is what development and tests register with.
const examplePublicOffer = `EXAMPLE of a public offer, version 0: not for production
The issuer's own text takes the place of this one: see wallet.public_offer in the configuration.
`

// ExamplePublicOffer is an offer that nobody has to agree to: for development and tests.
func ExamplePublicOffer() PublicOffer {
	o, err := ParsePublicOffer([]byte(examplePublicOffer))
	if err != nil {
		panic("wallet: example of a public offer: " + err.Error())
	}
	return o
}
