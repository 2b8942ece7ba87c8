package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// recent draws an offer, rather one of the last ones.
func (m *machine) recent() *offer {
	if len(m.offers) == 0 {
		m.Skip("no offers")
	}
	if m.chance(4) {
		return pick(m, "offer", m.offers)
	}
	return pick(m, "recent offer", m.offers[max(0, len(m.offers)-8):])
}

// draft draws an offer of an operation.
func (m *machine) draft(op ledger.Operation) ledger.Offer {
	w := pick(m, "wallet", m.wallets)
	o := ledger.Offer{
		ID: "offer" + m.next(), Wallet: w.ID, Operation: op, Amount: m.amount(),
		Fee: m.tyiyn("fee", 0, 150), Code: fmt.Sprint(7000000000 + m.serial),
		Revision: "0123456789ab", Lang: "ru", CreatedAt: m.now, ExpiresAt: m.now.Add(2 * time.Hour),
	}
	switch op {
	case ledger.OpPayment:
		o.Provider = pick(m, "provider", providers)
		o.ProviderName, o.Account = "Достек", pick(m, "account", []string{"0123", "4567"})
		if m.chance(2) {
			o.ProviderFee = m.tyiyn("provider fee", 0, min(200, o.Amount-1))
		}
	case ledger.OpTransfer:
		payee := pick(m, "payee", m.wallets)
		o.Payee, o.Account = payee.ID, payee.Number.Digits()
		if payee.ID == w.ID {
			o.Payee = "nowhere"
		}
	}
	return o
}

func (m *machine) operation() ledger.Operation {
	return pick(m, "operation", []ledger.Operation{
		ledger.OpPayment, ledger.OpPayment, ledger.OpTransfer, ledger.OpCashOut,
	})
}

func (m *machine) open() { m.openAndRemember(m.draft(m.operation())) }

func (m *machine) openAndRemember(o ledger.Offer) *offer {
	m.doOpen(o)
	m.remember(func() { m.doOpen(o) }, func() {
		other := o
		switch rapidOf(m, 3) {
		case 0:
			other.Amount++
		case 1:
			other.Fee++
		default:
			other.Code = "1"
		}
		m.doOpen(other)
	})
	return m.offer(o.ID)
}

// rapidOf draws one of n.
func rapidOf(m *machine, n int) int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return pick(m, "which", all)
}

func (m *machine) doOpen(o ledger.Offer) {
	m.compared("open "+o.ID, m.OpenOffer(m.ctx, o), m.openOffer(o))
}

func (m *machine) withdrawSome() {
	w := pick(m, "wallet", m.wallets)
	for _, other := range m.wallets {
		if m.current(other.ID) != nil {
			w = other
		}
	}
	m.endOpen(w.ID, ledger.OfferWithdrawn)
	m.compared("withdraw", m.Withdraw(m.ctx, w.ID), nil)
}

func (m *machine) pressSome() {
	id := m.recent().ID
	if m.chance(20) {
		id = "none"
	}
	m.doPress(id, m.now)
}

func (m *machine) doPress(id string, now time.Time) {
	m.compared("press "+id, m.Press(m.ctx, id, now), m.press(id, now))
}

// A paying is a payment that is made up anew when it is made again: a caller reads the offer.
type paying struct {
	id     string
	held   bool
	other  int // which field is another one, 0 = none
	code   string
	next   time.Time
	end    time.Time
	now    time.Time
	most   money.Amount
	limits ledger.Limits
	out    ledger.Limits
}

func (m *machine) paying(o *offer, held bool) paying {
	code := ""
	if o.Operation == ledger.OpCashOut {
		code, held = pick(m, "code", []string{"123456", "654321"}), true
	}
	return paying{
		id: o.ID, held: held && o.Operation != ledger.OpTransfer, code: code, now: m.now,
		next: m.now.Add(time.Minute), end: m.now.Add(24 * time.Hour), most: money.Som(300),
		limits: m.limits[o.Operation], out: m.limits[ledger.OpOut],
	}
}

// payment is what a caller asks the store for.
func (m *machine) payment(p paying) ledger.Payment {
	o := ledger.Offer{ID: p.id, Wallet: "w0", Operation: ledger.OpPayment}
	if known := m.offer(p.id); known != nil {
		o = known.Offer
	}
	switch p.other {
	case 1:
		o.Amount++
	case 2:
		o.Account += "1"
	case 3:
		o.Fee++
	}
	payment := ledger.Payment{
		Offer: o, Limits: p.limits, Out: p.out, Day: p.now.Format(time.DateOnly),
		Month: p.now.Format("2006-01"), Now: p.now,
		Message: m.sms("paid", o.ID), Refusal: m.sms("not_paid", o.ID),
	}
	if o.Operation == ledger.OpTransfer {
		payment.PayeeMost, payment.PayeeMessage = p.most, m.sms("received", o.ID)
	}
	if p.held {
		payment.Terms = ledger.Terms{Txn: "txn-" + o.ID, NextAt: p.next, Deadline: p.end}
		payment.HeldMessage = m.sms("held", o.ID)
		if p.code != "" {
			payment.Terms.Code = []byte(p.code)
		}
	}
	return payment
}

// applySome executes some offers in one batch, repeats and other contents among them.
func (m *machine) applySome() {
	var all []paying
	for range rapidOf(m, 4) + 1 {
		p := m.paying(m.recent(), m.chance(2))
		if m.chance(8) {
			p.other = rapidOf(m, 3) + 1
		}
		if m.chance(30) {
			p.id, p.held, p.code = "none", false, ""
		}
		all = append(all, p)
	}
	m.applyAndRemember(all...)
}

func (m *machine) applyAndRemember(all ...paying) {
	m.doApply(all...)
	m.remember(func() { m.doApply(all...) }, func() {
		other := all[0]
		other.other = rapidOf(m, 3) + 1
		m.doApply(other)
	})
}

func (m *machine) doApply(all ...paying) {
	payments := make([]ledger.Payment, len(all))
	for i, p := range all {
		payments[i] = m.payment(p)
	}
	results, err := m.Apply(m.ctx, payments)
	m.must(err)
	if len(results) != len(all) {
		m.Fatalf("%d results for %d payments", len(results), len(all))
	}
	for i, p := range payments {
		m.sameResult("apply "+p.Offer.ID, results[i], m.apply(p))
	}
}

func (m *machine) sameResult(what string, got, want ledger.Result) {
	m.compared(what, got.Err, want.Err)
	m.sameReceipt(what, got.Receipt, want.Receipt)
}

func (m *machine) sameReceipt(what string, got, want ledger.Receipt) {
	got.Offer.Fingerprint, want.Offer.Fingerprint = nil, nil
	m.same(what, got, want)
}

// payOne takes a payment or a transfer from the screen to its end.
func (m *machine) payOne() {
	op := pick(m, "operation", []ledger.Operation{ledger.OpPayment, ledger.OpTransfer})
	m.take(m.draft(op), false)
}

// holdOne takes a payment to its hold.
func (m *machine) holdOne() { m.take(m.draft(ledger.OpPayment), true) }

// cashOutOne takes a cash-out to its hold.
func (m *machine) cashOutOne() { m.take(m.draft(ledger.OpCashOut), true) }

func (m *machine) take(draft ledger.Offer, held bool) {
	o := m.openAndRemember(draft)
	m.doPress(o.ID, m.now)
	m.applyAndRemember(m.paying(o, held))
}

func (m *machine) refuseSome() {
	id, now := m.recent().ID, m.now
	var msg *ledger.Message
	if m.chance(2) {
		sms := m.sms("not_paid", id)
		msg = &sms
	}
	do := func() {
		got, err := m.Refuse(m.ctx, id, ledger.ReasonNotTaken, now, msg)
		want, wantErr := m.refuse(id, ledger.ReasonNotTaken, now, msg)
		m.compared("refuse "+id, err, wantErr)
		m.sameResult("refuse "+id, got, want)
	}
	do()
	m.remember(do, nil)
}
