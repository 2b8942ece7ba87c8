package menu_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"ussdgw/ussd/menu"
)

func TestOutline(t *testing.T) {
	p := good(t)
	o := p.Outline()
	if !reflect.DeepEqual(o, p.Outline()) {
		t.Error("the outline is another every time")
	}
	var names []string
	for _, s := range o.States {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, p.States()) {
		t.Errorf("the states are %q, want the order of the files, %q", names, p.States())
	}
	confirm, _ := o.State("pay_confirm")
	quote, _ := o.State(confirm.Confirm)
	pay, _ := o.State(confirm.Next.To)
	if confirm.Kind != menu.StateAsk || !o.Secret(confirm.Ask) || !quote.Offers || quote.Money ||
		!pay.Money || pay.Offers {
		t.Errorf("got %+v, confirmed for %+v and paid by %+v", confirm, quote, pay)
	}
	if got := confirm.Text["ru"]; !strings.HasPrefix(got.Text, "{provider}\n") || got.Pos.Line == 0 {
		t.Errorf("the text is %+v, want it as it is written, with its place", got)
	}
	if first := o.First(); !slices.Contains(first, "main") || slices.Contains(first, "pay_provider") {
		t.Errorf("a dialogue begins with %q", first)
	}
	if _, ok := o.State("nowhere"); ok {
		t.Error("there is a state that is not there")
	}
}

func TestViews(t *testing.T) {
	p := good(t)
	text := func(name string, v menu.View) string {
		t.Helper()
		pages, err := p.PreviewView(name, "ru", v)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(pages[len(pages)-1].Text, "\n", "|")
	}
	for _, tt := range []struct {
		state string
		view  menu.View
		want  string
	}{
		{"pay_amount", menu.View{}, "Сумма:|0 Назад|00 Меню"},
		{"pay_amount", menu.View{First: true}, "Сумма:"},
		{"pay_amount", menu.View{Notice: "low_balance"}, "На счету 999999.99. Сумма:|0 Назад|00 Меню"},
		{"pay_provider", menu.View{Of: "c1"}, "Свет:|1 Свет|0 Назад|00 Меню"},
	} {
		if got := text(tt.state, tt.view); got != tt.want {
			t.Errorf("%s %+v: got %q, want %q", tt.state, tt.view, got, tt.want)
		}
	}
	for _, v := range []menu.View{{Notice: "pin_format"}, {Of: "c99"}} {
		if pages, err := p.PreviewView("pay_amount", "ru", v); err == nil {
			t.Errorf("%+v: got %+v, want an error", v, pages)
		}
	}
	if got := p.Choices("pay_provider"); len(got) != 14 || got[1] != "c2" || got[13] != "c14" {
		t.Errorf("the list depends on %q, want the categories in their order", got)
	}
	if p.Choices("pay_category") != nil || p.Notices("nowhere") != nil {
		t.Error("choices or errors of what has none")
	}
}
