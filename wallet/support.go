package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// ErrStillAsking says that a payment cannot be settled by hand: its provider is being asked.
var ErrStillAsking = errors.New("wallet: the provider is still being asked")

// An Act is what a person does to money, and why. The key of what comes of it is made of it, so
// that the same act again is the same.
type Act struct {
	Actor, Reason string // see ledger.Record
	Now           time.Time
	Zone          *time.Location // has the days
}

func (a Act) record(act, subject, detail string) ledger.Record {
	return ledger.Record{
		Actor: a.Actor, Act: act, Subject: subject, Reason: a.Reason, Detail: detail, At: a.Now,
	}
}

// A Reversal says how much of a payment is taken back.
type Reversal struct {
	Payment string       // id of the offer
	Amount  money.Amount // 0 with Whole
	Fee     money.Amount
	Whole   bool   // all of the amount and of the fee that was not taken back before
	Key     string // [made of the rest and of the reason]
}

// key names a reversal: the same one again is no second one.
func (r Reversal) key(reason string) string {
	if r.Key != "" {
		return r.Key
	}
	parts := []string{"support", r.Amount.String(), r.Fee.String(), reason}
	if r.Whole {
		parts = []string{"support", "whole", reason}
	}
	text := strings.Join(parts, "\x00")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Reverse takes a payment or a transfer back from who has got it, whole or in part, records who and
// why, and queues the SMS that tells the subscriber. The same reversal for the same reason again
// gives the first receipt. It declines what ledger.Holds.Reverse declines, and fails with
// ledger.ErrNoTransfer when the payment was not made.
func Reverse(
	ctx context.Context, store ledger.Store, r Reversal, a Act,
) (ledger.Receipt, error) {
	o, err := store.Offer(ctx, r.Payment)
	if err != nil {
		return ledger.Receipt{}, fmt.Errorf("wallet: reverse: %w", err)
	}
	w, err := store.WalletByID(ctx, o.Wallet)
	if err != nil {
		return ledger.Receipt{}, fmt.Errorf("wallet: reverse: %w", err)
	}
	key, now := r.key(a.Reason), a.Now.In(a.Zone)
	if r.Whole {
		if r.Amount, r.Fee, err = leftOf(ctx, store, r.Payment, key); err != nil {
			return ledger.Receipt{}, fmt.Errorf("wallet: reverse: %w", err)
		}
	}
	receipt, err := store.Reverse(ctx, ledger.Reversal{
		Of: o.ID, Key: key, Amount: r.Amount, Fee: r.Fee, Now: now,
		Day: now.Format(time.DateOnly), Month: now.Format("2006-01"),
		Message: ledger.Message{
			Key: KindRefunded + "/" + o.ID + "/" + key, To: w.Number, Kind: KindRefunded, Lang: w.Lang,
			CreatedAt: now, Fields: map[string]string{
				"payee": payeeOf(o), "amount": (r.Amount + r.Fee).String(),
			},
		},
		Record: a.record("reverse", ledger.PaymentSubject(o.ID),
			fmt.Sprintf("amount %s, fee %s, key %s", r.Amount, r.Fee, key)),
	})
	if err != nil {
		return receipt, fmt.Errorf("wallet: reverse: %w", err)
	}
	return receipt, nil
}

// payeeOf names who has got the money of an offer, as an SMS does.
func payeeOf(o ledger.Offer) string {
	if o.ProviderName != "" {
		return o.ProviderName
	}
	return o.Account
}

// leftOf is what of a payment was not taken back before its reversal under key.
func leftOf(
	ctx context.Context, store ledger.Store, payment, key string,
) (amount, fee money.Amount, err error) {
	all, err := store.OfferTransfers(ctx, payment)
	if err != nil {
		return 0, 0, err
	}
	found := false
	for _, t := range all {
		switch {
		case t.ID == payment:
			amount, fee, found = amount+t.Amount, fee+t.Fee, true
		case t.ID == ledger.ReversalTransfer(payment, key):
			return t.Amount, t.Fee, nil // it is asked for again
		case t.ReversalOf != "":
			amount, fee = amount-t.Amount, fee-t.Fee
		}
	}
	switch {
	case !found:
		return 0, 0, ledger.ErrNoTransfer
	case amount+fee == 0:
		return 0, 0, decline(ledger.ReasonReversed, payment)
	}
	return amount, fee, nil
}

// A Settlement is what a person has found out about a payment whose provider has not told.
type Settlement struct {
	Payment     string // id of the offer
	Posted      bool   // the provider has got the money; otherwise the subscriber gets it back
	ProviderTxn string // what the provider calls it, "" = unknown
}

// Settle ends a payment in doubt or in suspense as a person says, records who and why, closes the
// case of its suspense, and queues the SMS that tells the subscriber. It fails with ErrStillAsking
// for one that has not come to a doubt, and when the money would be given back while the provider
// is being told once more; and with ledger.ErrNoHold for one that was never held. It declines
// posted and voided when it has ended otherwise, and not_held for a cash-out.
func Settle(ctx context.Context, store ledger.Store, s Settlement, a Act) error {
	h, err := store.Hold(ctx, s.Payment)
	if err != nil {
		return fmt.Errorf("wallet: settle: %w", err)
	}
	w, err := store.WalletByID(ctx, h.Offer.Wallet)
	if err != nil {
		return fmt.Errorf("wallet: settle: %w", err)
	}
	switch {
	case h.Offer.Operation != ledger.OpPayment:
		return decline(ledger.ReasonNotHeld, h.ID)
	case h.State == ledger.HoldHeld || h.State == ledger.HoldSent:
		return ErrStillAsking
	case h.State == ledger.HoldPosted && !s.Posted:
		return decline(ledger.ReasonPosted, h.ID)
	case h.State == ledger.HoldVoided && s.Posted:
		return decline(ledger.ReasonVoided, h.ID)
	case h.State.Final():
		return nil
	case !s.Posted && underWay(h):
		return ErrStillAsking
	}
	answer := ledger.Answer{Code: "by_hand", Detail: a.Reason, ProviderTxn: s.ProviderTxn}
	if s.Posted {
		r := a.record("settle_posted", ledger.PaymentSubject(h.ID), "was "+string(h.State))
		_, err = store.PostHold(ctx, ledger.Posting{
			Hold: h.ID, Answer: answer, Now: a.Now, Message: paid(w, h.Offer, a.Now), Record: &r,
		})
	} else {
		r := a.record("settle_refunded", ledger.PaymentSubject(h.ID), "was "+string(h.State))
		err = store.VoidHold(ctx, ledger.Voiding{
			Hold: h.ID, Reason: ledger.ReasonRefused, Attempt: new(h.Attempt), Answer: answer,
			Now: a.Now, Message: returned(w, h.Offer, a.Now), Record: &r,
		})
		if ledger.ReasonOf(err) == ledger.ReasonNotHeld { // sent again since it was read
			err = ErrStillAsking
		}
	}
	if err != nil {
		return fmt.Errorf("wallet: settle: %w", err)
	}
	return closeSuspense(ctx, store, h.ID, a)
}

// underWay reports that nothing is on record of the last try of a hold in doubt: what comes of a
// try puts the next one after it.
func underWay(h ledger.Hold) bool {
	return h.State == ledger.HoldInDoubt && !h.SentAt.Before(h.NextAt)
}

// closeSuspense closes the case of a payment that was in suspense. One that stays open, because
// this fails, is closed by hand.
func closeSuspense(ctx context.Context, store ledger.Store, payment string, a Act) error {
	const most = 100
	all, err := store.SubjectCases(ctx, ledger.PaymentSubject(payment), most)
	if err != nil {
		return fmt.Errorf("wallet: settled, but its case may be open: %w", err)
	}
	for _, c := range all {
		if c.Kind != CaseSuspense || !c.ClosedAt.IsZero() {
			continue
		}
		err := store.CloseCase(ctx, c.ID, a.record("close", ledger.CaseSubject(c.ID), "settled"))
		if err != nil && ledger.ReasonOf(err) != ledger.ReasonCaseClosed {
			return fmt.Errorf("wallet: settled, but its case %d is open: %w", c.ID, err)
		}
	}
	return nil
}

// MessageKeys returns the keys that the messages about an offer and its reversals may have.
func MessageKeys(offer string, transfers []ledger.Transfer) []string {
	var keys []string
	for _, kind := range []string{
		KindPaid, KindNotPaid, KindReturned, KindSent, KindReceived, KindCashCode, KindCashOut,
		KindCashVoided,
	} {
		keys = append(keys, kind+"/"+offer)
	}
	for _, t := range transfers {
		if key, ok := strings.CutPrefix(t.ID, ledger.ReversalTransfer(offer, "")); ok {
			keys = append(keys, KindRefunded+"/"+offer+"/"+key)
		}
	}
	return keys
}
