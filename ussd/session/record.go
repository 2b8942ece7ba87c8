// Package session keeps the dialogues of subscribers between two steps: the record of one
// dialogue, its compact encoding, and two stores with the same behaviour, Memory for one process
// and Redis for many.
//
// A store holds dialogue state and never money: Redis may lose acknowledged writes in a failover,
// so nothing here may be the only thing between a subscriber and a second debit. There are no
// locks. A step loads a record, decides, and saves the successor by compare-and-set on the
// version; of several writers of one version exactly one wins.
//
// No secret can be in a record by type: it has no pin.Secret, and menu.Position keeps no slot
// that is declared secret.
//
// The package starts no goroutines. The Redis client under Redis has its own, which end with
// Close.
package session

import (
	"errors"
	"time"

	"ussdgw/ussd/menu"
	"ussdgw/wallet/msisdn"
)

// A Key names the one live session of a subscriber with a service. It prints masked.
type Key struct {
	Service string // as dialled, "*900#"
	Number  msisdn.Number
}

// A Record is what is kept of one dialogue. The zero value means that there is none.
//
// Times are kept to the nanosecond in UTC: the location and the monotonic reading are lost.
type Record struct {
	// Version counts the saves of the session, from 1. Save takes the loaded version plus one.
	Version uint64
	// Writer is drawn at random for each save. It tells the writer's own retry, whose first
	// reply was lost, from another writer's success.
	Writer [8]byte

	Dialogue string // dialogue id of the network, "" where the dialect has none
	Link     string // the SMSC link that the dialogue lives on
	Position menu.Position

	StartedAt time.Time
	TouchedAt time.Time // of the last input

	LastInput Input
	// Seen has the identities of the inputs of the dialogue so far, oldest first, the last MaxSeen
	// of those that have one: a copy of any of them that comes late is none of a later screen.
	Seen      []string
	LastReply Reply
	Acked     bool // the SMSC has accepted the submit of LastReply

	Ended bool // LastReply was an end screen
	Dead  bool // the network has ended the dialogue: nothing more is submitted to it

	Executing Executing // the action that moves money and is under way
	Untold    string    // offer whose outcome the subscriber has not been told yet, or ""
	Tells     bool      // LastReply says what became of Untold for good
}

// An Input identifies the input that led to a record's LastReply, so that its redelivery is
// recognised.
type Input struct {
	ID string // identity of the dialogue unit, "" where the dialect has none
	// Digest is of the typed text, and zero when the screen asked for a secret: a hash of a PIN
	// is as good as the PIN.
	Digest [16]byte
	At     time.Time
}

// A Reply is the screen that was sent last. It is kept so that a repeat is the same to the octet.
type Reply struct {
	State, Text string
	End         bool // the dialogue ends with it
	Secret      bool // it asks for a secret
}

// Executing is the action that was saved before it was done. The zero value means that none is
// under way.
type Executing struct {
	State   string // the do state of the menu
	Action  string
	Offer   string // id of the offer that it executes
	Attempt string // identity of the attempt, so that a repeat of it is no second try
}

// IsZero reports whether no action is under way.
func (e Executing) IsZero() bool { return e == Executing{} }

// IsZero reports whether r says that there is no session.
func (r Record) IsZero() bool { return r.Version == 0 }

// ErrConflict says that the version which a save was based on is no longer the stored one. Every
// such error is a *Conflict.
var ErrConflict = errors.New("session: version conflict")

// A Conflict is the error of a save that lost: nothing was written.
type Conflict struct {
	Current Record // what is stored instead
}

// Error says so without telling anything of the dialogue.
func (c *Conflict) Error() string { return "session: save: another writer has won" }

// Is makes errors.Is(err, ErrConflict) true.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }
