package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxServiceOctets bounds the service of a Key.
const MaxServiceOctets = 32

// check refuses a key that could name another subscriber's session or none.
func (k Key) check() error {
	if k.Number.IsZero() {
		return errors.New("key without a number")
	}
	if k.Service == "" || len(k.Service) > MaxServiceOctets {
		return fmt.Errorf("service of %d octets, least 1, most %d",
			len(k.Service), MaxServiceOctets)
	}
	if strings.ContainsAny(k.Service, "{}: \r\n") {
		return fmt.Errorf("service %q: one of its characters cannot be in a key", k.Service)
	}
	return nil
}

// encodeForSave encodes r when it may be saved for ttl.
func encodeForSave(r Record, ttl time.Duration) ([]byte, error) {
	if r.Version == 0 {
		return nil, errors.New("version 0: it must be the loaded version plus one")
	}
	if r.Writer == ([8]byte{}) {
		return nil, errors.New("no writer token: two writers could both believe they have won")
	}
	if ttl < time.Millisecond {
		return nil, fmt.Errorf("time to live %s, least 1ms", ttl)
	}
	return r.encode()
}

// hasVersion reports whether the encoded record has this version. A value too short to have one
// has none: nobody may replace it before it expires.
func hasVersion(octets []byte, version uint64) bool {
	return len(octets) >= headOctets && binary.BigEndian.Uint64(octets[versionAt:]) == version
}

// sameSave reports whether both encoded records are the same save: version and writer.
func sameSave(a, b []byte) bool {
	return len(a) >= headOctets && len(b) >= headOctets &&
		string(a[versionAt:headOctets]) == string(b[versionAt:headOctets])
}

// conflict is the error of a save that found current instead of what it was based on.
func conflict(store string, current []byte) error {
	r, err := Unmarshal(current)
	if err != nil {
		return fmt.Errorf("session: %s: save: stored record: %w", store, err)
	}
	return &Conflict{Current: r}
}
