package catalogue

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// How numbers of the country are written.
const (
	countryCode    = "996"
	nationalDigits = 9
)

// TopUp returns the provider that puts money on a phone, and the account that the number, given as
// E.164 digits without the plus sign, is with it. It reports false where the number's network has
// no such provider. It does not ask whether the provider takes payments now.
func (c *Catalogue) TopUp(digits string) (Provider, string, bool) {
	n, ok := c.Network(digits)
	if !ok || n.TopUp == "" {
		return Provider{}, "", false
	}
	p, ok := c.Provider(n.TopUp)
	if !ok {
		return Provider{}, "", false
	}
	account, ok := phoneAccount(p, digits)
	return p, account, ok
}

// phoneAccount writes a number in the first form that the provider takes: national with its 0,
// national without, international.
func phoneAccount(p Provider, digits string) (string, bool) {
	forms := []string{digits}
	if national, ok := strings.CutPrefix(digits, countryCode); ok && len(national) == nationalDigits {
		forms = []string{"0" + national, national, digits}
	}
	for _, form := range forms {
		if p.WrongField([]string{form}) == 0 {
			return form, true
		}
	}
	return "", false
}

// topUp checks that the provider of a network's top-up is there and takes the network's numbers.
func (l *loader) topUp(c *Catalogue, network Network, n *source.Node) {
	p, ok := c.Provider(network.TopUp)
	if !ok {
		var known []string
		for id := range c.providers {
			known = append(known, id)
		}
		slices.Sort(known)
		l.r.Errorf(n.Place(), CodeTopUp, "no provider is called %q", network.TopUp)
		l.r.DidYouMean(network.TopUp, known)
		return
	}
	for _, prefix := range network.Prefixes {
		for _, rest := range []string{"0", "9"} {
			whole := len(countryCode) + nationalDigits
			number := prefix + strings.Repeat(rest, max(whole-len(prefix), 0))
			if owner, _ := c.Network(number); owner.ID != network.ID {
				continue // a longer prefix is another network's
			}
			if _, ok := phoneAccount(p, number); !ok {
				l.r.Errorf(n.Place(), CodeTopUp, "%q takes no number that begins with %q, as %s", p.ID,
					prefix, number)
				l.r.Help("its account has to be a phone number alone, and match all of the network's")
				return
			}
		}
	}
}
