package menu

import (
	"slices"

	"ussdgw/menus/source"
)

// An edge is one way from a state to the next.
type edge struct {
	from, to string
	sets     map[string]widths // values that are set on the way
	notice   string
	outcome  string // of a do state, or ""
	offer    bool   // the outcome leaves an offer open
	answered bool   // the way an ask state takes with what was typed
	silent   bool   // the way of a list that has nothing to show
	dialled  bool   // only a dialled string goes it
	pos      source.Pos
}

// facts are values that are set, and how wide they can be.
type facts map[string]widths

// graph finds all edges. A way into a confirm screen that is not an offer goes through the state
// that makes the offer, as it does when the program runs; so does coming back to such a screen.
func (c *checking) graph() {
	c.out, c.in = make(map[string][]int), make(map[string][]int)
	c.edges, c.away = nil, nil
	for _, name := range c.p.order {
		s := c.p.states[name]
		c.wordEdge(s)
		switch s.kind {
		case kindOptions:
			for _, o := range s.options {
				c.edge(edge{
					from: name, to: o.next.to, sets: c.optionSets(o), notice: o.next.notice,
					pos: o.next.pos,
				})
			}
		case kindAsk:
			sets := make(map[string]widths)
			if sl := c.p.slots[s.ask]; sl != nil && !sl.secret() {
				sets[s.ask] = c.everywhere(sl.width())
			}
			c.edge(edge{
				from: name, to: s.next.to, sets: sets, notice: s.next.notice, answered: true,
				pos: s.next.pos,
			})
			if s.confirm != "" {
				c.edge(edge{from: name, to: s.confirm, pos: s.place["confirm"]})
			}
		case kindCases:
			for _, b := range s.cases {
				c.edge(edge{from: name, to: b.next.to, notice: b.next.notice, pos: b.next.pos})
			}
		case kindList:
			c.pickEdges(s)
		case kindDo:
			for _, outcome := range sortedKeys(s.on) {
				def, known := c.env.Actions[s.do].Outcomes[outcome]
				sets := c.outcomeSets(def)
				if !known {
					sets = c.anything() // it was reported, and what it should have set is not missed
				}
				t := s.on[outcome]
				c.edge(edge{
					from: name, to: t.to, sets: sets, notice: t.notice,
					outcome: outcome, offer: def.Offer, pos: t.pos,
				})
			}
		}
	}
	c.movedEdges()
}

// edge adds an edge that leads to a state.
func (c *checking) edge(e edge) {
	if navigates(e.to) {
		c.away = append(c.away, e)
		return
	}
	to := c.p.states[e.to]
	if to == nil {
		return
	}
	if to.confirm != "" && !e.offer {
		if to = c.p.states[to.confirm]; to == nil {
			return
		}
		e.to, e.notice = to.name, ""
	}
	c.edges = append(c.edges, e)
	c.out[e.from] = append(c.out[e.from], len(c.edges)-1)
	c.in[e.to] = append(c.in[e.to], len(c.edges)-1)
}

func (c *checking) optionSets(o option) map[string]widths {
	sets := make(map[string]widths)
	for _, v := range o.set {
		if sl := c.p.slots[v.name]; sl != nil && !sl.secret() {
			sets[v.name] = c.everywhere(sl.width())
		}
	}
	return sets
}

func (c *checking) outcomeSets(def OutcomeDef) map[string]widths {
	sets := make(map[string]widths)
	for _, v := range def.Sets {
		if _, list := c.p.chosen[v.Name]; list {
			sets[v.Name] = c.labels(v.Name)
			continue
		}
		sets[v.Name] = c.declared(v)
		if sl := c.p.slots[v.Name]; sl != nil && len(v.Widest) == 0 && len(v.Langs) == 0 {
			sets[v.Name] = c.everywhere(sl.width()) // nothing but what was typed
		}
	}
	return sets
}

// anything is all that outcomes can set, of no width.
func (c *checking) anything() map[string]widths {
	sets := make(map[string]widths, len(c.outputs))
	for name := range c.outputs {
		sets[name] = make(widths, c.langs())
	}
	return sets
}

// declared turns a declaration of the wallet into widths.
func (c *checking) declared(v ValueDef) widths {
	out := make(widths, c.langs())
	for i, lang := range c.p.languages {
		examples := v.Widest
		base := c.p.base(lang)
		if own, ok := v.Langs[lang]; ok {
			examples = own
		} else if own, ok := v.Langs[base]; ok {
			examples = own
		}
		if out[i] = widthOf(examples); base != lang {
			out[i] = out[i].latin()
		}
	}
	return out
}

// labels returns how wide the label of the item in a list slot can be.
func (c *checking) labels(slotName string) widths {
	return c.itemWidths(slotName, "", func(it Item, lang string) string {
		return c.p.pick(it.Label, lang)
	})
}

// itemWidths returns how wide a text of the items in a list slot can be: of the value field, or of
// the label when that is "".
func (c *checking) itemWidths(
	slotName, field string, text func(Item, string) string,
) widths {
	key := slotName + "." + field
	if out, ok := c.widest[key]; ok {
		return out
	}
	out := make(widths, c.langs())
	c.widest[key] = out
	for i, lang := range c.p.languages {
		var all []string
		for _, items := range c.env.Lists[c.p.chosen[slotName]].Items {
			for _, it := range items {
				all = append(all, cleanValue(text(it, lang)))
			}
		}
		slices.Sort(all)
		out[i] = widthOf(all)
	}
	return out
}

// flow finds what is set where, and reports circles of actions.
func (c *checking) flow() {
	c.after = make(map[string]facts)
	c.assumed = make(map[string]facts)
	c.forward()
	c.unsets()
	c.backward()
	c.circles()
}

// misled reports whether an error takes a way away, so that what seems to lead nowhere, or never
// to be reached, may be a consequence of it.
func (c *checking) misled() bool {
	causes := []string{
		source.CodeUnknownKey, source.CodeKind, source.CodeDuplicateKey, source.CodeKey,
		codeSchema, codeTwice, codeName, codeTarget, codeState, codeAction, codeOutcome, codeList,
		codeConfirm, codeNoWayOut, codeEntry, codeLimit, codeUntold, codeFind,
	}
	for _, f := range c.r.Findings() {
		if f.Severity == source.Error && slices.Contains(causes, f.Code) {
			return true
		}
	}
	return false
}

// unreached warns of states that nothing leads to.
func (c *checking) unreached() {
	if c.misled() {
		return
	}
	for _, name := range c.p.order {
		if s := c.p.states[name]; c.facts[name] == nil && s.kind != kindBroken {
			c.r.Warnf(s.pos, codeUnreachable, "nothing leads to the state %q", name)
		}
	}
}

// forward computes, for every state, the values that are set on all ways to it.
func (c *checking) forward() {
	c.facts, c.reached = make(map[string]facts), nil
	var work []string
	for _, e := range Entries() {
		name := c.p.entries[e]
		if c.p.states[name] == nil {
			continue
		}
		start := facts{}
		if e == EntryUntold {
			start[offerValue] = make(widths, c.langs())
		}
		if c.meet(name, start) {
			work = append(work, name)
		}
	}
	for len(work) > 0 {
		name := work[0]
		work = work[1:]
		for _, i := range c.out[name] {
			e := c.edges[i]
			if c.meet(e.to, c.facts[name].with(e.sets)) {
				work = append(work, e.to)
			}
		}
	}
}

// with returns the facts after an edge.
func (f facts) with(sets map[string]widths) facts {
	out := make(facts, len(f)+len(sets))
	for k, v := range f {
		out[k] = v
	}
	for k, v := range sets {
		out[k] = v
	}
	return out
}

// meet keeps at a state what is set on this way too, as wide as on the wider way. It reports
// whether that changed anything.
func (c *checking) meet(name string, f facts) bool {
	f = f.with(c.assumed[name])
	old := c.facts[name]
	if old == nil {
		c.facts[name] = f
		c.reached = append(c.reached, name)
		return true
	}
	merged, changed := old.meet(f)
	c.facts[name] = merged
	return changed
}

func (f facts) meet(o facts) (facts, bool) {
	out, changed := make(facts, len(f)), false
	for k, w := range f {
		other, ok := o[k]
		if !ok {
			changed = true
			continue
		}
		out[k] = w.join(other)
		changed = changed || !out[k].equal(w)
	}
	return out, changed
}

// backward computes how wide values can become later: a screen that is left and comes back on
// display by the back key shows what was set in the meantime.
func (c *checking) backward() {
	work := slices.Clone(c.p.order)
	slices.Reverse(work)
	queued := make(map[string]bool)
	for _, name := range work {
		queued[name] = true
		c.after[name] = facts{}
	}
	for len(work) > 0 {
		name := work[0]
		work = work[1:]
		queued[name] = false
		changed := false
		for _, i := range c.out[name] {
			e := c.edges[i]
			changed = c.after[name].widen(e.sets) || changed
			changed = c.after[name].widen(c.after[e.to]) || changed
		}
		if !changed {
			continue
		}
		for _, i := range c.in[name] {
			if from := c.edges[i].from; !queued[from] {
				queued[from] = true
				work = append(work, from)
			}
		}
	}
}

// widen adds o to f and reports whether that changed f.
func (f facts) widen(o facts) bool {
	changed := false
	for k, w := range o {
		old, ok := f[k]
		if !ok {
			f[k], changed = w, true
			continue
		}
		if merged := old.join(w); !merged.equal(old) {
			f[k], changed = merged, true
		}
	}
	return changed
}
