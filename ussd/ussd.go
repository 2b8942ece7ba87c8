// Package ussd turns what a subscriber sends into what the subscriber sees: one step of a
// dialogue at a time, whatever channel brought it.
//
// A Gateway walks the menu, keeps the session and asks the wallet; an Exchange couples it to one
// SMPP link. The package knows no ledger, no store's client and no socket: it reaches them
// through SessionStore, Teller and Submitter. It follows SMPP v3.4 §5.3.2.44 (ussd_service_op)
// only through a dialect.
//
// Goroutines: an Exchange starts one for each step that was admitted, at most Config.MaxSteps
// together, and Drain returns when the last has ended.
package ussd

import (
	"context"
	"time"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// A Kind says what a Request is.
type Kind uint8

// The kinds of requests.
const (
	Begin Kind = iota // the subscriber dialled
	Input             // the subscriber answered a screen
	Abort             // the network or the subscriber ended the dialogue
)

var kindNames = [...]string{"begin", "input", "abort"}

// String is a metric label: begin, input or abort.
func (k Kind) String() string { return kindNames[k] }

// A Request is one thing that happened in a dialogue.
type Request struct {
	Link     string        // name of the link that brought it
	Number   msisdn.Number // who
	Service  string        // the service code, "*900#"; with Number it names the session
	Dialogue string        // the network's id of the dialogue, "" where the dialect has none
	Unit     string        // identity of this input within the dialogue, "" where there is none
	Kind     Kind
	Text     pin.Secret // what was dialled or typed; Step wipes it
	IMSI     pin.Secret // of the subscriber, empty where the network does not tell it; Step wipes it
}

// wipe overwrites what nobody may find.
func (r Request) wipe() {
	r.Text.Wipe()
	r.IMSI.Wipe()
}

// A ReplyKind says what is to be submitted.
type ReplyKind uint8

// The kinds of replies.
const (
	None ReplyKind = iota // nothing is submitted
	Ask                   // show and wait for an answer
	End                   // show and end the dialogue
)

// A Reply is what the subscriber shall see.
type Reply struct {
	Kind     ReplyKind
	State    string // of the menu
	Text     string
	Alphabet charset.Alphabet
	Units    int    // that Text takes in Alphabet
	Limit    int    // of Units; 0 where the screen was not rendered in this step
	Repeat   bool   // the stored reply to an input that came before
	Revision string // of the menu that the screen is from, "" for None

	saved session.Record // the record that holds this reply; zero when none does
}

// A Call asks a Teller to do an action of the menu.
type Call struct {
	Number   msisdn.Number
	Lang     string
	Revision string // of the menu, for what is stored with an offer
	Action   menu.Action
	// Attempt identifies this execution: its repeat on another instance, or after a crash, has
	// the same one.
	Attempt string
}

// An Answer is what became of a Call.
type Answer struct {
	Outcome menu.Outcome
	// Untold is the id of an offer whose fate this answer tells. Until a screen with it is known
	// to have been delivered, the next dial says it first. An answer about an offer without it says
	// that there is nothing to tell.
	Untold string
	// Reason is why something was declined, from a small fixed set; metrics count it. "" where the
	// outcome's name says it all.
	Reason string
	// Pending says that the fate of Untold is still open: the next dial asks again, even when
	// this answer was seen.
	Pending bool
}

// A Teller does the actions of the menu. An error is technical: nothing is known to have
// happened, the subscriber is told that the service is not available. A payment whose fate is
// unknown is an Answer, not an error.
type Teller interface {
	Do(ctx context.Context, c Call) (Answer, error)
}

// A SessionStore keeps the records; package session has two, and says what they promise.
type SessionStore interface {
	Load(ctx context.Context, k session.Key) (session.Record, error)
	Save(ctx context.Context, k session.Key, r session.Record, ttl time.Duration) error
	Delete(ctx context.Context, k session.Key, version uint64) error
}

// A Submitter sends a submit_sm and waits for its response. Its errors may tell what became of
// the request by the methods
//
//	NotSent() bool           // surely not sent: may be sent again
//	CommandStatus() uint32   // the SMSC refused it with this command_status
//
// and an error with neither leaves its fate unknown.
type Submitter interface {
	Submit(ctx context.Context, sm *pdu.SubmitSM) (*pdu.SubmitSMResp, error)
}

// Metrics counts what the gateway does. Labels come from small fixed sets.
type Metrics interface {
	// Step has kind begin, input or abort and result ask, end, none, repeat, over, refused,
	// busy, throttled, unavailable or panic.
	Step(kind, result string, took time.Duration)
	// Action has the action's name and its outcome, or the reason of a decline where there is one;
	// "error" for a technical failure.
	Action(name, outcome string)
	// Submit has result delivered, refused, unknown or not_sent.
	Submit(result string)
}

// NoMetrics counts nothing.
type NoMetrics struct{}

// Step does nothing.
func (NoMetrics) Step(string, string, time.Duration) {}

// Action does nothing.
func (NoMetrics) Action(string, string) {}

// Submit does nothing.
func (NoMetrics) Submit(string) {}
