package menu_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/money"
	"ussdgw/wallet/pin"
)

func def(values ...menu.ValueDef) menu.OutcomeDef { return menu.OutcomeDef{Sets: values} }

func offers(values ...menu.ValueDef) menu.OutcomeDef {
	return menu.OutcomeDef{Sets: values, Offer: true}
}

// confirming is an offer whose confirm screen shows these too.
func confirming(o menu.OutcomeDef, names ...string) menu.OutcomeDef {
	o.Confirm = names
	return o
}

// told is an outcome whose values must be on the next screen.
func told(o menu.OutcomeDef, values ...string) menu.OutcomeDef {
	o.Shows = values
	return o
}

func val(name string, widest ...string) menu.ValueDef {
	return menu.ValueDef{Name: name, Widest: widest}
}

// count is a value that conditions and plural forms read as a number.
func count(name string, widest ...string) menu.ValueDef {
	return menu.ValueDef{Name: name, Type: menu.TypeCount, Widest: widest}
}

// environment is a wallet in small: enough of every kind of action.
func environment() menu.Environment {
	offer, balance := val("offer"), val("balance", "999999.99")
	amount, fee := val("amount", "15000.00"), val("fee", "150.00")
	code := val("code", "9999999999")
	env := menu.Environment{
		Lists: lists(), Untold: "payment.resolve",
		SMS: map[string][]menu.ValueDef{
			"first_pin": {{Name: "pin", Widest: []string{"9999"}, Secret: true}}, "paid": {code, amount},
		},
		Actions: map[string]menu.ActionDef{
			"subscriber.identify": {Outcomes: map[string]menu.OutcomeDef{
				"registered": {}, "unregistered": {},
				"elsewhere": def(menu.ValueDef{Name: "where", Langs: map[string][]string{
					"ru": {"Приложение банка"}, "en": {"The bank's app"},
				}}),
			}},
			"wallet.register": {
				Args:     []string{"name", "inn"},
				Literals: map[string][]string{"inn": {"1"}},
				Outcomes: map[string]menu.OutcomeDef{"ok": {}, "taken": {}},
			},
			"wallet.balance": {Outcomes: map[string]menu.OutcomeDef{"ok": def(balance)}},
			"pin.check": {
				Secrets: []string{"pin"}, Outcomes: map[string]menu.OutcomeDef{
					"ok": {}, "wrong": def(count("left", "9")),
				},
			},
			"pin.mixed": {Outcomes: map[string]menu.OutcomeDef{
				"ok": def(val("mixed", "9")), "other": def(count("mixed", "9")),
			}},
			"pin.tries": {Outcomes: map[string]menu.OutcomeDef{
				"ok": def(count("left", "99")), "none": def(count("left", "0")),
			}},
			"pin.change": {
				Secrets: []string{"old", "new"}, Outcomes: map[string]menu.OutcomeDef{"ok": {}},
			},
			"payment.offer": {
				Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
				Literals: map[string][]string{
					"provider": {"p"}, "account": {"a", "1", "999"}, "amount": {"1", "2"},
					"again": {"yes"},
				},
				Withdraw: "payment.withdraw", Operation: "payment",
				Outcomes: map[string]menu.OutcomeDef{
					"ok":          confirming(offers(offer, amount, fee), "provider", "account"),
					"low_balance": def(balance),
					"repeated":    def(val("time", "23:59")),
				},
			},
			"payment.withdraw": {Outcomes: map[string]menu.OutcomeDef{"done": {}}},
			"payment.pay": {
				Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
				Operation: "payment", Outcomes: map[string]menu.OutcomeDef{
					"paid":      told(def(code, balance), "code"),
					"in_doubt":  {Sets: []menu.ValueDef{code}, Shows: []string{"code"}, Ends: true},
					"wrong_pin": offers(count("left", "9")),
					"changed":   offers(val("provider"), val("account"), amount, fee, offer),
				},
			},
			"payment.resolve": {
				Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{
					"paid": told(def(code, amount), "amount"), "not_taken": {},
				},
			},
		},
	}
	maps.Copy(env.Actions, transfers(offer, balance, amount, fee, code))
	return env
}

// transfers are the actions of another operation, and of who somebody is.
func transfers(offer, balance, amount, fee, code menu.ValueDef) map[string]menu.ActionDef {
	return map[string]menu.ActionDef{
		"identity.confirm": {
			Secrets: []string{"inn"}, Outcomes: map[string]menu.OutcomeDef{"ok": {}, "wrong": {}},
		},
		"transfer.recipient": {
			Args: []string{"number"}, Outcomes: map[string]menu.OutcomeDef{
				"ok": def(val("payee", "Жанар Ж.")), "none": {},
			},
		},
		"transfer.offer": {
			Args: []string{"number", "amount"}, Withdraw: "payment.withdraw",
			Operation: "transfer", Outcomes: map[string]menu.OutcomeDef{
				"ok": confirming(offers(offer, val("payee", "Жанар Ж."), amount, fee),
					"payee", "number"),
				"low_balance": def(balance),
			},
		},
		"transfer.pay": {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Operation: "transfer", Outcomes: map[string]menu.OutcomeDef{
				"sent": told(def(code), "code"), "wrong_pin": offers(count("left", "9")),
			},
		},
	}
}

func item(n int, id, ru, en string) menu.Item {
	return menu.Item{ID: id, Number: n, Label: map[string]string{"ru": ru, "en": en}}
}

// lists has fourteen categories of one provider each, and three in the last.
func lists() map[string]menu.ListDef {
	names := []string{
		"Свет", "Вода", "Газ", "Тепло", "Интернет", "Телевидение", "Телефон", "Налоги", "Штрафы",
		"Школы", "Вузы", "Кредиты", "Игры", "Другие услуги",
	}
	categories := menu.ListDef{Items: map[string][]menu.Item{}}
	providers := menu.ListDef{Of: "category", Items: map[string][]menu.Item{}}
	for i, name := range names {
		id := fmt.Sprintf("c%d", i+1)
		categories.Items[""] = append(categories.Items[""], item(i+1, id, name, name))
		providers.Items[id] = []menu.Item{provider(1, "p"+id, name, `[0-9]{6}`, 6)}
	}
	providers.Items["c14"] = append(providers.Items["c14"],
		provider(13, "hoster", "Hoster.kg", `00[0-9]{6}`, 8),
		provider(14, "dostek", "Достэк", `[0-9]{14}`, 14))
	return map[string]menu.ListDef{"categories": categories, "providers": providers}
}

func provider(n int, id, name, pattern string, length int) menu.Item {
	it := item(n, id, name, name)
	it.Rules = map[string]menu.Rule{
		"account": {Pattern: pattern, MinLen: length, MaxLen: length},
		"amount":  {Min: money.Som(1), Max: money.Som(15000)},
	}
	it.Counts = map[string]int{"fields": 1 + n/13} // two for those with a number above 12
	it.Values = map[string]map[string]string{
		"hint": {"ru": "Лицевой счет", "en": "Account"},
		"max":  {"ru": "15000", "en": "15000"},
	}
	return it
}

// load loads menus and fails the test when they have any error.
func load(t testing.TB, fsys fs.FS, env menu.Environment) *menu.Program {
	t.Helper()
	r := &source.Report{}
	p := menu.Load(fsys, env, r)
	if err := r.Err(); err != nil {
		t.Fatalf("the menu has findings:\n%v", err)
	}
	return p
}

// good is the menu of testdata/good.
func good(t testing.TB) *menu.Program {
	t.Helper()
	return load(t, os.DirFS("testdata/good"), environment())
}

// flowing is the good menu with everything that depends on values.
func flowing(t testing.TB) *menu.Program {
	t.Helper()
	b, err := os.ReadFile("testdata/extended/flow.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "schema: ussd.menu/v1\n")
	return load(t, extended(t, rest), environment())
}

// edited is the menu of testdata/good with a piece of its text replaced.
func edited(t testing.TB, old, new string) fs.FS {
	t.Helper()
	b, err := os.ReadFile("testdata/good/menu.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(b), old) != 1 {
		t.Fatalf("%q is %d times in the menu, want once", old, strings.Count(string(b), old))
	}
	text := strings.Replace(string(b), old, new, 1)
	return fstest.MapFS{"menu.yaml": {Data: []byte(text)}}
}

// A phone types at a program and answers its actions.
type phone struct {
	t   testing.TB
	p   *menu.Program
	res menu.Result
}

func dial(t testing.TB, p *menu.Program) *phone {
	return &phone{t, p, p.Begin("ru", menu.EntryStart, nil)}
}

// send types one answer. Whatever comes of it, the position it was typed at stays what it was.
func (f *phone) send(text string) *phone {
	f.t.Helper()
	pos := f.res.Position
	before := fmt.Sprint(pos)
	f.res = f.p.Step(pos, pin.NewSecret([]byte(text)))
	if after := fmt.Sprint(pos); after != before {
		f.t.Fatalf("%q changed the position\nfrom %s\nto   %s", text, before, after)
	}
	if (f.res.Screen == nil) == (f.res.Action == nil) {
		f.t.Fatalf("%+v has not exactly one of screen and action", f.res)
	}
	return f
}

// done answers the action that is out.
func (f *phone) done(name string, values ...string) *phone {
	f.t.Helper()
	if f.res.Action == nil {
		f.t.Fatalf("no action is out to end with %s: %+v", name, f.res.Screen)
	}
	out := menu.Outcome{Name: name, Values: make(map[string]string)}
	for i := 0; i+1 < len(values); i += 2 {
		out.Values[values[i]] = values[i+1]
	}
	f.res = f.p.Resume(f.res.Position, out)
	return f
}

// shows checks the screen on display: its state, and its text with "|" for a new line.
func (f *phone) shows(state, text string) *phone {
	f.t.Helper()
	s := f.res.Screen
	if s == nil {
		f.t.Fatalf("got action %+v, want screen %s", f.res.Action, state)
	}
	if got := strings.ReplaceAll(s.Text, "\n", "|"); s.State != state || got != text {
		f.t.Fatalf("got  %s %s\nwant %s %s", s.State, got, state, text)
	}
	return f
}

// asks checks the action that is out.
func (f *phone) asks(name string, args ...string) *phone {
	f.t.Helper()
	a := f.res.Action
	if a == nil {
		f.t.Fatalf("got screen %+v, want action %s", f.res.Screen, name)
	}
	want := make(map[string]string)
	for i := 0; i+1 < len(args); i += 2 {
		want[args[i]] = args[i+1]
	}
	if a.Name != name || !maps.Equal(a.Args, want) {
		f.t.Fatalf("got action %s %v, want %s %v", a.Name, a.Args, name, want)
	}
	return f
}
