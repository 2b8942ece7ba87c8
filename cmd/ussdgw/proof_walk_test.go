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

	"ussdgw/menus/source"
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

// Щ becomes three letters where a screen is in Latin ones: no letter takes more room there.
//
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
	case len(examples) == 1 && examples[0] == "":
		return "o1" // an opaque id
	case f == overwide && len(name)%2 == 0:
		return strings.Repeat("Щ", 110)
	case f == overwide:
		return strings.Repeat("€", 70)
	case f == latin && len(name)%2 == 0:
		return strings.Repeat("€", septets/2) + strings.Repeat("W", septets%2)
	case ucs2 && f == cyrillic:
		return strings.Repeat("Щ", units)
	case ucs2:
		return strings.Repeat("W", septets)
	}
	return longest
}

// A walk goes through every screen of the shipped menus in one language and fashion.
type walk struct {
	*shipped
	standIns map[string]map[string]string // by language
	langs    []string                     // in which it goes on
	done     map[string]bool              // the inputs that are needed only once
	t        testing.TB
	fashion  fashion
	cuts     bool                // values may be wider than was promised, and then lack their end
	chosen   map[string]string   // sets by slots, of outcomes that bring a slot's value
	ids      map[string][]string // of items, by the values that hold them
	words    map[string][]string // to find items of a list by
	seen     map[string]bool     // what the screens can be told apart by
	met      map[string]bool     // what has been on a screen, or was done: see wanted
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
			if k.done[in.once] {
				leadsOn = leadsOn || in.forward
				continue
			}
			k.done[in.once] = in.once != ""
			res := in.do(k.program, at.pos)
			switch {
			case in.hidden && !res.Refused:
				k.t.Fatalf("the hidden option %s is taken after%s", in.name, at.path())
			case !res.Refused:
				k.lands(&spot{from: at, typed: in.name}, in.to, res)
				for slot, value := range in.sets {
					if got := res.Position.Slots[slot]; got != value {
						k.t.Fatalf("%s is %q instead of %q after%s %s", slot, got, value, at.path(), in.name)
					}
				}
			}
			for _, next := range k.arrive(at, in.name, res) {
				leadsOn = leadsOn || (in.forward && !res.Refused)
				key := k.key(next)
				if !k.seen[key] && slices.Contains(k.langs, next.pos.Lang) {
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
	for _, to := range slices.Concat(k.written.states[name].goesTo, []writtenTarget{{}}) {
		k.met["outcome "+to.outcome+" of "+name] = true
		for _, o := range k.ways(res.Position, res.Action.Name, to.outcome) {
			next := k.program.Resume(res.Position, o)
			typed := fmt.Sprintf("(%s: %s %v)", name, to.outcome, o.Values)
			k.lands(&spot{from: at, typed: typed}, to.to, next)
			out = append(out, k.arrive(at, typed, next)...)
		}
	}
	return out
}

// lands fails unless a target is where res is: the target itself, or where it leads when it shows
// nothing and decides by itself.
func (k *walk) lands(at *spot, to string, res menu.Result) {
	for {
		s := k.written.states[to]
		switch {
		case s == nil || s.node.Field("confirm") != nil:
			return // @home and the like; an offer may be made anew first
		case s.kind == "cases":
			i := slices.IndexFunc(s.cases, func(c *source.Node) bool {
				when := c.Field("when")
				return when == nil || k.holds(res.Position, when.Scalar())
			})
			k.met[seenCase(to, i)] = true
			to = s.cases[i].Field("goto").Scalar()
		case s.kind == "list" && s.finds() && len(k.items(s, res.Position.Slots)) == 0:
			k.met[seenNothing(to)] = true
			to = readTarget("", s.node.Field("none")).to
		default:
			got := res.Position.Pending
			if res.Screen != nil {
				got = res.Screen.State
			}
			if got != to {
				k.t.Fatalf("%s instead of %s, values %q, after%s", got, to, res.Position.Slots, at.path())
			}
			return
		}
	}
}

// ways are how an action can end in an outcome, with values of the walk's fashion.
func (k *walk) ways(pos menu.Position, action, name string) []menu.Outcome {
	defs := k.env.Actions[action].Outcomes[name].Sets
	most := 1
	for _, def := range defs {
		most = max(most, len(k.choices(pos, def)))
	}
	out := make([]menu.Outcome, most)
	for i := range out {
		out[i] = menu.Outcome{Name: name, Values: make(map[string]string)}
		for _, def := range defs {
			all := k.choices(pos, def)
			out[i].Values[def.Name] = all[i%len(all)]
		}
	}
	return out
}

// choices are the values that an outcome brings: all that make a difference, usually the widest.
func (k *walk) choices(pos menu.Position, def menu.ValueDef) []string {
	examples := def.Widest
	if own, ok := def.Langs[k.written.base(pos.Lang)]; ok {
		examples = own
	}
	if all, ok := k.ids[def.Name]; ok {
		return all
	}
	if v, ok := k.chosen[def.Name]; ok && len(examples) == 0 {
		return []string{v}
	}
	widest := k.fashion.of(def.Name, examples)
	if def.Type != menu.TypeCount {
		return []string{widest}
	}
	all := []string{"1", "2", "5", examples[0]} // for conditions, and one of each plural form
	if most, _ := strconv.Atoi(examples[0]); most <= 5 {
		all = all[:0]
		for n := range most {
			all = append(all, strconv.Itoa(n+1))
		}
	}
	if k.cuts {
		all = append(all, widest)
	}
	return all
}

// look checks one screen and remembers what was on it.
func (k *walk) look(at *spot, sc *menu.Screen) {
	seen, fault := k.faults(at.pos, sc, k.cuts)
	if fault != nil {
		k.t.Fatalf("in %s, values %s, after%s:\n%s\n%v\nvalues: %q", at.pos.Lang, k.fashion,
			at.path(), sc.Text, fault, at.pos.Slots)
	}
	top := at.pos.Stack[len(at.pos.Stack)-1]
	k.met[seenScreen(sc.State, at.pos.Lang)] = true
	k.met[seenError(sc.State, top.Notice, at.pos.Lang)] = true
	k.met[seenPage(sc.State, sc.Page, at.pos.Lang)] = true
	k.met[seenLast(sc.State, sc.Pages, at.pos.Lang)] = true
	for _, row := range seen.rows {
		k.met[seenRow(sc.State, row, at.pos.Lang)] = true
	}
	for _, key := range seen.hidden {
		k.met[seenHidden(sc.State, key, at.pos.Lang)] = true
	}
	if seen.form != "" {
		k.met[seenForm(sc.State, top.Notice, seen.form, at.pos.Lang)] = true
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

func seenHidden(state, key, lang string) string {
	return fmt.Sprintf("%s without the option %s in %s", state, key, lang)
}

func seenForm(state, code, form, lang string) string {
	return fmt.Sprintf("the form %s of %s %s in %s", form, state, code, lang)
}

func seenRefusing(state string) string { return "a pattern that refuses digits in " + state }

func seenCase(state string, i int) string { return fmt.Sprintf("case %d of %s", i+1, state) }

func seenNothing(state string) string { return "nothing found in " + state }

func seenAbove(entry, state, lang string) string {
	return fmt.Sprintf("the entry %s on top of %s in %s", entry, state, lang)
}

// key tells apart what can go on differently: what is on display, what back and @resume lead to,
// and what was chosen on the screens that are behind. With an error in place of the prompt nothing
// goes on otherwise than without. Every screen that a walk arrives at is looked at; it goes on only
// once from those with the same key.
func (k *walk) key(at *spot) string {
	var b strings.Builder
	pos := at.pos
	last := len(pos.Stack) - 1
	top, marks := pos.Stack[last], 0
	s := k.written.states[top.State]
	fmt.Fprintf(&b, "%s %d|%s %d %s%s", pos.Lang, at.pages, top.State, top.Page, top.Notice,
		k.shows(pos, s))
	for i, v := range pos.Stack[:last] {
		if v.State == "@resume" {
			fmt.Fprintf(&b, "|%s", v.Notice)
			marks++
		}
		if top.Notice == "" && (i == last-1 || (i == last-2 && marks == 1)) {
			fmt.Fprintf(&b, "|%s", v.State)
		}
	}
	told := map[string]bool{s.says("as"): true} // what is chosen here is not chosen yet
	for i := last - 1; i >= 0 && pos.Stack[i].State != "@resume" && top.Notice == ""; i-- {
		slot := k.written.states[pos.Stack[i].State].says("as")
		if id, ok := k.standIns[pos.Lang][slot+" "+pos.Slots[slot]]; ok && !told[slot] {
			fmt.Fprintf(&b, "|%s", id)
			told[slot] = true
		}
	}
	return b.String()
}

// shows tells apart which options or items a state has.
func (k *walk) shows(pos menu.Position, s *writtenState) string {
	if s.kind == "list" {
		out := "|" + pos.Slots[s.says("only")] + "|" + pos.Slots[s.says("match")]
		if of := k.env.Lists[s.says("list")].Of; !s.finds() {
			out += "|" + pos.Slots[of]
		}
		for _, name := range s.node.Field("top").Items() {
			out += "|" + pos.Slots[name.Scalar()]
		}
		return out
	}
	_, hidden := k.rows(pos, s)
	return strings.Join(hidden, " ")
}

// An input is one thing that a subscriber can do at a screen.
type input struct {
	name    string
	forward bool              // it is an answer: neither a key of the menu nor a refusal
	to      string            // where it leads, if it leads anywhere and is accepted
	hidden  bool              // it chooses an option that is not there
	sets    map[string]string // slots that it sets, if it is accepted
	once    string            // a walk through everything does it once, by this name
	do      func(p *menu.Program, pos menu.Position) menu.Result
}

// types is an answer that leads to a state. Where to is "", it is refused or navigates.
func types(text, to string) input {
	return input{
		name: text, forward: to != "", to: to,
		do: func(p *menu.Program, pos menu.Position) menu.Result {
			return p.Step(pos, pin.NewSecret([]byte(text)))
		},
	}
}

func interrupts(e menu.Entry, values map[string]string) input {
	return input{
		name: "(" + string(e) + ")",
		do: func(p *menu.Program, pos menu.Position) menu.Result {
			return p.Interrupt(pos, e, values)
		},
	}
}

// dials is a dialled string that leads elsewhere by now.
func dials(m writtenMove) input {
	return input{
		name: fmt.Sprintf("(dialled %q)", m.path), to: m.to,
		do: func(p *menu.Program, pos menu.Position) menu.Result {
			res, _, _ := p.Moved(pos, m.path)
			return res
		},
	}
}

// known is the choice of a language by somebody whose language is one in Latin letters.
func (k *walk) known(choice input) []input {
	var out []input
	for _, lang := range slices.Sorted(maps.Keys(k.written.latinOf)) {
		in := choice
		in.name += " (" + lang + ")"
		in.do = func(p *menu.Program, pos menu.Position) menu.Result {
			res := choice.do(p, pos)
			res.Position.Lang = lang
			if res.Screen != nil {
				return p.Show(res.Position)
			}
			return res
		}
		out = append(out, in)
	}
	return out
}

// inputs is everything that can be done at the screen on display.
func (k *walk) inputs(pos menu.Position) []input {
	s := k.written.states[pos.Stack[len(pos.Stack)-1].State]
	if s.kind == "end" {
		return nil
	}
	var all []input
	if pos.Stack[len(pos.Stack)-1].Notice == "" {
		for _, e := range []menu.Entry{menu.EntryResume, menu.EntryUntold} {
			in := interrupts(e, map[string]string{"offer": "o1"})
			in.once = fmt.Sprint(e, s.name, pos.Lang, canGoBack(pos))
			all = append(all, in)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.written.keys)) {
		all = append(all, types(k.written.keys[name].Scalar(), ""))
	}
	if s.name == k.written.shortcuts {
		for _, m := range k.written.moved {
			all = append(all, dials(m))
		}
	}
	if letters := s.node.Field("letters"); letters != nil {
		to := letters.Field("goto").Scalar()
		list := k.written.states[to].says("list")
		for _, word := range k.words[list] {
			in := types(word, to)
			in.sets = map[string]string{letters.Field("as").Scalar(): word}
			all = append(all, in)
		}
	}
	switch next := readTarget("", s.node.Field("goto")).to; s.kind {
	case "options":
		_, hidden := k.rows(pos, s)
		for _, o := range s.options {
			in := types(o.Field("key").Scalar(), readTarget("", o.Field("goto")).to)
			if slices.Contains(hidden, in.name) {
				in.hidden, in.forward = true, false
			}
			all = append(all, in)
			if o.Field("set").Field("lang") != nil {
				all = append(all, k.known(in)...)
			}
		}
		all = append(all, types("777", ""))
	case "list":
		for _, it := range k.standInsFirst(s, pos) {
			in := types(strconv.Itoa(it.Number), next)
			in.once = s.name + k.shows(pos, s) + it.ID + pos.Lang
			in.sets = map[string]string{s.says("as"): it.ID}
			if list := s.says("list"); k.env.Lists[list].Of != "" {
				in.sets[k.env.Lists[list].Of] = k.selects(list, it.ID)
			}
			all = append(all, in)
		}
		all = append(all, types("777", ""))
	case "ask":
		for _, answer := range k.answers(pos, s) {
			all = append(all, types(answer, next))
		}
		for _, wrong := range k.wrongAnswers(pos, s) {
			all = append(all, types(wrong, ""))
		}
	}
	return all
}

// standInsFirst are the items of a list, those that stand for others before the others.
func (k *walk) standInsFirst(s *writtenState, pos menu.Position) []menu.Item {
	items := slices.Clone(k.items(s, pos.Slots))
	slices.SortStableFunc(items, func(a, b menu.Item) int {
		rank := func(it menu.Item) int {
			if id, ok := k.standIns[pos.Lang][s.says("as")+" "+it.ID]; ok && id != it.ID {
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
		wide := []string{strings.Repeat("Щ", n)}
		if k.fashion == latin {
			wide = []string{strings.Repeat("W", n)}
		}
		return wide
	case "digits":
		return []string{widestDigits(rule, says("max"))}
	case "person_inn", "secret_inn":
		return []string{"21210199012345"}
	case "money":
		if rule.Max > 0 {
			return []string{rule.Max.String()}
		}
		return []string{cmp.Or(says("max"), "999999.99")}
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
		return []string{"Щ", strings.Repeat("Щ", 61), "1234567"}
	case "digits":
		rule := k.rule(pos, s)
		wrong := []string{"x", strings.Repeat("9", 31)}
		for _, digit := range []string{"0", "3", "9"} {
			bad := strings.Repeat(digit, rule.MaxLen)
			if rule.Pattern != "" && !regexp.MustCompile(rule.Pattern).MatchString(bad) {
				k.met[seenRefusing(s.name)] = true
				wrong = append(wrong, bad)
			}
		}
		return wrong
	case "person_inn", "secret_inn":
		return []string{"1", "91210199012345", "29912199012345"}
	case "money":
		return []string{"x", "999999999"}
	}
	return []string{"x"}
}

// wanted is everything that a walk must have met, by what it is called.
func (w *walk) wanted() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(w.written.states)) {
		s := w.written.states[name]
		for _, lang := range w.langs {
			if s.kind == "do" || s.kind == "cases" {
				continue
			}
			out = append(out, seenScreen(name, lang))
			for _, code := range w.written.notices(s) {
				if code == "account_format" && !w.met[seenRefusing(name)] {
					continue // each number of so many digits is one
				}
				out = append(out, seenError(name, code, lang))
				out = append(out, w.wantedForms(s, code, lang, w.written.errorText(s, code))...)
			}
			out = append(out, w.wantedForms(s, "", lang, s.text)...)
			if s.kind != "end" {
				out = append(out, seenAbove("resume", name, lang), seenAbove("untold", name, lang))
			}
			out = append(out, w.wantedRows(s, lang)...)
		}
		for outcome := range w.env.Actions[s.says("do")].Outcomes {
			out = append(out, "outcome "+outcome+" of "+name)
		}
		for i := range s.cases {
			out = append(out, seenCase(name, i))
		}
		if s.finds() && s.says("only") != "promoted" {
			out = append(out, seenNothing(name))
		}
	}
	return out
}

// wantedForms are the plural forms of a text. No number is `other` in Russian: that form is for
// values that are none.
func (w *walk) wantedForms(s *writtenState, code, lang string, n *source.Node) []string {
	var out []string
	text := w.written.in(lang, n)
	if text.Field("by") == nil {
		return nil
	}
	for _, f := range text.Fields() {
		if f.Key != "by" && (w.cuts || f.Key != "other" || w.written.base(lang) != "ru") {
			out = append(out, seenForm(s.name, code, f.Key, lang))
		}
	}
	return out
}

// wantedRows are all options, each hidden too where it can be, and all items of all sub-lists or
// those that are promoted.
func (w *walk) wantedRows(s *writtenState, lang string) []string {
	var out []string
	for _, o := range s.options {
		key := o.Field("key").Scalar()
		if o.Field("text") != nil {
			out = append(out, seenRow(s.name, key, lang))
		}
		if o.Field("when") != nil {
			out = append(out, seenHidden(s.name, key, lang))
		}
	}
	if s.kind != "list" {
		return out
	}
	for _, it := range w.everyItem(s.says("list")) {
		if !s.finds() || (s.says("only") == "promoted" && it.Promoted) {
			out = append(out, seenRow(s.name, it.ID, lang))
		}
	}
	return out
}

// newWalk is a walk that has met nothing yet.
func newWalk(t testing.TB, w *shipped, f fashion) *walk {
	own := *w
	own.found = make(map[string][]menu.Item)
	own.spelled = make(map[string]string)
	k := &walk{
		shipped: &own, t: t, fashion: f, cuts: f == overwide, chosen: w.wideChoice(),
		ids: make(map[string][]string), words: make(map[string][]string), done: make(map[string]bool),
		standIns: make(map[string]map[string]string), langs: w.written.languages,
		seen: make(map[string]bool), met: make(map[string]bool),
	}
	for name, list := range w.idValues() {
		k.ids[name] = w.idsOf(list)
	}
	for list := range w.env.Lists {
		k.words[list] = w.queries(list)
	}
	for _, lang := range k.langs {
		k.standIns[lang] = own.standIns(lang)
	}
	return k
}

// begins is the first screens of all dialogues.
func (k *walk) begins() []*spot {
	var first []*spot
	for _, lang := range k.langs {
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
	for f, langs := range map[fashion][]string{
		latin:    {"ky", "ru", "en"},
		cyrillic: w.written.languages, // that takes the most room in Latin letters too
		overwide: {"ky", "ru-latn"},
	} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			t.Parallel()
			k := newWalk(t, w, f)
			if k.langs = langs; underRace > 1 {
				k.langs = langs[:1] // the walks share the program, that is all there is to see
			}
			k.all(k.begins())
			for _, what := range append(k.wanted(), k.wantedPages()...) {
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
		if n, _ := fmt.Sscanf(what, "%s with %d pages in %s", &state, &pages, &lang); n != 3 ||
			!slices.Contains(k.langs, lang) {
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
		widest := 0
		for _, it := range w.everyItem(list) {
			if n, _ := room(it.Label["ru"]); n > widest {
				widest, out[slot] = n, it.ID
			}
		}
	}
	for slot, list := range w.written.chosen {
		if of := w.env.Lists[list].Of; of != "" {
			out[of] = w.selects(list, out[slot])
		}
	}
	for name, sl := range w.written.slots {
		switch sl.Field("type").Scalar() {
		case "digits":
			out[name] = widestDigits(menu.Rule{}, sl.Field("max").Scalar())
		case "msisdn":
			out[name] = "996555123456"
		}
	}
	return out
}

// standIns says for the items of a list slot, as "slot id", which item stands for it when a walk
// goes on in a language: one that is at least as wide and takes answers at least as wide. An item
// that selects another list stands for itself.
func (w *shipped) standIns(lang string) map[string]string {
	out := make(map[string]string)
	for slot, list := range w.written.chosen {
		all := w.everyItem(list)
		for _, it := range all {
			best := it
			for _, other := range all {
				if w.covers(other, best, lang) {
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

// covers reports whether a is at least as wide as b in all that it puts on a screen in a language.
func (w *shipped) covers(a, b menu.Item, lang string) bool {
	if !maps.Equal(a.Counts, b.Counts) {
		return false // conditions look at them
	}
	for name, rule := range b.Rules {
		if a.Rules[name].MaxLen < rule.MaxLen || a.Rules[name].Max < rule.Max {
			return false
		}
	}
	for name, value := range b.Values {
		if !widest(w.itemText(a.Values[name], lang), w.itemText(value, lang)) {
			return false
		}
	}
	return widest(w.itemText(a.Label, lang), w.itemText(b.Label, lang))
}

// widest reports whether a takes at least as much room as b, wherever they stand.
func widest(a, b string) bool {
	n, limit := room(a)
	m, same := room(b)
	return limit == same && n >= m && utf8.RuneCountInString(a) >= utf8.RuneCountInString(b)
}
