package menu

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// A template is a text with placeholders, in one language.
type template struct {
	node  *source.Node
	parts []part
	forms *forms // instead of parts

	spelled bool // made from the text of another language
}

// A part is a literal text, or a placeholder when name is set.
type part struct {
	literal string
	name    string
	pos     source.Pos
}

// parseTemplate splits the text of n at its {placeholders}. "{{" and "}}" are literal braces.
func parseTemplate(n *source.Node, r *source.Report) *template {
	t := &template{node: n}
	// A block scalar ends in a newline that nobody wants on a screen.
	text := strings.TrimRight(n.Scalar(), "\n")
	var literal strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "{{"), strings.HasPrefix(text[i:], "}}"):
			literal.WriteByte(text[i])
			i += 2
		case text[i] == '}':
			r.Errorf(n.Inside(i), codeTemplate, "'}' closes no placeholder")
			r.Help("a brace that is to be seen is written twice: }}")
			i++
		case text[i] == '{':
			end := strings.IndexAny(text[i+1:], "{}\n")
			name := ""
			if end >= 0 && text[i+1+end] == '}' {
				name = text[i+1 : i+1+end]
			}
			if !isPlaceholder(name) {
				r.Errorf(n.Inside(i), codeTemplate, "'{' opens no placeholder such as {amount}")
				r.Help("a brace that is to be seen is written twice: {{")
				if i++; end >= 0 && text[i+end] == '}' {
					i += end + 1
				}
				continue
			}
			t.parts = append(t.parts, part{literal: literal.String()})
			literal.Reset()
			t.parts = append(t.parts, part{name: name, pos: n.Inside(i)})
			i += len(name) + 2
		default:
			literal.WriteByte(text[i])
			i++
		}
	}
	t.parts = append(t.parts, part{literal: literal.String()})
	return t
}

// expand puts values into the text. A value is data: braces in it mean nothing.
func (t *template) expand(value func(name string) string) string {
	if t.forms != nil {
		return t.forms.of(value(t.forms.by.name)).expand(value)
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.literal)
		} else {
			b.WriteString(value(p.name))
		}
	}
	return b.String()
}

// has reports whether the text shows the value name, in each of its plural forms.
func (t *template) has(name string) bool {
	for _, form := range t.all() {
		if !slices.ContainsFunc(form.parts, func(p part) bool { return p.name == name }) {
			return false
		}
	}
	return true
}

// holders returns the placeholders of the text, and the value that its plural forms go by.
func (t *template) holders() []part {
	if t.forms != nil {
		out := []part{t.forms.by}
		for _, form := range t.all() {
			out = append(out, form.holders()...)
		}
		return out
	}
	var out []part
	for _, p := range t.parts {
		if p.name != "" {
			out = append(out, p)
		}
	}
	return out
}

// texts is one text in every language of the program.
type texts map[string]*template

// isName reports whether s can name a state, a slot or a code.
func isName(s string) bool {
	const most = 40
	if s == "" || len(s) > most || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// isPlaceholder reports whether s is a name, or two names with a point between: provider.hint.
func isPlaceholder(s string) bool {
	item, value, found := strings.Cut(s, ".")
	return isName(item) && (!found || isName(value))
}

// MaxValueBytes is how many octets of a value a dialogue keeps. What is longer is cut.
const MaxValueBytes = 240

// cleanValue makes a value fit to be put into a text: one line of valid UTF-8 without characters
// that nobody sees and of bounded size.
func cleanValue(s string) string {
	if len(s) > MaxValueBytes {
		s = s[:MaxValueBytes]
	}
	s = strings.ToValidUTF8(s, "")
	return strings.Map(func(c rune) rune {
		if c == '\n' || source.Unseen(string(c)) == 0 {
			return -1
		}
		return c
	}, s)
}
