package teller_test

import (
	"time"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func offerStories() []story {
	const offer = "payment.offer"
	fails := func(args ...string) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(20_000)
			return b.do(call(offer, args...)), nil
		}
	}
	return []story{
		{offer, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			a := b.do(quote("100.50"))
			return a, values{"offer": b.current().ID, "amount": "100.50", "fee": "1.01"}
		}},
		{offer, "repeated", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.must("paid", pay(b.offered("100"), right))
			b.clock.advance(9 * time.Minute)
			return b.do(quote("100")), values{"time": "14:05"}
		}},
		{offer, "ok", "again", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.must("paid", pay(b.offered("100"), right))
			a := b.do(quote("100.00", "again", "yes"))
			return a, values{"offer": b.current().ID, "amount": "100.00", "fee": "1.00"}
		}},
		{offer, "account_refused", "", fails(
			"provider", "dostek", "account", "1"+dostek[1:], "amount", "100")},
		{offer, "below_min", "", fails("provider", "dostek", "account", dostek, "amount", "0.99")},
		{offer, "above_max", "", fails(
			"provider", "dostek", "account", dostek, "amount", "15000.01")},
		{offer, "stopped", "unknown", fails(
			"provider", "nobody", "account", dostek, "amount", "100")},
		{offer, "stopped", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.stopDostek()
			return b.do(quote("100")), nil
		}},
		{offer, "low_balance", "for the fee", func(b *bench) (ussd.Answer, values) {
			b.seed(100)
			return b.do(quote("100")), values{"balance": "100.00"}
		}},
		{offer, "account_refused", "its second field", fails(
			"provider", "vostokelectro", "account", "12/34567", "amount", "100")},
		{offer, "blocked", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.block()
			return b.do(quote("100")), nil
		}},
		{"payment.withdraw", "done", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.offered("100")
			return b.do(call("payment.withdraw")), nil
		}},
		{"payment.withdraw", "done", "nothing to withdraw", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call("payment.withdraw")), nil
		}},
	}
}

// block blocks the wallet with its PIN.
func (b *bench) block() {
	b.t.Helper()
	b.must("ok", typing(right, "wallet.block"))
}

// stopDostek reopens the wallet with a catalogue that has Dostek stopped.
func (b *bench) stopDostek() {
	b.t.Helper()
	const id = `- id: "dostek"`
	b.reopen(wallet.Config{}, id, id+"\n        stopped: \"yes\"")
}

// spend pays Dostek so many times. No payment is asked about twice.
func (b *bench) spend(times int, amount string) {
	b.t.Helper()
	for range times {
		b.must("paid", pay(b.offered(amount, "again", "yes"), right))
	}
}

func limitStories() []story {
	const offer = "payment.offer"
	return []story{
		{offer, "limit", "of a payment", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{}, `payment: {once: "15000"`, `payment: {once: "500"`)
			b.seed(1000)
			return b.do(quote("500.01")), values{"rest": "500.00"}
		}},
		{offer, "limit", "of the day", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			b.spend(2, "14000")
			return b.do(quote("2000.01")), values{"rest": "2000.00"}
		}},
		{offer, "limit", "of the day, used up", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			b.spend(2, "15000")
			return b.do(quote("1")), values{"rest": "0.00"}
		}},
		{offer, "ok", "on the next day", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			b.spend(2, "15000")
			b.clock.advance(9*time.Hour + 55*time.Minute) // midnight in Bishkek
			a := b.do(quote("15000"))
			return a, values{"offer": b.current().ID, "amount": "15000.00", "fee": "150.00"}
		}},
		{offer, "limit", "of the month", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			b.spend(2, "15000")
			b.clock.advance(24 * time.Hour)
			b.spend(2, "14000")
			b.clock.advance(24 * time.Hour)
			return b.do(quote("2000.01")), values{"rest": "2000.00"}
		}},
	}
}

func payStories() []story {
	const act = "payment.pay"
	return []story{
		{act, "paid", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			return b.do(pay(o, right)), paid(o, "100.00", "1.00", "899.00")
		}},
		{act, "paid", "after the books were away", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.lose(o)
			return b.do(pay(o, right)), paid(o, "100.00", "1.00", "899.00")
		}},
		{act, "wrong_pin", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			return b.do(pay(b.offered("100"), wrong)), values{"left": "2"}
		}},
		{act, "wrong_pin", "the last but one", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("wrong_pin", pay(o, wrong))
			return b.do(pay(o, wrong)), values{"left": "1"}
		}},
		{act, "wrong_pin", "nine are left", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{MaxTries: 10})
			b.seed(1000)
			return b.do(pay(b.offered("100"), wrong)), values{"left": "9"}
		}},
		{act, "paid", "after a wrong PIN", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("wrong_pin", pay(o, wrong))
			return b.do(pay(o, right)), paid(o, "100.00", "1.00", "899.00")
		}},
		{act, "locked", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("wrong_pin", pay(o, wrong))
			b.must("wrong_pin", pay(o, wrong))
			return b.do(pay(o, wrong)), values{"until": "21.11.26 14:35"}
		}},
		{act, "locked", "the right PIN too, past midnight", func(b *bench) (ussd.Answer, values) {
			b.clock.advance(9*time.Hour + 30*time.Minute)
			b.seed(1000)
			o := b.offered("100")
			for range 2 {
				b.must("wrong_pin", pay(o, wrong))
			}
			b.must("locked", pay(o, wrong))
			return b.do(pay(o, right)), values{"until": "22.11.26 00:05"}
		}},
		{act, "first_pin", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{MustChangeFirstPIN: true})
			b.must("ok", register(inn))
			b.fund(1000)
			return b.do(pay(b.offered("100"), b.firstPIN())), nil
		}},
		{act, "paid", "with the first PIN", func(b *bench) (ussd.Answer, values) {
			b.must("ok", register(inn))
			b.fund(1000)
			o := b.offered("100")
			return b.do(pay(o, b.firstPIN())), paid(o, "100.00", "1.00", "899.00")
		}},
	}
}

// paid are the values of a payment of o.
func paid(o ledger.Offer, amount, fee, balance string) values {
	return values{"code": o.Code, "amount": amount, "fee": fee, "balance": balance}
}

// changedStories are about a PIN for an offer that is not the open one.
func changedStories() []story {
	const act = "payment.pay"
	return []story{
		{act, "changed", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("ok", call("payment.offer",
				"provider", "kyrgyztelecom", "account", "0312123456", "amount", "20.50"))
			return b.do(pay(o, right)), values{
				"category": "landline", "provider": "kyrgyztelecom", "full_account": "0312123456",
				"amount": "20.50", "fee": "0.21", "offer": b.current().ID,
			}
		}},
		{act, "changed", "whatever the PIN is", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o, open := b.offered("100"), b.offered("200")
			for range 5 {
				b.must("changed", pay(o, wrong))
			}
			return b.do(pay(o, wrong)), values{
				"category": "other", "provider": "dostek", "full_account": dostek,
				"amount": "200.00", "fee": "2.00", "offer": open.ID,
			}
		}},
		{act, "blocked", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.block()
			return b.do(pay(o, right)), nil
		}},
		{act, "expired", "too slow", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.clock.advance(10 * time.Minute)
			return b.do(pay(o, right)), nil
		}},
		{act, "expired", "withdrawn", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("done", call("payment.withdraw"))
			return b.do(pay(o, right)), nil
		}},
		{act, "expired", "superseded by what was withdrawn", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.offered("200")
			b.must("done", call("payment.withdraw"))
			return b.do(pay(o, right)), nil
		}},
	}
}

// refusedStories are about offers that cannot be paid, or not for certain.
func refusedStories() []story {
	const act = "payment.pay"
	return []story{
		{act, "low_balance", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.books.fail("verdict",
				&ledger.Decline{Reason: ledger.ReasonLowBalance, Limit: money.Som(28)})
			return b.do(pay(b.offered("100"), right)), values{"balance": "28.00"}
		}},
		{act, "limit", "of the day, lower by now", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.spend(1, "50")
			o := b.offered("100")
			b.reopen(wallet.Config{},
				`payment: {once: "15000", day: "30000"`,
				`payment: {once: "120", day: "140"`)
			return b.do(pay(o, right)), values{"rest": "90.00"}
		}},
		{act, "limit", "of a payment, lower by now", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("600")
			b.reopen(wallet.Config{}, `payment: {once: "15000"`, `payment: {once: "500"`)
			return b.do(pay(o, right)), values{"rest": "500.00"}
		}},
		{act, "stopped", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.stopDostek()
			return b.do(pay(o, right)), nil
		}},
		{act, "not_taken", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.lose(o)
			b.must("not_taken", resolve(o))
			return b.do(pay(o, right)), nil
		}},
		{act, "not_taken", "another offer under its id", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.books.fail("verdict", &ledger.Decline{Reason: ledger.ReasonKeyReused})
			return b.do(pay(b.offered("100"), right)), nil
		}},
		{act, "in_doubt", "nobody answered in time", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			a, _, _ := b.leave(o)
			return a, values{"code": o.Code}
		}},
		{act, "in_doubt", "the commit's answer was lost", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.books.fail("answer of apply", ledger.ErrInDoubt)
			o := b.offered("100")
			return b.do(pay(o, right)), values{"code": o.Code}
		}},
	}
}

func resolveStories() []story {
	const act = "payment.resolve"
	told := values{"payee": "Достэк", "amount": "100.00"}
	coded := func(o ledger.Offer) values {
		return values{"payee": "Достэк", "amount": "100.00", "code": o.Code}
	}
	return []story{
		{act, "paid", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.must("paid", pay(o, right))
			return b.do(resolve(o)), coded(o)
		}},
		{act, "paid", "after a doubt", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			_, s, release := b.leave(o)
			release()
			<-s.applied
			return b.do(resolve(o)), coded(o)
		}},
		{act, "not_taken", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.lose(o)
			return b.do(resolve(o)), told
		}},
		{act, "not_taken", "never pressed", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			return b.do(resolve(b.offered("100"))), told
		}},
		{act, "not_taken", "superseded", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.offered("200")
			return b.do(resolve(o)), told
		}},
		{act, "not_taken", "refused by the books", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.reopen(wallet.Config{}, `payment: {once: "15000"`, `payment: {once: "90"`)
			b.must("limit", pay(o, right))
			return b.do(resolve(o)), told
		}},
		{act, "in_doubt", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.offered("100")
			b.lose(o)
			b.books.fail("refuse", ledger.ErrInDoubt)
			return b.do(resolve(o)), coded(o)
		}},
		{act, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(resolve(ledger.Offer{ID: nobodys})), nil
		}},
		{act, "none", "another wallet's", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			c := resolve(b.offered("100"))
			c.Number = other
			b.ok(b.issuer.Seed(b.t.Context(), wallet.Application{
				Number: other, Name: "Asanova Asel", INN: "10101199001234", Lang: "ky",
			}, secret(second)))
			return b.do(c), nil
		}},
	}
}
