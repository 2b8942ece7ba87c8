package menu_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
	"ussdgw/ussd/menu"
)

// latinMenu is the good menu with transliterated Russian, and a message.
func latinMenu(t testing.TB, env menu.Environment, message string) *menu.Program {
	t.Helper()
	return load(t, extended(t, `
transliterations: {ru-latn: ru}
states: {extra: {end: "x"}}
sms: {note: "`+message+`"}
`), env)
}

// widestText is the environment with a message whose field is any n letters.
func widestText(n int) menu.Environment {
	env := environment()
	env.SMS["note"] = []menu.ValueDef{val("text", strings.Repeat("Ж", n))}
	return env
}

func TestTransliteration(t *testing.T) {
	p := latinMenu(t, widestText(70), "{text}")
	if got := p.Languages(); !slices.Equal(got, []string{"ru", "en", "ru-latn"}) {
		t.Fatalf("got the languages %v", got)
	}
	for _, tt := range []struct{ text, want string }{
		{"Щедрый жук", "Schedryy zhuk"},
		{"ЖКХ", "ZHKKH"},
		{"Ж", "Zh"},
		{"ЖК", "ZHK"},
		{"КЖ", "KZH"},
		{"Жж", "Zhzh"},
		{"объезд, семья", "obezd, semya"},
		{"Ёлка", "Yolka"},
		{
			"Қазақ, ғұрмет, әже, һәм, ўзбек, ҳаёт, ҷӣ, ӯ, Україна, її, єґ",
			"Qazaq, ghurmet, azhe, ham, ozbek, hayot, ji, u, Ukrayina, yiyi, yeg",
		},
		{"Төлөм үчүн жаңы", "Tölöm üchün zhangy"},
		{"№5 «Ала-Тоо» — 100%…", `No5 "Ala-Too" - 100%...`},
		{"Łódź čaça", "?odz caca"},
		{"ь", "?"},
		{"ъь ", " "},
		{"日本 😀", "?? ?"},
		{"a€b{}", "a€b{}"},
		{"1\u00a0234,50", "1 234,50"},
		{"", ""},
	} {
		got, err := p.SMS("note", "ru-latn", map[string]string{"text": tt.text})
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

// A language that a revision does not have is the one that it is another spelling of: a
// subscriber who reads Russian in Latin letters goes on in Russian.
func TestLanguageThatIsGoneFallsBack(t *testing.T) {
	p := good(t)
	for lang, want := range map[string]string{
		"en-latn": "en", "ru-latn": "ru", "ky-latn": "ru", "en": "en", "": "ru", "-": "ru",
	} {
		if got := p.Begin(lang, menu.EntryStart, nil).Position.Lang; got != want {
			t.Errorf("%q: got %q, want %q", lang, got, want)
		}
	}
}

// Kyrgyz writes some letters otherwise than Russian.
func TestTransliterationOfKyrgyz(t *testing.T) {
	b, err := os.ReadFile("testdata/good/menu.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(" en:", " ky:", "lang: en", "lang: ky", "[ru, en]",
		"[ru, ky]\ntransliterations: {ky-latn: ky}", `"Later"`, `"Кийинчерээк, жаңы халык үчүн"`,
	).Replace(string(b))
	env := environment()
	for _, list := range env.Lists {
		for _, items := range list.Items {
			for _, it := range items {
				it.Label["ky"] = it.Label["en"]
				for _, byLang := range it.Values {
					byLang["ky"] = byLang["en"]
				}
			}
		}
	}
	p := load(t, fstest.MapFS{"menu.yaml": {Data: []byte(text)}}, env)
	f := &phone{t, p, p.Begin("ky-latn", menu.EntryBusy, nil)}
	f.shows("busy", "Kiyinchereek, jangy halyk üchün")
}

// Every character becomes one of the GSM alphabet, and takes no more room than the proof counts.
func TestEveryCharacterHasRoomInLatin(t *testing.T) {
	one, many := latinMenu(t, widestText(2), "{text}"), latinMenu(t, widestText(9), "{text}")
	for r := rune(' '); r <= 0x1FFFF; r++ {
		if r >= 0xD800 && r < 0xE000 {
			continue
		}
		for _, text := range []string{string(r), strings.ToUpper("ж" + string(r))} {
			if charset.Length(charset.UCS2, text) > 2 {
				continue
			}
			fields := map[string]string{"text": text}
			got, err := one.SMS("note", "ru-latn", fields)
			want, err2 := many.SMS("note", "ru-latn", fields)
			if got != want || err != nil || err2 != nil || charset.Choose(got) != charset.GSM7 {
				t.Fatalf("%U: got %q, %v, want %q in the GSM alphabet", r, got, err, want)
			}
		}
	}
}

func TestScreensInLatinLetters(t *testing.T) {
	p := flowing(t)
	at := func(lang string) *phone {
		return (&phone{t, p, p.Begin(lang, menu.EntryStart, nil)}).done("unregistered")
	}
	f := at("ru-latn").send("98")
	if s := f.res.Screen; s.Limit != 182 || s.Alphabet != charset.GSM7 {
		t.Errorf("got %+v, want a screen of 182 septets", *s)
	}
	f.send("14").shows("extra_provider",
		"Drugie uslugi:|1 Drugie uslugi|13 Hoster.kg|14 Dostek|0 Nazad|00 Menyu").send("14")
	f.shows("extra_name", "Imya, latinicey:|0 Nazad|00 Menyu").send("Щедрин Пётр")
	f.shows("extra_amount", "Schedrin Pyotr, Litsevoy schet?|0 Nazad|00 Menyu")
}

// A transliterated screen is proved at the width that its texts and values have in Latin letters.
func TestProofOfTransliterationIsExactToTheUnit(t *testing.T) {
	labels := environment()
	labels.Lists["categories"].Items[""][0].Label["ru"] = strings.Repeat("щ", 20)
	own := environment()
	own.Lists["categories"].Items[""][0].Label["ru-latn"] = strings.Repeat("n", 61)
	for _, tt := range []struct {
		name      string
		env       menu.Environment
		ru, value string
		room      int // septets left for the rest of the text
	}{
		{"a text", environment(), strings.Repeat("щ", 60), "", 182 - 180},
		{"a name of 30 letters", environment(), "", "{name}", 182 - 3*30},
		{"an INN", environment(), "", "{inn}", 182 - 14},
		{"the widest label", labels, "", "{category}", 182 - 3*20},
		{"a label of its own", own, "", "{category}", 182 - 61},
	} {
		for over := range 2 {
			// The Russian text itself is on a screen of 80.
			text := fmt.Sprintf("ru: \"%s{inn}\", en: \"x\", ru-latn: \"%s%s\"", "Щит",
				strings.Repeat("n", tt.room+over), tt.value)
			if tt.ru != "" {
				text = fmt.Sprintf("ru: \"%s\", en: \"x\"", tt.ru+strings.Repeat("а", tt.room+over))
			}
			r := &source.Report{}
			p := menu.Load(extended(t, fmt.Sprintf(latinProof, text)), tt.env, r)
			var got []string
			for _, f := range r.Findings() {
				got = append(got, f.Code+": "+f.Message)
			}
			message := strings.Join(got, "\n")
			if over == 0 && p == nil || over == 1 && (len(got) != 1 ||
				!strings.Contains(message, `"ru-latn" does not fit: 1 over 182 units of GSM-7`)) {
				t.Errorf("%s, %d over: got %q", tt.name, over, message)
			}
		}
	}
}

// latinProof asks for a name, an INN and a category, and ends with a text.
const latinProof = `
transliterations: {ru-latn: ru}
states:
  extra:
    ask: name
    text: "x"
    errors: {text_empty: "x", text_long: "x", text_letters: "x"}
    goto: extra_inn
  extra_inn:
    ask: inn
    text: "x"
    errors: {inn_length: "x", inn_sex: "x", inn_date: "x"}
    goto: extra_category
  extra_category: {list: categories, as: category, goto: extra_end}
  extra_end: {end: {%s}}
`
