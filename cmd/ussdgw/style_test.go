package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxLineChars     = 100 // a tab is one
	maxFunctionLines = 70
)

// vague are the package names that say nothing about what is inside.
var vague = []string{"util", "common", "helpers", "models", "types", "base", "manager"}

// styleFaults lists what is wrong with one Go file. A function that only returns a table may be of
// any length.
func styleFaults(name, text string) []string {
	var faults []string
	for i, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > maxLineChars {
			faults = append(faults, fmt.Sprintf("%s:%d: a line of %d characters, at most %d",
				name, i+1, n, maxLineChars))
		}
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return append(faults, err.Error())
	}
	if slices.Contains(vague, strings.TrimSuffix(file.Name.Name, "_test")) {
		faults = append(faults, fmt.Sprintf("%s: package %s says nothing", name, file.Name.Name))
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || isTable(f) {
			continue
		}
		from, to := set.Position(f.Pos()).Line, set.Position(f.End()).Line
		if n := to - from + 1; n > maxFunctionLines {
			faults = append(faults, fmt.Sprintf("%s:%d: %s has %d lines, at most %d",
				name, from, f.Name.Name, n, maxFunctionLines))
		}
	}
	return faults
}

// isTable reports whether all that f does is to return a literal.
func isTable(f *ast.FuncDecl) bool {
	if f.Body == nil || len(f.Body.List) != 1 {
		return false
	}
	r, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(r.Results) != 1 {
		return false
	}
	_, ok = r.Results[0].(*ast.CompositeLit)
	return ok
}

func TestStyleOfTheTree(t *testing.T) {
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		for _, fault := range styleFaults(name, string(text)) {
			t.Error(fault)
		}
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("%d files were read, so this test looks at little: %v", files, err)
	}
}

func TestStyleFaultsAreFound(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\t_ = 0\n", n) }
	rows := func(n int) string { return strings.Repeat("\t\t0,\n", n) }
	for _, tt := range []struct{ name, text, want string }{
		{"100 letters", "package a\n\n// " + strings.Repeat("ө", 97) + "\n", ""},
		{"101 letters", "package a\n\n// " + strings.Repeat("ө", 98) + "\n", "a.go:3: a line of 101"},
		{"70 lines", "package a\n\nfunc f() {\n" + lines(68) + "}\n", ""},
		{"71 lines", "package a\n\nfunc f() {\n" + lines(69) + "}\n", "a.go:3: f has 71 lines"},
		{
			"a long method", "package a\n\nfunc (t t) f() {\n" + lines(69) + "}\n",
			"a.go:3: f has 71 lines",
		},
		{
			"a long table",
			"package a\n\nfunc f() []int {\n\treturn []int{\n" + rows(90) + "\t}\n}\n", "",
		},
		{
			"more than a table",
			"package a\n\nfunc f() []int {\n\tg()\n\treturn []int{\n" + rows(90) + "\t}\n}\n",
			"f has 95 lines",
		},
		{"a vague package", "package util\n", "package util says nothing"},
		{"a vague package's tests", "package common_test\n", "package common_test says nothing"},
		{"a clear package", "package ledger\n", ""},
		{"no Go", "package\n", "a.go:1:"},
	} {
		got := styleFaults("a.go", tt.text)
		if tt.want == "" && len(got) == 0 {
			continue
		}
		if tt.want == "" || len(got) != 1 || !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
