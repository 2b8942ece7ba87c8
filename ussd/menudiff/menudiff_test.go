package menudiff_test

import (
	"slices"
	"strings"
	"testing"

	"ussdgw/ussd/menudiff"
)

func TestNothingDiffersFromItself(t *testing.T) {
	d := compare(t)
	if !d.Empty() || len(d.Findings()) != 0 {
		t.Errorf("got %+v, want nothing", d)
	}
	// Comments and order of the words in a map are nothing that anybody sees.
	d = compare(t, "shortcuts: main\n", "shortcuts: main   # a comment\n")
	if !d.Empty() {
		t.Errorf("a comment makes a difference: %+v", d)
	}
}

// A gradeCase edits one thing.
type gradeCase struct {
	name string
	edit []string // pairs of what there is and what comes in its place
	want []string // none is nothing that has a grade
}

func gradeCases() []gradeCase {
	return []gradeCase{
		{
			name: "text", edit: []string{`"Кому:"`, `"Получатель:"`},
			want: []string{"TEXT: the text of pay_provider is another in ru"},
		},
		{
			name: "own error", edit: []string{`"Wrong length:"`, `"Length:"`},
			want: []string{"TEXT: the error digits_length of pay_account is another in en"},
		},
		{
			name: "shared line", edit: []string{`ru: "0 Назад"`, `ru: "0 Обратно"`},
			want: []string{"TEXT: the line back is another in ru"},
		},
		{
			name: "sms", edit: []string{`{ru: "PIN {pin}"`, `{ru: "Ваш PIN {pin}"`},
			want: []string{"TEXT: the SMS first_pin is another in ru"},
		},
		{
			name: "a key elsewhere", edit: []string{
				`en: "Payments"}, goto: pay_provider`,
				`en: "Payments"}, goto: help`,
				`en: "Help"}, goto: help}
      - {key: "3"`, `en: "Help"}, goto: pay_provider}
      - {key: "3"`,
			},
			want: []string{
				"PATH: *900*2# led to help, now leads to pay_provider, with what is behind it",
				"PATH: *900*3# led to pay_provider, now leads to help, with what is behind it",
			},
		},
		{
			name: "a key more", edit: []string{
				`      - {key: "4", text: "English"`,
				`      - {key: "5", text: "Help", goto: help}
      - {key: "4", text: "English"`,
			},
		},
		{
			name: "a key less", edit: []string{`
      - {key: "4", text: "English", set: {lang: en}, goto: help}`, ""},
			want: []string{"PATH: *900*4# led to help with lang to en, now leads nowhere, " +
				"with what is behind it"},
		},
		{
			name: "what a key sets", edit: []string{"{lang: en}", "{lang: ru}"},
			want: []string{"PATH: *900*4# led to help with lang to en, now leads to help with " +
				"lang to ru"},
		},
		{
			name: "behind an action", edit: []string{
				"on: {ok: balance}", "on: {ok: help}",
				`      - {key: "2", text: {ru: "Помощь", en: "Help"}, goto: help}
      - {key: "3"`, `      - {key: "2", text: {ru: "Помощь", en: "Help"}, goto: help}
      - {key: "7", goto: show_balance}
      - {key: "3"`, "  balance:\n", `  show_balance: {do: balance, on: {ok: balance}}
  balance:
`,
			},
			want: []string{"PATH: *900*1# led to balance, now leads to help"},
		},
		{
			name: "behind what is typed", edit: []string{`en: "Digits only:"}
    goto: pay_amount`, `en: "Digits only:"}
    goto: pay_note`, "  pay_amount:\n    ask", `  pay_note:
    text: "?"
    options: [{key: "1", text: "1", goto: pay_amount}]
  pay_amount:
    ask`},
			want: []string{"PATH: *900*3*5*<account># led to pay_amount, now leads to pay_note, " +
				"with what is behind it"},
		},
		{
			name: "a list elsewhere as a whole", edit: []string{`en: "To whom:"}
    goto: pay_account`, `en: "To whom:"}
    goto: pay_check`, "  pay_account:\n    ask", `  pay_check:
    text: "?"
    options: [{key: "1", text: "1", goto: pay_account}]
  pay_account:
    ask`},
			want: []string{"PATH: *900*3*<provider># led to pay_account, now leads to pay_check, " +
				"with what is behind it"},
		},
		{
			name: "numbers of providers",
			edit: []string{`"5"
        name`, `"14"
        name `, `"14"
        name: "Dostek"`, `"5"
        name: "Dostek"`},
			want: []string{
				"PATH: *900*3*5# led to pay_account for Hoster.kg (hoster), now leads to " +
					"pay_account for Dostek (dostek)",
				"PATH: *900*3*14# led to pay_account for Dostek (dostek), now leads to " +
					"pay_account for Hoster.kg (hoster)",
			},
		},
		{
			name: "a screen that no string reaches",
			edit: []string{`en: "No"}, goto: over`, `en: "No"}, goto: help`},
			want: []string{"PATH: 1 on the screen hello led to over, now leads to help"},
		},
		{
			name: "service", edit: []string{`service: "*900#"`, `service: "*901#"`},
			want: []string{"PATH: *901# is dialled instead of *900#"},
		},
		{
			name: "a navigation key", edit: []string{
				`more: "98"}`, `more: "99"}`,
				`"98 Далее"`, `"99 Далее"`, `"98 More"`, `"99 More"`,
			},
			want: []string{
				"PATH: the key for the next page is 99 instead of 98",
				"TEXT: the line more is another in ru, en",
			},
		},
		{
			name: "another name alone", edit: []string{"help", "advice"},
			want: []string{"SESSION: the state help is called advice now"},
		},
		{
			name: "another kind", edit: []string{`  paid:
    end: {ru: "Код {code}", en: "Code {code}"}`, `  paid:
    text: {ru: "Код {code}", en: "Code {code}"}
    options: [{key: "1", text: "1", goto: over}]`},
			want: []string{"SESSION: the state paid was a last screen and is a choice of options now"},
		},
		{
			name: "a slot of another type", edit: []string{
				"account: {type: digits, min: 1, max: 15}", "account: {type: msisdn}",
				"digits_length: {", "msisdn_format: {",
				`
      digits_only: {ru: "Только цифры:", en: "Digits only:"}`, "",
			},
			want: []string{
				"SESSION: the slot account takes msisdn instead of digits",
				"TEXT: the error digits_length of pay_account is gone",
				"TEXT: the error digits_only of pay_account is gone",
				"TEXT: the error msisdn_format of pay_account is new",
			},
		},
		{
			name: "an amount", edit: []string{"max: 15000}", "max: 20000}"},
			want: []string{"MONEY: the slot amount takes at most 20000.00 instead of 15000.00"},
		},
		{
			name: "what is confirmed", edit: []string{
				`en: "{provider}\n{account}\n{amount}+{fee}`,
				`en: "{provider}\n{account}\n{amount} and {fee}`,
			},
			want: []string{"MONEY: the text of pay_confirm is another in en"},
		},
		{
			name: "what an action is given", edit: []string{
				"pin: pin}\n", `pin: pin, urgent: "yes"}` + "\n",
			},
			want: []string{`MONEY: pay_do gives the wallet offer: offer, pin: pin, urgent: "yes" ` +
				"instead of offer: offer, pin: pin"},
		},
		{
			name: "an outcome of a payment", edit: []string{"paid, refused: over", "paid, refused: help"},
			want: []string{"MONEY: the outcome refused of pay_do leads to help instead of over"},
		},
		{
			name: "another action", edit: []string{"do: balance", "do: history"},
			want: []string{"SESSION: balance_do does history instead of balance"},
		},
		{
			name: "a condition", edit: []string{`"English", set`, `"English", when: 'lang == "ru"', set`},
			want: []string{`PATH: the key 4 of main works when lang == "ru" instead of always`},
		},
		{
			name: "a decision on the way is none of a subscriber's business", edit: []string{
				`en: "Payments"}, goto: pay_provider`, `en: "Payments"}, goto: pay_which`,
				"  pay_provider:\n", `  pay_which:
    cases: [{when: 'lang == "ru"', goto: pay_provider}, {goto: pay_provider}]
  pay_provider:
`,
			},
		},
		{
			name: "letters", edit: []string{`en: "To whom:"}
    goto: pay_account`, `en: "To whom:"}
    goto: pay_account
    letters: {as: word, goto: found}`, "  pin: {type: pin}", `  pin: {type: pin}
  word: {type: text, min: 2, max: 10}`, "  pay_account:\n    ask", `  found:
    list: providers
    as: provider
    match: word
    none: main
    goto: pay_account
  pay_account:
    ask`},
		},
		{
			name: "a fee", edit: []string{`percent: "1"`, `percent: "1.5"`},
			want: []string{"MONEY: Dostek (dostek): the fee is 1.50% instead of 1%"},
		},
		{
			name: "an amount of a provider", edit: []string{`max: "15000"}
        fee: {percent`, `max: "100"}
        fee: {percent`},
			want: []string{"MONEY: Dostek (dostek): the largest amount is 100 som instead of 15000 som"},
		},
		{
			name: "the rule of an account", edit: []string{`^[0-9]{6}$`, `^[1-9][0-9]{5}$`},
			want: []string{`MONEY: Hoster.kg (hoster): the pattern of an account is ` +
				`"^[1-9][0-9]{5}$" instead of "^[0-9]{6}$"`},
		},
		{
			name: "the hint of an account", edit: []string{`"Code, 6 digits"`, `"Code: 6 digits"`},
			want: []string{`TEXT: Hoster.kg (hoster): the hint of what is asked for is ` +
				`en "Code: 6 digits", ru "Код, 6 цифр" instead of en "Code, 6 digits", ru "Код, 6 цифр"`},
		},
		{
			name: "a field more", edit: []string{"fields: [code]", "fields: [code, code]"},
			want: []string{
				"MONEY: Hoster.kg (hoster): how many fields are asked for is 2 instead of 1",
			},
		},
		{
			name: "a limit", edit: []string{
				`cash_in: {once: "30000", day: "60000"`,
				`cash_in: {once: "30000", day: "70000"`,
			},
			want: []string{
				"MONEY: limits of the level remote: cash_in of a day is 70000 som instead of 60000 som",
			},
		},
		{
			name: "a fee of an operation", edit: []string{
				`fee: {remote: {percent: "0.5"}}`, `fee: {remote: {percent: "2"}}`,
			},
			want: []string{"MONEY: transfer: the fee of the level remote is 2% instead of 0.50%"},
		},
		{
			name: "an operation", edit: []string{
				`name: {ru: "Наличные", en: "Cash"}
    amount: {min: "100", max: "15000"}
    fee: {remote: {fixed: "10"}}`, `name: {ru: "Наличные", en: "Money"}
    amount: {min: "200", max: "15000"}
    fee: {remote: {fixed: "20"}}`,
			},
			want: []string{
				"MONEY: cash_out: the smallest amount is 200 som instead of 100 som",
				"MONEY: cash_out: the fixed part of the fee of the level remote is 20 som instead of " +
					"10 som",
				`TEXT: cash_out: the name is en "Money", ru "Наличные" instead of en "Cash", ` +
					`ru "Наличные"`,
			},
		},
		{
			name: "a biller", edit: []string{`fee: {percent: "1"}
        settlement: registry`, `fee: {percent: "1"}
        settlement: biller
        biller: hub
        check: "yes"`},
			want: []string{
				`MONEY: Dostek (dostek): how it learns of payments is "biller" instead of "registry"`,
				`MONEY: Dostek (dostek): which biller takes its payments is "hub" instead of ""`,
				"MONEY: Dostek (dostek): whether it is asked whose account it is is yes instead of no",
			},
		},
		{
			name: "who pays", edit: []string{"fee: {}", `fee: {payer: "provider"}`},
			want: []string{
				`MONEY: Hoster.kg (hoster): who pays the fee is "provider" instead of "customer"`,
			},
		},
		{
			name: "a network", edit: []string{
				`served: "yes"`, `served: "no", elsewhere: {ru: "Сайт", en: "Site"}`,
			},
			want: []string{
				"PATH: network O!: whether it is served is no instead of yes",
				`TEXT: network O!: where its subscribers are sent is en "Site", ru "Сайт" instead of ` +
					"nothing",
			},
		},
		{
			name: "a stop", edit: []string{"fee: {}", `fee: {}
        stopped: "yes"`},
			want: []string{
				"MONEY: Hoster.kg (hoster): whether payments are stopped is yes instead of no",
			},
		},
		{
			name: "another provider", edit: []string{"id: dostek", "id: bostek"},
			want: []string{
				"PATH: *900*3*14# led to pay_account for Dostek (dostek), now leads to pay_account " +
					"for Dostek (bostek)",
				"SESSION: Dostek (dostek) may have been chosen in a dialogue, and is gone",
				"MONEY: Dostek (dostek) can be paid no more",
			},
		},
		{
			name: "a provider more", edit: []string{"limits:\n", `      - id: third
        number: "6"
        name: "Third"
        fields: [inn]
        amount: {min: "1", max: "15000"}
        fee: {percent: "1"}
        settlement: registry
limits:
`},
		},
	}
}

// TestGrades edits one thing at a time and compares everything that is found, grade and sentence.
func TestGrades(t *testing.T) {
	for _, tt := range gradeCases() {
		t.Run(tt.name, func(t *testing.T) {
			d := compare(t, tt.edit...)
			var got []string
			for _, f := range d.Findings() {
				got = append(got, string(f.Grade)+": "+f.Text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
			if d.Empty() {
				t.Error("nothing differs")
			}
		})
	}
}

// A path that `moved:` leads where it led is no finding, and one that moved: takes away is.
func TestMovedPathsAreHonoured(t *testing.T) {
	swap := []string{
		`{key: "2", text: {ru: "Помощь", en: "Help"}, goto: help}
      - {key: "3"`, `{key: "9", text: {ru: "Помощь", en: "Help"}, goto: help}
      - {key: "3"`,
	}
	d := compare(t, swap...)
	if len(d.Moves) != 1 || d.Moves[0].Path(d.Service) != "*900*2#" || len(d.Kept) != 0 {
		t.Fatalf("without moved: got %+v, want one move of *900*2#", d.Moves)
	}
	moved := append(slices.Clone(swap), "shortcuts: main\n",
		"shortcuts: main\nmoved:\n  - {path: \"2\", goto: help}\n")
	d = compare(t, moved...)
	if len(d.Moves) != 0 || len(d.Kept) != 1 || d.Kept[0].Path(d.Service) != "*900*2#" {
		t.Errorf("with moved: got moves %+v and kept %+v, want *900*2# kept", d.Moves, d.Kept)
	}
	// The path is deeper than the walk would look: the list is found by a shorter way first.
	deep := append(slices.Clone(moved[:2]), "shortcuts: main\n",
		"shortcuts: main\nmoved:\n  - {path: \"1*1\", goto: balance_do}\n")
	d = compare(t, deep...)
	var got []string
	for _, m := range d.Moves {
		got = append(got, m.Says(d.Service))
	}
	want := []string{
		"*900*2# led to help, now leads nowhere, with what is behind it",
		"*900*1*1# led to help, now leads to balance_do, with what is behind it",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScreens(t *testing.T) {
	d := compare(t, `ru: "Кому:"`, `ru: "Кому платим:"`, `ru: "0 Назад"`, `ru: "0 Обратно"`,
		`  over:
    end: {ru: "До свидания", en: "Goodbye"}`, `  over:
    end: {ru: "До свидания", en: "Goodbye"}
  more_help: {end: "?"}`, `ru: "Здравствуйте", en: "Hello"}
    options:`, `ru: "Здравствуйте", en: "Hello"}
    options:
      - {key: "7", goto: more_help}`)
	var got []string
	for _, s := range d.Screens {
		line := s.State + " " + string(s.Fate)
		for _, v := range s.Views {
			line += " " + v.Lang
			if len(v.Before) > 0 {
				line += " " + strings.ReplaceAll(v.Before[0].Text, "\n", "|")
			}
			line += " => " + strings.ReplaceAll(v.Now[0].Text, "\n", "|")
		}
		got = append(got, line)
	}
	want := []string{
		"hello changed", // a key that is not printed
		"pay_provider changed ru Кому:|5 Hoster.kg|14 Dostek|0 Назад|00 Меню => " +
			"Кому платим:|5 Hoster.kg|14 Dostek|0 Обратно|00 Меню",
		"more_help added ru  => ? en  => ?",
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "  =>", " =>")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if len(d.Shared) != 1 || d.Shared[0].What != "the line back" ||
		!slices.Contains(d.Shared[0].Screens, "help") || slices.Contains(d.Shared[0].Screens, "over") {
		t.Errorf("got %+v, want the line back on all screens that have one", d.Shared)
	}
	if d.Count(menudiff.Changed) != 2 || d.Count(menudiff.Added) != 1 ||
		d.Count(menudiff.Removed) != 0 {
		t.Error("the screens are counted wrong")
	}
}

// A language in other letters says nothing that its own does not say.
func TestTransliterationsAreNoTexts(t *testing.T) {
	const latin = "languages: [ru, en]\nlimits"
	derived := "languages: [ru, en]\ntransliterations: {ru-latn: ru}\nlimits"
	before, goods := edited(t, latin, derived)
	now, _ := edited(t, latin, derived, `ru: "Кому:"`, `ru: "Получатель:"`)
	d := menudiff.Compare(load(t, before, goods), load(t, now, goods))
	if len(d.Screens) != 1 || len(d.Screens[0].Views) != 1 || d.Screens[0].Views[0].Lang != "ru" {
		t.Errorf("got %+v, want one screen in ru", d.Screens)
	}
	if f := d.Findings(); len(f) != 1 || f[0].Text != "the text of pay_provider is another in ru" {
		t.Errorf("got %+v, want the text in ru", f)
	}
	d = menudiff.Compare(load(t, base, goods), load(t, before, goods))
	if len(d.Findings()) != 0 || len(d.Changes) != 1 ||
		d.Changes[0].Text != "the language ru-latn is new" {
		t.Errorf("got %+v, want a new language and nothing else", d.Changes)
	}
}

// Longer values are no change of a text, and are said all the same.
func TestValuesOfAnotherWidth(t *testing.T) {
	d := compare(t, `name: "Dostek"`, `name: "DostekCompany"`)
	if !slices.Equal(d.Wider, []string{"pay_confirm"}) {
		t.Errorf("got %q, want pay_confirm", d.Wider)
	}
	if len(d.Screens) != 1 || d.Screens[0].State != "pay_provider" {
		t.Errorf("got %+v, want the list that shows the name", d.Screens)
	}
}

func TestTouchedStates(t *testing.T) {
	d := compare(t, "paid, refused: over", "paid, refused: help", `ru: "Кому:"`, `ru: "Кому платим:"`)
	if got, want := d.Touched(), []string{"pay_do", "pay_provider"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A finding is where the new files say what it is about.
func TestPlaces(t *testing.T) {
	for _, tt := range []struct{ file, before, now string }{
		{"menu.yaml", `"Кому:"`, `"Кто:"`},
		{"menu.yaml", `"Wrong length:"`, `"Length:"`},
		{"menu.yaml", "amount: {type: money, max: 15000}", "amount: {type: money, max: 14000}"},
		{"goods.yaml", `percent: "1"`, `percent: "2"`},
		{"goods.yaml", `day: "60000"`, `day: "50000"`},
		{"goods.yaml", `name: "Hoster.kg"`, `name: "Hoster"`},
	} {
		text, all := edited(t, tt.before, tt.now)
		if tt.file == "goods.yaml" {
			text = all
		}
		d := compare(t, tt.before, tt.now)
		line := 1 + strings.Count(text[:strings.Index(text, tt.now)], "\n")
		if p := d.Findings()[0].Pos; p.File != tt.file || p.Line != line {
			t.Errorf("%s: the finding is at %v, want line %d", tt.now, p, line)
		}
	}
}

// A field of the catalogue that nobody has thought of is about money.
func TestUnknownFieldsAreMoney(t *testing.T) {
	for path, want := range map[string]menudiff.Grade{
		"Surcharge": menudiff.GradeMoney, "Fee.Steps": menudiff.GradeMoney,
		"Account.Pattern": menudiff.GradeMoney, "Fields.Pattern": menudiff.GradeMoney,
		"Account.Hint": menudiff.GradeText, "Fields.Hint": menudiff.GradeText,
	} {
		if got := menudiff.FieldGrade(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
