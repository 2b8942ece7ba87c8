package ledger

import (
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// A Wallet is one subscriber's account with the issuer and what is known of the subscriber.
// Times read from a store are in UTC and whole microseconds.
type Wallet struct {
	ID           string // opaque, made by the caller
	Number       msisdn.Number
	Name         string
	Lang         string
	Level        string // name of the identification level, which selects the limits
	INNHash      []byte // keyed hash of the INN: unique among wallets; empty = none
	INNSealed    []byte // the INN, sealed with a key outside the database
	BirthDate    string // DDMMYYYY
	Balance      money.Amount
	FirstPIN     bool      // the PIN came by SMS and was never used
	LockedUntil  time.Time // zero = never locked; in the past = not locked now
	RegisteredAt time.Time
}

// Blocked reports whether the wallet is blocked until support unblocks it.
func (w Wallet) Blocked() bool { return w.LockedUntil.Equal(BlockedUntil()) }

// A NewWallet is what Store.Register writes. Wallet.Balance, LockedUntil and RegisteredAt are
// ignored: a new wallet is empty, unlocked and registered at Now.
type NewWallet struct {
	Wallet
	PIN       pin.Verifier
	OfferHash string  // of the public offer's text to which the subscriber agreed
	Message   Message // SMS to enqueue; none when its Kind is ""
	Now       time.Time
}

// A Message is an SMS in the outbox: a kind and its fields. The text is made when it is sent.
// Nothing secret is in Fields.
type Message struct {
	ID        int64  // given by the store
	Key       string // unique: two messages of one key are one message
	To        msisdn.Number
	Kind      string
	Lang      string
	Fields    map[string]string
	Sealed    []byte // a secret field, sealed with a key outside the database; erased at the end
	Attempt   int    // how many times it was claimed
	CreatedAt time.Time
}

// An OfferState is where an offer is. Open leads to pressed, superseded, withdrawn, expired or
// refused; pressed leads to done or refused; the other states are final.
type OfferState string

// The states of an offer.
const (
	OfferOpen       OfferState = "open"
	OfferPressed    OfferState = "pressed"
	OfferDone       OfferState = "done"
	OfferRefused    OfferState = "refused"
	OfferSuperseded OfferState = "superseded"
	OfferWithdrawn  OfferState = "withdrawn"
	OfferExpired    OfferState = "expired"
)

// Final reports whether no further move is possible.
func (s OfferState) Final() bool { return s != OfferOpen && s != OfferPressed }

// An Offer is a payment as it was shown on a confirm screen. Its id is the key of the payment.
type Offer struct {
	ID           string // 128 random bits in hex, made by the caller
	Wallet       string
	Provider     string
	ProviderName string
	Account      string // the subscriber's account with the provider
	Amount       money.Amount
	Fee          money.Amount
	Code         string // payment code, printed in the SMS
	Revision     string // of the menus that showed it
	Lang         string
	CreatedAt    time.Time
	ExpiresAt    time.Time // from then on Press declines it
	State        OfferState
	PressedAt    time.Time // zero = never
	Fingerprint  []byte    // of what was offered; filled by the store, see Offer.Sum
}

// A Receipt is a payment that is done.
type Receipt struct {
	Offer      Offer
	Balance    money.Amount // of the wallet, right after this payment
	PostedAt   time.Time
	TransferID string
}

// Limits bound what a wallet pays, fees not counted. A zero is no limit.
type Limits struct{ PerPayment, PerDay, PerMonth money.Amount }

// A Payment asks to execute a pressed offer.
type Payment struct {
	Offer  Offer  // as read from the store; the stored one is what is executed
	Limits Limits // in force now
	Day    string // the issuer's calendar day of Now, as "2026-11-21"
	Month  string // "2026-11"
	Now    time.Time
	// Message is the SMS to enqueue with the payment, none when its Kind is "". The store adds the
	// field "balance".
	Message Message
	// Refusal is the SMS to enqueue when the pressed offer is refused instead, none when its Kind
	// is "".
	Refusal Message
}

// A Result is what became of a payment: a Receipt when Err is nil, otherwise Err is a *Decline.
type Result struct {
	Receipt Receipt
	Err     error
}

// A Try is one entry of a PIN. Attempt names the input that carried it: a repeat of the input has
// the same Attempt and is the same try.
type Try struct {
	Wallet, Attempt string
	Now             time.Time
	Max             int // tries until the lock, at least 1
}

// Tried is what CountTry tells.
type Tried struct {
	Verifier pin.Verifier // what to compare with
	Used     int          // tries counted so far, this one included
	First    bool         // the PIN still is the one that came by SMS
	Right    bool         // this very attempt has been found right before
}

// A Migration is one step of the schema.
type Migration struct {
	Version   int
	Name      string
	AppliedAt time.Time // zero = not applied
}

// A Breach is a rule that the books do not keep.
type Breach struct {
	Check   string // name of the rule, stable
	Subject string // the transfer, account, offer or message that breaks it
	Detail  string
}

// Bounds of what a store takes.
const (
	// MaxAmount bounds the amount and the fee of one transfer.
	MaxAmount = money.Amount(1_000_000_000_000_000)
	// MaxBalance bounds the balance of a wallet.
	MaxBalance = money.Amount(100_000_000_000_000_000)
	// AttemptsKept is how many PIN attempts a store remembers for each wallet.
	AttemptsKept = 32
	// TryPending is how long a counted try may wait for its verdict. While all tries are counted
	// and none of the pending ones is judged, further tries are declined as locked for this long.
	TryPending = time.Minute
	// MaxPressed bounds what PressedOffers returns.
	MaxPressed = 16
	// MaxErrorText bounds the text that RetryMessage keeps, in octets.
	MaxErrorText = 200
	// MaxBreaches bounds what Verify returns for one rule.
	MaxBreaches = 100
)
