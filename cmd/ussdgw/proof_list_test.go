package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// finds reports whether a list state looks for its items in all sub-lists.
func (s *writtenState) finds() bool { return s.says("only") != "" || s.says("match") != "" }

// items are what a list state shows, with the numbers that are typed.
func (w *shipped) items(s *writtenState, slots map[string]string) []menu.Item {
	if s.finds() {
		key := s.name + "|" + slots[s.says("only")] + "|" + slots[s.says("match")]
		if _, known := w.found[key]; !known {
			w.found[key] = w.foundItems(s, slots)
		}
		return w.found[key]
	}
	def := w.env.Lists[s.says("list")]
	rest := def.Items[slots[def.Of]]
	var out []menu.Item
	for _, name := range s.node.Field("top").Items() {
		first := named(rest, name.Scalar(), slots)
		out = append(out, first...)
		rest = slices.DeleteFunc(slices.Clone(rest), func(it menu.Item) bool {
			return slices.ContainsFunc(first, func(o menu.Item) bool { return o.ID == it.ID })
		})
	}
	return append(out, rest...)
}

// named are the items that `only` or `top` names: in their own order, or in that of the value.
func named(all []menu.Item, name string, slots map[string]string) []menu.Item {
	var out []menu.Item
	if name == "promoted" {
		return slices.DeleteFunc(slices.Clone(all), func(it menu.Item) bool { return !it.Promoted })
	}
	for id := range strings.FieldsSeq(slots[name]) {
		is := func(it menu.Item) bool { return it.ID == id }
		if i := slices.IndexFunc(all, is); i >= 0 && !slices.ContainsFunc(out, is) {
			out = append(out, all[i])
		}
	}
	return out
}

// everyItem are the items of all sub-lists, in the order of the items that select these.
func (w *shipped) everyItem(list string) []menu.Item {
	def := w.env.Lists[list]
	if def.Of == "" {
		return def.Items[""]
	}
	var out []menu.Item
	for _, selector := range w.everyItem(w.written.chosen[def.Of]) {
		out = append(out, def.Items[selector.ID]...)
	}
	return out
}

// selects is the ID that selects the sub-list with an item.
func (w *shipped) selects(list, id string) string {
	for selector, items := range w.env.Lists[list].Items {
		if slices.ContainsFunc(items, func(it menu.Item) bool { return it.ID == id }) {
			return selector
		}
	}
	return ""
}

// foundItems are those of a list state that finds them: the best first, numbered from 1 on.
func (w *shipped) foundItems(s *writtenState, slots map[string]string) []menu.Item {
	all := w.everyItem(s.says("list"))
	if only := s.says("only"); only != "" {
		all = named(all, only, slots)
	}
	if match := s.says("match"); match != "" {
		how := make(map[string]int)
		for _, it := range all {
			how[it.ID] = answers(it, slots[match])
		}
		all = slices.DeleteFunc(slices.Clone(all), func(it menu.Item) bool {
			return how[it.ID] == answersNot
		})
		slices.SortStableFunc(all, func(a, b menu.Item) int { return cmp.Compare(how[a.ID], how[b.ID]) })
	}
	all = slices.Clone(all[:min(len(all), menu.MaxFound)])
	for i := range all {
		all[i].Number = i + 1
	}
	return all
}

// queries are what is typed to find items of a list: letters that every kind of answer is found by,
// in either alphabet, the two letters that find the most, and letters that find nothing.
func (w *shipped) queries(list string) []string {
	all := w.everyItem(list)
	var whole, inside, foreign, most string
	hits := make(map[string]int)
	for _, it := range all {
		label := []rune(strings.ToLower(it.Label["ru"]))
		if len(label) < 6 || strings.ContainsAny(string(label), " .-") {
			continue
		}
		if _, limit := room(string(label)); limit == roomUTF16 {
			whole, inside = string(label[:4]), string(label[2:5])
			foreign = inLatinLetters(string(label[:4]), "ru")
		}
		for i := range len(label) - 1 {
			hits[string(label[i:i+2])]++
		}
	}
	for _, pair := range slices.Sorted(maps.Keys(hits)) {
		if hits[pair] > hits[most] {
			most = pair
		}
	}
	return []string{whole, inside, foreign, most, "щфщф"}
}

// idsOf are values that name items of a list: those that take the most room, and none.
func (w *shipped) idsOf(list string) []string {
	all := slices.Clone(w.everyItem(list))
	slices.SortStableFunc(all, func(a, b menu.Item) int {
		return cmp.Compare(utf8.RuneCountInString(b.Label["ru"]), utf8.RuneCountInString(a.Label["ru"]))
	})
	var ids []string
	for _, it := range all[:min(len(all), 8)] {
		ids = append(ids, it.ID)
	}
	return []string{strings.Join(ids, " "), "no_such_item"}
}

// idValues are the values that lists take IDs from, with the list.
func (w *shipped) idValues() map[string]string {
	out := make(map[string]string)
	for _, s := range w.written.states {
		names := append([]*source.Node{s.node.Field("only")}, s.node.Field("top").Items()...)
		for _, n := range names {
			if n != nil && n.Scalar() != "promoted" {
				out[n.Scalar()] = s.says("list")
			}
		}
	}
	return out
}
