package menu

import (
	"strconv"
	"strings"

	"github.com/expr-lang/expr/vm"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// A guard is the condition of a `when:`. It is compiled once, when the menu is loaded, and looks
// at nothing but values of the Position: it has no functions, no arithmetic and no loops, so it
// ends after as many operations as it has words.
type guard struct {
	node    *source.Node
	uses    []variable // everything that it looks at
	program *vm.Program
}

// A variable is one name in a condition.
type variable struct {
	name string // "lang", "amount", "provider.fields"
	kind valueKind
	pos  source.Pos
}

// valueKind is what a condition knows of a value.
type valueKind uint8

const (
	kindUnknown valueKind = iota
	kindText
	kindCount
	kindMoney // in tyiyn
	kindBool
)

// String names the kind as messages do.
func (k valueKind) String() string {
	switch k {
	case kindText:
		return "a text"
	case kindCount:
		return "a number"
	case kindMoney:
		return "an amount of money"
	case kindBool:
		return "a condition"
	}
	return "unknown"
}

// A branch is one case of a `cases:` state.
type branch struct {
	when *guard // nil: always
	next target
	pos  source.Pos
}

// conditions returns everything that the conditions of a state look at.
func (s *state) conditions() []variable {
	var out []variable
	for _, o := range s.options {
		if o.when != nil {
			out = append(out, o.when.uses...)
		}
	}
	for _, b := range s.cases {
		if b.when != nil {
			out = append(out, b.when.uses...)
		}
	}
	return out
}

// holds reports whether a condition is true at pos; no condition is. It is not where a value that
// it looks at is missing or is not what was declared: then nothing can be said.
func (p *Program) holds(pos Position, g *guard) bool {
	if g == nil {
		return true
	}
	env := make(map[string]any, len(g.uses))
	for _, u := range g.uses {
		v, ok := p.operand(pos, u)
		if !ok {
			return false
		}
		env[u.name] = v
	}
	out, err := vm.Run(g.program, env)
	yes, ok := out.(bool)
	return err == nil && ok && yes
}

// operand returns a value as a condition takes it: an int or a string.
func (p *Program) operand(pos Position, u variable) (any, bool) {
	if u.name == langSlot {
		return pos.Lang, true
	}
	if slotName, field, dotted := strings.Cut(u.name, "."); dotted {
		it, ok := p.item(slotName, pos.Slots)
		n, has := it.Counts[field]
		return n, ok && has
	}
	text, ok := pos.Slots[u.name]
	switch {
	case !ok:
		return nil, false
	case u.kind == kindCount:
		n, err := strconv.Atoi(text)
		return n, err == nil
	case u.kind == kindMoney:
		a, err := money.Parse(text)
		return int(a), err == nil
	}
	return text, true
}

// offered returns the options of a state that are there at pos.
func (p *Program) offered(pos Position, s *state) []option {
	var out []option
	for _, o := range s.options {
		if p.holds(pos, o.when) {
			out = append(out, o)
		}
	}
	return out
}

// MaxPassed is how many `cases:` states may follow each other.
const MaxPassed = 16

// decide returns where a `cases:` state leads at pos, through all that follow it.
func (p *Program) decide(pos Position, s *state) target {
	for range MaxPassed {
		var next target
		for _, b := range s.cases {
			if p.holds(pos, b.when) {
				next = b.next
				break
			}
		}
		if s = p.states[next.to]; s == nil || s.kind != kindCases {
			return next
		}
	}
	return target{to: p.entries[EntryUnavailable]}
}
