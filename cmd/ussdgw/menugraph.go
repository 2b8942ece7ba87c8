package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// graphOptions are the flags of menu graph.
type graphOptions struct {
	format, from, lang string
	pinLength          int
}

func menuGraphCommand() *cobra.Command {
	var o graphOptions
	cmd := &cobra.Command{
		Use:   "graph [DIR]",
		Short: "Draw which screen leads where, for Mermaid or Graphviz",
		Long: `Print the menus of DIR (the built-in ones without it) as a graph: the states with the first
line of their text, and what leads from one to another, by key, answer or outcome. GitHub and many
editors draw Mermaid in a Markdown file; "dot -Tsvg" draws the other format.

Screens with options are boxes, questions lean, lists have double sides, actions of the wallet are
rounded, those that move money are hexagons, decisions are diamonds, last screens are round at the
ends. A dotted line is a refusal that leads back with an error.

Exit codes: 0 success, 1 faulty menus, 2 wrong use.`,
		Example: indent("ussdgw menu graph --lang ru > menu.mmd",
			"ussdgw menu graph --from pay_menu --format dot | dot -Tsvg > menu.svg",
			"ussdgw menu graph mymenus --format dot"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			set, err := requireMenus(cmd.ErrOrStderr(), dir, o.pinLength)
			if err != nil {
				return err
			}
			return printGraph(cmd, o, set.program.Outline())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "mermaid", "mermaid or dot")
	f.StringVar(&o.from, "from", "", "only what this state leads to (default: everything)")
	f.StringVar(&o.lang, "lang", "", "language of the texts (default: the menu's first)")
	pinLengthFlag(cmd, &o.pinLength)
	return cmd
}

func printGraph(cmd *cobra.Command, o graphOptions, outline menu.Outline) error {
	if o.lang == "" {
		o.lang = outline.Languages[0]
	}
	if !slices.Contains(outline.Languages, o.lang) {
		return &exitError{exitUsage, fmt.Sprintf("the menu has no language %q, only %v", o.lang,
			outline.Languages)}
	}
	if _, ok := outline.State(o.from); o.from != "" && !ok {
		text := fmt.Sprintf("no state %q", o.from)
		var known []string
		for _, s := range outline.States {
			known = append(known, s.Name)
		}
		if near := source.Suggest(o.from, known); near != "" {
			text += ", did you mean " + near + "?"
		}
		return &exitError{exitUsage, text}
	}
	g := newGraph(outline, o.from, o.lang)
	text := ""
	switch o.format {
	case "mermaid":
		text = g.mermaid()
	case "dot":
		text = g.dot()
	default:
		return usage(cmd, fmt.Sprintf("--format %q is neither mermaid nor dot", o.format))
	}
	_, err := io.WriteString(cmd.OutOrStdout(), text)
	return err
}

// A graph is what is drawn: the nodes in the order of the files and the edges in that of the keys.
type graph struct {
	nodes []graphNode
	edges []graphEdge
}

// A graphShape says how a node looks.
type graphShape uint8

// The shapes.
const (
	shapeBox     graphShape = iota // options
	shapeLean                      // ask
	shapeSides                     // list
	shapeRound                     // do
	shapeHexagon                   // do that moves money
	shapeStadium                   // end
	shapeCircle                    // an entry, and targets that are no states
	shapeDiamond                   // cases
)

type graphNode struct {
	name  string
	lines []string
	shape graphShape
}

type graphEdge struct {
	from, to, label string
	dotted          bool
}

// newGraph draws all of a menu, or what the state from leads to.
func newGraph(o menu.Outline, from, lang string) graph {
	var g graph
	near := reachableFrom(o, from)
	specials := make(map[string]bool)
	if from == "" {
		for _, e := range o.Entries {
			name := "entry " + string(e.Entry)
			g.nodes = append(g.nodes, graphNode{name, []string{string(e.Entry)}, shapeCircle})
			g.edges = append(g.edges, graphEdge{from: name, to: e.State})
		}
	}
	for _, s := range o.States {
		if !near[s.Name] {
			continue
		}
		g.nodes = append(g.nodes, graphNode{s.Name, nodeLines(s, lang), nodeShape(s)})
		for _, w := range waysOut(s, lang) {
			g.edges = append(g.edges, w)
			if strings.HasPrefix(w.to, "@") {
				specials[w.to] = true
			}
		}
	}
	for _, name := range []string{"@home", "@back", "@resume"} {
		if specials[name] {
			g.nodes = append(g.nodes, graphNode{name, []string{name}, shapeCircle})
		}
	}
	return g
}

// reachableFrom returns the states that a state leads to, itself among them; all for "".
func reachableFrom(o menu.Outline, from string) map[string]bool {
	out := make(map[string]bool)
	if from == "" {
		for _, s := range o.States {
			out[s.Name] = true
		}
		return out
	}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		s, ok := o.State(queue[0])
		if !ok || out[s.Name] {
			continue
		}
		out[s.Name] = true
		for _, w := range waysOut(s, o.Languages[0]) {
			queue = append(queue, w.to)
		}
	}
	return out
}

// waysOut are the edges that leave a state, those to the same place as one.
func waysOut(s menu.StateOutline, lang string) []graphEdge {
	var out []graphEdge
	add := func(label string, t menu.TargetOutline) {
		if t.Notice != "" {
			label += ": " + t.Notice
		}
		for i, e := range out {
			if e.to == t.To && e.dotted == (t.Notice != "") {
				out[i].label += ", " + label
				return
			}
		}
		out = append(out, graphEdge{s.Name, t.To, label, t.Notice != ""})
	}
	for _, o := range s.Options {
		key := o.Key
		if o.When != "" {
			key += " when " + o.When
		}
		add(key, o.Next)
	}
	switch s.Kind {
	case menu.StateAsk:
		add("<"+s.Ask+">", s.Next)
		if s.Confirm != "" {
			out = append(out, graphEdge{s.Name, s.Confirm, "confirms", true})
		}
	case menu.StateList:
		add("<"+s.As+">", s.Next)
		if s.None.To != "" {
			add("nothing found", s.None)
		}
	}
	if s.Letters.As != "" {
		add("<"+s.Letters.As+">", s.Letters.Next)
	}
	for _, c := range s.Cases {
		label := c.When
		if label == "" {
			label = "otherwise"
		}
		add(label, c.Next)
	}
	for _, o := range s.Outcomes {
		add(o.Name, o.Next)
	}
	return out
}

// nodeLines are the name of a state and what it shows first, or does.
func nodeLines(s menu.StateOutline, lang string) []string {
	const most = 40
	what := s.Action
	if s.Screen() {
		what, _, _ = strings.Cut(s.Text[lang].Text, "\n")
	}
	if runes := []rune(what); len(runes) > most {
		what = string(runes[:most-1]) + "…"
	}
	if what == "" {
		return []string{s.Name}
	}
	return []string{s.Name, what}
}

func nodeShape(s menu.StateOutline) graphShape {
	switch {
	case s.Kind == menu.StateAsk:
		return shapeLean
	case s.Kind == menu.StateList:
		return shapeSides
	case s.Kind == menu.StateEnd:
		return shapeStadium
	case s.Kind == menu.StateCases:
		return shapeDiamond
	case s.Money:
		return shapeHexagon
	case s.Kind == menu.StateDo:
		return shapeRound
	}
	return shapeBox
}

// mermaid is the graph as a Mermaid flowchart. Nodes have ids of their own: a state may be called
// as a word of that language, "end" among them.
func (g graph) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for _, n := range g.nodes {
		open, shut := mermaidShape(n.shape)
		var lines []string
		for _, l := range n.lines {
			lines = append(lines, mermaidText(l))
		}
		fmt.Fprintf(&b, "    %s%s\"%s\"%s\n", nodeID(n.name), open, strings.Join(lines, "<br/>"), shut)
	}
	for _, e := range g.edges {
		arrow, label := "-->", ""
		if e.dotted {
			arrow = "-.->"
		}
		if e.label != "" {
			label = `|"` + mermaidText(e.label) + `"|`
		}
		fmt.Fprintf(&b, "    %s %s%s %s\n", nodeID(e.from), arrow, label, nodeID(e.to))
	}
	return b.String()
}

func mermaidShape(s graphShape) (open, shut string) {
	switch s {
	case shapeLean:
		return "[/", "/]"
	case shapeSides:
		return "[[", "]]"
	case shapeRound:
		return "(", ")"
	case shapeHexagon:
		return "{{", "}}"
	case shapeStadium:
		return "([", "])"
	case shapeCircle:
		return "((", "))"
	case shapeDiamond:
		return "{", "}"
	}
	return "[", "]"
}

// nodeID makes an identifier of a name.
func nodeID(name string) string {
	return "s_" + strings.NewReplacer("@", "at_", " ", "_", "-", "_").Replace(name)
}

// mermaidText writes every character that means something in a quoted text as its number.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' {
			r = ' '
		}
		if strings.ContainsRune("\"#&<>;`\\", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// dot is the graph in Graphviz's language.
func (g graph) dot() string {
	var b strings.Builder
	b.WriteString("digraph menu {\n    node [fontname=\"sans-serif\"];\n")
	for _, n := range g.nodes {
		fmt.Fprintf(&b, "    %s [label=%s, %s];\n", dotText(n.name), dotText(n.lines...),
			dotShape(n.shape))
	}
	for _, e := range g.edges {
		style := ""
		if e.dotted {
			style = ", style=dotted"
		}
		fmt.Fprintf(&b, "    %s -> %s [label=%s%s];\n", dotText(e.from), dotText(e.to),
			dotText(e.label), style)
	}
	b.WriteString("}\n")
	return b.String()
}

func dotShape(s graphShape) string {
	switch s {
	case shapeLean:
		return "shape=parallelogram"
	case shapeSides:
		return "shape=box, peripheries=2"
	case shapeRound:
		return "shape=box, style=rounded"
	case shapeHexagon:
		return "shape=hexagon"
	case shapeStadium:
		return "shape=oval"
	case shapeCircle:
		return "shape=circle"
	case shapeDiamond:
		return "shape=diamond"
	}
	return "shape=box"
}

// dotText quotes lines as one string of Graphviz.
func dotText(lines ...string) string {
	var quoted []string
	for _, l := range lines {
		l = strings.ReplaceAll(strings.ReplaceAll(l, `\`, `\\`), `"`, `\"`)
		quoted = append(quoted, strings.ReplaceAll(l, "\n", " "))
	}
	return `"` + strings.Join(quoted, `\n`) + `"`
}
