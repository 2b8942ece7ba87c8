package teller_test

import (
	"context"
	"strings"

	"ussdgw/ussd"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/ledger"
)

// severelectro is an account with a provider that is told of each payment, and can be asked whose
// account it is.
const severelectro = "123456789"

// A provider answers every order and every question as it was told to.
type provider struct{ says biller.Answer }

func (p *provider) Check(context.Context, biller.Request) (biller.Answer, error) {
	return p.says, nil
}

func (p *provider) Pay(context.Context, biller.Request) (biller.Answer, error) {
	return p.says, nil
}

func (p *provider) Status(context.Context, biller.Request) (biller.Answer, error) {
	return p.says, nil
}

func providerStories() []story {
	const check, act = "payment.check", "payment.pay"
	asked := func(says biller.Answer, want values) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.provider.says = says
			return b.do(call(check, "provider", "severelectro", "account", severelectro)), want
		}
	}
	told := func(
		says biller.Answer, want func(ledger.Offer) values,
	) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.electricity(says)
			return b.do(pay(o, right)), want(o)
		}
	}
	done := biller.Answer{Verdict: biller.VerdictDone}
	later := biller.Answer{Verdict: biller.VerdictUnknown, Reason: biller.ReasonPending}
	no := biller.Answer{Verdict: biller.VerdictRefused, Reason: biller.ReasonAccountUnknown}
	holder := done
	holder.Holder = "Асанов Асан"
	long := done
	long.Holder = strings.Repeat("Ж", 60)
	coded := func(o ledger.Offer) values { return values{"code": o.Code} }
	return []story{
		{check, "ok", "", asked(holder, values{"holder": "Асанов Асан"})},
		{check, "ok", "as much as is shown", asked(long, values{"holder": strings.Repeat("Ж", 32)})},
		{check, "nameless", "", asked(done, nil)},
		{check, "account_unknown", "", asked(no, nil)},
		{check, "account_unknown", "by its format", asked(biller.Answer{
			Verdict: biller.VerdictRefused, Reason: biller.ReasonAccountFormat,
		}, nil)},
		{check, "unavailable", "", asked(later, nil)},
		{check, "stopped", "", asked(biller.Answer{
			Verdict: biller.VerdictRefused, Reason: biller.ReasonTechnical,
		}, nil)},
		{act, "paid", "by the provider's answer", told(done, func(o ledger.Offer) values {
			return paid(o, "100.00", "1.00", "899.00")
		})},
		{act, "held", "", told(later, coded)},
		{act, "refused", "", told(no, func(ledger.Offer) values { return nil })},
		{"payment.resolve", "held", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			o := b.electricity(later)
			b.must("held", pay(o, right))
			return b.do(resolve(o)), values{
				"payee": "Северэлектро", "amount": "100.00", "code": o.Code,
			}
		}},
	}
}

// electricity makes an offer to pay a provider that answers so.
func (b *bench) electricity(says biller.Answer) ledger.Offer {
	b.t.Helper()
	b.provider.says = says
	b.must("ok", call("payment.offer", "provider", "severelectro", "account", severelectro,
		"amount", "100"))
	return b.current()
}
