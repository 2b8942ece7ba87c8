package ledger

import (
	"context"
	"errors"
	"time"
)

// A Resend asks for a message to go out once more, as it was.
type Resend struct {
	Wallet string    // whose message it is
	Of     string    // key of the message that was enqueued before, to the wallet's number
	Key    string    // of the new one
	Since  time.Time // from then on they are counted
	Most   int       // how many there may be, by the Act of the Record, at least 1
	Record Record    // on the wallet
}

// Resends is the part of a Store that sends what was sent before.
type Resends interface {
	// SendAgain enqueues a message that tells what another one has told, and records who asked for
	// it. It declines key_reused when a message of its key exists, and too_often when Most were
	// asked for since. It fails with ErrNoWallet, and ErrNoMessage when
	// the wallet's number was never sent such a message.
	SendAgain(ctx context.Context, r Resend) error
}

// Validate reports the first fault of what is about to be sent again.
func (r Resend) Validate() error {
	if r.Wallet == "" || r.Of == "" || r.Key == "" || r.Most < 1 ||
		r.Record.Subject != WalletSubject(r.Wallet) {
		return errors.New("ledger: send again: a wallet, both keys, a bound and a record of the " +
			"wallet are required")
	}
	return r.Record.Validate()
}
