package menu

import (
	"slices"
	"strings"
)

// passes reports whether a state can be gone through without a screen: it shows none, or it is a
// list that may find nothing.
func (s *state) passes() bool { return !s.screen() || s.pick.finds() }

// unseen reports whether a way is taken without a screen on display.
func (c *checking) unseen(e edge) bool { return e.silent || !c.p.states[e.from].screen() }

// circles reports states that follow each other without a screen between, and more cases in a row
// than the engine follows.
func (c *checking) circles() {
	const (
		fresh = iota
		open
		done
	)
	mark := make(map[string]int)
	row := make(map[string]int) // cases in a row that begin with a state
	var visit func(name string)
	visit = func(name string) {
		mark[name] = open
		for _, i := range c.out[name] {
			e := c.edges[i]
			if !c.unseen(e) || !c.p.states[e.to].passes() {
				continue
			}
			switch mark[e.to] {
			case open:
				c.r.Errorf(e.pos, codeNoWayOut,
					"%q leads back to %q without a screen between: nothing is ever shown", name, e.to)
				continue
			case fresh:
				visit(e.to)
			}
			row[name] = max(row[name], row[e.to])
		}
		mark[name] = done
		c.row(name, row)
	}
	// The start first: what it leads to without a screen must not lead back to it.
	start := c.p.entries[EntryStart]
	if s := c.p.states[start]; s != nil && s.passes() {
		visit(start)
	}
	for _, e := range c.away {
		if c.unseen(e) && mark[e.from] == done {
			c.r.Errorf(e.pos, codeNoWayOut, "the start of the menu leads to %q without a screen, and"+
				" from there %s is the start again: nothing is ever shown", e.from, e.to)
		}
	}
	for _, name := range c.p.order {
		if c.p.states[name].passes() && mark[name] == fresh {
			visit(name)
		}
	}
}

// row counts the cases that follow each other from a state on.
func (c *checking) row(name string, row map[string]int) {
	if row[name]++; c.p.states[name].kind != kindCases {
		row[name] = 0
	} else if row[name] == MaxPassed+1 {
		c.r.Errorf(c.p.states[name].pos, codeLimit,
			"%d states with cases follow each other; at most %d", row[name], MaxPassed)
	}
}

// stuck reports screens that lead only among themselves: nobody who comes there gets to an end, nor
// out by the keys for back and home, which a slot may keep for itself.
func (c *checking) stuck() {
	if c.misled() {
		return
	}
	ways := make(map[string][]string, len(c.p.order))
	for _, name := range c.reached {
		for _, i := range c.out[name] {
			ways[name] = append(ways[name], c.edges[i].to)
		}
	}
	for _, e := range c.away {
		switch e.to {
		case targetHome:
			ways[e.from] = append(ways[e.from], c.p.entries[EntryStart])
		case targetBack:
			ways[e.from] = append(ways[e.from], c.before(e.from)...)
		}
	}
	for _, name := range c.reached {
		s := c.p.states[name]
		if !s.screen() || s.kind == kindEnd {
			continue
		}
		switch {
		case c.keyWorks(s, c.p.keys.home): // that is a way out if there is any at all
			ways[name] = append(ways[name], c.p.entries[EntryStart])
		case c.keyWorks(s, c.p.keys.back):
			ways[name] = append(ways[name], c.before(name)...)
		}
	}
	out := c.leaving(ways)
	for _, group := range circlesOf(c.reached, ways) {
		if out[group[0]] {
			continue
		}
		c.r.Errorf(c.p.states[group[0]].pos, codeStuck, "nobody gets out of here: %s",
			strings.Join(group[:min(len(group), 8)], ", "))
		c.r.Help("let an option lead to an end or to @home, or let the slot take no navigation key")
	}
}

// keyWorks reports whether a navigation key is one on this screen.
func (c *checking) keyWorks(s *state, key string) bool {
	sl := c.p.slots[s.ask]
	return sl == nil || !slices.Contains(sl.exempt, key)
}

// before returns the screens that the key for back may lead to: those that lead to a state, at
// once or through states that show nothing.
func (c *checking) before(name string) []string {
	var out []string
	seen := map[string]bool{name: true}
	work := []string{name}
	for len(work) > 0 {
		here := work[len(work)-1]
		work = work[:len(work)-1]
		for _, i := range c.in[here] {
			e := c.edges[i]
			switch {
			case !c.unseen(e):
				out = append(out, e.from)
			case !seen[e.from]:
				seen[e.from] = true
				work = append(work, e.from)
			}
		}
	}
	return out
}

// leaving returns the states from which an end can be reached, or what was interrupted.
func (c *checking) leaving(ways map[string][]string) map[string]bool {
	back := make(map[string][]string, len(ways))
	for from, all := range ways {
		for _, to := range all {
			back[to] = append(back[to], from)
		}
	}
	out := make(map[string]bool)
	var work []string
	for _, name := range c.reached {
		if c.p.states[name].kind == kindEnd {
			work = append(work, name)
		}
	}
	for _, e := range c.away {
		if e.to == targetResume {
			work = append(work, e.from)
		}
	}
	for len(work) > 0 {
		name := work[len(work)-1]
		work = work[:len(work)-1]
		if !out[name] {
			out[name] = true
			work = append(work, back[name]...)
		}
	}
	return out
}

// circlesOf returns the groups of states that all lead to each other and nowhere else, each in the
// order of names. A state that leads nowhere is no group.
func circlesOf(names []string, ways map[string][]string) [][]string {
	place := make(map[string]int)  // order of the first visit, from 1
	lowest := make(map[string]int) // place of the first state that can be come back to
	group := make(map[string]int)  // from 1, when it is complete
	var open []string
	groups := 0
	var visit func(name string)
	visit = func(name string) {
		place[name] = len(place) + 1
		lowest[name] = place[name]
		open = append(open, name)
		for _, to := range ways[name] {
			if place[to] == 0 {
				visit(to)
			}
			if group[to] == 0 {
				lowest[name] = min(lowest[name], lowest[to])
			}
		}
		if lowest[name] != place[name] {
			return
		}
		groups++
		for {
			last := open[len(open)-1]
			open = open[:len(open)-1]
			group[last] = groups
			if last == name {
				return
			}
		}
	}
	for _, name := range names {
		if place[name] == 0 {
			visit(name)
		}
	}
	members := make([][]string, groups+1)
	closed := make([]bool, groups+1)
	for _, name := range names {
		g := group[name]
		if len(members[g]) == 0 {
			closed[g] = true
		}
		members[g] = append(members[g], name)
		closed[g] = closed[g] && len(ways[name]) > 0
	}
	var out [][]string
	for _, name := range names {
		for _, to := range ways[name] {
			closed[group[name]] = closed[group[name]] && group[to] == group[name]
		}
	}
	for g, all := range members {
		if closed[g] {
			out = append(out, all)
		}
	}
	return out
}
