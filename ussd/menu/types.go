package menu

import (
	"ussdgw/smsc/charset"
	"ussdgw/wallet/pin"
)

// A Position is all that a session keeps of a dialogue's place in the menu. It holds no secret
// and is a plain value: strings, numbers, slices and maps of strings. No function of this package
// changes a Position it was given. While an entry interrupts the dialogue, its screens are above
// a Visit of the pseudo state "@resume" whose Notice is the entry, and the names of the slots of
// what was interrupted begin with one more "^".
type Position struct {
	Revision string            // of the Program that made it
	Lang     string            // of the dialogue
	Stack    []Visit           // screens from the first to the one on display
	Slots    map[string]string // what was typed, chosen or brought by an outcome
	// Pending is the do state whose action is out, or "". It is "@back" or "@home" while the
	// offer of a confirm screen is withdrawn because that screen was left this way.
	Pending string
}

// A Visit is one screen of a Position's stack.
type Visit struct {
	State  string
	Page   int    // from 0
	Notice string // code of the error that stands in place of the prompt, or ""
}

// A Result is what the dialogue does next. Exactly one of Screen and Action is set.
type Result struct {
	Position Position
	Screen   *Screen
	Action   *Action
	Refused  bool // the input was refused and is asked again
}

// A Screen is a text to be shown.
type Screen struct {
	State    string
	Text     string
	Alphabet charset.Alphabet
	Units    int // that Text takes: septets, or UTF-16 units
	Limit    int // of Units in this alphabet
	Page     int // from 1
	Pages    int
	End      bool // the dialogue ends with it
	Secret   bool // what is typed next is secret
}

// An Action is a request to the wallet. Its outcome goes to Program.Resume with the Position that
// came with it.
type Action struct {
	State   string // the do state that asks for it
	Name    string
	Args    map[string]string
	Secrets map[string]pin.Secret // the typed secret itself, not a copy; the caller wipes it
	Money   bool
}

// An Outcome is how an Action ended. The zero Name, and any name that the do state does not
// handle, shows the entry `unavailable`.
type Outcome struct {
	Name   string
	Values map[string]string // a value with the name of a slot sets that slot
	Lang   string            // switches the dialogue's language unless ""
}

// An Entry is a way into the menu that is not an answer of the subscriber.
type Entry string

// The entries. Every program has them all.
const (
	EntryStart       Entry = "start"            // the subscriber dialled
	EntryResume      Entry = "resume"           // dialled again after a drop: go on or start again
	EntryUntold      Entry = "untold"           // a payment's fate was not told yet
	EntryOver        Entry = "over"             // an answer to a session that is no more
	EntryBusy        Entry = "busy"             // overload
	EntryRefused     Entry = "shortcut_refused" // a dialled string that leads nowhere
	EntryUnavailable Entry = "unavailable"      // an action failed technically
)

// Entries lists all entries in the order of the constants.
func Entries() []Entry {
	return []Entry{
		EntryStart, EntryResume, EntryUntold, EntryOver, EntryBusy, EntryRefused, EntryUnavailable,
	}
}
