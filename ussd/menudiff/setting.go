package menudiff

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// settings compares what holds for the whole menu.
func (c *comparison) settings() {
	at := func(name string) source.Pos { return c.is.Settings[name] }
	if c.was.Service != c.is.Service {
		c.note(GradePath, SubjectSetting, "service", at("service"), "%s is dialled instead of %s",
			c.is.Service, c.was.Service)
	}
	c.languages(at("languages"))
	for _, k := range []struct{ what, was, is string }{
		{"back", c.was.Keys.Back, c.is.Keys.Back},
		{"the main menu", c.was.Keys.Home, c.is.Keys.Home},
		{"the next page", c.was.Keys.More, c.is.Keys.More},
	} {
		if k.was != k.is {
			c.note(GradePath, SubjectSetting, "keys", at("keys"), "the key for %s is %s instead of %s",
				k.what, k.is, k.was)
		}
	}
	if c.was.Units != c.is.Units {
		c.note("", SubjectSetting, "limits", at("limits"),
			"a screen holds %d letters, or %d Cyrillic ones, instead of %d or %d",
			c.is.Units.GSM7, c.is.Units.UCS2, c.was.Units.GSM7, c.was.Units.UCS2)
	}
	for _, name := range both(c.was.Nav, c.is.Nav) {
		what := "the line " + name
		c.wording(GradeText, SubjectSetting, what, at("nav"), what, c.was.Nav[name], c.is.Nav[name])
	}
	for _, code := range both(c.was.Errors, c.is.Errors) {
		c.wording(GradeText, SubjectSetting, "the error "+code, at("errors"),
			"the error "+code+" of all screens without their own", c.was.Errors[code],
			c.is.Errors[code])
	}
	for _, kind := range both(c.was.SMS, c.is.SMS) {
		c.wording(GradeText, SubjectSMS, kind, at("sms"), "the SMS "+kind, c.was.SMS[kind],
			c.is.SMS[kind])
	}
	c.entries()
}

func (c *comparison) languages(pos source.Pos) {
	for _, lang := range c.was.Languages {
		if !slices.Contains(c.is.Languages, lang) {
			c.note(GradeSession, SubjectSetting, "languages", pos, "the language %s is gone", lang)
		}
	}
	for _, lang := range c.is.Languages {
		if !slices.Contains(c.was.Languages, lang) {
			c.note("", SubjectSetting, "languages", pos, "the language %s is new", lang)
		}
	}
	if was, is := c.was.Languages[0], c.is.Languages[0]; was != is {
		c.note(GradeText, SubjectSetting, "languages", pos,
			"who has chosen no language reads %s instead of %s", is, was)
	}
}

// entries compares what is shown without an answer of the subscriber.
func (c *comparison) entries() {
	for i, e := range c.is.Entries {
		was := c.was.Entries[i].State
		if n, ok := c.renamed[was]; ok {
			was = n
		}
		if was == e.State {
			continue
		}
		grade := GradeSession
		switch e.Entry {
		case menu.EntryStart:
			grade = GradePath
		case menu.EntryUntold:
			grade = GradeMoney
		}
		c.note(grade, SubjectSetting, "entries", e.Pos, "the entry %s leads to %s instead of %s",
			e.Entry, e.State, was)
	}
}

// slots compares what may be typed.
func (c *comparison) slots() {
	for _, name := range both(c.was.slots, c.is.slots) {
		was, before := c.was.slots[name]
		is, now := c.is.slots[name]
		switch {
		case !now:
			c.note(GradeSession, SubjectSlot, name, source.Pos{File: was.Pos.File},
				"the slot %s is gone", name)
		case !before:
			c.note("", SubjectSlot, name, is.Pos, "the slot %s is new", name)
		case was.Type != is.Type:
			c.note(GradeSession, SubjectSlot, name, is.Pos, "the slot %s takes %s instead of %s", name,
				is.Type, was.Type)
		default:
			c.bounds(was, is)
		}
	}
}

// bounds compares what a slot takes. An amount, and what a rule of the catalogue judges, is about
// money.
func (c *comparison) bounds(was, is menu.SlotOutline) {
	grade := Grade("")
	if is.Type == "money" || was.Rule != "" || is.Rule != "" {
		grade = GradeMoney
	}
	for _, b := range []struct{ what, was, is string }{
		{"at least", was.Min, is.Min},
		{"at most", was.Max, is.Max},
		{"what allows", was.Rule, is.Rule},
		{"besides", strings.Join(was.Exempt, " "), strings.Join(is.Exempt, " ")},
	} {
		if b.was != b.is {
			c.note(grade, SubjectSlot, is.Name, is.Pos, "the slot %s takes %s %s instead of %s", is.Name,
				b.what, orNothing(b.is), orNothing(b.was))
		}
	}
}
