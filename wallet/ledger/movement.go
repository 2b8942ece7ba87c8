package ledger

import (
	"context"
	"time"

	"ussdgw/wallet/money"
)

// A Movement is one transfer as an account sees it.
type Movement struct {
	Seq      int64 // of its last entry on the account: what to page by
	Transfer string
	Kind     string       // of the transfer
	Amount   money.Amount // with its fee: above zero it came in, below it went out
	Fee      money.Amount // what of it was the subscriber's fee, 0 or more
	Wallet   string       // whose transfer it is: the payer's, or who was credited
	// Offer is what it came of, with an empty ID when it came of none.
	Offer Offer
	At    time.Time
	Day   string
}

// A Closing is an account on a closed day. Debit is zero or below.
type Closing struct {
	Account                         string
	Day                             string
	Opening, Debit, Credit, Closing money.Amount
}

// Statements is the part of a Store that sums accounts up.
type Statements interface {
	// Movements returns at most limit transfers on an account with a Seq below before, newest
	// first; before 0 means from the newest on.
	Movements(ctx context.Context, account string, before int64, limit int) ([]Movement, error)
	// AccountBalance returns the sum of an account's entries, by its roll-up and what came after.
	AccountBalance(ctx context.Context, account string) (money.Amount, error)
	// RollUp folds the entries so far of every account without a running balance into its roll-up.
	// It returns how many accounts have moved.
	RollUp(ctx context.Context) (int, error)
	// CloseDay closes a day once, with every entry so far that no day before it has. Closing a
	// closed day changes nothing. A day cannot be closed when a later one is.
	CloseDay(ctx context.Context, day string, now time.Time) error
	// LastClosed returns the last closed day, or "".
	LastClosed(ctx context.Context) (string, error)
	// Closings returns an account on the closed days from one to another, both included, by day.
	Closings(ctx context.Context, account, from, to string) ([]Closing, error)
	// ProviderPayments returns at most limit receipts of a provider's payments of a day that are
	// done, with the Txn and ProviderTxn of those that were held, by transfer id above after.
	ProviderPayments(ctx context.Context, provider, day, after string, limit int) ([]Settled, error)
	// FindOffers returns at most limit offers with this payment code or id, newest first.
	FindOffers(ctx context.Context, code string, limit int) ([]Offer, error)
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
	Sent     int
	Failures []OutboxFailure // the newest, of those that wait after an error or were given up
}

// An OutboxFailure is a message that could not be sent.
type OutboxFailure struct {
	ID      int64
	Kind    string
	To      string // masked
	Attempt int
	GivenUp bool
	Error   string
	At      time.Time // when it was written
}
