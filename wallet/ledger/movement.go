package ledger

import (
	"context"
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// A Movement is one transfer as an account sees it.
type Movement struct {
	Seq      int64 // of its last entry on the account: what to page by
	Transfer string
	Kind     string       // of the transfer
	Amount   money.Amount // with its fee: above zero it came in, below it went out
	Fee      money.Amount // what of it was the subscriber's fee, 0 or more
	Wallet   string       // whose transfer it is: the payer's, or who was credited; "" = nobody's
	// Offer is what it came of, with an empty ID when it came of none.
	Offer Offer
	At    time.Time
	Day   string // that it is of; limits are counted in it
	// Closed is the closed day that has it, "" = none yet. It is later than Day when that day was
	// closed before the transfer was posted.
	Closed string
}

// A Closing is an account on a closed day on which it has moved. Debit is zero or below.
type Closing struct {
	Account                         string
	Day                             string
	Opening, Debit, Credit, Closing money.Amount
}

// A ClassBalance is what all accounts of a class hold together.
type ClassBalance struct {
	Class    string // wallet, agent, provider, fee, trust, suspense or adjust
	Accounts int    // that were ever used
	Balance  money.Amount
}

// Totals are what a glance at the books shows. The sums are as of the last roll-up.
type Totals struct {
	Wallets, Agents money.Amount // what all of them hold
	Suspense        money.Amount
	Trust           money.Amount // 0 or below: all money that there is, negated
	OpenCases       int
	Holds           []HoldCount // without an end, by state
	Messages        int         // that wait
	OldestMessage   time.Time   // of these: when it was written; zero = none waits
}

// A HoldCount counts the holds of a state.
type HoldCount struct {
	State  HoldState
	Count  int
	Oldest time.Time // when the oldest of them was made
}

// Statements is the part of a Store that sums accounts up.
//
// An entry belongs to one closed day for ever: the first one that is not before the day of its
// transfer and was closed after the entry was written. What no closed day has yet is of its
// transfer's day, or of the day after the last closed one when that is later.
type Statements interface {
	// Movements returns at most limit transfers on an account with a Seq below before, newest
	// first; before 0 means from the newest on.
	Movements(ctx context.Context, account string, before int64, limit int) ([]Movement, error)
	// Statement tells begin what an account held before the day from, and then each transfer on it
	// up to the end of the day to, oldest first, all in one snapshot. What begin and each return
	// ends it. It fails with ErrNoAccount for an account that was never used.
	Statement(
		ctx context.Context, account, from, to string,
		begin func(opening money.Amount) error, each func(Movement) error,
	) error
	// AccountBalance returns the sum of an account's entries, by its roll-up and what came after.
	AccountBalance(ctx context.Context, account string) (money.Amount, error)
	// ClassBalances returns all classes in one snapshot. The wallets' and agents' are the sums of
	// their running balances, so the sum of all is zero only while these are right.
	ClassBalances(ctx context.Context) ([]ClassBalance, error)
	// CountEntries counts all entries.
	CountEntries(ctx context.Context) (int64, error)
	// Totals costs little however large the books are.
	Totals(ctx context.Context) (Totals, error)
	// RollUp folds the entries so far of every account but the wallets' into its roll-up. It
	// returns how many accounts have moved.
	RollUp(ctx context.Context) (int, error)
	// CloseDay closes a day once, with every entry so far of that day or of one before it that no
	// closed day has. Closing a closed day changes nothing. It declines day_closed when a later day
	// is closed. r is not nil when a person does it.
	CloseDay(ctx context.Context, day string, now time.Time, r *Record) error
	// LastClosed returns the last closed day, or "".
	LastClosed(ctx context.Context) (string, error)
	// Closings returns an account on the closed days from one to another, both included, by day.
	Closings(ctx context.Context, account, from, to string) ([]Closing, error)
	// ProviderPayments tells each payment of a day that a provider has got, oldest first, in one
	// snapshot. What each returns ends it.
	ProviderPayments(ctx context.Context, provider, day string, each func(Settled) error) error
	// OutboxStatus counts the messages.
	OutboxStatus(ctx context.Context, now time.Time) (OutboxStatus, error)
}

// A Settled is a payment that a provider has got.
type Settled struct {
	Receipt
	Txn         string // what the provider knows it by; "" = it never was held
	ProviderTxn string
}

// An OutboxStatus counts messages.
type OutboxStatus struct {
	Waiting  int       // not sent and not given up
	Due      int       // of these: that could be sent now
	Retried  int       // of these: tried before
	Oldest   time.Time // of these: when the oldest was written; zero = none waits
	GivenUp  int
	Recent   int             // how many the newest are, at most RecentMessages
	Sent     int             // of the newest
	Failures []OutboxFailure // the newest, of those that wait after an error or were given up
}

// Bounds of an OutboxStatus.
const (
	RecentMessages = 10_000
	MaxFailures    = 20
)

// An OutboxFailure is a message that could not be sent.
type OutboxFailure struct {
	ID      int64
	Kind    string
	To      msisdn.Number
	Attempt int
	GivenUp bool
	Error   string
	At      time.Time // when it was written
}
