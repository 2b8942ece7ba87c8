package menu_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/pin"
)

// fits reports whether the good menu, with a piece of its text replaced, has no error, and by how
// much the first screen that does not fit is over.
func fits(t *testing.T, old, new string) (ok bool, message string) {
	t.Helper()
	return fitsIn(t, environment(), old, new)
}

// fitsIn is fits in an environment of its own.
func fitsIn(t *testing.T, env menu.Environment, old, new string) (ok bool, message string) {
	t.Helper()
	return accepted(t, env, []string{"MENU014", "MENU030"}, old, new)
}

// accepted loads the good menu with a piece of its text replaced, and returns the first error. All
// errors must have one of the codes.
func accepted(
	t *testing.T, env menu.Environment, codes []string, old, new string,
) (ok bool, message string) {
	t.Helper()
	r := &source.Report{}
	menu.Load(edited(t, old, new), env, r)
	for _, f := range r.Findings() {
		if f.Severity == source.Error && !slices.Contains(codes, f.Code) {
			t.Fatalf("%s: %s %s", f.Pos, f.Code, f.Message)
		}
		if f.Severity == source.Error && message == "" {
			message = f.Message
		}
	}
	return message == "", message
}

// A screen that is exactly full is accepted, and one unit more is refused: in both alphabets, for
// a prompt, an option, an item, an error and an end, with values and without.
func TestProofIsExactToTheUnit(t *testing.T) {
	const latin, cyrillic = "n", "ж"
	tests := []struct {
		name, old, format string // %s is what is widened
		filler            string
		room              int // units left for it
	}{
		{"end", `{ru: "Позже", en: "Later"}`, `{ru: "%s", en: "Later"}`, cyrillic, 80},
		{"end, Latin", `{ru: "Позже", en: "Later"}`, `{ru: "Позже", en: "%s"}`, latin, 182},
		{
			"end, Latin but for one", `{ru: "Позже", en: "Later"}`,
			`{ru: "Позже", en: "№%s"}`, latin, 79,
		},
		{"end, extension", `{ru: "Позже", en: "Later"}`, `{ru: "Позже", en: "€%s"}`, latin, 180},
		{ // 0 Назад below
			"prompt", `text: {ru: "Показание:"`, `text: {ru: "%s"`, cyrillic, 80 - 8,
		},
		{ // the text in Latin, the navigation line in Cyrillic
			"prompt, Latin above Cyrillic", `text: {ru: "Показание:"`, `text: {ru: "%s"`,
			latin, 80 - 8,
		},
		{"error", `digits_only: {ru: "Только цифры:", en: "Digits only:"}
      digits_length: {ru: "Не больше 6`, `digits_only: {ru: "%s", en: "Digits only:"}
      digits_length: {ru: "Не больше 6`, cyrillic, 80 - 8},
		{ // 98 Далее and 0 Назад below, "1 " before
			"option", `text: {ru: "Переводы"`, `text: {ru: "%s"`, cyrillic, 80 - 2 - 9 - 8,
		},
		{ // the last option has no next page
			"last option", `text: {ru: "Баланс/Настройки"`, `text: {ru: "%s"`, cyrillic, 80 - 2 - 8,
		},
		{ // a name is 30 letters that may all be Cyrillic; INN 14, line ends
			"values", `text: {ru: "{name}\n{inn}"`, `text: {ru: "%s{name}\n{inn}"`, cyrillic,
			80 - 30 - 1 - 14 - 9 - 8,
		},
		{ // the same in Latin: the name alone makes the screen UCS-2
			"values, Latin", `en: "{name}\n{inn}"`, `en: "%s{name}\n{inn}"`, latin,
			80 - 30 - 1 - 14 - 8 - 7,
		},
		{ // a balance is nine characters of the GSM alphabet
			"value in Latin", `en: "Balance {balance}"}

`, `en: "%s{balance}"}

`, latin, 182 - 9,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old := tt.old
			if tt.name == "value in Latin" {
				old, tt.format = `"Balance {balance}"}
  meter:`, `"%s{balance}"}
  meter:`
			}
			full := fmt.Sprintf(tt.format, strings.Repeat(tt.filler, tt.room))
			if ok, message := fits(t, old, full); !ok {
				t.Errorf("exactly full with %d: %s", tt.room, message)
			}
			over := fmt.Sprintf(tt.format, strings.Repeat(tt.filler, tt.room+1))
			ok, message := fits(t, old, over)
			if ok {
				t.Fatalf("one unit more than %d is accepted", tt.room)
			}
			if !strings.Contains(message, ": 1 over ") {
				t.Errorf("got %q, want it to be 1 over", message)
			}
		})
	}
}

// An item of a list stands with its number and both navigation lines.
func TestProofOfListItems(t *testing.T) {
	for _, tt := range []struct {
		length int
		ok     bool
	}{{80 - 3 - 9 - 8, true}, {80 - 3 - 9 - 8 + 1, false}} {
		env := environment()
		label := strings.Repeat("ж", tt.length)
		env.Lists["categories"].Items[""][9].Label["ru"] = label // number 10
		r := &source.Report{}
		// The provider screen shows the label as its heading; that has more room.
		menu.Load(edited(t, `text: {ru: "Категория:"`, `text: {ru: "К:"`), env, r)
		if r.Failed() == tt.ok {
			t.Errorf("%d letters: failed %v\n%v", tt.length, r.Failed(), r.Err())
		}
	}
}

func TestPINLengthOfTheEnvironmentIsUsed(t *testing.T) {
	env := environment()
	env.PINLength = 12
	p := load(t, edited(t, `PIN: 4 цифры", en: "PIN: 4 digits"}

slots`,
		`PIN!", en: "PIN!"}

slots`), env)
	f := dial(t, p).done("registered").send("8").send("3")
	f.send("1234").shows("pin_old", "PIN!|0 Назад|00 Меню")
	f.send("123456789012").asks("pin.check")
}

// A text says how many digits a PIN has, and the room that the number takes is counted.
func TestPINLengthOnScreens(t *testing.T) {
	for _, tt := range []struct{ length, room int }{{4, 79 - 8}, {12, 78 - 8}} {
		env := environment()
		env.PINLength = tt.length
		text := func(n int) fstest.MapFS {
			return edited(t, `text: {ru: "Старый PIN:"`, fmt.Sprintf(`text: {ru: "%s{pin.length}"`,
				strings.Repeat("ж", n))).(fstest.MapFS)
		}
		p := load(t, text(tt.room), env)
		f := dial(t, p).done("registered").send("8").send("3")
		f.shows("pin_old", fmt.Sprintf("%s%d|0 Назад", strings.Repeat("ж", tt.room), tt.length))
		check(t, f.res.Screen)
		r := &source.Report{}
		if menu.Load(text(tt.room+1), env, r) != nil {
			t.Errorf("a PIN of %d digits: one unit more than %d is accepted", tt.length, tt.room)
		}
	}
}

func TestRevisionFollowsTheContent(t *testing.T) {
	a, b := good(t), good(t)
	if a.Revision() != b.Revision() || len(a.Revision()) != 12 {
		t.Errorf("got %q and %q, want the same 12 digits", a.Revision(), b.Revision())
	}
	c := load(t, edited(t, `"Позже"`, `"Потом"`), environment())
	if a.Revision() == c.Revision() {
		t.Error("another text has the same revision")
	}
}

// check fails unless a screen is what its numbers say and within its limit.
func check(t testing.TB, s *menu.Screen) {
	t.Helper()
	units := len(utf16.Encode([]rune(s.Text)))
	limit := charset.ScreenUCS2
	if charset.Choose(s.Text) == charset.GSM7 {
		units, limit = charset.Length(charset.GSM7, s.Text), charset.ScreenSeptets
	}
	if s.Units != units || s.Limit != limit || units > limit || s.Text == "" ||
		s.Page < 1 || s.Page > s.Pages {
		t.Fatalf("screen %+v: want %d units of %d", *s, units, limit)
	}
}

// A walk types at random, answers actions at random with values at and over their widest, and
// looks at every screen on the way.
func TestRandomWalks(t *testing.T) {
	seen := randomWalk(t, good(t), 40_000)
	for _, name := range []string{
		"pay_confirm", "pay_done", "reg_check", "told_paid", "meter_done",
	} {
		if seen[name] == 0 {
			t.Errorf("no walk came to %s", name)
		}
	}
	seen = randomWalk(t, flowing(t), 60_000)
	for _, name := range []string{"extra_menu", "extra_tries", "extra_end", "pay_confirm"} {
		for _, lang := range []string{"ru", "en", "ru-latn", "en-latn"} {
			if seen[name+" "+lang] == 0 {
				t.Errorf("no walk came to %s in %s", name, lang)
			}
		}
	}
}

// randomWalk returns how often it came to each state, in all languages and, "state lang", in one.
func randomWalk(t *testing.T, p *menu.Program, steps int) map[string]int {
	t.Helper()
	env := environment()
	random := rand.New(rand.NewPCG(1, 2))
	typed := []string{
		"0", "00", "98", "1", "2", "3", "4", "5", "6", "7", "8", "13", "14", "", "x", "1234",
		"01234567890123", "21210199012345", "100.50", "15000", strings.Repeat("Ж", 30), "000123",
		strings.Repeat("W", 30), "Асанов Асан", "[]{}€^~|\\", "\x00\xff", "😀😀",
	}
	likely := []string{"1", "14", "1234", "100.50", "01234567890123", "Асанов Асан"}
	values := []string{
		"", "7", "1", "999999.99", strings.Repeat("Ж", 300), strings.Repeat("€", 99), "a\nb",
	}
	seen := make(map[string]int)
	res := p.Begin("ru", menu.EntryStart, nil)
	for step := range steps {
		if res.Screen != nil {
			check(t, res.Screen)
			seen[res.Screen.State]++
			seen[res.Screen.State+" "+res.Position.Lang]++
			if strings.HasSuffix(res.Position.Lang, "-latn") && res.Screen.Alphabet != charset.GSM7 {
				t.Fatalf("a screen in Latin letters is %+v", *res.Screen)
			}
		}
		switch {
		case res.Screen != nil && !res.Screen.End:
			if random.IntN(50) == 0 {
				res = p.Interrupt(res.Position, menu.Entries()[random.IntN(7)],
					map[string]string{"offer": "o"})
				break
			}
			if moved, _, ok := p.Moved(res.Position, []string{"3", "1", "7"}); ok &&
				random.IntN(20) == 0 {
				res = moved
				break
			}
			text := typed[random.IntN(len(typed))]
			if random.IntN(3) == 0 {
				text = likely[random.IntN(len(likely))]
			}
			res = p.Step(res.Position, pin.NewSecret([]byte(text)))
		case res.Screen != nil:
			lang := p.Languages()[random.IntN(len(p.Languages()))]
			res = p.Begin(lang, menu.EntryStart, nil)
		default:
			out := menu.Outcome{Values: make(map[string]string)}
			def := env.Actions[res.Action.Name]
			names := slices.Sorted(maps.Keys(def.Outcomes))
			out.Name = names[random.IntN(len(names))]
			for _, v := range def.Outcomes[out.Name].Sets {
				out.Values[v.Name] = values[random.IntN(len(values))]
			}
			if _, ok := out.Values["offer"]; ok {
				out.Values["offer"] = "o"
			}
			res = p.Resume(res.Position, out)
		}
		if n := len(res.Position.Stack); n > menu.MaxStack {
			t.Fatalf("%d visits on the stack", n)
		}
		if step%16 == 0 { // on the way through a store
			res.Position = stored(t, res.Position)
		}
	}
	return seen
}

// stored is what a session store gives back: a Position is a plain value.
func stored(t testing.TB, pos menu.Position) menu.Position {
	t.Helper()
	b, err := json.Marshal(pos)
	if err != nil {
		t.Fatal(err)
	}
	var back menu.Position
	if err := json.Unmarshal(b, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(pos) {
		t.Fatalf("stored %+v, got back %+v, %v", pos, back, err)
	}
	return back
}

// No Position and no answer, however wrong, makes the engine panic or show nothing.
func FuzzPosition(f *testing.F) {
	p := flowing(f)
	f.Add("main", "pay_confirm", "pin_wrong", "pay_do", "provider", "dostek", "1", 3, "paid")
	f.Add("@resume", "told", "", "@back", "^amount", "1", "0", -1, "ok")
	f.Add("pay_provider", "pay_provider", "option", "@home", "category", "c14", "98", 1<<40, "done")
	f.Add("main", "extra_tries", "gone", "extra_cases", "left", "2", "1", 0, "none")
	f.Add("", "no_such", "x", "entry", "name", "{inn}", "00", 0, "elsewhere")
	f.Fuzz(func(
		t *testing.T, under, top, notice, pending, slot, value, typed string, n int, outcome string,
	) {
		pos := menu.Position{
			Revision: "other", Lang: value, Pending: pending,
			Stack: []menu.Visit{
				{State: under, Page: -n},
				{State: top, Page: n, Notice: notice},
			},
			Slots: map[string]string{slot: value, "category": "c14", "provider": value},
		}
		before := fmt.Sprint(pos)
		secret := pin.NewSecret([]byte(typed))
		for _, res := range []menu.Result{
			p.Step(pos, secret), p.Show(pos),
			p.Resume(pos, menu.Outcome{
				Name: outcome, Lang: slot, Values: map[string]string{slot: value},
			}),
			p.Interrupt(pos, menu.Entry(slot), map[string]string{slot: value}),
			p.Interrupt(pos, menu.EntryUntold, map[string]string{"offer": value}),
			p.Begin(value, menu.Entry(slot), pos.Slots), p.Step(menu.Position{}, secret),
		} {
			if (res.Screen == nil) == (res.Action == nil) {
				t.Fatalf("%+v has not exactly one of screen and action", res)
			}
			if res.Screen != nil {
				check(t, res.Screen)
			}
			if len(res.Position.Stack) > menu.MaxStack || len(res.Position.Slots) > menu.MaxValues {
				t.Fatalf("the position grew over its bounds: %+v", res.Position)
			}
		}
		p.Secret(pos)
		if after := fmt.Sprint(pos); after != before {
			t.Fatalf("the position was changed\nfrom %s\nto   %s", before, after)
		}
	})
}

// What is typed at a secret screen is in no result but in the action's secrets.
func TestSecretLeavesNoTrace(t *testing.T) {
	env := environment()
	env.PINLength = 12
	p := load(t, edited(t, "pin: {type: pin, length: 4}", "pin: {type: pin, length: 12}"), env)
	at := func() *phone { return dial(t, p).done("registered").send("8").send("3") }
	for _, typed := range []string{"736251849027", "7362518490271", "73625184902x", "7362518"} {
		f := at().send(typed)
		secrets := f.res.Action
		if secrets != nil {
			if string(secrets.Secrets["pin"].Reveal()) != typed {
				t.Errorf("the action has not got the PIN")
			}
			f.done("wrong", "left", "1")
		}
		if text := fmt.Sprintf("%+v %+v %+v", f.res, f.res.Screen, secrets); strings.Contains(
			text, "7362518") {
			t.Errorf("the secret is in %s", text)
		}
	}
}

// extended is the good menu with another file, whose state `extra` an unregistered number gets.
func extended(t testing.TB, extra string) fstest.MapFS {
	t.Helper()
	fsys := edited(t, "unregistered: language", "unregistered: extra").(fstest.MapFS)
	fsys["extra.yaml"] = &fstest.MapFile{Data: []byte("schema: ussd.menu/v1\n" + extra)}
	return fsys
}

// A screen can come back on display after one of its values has been set again, and wider.
func TestProofKnowsOfValuesThatAreSetLater(t *testing.T) {
	env := environment()
	env.Actions["x.narrow"] = menu.ActionDef{
		Outcomes: map[string]menu.OutcomeDef{"ok": def(val("x", "9"))},
	}
	env.Actions["x.wide"] = menu.ActionDef{
		Outcomes: map[string]menu.OutcomeDef{"ok": def(val("x", "9999"))},
	}
	text := func(n int) fstest.MapFS {
		return extended(t, fmt.Sprintf(`
states:
  extra: {do: x.narrow, on: {ok: one}}
  one:
    text: "%s{x}"
    options: [{key: "1", text: "A", goto: two}]
  two: {do: x.wide, on: {ok: three}}
  three:
    text: "{x}"
    options: [{key: "1", text: "A", goto: main}]
`, strings.Repeat("ж", n)))
	}
	const room = 80 - 4 - 9 - 8
	p := load(t, text(room), env)
	f := dial(t, p).done("unregistered").done("ok", "x", "7").send("1").done("ok", "x", "1234")
	f.shows("three", "1234|1 A|0 Назад|00 Меню").send("0")
	if got := f.res.Screen.Text; !strings.HasPrefix(got, strings.Repeat("ж", room)+"1234\n") {
		t.Errorf("the value set later is not whole: %q", got)
	}
	check(t, f.res.Screen)
	r := &source.Report{}
	if menu.Load(text(room+1), env, r) != nil {
		t.Error("one unit more than fits with the wider value is accepted")
	}
}

// Characters of the GSM extension take two septets: the longest value is not the widest one.
func TestProofCountsSeptetsAndUnitsApart(t *testing.T) {
	env := environment()
	elsewhere := env.Actions["subscriber.identify"].Outcomes["elsewhere"]
	elsewhere.Sets[0].Langs["en"] = []string{"€€€€", "nnnnnn"} // 8 septets, 6 units
	for _, tt := range []struct {
		room int
		ok   bool
	}{{182 - 8, true}, {182 - 8 + 1, false}} {
		r := &source.Report{}
		menu.Load(edited(t, `"Not here: {where}"`,
			`"`+strings.Repeat("n", tt.room)+`{where}"`), env, r)
		if r.Failed() == tt.ok {
			t.Errorf("%d septets beside the value: failed %v\n%v", tt.room, r.Failed(), r.Err())
		}
	}
	p := load(t, edited(t, `"Not here: {where}"`, `"{where}"`), env)
	f := &phone{t, p, p.Begin("en", menu.EntryStart, nil)}
	f.done("elsewhere", "where", "€€€€€€").shows("elsewhere", "€€€€")
	f = &phone{t, p, p.Begin("en", menu.EntryStart, nil)}
	f.done("elsewhere", "where", "nnnnnnnn").shows("elsewhere", "nnnnnn")
}

// A goto into a confirm screen makes its offer first.
func TestGotoConfirmMakesTheOffer(t *testing.T) {
	p := load(t, edited(t, `{key: "1", text: {ru: "Да", en: "Yes"}, goto: pay_again}`,
		`{key: "1", text: {ru: "Да", en: "Yes"}, goto: pay_confirm}
      - {key: "2", text: {ru: "Да", en: "Yes"}, goto: pay_again}`), environment())
	f := dial(t, p).done("registered").send("3").send("14").send("14")
	f.send("01234567890123").send("5").done("repeated", "time", "14:05")
	f.shows("pay_repeated", "Уже платили в 14:05. Еще?|1 Да|2 Да|0 Назад|00 Меню").send("1")
	f.asks("payment.offer", "provider", "dostek", "account", "01234567890123", "amount", "5.00")
}
