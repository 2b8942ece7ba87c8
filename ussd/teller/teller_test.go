package teller_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"ussdgw/ussd"
	"ussdgw/ussd/teller"
	"ussdgw/wallet/ledger"
)

var _ ussd.Teller = (*teller.Teller)(nil)

// Whoever is registered is served in the language that the wallet has, whatever the dialogue
// began in.
func TestLanguageOfTheWallet(t *testing.T) {
	b := newBench(t)
	b.seed(0)
	for _, lang := range []string{"ru", "ky", "en"} {
		c := call("subscriber.set_language")
		c.Lang = lang
		b.must("ok", c)
		if a := b.must("registered", call("subscriber.identify")); a.Outcome.Lang != lang {
			t.Errorf("language %q, want %q", a.Outcome.Lang, lang)
		}
	}
}

// Each network that is not served says where to go, in every language, and needs no wallet.
func TestElsewhereInEveryLanguage(t *testing.T) {
	b := newBench(t)
	b.books.fail("wallet", ledger.ErrUnavailable)
	declared := b.env.Actions["subscriber.identify"].Outcomes["elsewhere"].Sets[0]
	if len(declared.Langs) != 3 {
		t.Fatalf("%d languages, want 3", len(declared.Langs))
	}
	for lang, where := range declared.Langs {
		c := call("subscriber.identify")
		c.Number, c.Lang = foreign, lang
		got := b.must("elsewhere", c).Outcome.Values["where"]
		if !slices.Contains(where, got) {
			t.Errorf("%s: %q, want one of %q", lang, got, where)
		}
	}
}

// The offer is made in the language of its confirm screen, and its end is told in that one.
func TestPayeeIsInTheLanguageOfTheOffer(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	c := quote("100")
	c.Lang = "en"
	b.must("ok", c)
	o := b.current()
	if o.ProviderName != "Dostek" || o.Revision != "r1" {
		t.Errorf("offer %+v, want Dostek of r1", o)
	}
	if got := b.must("not_taken", resolve(o)).Outcome.Values["payee"]; got != "Dostek" {
		t.Errorf("payee %q, want Dostek", got)
	}
}

// The same input again, or the right PIN once more, gets the answer of the one payment.
func TestPaidAgain(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o := b.offered("100")
	c := pay(o, right)
	c.Attempt = "one"
	first := b.must("paid", c)
	b.fund(500)
	for _, attempt := range []string{"one", "two"} {
		c.Attempt = attempt
		if again := b.must("paid", c); !reflect.DeepEqual(again, first) {
			t.Errorf("attempt %s: %+v, want %+v", attempt, again, first)
		}
	}
	if c.Action.Secrets["pin"].Len() == 0 {
		t.Error("the PIN was wiped: that is the caller's to do")
	}
}

func TestPaidAtOnce(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o := b.offered("100")
	answers := make([]ussd.Answer, 4)
	var group sync.WaitGroup
	for i := range answers {
		c := pay(o, right)
		c.Attempt = "one"
		group.Go(func() {
			var err error
			if answers[i], err = b.teller.Do(context.Background(), c); err != nil {
				t.Errorf("Do = %v", err)
			}
		})
	}
	group.Wait()
	for _, a := range answers {
		if want := paid(o, "100.00", "1.00", "899.00"); a.Outcome.Name != "paid" ||
			!maps.Equal(a.Outcome.Values, want) || a.Untold != o.ID {
			t.Errorf("got %+v, want paid %q", a, want)
		}
	}
}

// The offer that `changed` shows is the one that is paid next.
func TestPayAfterChanged(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o, open := b.offered("100"), b.offered("200")
	id := b.must("changed", pay(o, right)).Outcome.Values["offer"]
	if id != open.ID {
		t.Fatalf("offer %q, want %q", id, open.ID)
	}
	a := b.must("paid", typing(right, "payment.pay", "offer", id))
	if want := paid(open, "200.00", "2.00", "798.00"); !maps.Equal(a.Outcome.Values, want) {
		t.Errorf("got %q, want %q", a.Outcome.Values, want)
	}
}

// A doubt ends as what the books did in the end, and is told under the id of the one offer.
func TestDoubtEnds(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o := b.offered("100")
	a, s, release := b.leave(o)
	if a.Outcome.Name != "in_doubt" || a.Untold != o.ID {
		t.Fatalf("got %+v, want in_doubt of %s", a, o.ID)
	}
	b.must("not_taken", resolve(o)) // the commit has not come: now it must fail
	release()
	<-s.applied
	b.must("not_taken", resolve(o))
	b.must("not_taken", pay(o, right))
	balance := b.must("ok", call("wallet.balance")).Outcome.Values["balance"]
	if balance != "1000.00" {
		t.Errorf("balance %s, want 1000.00", balance)
	}
}

// A doubt about what comes before the payment is none about the payment, which was not tried: it
// is a failure, and what was asked for never happens.
func TestDoubtBeforeThePayment(t *testing.T) {
	for _, operation := range []string{"count try", "right try", "press"} {
		t.Run(operation, func(t *testing.T) {
			b := newBench(t)
			b.seed(1000)
			o := b.offered("100")
			b.books.fail(operation, ledger.ErrInDoubt)
			if a, err := b.try(t.Context(), pay(o, right)); err == nil {
				t.Errorf("got %+v, want an error", a)
			}
			b.must("not_taken", resolve(o))
			b.books.fail(operation, nil)
			b.must("not_taken", pay(o, right))
		})
	}
}

// all is a call of every action that needs the books, as of a subscriber with a wallet.
func all(o ledger.Offer) []ussd.Call {
	return []ussd.Call{
		call("subscriber.identify"), call("subscriber.set_language"), register(inn),
		call("wallet.resend_pin"), call("wallet.balance"), typing(right, "wallet.balance_pin"),
		call("wallet.history"), call("wallet.movement", "entry", "1", "top", "9"),
		call("wallet.send_receipt", "movement", nobodys), call("wallet.limits", "operation", "out"),
		call("transfer.recipient", "number", other.Digits()), send("100"), call("cashout.status"),
		cash("1000"), call("cashout.cancel"), proving(inn, "identity.confirm"),
		proving(inn, "pin.forgotten", "amount", "100"), call("payment.favourites"),
		call("payment.check", "provider", "severelectro", "account", severelectro),
		typing(right, "transfer.pay", "offer", o.ID), typing(right, "cashout.pay", "offer", o.ID),
		call("payment.recent"), call("payment.repeat", "entry", "1"), typing(right, "pin.check"),
		typing(second, "pin.stage"), typing(second, "pin.change"), quote("100"),
		call("payment.withdraw"), pay(o, right), resolve(o), typing(right, "wallet.block"),
	}
}

// What fails is an error: there is no outcome that says so.
func TestFailures(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o := b.offered("100")
	calls := all(o)
	const catalogue = 2 // payment.account and topup.number need nothing else
	if len(calls) != len(b.env.Actions)-catalogue {
		t.Fatalf("%d calls of %d actions", len(calls), len(b.env.Actions))
	}
	b.books.fail("wallet", ledger.ErrUnavailable)
	b.books.fail("register", ledger.ErrUnavailable)
	for _, c := range calls {
		if a, err := b.try(t.Context(), c); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s without books: %+v, %v", c.Action.Name, a, err)
		}
	}
	b.books.fail("wallet", nil)
	for operation, c := range map[string]ussd.Call{
		"refuse": resolve(o), "press": pay(o, right), "count try": typing(right, "pin.check"),
		"right try": pay(o, right), "apply": pay(o, right),
	} {
		b.books.fail(operation, ledger.ErrUnavailable)
		if a, err := b.try(t.Context(), c); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s without %s: %+v, %v", c.Action.Name, operation, a, err)
		}
		b.books.fail(operation, nil)
	}
	b.must("paid", pay(o, right))
}

// A PIN that was typed for another offer is answered by the open one, which has to be read.
func TestChangedNeedsTheBooks(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	o := b.offered("100")
	b.offered("200")
	b.books.fail("current offer", ledger.ErrUnavailable)
	if a, err := b.try(t.Context(), pay(o, right)); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("got %+v, %v", a, err)
	}
}

// What takes a wallet is a failure without one, where the menu has no outcome for it.
func TestWithoutAWallet(t *testing.T) {
	b := newBench(t)
	for _, c := range all(ledger.Offer{ID: nobodys}) {
		switch c.Action.Name {
		case "wallet.register": // makes one
		case "subscriber.identify", "wallet.resend_pin", "pin.forgotten":
			b.must("unregistered", c)
		default:
			if a, err := b.try(t.Context(), c); !errors.Is(err, ledger.ErrNoWallet) {
				t.Errorf("%s: %+v, %v", c.Action.Name, a, err)
			}
		}
	}
}

// nobodys is the id of no offer.
const nobodys = "0123456789abcdef0123456789abcdef"

func TestWrongCalls(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	none := ledger.Offer{ID: nobodys}
	for name, c := range map[string]ussd.Call{
		"no such action":      call("wallet.rob"),
		"no action":           call(""),
		"no amount":           call("payment.offer", "provider", "dostek", "account", dostek),
		"amount in words":     quote("all of it"),
		"pays nobody's offer": pay(none, right),
		"no entry":            call("wallet.movement", "top", "9"),
		"no top":              call("wallet.movement", "entry", "1"),
		"no recipient":        call("transfer.recipient", "number", "555"),
		"sends to nobody":     call("transfer.offer", "number", "", "amount", "100"),
		"sends no amount":     send(""),
		"no cash":             cash("x"),
		"tops up nothing":     call("topup.number", "number", "1"),
		"forgot the amount":   proving(inn, "pin.forgotten"),
		"entry 0":             call("payment.repeat", "entry", "0"),
		"entry in words":      call("payment.repeat", "entry", "one"),
		"a name of no letter": call("wallet.register", "name", " - ", "inn", inn),
	} {
		if a, err := b.try(t.Context(), c); err == nil {
			t.Errorf("%s: %+v, want an error", name, a)
		}
	}
}
