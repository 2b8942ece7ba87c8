package menu

import (
	"fmt"
	"slices"

	"ussdgw/smsc/charset"
)

// Preview returns the pages of a screen in a language as a handset shows them, with the widest
// values that they can have and all options, those with a condition too: what Load has proved to
// fit. A list that depends on a choice is the longest of them, and one that finds items shows as
// many as it can with the longest names. It fails for a state that is no screen, and for a
// language that the menu lacks.
func (p *Program) Preview(name, lang string) ([]Screen, error) {
	s := p.states[name]
	at := slices.Index(p.languages, lang)
	switch {
	case s == nil:
		return nil, fmt.Errorf("menu: preview: no state %q", name)
	case !s.screen():
		return nil, fmt.Errorf("menu: preview: the state %q is no screen", name)
	case at < 0:
		return nil, fmt.Errorf("menu: preview: %q is no language of this menu", lang)
	}
	var items []Item
	if s.kind == kindList {
		items = p.longest(s, lang)
	}
	pages := p.previewPages(s, at, items, false)
	if slices.ContainsFunc(pages, func(pg page) bool { return pg.alphabet == charset.UCS2 }) {
		pages = p.previewPages(s, at, items, true)
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

func (p *Program) previewPages(s *state, lang int, items []Item, ucs2 bool) []page {
	widest := func(name string) string { return s.widths[name].at(lang).sample(ucs2) }
	return p.widestSheet(s, lang, items, widest).paginate(p.limits)
}

// widestSheet is the sheet of a state with its prompt in the widest form, and with all options.
func (p *Program) widestSheet(
	s *state, lang int, items []Item, widest func(string) string,
) sheet {
	sh := p.sheet(s, "", lang, true, rows{s.options, items}, widest)
	if s.text != nil {
		sh.heading = s.text[p.languages[lang]].widest(widest)
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
