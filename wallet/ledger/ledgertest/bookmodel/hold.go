package bookmodel

import (
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// moved adds a line to the history of a hold.
func (h *hold) moved(at time.Time, code string) {
	h.moves = append(h.moves, ledger.HoldMove{State: h.State, At: at, Code: code})
}

// heard keeps what the other side has said.
func (h *hold) heard(a ledger.Answer) {
	if a.Code != "" {
		h.LastCode = a.Code
	}
	if a.ProviderTxn != "" {
		h.ProviderTxn = a.ProviderTxn
	}
}

// under finds a hold, and declines one that has an end.
func (b *book) under(id string) (*hold, error) {
	o := b.offer(id)
	switch {
	case o == nil || o.hold == nil:
		return nil, ledger.ErrNoHold
	case o.hold.State == ledger.HoldPosted:
		return nil, decline(ledger.ReasonPosted, id)
	case o.hold.State == ledger.HoldVoided:
		return nil, decline(ledger.ReasonVoided, id)
	}
	return o.hold, nil
}

func (b *book) sendHold(id string, now time.Time) (*hold, error) {
	h, err := b.under(id)
	if err != nil {
		return nil, err
	}
	if h.State == ledger.HoldHeld {
		h.State = ledger.HoldSent
	}
	h.Attempt++
	h.SentAt = now
	h.moved(now, "")
	return h, nil
}

func (b *book) doubtHold(id string, a ledger.Answer, now, next time.Time) error {
	h, err := b.under(id)
	if err != nil {
		return err
	}
	if h.State == ledger.HoldSent {
		h.State = ledger.HoldInDoubt
	}
	h.heard(a)
	h.NextAt, h.LastError, h.leased = next, a.Detail, time.Time{}
	h.moved(now, a.Code)
	return nil
}

func (b *book) suspendHold(id string, c ledger.Case, now time.Time) error {
	h, err := b.under(id)
	if err != nil {
		return err
	}
	if h.State == ledger.HoldSuspense {
		return nil
	}
	if h.offer.Operation == ledger.OpCashOut {
		return decline(ledger.ReasonNotHeld, id)
	}
	h.State, h.leased = ledger.HoldSuspense, time.Time{}
	h.moved(now, "")
	b.move(&transfer{
		id: "suspense:" + id, kind: "suspense", wallet: h.offer.Wallet, amount: h.total(), at: now,
		day: h.Day, offer: h.offer,
	}, entry{"wallet:" + h.offer.Wallet, -h.total()}, entry{"suspense", h.total()})
	c.OpenedAt = now
	b.openCase(c)
	return nil
}

// share is whole in the proportion of part to of, half a tyiyn up. The histories' sums are small.
func share(whole, part, of money.Amount) money.Amount { return (2*whole*part + of) / (2 * of) }

func (b *book) postHold(p ledger.Posting) (ledger.Receipt, error) {
	h, err := b.under(p.Hold)
	if ledger.ReasonOf(err) == ledger.ReasonPosted {
		return b.offer(p.Hold).receipt, nil
	}
	if err != nil {
		return ledger.Receipt{}, err
	}
	o := h.offer
	amount, fee := p.Amount, p.Fee
	if amount == 0 {
		amount, fee = o.Amount, o.Fee
	}
	if amount > o.Amount || fee > o.Fee {
		return ledger.Receipt{}, &ledger.Decline{
			Reason: ledger.ReasonAboveHold, Key: o.ID, Limit: h.total(),
		}
	}
	to, income, providerFee := "provider:"+o.Provider, "fee:"+o.Provider, money.Amount(0)
	if o.Operation == ledger.OpCashOut {
		if b.agent(p.Agent) == nil {
			return ledger.Receipt{}, ledger.ErrNoAgent
		}
		to, income = "agent:"+p.Agent, "fee:@cash_out"
	} else {
		providerFee = min(share(o.ProviderFee, amount, o.Amount), amount-1)
	}
	from, rest := "wallet:"+o.Wallet, h.total()-amount-fee
	suspended := h.State == ledger.HoldSuspense
	if suspended {
		from = "suspense"
	}
	h.State, h.Posted, h.EndedAt = ledger.HoldPosted, amount, p.Now
	h.ends(p.Answer, "")
	o.State, o.counted = ledger.OfferDone, amount
	t := &transfer{amount: amount, fee: fee, at: p.Now, providerFee: providerFee}
	if suspended && rest > 0 {
		// The receipt's balance has the rest in it already, whatever is written first.
		b.summed["wallet:"+o.Wallet] += rest
	}
	b.posted(o, t, entry{from, -(amount + fee)}, entry{to, amount}, entry{to, -providerFee},
		entry{income, fee + providerFee})
	if suspended && rest > 0 {
		b.summed["wallet:"+o.Wallet] -= rest
		b.refund(h, rest, p.Now)
	}
	b.tell(p.Message, o.Wallet, p.Now)
	b.record(p.Record)
	return o.receipt, nil
}

// ends keeps the last answer, and the last line of the history.
func (h *hold) ends(a ledger.Answer, lastError string) {
	h.heard(a)
	h.LastError, h.leased = lastError, time.Time{}
	h.moved(h.EndedAt, a.Code)
}

// refund brings money back from the suspense account.
func (b *book) refund(h *hold, amount money.Amount, now time.Time) {
	b.move(&transfer{
		id: "refund:" + h.ID, kind: "refund", wallet: h.offer.Wallet, amount: amount, at: now,
		day: h.Day, offer: h.offer,
	}, entry{"suspense", -amount}, entry{"wallet:" + h.offer.Wallet, amount})
}

func (b *book) voidHold(v ledger.Voiding) error {
	h, err := b.under(v.Hold)
	if ledger.ReasonOf(err) == ledger.ReasonVoided {
		return nil
	}
	if err != nil {
		return err
	}
	if v.Attempt != nil && h.Attempt > *v.Attempt {
		return decline(ledger.ReasonNotHeld, h.ID)
	}
	suspended := h.State == ledger.HoldSuspense
	h.State, h.EndedAt = ledger.HoldVoided, v.Now
	h.ends(v.Answer, v.Answer.Detail)
	o := h.offer
	o.State, o.reason, o.counted = ledger.OfferRefused, v.Reason, 0
	if suspended {
		b.refund(h, h.total(), v.Now)
	}
	b.tell(v.Message, o.Wallet, v.Now)
	b.record(v.Record)
	return nil
}

// due are the holds that somebody has to look at, longest waiting first.
func (b *book) due(now time.Time) []*hold {
	var all []*hold
	for _, h := range b.holds() {
		if h.free(now) && !h.NextAt.After(now) {
			all = append(all, h)
		}
	}
	sortBy(all, func(h *hold) (time.Time, string) { return h.NextAt, h.ID })
	return all
}

// free reports whether somebody may lease the hold.
func (h *hold) free(now time.Time) bool { return h.open() && !h.leased.After(now) }

func (b *book) leaseHold(id string, now time.Time, lease time.Duration) bool {
	h, err := b.under(id)
	if err != nil || !h.free(now) {
		return false
	}
	h.leased = now.Add(lease)
	return true
}

func (b *book) retryHold(id string, r ledger.Record) error {
	h, err := b.under(id)
	if err != nil {
		return err
	}
	if h.State == ledger.HoldSuspense {
		return decline(ledger.ReasonNotHeld, id)
	}
	h.NextAt = r.At
	b.record(&r)
	return nil
}

func (b *book) reverse(r ledger.Reversal) (ledger.Receipt, error) {
	of := b.transfer(r.Of)
	if of == nil {
		return ledger.Receipt{}, ledger.ErrNoTransfer
	}
	if !of.reversible() {
		return ledger.Receipt{}, decline(ledger.ReasonNotReversible, r.Of)
	}
	id := "reversal:" + r.Of + ":" + r.Key
	request := r.Amount.String() + " and " + r.Fee.String()
	if old := b.transfer(id); old != nil {
		if old.request != request {
			return ledger.Receipt{}, decline(ledger.ReasonKeyReused, r.Key)
		}
		return old.taken(), nil
	}
	var before, beforeFee money.Amount
	for _, t := range b.transfers {
		if t.of == of {
			before, beforeFee = before+t.amount, beforeFee+t.fee
		}
	}
	left, leftFee := of.amount-before, of.fee-beforeFee
	if r.Amount > left || r.Fee > leftFee {
		return ledger.Receipt{}, &ledger.Decline{
			Reason: ledger.ReasonReversed, Key: r.Of, Limit: left + leftFee,
		}
	}
	entries, from := of.back(r, before)
	if from != "" && b.available(from) < r.Amount {
		return ledger.Receipt{}, &ledger.Decline{
			Reason: ledger.ReasonLowBalance, Key: r.Of, Limit: b.available(from),
		}
	}
	t := &transfer{
		id: id, kind: "reversal", wallet: of.wallet, amount: r.Amount, fee: r.Fee, at: r.Now,
		day: r.Day, request: request, of: of, offer: of.offer,
	}
	b.move(t, entries...)
	b.tell(r.Message, of.wallet, r.Now)
	b.record(&r.Record)
	return t.taken(), nil
}

func (t *transfer) reversible() bool {
	return t.kind == "payment" || t.kind == "transfer" || t.kind == "cash_in"
}

// taken is the receipt of a reversal.
func (t *transfer) taken() ledger.Receipt {
	r := ledger.Receipt{
		Amount: t.amount, Fee: t.fee, Balance: t.balance, PostedAt: t.at, TransferID: t.id,
	}
	if t.offer != nil {
		r.Offer = t.offer.Offer
	}
	return r
}

// back is how a reversal is posted when before was taken back already, and the wallet that has to
// have the money.
func (t *transfer) back(r ledger.Reversal, before money.Amount) (entries []entry, from string) {
	payer := "wallet:" + t.wallet
	switch t.kind {
	case "cash_in":
		return []entry{{payer, -r.Amount}, {t.entries[0].account, r.Amount}}, t.wallet
	case "transfer":
		o := t.offer
		return []entry{
			{"wallet:" + o.Payee, -r.Amount}, {"fee:@transfer", -r.Fee}, {payer, r.Amount + r.Fee},
		}, o.Payee
	}
	providerFee := share(t.providerFee, before+r.Amount, t.amount) -
		share(t.providerFee, before, t.amount)
	provider, income := "provider:"+t.offer.Provider, "fee:"+t.offer.Provider
	return []entry{
		{provider, -r.Amount},
		{provider, providerFee},
		{income, -r.Fee - providerFee},
		{payer, r.Amount + r.Fee},
	}, ""
}
