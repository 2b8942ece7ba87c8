package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// The number that a provider knows a payment by has 19 digits and fits into 63 bits, which is what
// many of them keep it in.
const (
	firstTxn = 1_000_000_000_000_000_000
	txnCount = 8_000_000_000_000_000_000
)

// Kinds of the cases that deliveries open.
const (
	CaseSuspense   = "suspense"    // a provider has not answered within Config.GiveUpAfter
	CaseLateAnswer = "late_answer" // a provider has answered against how the payment has ended
)

// busyPause is how long a payment waits for a provider that has as many under way as may be.
const busyPause = time.Second

// txnOf is the number that the provider of an offer knows its payment by: always the same, so that
// there is nothing to forget.
func txnOf(offer string) string {
	sum := sha256.Sum256([]byte("ussd-txn/v1|" + offer))
	return strconv.FormatUint(firstTxn+binary.BigEndian.Uint64(sum[:])%txnCount, 10)
}

// stopped reports that a provider takes no payments now: its operator says so, or there is no way
// to tell it of them.
func (i *Issuer) stopped(p catalogue.Provider) bool {
	if p.Stopped || p.Biller == "" {
		return p.Stopped
	}
	b, ok := i.config.Billers(p.Biller)
	return !ok || unreachable(b, i.clock())
}

// unreachable reports that a biller would take nothing now.
func unreachable(b biller.Biller, now time.Time) bool {
	guard, ok := b.(interface{ Open(now time.Time) bool })
	return ok && guard.Open(now)
}

// billerOf returns the system behind a provider and its name, as the catalogue of a number has it.
func (i *Issuer) billerOf(n msisdn.Number, provider string) (biller.Biller, string, bool) {
	p, ok := i.catalogue(n).Provider(provider)
	if !ok || p.Biller == "" {
		return nil, "", false
	}
	b, ok := i.config.Billers(p.Biller)
	return b, p.Biller, ok
}

// terms returns those of a payment that its provider has to be told of: the money is held until it
// has answered. The time until somebody else looks at it is that of the first delivery.
func (i *Issuer) terms(w ledger.Wallet, o ledger.Offer, now time.Time) (ledger.Terms, error) {
	if o.Operation != ledger.OpPayment {
		return ledger.Terms{}, nil
	}
	p, ok := i.catalogue(w.Number).Provider(o.Provider)
	if !ok && o.State == ledger.OfferPressed {
		// Nobody knows any more how to pay it: the Sweeper refuses it.
		return ledger.Terms{}, fmt.Errorf("wallet: pay: %w: provider %s is gone",
			ledger.ErrUnavailable, o.Provider)
	}
	if p.Biller == "" {
		return ledger.Terms{}, nil
	}
	return ledger.Terms{
		Txn: txnOf(o.ID), NextAt: now.Add(i.callLease()), Deadline: now.Add(i.config.GiveUpAfter),
	}, nil
}

// callLease is how long one delivery may take in all, its records included.
func (i *Issuer) callLease() time.Duration { return i.config.CallTimeout + 4*storeTimeout }

// send delivers a payment whose money has just been held and waits for the end, as long as the step
// has time. The delivery does not end with the step.
func (i *Issuer) send(
	ctx context.Context, w ledger.Wallet, o ledger.Offer,
) (ledger.Receipt, error) {
	b, _, ok := i.billerOf(w.Number, o.Provider)
	if !ok || !i.calls.begin() { // a Dispatcher does it
		return heldReceipt(o)
	}
	type end struct {
		receipt ledger.Receipt
		err     error
	}
	ended := make(chan end, 1)
	go func() {
		defer i.calls.end()
		r, err := i.deliver(w, o.ID, b, 1)
		ended <- end{r, err}
	}()
	wait, cancel := i.answering(ctx, i.callLease())
	defer cancel()
	select {
	case e := <-ended:
		if e.err != nil {
			e.receipt.Offer = o
		}
		return e.receipt, e.err
	case <-wait.Done():
		return heldReceipt(o)
	}
}

// heldReceipt is the result of a payment that its provider has not decided on.
func heldReceipt(o ledger.Offer) (ledger.Receipt, error) {
	return ledger.Receipt{Offer: o}, fmt.Errorf("wallet: pay: %w", ledger.ErrHeld)
}

// deliver tells a provider of a payment once and records the answer. That it is about to is on
// record before; where it turns out to be the try after most, it is left to who has made the
// others. The result is that of Pay.
func (i *Issuer) deliver(
	w ledger.Wallet, hold string, b biller.Biller, most int,
) (ledger.Receipt, error) {
	h, err := i.sending(hold)
	switch {
	case ledger.ReasonOf(err) != "":
		return i.ended(ledger.Offer{ID: hold})
	case err != nil:
		return i.stays(ledger.Offer{ID: hold}, err)
	case h.Attempt > most:
		return heldReceipt(h.Offer)
	}
	ctx, cancel := context.WithTimeout(i.calls.ctx, i.config.CallTimeout)
	defer cancel()
	a, err := b.Pay(ctx, orderOf(h))
	return i.conclude(w, h, a, err)
}

func (i *Issuer) sending(hold string) (ledger.Hold, error) {
	ctx, cancel := recording()
	defer cancel()
	return i.store.SendHold(ctx, hold, i.clock())
}

// recording is the context of what has to be written down whoever has left meanwhile.
func recording() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeTimeout)
}

// orderOf is the order to a provider, the same at every try.
func orderOf(h ledger.Hold) biller.Request {
	return biller.Request{
		Txn: h.Txn, Provider: h.Offer.Provider, Account: h.Offer.Account, Amount: h.Offer.Amount,
		At: h.CreatedAt,
	}
}

// conclude records what a provider has answered, or not. What cannot be recorded is asked for
// again: the answer will be the same.
func (i *Issuer) conclude(
	w ledger.Wallet, h ledger.Hold, a biller.Answer, failure error,
) (ledger.Receipt, error) {
	defer i.config.Queued()
	ctx, cancel := recording()
	defer cancel()
	now := i.clock()
	said := answerOf(a, failure)
	switch {
	case a.Verdict == biller.VerdictDone:
		r, err := i.store.PostHold(ctx, ledger.Posting{
			Hold: h.ID, Answer: said, Now: now, Message: paid(w, h.Offer, now),
		})
		if err == nil {
			return r, nil
		}
		return i.contradicted(h, said, err, ledger.ReasonVoided)
	case a.Verdict == biller.VerdictRefused:
		return i.giveBack(ctx, w, h, ledger.ReasonRefused, said)
	case h.Attempt == 1 && a.Reason != biller.ReasonBusy && errors.Is(failure, biller.ErrNotSent):
		return i.giveBack(ctx, w, h, ledger.ReasonStopped, said)
	}
	next := now.Add(i.pauseAfter(h.Attempt, a))
	if now.Before(h.Deadline) && next.After(h.Deadline) {
		next = h.Deadline
	}
	if err := i.store.DoubtHold(ctx, h.ID, said, now, next); err != nil {
		return i.contradicted(h, said, err, "")
	}
	return heldReceipt(h.Offer)
}

// giveBack ends a payment that its provider has not got, unless it was sent once more meanwhile.
func (i *Issuer) giveBack(
	ctx context.Context, w ledger.Wallet, h ledger.Hold, reason ledger.Reason, said ledger.Answer,
) (ledger.Receipt, error) {
	now := i.clock()
	err := i.store.VoidHold(ctx, ledger.Voiding{
		Hold: h.ID, Reason: reason, Attempt: new(h.Attempt), Answer: said, Now: now,
		Message: returned(w, h.Offer, now),
	})
	if err == nil {
		return ledger.Receipt{}, fmt.Errorf("wallet: pay: %w", decline(reason, h.ID))
	}
	return i.contradicted(h, said, err, ledger.ReasonPosted)
}

// contradicted deals with an answer that the books did not take. When they have ended the payment
// in the way that against names, the answer is against it: a person has to know.
func (i *Issuer) contradicted(
	h ledger.Hold, said ledger.Answer, err error, against ledger.Reason,
) (ledger.Receipt, error) {
	reason := ledger.ReasonOf(err)
	if reason != "" && reason == against {
		i.openCase(h, said, reason)
	}
	if reason == ledger.ReasonVoided || reason == ledger.ReasonPosted {
		return i.ended(h.Offer)
	}
	return i.stays(h.Offer, err)
}

// openCase makes known that a provider has said the contrary of how a payment has ended.
func (i *Issuer) openCase(h ledger.Hold, said ledger.Answer, end ledger.Reason) {
	now := i.clock()
	c := ledger.Case{
		Key: CaseLateAnswer + ":" + h.ID + ":" + string(end), Kind: CaseLateAnswer,
		Provider: h.Offer.Provider, Subject: ledger.PaymentSubject(h.ID), Amount: h.Offer.Amount,
		OpenedAt: now,
		Detail: fmt.Sprintf("%s here; then the provider answered code %q, its number %q, to %s",
			end, said.Code, said.ProviderTxn, h.Txn),
	}
	i.log.Error("a provider has answered against how a payment has ended", zap.String("offer", h.ID),
		zap.String("end", string(end)), zap.String("code", said.Code),
		zap.String("provider_txn", said.ProviderTxn))
	for range caseTries {
		ctx, cancel := recording()
		_, err := i.store.OpenCases(ctx, []ledger.Case{c}, nil)
		cancel()
		if err == nil {
			return
		}
		i.log.Error("the case is not opened", zap.String("offer", h.ID), zap.Error(err))
	}
}

// caseTries is how often a case is tried to be opened.
const caseTries = 3

// ended returns what became of an offer that another has ended.
func (i *Issuer) ended(o ledger.Offer) (ledger.Receipt, error) {
	ctx, cancel := recording()
	defer cancel()
	return i.settle(ctx, o, nil)
}

// stays is heldReceipt of a payment that our books could not be told of: the next try does.
func (i *Issuer) stays(o ledger.Offer, err error) (ledger.Receipt, error) {
	i.log.Warn("a held payment waits", zap.String("offer", o.ID), zap.Error(err))
	return heldReceipt(o)
}

// pauseAfter is how long to wait after a try without a final answer.
func (i *Issuer) pauseAfter(attempt int, a biller.Answer) time.Duration {
	if a.Reason == biller.ReasonBusy {
		return busyPause
	}
	var jitter float64
	if octets, err := i.draw(1); err == nil {
		jitter = float64(octets[0]) / 255
	}
	return biller.RetryAfter(attempt, jitter)
}

// PostPayment ends a held payment that a person knows to be done: r says who, and why. a is what is
// known of the provider's answer. An SMS tells. It declines voided.
func (i *Issuer) PostPayment(
	ctx context.Context, id string, a ledger.Answer, r ledger.Record,
) (ledger.Receipt, error) {
	h, w, err := i.heldPayment(ctx, id)
	if err != nil {
		return ledger.Receipt{}, err
	}
	defer i.config.Queued()
	now := i.clock()
	receipt, err := i.store.PostHold(ctx, ledger.Posting{
		Hold: id, Answer: a, Now: now, Message: paid(w, h.Offer, now), Record: &r,
	})
	if err != nil {
		return ledger.Receipt{}, fmt.Errorf("wallet: post payment: %w", err)
	}
	return receipt, nil
}

// VoidPayment gives the money of a held payment back that a person knows not to be done: r says
// who, and why. An SMS tells. It declines posted.
func (i *Issuer) VoidPayment(ctx context.Context, id string, r ledger.Record) error {
	h, w, err := i.heldPayment(ctx, id)
	if err != nil {
		return err
	}
	defer i.config.Queued()
	now := i.clock()
	err = i.store.VoidHold(ctx, ledger.Voiding{
		Hold: id, Reason: ledger.ReasonNotTaken, Now: now, Message: returned(w, h.Offer, now),
		Record: &r,
	})
	if err != nil {
		return fmt.Errorf("wallet: void payment: %w", err)
	}
	return nil
}

// heldPayment reads the hold of a payment and its wallet.
func (i *Issuer) heldPayment(
	ctx context.Context, id string,
) (h ledger.Hold, w ledger.Wallet, err error) {
	if h, err = i.store.Hold(ctx, id); err == nil {
		w, err = i.store.WalletByID(ctx, h.Offer.Wallet)
	}
	if err == nil && h.Offer.Operation != ledger.OpPayment {
		err = ledger.ErrNoHold
	}
	if err != nil {
		return h, w, fmt.Errorf("wallet: held payment: %w", err)
	}
	return h, w, nil
}

// answerOf is what the books keep of an answer.
func answerOf(a biller.Answer, failure error) ledger.Answer {
	said := ledger.Answer{Code: a.Code, Detail: a.Comment, ProviderTxn: a.ProviderTxn}
	if said.Code == "" {
		said.Code = string(a.Reason)
	}
	if failure != nil {
		said.Detail = failure.Error()
	}
	return said
}

// returned is the SMS of a payment whose money was held and is back. The ledger adds the balance.
func returned(w ledger.Wallet, o ledger.Offer, now time.Time) ledger.Message {
	m := *notPaid(w, o, now)
	m.Key, m.Kind = KindReturned+"/"+o.ID, KindReturned
	return m
}
