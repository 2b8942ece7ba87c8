package menu_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// found loads the good menu with a piece of it replaced, and returns the findings with a code as
// "line:col old>new".
func found(t *testing.T, code, old, new string) []string {
	t.Helper()
	r := &source.Report{}
	menu.Load(edited(t, old, new), environment(), r)
	var out []string
	for _, f := range r.Findings() {
		if f.Code != code {
			t.Errorf("%s: %s %s", f.Pos, f.Code, f.Message)
			continue
		}
		out = append(out, fmt.Sprintf("%d %s>%s", f.Pos.Col, f.Fix.Old, f.Fix.New))
	}
	return out
}

// A finding about a letter is under that very letter, and says what to write where that is sure.
func TestLettersArePointedAt(t *testing.T) {
	const later = `busy: {end: {ru: "Позже", en: "Later"}}`
	for _, tt := range []struct{ code, text, want string }{
		{"MENU050", `busy: {end: {ru: "На cчет", en: "Later"}}`, "24 c>с"},
		{"MENU050", `busy: {end: {ru: "\nНa «чeк»", en: "Later"}}`, "24 a>а 28 e>е"},
		{"MENU050", `busy: {end: {ru: 'Нa', en: "Later"}}`, "22 a>а"},
		{"MENU050", `busy: {end: {ru: Нa, en: "Later"}}`, "21 a>а"},
		{"MENU050", `busy: {end: {ru: "Иvан", en: "Later"}}`, "22 >"},
		{"MENU051", `busy: {end: {ru: "Позже", en: "It’s later"}}`, "36 ’>'"},
		{"MENU051", `busy: {end: {ru: "Позже", en: 'It’s later'}}`, "36 ’>''"},
		{"MENU051", `busy: {end: {ru: "Позже", en: "Say “later”"}}`, `38 “>\" 44 ”>\"`},
		{"MENU051", `busy: {end: {ru: "Позже", en: "No. № 5"}}`, "38 >"},
		{"MENU051", `busy: {end: {ru: "Позже", en: "а later"}}`, "34 а>a"},
		{"MENU051", `busy: {end: {ru: "Позже", en: "→ later"}}`, "34 >"},
		{"MENU052", `busy: {end: {ru: "Позже c 9", en: "Later"}}`, "27 >"},
	} {
		if got := strings.Join(found(t, tt.code, later, tt.text), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
	for _, right := range []string{
		`busy: {end: {ru: "PINди SMSте", en: "Later"}}`,
		`busy: {end: {ru: "№ 5 – «Позже»", en: "Later"}}`,
		`busy: {end: {ru: "2 x 50, e-mail", en: "ş ğ ı ç ţ ď"}}`,
		`busy: {end: {ru: "Позже", en: "Later, позже"}}`,
	} {
		if got := found(t, "none", later, right); len(got) > 0 {
			t.Errorf("%s: got %v", right, got)
		}
	}
}

// Where a Cyrillic text is on the same screen, one character more outside the alphabet is nothing.
func TestOneCharacterAmongCyrillicOnes(t *testing.T) {
	const old = `meter_done:
    text: {ru: "Принято: {reading}", en: "Taken: {reading}"}`
	text := strings.Replace(old, "Taken:", "Taken…", 1)
	if got := found(t, "MENU051", old, text); len(got) != 1 {
		t.Errorf("got %v, want one finding", got)
	}
	r := &source.Report{}
	fsys := edited(t, old+`
    options:
      - {key: "1", text: {ru: "Еще", en: "More"}, goto: meter}`, text+`
    options:
      - {key: "1", text: "Еще", goto: meter}`)
	if menu.Load(fsys, environment(), r); len(r.Findings()) > 0 {
		t.Errorf("got %v", r.Err())
	}
}

// A message is looked at alone.
func TestOneCharacterInAMessage(t *testing.T) {
	got := found(t, "MENU051", `en: "Paid {amount}, code {code}"`, `en: "Paid {amount} – {code}"`)
	if len(got) != 1 || !strings.HasSuffix(got[0], "–>-") {
		t.Errorf("got %v", got)
	}
}

const stuckMenu = `
slots:
  one: {type: digits, max: 4, exempt: [%s]}
states:
  extra:
    ask: one
    text: "One:"
    errors: {digits_only: "x", digits_length: "x"}
    goto: two
  two: {do: wallet.balance, on: {ok: %s}}
`

// Keys for back and home are ways out, unless the slot takes them for itself.
func TestCircleWithAWayOut(t *testing.T) {
	for _, tt := range []struct {
		exempt, to string
		stuck      bool
	}{
		{`"0", "00"`, "extra", true},
		{`"0"`, "extra", false},
		{`"00"`, "extra", true}, // it is the first screen: back leads nowhere from there
		{`"0", "00"`, `"@home"`, false},
		{`"0", "00"`, `"@resume"`, false},
		{`"0", "00"`, `"@back"`, true},
		{`"0", "00"`, "main", false},
	} {
		r := &source.Report{}
		menu.Load(extended(t, fmt.Sprintf(stuckMenu, tt.exempt, tt.to)), environment(), r)
		got := ""
		for _, f := range r.Findings() {
			got += f.Code
		}
		if (got == "MENU054") != tt.stuck || (!tt.stuck && got != "") {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

// A menu in which nothing ends is one circle.
func TestMenuWithoutAnEnd(t *testing.T) {
	b := `schema: ussd.menu/v1
service: "*1#"
languages: [en]
limits: {gsm7: 182, ucs2: 80}
keys: {back: "0", home: "00", more: "98"}
nav: {back: "0 Back", more: "98 More", home: "00 Menu"}
entries: {start: main, resume: main, untold: told, over: over, busy: over,
  shortcut_refused: over, unavailable: over}
errors: {option: "No such item"}
states:
  main: {options: [{key: "1", text: "A", goto: second}]}
  second: {options: [{key: "1", text: "B", goto: main}]}
  told: {do: told, on: {ok: over}}
  over: {end: "Over"}
`
	env := menu.Environment{Actions: map[string]menu.ActionDef{
		"told": {Outcomes: map[string]menu.OutcomeDef{"ok": {}}},
	}}
	r := &source.Report{}
	menu.Load(fstest.MapFS{"a.yaml": {Data: []byte(b)}}, env, r)
	if f := r.Findings(); len(f) != 1 || f[0].Code != "MENU054" ||
		!strings.HasSuffix(f[0].Message, ": main, second") {
		t.Errorf("got %v", f)
	}
}
