package ledger

import (
	"context"
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// A Store keeps the books. Its methods are safe for concurrent use, by several processes too.
//
// Errors: a *Decline where a method says so, ErrNoWallet and ErrNoOffer for what does not exist,
// ErrUnavailable when nothing was changed and nothing will be, ErrInDoubt when a change may have
// been made or may yet be. The end of ctx stops waiting for a connection and stops reading. A
// commit is never cancelled; where it may take long, the end of ctx stops waiting for it too.
type Store interface {
	Wallets
	PINs
	Interventions
	Offers
	Holds
	Outbox
	Resends
	Records
	Identities
	Cases
	Statements
	Inquiries
	Agents

	// Apply executes pressed offers in one transaction, each exactly once: it moves the money, or
	// holds it where the payment has Terms, consumes the limits and enqueues the message. Results
	// are in the order of the payments. An offer that is done already gives its first receipt
	// again, one that is held ErrHeld. A payment that breaks a limit or the balance is refused for
	// good, and its refusal message is enqueued; one bad payment never hinders the others. The
	// offer of a payment whose fields differ from the stored ones declines key_reused and nothing
	// moves.
	//
	// An error is about the whole batch: ErrInDoubt, or nothing was changed.
	Apply(ctx context.Context, payments []Payment) ([]Result, error)
	// Fund moves amount from the trust account to a wallet, once for each key. The same key with
	// another wallet or amount declines key_reused. It declines limit_balance when the wallet would
	// hold more than most, which is 1 to MaxBalance; what it holds already is left alone. It is of
	// the day of now in the zone that now is in.
	Fund(
		ctx context.Context, key, wallet string, amount, most money.Amount, now time.Time,
	) error
	// HasMessage reports whether a message of this key was ever enqueued, sent or not.
	HasMessage(ctx context.Context, key string) (bool, error)
	// Transfers returns at most limit payments of a wallet, newest first.
	Transfers(ctx context.Context, wallet string, limit int) ([]Receipt, error)
	// Used returns how much of the limits of an operation a wallet has used in a day and in a
	// month, fees not counted.
	Used(ctx context.Context, wallet string, op Operation, day, month string) (Used, error)

	// Verify audits the books in one snapshot. No breach means: every transfer's entries sum to
	// zero, every running balance is the sum of its entries, every offer has at most one end, and
	// counters and messages belong to what they say.
	Verify(ctx context.Context) ([]Breach, error)
	// Migrate brings the schema to this binary's version. It may run in several processes at once.
	Migrate(ctx context.Context) error
	// MigrationStatus lists this binary's migrations and those that a newer one has applied.
	MigrationStatus(ctx context.Context) ([]Migration, error)
	// Ping reports whether the store can be reached.
	Ping(ctx context.Context) error
	// Close releases everything. No other method may run or be called afterwards.
	Close()
}

// Wallets is the part of a Store that knows subscribers.
type Wallets interface {
	// Wallet returns the wallet of a number, or ErrNoWallet.
	Wallet(ctx context.Context, number msisdn.Number) (Wallet, error)
	// WalletByID returns the wallet with an id, or ErrNoWallet.
	WalletByID(ctx context.Context, id string) (Wallet, error)
	// Register writes a wallet with its empty account, its PIN and its message. It declines
	// registered and inn_taken.
	Register(ctx context.Context, w NewWallet) error
	// SetLanguage changes the language of a wallet.
	SetLanguage(ctx context.Context, wallet, lang string) error
	// Balance returns what a wallet holds.
	Balance(ctx context.Context, wallet string) (money.Amount, error)
}

// PINs is the part of a Store that keeps PIN verifiers, counts tries and locks.
type PINs interface {
	// CountTry counts an attempt before it is compared with anything. An attempt that was counted
	// before is not counted again. It declines locked, blocked, and wrong_pin for an attempt that
	// has been found wrong before. An attempt that was found right stays so, lock or not.
	CountTry(ctx context.Context, t Try) (Tried, error)
	// WrongTry records that a counted attempt was wrong and returns the tries that are left. With
	// none left the wallet is locked until the time returned; lockFor has the length of the first
	// lock, of the second, and so on; its last is used from there on. A repeat changes nothing. The
	// time of a wallet that is blocked meanwhile is BlockedUntil.
	WrongTry(
		ctx context.Context, t Try, lockFor []time.Duration,
	) (left int, until time.Time, err error)
	// RightTry records that a counted attempt was right: the tries start afresh, and so does the
	// growth of the locks unless one is in force.
	RightTry(ctx context.Context, t Try) error
	// StagePIN keeps a new PIN's verifier until it is typed again or expires.
	StagePIN(ctx context.Context, wallet string, v pin.Verifier, expires time.Time) error
	// StagedPIN returns the staged verifier. It declines not_staged.
	StagedPIN(ctx context.Context, wallet string, now time.Time) (pin.Verifier, error)
	// PIN returns the verifier in force. Whoever compares with it counts no try: it is for those who
	// have proved already that they know the PIN.
	PIN(ctx context.Context, wallet string) (pin.Verifier, error)
	// ReplacePIN puts v in force, clears what was staged and the tries, and enqueues msg, if any. A
	// lock stays. first says that v is a new first PIN which goes out by SMS. It
	// declines key_reused, and changes nothing, when a message of msg's key exists.
	ReplacePIN(
		ctx context.Context, wallet string, v pin.Verifier, first bool, now time.Time, msg *Message,
	) error
	// FirstPINsSince counts the first PINs made for a wallet, the registration's included.
	FirstPINsSince(ctx context.Context, wallet string, since time.Time) (int, error)
}

// Interventions is the part of a Store that changes the lock of a wallet for a person.
type Interventions interface {
	// Intervene does an act and records it. To block a blocked wallet changes nothing. A block also
	// drops a change of PIN that is under way; whatever ends a block or a lock lets the tries start
	// afresh. It declines not_blocked, not_locked, blocked for an unlock of a blocked wallet, and
	// key_reused, and changes nothing, when a message of the key exists.
	Intervene(ctx context.Context, i Intervention) error
}

// Offers is the part of a Store that takes an offer from the confirm screen to its end.
type Offers interface {
	// OpenOffer writes an offer and supersedes the wallet's other open one. The same offer again
	// changes nothing; its id with other contents declines key_reused.
	OpenOffer(ctx context.Context, o Offer) error
	// Withdraw ends the wallet's open offer, if there is one.
	Withdraw(ctx context.Context, wallet string) error
	// Offer returns an offer, or ErrNoOffer.
	Offer(ctx context.Context, id string) (Offer, error)
	// CurrentOffer returns the wallet's open offer, expired or not, or ErrNoOffer.
	CurrentOffer(ctx context.Context, wallet string) (Offer, error)
	// Press takes an offer from open to pressed. Pressing a pressed or done offer changes nothing.
	// It declines superseded, withdrawn, expired, or the reason of a refusal.
	Press(ctx context.Context, id string, now time.Time) error
	// Similar returns the newest payment of the same wallet, provider, account and amount as o that
	// was posted at or after since, or held then and has no end: then the receipt has the offer,
	// held, and PostedAt is when it was held.
	Similar(ctx context.Context, o Offer, since time.Time) (Receipt, bool, error)
	// Refuse settles an offer: it returns the result if there is one, otherwise refuses the offer
	// for reason, so that a payment still on its way must fail. msg, if any, is enqueued when the
	// offer is refused, now or before: its key makes it one message. It is
	// ErrInDoubt when a payment holds the offer for longer than the store's lock time-out. After
	// any error the offer's fate is as unknown as before.
	Refuse(
		ctx context.Context, id string, reason Reason, now time.Time, msg *Message,
	) (Result, error)
	// PressedOffers returns the offers of a wallet that were pressed and have no end, longest
	// waiting first, at most MaxPressed.
	PressedOffers(ctx context.Context, wallet string) ([]Offer, error)
	// Unresolved returns at most limit offers that were pressed before a time and have no end,
	// longest waiting first.
	Unresolved(ctx context.Context, before time.Time, limit int) ([]Offer, error)
}

// Outbox is the part of a Store that hands out messages. Delivery is at least once.
type Outbox interface {
	// ClaimMessages returns at most limit messages that are due, oldest first, and hides them from
	// other claims for the time of the lease.
	ClaimMessages(
		ctx context.Context, now time.Time, lease time.Duration, limit int,
	) ([]Message, error)
	// AckMessage records that a message was sent, given up or not, and erases its sealed part.
	AckMessage(ctx context.Context, id int64, now time.Time) error
	// RetryMessage makes a message due again at next, unless it was sent or given up. The first
	// MaxErrorText octets of lastError are kept.
	RetryMessage(ctx context.Context, id int64, next time.Time, lastError string) error
	// GiveUpMessage ends a message that was not sent: it is never claimed again, and its sealed
	// part is erased. The first MaxErrorText octets of lastError are kept.
	GiveUpMessage(ctx context.Context, id int64, now time.Time, lastError string) error
}
