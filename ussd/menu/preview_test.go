package menu_test

import (
	"slices"
	"strings"
	"testing"

	"ussdgw/smsc/charset"
)

// A preview shows every option, those with a condition too, and the widest plural form.
func TestPreviewOfWhatDependsOnValues(t *testing.T) {
	p := flowing(t)
	for _, name := range []string{"extra_cases", "extra_first", "extra_check"} {
		if slices.Contains(p.Screens(), name) {
			t.Errorf("%s is a screen", name)
		}
		if _, err := p.Preview(name, "ru"); err == nil || !slices.Contains(p.States(), name) {
			t.Errorf("%s, which shows nothing, has a preview", name)
		}
	}
	for _, tt := range []struct{ lang, want string }{
		{"ru", "99 щедрая попытка|1 Много|2 Еще|3 Нет|4 Латин|5 Русский|6 Latin|0 Назад|00 Меню"},
		{"en", "99 tries|1 Many|2 More|3 None|4 Латин|5 Русский|6 Latin|0 Back|00 Menu"},
		{
			"ru-latn", "99 schedraya popytka|1 Mnogo|2 Esche|3 Net|4 Latin|5 Russkiy|6 Latin" +
				"|0 Nazad|00 Menyu",
		},
	} {
		pages, err := p.Preview("extra_tries", tt.lang)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(pages[0].Text, "\n", "|"); got != tt.want {
			t.Errorf("%s: got %s\nwant %s", tt.lang, got, tt.want)
		}
	}
	for _, name := range p.Screens() {
		for _, lang := range p.Languages() {
			pages, err := p.Preview(name, lang)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range pages {
				check(t, &s)
				if strings.HasSuffix(lang, "-latn") && s.Alphabet != charset.GSM7 {
					t.Errorf("%s in %s is %q", name, lang, s.Text)
				}
			}
		}
	}
}
