package menu

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
)

// A Program is a checked menu. It is immutable and safe for concurrent use.
type Program struct {
	revision  string
	content   [sha256.Size]byte
	service   string
	languages []string
	latinOf   map[string]string // a transliterated language -> the one it is made from
	limits    limits
	keys      keys
	nav       map[string]texts // by name of the key: back, home, more
	entries   map[Entry]string
	shortcuts string // state where the answers of a dialled string begin, "" for any
	moved     []move
	errors    map[string]texts // by code
	slots     map[string]*slot
	chosen    map[string]string // list slot -> list
	states    map[string]*state
	order     []string // of states, as they were read
	sms       map[string]message
	patterns  map[string]*regexp.Regexp // of all rules
	index     map[string][]entry        // of the lists in which something is looked for
	env       Environment
	placed    map[string]source.Pos // "kind name" -> where it was first
}

// limits is how many units a screen holds.
type limits struct{ gsm7, ucs2 int }

func (l limits) of(a charset.Alphabet) int {
	if a == charset.GSM7 {
		return l.gsm7
	}
	return l.ucs2
}

// keys are what a subscriber types to move about.
type keys struct{ back, home, more string }

func (k keys) has(key string) bool { return key == k.back || key == k.home || key == k.more }

// message is the text of one kind of SMS.
type message struct {
	pos    source.Pos
	texts  texts
	fields map[string]widths
}

// stateKind is the one thing that a state does.
type stateKind uint8

const (
	kindBroken stateKind = iota
	kindOptions
	kindAsk
	kindList
	kindDo
	kindEnd
	kindCases
)

// state is one state of the menu.
type state struct {
	name   string
	pos    source.Pos
	kind   stateKind
	text   texts // the prompt or the end screen; nil when there is none
	errors map[string]texts
	inline bool // the text itself says the back key

	options []option
	ask     string // a slot
	list    string
	as      string // the slot that takes the chosen item's id
	pick    selection
	letters letters
	next    target // after ask and list
	confirm string // the do state that makes the offer shown here

	do   string
	with []argument
	on   map[string]target

	cases []branch

	// place is where the keys of the state are, for findings.
	place map[string]source.Pos

	// What the proof found out, and what rendering cuts values to.
	widths       map[string]widths
	noticeWidths map[string]map[string]widths // by notice
}

// screen reports whether the state shows something.
func (s *state) screen() bool {
	return s.kind != kindDo && s.kind != kindCases && s.kind != kindBroken
}

// rows returns the texts of the options.
func (s *state) rows() []texts {
	var out []texts
	for _, o := range s.options {
		out = append(out, o.text)
	}
	return slices.Clip(out)
}

// option is one answer of an options state.
type option struct {
	key  string
	pos  source.Pos
	text texts // nil: the key works but is not printed
	when *guard
	set  []setting
	next target
}

// setting gives a slot a literal value; lang is the dialogue's language.
type setting struct {
	name, value string
	pos         source.Pos
}

// Targets that are no states.
const (
	targetHome   = "@home"
	targetBack   = "@back"
	targetResume = "@resume"
)

// target is where an edge leads.
type target struct {
	to     string
	notice string // shown there in place of the prompt, or ""
	pos    source.Pos
}

// argument is one thing that `with:` gives to an action.
type argument struct {
	name    string
	from    string // a slot, a value or an item's value
	literal string // instead of from
	pos     source.Pos
}

// Revision identifies the content of the menu: 12 hexadecimal digits.
func (p *Program) Revision() string { return p.revision }

// Content is the content sum of the menu's files, of which Revision is the beginning.
func (p *Program) Content() [sha256.Size]byte { return p.content }

// Service is the code that is dialled: "*900#".
func (p *Program) Service() string { return p.service }

// TakesShortcut reports whether the answers of a dialled string may be given to the screen of pos,
// the first of a dialogue: `shortcuts` names it, or nothing.
func (p *Program) TakesShortcut(pos Position) bool {
	if p.shortcuts == "" {
		return true
	}
	n := len(pos.Stack)
	return n > 0 && pos.Stack[n-1].State == p.shortcuts
}

// Languages returns the languages of the menu, those that are only transliterated last. The first
// is the default.
func (p *Program) Languages() []string { return slices.Clone(p.languages) }

// States returns the names of all states in the order of the files.
func (p *Program) States() []string { return slices.Clone(p.order) }

// SMS makes the text of a kind of message. Every field that the text shows must be given; a
// language that the menu does not have is the default one. A value that is wider than the wallet
// declared is cut.
func (p *Program) SMS(kind, lang string, fields map[string]string) (string, error) {
	m, ok := p.sms[kind]
	if !ok {
		return "", fmt.Errorf("menu: sms: no kind %q", kind)
	}
	l := p.language(lang)
	text := m.texts[p.languages[l]]
	for _, h := range text.holders() {
		if _, ok := fields[h.name]; !ok {
			return "", fmt.Errorf("menu: sms: %s: no field %q", kind, h.name)
		}
	}
	return text.expand(func(name string) string {
		return m.fields[name][l].cut(p.spell(p.languages[l], fields[name]))
	}), nil
}

// language returns the index of lang. One that is not known is that which it is another spelling
// of, "ru" for "ru-latn", or else the default, 0.
func (p *Program) language(lang string) int {
	i := slices.Index(p.languages, lang)
	if base, _, derived := strings.Cut(lang, "-"); i < 0 && derived {
		i = slices.Index(p.languages, base)
	}
	return max(0, i)
}

// item returns the item that was chosen into a list slot. It looks in the sub-list that the other
// slots select, then everywhere: an outcome may have set the slot.
func (p *Program) item(slotName string, slots map[string]string) (Item, bool) {
	def, ok := p.env.Lists[p.chosen[slotName]]
	id := slots[slotName]
	if !ok || id == "" {
		return Item{}, false
	}
	for _, it := range def.Items[p.selector(def, slots)] {
		if it.ID == id {
			return it, true
		}
	}
	for _, key := range sortedKeys(def.Items) {
		for _, it := range def.Items[key] {
			if it.ID == id {
				return it, true
			}
		}
	}
	return Item{}, false
}

// selector returns the key of the sub-list that slots select.
func (p *Program) selector(def ListDef, slots map[string]string) string {
	if def.Of == "" {
		return ""
	}
	return slots[def.Of]
}

// errorText returns the text of an error code in a state, or nil.
func (p *Program) errorText(s *state, code string) texts {
	if t := s.errors[code]; t != nil {
		return t
	}
	return p.errors[code]
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
