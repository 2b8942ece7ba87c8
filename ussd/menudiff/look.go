package menudiff

import (
	"fmt"
	"slices"
	"strings"

	"ussdgw/ussd/menu"
)

// look compares how the screens look.
func (c *comparison) look() {
	shared := make(map[string]*Shared)
	var order []string
	for _, s := range c.is.States {
		if !s.Screen() {
			continue
		}
		was, ok := c.before(s.Name)
		if !ok || !was.Screen() {
			c.whole(s, Added)
			continue
		}
		views, common := c.views(was, s)
		if len(views) > 0 || c.changed(s.Name) || was.Kind != s.Kind {
			c.diff.Screens = append(c.diff.Screens,
				Screen{State: s.Name, Fate: Changed, Pos: s.Pos, Views: views})
		}
		for _, what := range common {
			if shared[what] == nil {
				shared[what] = &Shared{What: what, Example: c.example(was, s, what)}
				order = append(order, what)
			}
			shared[what].Screens = append(shared[what].Screens, s.Name)
		}
		if len(views)+len(common) == 0 && !c.drawnAlike(was.Name, s.Name) {
			c.diff.Wider = append(c.diff.Wider, s.Name)
		}
	}
	for _, s := range c.was.States {
		if to := c.after(s.Name); s.Screen() && (to == "" || !c.is.states[to].Screen()) {
			c.whole(s, Removed)
		}
	}
	for _, what := range order {
		c.diff.Shared = append(c.diff.Shared, *shared[what])
	}
}

// changed reports whether something was said of a state.
func (c *comparison) changed(state string) bool {
	return slices.ContainsFunc(c.diff.Changes, func(ch Change) bool {
		return ch.Subject == SubjectState && ch.Name == state
	})
}

// whole adds a screen that is on one side only, in every language of that side.
func (c *comparison) whole(s menu.StateOutline, fate Fate) {
	out := Screen{State: s.Name, Fate: fate, Pos: s.Pos}
	side, langs := c.now.Program, c.is.Languages
	if fate == Removed {
		side, langs = c.old.Program, c.was.Languages
		out.Pos.Line, out.Pos.Col = 0, 0
	}
	for _, lang := range langs {
		v := ViewChange{Lang: lang}
		if fate == Removed {
			v.Before = pages(side, s.Name, lang, menu.View{})
		} else {
			v.Now = pages(side, s.Name, lang, menu.View{})
		}
		out.Views = append(out.Views, v)
	}
	c.diff.Screens = append(c.diff.Screens, out)
}

// pages draws a screen, or nothing where there is none.
func pages(p *menu.Program, name, lang string, v menu.View) []menu.Screen {
	out, err := p.PreviewView(name, lang, v)
	if err != nil {
		return nil
	}
	return out
}

// views returns the views of a screen that have changed by themselves, and the names of the texts
// in it that are shared with other screens and have changed.
func (c *comparison) views(was, is menu.StateOutline) (views []ViewChange, common []string) {
	add := func(lang string, v menu.View) {
		views = append(views, ViewChange{
			View: v, Lang: lang, Before: pages(c.old.Program, was.Name, lang, v),
			Now: pages(c.now.Program, is.Name, lang, v),
		})
	}
	for _, lang := range c.languagesOfBoth() {
		choices := both(set(c.old.Program.Choices(was.Name)), set(c.now.Program.Choices(is.Name)))
		if heading(was, lang) != heading(is, lang) || was.Inline != is.Inline ||
			(len(choices) == 0 && c.was.rows(was, lang, "") != c.is.rows(is, lang, "")) {
			add(lang, menu.View{})
		}
		for _, of := range choices {
			if c.was.rows(was, lang, of) != c.is.rows(is, lang, of) {
				add(lang, menu.View{Of: of})
			}
		}
		for _, code := range both(
			set(c.old.Program.Notices(was.Name)), set(c.now.Program.Notices(is.Name)),
		) {
			a, own := c.was.errorText(was, code, lang)
			b, owns := c.is.errorText(is, code, lang)
			switch {
			case a == b:
			case own || owns:
				add(lang, menu.View{Notice: code})
			default:
				common = append(common, "the error "+code)
			}
		}
		common = append(common, c.lines(was, is, lang)...)
	}
	slices.Sort(common)
	return views, slices.Compact(common)
}

// lines names the navigation lines of a screen that have changed.
func (c *comparison) lines(was, is menu.StateOutline, lang string) []string {
	var out []string
	for _, name := range both(c.was.Nav, c.is.Nav) {
		before, now := c.was.Nav[name][lang].Text, c.is.Nav[name][lang].Text
		printed := func(p *menu.Program, state, line string) bool {
			return slices.ContainsFunc(pages(p, state, lang, menu.View{}), func(s menu.Screen) bool {
				return slices.Contains(strings.Split(s.Text, "\n"), line)
			})
		}
		if before != now && (printed(c.old.Program, was.Name, before) ||
			printed(c.now.Program, is.Name, now)) {
			out = append(out, "the line "+name)
		}
	}
	return out
}

// example draws one screen with a shared text that has changed.
func (c *comparison) example(was, is menu.StateOutline, what string) []ViewChange {
	v := menu.View{}
	if code, ok := strings.CutPrefix(what, "the error "); ok {
		v.Notice = code
	}
	var out []ViewChange
	for _, lang := range c.languagesOfBoth() {
		one := ViewChange{
			View: v, Lang: lang, Before: pages(c.old.Program, was.Name, lang, v),
			Now: pages(c.now.Program, is.Name, lang, v),
		}
		if !alike(one.Before, one.Now) {
			out = append(out, one)
		}
	}
	return out
}

// drawnAlike reports whether a screen is drawn as before, errors included.
func (c *comparison) drawnAlike(was, is string) bool {
	for _, lang := range c.languagesOfBoth() {
		for _, code := range append([]string{""}, c.now.Program.Notices(is)...) {
			v := menu.View{Notice: code}
			if !alike(pages(c.old.Program, was, lang, v), pages(c.now.Program, is, lang, v)) {
				return false
			}
		}
	}
	return true
}

// languagesOfBoth are those that can be compared. A new one is a change by itself.
func (c *comparison) languagesOfBoth() []string {
	var out []string
	for _, lang := range c.is.Languages {
		if slices.Contains(c.was.Languages, lang) {
			out = append(out, lang)
		}
	}
	return out
}

func alike(a, b []menu.Screen) bool {
	return slices.EqualFunc(a, b, func(x, y menu.Screen) bool { return x.Text == y.Text })
}

func heading(s menu.StateOutline, lang string) string { return s.Text[lang].Text }

// rows are the options, or the items of the list of one choice, as they are written.
func (o outline) rows(s menu.StateOutline, lang, of string) string {
	var b strings.Builder
	for _, option := range s.Options {
		if option.Text != nil {
			fmt.Fprintf(&b, "%s %s\n", option.Key, option.Text[lang].Text)
		}
	}
	first := slices.Contains(s.Top, "promoted")
	for _, it := range o.Lists[s.List].Items[of] {
		fmt.Fprintf(&b, "%d %s %t\n", it.Number, it.Label[lang], first && it.Promoted)
	}
	fmt.Fprintln(&b, s.Top, s.Only, s.Match)
	return b.String()
}

// errorText is the text of an error on a screen, and whether it is the screen's own.
func (o outline) errorText(s menu.StateOutline, code, lang string) (text string, own bool) {
	if w, ok := s.Errors[code]; ok {
		return w[lang].Text, true
	}
	return o.Errors[code][lang].Text, false
}

func set(names []string) map[string]bool {
	out := make(map[string]bool)
	for _, n := range names {
		out[n] = true
	}
	return out
}
