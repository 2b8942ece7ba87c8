package menu

import (
	"regexp"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/wallet/pin"
)

// MaxMoved is how many answers a moved path has at most.
const MaxMoved = 8

// maxMovedPaths bounds the list of moved paths.
const maxMovedPaths = 200

// A move says where a dialled string goes that begins with answers which lead elsewhere by now.
type move struct {
	path []string
	next target
	pos  source.Pos // of the path
}

// Moved follows the longest moved path that the answers of a dialled string begin with. used is
// how many answers it took; the rest of the string goes on from res. ok is false where the string
// begins with none, and at a screen where strings do not begin. Answers beyond MaxMoved are not
// looked at, so the caller need not give them.
func (p *Program) Moved(pos Position, keys []string) (res Result, used int, ok bool) {
	pos = p.own(pos)
	if !p.shows(pos) || !p.TakesShortcut(pos) {
		return Result{}, 0, false
	}
	var best move
	for _, m := range p.moved {
		if len(m.path) > len(best.path) && m.begins(keys) {
			best = m
		}
	}
	if len(best.path) == 0 {
		return Result{}, 0, false
	}
	pos.Pending = ""
	return p.follow(pos, best.next, pin.Secret{}, false), len(best.path), true
}

// begins reports whether keys begin with the path.
func (m move) begins(keys []string) bool {
	if len(keys) < len(m.path) {
		return false
	}
	for i, key := range m.path {
		if keys[i] != key {
			return false
		}
	}
	return true
}

// movedPaths reads the moved paths of all files.
func (l *loading) movedPaths() {
	form := regexp.MustCompile(`^[0-9]{1,4}(\*[0-9]{1,4})*$`)
	first := make(map[string]source.Pos)
	for _, section := range l.raw["moved"] {
		if !section.node.Is(source.List) {
			l.r.Errorf(section.pos, codeMoved, "moved must be a list of paths")
			continue
		}
		for _, item := range section.node.Items() {
			found := item.Object(l.r, "a moved path", "path", "goto")
			path := found["path"]
			text := path.Scalar()
			switch at, dup := first[text]; {
			case path == nil || found["goto"] == nil:
				l.r.Errorf(item.Place(), codeMoved, "a moved path needs \"path\" and \"goto\"")
				continue
			case !form.MatchString(text) || strings.Count(text, "*") >= MaxMoved:
				l.r.Errorf(path.Place(), codeMoved, "%q is no path: 1 to %d answers with * between",
					text, MaxMoved)
				continue
			case dup:
				l.r.Errorf(path.Place(), codeTwice, "the path %s is there twice; first in %s", text, at)
				continue
			case !path.Quoted:
				l.r.Errorf(path.Place(), codeKeyWritten, "the path %s must be in quotes", text)
				l.r.Help("write %q", text)
				l.r.Fix(text, `"`+text+`"`)
			}
			first[text] = path.Place()
			l.p.moved = append(l.p.moved, move{
				strings.Split(text, "*"), l.target(found["goto"]), path.Place(),
			})
		}
	}
	if n := len(l.p.moved); n > maxMovedPaths {
		l.r.Errorf(l.raw["moved"][0].pos, codeLimit, "%d moved paths; at most %d", n, maxMovedPaths)
	}
}

// movedTargets checks where moved paths lead, as if the screen where strings begin led there.
func (c *checking) movedTargets() {
	if len(c.p.moved) == 0 {
		return
	}
	from := c.p.states[c.p.shortcuts]
	if c.p.shortcuts == "" {
		c.r.Errorf(c.raw["moved"][0].pos, codeMoved, "moved paths need the setting `shortcuts`")
		c.r.Help("it names the screen where the answers of a dialled string begin")
		return
	}
	for _, m := range c.p.moved {
		switch {
		case navigates(m.next.to):
			c.r.Errorf(m.next.pos, codeMoved, "a moved path leads to a state, not to %s", m.next.to)
		case m.next.to == c.p.shortcuts:
			c.r.Errorf(m.next.pos, codeMoved, "the path %s leads to where it begins",
				strings.Join(m.path, "*"))
		case from != nil:
			c.target(from, m.next)
		}
	}
}

// movedEdges are the ways of moved paths in the proof.
func (c *checking) movedEdges() {
	if from := c.p.states[c.p.shortcuts]; from == nil || !from.screen() {
		return
	}
	for _, m := range c.p.moved {
		c.edge(edge{
			from: c.p.shortcuts, to: m.next.to, notice: m.next.notice, dialled: true, pos: m.next.pos,
		})
	}
}
