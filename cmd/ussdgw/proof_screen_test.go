package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// room counts what a text takes of a screen and how much a screen has: septets, or UTF-16 units
// when there is a character outside the GSM alphabet.
func room(text string) (units, limit int) {
	septets, gsm := 0, true
	for _, c := range text {
		switch {
		case strings.ContainsRune(gsmOne, c):
			septets++
		case strings.ContainsRune(gsmTwo, c):
			septets += 2
		default:
			gsm = false
		}
	}
	if gsm {
		return septets, roomSeptets
	}
	return len(utf16.Encode([]rune(text))), roomUTF16
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
		return pos.Slots[name]
	}
	it, ok := w.item(item, pos.Slots)
	if !ok || !dotted {
		return it.Label[pos.Lang]
	}
	return it.Values[field][pos.Lang]
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

// items are what a list state shows.
func (w *shipped) items(s *writtenState, slots map[string]string) []menu.Item {
	def := w.env.Lists[s.says("list")]
	return def.Items[slots[def.Of]]
}

// canGoBack reports whether there is a screen behind the one on display.
func canGoBack(pos menu.Position) bool {
	n := len(pos.Stack)
	return n >= 2 && pos.Stack[n-2].State != "@resume"
}

// rows are the lines of the options or items of a screen.
func (w *shipped) rows(pos menu.Position, s *writtenState) []string {
	var out []string
	for _, o := range s.options {
		if text, ok := in(pos.Lang, o.Field("text")); ok {
			out = append(out, o.Field("key").Scalar()+" "+text)
		}
	}
	if s.kind == "list" {
		for _, it := range w.items(s, pos.Slots) {
			out = append(out, fmt.Sprintf("%d %s", it.Number, it.Label[pos.Lang]))
		}
	}
	return out
}

// faults says what is wrong with a screen that pos shows: it is over its limit, it says of itself
// what is not so, or it is not what the files say. A screen that the engine has cut to its limit
// is found because its last line is not whole. It returns the rows that the page has.
func (w *shipped) faults(
	pos menu.Position, sc *menu.Screen, cut bool,
) (rows []string, fault error) {
	units, limit := room(sc.Text)
	top := pos.Stack[len(pos.Stack)-1]
	s := w.written.states[top.State]
	switch {
	case units > limit:
		return nil, fmt.Errorf("%d over the limit of %d", units-limit, limit)
	case sc.Units != units || sc.Limit != limit || sc.State != top.State:
		return nil, fmt.Errorf("%s says of itself %d of %d, and it takes %d of %d", sc.State,
			sc.Units, sc.Limit, units, limit)
	case s == nil || sc.Text == "" || sc.Page < 1 || sc.Page > sc.Pages:
		return nil, fmt.Errorf("page %d of %d of no screen", sc.Page, sc.Pages)
	case sc.End != (s.kind == "end"):
		return nil, fmt.Errorf("the end is %v, and the state is of the kind %s", sc.End, s.kind)
	}
	body, fault := w.withoutNavigation(pos, sc, s)
	if fault != nil {
		return nil, fault
	}
	var heading []piece
	if sc.Page == 1 {
		n := s.text
		if own := w.written.errorText(s, top.Notice); top.Notice != "" && own != nil {
			n = own
		}
		text, _ := in(pos.Lang, n)
		heading = pieces(text, func(name string) string { return w.value(pos, name) })
	}
	all := w.rows(pos, s)
	for i := range all {
		if sc.Page == 1 && i > 0 {
			break
		}
		for j := len(all); j > i; j-- {
			tail := strings.Join(all[i:j], "\n")
			head, ok := strings.CutSuffix(body, tail)
			if ok && len(heading) > 0 && head != "" {
				head, ok = strings.CutSuffix(head, "\n")
			}
			if ok && isMadeOf(head, heading, cut) {
				return all[i:j], nil
			}
		}
	}
	if sc.Page == 1 && isMadeOf(body, heading, cut) {
		return nil, nil
	}
	return nil, fmt.Errorf("page %d does not show the text and %d lines of %q", sc.Page, len(all),
		s.name)
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
		text, _ := in(pos.Lang, w.written.nav[key])
		return "\n" + text
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
	good := *res.Screen
	if rows, err := w.faults(res.Position, &good, false); err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v\n%s", len(rows), err, good.Text)
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
