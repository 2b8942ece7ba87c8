package teller_test

import (
	"strconv"
	"time"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// lines are the values of a history with these lines.
func (b *bench) lines(count string, texts ...string) values {
	b.t.Helper()
	v := values{"count": count, "top": b.top()}
	for i := range 9 {
		v["line"+strconv.Itoa(i+1)] = "-"
	}
	for i, text := range texts {
		v["line"+strconv.Itoa(i+1)] = text
	}
	return v
}

func historyStories() []story {
	const list = "wallet.history"
	return append([]story{
		{list, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(list)), nil
		}},
		{list, "some", "what came in", func(b *bench) (ussd.Answer, values) {
			b.seed(100)
			return b.do(call(list)), b.lines("1", "21.11 +100.00 Пополнение")
		}},
		{list, "some", "in another language", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.payTo("dostek", dostek, "100")
			c := call(list)
			c.Lang = "en"
			return b.do(c), b.lines("2", "21.11 -101.00 Dostek", "21.11 +1000.00 Cash in")
		}},
		{list, "some", "in other letters", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.payTo("dostek", dostek, "100")
			c := call(list)
			c.Lang = "ky-latn"
			return b.do(c), b.lines("2", "21.11 -101.00 Достэк", "21.11 +1000.00 Толтуруу")
		}},
		{list, "some", "of every kind", func(b *bench) (ussd.Answer, values) {
			b.everything()
			return b.do(call(list)), b.lines("9", "22.11 -1010.00 Наличные",
				"22.11 +70.00 Пополнение", "22.11 +15.00 Айбек А.", "22.11 -22.00 Айбек А.",
				"22.11 -10.10 Достэк", "21.11 -1.00 Hoster.kg", "21.11 -303.00 Достэк",
				"21.11 -202.51 Востокэлектро", "21.11 -101.00 Достэк")
		}},
	}, append(movementStories(), limitsStories()...)...)
}

func movementStories() []story {
	const one, again = "wallet.movement", "wallet.send_receipt"
	return []story{
		{one, "paid", "a payment", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(b.line("2")), values{
				"payee": "Достэк", "full_account": "09999999999999", "amount": "300.00",
				"fee": "3.00", "code": b.moved(1).Offer.Code, "when": "21.11.26 14:08",
				"movement": b.moved(1).Transfer,
			}
		}},
		{one, "paid", "a transfer", func(b *bench) (ussd.Answer, values) {
			b.everything()
			return b.do(b.line("4")), values{
				"payee": payeeName, "full_account": "0777000001", "amount": "20.00", "fee": "2.00",
				"code": b.moved(3).Offer.Code, "when": "22.11.26 02:10",
				"movement": b.moved(3).Transfer,
			}
		}},
		{one, "moved", "from another wallet", func(b *bench) (ussd.Answer, values) {
			b.everything()
			return b.do(b.line("3")), values{
				"payee": payeeName, "signed": "+15.00", "when": "22.11.26 02:10",
				"movement": b.moved(2).Transfer,
			}
		}},
		{one, "moved", "cash", func(b *bench) (ussd.Answer, values) {
			b.everything()
			return b.do(b.line("1")), values{
				"payee": "Наличные", "signed": "-1010.00", "when": "22.11.26 02:10",
				"movement": b.moved(0).Transfer,
			}
		}},
		{one, "moved", "whatever has come in since", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			c := b.line("1")
			b.fund(500)
			return b.do(c), values{
				"payee": "Пополнение", "signed": "+1000.00", "when": "21.11.26 14:05",
				"movement": b.moved(1).Transfer,
			}
		}},
		{one, "none", "", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(b.line("6")), nil
		}},
		{again, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(call(again, "movement", b.moved(0).Transfer)), nil
		}},
		{again, "none", "never told of", func(b *bench) (ussd.Answer, values) {
			b.seed(100)
			return b.do(call(again, "movement", b.moved(0).Transfer)), nil
		}},
		{again, "none", "nobody's", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(again, "movement", nobodys)), nil
		}},
		{again, "too_often", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{ReceiptsPerDay: 1})
			b.history()
			c := call(again, "movement", b.moved(0).Transfer)
			b.must("ok", c)
			return b.do(c), nil
		}},
	}
}

func limitsStories() []story {
	const limits = "wallet.limits"
	return []story{
		{limits, "ok", "of payments", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(call(limits, "operation", "payment")), values{
				"once": "15000.00", "today": "29398.50", "month": "59398.50", "most": "90000.00",
			}
		}},
		{limits, "ok", "of cash, when little is left", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			b.spend(2, "14500")
			return b.do(call(limits, "operation", "cash_out")), values{
				"once": "15000.00", "today": "1000.00", "month": "30000.00", "most": "90000.00",
			}
		}},
	}
}

// everything is a history with all that can move, the last of it past midnight in Bishkek.
func (b *bench) everything() {
	b.t.Helper()
	b.history()
	b.seedPayee(100)
	b.clock.advance(12 * time.Hour)
	b.payTo("dostek", dostek, "10")
	b.must("ok", send("20"))
	b.must("paid", b.press("transfer.pay", right))
	back := call("transfer.offer", "number", number.Digits(), "amount", "15")
	back.Number = other
	id := b.must("ok", back).Outcome.Values["offer"]
	c := typing(second, "transfer.pay", "offer", id)
	c.Number = other
	b.must("paid", c)
	b.agent()
	_, err := b.issuer.CashIn(b.t.Context(), wallet.CashIn{
		Agent: "terminal", Name: "Terminal", Txn: "in", Number: number, Account: number.Digits(),
		Amount: money.Som(70),
	})
	b.ok(err)
	b.must("ok", cash("1000"))
	b.must("code_sent", b.press("cashout.pay", right))
	b.payOut()
}

// moved is the n-th movement of the wallet, from 0, the newest first.
func (b *bench) moved(n int) ledger.Movement {
	b.t.Helper()
	all, err := b.issuer.History(b.t.Context(), number, 0, n+1)
	b.ok(err)
	if len(all) <= n {
		b.t.Fatalf("%d movements, want more than %d", len(all), n)
	}
	return all[n]
}

// top is what fixes the lines of a history as it is now.
func (b *bench) top() string { return strconv.FormatInt(b.moved(0).Seq+1, 10) }

// line asks for a line of the history as it is now.
func (b *bench) line(n string) ussd.Call {
	b.t.Helper()
	top := b.must("some", call("wallet.history")).Outcome.Values["top"]
	return call("wallet.movement", "entry", n, "top", top)
}
