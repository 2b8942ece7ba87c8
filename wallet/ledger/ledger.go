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
	Level        string       // name of the identification level, which selects the limits
	INNHash      []byte       // keyed hash of the INN: unique among wallets; empty = none
	INNSealed    []byte       // the INN, sealed with a key outside the database
	BirthDate    string       // DDMMYYYY
	Balance      money.Amount // what is held included
	Held         money.Amount // reserved, not to be had
	FirstPIN     bool         // the PIN came by SMS and was never used
	PINReset     bool         // the PIN came by SMS after a reset: it has to be changed first
	LockedUntil  time.Time    // zero = never locked; in the past = not locked now
	RegisteredAt time.Time
	OfferHash    string    // of the public offer's text to which the subscriber agreed then
	IMSIHash     []byte    // keyed hash of the IMSI that the owner is known by; empty = none
	Suspect      Suspicion // why no money moves until the INN is confirmed; "" = nothing is wrong
}

// A Suspicion is why a number may have another owner.
type Suspicion string

// The suspicions.
const (
	SuspectIMSI     Suspicion = "imsi"     // the number is used from another SIM
	SuspectRecycled Suspicion = "recycled" // the network has given the number away
)

// Available is what the wallet has to spend.
func (w Wallet) Available() money.Amount { return w.Balance - w.Held }

// Blocked reports whether the wallet is blocked until support unblocks it.
func (w Wallet) Blocked() bool { return w.LockedUntil.Equal(BlockedUntil()) }

// A NewWallet is what Store.Register writes. Wallet.Balance, LockedUntil and RegisteredAt are
// ignored: a new wallet is empty, unlocked and registered at Now.
type NewWallet struct {
	Wallet
	PIN     pin.Verifier
	Message Message // SMS to enqueue; none when its Kind is ""
	Now     time.Time
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

// An Operation is what moves the money of a wallet. Limits are counted by operation.
type Operation string

// The operations. An offer is of one of the first three.
const (
	OpPayment  Operation = "payment"  // to a provider
	OpTransfer Operation = "transfer" // to another wallet
	OpCashOut  Operation = "cash_out" // cash from an agent, against a one-time code
	OpCashIn   Operation = "cash_in"  // cash to an agent
	// OpOut counts what leaves a wallet: payments, transfers and cash-outs together.
	OpOut Operation = "out"
)

// An OfferState is where an offer is. Open leads to pressed, superseded, withdrawn, expired or
// refused; pressed leads to held, done or refused; held leads to done or refused; the other states
// are final.
type OfferState string

// The states of an offer.
const (
	OfferOpen       OfferState = "open"
	OfferPressed    OfferState = "pressed"
	OfferHeld       OfferState = "held" // its money is reserved, see Hold
	OfferDone       OfferState = "done"
	OfferRefused    OfferState = "refused"
	OfferSuperseded OfferState = "superseded"
	OfferWithdrawn  OfferState = "withdrawn"
	OfferExpired    OfferState = "expired"
)

// Final reports whether no further move is possible.
func (s OfferState) Final() bool {
	return s != OfferOpen && s != OfferPressed && s != OfferHeld
}

// An Offer is a payment, a transfer or a cash-out as it was shown on a confirm screen. Its id is
// the key of what comes of it.
type Offer struct {
	ID           string // 128 random bits in hex, made by the caller
	Wallet       string
	Operation    Operation
	Payee        string // of a transfer: the wallet that gets the amount
	Provider     string // of a payment: its id in the catalogue
	ProviderName string // who gets it, as the screen has shown it
	Account      string // of a payment: the account with the provider; else the number of the payee
	Amount       money.Amount
	Fee          money.Amount // what the subscriber pays besides
	ProviderFee  money.Amount // what the provider pays: it gets that much less
	Code         string       // payment code, printed in the SMS
	Revision     string       // of the menus that showed it
	Lang         string
	CreatedAt    time.Time
	ExpiresAt    time.Time // from then on Press declines it
	State        OfferState
	PressedAt    time.Time // zero = never
	HeldAt       time.Time // zero = never
	Fingerprint  []byte    // of what was offered; filled by the store, see Offer.Sum
}

// A Receipt is a payment that is done.
type Receipt struct {
	Offer Offer
	// Amount and Fee are what was posted: less than the offer's when it was held and posted in part.
	Amount, Fee money.Amount
	Balance     money.Amount // what the wallet had to spend, right after it
	PostedAt    time.Time
	TransferID  string
}

// Limits bound one operation of a wallet, fees not counted. A zero is no limit.
type Limits struct{ PerPayment, PerDay, PerMonth money.Amount }

// Terms are those of a hold: an offer that is executed with them reserves its money, and whoever is
// at the other side decides what comes of it.
type Terms struct {
	Txn      string    // what the other side will know it by, unique; "" = post at once
	NextAt   time.Time // when somebody has to look at it first
	Deadline time.Time // when it is given up
	Code     []byte    // of a cash-out: keyed, of its one-time code
}

// A Payment asks to execute a pressed offer of any operation.
type Payment struct {
	Offer  Offer  // as read from the store; the stored one is what is executed
	Limits Limits // of the operation, in force now
	Out    Limits // of all that leaves the wallet, in force now
	// PayeeMost is the most that the payee of a transfer may hold.
	PayeeMost money.Amount
	Terms     Terms  // required for a cash-out, never with a transfer
	Day       string // the issuer's calendar day of Now, as "2026-11-21"
	Month     string // "2026-11"
	Now       time.Time
	// Message is the SMS to enqueue when the payment is done in this call, not when it is held;
	// none when its Kind is "". The store adds the field "balance".
	Message Message
	// HeldMessage is the SMS to enqueue when the payment is held in this call, none when its Kind is
	// "".
	HeldMessage Message
	// PayeeMessage is the SMS for the payee of a transfer, none when its Kind is "". The store adds
	// the field "balance", which is the payee's.
	PayeeMessage Message
	// Refusal is the SMS to enqueue when the pressed offer is refused instead, none when its Kind
	// is "".
	Refusal Message
}

// A Result is what became of a payment: a Receipt when Err is nil, otherwise Err is a *Decline, or
// ErrHeld and the Receipt has the offer alone.
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

// Wallets are those that a payment moves money of: the payer, and the payee of a transfer.
func (p Payment) Wallets() []string {
	if p.Offer.Payee == "" {
		return []string{p.Offer.Wallet}
	}
	return []string{p.Offer.Wallet, p.Offer.Payee}
}

// PaidResult is what becomes of a payment that is posted now, and leaves the wallet balance to
// spend.
func PaidResult(p Payment, balance money.Amount) Result {
	o := p.Offer
	o.State, o.Fingerprint = OfferDone, o.Sum()
	return Result{Receipt: Receipt{
		Offer: o, Amount: o.Amount, Fee: o.Fee, Balance: balance,
		PostedAt: FromMicros(Micros(p.Now)), TransferID: o.ID,
	}}
}

// HeldResult is what becomes of a payment whose money is held now.
func HeldResult(p Payment) Result {
	o := p.Offer
	o.State, o.HeldAt = OfferHeld, FromMicros(Micros(p.Now))
	return Result{Receipt: Receipt{Offer: o}, Err: ErrHeld}
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
