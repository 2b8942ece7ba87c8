package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ussdgw/menus/revision"
	"ussdgw/wallet"
	"ussdgw/wallet/msisdn"
)

// minPrefix is how many digits of a revision are enough to name it.
const minPrefix = 6

// A publishedLog is the whole log with where it has led.
type publishedLog struct {
	changes []revision.Change
	rollout revision.Rollout
}

// readLog reads the log of a store. A log that was tampered with is an error that names the
// place; what is before it is returned nevertheless.
func readLog(ctx context.Context, s revision.Store) (publishedLog, error) {
	changes, err := revision.Log(ctx, s)
	if err != nil {
		return publishedLog{}, err
	}
	rollout, err := revision.Replay(changes)
	if err != nil {
		err = fmt.Errorf("somebody has edited the log of what was published in the database: %w", err)
	}
	return publishedLog{changes, rollout}, err
}

// madeLive is the change that has put the live revision in its place, or nil.
func (l publishedLog) madeLive() *revision.Change {
	for i := len(l.changes) - 1; i >= 0; i-- {
		if c := l.changes[i]; c.Stage == revision.StageAll && c.Revision != c.Base {
			return &l.changes[i]
		}
	}
	return nil
}

// resolve finds the one revision that text names: by all its digits, or by at least minPrefix of
// them if it is in the log.
func (l publishedLog) resolve(
	ctx context.Context, s revision.Store, text string,
) (revision.Revision, error) {
	if !isRevision(text) {
		return revision.Revision{}, fmt.Errorf("%q names no revision: give %d to %d of its digits",
			text, minPrefix, revision.Digits)
	}
	id := text
	for _, c := range l.changes {
		if !strings.HasPrefix(c.Revision, text) || c.Revision == id {
			continue
		}
		if id != text {
			return revision.Revision{}, fmt.Errorf("%s may be %s or %s: give more digits", text, id,
				c.Revision)
		}
		id = c.Revision
	}
	r, err := l.read(ctx, s, id)
	if errors.Is(err, revision.ErrNotFound) {
		return r, fmt.Errorf("no revision %s was ever published\nsee: ussdgw menu history", text)
	}
	return r, err
}

// read reads a revision. When the log has it, its files are those that the log has sealed, or the
// error is revision.ErrTampered.
func (l publishedLog) read(
	ctx context.Context, s revision.Store, id string,
) (revision.Revision, error) {
	r, err := s.Revision(ctx, id)
	if err == nil {
		err = l.rollout.Verify(r)
	}
	if err != nil {
		return revision.Revision{}, err
	}
	return r, nil
}

// isRevision reports whether text may name a revision.
func isRevision(text string) bool {
	return len(text) >= minPrefix && len(text) <= revision.Digits &&
		strings.Trim(text, "0123456789abcdef") == ""
}

// menusName names a revision to a person.
func menusName(id string) string {
	if id == "" {
		return "the menus built into the program"
	}
	return id
}

// audience says who a stage is for. The numbers are masked already.
func audience(stage revision.Stage, percent int, masked []string) string {
	switch {
	case stage == revision.StageAll:
		return "everybody"
	case stage == revision.StageTest:
		return testNumbers(masked)
	case len(masked) == 0:
		return fmt.Sprintf("%d%% of the subscribers", percent)
	}
	return fmt.Sprintf("%d%% of the subscribers and %s", percent, testNumbers(masked))
}

// testNumbers names a few numbers and counts all.
func testNumbers(masked []string) string {
	const most = 5
	if len(masked) == 1 {
		return "1 test number: " + masked[0]
	}
	shown := masked
	if len(shown) > most {
		shown = append(shown[:most:most], "…")
	}
	return fmt.Sprintf("%d test numbers: %s", len(masked), strings.Join(shown, ", "))
}

// candidateAudience says who has the candidate.
func candidateAudience(r revision.Rollout) string {
	return audience(r.Stage, r.Percent, masked(r.Numbers))
}

func masked(numbers []string) []string {
	hidden := make([]string, len(numbers))
	for i, n := range numbers {
		number, err := msisdn.Parse(n)
		if err != nil {
			hidden[i] = "***" // the log is checked; this is no number at all
			continue
		}
		hidden[i] = number.Masked()
	}
	return hidden
}

// clockText is a moment by the clock of the subscribers.
func clockText(at time.Time) string {
	if zone, err := time.LoadLocation(wallet.ZoneName); err == nil {
		at = at.In(zone)
	}
	return at.Format("2006-01-02 15:04:05 -07")
}

// shellWord is text as a shell takes it for one word.
func shellWord(text string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.ContainsRune("_-./:@%+,=", c)
	}
	if text != "" && strings.IndexFunc(text, func(c rune) bool { return !plain(c) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
