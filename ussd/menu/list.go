package menu

import (
	"cmp"
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/wallet/pin"
)

// MaxFound is how many items a list with `only` or `match` shows at most.
const MaxFound = 20

// promotedItems stands, in `only` and `top`, for the items that are promoted.
const promotedItems = "promoted"

// A selection says which items a list state shows and in what order. The zero value is a whole
// sub-list in its own order.
type selection struct {
	only  string   // promotedItems, a value that holds IDs, or ""
	match string   // a text slot, or ""
	top   []string // promotedItems and values that hold IDs: they are printed first
	none  target   // where to go when nothing is found
}

// finds reports whether the items are found in all sub-lists. Their keys are their positions then.
func (sel selection) finds() bool { return sel.only != "" || sel.match != "" }

// anywhere reports whether an item can stand at any place of the list.
func (sel selection) anywhere() bool { return sel.finds() || len(sel.top) > 0 }

// letters is where a word leads that is typed at a screen of numbers.
type letters struct {
	as    string // a text slot
	asPos source.Pos
	next  target
}

// An entry of a list's index is one item with what it takes to find it.
type entry struct {
	item   Item
	sub    string   // the sub-list that it is in
	plain  []string // its labels in every language, by spelling
	latin  []string
	placed int // among the items of all sub-lists
}

// indexed makes the index of a list: the items of all sub-lists, in the order of the items that
// select them. An ID that is in two sub-lists is there once.
func indexed(def ListDef, selectors []Item) []entry {
	keys := make([]string, 0, len(def.Items))
	for _, it := range selectors {
		if _, ok := def.Items[it.ID]; ok && !slices.Contains(keys, it.ID) {
			keys = append(keys, it.ID)
		}
	}
	for _, key := range sortedKeys(def.Items) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	var out []entry
	seen := make(map[string]bool)
	for _, key := range keys {
		for _, it := range def.Items[key] {
			if seen[it.ID] {
				continue
			}
			seen[it.ID] = true
			e := entry{item: it, sub: key, placed: len(out)}
			for _, lang := range sortedKeys(it.Label) {
				plain, latin := spellings(it.Label[lang])
				e.plain, e.latin = append(e.plain, plain), append(e.latin, latin)
			}
			out = append(out, e)
		}
	}
	return out
}

// How well an item answers a search, the best first.
const (
	matchPrefix = iota // a label begins with what was typed
	matchWord          // a word does
	matchInside
	matchNone
)

// matches tells how well an item answers a search.
func (e entry) matches(plain, latin string) int {
	best := matchNone
	for i := range e.plain {
		best = min(best, matchOf(e.plain[i], plain), matchOf(e.latin[i], latin))
	}
	return best
}

func matchOf(label, typed string) int {
	switch {
	case typed == "" || !strings.Contains(label, typed):
		return matchNone
	case strings.HasPrefix(label, typed):
		return matchPrefix
	case strings.Contains(label, " "+typed):
		return matchWord
	}
	return matchInside
}

// listed reports whether an item is among those that `only` or `top` names, and at which place.
func listed(name string, it Item, ids []string) (place int, ok bool) {
	if name == promotedItems {
		return 0, it.Promoted
	}
	place = slices.Index(ids, it.ID)
	return place, place >= 0
}

// find returns what a list state finds, the best first, at most MaxFound. It depends on the slots
// and on nothing else.
func (p *Program) find(s *state, slots map[string]string) []entry {
	type hit struct {
		entry
		rank, place int
	}
	var hits []hit
	plain, latin := spellings(slots[s.pick.match])
	ids := strings.Fields(slots[s.pick.only])
	for _, e := range p.index[s.list] {
		h := hit{entry: e}
		ok := true
		if s.pick.only != "" {
			h.place, ok = listed(s.pick.only, e.item, ids)
		}
		if ok && s.pick.match != "" {
			h.rank = e.matches(plain, latin)
		}
		if ok && h.rank != matchNone {
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.place, b.place),
			cmp.Compare(a.placed, b.placed))
	})
	hits = hits[:min(len(hits), MaxFound)]
	out := make([]entry, len(hits))
	for i, h := range hits {
		out[i] = h.entry
		out[i].item.Number = i + 1
	}
	return out
}

// items returns what a list state shows, with the numbers that are typed.
func (p *Program) items(s *state, slots map[string]string) []Item {
	if s.pick.finds() {
		var out []Item
		for _, e := range p.find(s, slots) {
			out = append(out, e.item)
		}
		return out
	}
	def := p.env.Lists[s.list]
	return s.pick.topped(def.Items[p.selector(def, slots)], slots)
}

// topped moves the items that `top` names to the front.
func (sel selection) topped(items []Item, slots map[string]string) []Item {
	if len(sel.top) == 0 {
		return items
	}
	type placed struct {
		item         Item
		group, place int
	}
	all := make([]placed, len(items))
	for i, it := range items {
		all[i] = placed{item: it, group: len(sel.top)}
		for g, name := range sel.top {
			if place, ok := listed(name, it, strings.Fields(slots[name])); ok {
				all[i].group, all[i].place = g, place
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.place, b.place))
	})
	out := make([]Item, len(all))
	for i, a := range all {
		out[i] = a.item
	}
	return out
}

// take puts a chosen item into the slot of its list. One that was found sets the slot that
// selects its sub-list too, as if the subscriber had come through there.
func (p *Program) take(pos Position, s *state, it Item) {
	set(pos, s.as, it.ID)
	of := p.env.Lists[s.list].Of
	if !s.pick.finds() || of == "" {
		return
	}
	for _, e := range p.index[s.list] {
		if e.item.ID == it.ID {
			set(pos, of, e.sub)
			return
		}
	}
}

// nothing reports whether a list state would find no item, so that `none` says where to go.
func (p *Program) nothing(pos Position, s *state) bool {
	return s.kind == kindList && s.pick.finds() && len(p.find(s, pos.Slots)) == 0
}

// word takes letters that are typed at a screen of numbers, if its state wants them and their slot
// accepts them.
func (p *Program) word(pos Position, s *state, typed string) (Result, bool) {
	sl := p.slots[s.letters.as]
	if sl == nil || sl.secret() {
		return Result{}, false
	}
	value, refusal := sl.check(typed, Rule{}, nil)
	if refusal != "" {
		return Result{}, false
	}
	set(pos, sl.name, value)
	return p.follow(pos, s.letters.next, pin.Secret{}, false), true
}

// selecting reads what a list state says of the items that it shows.
func (l *loading) selecting(s *state, found map[string]*source.Node) {
	for key, to := range map[string]*string{"only": &s.pick.only, "match": &s.pick.match} {
		if n := found[key]; n != nil {
			*to = n.Scalar()
			s.place[key] = n.Place()
			if !isName(*to) {
				l.r.Errorf(n.Place(), codeName, "%q is no name of a value", *to)
				*to = ""
			}
		}
	}
	if n := found["top"]; n != nil {
		s.place["top"] = n.Place()
		if len(n.Items()) == 0 {
			l.r.Errorf(n.Place(), codeFind, "top is a list of names, such as [promoted]")
		}
		for _, item := range n.Items() {
			s.pick.top = append(s.pick.top, item.Scalar())
			s.place["top."+item.Scalar()] = item.Place()
		}
	}
	s.pick.none = l.target(found["none"])
}

// lettered reads `letters:`.
func (l *loading) lettered(s *state, n *source.Node) {
	if n == nil {
		return
	}
	found := n.Object(l.r, "letters", "as", "goto")
	for _, key := range []string{"as", "goto"} {
		if n.Is(source.Map) && found[key] == nil {
			l.r.Errorf(n.Place(), codeState, "letters lacks %q", key)
		}
	}
	s.letters = letters{found["as"].Scalar(), found["as"].Place(), l.target(found["goto"])}
}

// longest returns the items of a list state that take the most room.
func (p *Program) longest(s *state, lang string) []Item {
	var items []Item
	if !s.pick.finds() {
		def := p.env.Lists[s.list]
		for _, key := range sortedKeys(def.Items) {
			if len(def.Items[key]) > len(items) {
				items = def.Items[key]
			}
		}
		return s.pick.topped(items, nil)
	}
	for _, e := range p.index[s.list] {
		if s.pick.only != promotedItems || e.item.Promoted {
			items = append(items, e.item)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Compare(len([]rune(p.pick(b.Label, lang))), len([]rune(p.pick(a.Label, lang))))
	})
	items = items[:min(len(items), MaxFound)]
	for i := range items {
		items[i].Number = i + 1
	}
	return items
}
