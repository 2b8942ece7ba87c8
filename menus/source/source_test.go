package source_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
)

// parse parses text as the file x.yaml.
func parse(text string) (*source.File, *source.Report) {
	r := &source.Report{}
	return source.ParseBytes("x.yaml", []byte(text), r), r
}

// Broken files end in a finding with a place, quickly and without a panic.
func TestBrokenFiles(t *testing.T) {
	tests := []struct {
		name, text, want string // want is how the first finding begins
	}{
		{"empty", "", "x.yaml:1:1: YAML003: the file is empty"},
		{"comment", "# nothing\n", "x.yaml:1:1: YAML003: the file is empty"},
		{"tab", "a:\n\tb: 1\n", "x.yaml:2:1: YAML003: a tab is used to indent"},
		{"tab after blanks", "a:\n  \tb: 1\n", "x.yaml:2:3: YAML003: a tab is used to indent"},
		{"key twice", "a: 1\nb: 2\na: 3\n", `x.yaml:3:1: YAML007: the key "a" is here twice`},
		{"key twice inside", "a: {b: 1, b: 2}\n", "x.yaml:1:11: YAML007: the key "},
		{"anchor", "a: &x 1\n", "x.yaml:1:4: YAML005: an anchor"},
		{"alias", "service: *900#\n", "x.yaml:1:10: YAML005: an alias"},
		{"merge", "a: {<<: {b: 1}}\n", "x.yaml:1:5: YAML005: a merge key"},
		{"tag", "a: !!str x\n", "x.yaml:1:4: YAML005: a tag"},
		{"complex key", "? [a]\n: b\n", "x.yaml:1:1: YAML005: a complex key"},
		{"directive", "%YAML 1.2\n---\na: 1\n", "x.yaml:1:1: YAML005: a directive"},
		{
			"anchors bomb", "a: &a [x,x,x,x]\n" + strings.Repeat("b: &b [*a,*a,*a,*a]\n", 100),
			"x.yaml:1:4: YAML005: an anchor",
		},
		{"lists in lists", strings.Repeat("[", 10_000), "x.yaml:1:65: YAML006: nested more than"},
		{"maps in maps", strings.Repeat("{a: ", 10_000), "x.yaml:1:257: YAML006: nested"},
		{"lists in lines", strings.Repeat("- ", 10_000) + "x", "x.yaml:1:129: YAML006: nested"},
		{"a little too deep", deep(source.MaxDepth + 1), "x.yaml:33:66: YAML006: nested"},
		{"not UTF-8", "a: 1\nb: \xff\n", "x.yaml:2:4: YAML011: the octet 0xff is not UTF-8"},
		{"control character", "a: \x00\n", "x.yaml:1:4: YAML011: control character U+0000"},
		{"line separator", "a: \u2028\n", "x.yaml:1:4: YAML011: control character U+2028"},
		{"lone CR", "a: 1\rb: 2\n", "x.yaml:1:5: YAML011: control character U+000D"},
		{"10 MB", strings.Repeat("# ten octets\n", 800_000), "x.yaml: YAML002: the file has more"},
		{"lines", strings.Repeat("\n", source.MaxLines+1), "x.yaml: YAML002: the file has 20001 l"},
		{"words", "[" + strings.Repeat("1,", 120_000) + "]", "x.yaml: YAML002: more than 100000 s"},
		{"values", "[" + strings.Repeat("1,", 70_000) + "]", "x.yaml:1:120000: YAML002: "},
		{"double quote", "a: \"x\nb: 1\n", "x.yaml:1:4: YAML003: "},
		{"single quote", "a: 'x\nb: 1\n", "x.yaml:1:4: YAML003: "},
		{"documents", "a: 1\n---\nb: 2\n", "x.yaml:2:1: YAML004: a second document"},
		{"brackets", "a: ]]\n", "x.yaml:1:4: YAML003: a bracket is closed that was not opened"},
		{"brace", "a: }\n", "x.yaml:1:4: YAML003: a text that begins with \"}\" needs quotes"},
		{"open brace", "a: {b: 1\nc: 2\n", "x.yaml:1:4: YAML003: the bracket that opens here"},
		{"open brace far above", "a: {b: 1\nc: {d: [x]}\ne: [1]\n", "x.yaml:1:4: YAML003: the br"},
		{"text after braces", "a: {name} x\n", "x.yaml:1:11: YAML003: "},
		{"colons", "a: b: c\n", "x.yaml:1:4: YAML003: "},
		{"reserved", "a: @b\n", "x.yaml:1:4: YAML003: "},
		{"list as key", "[a]: b\n", "x.yaml:1:4: YAML010: a key must be a word"},
		{"map as key", "a:\n  {b: c}: d\n", "x.yaml:2:9: YAML010: a key must be a word"},
		{"no key", "a: {: b}\n", "x.yaml:1:5: YAML010: a key must be a word"},
		{"an empty key", "a: 1\n\"\": b\n", "x.yaml:2:1: YAML010: a key must be a word"},
		{"a block as key", "|\n a\n: b\n", "x.yaml:1:1: YAML010: a key must be a word"},
		{"closing brackets", strings.Repeat("]", 100_000), "x.yaml:1:1: YAML003: "},
		{"colons only", strings.Repeat(": ", 50_000), "x.yaml:1:1: YAML003: "},
		{"one key again and again", strings.Repeat("a: 1\n", 5_000), "x.yaml:2:1: YAML007: "},
		{"many keys", lines("key%d: 1\n") + "a: &b 1\n", "x.yaml:6001:1: YAML002: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, r := parse(tt.text)
			all := r.Findings()
			if len(all) == 0 || !r.Failed() {
				t.Fatalf("no finding, want %s", tt.want)
			}
			got := fmt.Sprintf("%s: %s: %s", all[0].Pos, all[0].Code, all[0].Message)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if err := r.Write(&strings.Builder{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// lines returns as many lines as a file may have.
func lines(format string) string {
	var b strings.Builder
	for i := range source.MaxLines - 1 {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// deep returns maps within each other.
func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("  ", i) + "a:\n")
	}
	return b.String() + strings.Repeat("  ", n) + "x\n"
}

func TestDeepestThatIsAllowed(t *testing.T) {
	if _, r := parse(deep(source.MaxDepth - 1)); r.Failed() {
		t.Error(r.Err())
	}
}

// A scalar is what was written: YAML's types do not exist.
func TestScalarsAreText(t *testing.T) {
	f, r := parse(`
a: {zero: 0, octal: 010, no: no, null: null, tilde: ~, float: 1.50, date: 2026-11-21, hex: 0x1F}
b: {quoted: "00", single: 'it''s', plain: it's, none: , "00": back, time: 12:30}
c: |
  two
  lines
d: "a\nb"
e: +996
`)
	if r.Failed() {
		t.Fatal(r.Err())
	}
	want := map[string]string{
		"zero": "0", "octal": "010", "no": "no", "null": "null", "tilde": "~", "float": "1.50",
		"date": "2026-11-21", "hex": "0x1F",
		"quoted": "00", "single": "it's", "plain": "it's", "none": "", "00": "back",
		"time": "12:30",
	}
	for _, m := range []string{"a", "b"} {
		for _, field := range f.Root.Field(m).Fields() {
			if got := field.Value.Scalar(); got != want[field.Key] {
				t.Errorf("%s: got %q, want %q", field.Key, got, want[field.Key])
			}
			quoted := field.Key == "quoted" || field.Key == "single"
			if field.Value.Quoted != quoted {
				t.Errorf("%s: quoted is %v", field.Key, field.Value.Quoted)
			}
			if (field.Key == "00") != field.KeyQuoted {
				t.Errorf("%s: the key's quoted is %v", field.Key, field.KeyQuoted)
			}
		}
	}
	if got := f.Root.Field("c").Scalar(); got != "two\nlines\n" {
		t.Errorf("block: got %q", got)
	}
	n := f.Root.Field("b").Field("none")
	if !n.Is(source.Null) || n.Place().String() != "x.yaml:3:49" {
		t.Errorf("a value that is left out: got %v at %s", n.Kind, n.Place())
	}
	if got := f.Root.Field("e").Scalar(); got != "+996" {
		t.Errorf("a sign: got %q", got)
	}
}

// Columns count characters, so that they are right after Cyrillic text too.
func TestPlaces(t *testing.T) {
	f, r := parse("# c\r\nа: {ky: \"Артка\", ru: Назад, xs: [1, \"a\\n{b}\"]}\r\n" +
		"b:\r\n  - {c: 1}\r\n")
	if r.Failed() {
		t.Fatal(r.Err())
	}
	fields := f.Root.Field("а").Fields()
	xs := fields[2].Value
	for _, tt := range []struct {
		what string
		got  source.Pos
		want string
	}{
		{"key after Cyrillic", fields[1].KeyPos, "x.yaml:2:18"},
		{"value after Cyrillic", fields[1].Value.Pos, "x.yaml:2:22"},
		{"map", f.Root.Field("а").Pos, "x.yaml:2:4"},
		{"list", xs.Pos, "x.yaml:2:33"},
		{"item", xs.Items()[1].Pos, "x.yaml:2:37"},
		{"inside quotes, after an escape", xs.Items()[1].Inside(2), "x.yaml:2:41"},
		{"inside plain text", fields[1].Value.Inside(2), "x.yaml:2:23"},
		{"out of range", fields[1].Value.Inside(99), "x.yaml:2:22"},
		{"block list", f.Root.Field("b").Pos, "x.yaml:4:3"},
		{"map in a block list", f.Root.Field("b").Items()[0].Pos, "x.yaml:4:5"},
		{"nothing", f.Root.Field("c").Place(), ""},
	} {
		if tt.got.String() != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}

func TestReportShowsThePlace(t *testing.T) {
	f, r := parse("states:\n  main:\n    txet: \"Привет\"\n    list: {a: 1}\n")
	main := f.Root.Field("states").Field("main")
	main.Object(r, "a state", "text", "list")
	main.Field("list").Object(r, "a list")
	main.Field("txet").Object(r, "this")
	r.Warnf(source.Pos{File: "x.yaml", Line: 2, Col: 3}, "X001", "a\x1b[31m warning\nin two")
	r.Errorf(source.Pos{File: "other.yaml"}, "X002", "no line")
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := `other.yaml: error X002: no line
x.yaml:2:3: warning X001: a [31m warning in two
     2 |   main:
       |   ^
x.yaml:3:5: error YAML008: a state has no key "txet"
     3 |     txet: "Привет"
       |     ^
  help: did you mean "text"?
x.yaml:3:11: error YAML009: this must be a map, not a text
     3 |     txet: "Привет"
       |           ^
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	var invalid *source.InvalidError
	if err := r.Err(); !errors.As(err, &invalid) || len(invalid.Findings) != 4 ||
		invalid.Error() != strings.TrimRight(want, "\n") {
		t.Errorf("got error %v", err)
	}
}

func TestWarningsAloneAreNoError(t *testing.T) {
	r := &source.Report{}
	r.Warnf(source.Pos{File: "x.yaml"}, "X001", "only a warning")
	if r.Failed() || r.Err() != nil {
		t.Errorf("failed %v, err %v, want a report that has not failed", r.Failed(), r.Err())
	}
}

func TestReportIsBounded(t *testing.T) {
	r := &source.Report{}
	for i := range source.MaxFindings + 7 {
		r.Errorf(source.Pos{File: "x.yaml", Line: i}, "X001", "finding")
	}
	if n := len(r.Findings()); n != source.MaxFindings {
		t.Errorf("%d findings are kept, want %d", n, source.MaxFindings)
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil || !strings.Contains(b.String(), "7 more findings") {
		t.Errorf("the rest is not counted: %v", err)
	}
}

// A language that is new is missing in hundreds of texts, and all that differs are the places.
func TestFindingsThatSayTheSameAreShort(t *testing.T) {
	_, r := parse("a: b\n")
	for col := range 30 {
		r.Errorf(source.Pos{File: "x.yaml", Line: 1, Col: col}, "X001", "the same")
		r.Help("do it")
	}
	r.Errorf(source.Pos{File: "x.yaml", Line: 1, Col: 40}, "X001", "another")
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "x.yaml:1:"); got != 31 {
		t.Errorf("%d places, want all 31", got)
	}
	if got := strings.Count(b.String(), "help: do it"); got != 10 {
		t.Errorf("%d are printed in full, want 10 that say the same", got)
	}
	if got := strings.Count(b.String(), "1 | a: b"); got != 11 {
		t.Errorf("%d lines, want those of 10 and of the one that says something else", got)
	}
}

// A long line is cut around the place, and the caret stays under it.
func TestExcerptOfALongLine(t *testing.T) {
	_, r := parse("a: \"" + strings.Repeat("ж", 500) + "\"\n" +
		"b: \"" + strings.Repeat("x", 300) + "\" !\n")
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if n := len([]rune(line)); n > 120 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) < 3 {
		t.Fatalf("no excerpt in %s", b.String())
	}
	excerpt, caret := []rune(lines[1]), []rune(lines[2])
	if got := excerpt[len(caret)-1]; got != '!' && got != '"' {
		t.Errorf("the caret is under %q:\n%s", got, b.String())
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"main", "pay_confirm", "pay_amount", "text", "@home"}
	for word, want := range map[string]string{
		"mian": "main", "pay_confrim": "pay_confirm", "pay_amont": "pay_amount", "Text": "text",
		"txet": "text", "@hom": "@home", "nothing": "", "": "", "x": "",
		strings.Repeat("main", 50): "",
	} {
		if got := source.Suggest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestLoadReadsAllFilesOfTheFolder(t *testing.T) {
	fsys := fstest.MapFS{
		"b.yaml": {Data: []byte("b: 1\n")}, "a.yaml": {Data: []byte("a: 1\n")},
		"bad.yaml": {Data: []byte("a: {\n")}, "notes.txt": {Data: []byte("{")},
		".#a.yaml": {Data: []byte("{")}, "._a.yml": {Data: []byte("{")},
		"sub/c.yaml": {Data: []byte("c: 1\n")},
	}
	r := &source.Report{}
	files, whole := source.Load(fsys, r)
	if whole {
		t.Error("a folder of which a file is left out is called whole")
	}
	if len(files) != 2 || files[0].Name != "a.yaml" || files[1].Name != "b.yaml" {
		t.Errorf("got %v", files)
	}
	if len(r.Findings()) != 1 || r.Findings()[0].Pos.File != "bad.yaml" {
		t.Errorf("got %v, want one finding in bad.yaml", r.Findings())
	}
	if files[0].Sum == files[1].Sum {
		t.Error("two files have the same sum")
	}
	// Read twice into one report, as menus and catalogue do, a finding is there once.
	source.Load(fsys, r)
	if n := len(r.Findings()); n != 1 {
		t.Errorf("%d findings after reading twice, want 1", n)
	}
	r = &source.Report{}
	if source.Load(fstest.MapFS{}, r); !r.Failed() {
		t.Error("a folder without files is accepted")
	}
}

// What is no regular file is refused and not opened: nobody may ever write to a pipe.
func TestLoadOpensRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	for name, make := range map[string]func(path string) error{
		"file.yaml":   func(p string) error { return os.WriteFile(p, []byte("a: 1\n"), 0o600) },
		"folder.yaml": func(p string) error { return os.Mkdir(p, 0o700) },
		"link.yaml":   func(p string) error { return os.Symlink("file.yaml", p) },
		"null.yaml":   func(p string) error { return os.Symlink(os.DevNull, p) },
		"pipe.yaml":   func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		if err := make(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := &source.Report{}
	files, whole := source.Load(os.DirFS(dir), r)
	if len(files) != 2 || files[0].Name != "file.yaml" || files[1].Name != "link.yaml" || whole {
		t.Errorf("got %v, whole %t, want the file and the link to it", files, whole)
	}
	expect(t, r,
		"folder.yaml: YAML001: a folder is no file that can be read",
		"null.yaml: YAML001: a device is no file that can be read",
		"pipe.yaml: YAML001: a named pipe is no file that can be read")
}

// A file that would be passed over is named, and a folder that cannot be read is all that is said.
func TestLoadOfFolders(t *testing.T) {
	many := fstest.MapFS{}
	for i := range source.MaxFiles + 1 {
		many[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte("a: 1\n")}
	}
	for _, tt := range []struct {
		name string
		fsys fs.FS
		want []string
	}{
		{"missing", os.DirFS(filepath.Join(t.TempDir(), "none")), []string{
			".: YAML001: the folder cannot be read: no such file or directory",
		}},
		{"empty", fstest.MapFS{}, []string{".: YAML001: no *.yaml files in the folder"}},
		{"too many files", many, []string{".: YAML002: 201 files; at most 200"}},
		{
			"other names",
			fstest.MapFS{"a.yml": {Data: []byte("a: 1")}, "B.YAML": {Data: []byte("a: 1")}},
			[]string{
				"B.YAML: YAML012: only files that end in .yaml are read",
				"a.yml: YAML012: only files that end in .yaml are read",
			},
		},
	} {
		r := &source.Report{}
		if files, whole := source.Load(tt.fsys, r); len(files) > 0 || whole {
			t.Errorf("%s: got %v, whole %t", tt.name, files, whole)
		}
		t.Run(tt.name, func(t *testing.T) { expect(t, r, tt.want...) })
	}
}

func expect(t *testing.T, r *source.Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings() {
		got = append(got, fmt.Sprintf("%s: %s: %s", f.Pos, f.Code, f.Message))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A file as large as may be, of nothing but signs, is refused before it costs much: the library
// takes some hundred octets for each.
func TestSignsAreCountedFirst(t *testing.T) {
	const most = 16 << 20 // octets, all that is ever allocated included
	for _, sign := range []string{
		"[", "]", "{a: ", "[]", "- ", ": ", "1,", "&a ", "*", "\"", "' ",
	} {
		text := strings.Repeat(sign, 1_000_000/len(sign))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, r := parse(text)
		runtime.ReadMemStats(&after)
		if f := r.Findings(); len(f) != 1 || f[0].Code != source.CodeTooLarge {
			t.Errorf("%q: got %v", sign, f)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%q: %d octets were allocated, want at most %d", sign, n, most)
		}
	}
}

// What nobody sees is found, wherever it stands, and letters of all scripts are seen.
func TestUnseen(t *testing.T) {
	for text, want := range map[string]int{
		"": -1, "Өтө кыска": -1, "two\nlines": -1, "№ 5 – «ж» 😀": -1, "e\u0301": -1,
		"a\tb": 1, "a\rb": 1, "\x7f": 0, "\u0085": 0, "ж\u202e": 2, "\u200b": 0, "\u00ad": 0,
		"\ufeffa": 0, "\u2028": 0, "\u2066a": 0, "\u3164": 0, "\U000e0041": 0, "\u200da": 0,
	} {
		if got := source.Unseen(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]bool{
		"": true, " \n ": true, "\u00a0": true, "\u2800": true, "\u3164": true, "\u200b": true,
		"\u0301": true, "a": false, "-": false, "ж": false, "1": false, "+": false,
	} {
		if got := source.Blank(text); got != want {
			t.Errorf("%q: blank %t, want %t", text, got, want)
		}
	}
}

func TestEveryCodeIsExplained(t *testing.T) {
	last := ""
	for _, c := range source.Codes() {
		if c.Code <= last || c.Title == "" || len(c.Text) < 40 {
			t.Errorf("%q after %q: %q %q", c.Code, last, c.Title, c.Text)
		}
		last = c.Code
	}
}

// Any octets give a file or a finding, and no value of a file is without a place in it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"a: {b: [1, \"x\"]}\n", "- a\n- b: |\n    x\n", "a: &x\n", "\"\\x41\": 'b'\n", "{}",
		"a: }", "?", "a:\n  - b\n - c", "---\n...\n", "a: >-\n\n  x\n", "!!", "\ufeffa: 1",
		"[[[[", "a: \"\\", "#",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &source.Report{}
		file := source.ParseBytes("x.yaml", b, r)
		if file == nil {
			if !r.Failed() {
				t.Fatal("no file and no finding")
			}
			return
		}
		lines := strings.Count(string(b), "\n") + 1
		var walk func(n *source.Node, depth int)
		walk = func(n *source.Node, depth int) {
			if n.Pos.Line < 1 || n.Pos.Line > lines || n.Pos.Col < 1 || depth > source.MaxDepth+1 {
				t.Fatalf("%v %q at %s, depth %d, in a file of %d lines", n.Kind, n.Scalar(), n.Pos,
					depth, lines)
			}
			for _, f := range n.Fields() {
				walk(f.Value, depth+1)
			}
			for _, i := range n.Items() {
				walk(i, depth+1)
			}
		}
		walk(file.Root, 1)
		if err := r.Write(&strings.Builder{}); err != nil {
			t.Fatal(err)
		}
	})
}

// A file that an editor replaces while it is read is the old one or the new one, and what is known
// of it belongs together.
func TestFileReplacedWhileItIsRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	texts := []string{
		"a: " + strings.Repeat("x", 60_000) + "\n", "a: " + strings.Repeat("y", 30_000) + "\n",
	}
	sums := map[[sha256.Size]byte]string{}
	for _, text := range texts {
		sums[sha256.Sum256([]byte(text))] = text
	}
	replace := func(text string) {
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
	}
	replace(texts[0])
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				replace(texts[i%2])
			}
		}
	}()
	defer func() {
		close(done)
		<-stopped
	}()
	for range 200 {
		r := &source.Report{}
		files, whole := source.Load(os.DirFS(dir), r)
		if !whole || len(files) != 1 {
			t.Fatalf("got %v\n%v", files, r.Err())
		}
		if text := "a: " + files[0].Root.Field("a").Scalar() + "\n"; sums[files[0].Sum] != text {
			t.Fatalf("the text of %d octets is not the one of its sum", len(text))
		}
	}
}

// A word is compared with thousands of names only as far as it could be one of them.
func TestSuggestAmongMany(t *testing.T) {
	var known []string
	for i := range 5_000 {
		known = append(known, fmt.Sprintf("state_%d", i))
	}
	for word, want := range map[string]string{
		"state_4711": "state_4711", "sate_4711": "state_4711", "state": "", "states_of_things": "",
	} {
		if got := source.Suggest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestSlipsBehindASyntaxErrorAreNamed(t *testing.T) {
	tests := []struct{ name, text, want, help string }{
		{
			"a quote that is not closed", "- key: \"3\"\n  goto: \"pay\n- key: \"4\"\n",
			"x.yaml:2:9: the quote \" that opens here is not closed in its line", "",
		},
		{
			"a quote in brackets", "a: {b: \"c, d: 1}\nf: \"x\"\n",
			"x.yaml:1:8: the quote \" that opens here is not closed in its line", "",
		},
		{
			"no colon", "a:\n  b: 1\n  goto \"c\"\n",
			"x.yaml:3:7: a colon and a blank are missing here", "write goto: and then the value",
		},
		{
			"a condition in double quotes", "- {when: \"lang == \"ru\"\", goto: x}\n",
			"x.yaml:1:20: ',' or '}' must be specified", "write a condition in single quotes",
		},
		{
			"a condition with brackets", "- {when: lang in [\"ru\"], goto: x}\n",
			"x.yaml:1:18: ',' or '}' must be specified", "write a condition in single quotes",
		},
		{
			"a colon in a text", "a:\n  en: Not: available\n",
			"x.yaml:2:7: mapping value is not allowed", `a text that holds ": " needs quotes`,
		},
		{
			"a tab in a text", "a: {b: \"c\td\", e: 1}\n",
			"x.yaml:1:10: a tab that YAML stumbles on", "",
		},
		{
			"columns", "a:\n  - b: 1\n      c: 2\n",
			"x.yaml:2:8: mapping value is not allowed", "what belongs together begins in the same column",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, r := parse(tt.text)
			all := r.Findings()
			if len(all) != 1 {
				t.Fatalf("%d findings, want one: %v", len(all), all)
			}
			got := all[0].Pos.String() + ": " + all[0].Message
			if !strings.HasPrefix(got, tt.want) || !strings.HasPrefix(all[0].Help, tt.help) {
				t.Errorf("got  %s\n     %s\nwant %s\n     %s", got, all[0].Help, tt.want, tt.help)
			}
		})
	}
}
