package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// idPattern is what identifiers look like. It is never changed after it was compiled.
var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// object is Node.Object for a map that must have all of the known keys.
func (l *loader) object(n *source.Node, what string, known ...string) map[string]*source.Node {
	return l.optional(n, what, nil, known...)
}

// optional is object with keys that may be left out.
func (l *loader) optional(
	n *source.Node, what string, may []string, must ...string,
) map[string]*source.Node {
	object := n.Object(l.r, what, slices.Concat(must, may)...)
	if !n.Is(source.Map) {
		return object
	}
	for _, key := range must {
		switch value := object[key]; {
		case value == nil:
			l.r.Errorf(n.Place(), CodeMissing, "%s must have %q", what, key)
		case value.Is(source.Null), value.Is(source.Scalar) && value.Scalar() == "":
			l.r.Errorf(value.Place(), CodeMissing, "%q of %s is empty", key, what)
			delete(object, key)
		}
	}
	return object
}

// id checks an identifier.
func (l *loader) id(id string, at source.Pos, what string) bool {
	if !idPattern.MatchString(id) {
		l.r.Errorf(at, CodeID, "%q cannot be the ID of %s: use a-z, 0-9 and _", id, what)
		return false
	}
	return true
}

// uniqueID reads an identifier that nothing in taken has, and keeps its place there.
func (l *loader) uniqueID(n *source.Node, what string, taken map[string]source.Pos) string {
	if n == nil {
		return ""
	}
	id := n.Scalar()
	if !l.id(id, n.Place(), what) {
		return id
	}
	if at, ok := taken[id]; ok {
		l.r.Errorf(n.Place(), CodeID, "the ID %q of %s is taken at %s", id, what, at)
		return id
	}
	taken[id] = n.Place()
	return id
}

// text reads a text: one string for all languages, or a map with each of them.
func (l *loader) text(n *source.Node, what string, most int) map[string]string {
	if n == nil {
		return nil
	}
	texts := make(map[string]string, len(l.langs))
	if n.Is(source.Scalar) {
		l.fits(n, what, most)
		for _, lang := range l.langs {
			texts[lang] = n.Scalar()
		}
		return texts
	}
	object := n.Object(l.r, what, l.langs...)
	var missing []string
	for _, lang := range l.langs {
		value := object[lang]
		if value == nil || strings.TrimSpace(value.Scalar()) == "" {
			missing = append(missing, lang)
			continue
		}
		l.fits(value, what, most)
		texts[lang] = value.Scalar()
	}
	if len(missing) > 0 && n.Is(source.Map) {
		l.r.Errorf(n.Place(), CodeLanguage, "%s is missing in: %s", what, strings.Join(missing, ", "))
	}
	return texts
}

// fits refuses a text that is longer than most characters, and what no screen shows as it is
// written: characters that nobody sees, nothing but blanks, line ends, the braces that mark places
// to fill in, and letters of two alphabets in one word.
func (l *loader) fits(n *source.Node, what string, most int) {
	text := n.Scalar()
	if length := utf8.RuneCountInString(text); length > most {
		l.r.Errorf(n.Place(), CodeTooLong, "%s has %d characters, at most %d fit", what, length, most)
	}
	if at := source.Unseen(text); at >= 0 {
		c, _ := utf8.DecodeRuneInString(text[at:])
		l.r.Errorf(n.Inside(at), CodeUnseen, "%s has the character %U that nobody sees", what, c)
		l.r.Fix(n.Spelled(at, utf8.RuneLen(c)), "")
	}
	if at := strings.IndexAny(text, "\n{}"); at >= 0 {
		l.r.Errorf(n.Inside(at), CodeUnseen, "%s has a character that no screen can show", what)
	}
	if source.Blank(text) {
		l.r.Errorf(n.Place(), CodeUnseen, "there is nothing in %s that can be seen", what)
	}
	for _, s := range source.MixedScript(text) {
		l.r.Errorf(n.Inside(s.Offset), CodeMixed, "%s has the %s %q in a %s word: %s", what, s.Script,
			string(s.Letter), s.Of, s.Word)
		if s.Instead == 0 {
			continue
		}
		l.r.Help("write the %s %q, which looks the same", s.Of, string(s.Instead))
		fix := n.Correction(s.Offset, utf8.RuneLen(s.Letter), string(s.Instead))
		l.r.Fix(fix.Old, fix.New)
	}
}

// amount reads an amount and reports whether it is one; code is what a wrong one is called.
func (l *loader) amount(n *source.Node, code string) (money.Amount, bool) {
	if n == nil {
		return 0, false
	}
	a, err := money.Parse(n.Scalar())
	if err != nil {
		l.r.Errorf(n.Place(), code, "%q is not an amount such as 100 or 100.50", n.Scalar())
		return 0, false
	}
	return a, true
}

// yes reads yes or no. Nothing is no.
func (l *loader) yes(n *source.Node) bool {
	switch {
	case n == nil, n.Scalar() == "no":
		return false
	case n.Scalar() == "yes":
		return true
	}
	l.r.Errorf(n.Place(), CodeYesNo, "%q is neither yes nor no", n.Scalar())
	return false
}
