package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// binds is what a second request with the id of an offer has to be equal in.
func binds(o ledger.Offer) string {
	return fmt.Sprintf("%q", []any{
		o.ID, o.Wallet, o.Operation, o.Payee, o.Provider, o.Account, o.Code, int64(o.Amount),
		int64(o.Fee), int64(o.ProviderFee),
	})
}

func (b *book) openOffer(o ledger.Offer) error {
	if old := b.offer(o.ID); old != nil {
		if binds(old.Offer) != binds(o) {
			return decline(ledger.ReasonKeyReused, o.ID)
		}
		return nil
	}
	if b.wallet(o.Wallet) == nil {
		return ledger.ErrNoWallet
	}
	b.endOpen(o.Wallet, ledger.OfferSuperseded)
	o.State = ledger.OfferOpen
	b.offers = append(b.offers, &offer{Offer: o})
	return nil
}

// endOpen ends the open offer of a wallet.
func (b *book) endOpen(wallet string, state ledger.OfferState) {
	if o := b.current(wallet); o != nil {
		o.State, o.reason = state, ledger.Reason(state)
	}
}

// current is the open offer of a wallet.
func (b *book) current(wallet string) *offer {
	return find(b.offers, func(o *offer) bool {
		return o.Wallet == wallet && o.State == ledger.OfferOpen
	})
}

func (b *book) press(id string, now time.Time) error {
	o := b.offer(id)
	if o == nil {
		return ledger.ErrNoOffer
	}
	if o.State == ledger.OfferOpen {
		if now.Before(o.ExpiresAt) {
			o.State, o.PressedAt = ledger.OfferPressed, now
		} else {
			o.State, o.reason = ledger.OfferExpired, ledger.ReasonExpired
		}
	}
	return o.refusal()
}

// refusal is why an offer cannot be paid any more.
func (o *offer) refusal() error {
	if o.reason == "" {
		return nil
	}
	return &ledger.Decline{Reason: o.reason, Key: o.ID, Limit: o.limit}
}

// result is what became of an offer that is neither open nor pressed.
func (o *offer) result() ledger.Result {
	if o.State == ledger.OfferHeld {
		return ledger.Result{Receipt: ledger.Receipt{Offer: o.Offer}, Err: ledger.ErrHeld}
	}
	return ledger.Result{Receipt: o.receipt, Err: o.refusal()}
}

// refuse ends an offer that can still be refused.
func (b *book) refuse(
	id string, reason ledger.Reason, now time.Time, msg *ledger.Message,
) (ledger.Result, error) {
	o := b.offer(id)
	if o == nil {
		return ledger.Result{}, ledger.ErrNoOffer
	}
	if o.State == ledger.OfferOpen || o.State == ledger.OfferPressed {
		o.State, o.reason = ledger.OfferRefused, reason
	}
	if o.State == ledger.OfferRefused && msg != nil {
		b.tell(*msg, "", now)
	}
	return o.result(), nil
}

// apply executes one payment.
func (b *book) apply(p ledger.Payment) ledger.Result {
	o := b.offer(p.Offer.ID)
	switch {
	case o == nil:
		return ledger.Result{Err: decline(ledger.ReasonNotTaken, p.Offer.ID)}
	case binds(o.Offer) != binds(p.Offer):
		return ledger.Result{Err: decline(ledger.ReasonKeyReused, o.ID)}
	case o.State == ledger.OfferOpen:
		return ledger.Result{Err: decline(ledger.ReasonNotPressed, o.ID)}
	case o.State != ledger.OfferPressed:
		return o.result()
	}
	// The clock may go back over midnight: nothing is counted before what is counted already.
	day := max(p.Day, b.lastDay(o.Wallet, ledger.OpOut, p.Month))
	if d := b.mayPay(o, p, day); d != nil {
		o.State, o.reason, o.limit = ledger.OfferRefused, d.Reason, d.Limit
		b.tell(p.Refusal, "", p.Now)
		return o.result()
	}
	o.counted, o.day, o.month = o.Amount, day, p.Month
	if p.Terms.Txn != "" {
		b.hold(o, p)
	} else {
		b.pay(o, p)
	}
	return o.result()
}

// mayPay judges a pressed offer.
func (b *book) mayPay(o *offer, p ledger.Payment, day string) *ledger.Decline {
	used := func(op ledger.Operation, period string) money.Amount {
		return b.used(o.Wallet, op, period)
	}
	if o.Operation == ledger.OpCashOut && b.cashOut(o.Wallet) != nil {
		return &ledger.Decline{Reason: ledger.ReasonCashOut, Key: o.ID}
	}
	op, out := o.Operation, ledger.OpOut
	own, all := p.Limits, p.Out
	for _, d := range []*ledger.Decline{
		exceeds(ledger.ReasonLimitPayment, o.ID, o.Amount, bound{own.PerPayment, 0},
			bound{all.PerPayment, 0}),
		exceeds(ledger.ReasonLimitDay, o.ID, o.Amount, bound{own.PerDay, used(op, day)},
			bound{all.PerDay, used(out, day)}),
		exceeds(ledger.ReasonLimitMonth, o.ID, o.Amount, bound{own.PerMonth, used(op, p.Month)},
			bound{all.PerMonth, used(out, p.Month)}),
	} {
		if d != nil {
			return d
		}
	}
	if o.Operation == ledger.OpTransfer {
		room := money.Amount(0)
		if b.wallet(o.Payee) != nil {
			room = max(p.PayeeMost-b.balance(o.Payee), 0)
		}
		if o.Amount > room {
			return &ledger.Decline{Reason: ledger.ReasonPayeeLimit, Key: o.ID, Limit: room}
		}
	}
	if left := b.available(o.Wallet); left < o.Amount+o.Fee {
		return &ledger.Decline{Reason: ledger.ReasonLowBalance, Key: o.ID, Limit: left}
	}
	return nil
}

// pay posts an offer at once.
func (b *book) pay(o *offer, p ledger.Payment) {
	o.State = ledger.OfferDone
	from, to, fee := "wallet:"+o.Wallet, "provider:"+o.Provider, "fee:"+o.Provider
	if o.Operation == ledger.OpTransfer {
		to, fee = "wallet:"+o.Payee, "fee:@transfer"
	}
	b.posted(o, &transfer{amount: o.Amount, fee: o.Fee, at: p.Now, providerFee: o.ProviderFee},
		entry{from, -(o.Amount + o.Fee)}, entry{to, o.Amount - o.ProviderFee},
		entry{fee, o.Fee + o.ProviderFee})
	b.tell(p.Message, o.Wallet, p.Now)
	if o.Operation == ledger.OpTransfer {
		b.tell(p.PayeeMessage, o.Payee, p.Now)
	}
}

// posted writes the transfer of an offer that is done, and its receipt.
func (b *book) posted(o *offer, t *transfer, entries ...entry) {
	t.id, t.kind, t.wallet, t.offer = o.ID, string(o.Operation), o.Wallet, o
	t.day = o.day
	b.move(t, entries...)
	o.receipt = ledger.Receipt{
		Offer: o.Offer, Amount: t.amount, Fee: t.fee, Balance: t.balance, PostedAt: t.at,
		TransferID: t.id,
	}
}

// hold reserves the money of an offer.
func (b *book) hold(o *offer, p ledger.Payment) {
	o.State, o.HeldAt = ledger.OfferHeld, p.Now
	o.hold = &hold{offer: o, code: string(p.Terms.Code), Hold: ledger.Hold{
		ID: o.ID, Txn: p.Terms.Txn, State: ledger.HoldHeld, Day: o.day, Month: o.month,
		CreatedAt: p.Now, NextAt: p.Terms.NextAt, Deadline: p.Terms.Deadline,
	}}
	o.hold.moved(p.Now, "")
	b.tell(p.HeldMessage, "", p.Now)
}

// cashOut is the cash-out of a wallet that is under way.
func (b *book) cashOut(wallet string) *hold {
	for _, h := range b.holds() {
		if h.offer.Wallet == wallet && h.offer.Operation == ledger.OpCashOut && !h.State.Final() {
			return h
		}
	}
	return nil
}

// similar tells when the newest payment like o was posted, or held if it has no end. several is
// true when there are more of that time.
func (b *book) similar(o ledger.Offer, since time.Time) (at time.Time, id string, several bool) {
	for _, other := range b.offers {
		if other.Wallet != o.Wallet || other.Operation != o.Operation ||
			other.Provider != o.Provider || other.Account != o.Account || other.Amount != o.Amount {
			continue
		}
		when := other.receipt.PostedAt
		if other.State == ledger.OfferHeld {
			when = other.HeldAt
		}
		if when.IsZero() || when.Before(since) || when.Before(at) {
			continue
		}
		several = when.Equal(at)
		at, id = when, other.ID
	}
	return at, id, several
}
