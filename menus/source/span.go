package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// bom is the byte order mark that some editors put before a file.
const bom = "\ufeff"

// written is the text of one file and where its lines begin. Line ends may be CRLF.
type written struct {
	text   string
	starts []int // of the lines, in octets
	// The place that was asked for last and where it is: places are asked for in the order of the
	// file, and a line may be as long as a file.
	last   Pos
	lastAt int
}

func newWritten(text string) *written {
	w := &written{text: text, starts: []int{len(text) - len(strings.TrimPrefix(text, bom))}}
	for i := range len(text) {
		if text[i] == '\n' {
			w.starts = append(w.starts, i+1)
		}
	}
	return w
}

// offset returns where p is in the text, in octets. It returns false for a place that the text
// does not have.
func (w *written) offset(p Pos) (int, bool) {
	if p.Line < 1 || p.Line > len(w.starts) || p.Col < 1 {
		return 0, false
	}
	at, col := w.starts[p.Line-1], 1
	if w.last.Line == p.Line && w.last.Col <= p.Col {
		at, col = w.lastAt, w.last.Col
	}
	for ; col < p.Col; col++ {
		if at >= len(w.text) || w.text[at] == '\n' {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(w.text[at:])
		at += size
	}
	w.last, w.lastAt = p, at
	return at, true
}

// line returns the number of the line that offset is in, 1 for the first.
func (w *written) line(offset int) int {
	low, high := 0, len(w.starts)
	for low+1 < high {
		if mid := (low + high) / 2; w.starts[mid] <= offset {
			low = mid
		} else {
			high = mid
		}
	}
	return low + 1
}

// span returns where a node is written, from its first octet to after its last. It returns false
// for a value that was left out, and for what it cannot recognize: then nobody may edit it.
func (w *written) span(n *Node) (from, to int, ok bool) {
	from, ok = w.offset(n.Place())
	if !ok {
		return 0, 0, false
	}
	switch n.Kind {
	case Scalar:
		to, ok = scalarEnd(w.text, from, n.style, n.text)
		return from, to, ok
	case Null:
		return 0, 0, false
	}
	if c := w.at(from); c == '{' || c == '[' {
		to, ok = flowEnd(w.text, from)
		return from, to, ok
	}
	last := n.last()
	if last == nil || last.Is(Null) {
		return 0, 0, false // one that ends in a key alone
	}
	_, to, ok = w.span(last)
	return from, to, ok
}

// inFlow reports whether a map or a list is written with brackets.
func (w *written) inFlow(n *Node) bool {
	from, ok := w.offset(n.Place())
	return ok && (n.Kind == Map || n.Kind == List) && (w.at(from) == '{' || w.at(from) == '[')
}

func (w *written) at(offset int) byte {
	if offset < 0 || offset >= len(w.text) {
		return 0
	}
	return w.text[offset]
}

// last returns the last value of a map or a list, or nil.
func (n *Node) last() *Node {
	if k := len(n.fields); k > 0 {
		return n.fields[k-1].Value
	}
	if k := len(n.items); k > 0 {
		return n.items[k-1]
	}
	return nil
}

// scalarEnd returns the octet after a scalar that begins at from and whose value is value.
func scalarEnd(text string, from int, s style, value string) (int, bool) {
	rest := text[from:]
	switch s {
	case doubleQuoted:
		for i := 1; i < len(rest) && rest[0] == '"'; i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return from + i + 1, true
			}
		}
	case singleQuoted:
		for i := 1; i < len(rest) && rest[0] == '\''; i++ {
			if rest[i] != '\'' {
				continue
			}
			if i+1 == len(rest) || rest[i+1] != '\'' {
				return from + i + 1, true
			}
			i++
		}
	case block:
		if rest != "" && (rest[0] == '|' || rest[0] == '>') {
			return from + blockLength(rest, indentOf(text, from)), true
		}
	default:
		return plainEnd(text, from, value)
	}
	return 0, false
}

// plainEnd follows a scalar without quotes: where it goes over several lines, the line ends and
// blanks between its words are one blank of the value, or some line ends.
func plainEnd(text string, from int, value string) (int, bool) {
	i := from
	for at := 0; at < len(value); {
		if c := value[at]; c != ' ' && c != '\n' && c != '\t' {
			if i >= len(text) || text[i] != c {
				return 0, false
			}
			i, at = i+1, at+1
			continue
		}
		gap := i
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		if i == gap {
			return 0, false
		}
		for at < len(value) && strings.IndexByte(" \t\n", value[at]) >= 0 {
			at++
		}
	}
	return i, i > from
}

// indentOf counts the blanks that the line of offset begins with.
func indentOf(text string, offset int) int {
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	return len(text[start:]) - len(strings.TrimLeft(text[start:], " "))
}

// blockLength returns the octets of a block scalar up to the end of its last line that is not
// empty: its header and the lines that are indented more than outer, the line of the header.
func blockLength(rest string, outer int) int {
	length, at := 0, 0
	for line := range strings.Lines(rest) {
		bare := strings.TrimRight(line, "\r\n")
		empty := strings.TrimSpace(bare) == ""
		if at > 0 && !empty && len(bare)-len(strings.TrimLeft(bare, " ")) <= outer {
			break
		}
		if !empty {
			length = at + len(bare)
		}
		at += len(line)
	}
	return length
}

// flowEnd returns the octet after the bracket that closes the one at from.
func flowEnd(text string, from int) (int, bool) {
	depth, fresh := 0, true // fresh: a scalar may begin here
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{' || c == '[':
			depth, fresh = depth+1, true
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
			fresh = false
		case c == ',' || c == ':':
			fresh = true
		case c == '#' && i > 0 && strings.IndexByte(" \t\n", text[i-1]) >= 0:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case fresh && (c == '"' || c == '\''):
			s := doubleQuoted
			if c == '\'' {
				s = singleQuoted
			}
			end, ok := scalarEnd(text, i, s, "")
			if !ok {
				return 0, false
			}
			i, fresh = end-1, false
		case strings.IndexByte(" \t\r\n", c) < 0:
			fresh = false
		}
	}
	return 0, false
}

// unit returns how many octets of raw, the inside of a scalar of style s, make its next character,
// and how many octets that character has. It returns false for what is not one character.
func unit(raw string, s style) (octets, value int, ok bool) {
	if raw == "" || raw[0] == '\n' || raw[0] == '\r' {
		return 0, 0, false
	}
	switch {
	case s == singleQuoted && strings.HasPrefix(raw, "''"):
		return 2, 1, true
	case s == doubleQuoted && raw[0] == '\\' && len(raw) > 1:
		return escape(raw)
	}
	_, size := utf8.DecodeRuneInString(raw)
	return size, size, true
}

// escape is unit for what begins with a backslash.
func escape(raw string) (octets, value int, ok bool) {
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[raw[1]]
	if digits == 0 {
		switch raw[1] {
		case 'N', '_':
			return 2, 2, true // U+0085, U+00A0
		case 'L', 'P':
			return 2, 3, true // U+2028, U+2029
		case '\n', '\r':
			return 0, 0, false
		}
		return 2, 1, true
	}
	if len(raw) < 2+digits {
		return 0, 0, false
	}
	c := rune(0)
	for _, h := range strings.ToLower(raw[2 : 2+digits]) {
		d := strings.IndexRune("0123456789abcdef", h)
		if d < 0 {
			return 0, 0, false
		}
		c = c<<4 | rune(d)
	}
	if c > unicode.MaxRune || (c >= 0xd800 && c < 0xe000) {
		return 0, 0, false
	}
	return 2 + digits, utf8.RuneLen(c), true
}

// inside returns where the octet offset of the node's text is written, counted from its first
// octet. It returns false where text and file do not go side by side: a scalar over several lines
// other than a block that begins with '|'.
func (n *Node) inside(offset int) (int, bool) {
	if n.style == block {
		return n.insideBlock(offset)
	}
	at := 0
	if n.style != plain {
		at = 1 // the quote
	}
	for value := 0; value < offset; {
		if at > len(n.raw) {
			return 0, false
		}
		octets, size, ok := unit(n.raw[at:], n.style)
		if !ok {
			return 0, false
		}
		at, value = at+octets, value+size
		if value > offset {
			return 0, false
		}
	}
	return at, at < len(n.raw)
}

func (n *Node) insideBlock(offset int) (int, bool) {
	header, body, ok := strings.Cut(n.raw, "\n")
	if !ok || !strings.HasPrefix(header, "|") {
		return 0, false
	}
	at := len(header) + 1
	first := strings.TrimLeft(body, "\r\n")
	indent := len(first) - len(strings.TrimLeft(first, " "))
	for line := range strings.Lines(n.text) {
		raw, _, _ := strings.Cut(n.raw[at:], "\n")
		if !strings.HasPrefix(raw, strings.Repeat(" ", indent)+strings.TrimRight(line, "\n")) {
			if strings.TrimSpace(line) != "" {
				return 0, false // the header says another indentation
			}
		}
		if offset < len(line) {
			at += indent + offset
			return at, at < len(n.raw)
		}
		offset -= len(line)
		if at += len(raw) + 1; at > len(n.raw) {
			return 0, false
		}
	}
	return 0, false
}
