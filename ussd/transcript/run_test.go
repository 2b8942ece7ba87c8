package transcript_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ussdgw/ussd/transcript"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// drawn are the secrets of every scenario here. None of them may be in any reason.
var drawn = transcript.PINs{
	PIN: "4821", Wrong: "6409", New: "5063", Weak: "1111", INN: "10101199000001",
}

// otherDigits is the number of another phone.
const otherDigits = "996700222333"

// smsPIN and oldPIN are PINs that come by SMS, one after the other.
const smsPIN, oldPIN = "7391", "8264"

var errWorld = errors.New("the world has ended")

// A world does what a script says: it answers what is typed with screens and keeps a record of
// all that it is asked.
type world struct {
	screens  map[string]transcript.Shown // by what is typed
	payments []transcript.Payment
	messages []string // one more after each input, as far as they go
	others   []string // those of the other phone likewise
	before   int      // of them have come before the first input
	balance  money.Amount
	fails    map[string]error // by method
	takes    time.Duration    // to answer

	record []string
	inputs int
}

func (w *world) ask(method, format string, args ...any) error {
	w.record = append(w.record, strings.TrimSpace(method+" "+fmt.Sprintf(format, args...)))
	return w.fails[method]
}

func (w *world) shown(text string) transcript.Shown {
	time.Sleep(w.takes)
	w.inputs++
	return w.screens[text]
}

func (w *world) Dial(
	_ context.Context, code string, drop, repeat bool,
) (transcript.Shown, error) {
	return w.shown(code), w.ask("dial", "%s drop=%t repeat=%t", code, drop, repeat)
}

func (w *world) Answer(
	_ context.Context, text string, drop, repeat bool,
) (transcript.Shown, error) {
	return w.shown(text), w.ask("answer", "%s drop=%t repeat=%t", text, drop, repeat)
}

func (w *world) HangUp(context.Context) error { return w.ask("hangup", "") }

func (w *world) Advance(_ context.Context, d time.Duration) error {
	return w.ask("advance", "%s", d)
}

func (w *world) Payments(context.Context) ([]transcript.Payment, error) {
	return w.payments, w.ask("payments", "")
}

func (w *world) Messages(_ context.Context, of msisdn.Number) ([]string, error) {
	if of.Digits() == otherDigits {
		return w.others[:min(len(w.others), w.inputs)], w.ask("messages", "of the other")
	}
	n := min(len(w.messages), w.before+w.inputs)
	return w.messages[:n], w.ask("messages", "")
}

func (w *world) Balance(_ context.Context, of msisdn.Number) (money.Amount, error) {
	if of.Digits() == otherDigits {
		return 2 * w.balance, w.ask("balance", "of the other")
	}
	return w.balance, w.ask("balance", "")
}

func (w *world) Happen(_ context.Context, words []string) error {
	return w.ask("happen", "%q", words)
}

func (w *world) Close() error { return w.ask("close", "") }

// closed counts how often the world was closed.
func (w *world) closed() int {
	n := 0
	for _, asked := range w.record {
		if asked == "close" {
			n++
		}
	}
	return n
}

// story is a world in which a payment can be made.
func story() *world {
	con := func(state, text string, used int) transcript.Shown {
		return transcript.Shown{
			State: state, Text: text, Alphabet: "GSM-7", Used: used, Limit: 182,
		}
	}
	paid := con("paid", "Paid\nCode 1234567890", 20)
	paid.End = true
	return &world{
		screens: map[string]transcript.Shown{
			"*900#": con("main", "Main\n1 Pay", 10), "1": con("confirm", "Dostek\nPIN:", 11),
			"*900*1#": con("confirm", "Dostek\nPIN:", 11), "4821": paid,
			"6409": con("confirm", "Wrong PIN 6409\nPIN:", 19),
		},
		payments: []transcript.Payment{
			{Total: 10100, Provider: "dostek", Account: "01234567890123"},
			{Total: 50, Provider: "hoster", Account: "0012345678"},
		},
		messages: []string{"Welcome", "Paid, code 1234567890"},
		before:   1,
		balance:  114900,
		fails:    map[string]error{},
	}
}

// scenario parses the steps below a header and a name. The steps begin on line firstLine.
func scenario(t *testing.T, steps string) transcript.Scenario {
	t.Helper()
	file, err := transcript.Parse("a.ussd", strings.NewReader(header+"-- scenario: a\n"+steps))
	if err != nil {
		t.Fatal(err)
	}
	return file.Scenarios[0]
}

var nameLine = strings.Count(header, "\n") + 1

// lineOf is the line of the file on which text stands among the steps; the name's for "".
func lineOf(t *testing.T, steps, text string) int {
	t.Helper()
	if text == "" {
		return nameLine
	}
	before, _, found := strings.Cut(steps, text)
	if !found {
		t.Fatalf("%q is not among the steps", text)
	}
	return nameLine + 1 + strings.Count(before, "\n")
}

// run runs a scenario in w. No reason may hold a secret.
func run(t *testing.T, w *world, s transcript.Scenario) transcript.Result {
	t.Helper()
	r := transcript.Runner{
		Open: func(_ context.Context, got transcript.Scenario, pins transcript.PINs) (
			transcript.World, error,
		) {
			if got.Name != s.Name || pins != drawn {
				t.Errorf("opened for %q with %+v", got.Name, pins)
			}
			return w, w.fails["open"]
		},
		PINs: func(transcript.Scenario) (transcript.PINs, error) { return drawn, w.fails["pins"] },
	}
	result := r.Run(t.Context(), s)
	for _, secret := range []string{
		drawn.PIN, drawn.Wrong, drawn.New, drawn.Weak, smsPIN, oldPIN,
	} {
		if strings.Contains(result.Reason, secret) {
			t.Errorf("a secret is in the reason:\n%s", result.Reason)
		}
	}
	if result.Scenario.Name != s.Name || result.Scenario.Line != s.Line {
		t.Errorf("result of %q, line %d", result.Scenario.Name, result.Scenario.Line)
	}
	return result
}

// wantEnd checks how a scenario ended, and that its reason says each of says.
func wantEnd(
	t *testing.T, got transcript.Result, status transcript.Status, line int, says ...string,
) {
	t.Helper()
	if got.Status != status || got.Line != line {
		t.Errorf("status %d on line %d, want %d on line %d:\n%s",
			got.Status, got.Line, status, line, got.Reason)
	}
	for _, text := range says {
		if !strings.Contains(got.Reason, text) {
			t.Errorf("reason\n%s\ndoes not say %q", got.Reason, text)
		}
	}
	if (got.Reason == "") != (status == transcript.Passed) {
		t.Errorf("status %d with reason %q", status, got.Reason)
	}
}

const pays = `>> *900# !! repeat
<< CON main GSM-7 10/182
| Main
| ...
~~ debit count=2
>> 1 !! drop
>> *900*1#
<< CON confirm
>> {wrong}
<< CON confirm
| Wrong PIN {wrong}
| PIN:
++ 1m1s
>> {pin}
<< END paid
| Paid
| Code {code:/[0-9]{10}/}
~~ debit 101.00 KGS provider=dostek account=01234567890123
~~ debit 0.50 KGS
~~ sms "Paid, code {code}"
~~ no sms
== wallet balance=1149.00
!! hangup
`

func TestRunPasses(t *testing.T) {
	w := story()
	wantEnd(t, run(t, w, scenario(t, pays)), transcript.Passed, 0)
	want := []string{
		"messages", "dial *900# drop=false repeat=true", "payments",
		"answer 1 drop=true repeat=false", "dial *900*1# drop=false repeat=false",
		"answer 6409 drop=false repeat=false", "advance 1m1s",
		"answer 4821 drop=false repeat=false", "payments", "payments", "messages", "messages",
		"balance", "hangup", "close",
	}
	if !slices.Equal(w.record, want) {
		t.Errorf("the world was asked\n%q, want\n%q", w.record, want)
	}
}

// What others do, and what comes of it on another phone and in another wallet.
func TestRunLetsOthersAct(t *testing.T) {
	w := story()
	w.messages, w.others = append(w.messages, "Cash code 482913."), []string{"You have got 5.00"}
	s := scenario(t, `>> *900#
<< CON main
~~ sms +996700222333 "You have got *"
== wallet +996700222333 balance=2298.00
>> 1
<< CON confirm
%% provider  code=5,times=1
%% agent cash_out {sms.code}
%% sim changed
`)
	wantEnd(t, run(t, w, s), transcript.Passed, 0)
	want := []string{
		"messages", "dial *900# drop=false repeat=false", "messages of the other",
		"balance of the other", "answer 1 drop=false repeat=false",
		"messages", `happen ["provider" "code=5,times=1"]`,
		"messages", `happen ["agent" "cash_out" "482913"]`,
		"messages", `happen ["sim" "changed"]`, "close",
	}
	if !slices.Equal(w.record, want) {
		t.Errorf("the world was asked\n%q, want\n%q", w.record, want)
	}
	w = story()
	w.messages = append(w.messages, "Cash code 482913.")
	w.fails["happen"] = errors.New("not paid out against 482913")
	got := run(t, w, scenario(t, ">> *900#\n<< CON main\n>> 1\n<< CON confirm\n"+
		"%% agent cash_out {sms.code}\n"))
	wantEnd(t, got, transcript.Broken, nameLine+5, "not paid out against {sms.code}")
}

func TestRunTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := story()
		w.takes = time.Second
		const inputs = 5
		if got := run(t, w, scenario(t, pays)).Took; got != inputs*time.Second {
			t.Errorf("took %s, want %d s", got, inputs)
		}
	})
}

// Sizes that the scenario or the world does not know are not compared.
func TestRunComparesKnownSizes(t *testing.T) {
	for head, limit := range map[string]int{
		"main": 182, "main GSM-7": 182, "main GSM-7 10/182": 182, "main GSM-7 10/160": 0,
	} {
		w := story()
		screen := w.screens["*900#"]
		screen.Limit = limit
		w.screens["*900#"] = screen
		wantEnd(t, run(t, w, scenario(t, ">> *900#\n<< CON "+head+"\n")), transcript.Passed, 0)
	}
}

// A failing is a scenario that ends in a mismatch.
type failing struct {
	steps string
	at    string   // what the line of the mismatch begins with
	says  []string // in the reason
}

const dial = ">> *900#\n<< CON main\n"

func failingScreens() map[string]failing {
	const shown = "shown CON main GSM-7 10/182, "
	return map[string]failing{
		"state": {
			">> *900#\n<< CON other\n| Main\n| 1 Play\n", "<< CON other",
			[]string{shown + "want CON other\n", "| Main ", "| 1 Play", " -> | 1 Pay "},
		},
		"state, no lines": {
			">> *900#\n<< CON other\n", "<< CON other",
			[]string{shown + "want CON other\nMain\n1 Pay"},
		},
		"state, same lines": {
			">> *900#\n<< CON other\n| Main\n| 1 Pay\n", "<< CON other",
			[]string{shown + "want CON other\nMain\n1 Pay"},
		},
		"end": {
			">> *900#\n<< END main\n", "<< END main", []string{shown + "want END main"},
		},
		"not the end": {
			dial + ">> {pin}\n<< CON paid\n", "<< CON paid",
			[]string{"shown END paid GSM-7 20/182, want CON paid"},
		},
		"alphabet": {
			">> *900#\n<< CON main UCS-2\n", "<< CON main", []string{shown + "want UCS-2"},
		},
		"used": {
			">> *900#\n<< CON main GSM-7 11/182\n", "<< CON main",
			[]string{shown + "want GSM-7 11/182"},
		},
		"limit": {
			">> *900#\n<< CON main GSM-7 10/160\n", "<< CON main",
			[]string{shown + "want GSM-7 10/160"},
		},
		"lines": {
			dial + ">> 1\n<< CON confirm\n| Dostek\n| PUK:\n", "<< CON confirm",
			[]string{"the screen CON confirm GSM-7 11/182 differs\n", "| PUK: ", " -> | PIN: "},
		},
	}
}

func failingEffects() map[string]failing {
	return map[string]failing{
		"count of debits": {dial + "~~ debit count=1\n", "~~ debit", []string{"2 debits, want 1"}},
		"amount of a debit": {
			dial + "~~ debit 99.00 KGS\n", "~~ debit", []string{"101.00", "99.00"},
		},
		"provider of a debit": {
			dial + "~~ debit 101.00 KGS provider=hoster\n", "~~ debit",
			[]string{"dostek", "hoster"},
		},
		"account of a debit": {
			dial + "~~ debit 101.00 KGS account=17\n", "~~ debit",
			[]string{"01234567890123", "17"},
		},
		"order of debits": {
			dial + "~~ debit 101.00 KGS\n~~ debit 101.00 KGS provider=dostek\n",
			"~~ debit 101.00 KGS provider",
			[]string{"0.50", "hoster", "101.00", "dostek"},
		},
		"a debit too few": {
			dial + "~~ debit 101.00 KGS\n~~ debit 0.50 KGS\n~~ debit 7.00 KGS\n",
			"~~ debit 7.00",
			[]string{"2 debits, want one more, of 7.00"},
		},
		"text of an SMS": {
			dial + "~~ sms \"Not paid*\"\n", "~~ sms",
			[]string{"Not paid*", "Paid, code 1234567890"},
		},
		"no SMS": {
			dial + "~~ sms \"Paid*\"\n~~ sms \"More\"\n", "~~ sms \"More\"",
			[]string{`no SMS came, want "More"`},
		},
		"an SMS": {
			dial + "~~ no sms\n", "~~ no sms",
			[]string{`an SMS came: "Paid, code 1234567890"`},
		},
		"balance": {
			dial + "== wallet balance=7.00\n", "== wallet",
			[]string{"the wallet holds 1149.00, want 7.00"},
		},
	}
}

func TestRunFails(t *testing.T) {
	all := failingScreens()
	maps.Copy(all, failingEffects())
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			w := story()
			// What comes after the failure is not reached.
			result := run(t, w, scenario(t, c.steps+"!! hangup\n"))
			wantEnd(t, result, transcript.Failed, lineOf(t, c.steps, c.at), c.says...)
			if w.closed() != 1 || slices.Contains(w.record, "hangup") {
				t.Errorf("the world was asked %q", w.record)
			}
		})
	}
}

// The text of a debit that differs is one line that can be read.
func TestRunShowsDebits(t *testing.T) {
	const steps = ">> *900#\n<< CON main\n~~ debit 100.00 KGS provider=dostek account=17\n"
	got := run(t, story(), scenario(t, steps)).Reason
	const want = "debit of 101.00 to dostek 01234567890123, want 100.00 to dostek 17"
	if got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestRunBreaks(t *testing.T) {
	for name, c := range map[string]struct {
		fails, steps string
		at           string // what the line begins with, "" for the scenario's own
		closed       int
	}{
		"pins":              {"pins", pays, "", 0},
		"open":              {"open", pays, "", 0},
		"messages at first": {"messages", pays, "", 1},
		"dial":              {"dial", pays, ">> *900#", 1},
		"answer":            {"answer", dial + ">> 1\n<< CON confirm\n", ">> 1", 1},
		"dropped answer":    {"answer", dial + ">> 1 !! drop\n", ">> 1", 1},
		"hangup":            {"hangup", pays, "!! hangup", 1},
		"advance":           {"advance", pays, "++ 1m1s", 1},
		"count of debits":   {"payments", dial + "~~ debit count=2\n", "~~ debit", 1},
		"debit":             {"payments", dial + "~~ debit 101.00 KGS\n", "~~ debit", 1},
		"balance":           {"balance", pays, "== wallet", 1},
		"close":             {"close", pays, "!! hangup", 1},
	} {
		w := story()
		w.fails[c.fails] = fmt.Errorf("typed %s: %w", drawn.PIN, errWorld)
		if c.fails == "pins" { // nothing is known to hide yet
			w.fails[c.fails] = errWorld
		}
		t.Run(name, func(t *testing.T) {
			result := run(t, w, scenario(t, c.steps))
			wantEnd(t, result, transcript.Broken, lineOf(t, c.steps, c.at), errWorld.Error())
			if c.fails != "pins" && !strings.Contains(result.Reason, "typed {pin}") {
				t.Errorf("reason %q does not name the secret", result.Reason)
			}
			if w.closed() != c.closed {
				t.Errorf("closed %d times, want %d", w.closed(), c.closed)
			}
		})
	}
}

// The messages fail when they are asked for, not at first.
func TestRunBreaksAtMessages(t *testing.T) {
	for _, step := range []string{"~~ sms \"*\"", "~~ no sms"} {
		w := &failingInbox{world: story()}
		r := transcript.Runner{
			Open: func(context.Context, transcript.Scenario, transcript.PINs) (
				transcript.World, error,
			) {
				return w, nil
			},
			PINs: func(transcript.Scenario) (transcript.PINs, error) { return drawn, nil },
		}
		result := r.Run(t.Context(), scenario(t, dial+step+"\n"))
		wantEnd(t, result, transcript.Broken, lineOf(t, dial+step, step), errWorld.Error())
		if w.closed() != 1 {
			t.Errorf("closed %d times, want once", w.closed())
		}
	}
}

// A failingInbox gives its messages once.
type failingInbox struct{ *world }

func (f *failingInbox) Messages(ctx context.Context, of msisdn.Number) ([]string, error) {
	defer func() { f.fails["messages"] = errWorld }()
	return f.world.Messages(ctx, of)
}

// A name without a value cannot be typed: nothing is known of what would come.
func TestRunBreaksForAnUnknownName(t *testing.T) {
	const steps = ">> *900#\n<< CON main\n>> {sms.pin}\n<< CON main\n"
	w := story()
	result := run(t, w, scenario(t, steps))
	line := lineOf(t, steps, ">> {sms.pin}")
	wantEnd(t, result, transcript.Broken, line, "{sms.pin} has no value")
	if w.inputs != 1 {
		t.Errorf("the world was asked %q", w.record)
	}
}

// Close counts even when there is a failure already: both are told.
func TestRunFailsAndCloseFails(t *testing.T) {
	const steps = ">> *900#\n<< CON other\n"
	w := story()
	w.fails["close"] = errWorld
	result := run(t, w, scenario(t, steps))
	line := lineOf(t, steps, "<<")
	wantEnd(t, result, transcript.Failed, line, "want CON other", errWorld.Error())
	if w.closed() != 1 {
		t.Errorf("closed %d times, want once", w.closed())
	}
}

func TestRunSkips(t *testing.T) {
	opened := 0
	w := story()
	r := transcript.Runner{
		Open: func(context.Context, transcript.Scenario, transcript.PINs) (
			transcript.World, error,
		) {
			opened++
			return w, nil
		},
		PINs:       func(transcript.Scenario) (transcript.PINs, error) { return drawn, nil },
		FixedClock: true,
	}
	result := r.Run(t.Context(), scenario(t, dial+"++ 1s\n"))
	wantEnd(t, result, transcript.Skipped, nameLine, "it moves the clock")
	if opened != 0 || len(w.record) != 0 {
		t.Errorf("opened %d times, asked %q, want nothing", opened, w.record)
	}
	wantEnd(t, r.Run(t.Context(), scenario(t, dial)), transcript.Passed, 0)
	r.FixedClock = false
	wantEnd(t, r.Run(t.Context(), scenario(t, dial+"++ 1s\n")), transcript.Passed, 0)
	if opened != 2 || w.closed() != 2 {
		t.Errorf("opened %d times, closed %d times, want 2", opened, w.closed())
	}
}

// After a dropped answer, and after a hang-up, there is nothing to compare a screen with. Parse
// refuses such a file; a scenario may be made in another way.
func TestRunShowsNothing(t *testing.T) {
	for name, steps := range map[string]string{
		"dropped answer": dial + ">> 1 !! drop\n",
		"dropped dial":   ">> *900# !! drop\n",
		"hung up":        dial + "!! hangup\n",
		"no input":       dial,
	} {
		s := scenario(t, steps)
		if name == "no input" {
			s.Steps = nil
		}
		const line = 77
		s.Steps = append(s.Steps, transcript.Screen{Line: line, State: "confirm"})
		wantEnd(t, run(t, story(), s), transcript.Failed, line,
			"no screen is on display, want confirm")
	}
}

// What begins with a star and ends in a hash is dialled, anything else is an answer.
func TestRunDialsOrAnswers(t *testing.T) {
	w := story()
	for text, method := range map[string]string{
		"*900#": "dial", "*900*1#": "dial", "*1": "answer", "100#": "answer", "100*50": "answer",
	} {
		w.record = nil
		w.screens[text] = transcript.Shown{State: "main"}
		wantEnd(t, run(t, w, scenario(t, ">> "+text+"\n<< CON main\n")), transcript.Passed, 0)
		if want := method + " " + text + " drop=false repeat=false"; w.record[1] != want {
			t.Errorf("the world was asked %q, want %q", w.record, want)
		}
	}
}

// A second dial after a drop shows its own screen.
func TestRunDialsAgainAfterADrop(t *testing.T) {
	const steps = dial + ">> 1 !! drop\n>> *900*1#\n<< CON confirm\n| Dostek\n| PIN:\n"
	wantEnd(t, run(t, story(), scenario(t, steps)), transcript.Passed, 0)
}

// Whatever shows a secret, the reason has its name. run looks for all of them.
func TestRunHidesSecrets(t *testing.T) {
	pinSMS := "Your PIN " + smsPIN + ". Never tell it"
	for name, c := range map[string]struct {
		steps    string
		screen   string // shown to *900#
		messages []string
		before   int
		says     []string
	}{
		"typed and shown": {
			">> *900#\n<< CON main\n| {pin}\n| Weak\n", "4821\n1111 6409, 5063", nil, 0,
			[]string{"| {pin} ", "{weakpin} {wrong}, {newpin}"},
		},
		"state differs": {
			">> *900#\n<< CON other\n", "Your PIN is 4821", nil, 0, []string{"Your PIN is {pin}"},
		},
		"by SMS before": {
			">> *900#\n<< CON main\n| Hello\n", "PIN " + smsPIN,
			[]string{pinSMS},
			1,
			[]string{"PIN {sms.pin}"},
		},
		"by SMS, compared": {
			dial + "~~ sms \"Hello\"\n", "Main",
			[]string{pinSMS},
			0,
			[]string{"want  Hello", "came  Your PIN {sms.pin}. Never"},
		},
		"by SMS, compared and shown": {
			dial + "~~ sms \"*PIN {sms.pin}*\"\n" + dial + "| Hello\n", "(" + smsPIN + ")",
			[]string{pinSMS},
			0,
			[]string{"({sms.pin})"},
		},
		"by an SMS that nobody wants": {
			dial + "~~ no sms\n", "Main",
			[]string{pinSMS},
			0,
			[]string{"Your PIN {sms.pin}. Never"},
		},
		"by an SMS with a hard blank": {
			dial + "~~ no sms\n", "Main", []string{"PIN:\u00a0" + smsPIN}, 0, []string{"{sms.pin}"},
		},
		"by an SMS on two lines": {
			dial + "~~ no sms\n", "Main",
			[]string{"PIN\n" + smsPIN + "\n"},
			0,
			[]string{`"PIN\n{sms.pin}\n"`},
		},
		"by an older SMS": {
			">> *900#\n<< CON main\n| Hello\n", oldPIN + " " + smsPIN,
			[]string{"Your PIN " + oldPIN, pinSMS},
			2,
			[]string{"{sms.pin} {sms.pin}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := story()
			w.messages, w.before = c.messages, c.before
			w.screens["*900#"] = transcript.Shown{State: "main", Text: c.screen}
			result := run(t, w, scenario(t, c.steps))
			wantEnd(t, result, transcript.Failed, result.Line, c.says...)
		})
	}
}

// The PIN that an SMS brings can be typed.
func TestRunTypesThePINOfAnSMS(t *testing.T) {
	const steps = ">> *900#\n<< CON main\n~~ sms \"*\"\n>> {sms.pin}\n<< END paid\n"
	w := story()
	w.messages, w.before = []string{"PIN 12345 and PIN " + smsPIN}, 0
	w.screens[smsPIN] = w.screens["4821"]
	wantEnd(t, run(t, w, scenario(t, steps)), transcript.Passed, 0)
}

// What SMS the setup has caused is not compared, but for the PIN in them.
func TestRunPassesOverEarlierMessages(t *testing.T) {
	const steps = ">> {sms.pin}\n<< END paid\n~~ sms \"Paid*\"\n~~ no sms\n"
	w := story()
	w.messages, w.before = []string{"Welcome", "PIN: " + smsPIN, "Paid"}, 2
	w.screens[smsPIN] = w.screens["4821"]
	wantEnd(t, run(t, w, scenario(t, steps)), transcript.Passed, 0)
}
