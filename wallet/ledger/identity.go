package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/pin"
)

// ActorNetwork is the actor of what the mobile network has told.
const ActorNetwork = "network"

// A PINReset puts a new first PIN in force that goes out by SMS.
type PINReset struct {
	Wallet string
	PIN    pin.Verifier
	// Since declines a reset when a first PIN was made at or after it; zero = however often.
	Since   time.Time
	Message Message // with the PIN sealed
	Record  Record
}

// Validate reports the first fault of a reset that is about to be made.
func (p PINReset) Validate() error {
	switch {
	case p.Wallet == "" || p.Message.Kind == "":
		return errors.New("ledger: reset PIN: a wallet and a message are required")
	case len(p.PIN.MAC) == 0:
		return errors.New("ledger: reset PIN: a verifier is required")
	}
	return validateEnd(p.Message, &p.Record)
}

// An Alarm says that a number may have another owner than the wallet.
type Alarm struct {
	Wallet string
	Why    Suspicion
	// IMSI is the keyed hash of the IMSI that was told, none when the alarm comes of something
	// else. It is no alarm when no other one is remembered.
	IMSI    []byte
	Message Message // SMS to enqueue, none when its Kind is ""
	Record  Record
}

// Validate reports the first fault of an alarm that is about to be written.
func (a Alarm) Validate() error {
	if a.Wallet == "" || (a.Why != SuspectIMSI && a.Why != SuspectRecycled) {
		return fmt.Errorf("ledger: alarm: wallet and reason are required, not %q", a.Why)
	}
	return validateEnd(a.Message, &a.Record)
}

// A KeyUse counts, by the version of the PIN key, what only that version can read.
type KeyUse struct {
	PINs     map[int]int // wallets, by the version of their verifier
	INNs     map[int]int // sealed INNs
	Messages map[int]int // messages with a sealed part that were not sent yet
}

// A SealedINN is the INN of a wallet as it is stored.
type SealedINN struct {
	Wallet string
	Sealed []byte
}

// Identities is the part of a Store that knows who a wallet belongs to. Each method fails with
// ErrNoWallet when there is no such wallet.
type Identities interface {
	// SetLevel changes the identification level of a wallet, and records it with both levels as the
	// detail. The level that it has already changes and records nothing.
	SetLevel(ctx context.Context, wallet, level string, r Record) error
	// SetIMSI remembers the keyed hash of the IMSI that a wallet's owner is known by, if none was
	// remembered before. It reports whether it is the remembered one now.
	SetIMSI(ctx context.Context, wallet string, hash []byte) (bool, error)
	// Suspect marks a wallet whose number may have another owner. It reports false, and changes and
	// tells nothing, when the wallet is suspect already or the alarm is none.
	Suspect(ctx context.Context, a Alarm) (bool, error)
	// Confirm ends a suspicion: the owner has proved the INN, or support has. hash, if any, is the
	// IMSI from now on; without one it is the next that is told. It declines not_suspect.
	Confirm(ctx context.Context, wallet string, hash []byte, r Record) error
	// ResetPIN does a reset, ends a lock of wrong PINs, and records it. Until that PIN is changed
	// the wallet says so by PINReset. It declines blocked, suspect, too_often, and key_reused as
	// ReplacePIN does.
	ResetPIN(ctx context.Context, p PINReset) error
	// RightAnswer records that a counted attempt was right and proved no PIN: its own try is taken
	// back, those of others stay counted. A repeat changes nothing.
	RightAnswer(ctx context.Context, t Try) error
	// LastSpent returns the amount, without its fee, of the newest payment, transfer or cash-out
	// that a wallet has made, 0 when it has made none. What others have sent to it does not count.
	LastSpent(ctx context.Context, wallet string) (money.Amount, error)
	// RekeyPIN puts a verifier of the same PIN under another key in force, if from is still the one
	// in force. Nothing else changes.
	RekeyPIN(ctx context.Context, wallet string, from, to pin.Verifier) error
	// KeyVersions counts what is under which version of the PIN key. Version 0 is what names none.
	KeyVersions(ctx context.Context) (KeyUse, error)
	// SealedINNs returns at most limit INNs that are sealed under another version than current, of
	// wallets whose id is above after, in the order of the ids.
	SealedINNs(ctx context.Context, current int, after string, limit int) ([]SealedINN, error)
	// ResealINN replaces a sealed INN, if from is still what is stored.
	ResealINN(ctx context.Context, wallet string, from, to []byte) error
}
