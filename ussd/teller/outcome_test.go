package teller_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"ussdgw/ussd"
	"ussdgw/wallet/msisdn"
)

type values = map[string]string

// A story leads to an outcome of an action. tell returns the answer and the values it must have;
// what else holds of it, the bench has looked at.
type story struct {
	action, outcome string
	how             string // tells apart stories with one end
	tell            func(b *bench) (ussd.Answer, values)
}

// TestOutcomes provokes every outcome that the menu was told of.
func TestOutcomes(t *testing.T) {
	told := map[string]bool{}
	for _, s := range slices.Concat(subscriberStories(), walletStories(), pinStories(),
		blockStories(), historyStories(), choiceStories(), accountStories(), offerStories(),
		limitStories(), payStories(), changedStories(), refusedStories(), resolveStories(),
		operationStories(), transferStories(), cashStories(), codeStories(), topUpStories(),
		proofStories(), providerStories()) {
		name := s.action + " " + s.outcome
		told[name] = true
		t.Run(name+" "+s.how, func(t *testing.T) {
			t.Parallel()
			a, want := s.tell(newBench(t))
			if a.Outcome.Name != s.outcome || !maps.Equal(a.Outcome.Values, want) {
				t.Errorf("got %s %q, want %s %q",
					a.Outcome.Name, a.Outcome.Values, s.outcome, want)
			}
		})
	}
	for action, def := range newBench(t).env.Actions {
		for outcome := range def.Outcomes {
			if !told[action+" "+outcome] {
				t.Errorf("no story leads to %s %s", action, outcome)
			}
		}
	}
}

func subscriberStories() []story {
	const identify = "subscriber.identify"
	elsewhere := func(digits, lang, where string) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			c := call(identify)
			c.Number, c.Lang = msisdn.MustParse(digits), lang
			return b.do(c), values{"where": where}
		}
	}
	const (
		o, abroad, amongO = "996700123456", "79161234567", "996506123456"

		oKy, oRu = "O! үчүн: эмитенттин сайты жана колдонмосу", "Для O!: сайт и приложение эмитента"
		elseRu   = "Зайдите на сайт эмитента"
	)
	return []story{
		{identify, "registered", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(identify)), nil
		}},
		{identify, "unregistered", "", func(b *bench) (ussd.Answer, values) {
			return b.do(call(identify)), nil
		}},
		{identify, "elsewhere", "ky", elsewhere(o, "ky", oKy)},
		{identify, "elsewhere", "ru", elsewhere(o, "ru", oRu)},
		{identify, "elsewhere", "en", elsewhere(o, "en", "For O!: the issuer's site and app.")},
		{identify, "elsewhere", "abroad", elsewhere(abroad, "ru", elseRu)},
		{identify, "elsewhere", "longest prefix", elsewhere(amongO, "ru", elseRu)},
		{"subscriber.set_language", "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			c := call("subscriber.set_language")
			c.Lang = "ky"
			return b.do(c), nil
		}},
	}
}

// register applies for a wallet of number.
func register(inn string) ussd.Call {
	return call("wallet.register", "name", "Asanov Asan", "inn", inn)
}

func walletStories() []story {
	const apply, resend = "wallet.register", "wallet.resend_pin"
	return []story{
		{apply, "ok", "", func(b *bench) (ussd.Answer, values) { return b.do(register(inn)), nil }},
		{apply, "ok", "the same again", func(b *bench) (ussd.Answer, values) {
			b.must("ok", register(inn))
			return b.do(register(inn)), nil
		}},
		{apply, "inn_taken", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			c := register(inn)
			c.Number = other
			return b.do(c), nil
		}},
		{apply, "inn_refused", "born tomorrow", func(b *bench) (ussd.Answer, values) {
			return b.do(register("12211202600000")), nil
		}},
		{apply, "inn_refused", "a company's", func(b *bench) (ussd.Answer, values) {
			return b.do(register(dostek)), nil
		}},
		{apply, "already", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(register("10101199001234")), nil
		}},
		{resend, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.must("ok", register(inn))
			return b.do(call(resend)), nil
		}},
		{resend, "used", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(resend)), nil
		}},
		{resend, "too_often", "", func(b *bench) (ussd.Answer, values) {
			b.must("ok", register(inn))
			for range 3 {
				b.must("ok", call(resend))
			}
			return b.do(call(resend)), nil
		}},
		{resend, "unregistered", "", func(b *bench) (ussd.Answer, values) {
			return b.do(call(resend)), nil
		}},
		{"wallet.balance", "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1250)
			return b.do(call("wallet.balance")), values{"balance": "1250.00"}
		}},
		{"wallet.balance", "ok", "as much as a wallet holds", func(b *bench) (ussd.Answer, values) {
			b.seed(90_000)
			return b.do(call("wallet.balance")), values{"balance": "90000.00"}
		}},
	}
}

func pinStories() []story {
	const check, stage, change = "pin.check", "pin.stage", "pin.change"
	return []story{
		{check, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(typing(right, check)), nil
		}},
		{check, "wrong", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(typing(wrong, check)), values{"left": "2"}
		}},
		{check, "wrong", "a payment's try counts", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.must("wrong_pin", pay(b.offered("100"), wrong))
			return b.do(typing(wrong, check)), values{"left": "1"}
		}},
		{check, "locked", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("wrong", typing(wrong, check))
			b.must("wrong", typing(wrong, check))
			return b.do(typing(wrong, check)), values{"until": "21.11.26 14:35"}
		}},
		{stage, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, check))
			return b.do(typing(second, stage)), nil
		}},
		{stage, "weak", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, check))
			return b.do(typing(weak, stage)), nil
		}},
		{stage, "same", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, check))
			return b.do(typing(right, stage)), nil
		}},
		{stage, "expired", "too slow", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, check))
			b.clock.advance(5 * time.Minute)
			return b.do(typing(second, stage)), nil
		}},
		{stage, "expired", "without the old PIN", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(typing(second, stage)), nil
		}},
		{change, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.stage()
			return b.do(typing(second, change)), nil
		}},
		{change, "mismatch", "", func(b *bench) (ussd.Answer, values) {
			b.stage()
			return b.do(typing(wrong, change)), nil
		}},
		{change, "expired", "", func(b *bench) (ussd.Answer, values) {
			b.stage()
			b.clock.advance(5 * time.Minute)
			return b.do(typing(second, change)), nil
		}},
	}
}

// stage brings a change of PIN to where the new one is typed again.
func (b *bench) stage() {
	b.t.Helper()
	b.seed(0)
	b.must("ok", typing(right, "pin.check"))
	b.must("ok", typing(second, "pin.stage"))
}
