package menu

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
)

// checking is the second half of Load: everything is read, now it is proved.
type checking struct {
	*loading
	edges   []edge
	away    []edge            // to @home, @back and @resume
	out     map[string][]int  // edges by the state they leave
	in      map[string][]int  // edges by the state they lead to
	facts   map[string]facts  // what is certainly set where a state begins
	reached []string          // the states that have facts, the nearest to an entry first
	assumed map[string]facts  // what has been reported as unset in a state
	widest  map[string]widths // of the texts of items, by list slot and value
	after   map[string]facts  // what may be set between a state and the end of the dialogue
	used    map[string]bool   // "slot x" and "error x" that something refers to
	outputs map[string]bool   // names that some outcome sets
}

func (c *checking) check() {
	c.used = make(map[string]bool)
	c.widest = make(map[string]widths)
	c.lists()
	c.chosenSlots()
	c.indexes()
	c.values()
	c.rules()
	for _, name := range c.p.order {
		c.state(c.p.states[name])
	}
	for _, code := range sortedKeys(c.p.errors) {
		c.placeholders(c.p.errors[code])
	}
	c.entryStates()
	c.shortcutState()
	c.movedTargets()
	c.graph()
	c.flow()
	c.money()
	c.told()
	c.screens()
	c.sms()
	c.alphabets()
	c.likeTexts()
	c.stuck()
	c.unused()
	c.unreached()
	if c.r.Advice && !c.r.Failed() {
		c.advice()
	}
}

// langs is how many languages the menu has.
func (c *checking) langs() int { return len(c.p.languages) }

// lists checks what comes from outside the menus. Findings have no better place than the first
// state that shows the list.
func (c *checking) lists() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		if s.kind != kindList {
			continue
		}
		def, ok := c.env.Lists[s.list]
		if !ok {
			c.r.Errorf(s.place["list"], codeList, "no list %q", s.list)
			c.r.DidYouMean(s.list, sortedKeys(c.env.Lists))
			continue
		}
		if len(def.Items) == 0 {
			c.r.Errorf(s.place["list"], codeList, "the list %q is empty", s.list)
		}
		for _, key := range sortedKeys(def.Items) {
			c.items(s, key, def.Items[key])
		}
		c.subLists(s, def)
	}
}

// items checks one sub-list.
func (c *checking) items(s *state, key string, items []Item) {
	where := s.list
	if key != "" {
		where += " of " + key
	}
	if len(items) == 0 {
		c.r.Errorf(s.place["list"], codeList, "the list %s is empty", where)
	}
	if len(items) > MaxItems {
		c.r.Errorf(s.place["list"], codeLimit, "the list %s has %d items; at most %d", where,
			len(items), MaxItems)
		return
	}
	numbers := make(map[int]bool)
	for _, it := range items {
		if it.ID == "" || it.Number < 1 || numbers[it.Number] {
			c.r.Errorf(s.place["list"], codeEnvironment,
				"%s: item %q has no id or a number that is taken: %d", where, it.ID, it.Number)
		}
		numbers[it.Number] = true
		c.blankID(s, where, it)
		c.shadowed(s.place["list"], strconv.Itoa(it.Number))
		for _, lang := range c.p.languages {
			if c.p.pick(it.Label, lang) == "" {
				c.r.Errorf(s.place["list"], codeEnvironment, "%s: item %q has no label in %q",
					where, it.ID, lang)
			}
		}
		for _, name := range sortedKeys(it.Rules) {
			c.pattern(s.place["list"], where+": "+it.ID, it.Rules[name].Pattern)
		}
	}
}

// pattern compiles the pattern of a rule, once.
func (c *checking) pattern(pos source.Pos, where, pattern string) {
	if pattern == "" || c.p.patterns[pattern] != nil {
		return
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		c.r.Errorf(pos, codeEnvironment, "%s: the pattern is no regular expression: %v", where, err)
		return
	}
	c.p.patterns[pattern] = re
}

// subLists checks that every item of the selecting list has a sub-list.
func (c *checking) subLists(s *state, def ListDef) {
	if def.Of == "" {
		return
	}
	for _, name := range c.p.order {
		selector := c.p.states[name]
		if selector.kind != kindList || selector.as != def.Of {
			continue
		}
		for _, items := range c.env.Lists[selector.list].Items {
			for _, it := range items {
				if len(def.Items[it.ID]) == 0 {
					c.r.Errorf(s.place["list"], codeList, "the list %q has no items for the %s %q",
						s.list, def.Of, it.ID)
				}
			}
		}
		return
	}
	c.r.Errorf(s.place["list"], codeList, "the list %q depends on %q, which no list is chosen into",
		s.list, def.Of)
}

// chosenSlots finds out which list each list slot is chosen from.
func (c *checking) chosenSlots() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		if s.kind != kindList || s.as == "" {
			continue
		}
		_, declared := c.p.slots[s.as]
		other, chosen := c.p.chosen[s.as]
		switch {
		case !isName(s.as) || s.as == offerValue || s.as == langSlot:
			c.r.Errorf(s.place["as"], codeName, "%q is no name of a slot", s.as)
		case declared:
			c.r.Errorf(s.place["as"], codeList, "%q is a slot that is typed, not chosen", s.as)
		case chosen && other != s.list:
			c.r.Errorf(s.place["as"], codeList, "%q is chosen from the list %q elsewhere",
				s.as, other)
		default:
			c.p.chosen[s.as] = s.list
		}
	}
}

// values collects the names that outcomes set.
func (c *checking) values() {
	c.outputs = make(map[string]bool)
	for _, a := range c.env.Actions {
		for _, o := range a.Outcomes {
			for _, v := range o.Sets {
				c.outputs[v.Name] = true
			}
		}
	}
	all := make(map[string]bool)
	for name := range c.outputs {
		all[name] = true
	}
	for name := range c.p.chosen {
		all[name] = true
	}
	for name, sl := range c.p.slots {
		if !sl.secret() {
			all[name] = true
		}
	}
	if len(all) > MaxSlots {
		c.r.Errorf(c.raw["schema"][0].pos, codeLimit,
			"%d slots, chosen items and values of outcomes; at most %d", len(all), MaxSlots)
	}
}

// itemValues returns the names of the values that every item of the list slot has.
func (c *checking) itemValues(slotName string) []string {
	var common []string
	first := true
	for _, items := range c.env.Lists[c.p.chosen[slotName]].Items {
		for _, it := range items {
			if first {
				common, first = sortedKeys(it.Values), false
			}
			common = slices.DeleteFunc(common, func(v string) bool { return it.Values[v] == nil })
		}
	}
	return common
}

// state checks what one state refers to.
func (c *checking) state(s *state) {
	switch s.kind {
	case kindOptions:
		for _, o := range s.options {
			c.target(s, o.next)
			for _, v := range o.set {
				c.setting(v)
			}
			c.placeholders(o.text)
			c.guard(o.when)
		}
		c.shownAlways(s)
	case kindCases:
		c.cases(s)
	case kindAsk:
		c.ask(s)
		c.target(s, s.next)
	case kindList:
		c.target(s, s.next)
		c.picking(s)
	case kindDo:
		c.action(s)
	}
	c.lettered(s)
	c.placeholders(s.text)
	for _, code := range sortedKeys(s.errors) {
		c.placeholders(s.errors[code])
	}
	for _, code := range c.refusals(s) {
		c.used["error "+code] = true
		if c.p.errorText(s, code) == nil {
			c.r.Errorf(s.pos, codeErrorText, "the state %q can refuse with %q, which has no text",
				s.name, code)
			c.r.Help("add it to the state's errors or to a file's")
		}
	}
	if s.inline && s.kind == kindEnd {
		c.r.Errorf(s.pos, codeNav, "an end screen has no navigation")
	}
}

// refusals lists the codes that the engine can refuse an answer to s with.
func (c *checking) refusals(s *state) []string {
	switch s.kind {
	case kindOptions, kindList:
		return []string{refuseOption}
	case kindAsk:
		if sl := c.p.slots[s.ask]; sl != nil {
			return sl.refusals()
		}
	}
	return nil
}

func (c *checking) ask(s *state) {
	sl := c.p.slots[s.ask]
	if sl == nil {
		c.r.Errorf(s.place["ask"], codeSlot, "no slot %q", s.ask)
		c.r.DidYouMean(s.ask, sortedKeys(c.p.slots))
		return
	}
	c.used["slot "+s.ask] = true
	c.exempted(sl)
}

// target checks that an edge leads somewhere and that its notice has a text there.
func (c *checking) target(s *state, t target) {
	if t.to == "" || navigates(t.to) {
		if t.notice != "" {
			c.r.Errorf(t.pos, codeTarget, "a notice needs a state to be shown in, not %s", t.to)
		}
		return
	}
	to := c.p.states[t.to]
	if to == nil {
		c.r.Errorf(t.pos, codeTarget, "no state %q", t.to)
		c.r.DidYouMean(t.to, append(slices.Clone(c.p.order), targetHome, targetBack, targetResume))
		return
	}
	if t.notice == "" {
		return
	}
	c.used["error "+t.notice] = true
	switch {
	case to.kind == kindDo || to.kind == kindCases:
		c.r.Errorf(t.pos, codeTarget, "a notice needs a screen, and %q shows none", t.to)
	case to.kind == kindEnd:
		c.r.Errorf(t.pos, codeTarget, "a notice replaces a prompt, and %q is an end", t.to)
	case c.p.errorText(to, t.notice) == nil:
		c.r.Errorf(t.pos, codeErrorText, "the notice %q has no text in %q", t.notice, t.to)
		c.r.DidYouMean(t.notice, append(sortedKeys(to.errors), sortedKeys(c.p.errors)...))
	}
}

// navigates reports whether a target is no state: @home, @back or @resume.
func navigates(to string) bool {
	return to == targetHome || to == targetBack || to == targetResume
}

// setting checks a literal value that an option sets.
func (c *checking) setting(v setting) {
	if v.name == langSlot {
		if !slices.Contains(c.p.languages, v.value) {
			c.r.Errorf(v.pos, codeSet, "%q is no language of this menu", v.value)
			c.r.DidYouMean(v.value, c.p.languages)
		}
		return
	}
	sl := c.p.slots[v.name]
	switch {
	case sl == nil:
		c.r.Errorf(v.pos, codeSet, "no slot %q can be set", v.name)
		c.r.DidYouMean(v.name, append(sortedKeys(c.p.slots), langSlot))
		return
	case sl.secret():
		c.r.Errorf(v.pos, codeSecret, "the slot %q is secret and takes no literal", v.name)
		return
	}
	c.used["slot "+v.name] = true
	if got, code := sl.check(v.value, Rule{}, nil); code != "" || got != v.value {
		c.r.Errorf(v.pos, codeSet, "the slot %q does not take %q", v.name, v.value)
	}
}

// placeholders checks that every value that a text shows exists and may be seen.
func (c *checking) placeholders(t texts) {
	c.counted(t, c.kind)
	seen := make(map[source.Pos]bool) // one text may stand for all languages
	for _, lang := range c.p.languages {
		if t[lang] == nil {
			continue
		}
		for _, h := range t[lang].holders() {
			if !seen[h.pos] {
				seen[h.pos] = true
				c.visible(h.pos, h.name)
			}
		}
	}
}

// visible reports a name that no text can show.
func (c *checking) visible(pos source.Pos, name string) {
	if _, ok := c.p.constant(name); ok {
		return
	}
	if c.exists(pos, codePlaceholder, name) && name == offerValue {
		c.r.Errorf(pos, codeOffer, "{%s} is an id that no text may show", name)
	}
}

// exists reports a name that no slot, list or outcome has, and a secret one.
func (c *checking) exists(pos source.Pos, code, name string) bool {
	item, field, dotted := strings.Cut(name, ".")
	_, chosen := c.p.chosen[item]
	switch {
	case dotted && chosen:
		if known := c.itemValues(item); !slices.Contains(known, field) {
			c.r.Errorf(pos, code, "the items of %q have no value %q", item, field)
			c.r.DidYouMean(field, known)
			return false
		}
		return true
	case c.p.slots[name].secret():
		c.r.Errorf(pos, codeSecret, "%q is secret: it may go to an action's secret only", name)
		return false
	case !dotted && (chosen || c.p.slots[name] != nil || c.outputs[name]):
		c.used["slot "+name] = true
		return true
	}
	c.r.Errorf(pos, code, "no value %q", name)
	c.r.DidYouMean(name, c.names())
	return false
}

// names lists everything that a placeholder can show.
func (c *checking) names() []string {
	var out []string
	for _, s := range sortedKeys(c.p.slots) {
		if c.p.slots[s].pin() {
			s += lengthOf
		} else if c.p.slots[s].secret() {
			continue
		}
		out = append(out, s)
	}
	for _, s := range sortedKeys(c.p.chosen) {
		out = append(out, s)
		for _, v := range c.itemValues(s) {
			out = append(out, s+"."+v)
		}
	}
	for _, v := range sortedKeys(c.outputs) {
		if v != offerValue {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// action checks a do state against the declaration of its action.
func (c *checking) action(s *state) {
	def, ok := c.env.Actions[s.do]
	if !ok {
		c.r.Errorf(s.place["do"], codeAction, "no action %q", s.do)
		c.r.DidYouMean(s.do, sortedKeys(c.env.Actions))
	}
	for _, name := range sortedKeys(s.on) {
		c.target(s, s.on[name])
		if _, known := def.Outcomes[name]; ok && !known {
			c.r.Errorf(s.place["on."+name], codeOutcome, "%s has no outcome %q", s.do, name)
			c.r.DidYouMean(name, sortedKeys(def.Outcomes))
		}
	}
	if !ok {
		return
	}
	var open []string
	for _, name := range sortedKeys(def.Outcomes) {
		if _, handled := s.on[name]; !handled {
			open = append(open, name)
		}
	}
	if w, known := c.env.Actions[def.Withdraw]; def.Withdraw != "" &&
		(!known || len(w.Args)+len(w.Secrets) > 0) {
		c.r.Errorf(s.place["do"], codeEnvironment,
			"%s is withdrawn by %q, which is no action without arguments", s.do, def.Withdraw)
	}
	if len(open) > 0 {
		c.r.Errorf(s.pos, codeOutcome, "outcomes of %s are not handled: %s", s.do,
			strings.Join(open, ", "))
	}
	c.arguments(s, def)
}

func (c *checking) arguments(s *state, def ActionDef) {
	given := make(map[string]bool)
	known := slices.Concat(def.Args, def.Optional, def.Secrets)
	for _, a := range s.with {
		given[a.name] = true
		switch {
		case !slices.Contains(known, a.name):
			c.r.Errorf(s.place["with."+a.name], codeArgument, "%s takes no %q", s.do, a.name)
			c.r.DidYouMean(a.name, known)
		case slices.Contains(def.Secrets, a.name):
			if !c.p.slots[a.from].secret() {
				c.r.Errorf(a.pos, codeSecret, "%q must be fed from a secret slot", a.name)
			}
		case a.from != "":
			c.exists(a.pos, codeArgument, a.from)
		case !slices.Contains(def.Literals[a.name], a.literal):
			c.literal(s, a, def.Literals[a.name])
		}
	}
	for _, name := range slices.Concat(def.Args, def.Secrets) {
		if !given[name] {
			c.r.Errorf(s.pos, codeArgument, "%s needs %q in `with:`", s.do, name)
		}
	}
}

// literal reports a text in quotes that an argument does not take.
func (c *checking) literal(s *state, a argument, allowed []string) {
	if len(allowed) > 0 {
		c.r.Errorf(a.pos, codeLiteral, "%q of %s cannot be %q", a.name, s.do, a.literal)
		c.r.DidYouMean(a.literal, allowed)
		return
	}
	c.r.Errorf(a.pos, codeLiteral, "%q of %s takes no text in quotes", a.name, s.do)
	if isPlaceholder(a.literal) {
		c.r.Help("without quotes %s is the value of that name", a.literal)
	}
}

// entryStates checks the entries.
func (c *checking) entryStates() {
	for _, e := range Entries() {
		name, ok := c.p.entries[e]
		if !ok {
			continue
		}
		pos := c.placed["entry "+string(e)]
		s := c.p.states[name]
		switch {
		case s == nil:
			c.r.Errorf(pos, codeEntry, "no state %q for the entry %q", name, e)
			c.r.DidYouMean(name, c.p.order)
		case s.kind != kindEnd && s.kind != kindBroken &&
			e != EntryStart && e != EntryUntold && e != EntryResume:
			c.r.Errorf(pos, codeEntry, "the entry %q must be an end, and %q goes on", e, name)
		case s.confirm != "":
			c.r.Errorf(pos, codeConfirm, "an entry cannot be a confirm screen")
		case e == EntryUntold && c.env.Untold != "" && s.do != c.env.Untold &&
			s.kind != kindBroken:
			c.r.Errorf(pos, codeEntry, "the entry %q must be a state that does %s, and %q does not",
				e, c.env.Untold, name)
		}
	}
}

// shortcutState checks where the answers of a dialled string begin.
func (c *checking) shortcutState() {
	name := c.p.shortcuts
	if name == "" {
		return
	}
	switch s := c.p.states[name]; {
	case s == nil:
		c.r.Errorf(c.placed["setting shortcuts"], codeTarget, "no state %q", name)
		c.r.DidYouMean(name, c.p.order)
	case s.kind == kindDo || s.kind == kindEnd || s.kind == kindCases:
		c.r.Errorf(c.placed["setting shortcuts"], codeSetting,
			"%q is no screen that can be answered", name)
	}
}

// unused warns of slots and error texts that nothing refers to.
func (c *checking) unused() {
	for _, name := range sortedKeys(c.p.slots) {
		if !c.used["slot "+name] {
			c.r.Warnf(c.placed["slot "+name], codeUnused, "nothing asks for the slot %q", name)
		}
	}
	for _, code := range sortedKeys(c.p.errors) {
		if !c.used["error "+code] {
			c.r.Warnf(c.placed["error "+code], codeUnused, "nothing refuses with %q", code)
		}
	}
	for _, name := range c.p.order {
		s := c.p.states[name]
		for _, code := range sortedKeys(s.errors) {
			if _, ok := s.noticeWidths[code]; !ok && c.facts[name] != nil {
				c.r.Warnf(s.place["errors."+code], codeUnused, "nothing refuses with %q here", code)
			}
		}
	}
}
