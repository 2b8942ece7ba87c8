package ledger

import (
	"context"
	"time"

	"ussdgw/wallet/pin"
)

// A PINReset puts a new first PIN in force that goes out by SMS.
type PINReset struct {
	Wallet  string
	PIN     pin.Verifier
	Message Message // with the PIN sealed
	Record  Record
}

// Identities is the part of a Store that knows who a wallet belongs to.
type Identities interface {
	// SetLevel changes the identification level of a wallet, and records it.
	SetLevel(ctx context.Context, wallet, level string, r Record) error
	// SetIMSI remembers the keyed hash of the IMSI that a wallet's owner is known by, if none was
	// remembered before. It reports whether it is the remembered one now.
	SetIMSI(ctx context.Context, wallet string, hash []byte) (bool, error)
	// Suspect marks a wallet whose number may have another owner; the first suspicion stays. r is
	// not nil when a person says so.
	Suspect(ctx context.Context, wallet string, why Suspicion, now time.Time, r *Record) error
	// Confirm ends a suspicion: the owner has proved the INN, or support has. hash, if any, is the
	// IMSI from now on; without one it is the next that is told. It declines not_suspect.
	Confirm(ctx context.Context, wallet string, hash []byte, r Record) error
	// ResetPIN does a reset, ends a lock of wrong PINs, and records it. It declines blocked, and
	// key_reused as ReplacePIN does.
	ResetPIN(ctx context.Context, p PINReset) error
	// RekeyPIN puts a verifier of the same PIN under another key in force, if from is still the key
	// version in force.
	RekeyPIN(ctx context.Context, wallet string, from int, v pin.Verifier) error
	// KeyVersions counts the wallets by the key version of their verifier.
	KeyVersions(ctx context.Context) (map[int]int, error)
}
