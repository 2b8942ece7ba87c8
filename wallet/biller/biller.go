// Package biller speaks to the systems of providers: it asks whether an account can be paid, pays
// it, and asks what became of a payment. NewOSMP is the client of OSMP's provider protocol, NewJSON
// a plain JSON one; Guard puts a breaker and a budget of requests before either. Registries of what
// was paid are in the package registry below this one, a provider to test against in billersim.
//
// It is protocol alone: it knows no ledger, no wallet and no menu, keeps nothing and decides
// nothing about money. It starts no goroutine; every request ends with its context or after its
// time-out.
package biller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ussdgw/wallet/money"
)

// The bounds of a request and of an answer. Texts of a provider are cut to them.
const (
	MaxTxnDigits   = 20       // of Request.Txn
	MaxAccount     = 200      // characters of Request.Account
	MaxFields      = 10       // of Request.Fields
	MaxFieldValue  = 200      // characters of a value in Request.Fields
	MaxHolder      = 64       // characters of Answer.Holder
	MaxComment     = 200      // characters of Answer.Comment
	MaxProviderTxn = 64       // characters of Answer.ProviderTxn; a longer one is a broken answer
	MaxCode        = 16       // characters of Answer.Code
	MaxAnswer      = 64 << 10 // octets of an answer's body; a longer one is a broken answer
)

// A Biller is the system behind a provider.
//
// Check asks whether an account can be paid, and who it belongs to; it moves nothing and reserves
// nothing. VerdictUnknown means that nobody can tell now.
//
// Pay pays, once for each Request.Txn however often it is called with it: a repeat of a payment
// that was done answers VerdictDone with the ProviderTxn of the first time. A repeat must be the
// same in every field, At included.
//
// Status says what became of a Pay. A provider whose protocol has no such question is asked to pay
// again, with the same Txn, so the Request must be the one of that Pay.
//
// A VerdictUnknown of Pay or Status says nothing about the money: repeat with the same Txn, see
// RetryAfter, and never give the money back. The error is not nil when the answer did not come or
// cannot be believed; it is a *Failure, and is for the log. It is nil when the provider itself said
// "later". With VerdictDone and VerdictRefused it is always nil.
//
// A Biller may be used by many goroutines at once.
type Biller interface {
	Check(ctx context.Context, r Request) (Answer, error)
	Pay(ctx context.Context, r Request) (Answer, error)
	Status(ctx context.Context, r Request) (Answer, error)
}

// A Request is one payment, or the question whether it could be one. All fields but Fields are
// needed, for Check too.
type Request struct {
	// Txn is 1 to MaxTxnDigits digits, the first one not a zero. Choose and store it before the
	// first try: it is what makes a repeat a repeat.
	Txn      string
	Provider string       // the catalogue's id; it is not sent, it names the provider in errors
	Account  string       // 1 to MaxAccount characters, no control characters
	Amount   money.Amount // what the provider gets, without our fee; more than 0
	At       time.Time    // when the subscriber paid; sent in Config.Zone to the second
	// Fields are further parameters of the provider, by their names in its protocol: data1. At most
	// MaxFields, names of a-z, 0-9 and _, and none that the protocol has itself.
	Fields map[string]string
}

// String names a request in a log without its account and its fields.
func (r Request) String() string {
	return fmt.Sprintf("%s txn %s account %s sum %s", r.Provider, r.Txn, masked(r.Account), r.Amount)
}

// A Verdict is what an answer means for the money.
type Verdict string

// The verdicts. The zero value is none of them.
const (
	VerdictDone    Verdict = "done"    // Pay, Status: paid. Check: it can be paid
	VerdictRefused Verdict = "refused" // final: nothing was done and nothing will be
	VerdictUnknown Verdict = "unknown" // repeat with the same Txn; it may have been done
)

// A Reason says why a verdict is not VerdictDone. The words are stable: metrics, menus and tests
// match on them.
type Reason string

// Reasons of the provider. OSMP's code of each is in brackets.
const (
	ReasonTemporary      Reason = "temporary"       // [1] repeat later
	ReasonAccountFormat  Reason = "account_format"  // [4] no account looks like this
	ReasonAccountUnknown Reason = "account_unknown" // [5]
	ReasonForbidden      Reason = "forbidden"       // [7] the provider takes no such payment
	ReasonTechnical      Reason = "technical"       // [8] the provider takes none now
	ReasonExtraField     Reason = "extra_field"     // [31] one of Request.Fields is wrong
	ReasonRate           Reason = "rate"            // [32] the rate has changed
	ReasonInactive       Reason = "inactive"        // [79] the account is not active
	ReasonPending        Reason = "pending"         // [90] the payment is not finished
	ReasonTooSmall       Reason = "too_small"       // [241]
	ReasonTooLarge       Reason = "too_large"       // [242]
	ReasonUnchecked      Reason = "unchecked"       // [243] the account's state cannot be told
	ReasonOther          Reason = "other"           // [300] any other refusal
)

// Reasons of our own. All go with VerdictUnknown and an error.
const (
	ReasonNotSent     Reason = "not_sent"      // the request never left: ErrNotSent
	ReasonNoAnswer    Reason = "no_answer"     // time-out, connection cut, HTTP status not 200
	ReasonBroken      Reason = "broken_answer" // an answer that cannot be read or be about this
	ReasonUnknownCode Reason = "unknown_code"  // a code that the protocol does not have
	ReasonOpen        Reason = "breaker_open"  // Guard: not sent, the provider is not available
	ReasonBusy        Reason = "busy"          // Guard: not sent, too many requests under way
)

// providerReasons lists the reasons that a provider may give in words.
func providerReasons() []Reason {
	return []Reason{
		ReasonTemporary, ReasonAccountFormat, ReasonAccountUnknown, ReasonForbidden, ReasonTechnical,
		ReasonExtraField, ReasonRate, ReasonInactive, ReasonPending, ReasonTooSmall, ReasonTooLarge,
		ReasonUnchecked, ReasonOther,
	}
}

// An Answer is what the provider said, or what is known without it. Texts are cleaned: one line, no
// markup, no control characters.
type Answer struct {
	Verdict     Verdict
	Code        string       // of the protocol, as it came, at most MaxCode characters
	Reason      Reason       // "" with VerdictDone
	ProviderTxn string       // the provider's id of the payment; "" where it told none
	Holder      string       // whose account it is, name or address, for the confirm screen, or ""
	Comment     string       // of the provider, for support; it may name the account
	Amount      money.Amount // as the provider echoed it; 0: it did not
}

var (
	// ErrNotSent marks a Failure of a request of which not one octet has reached the provider: by
	// this call nothing was done and nothing will be. That says nothing about an earlier call with
	// the same Txn: only a first try may be taken back on it.
	ErrNotSent = errors.New("biller: nothing was sent")
	// ErrRequest marks a Failure of a request that can never be sent as it is; ErrNotSent is true
	// of it too. No repeat will help.
	ErrRequest = errors.New("biller: the request is malformed")
)

// A Failure is why a verdict is VerdictUnknown. Its text holds no credential, no account and no
// query of a URL. Unwrap gives ErrNotSent, ErrRequest, context.Canceled and
// context.DeadlineExceeded where they apply, and nothing else: the errors of net/http tell secrets.
type Failure struct {
	Op      string // check, pay or status
	Request string // without the account
	Text    string
	causes  []error
}

// Error is one line.
func (f *Failure) Error() string {
	return fmt.Sprintf("biller: %s %s: %s", f.Op, f.Request, f.Text)
}

// Unwrap gives what a caller may branch on.
func (f *Failure) Unwrap() []error { return f.causes }

// failed is an answer that is not known and why.
func failed(op string, r Request, reason Reason, text string, causes ...error) (Answer, error) {
	return Answer{Verdict: VerdictUnknown, Reason: reason},
		&Failure{Op: op, Request: r.String(), Text: text, causes: causes}
}

// masked shows the ends of an account, when enough is left that they do not show.
func masked(account string) string {
	const shown = 2
	runes := []rune(account)
	if len(runes) < 4*shown {
		return "***"
	}
	return oneLine(string(runes[:shown])+"***"+string(runes[len(runes)-shown:]), MaxAccount)
}

// fault says what is wrong with a request, or "". reserved are the names of the protocol itself.
func (r Request) fault(reserved ...string) string {
	switch {
	case !digits(r.Txn) || len(r.Txn) > MaxTxnDigits || r.Txn[0] == '0':
		return fmt.Sprintf("the transaction's id is not 1 to %d digits without a leading zero",
			MaxTxnDigits)
	case r.Account == "" || !plain(r.Account, MaxAccount):
		return fmt.Sprintf("the account is not 1 to %d printable characters", MaxAccount)
	case r.Amount <= 0:
		return "the sum is not more than 0"
	case r.At.IsZero():
		return "the time of the payment is missing"
	case len(r.Fields) > MaxFields:
		return fmt.Sprintf("more than %d fields", MaxFields)
	}
	for name, value := range r.Fields {
		switch {
		case !fieldName(name):
			return fmt.Sprintf("%.40q is no name of a field: a-z, 0-9 and _", name)
		case slices.Contains(reserved, name):
			return fmt.Sprintf("the field %q is the protocol's own", name)
		case !plain(value, MaxFieldValue):
			return fmt.Sprintf("the field %q is not at most %d printable characters", name,
				MaxFieldValue)
		}
	}
	return ""
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func fieldName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// plain reports whether s is at most limit characters that can be printed on one line.
func plain(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && oneLine(s, limit) == s
}
