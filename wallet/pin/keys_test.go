package pin_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ussdgw/wallet/pin"
)

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, pin.MinKeyOctets) }

func keys(t *testing.T, current int, all map[int][]byte) *pin.Keys {
	t.Helper()
	k, err := pin.NewKeys(current, all)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var salt = bytes.Repeat([]byte{7}, pin.SaltOctets)

func TestVerifierMatchesOnlyItsOwn(t *testing.T) {
	k := keys(t, 1, map[int][]byte{1: key(1), 2: key(2)})
	v, err := k.Verifier("w1", pin.NewSecret([]byte(canary)), salt)
	if err != nil {
		t.Fatal(err)
	}
	otherSalt := v
	otherSalt.Salt = bytes.Repeat([]byte{8}, pin.SaltOctets)
	otherKey := v
	otherKey.KeyVersion = 2
	for _, c := range []struct {
		name, wallet, typed string
		v                   pin.Verifier
		want                bool
	}{
		{"same", "w1", canary, v, true},
		{"other PIN", "w1", "739502846174", v, false},
		{"prefix", "w1", canary[:11], v, false},
		{"longer", "w1", canary + "0", v, false},
		{"empty", "w1", "", v, false},
		{"other wallet", "w2", canary, v, false},
		{"other salt", "w1", canary, otherSalt, false},
		{"other key version", "w1", canary, otherKey, false},
	} {
		got, err := k.Matches(c.v, c.wallet, pin.NewSecret([]byte(c.typed)))
		if err != nil || got != c.want {
			t.Errorf("%s: Matches = %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestOldKeyVersionsStayReadable(t *testing.T) {
	old := keys(t, 1, map[int][]byte{1: key(1)})
	secret := pin.NewSecret([]byte(canary))
	v, err := old.Verifier("w", secret, salt)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := old.Seal([]byte("plain"), "aad", bytes.Repeat([]byte{3}, pin.NonceOctets))
	if err != nil {
		t.Fatal(err)
	}
	both := keys(t, 2, map[int][]byte{1: key(1), 2: key(2)})
	if ok, err := both.Matches(v, "w", secret); !ok || err != nil {
		t.Errorf("Matches after rotation = %v, %v", ok, err)
	}
	if !both.Stale(v) || old.Stale(v) {
		t.Error("Stale does not tell the old version from the current")
	}
	if plain, err := both.Open(sealed, "aad"); string(plain) != "plain" || err != nil {
		t.Errorf("Open after rotation = %q, %v", plain, err)
	}
	if !bytes.Equal(both.Fingerprint("inn", "x"), old.Fingerprint("inn", "x")) {
		t.Error("a fingerprint changed when a key was added")
	}
	newer := keys(t, 2, map[int][]byte{2: key(2)})
	if _, err := newer.Matches(v, "w", secret); !errors.Is(err, pin.ErrUnknownKey) {
		t.Errorf("Matches without the key: %v, want ErrUnknownKey", err)
	}
	if _, err := newer.Open(sealed, "aad"); !errors.Is(err, pin.ErrUnknownKey) {
		t.Errorf("Open without the key: %v, want ErrUnknownKey", err)
	}
}

func TestVerifierRefusesWhatIsNoPIN(t *testing.T) {
	k := keys(t, 1, map[int][]byte{1: key(1)})
	for _, typed := range []string{"", "123", "1234567890123", "12a4", "12 4", "１２３４"} {
		_, err := k.Verifier("w", pin.NewSecret([]byte(typed)), salt)
		if !errors.Is(err, pin.ErrFormat) {
			t.Errorf("Verifier of %d octets: %v, want ErrFormat", len(typed), err)
		}
	}
	if _, err := k.Verifier("w", pin.NewSecret([]byte("1357")), salt[1:]); err == nil {
		t.Error("a short salt is accepted")
	}
	if _, err := k.Matches(pin.Verifier{KeyVersion: 1}, "w", pin.Secret{}); err == nil {
		t.Error("a verifier without salt and code is compared")
	}
}

func TestSealedOpensOnlyWhole(t *testing.T) {
	k := keys(t, 1, map[int][]byte{1: key(1), 2: key(2)})
	nonce := bytes.Repeat([]byte{3}, pin.NonceOctets)
	sealed, err := k.Seal([]byte(canary), "message 1", nonce)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte(canary)) {
		t.Fatal("sealed holds the plain text")
	}
	if _, err := k.Open(sealed, "message 2"); !errors.Is(err, pin.ErrSealed) {
		t.Errorf("other aad: %v, want ErrSealed", err)
	}
	for i := range sealed {
		for _, bad := range [][]byte{flip(sealed, i), sealed[:i]} {
			if plain, err := k.Open(bad, "message 1"); err == nil {
				t.Fatalf("octet %d damaged: opened as %q", i, plain)
			}
		}
	}
	if _, err := k.Seal(nil, "", nonce[1:]); err == nil {
		t.Error("a short nonce is accepted")
	}
	if plain, err := k.Open(sealed, "message 1"); string(plain) != canary || err != nil {
		t.Errorf("Open = %q, %v", plain, err)
	}
}

func flip(b []byte, i int) []byte {
	out := bytes.Clone(b)
	out[i] ^= 1
	return out
}

func TestFingerprintsDiffer(t *testing.T) {
	k, other := keys(t, 1, map[int][]byte{1: key(1)}), keys(t, 1, map[int][]byte{1: key(2)})
	base := k.Fingerprint("inn", "21210199012345")
	if len(base) != 32 || !bytes.Equal(base, k.Fingerprint("inn", "21210199012345")) {
		t.Fatalf("fingerprint = %x", base)
	}
	for name, f := range map[string][]byte{
		"text":    k.Fingerprint("inn", "21210199012346"),
		"purpose": k.Fingerprint("offer", "21210199012345"),
		"border":  k.Fingerprint("inn2", "1210199012345"),
		"key":     other.Fingerprint("inn", "21210199012345"),
	} {
		if bytes.Equal(base, f) {
			t.Errorf("another %s gives the same fingerprint", name)
		}
	}
}

func TestNewKeysRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		current int
		keys    map[int][]byte
	}{
		"none":       {1, nil},
		"no current": {2, map[int][]byte{1: key(1)}},
		"short":      {1, map[int][]byte{1: key(1)[1:]}},
		"zero":       {0, map[int][]byte{0: key(1)}},
	} {
		if _, err := pin.NewKeys(c.current, c.keys); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestLoadKeys(t *testing.T) {
	first := base64.StdEncoding.EncodeToString(key(1))
	second := base64.StdEncoding.EncodeToString(key(2))
	const hidden = "c2VjcmV0"
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		current    int
		want       string // of the error
	}{
		{"two", "# keys\n\n1:" + first + "\n 7 : " + second + "\n", 0o600, 7, ""},
		{"read only", "3:" + first, 0o400, 3, ""},
		{"credential of systemd", "3:" + first, 0o440, 3, ""},
		{"group reads", "3:" + first, 0o640, 3, ""},
		{"group writes", "1:" + first, 0o620, 0, "chmod 600"},
		{"world reads", "1:" + first, 0o604, 0, "chmod 600"},
		{"world writes", "1:" + first, 0o602, 0, "chmod 600"},
		{"world runs", "1:" + first, 0o601, 0, "chmod 600"},
		{"empty", "# nothing\n", 0o600, 0, "keys:1: no key"},
		{"no version", "\n" + hidden, 0o600, 0, "keys:2: want version:base64"},
		{"version zero", "0:" + first, 0o600, 0, "keys:1: want version:base64"},
		{"no base64", "1:" + hidden + "!", 0o600, 0, "keys:1: key of version 1 is not base64"},
		{"short", "1:" + hidden, 0o600, 0, "keys:1: key of version 1 has 6 octets"},
		{"twice", "1:" + first + "\n1:" + second, 0o600, 0, "keys:2: version 1 is given twice"},
		{"large", strings.Repeat("#\n", 40<<10), 0o600, 0, "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			k, err := pin.LoadKeys(path)
			if c.want == "" {
				if err != nil || k.Current() != c.current {
					t.Fatalf("LoadKeys = %v, %v; want current %d", k, err, c.current)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error = %v, want %q in it", err, c.want)
			}
			for _, secret := range []string{hidden, first, second} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows what is in the file: %v", err)
				}
			}
		})
	}
	if _, err := pin.LoadKeys(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v, want os.ErrNotExist", err)
	}
}

// A key of their own makes fingerprints independent of the versions.
func TestFingerprintKey(t *testing.T) {
	line := func(version int, octet byte) string {
		out, err := pin.NewKeyLine(version, constant(octet))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	load := func(text string) *pin.Keys {
		t.Helper()
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := pin.LoadKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := load(line(1, 1))
	moved := load(line(2, 2) + line(0, 1)) // the key of version 1 is that of the fingerprints now
	if moved.Current() != 2 || moved.FingerprintVersion() != 0 || first.FingerprintVersion() != 1 ||
		!slices.Equal(moved.Versions(), []int{2}) {
		t.Errorf("%v, fingerprints %d, versions %v", moved, moved.FingerprintVersion(),
			moved.Versions())
	}
	const text = "21210199012345"
	own := moved.FingerprintOf("inn", pin.NewSecret([]byte(text)))
	if !bytes.Equal(own, first.Fingerprint("inn", text)) {
		t.Error("the same key gives another fingerprint")
	}
	if bytes.Equal(own, load(line(2, 2)).Fingerprint("inn", text)) {
		t.Error("fingerprints use the version's key beside their own")
	}
	if _, err := first.WithFingerprintKey(key(1)[1:]); err == nil {
		t.Error("a short fingerprint key is accepted")
	}
	for name, text := range map[string]string{
		"alone": line(0, 1), "twice": line(1, 1) + line(0, 1) + line(0, 2), "no key": "fingerprint",
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := pin.LoadKeys(path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := pin.NewKeyLine(-1, constant(1)); err == nil {
		t.Error("a version below zero is accepted")
	}
}

func TestKeysAndVerifiersPrintNoOctets(t *testing.T) {
	secret := []byte("abcdefghijklmnopqrstuvwxyz012345")
	k := keys(t, 1, map[int][]byte{1: secret})
	v, err := k.Verifier("w", pin.NewSecret([]byte(canary)), salt)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{
		string(text), fmt.Sprintf("%v %+v %#v %s %x %d", k, k, k, k, k, k),
	} {
		if strings.Contains(out, "abcdef") || !strings.Contains(out, "current 1") {
			t.Errorf("keys print as %q", out)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if out := fmt.Sprintf(verb, v); out != "pin.Verifier{key 1}" {
			t.Errorf("%s of a verifier = %q", verb, out)
		}
	}
}
