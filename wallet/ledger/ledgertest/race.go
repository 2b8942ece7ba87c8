package ledgertest

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// A contest is one wallet and one provider under many clients at once.
type contest struct {
	*books
	wallet ledger.Wallet
	offers []ledger.Offer
	posted []atomic.Int64 // by offer: how many were told that it is posted
	ended  []atomic.Int64 // that it was voided or refused
	paid   atomic.Int64   // receipts of payments that nobody held
}

// testClients races clients on one wallet and one provider: payments and holds, each asked for by
// several at once, and all that may come of them, done by whoever comes first. The wallet has less
// than all of them together want.
func testClients(b *books) {
	const clients, offers, tries = 64, 48, 12
	c := &contest{books: b, wallet: b.wallet(money.Som(300))}
	c.posted, c.ended = make([]atomic.Int64, offers), make([]atomic.Int64, offers)
	for range offers {
		c.offers = append(c.offers, b.pressed(c.wallet.ID, money.Som(10)))
	}
	race(clients, func(client int) {
		random := rand.New(rand.NewPCG(1, uint64(client)))
		for range tries {
			n := random.IntN(offers)
			c.step(n, random.IntN(6))
		}
	})
	for n := range c.offers {
		c.settle(n)
	}
	c.check()
}

// step does something to an offer. Every third is posted at once, the others are held.
func (c *contest) step(n, what int) {
	o := c.offers[n]
	switch what {
	case 0, 1:
		c.apply(n)
	case 2:
		_, err := c.SendHold(c.ctx(), o.ID, c.now)
		c.told(n, "send", err, false)
		err = c.DoubtHold(c.ctx(), o.ID, ledger.Answer{Code: "1"}, c.now, c.now.Add(time.Second))
		c.told(n, "doubt", err, false)
	case 3:
		_, err := c.PostHold(c.ctx(), c.posting(o))
		c.told(n, "post", err, true)
	case 4:
		c.told(n, "void", c.VoidHold(c.ctx(), c.voiding(o)), false)
	case 5:
		if n%2 == 0 {
			c.told(n, "suspend", c.SuspendHold(c.ctx(), o.ID, c.suspense(o), c.now), false)
			return
		}
		due, err := c.DueHolds(c.ctx(), c.now.Add(time.Hour), time.Second, 3)
		if err != nil || len(due) > 3 {
			c.Errorf("due: %d, %v", len(due), err)
		}
	}
}

// apply asks for an offer, as its first client or as another one.
func (c *contest) apply(n int) {
	p := c.payment(c.offers[n])
	if n%3 != 0 {
		p.Terms = c.terms(c.offers[n])
	}
	results, err := c.Apply(c.ctx(), []ledger.Payment{p})
	if err != nil {
		c.Errorf("apply: %v", err)
		return
	}
	err = results[0].Err
	switch {
	case err == nil && n%3 == 0:
		c.paid.Add(1)
		c.posted[n].Add(1)
	case errors.Is(err, ledger.ErrHeld):
	default:
		c.told(n, "apply", err, true)
	}
}

// told remembers what a client was told of an offer: posts says that no error means that it is
// posted.
func (c *contest) told(n int, what string, err error, posts bool) {
	switch reason := ledger.ReasonOf(err); {
	case err == nil && posts, reason == ledger.ReasonPosted:
		c.posted[n].Add(1)
	case err == nil && what == "void":
		c.ended[n].Add(1)
	case err == nil, errors.Is(err, ledger.ErrNoHold):
	case reason == ledger.ReasonVoided, reason == ledger.ReasonRefused,
		reason == ledger.ReasonLowBalance,
		reason == ledger.ReasonNotTaken:
		c.ended[n].Add(1)
	default:
		c.Errorf("%s: %v", what, err)
	}
}

// settle brings what is still under way to an end.
func (c *contest) settle(n int) {
	o := c.offers[n]
	result, err := c.Refuse(c.ctx(), o.ID, ledger.ReasonNotTaken, c.now, nil)
	c.must(err)
	if errors.Is(result.Err, ledger.ErrHeld) {
		_, err := c.PostHold(c.ctx(), c.posting(o))
		c.told(n, "post", err, true)
		return
	}
	c.told(n, "refuse", result.Err, true)
}

// check compares the books with what the clients were told: one end each, and the money of it.
func (c *contest) check() {
	var spent money.Amount
	for n, o := range c.offers {
		state := c.read(o.ID).State
		posted, ended := c.posted[n].Load(), c.ended[n].Load()
		if posted > 0 && ended > 0 || posted+ended == 0 ||
			(state == ledger.OfferDone) != (posted > 0) || !state.Final() {
			c.Errorf("offer %d is %s: %d were told that it is posted, %d that it is not", n, state,
				posted, ended)
		}
		if state == ledger.OfferDone {
			spent += o.Amount + o.Fee
		}
	}
	c.has(c.wallet.ID, money.Som(300)-spent, money.Som(300)-spent)
	c.account(ledger.SuspenseAccount, 0)
	if spent == 0 || c.paid.Load() == 0 {
		c.Errorf("%s spent, %d paid at once: the race was none", spent, c.paid.Load())
	}
	fees := spent / 11
	c.account(ledger.ProviderAccount("dostek"), spent-fees)
	c.account(ledger.FeeAccount("dostek"), fees)
	told := map[string]int{}
	for {
		all, err := c.ClaimMessages(c.ctx(), c.now, time.Hour, 100)
		c.must(err)
		if len(all) == 0 {
			break
		}
		for _, m := range all {
			told[m.Key]++
		}
	}
	for n, o := range c.offers {
		done := c.read(o.ID).State == ledger.OfferDone
		if got := told["paid:"+o.ID]; (got == 1) != done || got > 1 {
			c.Errorf("offer %d: %d messages that it is paid, done: %t", n, got, done)
		}
	}
}
