package transcript

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Pattern is a text with names in it: {name} stands for a value, {name:/re/} matches an
// expression and keeps what it matched. In a quoted text * is any text, line ends included.
// The zero Pattern is the empty text.
type Pattern struct {
	source string
	parts  []part
}

// A part is a literal, a name, a capture, or any text; exactly one.
type part struct {
	literal string
	name    string
	re      string // with name: a capture
	any     bool
}

// String is the pattern as it is written in the file. It holds no secret.
func (p Pattern) String() string { return p.source }

// Expand puts the values of names in. It fails for a name that has none.
func (p Pattern) Expand(vars map[string]string) (string, error) {
	var b strings.Builder
	for _, part := range p.parts {
		if part.name == "" {
			b.WriteString(part.literal)
			continue
		}
		value, ok := vars[part.name]
		if !ok {
			return "", fmt.Errorf("transcript: %s: {%s} has no value", p.source, part.name)
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// Match reports whether got is the whole of the pattern. If so, what was captured is put into
// vars. A name without a value matches nothing.
func (p Pattern) Match(got string, vars map[string]string) bool {
	for _, part := range p.parts {
		if _, ok := vars[part.name]; part.name != "" && part.re == "" && !ok {
			return false
		}
	}
	// The parser has compiled it with other values, so it compiles.
	re := regexp.MustCompile(p.expression(vars))
	found := re.FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, part := range p.parts {
		if part.re != "" {
			vars[part.name] = found[re.SubexpIndex(group(i))]
		}
	}
	return true
}

// expression is the pattern as a regular expression, with the values of names put in.
func (p Pattern) expression(vars map[string]string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i, part := range p.parts {
		switch {
		case part.any:
			b.WriteString(`.*`)
		case part.re != "":
			fmt.Fprintf(&b, `(?P<%s>%s)`, group(i), part.re)
		case part.name != "":
			b.WriteString(regexp.QuoteMeta(vars[part.name]))
		default:
			b.WriteString(regexp.QuoteMeta(part.literal))
		}
	}
	b.WriteString(`\z`)
	return b.String()
}

// group names what part i captures.
func group(i int) string { return fmt.Sprintf("part%d", i) }

// The two places a pattern stands in differ in what it may hold.
type patternKind struct {
	captures bool // {name:/re/}
	globs    bool // * is any text
}

var errBrace = errors.New("'{' begins a name: write {name}, or {name:/expression/} to match a " +
	"part and keep it; for a brace itself {brace:/[{]/}")

// parsePattern reads source. It says which names it uses and which it captures.
func parsePattern(source string, kind patternKind) (p Pattern, uses, captures []string, err error) {
	p.source = source
	rest := source
	for rest != "" {
		at := strings.IndexAny(rest, "{*")
		if at < 0 {
			p.literal(rest)
			break
		}
		p.literal(rest[:at])
		rest = rest[at:]
		if rest[0] == '*' {
			if kind.globs {
				p.parts = append(p.parts, part{any: true})
			} else {
				p.literal("*")
			}
			rest = rest[1:]
			continue
		}
		named, length, err := parseName(rest)
		if err != nil {
			return Pattern{}, nil, nil, err
		}
		rest = rest[length:]
		p.parts = append(p.parts, named)
		switch {
		case named.re == "":
			uses = append(uses, named.name)
		case !kind.captures:
			return Pattern{}, nil, nil, fmt.Errorf("{%s:/…/} captures, and there is nothing to "+
				"capture in what is typed: write {%s}", named.name, named.name)
		default:
			captures = append(captures, named.name)
		}
	}
	if _, err := regexp.Compile(p.expression(nil)); err != nil {
		return Pattern{}, nil, nil, fmt.Errorf("the expressions of the line do not go together: %w",
			err)
	}
	return p, uses, captures, nil
}

// literal adds plain text, joined with plain text before it.
func (p *Pattern) literal(text string) {
	if text == "" {
		return
	}
	if n := len(p.parts); n > 0 && p.parts[n-1].literal != "" {
		p.parts[n-1].literal += text
		return
	}
	p.parts = append(p.parts, part{literal: text})
}

// parseName reads {name} or {name:/re/} at the front of s and returns how long it is.
func parseName(s string) (part, int, error) {
	body := s[1:]
	end := strings.IndexAny(body, ":}")
	if end < 0 || !isName(body[:end]) {
		return part{}, 0, errBrace
	}
	name := body[:end]
	if body[end] == '}' {
		return part{name: name}, len("{") + len(name) + len("}"), nil
	}
	expression, opened := strings.CutPrefix(body[end+1:], "/")
	re, _, closed := strings.Cut(expression, "/}")
	if !opened || !closed || re == "" {
		return part{}, 0, fmt.Errorf("{%s:… is not complete: write {%s:/expression/}", name, name)
	}
	if _, err := regexp.Compile(re); err != nil {
		return part{}, 0, fmt.Errorf("{%s:/%s/}: %w", name, re, err)
	}
	length := len("{") + len(name) + len(":/") + len(re) + len("/}")
	return part{name: name, re: re}, length, nil
}

// isName accepts small letters, digits, underscores and dots, from a letter on.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_.", r)) {
			return false
		}
	}
	return s != ""
}

// Redact puts {name} in the place of every secret of vars that stands in text as a number of its
// own, so that a report shows none.
func Redact(text string, vars map[string]string) string {
	for _, name := range Secrets() {
		if vars[name] != "" {
			text = redact(text, vars[name], "{"+name+"}")
		}
	}
	return text
}

func redact(text, secret, name string) string {
	var b strings.Builder
	from := 0
	for at := 0; at+len(secret) <= len(text); at++ {
		end := at + len(secret)
		if text[at:end] != secret || isDigit(text, at-1) || isDigit(text, end) {
			continue
		}
		b.WriteString(text[from:at])
		b.WriteString(name)
		from, at = end, end-1
	}
	b.WriteString(text[from:])
	return b.String()
}

func isDigit(s string, at int) bool {
	return at >= 0 && at < len(s) && s[at] >= '0' && s[at] <= '9'
}

// known reports whether name is a secret.
func known(name string) bool { return slices.Contains(Secrets(), name) }
