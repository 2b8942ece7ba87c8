package menu

import (
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
)

// indexes makes the index of every list in which something is looked for.
func (c *checking) indexes() {
	c.p.index = make(map[string][]entry)
	for _, name := range c.p.order {
		s := c.p.states[name]
		def, ok := c.env.Lists[s.list]
		if s.kind != kindList || !s.pick.finds() || !ok || c.p.index[s.list] != nil {
			continue
		}
		var selectors []Item
		for _, other := range c.p.order {
			if o := c.p.states[other]; def.Of != "" && o.kind == kindList && o.as == def.Of {
				of := c.env.Lists[o.list]
				for _, key := range sortedKeys(of.Items) {
					selectors = append(selectors, of.Items[key]...)
				}
				break
			}
		}
		c.p.index[s.list] = indexed(def, selectors)
	}
}

// picking checks which items a list state shows, and where to go when there are none.
func (c *checking) picking(s *state) {
	for _, key := range []string{"only", "match"} {
		if s.place[key] != (source.Pos{}) && len(s.pick.top) > 0 {
			c.r.Errorf(s.place["top"], codeFind, "`top` puts a whole list in order, and `%s` has"+
				" an order of its own: the best first", key)
			break
		}
	}
	for _, name := range s.pick.top {
		c.itemIDs(s, s.place["top."+name], name)
		if n := len(slices.DeleteFunc(slices.Clone(s.pick.top), func(o string) bool {
			return o != name
		})); n > 1 {
			c.r.Errorf(s.place["top"], codeTwice, "%q is in `top` twice", name)
			break
		}
	}
	if s.pick.only != "" {
		c.itemIDs(s, s.place["only"], s.pick.only)
	}
	if s.pick.match != "" {
		c.wordSlot(s.place["match"], s.pick.match, "match")
	}
	written := s.place["none"] != (source.Pos{})
	switch {
	case s.pick.finds() && !written:
		c.r.Errorf(s.pos, codeFind, "the list state %q lacks `none`", s.name)
		c.r.Help("`none: STATE` says where to go when nothing is found")
	case !s.pick.finds() && written:
		c.r.Errorf(s.place["none"], codeFind, "`none` is for a list with `only` or `match`")
		c.r.Help("a whole list is never empty")
	}
	c.target(s, s.pick.none)
	if !s.pick.finds() {
		return
	}
	items := c.candidates(s)
	for n := range min(len(items), MaxFound) {
		if key := strconv.Itoa(n + 1); c.p.keys.has(key) {
			c.r.Errorf(s.place["list"], codeKeyShadowed, "what is found is numbered from 1 on, and"+
				" %q is a navigation key", key)
		}
	}
}

// itemIDs checks a name in `only` or `top`: the promoted items, or a value with IDs.
func (c *checking) itemIDs(s *state, pos source.Pos, name string) {
	if name == promotedItems {
		if len(c.env.Lists[s.list].Items) > 0 && len(c.promoted(s.list)) == 0 &&
			s.pick.only == name {
			c.r.Warnf(pos, codeFind, "no item of the list %q is promoted, so nobody sees this list",
				s.list)
		}
		return
	}
	if !c.outputs[name] {
		c.r.Errorf(pos, codeFind, "no outcome of an action sets %q", name)
		c.r.DidYouMean(name, append(sortedKeys(c.outputs), promotedItems))
		return
	}
	c.used["slot "+name] = true
	for _, def := range c.env.Actions {
		for _, o := range def.Outcomes {
			for _, v := range o.Sets {
				if v.Name != name {
					continue
				}
				for _, widest := range v.Widest {
					if len(widest) > MaxValueBytes {
						c.r.Errorf(pos, codeEnvironment,
							"%q may hold more than %d octets, and would be cut", name, MaxValueBytes)
						return
					}
				}
			}
		}
	}
}

// promoted returns the promoted items of a list.
func (c *checking) promoted(list string) []Item {
	var out []Item
	items := c.env.Lists[list].Items
	for _, key := range sortedKeys(items) {
		for _, it := range items[key] {
			if it.Promoted {
				out = append(out, it)
			}
		}
	}
	return out
}

// wordSlot checks the slot of a word that is looked for.
func (c *checking) wordSlot(pos source.Pos, name, key string) {
	sl := c.p.slots[name]
	switch {
	case sl == nil:
		c.r.Errorf(pos, codeSlot, "no slot %q", name)
		var known []string
		for _, other := range sortedKeys(c.p.slots) {
			if c.p.slots[other].kind == typeText {
				known = append(known, other)
			}
		}
		c.r.DidYouMean(name, known)
		return
	case sl.kind != typeText:
		c.r.Errorf(pos, codeSlot, "`%s` needs a slot of the type text, and %q is of the type %s",
			key, name, sl.kind)
	}
	c.used["slot "+name] = true
}

// lettered checks where letters lead that are typed at a screen of numbers.
func (c *checking) lettered(s *state) {
	if s.letters.as != "" {
		c.wordSlot(s.letters.asPos, s.letters.as, "letters")
	}
	c.target(s, s.letters.next)
}

// candidates returns all items that a list state may find, each with the widest of its numbers.
func (c *checking) candidates(s *state) []Item {
	var out []Item
	for _, e := range c.p.index[s.list] {
		if s.pick.only != promotedItems || e.item.Promoted {
			out = append(out, e.item)
		}
	}
	for i := range out {
		out[i].Number = min(len(out), MaxFound)
	}
	return out
}

// shownLists returns every list of items that a list state can show.
func (c *checking) shownLists(s *state) (lists [][]Item) {
	if s.pick.finds() {
		return [][]Item{c.candidates(s)}
	}
	def := c.env.Lists[s.list]
	for _, key := range sortedKeys(def.Items) {
		lists = append(lists, def.Items[key])
	}
	return lists
}

// pickEdges are the ways out of a list state.
func (c *checking) pickEdges(s *state) {
	sets := map[string]widths{s.as: c.labels(s.as)}
	if of := c.env.Lists[s.list].Of; s.pick.finds() && of != "" {
		sets[of] = c.labels(of)
	}
	c.edge(edge{
		from: s.name, to: s.next.to, sets: sets, notice: s.next.notice, pos: s.next.pos,
	})
	none := s.pick.none
	c.edge(edge{from: s.name, to: none.to, notice: none.notice, silent: true, pos: none.pos})
}

// wordEdge is the way that letters lead.
func (c *checking) wordEdge(s *state) {
	sets := make(map[string]widths)
	if sl := c.p.slots[s.letters.as]; sl != nil && !sl.secret() {
		sets[sl.name] = c.everywhere(sl.width())
	}
	next := s.letters.next
	c.edge(edge{from: s.name, to: next.to, sets: sets, notice: next.notice, pos: next.pos})
}

// pickUses lists the values that decide which items a list state shows.
func (c *checking) pickUses(s *state) []use {
	var out []use
	if of := c.env.Lists[s.list].Of; of != "" && !s.pick.finds() {
		out = append(out, use{pos: s.place["list"], name: of})
	}
	if s.pick.only != "" && s.pick.only != promotedItems {
		out = append(out, use{pos: s.place["only"], name: s.pick.only})
	}
	if s.pick.match != "" {
		out = append(out, use{pos: s.place["match"], name: s.pick.match})
	}
	return out
}

// blankIDs reports an ID that could not be one of several in a value.
func (c *checking) blankID(s *state, where string, it Item) {
	if strings.ContainsFunc(it.ID, func(r rune) bool { return r <= ' ' }) {
		c.r.Errorf(s.place["list"], codeEnvironment, "%s: the ID %q has a blank in it", where, it.ID)
	}
}
