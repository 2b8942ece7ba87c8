package menu

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// maxUnset is how many states with values that may not be there are told apart. Each costs
// another run over all edges.
const maxUnset = 50

// A use is one place of a state that needs a value.
type use struct {
	pos    source.Pos
	name   string
	notice string // the place is an error text that only outcomes bring, or ""
}

// unsets reports values that are not set on every way to where they are used. A value that is
// missing in one state is missing in all that come after it too, so it is reported where it is
// missing first, and then taken to be there.
func (c *checking) unsets() {
	for range maxUnset {
		name, missing := c.firstUnset()
		if len(missing) == 0 {
			return
		}
		assumed := facts{}
		for _, u := range missing {
			c.unset(c.p.states[name], u)
			assumed[u.name] = make(widths, c.langs())
		}
		c.assumed[name] = assumed.with(c.assumed[name])
		c.forward()
	}
}

// firstUnset returns the state nearest to an entry that uses values that may not be set, and
// those uses.
func (c *checking) firstUnset() (string, []use) {
	for _, name := range c.reached {
		s := c.p.states[name]
		brought := c.brought(s)
		var missing []use
		seen := make(map[use]bool)
		for _, u := range c.uses(s) {
			f := c.facts[name]
			if u.notice != "" {
				f = brought[u.notice]
			}
			if _, ok := f[u.name]; f != nil && !ok && !seen[u] && c.settable(u.name) {
				seen[u] = true
				missing = append(missing, u)
			}
		}
		if len(missing) > 0 {
			return name, missing
		}
	}
	return "", nil
}

// settable reports whether something sets the name at all. A name that does not exist has been
// reported as such.
func (c *checking) settable(name string) bool {
	_, chosen := c.p.chosen[name]
	sl := c.p.slots[name]
	return chosen || (sl != nil && !sl.secret()) || (sl == nil && c.outputs[name])
}

// uses lists what a state needs: for its texts, its arguments, its list and its rule.
func (c *checking) uses(s *state) []use {
	var out []use
	add := func(notice string, all ...texts) {
		for _, t := range all {
			for _, lang := range c.p.languages {
				if t[lang] == nil {
					continue
				}
				for _, h := range t[lang].holders() {
					name, _, _ := strings.Cut(h.name, ".")
					out = append(out, use{h.pos, name, notice})
				}
			}
		}
	}
	add("", s.text)
	add("", s.rows()...)
	own := c.refusals(s)
	for _, code := range own {
		add("", c.p.errorText(s, code))
	}
	for _, e := range c.incoming(s) {
		if e.notice != "" && !slices.Contains(own, e.notice) {
			add(e.notice, c.p.errorText(s, e.notice))
		}
	}
	for _, v := range s.conditions() {
		if name, _, _ := strings.Cut(v.name, "."); name != langSlot {
			out = append(out, use{pos: v.pos, name: name})
		}
	}
	for _, a := range s.with {
		if name, _, _ := strings.Cut(a.from, "."); name != "" {
			out = append(out, use{pos: a.pos, name: name})
		}
	}
	if s.kind == kindList {
		out = append(out, c.pickUses(s)...)
	}
	if sl := c.p.slots[s.ask]; sl != nil && c.p.chosen[sl.ruleOf] != "" {
		out = append(out, use{pos: s.place["ask"], name: sl.ruleOf})
	}
	return out
}

// brought returns what is set when an outcome brings an error to a screen, by the error. Such an
// error is on display only right after that outcome.
func (c *checking) brought(s *state) map[string]facts {
	out := make(map[string]facts)
	for _, e := range c.incoming(s) {
		from := c.facts[e.from]
		if e.notice == "" || from == nil {
			continue
		}
		here := from.with(e.sets).with(c.assumed[s.name])
		if before, ok := out[e.notice]; ok {
			here, _ = before.meet(here)
		}
		out[e.notice] = here
	}
	return out
}

// unset reports one use, and a state from which the value does not come along.
func (c *checking) unset(s *state, u use) {
	c.r.Errorf(u.pos, codeUnset, "%q is not set on every way to the state %q", u.name, s.name)
	for _, e := range c.incoming(s) {
		from := c.facts[e.from]
		if from == nil || (u.notice != "" && u.notice != e.notice) {
			continue
		}
		if _, ok := from.with(e.sets)[u.name]; !ok {
			c.r.Help("it is not set when %s leads here", e.from)
			return
		}
	}
	c.r.Help("nothing comes before this state when it is an entry")
}
