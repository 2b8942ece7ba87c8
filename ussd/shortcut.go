package ussd

import (
	"bytes"
	"strings"
)

// MaxShortcut bounds the octets of a dialled string; a USSD string holds no more than 182
// characters (3GPP TS 23.038 §6.1.2.3).
const MaxShortcut = 182

// shortcut splits what was dialled into the answers behind the service code: "*900*3*14#" under
// "*900#" is "3", "14". It reports false for what is no string of this service. The parts alias
// dialled, so that wiping it wipes them.
func shortcut(service string, dialled []byte) (parts [][]byte, ok bool) {
	base := strings.TrimSuffix(service, "#")
	rest, found := bytes.CutPrefix(dialled, []byte(base))
	if !found || len(dialled) > MaxShortcut || !bytes.HasSuffix(rest, []byte("#")) {
		return nil, false
	}
	rest = rest[:len(rest)-1]
	if len(rest) == 0 {
		return nil, true
	}
	if rest[0] != '*' {
		return nil, false
	}
	return bytes.Split(rest[1:], []byte("*")), true
}
