package menu

import (
	"slices"

	"ussdgw/menus/source"
)

// readGuard reads a condition; nil is none.
func readGuard(n *source.Node) *guard {
	if n == nil {
		return nil
	}
	return &guard{node: n}
}

// guarded reads a map that may have a `when:`. YAML cuts a condition in two at a comma when it is
// not in quotes and the map is in {…}: the rest becomes a key without a value.
func (l *loading) guarded(n *source.Node, what string, known ...string) map[string]*source.Node {
	known = append([]string{"when"}, known...)
	fields := n.Fields()
	var pieces []string
	for i, f := range fields {
		if f.Key != "when" || f.Value.Quoted {
			continue
		}
		for _, rest := range fields[i+1:] {
			if !rest.Value.Is(source.Null) || slices.Contains(known, rest.Key) {
				break
			}
			pieces = append(pieces, rest.Key)
		}
		if len(pieces) > 0 {
			l.r.Errorf(f.Value.Place(), codeGuard, "the condition is cut in two at a comma")
			l.r.Help("put it in quotes, so that YAML leaves it whole")
		}
	}
	found := n.Object(l.r, what, append(known, pieces...)...)
	if len(pieces) > 0 {
		delete(found, "when") // what is left of it has no meaning
	}
	return found
}

// cases reads the cases of a state that only decides where to go.
func (l *loading) cases(s *state, n *source.Node) {
	if !n.Is(source.List) || len(n.Items()) == 0 {
		l.r.Errorf(n.Place(), codeCases, "cases must be a list of at least one case")
		return
	}
	if k := len(n.Items()); k > MaxOptions {
		l.r.Errorf(n.Place(), codeLimit, "%d cases; at most %d", k, MaxOptions)
		return
	}
	for _, item := range n.Items() {
		found := l.guarded(item, "a case", "goto", "notice")
		b := branch{pos: item.Place(), when: readGuard(found["when"])}
		if found["goto"] == nil {
			l.r.Errorf(item.Place(), codeCases, "the case lacks \"goto\"")
		} else {
			b.next = l.target(found["goto"])
		}
		if notice := found["notice"]; notice != nil {
			b.next.notice = l.notice(notice)
		}
		s.cases = append(s.cases, b)
	}
}
