// Package translation takes the texts of menu files out for translators, as a table, and puts back
// what they have changed. Everything else in the files stays as it is written.
//
// It reads and writes nothing itself: files come parsed, and changed ones go back as text.
package translation

import (
	"slices"

	"ussdgw/menus/schema"
	"ussdgw/menus/source"
)

// Every is the column of texts that are the same in all languages.
const Every = "*"

// A File is a file with what describes it.
type File struct {
	*source.File
	Schema *schema.Schema
}

// A Row is one text, or one of the plural forms of a text, in all languages.
type Row struct {
	File  string
	Key   string // states.main.options[1].text, and states.main.text@few for a form
	About string // what it is, in a word or two
	Limit int    // characters, 0 where that depends on the screen

	text  *source.Node // a scalar for all languages, or a map by language
	form  string       // "" for a text without forms
	cells map[string]*source.Node
}

// Cell returns the text in a language or under Every, and "" when there is none.
func (r Row) Cell(lang string) string { return r.cells[lang].Scalar() }

// by is the key of a map of plural forms that is no form.
const by = "by"

// Rows returns the texts of the files in their order.
func Rows(files []File) []Row {
	var out []Row
	for _, f := range files {
		for _, p := range schema.Texts(f.Schema, f.Root) {
			out = append(out, rowsOf(f.Name, p)...)
		}
	}
	return out
}

func rowsOf(file string, p schema.Place) []Row {
	whole := Row{
		File: file, Key: p.Path, About: p.Schema.About, Limit: p.Schema.Limit, text: p.Node,
		cells: map[string]*source.Node{},
	}
	var forms []Row
	switch {
	case p.Node.Is(source.Scalar):
		whole.cells[Every] = p.Node
	case !p.Node.Is(source.Map):
		return nil
	}
	for _, lang := range p.Node.Fields() {
		if lang.Value.Is(source.Scalar) {
			whole.cells[lang.Key] = lang.Value
		}
		for _, f := range lang.Value.Fields() {
			if f.Key == by || !f.Value.Is(source.Scalar) {
				continue
			}
			i := slices.IndexFunc(forms, func(r Row) bool { return r.form == f.Key })
			if i < 0 {
				i = len(forms)
				one := whole
				one.Key, one.form = whole.Key+"@"+f.Key, f.Key
				one.cells = map[string]*source.Node{}
				forms = append(forms, one)
			}
			forms[i].cells[lang.Key] = f.Value
		}
	}
	if len(whole.cells) == 0 && len(forms) > 0 {
		return forms
	}
	return append([]Row{whole}, forms...)
}

// Languages returns the languages that the files are written in: those that they list, then those
// that some text has besides. One that is derived from another needs no text of its own.
func Languages(files []File) []string {
	var out []string
	add := func(lang string) {
		if lang != "" && !slices.Contains(out, lang) {
			out = append(out, lang)
		}
	}
	for _, lang := range Listed(files) {
		add(lang)
	}
	for _, r := range Rows(files) {
		for _, f := range r.text.Fields() {
			add(f.Key)
		}
	}
	return out
}

// Listed returns the languages that the files list: those that every text must have.
func Listed(files []File) []string {
	var out []string
	for _, f := range files {
		for _, item := range f.Root.Field("languages").Items() {
			if !slices.Contains(out, item.Scalar()) {
				out = append(out, item.Scalar())
			}
		}
	}
	return out
}

// stated returns the languages that the files list, and those that they derive from others.
func stated(files []File) []string {
	out := Listed(files)
	for _, f := range files {
		for _, derived := range f.Root.Field("transliterations").Fields() {
			out = append(out, derived.Key)
		}
	}
	return out
}

// A Gap is a text that a language lacks.
type Gap struct {
	Key, Lang string
	Pos       source.Pos
}

// Missing returns the texts that lack any of the languages. A text that is one for all languages
// lacks none, and of plural forms only a language without any is missing.
func Missing(files []File, langs []string) []Gap {
	var out []Gap
	for _, f := range files {
		for _, p := range schema.Texts(f.Schema, f.Root) {
			if !p.Node.Is(source.Map) {
				continue
			}
			for _, lang := range langs {
				n := p.Node.Field(lang)
				if n == nil || n.Is(source.Null) || (n.Is(source.Scalar) && source.Blank(n.Scalar())) {
					out = append(out, Gap{p.Path, lang, p.Node.Place()})
				}
			}
		}
	}
	return out
}
