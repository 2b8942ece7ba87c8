package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/money"
)

// A HoldState is where reserved money is. Held leads to sent, sent to in doubt; each of them leads
// to posted, voided or suspense; suspense leads to posted or voided, by a person or by a late
// answer. Posted and voided are final.
type HoldState string

// The states of a hold.
const (
	HoldHeld     HoldState = "held"     // nobody was told yet
	HoldSent     HoldState = "sent"     // the other side may have been told
	HoldInDoubt  HoldState = "in_doubt" // it was told, and has not given a final answer
	HoldSuspense HoldState = "suspense" // nobody answered in time: the money waits for a person
	HoldPosted   HoldState = "posted"
	HoldVoided   HoldState = "voided"
)

// Final reports whether no further move is possible.
func (s HoldState) Final() bool { return s == HoldPosted || s == HoldVoided }

// A Hold is the reserved money of an offer, whose id it has.
type Hold struct {
	ID          string
	Offer       Offer
	Txn         string // what the other side knows it by
	State       HoldState
	Attempt     int          // how often it was sent
	Posted      money.Amount // what of the amount was posted
	ProviderTxn string       // what the other side calls it
	LastCode    string       // of the other side's last answer
	LastError   string
	Day, Month  string // in which its limits are counted
	CreatedAt   time.Time
	SentAt      time.Time // the last time; zero = never
	NextAt      time.Time // when somebody has to look at it
	Deadline    time.Time // when it is given up
	EndedAt     time.Time // zero = not yet
}

// A HoldMove is one line of a hold's history.
type HoldMove struct {
	State  HoldState
	At     time.Time
	Code   string
	Detail string
}

// A ProviderHolds is how many holds of a provider are in a state.
type ProviderHolds struct {
	Provider string // id in the catalogue; "" = of cash-outs
	State    HoldState
	Count    int
	Oldest   time.Time // when the oldest of them was made
}

// An Answer is what the other side of a hold has said.
type Answer struct {
	Code        string // protocol's
	Detail      string // for support; nothing secret; its first MaxErrorText octets are kept
	ProviderTxn string // what the other side calls it, "" = it did not say
}

// A Posting ends a hold: the money goes where the offer says.
type Posting struct {
	Hold   string
	Amount money.Amount // at most what is held; 0 = all of it
	Fee    money.Amount // with an Amount: at most the offer's
	Agent  string       // of a cash-out: who has paid it out
	Answer Answer
	Now    time.Time
	// Message is the SMS to enqueue, none when its Kind is "". The store adds the field "balance".
	Message Message
	Record  *Record // when a person has decided
}

// A Voiding ends a hold: the money and the limits are given back.
type Voiding struct {
	Hold   string
	Reason Reason // of the offer's refusal
	// Attempt, when it is not nil, is how often the hold was sent at most: once it was sent again, it
	// is for the later attempt to find out, and the voiding declines not_held.
	Attempt *int
	Answer  Answer
	Now     time.Time
	// Message is the SMS to enqueue, none when its Kind is "". The store adds the field "balance".
	Message Message
	Record  *Record // when a person has decided
}

// Holds is the part of a Store that takes reserved money to its end. Every change is guarded by the
// state that it finds and adds a line to the history; nobody ends a hold twice.
type Holds interface {
	// Hold returns a hold, or ErrNoHold.
	Hold(ctx context.Context, id string) (Hold, error)
	// HoldMoves returns the history of a hold, oldest first.
	HoldMoves(ctx context.Context, id string) ([]HoldMove, error)
	// OpenHolds counts the holds without an end, those in suspense included, by provider and state.
	OpenHolds(ctx context.Context) ([]ProviderHolds, error)
	// WalletHolds returns the holds of a wallet that have no end, those in suspense included,
	// oldest first, at most limit.
	WalletHolds(ctx context.Context, wallet string, limit int) ([]Hold, error)
	// DueHolds returns at most limit holds that somebody has to look at by now, longest waiting
	// first, and hides them from other calls for the time of the lease.
	DueHolds(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Hold, error)
	// LeaseHold hides one hold in the same way, due or not. It reports false when another has a lease
	// of it, or when it has an end or is in suspense.
	LeaseHold(ctx context.Context, id string, now time.Time, lease time.Duration) (bool, error)
	// SendHold records that the other side is about to be told, before it is: held goes to sent,
	// sent and in_doubt stay, suspense stays. Each call counts an attempt. It declines posted and
	// voided.
	SendHold(ctx context.Context, id string, now time.Time) (Hold, error)
	// DoubtHold records an attempt without a final answer: sent goes to in_doubt, the lease ends, and
	// the hold is looked at again at next. One that was held or is in suspense stays so. It declines
	// posted and voided.
	DoubtHold(ctx context.Context, id string, a Answer, now, next time.Time) error
	// SuspendHold gives up waiting: the money, the fee too, goes from the wallet to the suspense
	// account, and a case about the payment is opened. Limits stay used. It does nothing more when it
	// is in suspense. It declines posted and voided, and not_held for a cash-out, which is voided
	// instead.
	SuspendHold(ctx context.Context, id string, c Case, now time.Time) error
	// PostHold posts a hold in any state that is not final; what is not posted of it is given back,
	// limits too. The fee that the provider pays is in proportion. A posted hold gives its first
	// receipt again. It declines voided and above_hold, and fails with ErrNoAgent.
	PostHold(ctx context.Context, p Posting) (Receipt, error)
	// VoidHold voids a hold in any state that is not final. A voided hold stays as it was, with
	// its first reason. It declines posted, and not_held when it was sent more often than
	// Voiding.Attempt.
	VoidHold(ctx context.Context, v Voiding) error
	// Reverse takes a posted payment, transfer or cash-in back, whole or in part, once for each
	// key: a repeat gives the first receipt again. Limits stay used. The account of a provider may go
	// below zero, which is what it owes: it may have been paid already. Reverse declines reversed
	// when all reversals together would be more than the transfer, low_balance when the wallet that
	// has got the money has not got it to spend, not_reversible for a transfer of another kind, and
	// key_reused. It fails with ErrNoTransfer.
	Reverse(ctx context.Context, r Reversal) (Receipt, error)
}

// A Reversal takes a transfer back.
type Reversal struct {
	Of     string // id of the transfer
	Key    string // of this reversal, unique for the transfer
	Amount money.Amount
	Fee    money.Amount // of the fee, 0 to what was paid
	Day    string
	Month  string
	Now    time.Time
	// Message is the SMS to enqueue, none when its Kind is "". The store adds the field "balance".
	Message Message
	Record  Record
}

// Validate reports the first fault of a posting that is about to be made.
func (p Posting) Validate() error {
	switch {
	case p.Hold == "" || p.Now.IsZero():
		return errors.New("ledger: post hold: an id and a time are required")
	case p.Amount < 0 || p.Fee < 0 || (p.Amount == 0 && p.Fee > 0):
		return fmt.Errorf("ledger: post hold %s: amount %s, fee %s", p.Hold, p.Amount, p.Fee)
	}
	return validateEnd(p.Message, p.Record)
}

// Validate reports the first fault of a voiding that is about to be made.
func (v Voiding) Validate() error {
	if v.Hold == "" || v.Now.IsZero() || v.Reason == "" {
		return errors.New("ledger: void hold: an id, a reason and a time are required")
	}
	return validateEnd(v.Message, v.Record)
}

// Validate reports the first fault of a reversal that is about to be made.
func (r Reversal) Validate() error {
	switch {
	case r.Of == "" || r.Key == "" || r.Now.IsZero():
		return errors.New("ledger: reverse: a transfer, a key and a time are required")
	case r.Amount < 0 || r.Fee < 0 || r.Amount > MaxAmount || r.Fee > MaxAmount ||
		r.Amount+r.Fee == 0:
		return fmt.Errorf("ledger: reverse %s: amount %s, fee %s", r.Of, r.Amount, r.Fee)
	case len(r.Day) != len(time.DateOnly) || len(r.Month) != len("2006-01"):
		return fmt.Errorf("ledger: reverse %s: day %q, month %q", r.Of, r.Day, r.Month)
	}
	return validateEnd(r.Message, &r.Record)
}

func validateEnd(m Message, r *Record) error {
	if m.Kind != "" {
		if err := m.Validate(); err != nil {
			return err
		}
	}
	if r != nil {
		return r.Validate()
	}
	return nil
}
