package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"ussdgw/ussd/menu"
	"ussdgw/wallet/pin"
)

// A fashion is how all the values of one walk are: the proof looks at the widest values in either
// alphabet, so a walk has them all in one.
type fashion string

const (
	latin    fashion = "in the GSM alphabet" // half of them of characters that count two
	cyrillic fashion = "in Cyrillic"
	overwide fashion = "wider than was promised"
)

// of is a value of the fashion for one that the wallet promises to be no wider than the examples.
func (f fashion) of(name string, examples []string) string {
	septets, units, ucs2, longest := 0, 0, false, ""
	for _, e := range examples {
		n, limit := room(e)
		if limit == roomUTF16 {
			ucs2 = true
		}
		septets = max(septets, n)
		if k := len([]rune(e)); k > units {
			units, longest = k, e
		}
	}
	switch {
	case name == "offer":
		return "o1" // an opaque id
	case f == overwide && len(name)%2 == 0:
		return strings.Repeat("Ж", 110)
	case f == overwide:
		return strings.Repeat("€", 70)
	case f == latin && len(name)%2 == 0:
		return strings.Repeat("€", septets/2) + strings.Repeat("W", septets%2)
	case ucs2 && f == cyrillic:
		return strings.Repeat("Ж", units)
	case ucs2:
		return strings.Repeat("W", septets)
	}
	return longest
}

// A walk goes through every screen of the shipped menus in one language and fashion.
type walk struct {
	*shipped
	standIns map[string]string
	t        testing.TB
	fashion  fashion
	cuts     bool              // values may be wider than was promised, and then lack their end
	chosen   map[string]string // sets by slots, of outcomes that bring a slot's value
	seen     map[string]bool   // what the screens can be told apart by
	met      map[string]bool   // what has been on a screen, or was done: see wanted
	steps    int
}

// A spot is where a walk has come, and how.
type spot struct {
	pos   menu.Position
	from  *spot
	typed string
	pages int // of the screen on display
}

// path says how a spot is reached from the start.
func (p *spot) path() string {
	if p == nil {
		return ""
	}
	return p.from.path() + " " + p.typed
}

// all goes everywhere from the results given.
func (k *walk) all(first []*spot) {
	queue := first
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		leadsOn := false
		for _, in := range k.inputs(at.pos) {
			res := in.do(k.program, at.pos)
			for _, next := range k.arrive(at, in.name, res) {
				leadsOn = leadsOn || (in.forward && !res.Refused)
				if key := k.key(next); !k.seen[key] {
					k.seen[key] = true
					queue = append(queue, next)
				}
			}
		}
		if !leadsOn && !k.ended(at.pos) {
			k.t.Errorf("a dead end: no key leads on from%s", at.path())
		}
	}
}

func (k *walk) ended(pos menu.Position) bool {
	return k.written.states[pos.Stack[len(pos.Stack)-1].State].kind == "end"
}

// arrive looks at what came of an answer. Where it is an action, that ends in every way it can.
func (k *walk) arrive(from *spot, typed string, res menu.Result) []*spot {
	k.steps++
	if res.Screen != nil {
		at := &spot{res.Position, from, typed, res.Screen.Pages}
		k.look(at, res.Screen)
		return []*spot{at}
	}
	name := res.Position.Pending
	at := &spot{res.Position, from, typed, 0}
	if strings.HasPrefix(name, "@") {
		res := k.program.Resume(res.Position, menu.Outcome{Name: "done"})
		return k.arrive(at, "(withdrawn)", res)
	}
	k.met["action "+name] = true
	var out []*spot
	for _, outcome := range append(k.outcomes(name), "") {
		o := k.outcome(res.Position, res.Action.Name, outcome)
		k.met["outcome "+outcome+" of "+name] = true
		out = append(out, k.arrive(at, "("+name+": "+outcome+")", k.program.Resume(
			res.Position, o))...)
	}
	return out
}

// outcomes are those of the action of a do state.
func (k *walk) outcomes(state string) []string {
	s := k.written.states[state]
	return slices.Sorted(maps.Keys(k.env.Actions[s.says("do")].Outcomes))
}

// outcome is one way an action can end, with values of the walk's fashion.
func (k *walk) outcome(pos menu.Position, action, name string) menu.Outcome {
	values := make(map[string]string)
	for _, def := range k.env.Actions[action].Outcomes[name].Sets {
		values[def.Name] = k.outcomeValue(pos, def)
	}
	return menu.Outcome{Name: name, Values: values}
}

// outcomeValue is a value that an outcome brings.
func (k *walk) outcomeValue(pos menu.Position, def menu.ValueDef) string {
	examples := def.Widest
	if own, ok := def.Langs[pos.Lang]; ok {
		examples = own
	}
	if v, ok := k.chosen[def.Name]; ok && len(examples) == 0 {
		return v
	}
	return k.fashion.of(def.Name, examples)
}

// look checks one screen and remembers what was on it.
func (k *walk) look(at *spot, sc *menu.Screen) {
	rows, fault := k.faults(at.pos, sc, k.cuts)
	if fault != nil {
		k.t.Fatalf("in %s, values %s, after%s:\n%s\n%v\nvalues: %q", at.pos.Lang, k.fashion,
			at.path(), sc.Text, fault, at.pos.Slots)
	}
	top := at.pos.Stack[len(at.pos.Stack)-1]
	k.met[seenScreen(sc.State, at.pos.Lang)] = true
	k.met[seenError(sc.State, top.Notice, at.pos.Lang)] = true
	k.met[seenPage(sc.State, sc.Page, at.pos.Lang)] = true
	k.met[seenLast(sc.State, sc.Pages, at.pos.Lang)] = true
	for _, row := range rows {
		k.met[seenRow(sc.State, row, at.pos.Lang)] = true
	}
	if i := len(at.pos.Stack) - 2; i >= 1 && at.pos.Stack[i].State == "@resume" {
		k.met[seenAbove(at.pos.Stack[i].Notice, at.pos.Stack[i-1].State, at.pos.Lang)] = true
	}
}

// What a walk remembers, and must have met in the end.
func seenScreen(state, lang string) string { return fmt.Sprintf("%s in %s", state, lang) }

func seenError(state, code, lang string) string {
	return fmt.Sprintf("the error %s of %s in %s", code, state, lang)
}

func seenPage(state string, page int, lang string) string {
	return fmt.Sprintf("page %d of %s in %s", page, state, lang)
}

func seenLast(state string, pages int, lang string) string {
	return fmt.Sprintf("%s with %d pages in %s", state, pages, lang)
}

func seenRow(state, row, lang string) string {
	return fmt.Sprintf("the line %q of %s in %s", row, state, lang)
}

func seenAbove(entry, state, lang string) string {
	return fmt.Sprintf("the entry %s on top of %s in %s", entry, state, lang)
}

// key tells apart what can go on differently: what is on display, what back and @resume lead to,
// and what was chosen on the screens that are behind. Every screen that a walk arrives at is looked
// at; it goes on only once from those with the same key.
func (k *walk) key(at *spot) string {
	var b strings.Builder
	pos := at.pos
	last := len(pos.Stack) - 1
	fmt.Fprintf(&b, "%s %d", pos.Lang, at.pages)
	top, marks := pos.Stack[last], 0
	fmt.Fprintf(&b, "|%s %d %s", top.State, top.Page, top.Notice)
	for i, v := range pos.Stack[:last] {
		if v.State == "@resume" {
			fmt.Fprintf(&b, "|%s", v.Notice)
			marks++
		}
		if i == last-1 || (i == last-2 && marks == 1 && top.Notice == "") {
			fmt.Fprintf(&b, "|%s", v.State)
		}
	}
	for i := last; i >= 0 && pos.Stack[i].State != "@resume"; i-- {
		s := k.written.states[pos.Stack[i].State]
		if s.kind != "list" {
			continue
		}
		if of := k.env.Lists[s.says("list")].Of; of != "" && i >= last-1 {
			fmt.Fprintf(&b, "|%s", pos.Slots[of])
		}
		slot := s.says("as")
		if id, ok := k.standIns[slot+" "+pos.Slots[slot]]; ok {
			fmt.Fprintf(&b, "|%s", id)
		}
	}
	return b.String()
}

// An input is one thing that a subscriber can do at a screen.
type input struct {
	name    string
	forward bool // it is an answer: neither a key of the menu nor a refusal
	do      func(p *menu.Program, pos menu.Position) menu.Result
}

func types(text string, forward bool) input {
	return input{text, forward, func(p *menu.Program, pos menu.Position) menu.Result {
		return p.Step(pos, pin.NewSecret([]byte(text)))
	}}
}

func interrupts(e menu.Entry, values map[string]string) input {
	return input{
		"(" + string(e) + ")", false,
		func(p *menu.Program, pos menu.Position) menu.Result {
			return p.Interrupt(pos, e, values)
		},
	}
}

// inputs is everything that can be done at the screen on display.
func (k *walk) inputs(pos menu.Position) []input {
	s := k.written.states[pos.Stack[len(pos.Stack)-1].State]
	if s.kind == "end" {
		return nil
	}
	var all []input
	if pos.Stack[len(pos.Stack)-1].Notice == "" {
		all = append(all, interrupts(menu.EntryResume, nil),
			interrupts(menu.EntryUntold, map[string]string{"offer": "o1"}))
	}
	for _, key := range k.written.keys {
		all = append(all, types(key.Scalar(), false))
	}
	switch s.kind {
	case "options":
		for _, o := range s.options {
			all = append(all, types(o.Field("key").Scalar(), true))
		}
		all = append(all, types("777", false))
	case "list":
		for _, it := range k.standInsFirst(s, pos) {
			all = append(all, types(strconv.Itoa(it.Number), true))
		}
		all = append(all, types("777", false))
	case "ask":
		for _, answer := range k.answers(pos, s) {
			all = append(all, types(answer, true))
		}
		for _, wrong := range k.wrongAnswers(pos, s) {
			all = append(all, types(wrong, false))
		}
	}
	return all
}

// standInsFirst are the items of a list, those that stand for others before the others.
func (k *walk) standInsFirst(s *writtenState, pos menu.Position) []menu.Item {
	items := slices.Clone(k.items(s, pos.Slots))
	slices.SortStableFunc(items, func(a, b menu.Item) int {
		rank := func(it menu.Item) int {
			if id, ok := k.standIns[s.says("as")+" "+it.ID]; ok && id != it.ID {
				return 1
			}
			return 0
		}
		return cmp.Compare(rank(a), rank(b))
	})
	return items
}

// rule is the rule of the item that was chosen, for a slot that has one.
func (k *walk) rule(pos menu.Position, s *writtenState) menu.Rule {
	slot, name, _ := strings.Cut(k.written.slots[s.says("ask")].Field("rule").Scalar(), ".")
	it, _ := k.item(slot, pos.Slots)
	return it.Rules[name]
}

// answers are the widest that the slot of an ask takes.
func (k *walk) answers(pos menu.Position, s *writtenState) []string {
	sl := k.written.slots[s.says("ask")]
	says := func(key string) string { return sl.Field(key).Scalar() }
	rule := k.rule(pos, s)
	switch says("type") {
	case "text":
		n, err := strconv.Atoi(says("max"))
		if err != nil {
			k.t.Fatal(err)
		}
		wide := []string{strings.Repeat("Ж", n)}
		if k.fashion == latin {
			wide = []string{strings.Repeat("W", n)}
		}
		return wide
	case "digits":
		return []string{widestDigits(rule, says("max"))}
	case "person_inn":
		return []string{"21210199012345"}
	case "money":
		if rule.Max > 0 {
			return []string{rule.Max.String()}
		}
		return []string{says("max")}
	case "pin":
		n, err := strconv.Atoi(k.pinDigits(sl))
		if err != nil {
			k.t.Fatal(err)
		}
		return []string{strings.Repeat("7", n)}
	}
	return []string{"996555123456"}
}

// widestDigits are as many digits as a rule takes, and a slot where there is no rule.
func widestDigits(rule menu.Rule, most string) string {
	if rule.Pattern == "" {
		n, _ := strconv.Atoi(most)
		return strings.Repeat("9", n)
	}
	wide := rule.Example
	for len(wide) < rule.MaxLen {
		wide += "9"
	}
	if !regexp.MustCompile(rule.Pattern).MatchString(wide) {
		return rule.Example
	}
	return wide
}

// wrongAnswers are refused, one with every code that the slot of an ask can refuse with where its
// rule leaves room for it.
func (k *walk) wrongAnswers(pos menu.Position, s *writtenState) []string {
	switch k.written.slots[s.says("ask")].Field("type").Scalar() {
	case "text":
		return []string{"Ж", strings.Repeat("Ж", 61), "1234567"}
	case "digits":
		rule := k.rule(pos, s)
		wrong := []string{"x", strings.Repeat("9", 31)}
		for _, digit := range []string{"0", "3", "9"} {
			bad := strings.Repeat(digit, rule.MaxLen)
			if rule.Pattern != "" && !regexp.MustCompile(rule.Pattern).MatchString(bad) {
				wrong = append(wrong, bad)
			}
		}
		return wrong
	case "person_inn":
		return []string{"1", "91210199012345", "29912199012345"}
	case "money":
		return []string{"x", "999999999"}
	}
	return []string{"x"}
}

// wanted is everything that walks in all fashions must have met, by what it is called.
func (w *shipped) wanted() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(w.written.states)) {
		s := w.written.states[name]
		for _, lang := range w.written.languages {
			if s.kind == "do" {
				continue
			}
			out = append(out, seenScreen(name, lang))
			for _, code := range w.written.notices(s) {
				out = append(out, seenError(name, code, lang))
			}
			if s.kind != "end" {
				out = append(out, seenAbove("resume", name, lang), seenAbove("untold", name, lang))
			}
			out = append(out, w.wantedRows(s, lang)...)
		}
		for outcome := range w.env.Actions[s.says("do")].Outcomes {
			out = append(out, "outcome "+outcome+" of "+name)
		}
	}
	return out
}

// wantedRows are all options, and all items of all sub-lists.
func (w *shipped) wantedRows(s *writtenState, lang string) []string {
	var out []string
	for _, row := range w.rows(menu.Position{Lang: lang}, s) {
		out = append(out, seenRow(s.name, row, lang))
	}
	if def := w.env.Lists[s.says("list")]; def.Of != "" {
		for id := range def.Items {
			slots := map[string]string{def.Of: id}
			for _, row := range w.rows(menu.Position{Lang: lang, Slots: slots}, s) {
				out = append(out, seenRow(s.name, row, lang))
			}
		}
	}
	return out
}

// newWalk is a walk that has met nothing yet.
func newWalk(t testing.TB, w *shipped, f fashion) *walk {
	return &walk{
		shipped: w, t: t, fashion: f, cuts: f == overwide, chosen: w.wideChoice(), standIns: w.standIns(),
		seen: make(map[string]bool), met: make(map[string]bool),
	}
}

// begins is the first screens of all dialogues.
func (k *walk) begins() []*spot {
	var first []*spot
	for _, lang := range k.written.languages {
		for _, e := range menu.Entries() {
			res := k.program.Begin(lang, e, map[string]string{"offer": "o1"})
			first = append(first, k.arrive(nil, "("+lang+" "+string(e)+")", res)...)
		}
	}
	return first
}

// TestEveryScreenOfTheShippedMenusFits goes to every screen that the shipped menus can show: every
// option, item, page and refusal, every outcome of every action, and the interruptions on top of
// all, with the widest values of either alphabet and with wider ones.
func TestEveryScreenOfTheShippedMenusFits(t *testing.T) {
	w := loadShipped(t, 0)
	for _, f := range []fashion{latin, cyrillic, overwide} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			t.Parallel()
			k := newWalk(t, w, f)
			k.all(k.begins())
			for _, what := range append(w.wanted(), k.wantedPages()...) {
				if !k.met[what] {
					t.Errorf("the walk has not come to %s", what)
				}
			}
			t.Logf("%d screens that differ in what goes on, %d steps", len(k.seen), k.steps)
		})
	}
}

// wantedPages are all pages of the screens that have been seen to have several.
func (k *walk) wantedPages() []string {
	var out []string
	for what := range k.met {
		var state, lang string
		var pages int
		if n, _ := fmt.Sscanf(what, "%s with %d pages in %s", &state, &pages, &lang); n != 3 {
			continue
		}
		for page := range pages {
			out = append(out, seenPage(state, page+1, lang))
		}
	}
	return out
}

// wideChoice is what an outcome brings that says again what was typed or chosen.
func (w *shipped) wideChoice() map[string]string {
	out := make(map[string]string)
	for slot, list := range w.written.chosen {
		def := w.env.Lists[list]
		widest := 0
		for _, id := range slices.Sorted(maps.Keys(def.Items)) {
			for _, it := range def.Items[id] {
				if n, _ := room(it.Label["ru"]); n > widest {
					widest, out[slot] = n, it.ID
					if def.Of != "" {
						out[def.Of] = id
					}
				}
			}
		}
	}
	for name, sl := range w.written.slots {
		if sl.Field("type").Scalar() == "digits" {
			out[name] = widestDigits(menu.Rule{}, sl.Field("max").Scalar())
		}
	}
	return out
}

// standIns says for the items of a list slot, as "slot id", which item stands for it when a walk
// goes on: one that is at least as wide in every language and takes answers at least as wide. An
// item that selects another list stands for itself.
func (w *shipped) standIns() map[string]string {
	out := make(map[string]string)
	for slot, list := range w.written.chosen {
		var all []menu.Item
		for _, id := range slices.Sorted(maps.Keys(w.env.Lists[list].Items)) {
			all = append(all, w.env.Lists[list].Items[id]...)
		}
		for _, it := range all {
			best := it
			for _, other := range all {
				if w.covers(other, best) {
					best = other
				}
			}
			out[slot+" "+it.ID] = best.ID
		}
	}
	for _, def := range w.env.Lists {
		maps.DeleteFunc(out, func(key, _ string) bool { return strings.HasPrefix(key, def.Of+" ") })
	}
	return out
}

// covers reports whether a is at least as wide as b in all that it puts on a screen.
func (w *shipped) covers(a, b menu.Item) bool {
	for name, rule := range b.Rules {
		if a.Rules[name].MaxLen < rule.MaxLen || a.Rules[name].Max < rule.Max {
			return false
		}
	}
	for _, lang := range w.written.languages {
		if !widest(a.Label[lang], b.Label[lang]) {
			return false
		}
		for name, value := range b.Values {
			if !widest(a.Values[name][lang], value[lang]) {
				return false
			}
		}
	}
	return true
}

// widest reports whether a takes at least as much room as b, wherever they stand.
func widest(a, b string) bool {
	n, limit := room(a)
	m, same := room(b)
	return limit == same && n >= m && utf8.RuneCountInString(a) >= utf8.RuneCountInString(b)
}
