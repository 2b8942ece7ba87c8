package pin

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
)

// MinKeyOctets is the least length of a PIN key.
const MinKeyOctets = 32

// Limits of a key file.
const (
	maxKeyFileOctets = 64 << 10
	maxKeyVersion    = 1<<31 - 1
)

// forbiddenMode is what no key file may permit: anything to others, and writing to its group.
const forbiddenMode = 0o027

// ErrUnknownKey says that something was made with a key version that these Keys do not hold. The
// remedy is to put the key back into the file.
var ErrUnknownKey = errors.New("pin: key version is not in the key file")

// Keys holds the PIN keys that are alive, one of them current: new verifiers and sealed payloads
// use the current one, old ones are read with the version they name. It is immutable and safe for
// concurrent use. It prints its versions and never a key.
type Keys struct {
	current  int
	derived  map[int]derived
	identity []byte // key of Fingerprint
	// identityVersion is the version whose key Fingerprint uses, 0 when it has one of its own.
	identityVersion int
}

// derived holds what is made of one PIN key: each purpose has a key of its own.
type derived struct{ verify, seal []byte }

// Purposes of the derived keys. They are part of the stored format: changing one makes what was
// stored unreadable.
const (
	purposeVerify      = "ussdgw pin verifier v1"
	purposeSeal        = "ussdgw pin seal v1"
	purposeFingerprint = "ussdgw pin fingerprint v1"
)

// NewKeys takes PIN keys by version, each of at least MinKeyOctets, and the version that is
// current. Versions are positive. It derives what it needs and keeps no reference to keys.
//
// Fingerprints use the lowest version, whatever is current, so that they stay comparable when a
// key is added. That key must therefore stay, unless WithFingerprintKey takes its place.
func NewKeys(current int, keys map[int][]byte) (*Keys, error) {
	if _, ok := keys[current]; !ok {
		return nil, fmt.Errorf("pin: keys: current version %d has no key", current)
	}
	k := &Keys{current: current, derived: make(map[int]derived, len(keys))}
	lowest := current
	for version, key := range keys {
		if version < 1 || version > maxKeyVersion {
			return nil, fmt.Errorf("pin: keys: version %d is out of range", version)
		}
		if len(key) < MinKeyOctets {
			return nil, fmt.Errorf("pin: keys: key of version %d has %d octets, needs %d",
				version, len(key), MinKeyOctets)
		}
		lowest = min(lowest, version)
		k.derived[version] = derived{derive(key, purposeVerify), derive(key, purposeSeal)}
	}
	k.identity, k.identityVersion = derive(keys[lowest], purposeFingerprint), lowest
	return k, nil
}

// WithFingerprintKey returns keys whose fingerprints use a key of their own, of at least
// MinKeyOctets. Where fingerprints are stored already it has to be the key that has made them: the
// one of the lowest version. Then that version may go.
func (k *Keys) WithFingerprintKey(key []byte) (*Keys, error) {
	if len(key) < MinKeyOctets {
		return nil, fmt.Errorf("pin: keys: fingerprint key has %d octets, needs %d", len(key),
			MinKeyOctets)
	}
	own := *k
	own.identity, own.identityVersion = derive(key, purposeFingerprint), 0
	return &own, nil
}

// derive panics where hkdf fails, which it does only for lengths that the code never asks for.
func derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, purpose, sha256.Size)
	if err != nil {
		panic("pin: derive: " + purpose + ": " + err.Error())
	}
	return out
}

// fingerprintLine is what stands for the version in the line of the fingerprint key.
const fingerprintLine = "fingerprint"

// LoadKeys reads a key file: one key a line as "version:base64", the last line is current. At most
// one line is "fingerprint:base64": see WithFingerprintKey. Empty lines and lines that begin with
// '#' are skipped. A file that others than its owner and its group
// may read, or that others than its owner may write, is refused; its group may read it, because a
// credential that systemd passes to a service has the mode 0440. Errors name the file and the line
// and never what is in it.
func LoadKeys(path string) (*Keys, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pin: load keys: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("pin: load keys: %w", err)
	}
	if info.Mode().Perm()&forbiddenMode != 0 {
		return nil, fmt.Errorf("pin: load keys: %s: mode %#o lets others read or change it; "+
			"run: chmod 600 %[1]s", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFileOctets+1))
	if err != nil {
		return nil, fmt.Errorf("pin: load keys: %w", err)
	}
	defer clear(text)
	if len(text) > maxKeyFileOctets {
		return nil, fmt.Errorf("pin: load keys: %s: more than %d octets", path, maxKeyFileOctets)
	}
	current, keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("pin: load keys: %s:%w", path, err)
	}
	own, found := keys[fingerprintVersion]
	delete(keys, fingerprintVersion)
	k, err := NewKeys(current, keys)
	if err != nil || !found {
		return k, err
	}
	return k.WithFingerprintKey(own)
}

// fingerprintVersion is where parseKeys puts the fingerprint key: no version is 0.
const fingerprintVersion = 0

// parseKeys returns errors that begin with the line number.
func parseKeys(text []byte) (current int, keys map[int][]byte, err error) {
	keys = make(map[int][]byte)
	lines := bufio.NewScanner(bytes.NewReader(text))
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		version, key, err := parseKey(line)
		if err != nil {
			return 0, nil, fmt.Errorf("%d: %w", number, err)
		}
		if _, twice := keys[version]; twice {
			return 0, nil, fmt.Errorf("%d: %s is given twice", number, keyName(version))
		}
		keys[version] = key
		if version != fingerprintVersion {
			current = version
		}
	}
	if err := lines.Err(); err != nil {
		return 0, nil, fmt.Errorf("%d: line is too long", number+1)
	}
	if current == 0 {
		return 0, nil, errors.New("1: no key in the file")
	}
	return current, keys, nil
}

// parseKey reads one line of a key file.
func parseKey(line []byte) (version int, key []byte, err error) {
	left, right, found := bytes.Cut(line, []byte(":"))
	name := string(bytes.TrimSpace(left))
	if name != fingerprintLine {
		version, err = strconv.Atoi(name)
		if !found || err != nil || version < 1 || version > maxKeyVersion {
			return 0, nil, errors.New("want version:base64, version a number from 1")
		}
	}
	key, err = base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(right))
	if err != nil {
		return 0, nil, fmt.Errorf("key of %s is not base64", keyName(version))
	}
	if len(key) < MinKeyOctets {
		return 0, nil, fmt.Errorf("key of %s has %d octets, needs %d", keyName(version), len(key),
			MinKeyOctets)
	}
	return version, key, nil
}

func keyName(version int) string {
	if version == fingerprintVersion {
		return "the fingerprints"
	}
	return fmt.Sprintf("version %d", version)
}

// NewKeyLine returns a line for a key file with a new key from source. version 0 is the fingerprint
// key's. The line is a secret.
func NewKeyLine(version int, source io.Reader) ([]byte, error) {
	if version < 0 || version > maxKeyVersion {
		return nil, fmt.Errorf("pin: new key: version %d is out of range", version)
	}
	key := make([]byte, MinKeyOctets)
	defer clear(key)
	if _, err := io.ReadFull(source, key); err != nil {
		return nil, fmt.Errorf("pin: new key: %w", err)
	}
	name := fingerprintLine
	if version != fingerprintVersion {
		name = strconv.Itoa(version)
	}
	line := append([]byte(name), ':')
	return append(base64.StdEncoding.AppendEncode(line, key), '\n'), nil
}

// Current returns the version that new verifiers and sealed payloads get.
func (k *Keys) Current() int { return k.current }

// Versions returns the versions of the keys, lowest first.
func (k *Keys) Versions() []int { return slices.Sorted(maps.Keys(k.derived)) }

// FingerprintVersion returns the version whose key fingerprints use, 0 when they have one of their
// own.
func (k *Keys) FingerprintVersion() int { return k.identityVersion }

// Fingerprint returns a keyed hash of text, 32 octets: equal for equal text and purpose, and
// useless without the key. It serves as the unique column of what is stored sealed.
func (k *Keys) Fingerprint(purpose, text string) []byte {
	mac := hmac.New(sha256.New, k.identity)
	writeField(mac, []byte(purpose))
	writeField(mac, []byte(text))
	return mac.Sum(nil)
}

// FingerprintOf is Fingerprint of a secret.
func (k *Keys) FingerprintOf(purpose string, s Secret) []byte {
	mac := hmac.New(sha256.New, k.identity)
	writeField(mac, []byte(purpose))
	writeField(mac, s.Reveal())
	return mac.Sum(nil)
}

// String names the versions and no key.
func (k *Keys) String() string {
	return fmt.Sprintf("pin.Keys{%d versions, current %d}", len(k.derived), k.current)
}

// Format prints String for every verb, %#v included.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText is String.
func (k *Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
