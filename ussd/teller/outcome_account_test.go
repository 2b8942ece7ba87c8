package teller_test

import (
	"time"

	"ussdgw/ussd"
)

func blockStories() []story {
	const act = "wallet.block"
	blocked := func(c ussd.Call) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.block()
			return b.do(c), nil
		}
	}
	return []story{
		{act, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(typing(right, act)), nil
		}},
		{act, "ok", "the same input again", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			c := typing(right, act)
			c.Attempt = "one"
			b.must("ok", c)
			return b.do(c), nil
		}},
		{act, "wrong", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(typing(wrong, act)), values{"left": "2"}
		}},
		{act, "locked", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("wrong", typing(wrong, act))
			b.must("wrong", typing(wrong, act))
			return b.do(typing(wrong, act)), values{"until": "21.11.26 14:35"}
		}},
		{act, "blocked", "", blocked(typing(right, act))},
		{"pin.check", "blocked", "", blocked(typing(right, "pin.check"))},
		{"pin.change", "blocked", "", blocked(typing(second, "pin.change"))},
		{"pin.stage", "blocked", "after the old PIN", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, "pin.check"))
			b.block()
			return b.do(typing(second, "pin.stage")), nil
		}},
		{"wallet.resend_pin", "blocked", "", blocked(call("wallet.resend_pin"))},
	}
}

// payTo pays an account, at whatever provider.
func (b *bench) payTo(provider, account, amount string) {
	b.t.Helper()
	b.clock.advance(time.Minute)
	b.must("ok", call("payment.offer", "provider", provider, "account", account, "amount", amount,
		"again", "yes"))
	b.must("paid", pay(b.current(), right))
}

// history pays four accounts of three providers, Dostek twice.
func (b *bench) history() {
	b.t.Helper()
	b.seed(10_000)
	b.payTo("dostek", dostek, "100")
	b.payTo("vostokelectro", "12/345678", "200.50")
	b.payTo("dostek", "09999999999999", "300")
	b.payTo("hoster", "0012345678", "1")
}

func choiceStories() []story {
	const favourites, recent = "payment.favourites", "payment.recent"
	const repeat = "payment.repeat"
	return []story{
		{favourites, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(favourites)), nil
		}},
		{favourites, "some", "", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(call(favourites)), values{"favourites": "dostek hoster vostokelectro"}
		}},
		{recent, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(recent)), nil
		}},
		{recent, "some", "", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(call(recent)), values{
				"count": "3", "line1": "Hoster.kg 0012345678", "line2": "Достэк 09999999999999",
				"line3": "Востокэлектро 12/345678",
			}
		}},
		{recent, "some", "but who is stopped", func(b *bench) (ussd.Answer, values) {
			b.history()
			b.stopDostek()
			return b.do(call(recent)), values{
				"count": "2", "line1": "Hoster.kg 0012345678", "line2": "Востокэлектро 12/345678",
				"line3": "-",
			}
		}},
		{repeat, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.history()
			return b.do(call(repeat, "entry", "3")), values{
				"category": "electricity", "provider": "vostokelectro", "full_account": "12/345678",
			}
		}},
		{repeat, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(repeat, "entry", "1")), nil
		}},
	}
}

func accountStories() []story {
	const act = "payment.account"
	typed := func(want values, args ...string) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) { return b.do(call(act, args...)), want }
	}
	return []story{
		{act, "ok", "one field", typed(values{"full_account": dostek},
			"provider", "dostek", "account", dostek)},
		{act, "ok", "two fields", typed(values{"full_account": "12/345678"},
			"provider", "vostokelectro", "account", "12", "account2", "345678")},
		{act, "ok", "three fields", typed(values{"full_account": "12/104/345678"},
			"provider", "jalalabadel", "account", "12", "account2", "104", "account3", "345678")},
		{act, "account_refused", "the second", typed(nil,
			"provider", "vostokelectro", "account", "12", "account2", "34567")},
		{act, "account_refused", "none is the second", typed(nil,
			"provider", "vostokelectro", "account", "12")},
		{act, "stopped", "unknown", typed(nil, "provider", "nobody", "account", dostek)},
		{act, "stopped", "", func(b *bench) (ussd.Answer, values) {
			b.stopDostek()
			return b.do(call(act, "provider", "dostek", "account", dostek)), nil
		}},
	}
}
