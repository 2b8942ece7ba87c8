package ussd_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
	"ussdgw/ussd"
	"ussdgw/ussd/session"
)

// An smscPeer is the SMSC as an exchange sees it: it takes submits and answers them by script.
type smscPeer struct {
	dialect dialect.Dialect
	answers []error // of the next submits; nil and what is beyond the end accept

	mu    sync.Mutex
	shown []dialect.Screen
}

func (p *smscPeer) Submit(_ context.Context, sm *pdu.SubmitSM) (*pdu.SubmitSMResp, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if len(p.answers) > 0 {
		err, p.answers = p.answers[0], p.answers[1:]
	}
	if err != nil {
		return nil, err
	}
	screen, err := p.dialect.DecodeScreen(sm)
	if err != nil {
		return nil, err
	}
	p.shown = append(p.shown, screen)
	return &pdu.SubmitSMResp{}, nil
}

// screens takes what was shown so far.
func (p *smscPeer) screens() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var texts []string
	for _, s := range p.shown {
		texts = append(texts, s.Text)
	}
	p.shown = nil
	return texts
}

// statusError and unsent are the errors of a link as an exchange knows them.
type statusError pdu.Status

func (e statusError) Error() string         { return "refused" }
func (e statusError) CommandStatus() uint32 { return uint32(e) }

type unsent struct{}

func (unsent) Error() string { return "not sent" }
func (unsent) NotSent() bool { return true }

// An exchangeBench is an exchange between a scripted SMSC and a gateway with a scripted wallet.
type exchangeBench struct {
	t        *testing.T
	peer     *smscPeer
	bank     *bank
	exchange *ussd.Exchange
	gateway  *ussd.Gateway
	unit     uint8
}

func newExchangeBench(t *testing.T, store ussd.SessionStore) *exchangeBench {
	t.Helper()
	standard, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	b := &exchangeBench{t: t, peer: &smscPeer{dialect: standard}, bank: newBank()}
	b.gateway = newGateway(t, store, b.bank)
	b.exchange = ussd.NewExchange("test", b.gateway, standard, nil)
	b.exchange.Attach(b.peer)
	return b
}

// deliver hands over one input and returns where its status will be.
func (b *exchangeBench) deliver(kind dialect.Kind, text string) <-chan pdu.Status {
	b.t.Helper()
	if kind == dialect.Begin {
		b.unit = 0
	}
	b.unit++
	sm, err := b.peer.dialect.EncodeInput(dialect.MessageInput{
		Kind: kind, Source: testNumber.Digits(), Service: "900", Session: 7, Unit: b.unit,
		Text: text,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	status := make(chan pdu.Status, 2)
	b.exchange.DeliverSM(sm, func(s pdu.Status) { status <- s })
	return status
}

// show delivers, waits for everything to settle, and wants one screen that begins with text.
func (b *exchangeBench) show(kind dialect.Kind, typed, text string) {
	b.t.Helper()
	status := b.deliver(kind, typed)
	synctest.Wait()
	if s := <-status; s != pdu.StatusOK {
		b.t.Fatalf("deliver_sm %q: %v, want ESME_ROK", typed, s)
	}
	got := b.peer.screens()
	if len(got) != 1 || !strings.HasPrefix(got[0], text) {
		b.t.Fatalf("after %q shown %q, want one that begins with %q", typed, got, text)
	}
}

func TestExchangeCarriesADialogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newExchangeBench(t, memory())
		b.show(dialect.Begin, "*900#", "Main")
		b.show(dialect.Input, "1", "Amount:")
		b.show(dialect.Input, "100", "P 1\n100.00+1.00")
		b.show(dialect.Input, "7391", "Paid 100.00")
	})
}

func TestExchangeRefusesWhatItCannotRead(t *testing.T) {
	b := newExchangeBench(t, memory())
	for _, tt := range []struct {
		name   string
		spoil  func(*pdu.DeliverSM)
		status pdu.Status
	}{
		{"no session", func(sm *pdu.DeliverSM) { sm.TLVs = sm.TLVs[:1] }, pdu.StatusMissingTLV},
		{"no number", func(sm *pdu.DeliverSM) { sm.Source.Digits = "" }, pdu.StatusInvalidSource},
		{"letters", func(sm *pdu.DeliverSM) { sm.Source.Digits = "bank" }, pdu.StatusInvalidSource},
	} {
		sm, err := b.peer.dialect.EncodeInput(dialect.MessageInput{
			Kind: dialect.Begin, Source: testNumber.Digits(), Service: "900", Session: 1, Unit: 1,
			Text: "*900#",
		})
		if err != nil {
			t.Fatal(err)
		}
		tt.spoil(sm)
		status := make(chan pdu.Status, 1)
		b.exchange.DeliverSM(sm, func(s pdu.Status) { status <- s })
		if s := <-status; s != tt.status {
			t.Errorf("%s: %v, want %v", tt.name, s, tt.status)
		}
	}
	if n := b.bank.count("test.identify"); n != 0 {
		t.Errorf("%d steps were made of it", n)
	}
}

// An SMSC that waits for the response longer than a second delivers the message again.
func TestExchangeRespondsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newExchangeBench(t, memory())
		b.show(dialect.Begin, "*900#", "Main")
		b.bank.before = func(ussd.Call) error { time.Sleep(5 * time.Second); return nil }
		started := time.Now()
		status := b.deliver(dialect.Input, "2")
		if s := <-status; s != pdu.StatusOK || time.Since(started) != time.Second {
			t.Errorf("%v after %v, want ESME_ROK after 1s", s, time.Since(started))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := b.peer.screens(); len(got) != 1 || !strings.HasPrefix(got[0], "Touched") {
			t.Errorf("shown %q, want the screen all the same", got)
		}
		if len(status) != 0 {
			t.Error("answered twice")
		}
	})
}

func TestExchangeSubmitsAgainWhatWasNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newExchangeBench(t, memory())
		b.peer.answers = []error{
			unsent{}, statusError(pdu.StatusThrottled), statusError(pdu.StatusMessageQueueFull),
		}
		status := b.deliver(dialect.Begin, "*900#")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s, got := <-status, b.peer.screens(); s != pdu.StatusOK || len(got) != 1 {
			t.Errorf("%v, shown %q, want one screen", s, got)
		}
	})
}

// A refused submit means that the dialogue is gone: what it would have told is told at the next.
func TestExchangeLearnsThatADialogueIsDead(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer error
		next   string
	}{
		{"refused", statusError(pdu.StatusSubmitFailed), "It was paid"},
		{"unknown", errors.New("no response"), "It was paid"},
		{"accepted", nil, "Main"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newExchangeBench(t, memory())
				b.show(dialect.Begin, "*900*1*100#", "P 1\n100.00")
				b.peer.answers = []error{tt.answer}
				b.deliver(dialect.Input, "7391")
				synctest.Wait()
				b.peer.screens()
				time.Sleep(time.Minute)
				h := &handset{t: t, g: b.gateway, dialogue: 99}
				if r := h.dial("*900#"); !strings.HasPrefix(r.Text, tt.next) {
					t.Errorf("the next dial shows %q, want %q", r.Text, tt.next)
				}
			})
		})
	}
}

func TestExchangeUnderOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newExchangeBench(t, memory()) // 8 steps, 6 of them for dials
		release := make(chan struct{})
		b.bank.before = func(ussd.Call) error { <-release; return nil }
		for range 6 {
			b.deliver(dialect.Begin, "*900#")
		}
		synctest.Wait()
		b.show(dialect.Begin, "*900#", "Busy")
		for range 2 {
			b.gateway.Admit(ussd.Input)
		}
		if s := <-b.deliver(dialect.Input, "1"); s != pdu.StatusThrottled {
			t.Errorf("an answer above the limit: %v, want ESME_RTHROTTLED", s)
		}
		close(release)
		time.Sleep(10 * time.Second)
		synctest.Wait()
	})
}

func TestExchangeAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory()
		b := newExchangeBench(t, store)
		b.show(dialect.Begin, "*900#", "Main")
		if s := <-b.deliver(dialect.Abort, ""); s != pdu.StatusOK {
			t.Errorf("abort: %v", s)
		}
		synctest.Wait()
		rec, err := store.Load(t.Context(), session.Key{Service: "*900#", Number: testNumber})
		if err != nil || !rec.Dead || len(b.peer.screens()) != 0 {
			t.Errorf("dead %v %v, want a dead dialogue and no screen", rec.Dead, err)
		}
	})
}
