package menu_test

import (
	"fmt"
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// triesPrompt is an error of the good menu that shows a number.
const triesPrompt = `ru: "Неверно, осталось {left}:", en: "Wrong, {left} left:"`

// triesForms is the same error with plural forms: four in Russian, two in English.
func triesForms(t ...string) string {
	return fmt.Sprintf(`ru: {by: left, one: "%s", few: "%s", many: "%s", other: "%s"},
        en: {by: left, one: "%s", other: "%s"}`, t[0], t[1], t[2], t[3], t[4], t[5])
}

func TestPluralFormFollowsTheNumber(t *testing.T) {
	env := environment()
	env.Actions["pin.check"].Outcomes["wrong"] = def(count("left", "9999999"))
	p := load(t, edited(t, triesPrompt, triesForms("{left} раз", "{left} раза",
		"{left} разов", "{left}", "{left} try", "{left} tries")), env)
	for _, tt := range []struct{ lang, left, want string }{
		{"ru", "1", "1 раз"},
		{"ru", "2", "2 раза"},
		{"ru", "5", "5 разов"},
		{"ru", "0", "0 разов"},
		{"ru", "11", "11 разов"},
		{"ru", "21", "21 раз"},
		{"ru", "104", "104 раза"},
		{"ru", "1000000", "1000000 разов"},
		{"ru", "1000001", "1000001 раз"},
		{"ru", "x", "x"},
		{"ru", "", ""},
		{"ru", "-1", "-1 раз"},
		{"en", "1", "1 try"},
		{"en", "0", "0 tries"},
		{"en", "1000001", "1000001 tries"},
	} {
		f := &phone{t, p, p.Begin(tt.lang, menu.EntryStart, nil)}
		f.done("registered").send("8").send("3").send("1234").done("wrong", "left", tt.left)
		if got, _, _ := strings.Cut(f.res.Screen.Text, "\n"); got != tt.want &&
			tt.want != "" {
			t.Errorf("%s %q: got %q, want %q", tt.lang, tt.left, got, tt.want)
		}
	}
}

// messageForms is a menu with a message that has plural forms.
const messageForms = `
states: {extra: {end: "x"}}
sms:
  tries:
    ru: {by: left, one: "Осталась {left} попытка", few: "%s", many: "Осталось {left} попыток",
      other: "Осталось {left}"}
    en: {by: left, one: "{left} try left", other: "{left} tries left"}
`

func TestMessageWithPluralForms(t *testing.T) {
	env := environment()
	env.SMS["tries"] = []menu.ValueDef{count("left", "99")}
	p := load(t, extended(t, fmt.Sprintf(messageForms, "Осталось {left} попытки")), env)
	for _, tt := range []struct{ lang, left, want string }{
		{"ru", "1", "Осталась 1 попытка"},
		{"ru", "3", "Осталось 3 попытки"},
		{"ru", "12", "Осталось 12 попыток"},
		{"en", "1", "1 try left"},
		{"en", "2", "2 tries left"},
	} {
		got, err := p.SMS("tries", tt.lang, map[string]string{"left": tt.left})
		if err != nil || got != tt.want {
			t.Errorf("SMS %s %s: got %q, %v, want %q", tt.lang, tt.left, got, err, tt.want)
		}
	}
	if got, err := p.SMS("tries", "ru", nil); err == nil {
		t.Errorf("without the number: got %q, want an error", got)
	}
}

// Each plural form is proved on its own, to the unit: at the widest number, although a form such
// as the English one is only of 1.
func TestProofOfPluralFormsIsExactToTheUnit(t *testing.T) {
	const forms = 6
	env := environment()
	env.Actions["pin.check"].Outcomes["wrong"] = def(count("left", "99"))
	for i, lang := range []string{"ru", "ru", "ru", "ru", "en", "en"} {
		room, filler := 80-2-8, "ж"
		if lang == "en" {
			room, filler = 182-2-7, "n"
		}
		for over := range 2 {
			texts := make([]string, forms)
			for j := range texts {
				texts[j] = "{left}"
			}
			texts[i] = strings.Repeat(filler, room+over) + "{left}"
			ok, message := fitsIn(t, env, triesPrompt, triesForms(texts...))
			if ok != (over == 0) || (!ok && !strings.Contains(message, ": 1 over ")) {
				t.Errorf("form %d with %d letters: %t, %q", i, room+over, ok, message)
			}
		}
	}
}

// A message is four SMS at most, in each form, and goes by a number of its own.
func TestProofOfMessagesWithPluralForms(t *testing.T) {
	for _, tt := range []struct {
		field menu.ValueDef
		room  int
		want  string
	}{
		{count("left", "99"), 4*67 - 2, ""},
		{count("left", "99"), 4*67 - 1, `MENU030: the message "tries" in "ru" takes more than 4 SMS`},
		{val("left", "99"), 9, `MENU045: plural forms go by a number, and "left" is a text`},
		{val("lost", "99"), 9, `MENU030: the message "tries" has no field "left"`},
	} {
		env := environment()
		env.SMS["tries"] = []menu.ValueDef{tt.field}
		r := &source.Report{}
		menu.Load(extended(t, fmt.Sprintf(messageForms, strings.Repeat("ж", tt.room)+"{left}")),
			env, r)
		err := r.Err()
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%d letters and %s: got %v, want %q", tt.room, tt.field.Name, err, tt.want)
		}
	}
}

// A text with plural forms shows what each of them shows.
func TestConfirmScreenWithPluralForms(t *testing.T) {
	for _, tt := range []struct {
		other string
		ok    bool
	}{{"{amount} {fee} (0)", true}, {"{amount} (0)", false}} {
		env := environment()
		def := env.Actions["payment.pay"].Outcomes["wrong_pin"]
		def.Sets = append(env.Actions["payment.pay"].Outcomes["changed"].Sets, def.Sets...)
		env.Actions["payment.pay"].Outcomes["wrong_pin"] = def
		ok, message := accepted(t, env, []string{"MENU024"},
			`ru: "Неверно, осталось {left} (0 назад):", en: "Wrong, {left} left (0 back):"`,
			`ru: "{provider} {account} {amount} {fee} (0)",
        en: {by: left, one: "{provider} {account} {amount} {fee} (0)",
          other: "{provider} {account} `+tt.other+`"}`)
		if ok != tt.ok {
			t.Errorf("%q: %t, %q", tt.other, ok, message)
		}
	}
}
