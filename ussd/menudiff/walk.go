package menudiff

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// Bounds of the walk along the keys.
const (
	// MaxKeys is how many keys a path that is looked at has at most. A dialled string is shorter.
	MaxKeys = 16
	// MaxSteps is how many pairs of places the walk looks at.
	MaxSteps = 200_000
	// MaxMoves is how many moves a Diff has at most.
	MaxMoves = 500
)

// A Place is where keys lead: a state, and what was chosen or set by the last key.
type Place struct {
	State string // "" is nowhere
	Item  string // id of the item that was chosen last, or ""
	Label string // of that item, in the first language
	Set   string // what the option has set: "lang to ru", or ""
}

// String names the place as a person reads it.
func (p Place) String() string {
	switch {
	case p.State == "":
		return "nowhere"
	case p.Item != "":
		return fmt.Sprintf("%s for %s (%s)", p.State, p.Label, p.Item)
	case p.Set != "":
		return fmt.Sprintf("%s with %s", p.State, p.Set)
	}
	return p.State
}

// A Move is a path of keys that leads elsewhere than it did.
type Move struct {
	// From is the screen on which the first key is typed. "" is where the answers of a dialled
	// string begin.
	From string
	// Keys are typed one after the other. "<account>" stands for anything that the slot takes, and
	// "<provider>" for any item of a list.
	Keys []string
	// Outcome is the way the last action ended, or "" when it does not matter.
	Outcome     string
	Before, Now Place
	// Behind says that the next keys do not lead where they led either.
	Behind bool
	Pos    source.Pos // the screen or option, in the new files
}

// Path is the keys as they are dialled behind service: "*900*3*3*14*14#". A path that begins on a
// screen is "3 3 14 on the screen main".
func (m Move) Path(service string) string {
	if m.From != "" {
		return fmt.Sprintf("%s on the screen %s", strings.Join(m.Keys, " "), m.From)
	}
	base := strings.TrimSuffix(service, "#")
	if len(m.Keys) == 0 {
		return base + "#"
	}
	return base + "*" + strings.Join(m.Keys, "*") + "#"
}

// Says tells the move in one sentence.
func (m Move) Says(service string) string {
	after := ""
	if m.Outcome != "" {
		after = fmt.Sprintf(" (%s)", m.Outcome)
	}
	to := "nowhere"
	if m.Now.State != "" {
		to = "to " + m.Now.String()
	}
	text := fmt.Sprintf("%s%s led to %v, now leads %s", m.Path(service), after, m.Before, to)
	if m.Behind {
		text += ", with what is behind it"
	}
	return text
}

// node is a place with what matters for the way on from it.
type node struct {
	Place
	choices map[string]string // slot -> item, of the slots that lists depend on
}

// nowhere is the end of every path.
func (n node) nowhere() bool { return n.State == "" }

// id tells places apart that lead on in different ways.
func (n node) id() string {
	var b strings.Builder
	b.WriteString(n.State)
	for _, slot := range slices.Sorted(maps.Keys(n.choices)) {
		b.WriteString("," + slot + "=" + n.choices[slot])
	}
	return b.String()
}

// way is one key on a screen.
type way struct {
	key string
	to  node
	pos source.Pos
}

// ways returns where the keys of a place lead, in their order. Navigation keys are no ways, and
// what is typed into a secret slot is in no path.
func (o outline) ways(n node) []way {
	s := o.states[n.State]
	var out []way
	switch s.Kind {
	case menu.StateOptions:
		for _, opt := range s.Options {
			to := o.lead(n, opt.Next.To)
			if opt.Set != nil {
				to.Set = settings(opt.Set)
			}
			out = append(out, way{opt.Key, to, opt.Pos})
		}
	case menu.StateAsk:
		if !o.Secret(s.Ask) {
			out = append(out, way{"<" + s.Ask + ">", o.lead(n, s.Next.To), s.Next.Pos})
		}
	case menu.StateList:
		if s.Finds() { // what it finds depends on what was typed, or on the subscriber
			out = append(out, way{"<" + s.As + ">", o.lead(n, s.Next.To), s.Next.Pos})
			break
		}
		def := o.Lists[s.List]
		for _, it := range def.Items[n.choices[def.Of]] {
			to := o.lead(n, s.Next.To)
			to.Item, to.Label = it.ID, it.Label[o.Languages[0]]
			if o.selects(s.As) {
				to.choices = maps.Clone(to.choices)
				to.choices[s.As] = it.ID
			}
			out = append(out, way{strconv.Itoa(it.Number), to, s.Pos})
		}
	}
	if s.Letters.As != "" {
		out = append(out, way{"<" + s.Letters.As + ">", o.lead(n, s.Letters.Next.To), s.Letters.Next.Pos})
	}
	return out
}

// lead returns the place that a target is.
func (o outline) lead(n node, to string) node {
	return node{Place: Place{State: to}, choices: n.choices}
}

// selects reports whether a list depends on a slot.
func (o outline) selects(slot string) bool {
	for _, def := range o.Lists {
		if def.Of == slot {
			return true
		}
	}
	return false
}

// silent returns the ways out of a state that shows nothing, without those that bring an error.
func (o outline) silent(n node) []way {
	var out []way
	add := func(name string, t menu.TargetOutline) {
		if t.Notice == "" && t.To != "" && !strings.HasPrefix(t.To, "@") {
			out = append(out, way{name, o.lead(n, t.To), t.Pos})
		}
	}
	s := o.states[n.State]
	for _, outcome := range s.Outcomes {
		add(outcome.Name, outcome.Next)
	}
	for _, c := range s.Cases {
		name := c.When
		if name == "" {
			name = "otherwise"
		}
		add(name, c.Next)
	}
	return out
}

// screens returns the screens that n is or leads to without a key.
func (o outline) screens(n node) []string {
	var out []string
	seen := make(map[string]bool)
	var follow func(n node)
	follow = func(n node) {
		s, ok := o.states[n.State]
		if !ok || seen[n.State] {
			return
		}
		seen[n.State] = true
		if s.Screen() {
			out = append(out, n.State)
			return
		}
		for _, w := range o.silent(n) {
			follow(w.to)
		}
	}
	follow(n)
	return out
}

// pair is the same path in both menus.
type pair struct {
	old, now node
	from     string
	keys     []string
	apart    bool // the path is behind a move
}

func (p pair) id() string {
	return fmt.Sprint(p.old.id(), "|", p.now.id(), "|", p.apart)
}

// walking is the breadth-first walk of both menus along the same keys.
type walking struct {
	*comparison
	queue    []pair
	seen     map[string]bool
	visited  map[string]bool // old states
	reported map[string]bool
	steps    int
}

// walk finds the paths that lead elsewhere: first from where a dialled string begins, then from
// the screens that no dialled string reaches.
func (c *comparison) walk() {
	w := &walking{
		comparison: c, seen: make(map[string]bool), visited: make(map[string]bool),
		reported: make(map[string]bool),
	}
	w.step(pair{}, w.was.root(), w.is.root(), "", c.is.Settings["shortcuts"])
	w.movedPaths()
	w.run()
	for _, s := range c.was.States {
		if to := c.after(s.Name); to != "" && s.Screen() && !w.visited[s.Name] {
			start := map[string]string{}
			w.push(pair{
				old: node{Place{State: s.Name}, start}, now: node{Place{State: to}, start},
				from: s.Name,
			})
			w.run()
		}
	}
}

// movedPaths compares where the paths lead that `moved:` of either menu names. They may be longer
// ways to places that the walk has found by shorter ones.
func (w *walking) movedPaths() {
	for _, all := range [][]menu.MovedOutline{w.is.Moved, w.was.Moved} {
		for _, m := range all {
			pos := m.Pos
			if _, ok := w.is.movedTo(m.Path); !ok {
				pos = w.is.Settings["shortcuts"]
			}
			w.step(pair{keys: m.Path}, w.was.along(m.Path), w.is.along(m.Path), "", pos)
		}
	}
}

// movedTo returns where `moved:` sends a dialled string with exactly these keys.
func (o outline) movedTo(keys []string) (node, bool) {
	for _, m := range o.Moved {
		if slices.Equal(m.Path, keys) {
			return node{Place{State: m.Next.To}, map[string]string{}}, true
		}
	}
	return node{}, false
}

// along follows a path of keys from where dialled strings begin.
func (o outline) along(keys []string) node {
	n := o.root()
	for i, key := range keys {
		if to, ok := o.movedTo(keys[:i+1]); ok {
			n = to
			continue
		}
		n = o.answered(n, key)
	}
	return n
}

// answered is the place that a key leads to, behind actions that come before its screen.
func (o outline) answered(n node, key string) node {
	for _, screen := range o.screens(n) {
		for _, w := range o.ways(o.lead(n, screen)) {
			if w.key == key {
				return w.to
			}
		}
	}
	return node{}
}

// root is where the answers of a dialled string begin.
func (o outline) root() node {
	name := o.Shortcuts
	if name == "" {
		for _, e := range o.Entries {
			if e.Entry == menu.EntryStart {
				name = e.State
			}
		}
	}
	return node{Place{State: name}, map[string]string{}}
}

func (w *walking) push(p pair) {
	if id := p.id(); !w.seen[id] && len(p.keys) < MaxKeys && w.steps < MaxSteps {
		w.seen[id] = true
		w.steps++
		w.visited[p.old.State] = true
		w.queue = append(w.queue, p)
	}
}

func (w *walking) run() {
	for len(w.queue) > 0 {
		p := w.queue[0]
		w.queue = w.queue[1:]
		if s := w.was.states[p.old.State]; !s.Screen() {
			w.outcomes(p)
			continue
		}
		w.keys(p)
	}
}

// keys goes on along every key of a screen.
func (w *walking) keys(p pair) {
	now := make(map[string]way)
	if !p.now.nowhere() {
		for _, n := range w.is.ways(p.now) {
			now[n.key] = n
		}
	}
	pos := w.is.states[p.now.State].Pos
	whole := w.wholeList(p)
	for _, o := range w.was.ways(p.old) {
		n, ok := now[o.key]
		if !ok {
			n.pos = pos
		}
		if whole && n.to.Item == o.to.Item {
			n.pos = w.is.states[p.now.State].Next.Pos
			w.listed(p, o, n)
			continue
		}
		next := p
		next.keys = append(slices.Clone(p.keys), o.key)
		w.typed(next, o, n)
	}
}

// typed compares where a key leads, and where the string that ends with it does: `moved:` speaks of
// strings only.
func (w *walking) typed(p pair, o, n way) {
	if p.from == "" {
		if to, ok := w.was.movedTo(p.keys); ok {
			o.to = to
		}
		if to, ok := w.is.movedTo(p.keys); ok {
			if !w.together(o.to, n.to) && w.together(o.to, to) {
				w.kept(p, o.to, to, n.pos)
			}
			n.to = to
		}
	}
	w.step(p, o.to, n.to, "", n.pos)
}

// kept notes a path that leads where it led because of `moved:`.
func (w *walking) kept(p pair, old, now node, pos source.Pos) {
	w.diff.Kept = append(w.diff.Kept, Move{Keys: p.keys, Before: old.Place, Now: now.Place, Pos: pos})
}

// wholeList reports whether a list leads to another state than before, whatever is chosen. That is
// one move, not one for every item.
func (w *walking) wholeList(p pair) bool {
	was, is := w.was.states[p.old.State], w.is.states[p.now.State]
	return !p.apart && was.Kind == menu.StateList && is.Kind == menu.StateList &&
		!was.Finds() && !is.Finds() &&
		!w.together(node{Place: Place{State: was.Next.To}}, node{Place: Place{State: is.Next.To}})
}

// listed goes on behind a list that leads elsewhere as a whole.
func (w *walking) listed(p pair, o, n way) {
	before, after := o.to, n.to
	before.Item, before.Label, after.Item, after.Label = "", "", "", ""
	next := p
	next.keys = append(slices.Clone(p.keys), "<"+w.was.states[p.old.State].As+">")
	w.step(next, before, after, "", n.pos)
}

// outcomes goes on along the ways out of an action, without a key.
func (w *walking) outcomes(p pair) {
	is := w.is.states[p.now.State]
	if is.Kind != menu.StateDo || w.was.states[p.old.State].Kind != menu.StateDo {
		w.unlike(p)
		return
	}
	now := make(map[string]way)
	for _, n := range w.is.silent(p.now) {
		now[n.key] = n
	}
	for _, o := range w.was.silent(p.old) {
		n, ok := now[o.key]
		if !ok {
			n.pos = is.Pos
		}
		outcome := ""
		if len(w.was.silent(p.old)) > 1 {
			outcome = o.key
		}
		w.step(p, o.to, n.to, outcome, n.pos)
	}
}

// unlike goes on where one menu asks the wallet and the other decides or shows a screen, and where
// both decide: by the screens that they can lead to.
func (w *walking) unlike(p pair) {
	now := w.is.screens(p.now)
	for _, name := range w.was.screens(p.old) {
		var to node
		if slices.Contains(now, w.after(name)) {
			to = w.is.lead(p.now, w.after(name))
		}
		w.step(p, w.was.lead(p.old, name), to, "", w.is.states[p.now.State].Pos)
	}
}

// together reports whether two places are the same to who types: the same state, whatever its name
// is, or an action in one menu that leads to the screen of the other.
func (w *walking) together(old, now node) bool {
	if old.State == now.State && strings.HasPrefix(old.State, "@") {
		return true
	}
	if old.Item != now.Item || old.Set != now.Set {
		return false
	}
	if w.after(old.State) == now.State && !now.nowhere() {
		return true
	}
	was, is := w.was.states[old.State], w.is.states[now.State]
	if was.Kind == menu.StateDo && is.Kind == menu.StateDo && was.Action == is.Action {
		return true
	}
	if was.Screen() && is.Screen() {
		return false
	}
	for _, name := range w.was.screens(old) {
		if slices.Contains(w.is.screens(now), w.after(name)) {
			return true
		}
	}
	return false
}

// step compares where one key, or one outcome, leads, and goes on from there. Behind a move only
// what leads together again is of interest.
func (w *walking) step(p pair, old, now node, outcome string, pos source.Pos) {
	on := p.old.State
	p.old, p.now = old, now
	switch {
	case old.nowhere():
		return
	case w.together(old, now):
		p.apart = false
	case !p.apart:
		m := Move{
			From: p.from, Keys: p.keys, Outcome: outcome, Before: old.Place, Now: now.Place, Pos: pos,
			Behind: w.losesWays(old, now),
		}
		path := fmt.Sprint(m.From, m.Keys, m.Outcome)
		key := fmt.Sprint(on, m.Before, m.Now, m.Outcome, p.lastKey())
		if w.reported[path] || w.reported[key] || len(w.diff.Moves) >= MaxMoves {
			return
		}
		w.reported[path], w.reported[key] = true, true
		w.diff.Moves = append(w.diff.Moves, m)
		p.apart = true
	}
	w.pushShown(p)
}

// losesWays reports whether some key on the old place does not lead to the same as on the new one.
func (w *walking) losesWays(old, now node) bool {
	for _, name := range w.was.screens(old) {
		for _, o := range w.was.ways(w.was.lead(old, name)) {
			if !w.together(o.to, w.is.answered(now, o.key)) {
				return true
			}
		}
	}
	return false
}

func (p pair) lastKey() string {
	if len(p.keys) == 0 {
		return ""
	}
	return p.keys[len(p.keys)-1]
}

// pushShown goes on from a pair. Where the old menu shows a screen and the new one asks the wallet
// first, the new one goes on from that screen.
func (w *walking) pushShown(p pair) {
	if w.was.states[p.old.State].Screen() && !w.is.states[p.now.State].Screen() {
		for _, name := range w.is.screens(p.now) {
			if name == w.after(p.old.State) {
				p.now = w.is.lead(p.now, name)
			}
		}
	}
	w.push(p)
}

// finding is the move as a change with a grade.
func (m Move) finding(service string) Change {
	return Change{
		Grade: GradePath, Subject: SubjectState, Name: m.Before.State, Pos: m.Pos, Text: m.Says(service),
	}
}
