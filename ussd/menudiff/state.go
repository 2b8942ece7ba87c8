package menudiff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// An outline is a menu.Outline whose states and slots are found by name.
type outline struct {
	menu.Outline
	states map[string]menu.StateOutline
	slots  map[string]menu.SlotOutline
}

func index(o menu.Outline) outline {
	out := outline{o, make(map[string]menu.StateOutline), make(map[string]menu.SlotOutline)}
	for _, s := range o.States {
		out.states[s.Name] = s
	}
	for _, s := range o.Slots {
		out.slots[s.Name] = s
	}
	return out
}

// comparison is the state of one Compare.
type comparison struct {
	old, now Side
	was, is  outline
	renamed  map[string]string // old name -> new name, of states that have only another name
	named    map[string]string // the other way
	diff     Diff
}

// note adds a change.
func (c *comparison) note(
	g Grade, subject Subject, name string, pos source.Pos, format string, a ...any,
) {
	c.diff.Changes = append(c.diff.Changes, Change{
		Grade: g, Subject: subject, Name: name, Pos: pos, Text: fmt.Sprintf(format, a...),
	})
}

// findRenamed finds states that do what they did under another name. A name that could stand for
// several is left alone.
func (c *comparison) findRenamed() {
	c.renamed, c.named = make(map[string]string), make(map[string]string)
	for _, s := range c.was.States {
		if _, kept := c.is.states[s.Name]; kept {
			continue
		}
		var alike []string
		for _, n := range c.is.States {
			if _, known := c.was.states[n.Name]; !known && c.named[n.Name] == "" && same(s, n) {
				alike = append(alike, n.Name)
			}
		}
		if len(alike) == 1 {
			c.renamed[s.Name], c.named[alike[0]] = alike[0], s.Name
		}
	}
}

// same reports whether two states show and do the same, wherever they lead.
func same(a, b menu.StateOutline) bool {
	if a.Kind != b.Kind || !equal(a.Text, b.Text) || a.Ask != b.Ask || a.Confirm != b.Confirm ||
		a.List != b.List || a.Only != b.Only || a.Match != b.Match || a.As != b.As ||
		a.Action != b.Action || given(a) != given(b) ||
		len(a.Options) != len(b.Options) || len(a.Cases) != len(b.Cases) {
		return false
	}
	for i, c := range a.Cases {
		if i >= len(b.Cases) || c.When != b.Cases[i].When {
			return false
		}
	}
	for i, o := range a.Options {
		p := b.Options[i]
		if o.Key != p.Key || o.When != p.When || !equal(o.Text, p.Text) || !slices.Equal(o.Set, p.Set) {
			return false
		}
	}
	return true
}

// before returns the old state that is called name now.
func (c *comparison) before(name string) (menu.StateOutline, bool) {
	if was, ok := c.named[name]; ok {
		name = was
	}
	s, ok := c.was.states[name]
	return s, ok
}

// after returns what the old state name is called now, or "".
func (c *comparison) after(name string) string {
	if n, ok := c.renamed[name]; ok {
		return n
	}
	if _, ok := c.is.states[name]; ok {
		return name
	}
	return ""
}

// gone reports a state that is there no more under its name.
func (c *comparison) gone(s menu.StateOutline) {
	if _, kept := c.is.states[s.Name]; kept {
		return
	}
	if n := c.renamed[s.Name]; n != "" {
		c.note(GradeSession, SubjectState, s.Name, c.is.states[n].Pos,
			"the state %s is called %s now", s.Name, n)
		return
	}
	c.note(GradeSession, SubjectState, s.Name, source.Pos{File: s.Pos.File},
		"the state %s is gone", s.Name)
	if s.Money || s.Offers || s.Confirm != "" {
		c.note(GradeMoney, SubjectState, s.Name, source.Pos{File: s.Pos.File},
			"the state %s, which took part in payments, is gone", s.Name)
	}
}

// pays reports whether a state takes part in a payment.
func pays(s menu.StateOutline) bool { return s.Money || s.Offers || s.Tells || s.Confirm != "" }

// state compares a state with what it was.
func (c *comparison) state(was, is menu.StateOutline) {
	if was.Kind != is.Kind {
		c.note(GradeSession, SubjectState, is.Name, is.Pos, "the state %s was %s and is %s now",
			is.Name, kindText(was.Kind), kindText(is.Kind))
		if pays(was) || pays(is) {
			c.note(GradeMoney, SubjectState, is.Name, is.Pos,
				"the state %s, which takes part in payments, is of another kind", is.Name)
		}
		return
	}
	grade := GradeText
	if was.Confirm != "" || is.Confirm != "" {
		grade = GradeMoney
	}
	c.wording(grade, SubjectState, is.Name, is.Pos, "the text of "+is.Name, was.Text, is.Text)
	for _, code := range both(was.Errors, is.Errors) {
		c.wording(GradeText, SubjectState, is.Name, is.Pos,
			fmt.Sprintf("the error %s of %s", code, is.Name), was.Errors[code], is.Errors[code])
	}
	if was.Inline != is.Inline {
		c.note(GradeText, SubjectState, is.Name, is.Pos, "%s prints its lines for back and home %s",
			is.Name, map[bool]string{true: "no more", false: "now"}[is.Inline])
	}
	switch is.Kind {
	case menu.StateOptions:
		c.options(was, is)
	case menu.StateAsk, menu.StateList:
		c.asked(was, is)
	case menu.StateDo:
		c.action(was, is)
	case menu.StateCases:
		c.cases(was, is)
	}
	c.letters(was, is)
}

func kindText(k menu.StateKind) string {
	switch k {
	case menu.StateOptions:
		return "a choice of options"
	case menu.StateAsk:
		return "a question"
	case menu.StateList:
		return "a list"
	case menu.StateEnd:
		return "a last screen"
	case menu.StateCases:
		return "a decision"
	}
	return "an action"
}

// options compares the answers of a screen. Where keys lead elsewhere is said without a grade: the
// walk finds what that means.
func (c *comparison) options(was, is menu.StateOutline) {
	before := make(map[string]menu.OptionOutline)
	for _, o := range was.Options {
		before[o.Key] = o
	}
	var keysBefore, keysNow []string
	for _, o := range is.Options {
		b, ok := before[o.Key]
		if !ok {
			c.note("", SubjectState, is.Name, o.Pos, "the key %s of %s is new: %s", o.Key, is.Name,
				leadsTo(o.Next))
			continue
		}
		delete(before, o.Key)
		keysNow = append(keysNow, o.Key)
		c.wording(GradeText, SubjectState, is.Name, o.Pos,
			fmt.Sprintf("the text of key %s of %s", o.Key, is.Name), b.Text, o.Text)
		c.target("", is, o.Pos, "the key "+o.Key, b.Next, o.Next)
		if b.When != o.When {
			c.note(GradePath, SubjectState, is.Name, o.Pos, "the key %s of %s works %s instead of %s",
				o.Key, is.Name, condition(o.When), condition(b.When))
		}
		if !slices.Equal(b.Set, o.Set) {
			c.note("", SubjectState, is.Name, o.Pos, "the key %s of %s sets %s instead of %s", o.Key,
				is.Name, settings(o.Set), settings(b.Set))
		}
	}
	for _, o := range was.Options {
		if _, lost := before[o.Key]; lost {
			c.note("", SubjectState, is.Name, is.Pos, "the key %s of %s is gone", o.Key, is.Name)
			continue
		}
		keysBefore = append(keysBefore, o.Key)
	}
	if !slices.Equal(keysBefore, keysNow) {
		c.note(GradeText, SubjectState, is.Name, is.Pos, "the order of the options of %s is %s",
			is.Name, strings.Join(keysNow, " "))
	}
}

func condition(when string) string {
	if when == "" {
		return "always"
	}
	return "when " + when
}

// letters compares where words lead that are typed at a screen of numbers.
func (c *comparison) letters(was, is menu.StateOutline) {
	if was.Letters.As != is.Letters.As {
		c.note("", SubjectState, is.Name, is.Pos, "letters typed at %s go into %s instead of %s",
			is.Name, orNothing(is.Letters.As), orNothing(was.Letters.As))
		return
	}
	c.target("", is, is.Letters.Next.Pos, "a word", was.Letters.Next, is.Letters.Next)
}

// cases compares what a decision depends on. Where its cases lead is the walk's.
func (c *comparison) cases(was, is menu.StateOutline) {
	conditions := func(s menu.StateOutline) (out []string) {
		for _, branch := range s.Cases {
			out = append(out, condition(branch.When))
		}
		return out
	}
	if a, b := conditions(was), conditions(is); !slices.Equal(a, b) {
		c.note(GradePath, SubjectState, is.Name, is.Pos, "%s decides by %s instead of %s", is.Name,
			strings.Join(b, ", "), strings.Join(a, ", "))
		return
	}
	for i, branch := range is.Cases {
		c.target(GradePath, is, branch.Pos, "the case "+condition(branch.When), was.Cases[i].Next,
			branch.Next)
	}
}

func settings(set []menu.SetOutline) string {
	var out []string
	for _, s := range set {
		out = append(out, s.Slot+" to "+s.Value)
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

// target compares where one way leads.
func (c *comparison) target(
	g Grade, s menu.StateOutline, pos source.Pos, way string, was, is menu.TargetOutline,
) {
	to := was.To
	if n, ok := c.renamed[to]; ok {
		to = n
	}
	if to != is.To || was.Notice != is.Notice {
		c.note(g, SubjectState, s.Name, pos, "%s of %s %s instead of %s", way, s.Name, leadsTo(is),
			strings.TrimPrefix(leadsTo(was), "leads to "))
	}
}

func leadsTo(t menu.TargetOutline) string {
	if t.Notice != "" {
		return fmt.Sprintf("leads to %s with the error %s", t.To, t.Notice)
	}
	return "leads to " + t.To
}

// asked compares what a screen asks for or lets choose.
func (c *comparison) asked(was, is menu.StateOutline) {
	if was.Ask != is.Ask {
		c.note(GradeSession, SubjectState, is.Name, is.Pos, "%s asks for %s instead of %s", is.Name,
			is.Ask, was.Ask)
	}
	if was.Confirm != is.Confirm {
		c.note(GradeMoney, SubjectState, is.Name, is.Pos, "%s confirms %s instead of %s", is.Name,
			orNothing(is.Confirm), orNothing(was.Confirm))
	}
	if was.List != is.List || was.As != is.As {
		c.note(GradeSession, SubjectState, is.Name, is.Pos,
			"%s lets choose %s from the list %s instead of %s from %s", is.Name, is.As, is.List,
			was.As, was.List)
	}
	if was.Only != is.Only || was.Match != is.Match {
		c.note(GradePath, SubjectState, is.Name, is.Pos, "%s shows %s instead of %s", is.Name,
			selection(is), selection(was))
	}
	if !slices.Equal(was.Top, is.Top) {
		c.note(GradeText, SubjectState, is.Name, is.Pos, "%s begins with %s instead of %s", is.Name,
			orNothing(strings.Join(is.Top, ", ")), orNothing(strings.Join(was.Top, ", ")))
	}
	c.target("", is, is.None.Pos, "an empty list", was.None, is.None)
	grade := Grade("")
	if pays(was) || pays(is) {
		grade = GradeMoney
	}
	c.target(grade, is, is.Next.Pos, "the answer", was.Next, is.Next)
}

// selection says which items a list shows.
func selection(s menu.StateOutline) string {
	switch {
	case s.Only != "" && s.Match != "":
		return "those of " + s.Only + " that match " + s.Match
	case s.Only != "":
		return "those of " + s.Only
	case s.Match != "":
		return "those that match " + s.Match
	}
	return "all items"
}

func orNothing(name string) string {
	if name == "" {
		return "nothing"
	}
	return name
}

// action compares what the wallet is asked to do.
func (c *comparison) action(was, is menu.StateOutline) {
	grade := Grade("")
	if pays(was) || pays(is) {
		grade = GradeMoney
	}
	if was.Action != is.Action {
		g := grade
		if g == "" {
			g = GradeSession
		}
		c.note(g, SubjectState, is.Name, is.Pos, "%s does %s instead of %s", is.Name, is.Action,
			was.Action)
	}
	if given(was) != given(is) {
		pos := is.Pos
		if len(is.Args) > 0 {
			pos = is.Args[0].Pos
		}
		c.note(grade, SubjectState, is.Name, pos, "%s gives the wallet %s instead of %s", is.Name,
			given(is), given(was))
	}
	before := make(map[string]menu.TargetOutline)
	for _, o := range was.Outcomes {
		before[o.Name] = o.Next
	}
	for _, o := range is.Outcomes {
		b, ok := before[o.Name]
		delete(before, o.Name)
		if !ok {
			c.note(grade, SubjectState, is.Name, o.Next.Pos, "the outcome %s of %s is new: %s", o.Name,
				is.Name, leadsTo(o.Next))
			continue
		}
		c.target(grade, is, o.Next.Pos, "the outcome "+o.Name, b, o.Next)
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		c.note(grade, SubjectState, is.Name, is.Pos, "the outcome %s of %s is gone", name, is.Name)
	}
}

// given says what an action is given.
func given(s menu.StateOutline) string {
	var out []string
	for _, a := range s.Args {
		if a.From == "" {
			out = append(out, fmt.Sprintf("%s: %q", a.Name, a.Literal))
		} else {
			out = append(out, a.Name+": "+a.From)
		}
	}
	if out == nil {
		return "nothing"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// wording compares a text in all languages that both menus have.
func (c *comparison) wording(
	g Grade, subject Subject, name string, pos source.Pos, what string, was, is menu.Wording,
) {
	switch {
	case was == nil && is == nil:
		return
	case was == nil:
		c.note(g, subject, name, place(is, c.is.Languages, pos), "%s is new", what)
		return
	case is == nil:
		c.note(g, subject, name, pos, "%s is gone", what)
		return
	}
	var langs []string
	var texts []Rewording
	for _, lang := range c.is.Languages {
		if slices.Contains(c.was.Languages, lang) && was[lang].Text != is[lang].Text {
			langs = append(langs, lang)
			texts = append(texts, Rewording{lang, was[lang].Text, is[lang].Text})
		}
	}
	if langs != nil {
		c.note(g, subject, name, place(is, langs, pos), "%s is another in %s", what,
			strings.Join(langs, ", "))
		c.diff.Changes[len(c.diff.Changes)-1].Texts = texts
	}
}

// place returns where a text is, in the first of langs.
func place(w menu.Wording, langs []string, otherwise source.Pos) source.Pos {
	for _, lang := range langs {
		if t, ok := w[lang]; ok {
			return t.Pos
		}
	}
	return otherwise
}

func equal(a, b menu.Wording) bool {
	return maps.EqualFunc(a, b, func(x, y menu.Written) bool { return x.Text == y.Text })
}

// both returns the keys of two maps, sorted.
func both[V any](a, b map[string]V) []string {
	keys := slices.Collect(maps.Keys(a))
	keys = slices.AppendSeq(keys, maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
