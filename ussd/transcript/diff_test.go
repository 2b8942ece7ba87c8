package transcript_test

import (
	"maps"
	"strings"
	"testing"

	"ussdgw/ussd/transcript"
)

// screen parses the lines of one screen.
func screen(t *testing.T, lines ...string) []transcript.Line {
	t.Helper()
	return firstStep[transcript.Screen](t,
		">> *900#\n<< CON main\n| "+strings.Join(lines, "\n| ")+"\n").Lines
}

// firstStep parses the steps and returns the first of a type. {known} has been captured before.
func firstStep[S transcript.Step](t *testing.T, steps string) S {
	t.Helper()
	const before = "-- scenario: a\n>> *900#\n<< CON main\n| {known:/.*/}\n"
	file, err := transcript.Parse("a.ussd", strings.NewReader(header+before+steps))
	if err != nil {
		t.Fatal(err)
	}
	const stepsBefore = 2
	for _, step := range file.Scenarios[0].Steps[stepsBefore:] {
		if s, ok := step.(S); ok {
			return s
		}
	}
	t.Fatalf("no such step in %q", steps)
	panic("not reached")
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		want []transcript.Line
		got  string
		ok   bool
		kept map[string]string
	}{
		"no lines match every screen": {nil, "anything", true, nil},
		"exact":                       {screen(t, "a", "b"), "a\nb", true, nil},
		"an empty line":               {screen(t, "a", "", "b"), "a\n\nb", true, nil},
		"other text":                  {screen(t, "a", "b"), "a\nc", false, nil},
		"a line less":                 {screen(t, "a", "b"), "a", false, nil},
		"a line more":                 {screen(t, "a"), "a\nb", false, nil},
		"a line end more":             {screen(t, "a"), "a\n", false, nil},
		"any further lines":           {screen(t, "a", "..."), "a\nb\nc", true, nil},
		"no further lines":            {screen(t, "a", "..."), "a", true, nil},
		"further lines only":          {screen(t, "..."), "a\nb", true, nil},
		"wrong before further lines":  {screen(t, "a", "..."), "b\nb", false, nil},
		"missing before further":      {screen(t, "a", "b", "..."), "a", false, nil},
		"a star is a star":            {screen(t, "*900#"), "+900#", false, nil},
		"a star is a star, same":      {screen(t, "*900# (1+1)"), "*900# (1+1)", true, nil},
		"spaces count":                {screen(t, "a "), "a", false, nil},
		"capture": {
			screen(t, "Code {code:/[0-9]{3}/}, {at:/(0|1)[0-9]/}."), "Code 123, 14.", true,
			map[string]string{"code": "123", "at": "14"},
		},
		"capture of one of two": {
			screen(t, "{x:/a|ab/}"), "ab", true, map[string]string{"x": "ab"},
		},
		"capture that is too long": {screen(t, "Code {code:/[0-9]{3}/}"), "Code 1234", false, nil},
		"captured before": {
			screen(t, "{a:/.+/}", "again {a}"), "1.\nagain 1.", true, map[string]string{"a": "1."},
		},
		"captured before, other": {
			screen(t, "{a:/.+/}", "again {a}"), "1.\nagain 12", false, map[string]string{"a": "1."},
		},
		"known":                   {screen(t, "[{known}]"), "[old*]", true, nil},
		"known, other":            {screen(t, "[{known}]"), "[older]", false, nil},
		"a value that nobody has": {screen(t, "{wrong}"), "", false, nil},
	} {
		vars := map[string]string{"known": "old*"}
		ok, diff := transcript.Diff(c.want, c.got, vars)
		if ok != c.ok || (diff == "") != c.ok {
			t.Errorf("%s: got %t\n%s", name, ok, diff)
		}
		kept := map[string]string{"known": "old*"}
		maps.Copy(kept, c.kept)
		if !maps.Equal(vars, kept) {
			t.Errorf("%s: kept %v, want %v", name, vars, kept)
		}
	}
}

func TestDiffDrawsTwoPhones(t *testing.T) {
	want := screen(t, "Достэк", "Сумма 1-15000 сом:", "{known} {pin}", "...")
	got := "Достэк\nВведите сумму, от 1 до 15000 сом:\nold 4821\n0 Назад\n"
	vars := map[string]string{"known": "old", "pin": "4821", "newpin": "15000"}
	_, diff := transcript.Diff(want, got, vars)
	const phones = `
  want                                        got
+--------------------------------------+    +--------------------------------------+
| Достэк                               |    | Достэк                               |
| Сумма 1-15000 сом:                   | -> | Введите сумму, от 1 до {newpin} сом: |
| {known} {pin}                        |    | old {pin}                            |
| ...                                  |    | 0 Назад                              |
|                                      |    |                                      |
+--------------------------------------+    +--------------------------------------+
`
	if "\n"+diff != phones {
		t.Errorf("got\n%s\nwant%s", diff, phones)
	}
}

func TestSMSPattern(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, got string
		ok           bool
	}{
		"exact":          {"Paid.", "Paid.", true},
		"a point":        {"Paid.", "Paid!", false},
		"star":           {"Paid *Code*", "Paid 1\n2 Code", true},
		"star at an end": {"Paid*", "Paid", true},
		"whole text":     {"Paid", "Paid 1", false},
		"known":          {"*Code {known}*", "1 Code old.", true},
		"known, other":   {"*Code {known}*", "1 Code new.", false},
		"quotes":         {`say "{known}"`, `say "old"`, true},
		"secret":         {"PIN {pin}", "PIN 4821", true},
	} {
		sms := firstStep[transcript.SMS](t, "~~ sms \""+c.pattern+"\"\n")
		vars := map[string]string{"known": "old", "pin": "4821"}
		if ok := sms.Text.Match(c.got, vars); ok != c.ok {
			t.Errorf("%s: %s against %q: got %t, want %t", name, sms.Text, c.got, ok, c.ok)
		}
	}
	sms := firstStep[transcript.SMS](t, "~~ sms \"*{code:/[0-9]+/}.\"\n")
	vars := map[string]string{}
	if !sms.Text.Match("Code 12.", vars) || vars["code"] == "" {
		t.Errorf("capture in an SMS: kept %v", vars)
	}
}

func TestInputExpands(t *testing.T) {
	in := firstStep[transcript.Input](t, ">> *900*8*3*{pin}*{known}# !! drop\n")
	vars := map[string]string{"pin": "4821", "known": "7"}
	if got, err := in.Text.Expand(vars); err != nil || got != "*900*8*3*4821*7#" {
		t.Errorf("got %q, %v", got, err)
	}
	delete(vars, "pin")
	if got, err := in.Text.Expand(vars); err == nil || !strings.Contains(err.Error(), "{pin}") {
		t.Errorf("got %q, %v, want an error that names {pin}", got, err)
	}
}

func TestRedact(t *testing.T) {
	vars := map[string]string{"pin": "4821", "sms.pin": "1111", "newpin": "", "code": "99"}
	for text, want := range map[string]string{
		"PIN 4821.":          "PIN {pin}.",
		"4821":               "{pin}",
		"48214821":           "48214821",
		"4821 4821":          "{pin} {pin}",
		"014821 4821":        "014821 {pin}",
		"11111 1111":         "11111 {sms.pin}",
		"Code 99":            "Code 99",
		"*900*8*3*4821#":     "*900*8*3*{pin}#",
		"01234567890123":     "01234567890123",
		"Ваш PIN 1111, 4821": "Ваш PIN {sms.pin}, {pin}",
	} {
		if got := transcript.Redact(text, vars); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
