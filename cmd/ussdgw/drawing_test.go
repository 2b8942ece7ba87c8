package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ussdgw/smsc/charset"
	"ussdgw/ussd/menu"
)

func TestSheet(t *testing.T) {
	screen := func(text string, pages int) *menu.Screen {
		return &menu.Screen{
			Text: text, Alphabet: charset.UCS2, Units: utf8.RuneCountInString(text), Limit: 80,
			Page: 1, Pages: pages,
		}
	}
	got := drawSheet([]cell{
		{"ky", screen("Сумма:\n0 Артка", 1)},
		{"ru", screen("Неверно, пример: 01234567890123", 2)},
		{"en", nil},
		{},
	}, 52, 4, "  ")
	want := `
  ky                        ru
  +----------------------+  +----------------------+
  | Сумма:               |  | Неверно, пример:     |
  | 0 Артка              |  | 01234567890123       |
  +----------------------+  +----------------------+
  14/80 UCS-2               31/80 UCS-2, page 1 of 2

  en
  (no such screen)
`
	for i, line := range strings.Split(got, "\n") {
		if line != strings.TrimRight(line, " ") {
			t.Errorf("line %d ends in blanks: %q", i, line)
		}
	}
	if got = "\n" + got; strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// However wide the terminal is, no line of a sheet is wider, and no letter of a screen is lost.
func TestSheetsFitTheTerminal(t *testing.T) {
	text := "Сервис временно недоступен\n" + strings.Repeat("9", 70) + "\n0 Назад"
	s := menu.Screen{Text: text, Units: 80, Limit: 80, Pages: 1}
	for width := 30; width < 250; width++ {
		cells := []cell{{"ky, a title that is much too long for this", &s}, {"ru", &s}, {"en", &s}}
		sheet := drawSheet(cells, width, len(cells), "    ")
		for _, line := range strings.Split(sheet, "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("on a terminal of %d: a line of %d: %q", width, n, line)
			}
		}
		if got := strings.Count(sheet, "9"); got != 210 {
			t.Fatalf("on a terminal of %d: %d digits are left of 210", width, got)
		}
	}
}

func TestWrapped(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"", ""},
		{"12345", "12345"},
		{"123456", "12345|6"},
		{"12345 6", "12345|6"},
		{"123 456", "123|456"},
		{"1 2 3 4 5", "1 2 3|4 5"},
		{"Жөңү ѓ", "Жөңү|ѓ"},
	} {
		if got := strings.Join(wrapped(tt.line, 5), "|"); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.line, got, tt.want)
		}
	}
}
