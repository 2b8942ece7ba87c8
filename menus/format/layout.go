package format

import (
	"fmt"
	"strings"

	"ussdgw/menus/schema"
	"ussdgw/menus/source"
)

// A level is a block that is open: a map, or a list.
type level struct {
	was, now int // columns, from 0
	list     bool
}

// A row is a line on its way into its form.
type row struct {
	text    string
	kind    source.LineKind
	was     int // column of the first character that is no blank
	now     int
	comment bool
	empty   bool
	levels  []level // open after the line, for comments that follow it
}

// layout returns the lines of a file, indented and spaced.
func layout(f *source.File, root *schema.Schema) ([]string, error) {
	lines, kinds, ok := f.Lines()
	if !ok {
		return nil, fmt.Errorf("format: %s: the place of a value is not clear", f.Name)
	}
	rows := make([]row, len(lines))
	var levels []level
	shift := 0 // of the line that a value over several lines begins in
	for i, line := range lines {
		r := &rows[i]
		r.text, r.kind = line, kinds[i]
		r.was = len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case r.kind == source.LineScalar || r.kind == source.LineBlock:
			r.now = max(0, r.was+shift)
		case r.kind == source.LineFlow:
			r.text = clean(line)
			r.empty = r.text == ""
			r.now = max(0, r.was+shift)
		case strings.TrimSpace(line) == "":
			r.text, r.empty = "", true
		case strings.HasPrefix(line[r.was:], "#"):
			r.text, r.comment = strings.TrimRight(line, " \t"), true
		default:
			r.text = clean(line)
			levels = place(r, levels)
			shift = r.now - r.was
		}
		r.levels = levels
	}
	comments(rows)
	return spaced(rows, apart(f, root)), nil
}

// clean takes the blanks off the end of a line, and makes its tabs outside of quotes blanks.
func clean(line string) string {
	var quote rune
	return strings.TrimRight(strings.Map(func(c rune) rune {
		switch {
		case quote == 0 && c == '"':
			quote = c
		case c == quote:
			quote = 0
		case quote == 0 && c == '\t':
			return ' '
		}
		return c
	}, line), " ")
}

// place finds the column of a line that begins outside of every value, from the columns of the
// blocks that are open, and opens and closes blocks. A dash opens a list, and what follows it on
// the line may open a map.
func place(r *row, levels []level) []level {
	levels = append([]level(nil), levels...)
	rest, was := r.text[r.was:], r.was
	first := true
	var text strings.Builder
	for {
		dash := rest == "-" || strings.HasPrefix(rest, "- ")
		levels = enter(levels, was, dash)
		now := levels[len(levels)-1].now
		if first {
			r.now, first = now, false
		}
		if !dash {
			text.WriteString(rest)
			break
		}
		inner := strings.TrimLeft(rest[1:], " ")
		if inner == "" || strings.HasPrefix(inner, "#") {
			text.WriteString(rest)
			break
		}
		text.WriteString("- ")
		was += len(rest) - len(inner)
		rest = inner
	}
	r.text = strings.Repeat(" ", r.was) + text.String()
	return levels
}

// enter closes the blocks that a line at column was is outside of, and opens one there unless it
// goes on with one.
func enter(levels []level, was int, list bool) []level {
	for k := len(levels); k > 0; k = len(levels) {
		top := levels[k-1]
		if top.was < was || (top.was == was && (top.list == list || !top.list)) {
			break
		}
		levels = levels[:k-1]
	}
	if k := len(levels); k > 0 {
		top := levels[k-1]
		if top.was == was && top.list == list {
			return levels
		}
		return append(levels, level{was, top.now + indent, list})
	}
	return append(levels, level{was, 0, list})
}

// comments finds the columns of the comments: that of the line which follows, where they stand
// in its column, or that of a block above which ends before it. What stands at the very left
// stays there.
func comments(rows []row) {
	next := -1 // row of the next line that is neither empty nor a comment
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		if !r.comment {
			if !r.empty {
				next = i
			}
			continue
		}
		switch {
		case r.was == 0:
		case next >= 0 && rows[next].was == r.was:
			r.now = rows[next].now
		default:
			r.now = columnOf(r, rows, next)
		}
	}
}

// columnOf is the column of a comment that stands in none of the line which follows it.
func columnOf(r *row, rows []row, next int) int {
	k := len(r.levels) - 1
	for k >= 0 && r.levels[k].was > r.was {
		k--
	}
	if next >= 0 && (k < 0 || rows[next].was > r.levels[k].was) {
		return rows[next].now // within the block that the next line opens
	}
	if k < 0 {
		return r.was
	}
	return r.levels[k].now
}

// apart returns the lines, from 1, of the entries between which one empty line stands, and false
// for the first entry of each map, before which there is none.
func apart(f *source.File, root *schema.Schema) map[int]bool {
	out := map[int]bool{}
	if root == nil {
		return out
	}
	schema.Walk(root, f.Root, func(p schema.Place) {
		if !p.Schema.Spaced {
			return
		}
		for i, field := range p.Node.Fields() {
			if field.KeyPos.Line == p.Node.Place().Line && i > 0 {
				return // on one line
			}
			out[field.KeyPos.Line] = i > 0
		}
	})
	return out
}

// spaced puts the rows together: at most one empty line anywhere, none at the beginning and the
// end, one before each entry that stands apart and the comments that belong to it.
func spaced(rows []row, apart map[int]bool) []string {
	var out []string
	for i := range rows {
		r := &rows[i]
		if r.empty && r.kind == source.LineOwn {
			continue
		}
		if len(out) > 0 && emptyBefore(rows, i, apart) {
			out = append(out, "")
		}
		out = append(out, r.moved())
	}
	return out
}

// emptyBefore reports whether an empty line stands before row i.
func emptyBefore(rows []row, i int, apart map[int]bool) bool {
	if rows[i].kind != source.LineOwn {
		return false
	}
	had := i > 0 && rows[i-1].empty && rows[i-1].kind == source.LineOwn
	above := i > 0 && rows[i-1].comment
	// The entry that the comment belongs to: nothing is between the two.
	entry := i
	for entry < len(rows)-1 && rows[entry].comment {
		entry++
	}
	later, listed := apart[entry+1]
	if !listed || (rows[i].comment && rows[i].now != rows[entry].now) {
		return had
	}
	return later && !above
}

// moved is the line with its blanks.
func (r *row) moved() string {
	body := r.text[min(r.was, len(r.text)):]
	switch {
	case r.kind == source.LineBlock && strings.TrimSpace(r.text) == "":
		if r.now > r.was {
			return r.text // an empty line of a block: blanks it has beyond the block count
		}
		return r.text[:min(len(r.text), r.now)]
	case body == "":
		return ""
	}
	return strings.Repeat(" ", r.now) + body
}
