package main

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
)

// The tests of the files proof_*_test.go walk the shipped menus and compare what the engine shows
// with what the files say. For that they read the files on their own: what follows knows the
// language as its reference describes it, and nothing of how ussd/menu reads it.

// A writtenMenu is what the menu files say.
type writtenMenu struct {
	languages []string
	latinOf   map[string]string // languages that are others in Latin letters
	shortcuts string            // the screen where dialled strings begin
	moved     []writtenMove
	keys, nav map[string]*source.Node // by back, home, more
	errors    map[string]*source.Node
	slots     map[string]*source.Node
	states    map[string]*writtenState
	entries   map[string]string
	chosen    map[string]string // list slot -> list
}

// A writtenState is one state as the files say it.
type writtenState struct {
	name    string
	kind    string // options, ask, list, do, cases or end
	node    *source.Node
	text    *source.Node // of an end too
	errors  *source.Node
	options []*source.Node
	cases   []*source.Node
	goesTo  []writtenTarget
	inline  bool
}

// A writtenMove is a dialled string that leads elsewhere by now.
type writtenMove struct {
	path []string
	to   string
}

// A writtenTarget is where an option, an answer or an outcome leads.
type writtenTarget struct{ outcome, to, notice string }

func (s *writtenState) says(key string) string { return s.node.Field(key).Scalar() }

// readMenu reads the menu files of fsys.
func readMenu(t testing.TB, fsys fs.FS) *writtenMenu {
	t.Helper()
	var report source.Report
	files, whole := source.Load(fsys, &report)
	if !whole {
		t.Fatal(report.Err())
	}
	m := &writtenMenu{
		keys: map[string]*source.Node{}, nav: map[string]*source.Node{},
		errors: map[string]*source.Node{}, slots: map[string]*source.Node{},
		states: map[string]*writtenState{}, entries: map[string]string{},
		chosen: map[string]string{}, latinOf: map[string]string{},
	}
	for _, f := range files {
		if f.Root.Field("schema").Scalar() != menu.Schema {
			continue
		}
		for section, into := range map[string]map[string]*source.Node{
			"keys": m.keys, "nav": m.nav, "errors": m.errors, "slots": m.slots,
		} {
			for _, field := range f.Root.Field(section).Fields() {
				into[field.Key] = field.Value
			}
		}
		for _, item := range f.Root.Field("languages").Items() {
			m.languages = append(m.languages, item.Scalar())
		}
		for _, field := range f.Root.Field("transliterations").Fields() {
			m.latinOf[field.Key] = field.Value.Scalar()
		}
		for _, item := range f.Root.Field("moved").Items() {
			path := strings.Split(item.Field("path").Scalar(), "*")
			m.moved = append(m.moved, writtenMove{path, item.Field("goto").Scalar()})
		}
		if n := f.Root.Field("shortcuts"); n != nil {
			m.shortcuts = n.Scalar()
		}
		for _, field := range f.Root.Field("entries").Fields() {
			m.entries[field.Key] = field.Value.Scalar()
		}
		for _, field := range f.Root.Field("states").Fields() {
			m.states[field.Key] = readState(t, field)
		}
	}
	for _, s := range m.states {
		if s.kind == "list" {
			m.chosen[s.says("as")] = s.says("list")
		}
	}
	m.languages = append(m.languages, slices.Sorted(maps.Keys(m.latinOf))...)
	return m
}

func readState(t testing.TB, f source.Field) *writtenState {
	t.Helper()
	s := &writtenState{name: f.Key, node: f.Value}
	for _, kind := range []string{"options", "ask", "list", "do", "cases", "end"} {
		if f.Value.Field(kind) != nil {
			s.kind = kind
		}
	}
	if s.kind == "" {
		t.Fatalf("%s: the state %q is of a kind that this test does not know", f.KeyPos, f.Key)
	}
	s.text, s.errors = f.Value.Field("text"), f.Value.Field("errors")
	if s.kind == "end" {
		s.text = f.Value.Field("end")
	}
	s.options = f.Value.Field("options").Items()
	s.inline = s.says("nav") == "inline"
	for _, o := range s.options {
		s.goesTo = append(s.goesTo, readTarget("", o.Field("goto")))
	}
	if n := f.Value.Field("goto"); n != nil {
		s.goesTo = append(s.goesTo, readTarget("", n))
	}
	s.cases = f.Value.Field("cases").Items()
	for _, c := range s.cases {
		s.goesTo = append(s.goesTo, writtenTarget{
			to: c.Field("goto").Scalar(), notice: c.Field("notice").Scalar(),
		})
	}
	for _, n := range []*source.Node{f.Value.Field("letters"), f.Value.Field("none")} {
		if n != nil {
			s.goesTo = append(s.goesTo, readTarget("", n))
		}
	}
	for _, on := range f.Value.Field("on").Fields() {
		s.goesTo = append(s.goesTo, readTarget(on.Key, on.Value))
	}
	return s
}

func readTarget(outcome string, n *source.Node) writtenTarget {
	if n.Is(source.Map) {
		return writtenTarget{outcome, n.Field("goto").Scalar(), n.Field("notice").Scalar()}
	}
	return writtenTarget{outcome: outcome, to: n.Scalar()}
}

// in returns a text in a language, the one that it is made from if it has none of its own. Where
// the text has plural forms, it is a map of them.
func (m *writtenMenu) in(lang string, n *source.Node) *source.Node {
	switch {
	case n == nil || n.Is(source.Scalar):
		return n
	case n.Field(lang) != nil:
		return n.Field(lang)
	}
	return n.Field(m.base(lang))
}

// base is the language that another one is made from, or the language itself.
func (m *writtenMenu) base(lang string) string {
	if base, ok := m.latinOf[lang]; ok {
		return base
	}
	return lang
}

// errorText returns the text of an error in a state, the state's own before that of all files.
func (m *writtenMenu) errorText(s *writtenState, code string) *source.Node {
	if n := s.errors.Field(code); n != nil {
		return n
	}
	return m.errors[code]
}

// refusals are the codes that a state can refuse an answer with, as the reference lists them.
func (m *writtenMenu) refusals(s *writtenState) []string {
	switch s.kind {
	case "options", "list":
		return []string{"option"}
	case "ask":
		sl := m.slots[s.says("ask")]
		codes := map[string][]string{
			"text":       {"text_letters", "text_empty", "text_long"},
			"digits":     {"digits_length", "digits_only"},
			"person_inn": {"inn_length", "inn_sex", "inn_date"},
			"secret_inn": {"inn_length", "inn_sex", "inn_date"},
			"money":      {"amount_format", "amount_range"},
			"pin":        {"pin_format"},
			"msisdn":     {"msisdn_format"},
		}[sl.Field("type").Scalar()]
		if sl.Field("type").Scalar() == "digits" && sl.Field("rule") != nil {
			codes = append(codes, "account_format")
		}
		return codes
	}
	return nil
}

// notices are all codes whose error texts can stand on a screen of the state.
func (m *writtenMenu) notices(s *writtenState) []string {
	out := m.refusals(s)
	for _, from := range m.states {
		for _, to := range from.goesTo {
			if to.to == s.name && to.notice != "" {
				out = append(out, to.notice)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// shipped is what the tests of the proof walk: the built-in menus as they are served, and what was
// promised about the wallet when they were proven.
type shipped struct {
	program *menu.Program
	env     menu.Environment
	written *writtenMenu

	// What has been worked out already. It is of one walk: see newWalk.
	found   map[string][]menu.Item // by list state and what is looked for
	spelled map[string]string      // texts in Latin letters, by language and text
}

// loadShipped loads the built-in menus with PINs of so many digits, 0 for what the menus say.
func loadShipped(t testing.TB, pinLength int) *shipped {
	t.Helper()
	var report source.Report
	set := loadMenus(menus.FS(), pinLength, &report)
	if set == nil {
		t.Fatal(report.Err())
	}
	w := &shipped{
		program: set.program, env: teller.Environment(set.catalogue, pinLength),
		written: readMenu(t, menus.FS()), found: make(map[string][]menu.Item),
		spelled: make(map[string]string),
	}
	if !slices.Equal(w.program.Languages(), w.written.languages) {
		t.Fatalf("the program has the languages %v, the files %v", w.program.Languages(),
			w.written.languages)
	}
	return w
}

// alone skips a test that has nothing to do with several goroutines and takes long: the race
// detector makes it take several times as long and finds nothing. `make test` runs it without the
// detector.
func alone(t testing.TB) {
	t.Helper()
	if underRace > 1 {
		t.Skip("make test runs this without the race detector")
	}
}
