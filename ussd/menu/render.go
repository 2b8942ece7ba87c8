package menu

import (
	"strconv"
	"strings"

	"ussdgw/smsc/charset"
)

// A sheet is what a screen is made of before it is cut into pages. The proof of Load and every
// screen that is sent are made from sheets by the same functions.
type sheet struct {
	heading string   // the prompt, or the error in its place; on the first page only; may be ""
	rows    []string // options or items, never split
	lines   navLines
	ends    bool // no navigation lines at all
	inline  bool // the text itself says how to go back: no line for back and home
	canBack bool // there is a screen before this one
}

// navLines are the texts of the navigation lines.
type navLines struct{ back, home, more string }

// page is one page of a sheet.
type page struct {
	text     string
	alphabet charset.Alphabet
	units    int
}

// measure tells how much room a text takes.
func measure(text string) page {
	a := charset.Choose(text)
	return page{text, a, charset.Length(a, text)}
}

func (l limits) holds(p page) bool { return p.units <= l.of(p.alphabet) }

// lay puts lines and the navigation lines of a page together. first and last say which page it is.
func (s sheet) lay(lines []string, first, last bool) string {
	out := make([]string, 0, len(lines)+3)
	for _, line := range lines {
		if line != "" {
			out = append(out, line)
		}
	}
	if s.ends {
		return strings.Join(out, "\n")
	}
	if !last {
		out = append(out, s.lines.more)
	}
	if !s.inline && (s.canBack || !first) {
		out = append(out, s.lines.back)
	}
	return strings.Join(out, "\n")
}

// paginate packs the heading and the rows onto pages, as many rows on each as fit. A block that
// does not fit alone gets a page all the same: Load has proved that there is none.
func (s sheet) paginate(l limits) []page {
	var pages []page
	rest := s.rows
	for first := true; first || len(rest) > 0; first = false {
		lines := []string{}
		if first && s.heading != "" {
			lines = append(lines, s.heading)
		}
		n := s.fill(l, lines, rest, first)
		lines = append(lines, rest[:n]...)
		rest = rest[n:]
		pages = append(pages, s.finish(l, s.lay(lines, first, len(rest) == 0)))
	}
	return pages
}

// fill returns how many of rest go below lines on one page. All of them need no line for the next
// page, so that is tried first.
func (s sheet) fill(l limits, lines, rest []string, first bool) int {
	fits := func(n int) bool {
		all := append(append([]string{}, lines...), rest[:n]...)
		return l.holds(measure(s.lay(all, first, n == len(rest))))
	}
	if fits(len(rest)) {
		return len(rest)
	}
	n := 0
	for n < len(rest)-1 && fits(n+1) {
		n++
	}
	if n == 0 && len(lines) == 0 {
		return min(1, len(rest))
	}
	return n
}

// finish adds the line for the main menu where it fits.
func (s sheet) finish(l limits, text string) page {
	p := measure(text)
	if s.ends || s.inline || !s.canBack {
		return p
	}
	if more := measure(text + "\n" + s.lines.home); l.holds(more) {
		return more
	}
	return p
}

// rows are the options or the items that a screen shows.
type rows struct {
	options []option
	items   []Item
}

// sheet makes the sheet of a state. value gives the values of placeholders.
func (p *Program) sheet(
	s *state, notice string, lang int, canBack bool, rows rows, value func(string) string,
) sheet {
	code := p.languages[lang]
	out := sheet{
		lines: navLines{
			p.nav["back"][code].expand(none), p.nav["home"][code].expand(none),
			p.nav["more"][code].expand(none),
		},
		ends: s.kind == kindEnd, inline: s.inline, canBack: canBack,
	}
	heading := s.text
	if t := p.errorText(s, notice); notice != "" && t != nil {
		heading = t
	}
	if heading != nil {
		out.heading = heading[code].expand(value)
	}
	for _, o := range rows.options {
		if o.text != nil {
			out.rows = append(out.rows, o.key+" "+o.text[code].expand(value))
		}
	}
	for _, it := range rows.items {
		out.rows = append(out.rows, itemRow(it, p.pick(it.Label, code)))
	}
	return out
}

func itemRow(it Item, label string) string {
	return strconv.Itoa(it.Number) + " " + cleanValue(label)
}

// render makes the screen that pos shows. The top of the stack must be a screen of the program.
func (p *Program) render(pos Position) *Screen {
	top := pos.Stack[len(pos.Stack)-1]
	s := p.states[top.State]
	lang := p.language(pos.Lang)
	bounds, notice := s.widths, top.Notice
	if w, ok := s.noticeWidths[notice]; ok {
		bounds = w
	} else {
		notice = "" // no error of this state
	}
	value := func(name string) string { return bounds[name].at(lang).cut(p.value(pos, name)) }
	shown := rows{options: p.offered(pos, s)}
	if s.kind == kindList {
		shown.items = p.items(s, pos.Slots)
	}
	sh := p.sheet(s, notice, lang, previous(pos) >= 0, shown, value)
	pages := sh.paginate(p.limits)
	n := min(max(top.Page, 0), len(pages)-1)
	pg := p.bounded(pages[n])
	return &Screen{
		State: s.name, Text: pg.text, Alphabet: pg.alphabet, Units: pg.units,
		Limit: p.limits.of(pg.alphabet), Page: n + 1, Pages: len(pages),
		End: s.kind == kindEnd, Secret: p.slots[s.ask].secret(),
	}
}

// bounded cuts a page that is over its limit. No page of a proved program is; a screen that the
// network refuses would be worse than one whose end is missing.
func (p *Program) bounded(pg page) page {
	for !p.limits.holds(pg) {
		runes := []rune(pg.text)
		pg = measure(string(runes[:len(runes)-1]))
	}
	return pg
}

// value returns the value of a placeholder, and "" for one that is not set.
func (p *Program) value(pos Position, name string) string {
	if text, ok := p.constant(name); ok {
		return text
	}
	lang := p.languages[p.language(pos.Lang)]
	slotName, field, dotted := strings.Cut(name, ".")
	if p.chosen[slotName] == "" {
		return p.spell(lang, pos.Slots[name])
	}
	it, ok := p.item(slotName, pos.Slots)
	switch {
	case !ok:
		return ""
	case dotted:
		return p.pick(it.Values[field], lang)
	}
	return p.pick(it.Label, lang)
}

// lengthOf follows the name of a PIN's slot where a text shows how many digits it takes.
const lengthOf = ".length"

// constant returns the value of a placeholder that is the same on every screen: {pin.length}.
func (p *Program) constant(name string) (string, bool) {
	slotName, ok := strings.CutSuffix(name, lengthOf)
	if sl := p.slots[slotName]; ok && sl.pin() {
		return strconv.Itoa(sl.max), true
	}
	return "", false
}

// at returns the width in a language, and no room at all where none was proved.
func (ws widths) at(lang int) width {
	if lang >= len(ws) {
		return width{}
	}
	return ws[lang]
}
