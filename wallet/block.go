package wallet

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// ownRequest is the recorded reason of a block that the subscriber has asked for.
const ownRequest = "own request"

// Block blocks the wallet when s is its PIN, and queues an SMS. Whatever reads the wallet once that
// has committed is declined wherever a PIN is taken, until support unblocks the wallet. What has
// read it before goes on: a payment whose PIN was proven may be pressed a moment after the block,
// and what was pressed keeps its end. attempt names the input that carried s: the same input again
// is done already. It declines wrong_pin, locked and blocked.
func (i *Issuer) Block(
	ctx context.Context, n msisdn.Number, s pin.Secret, attempt string,
) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	if _, err := i.try(ctx, w, s, "block/"+attempt, true); err != nil {
		return err
	}
	now := i.clock()
	message := messageOf(w, KindBlocked, attempt, now)
	err = i.store.Intervene(ctx, ledger.Intervention{
		Wallet: w.ID, Act: ledger.ActBlock, Actor: ledger.ActorSubscriber, Reason: ownRequest,
		At: now, Message: message,
	})
	if err != nil {
		return i.once(ctx, message, fmt.Errorf("wallet: block: %w", err))
	}
	i.config.Queued()
	i.log.Info("wallet blocked", zap.Stringer("msisdn", w.Number))
	return nil
}

// Intervene does an act of the support on the lock of a number's wallet, records who and why, and
// queues the SMS that tells the subscriber. actor is anything but ledger.ActorSubscriber. It fails
// with ledger.ErrNoWallet, and declines not_blocked, not_locked, and blocked for an unlock of a
// blocked wallet.
func Intervene(
	ctx context.Context, store ledger.Store, n msisdn.Number, act ledger.Act,
	actor, reason string, now time.Time,
) error {
	if actor == ledger.ActorSubscriber {
		return fmt.Errorf("wallet: %s: the support has a name of its own, not %q", act, actor)
	}
	w, err := store.Wallet(ctx, n)
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	kind := KindUnblocked
	if act == ledger.ActBlock {
		kind = KindBlocked
	}
	name := "support/" + strconv.FormatInt(now.UnixMicro(), 10)
	err = store.Intervene(ctx, ledger.Intervention{
		Wallet: w.ID, Act: act, Actor: actor, Reason: reason, At: now,
		Message: messageOf(w, kind, name, now),
	})
	if err != nil {
		return fmt.Errorf("wallet: %s: %w", act, err)
	}
	return nil
}
