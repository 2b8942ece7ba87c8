package menu_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/pin"
)

// finding is the environment with an action that brings favourites, and Hoster.kg and the providers
// of light and gas promoted.
func finding() menu.Environment {
	env := environment()
	env.Actions["favourites.list"] = menu.ActionDef{Outcomes: map[string]menu.OutcomeDef{
		"ok": def(val("favourites", "hoster dostek pc1 pc2")),
	}}
	providers := env.Lists["providers"]
	providers.Items["c14"][1].Promoted = true
	providers.Items["c3"][0].Promoted = true
	providers.Items["c1"][0].Promoted = true
	return env
}

const findingMenu = `
slots:
  query: {type: text, min: 2, max: 20}
states:
  extra:
    text: {ru: "Что ищем?", en: "What?"}
    options:
      - {key: "1", text: "A", goto: promoted}
      - {key: "2", text: "F", goto: favourites_do}
    letters: {as: query, goto: search}
  search:
    list: providers
    as: provider
    match: query
    text: "{query}:"
    none: {goto: extra, notice: not_found}
    letters: {as: query, goto: search}
    goto: pay_account
  promoted:
    list: providers
    as: provider
    only: promoted
    none: extra
    goto: pay_account
  favourites_do: {do: favourites.list, on: {ok: favourites}}
  favourites:
    list: providers
    as: provider
    only: favourites
    none: main
    goto: pay_account
errors:
  not_found: {ru: "Не нашли {query}", en: "No {query}"}
`

func atExtra(t *testing.T) *phone {
	t.Helper()
	return dial(t, load(t, extended(t, findingMenu), finding())).done("unregistered")
}

// What is found is numbered from 1, and choosing sets the category too.
func TestListFindsByLetters(t *testing.T) {
	for typed, want := range map[string]string{
		"дост":   "дост:|1 Достэк",
		"Dostek": "Dostek:|1 Достэк",
		"хост":   "хост:|1 Hoster.kg",
		"kg":     "kg:|1 Hoster.kg",
		"те":     "те:|1 Тепло|2 Телевидение|3 Телефон|4 Интернет|5 Hoster.kg|6 Достэк",
		"услуги": "услуги:|1 Другие услуги",
		"СВЕТ":   "СВЕТ:|1 Свет",
		"svet":   "svet:|1 Свет",
	} {
		f := atExtra(t).send(typed)
		s := f.res.Screen
		if s == nil || s.State != "search" {
			t.Fatalf("%s: got %+v", typed, f.res)
		}
		var text []string
		for page := 1; page <= s.Pages; page++ {
			for line := range strings.Lines(s.Text) {
				line = strings.TrimRight(line, "\n")
				if _, nav := map[string]bool{
					"0 Назад": true, "98 Далее": true, "00 Меню": true,
				}[line]; !nav {
					text = append(text, line)
				}
			}
			if page < s.Pages {
				s = f.send("98").res.Screen
			}
		}
		if got := strings.Join(text, "|"); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
	f := atExtra(t).send("дост").send("1").shows("pay_account", "Лицевой счет:|0 Назад|00 Меню")
	if got := f.res.Position.Slots; got["provider"] != "dostek" || got["category"] != "c14" {
		t.Errorf("got slots %v, want the provider and its category", got)
	}
}

// Letters lead on from the found list as well, a key or a number goes before them, and what the
// slot refuses is no item.
func TestLettersComeLast(t *testing.T) {
	f := atExtra(t).send("те").send("gaz").shows("search", "gaz:|1 Газ|0 Назад|00 Меню")
	f.send("2").shows("search", "Нет такого пункта|1 Газ|0 Назад|00 Меню")
	f.send("0").shows("extra", "Что ищем?|1 A|2 F")
	for _, typed := range []string{"x", "", "7", "дост7", strings.Repeat("я", 21)} {
		f.send(typed).shows("extra", "Нет такого пункта|1 A|2 F")
	}
	f.send("цирк").shows("extra", "Не нашли цирк|1 A|2 F")
	f.send("1").shows("promoted", "1 Свет|2 Газ|3 Hoster.kg|0 Назад|00 Меню")
	f.send("3").shows("pay_account", "Лицевой счет:|0 Назад|00 Меню")
	if got := f.res.Position.Slots["provider"]; got != "hoster" {
		t.Errorf("got provider %s, want hoster", got)
	}
}

// A value names the items and their order. Unknown IDs are left out, and none at all leads on.
func TestListOfFavourites(t *testing.T) {
	f := atExtra(t).send("2").done("ok", "favourites", "dostek gone pc3")
	f.shows("favourites", "1 Достэк|2 Газ|0 Назад|00 Меню")
	back := f.send("2").shows("pay_account", "Лицевой счет:|0 Назад|00 Меню")
	if got := back.res.Position.Slots["category"]; got != "c3" {
		t.Errorf("got category %s, want c3", got)
	}
	for _, none := range []string{"", "gone", "  "} {
		f := atExtra(t).send("2").done("ok", "favourites", none)
		if f.res.Screen == nil || f.res.Screen.State != "main" {
			t.Errorf("favourites %q: got %+v, want main", none, f.res.Screen)
		}
	}
}

// A list that finds nothing any more when back leads to it is gone from behind.
func TestBackToAListThatIsEmptyNow(t *testing.T) {
	f := atExtra(t).send("2").done("ok", "favourites", "dostek").send("1")
	pos := f.res.Position
	pos.Slots["favourites"] = ""
	f.send("0")
	if s := f.res.Screen; s == nil || s.State != "main" {
		t.Fatalf("got %+v, want main", f.res)
	}
	for _, v := range f.res.Position.Stack {
		if v.State == "favourites" {
			t.Errorf("the empty list is still behind: %v", f.res.Position.Stack)
		}
	}
}

const toppedMenu = `
states:
  extra: {do: favourites.list, on: {ok: shown}}
  shown:
    list: categories
    as: category
    goto: sorted
  sorted:
    list: providers
    as: provider
    top: [favourites, promoted]
    goto: pay_account
`

// What is on top keeps its number.
func TestTopOfAList(t *testing.T) {
	env := finding()
	for n := 2; n <= 6; n++ {
		env.Lists["providers"].Items["c14"] = append(env.Lists["providers"].Items["c14"],
			provider(n, fmt.Sprintf("p%d", n), fmt.Sprintf("П%d", n), `[0-9]{6}`, 6))
	}
	p := load(t, extended(t, toppedMenu), env)
	f := dial(t, p).done("unregistered").done("ok", "favourites", "p5 dostek pc1").send("14")
	f.shows("sorted",
		"5 П5|14 Достэк|13 Hoster.kg|1 Другие услуги|2 П2|3 П3|4 П4|6 П6|0 Назад|00 Меню")
	f.send("14").shows("pay_account", "Лицевой счет:|0 Назад|00 Меню")
	f = dial(t, p).done("unregistered").done("ok", "favourites", "").send("14")
	f.shows("sorted",
		"13 Hoster.kg|1 Другие услуги|14 Достэк|2 П2|3 П3|4 П4|5 П5|6 П6|0 Назад|00 Меню")
}

// A found item may stand at any place with any number, so there must be room for both lines and
// the widest number.
func TestProofOfFoundItems(t *testing.T) {
	const room = 80 - 3 - 9 - 8 // "14 ", more and back
	text := strings.Replace(findingMenu, "list: providers\n    as: provider\n    match",
		"list: categories\n    as: category\n    match", 1)
	text = strings.Replace(text, "goto: search}\n    goto: pay_account",
		"goto: search}\n    goto: pay_provider", 1)
	for _, tt := range []struct {
		length int
		want   string
	}{
		{room, ""},
		{room + 1, `item 14 c2 of "search" in "ru" does not fit: 1 over 80 units of UCS-2`},
	} {
		env := finding()
		env.Lists["categories"].Items[""][1].Label["ru"] = strings.Repeat("ж", tt.length)
		r := &source.Report{}
		menu.Load(extended(t, text), env, r)
		got := ""
		for _, f := range r.Findings() {
			got += f.Message
		}
		if got != tt.want {
			t.Errorf("%d letters: got %q, want %q", tt.length, got, tt.want)
		}
	}
	// In a list with a top, the last of its own order may come first, and then has the line for more.
	for length, want := range map[int]bool{room: false, room + 1: true} {
		env := finding()
		env.Lists["providers"].Items["c14"][2].Label["ru"] = strings.Repeat("ж", length)
		r := &source.Report{}
		menu.Load(extended(t, toppedMenu), env, r)
		got := slices.ContainsFunc(r.Findings(), func(f source.Finding) bool {
			return strings.Contains(f.Message, `of "sorted" in "ru" does not fit: 1 over`)
		})
		if got != want {
			t.Errorf("%d letters: refused in the list is %v, want %v\n%v", length, got, want, r.Err())
		}
	}
}

func TestPreviewOfFoundItems(t *testing.T) {
	p := load(t, extended(t, findingMenu), finding())
	screens, err := p.Preview("search", "ru")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, s := range screens {
		check(t, &s)
		text += s.Text + "\n"
	}
	for _, want := range []string{"1 Другие услуги\n", "2 Телевидение\n", "16 Газ\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the preview:\n%s", want, text)
		}
	}
}

// A name is found by its letters on any keypad: with or without the Kyrgyz ones, in Cyrillic or in
// Latin letters, capital or small.
func TestSpellingsThatFind(t *testing.T) {
	labels := []string{
		"MegaCom", "Бишкек", "Жалал-Абад", "Айыл Банк", "Көмүр", "Үй-бүлө", "Ёлка", "Каныкей's",
		"ЦУМ", "Чолпон", "Щёкино", "Касса №5", "Beeline Wi-Fi", "Ноокат Ысык-Көл",
	}
	env := finding()
	for i, label := range labels {
		for lang := range env.Lists["categories"].Items[""][i].Label {
			env.Lists["categories"].Items[""][i].Label[lang] = label
		}
	}
	text := strings.Replace(findingMenu, "list: providers\n    as: provider\n    match",
		"list: categories\n    as: category\n    match", 1)
	text = strings.Replace(text, "goto: search}\n    goto: pay_account",
		"goto: search}\n    goto: pay_provider", 1)
	p := load(t, extended(t, text), env)
	for typed, want := range map[string]string{
		"мегаком": "MegaCom", "MEGA": "MegaCom", "meg": "MegaCom", "ком": "Көмүр|MegaCom",
		"bishkek": "Бишкек", "БИШ": "Бишкек", "шкек": "Бишкек",
		"jalal": "Жалал-Абад", "zhalal": "Жалал-Абад", "жалал абад": "Жалал-Абад",
		"абад": "Жалал-Абад", "аба": "Жалал-Абад",
		"aiyl": "Айыл Банк", "ayil": "Айыл Банк", "айыл": "Айыл Банк", "bank": "Айыл Банк",
		"komur": "Көмүр", "комур": "Көмүр", "КӨМҮР": "Көмүр",
		"уй": "Үй-бүлө", "bulo": "Үй-бүлө", "елка": "Ёлка", "elka": "Ёлка",
		"каныкейс": "Каныкей's", "kanikei": "Каныкей's",
		"цум": "ЦУМ", "tsum": "ЦУМ", "чол": "Чолпон", "cholpon": "Чолпон",
		"щекино": "Щёкино", "shekino": "Щёкино", "каса": "Касса №5", "kassa": "Касса №5",
		"бее": "Beeline Wi-Fi", "wi fi": "Beeline Wi-Fi", "вифи": "", "wi-fi": "Beeline Wi-Fi",
		"issyk": "Ноокат Ысык-Көл", "ысык кол": "Ноокат Ысык-Көл",
		"ка":  "Каныкей's|Касса №5|Ёлка|Ноокат Ысык-Көл",
		"xyz": "", "ьь": "", "ъ": "", "zzz": "", "ааа": "", "hhh": "",
	} {
		f := dial(t, p).done("unregistered").send(typed)
		s := f.res.Screen
		got := ""
		if s != nil && s.State == "search" {
			var names []string
			for line := range strings.Lines(s.Text) {
				_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
				if slices.Contains(labels, name) {
					names = append(names, name)
				}
			}
			got = strings.Join(names, "|")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

// What is found is the same whenever the same place is shown, from a stored position too, and a
// walk at random over lists that find things stays within its limits.
func TestRandomWalksOverLists(t *testing.T) {
	p := load(t, extended(t, findingMenu), finding())
	random := rand.New(rand.NewPCG(3, 4))
	typed := []string{
		"1", "2", "3", "9", "16", "20", "0", "00", "98", "те", "е", "а", "хост", "света", "dostek",
		"услуги", "01234567890123", "о о", "нет",
	}
	favourites := []string{"", "dostek", "hoster dostek pc1 pc2", "x y z", strings.Repeat("pc1 ", 99)}
	seen := make(map[string]int)
	res := dial(t, p).done("unregistered").res
	for range 20_000 {
		switch {
		case res.Action != nil && res.Action.Name == "favourites.list":
			res = p.Resume(res.Position, menu.Outcome{Name: "ok", Values: map[string]string{
				"favourites": favourites[random.IntN(len(favourites))],
			}})
		case res.Action != nil || res.Screen.End || res.Screen.State == "main":
			res = dial(t, p).done("unregistered").res
		default:
			check(t, res.Screen)
			seen[res.Screen.State]++
			if again := p.Show(stored(t, res.Position)); *again.Screen != *res.Screen {
				t.Fatalf("shown again: got %+v, want %+v", *again.Screen, *res.Screen)
			}
			res = p.Step(res.Position, pin.NewSecret([]byte(typed[random.IntN(len(typed))])))
		}
	}
	for _, name := range []string{"search", "promoted", "favourites", "pay_account"} {
		if seen[name] == 0 {
			t.Errorf("no walk came to %s", name)
		}
	}
}
