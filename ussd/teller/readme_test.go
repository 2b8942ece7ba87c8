package teller_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"ussdgw/ussd/menu"
)

// The language's reference has a line for every action and every message, with what the teller
// declares of it.
func TestReferenceListsTheActions(t *testing.T) {
	readme, err := os.ReadFile("../../menus/README.md")
	if err != nil {
		t.Fatal(err)
	}
	env := newBench(t).env
	lines := make([]string, 0, len(env.Actions)+len(env.SMS))
	for _, name := range slices.Sorted(maps.Keys(env.Actions)) {
		lines = append(lines, actionLine(name, env.Actions[name]))
	}
	for _, kind := range slices.Sorted(maps.Keys(env.SMS)) {
		lines = append(lines, fmt.Sprintf("| `%s` | %s |", kind, valueNames(env.SMS[kind])))
	}
	for _, line := range lines {
		if !strings.Contains(string(readme), "\n"+line+"\n") {
			t.Errorf("menus/README.md does not say:\n%s", line)
		}
	}
}

// actionLine is the line of an action: arguments, the optional ones in brackets, and outcomes with
// the values that they set.
func actionLine(name string, def menu.ActionDef) string {
	var args, outcomes []string
	for _, arg := range slices.Concat(def.Args, def.Secrets) {
		args = append(args, literals(arg, def))
	}
	for _, arg := range def.Optional {
		args = append(args, "["+literals(arg, def)+"]")
	}
	for _, o := range slices.Sorted(maps.Keys(def.Outcomes)) {
		text := "`" + o + "`"
		if sets := valueNames(def.Outcomes[o].Sets); sets != "" {
			text += ": " + sets
		}
		outcomes = append(outcomes, text)
	}
	return fmt.Sprintf("| `%s` | %s | %s |", name, strings.Join(args, ", "),
		strings.Join(outcomes, "; "))
}

// literals is an argument with the texts that it takes in quotes.
func literals(arg string, def menu.ActionDef) string {
	for _, text := range def.Literals[arg] {
		arg += fmt.Sprintf(" %q", text)
	}
	return arg
}

func valueNames(defs []menu.ValueDef) string {
	var names []string
	for _, def := range defs {
		names = append(names, def.Name)
	}
	return strings.Join(names, ", ")
}
