package menu

import (
	"fmt"
	"strconv"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
)

// maxSMS is how many short messages one text may take, and the units of one part when a text has
// several: 153 septets or 67 UTF-16 units each.
const (
	maxSMS      = 4
	partSeptets = 153
	partUCS2    = 67
)

// screens computes how wide the values of every screen are, and proves that all its screens fit.
func (c *checking) screens() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		f := c.facts[name]
		if !s.screen() || f == nil {
			continue
		}
		c.widths(s, f)
		if s.inline {
			c.inline(s)
		}
		reported := make(map[string]bool)
		c.fit(s, "", reported)
		for _, code := range sortedKeys(s.noticeWidths) {
			c.fit(s, code, reported)
		}
	}
}

// widths computes how wide every value on a screen can be: with its prompt, and with every error
// that can stand in the prompt's place.
func (c *checking) widths(s *state, f facts) {
	rows := s.rows()
	s.widths = c.shown(s, f, true, append(rows, s.text)...)
	s.noticeWidths = make(map[string]map[string]widths)
	for code, f := range c.brought(s) {
		if t := c.p.errorText(s, code); t != nil {
			s.noticeWidths[code] = c.shown(s, f, false, append(rows, t)...)
		}
	}
	for _, code := range c.refusals(s) {
		t := c.p.errorText(s, code)
		if t == nil {
			continue
		}
		own := c.shown(s, f, true, append(rows, t)...)
		for name, w := range s.noticeWidths[code] {
			if w2, ok := own[name]; ok {
				w = w.join(w2)
			}
			own[name] = w
		}
		s.noticeWidths[code] = own
	}
}

// shown returns the widths of the values that texts of s show when f is set. stays says that the
// screen can come back by the back key, after more has been set.
func (c *checking) shown(s *state, f facts, stays bool, all ...texts) map[string]widths {
	out := make(map[string]widths)
	for _, t := range all {
		for _, lang := range c.p.languages {
			if t[lang] == nil {
				continue
			}
			for _, h := range t[lang].holders() {
				if text, ok := c.p.constant(h.name); ok {
					out[h.name] = c.everywhere(widthOf([]string{text}))
					continue
				}
				slotName, field, dotted := strings.Cut(h.name, ".")
				w, ok := f[slotName]
				if !ok {
					continue // reported as unset
				}
				switch {
				case dotted:
					w = c.itemWidths(slotName, field, func(it Item, lang string) string {
						return c.p.pick(it.Values[field], lang)
					})
				case stays && c.after[s.name][h.name] != nil:
					w = w.join(c.after[s.name][h.name])
				}
				out[h.name] = w
			}
		}
	}
	return out
}

// inline checks that every text of a screen without navigation lines says the back key itself.
func (c *checking) inline(s *state) {
	check := func(t texts) {
		for _, lang := range c.p.languages {
			if t[lang] == nil {
				continue
			}
			for _, form := range t[lang].all() {
				if !strings.Contains(form.expand(none), c.p.keys.back) {
					c.r.Errorf(form.node.Place(), codeNav,
						"with `nav: inline` the text itself must say the back key %q",
						c.p.keys.back)
				}
			}
		}
	}
	check(s.text)
	for _, code := range sortedKeys(s.noticeWidths) {
		check(c.p.errorText(s, code))
	}
}

// A block is a part of a screen that is never split.
type block struct {
	name  string
	text  string
	pos   source.Pos
	first bool // it can only be on the first page
	last  bool // nothing comes after it
}

// fit proves that a screen fits in every language, with a notice or without, at the widest values
// in either alphabet. It is enough to look at each block alone on a page: more of them go onto a
// page only while they fit. All options are there, those with a condition too: one that comes first
// or last because others are hidden has at most the navigation lines that it is proved with.
func (c *checking) fit(s *state, notice string, reported map[string]bool) {
	bounds := s.widths
	if notice != "" {
		bounds = s.noticeWidths[notice]
	}
	variants := c.variants(s, notice)
	for lang := range c.p.languages {
		if !c.complete(s, notice, lang) {
			continue // a missing text has been reported
		}
		for _, variant := range variants {
			widest := func(name string) string {
				return bounds[name].at(lang).sample(variant.ucs2)
			}
			shown := rows{s.options, variant.items}
			sh := c.p.sheet(s, notice, lang, variant.canBack, shown, widest)
			for _, b := range c.blocks(s, sh, notice, lang, variant.items, widest) {
				pg := measure(sh.lay([]string{b.text}, b.first, b.last))
				if c.p.limits.holds(pg) {
					continue
				}
				key := c.p.languages[lang] + " " + b.name + " " + b.pos.String()
				if !reported[key] {
					reported[key] = true
					c.over(s, notice, lang, b, pg)
				}
			}
		}
	}
}

// sample returns the widest value for an alphabet.
func (w width) sample(ucs2 bool) string {
	if ucs2 {
		return w.ucsSample
	}
	return w.gsmSample
}

// variant is one of the circumstances in which a screen must fit.
type variant struct {
	canBack, ucs2 bool
	items         []Item
}

// variants are the circumstances of a screen. Items say the same below an error as below the
// prompt, where they have been looked at: one list is enough for the error itself.
func (c *checking) variants(s *state, notice string) []variant {
	lists := [][]Item{nil}
	if s.kind == kindList {
		lists = c.shownLists(s)
	}
	if notice != "" {
		lists = lists[:min(len(lists), 1)]
	}
	var out []variant
	for _, items := range lists {
		for _, canBack := range []bool{true, false} {
			out = append(out, variant{canBack, true, items}, variant{canBack, false, items})
		}
	}
	return out
}

// complete reports whether all texts of a screen are there in a language.
func (c *checking) complete(s *state, notice string, lang int) bool {
	code := c.p.languages[lang]
	all := []texts{s.text, c.p.nav["back"], c.p.nav["home"], c.p.nav["more"]}
	if notice != "" {
		all = append(all, c.p.errorText(s, notice))
	}
	for _, o := range s.options {
		all = append(all, o.text)
	}
	for i, t := range all {
		nav := i >= 1 && i <= 3
		if (t != nil || nav) && t[code] == nil {
			return false
		}
	}
	return true
}

// blocks cuts a sheet into what must fit alone. Each plural form of the heading is a block.
func (c *checking) blocks(
	s *state, sh sheet, notice string, lang int, items []Item, widest func(string) string,
) []block {
	code := c.p.languages[lang]
	var out []block
	if sh.heading != "" {
		b := block{name: "the prompt", first: true, last: len(sh.rows) == 0}
		heading := s.text
		switch {
		case notice != "":
			b.name, heading = "the error "+notice, c.p.errorText(s, notice)
		case s.kind == kindEnd:
			b.name = "the text"
		}
		for _, form := range heading[code].all() {
			b.pos, b.text = form.node.Place(), form.expand(widest)
			out = append(out, b)
		}
	}
	printed := 0
	inside := s.pick.anywhere() && len(sh.rows) > 1 // the worst place for an item
	add := func(b block) {
		b.first = printed == 0 && sh.heading == "" && !inside
		b.last = printed == len(sh.rows)-1 && !inside
		b.text = sh.rows[printed]
		printed++
		out = append(out, b)
	}
	for _, o := range s.options {
		if o.text != nil {
			add(block{name: "option " + o.key, pos: o.text[code].node.Place()})
		}
	}
	for _, it := range items {
		add(block{name: "item " + strconv.Itoa(it.Number) + " " + it.ID, pos: s.place["list"]})
	}
	return out
}

// over reports a page that is over its limit, with the page itself.
func (c *checking) over(s *state, notice string, lang int, b block, pg page) {
	limit := c.p.limits.of(pg.alphabet)
	where := ""
	if notice != "" && !strings.HasPrefix(b.name, "the error") {
		where = fmt.Sprintf(" with the error %q", notice)
	}
	c.r.Errorf(b.pos, codeFit, "%s of %q in %q%s does not fit: %d over %d units of %s",
		b.name, s.name, c.p.languages[lang], where, pg.units-limit, limit, pg.alphabet)
	c.r.Help("widest: %s", strings.ReplaceAll(pg.text, "\n", "|"))
	if pg.alphabet == charset.UCS2 {
		if letter, only := loneLetter(pg.text); only {
			c.r.Help("%q alone is outside the GSM alphabet; without it there is room for %d",
				letter, c.p.limits.gsm7)
		}
	}
}

// loneLetter returns the one letter that makes a text UCS-2, if there is only one.
func loneLetter(text string) (string, bool) {
	found := ""
	for _, r := range text {
		if s := string(r); charset.Choose(s) == charset.UCS2 && s != found {
			if found != "" {
				return "", false
			}
			found = s
		}
	}
	return found, found != ""
}

// sms checks the messages against the kinds that the wallet sends.
func (c *checking) sms() {
	pos := c.raw["schema"][0].pos
	for _, kind := range sortedKeys(c.env.SMS) {
		if _, ok := c.p.sms[kind]; !ok {
			c.r.Errorf(pos, codeSMS, "the message %q has no text in `sms:`", kind)
		}
	}
	for _, kind := range sortedKeys(c.p.sms) {
		m := c.p.sms[kind]
		defs, ok := c.env.SMS[kind]
		if !ok {
			c.r.Errorf(m.pos, codeSMS, "the wallet sends no message %q", kind)
			c.r.DidYouMean(kind, sortedKeys(c.env.SMS))
			continue
		}
		m.fields = make(map[string]widths)
		for _, v := range defs {
			m.fields[v.Name] = c.declared(v)
		}
		c.p.sms[kind] = m
		c.counted(m.texts, func(name string) valueKind {
			for _, v := range defs {
				if v.Name == name {
					return v.Type.kind()
				}
			}
			return kindUnknown
		})
		c.smsTexts(kind, m)
	}
}

// pinField is in no message but those that bring a PIN.
const pinField = "pin"

func (c *checking) smsTexts(kind string, m message) {
	seen := make(map[source.Pos]bool)
	for lang, code := range c.p.languages {
		t := m.texts[code]
		if t == nil {
			continue
		}
		known := true
		for _, h := range t.holders() {
			if m.fields[h.name] != nil {
				continue
			}
			known = false
			if seen[h.pos] {
				continue
			}
			seen[h.pos] = true
			if c.p.slots[h.name].secret() || h.name == pinField {
				c.r.Errorf(h.pos, codeSecret, "{%s} may be in no such message", h.name)
				continue
			}
			c.r.Errorf(h.pos, codeSMS, "the message %q has no field %q", kind, h.name)
			c.r.DidYouMean(h.name, sortedKeys(m.fields))
		}
		for _, v := range c.env.SMS[kind] {
			if v.Secret && !t.has(v.Name) {
				c.r.Errorf(t.node.Place(), codeSMS, "nothing but the message %q brings {%s}, and it"+
					" does not show it", kind, v.Name)
			}
		}
		if known {
			for _, form := range t.all() {
				c.smsFits(kind, code, form, func(name string) width { return m.fields[name].at(lang) })
			}
		}
	}
}

func (c *checking) smsFits(kind, code string, t *template, bound func(string) width) {
	for _, ucs2 := range []bool{true, false} {
		pg := measure(t.expand(func(name string) string { return bound(name).sample(ucs2) }))
		part := partSeptets
		if pg.alphabet == charset.UCS2 {
			part = partUCS2
		}
		if pg.units > maxSMS*part {
			c.r.Errorf(t.node.Place(), codeSMS, "the message %q in %q takes more than %d SMS: "+
				"%d units of %s", kind, code, maxSMS, pg.units, pg.alphabet)
			return
		}
	}
}
