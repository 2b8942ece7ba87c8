package ussd_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/menus/source"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/msisdn"
)

// marked is the test menu with a mark in front of everything that it shows.
func marked(t *testing.T, mark string) *menu.Program {
	t.Helper()
	var r source.Report
	var text strings.Builder
	for line := range strings.Lines(testMenu[1:]) {
		if !strings.HasPrefix(line, "nav:") {
			line = strings.ReplaceAll(line, `{en: "`, `{en: "`+mark+` `)
		}
		text.WriteString(line)
	}
	files := fstest.MapFS{"menu.yaml": {Data: []byte(text.String())}}
	p := menu.Load(files, testEnvironment(), &r)
	if p == nil {
		t.Fatalf("test menu: %v", r.Err())
	}
	return p
}

// A shelf is Menus whose live revision changes.
type shelf struct {
	mu   sync.Mutex
	live *menu.Program
	all  map[string]*menu.Program
	down error // of Revision
}

func newShelf(all ...*menu.Program) *shelf {
	s := &shelf{live: all[0], all: map[string]*menu.Program{}}
	for _, p := range all {
		s.all[p.Revision()] = p
	}
	return s
}

func (s *shelf) Begin(msisdn.Number) *menu.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live
}

func (s *shelf) Revision(_ context.Context, id string) (*menu.Program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, s.down
	}
	if p := s.all[id]; p != nil {
		return p, nil
	}
	return nil, ussd.ErrNoRevision
}

func (s *shelf) publish(p *menu.Program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = p
	s.all[p.Revision()] = p
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

func (s *shelf) forget(p *menu.Program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, p.Revision())
}

// revisions is a handset on a gateway whose menus have a new and an old revision; the old one is
// live.
type revisions struct {
	*handset
	old, new *menu.Program
	shelf    *shelf
	bank     *bank
	store    ussd.SessionStore
	logs     *observer.ObservedLogs
}

func newRevisions(t *testing.T) *revisions {
	t.Helper()
	r := &revisions{old: marked(t, "A"), new: marked(t, "B"), bank: newBank(), store: memory()}
	r.shelf = newShelf(r.old)
	core, logs := observer.New(zap.WarnLevel)
	r.logs = logs
	r.handset = &handset{t: t, g: r.gateway(r.shelf, zap.New(core))}
	return r
}

// gateway is another instance over the same sessions and the same bank.
func (r *revisions) gateway(m ussd.Menus, log *zap.Logger) *ussd.Gateway {
	g, err := ussd.New(ussd.Config{
		Menus: m, Store: r.store, Teller: r.bank, Clock: time.Now, Log: log,
	})
	if err != nil {
		panic(err)
	}
	return g
}

// shows fails unless r is the screen of a state in revision p.
func shows(t *testing.T, r ussd.Reply, p *menu.Program, state string) {
	t.Helper()
	mark := p.Begin("en", menu.EntryBusy, nil).Screen.Text[:2]
	if r.State != state || r.Revision != p.Revision() || !strings.Contains(r.Text, mark) {
		t.Fatalf("reply %q of %s (%q), want %q of %s (%q)", r.State, r.Revision, r.Text, state,
			p.Revision(), mark)
	}
}

func TestADialogueEndsOnTheRevisionItBeganWith(t *testing.T) {
	r := newRevisions(t)
	var of []string
	r.bank.after = func(c ussd.Call) { of = append(of, c.Revision) }
	shows(t, r.dial("*900#"), r.old, "main")
	r.shelf.publish(r.new)
	// Another instance knows the new revision as live, and the old one by its id.
	other := newShelf(r.new, r.old)
	first, second := r.g, r.gateway(other, nil)
	for i, step := range []struct{ text, state string }{
		{"1", "amount"}, {"100", "confirm"}, {"1111", "confirm"}, {"7391", "paid"}, {"1", "over"},
	} {
		r.g = first
		if i%2 == 1 {
			r.g = second
		}
		shows(t, r.answer(step.text), r.old, step.state)
	}
	for _, id := range of {
		if id != r.old.Revision() {
			t.Errorf("an action was done for %s, want %s", id, r.old.Revision())
		}
	}
	if len(of) != 4 {
		t.Errorf("%d actions, want 4", len(of))
	}
	shows(t, r.dial("*900#"), r.new, "main")
}

// A repeat is an answer to the screen that the dialogue showed.
func TestARepeatHasItsRevision(t *testing.T) {
	r := newRevisions(t)
	r.dial("*900#")
	r.shelf.publish(r.new)
	r.unit++
	first := r.send(r.request(ussd.Input, "1"))
	again := r.send(r.request(ussd.Input, "1"))
	if !again.Repeat || again.Revision != r.old.Revision() || again.Text != first.Text {
		t.Errorf("repeat %+v, want %+v", again, first)
	}
}

func TestARedialGoesOnOnTheOldRevision(t *testing.T) {
	for _, tt := range []struct {
		name, answer, state string
	}{
		{"go on", "1", "amount"}, {"start again", "2", "main"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRevisions(t)
			r.dial("*900#")
			r.answer("1")
			r.shelf.publish(r.new)
			shows(t, r.dial("*900#"), r.old, "resume_ask")
			shows(t, r.answer(tt.answer), r.old, tt.state)
			r.answer("00")
			shows(t, r.answer("2"), r.old, "touched")
			// A dialled path begins anew.
			shows(t, r.dial("*900*1#"), r.new, "amount")
			shows(t, r.answer("5"), r.new, "confirm")
		})
	}
}

// The fate of a payment is told on the revision that the new dialogue runs on.
func TestAnUntoldPaymentIsToldOnTheNewRevision(t *testing.T) {
	r := newRevisions(t)
	r.dial("*900*1*100#")
	r.unit++
	r.send(r.request(ussd.Input, "7391")) // never acknowledged
	r.shelf.publish(r.new)
	shows(t, r.dial("*900#"), r.new, "told_paid")
	shows(t, r.answer("1"), r.new, "main")
	if len(r.bank.paid) != 1 {
		t.Errorf("paid %v, want one payment", r.bank.paid)
	}
}

// An input that comes while a payment has no known end is answered on the dialogue's revision.
func TestAPaymentUnderWayIsToldOnTheOldRevision(t *testing.T) {
	r := newRevisions(t)
	r.dial("*900*1*100#")
	r.bank.before = func(ussd.Call) error {
		r.shelf.publish(r.new)
		r.bank.before = nil
		r.unit++
		shows(t, r.send(r.request(ussd.Input, "5")), r.old, "told_not")
		return nil
	}
	r.unit++
	r.send(r.request(ussd.Input, "7391"))
}

func TestARevisionThatIsGone(t *testing.T) {
	r := newRevisions(t)
	r.dial("*900#")
	r.answer("1")
	r.shelf.publish(r.new)
	r.shelf.forget(r.old)
	shows(t, r.answer("100"), r.new, "over")
	shows(t, r.dial("*900#"), r.new, "main")
	if r.logs.Len() != 0 {
		t.Errorf("logged: %v", r.logs.All())
	}
}

// A revision that cannot be had now is an apology; the session waits for it.
func TestARevisionThatCannotBeHad(t *testing.T) {
	r := newRevisions(t)
	r.dial("*900#")
	r.answer("1")
	r.shelf.publish(r.new)
	r.shelf.fail(errors.New("store down"))
	shows(t, r.answer("100"), r.new, "unavailable")
	if r.logs.FilterMessage("step failed").Len() != 1 {
		t.Errorf("logged: %v", r.logs.All())
	}
	r.shelf.fail(nil)
	shows(t, r.answer("100"), r.old, "confirm")

	r.shelf.fail(errors.New("store down"))
	shows(t, r.dial("*900#"), r.new, "main")
	if r.logs.FilterMessage("session not offered again").Len() != 1 {
		t.Errorf("logged: %v", r.logs.All())
	}
}

func TestAHangUpWithdrawsByTheOldRevision(t *testing.T) {
	r := newRevisions(t)
	hangUp := func() {
		r.dial("*900*1*100#")
		r.unit++
		r.send(r.request(ussd.Abort, ""))
	}
	var of string
	r.bank.after = func(c ussd.Call) {
		of = c.Revision
		if c.Action.Name == "test.offer" {
			r.shelf.publish(r.new)
		}
	}
	hangUp()
	if n := r.bank.count("test.withdraw"); n != 1 || of != r.old.Revision() {
		t.Errorf("%d withdrawals, the last by %s, want 1 by %s", n, of, r.old.Revision())
	}
	r.shelf.fail(errors.New("store down"))
	hangUp()
	if r.bank.count("test.withdraw") != 1 || r.logs.FilterMessage("offer not withdrawn").Len() != 1 {
		t.Errorf("%d withdrawals, logged: %v", r.bank.count("test.withdraw"), r.logs.All())
	}
}

func TestOneMenu(t *testing.T) {
	p := marked(t, "A")
	m := ussd.OneMenu(p)
	got, err := m.Revision(t.Context(), p.Revision())
	if m.Begin(testNumber) != p || got != p || err != nil {
		t.Errorf("Revision = %v, %v", got, err)
	}
	if _, err := m.Revision(t.Context(), "0123456789ab"); !errors.Is(err, ussd.ErrNoRevision) {
		t.Errorf("another revision: %v", err)
	}
}

func TestBusyIsOfTheSubscribersRevision(t *testing.T) {
	r := newRevisions(t)
	shows(t, r.g.Busy(testNumber), r.old, "busy")
	r.shelf.publish(r.new)
	shows(t, r.g.Busy(testNumber), r.new, "busy")
}

// What people remember to dial leads where it led, though the items have other keys now.
func TestADialledPathThatHasMoved(t *testing.T) {
	var r source.Report
	text := testMenu[1:] + `shortcuts: main
moved:
  - {path: "7*1", goto: touched}
  - {path: "7", goto: touch}
`
	p := menu.Load(fstest.MapFS{"menu.yaml": {Data: []byte(text)}}, testEnvironment(), &r)
	if p == nil {
		t.Fatal(r.Err())
	}
	b := newBank()
	g, err := ussd.New(ussd.Config{
		Menus: ussd.OneMenu(p), Store: memory(), Teller: b, Clock: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &handset{t: t, g: g}
	for _, tt := range []struct{ dialled, state string }{
		{"*900*7#", "touched"},
		{"*900*7*2#", "touched"},
		{"*900*7*1#", "touched"},
		{"*900*7*1*1#", "main"},
		{"*900*2#", "touched"},
		{"*900*8#", "main"},
	} {
		want(t, h.dial(tt.dialled), ussd.Ask, tt.state)
	}
	if n := b.count("test.touch"); n != 3 {
		t.Errorf("%d touches, want 3", n)
	}
}
