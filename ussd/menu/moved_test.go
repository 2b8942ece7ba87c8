package menu_test

import (
	"strings"
	"testing"

	"ussdgw/ussd/menu"
)

const movedMenu = `
shortcuts: main
moved:
  - {path: "3*1", goto: pay_category}
  - {path: "3*1*7", goto: meter}
  - {path: "9", goto: {goto: meter, notice: digits_only}}
  - {path: "5*5", goto: balance_do}
  - {path: "5*6", goto: extra_cases}
states:
  extra: {text: "x", options: [{key: "1", text: "a", goto: extra_cases}]}
  extra_cases: {cases: [{when: 'lang == "ru"', goto: settings}, {goto: "@home"}]}
`

func TestMovedPaths(t *testing.T) {
	p := load(t, extended(t, movedMenu), environment())
	at := dial(t, p).done("registered").res.Position
	for _, tt := range []struct {
		keys string
		used int
		want string // the state that is shown, or the action that is out
	}{
		{"3*1", 2, "pay_category"},
		{"3*1*14*14", 2, "pay_category"},
		{"3*1*7*25", 3, "meter"},
		{"9*9", 1, "meter"},
		{"5*5*1", 2, "wallet.balance"},
		{"5*6", 2, "settings"},
		{"3", 0, ""},
		{"3*2", 0, ""},
		{"3*10", 0, ""},
		{"", 0, ""},
		{"1*3*1", 0, ""},
	} {
		res, used, ok := p.Moved(at, strings.Split(tt.keys, "*"))
		got := ""
		switch {
		case res.Screen != nil:
			got = res.Screen.State
		case res.Action != nil:
			got = res.Action.Name
		}
		if got != tt.want || used != tt.used || ok != (tt.want != "") {
			t.Errorf("%s: got %q after %d, %t, want %q after %d", tt.keys, got, used, ok, tt.want,
				tt.used)
		}
	}
	res, _, _ := p.Moved(at, []string{"9"})
	f := &phone{t, p, res}
	f.shows("meter", "Только цифры:|0 Назад|00 Меню").send("0") // typed: 0 is a reading
	f.shows("meter_done", "Принято: 0|1 Еще|0 Назад|00 Меню").send("0").send("00")

	// Elsewhere than at the screen where strings begin nothing has moved.
	f = dial(t, p).done("unregistered")
	for _, pos := range []menu.Position{f.res.Position, {}, dial(t, p).res.Position} {
		if res, used, ok := p.Moved(pos, []string{"3", "1"}); ok || used != 0 || res.Screen != nil {
			t.Errorf("at %+v a string has moved", pos.Stack)
		}
	}
	if _, _, ok := good(t).Moved(at, []string{"3", "1"}); ok {
		t.Error("a menu without moved paths moves a string")
	}
}
