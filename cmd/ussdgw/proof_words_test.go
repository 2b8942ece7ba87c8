package main

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"ussdgw/ussd/menu"
)

// What the engine does with words is done once more here, as the reference of menus describes it:
// Latin letters, plural forms, conditions and the search of items.

// latinLetters says how letters of Kyrgyz and Russian are written in Latin.
var latinLetters = sync.OnceValue(func() map[rune]string {
	out := make(map[rune]string)
	for pair := range strings.FieldsSeq("а=a б=b в=v г=g д=d е=e ё=yo ж=zh з=z и=i й=y к=k л=l" +
		" м=m н=n ң=ng о=o ө=ö п=p р=r с=s т=t у=u ү=ü ф=f х=kh ц=ts ч=ch ш=sh щ=sch ъ= ы=y ь=" +
		" э=e ю=yu я=ya") {
		letter, word, _ := strings.Cut(pair, "=")
		c, _ := utf8.DecodeRuneInString(letter)
		out[c] = word
	}
	return out
})

// inLatinLetters writes a text of a language in Latin letters.
func inLatinLetters(text, lang string) string {
	table := latinLetters()
	all := []rune(text)
	upper := func(i int) bool { return i >= 0 && i < len(all) && unicode.IsUpper(all[i]) }
	letter := func(i int) bool { return i < len(all) && unicode.IsLetter(all[i]) }
	var b strings.Builder
	for i, c := range all {
		word, ok := table[unicode.ToLower(c)]
		own, kyrgyz := map[rune]string{'ж': "j", 'х': "h"}[unicode.ToLower(c)]
		if kyrgyz && lang == "ky" {
			word = own
		}
		switch {
		case !ok:
			word = string(c)
			if _, limit := room(word); limit == roomUTF16 {
				word = "?"
			}
		case !upper(i) || word == "":
		case letter(i+1) && upper(i+1), !letter(i+1) && upper(i-1):
			word = strings.ToUpper(word)
		default:
			first, n := utf8.DecodeRuneInString(word)
			word = string(unicode.ToUpper(first)) + word[n:]
		}
		b.WriteString(word)
	}
	return b.String()
}

// spell writes a text in Latin letters if the language does so.
func (w *shipped) spell(lang, text string) string {
	base, ok := w.written.latinOf[lang]
	if !ok {
		return text
	}
	key := base + text
	if _, known := w.spelled[key]; !known {
		w.spelled[key] = inLatinLetters(text, base)
	}
	return w.spelled[key]
}

// pluralForm is the form that a number takes, in the languages of the shipped menus. Only numbers
// with a fraction are `other` in Russian, and `other` is what stands for no number too.
func pluralForm(lang, value string) string {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return "other"
	case lang != "ru" && n == 1, lang == "ru" && n%10 == 1 && n%100 != 11:
		return "one"
	case lang != "ru":
		return "other"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return "few"
	}
	return "many"
}

// comparison is one part of a condition, of those that the shipped menus have.
var comparison = regexp.MustCompile(`^([a-z0-9_.]+) (==|!=|>=|<=|>|<) ("[^"]*"|[0-9]+)$`)

// holds tells whether a condition is true, one that compares values and joins that with `and`.
func (w *shipped) holds(pos menu.Position, when string) bool {
	for part := range strings.SplitSeq(when, " and ") {
		m := comparison.FindStringSubmatch(part)
		if m == nil {
			panic("ussdgw: this test does not know the condition " + when)
		}
		order, ok := w.compared(pos, m[1], m[3])
		if !ok {
			return false
		}
		is := map[string]bool{
			"==": order == 0, "!=": order != 0, ">=": order >= 0, "<=": order <= 0,
			">": order > 0, "<": order < 0,
		}
		if !is[m[2]] {
			return false
		}
	}
	return true
}

// compared compares a value of a dialogue with what is written. Not ok: the value is no number.
func (w *shipped) compared(pos menu.Position, name, written string) (order int, ok bool) {
	value := pos.Slots[name]
	if name == "lang" {
		value = pos.Lang
	}
	if text, err := strconv.Unquote(written); err == nil {
		return strings.Compare(value, text), true
	}
	n, err := strconv.Atoi(written)
	if err != nil {
		return 0, false
	}
	if slot, field, dotted := strings.Cut(name, "."); dotted {
		it, chosen := w.item(slot, pos.Slots)
		count, has := it.Counts[field]
		return count - n, chosen && has
	}
	got, err := strconv.Atoi(value)
	return got - n, err == nil
}

// How well a label answers a search.
const (
	answersPrefix = iota
	answersWord
	answersInside
	answersNot
)

// answers tells how well an item answers a search.
func answers(it menu.Item, typed string) int {
	best := answersNot
	for _, label := range it.Label {
		for _, fold := range []func(string) string{sameLetters, sameSound} {
			l, t := fold(label), fold(typed)
			switch {
			case t == "" || !strings.Contains(l, t):
			case strings.HasPrefix(l, t):
				best = min(best, answersPrefix)
			case strings.Contains(l, " "+t):
				best = min(best, answersWord)
			default:
				best = min(best, answersInside)
			}
		}
	}
	return best
}

// sameLetters writes a text with the letters of every keypad, its words with one blank between.
func sameLetters(text string) string {
	text = strings.NewReplacer("ё", "е", "ү", "у", "ө", "о", "ң", "н", "й", "и", "'", "").Replace(
		strings.ToLower(text))
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}), " ")
}

// sameSound writes a text in Latin letters as loosely as people do.
func sameSound(text string) string {
	text = strings.NewReplacer("ё", "e", "ж", "zh", "ң", "n", "х", "h", "щ", "sh").Replace(
		strings.ToLower(text))
	text = sameLetters(inLatinLetters(text, "ru"))
	text = strings.NewReplacer("ö", "o", "ü", "u", "j", "zh", "y", "i", "w", "v", "q", "k", "x",
		"ks").Replace(text)
	text = strings.NewReplacer("ch", "ch", "ce", "tse", "ci", "tsi", "ck", "k", "c", "k", "kh", "h",
		"shch", "sh").Replace(text)
	var b strings.Builder
	last := rune(0)
	for _, c := range text {
		if c != last || unicode.IsDigit(c) {
			b.WriteRune(c)
		}
		last = c
	}
	return b.String()
}

// What this file does is what people would expect of it.
func TestWordsOfTheProof(t *testing.T) {
	for _, tt := range []struct{ text, lang, want string }{
		{"Төлөм, Жөндөө", "ky", "Tölöm, Jöndöö"},
		{"Счет жж Хх", "ru", "Schet zhzh Khkh"},
		{"ЩЩ Щ яЩ", "ru", "SCHSCH Sch yaSch"},
		{"PINди", "ky", "PINdi"},
		{"№ подъезд", "ru", "? podezd"},
	} {
		if got := inLatinLetters(tt.text, tt.lang); got != tt.want {
			t.Errorf("%q in Latin letters is %q, want %q", tt.text, got, tt.want)
		}
	}
	for value, want := range map[string]string{
		"1": "one", "21": "one", "11": "many", "2": "few", "12": "many", "24": "few", "5": "many",
		"0": "many", "x": "other",
	} {
		if got := pluralForm("ru", value); got != want {
			t.Errorf("%s is %s in Russian, want %s", value, got, want)
		}
	}
	for _, tt := range []struct {
		label, typed string
		want         int
	}{
		{"Северэлектро", "sever", answersPrefix},
		{"Сев. Электро", "elek", answersWord},
		{"MegaCom", "ком", answersInside},
		{"Касса", "kasa", answersPrefix},
		{"O!", "ъ", answersNot},
	} {
		it := menu.Item{Label: map[string]string{"ru": tt.label}}
		if got := answers(it, tt.typed); got != tt.want {
			t.Errorf("%q answers %q as %d, want %d", tt.label, tt.typed, got, tt.want)
		}
	}
}
