package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func (m *machine) fundSome() {
	w := pick(m, "wallet", m.wallets).ID
	key, now := fmt.Sprint("fund", rapidOf(m, 30)), m.now
	amount := m.tyiyn("amount", 1, 9000)
	m.doFund(key, w, amount, money.Som(220), now)
	m.remember(func() { m.doFund(key, w, amount, money.Som(220), now) }, func() {
		m.doFund(key, w, amount+1, ledger.MaxBalance, now)
	})
}

func (m *machine) doFund(key, wallet string, amount, most money.Amount, now time.Time) {
	m.compared("fund "+key, m.Fund(m.ctx, key, wallet, amount, most, now),
		m.fund(key, wallet, amount, most, now))
}

func (m *machine) doCredit(agent string, credit money.Amount, r ledger.Record) {
	m.compared("credit of "+agent, m.SetCredit(m.ctx, agent, credit, r),
		m.setCredit(agent, credit, r))
}

func (m *machine) creditSome() {
	a := pick(m, "agent", agents[:2])
	m.doCredit(a, money.Som(pick(m, "som", []int64{0, 20, 100})), m.by("agent credit"))
}

func (m *machine) floatSome() {
	a := pick(m, "agent", agents)
	key, r, day := fmt.Sprint("float", rapidOf(m, 20)), m.by("agent fund"), m.day()
	amount := m.tyiyn("amount", -9000, 20000)
	if amount == 0 {
		amount = 1
	}
	do := func(amount money.Amount) {
		m.compared("float "+key, m.FundAgent(m.ctx, key, a, amount, day, r),
			m.fundAgent(key, a, amount, day, r))
	}
	do(amount)
	m.remember(func() { do(amount) }, func() { do(amount + 20001) })
}

// txn draws what an agent calls a request, mostly a new one.
func (m *machine) txn() string {
	if m.chance(4) {
		return fmt.Sprint(rapidOf(m, 6))
	}
	return m.next()
}

func (m *machine) cashInSome() {
	w := pick(m, "wallet", m.wallets)
	c := ledger.CashIn{
		Agent: pick(m, "agent", agents), Txn: m.txn(), Account: w.Number.Digits(), Wallet: w.ID,
		Amount: m.amount(), TxnDate: "20261127120000",
		Limits: m.limits[ledger.OpCashIn], Most: money.Som(200), Day: m.day(), Month: m.month(),
		Now: m.now,
	}
	if c.Agent == agents[2] && !m.chance(3) {
		c.Agent = agents[0]
	}
	switch rapidOf(m, 12) {
	case 0:
		c.Refuse = ledger.ReasonBlocked
	case 1:
		c.Wallet = ""
	}
	c.Message = m.sms("cash_in", c.Agent+":"+c.Txn)
	m.doCashIn(c)
	m.remember(func() { m.doCashIn(c) }, func() {
		other := c
		other.Amount++
		m.doCashIn(other)
	})
}

func (m *machine) doCashIn(c ledger.CashIn) {
	got, err := m.CashIn(m.ctx, c)
	want, wantErr := m.cashIn(c)
	m.compared("cash-in "+c.Txn, err, wantErr)
	m.sameTxn(got, want, err)
}

// sameTxn compares an answer to an agent. The store numbers the answers, upwards.
func (m *machine) sameTxn(got ledger.AgentTxn, want *ledger.AgentTxn, err error) {
	if err != nil {
		m.same("answer of a decline", got, ledger.AgentTxn{})
		return
	}
	if want.Number == 0 {
		for _, t := range m.txns {
			if t.Number >= got.Number {
				m.Fatalf("number %d comes after %d", got.Number, t.Number)
			}
		}
		want.Number = got.Number
	}
	m.said[want.Verdict]++
	expected := *want
	expected.Fingerprint, got.Fingerprint = nil, nil
	m.same("answer to "+got.Txn, got, expected)
}

func (m *machine) payOutSome() {
	w := pick(m, "wallet", m.wallets)
	for _, other := range m.wallets {
		if m.cashOut(other.ID) != nil && m.chance(2) {
			w = other
		}
	}
	p := ledger.PayOut{
		Agent: pick(m, "agent", agents[:2]), Txn: m.txn(), Account: w.Number.Digits(), Wallet: w.ID,
		Code: []byte(pick(m, "code", []string{"123456", "654321"})), TxnDate: "20261127120000",
		Tries: 3, Day: m.day(), Month: m.month(), Now: m.now,
	}
	for _, h := range m.holds() {
		if h.offer.Operation == ledger.OpCashOut && h.offer.Wallet == w.ID &&
			(!h.State.Final() || m.chance(6)) {
			p.Hold = h.ID
		}
	}
	switch rapidOf(m, 12) {
	case 0:
		p.Refuse = ledger.ReasonBlocked
	case 1:
		p.Wallet, p.Hold = "", ""
	case 2:
		p.Agent = agents[2]
	case 3, 4:
		p.Amount = m.tyiyn("amount", 1, 50)
	case 5, 6:
		if o := m.offer(p.Hold); o != nil {
			p.Amount = o.Amount
		}
	}
	p.Message, p.Voided = m.sms("cash_out", p.Hold+p.Txn), m.sms("cash_voided", p.Hold+p.Txn)
	m.doPayOut(p)
	m.remember(func() { m.doPayOut(p) }, func() {
		other := p
		other.Code = []byte("000000")
		m.doPayOut(other)
	})
}

func (m *machine) doPayOut(p ledger.PayOut) {
	got, err := m.PayOut(m.ctx, p)
	want, wantErr := m.payOut(p)
	m.compared("pay-out "+p.Txn, err, wantErr)
	m.sameTxn(got, want, err)
}
