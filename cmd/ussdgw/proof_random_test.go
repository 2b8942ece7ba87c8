package main

import (
	"math/rand/v2"
	"strings"
	"testing"

	"ussdgw/ussd/menu"
)

// randomSteps is how many answers and outcomes the random walks take together.
const randomSteps = 100_000

// A randomWalk goes wherever chance leads it.
type randomWalk struct {
	*walk
	random *rand.Rand
}

// TestRandomWalksOfTheShippedMenus types at random what is and what is no answer, lets actions end
// at random with values of all fashions side by side, and looks at every screen on the way.
func TestRandomWalksOfTheShippedMenus(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &randomWalk{
		newWalk(t, loadShipped(t, 0), overwide), rand.New(rand.NewPCG(seed, seed)),
	}
	var at *spot
	steps := randomSteps
	if underRace > 1 {
		steps /= 10 // all of them without the race detector, see alone
	}
	for k.steps < steps {
		if at == nil || k.ended(at.pos) || k.random.IntN(100) == 0 {
			at = k.begin()
		}
		if key := k.key(at); !k.seen[key] && !k.ended(at.pos) {
			k.seen[key] = true
			k.mustLeadOn(at)
		}
		if !k.ended(at.pos) {
			in := k.input(at.pos)
			at = k.settle(&spot{from: at, typed: in.name}, in.do(k.program, at.pos))
		}
	}
	t.Logf("%d screens that differ in what goes on", len(k.seen))
	for _, state := range []string{"pay_done", "reg_done", "pin_done", "told_paid"} {
		for _, lang := range k.written.languages {
			if steps == randomSteps && !k.met[seenScreen(state, lang)] {
				t.Errorf("no random walk has come to %s in %s, seed %d", state, lang, seed)
			}
		}
	}
}

// pick returns one of several at random.
func pick[T any](k *randomWalk, from []T) T { return from[k.random.IntN(len(from))] }

// begin starts a dialogue.
func (k *randomWalk) begin() *spot {
	lang, e := pick(k, k.written.languages), menu.EntryStart
	if k.random.IntN(10) == 0 {
		e = pick(k, menu.Entries())
	}
	res := k.program.Begin(lang, e, map[string]string{"offer": "o1"})
	return k.settle(&spot{typed: "(" + lang + " " + string(e) + ")"}, res)
}

// input is something that a subscriber does: mostly an answer, so that a walk comes far.
func (k *randomWalk) input(pos menu.Position) input {
	all := k.inputs(pos)
	if in := pick(k, all); in.forward || k.random.IntN(4) == 0 {
		return in
	}
	if k.random.IntN(20) > 0 {
		var forward []input
		for _, in := range all {
			if in.forward {
				forward = append(forward, in)
			}
		}
		return pick(k, forward)
	}
	return types(pick(k, []string{
		"", " ", "x", "\x00\xff", "😀😀", strings.Repeat("Ж", 300), strings.Repeat("9", 160), "1#",
		"{offer}", "[]{}€^~|\\", "١٢٣", "-1", "1\n2", "*900#",
	}), "")
}

// settle lets actions end at random until there is a screen, and looks at it.
func (k *randomWalk) settle(at *spot, res menu.Result) *spot {
	for k.steps++; res.Screen == nil; k.steps++ {
		name, out := res.Position.Pending, menu.Outcome{}
		if !strings.HasPrefix(name, "@") && k.random.IntN(50) > 0 {
			out.Name = pick(k, k.written.states[name].goesTo).outcome
			out.Values = make(map[string]string)
			for _, def := range k.env.Actions[res.Action.Name].Outcomes[out.Name].Sets {
				out.Values[def.Name] = k.value(res.Position, def)
			}
		}
		at = &spot{from: at, typed: "(" + name + ": " + out.Name + ")"}
		res = k.program.Resume(res.Position, out)
	}
	at.pos, at.pages = res.Position, res.Screen.Pages
	k.look(at, res.Screen)
	return at
}

// value is what an outcome brings: within what was promised, or not. The id of an item is one.
func (k *randomWalk) value(pos menu.Position, def menu.ValueDef) string {
	_, id := k.chosen[def.Name]
	if !id && k.random.IntN(8) == 0 {
		return pick(k, []string{"", "1", "a\nb", "\u202e1", "{amount}", strings.Repeat("😀", 90)})
	}
	k.fashion = pick(k, []fashion{latin, cyrillic, overwide})
	return pick(k, k.choices(pos, def))
}

// mustLeadOn fails when no answer to a screen leads on.
func (k *randomWalk) mustLeadOn(at *spot) {
	for _, in := range k.inputs(at.pos) {
		if in.forward && !in.do(k.program, at.pos).Refused {
			return
		}
	}
	k.t.Errorf("a dead end: no key leads on from%s", at.path())
}
