package wallet_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// agent is a network of terminals.
const agent = "terminal"

// openAgent opens the agent with a float.
func (b *bench) openAgent(som int64) {
	b.t.Helper()
	r := ledger.Record{
		Actor: "aida", Act: "agent", Subject: ledger.AgentSubject(agent), Reason: "contract",
		At: b.clock.Now(),
	}
	b.ok(b.store.SetCredit(b.ctx(), agent, 0, r))
	if som > 0 {
		b.ok(b.store.FundAgent(b.ctx(), "first", agent, money.Som(som), "2026-11-21", r))
	}
}

func cashIn(txn string, som int64) wallet.CashIn {
	return wallet.CashIn{
		Agent: agent, Name: "Терминал", Txn: txn, Number: number, Account: "0" + number.Digits()[3:],
		Amount: money.Som(som), TxnDate: "20261121140500",
	}
}

func TestCashIn(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.openAgent(1000)
	b.seed(100)
	owner, err := b.CheckCashIn(b.ctx(), cashIn("", 50))
	b.ok(err)
	if owner != "Asanov A." {
		t.Errorf("owner = %q, want a name that is masked", owner)
	}
	b.silent()
	first, err := b.CashIn(b.ctx(), cashIn("1", 50))
	b.ok(err)
	b.clock.advance(25 * time.Hour) // the next day
	again, err := b.CashIn(b.ctx(), cashIn("1", 50))
	b.ok(err)
	if first.Verdict != ledger.Done || again.Number != first.Number || again.Day != "2026-11-21" {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if balance := b.wallet().Balance; balance != money.Som(150) {
		t.Errorf("balance = %s, want one credit", balance)
	}
	m := b.message(wallet.KindCashIn)
	wantFields(t, m, map[string]string{
		"network": "Терминал", "amount": "50.00", "balance": "150.00",
	})
	if m.Lang != "ru" {
		t.Errorf("language = %q", m.Lang)
	}
	_, err = b.CashIn(b.ctx(), cashIn("1", 51))
	b.declined(err, ledger.ReasonKeyReused)
}

func TestCashInRefusals(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.CashIn(b.ctx(), cashIn("0", 1))
	b.fails(err, ledger.ErrNoAgent)
	b.openAgent(1_000_000)
	refused := func(txn string, som int64, want ledger.Reason) {
		t.Helper()
		_, err := b.CheckCashIn(b.ctx(), cashIn("", som))
		b.declined(err, want)
		a, err := b.CashIn(b.ctx(), cashIn(txn, som))
		b.ok(err)
		if a.Verdict != string(want) {
			t.Errorf("verdict = %q, want %q", a.Verdict, want)
		}
	}
	refused("1", 1, ledger.ReasonNoWallet)
	b.seed(0)
	_, err = b.CheckCashIn(b.ctx(), cashIn("", 0)) // the wallet alone
	b.ok(err)
	refused("2", 30_001, ledger.ReasonLimitPayment)
	b.ok(b.Fund(b.ctx(), "half", number, money.Som(15_000)))
	for _, txn := range []string{"half", "day"} {
		_, err := b.CashIn(b.ctx(), cashIn(txn, 30_000))
		b.ok(err)
		b.message(wallet.KindCashIn)
	}
	refused("4", 1, ledger.ReasonLimitDay)
	b.clock.advance(24 * time.Hour)
	refused("5", 15_001, ledger.ReasonLimitBalance) // 75000 of 90000
	b.ok(wallet.Intervene(b.ctx(), b.store, number, ledger.ActBlock, "aida", "lost", b.clock.Now()))
	refused("3", 1, ledger.ReasonBlocked)
	b.message(wallet.KindBlocked)
	b.ok(wallet.Intervene(b.ctx(), b.store, number, ledger.ActUnblock, "aida", "found",
		b.clock.Now()))
	b.message(wallet.KindUnblocked)
	for _, txn := range []string{"1", "3"} { // what was refused stays refused
		a, err := b.CashIn(b.ctx(), cashIn(txn, 1))
		b.ok(err)
		if a.Verdict == ledger.Done {
			t.Errorf("txn %s is done, but was refused", txn)
		}
	}
	if balance := b.wallet().Balance; balance != money.Som(75_000) {
		t.Errorf("balance = %s, want what was credited before", balance)
	}
	b.silent()
}

func TestCashInFloat(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	_, err := b.CheckCashIn(b.ctx(), cashIn("", 1))
	b.fails(err, ledger.ErrNoAgent)
	b.openAgent(10)
	_, err = b.CheckCashIn(b.ctx(), cashIn("", 11))
	if d := b.declined(err, ledger.ReasonFloat); d.Limit != money.Som(10) {
		t.Errorf("decline = %+v, want that 10 som are there", d)
	}
	_, err = b.CashIn(b.ctx(), cashIn("1", 11))
	b.declined(err, ledger.ReasonFloat)
	a, err := b.CashIn(b.ctx(), cashIn("2", 10))
	b.ok(err)
	if a.Verdict != ledger.Done {
		t.Errorf("verdict = %q", a.Verdict)
	}
}

// cashOut makes a cash-out of so many som and returns its one-time code.
func (b *bench) cashOut(som int64) (code string) {
	b.t.Helper()
	o, err := b.OfferCashOut(b.ctx(), wallet.CashOutQuote{
		Number: number, Amount: money.Som(som), Lang: "ru", Revision: "r1",
	})
	b.ok(err)
	_, err = b.pay(o.ID, canary, "pay "+o.ID)
	b.fails(err, ledger.ErrHeld)
	return b.message(wallet.KindCashCode).secret
}

// another is a code that is not that one.
func another(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func (b *bench) payOut(txn, typed string) ledger.AgentTxn {
	b.t.Helper()
	a, err := b.PayOut(b.ctx(), wallet.PayOut{
		Agent: agent, Txn: txn, Number: number, Account: number.Digits(), Code: secret(typed),
	})
	b.ok(err)
	return a
}

func TestPayOut(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.openAgent(0)
	b.seed(200)
	if a := b.payOut("0", "730154"); a.Verdict != string(ledger.ReasonNoCashOut) {
		t.Errorf("verdict = %q", a.Verdict)
	}
	code := b.cashOut(100)
	if a := b.payOut("1", another(code)); a.Verdict != string(ledger.ReasonCodeWrong) {
		t.Errorf("verdict = %q", a.Verdict)
	}
	first, again := b.payOut("2", code), b.payOut("2", code)
	if first.Verdict != ledger.Done || first.Amount != money.Som(100) ||
		again.Number != first.Number {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if w := b.wallet(); w.Balance != money.Som(95) || w.Held != 0 {
		t.Errorf("wallet has %s, %s of it held", w.Balance, w.Held)
	}
	wantFields(t, b.message(wallet.KindCashOut), map[string]string{
		"amount": "100.00", "balance": "95.00",
	})
	_, err := b.PayOut(b.ctx(), wallet.PayOut{
		Agent: agent, Txn: "3", Number: msisdn.MustParse("996700999999"), Account: "996700999999",
		Code: secret(code),
	})
	b.ok(err)
}

func TestPayOutGivesBackAfterThreeWrongCodes(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.openAgent(0)
	b.seed(200)
	code := b.cashOut(100)
	for n := range 3 {
		b.payOut(strconv.Itoa(n), another(code))
	}
	wantFields(t, b.message(wallet.KindCashVoided), map[string]string{
		"amount": "100.00", "balance": "200.00",
	})
	if a := b.payOut("9", code); a.Verdict != string(ledger.ReasonNoCashOut) {
		t.Errorf("verdict = %q", a.Verdict)
	}
}

func TestPayOutOfABlockedWallet(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.openAgent(0)
	b.seed(200)
	code := b.cashOut(100)
	b.ok(wallet.Intervene(b.ctx(), b.store, number, ledger.ActBlock, "aida", "lost", b.clock.Now()))
	if a := b.payOut("1", code); a.Verdict != string(ledger.ReasonBlocked) {
		t.Errorf("verdict = %q: the code is on the phone that was lost", a.Verdict)
	}
}

func TestAgentRegistry(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.openAgent(1000)
	b.seed(0)
	for _, order := range []struct {
		txn string
		som int64
	}{{"1", 10}, {"2", 900_000}, {"3", 20}} {
		_, err := b.CashIn(b.ctx(), cashIn(order.txn, order.som))
		if order.som < 1000 {
			b.ok(err)
		}
	}
	var txns []string
	line := func(a ledger.AgentTxn) error {
		txns = append(txns, a.Txn)
		return nil
	}
	b.ok(wallet.AgentRegistry(b.ctx(), b.store, agent, ledger.OpCashIn, "2026-11-21", line))
	if len(txns) != 2 || txns[0] != "1" || txns[1] != "3" {
		t.Errorf("registry = %v, want what was done", txns)
	}
	b.ok(wallet.AgentRegistry(b.ctx(), b.store, agent, ledger.OpCashOut, "2026-11-21", line))
	b.ok(wallet.AgentRegistry(b.ctx(), b.store, agent, ledger.OpCashIn, "2026-11-22", line))
	if len(txns) != 2 {
		t.Errorf("another day and another operation: %v", txns)
	}
	full := errors.New("disk is full")
	b.fails(wallet.AgentRegistry(b.ctx(), b.store, agent, ledger.OpCashIn, "2026-11-21",
		func(ledger.AgentTxn) error { return full }), full)
	if wallet.AgentRegistry(b.ctx(), b.store, agent, ledger.OpCashIn, "21.11", line) == nil {
		t.Error("no error for a day that is none")
	}
}
