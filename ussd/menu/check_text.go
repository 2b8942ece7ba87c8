package menu

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
)

// spelling reports letters of another alphabet than their word.
func (l *loading) spelling(t *template) {
	text := t.wording()
	for _, s := range source.MixedScript(text) {
		l.r.Errorf(t.node.Inside(s.Offset), codeMixed, "%s %q in a %s word: %s", s.Script,
			string(s.Letter), s.Of, s.Word)
		l.instead(t.node, s.Offset, s.Letter, string(s.Instead), s.Instead != 0)
		if s.Instead != 0 {
			l.r.Help("write the %s %q, which looks the same", s.Of, string(s.Instead))
		} else {
			l.r.Help("a Latin name keeps its letters apart: with a blank, a hyphen or an apostrophe")
		}
	}
	for _, s := range source.LoneLatin(text) {
		l.r.Warnf(t.node.Inside(s.Offset), codeLone, "the %s letter %q stands alone in a %s text",
			s.Script, string(s.Letter), s.Of)
		l.r.Help("the %s word is written %q, which looks the same", s.Of, string(s.Instead))
	}
}

// instead attaches the correction of a character to the last finding, where there is one.
func (l *loading) instead(n *source.Node, offset int, c rune, text string, exact bool) {
	if exact {
		fix := n.Correction(offset, utf8.RuneLen(c), text)
		l.r.Fix(fix.Old, fix.New)
	}
}

// wording returns the text as it is written, with every placeholder hidden behind as many braces.
func (t *template) wording() string {
	b := []byte(t.node.Scalar())
	for i := 0; i < len(b); i++ {
		end := strings.IndexByte(string(b[i:]), '}')
		if b[i] != '{' || end < 0 || !isPlaceholder(string(b[i+1:i+end])) {
			continue
		}
		for range end + 1 {
			b[i] = '{'
			i++
		}
		i--
	}
	return string(b)
}

// mostOdd is how many characters outside the GSM alphabet a text may have to be taken for one that
// is meant to be within it.
const mostOdd = 4

// leastLatin is how many Latin letters a text has at least in which a letter of another alphabet
// is odd: "К:" is no Latin text.
const leastLatin = 3

// odd returns the offsets of the characters that take a text out of the GSM alphabet, if it is
// meant to be within it: they are few, and no words of another alphabet.
func odd(text string) (offsets []int, meant bool) {
	letters := 0 // in a row that are no Latin ones
	latin, foreign := 0, false
	for i, c := range text {
		if charset.Choose(string(c)) == charset.GSM7 {
			letters = 0
			if unicode.Is(unicode.Latin, c) {
				latin++
			}
			continue
		}
		if unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) {
			letters++
			foreign = true
		}
		offsets = append(offsets, i)
		if letters > 1 || len(offsets) > mostOdd {
			return nil, false
		}
	}
	return offsets, !foreign || latin >= leastLatin
}

// alphabets warns of the few characters that alone make a screen or a message UCS-2.
func (c *checking) alphabets() {
	seen := make(map[source.Pos]bool)
	for _, name := range c.p.order {
		s := c.p.states[name]
		if !s.screen() {
			continue
		}
		headings := []texts{s.text}
		for _, code := range sortedKeys(s.noticeWidths) {
			headings = append(headings, c.p.errorText(s, code))
		}
		rows := s.rows()
		var nav []texts
		if s.kind != kindEnd && !s.inline {
			nav = []texts{c.p.nav["back"]}
		}
		for _, lang := range c.p.languages {
			for _, t := range headings {
				c.alphabet(t[lang], lang, seen, rows, nav)
			}
			for _, t := range rows {
				c.alphabet(t[lang], lang, seen, rows, nav, []texts{s.text})
			}
		}
	}
	for _, kind := range sortedKeys(c.p.sms) {
		for _, lang := range c.p.languages {
			c.alphabet(c.p.sms[kind].texts[lang], lang, seen)
		}
	}
	for _, name := range sortedKeys(c.p.nav) {
		for _, lang := range c.p.languages {
			c.alphabet(c.p.nav[name][lang], lang, seen)
		}
	}
}

// alphabet warns of the odd characters of a text, unless a text that it is shown with is in
// another alphabet anyway.
func (c *checking) alphabet(
	t *template, lang string, seen map[source.Pos]bool, beside ...[]texts,
) {
	if t == nil || t.spelled {
		return
	}
	if t.forms != nil {
		for _, form := range t.all() {
			c.alphabet(form, lang, seen, beside...)
		}
		return
	}
	text := t.wording()
	offsets, meant := odd(text)
	if !meant || len(offsets) == 0 {
		return
	}
	for _, all := range beside {
		for _, other := range all {
			if other[lang] == nil || other[lang] == t {
				continue
			}
			if _, meant := odd(other[lang].all()[0].wording()); !meant {
				return
			}
		}
	}
	if len(source.MixedScript(text)) > 0 {
		return // that comes first
	}
	for _, at := range offsets {
		pos := t.node.Inside(at)
		if seen[pos] {
			continue
		}
		seen[pos] = true
		letter := []rune(text[at:])[0]
		c.r.Warnf(pos, codeAlphabet, "%q is outside the GSM alphabet: with it the text has room for"+
			" %d characters instead of %d", string(letter), c.p.limits.ucs2, c.p.limits.gsm7)
		write, exact := plainly(letter)
		c.instead(t.node, at, letter, write, exact)
		switch {
		case write == "":
			c.r.Help("leave it out, or say it in another way")
		case write == " ":
			c.r.Help("write a plain blank instead")
		case source.LatinLike(letter) != 0:
			c.r.Help("write the Latin %s instead, which looks the same", write)
		default:
			c.r.Help("write %s instead", write)
		}
	}
}

// plainly returns what to write instead of a character outside the GSM alphabet, "" where nothing
// comes near, and whether it means exactly the same.
func plainly(c rune) (text string, exact bool) {
	switch c {
	case '’', '‘', 'ʼ', '′', '`', '´':
		return "'", true
	case '“', '”', '„', '«', '»', '″':
		return `"`, true
	case '–', '—', '‑', '−', '‐':
		return "-", true
	case '…':
		return "...", true
	case '\u00a0', '\u202f', '\u2009':
		return " ", true
	case '№':
		return "No.", false
	case '×':
		return "x", false
	case '•', '·':
		return "-", false
	}
	if like := source.LatinLike(c); like != 0 {
		return string(like), true
	}
	return "", false
}

// likeTexts warns of two options of a state that read the same.
func (c *checking) likeTexts() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		reported := make(map[string]bool)
		for _, lang := range c.p.languages {
			first := make(map[string]string)
			for _, o := range s.options {
				t := o.text[lang]
				if t == nil || t.spelled || o.when != nil {
					continue // an option with a condition may stand in for another
				}
				text := strings.ToLower(strings.Join(strings.Fields(t.node.Scalar()), " "))
				if key, twice := first[text]; twice && key != o.key && !reported[o.key] {
					reported[o.key] = true
					c.r.Warnf(t.node.Place(), codeLikeText, "the options %s and %s read the same in %q",
						key, o.key, lang)
				}
				first[text] = o.key
			}
		}
	}
}

// exempted warns of navigation keys that a slot keeps for itself and never accepts.
func (c *checking) exempted(sl *slot) {
	for _, key := range sl.exempt {
		code := ""
		if sl.secret() {
			code = sl.checkSecret([]byte(key))
		} else {
			_, code = sl.check(key, Rule{}, nil)
		}
		if code != "" && c.p.keys.has(key) && !c.used["exempt "+sl.name+key] {
			c.used["exempt "+sl.name+key] = true
			c.r.Warnf(sl.pos, codeExempt, "the slot %q exempts the key %q and never accepts it, so the"+
				" key is lost for nothing", sl.name, key)
		}
	}
}
