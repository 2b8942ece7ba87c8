package transcript

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Line is what one line of a screen must be, or Rest: any further lines, none included.
type Line struct {
	At   int // line of the file
	Text Pattern
	Rest bool
}

// String is the line as it is written behind the bar.
func (l Line) String() string {
	if l.Rest {
		return "..."
	}
	return l.Text.String()
}

// minWidth is that of the narrowest phone that Diff draws.
const minWidth = 20

// Diff compares the screen got with the lines want, and keeps what they capture in vars. No lines
// match every screen. When they do not match, diff shows both as two phones side by side, with
// an arrow at each line that differs; secrets of vars are shown by their names.
func Diff(want []Line, got string, vars map[string]string) (ok bool, diff string) {
	if len(want) == 0 {
		return true, ""
	}
	rows, ok := compare(want, strings.Split(got, "\n"), vars)
	if ok {
		return true, ""
	}
	return false, phones(rows, vars)
}

// A row is one line of both phones.
type row struct {
	want, got string
	differs   bool
}

func compare(want []Line, got []string, vars map[string]string) ([]row, bool) {
	var rows []row
	same := true
	for i := range max(len(want), len(got)) {
		var r row
		if i < len(got) {
			r.got = got[i]
		}
		switch {
		case i >= len(want):
			r.differs = !want[len(want)-1].Rest
		case want[i].Rest:
			r.want = want[i].String()
		default:
			r.want = want[i].String()
			r.differs = i >= len(got) || !want[i].Text.Match(got[i], vars)
		}
		same = same && !r.differs
		rows = append(rows, r)
	}
	return rows, same
}

// phones draws the rows. The arrow points at the line that was shown.
func phones(rows []row, vars map[string]string) string {
	width := minWidth
	for i := range rows {
		rows[i].got = Redact(rows[i].got, vars)
		width = max(width, utf8.RuneCountInString(rows[i].want),
			utf8.RuneCountInString(rows[i].got))
	}
	var b strings.Builder
	edge := "+" + strings.Repeat("-", width+2) + "+"
	fmt.Fprintf(&b, "  %-*s    %-s\n", width+2, "want", "  got")
	fmt.Fprintf(&b, "%s    %s\n", edge, edge)
	for _, r := range rows {
		arrow := "    "
		if r.differs {
			arrow = " -> "
		}
		fmt.Fprintf(&b, "| %-*s |%s| %-*s |\n", width, r.want, arrow, width, r.got)
	}
	fmt.Fprintf(&b, "%s    %s\n", edge, edge)
	return b.String()
}
