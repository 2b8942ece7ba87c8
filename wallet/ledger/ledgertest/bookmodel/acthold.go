package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// someHold draws a hold, rather one that has no end.
func (m *machine) someHold() *hold {
	all := m.holds()
	var under []*hold
	for _, h := range all {
		if !h.State.Final() {
			under = append(under, h)
		}
	}
	if len(all) == 0 {
		m.Skip("no holds")
	}
	if len(under) > 0 && !m.chance(4) {
		return pick(m, "hold", under)
	}
	return pick(m, "any hold", all)
}

// holdID draws the id of a hold, or that of an offer that was never held.
func (m *machine) holdID() string {
	h := m.someHold()
	if m.chance(30) {
		return pick(m, "any offer", m.offers).ID
	}
	return h.ID
}

func (m *machine) sendSome() {
	id, now := m.holdID(), m.now
	do := func() {
		got, err := m.SendHold(m.ctx, id, now)
		want, wantErr := m.sendHold(id, now)
		m.compared("send "+id, err, wantErr)
		if err == nil {
			m.sameHold(got, want)
		}
	}
	do()
	m.remember(do, nil)
}

// sameHold compares a hold. What an agent has said of a cash-out is the store's affair.
func (m *machine) sameHold(got ledger.Hold, h *hold) {
	want := h.Hold
	want.Offer = h.offer.Offer
	got.Offer.Fingerprint = nil
	if want.Offer.Operation == ledger.OpCashOut {
		got.LastCode, got.LastError, got.ProviderTxn = "", "", ""
		want.LastCode, want.LastError, want.ProviderTxn = "", "", ""
	}
	m.same("hold "+h.ID, got, want)
}

// reply draws an answer of the other side.
func (m *machine) reply() ledger.Answer {
	return pick(m, "answer", []ledger.Answer{
		{},
		{Code: "90", Detail: "wait"},
		{Code: "1", ProviderTxn: "theirs"},
	})
}

func (m *machine) doubtSome() {
	id, now, a := m.holdID(), m.now, m.reply()
	next := now.Add(time.Duration(rapidOf(m, 3)) * time.Hour)
	do := func() {
		m.compared("doubt "+id, m.DoubtHold(m.ctx, id, a, now, next), m.doubtHold(id, a, now, next))
	}
	do()
	m.remember(do, nil)
}

func (m *machine) suspendSome() {
	id, now := m.holdID(), m.now
	c := ledger.Case{
		Key: "suspense:" + id, Kind: "suspense", Provider: "dostek", Subject: "payment:" + id,
		Amount: 1, Detail: "no answer",
	}
	do := func() {
		m.compared("suspend "+id, m.SuspendHold(m.ctx, id, c, now), m.suspendHold(id, c, now))
	}
	do()
	m.remember(do, nil)
}

func (m *machine) postSome() {
	id := m.holdID()
	o := m.offer(id)
	p := ledger.Posting{Hold: id, Now: m.now, Answer: m.reply(), Message: m.sms("paid", id)}
	if o.Operation == ledger.OpCashOut {
		p.Agent = pick(m, "agent", agents)
	}
	if m.chance(3) {
		p.Amount = m.tyiyn("amount", 1, o.Amount+2)
		p.Fee = m.tyiyn("fee", 0, o.Fee+1)
	}
	if m.chance(3) {
		r := m.by("post")
		p.Record = &r
	}
	m.doPost(p)
	m.remember(func() { m.doPost(p) }, func() {
		other := p
		other.Amount, other.Fee = 1, 0
		m.doPost(other)
	})
}

func (m *machine) doPost(p ledger.Posting) {
	got, err := m.PostHold(m.ctx, p)
	want, wantErr := m.postHold(p)
	m.compared("post "+p.Hold, err, wantErr)
	m.sameReceipt("post "+p.Hold, got, want)
}

func (m *machine) voidSome() {
	id := m.holdID()
	v := ledger.Voiding{
		Hold: id, Reason: ledger.ReasonRefused, Answer: m.reply(), Now: m.now,
		Message: m.sms("returned", id),
	}
	if m.chance(3) {
		attempt := rapidOf(m, 3)
		v.Attempt = &attempt
	}
	if m.chance(3) {
		r := m.by("void")
		v.Record = &r
	}
	m.doVoid(v)
	m.remember(func() { m.doVoid(v) }, func() {
		other := v
		other.Reason = ledger.ReasonExpired
		m.doVoid(other)
	})
}

func (m *machine) doVoid(v ledger.Voiding) {
	m.compared("void "+v.Hold, m.VoidHold(m.ctx, v), m.voidHold(v))
}

func (m *machine) dueSome() {
	limit := rapidOf(m, 4) + 1
	lease := time.Duration(rapidOf(m, 3)) * time.Hour
	got, err := m.DueHolds(m.ctx, m.now, lease, limit)
	m.compared("due holds", err, nil)
	want := m.due(m.now)
	want = want[:min(limit, len(want))]
	if len(got) != len(want) {
		m.Fatalf("the store has %d holds that are due, the book %d", len(got), len(want))
	}
	for i, h := range want {
		h.leased = m.now.Add(lease)
		m.sameHold(got[i], h)
	}
}

func (m *machine) leaseSome() {
	id := m.holdID()
	lease := time.Duration(rapidOf(m, 3)) * time.Hour
	got, err := m.LeaseHold(m.ctx, id, m.now, lease)
	m.compared("lease "+id, err, nil)
	m.same("lease "+id, got, m.leaseHold(id, m.now, lease))
}

func (m *machine) retrySome() {
	id, r := m.holdID(), m.by("retry")
	do := func() { m.compared("retry "+id, m.RetryHold(m.ctx, id, r), m.retryHold(id, r)) }
	do()
	m.remember(do, nil)
}

func (m *machine) reverseSome() {
	if len(m.transfers) == 0 {
		m.Skip("no transfers")
	}
	var reversible []*transfer
	for _, t := range m.transfers {
		if t.reversible() {
			reversible = append(reversible, t)
		}
	}
	of := pick(m, "transfer", m.transfers)
	if n := len(reversible); n > 0 && !m.chance(6) {
		of = pick(m, "recent transfer", reversible[max(0, n-5):])
	}
	r := ledger.Reversal{
		Of: of.id, Key: fmt.Sprint(rapidOf(m, 4)), Day: m.day(), Month: m.month(), Now: m.now,
		Record: m.by("reverse"),
	}
	switch rapidOf(m, 3) {
	case 0:
		r.Amount, r.Fee = of.amount, of.fee
	case 1:
		r.Amount = m.tyiyn("amount", 1, of.amount+1)
		r.Fee = m.tyiyn("fee", 0, of.fee)
	default:
		r.Fee = of.fee
		r.Amount = m.tyiyn("small amount", 0, min(of.amount, 100))
	}
	if m.chance(20) {
		r.Of = "none"
	}
	r.Amount = min(r.Amount, ledger.MaxAmount)
	if r.Amount+r.Fee == 0 {
		r.Amount = 1
	}
	r.Record.Subject = ledger.PaymentSubject(r.Of)
	r.Message = m.sms("refunded", r.Of+":"+r.Key)
	m.doReverse(r)
	m.remember(func() { m.doReverse(r) }, func() {
		other := r
		other.Amount += money.Amount(rapidOf(m, 2) + 1)
		m.doReverse(other)
	})
}

func (m *machine) doReverse(r ledger.Reversal) {
	got, err := m.Reverse(m.ctx, r)
	want, wantErr := m.reverse(r)
	m.compared("reverse "+r.Of, err, wantErr)
	m.sameReceipt("reverse "+r.Of, got, want)
}
