package catalogue

import (
	"strings"

	"ussdgw/menus/source"
)

// networks reads the table of networks and checks that every number belongs to exactly one.
func (l *loader) networks(n *source.Node) []Network {
	var networks []Network
	owners := map[string]prefix{}
	for _, f := range n.Fields() {
		l.id(f.Key, f.KeyPos, "a network")
		object := l.optional(f.Value, "a network", []string{"elsewhere", "top_up"},
			"name", "served", "prefixes")
		network := Network{
			ID:        f.Key,
			Name:      object["name"].Scalar(),
			Served:    l.yes(object["served"]),
			Elsewhere: l.text(object["elsewhere"], "the text", MaxElsewhere),
			TopUp:     object["top_up"].Scalar(),
		}
		l.topUps[f.Key] = object["top_up"]
		if object["name"] != nil {
			l.fits(object["name"], "the name", MaxLabel)
		}
		if network.Served == (object["elsewhere"] != nil) && object["served"] != nil {
			l.r.Errorf(object["served"].Place(), CodeNetwork,
				"a network says where to go instead when it is not served, and only then")
		}
		for _, item := range object["prefixes"].Items() {
			if l.prefix(item, f.Key, owners) {
				network.Prefixes = append(network.Prefixes, item.Scalar())
			}
		}
		networks = append(networks, network)
	}
	if _, ok := owners[""]; !ok && n != nil {
		l.r.Errorf(n.Place(), CodePrefix, "no network has the prefix \"\" for all other numbers")
	}
	l.redundant(owners)
	return networks
}

// A prefix is where a prefix was written and whose it is.
type prefix struct {
	network string
	at      source.Pos
}

func (l *loader) prefix(n *source.Node, network string, owners map[string]prefix) bool {
	text := n.Scalar()
	if digitsOnly([]rune(text)) != nil || strings.HasPrefix(text, "0") || !n.Is(source.Scalar) {
		l.r.Errorf(n.Place(), CodePrefix, "%q is no beginning of an international number", text)
		return false
	}
	if other, ok := owners[text]; ok {
		l.r.Errorf(n.Place(), CodePrefix, "the prefix %q is taken at %s", text, other.at)
		return false
	}
	owners[text] = prefix{network, n.Place()}
	return true
}

// redundant reports prefixes that change nothing, because the next shorter one that covers them
// belongs to the same network: one of the two is probably a slip.
func (l *loader) redundant(owners map[string]prefix) {
	for text, own := range owners {
		for end := len(text) - 1; end >= 0; end-- {
			cover, ok := owners[text[:end]]
			if !ok {
				continue
			}
			if cover.network == own.network {
				l.r.Errorf(own.at, CodePrefix, "the prefix %q is covered by %q of the same network",
					text, text[:end])
			}
			break
		}
	}
}
