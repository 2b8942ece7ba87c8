package menu

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// slotTypes reads the slots of all files.
func (l *loading) slotTypes() {
	for _, section := range l.raw["slots"] {
		for _, f := range l.fields(section, "slots") {
			if l.once("slot", f) {
				l.p.slots[f.Key] = l.slot(f)
			}
		}
	}
}

// slotKeys are the keys of a slot by its type.
func slotKeys(t slotType) []string {
	all := []string{"type", "exempt"}
	switch t {
	case typeText:
		return append(all, "min", "max")
	case typeDigits, typeMoney:
		return append(all, "min", "max", "rule")
	case typePIN:
		return append(all, "length")
	}
	return all
}

// slot reads one slot. A faulty one gets bounds that let the rest be checked.
func (l *loading) slot(f source.Field) *slot {
	s := &slot{name: f.Key, pos: f.KeyPos, kind: typeDigits, min: 1, max: maxDigits}
	if f.Key == offerValue || f.Key == langSlot {
		l.r.Errorf(f.KeyPos, codeSlot, "%q has a meaning of its own and cannot be a slot", f.Key)
	}
	if !f.Value.Is(source.Map) {
		f.Value.Object(l.r, "a slot")
		return s
	}
	t := f.Value.Field("type")
	typed := t.Scalar()
	if !slices.Contains(slotTypes(), typed) {
		pos := f.KeyPos
		if t != nil {
			pos = t.Place()
		}
		l.r.Errorf(pos, codeSlot, "%q is no type of a slot", t.Scalar())
		l.r.DidYouMean(typed, slotTypes())
		if typed = source.Suggest(typed, slotTypes()); typed == "" {
			return s
		}
	}
	s.kind = slotType(typed) // or what was probably meant, so that nothing else is said of it
	found := f.Value.Object(l.r, "a slot of type "+typed, slotKeys(s.kind)...)
	l.slotBounds(s, found)
	if n := found["rule"]; n != nil {
		s.ruleOf, s.rule, _ = strings.Cut(n.Scalar(), ".")
		s.rulePos = n.Place()
		if !isName(s.ruleOf) || !isName(s.rule) {
			l.r.Errorf(n.Place(), codeRule, "a rule is written slot.rule, not %q", n.Scalar())
			s.ruleOf, s.rule = "", ""
		}
	}
	if n := found["exempt"]; n != nil {
		for _, item := range n.Items() {
			s.exempt = append(s.exempt, item.Scalar())
			if !l.p.keys.has(item.Scalar()) {
				l.r.Errorf(item.Place(), codeSlot, "%q is no navigation key", item.Scalar())
			}
		}
	}
	return s
}

func (l *loading) slotBounds(s *slot, found map[string]*source.Node) {
	switch s.kind {
	case typeText:
		s.min, s.max = 1, maxTextRunes
		l.lengths(s, found, maxTextRunes)
	case typeDigits:
		l.lengths(s, found, maxDigits)
	case typeMoney:
		s.least = 1
		s.most, _ = money.Parse(defaultMaxText)
		l.amount(found["min"], &s.least)
		l.amount(found["max"], &s.most)
		if s.least > s.most || s.least < 1 {
			l.r.Errorf(s.pos, codeSlot, "min must be above zero and not above max")
		}
	case typePIN:
		s.max = minPINLength
		if n := found["length"]; n != nil {
			if v, ok := l.number(n, minPINLength, maxPINLength); ok {
				s.max = v
			}
		}
		if l.env.PINLength > 0 {
			s.max = l.env.PINLength
		}
		s.min = s.max
	}
}

// lengths reads min and max of a text or of digits.
func (l *loading) lengths(s *slot, found map[string]*source.Node, most int) {
	if n := found["min"]; n != nil {
		if v, ok := l.number(n, 1, most); ok {
			s.min = v
		}
	}
	n := found["max"]
	if n == nil {
		l.r.Errorf(s.pos, codeSlot, "the slot %q needs a max", s.name)
		l.r.Help("without it nobody knows whether its value fits a screen")
		return
	}
	if v, ok := l.number(n, 1, most); ok {
		s.max = v
	}
	if s.min > s.max {
		l.r.Errorf(n.Place(), codeSlot, "min %d is above max %d", s.min, s.max)
	}
}

func (l *loading) amount(n *source.Node, to *money.Amount) {
	if n == nil {
		return
	}
	a, err := money.Parse(n.Scalar())
	if err != nil {
		l.r.Errorf(n.Place(), codeSlot, "%q is no amount of money", n.Scalar())
		return
	}
	*to = a
}
