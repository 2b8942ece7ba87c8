package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// An Edit changes scalars in the text of one file and keeps everything else as it is written:
// comments, blank lines, line ends. Nothing changes before Apply, and the File never does.
type Edit struct {
	file    *File
	w       *written
	changes []change
	want    *Node // the file's content when all changes are made
	twin    map[*Node]*Node
	err     error
}

// A change replaces the octets from..to of the text.
type change struct {
	from, to int
	text     string
}

// Edit begins a change of the file as it was read.
func (f *File) Edit() *Edit {
	e := &Edit{file: f, w: newWritten(f.text), twin: make(map[*Node]*Node)}
	e.want = e.copyOf(f.Root)
	return e
}

// copyOf copies the content below n and remembers which copy belongs to which node.
func (e *Edit) copyOf(n *Node) *Node {
	out := &Node{Kind: n.Kind, text: n.text}
	e.twin[n] = out
	for _, f := range n.fields {
		out.fields = append(out.fields, Field{Key: f.Key, Value: e.copyOf(f.Value)})
	}
	for _, i := range n.items {
		out.items = append(out.items, e.copyOf(i))
	}
	return out
}

// ErrPlace is wrapped by errors about a value whose place in the file cannot be told exactly.
var ErrPlace = errors.New("source: the value's place in the file is not clear")

// Replace writes another text in place of the scalar n, in double quotes.
func (e *Edit) Replace(n *Node, text string) {
	if from, to, ok := e.span(n, Scalar); ok {
		e.changes = append(e.changes, change{from, to, Quote(text)})
		e.twin[n].text = text
	}
}

// Spread writes the map of fields in place of the scalar n, on one line.
func (e *Edit) Spread(n *Node, fields []Entry) {
	from, to, ok := e.span(n, Scalar)
	if !ok {
		return
	}
	var b strings.Builder
	twin := e.twin[n]
	twin.Kind, twin.text = Map, ""
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Key + ": " + Quote(f.Text))
		twin.fields = append(twin.fields, f.field())
	}
	e.changes = append(e.changes, change{from, to, "{" + b.String() + "}"})
}

// An Entry is a key with a text, to be written. The key is a plain word.
type Entry struct{ Key, Text string }

func (e Entry) field() Field {
	return Field{Key: e.Key, Value: &Node{Kind: Scalar, text: e.Text}}
}

// Add writes a text under a new key at the end of the map n, in the way that the map is written.
func (e *Edit) Add(n *Node, key, text string) {
	e.add(n, key, Quote(text), &Node{Kind: Scalar, text: text})
}

// AddMap writes a map of texts under a new key at the end of the map n.
func (e *Edit) AddMap(n *Node, key string, fields []Entry) {
	value := &Node{Kind: Map}
	parts := make([]string, 0, len(fields))
	for _, f := range fields {
		parts = append(parts, f.Key+": "+Quote(f.Text))
		value.fields = append(value.fields, f.field())
	}
	e.add(n, key, "{"+strings.Join(parts, ", ")+"}", value)
}

// Append writes a text at the end of the list n.
func (e *Edit) Append(n *Node, text string) {
	e.add(n, "", Quote(text), &Node{Kind: Scalar, text: text})
}

// add writes one more value at the end of a map or a list.
func (e *Edit) add(n *Node, key, text string, value *Node) {
	last := n.last()
	if last == nil {
		e.fail(n)
		return
	}
	_, to, ok := e.span(last, last.Kind)
	if !ok {
		return
	}
	entry := text
	if key != "" {
		entry = key + ": " + text
	}
	if e.w.inFlow(n) {
		e.changes = append(e.changes, change{to, to, ", " + entry})
	} else {
		// A comment may follow on the line: the new line comes after it.
		at, end := len(e.w.text), ""
		if i := strings.IndexByte(e.w.text[to:], '\n'); i >= 0 {
			at, end = to+i, "\n"
			if i > 0 && e.w.text[at-1] == '\r' {
				at, end = at-1, "\r\n"
			}
		}
		if end == "" {
			end = "\n"
		}
		indent := strings.Repeat(" ", n.Pos.Col-1)
		if n.Kind == List {
			entry = "- " + entry
		}
		e.changes = append(e.changes, change{at, at, end + indent + entry})
	}
	twin := e.twin[n]
	if n.Kind == List {
		twin.items = append(twin.items, value)
		return
	}
	twin.fields = append(twin.fields, Field{Key: key, Value: value})
}

// span is written.span for a node that must be of kind k; it remembers a failure.
func (e *Edit) span(n *Node, k Kind) (from, to int, ok bool) {
	if n.Is(k) && e.twin[n] != nil {
		from, to, ok = e.w.span(n)
	}
	if !ok {
		e.fail(n)
	}
	return from, to, ok
}

func (e *Edit) fail(n *Node) {
	if e.err == nil {
		e.err = fmt.Errorf("%w: %s", ErrPlace, n.Place())
	}
}

// Changed reports whether anything is to be changed.
func (e *Edit) Changed() bool { return len(e.changes) > 0 }

// Apply returns the text with all changes made. It fails, and there is no text, when the result
// would not hold exactly what was asked for: that is read again and compared.
func (e *Edit) Apply() ([]byte, error) {
	if e.err != nil {
		return nil, e.err
	}
	text, err := replace(e.w.text, e.changes)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	f := ParseBytes(e.file.Name, []byte(text), r)
	if f == nil || r.Failed() {
		return nil, fmt.Errorf("source: edit: %s could not be read any more: %w", e.file.Name, r.Err())
	}
	if !Same(e.want, f.Root) {
		return nil, fmt.Errorf("source: edit: %s would not hold what it should", e.file.Name)
	}
	return []byte(text), nil
}

// replace makes the changes, which must not overlap.
func replace(text string, changes []change) (string, error) {
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b change) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, c := range changes {
		if c.from < at {
			return "", errors.New("source: edit: two changes of the same place")
		}
		b.WriteString(text[at:c.from] + c.text)
		at = c.to
	}
	return b.String() + text[at:], nil
}

// Same reports whether two values are the same: texts, keys and their order. How they are written
// does not count.
func Same(a, b *Node) bool {
	if kindOf(a) != kindOf(b) || a.Scalar() != b.Scalar() {
		return false
	}
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y Field) bool {
		return x.Key == y.Key && Same(x.Value, y.Value)
	}) && slices.EqualFunc(a.Items(), b.Items(), Same)
}

// Quote writes a text as a YAML scalar in double quotes on one line. Letters stay as they are;
// what nobody could see is escaped.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == ' ' || unicode.IsPrint(c) || unicode.IsMark(c):
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, c)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
