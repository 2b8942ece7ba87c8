package source_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ussdgw/menus/source"
)

// Every scalar can be replaced in its place, however it was written, and nothing else changes.
func TestReplaceKeepsEverythingElse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"double", "a: \"x\\\"y\" # c\nb: 1\n", "a: \"N\" # c\nb: 1\n"},
		{"single", "a: 'it''s'   # c\n", "a: \"N\"   # c\n"},
		{"plain", "a: it's so # c\n", "a: \"N\" # c\n"},
		{"plain in flow", "a: {b: Өтө кыска, c: 1}\n", "a: {b: \"N\", c: 1}\n"},
		{"plain over lines", "a: one\n  two\n  # c\nb: 1\n", "a: \"N\"\n  # c\nb: 1\n"},
		{"quoted over lines", "a: \"one\n  two\" # c\n", "a: \"N\" # c\n"},
		{"block", "a: |\n  one\n\n  two\n\n# c\nb: 1\n", "a: \"N\"\n\n# c\nb: 1\n"},
		{"block to the end", "a:\n  - b: >-\n      one\n      two", "a:\n  - b: \"N\""},
		{"kept line ends", "a: |+\n  one\n\nb: 1\n", "a: \"N\"\n\nb: 1\n"},
		{"CRLF", "x: 1\r\na: |\r\n  one\r\n  two\r\nb: 1\r\n", "x: 1\r\na: \"N\"\r\nb: 1\r\n"},
		{"byte order mark", "\ufeffa: x\nb: 1\n", "\ufeffa: \"N\"\nb: 1\n"},
		{"null", "a: null\nb: 1\n", "a: \"N\"\nb: 1\n"},
		{"number", "a: 0x1F\nb: 1.50\n", "a: \"N\"\nb: 1.50\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, r := parse(tt.text)
			if r.Failed() {
				t.Fatal(r.Err())
			}
			n := f.Root.Field("a")
			for !n.Is(source.Scalar) {
				if items := n.Items(); len(items) > 0 {
					n = items[0]
				} else {
					n = n.Fields()[0].Value
				}
			}
			e := f.Edit()
			e.Replace(n, "N")
			got, err := e.Apply()
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
}

func TestAddWritesInTheWayOfTheMap(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"flow", "a: {b: x, c: \"y\" } # z\n", "a: {b: x, c: \"y\", new: \"N\" } # z\n"},
		{"flow list", "a: [\"x\"]\n", "a: [\"x\", \"N\"]\n"},
		{"block", "a:\n  b: x # z\nd: 1\n", "a:\n  b: x # z\n  new: \"N\"\nd: 1\n"},
		{"block list", "a:\n  - x\nd: 1\n", "a:\n  - x\n  - \"N\"\nd: 1\n"},
		{"at the end", "a:\n  b: x", "a:\n  b: x\n  new: \"N\""},
		{"after a block", "a:\n  b: |\n    x\n\nd: 1\n", "a:\n  b: |\n    x\n  new: \"N\"\n\nd: 1\n"},
		{"CRLF", "a:\r\n  b: x\r\nd: 1\r\n", "a:\r\n  b: x\r\n  new: \"N\"\r\nd: 1\r\n"},
		{"in a list", "a:\n  b: [{c: 1}]\n", "a:\n  b: [{c: 1}]\n  new: \"N\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, r := parse(tt.text)
			if r.Failed() {
				t.Fatal(r.Err())
			}
			e := f.Edit()
			if n := f.Root.Field("a"); n.Is(source.List) {
				e.Append(n, "N")
			} else {
				e.Add(n, "new", "N")
			}
			if got, err := e.Apply(); err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
}

func TestSpreadAndAddMap(t *testing.T) {
	f, _ := parse("a: \"x\" # c\nb:\n  en: {one: \"1\", other: \"2\"}\n")
	e := f.Edit()
	e.Spread(f.Root.Field("a"), []source.Entry{{"en", "x"}, {"uz", "y\n\"z\""}})
	e.AddMap(f.Root.Field("b"), "uz", []source.Entry{{"one", "1"}, {"other", "2"}})
	want := "a: {en: \"x\", uz: \"y\\n\\\"z\\\"\"} # c\nb:\n  en: {one: \"1\", other: \"2\"}\n" +
		"  uz: {one: \"1\", other: \"2\"}\n"
	if got, err := e.Apply(); err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

func TestEditRefusesWhatIsNotClear(t *testing.T) {
	f, _ := parse("a: {}\nb:\nc: x\n")
	for name, change := range map[string]func(e *source.Edit){
		"an empty map": func(e *source.Edit) { e.Add(f.Root.Field("a"), "k", "N") },
		"nothing":      func(e *source.Edit) { e.Replace(f.Root.Field("b"), "N") },
		"a map":        func(e *source.Edit) { e.Replace(f.Root.Field("a"), "N") },
	} {
		e := f.Edit()
		change(e)
		if got, err := e.Apply(); !errors.Is(err, source.ErrPlace) {
			t.Errorf("%s: got %q, %v, want ErrPlace", name, got, err)
		}
	}
	e := f.Edit()
	e.Replace(f.Root.Field("c"), "1")
	e.Replace(f.Root.Field("c"), "2")
	if got, err := e.Apply(); err == nil {
		t.Errorf("the same place twice: got %q", got)
	}
}

// A character of a text is found where it is written, and as what.
func TestInsideAndSpelled(t *testing.T) {
	const mark = "\u200b"
	for _, tt := range []struct{ name, text, place, written string }{
		{"plain", "a: жж\u200bж\n", "x.yaml:1:6", mark},
		{"plain, last", "a: жж\u200b\n", "x.yaml:1:6", mark},
		{"single", "a: 'it''s\u200b'\n", "x.yaml:1:10", mark},
		{"double", "a: \"\\n\\u0436\u200b\"\n", "x.yaml:1:13", mark},
		{"escaped", "a: \"\\\\\\\"\\u200bж\"\n", "x.yaml:1:9", `\u200b`},
		{"block", "a: |\n    ж\n\n    жж\u200bж\n", "x.yaml:4:7", mark},
		{"folded", "a: >\n  жж\u200bж\n", "x.yaml:1:4", ""},
		{"over lines", "a: \"ж\n  ж\u200bж\"\n", "x.yaml:1:4", ""},
	} {
		f, r := parse(tt.text)
		if r.Failed() {
			t.Fatalf("%s: %v", tt.name, r.Err())
		}
		n := f.Root.Field("a")
		at := strings.Index(n.Scalar(), mark)
		if got := n.Inside(at).String(); got != tt.place {
			t.Errorf("%s: at %s, want %s", tt.name, got, tt.place)
		}
		if got := n.Spelled(at, len(mark)); got != tt.written {
			t.Errorf("%s: written %q, want %q", tt.name, got, tt.written)
		}
	}
}

func TestFixed(t *testing.T) {
	const text = "\ufeffa: 010 # c\r\nb: {k: 1, t: ж\u200b}\r\n"
	f, r := parse(text)
	find := func(n *source.Node, old, fixed string) {
		r.Errorf(n.Place(), "X001", "wrong")
		r.Fix(old, fixed)
	}
	find(f.Root.Field("b").Field("t"), "ж\u200b", "ж")
	find(f.Root.Field("a"), "010", `"010"`)
	find(f.Root.Field("a"), "01", "twice")
	find(f.Root.Field("b").Field("k"), "2", "not there")
	r.Errorf(source.Pos{File: "x.yaml"}, "X001", "no place")
	r.Fix("a", "b")
	got, made, err := source.Fixed([]byte(text), r.Findings())
	want := "\ufeffa: \"010\" # c\r\nb: {k: 1, t: ж}\r\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	places := make([]string, 0, len(made))
	for _, m := range made {
		places = append(places, m.Pos.String())
	}
	if !slices.Equal(places, []string{"x.yaml:1:4", "x.yaml:2:14"}) {
		t.Errorf("made %v", places)
	}
}

// Whatever is replaced in whatever file, the result holds just that, or there is none.
func FuzzReplace(f *testing.F) {
	for _, text := range []string{
		"a: {b: [1, \"x\"]}\n", "- a\n- b: |\n    x\n", "a: it's\n  b\n", "'a''b': 'c'", "[a: b, {c}]",
		"a: >+\n\n  x\n\n", "a:\r\n- \"x\\\r\n  y\"\r\n", "\ufeffa: 1",
	} {
		f.Add([]byte(text), "new \"text\"\n'")
	}
	f.Fuzz(func(t *testing.T, b []byte, text string) {
		file := source.ParseBytes("x.yaml", b, &source.Report{})
		if file == nil || strings.ToValidUTF8(text, "") != text {
			return
		}
		var walk func(n *source.Node)
		walk = func(n *source.Node) {
			if n.Is(source.Scalar) {
				e := file.Edit()
				e.Replace(n, text)
				if got, err := e.Apply(); err == nil {
					again := source.ParseBytes("x.yaml", got, &source.Report{})
					if source.Same(file.Root, again.Root) != (n.Scalar() == text) {
						t.Fatalf("%q with %q at %s is %q", b, text, n.Pos, got)
					}
				}
			}
			for _, f := range n.Fields() {
				walk(f.Value)
			}
			for _, i := range n.Items() {
				walk(i)
			}
		}
		walk(file.Root)
	})
}
