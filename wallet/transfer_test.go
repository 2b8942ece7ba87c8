package wallet_test

import (
	"strings"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

const otherINN = "10101199001234"

// seedOther gives the number other a wallet with so many som in it, in Kyrgyz.
func (b *bench) seedOther(name string, som int64) ledger.Wallet {
	b.t.Helper()
	a := application()
	a.Number, a.INN, a.Name, a.Lang = other, otherINN, name, "ky"
	b.ok(b.Seed(b.ctx(), a, secret(second)))
	if som > 0 {
		b.ok(b.Fund(b.ctx(), "other", other, money.Som(som)))
	}
	w, err := b.Wallet(b.ctx(), other)
	b.ok(err)
	return w
}

func transfer(amount string) wallet.TransferQuote {
	a, err := money.Parse(amount)
	if err != nil {
		panic(err)
	}
	return wallet.TransferQuote{Number: number, To: other, Amount: a, Lang: "ru", Revision: "r1"}
}

func (b *bench) transfer(amount string) ledger.Offer {
	b.t.Helper()
	o, err := b.OfferTransfer(b.ctx(), transfer(amount))
	b.ok(err)
	return o
}

func TestRecipient(t *testing.T) {
	b := newBench(t, wallet.Config{ChecksPerHour: 4})
	_, err := b.Recipient(b.ctx(), number, other)
	b.fails(err, ledger.ErrNoWallet)
	b.seed(0)
	_, err = b.Recipient(b.ctx(), number, other)
	b.declined(err, ledger.ReasonNoPayee)
	_, err = b.Recipient(b.ctx(), number, number)
	b.declined(err, ledger.ReasonSelf)
	b.seedOther("Айбек  Асанович Осмонов", 0)
	r, err := b.Recipient(b.ctx(), number, other)
	b.ok(err)
	if r.Name != "Айбек О." {
		t.Errorf("name = %q", r.Name)
	}
	b.ok(b.Block(b.ctx(), other, secret(second), "block"))
	_, err = b.Recipient(b.ctx(), number, other)
	b.declined(err, ledger.ReasonPayeeBlocked)
	_, err = b.Recipient(b.ctx(), number, other)
	b.declined(err, ledger.ReasonTooOften)
	b.clock.advance(time.Hour)
	_, err = b.Recipient(b.ctx(), number, other)
	b.declined(err, ledger.ReasonPayeeBlocked)
}

// Nobody learns more of a name than is needed to know whether it is the right person.
func TestRecipientNames(t *testing.T) {
	for name, want := range map[string]string{
		"Asan":        "Asan",
		"Asan Asanov": "Asan A.",
		"Константин-Александр Ким": "Константин- К.",
		"Өмүрбек Төлөгөн уулу":     "Өмүрбек у.",
	} {
		b := newBench(t, wallet.Config{})
		b.seed(0)
		b.seedOther(name, 0)
		r, err := b.Recipient(b.ctx(), number, other)
		b.ok(err)
		if r.Name != want || len([]rune(r.Name)) > wallet.MaxRecipient {
			t.Errorf("%q is known as %q, want %q", name, r.Name, want)
		}
	}
}

func TestTransfer(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	payee := b.seedOther("Айбек Осмонов", 50)
	o := b.transfer("400")
	if o.Operation != ledger.OpTransfer || o.Payee != payee.ID || o.Provider != "" ||
		o.ProviderName != "Айбек О." || o.Account != "0777123456" || o.Fee != money.Som(2) ||
		o.ProviderFee != 0 || o.Revision != "r1" || o.Lang != "ru" {
		t.Errorf("offer = %+v", o)
	}
	for range 2 {
		r, err := b.pay(o.ID, canary, "1")
		b.ok(err)
		if r.Balance != money.Som(598) || r.Offer.State != ledger.OfferDone {
			t.Errorf("receipt = %+v", r)
		}
	}
	all := b.messages()
	if len(all) != 2 {
		t.Fatalf("messages = %+v, want one to each side", all)
	}
	wantFields(t, all[0], map[string]string{
		"payee": "Айбек О.", "account": "0777123456", "amount": "400.00", "fee": "2.00",
		"code": o.Code, "balance": "598.00",
	})
	wantFields(t, all[1], map[string]string{
		"payer": "Asanov A.", "number": number.Masked(), "amount": "400.00", "code": o.Code,
		"balance": "450.00",
	})
	if all[0].Kind != wallet.KindSent || all[0].To != number || all[0].Lang != "ru" ||
		all[1].Kind != wallet.KindReceived || all[1].To != other || all[1].Lang != "ky" {
		t.Errorf("messages = %+v", all)
	}
	got, err := b.Allowance(b.ctx(), number, ledger.OpTransfer)
	b.ok(err)
	want := wallet.Allowance{
		Once: money.Som(500), Today: money.Som(300), Month: money.Som(600),
		Balance: money.Som(90_000),
	}
	if got != want {
		t.Errorf("allowance = %+v, want %+v", got, want)
	}
}

func TestTransferDeclines(t *testing.T) {
	to := func(n msisdn.Number) func(*wallet.TransferQuote) {
		return func(q *wallet.TransferQuote) { q.To = n }
	}
	of := func(amount money.Amount) func(*wallet.TransferQuote) {
		return func(q *wallet.TransferQuote) { q.Amount = amount }
	}
	b := newBench(t, wallet.Config{})
	_, err := b.OfferTransfer(b.ctx(), transfer("100"))
	b.fails(err, ledger.ErrNoWallet)
	b.seed(300)
	b.seedOther("Айбек Осмонов", 89_850)
	for _, c := range []struct {
		name   string
		change func(*wallet.TransferQuote)
		reason ledger.Reason
		limit  money.Amount
	}{
		{"to itself", to(number), ledger.ReasonSelf, 0},
		{"to nobody", to(msisdn.MustParse("996700000001")), ledger.ReasonNoPayee, 0},
		{"nothing", of(0), ledger.ReasonBelowMin, money.Som(10)},
		{"negative", of(-1), ledger.ReasonBelowMin, money.Som(10)},
		{"too small", of(money.Som(10) - 1), ledger.ReasonBelowMin, money.Som(10)},
		{"too large", of(money.Som(550) + 1), ledger.ReasonAboveMax, money.Som(550)},
		{"above the limit", of(money.Som(500) + 1), ledger.ReasonLimitPayment, money.Som(500)},
		{"more than the payee may hold", of(money.Som(150) + 1), ledger.ReasonPayeeLimit, money.Som(150)},
	} {
		q := transfer("100")
		c.change(&q)
		_, err := b.OfferTransfer(b.ctx(), q)
		if d := b.declined(err, c.reason); d.Limit != c.limit {
			t.Errorf("%s: limit = %s, want %s", c.name, d.Limit, c.limit)
		}
	}
	_, err = b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoOffer)
	b.silent()
}

// What is there has to do for the fee too.
func TestTransferLowBalance(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(101)
	b.seedOther("Айбек Осмонов", 0)
	_, err := b.OfferTransfer(b.ctx(), transfer("99.01"))
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != money.Som(101) {
		t.Errorf("limit = %s", d.Limit)
	}
	r, err := b.pay(b.transfer("99").ID, canary, "1")
	b.ok(err)
	if r.Balance != 0 {
		t.Errorf("balance = %s", r.Balance)
	}
}

// Limits of transfers and of all that leaves the wallet are counted in one.
func TestTransferLimits(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(10_000)
	b.seedOther("Айбек Осмонов", 0)
	_, err := b.pay(b.transfer("500").ID, canary, "1")
	b.ok(err)
	_, err = b.OfferTransfer(b.ctx(), transfer("200.01"))
	if d := b.declined(err, ledger.ReasonLimitDay); d.Limit != money.Som(200) {
		t.Errorf("own limit: left = %s", d.Limit)
	}
	b.spend(1, "dostek", dostek, "1000")
	_, err = b.OfferTransfer(b.ctx(), transfer("100.01"))
	if d := b.declined(err, ledger.ReasonLimitDay); d.Limit != money.Som(100) {
		t.Errorf("limit of all: left = %s", d.Limit)
	}
	_, err = b.Offer(b.ctx(), quote("100.01"))
	b.declined(err, ledger.ReasonLimitDay)
	b.clock.advance(24 * time.Hour)
	_, err = b.pay(b.transfer("500").ID, canary, "2")
	b.ok(err)
	b.clock.advance(24 * time.Hour)
	_, err = b.OfferTransfer(b.ctx(), transfer("100"))
	if d := b.declined(err, ledger.ReasonLimitMonth); d.Limit != 0 {
		t.Errorf("left = %s, want nothing of the month", d.Limit)
	}
}

func TestTransferRepeated(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	b.seedOther("Айбек Осмонов", 0)
	r, err := b.pay(b.transfer("100").ID, canary, "1")
	b.ok(err)
	_, err = b.OfferTransfer(b.ctx(), transfer("100"))
	if d := b.declined(err, ledger.ReasonRepeated); !d.At.Equal(r.PostedAt) {
		t.Errorf("at %s, want %s", d.At, r.PostedAt)
	}
	q := transfer("100")
	q.Again = true
	_, err = b.OfferTransfer(b.ctx(), q)
	b.ok(err)
	b.transfer("101")
}

// A block of either side holds for an offer that a screen shows already, and moves nothing.
func TestTransferBlocked(t *testing.T) {
	b := newBench(t, wallet.Config{OfferTTL: time.Hour})
	b.seed(1000)
	b.seedOther("Айбек Осмонов", 0)
	o := b.transfer("100")
	b.ok(b.Block(b.ctx(), other, secret(second), "block"))
	_, err := b.OfferTransfer(b.ctx(), transfer("100"))
	b.declined(err, ledger.ReasonPayeeBlocked)
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonPayeeBlocked)
	b.messages()
	b.ok(b.block(canary, "block"))
	_, err = b.OfferTransfer(b.ctx(), transfer("100"))
	b.declined(err, ledger.ReasonBlocked)
	b.messages()
	if w := b.wallet(); w.Balance != money.Som(1000) {
		t.Errorf("balance = %s", w.Balance)
	}
}

// What the payee had room for may be gone by the time of the transfer: the books decide, and an SMS
// tells. The payee hears nothing.
func TestTransferPayeeFull(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	b.seedOther("Айбек Осмонов", 89_000)
	o := b.transfer("500")
	b.ok(b.Fund(b.ctx(), "more", other, money.Som(600)))
	_, err := b.pay(o.ID, canary, "1")
	if d := b.declined(err, ledger.ReasonPayeeLimit); d.Limit != money.Som(400) {
		t.Errorf("left = %s", d.Limit)
	}
	wantFields(t, b.message(wallet.KindNotPaid), map[string]string{
		"payee": "Айбек О.", "account": "0777123456", "amount": "500.00",
	})
}

// The fee of a transfer and of a cash-out is that of the table, rounded once, whatever the amount;
// and what was shown is what is charged, though the table has changed since.
func TestOperationFees(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(5000)
	b.seedOther("Айбек Осмонов", 0)
	for _, c := range []struct{ fee, amount, want string }{
		{`{percent: "0.5", min: "2", max: "50"}`, "10", "2"},
		{`{percent: "0.5", min: "2", max: "50"}`, "400.99", "2"},
		{`{percent: "0.5", min: "2", max: "50"}`, "401", "2.01"}, // 2.005: half up
		{`{percent: "0.5", min: "2", max: "2.10"}`, "500", "2.10"},
		{`{percent: "0.33", fixed: "0.01"}`, "10.15", "0.04"}, // 0.033495 and then 0.01
		{`{}`, "500", "0"},
	} {
		yaml := strings.Replace(providersYAML, `{percent: "0.5", min: "2", max: "50"}`, c.fee, 1)
		i := b.issuer(wallet.Config{}, b.keys, yaml)
		q := transfer(c.amount)
		o, err := i.OfferTransfer(b.ctx(), q)
		b.ok(err)
		want, err := money.Parse(c.want)
		b.ok(err)
		if o.Fee != want {
			t.Errorf("%s of %s is %s, want %s", c.fee, c.amount, o.Fee, want)
		}
	}
	o := b.transfer("401")
	dear := b.issuer(wallet.Config{}, b.keys, strings.Replace(providersYAML,
		`{percent: "0.5", min: "2", max: "50"}`, `{fixed: "500"}`, 1))
	r, err := dear.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.ok(err)
	if want := money.Som(5000-401) - 201; r.Balance != want {
		t.Errorf("balance = %s, want %s: the fee that was shown", r.Balance, want)
	}
}

// A number that may have another owner gets nothing and pays nothing.
func TestTransferSuspect(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	b.seedOther("Айбек Осмонов", 1000)
	o := b.transfer("100")
	for _, sim := range []string{imsi, otherSIM} {
		b.ok(b.Seen(b.ctx(), other, secret(sim)))
	}
	_, err := b.Recipient(b.ctx(), number, other)
	b.declined(err, ledger.ReasonPayeeBlocked)
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonPayeeBlocked)
	q := transfer("100")
	q.Number, q.To = other, number
	_, err = b.OfferTransfer(b.ctx(), q)
	b.declined(err, ledger.ReasonSuspect)
	_, err = b.OfferCashOut(b.ctx(), wallet.CashOutQuote{Number: other, Amount: money.Som(100)})
	b.declined(err, ledger.ReasonSuspect)
}
