package main

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"ussdgw/ussd/menu"
)

// awkward has in its texts and names what means something in either language of graphs.
func awkward() menu.Outline {
	text := func(s string) menu.Wording { return menu.Wording{"ru": {Text: s}} }
	to := func(s string) menu.TargetOutline { return menu.TargetOutline{To: s} }
	return menu.Outline{
		Languages: []string{"ru"},
		Entries:   []menu.EntryOutline{{Entry: "start", State: "end"}},
		States: []menu.StateOutline{
			{
				Name: "end", Kind: menu.StateOptions,
				Text: text(`"q" [b] (c) {d} |e| <f> #g; %% ` + "`h`" + ` \ --> Жөңү`),
				Options: []menu.OptionOutline{
					{Key: "1", Next: to("graph")},
					{Key: "#", Next: to("graph")},
					{Key: "*2", When: `lang == "ru" && a < b`, Next: to("@home")},
				},
			},
			{
				Name: "graph", Kind: menu.StateAsk, Ask: "pin", Text: text("PIN\nvery \"secret\""),
				Next: to("pay"),
			},
			{
				Name: "pay", Kind: menu.StateDo, Action: "payment.pay", Money: true,
				Outcomes: []menu.OutcomeOutline{
					{Name: "ok", Next: to("subgraph")},
					{Name: "no", Next: menu.TargetOutline{To: "graph", Notice: "wrong"}},
				},
			},
			{
				Name: "subgraph", Kind: menu.StateCases, Cases: []menu.CaseOutline{
					{When: `x == "\"]"`, Next: to("click")}, {Next: to("end")},
				},
			},
			{Name: "click", Kind: menu.StateEnd, Text: text(strings.Repeat("Ж", 200))},
		},
	}
}

// TestMermaidSyntax holds every line to the few forms that are used: a node with a quoted text, or
// an edge with or without one, between nodes that exist. In a quoted text neither a quote nor a
// sign that begins an entity or a tag is left.
func TestMermaidSyntax(t *testing.T) {
	const quoted = `"(?:[^"#&<>;` + "`" + `\\]|#[0-9]+;|<br/>)*"`
	node := regexp.MustCompile(`^    (s_[a-z0-9_]+)(?:\[|\(|\[/|\[\[|\{\{|\(\[|\(\(|\{)` + quoted +
		`(?:\]|\)|/\]|\]\]|\}\}|\]\)|\)\)|\})$`)
	edge := regexp.MustCompile(`^    (s_[a-z0-9_]+) (?:-->|-\.->)(?:\|` + quoted +
		`\|)? (s_[a-z0-9_]+)$`)
	for name, outline := range map[string]menu.Outline{
		"awkward": awkward(), "shipped": builtIn(t).program.Outline(),
	} {
		text := newGraph(outline, "", outline.Languages[0]).mermaid()
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		nodes, edges := map[string]bool{}, 0
		for _, line := range lines[1:] {
			if m := node.FindStringSubmatch(line); m != nil {
				if nodes[m[1]] {
					t.Errorf("%s: the node %s is there twice", name, m[1])
				}
				nodes[m[1]] = true
				continue
			}
			m := edge.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("%s: neither a node nor an edge: %s", name, line)
				continue
			}
			edges++
			if !nodes[m[1]] && !strings.Contains(text, "    "+m[1]) {
				t.Errorf("%s: an edge from nowhere: %s", name, line)
			}
			if !regexp.MustCompile(`(?m)^    ` + m[2] + `[\[({]`).MatchString(text) {
				t.Errorf("%s: an edge to nowhere: %s", name, line)
			}
		}
		if lines[0] != "flowchart TD" || len(nodes) < len(outline.States) || edges < len(nodes) {
			t.Errorf("%s: %d nodes and %d edges below %q", name, len(nodes), edges, lines[0])
		}
	}
}

// TestDotSyntax takes every statement apart.
func TestDotSyntax(t *testing.T) {
	const quoted = `"(?:[^"\\]|\\\\|\\"|\\n)*"`
	node := regexp.MustCompile(`^    (` + quoted + `) \[label=` + quoted +
		`, shape=[a-z]+(?:, [a-z]+=[a-z0-9]+)?\];$`)
	edge := regexp.MustCompile(`^    (` + quoted + `) -> (` + quoted + `) \[label=` + quoted +
		`(?:, style=dotted)?\];$`)
	for name, outline := range map[string]menu.Outline{
		"awkward": awkward(), "shipped": builtIn(t).program.Outline(),
	} {
		text := newGraph(outline, "", outline.Languages[0]).dot()
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		nodes := map[string]bool{}
		var ends []string
		for _, line := range lines[2 : len(lines)-1] {
			if m := edge.FindStringSubmatch(line); m != nil {
				ends = append(ends, m[1], m[2])
			} else if m := node.FindStringSubmatch(line); m != nil {
				nodes[m[1]] = true
			} else {
				t.Errorf("%s: neither a node nor an edge: %s", name, line)
			}
		}
		for _, n := range ends {
			if !nodes[n] {
				t.Errorf("%s: an edge at a node that is not there: %s", name, n)
			}
		}
		if lines[0] != "digraph menu {" || lines[len(lines)-1] != "}" || len(ends) == 0 {
			t.Errorf("%s: no graph:\n%s", name, text)
		}
	}
}

func TestGraphOfAPart(t *testing.T) {
	g := newGraph(awkward(), "pay", "ru")
	var names []string
	for _, n := range g.nodes {
		names = append(names, n.name)
		for _, l := range n.lines {
			if utf8.RuneCountInString(l) > 40 {
				t.Errorf("the line %q is longer than a node shall be", l)
			}
		}
	}
	want := "end graph pay subgraph click @home"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// builtIn loads the menus in the program.
func builtIn(t *testing.T) *menuSet {
	t.Helper()
	set, err := requireMenus(t.Output(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
