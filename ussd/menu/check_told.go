package menu

// told checks that every outcome which the subscriber must come to know leads straight to a screen
// that says so.
func (c *checking) told() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		for _, outcome := range sortedKeys(s.on) {
			def := c.env.Actions[s.do].Outcomes[outcome]
			if len(def.Shows) > 0 || def.Ends {
				c.outcomeTold(s, outcome, def)
			}
		}
	}
}

func (c *checking) outcomeTold(s *state, outcome string, def OutcomeDef) {
	t := s.on[outcome]
	to := c.p.states[t.to]
	switch {
	case to == nil && !navigates(t.to), to != nil && to.kind == kindBroken:
		return // reported as such
	case to == nil, !to.screen(), to.confirm != "" && !def.Offer:
		c.r.Errorf(t.pos, codeUntold, "%s of %s must lead straight to a screen, and %q is none",
			outcome, s.do, t.to)
		return
	case def.Ends && to.kind != kindEnd:
		c.r.Errorf(t.pos, codeUntold, "%s of %s must end the dialogue, and %q goes on", outcome,
			s.do, t.to)
	}
	heading := to.text
	if t.notice != "" {
		heading = c.p.errorText(to, t.notice)
	}
	for _, value := range def.Shows {
		c.valueTold(s, outcome, value, heading)
	}
}

// valueTold checks that a screen shows one value of an outcome. Where no language does, the outcome
// leads to the wrong screen; else the text of a language lacks it.
func (c *checking) valueTold(s *state, outcome, value string, heading texts) {
	var without []string
	for _, lang := range c.p.languages {
		if heading[lang] != nil && !heading[lang].has(value) {
			without = append(without, lang)
		}
	}
	t := s.on[outcome]
	if len(without) == len(c.p.languages) || heading == nil {
		c.r.Errorf(t.pos, codeUntold, "%s of %s must be told, and %q does not show {%s}", outcome,
			s.do, t.to, value)
		return
	}
	for _, lang := range without {
		if heading[lang].spelled {
			continue
		}
		c.r.Errorf(heading[lang].node.Place(), codeUntold,
			"%s of %s must be told, and the text does not show {%s} in %q", outcome, s.do, value,
			lang)
	}
}
