package menu

import (
	"fmt"
	"slices"

	"ussdgw/smsc/charset"
)

// A View is one of the circumstances in which a screen is seen. The zero View is the prompt, with
// a screen before it.
type View struct {
	Notice string // code of the error in place of the prompt, or ""
	Of     string // of a list that depends on a choice: the item chosen; "" is the longest list
	First  bool   // there is no screen before it, so no line for back either
}

// Preview returns the pages of a screen in a language as a handset shows them, with the widest
// values that they can have and all options, those with a condition too: what Load has proved to
// fit. A list that depends on a choice is the longest of them, and one that finds items shows as
// many as it can with the longest names. It fails for a state that is no screen, and for a
// language that the menu lacks.
func (p *Program) Preview(name, lang string) ([]Screen, error) {
	return p.PreviewView(name, lang, View{})
}

// PreviewView is Preview in other circumstances. It also fails for an error that cannot come on
// this screen, and for a choice that is none.
func (p *Program) PreviewView(name, lang string, v View) ([]Screen, error) {
	s := p.states[name]
	at := slices.Index(p.languages, lang)
	switch {
	case s == nil:
		return nil, fmt.Errorf("menu: preview: no state %q", name)
	case !s.screen():
		return nil, fmt.Errorf("menu: preview: the state %q is no screen", name)
	case at < 0:
		return nil, fmt.Errorf("menu: preview: %q is no language of this menu", lang)
	case v.Notice != "" && s.noticeWidths[v.Notice] == nil:
		return nil, fmt.Errorf("menu: preview: the screen %q never shows the error %q", name, v.Notice)
	}
	items, ok := p.previewItems(s, lang, v.Of)
	if !ok {
		return nil, fmt.Errorf("menu: preview: the screen %q has no list of %q", name, v.Of)
	}
	pages := p.previewPages(s, at, items, v, false)
	if slices.ContainsFunc(pages, func(pg page) bool { return pg.alphabet == charset.UCS2 }) {
		pages = p.previewPages(s, at, items, v, true)
	}
	var out []Screen
	for i, pg := range pages {
		out = append(out, Screen{
			State: name, Text: pg.text, Alphabet: pg.alphabet, Units: pg.units,
			Limit: p.limits.of(pg.alphabet), Page: i + 1, Pages: len(pages),
			End: s.kind == kindEnd, Secret: p.slots[s.ask].secret(),
		})
	}
	return out, nil
}

// previewItems returns the items of the sub-list of the item `of`, or of the longest.
func (p *Program) previewItems(s *state, lang, of string) (items []Item, ok bool) {
	if of != "" {
		items, ok = p.env.Lists[s.list].Items[of]
		return s.pick.topped(items, nil), ok && !s.pick.finds()
	}
	if s.kind == kindList {
		items = p.longest(s, lang)
	}
	return items, true
}

func (p *Program) previewPages(s *state, lang int, items []Item, v View, ucs2 bool) []page {
	bounds := s.widths
	if v.Notice != "" {
		bounds = s.noticeWidths[v.Notice]
	}
	chosen := ""
	if v.Of != "" {
		chosen = p.env.Lists[s.list].Of
	}
	value := func(name string) string {
		if name == chosen && chosen != "" {
			it, _ := p.item(name, map[string]string{name: v.Of})
			return bounds[name].at(lang).cut(p.pick(it.Label, p.languages[lang]))
		}
		return bounds[name].at(lang).sample(ucs2)
	}
	return p.widestSheet(s, v, lang, items, value).paginate(p.limits)
}

// widestSheet is the sheet of a state with its prompt, or the error in its place, in the widest
// form, and with all options.
func (p *Program) widestSheet(
	s *state, v View, lang int, items []Item, widest func(string) string,
) sheet {
	sh := p.sheet(s, v.Notice, lang, !v.First, rows{s.options, items}, widest)
	heading := s.text
	if v.Notice != "" {
		heading = p.errorText(s, v.Notice)
	}
	if t := heading[p.languages[lang]]; t != nil {
		sh.heading = t.widest(widest)
	}
	return sh
}

// Screens returns the names of all states that show a screen, in the order of the files.
func (p *Program) Screens() []string {
	var names []string
	for _, name := range p.order {
		if p.states[name].screen() {
			names = append(names, name)
		}
	}
	return names
}

// Notices returns the codes of the errors that a screen can show in place of its prompt, sorted.
func (p *Program) Notices(name string) []string {
	if s := p.states[name]; s != nil {
		return sortedKeys(s.noticeWidths)
	}
	return nil
}

// Choices returns the items that a list depends on, each with a list of its own, in the order in
// which they are chosen from; nil for every other screen.
func (p *Program) Choices(name string) []string {
	s := p.states[name]
	if s == nil || s.kind != kindList || s.pick.finds() || p.env.Lists[s.list].Of == "" {
		return nil
	}
	def := p.env.Lists[s.list]
	var out []string
	selectors := p.env.Lists[p.chosen[def.Of]].Items
	for _, key := range sortedKeys(selectors) {
		for _, it := range selectors[key] {
			if def.Items[it.ID] != nil && !slices.Contains(out, it.ID) {
				out = append(out, it.ID)
			}
		}
	}
	return out
}
