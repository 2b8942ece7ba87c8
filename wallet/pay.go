package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// Pay executes the offer with this id, and no other, when s is the wallet's PIN. attempt names the
// input that carried s. The order is: the offer, the try, the comparison, the press, the payment.
// However often and from wherever it is called for one offer, there is one payment and one
// receipt. A call for an offer that is pressed or done already needs the right PIN too, unless it
// repeats the attempt that was right.
//
// It declines without effect: superseded, withdrawn, expired; wrong_pin, locked, blocked and
// suspect, the offer stays open; first_pin, always after a reset of the PIN, stopped and
// payee_blocked; low_balance, limit_*, payee_limit and cash_out, which end the offer and are told
// by SMS too. It fails with ledger.ErrNoOffer for an unknown or another wallet's offer, and with
// ledger.ErrInDoubt only when the payment itself is: an SMS then tells how it ended, and Resolve
// tells it before. With any other failure this call has moved nothing. With an error the receipt
// has the offer alone, as far as it was read.
//
// A payment to a provider that answers holds the money first. Pay waits for the answer as long as
// ctx has time, less Config.AnswerMargin. It declines refused when the provider has refused for
// good, and stopped when it could not be reached: the money is back, which an SMS tells too. It
// fails with ledger.ErrHeld when the answer is open, and at every repeat until it is there: an SMS
// tells the end. No caller that leaves breaks an order to a provider off.
func (i *Issuer) Pay(
	ctx context.Context, n msisdn.Number, offerID string, s pin.Secret, attempt string,
) (ledger.Receipt, error) {
	w, o, err := i.offerOf(ctx, n, offerID)
	if err != nil {
		return ledger.Receipt{}, err
	}
	now := i.clock()
	payment, err := i.payment(ctx, w, o, now)
	if err != nil {
		return ledger.Receipt{Offer: o}, err
	}
	if err := i.release(ctx, w, o, s, attempt, now); err != nil {
		return ledger.Receipt{Offer: o}, nothingMoved(err)
	}
	receipt, err := i.post(ctx, payment)
	fresh := o.State != ledger.OfferHeld && o.Operation == ledger.OpPayment
	if fresh && errors.Is(err, ledger.ErrHeld) {
		return i.send(ctx, w, receipt.Offer)
	}
	return receipt, err
}

// release does what comes before the payment: it lets the offer be paid when s is the right PIN.
func (i *Issuer) release(
	ctx context.Context, w ledger.Wallet, o ledger.Offer, s pin.Secret, attempt string,
	now time.Time,
) error {
	if dead(o, now) {
		if err := i.press(ctx, o, now); err != nil { // declines, with the reason on record
			return err
		}
	}
	open := o.State == ledger.OfferOpen
	if open && w.Suspect != "" { // whoever has the number now gets no try of the PIN
		return decline(ledger.ReasonSuspect, o.ID)
	}
	tried, err := i.try(ctx, w, s, "pay/"+o.ID+"/"+attempt, !open)
	if err != nil {
		return err
	}
	if open {
		if err := i.mayPress(ctx, w, o, tried); err != nil {
			return err
		}
	}
	return i.press(ctx, o, now)
}

// post executes a payment whose offer is pressed. Its messages may be queued whatever it returns.
func (i *Issuer) post(ctx context.Context, payment ledger.Payment) (ledger.Receipt, error) {
	receipt, err := i.poster.Post(ctx, payment)
	i.config.Queued()
	if receipt.Offer.ID == "" { // of one that is held it is as it is now
		receipt.Offer = payment.Offer
	}
	if err != nil {
		return receipt, fmt.Errorf("wallet: pay: %w", err)
	}
	return receipt, nil
}

// nothingMoved makes of doubt about what comes before a payment an ErrUnavailable: whatever came of
// it, no money was under way.
func nothingMoved(err error) error {
	if errors.Is(err, ledger.ErrInDoubt) {
		return fmt.Errorf("%w: %v", ledger.ErrUnavailable, err)
	}
	return err
}

// dead reports that o can be paid no more and was not.
func dead(o ledger.Offer, now time.Time) bool {
	if o.State == ledger.OfferOpen {
		return !now.Before(o.ExpiresAt)
	}
	return o.State.Final() && o.State != ledger.OfferDone
}

// mayPress declines what has come up since the offer was made.
func (i *Issuer) mayPress(
	ctx context.Context, w ledger.Wallet, o ledger.Offer, tried ledger.Tried,
) error {
	if err := mayMove(w); err != nil { // though this very input was right before a block
		return err
	}
	if tried.First && (i.config.MustChangeFirstPIN || w.PINReset) {
		return decline(ledger.ReasonFirstPIN, o.ID)
	}
	switch o.Operation {
	case ledger.OpPayment:
		if p, ok := i.catalogue(w.Number).Provider(o.Provider); !ok || i.stopped(p) {
			return decline(ledger.ReasonStopped, o.ID)
		}
	case ledger.OpTransfer:
		payee, err := i.payee(ctx, o)
		if err != nil {
			return err
		}
		return mayReceive(payee)
	}
	return nil
}

func (i *Issuer) press(ctx context.Context, o ledger.Offer, now time.Time) error {
	if err := i.store.Press(ctx, o.ID, now); err != nil {
		return fmt.Errorf("wallet: press: %w", err)
	}
	return nil
}

// payment makes the order to the ledger: the offer as it was read, and the limits of now.
func (i *Issuer) payment(
	ctx context.Context, w ledger.Wallet, o ledger.Offer, now time.Time,
) (ledger.Payment, error) {
	payee, err := i.payee(ctx, o)
	if err != nil {
		return ledger.Payment{}, err
	}
	p, err := i.bounds(w, o, payee, now)
	if err != nil {
		return p, err
	}
	p.Refusal = *notPaid(w, o, now)
	switch o.Operation {
	case ledger.OpTransfer:
		p.Message, p.PayeeMessage = sent(w, o, now), received(w, payee, o, now)
	case ledger.OpCashOut:
		err = i.reserve(w, &p)
	default:
		p.Message = paid(w, o, now)
		p.Terms, err = i.terms(w, o, now)
	}
	return p, err
}

// payee returns the wallet that a transfer goes to, and an empty one for any other offer.
func (i *Issuer) payee(ctx context.Context, o ledger.Offer) (ledger.Wallet, error) {
	if o.Operation != ledger.OpTransfer {
		return ledger.Wallet{}, nil
	}
	w, err := i.store.WalletByID(ctx, o.Payee)
	if err != nil {
		return w, fmt.Errorf("wallet: payee: %w", err)
	}
	return w, nil
}

// paid is the SMS of a payment. The ledger adds the balance.
func paid(w ledger.Wallet, o ledger.Offer, now time.Time) ledger.Message {
	return ledger.Message{
		Key: KindPaid + "/" + o.ID, To: w.Number, Kind: KindPaid, Lang: o.Lang, CreatedAt: now,
		Fields: map[string]string{
			"payee": o.ProviderName, "account": o.Account, "amount": o.Amount.String(),
			"fee": o.Fee.String(), "code": o.Code,
		},
	}
}

// notPaid is the SMS of a payment that was under way and did not happen.
func notPaid(w ledger.Wallet, o ledger.Offer, now time.Time) *ledger.Message {
	return &ledger.Message{
		Key: KindNotPaid + "/" + o.ID, To: w.Number, Kind: KindNotPaid, Lang: o.Lang,
		CreatedAt: now,
		Fields: map[string]string{
			"payee": o.ProviderName, "account": o.Account, "amount": o.Amount.String(),
		},
	}
}

// Resolve settles an offer for good and returns what became of it: the receipt when it was paid,
// a *ledger.Decline when nothing moved and nothing will, whatever is still on its way. It fails
// with ledger.ErrInDoubt while a commit holds the offer: ask again. It fails with ledger.ErrHeld
// while a provider has not answered: an SMS tells the end. It queues no SMS, because the
// caller tells. With an error the receipt has the offer alone, as far as it was read.
func (i *Issuer) Resolve(
	ctx context.Context, n msisdn.Number, offerID string,
) (ledger.Receipt, error) {
	_, o, err := i.offerOf(ctx, n, offerID)
	if err != nil {
		return ledger.Receipt{}, err
	}
	r, err := i.settle(ctx, o, nil)
	if err != nil {
		r.Offer = o
	}
	return r, err
}

// settlePressed ends what was pressed and has no end, because a wallet has one payment at a time:
// each offer is found done or is refused for good, and an SMS tells. It reports whether there was
// any. After an error some of them may still be under way.
func (i *Issuer) settlePressed(ctx context.Context, w ledger.Wallet) (any bool, err error) {
	pressed, err := i.store.PressedOffers(ctx, w.ID)
	if err != nil {
		return false, fmt.Errorf("wallet: offer: %w", err)
	}
	for _, o := range pressed {
		_, err := i.settle(ctx, o, notPaid(w, o, i.clock()))
		if !settled(err) {
			return true, err
		}
	}
	return len(pressed) > 0, nil
}

// settled reports that the error of settle says what became of an offer: it was refused, or it is
// held, and a Dispatcher sees to it.
func settled(err error) bool {
	return err == nil || ledger.ReasonOf(err) != "" || errors.Is(err, ledger.ErrHeld)
}

// settle returns what became of an offer for good.
func (i *Issuer) settle(
	ctx context.Context, o ledger.Offer, message *ledger.Message,
) (ledger.Receipt, error) {
	result, err := i.store.Refuse(ctx, o.ID, ledger.ReasonNotTaken, i.clock(), message)
	if err != nil {
		return ledger.Receipt{}, fmt.Errorf("wallet: resolve: %w", err)
	}
	if message != nil {
		i.config.Queued()
	}
	return result.Receipt, result.Err
}

// offerOf returns an offer of the number's wallet.
func (i *Issuer) offerOf(
	ctx context.Context, n msisdn.Number, offerID string,
) (ledger.Wallet, ledger.Offer, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return w, ledger.Offer{}, err
	}
	o, err := i.store.Offer(ctx, offerID)
	if err == nil && o.Wallet != w.ID {
		err = ledger.ErrNoOffer
	}
	if err != nil {
		return w, ledger.Offer{}, fmt.Errorf("wallet: offer: %w", err)
	}
	return w, o, nil
}
