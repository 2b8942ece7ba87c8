package menu

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"ussdgw/wallet/pin"
)

// Bounds of a Position.
const (
	// MaxStack is how many visits a Position keeps, those of what is interrupted included. Older
	// ones are forgotten: back does not go there any more.
	MaxStack = 32
	// MaxValues is how many slots a Position keeps: those of a dialogue and of what interrupts it.
	MaxValues = 2 * MaxSlots
)

// held is the first letter of the names of slots that belong to an interrupted dialogue.
const held = "^"

// Begin starts a dialogue at an entry. values are set before: what the entry's screens show.
func (p *Program) Begin(lang string, e Entry, values map[string]string) Result {
	pos := Position{Slots: make(map[string]string)}
	return p.enter(p.begun(pos, lang), e, values)
}

// begun returns pos with this program's revision and a language that it has.
func (p *Program) begun(pos Position, lang string) Position {
	pos.Revision = p.revision
	pos.Lang = p.languages[p.language(lang)]
	return pos
}

// Interrupt shows an entry on top of what the dialogue shows now. @resume returns there, with the
// slots as they were. The same entry interrupts a dialogue once: a second time it takes its own
// place. The entry `resume` takes every other interruption off first.
func (p *Program) Interrupt(pos Position, e Entry, values map[string]string) Result {
	pos = p.own(pos)
	for interruption(pos) >= 0 {
		if e != EntryResume && !interruptedBy(pos, e) {
			break
		}
		pos = p.uninterrupted(pos)
	}
	if len(pos.Stack) == 0 {
		return p.Begin(pos.Lang, e, values)
	}
	slots := make(map[string]string, len(pos.Slots))
	for name, v := range pos.Slots {
		slots[held+name] = v
	}
	pos.Slots = slots
	pos.Pending = ""
	pos.Stack = push(pos.Stack, Visit{State: targetResume, Notice: string(e)})
	return p.enter(pos, e, values)
}

// interruptedBy reports whether the entry e has interrupted the dialogue.
func interruptedBy(pos Position, e Entry) bool {
	return slices.Contains(pos.Stack, Visit{State: targetResume, Notice: string(e)})
}

// uninterrupted takes the last interruption off, if there is one.
func (p *Program) uninterrupted(pos Position) Position {
	i := interruption(pos)
	if i < 0 {
		return pos
	}
	slots := make(map[string]string)
	for name, v := range pos.Slots {
		if own, ok := strings.CutPrefix(name, held); ok {
			slots[own] = v
		}
	}
	pos.Slots, pos.Stack, pos.Pending = slots, pos.Stack[:i], ""
	return pos
}

// interruption returns the index of the mark that the last Interrupt left, or -1.
func interruption(pos Position) int {
	for i := len(pos.Stack) - 1; i >= 0; i-- {
		if pos.Stack[i].State == targetResume {
			return i
		}
	}
	return -1
}

// previous returns the index of the screen that back leads to, or -1.
func previous(pos Position) int {
	i := len(pos.Stack) - 2
	if i < 0 || pos.Stack[i].State == targetResume {
		return -1
	}
	return i
}

// enter goes to an entry's state.
func (p *Program) enter(pos Position, e Entry, values map[string]string) Result {
	name, ok := p.entries[e]
	if !ok {
		name = p.entries[EntryUnavailable]
	}
	for _, k := range sortedKeys(values) {
		set(pos, k, values[k])
	}
	return p.follow(pos, target{to: name}, pin.Secret{}, false)
}

// set gives a slot a value. A Position that is full takes no new ones.
func set(pos Position, name, value string) {
	if _, ok := pos.Slots[name]; ok || len(pos.Slots) < MaxValues {
		pos.Slots[name] = cleanValue(value)
	}
}

// own returns a copy of pos that shares nothing with it, with this program's languages only.
func (p *Program) own(pos Position) Position {
	pos.Stack = slices.Clone(pos.Stack[max(0, len(pos.Stack)-MaxStack):])
	pos.Slots = maps.Clone(pos.Slots)
	if pos.Slots == nil {
		pos.Slots = make(map[string]string)
	}
	return p.begun(pos, pos.Lang)
}

// shows reports whether the top of the stack is a screen of this program.
func (p *Program) shows(pos Position) bool {
	if len(pos.Stack) == 0 {
		return false
	}
	s := p.states[pos.Stack[len(pos.Stack)-1].State]
	return s != nil && s.screen()
}

// top returns the state on display. Call it only when shows is true.
func (p *Program) top(pos Position) *state {
	return p.states[pos.Stack[len(pos.Stack)-1].State]
}

// Show returns what pos shows, again. A Position of no screen shows the entry `over`.
func (p *Program) Show(pos Position) Result {
	pos = p.own(pos)
	if !p.shows(pos) {
		return p.Begin(pos.Lang, EntryOver, nil)
	}
	return Result{Position: pos, Screen: p.render(pos)}
}

// Secret reports whether the screen on display asks for a secret.
func (p *Program) Secret(pos Position) bool {
	return p.shows(pos) && p.slots[p.top(pos).ask].secret()
}

// Step takes what the subscriber typed at the screen on display. It never panics, whatever pos
// and typed are: a pos that shows nothing, or an end, gives the entry `over`. typed is not wiped
// and, at a secret screen, nowhere kept but in Action.Secrets.
func (p *Program) Step(pos Position, typed pin.Secret) Result {
	pos = p.own(pos)
	if !p.shows(pos) || p.top(pos).kind == kindEnd {
		return p.Begin(pos.Lang, EntryOver, nil)
	}
	pos.Pending = ""
	s := p.top(pos)
	if r, done := p.navigate(pos, s, typed.Reveal()); done {
		return r
	}
	switch s.kind {
	case kindOptions:
		for _, o := range p.offered(pos, s) {
			if string(typed.Reveal()) == o.key {
				return p.choose(pos, o)
			}
		}
	case kindList:
		for _, it := range p.items(s, pos.Slots) {
			if string(typed.Reveal()) == strconv.Itoa(it.Number) {
				p.take(pos, s, it)
				return p.follow(pos, s.next, pin.Secret{}, false)
			}
		}
	case kindAsk:
		return p.answer(pos, s, typed)
	}
	if r, ok := p.word(pos, s, string(typed.Reveal())); ok {
		return r
	}
	return p.refuse(pos, refuseOption)
}

// navigate takes the keys for back, home and more, unless the slot that is asked exempts them.
func (p *Program) navigate(pos Position, s *state, typed []byte) (Result, bool) {
	visit := &pos.Stack[len(pos.Stack)-1]
	key := string(typed) // the compiler keeps what it compares off the heap
	if sl := p.slots[s.ask]; sl != nil && slices.Contains(sl.exempt, key) {
		return Result{}, false
	}
	switch key {
	case p.keys.home:
		return p.leave(pos, s, targetHome), true
	case p.keys.more:
		if n := p.render(pos); n.Page < n.Pages {
			visit.Page = n.Page
			return Result{Position: pos, Screen: p.render(pos)}, true
		}
	case p.keys.back:
		if n := p.render(pos); n.Page > 1 {
			visit.Page = n.Page - 2
			return Result{Position: pos, Screen: p.render(pos)}, true
		}
		if previous(pos) >= 0 {
			return p.leave(pos, s, targetBack), true
		}
		return p.refuse(pos, p.fallback(s)), true
	}
	return Result{}, false
}

// fallback is the code that a navigation key is refused with where it leads nowhere.
func (p *Program) fallback(s *state) string {
	if sl := p.slots[s.ask]; sl != nil {
		return sl.refusals()[0]
	}
	return refuseOption
}

// HangUp returns the action that withdraws what the screen on display has offered, and whether
// there is one. It is for a dialogue that has ended there; nobody waits for its outcome.
func (p *Program) HangUp(pos Position) (Action, bool) {
	if len(pos.Stack) == 0 {
		return Action{}, false
	}
	return p.withdrawal(p.states[pos.Stack[len(pos.Stack)-1].State])
}

// withdrawal is the action that ends the offer of a confirm screen.
func (p *Program) withdrawal(s *state) (Action, bool) {
	if s == nil {
		return Action{}, false
	}
	maker := p.states[s.confirm]
	if maker == nil {
		return Action{}, false
	}
	name := p.env.Actions[maker.do].Withdraw
	return Action{State: s.name, Name: name}, name != ""
}

// leave goes back or home. The offer of a confirm screen is withdrawn first.
func (p *Program) leave(pos Position, s *state, to string) Result {
	if a, ok := p.withdrawal(s); ok {
		pos.Pending = to
		return Result{Position: pos, Action: &a}
	}
	return p.follow(pos, target{to: to}, pin.Secret{}, false)
}

// choose follows an option.
func (p *Program) choose(pos Position, o option) Result {
	for _, v := range o.set {
		if v.name == langSlot {
			pos = p.begun(pos, v.value)
			continue
		}
		set(pos, v.name, v.value)
	}
	return p.follow(pos, o.next, pin.Secret{}, false)
}

// answer takes the answer to an ask.
func (p *Program) answer(pos Position, s *state, typed pin.Secret) Result {
	sl := p.slots[s.ask]
	if sl.secret() {
		if code := sl.checkSecret(typed.Reveal()); code != "" {
			return p.refuse(pos, code)
		}
		return p.follow(pos, s.next, typed, false)
	}
	var rule Rule
	if it, ok := p.item(sl.ruleOf, pos.Slots); ok {
		rule = it.Rules[sl.rule]
	}
	value, code := sl.check(string(typed.Reveal()), rule, p.patterns[rule.Pattern])
	if code != "" {
		return p.refuse(pos, code)
	}
	set(pos, sl.name, value)
	return p.follow(pos, s.next, pin.Secret{}, false)
}

// refuse shows the screen on display again, with an error in place of its prompt.
func (p *Program) refuse(pos Position, code string) Result {
	visit := &pos.Stack[len(pos.Stack)-1]
	visit.Notice, visit.Page = code, 0
	return Result{Position: pos, Screen: p.render(pos), Refused: true}
}

// Resume takes the outcome of the action that pos.Pending waits for. An outcome that the menu
// does not handle or that chooses an item which its lists do not have, and a pos that waits for
// none, show the entry `unavailable`.
func (p *Program) Resume(pos Position, out Outcome) Result {
	pos = p.own(pos)
	if out.Lang != "" {
		pos = p.begun(pos, out.Lang)
	}
	pending := pos.Pending
	pos.Pending = ""
	if pending == targetBack || pending == targetHome {
		return p.follow(pos, target{to: pending}, pin.Secret{}, false)
	}
	s := p.states[pending]
	if s == nil || s.kind != kindDo {
		return p.unavailable(pos)
	}
	next, ok := s.on[out.Name]
	if !ok {
		return p.unavailable(pos)
	}
	def := p.env.Actions[s.do].Outcomes[out.Name]
	for _, v := range def.Sets {
		set(pos, v.Name, out.Values[v.Name])
		if _, known := p.item(v.Name, pos.Slots); p.chosen[v.Name] != "" && !known {
			return p.unavailable(pos) // an item of another revision: no screen could name it
		}
	}
	return p.follow(pos, next, pin.Secret{}, def.Offer)
}

// unavailable shows the entry for what does not work, on top of what is on display.
func (p *Program) unavailable(pos Position) Result {
	pos.Pending = ""
	return p.show(pos, target{to: p.entries[EntryUnavailable]})
}

// follow goes where an edge leads. secret is what the screen that is left asked for. offered says
// that the edge is an outcome that made an offer, which is the only way straight into a confirm
// screen: from everywhere else its offer is made anew first.
func (p *Program) follow(pos Position, t target, secret pin.Secret, offered bool) Result {
	switch t.to {
	case targetHome:
		return p.Begin(pos.Lang, EntryStart, nil)
	case targetBack:
		i := previous(pos)
		if i < 0 {
			return p.follow(pos, target{to: targetHome}, pin.Secret{}, false)
		}
		return p.again(pos, i)
	case targetResume:
		if interruption(pos) < 0 {
			return p.follow(pos, target{to: targetHome}, pin.Secret{}, false)
		}
		pos = p.uninterrupted(pos)
		return p.again(pos, len(pos.Stack)-1)
	}
	s := p.states[t.to]
	switch {
	case s == nil || s.kind == kindBroken:
		return p.unavailable(pos)
	case s.kind == kindCases:
		return p.follow(pos, p.decide(pos, s), pin.Secret{}, false)
	case s.kind == kindDo:
		return p.act(pos, s, secret)
	case s.confirm != "" && !offered:
		return p.offerAgain(pos, s)
	case p.nothing(pos, s):
		return p.follow(pos, s.pick.none, pin.Secret{}, false)
	}
	return p.show(pos, t)
}

// again shows the screen at index i of the stack once more, with its prompt.
func (p *Program) again(pos Position, i int) Result {
	if i < 0 {
		return p.Begin(pos.Lang, EntryStart, nil)
	}
	pos.Stack = pos.Stack[:i+1]
	visit := &pos.Stack[i]
	visit.Notice = ""
	s := p.states[visit.State]
	switch {
	case s == nil || !s.screen() || s.kind == kindEnd:
		return p.Begin(pos.Lang, EntryStart, nil)
	case s.confirm != "":
		return p.offerAgain(pos, s)
	case p.nothing(pos, s): // what it showed before has changed in the meantime
		pos.Stack = pos.Stack[:i]
		return p.follow(pos, s.pick.none, pin.Secret{}, false)
	}
	return Result{Position: pos, Screen: p.render(pos)}
}

// offerAgain runs the action that makes the offer of a confirm screen. The screen is off the
// stack until the outcome says that it may be shown.
func (p *Program) offerAgain(pos Position, s *state) Result {
	if i := visited(pos, s.name); i >= 0 {
		pos.Stack = pos.Stack[:i]
	}
	return p.act(pos, p.states[s.confirm], pin.Secret{})
}

// visited returns the index of a state on the stack, above an interruption, or -1.
func visited(pos Position, name string) int {
	for i := len(pos.Stack) - 1; i >= 0 && pos.Stack[i].State != targetResume; i-- {
		if pos.Stack[i].State == name {
			return i
		}
	}
	return -1
}

// show puts a screen on top of the stack, or goes back to where it is on the stack already.
func (p *Program) show(pos Position, t target) Result {
	if i := visited(pos, t.to); i >= 0 {
		pos.Stack = pos.Stack[:i]
	}
	pos.Stack = push(pos.Stack, Visit{State: t.to, Notice: t.notice})
	return Result{Position: pos, Screen: p.render(pos)}
}

// push adds a visit. A full stack forgets its oldest screen, but no mark of an interruption.
func push(stack []Visit, v Visit) []Visit {
	for i := 0; len(stack) >= MaxStack; {
		if stack[i].State == targetResume && i < len(stack)-1 {
			i++
			continue
		}
		stack = slices.Delete(stack, i, i+1)
	}
	return append(stack, v)
}

// act asks for an action. A value that it needs and that is not there makes it unavailable.
func (p *Program) act(pos Position, s *state, secret pin.Secret) Result {
	def := p.env.Actions[s.do]
	a := &Action{State: s.name, Name: s.do, Money: def.Money, Args: make(map[string]string)}
	for _, arg := range s.with {
		switch {
		case slices.Contains(def.Secrets, arg.name):
			if secret.Len() == 0 {
				return p.unavailable(pos)
			}
			a.Secrets = map[string]pin.Secret{arg.name: secret}
		case arg.from == "":
			a.Args[arg.name] = arg.literal
		default:
			v := p.argument(pos, arg.from)
			if v == "" {
				return p.unavailable(pos)
			}
			a.Args[arg.name] = v
		}
	}
	pos.Pending = s.name
	return Result{Position: pos, Action: a}
}

// argument returns what an action is given: the id of a chosen item, not its label.
func (p *Program) argument(pos Position, from string) string {
	if strings.Contains(from, ".") {
		return p.value(pos, from)
	}
	return pos.Slots[from]
}
