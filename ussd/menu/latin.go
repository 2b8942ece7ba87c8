package menu

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/unicode/norm"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
)

// maxLatin is how many septets one UTF-16 unit becomes at most when it is written in Latin.
const maxLatin = 3

// inLatin returns how a small letter of the Cyrillic alphabets of Central Asia and of their
// neighbours is written in Latin, with letters that the GSM alphabet has. It is false for others.
// latinLetter is another table because that one is compared and never shown: it makes the same of
// letters that people type in different ways.
func inLatin(c rune) (string, bool) {
	const cyrillic = "абвгдежзийклмнопрстуфхцчшщъыьэюяёөүңқғұһәўҳҷӣӯіїєґ"
	latin := [...]string{
		"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s",
		"t", "u", "f", "kh", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya", "yo", "ö", "ü",
		"ng", "q", "gh", "u", "h", "a", "o", "h", "j", "i", "u", "i", "yi", "ye", "g",
	}
	i := strings.IndexRune(cyrillic, c)
	if i < 0 {
		return "", false
	}
	return latin[i/len("а")], true // each letter of cyrillic has two octets
}

// sign returns how a sign that is not in the GSM alphabet is written in it, or "".
func sign(c rune) string {
	switch c {
	case '«', '»', '“', '”', '„', '″':
		return `"`
	case '’', '‘', '‚', '`', '´', 'ʼ', '′':
		return "'"
	case '–', '—', '‐', '‑', '−', '―':
		return "-"
	case '…':
		return "..."
	case '№':
		return "No"
	case '×':
		return "x"
	case '•', '·', '∙':
		return "*"
	case '\u00a0', '\u2007', '\u2009', '\u202f', '\t':
		return " "
	}
	return ""
}

// latin writes a text of a language in the GSM alphabet. What is within it already stays as it is;
// what it has nothing for becomes '?'. A text never becomes empty.
func latin(text, lang string) string {
	if charset.Choose(text) == charset.GSM7 {
		return text
	}
	runes := []rune(text)
	var b strings.Builder
	for i, c := range runes {
		switch word, ok := inLatin(unicode.ToLower(c)); {
		case ok:
			if lang == "ky" {
				word = kyrgyz(unicode.ToLower(c), word)
			}
			b.WriteString(cased(word, runes, i))
		case charset.Choose(string(c)) == charset.GSM7:
			b.WriteRune(c)
		default:
			b.WriteString(other(c))
		}
	}
	if b.Len() == 0 && text != "" {
		return "?"
	}
	return b.String()
}

// kyrgyz is how Kyrgyz writes letters that it says otherwise than Russian.
func kyrgyz(c rune, word string) string {
	switch c {
	case 'ж':
		return "j"
	case 'х':
		return "h"
	}
	return word
}

// cased gives a word that stands for the letter at i the case of that letter: all of it within
// capitals, its first letter elsewhere.
func cased(word string, runes []rune, i int) string {
	if word == "" || !unicode.IsUpper(runes[i]) {
		return word
	}
	capitals := i > 0 && unicode.IsUpper(runes[i-1])
	if i+1 < len(runes) && unicode.IsLetter(runes[i+1]) {
		capitals = unicode.IsUpper(runes[i+1])
	}
	if capitals {
		return strings.ToUpper(word)
	}
	first := []rune(word)
	first[0] = unicode.ToUpper(first[0])
	return string(first)
}

// other writes a character that is no letter of the table: a sign, or a letter without its mark.
func other(c rune) string {
	if s := sign(c); s != "" {
		return s
	}
	plain, _ := utf8.DecodeRuneInString(norm.NFKD.String(string(c)))
	if charset.Choose(string(plain)) == charset.GSM7 {
		return string(plain)
	}
	return "?"
}

// latin returns the text in Latin letters, its values and plural forms left where they are.
func (t *template) latin(lang string) *template {
	if t == nil {
		return nil
	}
	out := &template{node: t.node, spelled: true}
	for _, p := range t.parts {
		p.literal = latin(p.literal, lang)
		out.parts = append(out.parts, p)
	}
	if t.forms != nil {
		f := *t.forms
		f.form = make(map[plural.Form]*template, len(f.form))
		for form, text := range t.forms.form {
			f.form[form] = text.latin(lang)
		}
		out.forms = &f
	}
	return out
}

// latin returns how wide a value can be that is w wide as it is written.
func (w width) latin() width {
	septets := w.septets
	if w.ucs2 {
		septets = max(septets, maxLatin*w.units)
	}
	sample := strings.Repeat("W", septets)
	if !w.ucs2 {
		sample = w.gsmSample
	}
	return width{septets: septets, units: septets, gsmSample: sample, ucsSample: sample}
}

// base returns the language that a transliterated one is made from, and any other as it is.
func (p *Program) base(lang string) string {
	if base, ok := p.latinOf[lang]; ok {
		return base
	}
	return lang
}

// spell writes a value as the language wants it: in Latin letters if it is transliterated.
func (p *Program) spell(lang, value string) string {
	if base, ok := p.latinOf[lang]; ok {
		return latin(value, base)
	}
	return value
}

// pick returns the text of an item in a language. One that is transliterated may have its own.
func (p *Program) pick(byLang map[string]string, lang string) string {
	text, ok := byLang[lang]
	if !ok {
		text = byLang[p.base(lang)]
	}
	return p.spell(lang, text)
}

// everywhere returns w in all languages, for a value that is the same in each.
func (c *checking) everywhere(w width) widths {
	out := same(w, c.langs())
	for i, lang := range c.p.languages {
		if c.p.base(lang) != lang {
			out[i] = w.latin()
		}
	}
	return out
}

// transliterations reads the languages that are made from others. They come after those.
func (l *loading) transliterations(n *source.Node) {
	if !n.Is(source.Map) {
		l.r.Errorf(n.Place(), codeLatin, "transliterations must be a map such as {ru-latn: ru}")
		return
	}
	written := slices.Clone(l.p.languages)
	for _, f := range n.Fields() {
		switch base := f.Value.Scalar(); {
		case !isLanguage(f.Key):
			l.r.Errorf(f.KeyPos, codeLatin, "%q is no language code", f.Key)
		case slices.Contains(written, f.Key):
			l.r.Errorf(f.KeyPos, codeLatin, "the language %q is written already", f.Key)
		case !slices.Contains(written, base):
			l.r.Errorf(f.Value.Place(), codeLatin, "%q is none of the languages", base)
			l.r.DidYouMean(base, written)
		case !strings.HasPrefix(f.Key, base+"-"):
			l.r.Errorf(f.KeyPos, codeLatin, "the code of %q in Latin letters begins with \"%s-\"", base,
				base)
			l.r.Help("by that it is known where there are no texts of its own: %s-latn", base)
		default:
			l.p.latinOf[f.Key] = base
			l.p.languages = append(l.p.languages, f.Key)
		}
	}
	if len(l.p.languages) > MaxLanguages {
		l.r.Errorf(n.Place(), codeLatin, "at most %d languages, transliterations among them",
			MaxLanguages)
	}
}

// spelled fills the transliterated languages of a text that does not have its own there.
func (l *loading) spelled(t texts) texts {
	for lang, base := range l.p.latinOf {
		if text, own := t[lang]; own {
			l.inGSM(text, lang)
			continue
		}
		if text := t[base].latin(base); text != nil {
			t[lang] = text
		}
	}
	return t
}

// inGSM reports a text written for a transliterated language that is not in the GSM alphabet.
func (l *loading) inGSM(t *template, lang string) {
	for _, form := range t.all() {
		for _, p := range form.parts {
			if letter, bad := firstUCS2(p.literal); bad {
				l.r.Errorf(form.node.Place(), codeLatin,
					"the text in %q has %q, which is not in the GSM alphabet", lang, letter)
				l.r.Help("without the text, that of %q is written in Latin letters", l.p.base(lang))
				return
			}
		}
	}
}

// firstUCS2 returns the first character of a text that is not in the GSM alphabet.
func firstUCS2(text string) (string, bool) {
	for _, c := range text {
		if charset.Choose(string(c)) != charset.GSM7 {
			return string(c), true
		}
	}
	return "", false
}
