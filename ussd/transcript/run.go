package transcript

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// Shown is what a handset displays.
type Shown struct {
	End      bool
	State    string // of the menu
	Text     string
	Alphabet string // "GSM-7" or "UCS-2"
	Used     int    // units of Alphabet
	Limit    int    // 0 where the world does not know it
}

// A Payment is a debit as the ledger has it.
type Payment struct {
	Total    money.Amount // fee included
	Provider string
	Account  string
}

// A World is where a scenario happens: a gateway, its wallet and one phone.
type World interface {
	// Dial and Answer send what is typed and return the next screen. With drop the phone is gone
	// before it comes; with repeat the input is delivered twice, and a second screen is an error.
	Dial(ctx context.Context, code string, drop, repeat bool) (Shown, error)
	Answer(ctx context.Context, text string, drop, repeat bool) (Shown, error)
	// HangUp ends the dialogue from the phone.
	HangUp(ctx context.Context) error
	// Advance moves the clock. It is never called where Runner.FixedClock is set.
	Advance(ctx context.Context, d time.Duration) error
	// Payments are the debits of the phone's wallet so far, oldest first.
	Payments(ctx context.Context) ([]Payment, error)
	// Messages are the SMS that the phone of a number has received, oldest first.
	Messages(ctx context.Context, of msisdn.Number) ([]string, error)
	// Balance is what the wallet of a number holds.
	Balance(ctx context.Context, of msisdn.Number) (money.Amount, error)
	// Happen makes others do something: the words of an Event.
	Happen(ctx context.Context, words []string) error
	// Close ends the world.
	Close() error
}

// PINs are the values behind the secret names of a scenario. Weak is refused as a new PIN, INN is
// that of the wallet that is given.
type PINs struct{ PIN, Wrong, New, Weak, INN string }

// A Runner runs scenarios. Open makes the world that a scenario begins in; each scenario has a
// world of its own.
type Runner struct {
	Open func(ctx context.Context, s Scenario, pins PINs) (World, error)
	PINs func(s Scenario) (PINs, error) // drawn anew for each scenario
	// FixedClock says that the worlds' clock cannot be moved: scenarios that do are skipped.
	FixedClock bool
}

// A Status is how a scenario ended.
type Status uint8

// The ends of a scenario.
const (
	Passed  Status = iota
	Failed         // something was not as expected
	Broken         // the world failed, nothing is known
	Skipped        // the world cannot do what it takes
)

// A Result is how a scenario ended, and why.
type Result struct {
	Scenario Scenario
	Status   Status
	Line     int    // where it failed
	Reason   string // several lines for a screen; no secret is in it
	Took     time.Duration
}

// A mismatch is the error of an expectation that was not met.
type mismatch struct{ text string }

func (m *mismatch) Error() string { return m.text }

func differ(format string, args ...any) error {
	return &mismatch{fmt.Sprintf(format, args...)}
}

// scene is a scenario on its way.
type scene struct {
	world    World
	vars     map[string]string
	shown    *Shown
	number   msisdn.Number
	debits   int                   // compared so far
	messages map[msisdn.Number]int // compared so far
	inSMS    map[string]*regexp.Regexp
	old      []oldSecret // that came by SMS before the last ones
}

// An oldSecret is a value that the name of a secret had before.
type oldSecret struct{ name, value string }

// Run runs one scenario to its first failure.
func (r Runner) Run(ctx context.Context, s Scenario) (result Result) {
	started := time.Now()
	result = Result{Scenario: s, Line: s.Line}
	defer func() { result.Took = time.Since(started) }()
	if r.FixedClock && s.movesClock() {
		result.Status, result.Reason = Skipped, "it moves the clock"
		return result
	}
	pins, err := r.PINs(s)
	if err != nil {
		result.Status, result.Reason = Broken, err.Error()
		return result
	}
	sc := newScene(pins, s.Number)
	err = r.play(ctx, s, sc, pins, &result.Line)
	var m *mismatch
	switch {
	case err == nil:
		result.Line = 0
		return result
	case errors.As(err, &m):
		result.Status = Failed
	default:
		result.Status = Broken
	}
	result.Reason = Redact(err.Error(), sc.vars)
	for _, old := range sc.old {
		result.Reason = redact(result.Reason, old.value, "{"+old.name+"}")
	}
	return result
}

// play runs the steps in a world of their own. line is where it is.
func (r Runner) play(
	ctx context.Context, s Scenario, sc *scene, pins PINs, line *int,
) (err error) {
	sc.world, err = r.Open(ctx, s, pins)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sc.world.Close()) }()
	if err := sc.start(ctx, s.Others); err != nil {
		return err
	}
	for _, step := range s.Steps {
		*line = step.At()
		if err := sc.step(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (s Scenario) movesClock() bool {
	for _, step := range s.Steps {
		if _, ok := step.(Wait); ok {
			return true
		}
	}
	return false
}

// codeDigits is how many digits a one-time code has.
const codeDigits = 6

func newScene(p PINs, number msisdn.Number) *scene {
	pinDigits := fmt.Sprintf(`(?s)PIN[^0-9]*([0-9]{%d})(?:[^0-9]|$)`, len(p.PIN))
	code := fmt.Sprintf(`(?is)(?:код|code)[^0-9]*\b([0-9]{%d})(?:[^0-9]|$)`, codeDigits)
	return &scene{
		vars: map[string]string{
			"pin": p.PIN, "wrong": p.Wrong, "newpin": p.New, "weakpin": p.Weak, "inn": p.INN,
		},
		number: number, messages: map[msisdn.Number]int{},
		inSMS: map[string]*regexp.Regexp{
			"sms.pin": regexp.MustCompile(pinDigits), "sms.code": regexp.MustCompile(code),
		},
	}
}

// start passes over the SMS that the setup has caused, but for the PIN that one may bring.
func (s *scene) start(ctx context.Context, others []Other) error {
	messages, err := s.world.Messages(ctx, s.number)
	if err != nil {
		return err
	}
	for _, text := range messages {
		s.learn(text)
	}
	s.messages[s.number] = len(messages)
	for _, o := range others {
		before, err := s.world.Messages(ctx, o.Number)
		if err != nil {
			return err
		}
		s.messages[o.Number] = len(before)
	}
	return nil
}

// learn takes the PIN and the one-time code out of an SMS.
func (s *scene) learn(text string) {
	for name, expression := range s.inSMS {
		if m := expression.FindStringSubmatch(text); m != nil {
			if old := s.vars[name]; old != "" {
				s.old = append(s.old, oldSecret{name, old})
			}
			s.vars[name] = m[1]
		}
	}
}

func (s *scene) step(ctx context.Context, step Step) error {
	switch step := step.(type) {
	case Input:
		return s.input(ctx, step)
	case Screen:
		return s.screen(step)
	case Debit:
		return s.debit(ctx, step)
	case Debits:
		payments, err := s.world.Payments(ctx)
		if err == nil && len(payments) != step.Count {
			err = differ("%d debits, want %d", len(payments), step.Count)
		}
		return err
	case SMS:
		return s.sms(ctx, s.of(step.To), step.Text)
	case NoSMS:
		messages, err := s.world.Messages(ctx, s.number)
		if n := s.messages[s.number]; err == nil && len(messages) > n {
			s.learn(messages[n])
			err = differ("an SMS came: %q", Redact(messages[n], s.vars))
		}
		return err
	case Wallet:
		balance, err := s.world.Balance(ctx, s.of(step.Of))
		if err == nil && balance != step.Balance {
			err = differ("the wallet holds %v, want %v", balance, step.Balance)
		}
		return err
	case Event:
		return s.event(ctx, step)
	case Wait:
		return s.world.Advance(ctx, step.For)
	case HangUp:
		s.shown = nil
		return s.world.HangUp(ctx)
	}
	panic(fmt.Sprintf("transcript: no step %T", step))
}

// of is the number that a step is about.
func (s *scene) of(said msisdn.Number) msisdn.Number {
	if said.IsZero() {
		return s.number
	}
	return said
}

// event lets others do something. What they are told in an SMS has come by then.
func (s *scene) event(ctx context.Context, step Event) error {
	messages, err := s.world.Messages(ctx, s.number)
	if err != nil {
		return err
	}
	for _, text := range messages[min(s.messages[s.number], len(messages)):] {
		s.learn(text)
	}
	what, err := step.What.Expand(s.vars)
	if err != nil {
		return err
	}
	return s.world.Happen(ctx, strings.Fields(what))
}

func (s *scene) input(ctx context.Context, step Input) error {
	text, err := step.Text.Expand(s.vars)
	if err != nil {
		return err
	}
	send := s.world.Answer
	if strings.HasPrefix(text, "*") && strings.HasSuffix(text, "#") {
		send = s.world.Dial
	}
	shown, err := send(ctx, text, step.Drop, step.Repeat)
	s.shown = &shown
	if step.Drop {
		s.shown = nil
	}
	return err
}

func (s *scene) screen(want Screen) error {
	if s.shown == nil {
		return differ("no screen is on display, want %s", want.State)
	}
	got := *s.shown
	head := fmt.Sprintf("%s %s %s %d/%d",
		kind(got.End), got.State, got.Alphabet, got.Used, got.Limit)
	ok, diff := Diff(want.Lines, got.Text, s.vars)
	switch {
	case got.State != want.State || got.End != want.End:
		if diff == "" {
			diff = got.Text
		}
		return differ("shown %s, want %s %s\n%s", head, kind(want.End), want.State, diff)
	case want.Alphabet != "" && got.Alphabet != want.Alphabet,
		want.Used != 0 && got.Used != want.Used,
		want.Limit != 0 && got.Limit != 0 && got.Limit != want.Limit:
		return differ("shown %s, want %s %d/%d", head, want.Alphabet, want.Used, want.Limit)
	case !ok:
		return differ("the screen %s differs\n%s", head, diff)
	}
	return nil
}

func kind(end bool) string {
	if end {
		return "END"
	}
	return "CON"
}

func (s *scene) debit(ctx context.Context, want Debit) error {
	payments, err := s.world.Payments(ctx)
	if err != nil {
		return err
	}
	if len(payments) <= s.debits {
		return differ("%d debits, want one more, of %v", len(payments), want.Amount)
	}
	got := payments[s.debits]
	s.debits++
	if got.Total != want.Amount || (want.Provider != "" && got.Provider != want.Provider) ||
		(want.Account != "" && got.Account != want.Account) {
		return differ("debit of %v to %s %s, want %v to %s %s", got.Total, got.Provider,
			got.Account, want.Amount, want.Provider, want.Account)
	}
	return nil
}

func (s *scene) sms(ctx context.Context, to msisdn.Number, want Pattern) error {
	messages, err := s.world.Messages(ctx, to)
	if err != nil {
		return err
	}
	n := s.messages[to]
	if len(messages) <= n {
		return differ("no SMS came, want %q", want)
	}
	text := messages[n]
	s.messages[to]++
	if to == s.number {
		s.learn(text)
	}
	if !want.Match(text, s.vars) {
		return differ("the SMS differs\n    want  %s\n    came  %s", want, text)
	}
	return nil
}
