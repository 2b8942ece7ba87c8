package menu

import (
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
)

// An Outline is what a menu consists of, as plain data: what is needed to draw it, to walk it
// without running it, and to compare it with another. Its order is that of the files, or of the
// names where there is no other. It shares nothing with the program but the items of lists, which
// nobody may change.
type Outline struct {
	Service   string
	Languages []string              // the first is the default
	Settings  map[string]source.Pos // where `service`, `keys` and the like are given
	Units     UnitsOutline
	Keys      KeysOutline
	Nav       map[string]Wording // by "back", "home", "more"
	Entries   []EntryOutline     // in the order of Entries
	Shortcuts string             // state where the answers of a dialled string begin, or ""
	Moved     []MovedOutline     // in the order of the files
	States    []StateOutline
	Slots     []SlotOutline      // by name
	Errors    map[string]Wording // texts of the file's own `errors:`, by code
	Lists     map[string]ListDef // those that states show
	SMS       map[string]Wording // by kind
}

// UnitsOutline is how many units a screen may hold.
type UnitsOutline struct{ GSM7, UCS2 int }

// KeysOutline has the keys that work everywhere.
type KeysOutline struct{ Back, Home, More string }

// An EntryOutline is the state behind an entry.
type EntryOutline struct {
	Entry Entry
	State string
	Pos   source.Pos
}

// A Wording is one text by language, as it is written: values stand in braces. A language whose
// texts are those of another in other letters is missing, unless the text has one of its own.
type Wording map[string]Written

// Written is a text in one language and where it stands.
type Written struct {
	Text string
	Pos  source.Pos
}

// A StateKind is the one thing that a state does.
type StateKind string

// The kinds of states. Each is named as the key that makes it.
const (
	StateOptions StateKind = "options"
	StateAsk     StateKind = "ask"
	StateList    StateKind = "list"
	StateDo      StateKind = "do"
	StateEnd     StateKind = "end"
	StateCases   StateKind = "cases"
)

// A StateOutline is one state. Fields of other kinds are zero.
type StateOutline struct {
	Name   string
	Kind   StateKind
	Pos    source.Pos         // of its name
	Text   Wording            // the prompt, or the text of an end; nil where there is none
	Errors map[string]Wording // its own ones, by code
	Inline bool               // it has no lines for back and home

	Options []OptionOutline

	Ask     string // the slot that is typed
	Confirm string // the state that makes the offer shown here, or ""
	List    string // what is shown
	As      string // the slot that takes the chosen item
	Next    TargetOutline

	Only, Match string         // which items a list finds, or ""
	Top         []string       // items that a list prints first
	None        TargetOutline  // where to go when a list finds nothing
	Letters     LettersOutline // of options and lists

	Cases []CaseOutline

	Action   string
	Args     []ArgOutline
	Outcomes []OutcomeOutline // by name
	Money    bool             // the action moves money
	Offers   bool             // the action makes an offer that a confirm screen shows
	Tells    bool             // the action tells what became of a payment
}

// An OptionOutline is one answer of an options state.
type OptionOutline struct {
	Key  string
	Pos  source.Pos
	Text Wording // nil when the key works and is not printed
	When string  // the condition, "" is always
	Set  []SetOutline
	Next TargetOutline
}

// LettersOutline is where a word leads that is typed at a screen of numbers; As is "" where no word
// is taken.
type LettersOutline struct {
	As   string // the slot that takes it
	Next TargetOutline
}

// A CaseOutline is one way out of a state that only decides.
type CaseOutline struct {
	When string // "" is always
	Next TargetOutline
	Pos  source.Pos
}

// A MovedOutline says where a dialled string goes that begins with Path.
type MovedOutline struct {
	Path []string
	Next TargetOutline
	Pos  source.Pos
}

// A SetOutline is a literal value that an option gives to a slot.
type SetOutline struct{ Slot, Value string }

// A TargetOutline is where a way leads: a state, "@home", "@back" or "@resume".
type TargetOutline struct {
	To     string
	Notice string // code of the error that stands there in place of the prompt, or ""
	Pos    source.Pos
}

// An ArgOutline is what an action is given: the value From, or a literal when From is "".
type ArgOutline struct {
	Name, From, Literal string
	Pos                 source.Pos
}

// An OutcomeOutline is one way an action can end.
type OutcomeOutline struct {
	Name string
	Next TargetOutline
}

// A SlotOutline is a place for what is typed, with its bounds as `menu check` knows them.
type SlotOutline struct {
	Name     string
	Pos      source.Pos
	Type     string
	Min, Max string // lengths or amounts, "" where the type has none
	Exempt   []string
	Rule     string // "provider.account", or ""
}

// Outline returns what the menu consists of.
func (p *Program) Outline() Outline {
	out := Outline{
		Service:   p.service,
		Languages: p.Languages(),
		Settings:  make(map[string]source.Pos),
		Units:     UnitsOutline{p.limits.gsm7, p.limits.ucs2},
		Keys:      KeysOutline{p.keys.back, p.keys.home, p.keys.more},
		Nav:       wordings(p.nav),
		Shortcuts: p.shortcuts,
		Errors:    wordings(p.errors),
		Lists:     make(map[string]ListDef),
		SMS:       make(map[string]Wording),
	}
	for key, pos := range p.placed {
		if name, ok := strings.CutPrefix(key, "setting "); ok {
			out.Settings[name] = pos
		}
	}
	for _, e := range Entries() {
		name := p.entries[e]
		out.Entries = append(out.Entries, EntryOutline{e, name, p.placed["entry "+string(e)]})
	}
	for _, m := range p.moved {
		out.Moved = append(out.Moved, MovedOutline{slices.Clone(m.path), m.next.outline(), m.pos})
	}
	for _, name := range p.order {
		s := p.states[name]
		out.States = append(out.States, p.stateOutline(s))
		if s.kind == kindList {
			out.Lists[s.list] = p.env.Lists[s.list]
		}
	}
	for _, name := range sortedKeys(p.slots) {
		out.Slots = append(out.Slots, p.slots[name].outline())
	}
	for kind, m := range p.sms {
		out.SMS[kind] = wording(m.texts)
	}
	return out
}

// State returns the state called name.
func (o Outline) State(name string) (StateOutline, bool) {
	i := slices.IndexFunc(o.States, func(s StateOutline) bool { return s.Name == name })
	if i < 0 {
		return StateOutline{}, false
	}
	return o.States[i], true
}

// First returns the names of the screens that a dialogue can begin with, or go on with after an
// interruption: there is nothing to go back to from them.
func (o Outline) First() []string {
	var out []string
	seen := make(map[string]bool)
	var follow func(name string)
	follow = func(name string) {
		s, ok := o.State(name)
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		if s.Screen() {
			out = append(out, name)
			return
		}
		for _, next := range s.Silent() {
			follow(next.To)
		}
	}
	for _, e := range o.Entries {
		follow(e.State)
	}
	return out
}

// Secret reports whether what is typed into a slot is secret.
func (o Outline) Secret(name string) bool {
	i := slices.IndexFunc(o.Slots, func(s SlotOutline) bool { return s.Name == name })
	return i >= 0 && (&slot{kind: slotType(o.Slots[i].Type)}).secret()
}

// Screen reports whether the state shows something.
func (s StateOutline) Screen() bool { return s.Kind != StateDo && s.Kind != StateCases }

// Silent returns where a state leads without an answer: the outcomes of an action, the cases of a
// decision.
func (s StateOutline) Silent() []TargetOutline {
	var out []TargetOutline
	for _, o := range s.Outcomes {
		out = append(out, o.Next)
	}
	for _, c := range s.Cases {
		out = append(out, c.Next)
	}
	return out
}

// Finds reports whether a list looks for its items in all sub-lists.
func (s StateOutline) Finds() bool { return s.Only != "" || s.Match != "" }

func (p *Program) stateOutline(s *state) StateOutline {
	def := p.env.Actions[s.do]
	out := StateOutline{
		Name: s.name, Pos: s.pos, Kind: s.kind.outline(), Text: wording(s.text),
		Errors: wordings(s.errors), Inline: s.inline,
		Ask: s.ask, Confirm: s.confirm, List: s.list, As: s.as, Next: s.next.outline(),
		Action: s.do, Money: s.kind == kindDo && def.Money,
		Tells: s.kind == kindDo && s.do == p.env.Untold,
		Only:  s.pick.only, Match: s.pick.match, Top: slices.Clone(s.pick.top),
		None: s.pick.none.outline(), Letters: LettersOutline{s.letters.as, s.letters.next.outline()},
	}
	for _, o := range s.options {
		option := OptionOutline{
			Key: o.key, Pos: o.pos, Text: wording(o.text), When: o.when.written(),
			Next: o.next.outline(),
		}
		for _, v := range o.set {
			option.Set = append(option.Set, SetOutline{v.name, v.value})
		}
		out.Options = append(out.Options, option)
	}
	for _, b := range s.cases {
		out.Cases = append(out.Cases, CaseOutline{b.when.written(), b.next.outline(), b.pos})
	}
	for _, a := range s.with {
		out.Args = append(out.Args, ArgOutline{a.name, a.from, a.literal, a.pos})
	}
	for _, name := range sortedKeys(s.on) {
		out.Outcomes = append(out.Outcomes, OutcomeOutline{name, s.on[name].outline()})
		out.Offers = out.Offers || (def.Outcomes[name].Offer && !def.Money)
	}
	return out
}

func (k stateKind) outline() StateKind {
	switch k {
	case kindOptions:
		return StateOptions
	case kindAsk:
		return StateAsk
	case kindList:
		return StateList
	case kindDo:
		return StateDo
	case kindCases:
		return StateCases
	}
	return StateEnd
}

// written is the condition as it stands in the file, and "" for none.
func (g *guard) written() string {
	if g == nil {
		return ""
	}
	return g.node.Scalar()
}

func (t target) outline() TargetOutline { return TargetOutline{t.to, t.notice, t.pos} }

// outline says what may be typed into a slot.
func (s *slot) outline() SlotOutline {
	out := SlotOutline{
		Name: s.name, Pos: s.pos, Type: string(s.kind), Exempt: slices.Clone(s.exempt),
	}
	if s.ruleOf != "" {
		out.Rule = s.ruleOf + "." + s.rule
	}
	switch s.kind {
	case typeText, typeDigits:
		out.Min, out.Max = strconv.Itoa(s.min), strconv.Itoa(s.max)
	case typeMoney:
		out.Min, out.Max = s.least.String(), s.most.String()
	case typePIN:
		out.Max = strconv.Itoa(s.max)
	}
	return out
}

func wordings(all map[string]texts) map[string]Wording {
	out := make(map[string]Wording, len(all))
	for name, t := range all {
		out[name] = wording(t)
	}
	return out
}

// wording is a text in the languages in which it is written. One that is only spelled in other
// letters says nothing of its own.
func wording(t texts) Wording {
	if t == nil {
		return nil
	}
	out := make(Wording, len(t))
	for lang, text := range t {
		if text != nil && !text.spelled {
			out[lang] = Written{text.written(), text.node.Place()}
		}
	}
	return out
}

// written is the text with its placeholders, as it stands in the file, and with all its plural
// forms one after the other.
func (t *template) written() string {
	name := func(name string) string { return "{" + name + "}" }
	if t.forms == nil {
		return t.expand(name)
	}
	out := []string{"by " + t.forms.by.name}
	for _, c := range categories() {
		if form := t.forms.form[c.form]; form != nil {
			out = append(out, c.name+": "+form.expand(name))
		}
	}
	return strings.Join(out, ", ")
}
