package pin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A PIN has MinDigits to MaxDigits digits (ISO 9564-1); which length a wallet asks is configured.
const (
	MinDigits = 4
	MaxDigits = 12
)

// Hints is what a thief of the phone may know about the subscriber. Empty fields are no hint.
type Hints struct {
	BirthDate string // DDMMYYYY
	Number    string // E.164 digits
}

// Weak reports whether s is a PIN that people choose often or that hints give away: repeats, runs,
// patterns on the keypad, years and dates, parts of the own birth date and number. What is no PIN
// at all is weak too. The rules hold for every length from MinDigits to MaxDigits.
func Weak(s Secret, hints Hints) bool {
	p := s.Reveal()
	return !wellFormed(p) || evenSteps(p) || periodic(p) || paired(p) || common(p) ||
		keypad(p) || calendar(p) || birth(p, []byte(hints.BirthDate)) ||
		ofNumber(p, []byte(hints.Number))
}

func wellFormed(p []byte) bool {
	if len(p) < MinDigits || len(p) > MaxDigits {
		return false
	}
	return !slices.ContainsFunc(p, func(c byte) bool { return c < '0' || c > '9' })
}

// evenSteps finds digits at one distance, past 9 as well: 1111, 1234, 7890, 9876, 2468. Of six
// digits and more one may stand aside: 123456 and 1234560.
func evenSteps(p []byte) bool {
	spare := 0
	if len(p) >= 6 {
		spare = 1
	}
	longest, run := 1, 1
	for i := 1; i < len(p); i++ {
		if run > 1 && step(p, i) != step(p, i-1) {
			run = 1
		}
		run++
		longest = max(longest, run)
	}
	return longest >= len(p)-spare
}

func step(p []byte, i int) int { return (int(p[i]) - int(p[i-1]) + 10) % 10 }

// periodic finds a group that is repeated to the end: 1212, 123123, 12121.
func periodic(p []byte) bool {
	for period := 1; period <= len(p)/2; period++ {
		if bytes.Equal(p[period:], p[:len(p)-period]) {
			return true
		}
	}
	return false
}

// paired finds runs of equal digits and nothing else (1122, 112233, 111222), and long PINs of two
// digits only.
func paired(p []byte) bool {
	distinct := make(map[byte]bool, len(p))
	run, alone := 1, false
	distinct[p[0]] = true
	for i := 1; i < len(p); i++ {
		distinct[p[i]] = true
		if p[i] == p[i-1] {
			run++
			continue
		}
		alone = alone || run == 1
		run = 1
	}
	return !alone && run > 1 || len(p) >= 6 && len(distinct) <= 2
}

// common finds what the published lists of chosen PINs hold and no other rule covers.
func common(p []byte) bool {
	switch string(p) {
	case "1004", "1230", "1342", "12321", "123321", "131421", "520131", "112358", "3141592":
		return true
	}
	return false
}

// calendar finds the years 1900..2099 and, of eight digits, the dates of these years.
func calendar(p []byte) bool {
	switch len(p) {
	case 4:
		return century(p)
	case 6:
		return century(p) && between(p[4:6], 1, 12) || century(p[2:]) && between(p[:2], 1, 12)
	case 8:
		return century(p[4:]) && dayAndMonth(p[:4]) || century(p) && dayAndMonth(p[4:])
	}
	return false
}

func century(p []byte) bool { return p[0] == '1' && p[1] == '9' || p[0] == '2' && p[1] == '0' }

func dayAndMonth(p []byte) bool {
	return between(p[:2], 1, 31) && between(p[2:], 1, 12) ||
		between(p[:2], 1, 12) && between(p[2:], 1, 31)
}

func between(two []byte, low, high int) bool {
	n := int(two[0]-'0')*10 + int(two[1]-'0')
	return n >= low && n <= high
}

// birth finds a part of a written form of the birth date, or a form that is most of the PIN.
func birth(p, date []byte) bool {
	if len(date) != 8 {
		return false
	}
	day, month, year := date[:2], date[2:4], date[4:]
	short := year[2:]
	for _, form := range [][]byte{
		bytes.Join([][]byte{day, month, year}, nil), bytes.Join([][]byte{month, day, year}, nil),
		bytes.Join([][]byte{year, month, day}, nil), bytes.Join([][]byte{year, day, month}, nil),
		bytes.Join([][]byte{day, month, short}, nil), bytes.Join([][]byte{month, day, short}, nil),
		bytes.Join([][]byte{short, month, day}, nil), bytes.Join([][]byte{day, month}, nil),
		bytes.Join([][]byte{month, day}, nil), year,
	} {
		if bytes.Contains(form, p) || 2*len(form) > len(p) && bytes.Contains(p, form) {
			return true
		}
	}
	return false
}

// ofNumber finds a part of the subscriber number, also as it is dialled with a 0 in front.
func ofNumber(p, number []byte) bool {
	return bytes.Contains(number, p) || p[0] == '0' && bytes.Contains(number, p[1:])
}

// keypad finds four keys that form a square, in any order (1379, 2684, 1254), and straight lines
// that follow each other (2580, 147258, 159753); the last line may be cut to two keys.
func keypad(p []byte) bool { return square(p) || lines(p, false) }

func square(p []byte) bool {
	if len(p) != 4 {
		return false
	}
	sorted := slices.Sorted(slices.Values(p))
	switch string(sorted) {
	case "1379", "2468", "1245", "2356", "4578", "5689":
		return true
	}
	return false
}

func lines(p []byte, started bool) bool {
	if len(p) == 0 {
		return true
	}
	for _, line := range [...]string{
		"123", "321", "456", "654", "789", "987", "147", "741", "258", "852", "369", "963",
		"159", "951", "357", "753", "2580", "0852",
	} {
		if bytes.HasPrefix(p, []byte(line)) && lines(p[len(line):], true) {
			return true
		}
		if started && len(p) >= 2 && bytes.HasPrefix([]byte(line), p) {
			return true
		}
	}
	return false
}

// maxDraws bounds how often Random draws again. Less than one PIN in six is weak, so a source that
// is random never comes near it.
const maxDraws = 1000

// Random draws a PIN of length digits from source, every one that is not Weak equally likely. It
// fails when the length is out of range, when source fails, or when source is not random.
func Random(length int, source io.Reader) (Secret, error) {
	if length < MinDigits || length > MaxDigits {
		return Secret{}, fmt.Errorf("pin: random: length %d is out of range", length)
	}
	digits := make([]byte, length)
	defer clear(digits)
	for range maxDraws {
		if err := drawDigits(digits, source); err != nil {
			return Secret{}, fmt.Errorf("pin: random: %w", err)
		}
		s := NewSecret(digits)
		if !Weak(s, Hints{}) {
			return s, nil
		}
		s.Wipe()
	}
	return Secret{}, errors.New("pin: random: the source is not random")
}

// drawDigits drops octets from 250 on, which would make the low digits more likely.
func drawDigits(digits []byte, source io.Reader) error {
	var octet [1]byte
	for i, draws := 0, 0; i < len(digits); draws++ {
		if _, err := io.ReadFull(source, octet[:]); err != nil {
			return err
		}
		if octet[0] < 250 {
			digits[i] = '0' + octet[0]%10
			i++
		} else if draws > maxDraws {
			return errors.New("the source is not random")
		}
	}
	return nil
}
