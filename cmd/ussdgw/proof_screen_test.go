package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/pin"
)

// What a screen may hold, and the alphabet of 3GPP TS 23.038 section 6.2.1 as the network has it.
// They are written out once more here: a mistake of smsc/charset must not hide in its own tests.
const (
	roomSeptets = 182
	roomUTF16   = 80

	gsmOne = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmTwo = "\f^{}\\[~]|€" // of the extension table
)

// septets is how many septets a character of the GSM alphabet takes, 0 for any other.
var septets = sync.OnceValue(func() map[rune]int {
	out := make(map[rune]int)
	for n, all := range []string{gsmOne, gsmTwo} {
		for _, c := range all {
			out[c] = n + 1
		}
	}
	return out
})

// room counts what a text takes of a screen and how much a screen has: septets, or UTF-16 units
// when there is a character outside the GSM alphabet.
func room(text string) (units, limit int) {
	n, table := 0, septets()
	for _, c := range text {
		if table[c] == 0 {
			return len(utf16.Encode([]rune(text))), roomUTF16
		}
		n += table[c]
	}
	return n, roomSeptets
}

// A piece is a part of a text: what is written, or a value that is put in.
type piece struct {
	text  string
	value bool
}

// pieces cuts a text at its placeholders.
func pieces(text string, value func(name string) string) []piece {
	var out []piece
	for text != "" {
		at := strings.IndexAny(text, "{}")
		switch {
		case at < 0:
			return append(out, piece{text: text})
		case strings.HasPrefix(text[at:], "{{"), strings.HasPrefix(text[at:], "}}"):
			out = append(out, piece{text: text[:at+1]})
			text = text[at+2:]
		default:
			name, rest, _ := strings.Cut(text[at+1:], "}")
			out = append(out, piece{text: text[:at]}, piece{value(name), true})
			text = rest
		}
	}
	return out
}

// isMadeOf reports whether text is all the pieces one after the other. With cut, a value may stand
// there without its end, and '?' for any of its characters.
func isMadeOf(text string, all []piece, cut bool) bool {
	if len(all) == 0 {
		return text == ""
	}
	first := all[0]
	if rest, ok := strings.CutPrefix(text, first.text); ok && isMadeOf(rest, all[1:], cut) {
		return true
	}
	if !cut || !first.value {
		return false
	}
	ends := []int{0} // where the value may end in text
	value := []rune(first.text)
	for i, c := range []rune(text) {
		if i >= len(value) || (c != value[i] && c != '?') {
			break
		}
		ends = append(ends, ends[i]+len(string(c)))
	}
	for _, end := range slices.Backward(ends) {
		if isMadeOf(text[end:], all[1:], cut) {
			return true
		}
	}
	return false
}

// value is what stands for a placeholder in a dialogue.
func (w *shipped) value(pos menu.Position, name string) string {
	item, field, dotted := strings.Cut(name, ".")
	if sl := w.written.slots[item]; dotted && sl != nil {
		return w.pinDigits(sl) // {pin.length}
	}
	if w.written.chosen[item] == "" {
		return w.spell(pos.Lang, pos.Slots[name])
	}
	it, ok := w.item(item, pos.Slots)
	if !ok || !dotted {
		return w.itemText(it.Label, pos.Lang)
	}
	return w.itemText(it.Values[field], pos.Lang)
}

// itemText is a text of an item in a language, or in the one that it is made from.
func (w *shipped) itemText(byLang map[string]string, lang string) string {
	if text, own := byLang[lang]; own {
		return text
	}
	return w.spell(lang, byLang[w.written.base(lang)])
}

// says is a text as it stands on a screen, and which of its plural forms that is.
func (w *shipped) says(pos menu.Position, n *source.Node) (all []piece, form string) {
	text := w.written.in(pos.Lang, n)
	if by := text.Field("by"); by != nil {
		form = pluralForm(w.written.base(pos.Lang), pos.Slots[by.Scalar()])
		text = text.Field(form)
	}
	written := strings.TrimRight(text.Scalar(), "\n")
	if n.Is(source.Scalar) || n.Field(pos.Lang) == nil {
		written = w.spell(pos.Lang, written)
	}
	return pieces(written, func(name string) string { return w.value(pos, name) }), form
}

// line is a text without values.
func (w *shipped) line(pos menu.Position, n *source.Node) string {
	all, _ := w.says(pos, n)
	return text(all)
}

// text is what pieces say.
func text(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.text)
	}
	return b.String()
}

// pinDigits is how many digits the PIN of a slot has.
func (w *shipped) pinDigits(sl *source.Node) string {
	if w.env.PINLength > 0 {
		return strconv.Itoa(w.env.PINLength)
	}
	return sl.Field("length").Scalar()
}

// item returns the item that was chosen into a list slot.
func (w *shipped) item(slot string, slots map[string]string) (menu.Item, bool) {
	def := w.env.Lists[w.written.chosen[slot]]
	for _, items := range def.Items {
		for _, it := range items {
			if it.ID == slots[slot] {
				return it, true
			}
		}
	}
	return menu.Item{}, false
}

// canGoBack reports whether there is a screen behind the one on display.
func canGoBack(pos menu.Position) bool {
	n := len(pos.Stack)
	return n >= 2 && pos.Stack[n-2].State != "@resume"
}

// A row is the line of an option or an item.
type row struct {
	name string // of the option or item
	all  []piece
}

// rows are the lines of the options or items of a screen. hidden are the names of the options that
// are not there because of a condition.
func (w *shipped) rows(pos menu.Position, s *writtenState) (shown []row, hidden []string) {
	for _, o := range s.options {
		key, label := o.Field("key").Scalar(), o.Field("text")
		switch when := o.Field("when"); {
		case label == nil:
		case when != nil && !w.holds(pos, when.Scalar()):
			hidden = append(hidden, key)
		default:
			all, _ := w.says(pos, label)
			shown = append(shown, row{key, append([]piece{{text: key + " "}}, all...)})
		}
	}
	if s.kind == "list" {
		for _, it := range w.items(s, pos.Slots) {
			text := fmt.Sprintf("%d %s", it.Number, w.itemText(it.Label, pos.Lang))
			shown = append(shown, row{it.ID, []piece{{text: text}}})
		}
	}
	return shown, hidden
}

// A sight is what has been seen on a page.
type sight struct {
	rows   []string // the names of the options and items
	hidden []string // the names of the options that a condition hides
	form   string   // of the heading, where it has plural forms
}

// faults says what is wrong with a screen that pos shows: it is over its limit, it says of itself
// what is not so, or it is not what the files say. A screen that the engine has cut to its limit
// is found because its last line is not whole.
func (w *shipped) faults(
	pos menu.Position, sc *menu.Screen, cut bool,
) (seen sight, fault error) {
	units, limit := room(sc.Text)
	top := pos.Stack[len(pos.Stack)-1]
	s := w.written.states[top.State]
	switch {
	case units > limit:
		return seen, fmt.Errorf("%d over the limit of %d", units-limit, limit)
	case sc.Units != units || sc.Limit != limit || sc.State != top.State:
		return seen, fmt.Errorf("%s says of itself %d of %d, and it takes %d of %d", sc.State,
			sc.Units, sc.Limit, units, limit)
	case s == nil || sc.Text == "" || sc.Page < 1 || sc.Page > sc.Pages:
		return seen, fmt.Errorf("page %d of %d of no screen", sc.Page, sc.Pages)
	case sc.End != (s.kind == "end"):
		return seen, fmt.Errorf("the end is %v, and the state is of the kind %s", sc.End, s.kind)
	}
	body, fault := w.withoutNavigation(pos, sc, s)
	if fault != nil {
		return seen, fault
	}
	var heading []piece
	if sc.Page == 1 {
		n := s.text
		if own := w.written.errorText(s, top.Notice); top.Notice != "" && own != nil {
			n = own
		}
		if n != nil {
			heading, seen.form = w.says(pos, n)
		}
	}
	all, hidden := w.rows(pos, s)
	seen.hidden = hidden
	for i := range all {
		if sc.Page == 1 && i > 0 {
			break
		}
		if n, ok := showsRows(body, heading, all[i:], cut); ok {
			if sc.Page == sc.Pages && i+n < len(all) {
				return seen, fmt.Errorf("the last %d of %d lines are on no page", len(all)-i-n, len(all))
			}
			for _, r := range all[i : i+n] {
				seen.rows = append(seen.rows, r.name)
			}
			return seen, nil
		}
	}
	if sc.Page == 1 && isMadeOf(body, heading, cut) && (sc.Pages > 1 || len(all) == 0) {
		return seen, nil
	}
	return seen, fmt.Errorf("page %d does not show the text and some of %d lines of %q", sc.Page,
		len(all), s.name)
}

// showsRows reports whether a page is the heading and below it the first of the rows, and how many
// of these, at least one.
func showsRows(body string, heading []piece, rows []row, cut bool) (n int, ok bool) {
	all := slices.Clone(heading)
	for n, r := range rows {
		if n > 0 || len(heading) > 0 {
			all = append(all, piece{text: "\n"})
		}
		all = append(all, r.all...)
		if isMadeOf(body, all, cut) {
			return n + 1, true
		}
	}
	return 0, false
}

// withoutNavigation takes the lines for more, back and home off a page: exactly those that must be
// there.
func (w *shipped) withoutNavigation(
	pos menu.Position, sc *menu.Screen, s *writtenState,
) (string, error) {
	if s.kind == "end" {
		return sc.Text, nil
	}
	line := func(key string) string {
		return "\n" + w.line(pos, w.written.nav[key])
	}
	body, homeThere := sc.Text, false
	if canGoBack(pos) && !s.inline {
		body, homeThere = strings.CutSuffix(body, line("home"))
		if units, limit := room(body + line("home")); !homeThere && units <= limit {
			return "", fmt.Errorf("the line for home is missing, with %d of %d", units, limit)
		}
	}
	wanted := ""
	if sc.Page < sc.Pages {
		wanted += line("more")
	}
	if !s.inline && (canGoBack(pos) || sc.Page > 1) {
		wanted += line("back")
	}
	body, ok := strings.CutSuffix(body, wanted)
	if !ok {
		return "", fmt.Errorf("the page does not end in the lines %q", wanted)
	}
	return body, nil
}

// What a walk looks at every screen for is found when it is there.
func TestFaultsOfScreensAreFound(t *testing.T) {
	w := loadShipped(t, 0)
	res := w.program.Begin("ru", menu.EntryStart, nil)
	res = w.program.Resume(res.Position, menu.Outcome{Name: "registered"})
	for _, key := range []string{"3", "3"} { // a list with items on several pages
		res = w.program.Step(res.Position, pin.NewSecret([]byte(key)))
	}
	res = w.program.Resume(res.Position, menu.Outcome{Name: "none"})
	good := *res.Screen
	if seen, err := w.faults(res.Position, &good, false); err != nil || len(seen.rows) == 0 {
		t.Fatalf("%d rows, %v\n%s", len(seen.rows), err, good.Text)
	}
	lines := strings.Split(good.Text, "\n")
	for name, text := range map[string]string{
		"without its last letter":    good.Text[:len(good.Text)-len("ю")],
		"without its last line":      strings.Join(lines[:len(lines)-1], "\n"),
		"without its heading":        strings.Join(lines[1:], "\n"),
		"without a line in between":  strings.Join(slices.Delete(slices.Clone(lines), 2, 3), "\n"),
		"with another letter":        strings.Replace(good.Text, "1 ", "1 Ж", 1),
		"over its limit":             good.Text + strings.Repeat("ж", roomUTF16),
		"with the lines twice":       good.Text + "\n" + lines[1],
		"nothing but its navigation": strings.Join(lines[len(lines)-2:], "\n"),
	} {
		bad := good
		bad.Text = text
		bad.Units, bad.Limit = room(text)
		if _, err := w.faults(res.Position, &bad, true); err == nil {
			t.Errorf("a screen %s is accepted:\n%s", name, text)
		}
	}
	bad := good
	bad.Units--
	if _, err := w.faults(res.Position, &bad, false); err == nil {
		t.Error("a screen that says a wrong number of units is accepted")
	}
	for _, tt := range []struct {
		text         string
		units, limit int
	}{{"aЖ", 2, 80}, {"a€[", 5, 182}, {"😀", 2, 80}, {"a\nb", 3, 182}, {"№", 1, 80}, {"", 0, 182}} {
		if units, limit := room(tt.text); units != tt.units || limit != tt.limit {
			t.Errorf("%q takes %d of %d, want %d of %d", tt.text, units, limit, tt.units, tt.limit)
		}
	}
}
