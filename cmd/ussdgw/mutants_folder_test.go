package main

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// A menusFolder is the shipped menu files, to be broken in one place. It is never changed itself.
type menusFolder struct {
	files   map[string][]string // lines by the name of the file
	schemas map[string]string   // by the name of the file
	all     []*found            // everything that is written there
	env     menu.Environment    // of its catalogue
	advised map[string]bool     // messages of the advice that the folder gets
}

// A found is one thing in the files: the value of a key, or an item of a list.
type found struct {
	source.Field // the Key of an item is its index
	file         string
	path         string // keys and indexes from the top of the file: states/main/options/0/key
	up           *found // what it is in, nil at the top
	schema       string // of its file
}

// readFolder reads the built-in menus.
func readFolder(t testing.TB) *menusFolder {
	t.Helper()
	fsys := menus.FS()
	f := &menusFolder{
		files: make(map[string][]string), schemas: make(map[string]string),
		env: loadShipped(t, 0).env,
	}
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		f.files[name] = strings.Split(string(b), "\n")
		var r source.Report
		file := source.ParseBytes(name, b, &r)
		if file == nil {
			t.Fatal(r.Err())
		}
		schema := file.Root.Field("schema").Scalar()
		f.schemas[name] = schema
		for _, field := range file.Root.Fields() {
			f.read(&found{Field: field, file: name, path: field.Key, schema: schema})
		}
	}
	r := source.Report{Advice: true}
	menu.Load(fsys, f.env, &r)
	f.advised = make(map[string]bool)
	for _, finding := range r.Findings() {
		f.advised[finding.Message] = true
	}
	return f
}

func (f *menusFolder) read(at *found) {
	f.all = append(f.all, at)
	for _, field := range at.Value.Fields() {
		f.read(&found{field, at.file, at.path + "/" + field.Key, at, at.schema})
	}
	for i, item := range at.Value.Items() {
		field := source.Field{Key: strconv.Itoa(i), KeyPos: item.Place(), Value: item}
		f.read(&found{field, at.file, at.path + "/" + field.Key, at, at.schema})
	}
}

// find returns what the patterns of package path match.
func (f *menusFolder) find(patterns ...string) []*found {
	var out []*found
	for _, at := range f.all {
		for _, pattern := range patterns {
			if ok, err := path.Match(pattern, at.path); err != nil {
				panic(err)
			} else if ok {
				out = append(out, at)
			}
		}
	}
	return out
}

// fields returns what keys of the schema's files have, at any depth: "goto".
func (f *menusFolder) fields(schema string, keys ...string) []*found {
	var out []*found
	for _, at := range f.all {
		if at.schema == schema && slices.Contains(keys, at.Key) {
			out = append(out, at)
		}
	}
	return out
}

// scalars keeps the texts.
func scalars(all []*found) []*found {
	return slices.DeleteFunc(slices.Clone(all), func(at *found) bool {
		return !at.Value.Is(source.Scalar)
	})
}

// line returns a line of a file, counted from 1.
func (f *menusFolder) line(p source.Pos) string { return f.files[p.File][p.Line-1] }

// raw is how a value is written, to the end of its line at most.
func (f *menusFolder) raw(n *source.Node) string {
	rest := []rune(f.line(n.Place()))[n.Place().Col-1:]
	switch first := rest[0]; first {
	case '{', '[', '"', '\'':
		return string(rest[:closing(rest)])
	}
	return string(rest[:len([]rune(n.Scalar()))])
}

// closing is how many of the runes there are to the end of what the first one opens.
func closing(text []rune) int {
	depth, quote := 0, rune(0)
	for i, c := range text {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote && (c != '"' || text[i-1] != '\\'):
			quote = 0
		case quote == 0 && (c == '{' || c == '['):
			depth++
		case quote == 0 && (c == '}' || c == ']'):
			depth--
		}
		if depth == 0 && quote == 0 {
			return i + 1
		}
	}
	panic("ussdgw: nothing closes " + string(text))
}

// lastLine is the last line of what a field or item says.
func (f *menusFolder) lastLine(at *found) int {
	last := max(at.KeyPos.Line, at.Value.Place().Line)
	for _, other := range f.all {
		if other.file == at.file && strings.HasPrefix(other.path, at.path+"/") {
			last = max(last, other.KeyPos.Line, other.Value.Place().Line)
		}
	}
	return last
}

// A mutant is the folder with one fault.
type mutant struct {
	files map[string]string // by name: those that are not as in the menusFolder
	gone  string            // a file that is not there
	what  string            // was done, for a person
	at    []source.Pos      // where the fault must be found: file, and line or 0 for any
}

func (m *mutant) String() string { return fmt.Sprintf("%s at %s", m.what, m.at[0]) }

// expect says where the fault must be found, if not where the text was changed.
func (m *mutant) expect(at ...source.Pos) *mutant {
	m.at = at
	return m
}

// also adds another place where the fault may be found.
func (m *mutant) also(at ...source.Pos) *mutant {
	m.at = append(m.at, at...)
	return m
}

// changed is the folder with other lines in one file; the fault is expected in line.
func (f *menusFolder) changed(file string, lines []string, line int, what string) *mutant {
	return &mutant{
		files: map[string]string{file: strings.Join(lines, "\n")},
		what:  what, at: []source.Pos{{File: file, Line: line}},
	}
}

// write puts text in place of old, which stands at p.
func (f *menusFolder) write(p source.Pos, old, text string) *mutant {
	line := []rune(f.line(p))
	rest, ok := strings.CutPrefix(string(line[p.Col-1:]), old)
	if !ok {
		panic(fmt.Sprintf("ussdgw: %q is not at %s", old, p))
	}
	lines := slices.Clone(f.files[p.File])
	lines[p.Line-1] = string(line[:p.Col-1]) + text + rest
	return f.changed(p.File, lines, p.Line, fmt.Sprintf("%q instead of %q", text, old))
}

// say makes a value say text, in double quotes.
func (f *menusFolder) say(at *found, text string) *mutant {
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
	return f.write(at.Value.Place(), f.raw(at.Value), `"`+text+`"`)
}

// sayPlain makes a value say text without quotes, or another shape.
func (f *menusFolder) sayPlain(at *found, text string) *mutant {
	return f.write(at.Value.Place(), f.raw(at.Value), text)
}

// rename gives a field another key.
func (f *menusFolder) rename(at *found, key string) *mutant {
	old := at.Key
	if at.KeyQuoted {
		old = `"` + old + `"`
	}
	return f.write(at.KeyPos, old, key)
}

// insert puts lines below a line of a file. The fault is expected in the first of them.
func (f *menusFolder) insert(file string, below int, text ...string) *mutant {
	lines := slices.Insert(slices.Clone(f.files[file]), below, text...)
	return f.changed(file, lines, below+1, fmt.Sprintf("%q more", text))
}

// inFlow reports whether a field stands within brackets.
func (f *menusFolder) inFlow(at *found) bool {
	before := string([]rune(f.line(at.KeyPos))[:at.KeyPos.Col-1])
	return strings.Trim(before, " -") != ""
}

// drop takes a field or item out. The fault is expected where its map, or what that is in, begins.
func (f *menusFolder) drop(at *found) *mutant {
	p := at.KeyPos
	var m *mutant
	if f.inFlow(at) {
		line := []rune(f.line(p))
		from, to := p.Col-1, at.Value.Place().Col-1+len([]rune(f.raw(at.Value)))
		switch {
		case strings.HasPrefix(string(line[to:]), ", "):
			to += 2
		case strings.HasSuffix(string(line[:from]), ", "):
			from -= 2
		}
		m = f.write(source.Pos{File: p.File, Line: p.Line, Col: from + 1},
			string(line[from:to]), "")
	} else {
		lines := slices.Clone(f.files[p.File])
		below := f.lastLine(at)
		first := string([]rune(lines[p.Line-1])[:p.Col-1])
		lines = slices.Delete(lines, p.Line-1, below)
		if strings.Contains(first, "-") && p.Line-1 < len(lines) { // the next key takes the dash
			next := lines[p.Line-1]
			lines[p.Line-1] = first + strings.TrimPrefix(next, strings.Repeat(" ", len(first)))
		}
		m = f.changed(p.File, lines, p.Line, "")
	}
	m.what = "without " + at.path
	m.at = nil
	for up := at.up; up != nil; up = up.up {
		m.at = append(m.at, source.Pos{File: p.File, Line: up.KeyPos.Line},
			source.Pos{File: p.File, Line: up.Value.Place().Line})
	}
	return m
}

// fs is the folder with the mutant's files.
func (m *mutant) fs(f *menusFolder) fstest.MapFS {
	out := fstest.MapFS{}
	for name, lines := range f.files {
		if name != m.gone {
			out[name] = &fstest.MapFile{Data: []byte(strings.Join(lines, "\n"))}
		}
	}
	for name, text := range m.files {
		if text == "folder" {
			out[name] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
			continue
		}
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// only is the part of the files that has a schema.
func (f *menusFolder) only(files fstest.MapFS, schema string) fstest.MapFS {
	maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool {
		return f.schemas[name] != schema
	})
	return files
}

// fileNames are the names of the folder's files, in order.
func (f *menusFolder) fileNames() []string { return slices.Sorted(maps.Keys(f.files)) }
