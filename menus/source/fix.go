package source

import (
	"fmt"
	"slices"
	"strings"
)

// Fixed makes the corrections of findings about one file in its text. made are the findings whose
// correction is in the result, in the order of their places. A correction whose place does not say
// what it should, or that lies within another, is left out: when the result is checked again, what
// is still wrong is found again.
func Fixed(text []byte, findings []Finding) (result []byte, made []Finding, err error) {
	w := newWritten(string(text))
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	var changes []change
	for _, f := range findings {
		at, ok := w.offset(f.Pos)
		if f.Fix == (Fix{}) || !ok || !strings.HasPrefix(w.text[at:], f.Fix.Old) {
			continue
		}
		if k := len(changes); k > 0 && at < changes[k-1].to {
			continue
		}
		changes = append(changes, change{at, at + len(f.Fix.Old), f.Fix.New})
		made = append(made, f)
	}
	out, err := replace(w.text, changes)
	if err != nil {
		return nil, nil, fmt.Errorf("source: fix: %w", err)
	}
	return []byte(out), made, nil
}
