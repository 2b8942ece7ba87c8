package menu

import (
	"slices"
	"strings"
)

// What every confirm screen must show of the offer, as it was made.
const (
	valueAmount = "amount"
	valueFee    = "fee"
)

// money checks what keeps money and secrets safe: confirm screens, offers, PINs.
func (c *checking) money() {
	for _, name := range c.p.order {
		s := c.p.states[name]
		switch s.kind {
		case kindAsk:
			c.secretAsk(s)
			if s.confirm != "" {
				c.confirm(s)
			}
		case kindDo:
			c.secretAction(s)
			c.offers(s)
			if c.env.Actions[s.do].Money {
				c.moneyAction(s)
			}
		}
	}
}

// secretAsk checks that what is typed into a secret slot goes to an action that takes it.
func (c *checking) secretAsk(s *state) {
	if !c.p.slots[s.ask].secret() {
		return
	}
	to := c.p.states[s.next.to]
	if to == nil {
		if strings.HasPrefix(s.next.to, "@") {
			c.r.Errorf(s.next.pos, codeSecret, "the secret %q is asked for and then lost", s.ask)
		}
		return
	}
	for _, a := range to.with {
		if a.from == s.ask && slices.Contains(c.env.Actions[to.do].Secrets, a.name) {
			return
		}
	}
	c.r.Errorf(s.next.pos, codeSecret,
		"the secret %q must go to an action that takes it, and %q does not", s.ask, s.next.to)
}

// secretAction checks that an action gets its secret from the screen right before it.
func (c *checking) secretAction(s *state) {
	def := c.env.Actions[s.do]
	if len(def.Secrets) > 1 {
		c.r.Errorf(s.place["do"], codeSecret,
			"%s takes %d secrets, and a screen asks for one", s.do, len(def.Secrets))
		return
	}
	for _, a := range s.with {
		if !slices.Contains(def.Secrets, a.name) || !c.p.slots[a.from].secret() {
			continue // no secret at all has been reported
		}
		for _, e := range c.incoming(s) {
			if from := c.p.states[e.from]; !e.answered || from.ask != a.from {
				c.r.Errorf(e.pos, codeSecret,
					"%q needs the secret %q, which %q does not ask for right before",
					s.name, a.from, e.from)
			}
		}
		for _, entry := range Entries() {
			if c.p.entries[entry] == s.name {
				c.r.Errorf(c.placed["entry "+string(entry)], codeSecret,
					"%q needs a secret, and nobody has typed one at an entry", s.name)
			}
		}
	}
}

func (c *checking) incoming(s *state) []edge {
	var out []edge
	for _, i := range c.in[s.name] {
		out = append(out, c.edges[i])
	}
	return out
}

// confirm checks a confirm screen: its state that makes the offer, its PIN, its texts.
func (c *checking) confirm(s *state) {
	if sl := c.p.slots[s.ask]; sl != nil && !sl.pin() {
		c.r.Errorf(s.place["ask"], codeConfirm, "a confirm screen asks for a PIN, not %q", s.ask)
	}
	maker := c.p.states[s.confirm]
	if maker == nil {
		c.r.Errorf(s.place["confirm"], codeConfirm, "no state %q", s.confirm)
		c.r.DidYouMean(s.confirm, c.p.order)
		return
	}
	made := false
	for outcome, t := range maker.on {
		made = made || c.env.Actions[maker.do].Outcomes[outcome].Offer && t.to == s.name
	}
	if !made {
		c.r.Errorf(s.place["confirm"], codeConfirm, "%q makes no offer that leads to %q",
			s.confirm, s.name)
		return
	}
	for _, a := range maker.with {
		if a.literal != "" && slices.Contains(c.env.Actions[maker.do].Optional, a.name) {
			c.r.Errorf(s.place["confirm"], codeConfirm, "%q gives %q a text in quotes, and it is what"+
				" the screen does again by itself", s.confirm, a.name)
			c.r.Help("name the state that makes the offer without it: what was asked there is asked anew")
		}
	}
	wanted := c.confirmed(s, maker)
	c.confirmText(s, wanted, s.text, "the prompt")
	for _, e := range c.incoming(s) {
		if _, anew := e.sets[offerValue]; !anew {
			continue
		}
		if e.notice != "" {
			c.confirmText(s, wanted, c.p.errorText(s, e.notice), "the notice "+e.notice)
		}
		c.sameOffer(s, maker, e)
		c.ownValues(s, e, wanted)
	}
}

// confirmed names what the confirm screen s must show of the offers that a state makes.
func (c *checking) confirmed(s, maker *state) map[string]bool {
	wanted := map[string]bool{valueAmount: true, valueFee: true}
	for outcome, t := range maker.on {
		def := c.env.Actions[maker.do].Outcomes[outcome]
		if !def.Offer || t.to != s.name {
			continue
		}
		for _, name := range def.Confirm {
			if slices.ContainsFunc(def.Sets, func(v ValueDef) bool { return v.Name == name }) {
				wanted[name] = true
			} else if a := maker.given(name); a.from != "" {
				wanted[a.from] = true
			}
		}
	}
	return wanted
}

// ownValues checks that what the confirm screen s shows is of the offer that the way e brings, and
// not left over from the one before: the outcome sets it, or the action was given it.
func (c *checking) ownValues(s *state, e edge, wanted map[string]bool) {
	from := c.p.states[e.from]
	for _, name := range sortedKeys(wanted) {
		_, set := e.sets[name]
		given := slices.ContainsFunc(from.with, func(a argument) bool { return a.from == name })
		if !set && !given {
			c.r.Errorf(e.pos, codeConfirm, "%s brings an offer and no {%s}: %q would show that of"+
				" the offer before", e.outcome, name, s.name)
			sets := slices.DeleteFunc(sortedKeys(e.sets), func(n string) bool { return n == offerValue })
			c.r.Help("offer and show what %s sets: %s", e.outcome, strings.Join(sets, ", "))
		}
	}
}

// sameOffer checks that the way e into the confirm screen s makes the same offer as the state that
// makes it anew: from the same values. An action that is not the maker's, because it knows the
// offer, has no say in what it is not given. The amount is shown as it was offered.
func (c *checking) sameOffer(s, maker *state, e edge) {
	from := c.p.states[e.from]
	def := c.env.Actions[maker.do]
	for _, name := range slices.Concat(def.Args, def.Optional) {
		a, b := maker.given(name), from.given(name)
		same := a.from == b.from && (a.literal == b.literal || def.Literals[name] != nil &&
			!def.confirms(name))
		if name == valueAmount || same || (from.do != maker.do && (a.name == "" || b.name == "")) {
			continue
		}
		c.r.Errorf(e.pos, codeConfirm, "%q offers another %s than %q, which %q shows",
			e.from, name, maker.name, s.name)
	}
}

// confirms reports whether a confirm screen shows what the action was given as an argument.
func (d ActionDef) confirms(name string) bool {
	for _, o := range d.Outcomes {
		if slices.Contains(o.Confirm, name) {
			return true
		}
	}
	return false
}

// given returns what a do state gives as an argument, and the zero argument for nothing.
func (s *state) given(name string) argument {
	for _, a := range s.with {
		if a.name == name {
			return a
		}
	}
	return argument{}
}

// confirmText checks that a text shows everything that is to be confirmed, in every language.
func (c *checking) confirmText(s *state, wanted map[string]bool, t texts, what string) {
	for _, lang := range c.p.languages {
		if t[lang] == nil || t[lang].spelled {
			continue
		}
		for _, name := range sortedKeys(wanted) {
			if !t[lang].has(name) {
				c.r.Errorf(t[lang].node.Place(), codeConfirmText,
					"%s of the confirm screen %q does not show {%s} in %q",
					what, s.name, name, lang)
			}
		}
	}
}

// offers checks that every outcome that leaves an offer open leads to a confirm screen.
func (c *checking) offers(s *state) {
	for _, outcome := range sortedKeys(s.on) {
		t := s.on[outcome]
		to := c.p.states[t.to]
		if !c.env.Actions[s.do].Outcomes[outcome].Offer {
			continue
		}
		if (to != nil && to.confirm == "") || strings.HasPrefix(t.to, "@") {
			c.r.Errorf(t.pos, codeConfirm,
				"%s leaves an offer open, so it must lead to a confirm screen, and %q is none",
				outcome, t.to)
			continue
		}
		if _, anew := c.outcomeSets(c.env.Actions[s.do].Outcomes[outcome])[offerValue]; anew {
			continue
		}
		for _, e := range c.incoming(s) {
			if to != nil && e.from != t.to {
				c.r.Errorf(t.pos, codeConfirm,
					"%s leaves the offer of %q open, so it must lead back there", outcome, e.from)
			}
		}
	}
}

// moneyAction checks that money moves only right after a confirm screen that asked the PIN.
func (c *checking) moneyAction(s *state) {
	operation := c.env.Actions[s.do].Operation
	for _, e := range c.incoming(s) {
		from := c.p.states[e.from]
		if from.confirm == "" || !e.answered {
			c.r.Errorf(e.pos, codeMoney,
				"%q moves money and %q is no confirm screen", s.name, e.from)
			continue
		}
		maker := c.p.states[from.confirm]
		if maker == nil || maker.kind != kindDo {
			continue // reported as such
		}
		if offered := c.env.Actions[maker.do]; offered.Operation != operation &&
			offered.Operation != "" {
			c.r.Errorf(e.pos, codeMoney, "%s moves the money of another operation than %s offers",
				s.do, maker.do)
		}
	}
	for _, entry := range Entries() {
		if c.p.entries[entry] == s.name {
			c.r.Errorf(c.placed["entry "+string(entry)], codeMoney,
				"%q moves money and cannot be an entry", s.name)
		}
	}
	offered, secret := false, false
	for _, a := range s.with {
		offered = offered || (a.name == offerValue && a.from == offerValue)
		secret = secret || c.p.slots[a.from].pin()
	}
	if !offered {
		c.r.Errorf(s.pos, codeMoney, "%q moves money without `offer: offer`", s.name)
	}
	if !secret {
		c.r.Errorf(s.pos, codeMoney, "%q moves money without the PIN of its confirm screen", s.name)
	}
}
