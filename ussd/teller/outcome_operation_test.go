package teller_test

import (
	"slices"
	"strings"
	"time"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// payeeName is the owner of the wallet of `other`, as the payer reads it.
const payeeName = "Айбек А."

// seedPayee gives other a wallet with so many som in it.
func (b *bench) seedPayee(som int64) {
	b.t.Helper()
	b.ok(b.issuer.Seed(b.t.Context(), wallet.Application{
		Number: other, Name: "Айбек Асанов", INN: "10101199001234", Lang: "ky",
	}, secret(second)))
	if som > 0 {
		b.ok(b.issuer.Fund(b.t.Context(), "payee", other, money.Som(som)))
	}
}

// blockPayee blocks the wallet of other.
func (b *bench) blockPayee() {
	b.t.Helper()
	b.ok(wallet.Intervene(b.t.Context(), b.books, other, ledger.ActBlock, "a test", "to see",
		b.clock.Now()))
}

// sim tells that number is used with another SIM than before.
func (b *bench) sim() {
	b.t.Helper()
	for _, imsi := range []string{"437050000000001", "437050000000002"} {
		b.ok(b.issuer.Seen(b.t.Context(), number, secret(imsi)))
	}
}

// send asks for an offer of a transfer to other, and cash for one of a cash-out.
func send(amount string, more ...string) ussd.Call {
	args := []string{"number", other.Digits(), "amount", amount}
	return call("transfer.offer", append(args, more...)...)
}

func cash(amount string) ussd.Call { return call("cashout.offer", "amount", amount) }

// press types a PIN on the confirm screen of the wallet's open offer.
func (b *bench) press(act, digits string) ussd.Call {
	b.t.Helper()
	return typing(digits, act, "offer", b.current().ID)
}

// An operation is one that has a confirm screen of its own: what it asks for and what it answers.
type operation struct {
	offer, pay string
	quote      func(amount string) ussd.Call
	done       string // outcome of a PIN that was right
	limits     string // what the catalogue says of its largest one, as far as the amount
	fee        string // of 1000 som
}

func operations() []operation {
	return []operation{
		{
			offer: "payment.offer", pay: "payment.pay", done: "paid", fee: "10.00",
			quote: func(amount string) ussd.Call { return quote(amount) }, limits: `payment: {once: "15000"`,
		},
		{
			offer: "transfer.offer", pay: "transfer.pay", done: "paid", fee: "5.00",
			quote: func(amount string) ussd.Call { return send(amount) }, limits: `transfer: {once: "15000"`,
		},
		{
			offer: "cashout.offer", pay: "cashout.pay", done: "code_sent", fee: "10.00",
			quote: cash, limits: `cash_out: {once: "15000"`,
		},
	}
}

// operationStories are those that every operation has alike.
func operationStories() []story {
	var all []story
	for _, op := range operations() {
		all = append(all, op.offered()...)
		all = append(all, op.executed()...)
		all = append(all, op.failed()...)
	}
	return all
}

// start gives number and other a wallet, and makes an offer of 1000 som unless none is wanted.
func (op operation) start(b *bench, offered bool) {
	b.t.Helper()
	b.seed(20_000)
	b.seedPayee(100)
	if offered {
		b.must("ok", op.quote("1000"))
	}
}

func (op operation) offered() []story {
	return []story{
		{op.offer, "limit", "of one", func(b *bench) (ussd.Answer, values) {
			op.start(b, false)
			b.reopen(wallet.Config{}, op.limits, op.lowered())
			return b.do(op.quote("1000")), values{"rest": "999.00"}
		}},
		{op.offer, "low_balance", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			return b.do(op.quote("1000")), values{"balance": "1000.00"}
		}},
		{op.offer, "short", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{BalancePIN: true})
			b.seed(1000)
			b.seedPayee(0)
			return b.do(op.quote("1000")), nil
		}},
		{op.offer, "blocked", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, false)
			b.block()
			return b.do(op.quote("1000")), nil
		}},
		{op.offer, "suspect", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, false)
			b.sim()
			return b.do(op.quote("1000")), nil
		}},
	}
}

// lowered is what the catalogue says when 999 som are the most of one.
func (op operation) lowered() string { return strings.Replace(op.limits, "15000", "999", 1) }

func (op operation) executed() []story {
	act := op.pay
	return []story{
		{act, "wrong_pin", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			return b.do(b.press(act, wrong)), values{"left": "2"}
		}},
		{act, "locked", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.must("wrong_pin", b.press(act, wrong))
			b.must("wrong_pin", b.press(act, wrong))
			return b.do(b.press(act, wrong)), values{"until": "21.11.26 14:35"}
		}},
		{act, "blocked", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.block()
			return b.do(b.press(act, right)), nil
		}},
		{act, "suspect", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.sim()
			return b.do(b.press(act, right)), nil
		}},
		{act, "first_pin", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{MustChangeFirstPIN: true})
			b.must("ok", register(inn))
			b.fund(2000)
			b.seedPayee(0)
			b.must("ok", op.quote("1000"))
			return b.do(b.press(act, b.firstPIN())), nil
		}},
		{act, "expired", "too slow", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.clock.advance(10 * time.Minute)
			return b.do(b.press(act, right)), nil
		}},
		{act, "expired", "another operation is open", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			c := b.press(act, right)
			for _, another := range operations() {
				if another.offer != op.offer {
					b.must("ok", another.quote("500"))
				}
			}
			return b.do(c), nil
		}},
	}
}

func (op operation) failed() []story {
	act := op.pay
	declined := func(d *ledger.Decline, want values) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.books.fail("verdict", d)
			return b.do(b.press(act, right)), want
		}
	}
	return []story{
		{act, "low_balance", "by now", declined(
			&ledger.Decline{Reason: ledger.ReasonLowBalance, Limit: money.Som(28)},
			values{"balance": "28.00"})},
		{act, "limit", "by now", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.reopen(wallet.Config{}, op.limits, op.lowered())
			return b.do(b.press(act, right)), values{"rest": "999.00"}
		}},
		{act, "not_taken", "another offer under its id", declined(
			&ledger.Decline{Reason: ledger.ReasonKeyReused}, nil)},
		{act, "not_taken", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			c := b.press(act, right)
			b.books.fail("apply", ledger.ErrUnavailable)
			if a, err := b.try(b.t.Context(), c); err == nil {
				b.t.Fatalf("%s without books: %+v, want an error", act, a)
			}
			b.books.fail("apply", nil)
			b.must("not_taken", call("payment.resolve", "offer", c.Action.Args["offer"]))
			return b.do(c), nil
		}},
		{act, "in_doubt", "", func(b *bench) (ussd.Answer, values) {
			op.start(b, true)
			b.books.fail("answer of apply", ledger.ErrInDoubt)
			o := b.current()
			return b.do(b.press(act, right)), values{"code": o.Code}
		}},
	}
}

func transferStories() []story {
	return slices.Concat(recipientStories(), sendStories(), sentStories())
}

func recipientStories() []story {
	const recipient, offer = "transfer.recipient", "transfer.offer"
	to := func(n msisdn.Number) ussd.Call { return call(recipient, "number", n.Digits()) }
	wallets := func(c ussd.Call, want values) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(20_000)
			b.seedPayee(89_500)
			return b.do(c), want
		}
	}
	bounds := values{"least": "10", "most": "30000"}
	self := msisdn.MustParse(number.Digits())
	nobody := msisdn.MustParse("996555000999")
	toNobody, toSelf := send("100"), send("100")
	toNobody.Action.Args["number"], toSelf.Action.Args["number"] = nobody.Digits(), self.Digits()
	return []story{
		{recipient, "ok", "", wallets(to(other), values{
			"payee": payeeName, "least": "10", "most": "30000",
		})},
		{recipient, "no_wallet", "", wallets(to(nobody), nil)},
		{recipient, "own_number", "", wallets(to(self), nil)},
		{recipient, "cannot_receive", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.seedPayee(0)
			b.blockPayee()
			return b.do(to(other)), nil
		}},
		{recipient, "too_often", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{ChecksPerHour: 1})
			b.seed(0)
			b.seedPayee(0)
			b.must("ok", to(other))
			return b.do(to(other)), nil
		}},
		{offer, "no_wallet", "", wallets(toNobody, nil)},
		{offer, "own_number", "", wallets(toSelf, nil)},
		{offer, "payee_limit", "", wallets(send("500.01"), nil)},
		{offer, "amount_refused", "too small", wallets(send("9.99"), bounds)},
		{offer, "amount_refused", "too large", wallets(send("30000.01"), bounds)},
	}
}

// sendStories are about an offer of a transfer to a wallet that is there.
func sendStories() []story {
	const offer, act = "transfer.offer", "transfer.pay"
	return []story{
		{offer, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			a := b.do(send("100.50"))
			return a, values{
				"offer": b.current().ID, "payee": payeeName, "amount": "100.50", "fee": "2.00",
			}
		}},
		{offer, "cannot_receive", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.blockPayee()
			return b.do(send("100")), nil
		}},
		{offer, "repeated", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			b.must("paid", b.press(act, right))
			return b.do(send("100")), values{"time": "14:05"}
		}},
		{offer, "ok", "again", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			b.must("paid", b.press(act, right))
			a := b.do(send("100", "again", "yes"))
			return a, values{
				"offer": b.current().ID, "payee": payeeName, "amount": "100.00", "fee": "2.00",
			}
		}},
	}
}

func sentStories() []story {
	const act = "transfer.pay"
	return []story{
		{act, "paid", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			o := b.current()
			return b.do(b.press(act, right)), paid(o, "100.00", "2.00", "898.00")
		}},
		{act, "cannot_receive", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			b.blockPayee()
			return b.do(b.press(act, right)), nil
		}},
		{act, "payee_limit", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(89_900)
			b.must("ok", send("100"))
			b.ok(b.issuer.Fund(b.t.Context(), "meanwhile", other, money.Som(50)))
			return b.do(b.press(act, right)), nil
		}},
		{act, "changed", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			c := b.press(act, right)
			b.must("ok", send("200"))
			return b.do(c), values{
				"payee": payeeName, "number": other.Digits(), "amount": "200.00", "fee": "2.00",
				"offer": b.current().ID,
			}
		}},
		{"payment.resolve", "sent", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.seedPayee(0)
			b.must("ok", send("100"))
			o := b.current()
			b.must("paid", b.press(act, right))
			return b.do(resolve(o)), values{"payee": payeeName, "amount": "100.00", "code": o.Code}
		}},
	}
}

func cashStories() []story {
	const status, offer = "cashout.status", "cashout.offer"
	const cancel = "cashout.cancel"
	bounds := values{"least": "100", "most": "30000"}
	held := heldCash()
	refused := func(amount string) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			return b.do(cash(amount)), bounds
		}
	}
	// reserved sets 1000 som aside and then does a call.
	reserved := func(c ussd.Call, want values) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) {
			b.reserve()
			return b.do(c), want
		}
	}
	return []story{
		{status, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(status)), bounds
		}},
		{status, "open", "", reserved(call(status), held)},
		{status, "open", "for days", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{CashOutTTL: 24 * time.Hour})
			b.reserve()
			return b.do(call(status)), values{"amount": "1000.00", "until": "22.11 14:05"}
		}},
		{offer, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			a := b.do(cash("1000"))
			return a, values{"offer": b.current().ID, "amount": "1000.00", "fee": "10.00"}
		}},
		{offer, "amount_refused", "too small", refused("99.99")},
		{offer, "amount_refused", "too large", refused("30000.01")},
		{offer, "under_way", "", reserved(cash("100"), nil)},
		{cancel, "ok", "", reserved(call(cancel), nil)},
		{cancel, "none", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(call(cancel)), nil
		}},
		{"payment.resolve", "code_sent", "", func(b *bench) (ussd.Answer, values) {
			return b.do(resolve(b.reserve())), held
		}},
	}
}

// heldCash are the values of 1000 som that were just set aside.
func heldCash() values { return values{"amount": "1000.00", "until": "14:35"} }

func codeStories() []story {
	const act = "cashout.pay"
	held := heldCash()
	return []story{
		{act, "code_sent", "", func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			b.must("ok", cash("1000"))
			return b.do(b.press(act, right)), held
		}},
		{act, "code_sent", "and paid out meanwhile", func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			b.must("ok", cash("1000"))
			c := b.press(act, right)
			b.must("code_sent", c)
			b.payOut()
			return b.do(c), values{"amount": "1000.00", "until": "14:05"}
		}},
		{act, "under_way", "", func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			b.must("ok", cash("1000"))
			b.books.fail("verdict", &ledger.Decline{Reason: ledger.ReasonCashOut})
			return b.do(b.press(act, right)), nil
		}},
		{act, "changed", "", func(b *bench) (ussd.Answer, values) {
			b.seed(2000)
			b.must("ok", cash("1000"))
			c := b.press(act, right)
			b.must("ok", cash("500"))
			return b.do(c), values{"amount": "500.00", "fee": "10.00", "offer": b.current().ID}
		}},
	}
}

// reserve sets 1000 som aside for cash.
func (b *bench) reserve() ledger.Offer {
	b.t.Helper()
	b.seed(2000)
	b.must("ok", cash("1000"))
	o := b.current()
	b.must("code_sent", b.press("cashout.pay", right))
	return o
}

// payOut lets an agent pay out what was reserved, with the code of the one SMS that is due.
func (b *bench) payOut() {
	b.t.Helper()
	const code = "Код выдачи "
	texts := b.messages()
	at := slices.IndexFunc(texts, func(s string) bool { return strings.HasPrefix(s, code) })
	if at < 0 {
		b.t.Fatalf("%d SMS, none with a code", len(texts))
	}
	b.agent()
	a, err := b.issuer.PayOut(b.t.Context(), wallet.PayOut{
		Agent: "terminal", Txn: "1", Number: number, Account: number.Digits(),
		Code: secret(texts[at][len(code) : len(code)+6]),
	})
	if b.ok(err); a.Verdict != ledger.Done {
		b.t.Fatalf("paid out: %s", a.Verdict)
	}
}

// agent opens an agent that may pay in what it likes.
func (b *bench) agent() {
	b.t.Helper()
	b.ok(b.books.SetCredit(b.t.Context(), "terminal", money.Som(100_000), ledger.Record{
		Actor: "a test", Act: "credit", Subject: "agent:terminal", Reason: "to see", At: b.clock.Now(),
	}))
}

func topUpStories() []story {
	const act = "topup.number"
	found := func(category, provider, account string) values {
		return values{"category": category, "provider": provider, "full_account": account}
	}
	typed := func(want values, args ...string) func(*bench) (ussd.Answer, values) {
		return func(b *bench) (ussd.Answer, values) { return b.do(call(act, args...)), want }
	}
	return []story{
		{act, "ok", "the own number", typed(found("mobile", "megacom", "0"+number.Digits()[3:]))},
		{act, "ok", "another network", typed(found("mobile", "o", "0700123456"),
			"number", "996700123456")},
		{act, "unknown", "", typed(nil, "number", "996560123456")},
	}
}

// otherINN is the INN of somebody else.
const otherINN = "10101199001234"

func proofStories() []story {
	return slices.Concat(suspectStories(), forgottenStories(), balanceStories())
}

// doubted does a call of a wallet whose SIM has changed, spent of one that has paid, and stopped of
// one that is blocked.
func doubted(c ussd.Call, want values) func(*bench) (ussd.Answer, values) {
	return func(b *bench) (ussd.Answer, values) {
		b.seed(1000)
		b.sim()
		return b.do(c), want
	}
}

func spent(c ussd.Call, want values) func(*bench) (ussd.Answer, values) {
	return func(b *bench) (ussd.Answer, values) {
		b.seed(1000)
		b.payTo("dostek", dostek, "100")
		return b.do(c), want
	}
}

func stopped(c ussd.Call) func(*bench) (ussd.Answer, values) {
	return func(b *bench) (ussd.Answer, values) {
		b.seed(1000)
		b.block()
		return b.do(c), nil
	}
}

// thrice does a call that is wrong until it locks.
func thrice(start func(*bench), c ussd.Call, until string) func(*bench) (ussd.Answer, values) {
	return func(b *bench) (ussd.Answer, values) {
		start(b)
		b.must("wrong", c)
		b.must("wrong", c)
		return b.do(c), values{"until": until}
	}
}

func suspectStories() []story {
	const confirm = "identity.confirm"
	return []story{
		{"subscriber.identify", "suspect", "", doubted(call("subscriber.identify"), nil)},
		{"wallet.resend_pin", "suspect", "", func(b *bench) (ussd.Answer, values) {
			b.must("ok", register(inn))
			b.sim()
			return b.do(call("wallet.resend_pin")), nil
		}},
		{"pin.stage", "suspect", "", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			b.must("ok", typing(right, "pin.check"))
			b.sim()
			return b.do(typing(second, "pin.stage")), nil
		}},
		{"pin.change", "suspect", "", func(b *bench) (ussd.Answer, values) {
			b.stage()
			b.sim()
			return b.do(typing(second, "pin.change")), nil
		}},
		{confirm, "ok", "", doubted(proving(inn, confirm), nil)},
		{confirm, "ok", "confirmed already", func(b *bench) (ussd.Answer, values) {
			b.seed(0)
			return b.do(proving(inn, confirm)), nil
		}},
		{confirm, "wrong", "", doubted(proving(otherINN, confirm), values{"left": "2"})},
		{confirm, "locked", "", thrice(func(b *bench) { b.seed(0); b.sim() },
			proving(otherINN, confirm), "21.11.26 14:35")},
		{confirm, "blocked", "", stopped(proving(inn, confirm))},
	}
}

func forgottenStories() []story {
	const forgotten = "pin.forgotten"
	return []story{
		{forgotten, "ok", "", spent(proving(inn, forgotten, "amount", "100.00"), nil)},
		{forgotten, "wrong", "amount", spent(proving(inn, forgotten, "amount", "101.00"),
			values{"left": "2"})},
		{forgotten, "wrong", "INN", spent(proving(otherINN, forgotten, "amount", "100.00"),
			values{"left": "2"})},
		{forgotten, "locked", "", thrice(func(b *bench) {
			b.seed(1000)
			b.payTo("dostek", dostek, "100")
		}, proving(otherINN, forgotten, "amount", "100"), "21.11.26 14:36")},
		{forgotten, "ask_support", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			return b.do(proving(inn, forgotten, "amount", "100")), nil
		}},
		{forgotten, "too_often", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			b.payTo("dostek", dostek, "100")
			b.must("ok", proving(inn, forgotten, "amount", "100"))
			return b.do(proving(inn, forgotten, "amount", "100")), nil
		}},
		{forgotten, "blocked", "", stopped(proving(inn, forgotten, "amount", "100"))},
		{forgotten, "suspect", "", doubted(proving(inn, forgotten, "amount", "100"), nil)},
		{forgotten, "unregistered", "", func(b *bench) (ussd.Answer, values) {
			return b.do(proving(inn, forgotten, "amount", "100")), nil
		}},
	}
}

func balanceStories() []story {
	const balance = "wallet.balance_pin"
	return []story{
		{"wallet.balance", "ask_pin", "", func(b *bench) (ussd.Answer, values) {
			b.reopen(wallet.Config{BalancePIN: true})
			b.seed(1000)
			return b.do(call("wallet.balance")), nil
		}},
		{balance, "ok", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			return b.do(typing(right, balance)), values{"balance": "1000.00"}
		}},
		{balance, "wrong", "", func(b *bench) (ussd.Answer, values) {
			b.seed(1000)
			return b.do(typing(wrong, balance)), values{"left": "2"}
		}},
		{balance, "locked", "", thrice(func(b *bench) { b.seed(0) }, typing(wrong, balance),
			"21.11.26 14:35")},
		{balance, "blocked", "", stopped(typing(right, balance))},
		{balance, "suspect", "", doubted(typing(right, balance), nil)},
	}
}

// proving is a call with an INN.
func proving(digits, action string, args ...string) ussd.Call {
	c := typing(digits, action, args...)
	c.Action.Secrets["inn"] = c.Action.Secrets["pin"]
	delete(c.Action.Secrets, "pin")
	return c
}
