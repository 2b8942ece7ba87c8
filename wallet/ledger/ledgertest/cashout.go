package ledgertest

import (
	"bytes"
	"slices"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// cashOutPayment makes a payment of a cash-out that is pressed, with the SMS that has its code.
func (b *books) cashOutPayment(wallet string, amount money.Amount) ledger.Payment {
	b.Helper()
	o := b.offer(wallet, amount)
	o.Operation, o.Provider, o.Account = ledger.OpCashOut, "", ""
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	p := b.payment(b.read(o.ID))
	p.Terms = b.terms(o)
	p.Terms.Code = []byte("keyed")
	p.HeldMessage = ledger.Message{
		Key: "cash_code:" + o.ID, To: msisdn.MustParse("996555000001"), Kind: "cash_code",
		Lang: "ru", Fields: map[string]string{"amount": amount.String()}, Sealed: []byte("sealed"),
	}
	return p
}

// The SMS with the code goes out with the hold, once, and with nothing else.
func testHeldMessage(b *books) {
	w := b.wallet(money.Som(100))
	p := b.cashOutPayment(w.ID, money.Som(10))
	for range 2 {
		_, err := b.apply(p)
		b.is(err, ledger.ErrHeld)
	}
	all := b.messages()
	if len(all) != 1 || all[0].Key != p.HeldMessage.Key || all[0].Kind != "cash_code" ||
		!bytes.Equal(all[0].Sealed, p.HeldMessage.Sealed) ||
		len(all[0].Fields) != 1 || all[0].Fields["amount"] != "10.00" {
		b.Errorf("got %+v, want the code alone", all)
	}
	b.must(b.VoidHold(b.ctx(), ledger.Voiding{
		Hold: p.Offer.ID, Reason: ledger.ReasonWithdrawn, Now: b.now,
	}))
	b.verify() // the message tells of a hold that was, whatever came of it

	poor := b.cashOutPayment(w.ID, money.Som(200))
	_, err := b.apply(poor)
	b.declined(err, ledger.ReasonLowBalance)
	posted := b.payment(b.pressed(w.ID, money.Som(1)))
	posted.HeldMessage = ledger.Message{
		Key: "held:" + posted.Offer.ID, To: msisdn.MustParse("996555000001"), Kind: "held",
	}
	_, err = b.apply(posted)
	b.must(err)
	if all := b.messages(); slices.ContainsFunc(all, func(m ledger.Message) bool {
		return m.Key == poor.HeldMessage.Key || m.Key == posted.HeldMessage.Key
	}) {
		b.Errorf("got %+v: a message of a hold that is not", all)
	}
}

// A second cash-out of a wallet is refused for good, and its neighbours in the batch are not
// hindered: neither another wallet's cash-out nor a payment of the same wallet.
func testSecondCashOut(b *books) {
	w, neighbour := b.wallet(money.Som(100)), b.wallet(money.Som(100))
	first := b.cashOutPayment(w.ID, money.Som(10))
	_, err := b.apply(first)
	b.is(err, ledger.ErrHeld)
	second := b.cashOutPayment(w.ID, money.Som(10))
	third := b.cashOutPayment(neighbour.ID, money.Som(10))
	beside := b.payment(b.pressed(w.ID, money.Som(1)))
	beside.Terms = b.terms(beside.Offer)
	results, err := b.Apply(b.ctx(), []ledger.Payment{second, third, beside})
	b.must(err)
	b.declined(results[0].Err, ledger.ReasonCashOut)
	b.is(results[1].Err, ledger.ErrHeld)
	b.is(results[2].Err, ledger.ErrHeld)
	b.inState(second.Offer.ID, ledger.OfferRefused)
	b.has(w.ID, money.Som(100), money.Som(100-11-2))

	both := b.wallet(money.Som(100))
	one, other := b.cashOutPayment(both.ID, money.Som(10)), b.cashOutPayment(both.ID, money.Som(20))
	results, err = b.Apply(b.ctx(), []ledger.Payment{one, other})
	b.must(err)
	b.is(results[0].Err, ledger.ErrHeld)
	b.declined(results[1].Err, ledger.ReasonCashOut)

	b.must(b.VoidHold(b.ctx(), ledger.Voiding{
		Hold: first.Offer.ID, Reason: ledger.ReasonWithdrawn, Now: b.now,
	}))
	_, err = b.apply(b.cashOutPayment(w.ID, money.Som(10)))
	b.is(err, ledger.ErrHeld)
}

// Of racing cash-outs of one wallet one is held.
func testCashOutRace(b *books) {
	w := b.wallet(money.Som(1000))
	payments := make([]ledger.Payment, 8)
	for i := range payments {
		payments[i] = b.cashOutPayment(w.ID, money.Som(10))
	}
	reasons := make([]ledger.Reason, len(payments))
	race(len(payments), func(i int) {
		results, err := b.Apply(b.ctx(), payments[i:i+1])
		if err != nil {
			b.Errorf("apply: %v", err)
			return
		}
		reasons[i] = ledger.ReasonOf(results[0].Err)
	})
	held := 0
	for _, reason := range reasons {
		if reason == "" {
			held++
		} else if reason != ledger.ReasonCashOut {
			b.Errorf("refused for %s", reason)
		}
	}
	if held != 1 {
		b.Errorf("%d are held, want one", held)
	}
	b.has(w.ID, money.Som(1000), money.Som(989))
}
