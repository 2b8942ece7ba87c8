package ledger

import (
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/money"
)

var (
	// ErrInDoubt marks an operation whose fate is unknown: the connection broke, or time ran out,
	// while a commit may have been under way. Never try it again under a new offer; call
	// Store.Refuse with the same one.
	ErrInDoubt = errors.New("ledger: outcome in doubt")
	// ErrUnavailable says that the books could not be reached and that nothing was changed.
	ErrUnavailable = errors.New("ledger: unavailable")
	// ErrNoWallet says that no wallet has this number or id.
	ErrNoWallet = errors.New("ledger: no such wallet")
	// ErrNoOffer says that no offer has this id, or that a wallet has no open offer.
	ErrNoOffer = errors.New("ledger: no such offer")
	// ErrHeld says that the money of an offer is reserved and that the other side has not decided
	// yet. An SMS will tell.
	ErrHeld = errors.New("ledger: held, not decided yet")
	// ErrNoHold says that no hold has this id, or that a wallet has none of a kind.
	ErrNoHold = errors.New("ledger: no such hold")
	// ErrNoTransfer says that no transfer has this id.
	ErrNoTransfer = errors.New("ledger: no such transfer")
	// ErrNoMessage says that no message has this key.
	ErrNoMessage = errors.New("ledger: no such message")
	// ErrNoAgent says that no agent has this id.
	ErrNoAgent = errors.New("ledger: no such agent")
	// ErrNoAccount says that no account of this name was ever used.
	ErrNoAccount = errors.New("ledger: no such account")
	// ErrNoCase says that no case has this number.
	ErrNoCase = errors.New("ledger: no such case")
)

// A Reason says why something was declined. Its text is stable: menus, metrics, stored refusals
// and tests match on it.
type Reason string

// The reasons, by the operation that gives them.
const (
	ReasonNoWallet   Reason = "no_wallet"
	ReasonRegistered Reason = "registered"
	ReasonINNTaken   Reason = "inn_taken"
	ReasonINNFuture  Reason = "inn_future"

	ReasonWrongPIN  Reason = "wrong_pin"
	ReasonLocked    Reason = "locked"
	ReasonFirstPIN  Reason = "first_pin"
	ReasonWeakPIN   Reason = "weak_pin"
	ReasonSamePIN   Reason = "same_pin"
	ReasonNotStaged Reason = "not_staged"
	ReasonMismatch  Reason = "mismatch"
	ReasonPINUsed   Reason = "pin_used"
	ReasonTooOften  Reason = "too_often"
	// ReasonAskSupport says that nothing but a person can tell whether this is the owner.
	ReasonAskSupport Reason = "ask_support"

	ReasonBlocked    Reason = "blocked"
	ReasonNotBlocked Reason = "not_blocked"
	ReasonNotLocked  Reason = "not_locked"

	ReasonAccountFormat   Reason = "account_format"
	ReasonBelowMin        Reason = "below_min"
	ReasonAboveMax        Reason = "above_max"
	ReasonLowBalance      Reason = "low_balance"
	ReasonLimitPayment    Reason = "limit_payment"
	ReasonLimitDay        Reason = "limit_day"
	ReasonLimitMonth      Reason = "limit_month"
	ReasonLimitBalance    Reason = "limit_balance"
	ReasonStopped         Reason = "stopped"
	ReasonUnknownProvider Reason = "unknown_provider"
	ReasonRepeated        Reason = "repeated"

	ReasonPayeeLimit   Reason = "payee_limit"   // the payee may not hold that much
	ReasonNoPayee      Reason = "no_payee"      // the number has no wallet
	ReasonPayeeBlocked Reason = "payee_blocked" // the payee's wallet is blocked
	ReasonSelf         Reason = "self"          // a transfer to the own number
	ReasonSuspect      Reason = "suspect"       // the number may have another owner
	ReasonNotSuspect   Reason = "not_suspect"

	ReasonVoided    Reason = "voided"      // the hold was given back
	ReasonPosted    Reason = "posted"      // the hold was posted
	ReasonNotHeld   Reason = "not_held"    // the hold is not in a state for this
	ReasonAboveHold Reason = "above_hold"  // more than was reserved
	ReasonCodeWrong Reason = "code_wrong"  // the one-time code is another one
	ReasonNoCashOut Reason = "no_cash_out" // the wallet has no cash-out under way
	ReasonCashOut   Reason = "cash_out"    // the wallet has a cash-out under way
	ReasonFloat     Reason = "float"       // the agent's float is used up
	ReasonReversed  Reason = "reversed"    // more than the transfer would be taken back
	// ReasonNotReversible says that transfers of a kind are not taken back.
	ReasonNotReversible Reason = "not_reversible"
	ReasonCaseClosed    Reason = "case_closed"
	ReasonDayClosed     Reason = "day_closed" // a later day is closed
	ReasonRefused       Reason = "refused"    // by the provider, for good

	ReasonAccountUnknown Reason = "account_unknown" // the provider has no such account
	ReasonUnavailable    Reason = "unavailable"     // the provider cannot be asked now

	ReasonSuperseded Reason = "superseded"
	ReasonWithdrawn  Reason = "withdrawn"
	ReasonExpired    Reason = "expired"
	ReasonNotPressed Reason = "not_pressed" // Apply: the offer is still open
	ReasonNotTaken   Reason = "not_taken"
	ReasonKeyReused  Reason = "key_reused"
)

// A Decline says that an operation was refused and that no balance changed.
type Decline struct {
	Reason Reason
	Key    string    // the offer, attempt or funding key that was refused, if there is one
	Left   int       // wrong_pin: tries that are left
	Field  int       // account_format: which of the account's fields, from 1
	Until  time.Time // locked: when the lock ends; cash_out: when the one under way does
	At     time.Time // repeated: when the earlier payment was posted, or held
	// Limit is, for limit_*, what that limit still lets through; for low_balance, what there is to
	// spend; for above_hold, what is held; for reversed, what is left of the transfer.
	Limit money.Amount
}

// Error names the reason and the key.
func (d *Decline) Error() string {
	if d.Key == "" {
		return fmt.Sprintf("ledger: declined: %s", d.Reason)
	}
	return fmt.Sprintf("ledger: declined: %s: %s", d.Reason, d.Key)
}

// ReasonOf returns the reason of the *Decline in err's chain, or "" when there is none.
func ReasonOf(err error) Reason {
	var d *Decline
	if errors.As(err, &d) {
		return d.Reason
	}
	return ""
}
