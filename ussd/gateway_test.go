package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/menus/source"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testMenu = `
schema: ussd.menu/v1
service: "*900#"
languages: [en]
limits: {gsm7: 182, ucs2: 80}
keys: {back: "0", home: "00", more: "98"}
nav: {back: {en: "0 Back"}, more: {en: "98 More"}, home: {en: "00 Menu"}}
entries:
  start: entry
  resume: resume_ask
  untold: told
  over: over
  busy: busy
  shortcut_refused: refused
  unavailable: unavailable
errors:
  option: {en: "No such item"}
  amount_format: {en: "Not an amount"}
  amount_range: {en: "Out of range"}
  pin_format: {en: "4 digits (0 back):"}
  pin_wrong: {en: "Wrong PIN, {left} left\nPIN (0 back):"}
slots:
  amount: {type: money, max: "15000.00"}
  pin: {type: pin, length: 4}
  provider: {type: text, min: 1, max: 10}
  account: {type: digits, max: 10}
states:
  entry: {do: test.identify, on: {ok: main}}
  main:
    text: {en: "Main"}
    options:
      - {key: "1", text: {en: "Pay"}, goto: amount, set: {provider: "P", account: "1"}}
      - {key: "2", text: {en: "Touch"}, goto: touch}
  touch: {do: test.touch, on: {ok: touched}}
  touched: {text: {en: "Touched"}, options: [{key: "1", text: {en: "Menu"}, goto: "@home"}]}
  amount: {ask: amount, text: {en: "Amount:"}, goto: quote}
  quote:
    do: test.offer
    with: {provider: provider, account: account, amount: amount}
    on: {ok: confirm}
  confirm:
    confirm: quote
    ask: pin
    text: {en: "{provider} {account}\n{amount}+{fee}\nPIN (0 back):"}
    nav: inline
    goto: pay
  pay:
    do: test.pay
    with: {offer: offer, pin: pin}
    on: {paid: paid, in_doubt: doubt, wrong_pin: {goto: confirm, notice: pin_wrong}}
  doubt: {end: {en: "Being checked"}}
  paid: {end: {en: "Paid {amount} code {code}"}}
  told: {do: test.resolve, with: {offer: offer}, on: {paid: told_paid, not_taken: told_not}}
  told_paid:
    text: {en: "It was paid, code {code}"}
    options: [{key: "1", text: {en: "Go on"}, goto: "@resume"}]
  told_not:
    text: {en: "It was not taken"}
    options: [{key: "1", text: {en: "Go on"}, goto: "@resume"}]
  resume_ask:
    text: {en: "Go on?"}
    options:
      - {key: "1", text: {en: "Go on"}, goto: "@resume"}
      - {key: "2", text: {en: "Start again"}, goto: "@home"}
  over: {end: {en: "Session over, dial again"}}
  busy: {end: {en: "Busy, dial again"}}
  refused: {end: {en: "String refused"}}
  unavailable: {end: {en: "Not available"}}
sms: {}
`

func testEnvironment() menu.Environment {
	v := func(name, widest string) menu.ValueDef {
		return menu.ValueDef{Name: name, Widest: []string{widest}}
	}
	return menu.Environment{Actions: map[string]menu.ActionDef{
		"test.identify": {Outcomes: map[string]menu.OutcomeDef{"ok": {}}},
		"test.touch":    {Outcomes: map[string]menu.OutcomeDef{"ok": {}}},
		"test.withdraw": {Outcomes: map[string]menu.OutcomeDef{"done": {}}},
		"test.offer": {
			Args: []string{"provider", "account", "amount"}, Withdraw: "test.withdraw",
			Outcomes: map[string]menu.OutcomeDef{"ok": {
				Offer: true, Sets: []menu.ValueDef{v("offer", ""), v("fee", "99999.99")},
			}},
		},
		"test.pay": {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Outcomes: map[string]menu.OutcomeDef{
				"paid":      {Sets: []menu.ValueDef{v("code", "9999999999")}},
				"in_doubt":  {},
				"wrong_pin": {Offer: true, Sets: []menu.ValueDef{v("left", "9")}},
			},
		},
		"test.resolve": {
			Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{
				"paid":      {Sets: []menu.ValueDef{v("code", "9999999999")}},
				"not_taken": {},
			},
		},
	}}
}

func testProgram(t *testing.T) *menu.Program {
	t.Helper()
	var r source.Report
	fsys := fstest.MapFS{"menu.yaml": &fstest.MapFile{Data: []byte(testMenu[1:])}}
	p := menu.Load(fsys, testEnvironment(), &r)
	if p == nil {
		t.Fatalf("test menu: %v", r.Err())
	}
	return p
}

// A bank is a Teller that pays each offer at most once. before and after are called around what
// an action does.
type bank struct {
	mu       sync.Mutex
	offers   int
	paid     map[string]int // offer -> executions with an effect
	doubt    bool           // a payment is made and its answer lost
	attempts map[string]int
	calls    []string
	before   func(ussd.Call) error
	after    func(ussd.Call)
}

func newBank() *bank { return &bank{paid: map[string]int{}, attempts: map[string]int{}} }

func (b *bank) Do(_ context.Context, c ussd.Call) (ussd.Answer, error) {
	if b.before != nil {
		if err := b.before(c); err != nil {
			return ussd.Answer{}, err
		}
	}
	a := b.do(c)
	if b.after != nil {
		b.after(c)
	}
	return a, nil
}

func (b *bank) do(c ussd.Call) ussd.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, c.Action.Name)
	offer := c.Action.Args["offer"]
	ok := func(name string, untold string, values map[string]string) ussd.Answer {
		return ussd.Answer{
			Outcome: menu.Outcome{Name: name, Values: values}, Untold: untold,
		}
	}
	switch c.Action.Name {
	case "test.offer":
		b.offers++
		id := fmt.Sprintf("offer-%d", b.offers)
		return ok("ok", "", map[string]string{"offer": id, "fee": "1.00"})
	case "test.withdraw":
		return ok("done", "", nil)
	case "test.pay":
		b.attempts[c.Attempt]++
		if s := c.Action.Secrets["pin"]; string(s.Reveal()) != "7391" {
			return ok("wrong_pin", "", map[string]string{"left": "2"})
		}
		b.paid[offer] = 1
		if b.doubt {
			a := ok("in_doubt", offer, nil)
			a.Pending = true
			return a
		}
		return ok("paid", offer, map[string]string{"code": "1234567890"})
	case "test.resolve":
		if b.paid[offer] == 1 {
			return ok("paid", offer, map[string]string{"code": "1234567890"})
		}
		return ok("not_taken", offer, nil)
	}
	return ok("ok", "", nil)
}

func (b *bank) count(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, c := range b.calls {
		if c == name {
			n++
		}
	}
	return n
}

// A handset makes the requests of one subscriber.
type handset struct {
	t        *testing.T
	g        *ussd.Gateway
	dialogue int
	unit     int
	noIDs    bool
}

var testNumber = msisdn.MustParse("996555000056")

func (h *handset) request(kind ussd.Kind, text string) ussd.Request {
	r := ussd.Request{
		Link: "test", Number: testNumber, Service: "*900#", Kind: kind,
		Text: pin.NewSecret([]byte(text)),
	}
	if !h.noIDs {
		r.Dialogue, r.Unit = fmt.Sprint(h.dialogue), fmt.Sprint(h.unit)
	}
	return r
}

func (h *handset) send(req ussd.Request) ussd.Reply {
	h.t.Helper()
	return h.g.Step(h.t.Context(), req)
}

// dial begins a new dialogue; the reply is delivered.
func (h *handset) dial(code string) ussd.Reply {
	h.t.Helper()
	h.dialogue++
	h.unit = 1
	return h.delivered(h.request(ussd.Begin, code))
}

// answer types a text; the reply is delivered.
func (h *handset) answer(text string) ussd.Reply {
	h.t.Helper()
	h.unit++
	return h.delivered(h.request(ussd.Input, text))
}

func (h *handset) delivered(req ussd.Request) ussd.Reply {
	h.t.Helper()
	r := h.send(req)
	h.g.Acknowledge(h.t.Context(), req, r, true)
	return r
}

func want(t *testing.T, r ussd.Reply, kind ussd.ReplyKind, state string) {
	t.Helper()
	if r.Kind != kind || r.State != state {
		t.Fatalf("reply %v %q (%q), want %v %q", r.Kind, r.State, r.Text, kind, state)
	}
}

func newGateway(t *testing.T, store ussd.SessionStore, b ussd.Teller) *ussd.Gateway {
	t.Helper()
	g, err := ussd.New(ussd.Config{
		Menus: ussd.OneMenu(testProgram(t)), Store: store, Teller: b, Clock: time.Now, MaxSteps: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func memory() *session.Memory { return session.NewMemory(0, time.Now) }

func TestWalkToPayment(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	want(t, h.dial("*900#"), ussd.Ask, "main")
	want(t, h.answer("1"), ussd.Ask, "amount")
	want(t, h.answer("100"), ussd.Ask, "confirm")
	want(t, h.answer("1111"), ussd.Ask, "confirm")
	r := h.answer("7391")
	want(t, r, ussd.End, "paid")
	if r.Text != "Paid 100.00 code 1234567890" {
		t.Errorf("text %q", r.Text)
	}
	if len(b.paid) != 1 || len(b.attempts) != 2 {
		t.Errorf("paid %v, attempts %v, want one payment of two attempts", b.paid, b.attempts)
	}
	want(t, h.answer("1"), ussd.End, "over")
}

func TestAnswersWithoutSession(t *testing.T) {
	h := &handset{t: t, g: newGateway(t, memory(), newBank())}
	want(t, h.answer("1"), ussd.End, "over")
	h.dial("*900#")
	h.dialogue = 77
	want(t, h.answer("1"), ussd.End, "over")
}

func TestRedeliveryIsNotSteppedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBank()
		h := &handset{t: t, g: newGateway(t, memory(), b)}
		h.dial("*900#")
		h.answer("2")
		again := h.send(h.request(ussd.Input, "2"))
		if again.Kind != ussd.None || b.count("test.touch") != 1 {
			t.Fatalf("redelivery gave %v %q after %d actions, want nothing after 1",
				again.Kind, again.State, b.count("test.touch"))
		}
		// A first reply whose fate is unknown is sent again, word for word.
		h.unit++
		first := h.send(h.request(ussd.Input, "1"))
		again = h.send(h.request(ussd.Input, "1"))
		if again.Kind != ussd.Ask || again.Text != first.Text || !again.Repeat {
			t.Fatalf("redelivery gave %+v, want a repeat of %q", again, first.Text)
		}
	})
}

func TestRedeliveryWithoutIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBank()
		h := &handset{t: t, g: newGateway(t, memory(), b), noIDs: true}
		h.dial("*900#")
		if r := h.dial("*900#"); r.Kind != ussd.None {
			t.Fatalf("dialled twice at once: %v %q, want nothing", r.Kind, r.State)
		}
		want(t, h.answer("2"), ussd.Ask, "touched")
		if r := h.answer("2"); r.Kind != ussd.None {
			t.Fatalf("same payload at once: %v %q, want nothing", r.Kind, r.State)
		}
		time.Sleep(5 * time.Second)
		want(t, h.answer("1"), ussd.Ask, "main")
		time.Sleep(5 * time.Second)
		want(t, h.answer("1"), ussd.Ask, "amount")
	})
}

func TestResumeAfterDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &handset{t: t, g: newGateway(t, memory(), newBank())}
		h.dial("*900#")
		h.answer("1")
		want(t, h.dial("*900#"), ussd.Ask, "resume_ask")
		want(t, h.dial("*900#"), ussd.Ask, "resume_ask")
		want(t, h.answer("1"), ussd.Ask, "amount")
		want(t, h.dial("*900#"), ussd.Ask, "resume_ask")
		want(t, h.answer("2"), ussd.Ask, "main")
		h.answer("1")
		time.Sleep(3*time.Minute + time.Second)
		want(t, h.dial("*900#"), ussd.Ask, "main")
	})
}

func TestResumeOfConfirmMakesANewOffer(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	h.answer("1")
	want(t, h.answer("100"), ussd.Ask, "confirm")
	h.dial("*900#")
	want(t, h.answer("1"), ussd.Ask, "confirm")
	h.answer("7391")
	if b.paid["offer-1"] != 0 || b.paid["offer-2"] != 1 {
		t.Errorf("paid %v, want only the offer shown last", b.paid)
	}
}

func TestMoneyIsMarkedBeforeItMoves(t *testing.T) {
	b, store := newBank(), memory()
	h := &handset{t: t, g: newGateway(t, store, b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	seen := false
	b.before = func(c ussd.Call) error {
		if !c.Action.Money {
			return nil
		}
		rec, err := store.Load(t.Context(), session.Key{Service: "*900#", Number: testNumber})
		seen = err == nil && rec.Executing.Offer == "offer-1" && rec.Untold == "offer-1"
		return nil
	}
	h.answer("7391")
	if !seen {
		t.Error("the action ran before the session said that it is executing")
	}
}

// failing is a store whose saves fail from a certain one on.
type failing struct {
	*session.Memory
	mu   sync.Mutex
	left int
}

var errStore = errors.New("store is gone")

func (f *failing) Save(
	ctx context.Context, k session.Key, r session.Record, ttl time.Duration,
) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return errStore
	}
	f.left--
	return f.Memory.Save(ctx, k, r, ttl)
}

func TestOutcomeIsShownWhenTheStoreFailsAfterMoney(t *testing.T) {
	b := newBank()
	store := &failing{Memory: memory(), left: 1000}
	h := &handset{t: t, g: newGateway(t, store, b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	store.left = 1 // the mark is saved, the result is not
	want(t, h.answer("7391"), ussd.End, "paid")
	store.left = 1000
	// The session still says that the payment is executing, so the next dial tells its end.
	want(t, h.dial("*900#"), ussd.Ask, "told_paid")
	want(t, h.answer("1"), ussd.Ask, "main")
	want(t, h.dial("*900#"), ussd.Ask, "main")
}

func TestNothingMovesWhenTheMarkCannotBeSaved(t *testing.T) {
	b := newBank()
	store := &failing{Memory: memory(), left: 1000}
	h := &handset{t: t, g: newGateway(t, store, b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	store.left = 0
	want(t, h.answer("7391"), ussd.End, "unavailable")
	if b.count("test.pay") != 0 {
		t.Error("the payment was executed although the mark was not saved")
	}
}

func TestKilledAfterCommitAndRedelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, store := newBank(), memory()
		first := &handset{t: t, g: newGateway(t, store, b)}
		first.dial("*900#")
		first.answer("1")
		first.answer("100")
		dead := make(chan struct{})
		b.after = func(c ussd.Call) {
			if c.Action.Money {
				b.after = nil
				<-dead // the process is gone: it neither saves nor answers
			}
		}
		first.unit++
		req := first.request(ussd.Input, "7391")
		go first.g.Step(context.Background(), req)
		synctest.Wait()
		second := &handset{t: t, g: newGateway(t, store, b), dialogue: 1, unit: first.unit}
		r := second.delivered(second.request(ussd.Input, "7391"))
		want(t, r, ussd.End, "paid")
		if b.count("test.pay") != 2 || len(b.attempts) != 1 || len(b.paid) != 1 {
			t.Errorf("%d executions, attempts %v, paid %v, want the same attempt and one payment",
				b.count("test.pay"), b.attempts, b.paid)
		}
		close(dead)
		synctest.Wait()
	})
}

func TestUndeliveredOutcomeIsToldFirst(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	h.unit++
	req := h.request(ussd.Input, "7391")
	r := h.send(req)
	want(t, r, ussd.End, "paid")
	h.g.Acknowledge(t.Context(), req, r, false)
	want(t, h.dial("*900*1*50#"), ussd.Ask, "told_paid")
	want(t, h.answer("1"), ussd.Ask, "confirm")
	want(t, h.dial("*900#"), ussd.Ask, "resume_ask")
}

func TestAbortWhileAPaymentIsUnderWay(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	b.before = func(c ussd.Call) error {
		if c.Action.Money {
			h.send(h.request(ussd.Abort, ""))
		}
		return nil
	}
	if r := h.answer("7391"); r.Kind != ussd.None {
		t.Fatalf("reply %v %q to a dead dialogue, want nothing", r.Kind, r.State)
	}
	want(t, h.dial("*900#"), ussd.Ask, "told_paid")
}

func TestAcknowledgementBetweenLoadAndSave(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	req := func() ussd.Request { h.dialogue, h.unit = 1, 1; return h.request(ussd.Begin, "*900#") }()
	first := h.send(req)
	b.before = func(c ussd.Call) error {
		if c.Action.Name == "test.touch" {
			h.g.Acknowledge(t.Context(), req, first, true)
		}
		return nil
	}
	want(t, h.answer("2"), ussd.Ask, "touched")
	if n := b.count("test.touch"); n != 1 {
		t.Errorf("the action ran %d times, want once", n)
	}
}

func TestShortcuts(t *testing.T) {
	for _, tt := range []struct {
		dial, state string
		kind        ussd.ReplyKind
	}{
		{"*900*1#", "amount", ussd.Ask},
		{"*900*1*100#", "confirm", ussd.Ask},
		{"*900*1*100*7391#", "refused", ussd.End},
		{"*900*1*#", "refused", ussd.End},
		{"*900*#", "refused", ussd.End},
		{"*901#", "refused", ussd.End},
		{"*900", "refused", ussd.End},
		{"*9001#", "refused", ussd.End},
		{"*900*9*1#", "main", ussd.Ask},
		{"*900" + strings.Repeat("*1", 100) + "#", "refused", ussd.End},
		{"", "refused", ussd.End},
	} {
		b := newBank()
		h := &handset{t: t, g: newGateway(t, memory(), b)}
		r := h.dial(tt.dial)
		if r.Kind != tt.kind || r.State != tt.state {
			t.Errorf("dial %q: %v %q, want %v %q", tt.dial, r.Kind, r.State, tt.kind, tt.state)
		}
		if b.count("test.pay") != 0 {
			t.Errorf("dial %q executed a payment", tt.dial)
		}
	}
}

func TestStoreIsDown(t *testing.T) {
	store := &failing{Memory: memory()}
	h := &handset{t: t, g: newGateway(t, store, newBank())}
	want(t, h.dial("*900#"), ussd.End, "unavailable")
}

func TestActionFails(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	b.before = func(ussd.Call) error { return errors.New("ledger is gone") }
	want(t, h.answer("2"), ussd.End, "unavailable")
}

// The screen that says "not available" does not count as news of the payment.
func TestFailedResolveStaysUntold(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	h.unit++
	h.send(h.request(ussd.Input, "7391"))
	b.before = func(c ussd.Call) error {
		if c.Action.Name == "test.resolve" {
			return errors.New("ledger is gone")
		}
		return nil
	}
	want(t, h.dial("*900#"), ussd.Ask, "main")
	b.before = nil
	want(t, h.dial("*900#"), ussd.Ask, "told_paid")
}

// The start fails and the payment's fate is found: it is told, and only what was told is forgotten.
func TestNewsIsToldAlthoughTheStartFails(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900*1*100#")
	h.unit++
	req := h.request(ussd.Input, "7391")
	h.g.Acknowledge(t.Context(), req, h.send(req), false)
	b.before = func(c ussd.Call) error {
		if c.Action.Name == "test.identify" {
			return errors.New("ledger is gone")
		}
		return nil
	}
	want(t, h.dial("*900#"), ussd.Ask, "told_paid")
}

// An answer that leaves the fate open is no news: the next dial asks again.
func TestDoubtIsAskedAgain(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900*1*100#")
	b.doubt = true
	want(t, h.answer("7391"), ussd.End, "doubt")
	want(t, h.dial("*900#"), ussd.Ask, "told_paid")
	want(t, h.answer("1"), ussd.Ask, "main")
	want(t, h.dial("*900#"), ussd.Ask, "main")
}

// What was answered was seen, whether or not its submit was ever acknowledged.
func TestNewsThatWasAnsweredIsTold(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900*1*100#")
	h.unit++
	h.send(h.request(ussd.Input, "7391"))
	h.dialogue, h.unit = h.dialogue+1, 1
	want(t, h.send(h.request(ussd.Begin, "*900#")), ussd.Ask, "told_paid")
	h.unit++
	want(t, h.send(h.request(ussd.Input, "1")), ussd.Ask, "main")
	want(t, h.dial("*900#"), ussd.Ask, "main")
}

// Some networks give the next dialogue of a subscriber the id of the last one.
func TestDialogueIDIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &handset{t: t, g: newGateway(t, memory(), newBank())}
		want(t, h.dial("*900#"), ussd.Ask, "main")
		h.unit++
		h.send(h.request(ussd.Abort, ""))
		h.dialogue--
		want(t, h.dial("*900#"), ussd.Ask, "main")
		want(t, h.dial("*901#"), ussd.End, "refused")
		time.Sleep(10 * time.Second)
		h.dialogue--
		want(t, h.dial("*900#"), ussd.Ask, "main")
		h.answer("1")
		time.Sleep(time.Minute)
		h.dialogue--
		want(t, h.dial("*900#"), ussd.Ask, "resume_ask")
	})
}

// A copy of an earlier input comes late: it is no answer to the screen that is shown now. The PIN
// of an earlier screen, above all, pays nothing.
func TestLateCopyIsNoAnswer(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900#")
	h.answer("1")
	h.answer("7391") // an amount
	h.answer("0")
	h.answer("100")
	now := h.unit
	for unit := 1; unit < now; unit++ {
		h.unit = unit
		kind, text := ussd.Input, "7391"
		if unit == 1 {
			kind, text = ussd.Begin, "*900#"
		}
		if r := h.send(h.request(kind, text)); r.Kind != ussd.None {
			t.Errorf("copy of unit %d shows %q", unit, r.State)
		}
	}
	if len(b.paid) != 0 || len(b.attempts) != 0 {
		t.Errorf("paid %v, attempts %v, want none", b.paid, b.attempts)
	}
	h.unit = now
	want(t, h.answer("7391"), ussd.End, "paid")
}

func TestSeenIsBounded(t *testing.T) {
	store := memory()
	h := &handset{t: t, g: newGateway(t, store, newBank())}
	h.dial("*900#")
	for range 2 * session.MaxSeen {
		h.answer("9")
	}
	rec, err := store.Load(t.Context(), session.Key{Service: "*900#", Number: testNumber})
	if err != nil || len(rec.Seen) != session.MaxSeen {
		t.Errorf("%d identities kept, want %d; %v", len(rec.Seen), session.MaxSeen, err)
	}
}

// A PIN that is delivered again into a dialogue that was aborted meanwhile pays at most once and
// shows nothing: the network would push the screen to a phone that does not wait for it.
func TestNothingIsShownToADeadDialogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, store := newBank(), memory()
		h := &handset{t: t, g: newGateway(t, store, b)}
		h.dial("*900*1*100#")
		gone := make(chan struct{})
		b.after = func(c ussd.Call) {
			if c.Action.Money {
				b.after = nil
				<-gone
			}
		}
		h.unit++
		req := h.request(ussd.Input, "7391")
		go h.g.Step(context.Background(), req)
		synctest.Wait()
		h.send(h.request(ussd.Abort, ""))
		other := newGateway(t, store, b)
		if r := other.Step(t.Context(), h.request(ussd.Input, "7391")); r.Kind != ussd.None {
			t.Errorf("a dead dialogue is shown %q", r.State)
		}
		close(gone)
		synctest.Wait()
		want(t, h.dial("*900#"), ussd.Ask, "told_paid")
	})
}

func TestHangUpAtAConfirmScreenWithdrawsItsOffer(t *testing.T) {
	b := newBank()
	h := &handset{t: t, g: newGateway(t, memory(), b)}
	h.dial("*900*1*100#")
	h.unit++
	h.send(h.request(ussd.Abort, ""))
	if n := b.count("test.withdraw"); n != 1 {
		t.Errorf("%d withdrawals, want 1", n)
	}
}

func TestPanicEndsOneStepAndTellsNothing(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	b := newBank()
	g, err := ussd.New(ussd.Config{
		Menus: ussd.OneMenu(testProgram(t)), Store: memory(), Teller: b, Clock: time.Now,
		Log: zap.New(core),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &handset{t: t, g: g}
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	b.before = func(c ussd.Call) error {
		s := c.Action.Secrets["pin"]
		panic("typed " + string(s.Reveal()))
	}
	want(t, h.answer("7391"), ussd.End, "unavailable")
	for _, e := range logs.All() {
		if strings.Contains(fmt.Sprint(e.Message, e.ContextMap()), "7391") {
			t.Errorf("the log holds the PIN: %v", e)
		}
	}
	if logs.Len() == 0 {
		t.Error("the panic was not logged")
	}
}

func TestAdmission(t *testing.T) {
	g := newGateway(t, memory(), newBank()) // MaxSteps 8: 6 for dials
	var releases []func()
	for range 6 {
		release, ok := g.Admit(ussd.Begin)
		if !ok {
			t.Fatal("a dial was refused below three quarters")
		}
		releases = append(releases, release)
	}
	if _, ok := g.Admit(ussd.Begin); ok {
		t.Error("a dial was admitted above three quarters")
	}
	for range 2 {
		release, ok := g.Admit(ussd.Input)
		if !ok {
			t.Fatal("an answer was refused below the limit")
		}
		releases = append(releases, release)
	}
	if _, ok := g.Admit(ussd.Input); ok {
		t.Error("an answer was admitted above the limit")
	}
	for _, release := range releases {
		release()
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(t, memory(), newBank())
		last, _ := g.Admit(ussd.Begin)
		drained := make(chan error, 1)
		go func() { drained <- g.Drain(t.Context()) }()
		synctest.Wait()
		if _, ok := g.Admit(ussd.Begin); ok {
			t.Error("a dial was admitted while draining")
		}
		answer, ok := g.Admit(ussd.Input)
		if !ok {
			t.Fatal("an answer was refused while draining")
		}
		last()
		synctest.Wait()
		if len(drained) != 0 {
			t.Error("Drain returned with an answer in flight")
		}
		answer()
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		if _, ok := g.Admit(ussd.Input); ok {
			t.Error("an answer was admitted after Drain")
		}
	})
}

// On a busy gateway there is never a moment without a step, so answers are refused in the end.
func TestDrainOfABusyGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(t, memory(), newBank())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		drained := make(chan error, 1)
		before, _ := g.Admit(ussd.Input)
		go func() { drained <- g.Drain(ctx) }()
		for range 8 {
			time.Sleep(time.Second)
			next, ok := g.Admit(ussd.Input)
			before()
			if !ok {
				break
			}
			before = next
		}
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		stuck := newGateway(t, memory(), newBank())
		stuck.Admit(ussd.Input)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := stuck.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain of a stuck gateway: %v", err)
		}
	})
}

func TestRacingDeliveriesPayOnce(t *testing.T) {
	b, store := newBank(), memory()
	h := &handset{t: t, g: newGateway(t, store, b)}
	other := newGateway(t, store, b)
	h.dial("*900#")
	h.answer("1")
	h.answer("100")
	h.unit++
	var wg sync.WaitGroup
	shown := make(chan ussd.Reply, 8)
	for i := range 8 {
		req := h.request(ussd.Input, "7391")
		g := []*ussd.Gateway{h.g, other}[i%2]
		wg.Go(func() {
			r := g.Step(context.Background(), req)
			if r.Kind != ussd.None {
				g.Acknowledge(context.Background(), req, r, true)
				shown <- r
			}
		})
	}
	wg.Wait()
	close(shown)
	if len(b.attempts) != 1 || len(b.paid) != 1 || len(shown) == 0 {
		t.Errorf("attempts %v, paid %v, %d screens, want one attempt, one payment, a screen",
			b.attempts, b.paid, len(shown))
	}
}
