package wallet_test

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/pin"
)

func cash(amount string) wallet.CashOutQuote {
	a, err := money.Parse(amount)
	if err != nil {
		panic(err)
	}
	return wallet.CashOutQuote{Number: number, Amount: a, Lang: "ru", Revision: "r1"}
}

func (b *bench) cash(amount string) ledger.Offer {
	b.t.Helper()
	o, err := b.OfferCashOut(b.ctx(), cash(amount))
	b.ok(err)
	return o
}

// reserved takes a cash-out to its hold and returns the code that the subscriber got.
func (b *bench) reserved(amount, attempt string) (ledger.Offer, string) {
	b.t.Helper()
	o := b.cash(amount)
	_, err := b.pay(o.ID, canary, attempt)
	b.fails(err, ledger.ErrHeld)
	return o, b.message(wallet.KindCashCode).secret
}

// storedCode is what the books keep of the one-time code of a cash-out.
func (b *bench) storedCode(hold string) (code []byte) {
	b.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "ledger.db"))
	b.ok(err)
	defer func() { b.ok(db.Close()) }()
	b.ok(db.QueryRow(`SELECT code FROM hold WHERE id = ?`, hold).Scan(&code))
	return code
}

func TestCashOut(t *testing.T) {
	b := newBench(t, wallet.Config{CashOutTTL: time.Hour})
	_, err := b.CashOut(b.ctx(), number)
	b.fails(err, ledger.ErrNoWallet)
	w := b.seed(1000)
	_, err = b.CashOut(b.ctx(), number)
	b.fails(err, ledger.ErrNoHold)
	o := b.cash("500")
	if o.Operation != ledger.OpCashOut || o.ProviderName != "Наличные" || o.Fee != money.Som(5) ||
		o.Account != "0555123456" || o.Provider != "" || o.Payee != "" {
		t.Errorf("offer = %+v", o)
	}
	b.silent()
	for range 2 { // the same input again is the same cash-out, with the same code
		r, err := b.pay(o.ID, canary, "1")
		b.fails(err, ledger.ErrHeld)
		if r.Offer.ID != o.ID || r.Offer.State != ledger.OfferHeld {
			t.Errorf("receipt = %+v", r)
		}
	}
	m := b.message(wallet.KindCashCode)
	wantFields(t, m, map[string]string{"amount": "500.00", "until": "21.11 15:05"})
	if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(m.secret) || m.Lang != "ru" {
		t.Errorf("code %q in %s", m.secret, m.Lang)
	}
	h, err := b.CashOut(b.ctx(), number)
	b.ok(err)
	if h.ID != o.ID || h.State != ledger.HoldHeld || !h.Deadline.Equal(b.clock.Now().Add(time.Hour)) {
		t.Errorf("hold = %+v", h)
	}
	if now := b.wallet(); now.Balance != money.Som(1000) || now.Available() != money.Som(495) {
		t.Errorf("balance %s, to spend %s", now.Balance, now.Available())
	}
	if got := b.storedCode(o.ID); !hmac.Equal(got, b.CodeOf(w.ID, secret(m.secret))) ||
		hmac.Equal(got, b.CodeOf("another", secret(m.secret))) {
		t.Error("the stored code is not that of the SMS")
	}
}

func TestCashOutDeclines(t *testing.T) {
	b := newBench(t, wallet.Config{})
	_, err := b.OfferCashOut(b.ctx(), cash("100"))
	b.fails(err, ledger.ErrNoWallet)
	b.seed(504)
	for _, c := range []struct {
		amount money.Amount
		reason ledger.Reason
		limit  money.Amount
	}{
		{0, ledger.ReasonBelowMin, money.Som(100)},
		{money.Som(100) - 1, ledger.ReasonBelowMin, money.Som(100)},
		{money.Som(700) + 1, ledger.ReasonAboveMax, money.Som(700)},
		{money.Som(600) + 1, ledger.ReasonLimitPayment, money.Som(600)},
		{money.Som(500), ledger.ReasonLowBalance, money.Som(504)},
	} {
		q := cash("1")
		q.Amount = c.amount
		_, err := b.OfferCashOut(b.ctx(), q)
		if d := b.declined(err, c.reason); d.Limit != c.limit {
			t.Errorf("%s: limit = %s, want %s", c.amount, d.Limit, c.limit)
		}
	}
	b.ok(b.block(canary, "block"))
	_, err = b.OfferCashOut(b.ctx(), cash("100"))
	b.declined(err, ledger.ReasonBlocked)
}

// One at a time: what is under way is told, and what was offered beside it is refused by the books.
func TestCashOutTwice(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	beside := b.cash("150")
	other := beside
	other.ID, other.Amount = "beside", money.Som(120)
	b.reserved("200", "1")
	_, err := b.OfferCashOut(b.ctx(), cash("100"))
	d := b.declined(err, ledger.ReasonCashOut)
	if d.Limit != money.Som(200) || !d.Until.Equal(b.clock.Now().Add(30*time.Minute)) {
		t.Errorf("decline = %+v", d)
	}
	b.ok(b.store.OpenOffer(b.ctx(), other))
	_, err = b.pay(other.ID, canary, "2")
	b.declined(err, ledger.ReasonCashOut)
	wantFields(t, b.message(wallet.KindNotPaid), map[string]string{
		"payee": "Наличные", "account": "0555123456", "amount": "120.00",
	})
}

// However many dialogues pay at once, one cash-out is held and one code goes out.
func TestCashOutAtOnce(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.cash("200")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			attempt := string(rune('a' + n%2))
			_, err := b.Pay(b.ctx(), number, o.ID, secret(canary), attempt)
			if !errors.Is(err, ledger.ErrHeld) {
				t.Errorf("Pay = %v, want held", err)
			}
		})
	}
	group.Wait()
	code := b.message(wallet.KindCashCode).secret
	if w := b.wallet(); w.Available() != money.Som(795) {
		t.Errorf("to spend %s", w.Available())
	}
	if !hmac.Equal(b.storedCode(o.ID), b.CodeOf(b.wallet().ID, secret(code))) {
		t.Error("the SMS has another code than the books")
	}
}

func TestCancelCashOut(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.CancelCashOut(b.ctx(), number, "1"), ledger.ErrNoWallet)
	b.seed(1000)
	b.fails(b.CancelCashOut(b.ctx(), number, "1"), ledger.ErrNoHold)
	first, code := b.reserved("200", "1")
	b.ok(b.CancelCashOut(b.ctx(), number, "2"))
	b.ok(b.CancelCashOut(b.ctx(), number, "2"))
	b.fails(b.CancelCashOut(b.ctx(), number, "3"), ledger.ErrNoHold)
	b.silent()
	if w := b.wallet(); w.Balance != money.Som(1000) || w.Held != 0 {
		t.Errorf("balance %s, held %s", w.Balance, w.Held)
	}
	got, err := b.Allowance(b.ctx(), number, ledger.OpCashOut)
	b.ok(err)
	if got.Today != money.Som(800) {
		t.Errorf("left today: %s, want all of it", got.Today)
	}
	_, err = b.Resolve(b.ctx(), number, first.ID)
	b.declined(err, ledger.ReasonWithdrawn)
	if _, next := b.reserved("200", "4"); next == code {
		t.Log("the codes are the same by chance") // one time in a million
	}
}

// Cash that nobody fetches comes back, and an SMS tells.
func TestCashOutExpires(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o, _ := b.reserved("200", "1")
	d := wallet.NewDispatcher(b.Issuer, b.store, b.log)
	b.clock.advance(30*time.Minute - time.Microsecond)
	if ended, err := d.Once(b.ctx()); err != nil || ended != 0 {
		t.Errorf("before its time: %d, %v", ended, err)
	}
	b.clock.advance(time.Microsecond)
	if ended, err := d.Once(b.ctx()); err != nil || ended != 1 {
		t.Errorf("in time: %d, %v", ended, err)
	}
	wantFields(t, b.message(wallet.KindCashVoided), map[string]string{
		"amount": "200.00", "balance": "1000.00",
	})
	_, err := b.Resolve(b.ctx(), number, o.ID)
	b.declined(err, ledger.ReasonExpired)
	_, err = b.CashOut(b.ctx(), number)
	b.fails(err, ledger.ErrNoHold)
}

// A refused cash-out has no code.
func TestCashOutRefusedByTheBooks(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(500)
	o := b.cash("400")
	dear := strings.Replace(providersYAML, `cash_out: {once: "600"`, `cash_out: {once: "300"`, 1)
	_, err := b.issuer(wallet.Config{}, b.keys, dear).
		Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.declined(err, ledger.ReasonLimitPayment)
	b.message(wallet.KindNotPaid)
}

// The code is in the SMS and nowhere else: not in the files of the books, not in a log, not in an
// error, also when the SMS cannot be sent. What is random here is always the same, so that six
// digits are not found by accident.
func TestCashCodeIsSecret(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	i, err := wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, b.store, b.poster, b.keys,
		providers(t, providersYAML), b.clock.Now, rand.NewChaCha8([32]byte{7}), b.log)
	b.ok(err)
	o, err := i.OfferCashOut(b.ctx(), cash("200"))
	b.ok(err)
	r, err := i.Pay(b.ctx(), number, o.ID, secret(canary), "1")
	b.fails(err, ledger.ErrHeld)
	fmt.Fprintf(b.witness, "%+v", r)
	box := &telltale{}
	relay := wallet.NewRelay(b.store, b.keys, box, b.clock.Now, b.log)
	_, err = relay.Once(b.ctx())
	b.ok(err)
	if len(box.code) != wallet.CashCodeDigits {
		t.Fatalf("the SMS has a code of %d digits", len(box.code))
	}
	b.mu.Lock()
	b.pins[box.code] = true
	b.mu.Unlock()
}

// A telltale is a Sender that fails, and puts what it should have sent into its error.
type telltale struct{ code string }

func (s *telltale) Send(_ context.Context, _ ledger.Message, code pin.Secret) error {
	s.code = string(code.Reveal())
	return errors.New("no route for " + s.code)
}
