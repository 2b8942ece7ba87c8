package wallet_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

func (b *bench) history(n msisdn.Number, before int64, limit int) []ledger.Movement {
	b.t.Helper()
	all, err := b.History(b.ctx(), n, before, limit)
	b.ok(err)
	return all
}

// moves makes one movement of each kind that a subscriber can cause, oldest first: money put in, a
// payment, a transfer, cash.
func (b *bench) moves() {
	b.t.Helper()
	b.openAgent(1000)
	b.seed(0)
	b.seedOther("Айбек Осмонов", 0)
	_, err := b.CashIn(b.ctx(), cashIn("7", 1000))
	b.ok(err)
	b.spend(1, "dostek", dostek, "100")
	_, err = b.pay(b.transfer("200").ID, canary, "transfer")
	b.ok(err)
	o := b.cash("300")
	_, err = b.pay(o.ID, canary, "cash")
	b.fails(err, ledger.ErrHeld)
	for _, m := range b.messages() {
		if m.Kind == wallet.KindCashCode {
			b.payOut("8", m.secret)
		}
	}
	b.message(wallet.KindCashOut)
}

func TestHistory(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.History(b.ctx(), number, 0, 5)
	b.fails(err, ledger.ErrNoWallet)
	b.moves()
	all := b.history(number, 0, 5)
	var got []string
	for _, m := range all {
		got = append(got, strings.Join([]string{
			m.Kind, m.Amount.String(), m.Fee.String(), m.Offer.ProviderName, m.Offer.Account,
		}, " "))
	}
	want := []string{
		"cash_out -305.00 5.00 Наличные 0555123456", "transfer -202.00 2.00 Айбек О. 0777123456",
		"payment -101.00 1.00 Достэк " + dostek, "cash_in 1000.00 0.00  ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if page := b.history(number, all[1].Seq, 1); len(page) != 1 || page[0].Seq != all[2].Seq {
		t.Errorf("next page: %+v", page)
	}

	// Who gets money is told who has sent it, as others may know it, and not what it has cost.
	in := b.history(other, 0, 5)
	if len(in) != 1 || in[0].Amount != money.Som(200) || in[0].Fee != 0 ||
		in[0].Offer.ProviderName != "Asanov A." || in[0].Offer.Account != number.Masked() {
		t.Errorf("got %+v", in)
	}
}

func TestSendReceipt(t *testing.T) {
	b := newBench(t, wallet.Config{ReceiptsPerDay: 100})
	b.fails(b.SendReceipt(b.ctx(), number, "none", "1"), ledger.ErrNoWallet)
	b.moves()
	b.clock.advance(time.Hour)
	all := b.history(number, 0, 5)
	for n, want := range []struct {
		kind   string
		fields map[string]string
	}{
		{wallet.KindCashOut, map[string]string{"amount": "300.00", "balance": "392.00"}},
		{wallet.KindSent, map[string]string{
			"payee": "Айбек О.", "account": "0777123456", "amount": "200.00", "fee": "2.00",
			"code": all[1].Offer.Code, "balance": "697.00",
		}},
		{wallet.KindPaid, map[string]string{
			"payee": "Достэк", "account": dostek, "amount": "100.00", "fee": "1.00",
			"code": all[2].Offer.Code, "balance": "899.00",
		}},
		{wallet.KindCashIn, map[string]string{
			"network": "Терминал", "amount": "1000.00", "balance": "1000.00",
		}},
	} {
		for range 2 { // the same input again
			b.ok(b.SendReceipt(b.ctx(), number, all[n].Transfer, strconv.Itoa(n)))
		}
		wantFields(t, b.message(want.kind), want.fields)
	}
	in := b.history(other, 0, 5)[0]
	b.ok(b.SendReceipt(b.ctx(), other, in.Transfer, "in"))
	got := b.messages()
	if len(got) != 1 || got[0].Kind != wallet.KindReceived || got[0].To != other {
		t.Errorf("messages = %+v, want that of who has got it", got)
	}
	b.fails(b.SendReceipt(b.ctx(), other, all[2].Transfer, "another's"), ledger.ErrNoTransfer)
	b.ok(b.Fund(b.ctx(), "gift", other, money.Som(1)))
	b.fails(b.SendReceipt(b.ctx(), other, b.history(other, 0, 1)[0].Transfer, "untold"),
		ledger.ErrNoMessage)
	b.silent()
}

func TestSendReceiptTooOften(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	b.spend(1, "dostek", dostek, "100")
	b.messages()
	id := b.history(number, 0, 1)[0].Transfer
	for n := range 5 {
		b.ok(b.SendReceipt(b.ctx(), number, id, strconv.Itoa(n)))
	}
	b.declined(b.SendReceipt(b.ctx(), number, id, "5"), ledger.ReasonTooOften)
	b.ok(b.SendReceipt(b.ctx(), number, id, "4")) // was sent
	if got := len(b.messages()); got != 5 {
		t.Errorf("%d messages, want 5", got)
	}
	b.clock.advance(24*time.Hour + time.Microsecond)
	b.ok(b.SendReceipt(b.ctx(), number, id, "6"))
	b.message(wallet.KindPaid)
}

func TestTopUp(t *testing.T) {
	b := newBench(t, wallet.Config{})
	if _, _, ok := b.TopUp(number); ok {
		t.Error("a network without a top-up has one")
	}
	yaml := strings.Replace(providersYAML, `prefixes: [""]}`, `prefixes: [""]}
  mega: {name: "Mega", served: "yes", prefixes: ["99655"], top_up: "phones"}`, 1)
	i := b.issuer(wallet.Config{}, b.keys, strings.Replace(yaml, "limits:\n", `
      - id: "phones"
        number: "5"
        name: "Phones"
        fields: ["phone"]
        amount: {min: "1", max: "15000"}
        fee: {percent: "1", payer: "provider"}
        settlement: "registry"
limits:
`, 1))
	p, account, ok := i.TopUp(number)
	if !ok || p.ID != "phones" || account != "0555123456" {
		t.Errorf("got %s, %q, %t", p.ID, account, ok)
	}
	b.seed(100)
	q := quote("10")
	q.Provider, q.Account = p.ID, account
	o, err := i.Offer(b.ctx(), q)
	b.ok(err)
	if o.Fee != 0 || o.ProviderFee != 10 { // 1 %, of the provider's
		t.Errorf("fees = %s and %s", o.Fee, o.ProviderFee)
	}
	r, err := i.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.ok(err)
	if r.Balance != money.Som(90) {
		t.Errorf("balance = %s", r.Balance)
	}
	if _, _, ok := i.TopUp(other); ok {
		t.Error("a number of another network has a top-up")
	}
}
