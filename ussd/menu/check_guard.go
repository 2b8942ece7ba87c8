package menu

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// Bounds of a condition.
const (
	MaxGuardBytes  = 300        // of its text
	maxGuardNodes  = 64         // words, signs and values that it is made of
	maxGuardNumber = 1000000000 // that it compares with
)

// guarding is the check of one condition. Everything that a condition may be made of is listed
// here; what the library knows beyond that is refused.
type guarding struct {
	*checking
	g     *guard
	fault bool
}

// guard checks a condition and compiles it. A faulty one has been reported and holds nowhere.
func (c *checking) guard(g *guard) {
	if g == nil {
		return
	}
	w := &guarding{checking: c, g: g}
	text := g.node.Scalar()
	switch {
	case !g.node.Is(source.Scalar):
		c.r.Errorf(g.node.Place(), codeGuard, "a condition is a text such as \"lang == 'ru'\"")
		return
	case strings.TrimSpace(text) == "":
		c.r.Errorf(g.node.Place(), codeGuard, "the condition is empty")
		return
	case len(text) > MaxGuardBytes:
		c.r.Errorf(g.node.Place(), codeGuard, "the condition has more than %d octets",
			MaxGuardBytes)
		return
	}
	// None of the functions that the library brings are there: no clock, no loop.
	config := conf.CreateNew()
	config.MaxNodes = maxGuardNodes
	expr.DisableAllBuiltins()(config)
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		w.syntax(err)
		return
	}
	if k := w.typed(&tree.Node); !w.fault && k != kindBool {
		w.errorf(tree.Node, "it must be true or false, and this is %s", k)
	}
	if !w.fault && len(g.uses) == 0 {
		w.errorf(tree.Node, "it looks at no value, so it is the same always")
	}
	if w.fault {
		return
	}
	config.Env = w.environment().Nature()
	config.Strict = true
	config.Expect = reflect.Bool
	if _, err = checker.Check(tree, config); err == nil {
		g.program, err = compiler.Compile(tree, config)
	}
	if err != nil {
		w.syntax(err)
	}
}

// environment declares the names that the condition has been found to use.
func (w *guarding) environment() types.Map {
	env := make(types.Map)
	for _, u := range w.g.uses {
		env[u.name] = types.Int
		if u.kind == kindText {
			env[u.name] = types.String
		}
	}
	return env
}

// syntax reports an error of the library.
func (w *guarding) syntax(err error) {
	message, from := err.Error(), 0
	var at *file.Error
	if errors.As(err, &at) {
		message, from = at.Message, at.From
	}
	message, _, _ = strings.Cut(message, "\n")
	w.report(from, codeGuard, "%s", message)
	w.r.Help(`a condition looks like: amount >= 100 and lang == "ru"`)
}

// errorf reports a fault of one part of a condition.
func (w *guarding) errorf(n ast.Node, format string, a ...any) {
	w.report(n.Location().From, codeGuard, format, a...)
}

// report adds a finding about the character at an offset of the condition, in the file and, since
// a condition may be folded over lines there, within the condition.
func (w *guarding) report(from int, code, format string, a ...any) {
	w.fault = true
	line, col := 1, 1
	for _, r := range []rune(w.g.node.Scalar())[:min(from, len([]rune(w.g.node.Scalar())))] {
		if col++; r == '\n' {
			line, col = line+1, 1
		}
	}
	w.r.Errorf(w.place(from), code, "the condition at %d:%d: %s", line, col,
		fmt.Sprintf(format, a...))
}

// place returns where the character at an offset in runes of the condition is in the file.
func (w *guarding) place(from int) source.Pos {
	runes := []rune(w.g.node.Scalar())
	return w.g.node.Inside(len(string(runes[:min(from, len(runes))])))
}

// typed returns what a part of a condition is, and reports what it cannot be. It also rewrites the
// part: a value of an item becomes one name, an amount of som becomes its tyiyn.
func (w *guarding) typed(n *ast.Node) valueKind {
	switch node := (*n).(type) {
	case *ast.BoolNode:
		return kindBool
	case *ast.StringNode:
		return kindText
	case *ast.IntegerNode:
		if node.Value > maxGuardNumber {
			w.errorf(node, "the number is above %d", maxGuardNumber)
		}
		return kindCount
	case *ast.FloatNode:
		w.errorf(node, "only whole numbers stand as they are")
		w.r.Help(`an amount with tyiyn is written som("100.50")`)
	case *ast.IdentifierNode:
		return w.name(node, node.Value)
	case *ast.MemberNode:
		item, ok := node.Node.(*ast.IdentifierNode)
		field, ok2 := node.Property.(*ast.StringNode)
		if ok && ok2 && !node.Optional {
			name := item.Value + "." + field.Value
			ast.Patch(n, &ast.IdentifierNode{Value: name})
			(*n).SetLocation(item.Location())
			return w.name(*n, name)
		}
		w.errorf(node, "a point stands only between a list's slot and its number")
	case *ast.UnaryNode:
		if node.Operator != "not" && node.Operator != "!" {
			w.errorf(node, "the sign %s means nothing here", node.Operator)
			break
		}
		w.want(&node.Node, kindBool)
		return kindBool
	case *ast.BinaryNode:
		return w.binary(node)
	case *ast.CallNode:
		return w.som(n, node)
	default:
		w.errorf(*n, "conditions have only and, or, not, ==, !=, <, <=, >, >=, in and som()")
	}
	return kindUnknown
}

// want reports a part that is of another kind than it must be.
func (w *guarding) want(n *ast.Node, kind valueKind) {
	if k := w.typed(n); k != kind && k != kindUnknown {
		w.errorf(*n, "%s was expected here, and this is %s", kind, k)
	}
}

// name resolves a name.
func (w *guarding) name(n ast.Node, name string) valueKind {
	kind := w.kindOf(n, name)
	if kind == kindUnknown {
		return kind
	}
	v := variable{name: name, kind: kind, pos: w.place(n.Location().From)}
	if !slices.ContainsFunc(w.g.uses, func(u variable) bool { return u.name == name }) {
		w.g.uses = append(w.g.uses, v)
	}
	w.used["slot "+name] = true
	return kind
}

// kindOf returns the kind of the value of that name, and reports a name that no condition may use.
func (w *guarding) kindOf(n ast.Node, name string) valueKind {
	from := n.Location().From
	slotName, field, dotted := strings.Cut(name, ".")
	switch {
	case name == langSlot:
		return kindText
	case name == offerValue:
		w.report(from, codeOffer, "the id of an offer says nothing")
		return kindUnknown
	case w.p.slots[slotName].secret():
		w.report(from, codeSecret, "%q is secret", slotName)
		return kindUnknown
	case dotted && w.p.chosen[slotName] != "":
		if known := w.itemCounts(slotName); !slices.Contains(known, field) {
			w.report(from, codeGuardName, "the items of %q have no number %q", slotName, field)
			w.r.DidYouMean(field, known)
			return kindUnknown
		}
		return kindCount
	case !dotted && w.p.chosen[name] != "":
		return kindText
	case !dotted && w.p.slots[name] != nil:
		if w.p.slots[name].kind == typeMoney {
			return kindMoney
		}
		return kindText
	case !dotted && w.outputs[name]:
		kind, ok := w.outputKind(name)
		if !ok {
			w.report(from, codeGuard, "%q is %s in one outcome and something else in another", name,
				kind)
			return kindUnknown
		}
		return kind
	}
	w.report(from, codeGuardName, "no value %q", name)
	w.r.DidYouMean(name, w.guardNames())
	return kindUnknown
}

// outputKind returns the kind of a value that outcomes set, and whether they all agree on it.
func (c *checking) outputKind(name string) (kind valueKind, ok bool) {
	for _, action := range sortedKeys(c.env.Actions) {
		for _, outcome := range sortedKeys(c.env.Actions[action].Outcomes) {
			for _, v := range c.env.Actions[action].Outcomes[outcome].Sets {
				if v.Name == name && kind != kindUnknown && kind != v.Type.kind() {
					return kind, false
				}
				if v.Name == name {
					kind = v.Type.kind()
				}
			}
		}
	}
	return kind, kind != kindUnknown
}

// kind returns what conditions take a value of the type for.
func (t ValueType) kind() valueKind {
	switch t {
	case TypeCount:
		return kindCount
	case TypeMoney:
		return kindMoney
	}
	return kindText
}

// itemCounts returns the names of the numbers that every item of the list slot has.
func (c *checking) itemCounts(slotName string) []string {
	var common []string
	first := true
	for _, items := range c.env.Lists[c.p.chosen[slotName]].Items {
		for _, it := range items {
			if first {
				common, first = sortedKeys(it.Counts), false
			}
			common = slices.DeleteFunc(common, func(name string) bool {
				_, ok := it.Counts[name]
				return !ok
			})
		}
	}
	return common
}

// guardNames lists every name that a condition may use.
func (c *checking) guardNames() []string {
	out := []string{langSlot}
	for name, sl := range c.p.slots {
		if !sl.secret() {
			out = append(out, name)
		}
	}
	for name := range c.p.chosen {
		out = append(out, name)
		for _, field := range c.itemCounts(name) {
			out = append(out, name+"."+field)
		}
	}
	for name := range c.outputs {
		if name != offerValue {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// binary checks a comparison, or two conditions that are joined.
func (w *guarding) binary(n *ast.BinaryNode) valueKind {
	switch n.Operator {
	case "and", "or", "&&", "||":
		w.want(&n.Left, kindBool)
		w.want(&n.Right, kindBool)
		return kindBool
	case "in":
		w.in(n)
		return kindBool
	case "==", "!=", "<", "<=", ">", ">=":
	default:
		w.errorf(n, "the sign %s means nothing in a condition", n.Operator)
		return kindUnknown
	}
	left, right := w.typed(&n.Left), w.typed(&n.Right)
	switch {
	case left == kindUnknown || right == kindUnknown:
		return kindBool
	case left == kindMoney && right == kindCount:
		w.tyiyn(n, &n.Right)
	case left == kindCount && right == kindMoney:
		w.tyiyn(n, &n.Left)
	case left != right || left == kindBool:
		w.errorf(n, "%s and %s cannot be compared", left, right)
		w.compareHelp(left, right)
	case left == kindText && n.Operator != "==" && n.Operator != "!=":
		w.errorf(n, "texts are equal or not, and none is smaller")
	case left == kindText:
		w.known(n.Left, n.Right)
		w.known(n.Right, n.Left)
	}
	return kindBool
}

func (w *guarding) compareHelp(left, right valueKind) {
	if left == kindText || right == kindText {
		w.r.Help(`a text is compared with a text in quotes: account == "5"`)
	}
}

// tyiyn makes an amount of a whole number of som that stands in a condition.
func (w *guarding) tyiyn(n *ast.BinaryNode, part *ast.Node) {
	number, ok := (*part).(*ast.IntegerNode)
	if !ok {
		w.errorf(n, "%s and %s cannot be compared", kindMoney, kindCount)
		return
	}
	ast.Patch(part, &ast.IntegerNode{Value: int(money.Som(int64(number.Value)))})
}

// in checks that a text or a number is one of those in brackets.
func (w *guarding) in(n *ast.BinaryNode) {
	left := w.typed(&n.Left)
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		w.errorf(n.Right, `after "in" stand texts or numbers in brackets: lang in ["ky", "ru"]`)
		return
	}
	if left == kindBool || left == kindMoney {
		w.errorf(n, "%s is compared with ==, <= and the like, not with \"in\"", left)
		return
	}
	for i := range list.Nodes {
		switch list.Nodes[i].(type) {
		case *ast.StringNode, *ast.IntegerNode:
			if left != kindUnknown {
				w.want(&list.Nodes[i], left)
			}
			w.known(n.Left, list.Nodes[i])
		default:
			w.errorf(list.Nodes[i], "only texts in quotes and numbers stand in the brackets")
		}
	}
}

// known reports a text that a name can never be: no language of the menu, no item of its list.
func (w *guarding) known(n, text ast.Node) {
	name, ok := n.(*ast.IdentifierNode)
	literal, ok2 := text.(*ast.StringNode)
	if !ok || !ok2 {
		return
	}
	var values []string
	switch list := w.p.chosen[name.Value]; {
	case name.Value == langSlot:
		values = slices.Clone(w.p.languages)
	case list != "":
		for _, items := range w.env.Lists[list].Items {
			for _, it := range items {
				values = append(values, it.ID)
			}
		}
	default:
		return
	}
	if !slices.Contains(values, literal.Value) {
		slices.Sort(values)
		w.errorf(text, "%q is never %q", name.Value, literal.Value)
		w.r.DidYouMean(literal.Value, slices.Compact(values))
	}
}

// som checks som("100.50") and makes its tyiyn of it.
func (w *guarding) som(n *ast.Node, call *ast.CallNode) valueKind {
	name, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != "som" {
		w.errorf(call, "the only function is som(\"100.50\")")
		return kindUnknown
	}
	if len(call.Arguments) == 1 {
		if text, ok := call.Arguments[0].(*ast.StringNode); ok {
			if a, err := money.Parse(text.Value); err == nil {
				ast.Patch(n, &ast.IntegerNode{Value: int(a)})
				return kindMoney
			}
		}
	}
	w.errorf(call, "som() takes one amount in quotes, such as som(\"100.50\")")
	return kindUnknown
}

// cases checks a state that only decides where to go.
func (c *checking) cases(s *state) {
	for i, b := range s.cases {
		c.target(s, b.next)
		c.guard(b.when)
		switch last := i == len(s.cases)-1; {
		case last && b.when != nil:
			c.r.Errorf(b.when.node.Place(), codeCases, "the last case has a condition")
			c.r.Help("it is where to go when no other case holds, so it has only a goto")
		case !last && b.when == nil:
			c.r.Errorf(b.pos, codeCases, "a case without a condition hides those below it")
		}
	}
}

// shownAlways checks that a screen of options is never empty: one of those that it prints has no
// condition, if one of them has.
func (c *checking) shownAlways(s *state) {
	guarded, always := false, false
	for _, o := range s.options {
		guarded = guarded || o.when != nil
		always = always || (o.when == nil && o.text != nil)
	}
	if guarded && !always {
		c.r.Errorf(s.pos, codeHidden,
			"every option of %q that is printed has a condition", s.name)
		c.r.Help("leave one without: a screen must have an answer that always works")
	}
}
