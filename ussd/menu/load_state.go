package menu

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// Names with a meaning of their own.
const (
	offerValue = "offer" // the opaque id of an open offer
	langSlot   = "lang"  // in `set:`, the dialogue's language
)

// stateTexts reads the states of all files.
func (l *loading) stateTexts() {
	for _, section := range l.raw["states"] {
		for _, f := range l.fields(section, "states") {
			if !l.once("state", f) {
				continue
			}
			l.p.states[f.Key] = l.state(f)
			l.p.order = append(l.p.order, f.Key)
		}
	}
	if n := len(l.p.order); n > MaxStates {
		l.r.Errorf(l.raw["states"][0].pos, codeLimit, "%d states; at most %d", n, MaxStates)
	}
}

// stateKinds are the keys that make a state what it is, with the keys that go with each.
func stateKinds() []struct {
	key  string
	kind stateKind
	with []string
} {
	return []struct {
		key  string
		kind stateKind
		with []string
	}{
		{"options", kindOptions, []string{"text", "errors", "nav", "letters"}},
		{"ask", kindAsk, []string{"text", "errors", "nav", "goto", "confirm"}},
		{"list", kindList, []string{
			"text", "errors", "nav", "goto", "as", "only", "match", "top", "none", "letters",
		}},
		{"do", kindDo, []string{"with", "on"}},
		{"end", kindEnd, nil},
		{"cases", kindCases, nil},
	}
}

func (l *loading) state(f source.Field) *state {
	s := &state{name: f.Key, pos: f.KeyPos, place: make(map[string]source.Pos)}
	if !f.Value.Is(source.Map) {
		f.Value.Object(l.r, "a state")
		return s
	}
	for _, field := range f.Value.Fields() {
		s.place[field.Key] = field.KeyPos
	}
	var kinds, all []string
	var known []string
	for _, k := range stateKinds() {
		all = append(all, k.key)
		if _, ok := s.place[k.key]; ok {
			kinds = append(kinds, k.key)
			s.kind = k.kind
			known = append(append(known, k.key), k.with...)
		}
	}
	switch {
	case len(kinds) == 0 && l.misspelt(s, f.Value, all):
		return s
	case len(kinds) == 0 && s.place["text"] != (source.Pos{}):
		l.r.Errorf(f.KeyPos, codeNoWayOut, "the screen %q neither asks nor ends", f.Key)
		l.r.Help("give it one of %s", strings.Join(all, ", "))
		s.kind = kindBroken
		return s
	case len(kinds) == 0:
		l.r.Errorf(f.KeyPos, codeState, "the state %q has none of %s", f.Key,
			strings.Join(all, ", "))
		return s
	case len(kinds) > 1:
		l.r.Errorf(f.KeyPos, codeState, "the state %q has %s at once", f.Key,
			strings.Join(kinds, " and "))
		s.kind = kindBroken
		return s
	}
	l.stateFields(s, f.Value.Object(l.r, "a state with "+kinds[0], known...))
	return s
}

// misspelt reads a state whose kind is written almost right, and reports that. To take the state
// for broken would make a finding of everything that depends on it.
func (l *loading) misspelt(s *state, n *source.Node, all []string) bool {
	var others []string // keys that are right as they are: `as` is no `ask`
	for _, k := range stateKinds() {
		others = append(others, k.with...)
	}
	for _, k := range stateKinds() {
		for _, f := range n.Fields() {
			if source.Suggest(f.Key, all) != k.key || slices.Contains(others, f.Key) {
				continue
			}
			l.r.Errorf(f.KeyPos, codeState, "the state %q has none of %s", s.name,
				strings.Join(all, ", "))
			l.r.Help("did you mean %q instead of %q?", k.key, f.Key)
			s.kind = k.kind
			found := n.Object(l.r, "a state with "+k.key, append([]string{f.Key}, k.with...)...)
			found[k.key] = f.Value
			l.stateFields(s, found)
			return true
		}
	}
	return false
}

func (l *loading) stateFields(s *state, found map[string]*source.Node) {
	if n := found["text"]; n != nil {
		s.text = l.texts(n)
	}
	if n := found["end"]; n != nil {
		s.text = l.texts(n)
	}
	if n := found["errors"]; n != nil {
		n.Object(l.r, "errors")
		s.errors = make(map[string]texts)
		for _, f := range n.Fields() {
			if !isName(f.Key) {
				l.r.Errorf(f.KeyPos, codeName, "%q is no code of an error", f.Key)
				continue
			}
			s.errors[f.Key] = l.texts(f.Value)
			s.place["errors."+f.Key] = f.KeyPos
		}
	}
	if n := found["nav"]; n != nil {
		s.inline = n.Scalar() == "inline"
		if !s.inline {
			l.r.Errorf(n.Place(), codeNav, "nav can only be inline, not %q", n.Scalar())
		}
	}
	l.lettered(s, found["letters"])
	switch s.kind {
	case kindOptions:
		l.options(s, found["options"])
	case kindAsk:
		l.need(s, found, "text", "goto")
		s.ask = found["ask"].Scalar()
		s.next = l.target(found["goto"])
		s.confirm = found["confirm"].Scalar()
		s.place["ask"] = found["ask"].Place()
		s.place["confirm"] = found["confirm"].Place()
	case kindList:
		l.need(s, found, "as", "goto")
		s.list = found["list"].Scalar()
		s.as = found["as"].Scalar()
		s.next = l.target(found["goto"])
		s.place["list"] = found["list"].Place()
		s.place["as"] = found["as"].Place()
		l.selecting(s, found)
	case kindDo:
		l.need(s, found, "on")
		s.do = found["do"].Scalar()
		s.place["do"] = found["do"].Place()
		l.with(s, found["with"])
		l.outcomes(s, found["on"])
	case kindCases:
		l.cases(s, found["cases"])
	}
}

// need reports the keys that a kind of state cannot do without.
func (l *loading) need(s *state, found map[string]*source.Node, wanted ...string) {
	for _, key := range wanted {
		if found[key] == nil {
			l.r.Errorf(s.pos, codeState, "the state %q lacks %q", s.name, key)
		}
	}
}

func (l *loading) options(s *state, n *source.Node) {
	if !n.Is(source.List) || len(n.Items()) == 0 {
		l.r.Errorf(n.Place(), codeState, "options must be a list of at least one option")
		return
	}
	if k := len(n.Items()); k > MaxOptions {
		l.r.Errorf(n.Place(), codeLimit, "%d options; at most %d", k, MaxOptions)
		return
	}
	seen := make(map[string]bool)
	for _, item := range n.Items() {
		found := l.guarded(item, "an option", "key", "text", "set", "goto")
		o := option{
			pos: item.Place(), next: l.target(found["goto"]), when: readGuard(found["when"]),
		}
		if found["goto"] == nil {
			l.r.Errorf(item.Place(), codeState, "the option lacks \"goto\"")
		}
		if k := found["key"]; k == nil {
			l.r.Errorf(item.Place(), codeState, "the option lacks \"key\"")
		} else {
			l.key(k)
			o.key = k.Scalar()
			if seen[o.key] {
				l.r.Errorf(k.Place(), codeKeyTwice, "another option has the key %q", o.key)
			}
			seen[o.key] = true
			l.shadowed(k.Place(), o.key)
		}
		if t := found["text"]; t != nil {
			o.text = l.texts(t)
			l.noPlural(o.text, "an option")
		}
		if set := found["set"]; set != nil {
			set.Object(l.r, "set")
			for _, f := range set.Fields() {
				o.set = append(o.set, setting{f.Key, f.Value.Scalar(), f.KeyPos})
			}
		}
		s.options = append(s.options, o)
	}
}

// shadowed reports a key that the navigation takes first.
func (l *loading) shadowed(pos source.Pos, key string) {
	if l.p.keys.has(key) {
		l.r.Errorf(pos, codeKeyShadowed, "the key %q is a navigation key and never gets here", key)
	}
}

// target reads a state's name, one of @home, @back and @resume, or a map {goto, notice}.
func (l *loading) target(n *source.Node) target {
	if n == nil {
		return target{}
	}
	if !n.Is(source.Map) {
		return target{to: l.stateName(n), pos: n.Place()}
	}
	found := n.Object(l.r, "a target", "goto", "notice")
	if found["goto"] == nil {
		l.r.Errorf(n.Place(), codeTarget, "the target lacks \"goto\"")
		return target{}
	}
	t := target{to: l.stateName(found["goto"]), pos: found["goto"].Place()}
	if found["notice"] != nil && t.to != "" {
		t.notice = l.notice(found["notice"])
	}
	return t
}

// stateName reads where something leads. It returns "" for what names nothing, and reports it: a
// name that is no state's is found when all states are known.
func (l *loading) stateName(n *source.Node) string {
	name := n.Scalar()
	if name == "" {
		l.r.Errorf(n.Place(), codeTarget, "the name of a state, @home, @back or @resume was"+
			" expected here")
	}
	return name
}

// notice reads the code of an error that a target brings, "" for what is none.
func (l *loading) notice(n *source.Node) string {
	if !isName(n.Scalar()) {
		l.r.Errorf(n.Place(), codeName, "%q is no code of an error", n.Scalar())
		return ""
	}
	return n.Scalar()
}

func (l *loading) with(s *state, n *source.Node) {
	if n == nil || n.Is(source.Null) {
		return
	}
	n.Object(l.r, "with")
	for _, f := range n.Fields() {
		a := argument{name: f.Key, pos: f.Value.Place()}
		s.place["with."+f.Key] = f.KeyPos
		switch {
		case f.Value.Quoted:
			a.literal = f.Value.Scalar()
		case isPlaceholder(f.Value.Scalar()):
			a.from = f.Value.Scalar()
		default:
			l.r.Errorf(f.Value.Place(), codeArgument, "%q is no name of a value", f.Value.Scalar())
			l.r.Help("a literal text is written in quotes")
			continue
		}
		s.with = append(s.with, a)
	}
}

func (l *loading) outcomes(s *state, n *source.Node) {
	s.on = make(map[string]target)
	if n == nil {
		return
	}
	n.Object(l.r, "on")
	for _, f := range n.Fields() {
		s.place["on."+f.Key] = f.KeyPos
		s.on[f.Key] = l.target(f.Value)
	}
}
