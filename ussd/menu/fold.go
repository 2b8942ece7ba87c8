package menu

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// spellings returns a text as searches compare it, in two ways: letter by letter, and in Latin
// letters, so that "мегаком" finds MegaCom and "bishkek" finds Бишкек. Words have one blank
// between them. Either may be "".
func spellings(s string) (plain, latin string) {
	plain = fold(s, plainLetter)
	latin = squeeze(digraphs().Replace(fold(s, latinLetter)))
	if utf8.RuneCountInString(latin) < 2 {
		latin = "" // "zzz" is no search for every z
	}
	return plain, latin
}

// fold maps every letter, makes every run of anything but letters and digits one blank, and drops
// what stands within a word without a sound: apostrophes and combining marks.
func fold(s string, letter func(rune) string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(s) {
		switch {
		case strings.ContainsRune("'’ʼ`", c) || unicode.Is(unicode.M, c):
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteString(letter(c))
		default:
			gap = true
		}
	}
	return b.String()
}

// plainLetter joins the letters that a keypad without Kyrgyz ones is typed with.
func plainLetter(c rune) string {
	switch c {
	case 'ё':
		return "е"
	case 'ү':
		return "у"
	case 'ө':
		return "о"
	case 'ң':
		return "н"
	case 'й':
		return "и" // й may be written as two characters, of which fold drops one
	}
	return string(c)
}

// latinLetter writes a letter as most people do who type Kyrgyz or Russian on a Latin keypad. What
// is written in several ways gets one: j and zh, y and i, w and v. inLatin is another table because
// that one is read: it tells letters apart that a search has to take for the same.
func latinLetter(c rune) string {
	const cyrillic = "абвгдежзийклмнопрстуфхцчшщъыьэюяёөүң"
	latin := [...]string{
		"a", "b", "v", "g", "d", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s",
		"t", "u", "f", "h", "ts", "ch", "sh", "sh", "", "i", "", "e", "iu", "ia", "e", "o", "u",
		"n",
	}
	if i := strings.IndexRune(cyrillic, c); i >= 0 {
		return latin[i/len("а")]
	}
	switch c {
	case 'j':
		return "zh"
	case 'y':
		return "i"
	case 'w':
		return "v"
	case 'q':
		return "k"
	case 'x':
		return "ks"
	}
	return string(c)
}

// digraphs joins what two Latin letters stand for. A c that stays is a k.
func digraphs() *strings.Replacer {
	return strings.NewReplacer(
		"ch", "ch", "ce", "tse", "ci", "tsi", "ck", "k", "c", "k", "kh", "h", "shch", "sh")
}

// squeeze leaves one of equal letters in a row: "Касса" is found by "kasa".
func squeeze(s string) string {
	var b strings.Builder
	last := rune(-1)
	for _, c := range s {
		if c != last || unicode.IsDigit(c) {
			b.WriteRune(c)
		}
		last = c
	}
	return b.String()
}
