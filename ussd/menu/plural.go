package menu

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"ussdgw/menus/source"
)

// byKey names, in the map of a text with plural forms, the value that the form goes by.
const byKey = "by"

// everyForm is the form that every language has: a map with it is meant to be one of plural forms.
const everyForm = "other"

// forms is the plural part of a template: one template for each cardinal category of its language.
type forms struct {
	by   part // the placeholder of the value
	tag  language.Tag
	form map[plural.Form]*template
}

// categories are the cardinal categories of CLDR, by the names that texts use.
func categories() []struct {
	name string
	form plural.Form
} {
	return []struct {
		name string
		form plural.Form
	}{
		{"zero", plural.Zero},
		{"one", plural.One},
		{"two", plural.Two},
		{"few", plural.Few},
		{"many", plural.Many},
		{"other", plural.Other},
	}
}

// categoriesOf returns the names of the categories that a language has: those that some number
// falls into. The rules of every language repeat with the last digits, so these numbers show all.
func categoriesOf(tag language.Tag) []string {
	seen := make(map[plural.Form]bool)
	for n := range 1001 {
		seen[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)] = true
	}
	seen[plural.Cardinal.MatchPlural(tag, pluralModulus, 0, 0, 0, 0)] = true
	for tenth := range 10 {
		seen[plural.Cardinal.MatchPlural(tag, 1, 1, 1, tenth, tenth)] = true
	}
	var out []string
	for _, c := range categories() {
		if seen[c.form] {
			out = append(out, c.name)
		}
	}
	return out
}

// pluralModulus is where numbers begin to repeat for the rules of every language.
const pluralModulus = 1_000_000

// of returns the text for a number, and that of `other` for what is none.
func (f *forms) of(value string) *template {
	form := plural.Other
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		if n = max(n, -n); n >= pluralModulus {
			n = n%pluralModulus + pluralModulus
		}
		form = plural.Cardinal.MatchPlural(f.tag, int(n), 0, 0, 0, 0)
	}
	if t := f.form[form]; t != nil {
		return t
	}
	return f.form[plural.Other]
}

// all returns the template itself, or that of each of its plural forms.
func (t *template) all() []*template {
	if t.forms == nil {
		return []*template{t}
	}
	var out []*template
	for _, c := range categories() {
		if form := t.forms.form[c.form]; form != nil {
			out = append(out, form)
		}
	}
	return out
}

// widest expands the text, in the plural form that takes the most room.
func (t *template) widest(value func(name string) string) string {
	most := page{units: -1}
	for _, form := range t.all() {
		pg := measure(form.expand(value))
		if pg.alphabet > most.alphabet || pg.alphabet == most.alphabet && pg.units > most.units {
			most = pg
		}
	}
	return most.text
}

// plural reads a text with plural forms: {by: left, one: "…", other: "…"}. It returns nil for one
// that is not whole.
func (l *loading) plural(n *source.Node, lang string) *template {
	tag := language.Make(l.p.base(lang))
	wanted := categoriesOf(tag)
	var known []string
	for _, c := range categories() {
		known = append(known, c.name)
	}
	found := n.Object(l.r, "a text with plural forms", append([]string{byKey}, known...)...)
	out := &template{node: n, forms: &forms{tag: tag, form: make(map[plural.Form]*template)}}
	by := found[byKey]
	if by == nil || !isName(by.Scalar()) {
		l.r.Errorf(n.Place(), codePlural, "plural forms go by the value that `by:` names")
		return nil
	}
	out.forms.by = part{name: by.Scalar(), pos: by.Place()}
	whole := true
	for _, c := range categories() {
		text := found[c.name]
		switch needed := slices.Contains(wanted, c.name); {
		case text == nil && needed:
			l.r.Errorf(n.Place(), codePlural, "the form %q is missing in %q", c.name, lang)
			l.r.Help("%q has %s", lang, strings.Join(wanted, ", "))
			whole = false
		case text != nil && !needed:
			l.r.Errorf(text.Place(), codePlural, "%q has no form %q", lang, c.name)
			l.r.Help("%q has %s", lang, strings.Join(wanted, ", "))
		case text != nil:
			t := l.template(text)
			whole = whole && t != nil
			out.forms.form[c.form] = t
		}
	}
	if !whole {
		return nil
	}
	return out
}

// noPlural reports plural forms where a text cannot have them.
func (l *loading) noPlural(t texts, what string) {
	for _, lang := range sortedKeys(t) {
		if t[lang].forms != nil {
			l.r.Errorf(t[lang].node.Place(), codePlural, "%s has no plural forms", what)
			l.r.Help("prompts, errors, ends and messages may have them")
		}
	}
}

// counted checks that the plural forms of a text go by a number. kind says what a name is.
func (c *checking) counted(t texts, kind func(name string) valueKind) {
	seen := make(map[source.Pos]bool)
	for _, lang := range sortedKeys(t) {
		f := t[lang].forms
		if f == nil || seen[f.by.pos] {
			continue
		}
		seen[f.by.pos] = true
		if k := kind(f.by.name); k != kindCount && k != kindUnknown {
			c.r.Errorf(f.by.pos, codePlural, "plural forms go by a number, and %q is %s", f.by.name, k)
			c.r.Help("it must be a value that an outcome brings as a count")
		}
	}
}

// kind returns what a text shows under a name, as far as plural forms care.
func (c *checking) kind(name string) valueKind {
	if sl := c.p.slots[name]; sl != nil {
		if sl.kind == typeMoney {
			return kindMoney
		}
		return kindText
	}
	if c.p.chosen[name] != "" {
		return kindText
	}
	kind, ok := c.outputKind(name)
	if !ok && kind == kindCount {
		return kindText // in another outcome
	}
	return kind
}
