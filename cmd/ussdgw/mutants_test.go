package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
)

// A mutator breaks one rule of the menus, wherever it can.
type mutator struct {
	code string // of the finding that must come
	name string
	// mutants are all that can be made of the folder. Only some are tried, see mutantsTried.
	mutants func(f *menusFolder) []*mutant
}

// mutantsTried is how many mutants there are at least for a rule, if the folder has as many places
// for its mutators: at each they are spread over all of them.
const mutantsTried = 3

// advised is how the codes begin that are found only when advice is asked for.
const advised = "MENU06"

// leastMutants is how many there must be for the test to say something.
const leastMutants = 200

// TestNoMutantSurvives breaks every rule that has a code in many places of the shipped menus, one
// at a time. What checks menus must name the place and the rule.
func TestNoMutantSurvives(t *testing.T) {
	alone(t)
	t.Parallel()
	f := readFolder(t)
	var mu sync.Mutex
	tried, broken := 0, make(map[string]int)
	of := make(map[string]int) // mutators by their rule
	for _, m := range mutators() {
		of[m.code]++
	}
	t.Run("all", func(t *testing.T) {
		last := ""
		for _, m := range mutators() {
			places := (mutantsTried + of[m.code] - 1) / of[m.code]
			first := m.code != last
			last = m.code
			t.Run(m.code+"_"+strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				all := spread(m.mutants(f), places)
				if len(all) == 0 {
					t.Fatal("there is no place for it in the shipped menus")
				}
				for i, mutant := range all {
					whole := i == 0 && first || m.code == "MENU001"
					if fault := mutant.survives(f, m.code, whole); fault != "" {
						t.Errorf("%s: %s survives: %s", m.code, mutant, fault)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				tried += len(all)
				broken[m.code] += len(all)
			})
		}
	})
	t.Logf("%d mutants of %d rules", tried, len(broken))
	if tried < leastMutants {
		t.Errorf("%d mutants, want at least %d", tried, leastMutants)
	}
	for _, c := range findingCodes() {
		reason := unbreakable()[c.Code]
		switch {
		case broken[c.Code] == 0 && reason == "":
			t.Errorf("no mutant breaks %s, %s", c.Code, c.Title)
		case broken[c.Code] > 0 && reason != "":
			t.Errorf("%s is broken by %d mutants, and said not to be", c.Code, broken[c.Code])
		}
	}
}

// spread returns at most n of all, evenly spread and always the same.
func spread(all []*mutant, n int) []*mutant {
	if len(all) <= n {
		return all
	}
	out := make([]*mutant, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// findings are what `menu check` finds in the mutant. With whole, all of the folder is checked as
// the command does it; without, only the menu or only the catalogue, whichever has the fault, and
// only whether it is YAML if that is the rule. That takes half the time, and what was left out has
// no say in the other's findings.
func (m *mutant) findings(f *menusFolder, code string, whole bool) []source.Finding {
	report := source.Report{Advice: strings.HasPrefix(code, advised)}
	files := m.fs(f)
	schemas := make(map[string]bool)
	for name := range m.files {
		schemas[f.schemas[name]] = true
	}
	switch {
	case !whole && strings.HasPrefix(code, "YAML") && code != source.CodeUnknownKey &&
		code != source.CodeKind:
		source.Load(files, &report)
	case whole || len(schemas) > 1 || schemas[""]:
		loadMenus(files, 0, &report)
	case schemas[catalogue.Schema]:
		catalogue.Load(f.only(files, catalogue.Schema), &report)
	default:
		menu.Load(f.only(files, menu.Schema), f.env, &report)
	}
	return report.Findings()
}

// survives says why the mutant was not found out, or is none, and "" when it was.
func (m *mutant) survives(f *menusFolder, code string, whole bool) string {
	var got []string
	for _, finding := range m.findings(f, code, whole) {
		if strings.HasPrefix(code, advised) && f.advised[finding.Message] {
			continue // as it was before
		}
		if strings.HasPrefix(finding.Code, "YAML") && !strings.HasPrefix(code, "YAML") &&
			finding.Code != source.CodeUnknownKey && finding.Code != source.CodeKind {
			return "the mutant is not YAML any more: " + finding.Message
		}
		at := func(p source.Pos) bool {
			return p.File == finding.Pos.File && (p.Line == 0 || p.Line == finding.Pos.Line)
		}
		if finding.Code == code && slices.ContainsFunc(m.at, at) {
			return ""
		}
		got = append(got, fmt.Sprintf("%s %s %s", finding.Pos, finding.Code, finding.Message))
	}
	return fmt.Sprintf("want a finding at %v, got %d:\n%s", m.at, len(got),
		strings.Join(got[:min(len(got), 8)], "\n"))
}

// TestReferenceListsAllCodes compares what `menu explain` lists with the table of the reference.
func TestReferenceListsAllCodes(t *testing.T) {
	readme, err := os.ReadFile("../../menus/README.md")
	if err != nil {
		t.Fatal(err)
	}
	written := make(map[string]string)
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		code := strings.TrimPrefix(cells[0], "| ")
		if len(cells) != 2 || !regexp.MustCompile(`^[A-Z]{3,4}[0-9]{3}$`).MatchString(code) {
			continue
		}
		if written[code] != "" {
			t.Errorf("the reference lists %s twice", code)
		}
		written[code] = strings.TrimSuffix(cells[1], " |")
	}
	var out strings.Builder
	if err := explainCodes(&out, nil); err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for line := range strings.Lines(out.String()) {
		code, title, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if listed[code] != "" {
			t.Errorf("menu explain lists %s twice", code)
		}
		listed[code] = title
		if written[code] != title {
			t.Errorf("%s is %q, and in the reference %q", code, title, written[code])
		}
	}
	for code := range written {
		if listed[code] == "" {
			t.Errorf("the reference lists %s, which menu explain does not know", code)
		}
	}
	if len(listed) < 60 {
		t.Errorf("only %d codes are listed", len(listed))
	}
}
