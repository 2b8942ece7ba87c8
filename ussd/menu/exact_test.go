package menu_test

import (
	"fmt"
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// A screen that is proved to be exactly full is shown so, whole, at the widest values.
func TestExactScreensAreShownWhole(t *testing.T) {
	const line, cyrillic = "|0 Назад", "ж"
	name := strings.Repeat("Ж", 30)
	for _, tt := range []struct {
		name, old, format string // %s is what is widened
		filler            string
		room              int
		at                func(f *phone) *phone
		want              string // after the filler
	}{
		{
			"end with a value in Latin", "\"Balance {balance}\"}\n  meter:",
			"\"%s{balance}\"}\n  meter:", "n", 182 - 9,
			func(f *phone) *phone {
				return f.done("registered").send("8").send("4").done("registered").send("2").
					done("ok", "balance", "999999.99")
			}, "999999.99",
		},
		{
			"end of characters that count two", "\"Balance {balance}\"}\n  meter:",
			"\"€%s{balance}\"}\n  meter:", "n", 182 - 9 - 2,
			func(f *phone) *phone {
				return f.done("registered").send("8").send("4").done("registered").send("2").
					done("ok", "balance", "999999.99")
			}, "999999.99",
		},
		{
			"end with a value among Cyrillic", `{ru: "Баланс {balance}"`,
			`{ru: "%s{balance}"`, cyrillic, 80 - 9,
			func(f *phone) *phone {
				return f.done("registered").send("2").done("ok", "balance", "999999.99")
			}, "999999.99",
		},
		{
			"prompt", `text: {ru: "Показание:"`, `text: {ru: "%s"`, cyrillic, 80 - 8,
			func(f *phone) *phone { return f.done("registered").send("1") }, line,
		},
		{
			"error", "digits_only: {ru: \"Только цифры:\", en: \"Digits only:\"}\n" +
				"      digits_length: {ru: \"Не больше 6", "digits_only: {ru: \"%s\", en: \"D:\"}\n" +
				"      digits_length: {ru: \"Не больше 6", cyrillic, 80 - 8,
			func(f *phone) *phone { return f.done("registered").send("1").send("x") }, line,
		},
		{
			"values above options", `text: {ru: "{name}\n{inn}"`, `text: {ru: "%s{name}\n{inn}"`,
			cyrillic, 80 - 30 - 1 - 14 - 9 - 8,
			func(f *phone) *phone {
				return f.done("unregistered").send("2").send(name).send("21210199012345")
			}, name + "|21210199012345|98 Далее" + line,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			filler := strings.Repeat(tt.filler, tt.room)
			p := load(t, edited(t, tt.old, fmt.Sprintf(tt.format, filler)), environment())
			s := tt.at(dial(t, p)).res.Screen
			check(t, s)
			got := strings.TrimPrefix(strings.ReplaceAll(s.Text, "\n", "|"), "€")
			if got != filler+tt.want || s.Units != s.Limit {
				t.Errorf("got %d units of %d:\n%s\nwant all of\n%s", s.Units, s.Limit, got,
					filler+tt.want)
			}
		})
	}
}

// A value is shown whole while it is as wide as was declared, and cut to that when it is wider.
func TestExactCutOfValues(t *testing.T) {
	for _, tt := range []struct{ declared, value, want string }{
		{"€€€€", "€€€€", "€€€€"},
		{"€€€€", "€€€n", "€€€n"},
		{"€€€n", "€€€€", "€€€"}, // seven septets
		{"€€€€", "nnnnn", "nnnn"},
		{"nnnn", "nnnn", "nnnn"},
		{"nnnn", "nnnnn", "nnnn"},
		{"nnnn", "жnжn", "?n?n"}, // a letter would halve the room of the screen
		{"nnnn", "€n", "€n"},
		{"nnnn", "€€n", "€€"},
		{"жжжж", "жжжж", "жжжж"},
		{"жжжж", "жжжжж", "жжжж"},
		{"жжжж", "nnnnn", "nnnn"},
		{"жжжж", "😀😀😀", "😀😀"}, // two units each
		{"жжжж", "ж😀😀", "ж😀"},
	} {
		env := environment()
		sets := env.Actions["subscriber.identify"].Outcomes["elsewhere"].Sets
		sets[0].Langs["ru"] = []string{tt.declared}
		p := load(t, edited(t, `"Не у нас: {where}"`, `"{where}"`), env)
		dial(t, p).done("elsewhere", "where", tt.value).shows("elsewhere", tt.want)
	}
}

// A message takes four SMS at its widest, and not one unit more.
func TestExactMessages(t *testing.T) {
	const shipped = `paid: {ru: "Оплачено {amount}, код {code}", ` +
		`en: "Paid {amount}, code {code}"}`
	for _, tt := range []struct {
		lang, filler string
		room         int
	}{{"en", "n", 4 * 153}, {"ru", "ж", 4 * 67}} {
		for over := range 2 {
			const values = "9999999999" + "15000.00"
			filler := strings.Repeat(tt.filler, tt.room-len(values)+over)
			text := map[string]string{"en": "x", "ru": "x"}
			text[tt.lang] = filler + "{code}{amount}"
			r := &source.Report{}
			p := menu.Load(edited(t, shipped, fmt.Sprintf("paid: {ru: %q, en: %q}",
				text["ru"], text["en"])), environment(), r)
			if r.Failed() != (over > 0) {
				t.Errorf("%s, %d over: failed %v\n%v", tt.lang, over, r.Failed(), r.Err())
			}
			if p == nil {
				continue
			}
			got, err := p.SMS("paid", tt.lang, map[string]string{
				"code": "99999999991", "amount": "15000.000",
			})
			if err != nil || got != filler+values {
				t.Errorf("%s: got %q, %v", tt.lang, got, err)
			}
		}
	}
}
