package menu

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
