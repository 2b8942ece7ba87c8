// Package format brings menu files into one form: two blanks for each level, no blanks at the ends
// of lines, one empty line between states, double quotes, the line by which an editor finds the
// schema. Comments and the order of everything stay. A file is only ever given back with exactly
// the content that it had.
//
// It looks at lines and does not write YAML anew, so what a person has laid out with care, such as
// a map on one line or on several, stays as it is.
package format

import (
	"fmt"
	"slices"
	"strings"

	"ussdgw/menus/schema"
	"ussdgw/menus/source"
)

// indent is how many blanks a level has.
const indent = 2

// modeline begins the comment by which an editor finds the schema of a file.
const modeline = "# yaml-language-server:"

// File returns the text of the file name in its form. root is the schema of the file, nil for a
// file of another kind, and link is where an editor finds it: "./menu.schema.json". A file that
// cannot be read has its findings in r, and there is no text. The error is that of a file whose
// form cannot be made without a change of its content.
func File(
	name string, text []byte, root *schema.Schema, link string, r *source.Report,
) ([]byte, error) {
	f := source.ParseBytes(name, text, r)
	if f == nil || r.Failed() {
		return nil, nil
	}
	laid, err := layout(withoutTabs(f, text), root)
	if err != nil {
		return nil, err
	}
	if root != nil {
		laid = withModeline(laid, link)
	}
	out, err := quote(name, []byte(strings.Join(laid, "\n")+"\n"), root)
	if err != nil {
		return nil, err
	}
	again := source.ParseBytes(name, out, &source.Report{})
	if again == nil || !source.Same(f.Root, again.Root) {
		return nil, fmt.Errorf("format: %s would not mean the same any more", name)
	}
	return out, nil
}

// withoutTabs is the file with blanks instead of the tabs between its words, where these can be
// told from tabs within texts: behind a tab the places of values are not clear.
func withoutTabs(f *source.File, text []byte) *source.File {
	if !strings.Contains(string(text), "\t") {
		return f
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	out := source.ParseBytes(f.Name, []byte(strings.Join(lines, "\n")), &source.Report{})
	if out == nil || !source.Same(f.Root, out.Root) {
		return f
	}
	return out
}

// withModeline puts the line for editors first: the one that is there, or one with link.
func withModeline(lines []string, link string) []string {
	first := modeline + " $schema=" + link
	for i, line := range lines {
		if !strings.HasPrefix(line, "#") && line != "" {
			break
		}
		if strings.HasPrefix(line, modeline) {
			first = line
			lines = slices.Delete(lines, i, i+1)
			break
		}
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	return append([]string{first}, lines...)
}

// quote puts scalars into double quotes that are in single ones, and those that the schema wants to
// be texts. What has a quote or a backslash in it stays: it is easier to read as it is.
func quote(name string, text []byte, root *schema.Schema) ([]byte, error) {
	f := source.ParseBytes(name, text, &source.Report{})
	if f == nil {
		return nil, fmt.Errorf("format: %s would not be YAML any more", name)
	}
	texts := map[*source.Node]bool{}
	if root != nil {
		schema.Walk(root, f.Root, func(p schema.Place) { wanted(p, texts) })
	}
	e := f.Edit()
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		raw := n.Raw()
		single := strings.HasPrefix(raw, "'")
		if raw != "" && !strings.ContainsAny(raw, "\n\t\"\\") && (single || !n.Quoted && texts[n]) {
			e.Replace(n, n.Scalar())
		}
		for _, f := range n.Fields() {
			walk(f.Value)
		}
		for _, i := range n.Items() {
			walk(i)
		}
	}
	walk(f.Root)
	return e.Apply()
}

// wanted marks the scalars at p that are texts and nothing else.
func wanted(p schema.Place, texts map[*source.Node]bool) {
	if !p.Schema.Text {
		texts[p.Node] = p.Node.Is(source.Scalar) &&
			slices.Equal(p.Schema.Types, []string{schema.String})
		return
	}
	texts[p.Node] = p.Node.Is(source.Scalar)
	for _, lang := range p.Node.Fields() {
		texts[lang.Value] = true
		for _, form := range lang.Value.Fields() {
			texts[form.Value] = true
		}
	}
}
