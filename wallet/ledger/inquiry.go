package ledger

import (
	"context"
	"time"

	"ussdgw/wallet/money"
)

// An Entry is one line of a transfer: above zero it credits the account, below it debits it.
type Entry struct {
	Seq     int64
	Account string
	Amount  money.Amount
}

// A Transfer is money that has moved.
type Transfer struct {
	ID         string
	Kind       string
	Wallet     string // whose it is, "" = nobody's
	Amount     money.Amount
	Fee        money.Amount
	At         time.Time
	Day        string
	ReversalOf string // "" = it is no reversal
	Entries    []Entry
}

// A SentMessage is what became of a message. Times that are zero have not come.
type SentMessage struct {
	ID        int64
	Key       string
	Kind      string
	Attempt   int
	CreatedAt time.Time
	NextAt    time.Time // when it is tried next, unless it has ended
	SentAt    time.Time
	GivenUpAt time.Time
	Error     string // of the last attempt
}

// A Found is an offer and its end.
type Found struct {
	Offer
	Reason  Reason    // of a refusal, "" = it was not refused
	EndedAt time.Time // zero = it has no end
}

// Inquiries is the part of a Store for a person who is asked what became of a payment.
type Inquiries interface {
	// FindOffers returns at most limit offers with this payment code or id, or whose hold the other
	// side knows by it, newest first.
	FindOffers(ctx context.Context, name string, limit int) ([]Found, error)
	// OfferTransfers returns all transfers that came of an offer, reversals included, oldest first.
	OfferTransfers(ctx context.Context, offer string) ([]Transfer, error)
	// SentMessages returns those messages of keys that there are, oldest first.
	SentMessages(ctx context.Context, keys []string) ([]SentMessage, error)
	// SubjectCases returns at most limit cases about a subject, oldest first.
	SubjectCases(ctx context.Context, subject string, limit int) ([]Case, error)
	// RetryHold makes a hold due now, and records it: a running gateway asks the other side again.
	// It fails with ErrNoHold, and declines posted, voided, and not_held for one in suspense.
	RetryHold(ctx context.Context, id string, r Record) error
}
