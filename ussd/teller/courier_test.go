package teller_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// program is the menu of the binary, proven against what the teller declares.
// program is the menu of the bench, for everybody and for good.
func (b *bench) program() func(msisdn.Number) *menu.Program {
	b.t.Helper()
	var r source.Report
	p := menu.Load(b.files, b.env, &r)
	if p == nil {
		b.t.Fatal(r.Err())
	}
	return func(msisdn.Number) *menu.Program { return p }
}

// A phone keeps the SMS that it is sent.
type phone struct {
	mu    sync.Mutex
	texts []string
}

func (p *phone) SendSMS(_ context.Context, to msisdn.Number, text string) error {
	if to != number {
		return errors.New("the SMS is for somebody else")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.texts = append(p.texts, text)
	return nil
}

// A checker is a Courier whose messages are held against what the menu was told of them.
type checker struct {
	*teller.Courier
	b *bench
}

func (c checker) Send(ctx context.Context, m ledger.Message, s pin.Secret) error {
	fields := maps.Clone(m.Fields)
	if s.Len() > 0 {
		name := "pin"
		if m.Kind == wallet.KindCashCode {
			name = "code"
		}
		fields = values{name: string(s.Reveal())}
		maps.Copy(fields, m.Fields)
	}
	if _, ok := c.b.env.SMS[m.Kind]; !ok {
		c.b.t.Errorf("a message of kind %s, which is not declared", m.Kind)
	}
	c.b.fits("sms "+m.Kind, m.Lang, c.b.env.SMS[m.Kind], fields)
	return c.Courier.Send(ctx, m, s)
}

// messages sends what is due and returns the texts that number gets.
func (b *bench) messages() []string {
	b.t.Helper()
	p := &phone{}
	sender := checker{teller.NewCourier(b.program(), p), b}
	relay := wallet.NewRelay(b.books, b.keys, sender, b.clock.Now, zap.NewNop())
	for {
		sent, err := relay.Once(b.t.Context())
		b.ok(err)
		if sent == 0 {
			return p.texts
		}
	}
}

// firstPIN takes the PIN out of the one SMS that is due.
func (b *bench) firstPIN() string {
	b.t.Helper()
	texts := b.messages()
	if len(texts) != 1 {
		b.t.Fatalf("%d SMS, want the one with the PIN", len(texts))
	}
	rest, ok := strings.CutPrefix(texts[0], "Ваш PIN ")
	digits, _, found := strings.Cut(rest, ".")
	if !ok || !found || len(digits) != len(right) {
		b.t.Fatalf("an SMS of %d octets without a PIN", len(texts[0]))
	}
	return digits
}

func TestMessages(t *testing.T) {
	b := newBench(t)
	b.must("ok", register(inn))
	first := b.firstPIN()
	b.must("ok", typing(first, "pin.check"))
	b.must("ok", typing(second, "pin.stage"))
	b.must("ok", typing(second, "pin.change"))
	b.fund(1000)
	o := b.offered("100")
	b.must("paid", pay(o, second))
	want := []string{ // sorted: two messages that are due are sent at once
		"PIN кошелька изменен. Если это не вы, обратитесь к эмитенту",
		"Оплата Достэк\n" + dostek + "\n100.00+1.00 с\nКод " + o.Code + "\nОст.899.00",
	}
	got := b.messages()
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The longest account of the catalogue has room in an SMS.
func TestMessageWithTheLongestAccount(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	const order = "123456789012345"
	b.must("ok", call("payment.offer", "provider", "parking", "account", order, "amount", "100"))
	b.must("paid", pay(b.current(), right))
	if got := b.messages(); len(got) != 1 || !strings.Contains(got[0], "\n"+order+"\n") {
		t.Errorf("got %q, want one with the account %s", got, order)
	}
}

// A payment that somebody waits for, and that never happened, is told when it is swept up.
func TestMessageOfASweep(t *testing.T) {
	b := newBench(t)
	b.seed(1000)
	b.lose(b.offered("100"))
	b.clock.advance(time.Minute)
	settled, err := wallet.NewSweeper(b.issuer, time.Minute, zap.NewNop()).Once(t.Context())
	if settled != 1 || err != nil {
		t.Fatalf("swept %d, %v", settled, err)
	}
	want := []string{"Не оплачено: Достэк\n" + dostek + "\n100.00 сом. Деньги не списаны"}
	if got := b.messages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// firstPINMessage is a message whose PIN is sealed.
func firstPINMessage(lang string) ledger.Message {
	return ledger.Message{To: number, Kind: "first_pin", Lang: lang}
}

func TestCourierSealedField(t *testing.T) {
	program := newBench(t).program()
	for lang, want := range map[string]string{
		"ky": "Сиздин PIN " + right + ". Аны алмаштырыңыз: *900#, 8, 3. Эч кимге айтпаңыз",
		"ru": "Ваш PIN " + right + ". Смените его: *900#, 8, 3. Никому не говорите",
		"en": "Your PIN " + right + ". Change it: *900#, then 8, then 3. Never tell it to anyone.",
		"xx": "Сиздин PIN " + right + ". Аны алмаштырыңыз: *900#, 8, 3. Эч кимге айтпаңыз",
	} {
		p, m := &phone{}, firstPINMessage(lang)
		err := teller.NewCourier(program, p).Send(t.Context(), m, secret(right))
		if err != nil || !slices.Equal(p.texts, []string{want}) {
			t.Errorf("%s: got %q, %v, want %q", lang, p.texts, err, want)
		}
	}
}

// The message belongs to the relay: the PIN is in no field of it when Send has returned.
func TestCourierLeavesTheMessage(t *testing.T) {
	m := firstPINMessage("ru")
	m.Fields = values{"name": "Asan"}
	c := teller.NewCourier(newBench(t).program(), &phone{})
	if err := c.Send(t.Context(), m, secret(right)); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(m.Fields, values{"name": "Asan"}) {
		t.Errorf("fields %q", m.Fields)
	}
}

// refusing is a sender that fails with an error made of the text.
type refusing func(text string) error

func (r refusing) SendSMS(_ context.Context, _ msisdn.Number, text string) error { return r(text) }

func TestCourierErrors(t *testing.T) {
	program := newBench(t).program()
	down := errors.New("the link is down")
	paidSMS := ledger.Message{To: number, Kind: "paid", Lang: "ru", Fields: values{
		"payee": "Dostek", "account": dostek, "amount": "100.00", "fee": "1.00",
		"code": "1234567890", "balance": "899.00",
	}}
	lacking := paidSMS
	lacking.Fields = maps.Clone(paidSMS.Fields)
	delete(lacking.Fields, "code")
	unknown := firstPINMessage("ru")
	unknown.Kind = "no_such_kind"
	for name, c := range map[string]struct {
		message ledger.Message
		secret  string
		refuses refusing
		cause   error // in the chain
		says    string
	}{
		"unknown kind": {unknown, right, nil, nil, "no_such_kind"},
		"no secret":    {firstPINMessage("ru"), "", nil, nil, `"pin"`},
		"no field":     {lacking, "", nil, nil, `"code"`},
		"down": {
			firstPINMessage("ru"), right, func(string) error { return down }, down, "first_pin",
		},
		"down, no secret": {paidSMS, "", func(string) error { return down }, down, "paid"},
		"quotes the text": {
			paidSMS, "", func(text string) error { return fmt.Errorf("cannot send %s", text) }, nil,
			"paid",
		},
		"quotes the text with the PIN": {
			firstPINMessage("ru"), right,
			func(text string) error { return fmt.Errorf("cannot send %q", text) }, nil, "first_pin",
		},
	} {
		sender := c.refuses
		if sender == nil {
			sender = func(string) error { t.Errorf("%s: sent", name); return nil }
		}
		err := teller.NewCourier(program, sender).Send(t.Context(), c.message, secret(c.secret))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error = %v, want one that says %q", name, err, c.says)
			continue
		}
		var marked interface{ Permanent() bool }
		hopeless := errors.As(err, &marked) && marked.Permanent()
		if noText := c.refuses == nil; hopeless != noText {
			t.Errorf("%s: permanent %v, want %v: only a text can be missing for good", name,
				hopeless, noText)
		}
		if c.cause != nil && !errors.Is(err, c.cause) {
			t.Errorf("%s: error = %v, want %v in its chain", name, err, c.cause)
		}
		for _, hidden := range []string{right, dostek, "899.00", "Смените"} {
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), hidden) {
				t.Errorf("%s: error = %v holds %q", name, err, hidden)
			}
		}
	}
}
