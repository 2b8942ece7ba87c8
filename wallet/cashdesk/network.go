package cashdesk

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"ussdgw/wallet/ledger"
)

// The digits of a txn_id.
const (
	DefaultTxnDigits = 20
	MaxTxnDigits     = 28
)

// A Network is an agent: a network of terminals, or a bank with its branches.
type Network struct {
	ID       string // of the agent in the books
	Name     string // what subscribers know it by, for the SMS
	User     string // of basic auth
	Password string
	// Allow are the addresses that it may come from, at least one.
	Allow     []netip.Prefix
	TxnDigits int // most digits of its txn_id, 1 to MaxTxnDigits [DefaultTxnDigits]
}

// validate reports what is wrong with a network. It never repeats the password.
func (n Network) validate() error {
	fault := func(text string) error { return fmt.Errorf("cashdesk: network %q: %s", n.ID, text) }
	switch {
	case ledger.ValidateAgent(n.ID) != nil:
		return ledger.ValidateAgent(n.ID)
	case n.User == "" || n.Password == "":
		return fault("user and password are required")
	case len(n.Allow) == 0:
		return fault("no address is allowed")
	case n.TxnDigits < 1 || n.TxnDigits > MaxTxnDigits:
		return fault(fmt.Sprintf("%d digits of a txn_id, at most %d", n.TxnDigits, MaxTxnDigits))
	}
	return nil
}

// doors know who may come in.
type doors struct{ all []door }

// A door is a network with the digests of what it says at the door.
type door struct {
	Network
	user, password [sha256.Size]byte
}

func newDoors(networks []Network) (*doors, error) {
	d := &doors{}
	seen := map[string]bool{}
	for _, n := range networks {
		if n.TxnDigits == 0 {
			n.TxnDigits = DefaultTxnDigits
		}
		if n.Name == "" {
			n.Name = n.ID
		}
		if err := n.validate(); err != nil {
			return nil, err
		}
		for _, key := range []string{"id " + n.ID, "user " + n.User} {
			if seen[key] {
				return nil, fmt.Errorf("cashdesk: two networks have the %s", key)
			}
			seen[key] = true
		}
		d.all = append(d.all, door{
			n, sha256.Sum256([]byte(n.User)), sha256.Sum256([]byte(n.Password)),
		})
	}
	if len(d.all) == 0 {
		return nil, errors.New("cashdesk: there is no network")
	}
	return d, nil
}

// enter returns whose request it is and http.StatusOK, or the status that refuses it: 403 from an
// address that no network comes from, or that is not one of the network's own, 401 without the user
// and password of a network. How long it takes tells nothing of either.
func (d *doors) enter(r *http.Request) (Network, int) {
	from, ok := source(r.RemoteAddr)
	known := false
	for _, n := range d.all {
		known = known || n.allows(from)
	}
	if !ok || !known {
		return Network{}, http.StatusForbidden
	}
	user, password, _ := r.BasicAuth()
	u, p := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	found := -1
	for i, n := range d.all {
		same := subtle.ConstantTimeCompare(u[:], n.user[:]) &
			subtle.ConstantTimeCompare(p[:], n.password[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return Network{}, http.StatusUnauthorized
	}
	if n := d.all[found]; n.allows(from) {
		return n.Network, http.StatusOK
	}
	return Network{}, http.StatusForbidden
}

func (n Network) allows(from netip.Addr) bool {
	for _, p := range n.Allow {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// source is the address that a request comes from.
func source(remote string) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(remote)
	return ap.Addr().Unmap().WithZone(""), err == nil
}
