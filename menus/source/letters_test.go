package source_test

import (
	"fmt"
	"strings"
	"testing"

	"ussdgw/menus/source"
)

// strays writes each stray letter as Script letter>instead@offset in characters.
func strays(text string, all []source.Stray) string {
	var out []string
	for _, s := range all {
		instead := "?"
		if s.Instead != 0 {
			instead = fmt.Sprintf("%U", s.Instead)
		}
		out = append(out, fmt.Sprintf("%s %c>%s@%d", s.Script, s.Letter, instead,
			len([]rune(text[:s.Offset]))))
	}
	return strings.Join(out, ", ")
}

func TestMixedScript(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"Счет и PIN":               "",
		"Cчет":                     "Latin C>U+0421@0",
		"Ваш cчет":                 "Latin c>U+0441@4",
		"Мoсква":                   "Latin o>U+043E@1",
		"Пoпoлнить":                "Latin o>U+043E@1, Latin o>U+043E@3",
		"Bаck":                     "Cyrillic а>U+0061@1",
		"Тransfers":                "Cyrillic Т>U+0054@0",
		"Balancе":                  "Cyrillic е>U+0065@6",
		"STOР":                     "Cyrillic Р>U+0050@3",
		"т\u0259л":                 "Latin ə>?@1",
		"т\u0275л\u0275м":          "Latin ɵ>U+04E9@1, Latin ɵ>U+04E9@3",
		"Yй":                       "Latin Y>?@0", // У or Ү: a person has to say
		"yйгө":                     "Latin y>U+0443@0",
		"сoм":                      "Latin o>U+043E@1",
		"COМ":                      "Cyrillic М>U+004D@2", // all look alike: most are Latin
		"PEЖ":                      "Latin P>U+0420@0, Latin E>U+0415@1",
		"нaв":                      "Latin a>U+0430@1",
		"пл\u03bfтеж":              "Greek ο>U+043E@2",
		"Latin \u0391\u03bfa here": "Greek Α>U+0041@6, Greek ο>U+006F@7",
		// A Latin word with a Kyrgyz or Russian ending is right.
		"PINди SMSте USSDге QRды": "",
		"PINа SMSсы":              "",
		"PINДИ":                   "",
		"MegaComго":               "",
		"ATMден":                  "Latin A>U+0410@0, Latin T>U+0422@1, Latin M>U+041C@2",
		"Gлава":                   "Latin G>?@0",
		"диPIN":                   "Cyrillic д>?@0, Cyrillic и>?@1",
		"PIN-код, Wi-Fi'га":       "",
		"5Gде":                    "Latin G>?@1",
	} {
		if got := strays(text, source.MixedScript(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	s := source.MixedScript("Ваш cчет")[0]
	if s.Word != "cчет" || s.Of != "Cyrillic" || s.Script != "Latin" || s.Offset != len("Ваш ") {
		t.Errorf("got %+v", s)
	}
}

func TestLoneLatin(t *testing.T) {
	for text, want := range map[string]string{
		"c 9 до 18":              "Latin c>U+0441@0",
		"Оплата y кассира":       "Latin y>U+0443@7",
		"до 15000 c.":            "Latin c>U+0441@9",
		"«o» сумме":              "Latin o>U+043E@1",
		"с 9 до 18":              "",
		"2 x 50 сом":             "",
		"e-mail и сайт":          "",
		"сайт e.kg":              "",
		"сеть O!":                "", // a name: small letters alone are taken for words
		"Pay a bill at the desk": "",
		"Курс b 5":               "", // nothing of Cyrillic looks so
		"a":                      "",
		"Шаг c4":                 "",
	} {
		if got := strays(text, source.LoneLatin(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// A correction is written as the quotes around it need it.
func TestCorrection(t *testing.T) {
	f, r := parse("a: \"x\\n“y”\"\nb: 'it’s'\nc: it’s\nd: ’s\ne: cчет\n")
	if r.Failed() {
		t.Fatal(r.Err())
	}
	for _, tt := range []struct {
		key, letter, text, old, new string
	}{
		{"a", "“", `"`, "“", `\"`},
		{"a", "\n", " ", `\n`, " "},
		{"b", "’", "'", "’", "''"},
		{"c", "’", "'", "’", "'"},
		{"c", "’", "-", "", ""},
		{"d", "’", "'", "", ""},
		{"e", "c", "с", "c", "с"},
	} {
		n := f.Root.Field(tt.key)
		at := strings.Index(n.Scalar(), tt.letter)
		got := n.Correction(at, len(tt.letter), tt.text)
		if want := (source.Fix{Old: tt.old, New: tt.new}); got != want {
			t.Errorf("%s, %s: got %+v, want %+v", tt.key, tt.letter, got, want)
		}
	}
	if got := f.Root.Field("none").Correction(0, 1, "x"); got != (source.Fix{}) {
		t.Errorf("got %+v for no text", got)
	}
}
