package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Stray is a letter of another alphabet than the word that it stands in. Readers do not see it,
// but searches do not find the word, and a single Cyrillic letter more than halves the room of a
// screen in Latin letters.
type Stray struct {
	Offset  int    // of the letter in the text, in octets
	Letter  rune   // as it is written
	Script  string // its alphabet: Latin, Cyrillic or Greek
	Of      string // the alphabet of the word
	Word    string // as it is written
	Instead rune   // the letter of that alphabet which looks the same, or 0
}

// MixedScript returns the letters of a text that stand in a word of another alphabet, such as a
// Latin c in a Cyrillic word. A Latin word with a Cyrillic ending is right as it is (PINди, SMSте,
// MegaComго) as long as both parts have a letter that the other alphabet does not have; so nothing
// is said of it.
func MixedScript(text string) []Stray {
	var out []Stray
	for _, w := range words(text) {
		if !w.mixed() || w.hasEnding() {
			continue
		}
		of := w.script(text)
		for i, c := range w.text {
			if s := scriptOf(c); s != of {
				out = append(out, Stray{
					Offset: w.offset + i, Letter: c, Script: s, Of: of, Word: w.text,
					Instead: lookalike(c, of),
				})
			}
		}
	}
	return out
}

// LoneLatin returns the small Latin letters that stand alone in a Cyrillic text and look like one
// of its words, such as the c in "c 9 до 18".
func LoneLatin(text string) []Stray {
	latin, cyrillic := 0, 0
	for _, c := range text {
		switch scriptOf(c) {
		case scriptLatin:
			latin++
		case scriptCyrillic:
			cyrillic++
		}
	}
	var out []Stray
	for _, w := range words(text) {
		letter := []rune(w.text)
		if cyrillic <= latin || len(letter) != 1 || !strings.ContainsRune("aceopxy", letter[0]) ||
			!w.alone(text) || (letter[0] == 'x' && w.times(text)) {
			continue
		}
		out = append(out, Stray{
			Offset: w.offset, Letter: letter[0], Script: scriptLatin, Of: scriptCyrillic,
			Word: w.text, Instead: lookalike(letter[0], scriptCyrillic),
		})
	}
	return out
}

// LatinLike returns the Latin letter that looks exactly as a Cyrillic or Greek one does, or 0.
func LatinLike(c rune) rune { return lookalike(c, scriptLatin) }

// The alphabets that have letters of the same shape.
const (
	scriptLatin    = "Latin"
	scriptCyrillic = "Cyrillic"
	scriptGreek    = "Greek"
)

// scriptOf returns the alphabet of a letter, and "" for what is no letter or of another alphabet.
func scriptOf(c rune) string {
	switch {
	case !unicode.IsLetter(c):
	case unicode.Is(unicode.Latin, c):
		return scriptLatin
	case unicode.Is(unicode.Cyrillic, c):
		return scriptCyrillic
	case unicode.Is(unicode.Greek, c):
		return scriptGreek
	}
	return ""
}

// lookalike returns the letter of an alphabet that looks exactly as c does, or 0.
func lookalike(c rune, script string) rune {
	// Latin Y is left out: it may be У or Ү.
	const latin, cyrillic = "ABCEHKMOPTXaceopxyijsëËƟɵ", "АВСЕНКМОРТХасеорхуіјѕёЁӨө"
	const greek, greekAs = "ΑΒΕΗΚΜΟΡΤΧο", "ABEHKMOPTXo"
	if at := runeIndex(greek, c); at >= 0 {
		c = []rune(greekAs)[at]
		if script == scriptLatin {
			return c
		}
	}
	from, to := latin, cyrillic
	if script == scriptLatin {
		from, to = cyrillic, latin
	}
	at := runeIndex(from, c)
	if at < 0 || scriptOf([]rune(to)[at]) != script {
		return 0
	}
	return []rune(to)[at]
}

// runeIndex counts characters, not octets.
func runeIndex(s string, c rune) int {
	for i, r := range []rune(s) {
		if r == c {
			return i
		}
	}
	return -1
}

// resembles reports whether a letter could be taken for one of the other alphabet, as far as
// Kyrgyz, Russian and English go.
func resembles(c rune) bool {
	switch scriptOf(c) {
	case scriptLatin:
		return c == 'Y' || !strings.ContainsRune("ijs", c) && lookalike(c, scriptCyrillic) != 0
	case scriptCyrillic:
		return strings.ContainsRune("УүҮ", c) || lookalike(c, scriptLatin) != 0
	}
	return true
}

// A word is a run of letters of the alphabets above.
type word struct {
	offset int // in octets
	text   string
}

func words(text string) []word {
	var out []word
	start := -1
	for i, c := range text {
		if scriptOf(c) != "" {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			out = append(out, word{start, text[start:i]})
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, word{start, text[start:]})
	}
	return out
}

func (w word) mixed() bool {
	first := ""
	for _, c := range w.text {
		s := scriptOf(c)
		if first == "" {
			first = s
		}
		if s != first {
			return true
		}
	}
	return false
}

// hasEnding reports whether the word is a Latin one, or an acronym, with a Cyrillic ending.
func (w word) hasEnding() bool {
	at := strings.IndexFunc(w.text, func(c rune) bool { return scriptOf(c) != scriptLatin })
	head, ending := w.text[:at], w.text[at:]
	if len([]rune(head)) < 2 || strings.ContainsFunc(ending, func(c rune) bool {
		return scriptOf(c) != scriptCyrillic
	}) {
		return false
	}
	own := func(c rune) bool { return !resembles(c) }
	if !strings.ContainsFunc(head, own) {
		return false
	}
	acronym := !strings.ContainsFunc(head, unicode.IsLower) &&
		!strings.ContainsFunc(ending, unicode.IsUpper)
	return acronym || strings.ContainsFunc(ending, own)
}

// script returns the alphabet that a mixed word is meant to be in: the only one that has letters
// which no other has, else that of most of its letters, else that of most letters of the text.
func (w word) script(text string) string {
	most := func(s string, counts func(rune) bool) string {
		n := make(map[string]int)
		for _, c := range s {
			if counts(c) {
				n[scriptOf(c)]++
			}
		}
		switch latin, cyrillic := n[scriptLatin], n[scriptCyrillic]; {
		case cyrillic > latin:
			return scriptCyrillic
		case latin > cyrillic:
			return scriptLatin
		}
		return ""
	}
	own := make(map[string]bool)
	for _, c := range w.text {
		if !resembles(c) {
			own[scriptOf(c)] = true
		}
	}
	if len(own) == 1 {
		return most(w.text, func(c rune) bool { return !resembles(c) })
	}
	letter := func(c rune) bool { return scriptOf(c) != "" }
	for _, s := range []string{w.text, text} {
		if script := most(s, letter); script != "" {
			return script
		}
	}
	return scriptCyrillic
}

// alone reports whether nothing joins the word to what stands beside it, as in e-mail or 5.a.
func (w word) alone(text string) bool {
	const joins = "-'’.@_/&+"
	before, _ := utf8.DecodeLastRuneInString(text[:w.offset])
	after := text[w.offset+len(w.text):]
	next, size := utf8.DecodeRuneInString(after)
	if next == '.' { // the end of a sentence, unless more comes right after it
		next, _ = utf8.DecodeRuneInString(after[size:])
		return !strings.ContainsRune(joins, before) && !unicode.In(next, unicode.L, unicode.N)
	}
	return !strings.ContainsRune(joins, before) && !strings.ContainsRune(joins, next) &&
		!unicode.IsDigit(next)
}

// times reports whether the word stands between numbers: 2 x 50.
func (w word) times(text string) bool {
	before := strings.TrimRight(text[:w.offset], " ")
	after := strings.TrimLeft(text[w.offset+len(w.text):], " ")
	number := func(c byte) bool { return c == '{' || c == '}' || ('0' <= c && c <= '9') }
	return (before != "" && number(before[len(before)-1])) || (after != "" && number(after[0]))
}

// Correction puts another text in place of the length octets of a scalar's text from offset on,
// written as the quotes around it need it. It is the zero Fix where the file would not say just
// that: where the place is not known, and without quotes where the text is no letter and might be
// a sign.
func (n *Node) Correction(offset, length int, text string) Fix {
	old := n.Spelled(offset, length)
	if old == "" {
		return Fix{}
	}
	switch n.style {
	case doubleQuoted:
		text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	case singleQuoted:
		text = strings.ReplaceAll(text, "'", "''")
	case plain:
		sign := strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) })
		within := offset > 0 && text == "'" && n.text[offset-1] != ' '
		if sign && !within {
			return Fix{}
		}
	}
	return Fix{Old: old, New: text}
}
