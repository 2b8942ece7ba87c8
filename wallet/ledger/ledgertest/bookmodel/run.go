package bookmodel

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// Operations names the environment variable that says how many operations Run compares, instead
// of what its caller wants.
const Operations = "HISTORIES"

// steps is the mean length of a history. Another one is set by -rapid.steps.
const steps = 250

// A run counts what the histories of one test have compared.
type run struct {
	operations int
	histories  int
	failed     bool
	said       map[string]int // how often the store has declined for what, "done" = it has not
}

// blind is how many operations have to have met every answer of answers.
const blind = 50_000

// answers are what the histories have to come across, or they look at less than they should.
var answers = []ledger.Reason{
	ledger.Done, "no such offer", "no such hold", "no such transfer", "no such agent",
	"no such account", "no such message", "held", ledger.ReasonTooOften,
	ledger.ReasonRegistered, ledger.ReasonINNTaken, ledger.ReasonNotBlocked, ledger.ReasonNotLocked,
	ledger.ReasonBlocked, ledger.ReasonNotSuspect, ledger.ReasonCaseClosed, ledger.ReasonDayClosed,
	ledger.ReasonKeyReused, ledger.ReasonNotTaken, ledger.ReasonNotPressed, ledger.ReasonExpired,
	ledger.ReasonSuperseded, ledger.ReasonWithdrawn, ledger.ReasonLimitPayment,
	ledger.ReasonLimitDay, ledger.ReasonLimitMonth, ledger.ReasonPayeeLimit,
	ledger.ReasonLowBalance, ledger.ReasonCashOut, ledger.ReasonLimitBalance, ledger.ReasonPosted,
	ledger.ReasonVoided, ledger.ReasonNotHeld, ledger.ReasonAboveHold, ledger.ReasonRefused,
	ledger.ReasonReversed, ledger.ReasonNotReversible, ledger.ReasonFloat, ledger.ReasonNoWallet,
	ledger.ReasonNoCashOut, ledger.ReasonCodeWrong, ledger.ReasonMismatch,
}

// Run takes random histories of together at least so many operations through a store and the book,
// or a tenth of them under the race detector: a history has one goroutine.
// open returns an empty, migrated store. A history that fails is made short, and named by its seed.
func Run(t *testing.T, operations int, open func() (ledger.Store, error)) {
	if raced {
		operations /= 10
	}
	if text := os.Getenv(Operations); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s=%q is no number of operations", Operations, text)
		}
		operations = n
	}
	preset(t, "rapid.steps", strconv.Itoa(steps))
	preset(t, "rapid.nofailfile", "true")
	r := run{said: map[string]int{}}
	for r.operations < operations && !t.Failed() {
		rapid.Check(t, func(t *rapid.T) {
			if r.operations >= operations && !r.failed {
				return
			}
			r.history(t, open)
		})
	}
	t.Logf("%d operations in %d histories", r.operations, r.histories)
	for _, answer := range answers {
		if n := r.said[string(answer)]; n > 0 {
			t.Logf("%7d %s", n, answer)
		} else if r.operations >= blind && !t.Failed() {
			t.Errorf("no history has met %q", answer)
		}
	}
}

// preset sets a flag of rapid until the test ends, unless the command line does.
func preset(t *testing.T, name, value string) {
	f := flag.Lookup(name)
	if f.Value.String() != f.DefValue {
		return
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) }) // it was this value
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
}

// history is one property: it fails when the store answers otherwise than the book.
func (r *run) history(t *rapid.T, open func() (ledger.Store, error)) {
	ended := false
	defer func() { r.failed = r.failed || !ended }()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m := newMachine(t, s, r.said)
	t.Repeat(m.actions())
	m.lookAtAll()
	m.verify()
	r.operations += m.operations
	r.histories++
	ended = true
}

// A machine takes one history through a store and the book.
type machine struct {
	*rapid.T
	*book
	ledger.Store
	ctx        context.Context
	now        time.Time
	limits     map[ledger.Operation]ledger.Limits
	operations int
	said       map[string]int
	serial     int
	requests   []request
}

// A request was made before. same makes it again, and other, if there is one, another of its id.
type request struct{ same, other func() }

// Names in the histories. The last agent and the last payee do not exist.
var (
	agents    = []string{"pay-net", "bank", "nobody"}
	providers = []string{"dostek", "water"}
)

// start is when the histories begin: close to the end of a month.
var start = time.Date(2026, time.November, 27, 6, 0, 0, 0, time.UTC)

func newMachine(t *rapid.T, s ledger.Store, said map[string]int) *machine {
	m := &machine{
		T: t, book: newBook(), Store: s, ctx: context.Background(), now: start, said: said,
	}
	m.limits = map[ledger.Operation]ledger.Limits{}
	for _, op := range []ledger.Operation{
		ledger.OpPayment, ledger.OpTransfer, ledger.OpCashOut, ledger.OpCashIn, ledger.OpOut,
	} {
		m.limits[op] = ledger.Limits{
			PerPayment: m.limit(string(op)+" once", 30, 60), PerDay: m.limit(string(op)+" day", 40, 150),
			PerMonth: m.limit(string(op)+" month", 60, 400),
		}
	}
	for i := range 4 {
		m.register(i, i)
		m.doFund(fmt.Sprint("first", i), m.wallets[i].ID, money.Som(150), ledger.MaxBalance, m.now)
	}
	for _, a := range agents[:2] {
		m.doCredit(a, money.Som(100), m.by("agent credit"))
	}
	return m
}

// limit draws a limit of some som, or none.
func (m *machine) limit(label string, from, to int64) money.Amount {
	if m.chance(3) {
		return 0
	}
	return money.Som(rapid.Int64Range(from, to).Draw(m.T, label))
}

// actions are what can happen next. A name with a number is there to happen more often.
func (m *machine) actions() map[string]func(*rapid.T) {
	weights := []struct {
		name   string
		weight int
		do     func()
	}{
		{"clock", 3, m.clock},
		{"fund", 2, m.fundSome},
		{"open", 3, m.open},
		{"withdraw", 1, m.withdrawSome},
		{"press", 1, m.pressSome},
		{"apply", 2, m.applySome},
		{"pay", 4, m.payOne},
		{"hold", 5, m.holdOne},
		{"refuse", 1, m.refuseSome},
		{"send", 3, m.sendSome},
		{"doubt", 2, m.doubtSome},
		{"suspend", 2, m.suspendSome},
		{"post", 4, m.postSome},
		{"void", 3, m.voidSome},
		{"due", 1, m.dueSome},
		{"lease", 1, m.leaseSome},
		{"retry hold", 1, m.retrySome},
		{"reverse", 4, m.reverseSome},
		{"cash in", 4, m.cashInSome},
		{"cash out", 2, m.cashOutOne},
		{"pay out", 4, m.payOutSome},
		{"float", 1, m.floatSome},
		{"credit", 1, m.creditSome},
		{"register", 1, m.registerSome},
		{"block", 1, m.blockSome},
		{"identity", 2, m.identitySome},
		{"case", 1, m.caseSome},
		{"messages", 2, m.messagesSome},
		{"send again", 1, m.sendAgainSome},
		{"roll up", 1, m.rollUpNow},
		{"close day", 1, m.closeSome},
		{"again", 6, m.again},
		{"look", 3, m.lookAtSome},
		{"statement", 1, m.statementSome},
	}
	all := map[string]func(*rapid.T){"": func(*rapid.T) { m.lookAtBalances() }}
	for _, w := range weights {
		for i := range w.weight {
			all[fmt.Sprint(w.name, " ", i)] = func(*rapid.T) { w.do() }
		}
	}
	return all
}

// clock moves the time on, and sometimes back: over midnight too.
func (m *machine) clock() {
	hours := rapid.IntRange(-4, 20).Draw(m.T, "hours")
	m.now = m.now.Add(time.Duration(hours)*time.Hour + time.Minute)
}

// again makes an earlier request once more, with the same or with other contents.
func (m *machine) again() {
	if len(m.requests) == 0 {
		m.Skip("no requests")
	}
	r := pick(m, "request", m.requests)
	if r.other != nil && m.chance(3) {
		r.other()
		return
	}
	r.same()
}

// remember keeps a request for again.
func (m *machine) remember(same, other func()) {
	m.requests = append(m.requests, request{same, other})
}

// next numbers what the histories make. All numbers have the same length.
func (m *machine) next() string {
	m.serial++
	return fmt.Sprintf("%06d", m.serial)
}

// chance is true once in n times.
func (m *machine) chance(n int) bool { return rapid.IntRange(1, n).Draw(m.T, "chance") == n }

func pick[T any](m *machine, label string, all []T) T {
	return all[rapid.IntRange(0, len(all)-1).Draw(m.T, label)]
}

// tyiyn draws an amount.
func (m *machine) tyiyn(label string, from, to money.Amount) money.Amount {
	return money.Amount(rapid.Int64Range(int64(from), int64(to)).Draw(m.T, label))
}

// amount draws an amount of up to 70 som: from a few tyiyn, of whole som, and large ones.
func (m *machine) amount() money.Amount {
	switch rapidOf(m, 3) {
	case 0:
		return m.tyiyn("small amount", 1, 300)
	case 1:
		return money.Som(pick(m, "som", []int64{5, 10, 20, 50}))
	}
	return m.tyiyn("amount", 1000, 7000)
}

func (m *machine) day() string   { return m.now.Format(time.DateOnly) }
func (m *machine) month() string { return m.now.Format("2006-01") }

// by is a record of now. Some stores' verbs fill its subject.
func (m *machine) by(act string) ledger.Record {
	return ledger.Record{Actor: "aibek", Act: act, Subject: "test:1", Reason: "because", At: m.now}
}

func (m *machine) sms(kind, key string) ledger.Message {
	return ledger.Message{
		Key: kind + ":" + key, To: msisdn.MustParse("996555000001"), Kind: kind, Lang: "ky",
		Fields: map[string]string{"code": key},
	}
}

// compared counts an operation, and fails the history when the store's error is another one than
// the book's.
func (m *machine) compared(what string, got, want error) {
	m.Helper()
	m.operations++
	var wanted, declined *ledger.Decline
	switch {
	case want == nil:
		m.said[ledger.Done]++
	case errors.As(want, &wanted):
		m.said[string(wanted.Reason)]++
	default:
		m.said[short(want)]++
	}
	switch {
	case wanted != nil:
		if !errors.As(got, &declined) || declined.Reason != wanted.Reason ||
			declined.Key != wanted.Key || declined.Limit != wanted.Limit {
			m.Fatalf("%s: the store says %s, the book %s", what, told(got), told(want))
		}
	case want == nil && got != nil, !errors.Is(got, want):
		m.Fatalf("%s: the store says %s, the book %s", what, told(got), told(want))
	}
}

// short is the text of an error of the package ledger up to its first comma.
func short(err error) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "ledger: "), ",")
	return text
}

func told(err error) string {
	var d *ledger.Decline
	if errors.As(err, &d) {
		return fmt.Sprintf("%s of %q, limit %s", d.Reason, d.Key, d.Limit)
	}
	return fmt.Sprint(err)
}

// same fails the history when what the store has is not what the book has.
func (m *machine) same(what string, got, want any) {
	m.Helper()
	if !reflect.DeepEqual(got, want) {
		m.Fatalf("%s:\nthe store has %+v\nthe book has  %+v", what, got, want)
	}
}

// must fails the history for an error that no book explains.
func (m *machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatalf("the store fails: %v", err)
	}
}

func (m *machine) verify() {
	breaches, err := m.Verify(m.ctx)
	m.must(err)
	for _, b := range breaches {
		m.Errorf("breach of %s: %s: %s", b.Check, b.Subject, b.Detail)
	}
}
