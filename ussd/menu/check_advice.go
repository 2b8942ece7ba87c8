package menu

import (
	"slices"
	"strings"

	"ussdgw/smsc/charset"
)

// What a menu should stay within to serve people well. More is allowed.
const (
	advisedDepth   = 6   // screens after that of the shortcuts, to the end of a payment
	advisedOptions = 9   // options of one state
	advisedSeptets = 160 // of a screen
	smsSeptets     = 160 // of a message of one part
	smsUCS2        = 70  // UTF-16 units of a message of one part
)

// advice adds what is not wrong but could serve people better.
func (c *checking) advice() {
	c.depth()
	for _, name := range c.p.order {
		s := c.p.states[name]
		if !s.screen() || c.facts[name] == nil {
			continue
		}
		printed := slices.DeleteFunc(s.rows(), func(t texts) bool { return t == nil })
		if n := len(printed); n > advisedOptions {
			c.r.Advisef(s.place["options"], codeLong, "%d options; more than %d are hard to find"+
				" one's way in", n, advisedOptions)
		}
		c.firstPage(s)
		c.fullScreen(s)
	}
	for _, kind := range sortedKeys(c.p.sms) {
		c.parts(kind)
	}
}

// depth follows the shortest way from the screen of the shortcuts to each action that moves money,
// and counts the screens.
func (c *checking) depth() {
	from := c.p.shortcuts
	if from == "" {
		from = c.p.entries[EntryStart]
	}
	s := c.p.states[from]
	if s == nil {
		return
	}
	screens := map[string]int{from: 0}
	if !s.screen() {
		screens[from] = -1 // the first screen is the next
	}
	came := make(map[string]string)
	work := []string{from} // in the order of their screens
	for len(work) > 0 {
		name := work[0]
		work = work[1:]
		for _, i := range c.out[name] {
			if c.edges[i].dialled {
				continue // nobody comes that way who looks for something
			}
			to, n := c.edges[i].to, screens[name]
			if c.p.states[to].screen() {
				n++
			}
			if old, ok := screens[to]; ok && old <= n {
				continue
			}
			screens[to], came[to] = n, name
			if n == screens[name] {
				work = append([]string{to}, work...)
			} else {
				work = append(work, to)
			}
		}
	}
	for _, name := range c.p.order {
		s := c.p.states[name]
		n, ok := screens[name]
		if n++; s.kind != kindDo || !c.env.Actions[s.do].Money || !ok || n <= advisedDepth {
			continue
		}
		var way []string
		for at := name; at != ""; at = came[at] {
			if c.p.states[at].screen() {
				way = append(way, at)
			}
		}
		slices.Reverse(way)
		c.r.Advisef(s.pos, codeDeep, "%d screens after %q until %q has moved money; more than %d are"+
			" many", n, from, name, advisedDepth)
		c.r.Help("the shortest way: %s, and the one that tells of it", strings.Join(way, ", "))
	}
}

// firstPage advises where the prompt leaves no room for an option below it.
func (c *checking) firstPage(s *state) {
	for lang, code := range c.p.languages {
		for _, ucs2 := range []bool{true, false} {
			sh := c.widestSheet(s, lang, ucs2)
			if sh.heading == "" || len(sh.rows) == 0 ||
				sh.fill(c.p.limits, []string{sh.heading}, sh.rows, true) > 0 {
				continue
			}
			c.r.Advisef(s.text[code].node.Place(), codeNoOptions,
				"the prompt of %q leaves the first page in %q without an option", s.name, code)
			break
		}
	}
}

// fullScreen advises where a page has more than some handsets show.
func (c *checking) fullScreen(s *state) {
	for lang, code := range c.p.languages {
		for _, pg := range c.widestSheet(s, lang, false).paginate(c.p.limits) {
			if pg.alphabet != charset.GSM7 || pg.units <= advisedSeptets {
				continue
			}
			pos := s.pos
			if s.text != nil {
				pos = s.text[code].node.Place()
			}
			c.r.Advisef(pos, codeFull, "a page of %q in %q takes %d septets; some handsets show %d",
				s.name, code, pg.units, advisedSeptets)
			break
		}
	}
}

// widestSheet is a screen with its prompt, the longest of its lists, and the widest values.
func (c *checking) widestSheet(s *state, lang int, ucs2 bool) sheet {
	var items []Item
	if s.kind == kindList {
		items = c.p.longest(s, c.p.languages[lang])
	}
	widest := func(name string) string { return s.widths[name].at(lang).sample(ucs2) }
	return c.p.widestSheet(s, View{}, lang, items, widest)
}

// parts advises where a message takes more than one part.
func (c *checking) parts(kind string) {
	m := c.p.sms[kind]
	for lang, code := range c.p.languages {
		for _, t := range m.texts[code].all() {
			c.partsOf(kind, code, t, func(name string) width { return m.fields[name].at(lang) })
		}
	}
}

// partsOf advises where one text of a message, or one plural form of it, takes more than one part.
func (c *checking) partsOf(kind, code string, t *template, bound func(name string) width) {
	for _, ucs2 := range []bool{true, false} {
		pg := measure(t.expand(func(name string) string { return bound(name).sample(ucs2) }))
		one, part := smsSeptets, partSeptets
		if pg.alphabet == charset.UCS2 {
			one, part = smsUCS2, partUCS2
		}
		if pg.units <= one {
			continue
		}
		c.r.Advisef(t.node.Place(), codeParts, "the message %q in %q takes %d parts: %d units of"+
			" %s, and one holds %d", kind, code, (pg.units+part-1)/part, pg.units, pg.alphabet, one)
		return
	}
}
