package pin_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"ussdgw/wallet/pin"
)

var hints = pin.Hints{BirthDate: "17041986", Number: "996555123456"}

func TestWeak(t *testing.T) {
	for rule, list := range map[string]string{
		"published": "1234 1111 0000 1212 7777 1004 2000 4444 2222 6969 9999 3333 5555 6666 1122 " +
			"1313 8888 4321 2001 1010",
		"runs":     "0123 7890 8901 9876 0987 2468 1357 8642 12345 234567 98765432 123456789012",
		"almost":   "123450 012345678907 1111112",
		"repeats":  "00000 111111 123123 12341234 12121 565656565656 123412341234",
		"pairs":    "1100 112233 111222 55667788 11100",
		"two":      "121121 110100",
		"keypad":   "2580 0852 1379 7913 3971 2684 1254 147258 741852963 159753 14725 2580147",
		"years":    "1900 1986 1999 2000 2026 2099 041986 198604",
		"dates":    "31122005 12312005 20051231 01011970",
		"birth":    "1704 0417 1986 0419 0486 170486 041786 860417 17041986 19860417 17049 917041986",
		"number":   "9965 1234 5551 0555 5123 555123 0555123456 123456 996555123456",
		"not PINs": "123 12a4 +123 1234567890123",
	} {
		for _, p := range strings.Fields(list) {
			if !pin.Weak(pin.NewSecret([]byte(p)), hints) {
				t.Errorf("%s: %s is not weak", rule, p)
			}
		}
	}
	const strong = "7305 8146 3829 4061 9274 73058 816302 7302964 48205937 " + canary
	for _, p := range strings.Fields(strong) {
		if pin.Weak(pin.NewSecret([]byte(p)), hints) {
			t.Errorf("%s is weak", p)
		}
	}
}

func TestWeakNeedsItsHints(t *testing.T) {
	for _, p := range []string{"1704", "0417", "9965", "0486"} {
		if pin.Weak(pin.NewSecret([]byte(p)), pin.Hints{}) {
			t.Errorf("%s is weak without hints", p)
		}
	}
	for _, h := range []pin.Hints{{BirthDate: "1"}, {Number: "1"}, {BirthDate: "170419867"}} {
		if pin.Weak(pin.NewSecret([]byte("7305")), h) {
			t.Errorf("7305 is weak with short hints %v", h)
		}
	}
}

// A rule that refuses too much makes PINs easier to guess, not harder.
func TestWeakLeavesMostPINs(t *testing.T) {
	weak := 0
	for n := range 10_000 {
		if pin.Weak(pin.NewSecret(fmt.Appendf(nil, "%04d", n)), hints) {
			weak++
		}
	}
	t.Logf("%d of 10000 PINs are weak", weak)
	if weak < 300 || weak > 1500 {
		t.Errorf("%d of 10000 PINs are weak, want 300 to 1500", weak)
	}
}

func TestRandom(t *testing.T) {
	for length := pin.MinDigits; length <= pin.MaxDigits; length++ {
		seen := map[byte]bool{}
		for range 200 {
			s, err := pin.Random(length, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() != length || pin.Weak(s, pin.Hints{}) {
				t.Fatalf("Random(%d) gave %q", length, s.Reveal())
			}
			for _, c := range s.Reveal() {
				seen[c] = true
			}
		}
		if len(seen) != 10 {
			t.Errorf("length %d: only %d digits were seen in 200 PINs", length, len(seen))
		}
	}
}

// The octets of the source decide: 250 and more are dropped, a weak draw is drawn again.
func TestRandomDrawsAgain(t *testing.T) {
	source := bytes.NewReader([]byte{1, 255, 2, 3, 250, 4, 7, 13, 0, 249 - 4})
	s, err := pin.Random(4, source)
	if err != nil || string(s.Reveal()) != "7305" {
		t.Errorf("Random = %q, %v; want 7305", s.Reveal(), err)
	}
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

func TestRandomFails(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		length int
		source io.Reader
	}{
		"short":    {3, rand.Reader},
		"long":     {13, rand.Reader},
		"constant": {4, constant(5)},
		"dropped":  {4, constant(255)},
		"broken":   {4, iotest.ErrReader(broken)},
	} {
		s, err := pin.Random(c.length, c.source)
		if err == nil || s.Len() != 0 {
			t.Errorf("%s: Random = %d digits, %v", name, s.Len(), err)
		}
		if name == "broken" && !errors.Is(err, broken) {
			t.Errorf("error = %v, want the source's", err)
		}
	}
}
