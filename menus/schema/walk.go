package schema

import (
	"regexp"
	"strconv"

	"ussdgw/menus/source"
)

// A Place is a value of a file with what the schema says of it.
type Place struct {
	Path   string // states.main.options[1].text: keys, and positions in lists from 0
	Node   *source.Node
	Schema *Schema
}

// plainKey is a key that stands in a path as it is.
var plainKey = regexp.MustCompile(`^[\pL\pN_-]+$`)

// under is the path of a key below path.
func under(path, key string) string {
	if !plainKey.MatchString(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Walk calls visit with every value of a file that the root describes, a map or a list before what
// is in it, in the order of the file. What is within a text is not visited.
func Walk(root *Schema, n *source.Node, visit func(Place)) {
	w := &walking{root: root, visit: visit}
	w.walk("", n, root)
}

type walking struct {
	root  *Schema
	visit func(Place)
}

func (w *walking) walk(path string, n *source.Node, s *Schema) {
	if s = w.resolve(n, s); s == nil {
		return
	}
	w.visit(Place{path, n, s})
	if s.Text {
		return
	}
	for _, f := range n.Fields() {
		if p := s.Property(f.Key); p != nil {
			w.walk(under(path, f.Key), f.Value, p)
		}
	}
	for i, item := range n.Items() {
		if s.Items != nil {
			w.walk(path+"["+strconv.Itoa(i)+"]", item, s.Items)
		}
	}
}

// resolve follows references, and of several possibilities takes the one that n can be.
func (w *walking) resolve(n *source.Node, s *Schema) *Schema {
	for s != nil && s.Ref != "" && !s.Text {
		name := s.Ref
		s = nil
		for _, d := range w.root.Definitions {
			if d.Key == name {
				s = d.Schema
			}
		}
	}
	if s == nil || s.Text || len(s.AnyOf) == 0 {
		return s
	}
	for _, choice := range s.AnyOf {
		if c := w.resolve(n, choice); c != nil && c.takes(n) {
			return c
		}
	}
	return nil
}

// takes reports whether n is of the kind that s describes.
func (s *Schema) takes(n *source.Node) bool {
	switch {
	case len(s.Properties) > 0 || s.Named != nil:
		return n.Is(source.Map)
	case s.Items != nil:
		return n.Is(source.List)
	}
	return n.Is(source.Scalar)
}

// Texts returns the places of all texts that subscribers read.
func Texts(root *Schema, n *source.Node) []Place {
	var out []Place
	Walk(root, n, func(p Place) {
		if p.Schema.Text {
			out = append(out, p)
		}
	})
	return out
}
