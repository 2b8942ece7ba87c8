package menu_test

import (
	"fmt"
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// guardedMenu begins with a list of providers and goes on by what was chosen and typed.
const guardedMenu = `
states:
  extra: {list: categories, as: category, goto: extra_provider}
  extra_provider: {list: providers, as: provider, goto: extra_amount}
  extra_amount:
    ask: amount
    text: "?"
    errors: {amount_format: "!", amount_range: "!", low: "Low:"}
    goto: extra_cases
  extra_cases:
    cases:
      - {when: 'amount < 10', goto: extra_amount, notice: low}
      - {when: 'amount >= som("100.50") and provider.fields == 2', goto: extra_more}
      - {when: 'provider in ["pc1", "pc2"]', goto: meter}
      - {goto: extra_menu}
  extra_more: {cases: [{when: 'lang == "en"', goto: "@back"}, {goto: balance_do}]}
  extra_menu:
    text: {ru: "Меню", en: "Menu"}
    options:
      - {key: "1", text: "A", when: 'amount > 50', goto: main}
      - {key: "2", text: "B", goto: main}
      - {key: "3", text: {ru: "По-русски", en: "?"}, when: 'lang == "ru"', goto: balance_do}
      - {key: "4", text: "English", set: {lang: en}, goto: extra_menu}
`

func TestCasesDecideByWhatIsSet(t *testing.T) {
	p := load(t, extended(t, guardedMenu), environment())
	at := func(category, provider, amount string) *phone {
		return dial(t, p).done("unregistered").send(category).send(provider).send(amount)
	}
	at("14", "14", "100.49").shows("extra_menu", "Меню|1 A|2 B|3 По-русски|4 English|0 Назад|00 Меню")
	at("14", "14", "100,50").asks("wallet.balance")
	at("14", "1", "100.50").shows("extra_menu", "Меню|1 A|2 B|3 По-русски|4 English|0 Назад|00 Меню")
	at("1", "1", "100.50").shows("meter", "Показание:|0 Назад|00 Меню")
	at("2", "1", "9.99").shows("extra_amount", "Low:|0 Назад|00 Меню").send("10").
		shows("meter", "Показание:|0 Назад|00 Меню")
}

// An option whose condition does not hold is neither shown nor taken, and it is back as soon as
// its condition holds again.
func TestHiddenOption(t *testing.T) {
	p := load(t, extended(t, guardedMenu), environment())
	f := dial(t, p).done("unregistered").send("14").send("14").send("50")
	f.shows("extra_menu", "Меню|2 B|3 По-русски|4 English|0 Назад|00 Меню")
	f.send("1").shows("extra_menu", "Нет такого пункта|2 B|3 По-русски|4 English|0 Назад|00 Меню")
	if !f.res.Refused {
		t.Error("a hidden option is taken")
	}
	f.send("4").shows("extra_menu", "Menu|2 B|4 English|0 Back|00 Menu")
	f.send("3").shows("extra_menu", "No such item|2 B|4 English|0 Back|00 Menu")
	f.send("0").shows("extra_amount", "?|0 Back|00 Menu").send("50.01")
	f.shows("extra_menu", "Menu|1 A|2 B|4 English|0 Back|00 Menu").send("1")
	f.shows("main",
		"1 Transfers|2 Mobile|3 Payments|4 Cash|5 Accounts|6 History|7 Help|8 Balance/Settings"+
			"|0 Back|00 Menu")
}

// A condition on a value that is not there, or is not what the wallet declared, does not hold, and
// neither does its opposite.
func TestConditionOnAValueThatIsWrong(t *testing.T) {
	env := environment()
	env.Actions["x.count"] = menu.ActionDef{Outcomes: map[string]menu.OutcomeDef{
		"ok": def(count("n", "99"), menu.ValueDef{
			Name: "sum", Type: menu.TypeMoney,
			Widest: []string{"1.00"},
		}),
	}}
	p := load(t, extended(t, `
states:
  extra: {do: x.count, on: {ok: extra_cases}}
  extra_cases:
    cases:
      - {when: 'n >= 2', goto: extra_many}
      - {when: 'not (n >= 2)', goto: extra_few}
      - {goto: extra_none}
  extra_many: {end: "many"}
  extra_few: {cases: [{when: 'sum == 1', goto: extra_one}, {goto: extra_sum}]}
  extra_one: {end: "one"}
  extra_sum: {end: "{sum}"}
  extra_none: {end: "none"}
`), env)
	for _, tt := range []struct{ n, sum, state string }{
		{"2", "", "extra_many"},
		{"1", "1", "extra_one"},
		{"0", "1.00", "extra_one"},
		{"-3", "1.01", "extra_sum"},
		{"x", "1", "extra_none"},
		{"", "1", "extra_none"},
		{"1", "1e2", "extra_sum"},
		{"99999999999999999999", "1", "extra_none"},
	} {
		f := dial(t, p).done("unregistered").done("ok", "n", tt.n, "sum", tt.sum)
		if f.res.Screen == nil || f.res.Screen.State != tt.state {
			t.Errorf("%q, %q: got %+v, want %s", tt.n, tt.sum, f.res.Screen, tt.state)
		}
	}
}

// Going to a confirm screen by a case makes its offer first, as every other way does.
func TestCaseThatLeadsToAConfirmScreen(t *testing.T) {
	p := load(t, edited(t, `{key: "1", text: {ru: "Да", en: "Yes"}, goto: pay_again}`,
		`{key: "1", text: {ru: "Да", en: "Yes"}, goto: pay_cases}
      - {key: "2", text: {ru: "Да", en: "Yes"}, goto: pay_again}
  pay_cases:
    cases:
      - {when: 'amount == 5', goto: pay_confirm}
      - {goto: main}`), environment())
	f := dial(t, p).done("registered").send("3").send("14").send("14")
	f.send("01234567890123").send("5").done("repeated", "time", "14:05").send("1")
	f.asks("payment.offer", "provider", "dostek", "account", "01234567890123", "amount", "5.00")
	f.done("ok", "offer", "o1", "amount", "5.00", "fee", "0.00")
	f.shows("pay_confirm", "Достэк|Счет 01234567890123|5.00+комис.0.00 сом|PIN (0 назад):")
}

// Whatever the conditions of a screen's options say, what is proved for all of them holds for
// those that are shown: every subset of options is laid out and looked at.
func TestProofHoldsForEverySubsetOfOptions(t *testing.T) {
	const n = 6
	env := environment()
	var sets []menu.ValueDef
	var options strings.Builder
	for i := range n {
		sets = append(sets, count(fmt.Sprintf("v%d", i), "1"))
		fmt.Fprintf(&options, "      - {key: \"%d\", text: \"%s\", when: 'v%d == 1', goto: main}\n",
			i+1, strings.Repeat("ж", 61-i*9), i)
	}
	env.Actions["x.flags"] = menu.ActionDef{
		Outcomes: map[string]menu.OutcomeDef{"ok": {Sets: sets}},
	}
	text := func(last int) string {
		return fmt.Sprintf(`
states:
  extra: {do: x.flags, on: {ok: extra_menu}}
  extra_menu:
    options:
%s      - {key: "7", text: "%s", goto: main}
`, options.String(), strings.Repeat("ж", last))
	}
	const room = 80 - 2 - 8 // the last option has the line for back, and never one for more
	p := load(t, extended(t, text(room)), env)
	most := 0
	for subset := range 1 << n {
		values := []string{}
		for i := range n {
			values = append(values, fmt.Sprintf("v%d", i), fmt.Sprint(subset>>i&1))
		}
		f := dial(t, p).done("unregistered").done("ok", values...)
		keys := ""
		for {
			check(t, f.res.Screen)
			most = max(most, f.res.Screen.Units)
			for line := range strings.Lines(f.res.Screen.Text) {
				if key, label, _ := strings.Cut(line, " "); strings.HasPrefix(label, "ж") {
					keys += key
				}
			}
			if f.res.Screen.Page == f.res.Screen.Pages {
				break
			}
			f.send("98")
		}
		want := ""
		for i := range n {
			if subset>>i&1 == 1 {
				want += fmt.Sprint(i + 1)
			}
		}
		if keys != want+"7" {
			t.Fatalf("subset %b shows the options %s, want %s7", subset, keys, want)
		}
	}
	if most != 80 {
		t.Errorf("the fullest screen has %d units, want 80: the proof is not exact", most)
	}
	hidden := strings.Replace(text(room), `"1", text: "`, `"1", text: "ж`, 1) // it was full too
	for _, over := range []string{text(room + 1), hidden} {
		if menu.Load(extended(t, over), env, &source.Report{}) != nil {
			t.Errorf("one unit more than fits is accepted:\n%s", over)
		}
	}
}

func TestEveryConditionIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name, when string
		ok         bool
	}{
		{"long", `lang == "ru"` + strings.Repeat(" ", menu.MaxGuardBytes-12), true},
		{"too long", `lang == "ru"` + strings.Repeat(" ", menu.MaxGuardBytes-11), false},
		{"deep", strings.Repeat("(", 50) + `lang == "ru"` + strings.Repeat(")", 50), true},
		{"not", strings.Repeat("not ", 50) + `(lang == "ru")`, true},
		{"too many", strings.Repeat(`lang=="ru"or `, 20) + `lang=="ru"`, false},
	} {
		r := &source.Report{}
		menu.Load(extended(t, "states: {extra: {cases: [{when: '"+tt.when+
			"', goto: main}, {goto: language}]}}"), environment(), r)
		if r.Failed() == tt.ok {
			t.Errorf("%s: failed %t\n%v", tt.name, r.Failed(), r.Err())
		}
		for _, f := range r.Findings() {
			if f.Code != "MENU040" || f.Pos.File != "extra.yaml" {
				t.Errorf("%s: got %s %s", tt.name, f.Code, f.Message)
			}
		}
	}
}

// Any condition is refused with a finding in its line or can be evaluated: it is no use to run
// into a fault of a library on a subscriber's phone.
func FuzzCondition(f *testing.F) {
	for _, when := range []string{
		`amount >= 100 and lang == "ru"`, `not (provider.fields in [1, 2]) || 1 < provider.fields < 3`,
		`amount != som("1,50")`, `let x = amount; x > 1`, `[1, 2, 3][0] == 1`, `{"a": 1}.a == 1`,
		`lang ?? "x" == "y"`, `lang matches "("`, `1..10 == lang`, `lang | trim() == "x"`, `#`, "`x`",
		`if true { lang == "a" } else { false }`, `"\u00`, `0x7fffffffffffffff > amount`, `1e400`,
		`lang == 'x' /* */ // y`, `$env.lang == "ru"`, `b"x" == lang`, `filter(1..9, {# > 1})`,
	} {
		f.Add(when)
	}
	env := environment()
	f.Fuzz(func(t *testing.T, when string) {
		quoted := "'" + strings.ReplaceAll(when, "'", "''") + "'"
		r := &source.Report{}
		p := menu.Load(extended(t, fmt.Sprintf(`
states:
  extra: {list: categories, as: category, goto: extra_provider}
  extra_provider: {list: providers, as: provider, goto: extra_amount}
  extra_amount:
    ask: amount
    text: "?"
    errors: {amount_format: "!", amount_range: "!"}
    goto: extra_cases
  extra_cases: {cases: [{when: %s, goto: meter}, {goto: settings}]}
`, quoted)), env, r)
		if (p == nil) != r.Failed() {
			t.Fatalf("the program is nil: %v, the report failed: %v", p == nil, r.Failed())
		}
		if p == nil {
			return
		}
		for _, amount := range []string{"1", "1.50", "15000"} {
			s := dial(t, p).done("unregistered").send("14").send("14").send(amount).res.Screen
			if s == nil || s.State != "meter" && s.State != "settings" {
				t.Fatalf("%q leads to %+v", when, s)
			}
		}
	})
}

// As many cases as may follow each other do.
func TestCasesInARow(t *testing.T) {
	var b strings.Builder
	b.WriteString("states:\n  extra: {cases: [goto: extra_2]}\n")
	for i := 2; i < menu.MaxPassed; i++ {
		fmt.Fprintf(&b, "  extra_%d: {cases: [goto: extra_%d]}\n", i, i+1)
	}
	fmt.Fprintf(&b, "  extra_%d: {cases: [{when: 'lang == \"en\"', goto: main}, {goto: meter}]}\n",
		menu.MaxPassed)
	p := load(t, extended(t, b.String()), environment())
	dial(t, p).done("unregistered").shows("meter", "Показание:")
}
