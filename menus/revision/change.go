package revision

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of what a change may say.
const (
	MaxNumbers = 100 // test numbers of a change
	MaxActor   = 64  // characters of an actor's name
	MaxReason  = 200 // characters of a reason
)

var (
	// ErrTampered says that what is stored is not what was once published.
	ErrTampered = errors.New("revision: the stored log or files were changed")
	// ErrInvalid says that a change is not filled in as it has to be.
	ErrInvalid = errors.New("revision: not a change that can be made")
)

// hashed is put before what is hashed: no other record has the same octets.
const hashed = "ussdgw menu change 1"

// seal returns the hash over everything in c but Hash. Each field is written with its length, so
// that no two changes are written alike.
func (c Change) seal() [sha256.Size]byte {
	b := appendSized(nil, hashed)
	for _, field := range []string{
		strconv.FormatInt(c.Seq, 10), strconv.FormatInt(c.At.UnixMicro(), 10), string(c.Kind),
		c.Revision, c.Base, string(c.Stage), strconv.Itoa(c.Percent), c.Actor, c.Reason,
	} {
		b = appendSized(b, field)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.Numbers)))
	for _, n := range c.Numbers {
		b = appendSized(b, n)
	}
	b = appendSized(b, c.Content[:])
	b = appendSized(b, c.Prev[:])
	return sha256.Sum256(b)
}

// validate reports the first field of c that is not as it has to be. Errors are ErrInvalid.
func (c Change) validate() error {
	if err := errors.Join(
		checkLine("who makes the change", c.Actor, MaxActor),
		checkLine("the reason", c.Reason, MaxReason),
		checkID(c.Base), checkID(c.Revision),
	); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	// PostgreSQL, SQLite and the hash keep microseconds of a year that has four digits.
	if c.At.Year() < 2000 || c.At.Year() > 9999 {
		return fmt.Errorf("%w: the time of the change is missing", ErrInvalid)
	}
	switch {
	case c.Kind == KindPublish && c.Revision == "":
		return fmt.Errorf("%w: no revision is named", ErrInvalid)
	case c.Revision == "" && c.Content != [sha256.Size]byte{}:
		return fmt.Errorf("%w: there is a content sum, and no revision", ErrInvalid)
	case c.Revision != "" && c.Revision != IDOf(c.Content):
		return fmt.Errorf("%w: the content sum is that of %s, not of %s", ErrInvalid,
			IDOf(c.Content), c.Revision)
	case c.Kind == KindRollback && c.Stage != StageAll:
		return fmt.Errorf("%w: a rollback is for everybody", ErrInvalid)
	case c.Kind != KindPublish && c.Kind != KindRollback:
		return fmt.Errorf("%w: unknown kind %.20q", ErrInvalid, c.Kind)
	}
	if err := c.validateStage(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func (c Change) validateStage() error {
	if err := CheckNumbers(c.Numbers); err != nil {
		return err
	}
	switch c.Stage {
	case StageTest:
		if len(c.Numbers) == 0 {
			return errors.New("a test needs at least one test number")
		}
	case StageShare:
		if c.Percent < 1 || c.Percent > 99 {
			return fmt.Errorf("a share of %d%% is not 1%% to 99%%", c.Percent)
		}
		return nil
	case StageAll:
		if len(c.Numbers) > 0 {
			return errors.New("test numbers are of no use when everybody is meant")
		}
	default:
		return fmt.Errorf("unknown stage %.20q", c.Stage)
	}
	if c.Percent != 0 {
		return errors.New("only a share has a percentage")
	}
	return nil
}

// CheckNumbers reports what is wrong with test numbers: at most MaxNumbers, in order, each once,
// of 7 to 15 digits as E.164 has them, without a plus sign. None is right.
func CheckNumbers(numbers []string) error {
	if len(numbers) > MaxNumbers {
		return fmt.Errorf("%d test numbers; at most %d", len(numbers), MaxNumbers)
	}
	for i, n := range numbers {
		digits := strings.IndexFunc(n, func(c rune) bool { return c < '0' || c > '9' }) < 0
		if !digits || len(n) < 7 || len(n) > 15 || n[0] == '0' {
			return fmt.Errorf("test number %d of %d is no number: "+
				"write the country and the number as digits, 996555123456", i+1, len(numbers))
		}
		if i > 0 && n <= numbers[i-1] {
			return fmt.Errorf("test number %d of %d is out of order or named twice", i+1, len(numbers))
		}
	}
	return nil
}

// checkLine reports a text that is no single line of 1 to most characters.
func checkLine(what, text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is missing", what)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s is no text in UTF-8", what)
	case utf8.RuneCountInString(text) > most:
		return fmt.Errorf("%s has %d characters; at most %d", what, utf8.RuneCountInString(text), most)
	case strings.IndexFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) >= 0:
		return fmt.Errorf("%s must be one line without control characters", what)
	}
	return nil
}

// checkID reports what is no ID. None at all is right.
func checkID(id string) error {
	hexDigit := func(c rune) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
	if id != "" && (len(id) != Digits ||
		strings.IndexFunc(id, func(c rune) bool { return !hexDigit(c) }) >= 0) {
		return fmt.Errorf("%.40q is no revision: it has %d of the digits 0-9 and a-f", id, Digits)
	}
	return nil
}

// canonical brings c into the form in which it is hashed and stored.
func (c Change) canonical() Change {
	c.At = c.At.UTC().Truncate(time.Microsecond)
	c.Numbers = slices.Clone(c.Numbers)
	slices.Sort(c.Numbers)
	c.Numbers = slices.Compact(c.Numbers)
	if len(c.Numbers) == 0 {
		c.Numbers = nil
	}
	return c
}
