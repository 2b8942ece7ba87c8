package menu

import "strings"

// rules checks the rules of slots, and narrows a slot to the widest of its rules.
func (c *checking) rules() {
	for _, name := range sortedKeys(c.p.slots) {
		s := c.p.slots[name]
		if s.rule == "" {
			continue
		}
		list, ok := c.p.chosen[s.ruleOf]
		if !ok {
			c.r.Errorf(s.rulePos, codeRule, "%q is no slot that a list is chosen into", s.ruleOf)
			c.r.DidYouMean(s.ruleOf, sortedKeys(c.p.chosen))
			continue
		}
		known := make(map[string]bool)
		var longest int
		most, bounded := s.least, true
		var outside []Item
		for _, key := range sortedKeys(c.env.Lists[list].Items) {
			for _, it := range c.env.Lists[list].Items[key] {
				rule, ok := it.Rules[s.rule]
				for k := range it.Rules {
					known[k] = true
				}
				if s.excludes(rule) {
					outside = append(outside, it)
				}
				longest = max(longest, rule.MaxLen)
				most = max(most, rule.Max)
				bounded = bounded && ok && (rule.MaxLen > 0 || rule.Max > 0)
			}
		}
		if !known[s.rule] {
			c.r.Errorf(s.rulePos, codeRule, "the items of %q have no rule %q", list, s.rule)
			c.r.DidYouMean(s.rule, sortedKeys(known))
			continue
		}
		if len(outside) > 0 {
			c.outside(s, outside)
		}
		if bounded && s.kind == typeDigits && longest > 0 {
			s.max = min(s.max, longest)
		}
		if bounded && s.kind == typeMoney && most > s.least {
			s.most = min(s.most, most)
		}
	}
}

// outside reports a slot that refuses what its rule allows for some items.
func (c *checking) outside(s *slot, items []Item) {
	rule := items[0].Rules[s.rule]
	if s.kind == typeMoney {
		upper := "any amount"
		if rule.Max > 0 {
			upper = rule.Max.String()
		}
		c.r.Errorf(s.rulePos, codeRange, "%q takes %s to %s, and the slot %q only %s to %s",
			items[0].ID, rule.Min, upper, s.name, s.least, s.most)
	} else {
		c.r.Errorf(s.rulePos, codeRange, "%q takes up to %d digits, and the slot %q only %d",
			items[0].ID, rule.MaxLen, s.name, s.max)
	}
	if len(items) > 1 {
		var others []string
		for _, it := range items[1:min(len(items), 11)] {
			others = append(others, it.ID)
		}
		c.r.Help("%d more items lie outside the slot: %s", len(items)-1,
			strings.Join(others, ", "))
	}
}
