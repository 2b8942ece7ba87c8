package translation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// A Change is a text that a table changes or adds.
type Change struct {
	Line      int // of the table
	File, Key string
	Lang      string // or Every
	Old, New  string // Old is "" for a text that was not there
	Pos       source.Pos
	row       *Row
}

// An Import is what a table makes of files.
type Import struct {
	Changes []Change
	Files   map[string][]byte // by name: the files that change
	Added   []string          // languages that the files did not list
}

// Read compares a table with the files and makes the changed files. With faults, which are all
// that is wrong with the table, nothing may be written.
func Read(table []byte, files []File) (*Import, []Fault) {
	if len(table) > MaxTableBytes {
		return nil, []Fault{{0, fmt.Sprintf("the table has more than %d octets", MaxTableBytes)}}
	}
	records, langs, faults := readTable(table)
	i := &importing{
		files: files, rows: map[string]*Row{}, known: Languages(files), stated: stated(files),
		faults: faults, seen: map[string]int{}, out: &Import{Files: map[string][]byte{}},
	}
	for _, r := range Rows(files) {
		i.rows[r.File+"\x00"+r.Key] = &r
	}
	for _, r := range records {
		i.record(r, langs)
	}
	if len(i.faults) == 0 {
		i.edit()
	}
	if len(i.faults) > 0 {
		return nil, i.faults
	}
	return i.out, nil
}

type importing struct {
	files  []File
	rows   map[string]*Row
	known  []string       // languages of any text
	stated []string       // languages that a file lists or derives
	seen   map[string]int // rows of the table, by their lines
	faults []Fault
	out    *Import
}

func (i *importing) fault(line int, format string, a ...any) {
	i.faults = append(i.faults, Fault{line, fmt.Sprintf(format, a...)})
}

// record finds the changes of one row of the table.
func (i *importing) record(r record, langs []string) {
	id := r.file + "\x00" + r.key
	row := i.rows[id]
	if row == nil {
		i.unknown(r)
		return
	}
	if first := i.seen[id]; first > 0 {
		i.fault(r.line, "%s of %s is in line %d already", r.key, r.file, first)
		return
	}
	i.seen[id] = r.line
	for _, lang := range langs {
		now, cell := row.Cell(lang), r.cells[lang]
		if cell == now || stamp(cell) == r.was[lang] {
			continue // nothing to change, or nobody has changed it in the table
		}
		c := Change{
			Line: r.line, File: r.file, Key: r.key, Lang: lang, Old: now, New: cell,
			Pos: row.text.Place(), row: row,
		}
		if n := row.cells[lang]; n != nil {
			c.Pos = n.Place()
		}
		if i.acceptable(c, r, langs) {
			i.out.Changes = append(i.out.Changes, c)
		}
	}
}

func (i *importing) unknown(r record) {
	var keys []string
	for _, row := range i.rows {
		if row.File == r.file {
			keys = append(keys, row.Key)
		}
	}
	slices.Sort(keys)
	switch near := source.Suggest(r.key, keys); {
	case len(keys) == 0:
		i.fault(r.line, "no file %q with texts", r.file)
	case near != "":
		i.fault(r.line, "%s has no text %q, did you mean %s?", r.file, r.key, near)
	default:
		i.fault(r.line, "%s has no text %q: was it renamed or moved? Export again", r.file, r.key)
	}
}

// acceptable reports what is wrong with a change.
func (i *importing) acceptable(c Change, r record, langs []string) bool {
	for _, lang := range langs {
		now := c.row.Cell(lang)
		if stamp(now) == r.was[lang] || (lang != c.Lang && now == r.cells[lang]) {
			continue
		}
		i.fault(c.Line, "%s: the text under %q was changed in %s since the export; export again",
			c.Key, lang, c.File)
		return false
	}
	switch {
	case c.New == "":
		i.fault(c.Line, "%s: the cell under %q is empty, and a text cannot be taken away",
			c.Key, c.Lang)
		return false
	case c.Lang == Every && c.row.text.Is(source.Map):
		i.fault(c.Line, "%s has a text for each language: leave the cell under %q empty",
			c.Key, Every)
		return false
	}
	reference := c.Old
	for _, lang := range append([]string{Every}, i.known...) {
		if reference == "" {
			reference = c.row.Cell(lang)
		}
	}
	if want, got := placeholders(reference), placeholders(c.New); !slices.Equal(want, got) {
		i.fault(c.Line, "%s: the text under %q shows %s, and must show %s", c.Key, c.Lang,
			list(got), list(want))
		return false
	}
	return true
}

// placeholder matches a value in a text, and the doubled braces that are none.
var placeholder = regexp.MustCompile(`\{\{|\}\}|\{[a-z0-9_.]*\}`)

// placeholders returns the values that a text shows, sorted.
func placeholders(text string) []string {
	var out []string
	for _, p := range placeholder.FindAllString(text, -1) {
		if p != "{{" && p != "}}" {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func list(words []string) string {
	if len(words) == 0 {
		return "no value"
	}
	return strings.Join(words, " ")
}

// language is what a language is called.
var language = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2,8})?$`)

func isLanguage(name string) bool { return language.MatchString(name) }

// edit makes the changed files.
func (i *importing) edit() {
	for _, f := range i.files {
		e := f.Edit()
		byText := map[*source.Node][]Change{}
		var order []*source.Node
		for _, c := range i.out.Changes {
			if c.File != f.Name {
				continue
			}
			if byText[c.row.text] == nil {
				order = append(order, c.row.text)
			}
			byText[c.row.text] = append(byText[c.row.text], c)
		}
		for _, n := range order {
			i.text(e, n, byText[n])
		}
		i.list(e, f)
		if !e.Changed() {
			continue
		}
		text, err := e.Apply()
		if err != nil {
			i.fault(0, "%s cannot be changed: %v", f.Name, err)
			continue
		}
		i.out.Files[f.Name] = text
	}
}

// text makes the changes of one text.
func (i *importing) text(e *source.Edit, n *source.Node, changes []Change) {
	if n.Is(source.Scalar) {
		i.scalar(e, n, changes)
		return
	}
	forms := map[string][]source.Entry{} // of languages that get their first
	for _, c := range changes {
		value := n.Field(c.Lang)
		switch {
		case c.row.cells[c.Lang] != nil:
			e.Replace(c.row.cells[c.Lang], c.New)
		case c.row.form == "" && value == nil:
			e.Add(n, c.Lang, c.New)
		case c.row.form != "" && value.Is(source.Map):
			e.Add(value, c.row.form, c.New)
		case c.row.form != "" && value == nil:
			forms[c.Lang] = append(forms[c.Lang], source.Entry{Key: c.row.form, Text: c.New})
		default:
			i.fault(c.Line, "%s: the text in %q has other forms in %s", c.Key, c.Lang, c.File)
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(forms)) {
		counted := ""
		for _, f := range n.Fields() {
			if v := f.Value.Field(by); v != nil && counted == "" {
				counted = v.Scalar()
			}
		}
		e.AddMap(n, lang, append([]source.Entry{{Key: by, Text: counted}}, forms[lang]...))
	}
}

// scalar changes a text that is the same in all languages. With a text for one language it becomes
// a map with all.
func (i *importing) scalar(e *source.Edit, n *source.Node, changes []Change) {
	every := n.Scalar()
	texts := map[string]string{}
	for _, c := range changes {
		if c.Lang == Every {
			every = c.New
		} else {
			texts[c.Lang] = c.New
		}
	}
	if len(texts) == 0 {
		e.Replace(n, every)
		return
	}
	var entries []source.Entry
	langs := Listed(i.files)
	for _, lang := range slices.Sorted(maps.Keys(texts)) {
		if !slices.Contains(langs, lang) {
			langs = append(langs, lang)
		}
	}
	for _, lang := range langs {
		text, ok := texts[lang]
		if !ok {
			text = every
		}
		entries = append(entries, source.Entry{Key: lang, Text: text})
	}
	e.Spread(n, entries)
}

// list adds the languages that are new to the list of a file.
func (i *importing) list(e *source.Edit, f File) {
	n := f.Root.Field("languages")
	if len(n.Items()) == 0 {
		return
	}
	var has []string
	for _, item := range n.Items() {
		has = append(has, item.Scalar())
	}
	for _, c := range i.out.Changes {
		if c.Lang == Every || slices.Contains(i.stated, c.Lang) || slices.Contains(has, c.Lang) {
			continue
		}
		has = append(has, c.Lang)
		e.Append(n, c.Lang)
		if !slices.Contains(i.out.Added, c.Lang) {
			i.out.Added = append(i.out.Added, c.Lang)
		}
	}
}

// Cause returns the line of the table, the key and the language of the changed text that is at a
// place of the changed files, and line 0 when none is.
func (i *Import) Cause(files []File, at source.Pos) (line int, key, lang string) {
	text, ok := i.Files[at.File]
	if !ok {
		return 0, "", ""
	}
	n := slices.IndexFunc(files, func(f File) bool { return f.Name == at.File })
	now := source.ParseBytes(at.File, text, &source.Report{})
	if n < 0 || now == nil {
		return 0, "", ""
	}
	// Texts lie one after the other on a line: it is in the last that begins before it.
	best := 0
	for _, r := range Rows([]File{{now, files[n].Schema}}) {
		for l, cell := range r.cells {
			if p := cell.Place(); p.Line != at.Line || p.Col > at.Col || p.Col <= best {
				continue
			}
			best, line = cell.Place().Col, 0
			for _, c := range i.Changes {
				if c.File == at.File && c.Key == r.Key && (c.Lang == l || l == Every) {
					line, key, lang = c.Line, c.Key, c.Lang
				}
			}
		}
	}
	return line, key, lang
}
