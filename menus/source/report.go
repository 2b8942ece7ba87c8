package source

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Severity says whether a finding stops the files from being used.
type Severity uint8

// The severities. The zero value is Error.
const (
	Error Severity = iota
	Warning
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Finding is one thing to put right.
type Finding struct {
	Pos      Pos
	Severity Severity
	Code     string // stable: "MENU012"
	Message  string // one line
	Help     string // lines of advice, or ""
	Fix      Fix    // the zero Fix where only a person can tell what is right
}

// A Fix is a correction that cannot be wrong: at the place of its finding the file says Old, and
// should say New.
type Fix struct{ Old, New string }

// A Report collects findings. The zero value is ready. It is not safe for concurrent use.
type Report struct {
	// Advice asks for what is only advice as well: it is added as warnings.
	Advice bool

	findings []Finding
	failed   bool
	dropped  int
	lines    map[string][]string // by file, for the excerpts
}

// Errorf adds an error.
func (r *Report) Errorf(p Pos, code, format string, a ...any) {
	r.failed = true
	message := oneLine(fmt.Sprintf(format, a...))
	r.add(Finding{Pos: p, Severity: Error, Code: code, Message: message})
}

// Warnf adds a warning: the files can be used all the same.
func (r *Report) Warnf(p Pos, code, format string, a ...any) {
	message := oneLine(fmt.Sprintf(format, a...))
	r.add(Finding{Pos: p, Severity: Warning, Code: code, Message: message})
}

// Advisef adds a warning about what works but could serve people better, if Advice asks for it. It
// reports whether it did, so that Help belongs to it.
func (r *Report) Advisef(p Pos, code, format string, a ...any) bool {
	if r.Advice {
		r.Warnf(p, code, format, a...)
	}
	return r.Advice
}

// Fix attaches a correction to the finding that was added last, if its place says old.
func (r *Report) Fix(old, new string) {
	if len(r.findings) == 0 || r.dropped > 0 {
		return
	}
	last := &r.findings[len(r.findings)-1]
	if old != "" && old != new && strings.HasPrefix(r.from(last.Pos), old) {
		last.Fix = Fix{Old: old, New: new}
	}
}

// from returns the rest of p's line, "" for a place that is not in the files that were read, or so
// far to the right that to look there for each of many findings would take long.
func (r *Report) from(p Pos) string {
	const farthest = 5000
	lines := r.lines[p.File]
	if p.Line < 1 || p.Line > len(lines) || p.Col < 1 || p.Col > farthest {
		return ""
	}
	line := lines[p.Line-1]
	for range p.Col - 1 {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	return line
}

// Help attaches a line of advice to the finding that was added last.
func (r *Report) Help(format string, a ...any) {
	if len(r.findings) == 0 || r.dropped > 0 {
		return
	}
	last := &r.findings[len(r.findings)-1]
	if last.Help != "" {
		last.Help += "\n"
	}
	last.Help += fmt.Sprintf(format, a...)
}

// DidYouMean attaches the known word that is nearest to word, or a short list of all known words,
// to the finding that was added last.
func (r *Report) DidYouMean(word string, known []string) {
	if r.dropped > 0 {
		return // nobody would see it
	}
	if s := Suggest(word, known); s != "" {
		r.Help("did you mean %q?", s)
	} else if len(known) > 0 && len(known) <= 12 {
		r.Help("known here: %s", strings.Join(known, ", "))
	}
}

func (r *Report) add(f Finding) {
	if len(r.findings) >= MaxFindings {
		r.dropped++
		return
	}
	r.findings = append(r.findings, f)
}

// keep remembers the text of a file for the excerpts.
func (r *Report) keep(file string, text string) {
	if r.lines == nil {
		r.lines = make(map[string][]string)
	}
	r.lines[file] = strings.Split(text, "\n")
}

// Findings returns the findings sorted by file, line and column, each once.
func (r *Report) Findings() []Finding {
	out := slices.Clone(r.findings)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(out)
}

// Failed reports whether there is at least one error.
func (r *Report) Failed() bool { return r.failed }

// An InvalidError carries the findings of files that cannot be used.
type InvalidError struct {
	Findings []Finding // at least one of them is an error
	text     string
}

// Error is every finding with its excerpt, as Report.Write prints them.
func (e *InvalidError) Error() string { return e.text }

// Err returns nil unless the report failed, and an *InvalidError otherwise.
func (r *Report) Err() error {
	if !r.failed {
		return nil
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		return err
	}
	return &InvalidError{Findings: r.Findings(), text: strings.TrimRight(b.String(), "\n")}
}

// Write prints every finding: "file:line:col: error CODE: message", the line it is about, a caret
// under the place, and the help.
func (r *Report) Write(w io.Writer) error { return r.WriteIn(w, "") }

// inFull is how many findings that say the same are printed with their lines and help. A language
// that is new in the settings is missing in hundreds of texts.
const inFull = 10

// WriteIn is Write with the folder dir before the names of the files, so that a terminal or an
// editor can jump there. Of findings that say the same, those after the tenth take one line each.
func (r *Report) WriteIn(w io.Writer, dir string) error {
	var b strings.Builder
	same := make(map[string]int)
	for _, f := range r.Findings() {
		place := f.Pos
		place.File = filepath.Join(dir, f.Pos.File)
		fmt.Fprintf(&b, "%s: %s %s: %s\n", place, f.Severity, f.Code, f.Message)
		if same[f.Code+f.Message]++; same[f.Code+f.Message] > inFull {
			continue
		}
		b.WriteString(r.Excerpt(f.Pos))
		for line := range strings.Lines(f.Help) {
			fmt.Fprintf(&b, "  help: %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if r.dropped > 0 {
		fmt.Fprintf(&b, "%d more findings are not shown\n", r.dropped)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Dropped returns how many findings there were beyond MaxFindings.
func (r *Report) Dropped() int { return r.dropped }

// Files returns the names of the files that were read, sorted.
func (r *Report) Files() []string { return slices.Sorted(maps.Keys(r.lines)) }

// Line returns the line at p, or "" for a place that is in no file.
func (r *Report) Line(p Pos) string {
	if lines := r.lines[p.File]; p.Line >= 1 && p.Line <= len(lines) {
		return lines[p.Line-1]
	}
	return ""
}

// Excerpt returns the line at p and a line with a caret under the place, or "" for a place that is
// in no file. A long line is cut around the place.
func (r *Report) Excerpt(p Pos) string {
	lines := r.lines[p.File]
	if p.Line < 1 || p.Line > len(lines) {
		return ""
	}
	const before, most = 60, 96 // characters of the line that are shown
	line := []rune(strings.Map(printable, lines[p.Line-1]))
	col := min(max(p.Col, 1), len(line)+1)
	head := ""
	if len(line) > most && col > before {
		cut := col - 1 - before/2
		line, col, head = line[cut:], col-cut, "…"
	}
	tail := ""
	if len(line) > most {
		line, tail = line[:most], "…"
	}
	out := fmt.Sprintf("%6d | %s%s%s\n", p.Line, head, string(line), tail)
	if p.Col < 1 {
		return out
	}
	return out + "       | " + strings.Repeat(" ", len([]rune(head))+col-1) + "^\n"
}

// printable maps what would break the alignment or the terminal to one blank.
func printable(r rune) rune {
	if r != ' ' && !unicode.IsPrint(r) {
		return ' '
	}
	return r
}

// oneLine makes a message one line that is safe on a terminal.
func oneLine(s string) string { return strings.Map(printable, s) }
