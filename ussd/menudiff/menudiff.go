// Package menudiff compares two revisions of a menus folder: which screens differ, which keys lead
// elsewhere, what changes about money, and what each of these means to those who use the menu.
// `menu plan` and `menu breaking` are made of it.
//
// It is pure: it gets two menus that were checked, and returns data. It knows no store, no session
// and nothing of how its result is printed.
package menudiff

import (
	"slices"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
)

// A Side is one of the two menus that are compared.
type Side struct {
	Program   *menu.Program
	Catalogue *catalogue.Catalogue
	Places    Places // where the entries of the catalogue are, for findings; may be nil
}

// A Grade says whom a change may hurt. "" is a change that hurts nobody, such as an addition.
type Grade string

// The grades.
const (
	// GradePath is a dialled string, or keys that somebody remembers, that lead elsewhere.
	GradePath Grade = "PATH"
	// GradeSession is a state, a slot or a language that running dialogues may be in, and that is
	// gone or is something else.
	GradeSession Grade = "SESSION"
	// GradeMoney is a change of what is paid, to whom, under which rule, or of what is confirmed.
	GradeMoney Grade = "MONEY"
	// GradeText is a changed text.
	GradeText Grade = "TEXT"
)

// Grades lists all grades, the heaviest for a subscriber's habits first.
func Grades() []Grade { return []Grade{GradePath, GradeSession, GradeMoney, GradeText} }

// A Subject is the kind of thing that has changed.
type Subject string

// The subjects.
const (
	SubjectState   Subject = "state"
	SubjectSlot    Subject = "slot"
	SubjectSetting Subject = "setting" // of the whole menu: languages, keys, entries, shared texts
	SubjectSMS     Subject = "sms"
	SubjectPayee   Subject = "payments" // categories, providers, limits and networks
)

// A Change is one thing that is not as it was.
type Change struct {
	Grade   Grade
	Subject Subject
	Name    string     // of the state, slot, message, provider or setting
	Pos     source.Pos // in the new files; the file alone for what is gone
	Text    string     // one sentence without a point at its end
	Texts   []Rewording
}

// A Rewording is a text before and now in one language, as it is written.
type Rewording struct{ Lang, Before, Now string }

// A Fate says what became of a screen.
type Fate string

// The fates.
const (
	Added   Fate = "added"
	Changed Fate = "changed"
	Removed Fate = "removed"
)

// A Screen is a screen that differs.
type Screen struct {
	State string
	Fate  Fate
	Pos   source.Pos
	Views []ViewChange // empty when it looks as before and does something else
}

// A ViewChange is how a screen looked and looks in one language under the same circumstances.
type ViewChange struct {
	View        menu.View
	Lang        string
	Before, Now []menu.Screen // pages; nil when there was, or is, none
}

// A Shared is a text that many screens have in common, and that has changed.
type Shared struct {
	What    string   // "the line back", "the error option"
	Screens []string // that show it, in the order of the files
	Example []ViewChange
}

// A Diff is everything that differs between two menus.
type Diff struct {
	Service string   // that the old menu is dialled with
	Screens []Screen // in the order of the new files, removed ones last
	Shared  []Shared
	// Wider are screens whose texts are as before, but whose values can have another width now.
	Wider   []string
	Changes []Change // in the order of the new files, of what is gone last
	Moves   []Move   // the shortest paths first
	Kept    []Move   // that `moved:` keeps leading where they led
}

// Compare returns what differs between the old menu and the new one.
func Compare(old, now Side) Diff {
	c := &comparison{
		old: old, now: now, was: index(old.Program.Outline()), is: index(now.Program.Outline()),
	}
	c.diff.Service = c.was.Service
	c.findRenamed()
	c.settings()
	c.slots()
	for _, s := range c.is.States {
		if before, ok := c.before(s.Name); ok {
			c.state(before, s)
		} else {
			c.note("", SubjectState, s.Name, s.Pos, "the state %s is new", s.Name)
		}
	}
	for _, s := range c.was.States {
		c.gone(s)
	}
	c.catalogue()
	c.look()
	c.walk()
	return c.diff
}

// Empty reports whether nothing differs.
func (d Diff) Empty() bool {
	return len(d.Screens) == 0 && len(d.Shared) == 0 && len(d.Wider) == 0 &&
		len(d.Changes) == 0 && len(d.Moves) == 0 && len(d.Kept) == 0
}

// Count returns how many screens have this fate.
func (d Diff) Count(f Fate) int {
	n := 0
	for _, s := range d.Screens {
		if s.Fate == f {
			n++
		}
	}
	return n
}

// Touched returns the names of the old menu's states that have changed or are gone, screens and
// actions.
func (d Diff) Touched() []string {
	var out []string
	for _, c := range d.Changes {
		if c.Subject == SubjectState {
			out = append(out, c.Name)
		}
	}
	for _, s := range d.Screens {
		out = append(out, s.State)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Findings returns what may hurt somebody: the changes that have a grade and the moves, in the
// order of Grades.
func (d Diff) Findings() []Change {
	var out []Change
	for _, g := range Grades() {
		if g == GradePath {
			for _, m := range d.Moves {
				out = append(out, m.finding(d.Service))
			}
		}
		for _, c := range d.Changes {
			if c.Grade == g {
				out = append(out, c)
			}
		}
	}
	return out
}
