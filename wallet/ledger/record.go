package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ussdgw/wallet/money"
)

// Bounds of a Record and of a Case, in characters.
const (
	MaxActor  = 64
	MaxReason = 200
	MaxDetail = 400
)

// ActorSubscriber is the actor of what the subscriber has asked for with the PIN.
const ActorSubscriber = "subscriber"

// A Record is a line of the audit: who has done what, to what, and why. It is written in the
// transaction of what was done and kept for ever. Nothing secret is in it.
type Record struct {
	Actor   string // ActorSubscriber, or the name that a person of the issuer goes by
	Act     string // block, unlock, level, reverse, ...
	Subject string // wallet:ID, payment:ID, agent:ID, case:N, provider:ID
	Reason  string
	Detail  string // what was before and what is now
	At      time.Time
}

// WalletSubject is the subject of what is done to a wallet, and PaymentSubject to a payment.
func WalletSubject(wallet string) string { return "wallet:" + wallet }

// PaymentSubject is the subject of what is done to a payment, by the id of its offer.
func PaymentSubject(id string) string { return "payment:" + id }

// Validate reports the first fault of a record that is about to be written.
func (r Record) Validate() error {
	switch {
	case !oneLine(r.Actor, MaxActor):
		return fmt.Errorf("ledger: audit: who does this has to be 1 to %d characters of one line",
			MaxActor)
	case !oneLine(r.Reason, MaxReason):
		return fmt.Errorf("ledger: audit: the reason has to be 1 to %d characters of one line",
			MaxReason)
	case r.Act == "" || !strings.Contains(r.Subject, ":") || r.At.IsZero():
		return fmt.Errorf("ledger: audit: act %q, subject %q", r.Act, r.Subject)
	case utf8.RuneCountInString(r.Detail) > MaxDetail:
		return fmt.Errorf("ledger: audit: the detail is longer than %d characters", MaxDetail)
	}
	return nil
}

func oneLine(s string, most int) bool {
	return s != "" && strings.TrimSpace(s) == s && utf8.ValidString(s) &&
		utf8.RuneCountInString(s) <= most && strings.IndexFunc(s, unicode.IsControl) < 0
}

// Records is the part of a Store that reads the audit.
type Records interface {
	// Records returns at most limit records about a subject, newest first; about everything when
	// subject is "".
	Records(ctx context.Context, subject string, limit int) ([]Record, error)
}

// A Case is something that needs a person.
type Case struct {
	ID         int64  // given by the store
	Key        string // unique: two cases of one key are one case
	Kind       string // suspense, ours_only, theirs_only, differs, late_answer, ...
	Provider   string // id in the catalogue, or a network; "" = none
	Subject    string // what it is about: payment:ID, or what the other side calls it
	Amount     money.Amount
	Detail     string // what was found, and what to do about it
	OpenedAt   time.Time
	ClosedAt   time.Time // zero = open
	ClosedBy   string
	Resolution string
}

// CaseSubject is the subject of what is done to a case.
func CaseSubject(id int64) string { return fmt.Sprintf("case:%d", id) }

// Validate reports the first fault of a case that is about to be opened.
func (c Case) Validate() error {
	switch {
	case c.Key == "" || c.Kind == "" || c.Subject == "" || c.OpenedAt.IsZero():
		return fmt.Errorf("ledger: case: key %q, kind %q, subject %q", c.Key, c.Kind, c.Subject)
	case c.Detail == "" || utf8.RuneCountInString(c.Detail) > MaxDetail:
		return fmt.Errorf("ledger: case %s: the detail has to be 1 to %d characters", c.Key, MaxDetail)
	}
	return nil
}

// Cases is the part of a Store that keeps what needs a person.
type Cases interface {
	// OpenCases opens cases and returns how many of them are new. r is not nil when a person does it;
	// it is written when one is new.
	OpenCases(ctx context.Context, all []Case, r *Record) (int, error)
	// Case returns a case, or ErrNoCase.
	Case(ctx context.Context, id int64) (Case, error)
	// Cases returns at most limit cases with a number above after, oldest first; with open, only
	// those that are not closed.
	Cases(ctx context.Context, open bool, after int64, limit int) ([]Case, error)
	// CloseCase closes a case, and records it; the resolution is the reason. It fails with
	// ErrNoCase and declines case_closed.
	CloseCase(ctx context.Context, id int64, r Record) error
}
