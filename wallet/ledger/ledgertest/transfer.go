package ledgertest

import (
	"sync/atomic"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// testTransfer moves money to another wallet, with an SMS to both.
func testTransfer(b *books) {
	from, to := b.wallet(money.Som(100)), b.wallet(money.Som(5))
	p := b.payment(b.pressedTransfer(from.ID, to, money.Som(10)))
	p.PayeeMessage = ledger.Message{
		Key: "received:" + p.Offer.ID, To: msisdn.MustParse("996555000002"), Kind: "received",
		Lang: "ky",
	}
	r, err := b.apply(p)
	b.must(err)
	if r.Balance != money.Som(89) || r.Offer.Payee != to.ID {
		b.Errorf("got %+v", r)
	}
	b.has(from.ID, money.Som(89), money.Som(89))
	b.has(to.ID, money.Som(15), money.Som(15))
	b.account(ledger.OperationFeeAccount(ledger.OpTransfer), money.Som(1))
	b.used(from.ID, ledger.OpTransfer, money.Som(10))
	all := b.messages()
	if len(all) != 2 || all[0].Fields["balance"] != "89.00" || all[1].Fields["balance"] != "15.00" {
		b.Errorf("got messages %+v", all)
	}
	if used, err := b.Used(b.ctx(), to.ID, ledger.OpOut, day, month); err != nil || used.Month != 0 {
		b.Errorf("the payee has used %+v, %v", used, err)
	}
}

// testTransferLimits is about how much the payee may hold, and about payees that are no wallets.
func testTransferLimits(b *books) {
	from, to := b.wallet(money.Som(100)), b.wallet(money.Som(5))
	b.held(to.ID, money.Som(3)) // what is held is part of what it holds
	send := func(most money.Amount) error {
		p := b.payment(b.pressedTransfer(from.ID, to, money.Som(10)))
		p.PayeeMost = most
		_, err := b.apply(p)
		return err
	}
	if d := b.declined(send(money.Som(14)), ledger.ReasonPayeeLimit); d.Limit != money.Som(9) {
		b.Errorf("the payee may get %s, want 9 som", d.Limit)
	}
	if d := b.declined(send(money.Som(1)), ledger.ReasonPayeeLimit); d.Limit != 0 {
		b.Errorf("the payee may get %s, want nothing", d.Limit)
	}
	b.must(send(money.Som(15)))
	gone := ledger.Wallet{ID: "gone", Number: to.Number}
	_, err := b.apply(b.payment(b.pressedTransfer(from.ID, gone, money.Som(10))))
	b.declined(err, ledger.ReasonPayeeLimit)
	b.has(from.ID, money.Som(89), money.Som(89))
	b.has(to.ID, money.Som(15), money.Som(11))
}

// testTransferBatch executes transfers in a row in one call: a payee that pays on, and back.
func testTransferBatch(b *books) {
	one, two, three := b.wallet(money.Som(100)), b.wallet(money.Som(1)), b.wallet(money.Som(1))
	free := func(from, to ledger.Wallet, amount money.Amount) ledger.Payment {
		o := b.offer(from.ID, amount)
		o.Operation, o.Provider, o.Payee, o.Fee = ledger.OpTransfer, "", to.ID, 0
		o.Account = to.Number.Digits()
		b.must(b.OpenOffer(b.ctx(), o))
		b.must(b.Press(b.ctx(), o.ID, b.now))
		return b.payment(b.read(o.ID))
	}
	results, err := b.Apply(b.ctx(), []ledger.Payment{
		free(one, two, money.Som(50)), free(two, three, money.Som(51)),
		free(three, one, money.Som(52)), free(two, one, 1),
		free(one, three, money.Som(100)),
	})
	b.must(err)
	for i, want := range []ledger.Reason{"", "", "", ledger.ReasonLowBalance, ""} {
		if got := ledger.ReasonOf(results[i].Err); got != want {
			b.Errorf("transfer %d: %q, want %q", i, got, want)
		}
	}
	b.has(one.ID, money.Som(2), money.Som(2))
	b.has(two.ID, 0, 0)
	b.has(three.ID, money.Som(100), money.Som(100))
}

// testTransferRace sends money there and back at once: neither deadlocks nor loses any.
func testTransferRace(b *books) {
	const racers, each = 8, 6
	wallets := []ledger.Wallet{b.wallet(money.Som(1000)), b.wallet(money.Som(1000))}
	var payments [racers][each]ledger.Payment
	for i := range racers {
		for j := range each {
			from, to := wallets[i%2], wallets[1-i%2]
			payments[i][j] = b.payment(b.pressedTransfer(from.ID, to, money.Som(3)))
		}
	}
	race(racers, func(i int) {
		for _, p := range payments[i] {
			results, err := b.Apply(b.ctx(), []ledger.Payment{p})
			if err != nil || results[0].Err != nil {
				b.Errorf("transfer: %+v, %v", results, err)
			}
		}
	})
	const fees = racers / 2 * each
	for _, w := range wallets {
		b.has(w.ID, money.Som(1000-fees), money.Som(1000-fees))
	}
}

// testReverseTransfer takes transfers and cash-ins back from those who have got them.
func testReverseTransfer(b *books) {
	from, to := b.wallet(money.Som(100)), b.wallet(0)
	r, err := b.apply(b.payment(b.pressedTransfer(from.ID, to, money.Som(10))))
	b.must(err)
	b.held(to.ID, money.Som(5)) // with its fee: 4 of 10 som are left
	_, err = b.Reverse(b.ctx(), b.reversal(r.TransferID, "1", money.Som(5), 0))
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != money.Som(4) {
		b.Errorf("there is %s to take back, want 4 som", d.Limit)
	}
	back, err := b.Reverse(b.ctx(), b.reversal(r.TransferID, "2", money.Som(4), money.Som(1)))
	b.must(err)
	if back.Balance != money.Som(94) {
		b.Errorf("got %+v", back)
	}
	b.has(from.ID, money.Som(94), money.Som(94))
	b.has(to.ID, money.Som(6), 0)
	b.account(ledger.OperationFeeAccount(ledger.OpTransfer), 0)

	b.openAgent(network, money.Som(100))
	cashed := b.answers(b.cashIn("1", from, money.Som(20)), ledger.Done)
	back, err = b.Reverse(b.ctx(), b.reversal(cashed.Transfer, "1", money.Som(20), 0))
	b.must(err)
	if back.Balance != money.Som(94) || back.Offer.ID != "" {
		b.Errorf("got %+v", back)
	}
	b.agentHas(network, money.Som(100), 0)
	cashed = b.answers(b.cashIn("2", to, money.Som(20)), ledger.Done)
	b.has(to.ID, money.Som(26), money.Som(20))
	b.held(to.ID, money.Som(15))
	_, err = b.Reverse(b.ctx(), b.reversal(cashed.Transfer, "1", money.Som(5), 0))
	b.declined(err, ledger.ReasonLowBalance)
	_, err = b.Reverse(b.ctx(), b.reversal(cashed.Transfer, "2", 0, 1))
	b.declined(err, ledger.ReasonReversed) // it had no fee
}

// testReverseProviderFee takes a payment back by and by: what the provider has paid comes back to
// it to the tyiyn, and what it got is a claim once it was settled.
func testReverseProviderFee(b *books) {
	w := b.wallet(money.Som(100))
	o := b.offer(w.ID, money.Som(10))
	o.Provider, o.ProviderFee, o.Fee = "third", 100, 7
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	_, err := b.apply(b.payment(b.read(o.ID)))
	b.must(err)
	b.account(ledger.ProviderAccount("third"), 900)
	b.account(ledger.FeeAccount("third"), 107)
	for i, part := range []struct{ amount, fee, provider, income money.Amount }{
		{333, 0, 600, 74}, // 33.3 of its fee
		{333, 7, 301, 33}, // 66.6
		{334, 0, 0, 0},
	} {
		_, err := b.Reverse(b.ctx(), b.reversal(o.ID, digits(i, 2), part.amount, part.fee))
		b.must(err)
		b.account(ledger.ProviderAccount("third"), part.provider)
		b.account(ledger.FeeAccount("third"), part.income)
	}
	b.has(w.ID, money.Som(100), money.Som(100))

	fee := b.pressed(w.ID, money.Som(10))
	_, err = b.apply(b.payment(fee))
	b.must(err)
	_, err = b.Reverse(b.ctx(), b.reversal(fee.ID, "fee", 0, money.Som(1)))
	b.must(err)
	b.account(ledger.FeeAccount("dostek"), 0)
	b.has(w.ID, money.Som(90), money.Som(90))
}

// testOperationLimits counts every operation by itself, and all that leaves the wallet together.
func testOperationLimits(b *books) {
	w, to := b.wallet(money.Som(1000)), b.wallet(0)
	apply := func(p ledger.Payment, own, out money.Amount) error {
		p.Limits.PerDay, p.Out.PerMonth = own, out
		_, err := b.apply(p)
		return err
	}
	pay := func(own, out money.Amount) error {
		return apply(b.payment(b.pressed(w.ID, money.Som(30))), own, out)
	}
	send := func(own, out money.Amount) error {
		return apply(b.payment(b.pressedTransfer(w.ID, to, money.Som(30))), own, out)
	}
	b.must(pay(money.Som(50), money.Som(100)))
	if d := b.declined(pay(money.Som(50), money.Som(100)), ledger.ReasonLimitDay); d.Limit !=
		money.Som(20) {
		b.Errorf("the limit lets %s through", d.Limit)
	}
	b.must(send(money.Som(50), money.Som(100))) // another operation
	hold := b.offer(w.ID, money.Som(20))
	hold = b.heldOffer(hold, nil) // what is held counts
	for _, do := range []func(own, out money.Amount) error{pay, send} {
		if d := b.declined(do(money.Som(900), money.Som(100)), ledger.ReasonLimitMonth); d.Limit !=
			money.Som(20) {
			b.Errorf("the limit of all lets %s through", d.Limit)
		}
	}
	b.must(b.VoidHold(b.ctx(), b.voiding(hold)))
	b.must(pay(money.Som(900), money.Som(100)))
	for op, want := range map[ledger.Operation]money.Amount{
		ledger.OpPayment: money.Som(60), ledger.OpTransfer: money.Som(30), ledger.OpOut: money.Som(90),
		ledger.OpCashOut: 0,
	} {
		if used, err := b.Used(b.ctx(), w.ID, op, day, month); err != nil || used.Month != want {
			b.Errorf("%s: used %+v, %v, want %s", op, used, err, want)
		}
	}
	if used, err := b.Used(b.ctx(), to.ID, ledger.OpOut, day, month); err != nil || used.Month != 0 {
		b.Errorf("who gets money uses %+v, %v", used, err)
	}
}

// testDayTurnsBack is about two gateways whose clocks are on both sides of midnight: a day that is
// over counts no more, and what is given back later is given back where it was counted.
func testDayTurnsBack(b *books) {
	const next = "2026-11-22"
	w := b.wallet(money.Som(1000))
	on := func(date string, limit money.Amount) error {
		p := b.payment(b.pressed(w.ID, money.Som(30)))
		p.Day, p.Limits.PerDay = date, limit
		_, err := b.apply(p)
		return err
	}
	b.must(on(day, money.Som(50)))
	old := b.held(w.ID, money.Som(10)) // in the first day
	b.must(on(next, money.Som(50)))
	b.declined(on(day, money.Som(50)), ledger.ReasonLimitDay) // it counts in the later day
	late := b.held(w.ID, money.Som(10))
	if h := b.inHold(late.ID, ledger.HoldHeld); h.Day != next {
		b.Errorf("it is counted in %s, want %s", h.Day, next)
	}
	check := func(inDay, inMonth money.Amount) {
		b.Helper()
		used, err := b.Used(b.ctx(), w.ID, ledger.OpPayment, next, month)
		if err != nil || used.Day != inDay || used.Month != inMonth {
			b.Errorf("used %+v, %v, want %s and %s", used, err, inDay, inMonth)
		}
	}
	check(money.Som(40), money.Som(80))
	b.must(b.VoidHold(b.ctx(), b.voiding(old)))
	check(money.Som(40), money.Som(70))
	b.must(b.VoidHold(b.ctx(), b.voiding(late)))
	check(money.Som(30), money.Som(60))
}

// testReverseRace takes one payment back many times at once: with different keys, together never
// more than it was; with one key, once.
func testReverseRace(b *books) {
	const racers = 8
	w := b.wallet(money.Som(100))
	for round := range 4 {
		o := b.pressed(w.ID, money.Som(10))
		_, err := b.apply(b.payment(o))
		b.must(err)
		var done, declined atomic.Int64
		race(racers, func(i int) {
			key := "same"
			if round%2 == 0 {
				key = digits(i, 2)
			}
			switch _, err := b.Reverse(b.ctx(), b.reversal(o.ID, key, money.Som(10), money.Som(1))); {
			case err == nil:
				done.Add(1)
			case ledger.ReasonOf(err) == ledger.ReasonReversed:
				declined.Add(1)
			default:
				b.Errorf("reverse: %v", err)
			}
		})
		want := int64(1)
		if round%2 == 1 {
			want = racers // the same receipt for all
		}
		if done.Load() != want || done.Load()+declined.Load() != racers {
			b.Errorf("%d reversed, %d declined, want %d", done.Load(), declined.Load(), want)
		}
		b.has(w.ID, money.Som(100), money.Som(100))
	}
}
