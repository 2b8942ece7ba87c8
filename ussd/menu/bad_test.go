package menu_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// Bad menus say on the faulty line itself what must be found there: # ERROR "regexp", and WARN
// for a warning. Those of the folder advice ask for advice too. A finding that is missing fails the
// test as a finding too many does.
func TestBadMenus(t *testing.T) {
	whole, err := os.ReadFile("testdata/good/menu.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The good menu leads to the state `broken`, which every bad file has.
	base := strings.Replace(string(whole), "unregistered: language", "unregistered: broken", 1)
	const least = 60
	files := 0
	for _, dir := range []string{"bad", "whole", "advice"} {
		paths, err := filepath.Glob("testdata/" + dir + "/*.yaml")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		files += len(paths)
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				fsys := fstest.MapFS{"zz_bad.yaml": {Data: b}}
				if !strings.Contains(string(b), "\nlanguages:") && dir != "whole" {
					fsys["menu.yaml"] = &fstest.MapFile{Data: []byte(base)}
				}
				r := &source.Report{Advice: dir == "advice"}
				expectFindings(t, fsys, string(b), r)
			})
		}
	}
	if files < least {
		t.Errorf("%d bad menus, want at least %d", files, least)
	}
}

// wanted is one expectation of a bad menu.
type wanted struct {
	line     int
	severity source.Severity
	re       *regexp.Regexp
}

// expectFindings loads fsys and compares the findings with what the text of its bad file says.
func expectFindings(t *testing.T, fsys fstest.MapFS, text string, r *source.Report) {
	t.Helper()
	var want []wanted
	comment := regexp.MustCompile(`# (ERROR|WARN)((?: "[^"]*")+)`)
	quoted := regexp.MustCompile(`"[^"]*"`)
	for i, line := range strings.Split(text, "\n") {
		for _, m := range comment.FindAllStringSubmatch(line, -1) {
			severity := source.Error
			if m[1] == "WARN" {
				severity = source.Warning
			}
			for _, q := range quoted.FindAllString(m[2], -1) {
				re, err := strconv.Unquote(q)
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
				want = append(want, wanted{i + 1, severity, regexp.MustCompile(re)})
			}
		}
	}
	if len(want) == 0 {
		t.Fatal("the file expects nothing")
	}
	p := menu.Load(fsys, environment(), r)
	if (p == nil) != r.Failed() {
		t.Errorf("the program is nil: %v, the report failed: %v", p == nil, r.Failed())
	}
	for _, f := range r.Findings() {
		found := false
		for i, w := range want {
			if f.Pos.File == "zz_bad.yaml" && w.line == f.Pos.Line && w.severity == f.Severity &&
				w.re.MatchString(f.Code+": "+f.Message) {
				want = append(want[:i], want[i+1:]...)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("too many: %s: %s %s: %s", f.Pos, f.Severity, f.Code, f.Message)
		}
	}
	for _, w := range want {
		t.Errorf("missing: line %d: %s %s", w.line, w.severity, w.re)
	}
}

// Every code is explained, and some bad menu shows it.
func TestEveryCodeHasABadMenu(t *testing.T) {
	var all strings.Builder
	for _, dir := range []string{"bad", "whole", "advice"} {
		paths, err := filepath.Glob("testdata/" + dir + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r := &source.Report{Advice: true}
			fsys := fstest.MapFS{"bad.yaml": {Data: b}}
			if !strings.Contains(string(b), "\nlanguages:") && dir != "whole" {
				fsys = extended(t, strings.TrimPrefix(strings.ReplaceAll(
					string(b), "broken", "extra"), "schema: ussd.menu/v1\n"))
			}
			menu.Load(fsys, environment(), r)
			for _, f := range r.Findings() {
				all.WriteString(f.Code + " ")
			}
		}
	}
	readme, err := os.ReadFile("../../menus/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(source.Codes(), menu.Codes()) {
		if !strings.Contains(string(readme), "| "+c.Code+" |") {
			t.Errorf("the language's reference does not list %s", c.Code)
		}
	}
	last := ""
	for _, c := range menu.Codes() {
		switch {
		case c.Code <= last:
			// The order is that of the numbers within each part of the table.
			if c.Code != "MENU014" {
				t.Errorf("%s comes after %s", c.Code, last)
			}
		case c.Title == "" || len(c.Text) < 40:
			t.Errorf("%s is not explained", c.Code)
		}
		last = c.Code
		if c.Code != "MENU035" && !strings.Contains(all.String(), c.Code) {
			t.Errorf("no bad menu shows %s", c.Code)
		}
	}
}

// What comes from the catalogue is checked as well.
func TestBadLists(t *testing.T) {
	tests := []struct {
		name string
		edit func(map[string]menu.ListDef)
		want string
	}{
		{"no label", func(l map[string]menu.ListDef) {
			delete(l["categories"].Items[""][0].Label, "en")
		}, `MENU035: categories: item "c1" has no label in "en"`},
		{"number twice", func(l map[string]menu.ListDef) {
			l["categories"].Items[""][1].Number = 1
		}, `MENU035: categories: item "c2" has no id or a number that is taken: 1`},
		{"number of a key", func(l map[string]menu.ListDef) {
			l["categories"].Items[""][1].Number = 98
		}, `MENU016: the key "98" is a navigation key and never gets here`},
		{"pattern", func(l map[string]menu.ListDef) {
			l["providers"].Items["c1"][0].Rules["account"] = menu.Rule{Pattern: "[0-9"}
		}, "MENU035: providers of c1: pc1: the pattern is no regular expression"},
		{"no items", func(l map[string]menu.ListDef) {
			delete(l["providers"].Items, "c3")
		}, `MENU020: the list "providers" has no items for the category "c3"`},
		{"empty", func(l map[string]menu.ListDef) {
			l["providers"].Items["c3"] = nil
		}, "MENU020: the list providers of c3 is empty"},
		{"too wide", func(l map[string]menu.ListDef) {
			l["providers"].Items["c3"][0].Label["ru"] = strings.Repeat("ж", 71)
		}, `MENU014: item 1 pc3 of "pay_provider" in "ru" does not fit: 1 over 80 units of UCS-2`},
		{"no value", func(l map[string]menu.ListDef) {
			delete(l["providers"].Items["c3"][0].Values, "hint")
		}, `MENU007: the items of "provider" have no value "hint"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := environment()
			tt.edit(env.Lists)
			r := &source.Report{}
			if menu.Load(os.DirFS("testdata/good"), env, r) != nil {
				t.Fatalf("accepted, want %s", tt.want)
			}
			for _, f := range r.Findings() {
				if strings.HasPrefix(f.Code+": "+f.Message, tt.want) {
					return
				}
			}
			t.Errorf("got\n%v\nwant %s", r.Err(), tt.want)
		})
	}
}

// Load takes any file without a panic.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	env := environment()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, fsys := range []fstest.MapFS{
			{"a.yaml": {Data: b}}, extended(t, string(b)),
		} {
			r := &source.Report{}
			if p := menu.Load(fsys, env, r); (p == nil) != r.Failed() {
				t.Fatalf("the program is nil: %v, the report failed: %v", p == nil, r.Failed())
			}
			for _, f := range r.Findings() {
				if f.Message == "" || strings.ContainsAny(f.Message, "\n\x1b") {
					t.Fatalf("message %q", f.Message)
				}
			}
		}
	})
}
