package ledger

import (
	"errors"
	"fmt"
	"time"
)

// An Act is what a person does to the lock of a wallet.
type Act string

// The acts. A lock comes of wrong PINs and ends by itself; a block comes of an act and ends by one.
const (
	ActBlock   Act = "block"   // no PIN is taken until ActUnblock, not even the right one
	ActUnblock Act = "unblock" // ends a block, and whatever lock was there before it
	ActUnlock  Act = "unlock"  // ends a lock of wrong PINs; the next one is as short as the first
)

// An Intervention is an act on the lock of a wallet: who, why and when.
type Intervention struct {
	Wallet string
	Act    Act
	Actor  string // ActorSubscriber, or a name that the support goes by
	Reason string
	At     time.Time
	// Message is the SMS to enqueue when the act has changed something, none when its Kind is "".
	Message Message
}

// Record is what the audit says of it.
func (i Intervention) Record() Record {
	return Record{
		Actor: i.Actor, Act: string(i.Act), Subject: WalletSubject(i.Wallet), Reason: i.Reason, At: i.At,
	}
}

// Validate reports the first fault of an intervention that is about to be made.
func (i Intervention) Validate() error {
	switch {
	case i.Act != ActBlock && i.Act != ActUnblock && i.Act != ActUnlock:
		return fmt.Errorf("ledger: intervention: no act %q", i.Act)
	case i.Wallet == "" || i.At.IsZero():
		return errors.New("ledger: intervention: wallet and time are required")
	}
	r := i.Record()
	return validateEnd(i.Message, &r)
}

// BlockedUntil is the end of the lock of a blocked wallet, a time that never comes.
func BlockedUntil() time.Time { return time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC) }

// LockDecline declines what is refused until a lock ends: for blocked when the lock is a block.
func LockDecline(key string, until time.Time) *Decline {
	if until.Equal(BlockedUntil()) {
		return &Decline{Reason: ReasonBlocked, Key: key}
	}
	return &Decline{Reason: ReasonLocked, Key: key, Until: until}
}

// JudgeIntervention decides what an act does to a wallet that is locked until a time: nothing, when
// done is true, or a change to the lock that ends at next; the act has to be recorded then. It
// declines not_blocked, not_locked, and blocked for an unlock of a blocked wallet.
func JudgeIntervention(i Intervention, until time.Time) (next time.Time, done bool, err error) {
	blocked := until.Equal(BlockedUntil())
	refuse := func(r Reason) (time.Time, bool, error) { return until, false, &Decline{Reason: r} }
	switch i.Act {
	case ActBlock:
		return BlockedUntil(), blocked, nil
	case ActUnblock:
		if !blocked {
			return refuse(ReasonNotBlocked)
		}
	case ActUnlock:
		if blocked {
			return refuse(ReasonBlocked)
		}
		if !until.After(i.At) {
			return refuse(ReasonNotLocked)
		}
	}
	return time.Time{}, false, nil
}
