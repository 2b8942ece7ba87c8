package source

import "strings"

// A LineKind says what the beginning of a line is part of.
type LineKind uint8

// The kinds of lines.
const (
	LineOwn    LineKind = iota // it begins outside of every value: a key, an entry, a comment, nothing
	LineScalar                 // within a text that goes over several lines, in quotes or not
	LineBlock                  // within a block that begins with '|' or '>'
	LineFlow                   // within brackets
)

// Lines returns the lines of the file without their ends, and what each begins in. It returns
// false when the place of some value is not clear, which it always is in what people write.
func (f *File) Lines() (lines []string, kinds []LineKind, ok bool) {
	text := strings.ReplaceAll(strings.TrimPrefix(f.text, bom), "\r\n", "\n")
	w := newWritten(text)
	lines = strings.Split(text, "\n")
	kinds = make([]LineKind, len(lines))
	ok = true
	var walk func(n *Node)
	walk = func(n *Node) {
		kind := LineFlow
		switch {
		case n.Is(Scalar) && n.style == block:
			kind = LineBlock
		case n.Is(Scalar):
			kind = LineScalar
		}
		if n.Is(Scalar) || w.inFlow(n) {
			from, to, clear := w.span(n)
			if !clear {
				ok = false
				return
			}
			for line := w.line(from); line < w.line(to); line++ {
				kinds[line] = kind // that of the line after it: lines are counted from 1
			}
		}
		for _, f := range n.fields {
			walk(f.Value)
		}
		for _, i := range n.items {
			walk(i)
		}
	}
	walk(f.Root)
	return lines, kinds, ok
}

// Text returns the octets of the file as it was read.
func (f *File) Text() []byte { return []byte(f.text) }

// Raw returns how a scalar is written, its quotes included, and "" where that is not clear.
func (n *Node) Raw() string {
	if n == nil {
		return ""
	}
	return n.raw
}
