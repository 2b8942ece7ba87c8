package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ussdgw/menus/format"
	"ussdgw/menus/schema"
	"ussdgw/menus/source"
)

const link = "./menu.schema.json"

const header = "# yaml-language-server: $schema=" + link + "\n"

// root describes just enough of a menu.
func root() *schema.Schema {
	text := &schema.Schema{Text: true}
	return &schema.Schema{Properties: []schema.Property{
		{Key: "schema", Schema: schema.Scalar("")},
		{Key: "states", Schema: &schema.Schema{
			Spaced: true,
			Named: &schema.Schema{Properties: []schema.Property{
				{Key: "text", Schema: text},
				{Key: "goto", Schema: schema.Scalar("")},
				{Key: "with", Schema: &schema.Schema{Named: &schema.Schema{
					Types: []string{schema.String, schema.Number},
				}}},
				{Key: "options", Schema: &schema.Schema{Items: &schema.Schema{
					Properties: []schema.Property{
						{Key: "key", Schema: schema.Scalar("")}, {Key: "text", Schema: text},
					},
				}}},
			}},
		}},
	}}
}

func formatted(t *testing.T, text string) (string, error) {
	t.Helper()
	r := &source.Report{}
	got, err := format.File("x.yaml", []byte(text), root(), link, r)
	if r.Failed() {
		t.Fatal(r.Err())
	}
	return string(got), err
}

func TestForm(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing to do", header + "a: 1\n", header + "a: 1\n"},
		{"header", "a: 1\n", header + "a: 1\n"},
		{
			"a header of its own", "# c\n# yaml-language-server: $schema=../m.json\na: 1\n",
			"# yaml-language-server: $schema=../m.json\n# c\na: 1\n",
		},
		{"CRLF, byte order mark", "\ufeffa: 1\r\nb: 2\r\n", header + "a: 1\nb: 2\n"},
		{"no line end", "a: 1", header + "a: 1\n"},
		{"line ends", "\n\na: 1\n\n\n\nb: 2\n\n\n", header + "a: 1\n\nb: 2\n"},
		{"blanks", "a: 1  \n  \nb:\t2 \t# c \t\n", header + "a: 1\n\nb: 2  # c\n"},
		{
			"indentation",
			"a:\n    b:\n        c: 1\n    d:\n     - 1\n     -   e: 1\n         f: 2\ng: 1\n",
			header + "a:\n  b:\n    c: 1\n  d:\n    - 1\n    - e: 1\n      f: 2\ng: 1\n",
		},
		{"lists", "a:\n- b\n-   - c\n    - d\ne: 1\n", header + "a:\n  - b\n  - - c\n    - d\ne: 1\n"},
		{"a dash alone", "a:\n-\n   b: 1\n- c\n", header + "a:\n  -\n    b: 1\n  - c\n"},
		{
			"comments",
			"# 1\na:\n    # 2\n    b: 1 # 3\n    # 4\n#5\nc:\n     # 6\n   - d\n# 7\n",
			header + "# 1\na:\n  # 2\n  b: 1 # 3\n  # 4\n#5\nc:\n  # 6\n  - d\n# 7\n",
		},
		{
			"brackets over lines", "a:\n    b: {c: 1,  \n        d: [2,\n\n        3]}\n",
			header + "a:\n  b: {c: 1,\n      d: [2,\n\n      3]}\n",
		},
		{
			"blocks",
			"a:\n    b: |\n        one  \n\n          two\n    c: >-\n      x\n\n\n    d: 1\n",
			header + "a:\n  b: |\n      one  \n\n        two\n  c: >-\n    x\n\n  d: 1\n",
		},
		{
			"texts over lines", "a:\n    b: one\n      two\n    c: \"x  \n        y\"\n",
			header + "a:\n  b: one\n    two\n  c: \"x\n      y\"\n",
		},
		{
			"quotes", "a: 'x'\nb: 'it''s'\nc: 'a \"b\"'\n",
			header + "a: \"x\"\nb: \"it's\"\nc: 'a \"b\"'\n",
		},
		{
			"states",
			"states:\n\n  # of a\n  a: {goto: b}\n  # of b\n  b: {goto: c}\n\n\n" +
				"  c: {goto: a}\n  # end\n",
			header + "states:\n  # of a\n  a: {goto: \"b\"}\n\n  # of b\n  b: {goto: \"c\"}\n\n" +
				"  c: {goto: \"a\"}\n  # end\n",
		},
		{
			"texts get quotes, arguments keep theirs",
			"states:\n  a:\n    text: {ru: Привет, en: {one: x}}\n    with: {a: b, c: 'd'}\n" +
				"    options:\n      - {key: 010, text: Да}\n",
			header + "states:\n  a:\n    text: {ru: \"Привет\", en: {one: \"x\"}}\n" +
				"    with: {a: b, c: \"d\"}\n    options:\n      - {key: \"010\", text: \"Да\"}\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := formatted(t, tt.text)
			if err != nil || got != tt.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.want)
			}
			if again, err := formatted(t, got); err != nil || again != got {
				t.Errorf("again it is %v\n%s", err, again)
			}
		})
	}
}

func TestFilesOfAnotherKindGetNoHeader(t *testing.T) {
	got, err := format.File("x.yaml", []byte("a:\n    b: x"), nil, "", &source.Report{})
	if err != nil || string(got) != "a:\n  b: x\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBrokenFilesAreFindings(t *testing.T) {
	r := &source.Report{}
	got, err := format.File("x.yaml", []byte("a: {"), root(), link, r)
	if got != nil || err != nil || !r.Failed() {
		t.Errorf("got %q, %v, failed %t", got, err, r.Failed())
	}
}

// However the shipped files are deformed, they come back as they are.
func TestShippedFilesComeBack(t *testing.T) {
	paths, err := filepath.Glob("../*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for name, deform := range map[string]func(line string) string{
		"not at all":   func(line string) string { return line },
		"deeper":       func(line string) string { return deeper(line, 2) },
		"much deeper":  func(line string) string { return deeper(line, 5) },
		"blanks after": func(line string) string { return line + "   " },
		"CRLF":         func(line string) string { return line + "\r" },
		"empty lines": func(line string) string {
			if line == "" {
				return "\n   \n"
			}
			return line
		},
	} {
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			for i, line := range lines {
				lines[i] = deform(line)
			}
			got, err := formatted(t, strings.Join(lines, "\n")+"\n")
			want := string(b)
			if strings.Contains(want, "catalogue.schema.json") {
				got = strings.Replace(got, "menu.schema", "catalogue.schema", 1)
			}
			if err != nil || got != want {
				t.Errorf("%s, %s: %v\n%s", path, name, err, firstDifference(got, want))
			}
		}
	}
}

// deeper indents a line by times as much, what follows a dash included.
func deeper(line string, times int) string {
	bare := strings.TrimLeft(line, " ")
	blanks := strings.Repeat(line[:len(line)-len(bare)], times)
	if rest, ok := strings.CutPrefix(bare, "- "); ok {
		return blanks + "-" + strings.Repeat(" ", 2*times-1) + rest
	}
	return blanks + bare
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got  " + a[i] + "\nwant " + b[i]
		}
	}
	return "one is longer"
}

// A form never changes the content, and is its own form.
func FuzzForm(f *testing.F) {
	for _, text := range []string{
		"a:\n    b: |\n     x\n\n# c\n- d", "- - a: b\n    c: [d,\n e]\n", "a: 'b'\r\n\r\nc: \"d\n  e\"",
		"states:\n a:\n   text: x\n # c\n b:\n   goto: y", "\ufeff# x\na:\t1\n", "? a", "a: >+\n\n b\n\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		was := source.ParseBytes("x.yaml", []byte(text), &source.Report{})
		r := &source.Report{}
		got, err := format.File("x.yaml", []byte(text), root(), link, r)
		if err != nil || got == nil {
			return
		}
		now := source.ParseBytes("x.yaml", got, &source.Report{})
		if now == nil || !source.Same(was.Root, now.Root) {
			t.Fatalf("%q became %q", text, got)
		}
		again, err := format.File("x.yaml", got, root(), link, r)
		if err != nil || string(again) != string(got) {
			t.Fatalf("%q became %q, then %q, %v", text, got, again, err)
		}
	})
}
