// Package bookmodel holds every ledger.Store against a second, plain reading of what the doc
// comments of wallet/ledger promise: a book in maps and lists, without SQL and without the code
// that the stores share. Run takes random histories through both and compares every answer.
package bookmodel

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// An entry is one line of a transfer.
type entry struct {
	account string
	amount  money.Amount
}

// A transfer is money that has moved. What an account holds is the sum of its entries here.
type transfer struct {
	id, kind, wallet string
	amount, fee      money.Amount
	balance          money.Amount // what the wallet had to spend afterwards
	at               time.Time
	day              string
	request          string // what a repeat has to be equal to
	of               *transfer
	offer            *offer       // nil = it came of none
	providerFee      money.Amount // of a payment: what the provider has paid
	entries          []entry
	closed           string // the closed day that has it
}

// A subscriber is a wallet.
type subscriber struct {
	ledger.Wallet
	blocked bool
}

// An agent is its credit line; its float is the sum of its account.
type agent struct {
	id     string
	credit money.Amount
}

// An offer is what became of it, too.
type offer struct {
	ledger.Offer               // without its fingerprint
	reason       ledger.Reason // of a refusal
	limit        money.Amount  // of it
	counted      money.Amount  // of the limits, now
	day, month   string        // in which; "" = it never was counted
	receipt      ledger.Receipt
	hold         *hold
}

// A hold is reserved money.
type hold struct {
	ledger.Hold
	offer  *offer
	leased time.Time // until then
	code   string
	tries  int
	moves  []ledger.HoldMove // without their details
}

// open reports whether the hold reserves money of its wallet.
func (h *hold) open() bool {
	return h.State == ledger.HoldHeld || h.State == ledger.HoldSent || h.State == ledger.HoldInDoubt
}

func (h *hold) total() money.Amount { return h.offer.Amount + h.offer.Fee }

// A message is an SMS and what became of it.
type message struct {
	ledger.Message
	next, sent, dead time.Time
	lastError        string
}

// A book is everything.
type book struct {
	wallets   []*subscriber
	agents    []*agent
	offers    []*offer
	transfers []*transfer
	messages  []*message
	cases     []*ledger.Case
	records   []ledger.Record
	txns      []*ledger.AgentTxn
	closed    []string
	closings  []ledger.Closing
	rolled    int // how many transfers are rolled up
	summed    map[string]money.Amount
	rolledSum map[string]money.Amount // the sums as of the last roll-up
}

func newBook() *book {
	return &book{summed: map[string]money.Amount{}, rolledSum: map[string]money.Amount{}}
}

func find[T any](all []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i]
	}
	return nil
}

func (b *book) wallet(id string) *subscriber {
	return find(b.wallets, func(w *subscriber) bool { return w.ID == id })
}

func (b *book) agent(id string) *agent {
	return find(b.agents, func(a *agent) bool { return a.id == id })
}

func (b *book) offer(id string) *offer {
	return find(b.offers, func(o *offer) bool { return o.ID == id })
}

func (b *book) transfer(id string) *transfer {
	return find(b.transfers, func(t *transfer) bool { return t.id == id })
}

func (b *book) message(key string) *message {
	return find(b.messages, func(m *message) bool { return m.Key == key })
}

// holds returns those that were ever made, oldest first.
func (b *book) holds() []*hold {
	var all []*hold
	for _, o := range b.offers {
		if o.hold != nil {
			all = append(all, o.hold)
		}
	}
	slices.SortStableFunc(all, func(x, y *hold) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.ID, y.ID))
	})
	return all
}

// sum is what an account holds.
func (b *book) sum(account string) money.Amount { return b.summed[account] }

// balance is what a wallet holds, what is reserved included.
func (b *book) balance(wallet string) money.Amount { return b.sum("wallet:" + wallet) }

// held is what is reserved of a wallet.
func (b *book) held(wallet string) (sum money.Amount) {
	for _, o := range b.offers {
		if o.Wallet == wallet && o.hold != nil && o.hold.open() {
			sum += o.hold.total()
		}
	}
	return sum
}

// available is what a wallet has to spend.
func (b *book) available(wallet string) money.Amount { return b.balance(wallet) - b.held(wallet) }

// move writes a transfer with its entries: one for each account, and none for one that stays as it
// was.
func (b *book) move(t *transfer, entries ...entry) {
	for i, e := range entries {
		first := slices.IndexFunc(entries, func(o entry) bool { return o.account == e.account })
		if first < i {
			entries[first].amount += e.amount
			entries[i].amount = 0
		}
	}
	for _, e := range entries {
		if e.amount == 0 {
			continue
		}
		t.entries = append(t.entries, e)
		b.summed[e.account] += e.amount
	}
	if t.wallet != "" {
		t.balance = b.available(t.wallet)
	}
	b.transfers = append(b.transfers, t)
}

// net is what a transfer moves on an account.
func (t *transfer) net(account string) (sum money.Amount) {
	for _, e := range t.entries {
		if e.account == account {
			sum += e.amount
		}
	}
	return sum
}

// touches reports whether a transfer has an entry on an account.
func (t *transfer) touches(account string) bool {
	return slices.ContainsFunc(t.entries, func(e entry) bool { return e.account == account })
}

// accounts are those that were ever used, and those of the wallets and the agents.
func (b *book) accounts() []string {
	seen := map[string]bool{"trust": true, "suspense": true, "adjust": true}
	for account := range b.summed {
		seen[account] = true
	}
	for _, w := range b.wallets {
		seen["wallet:"+w.ID] = true
	}
	for _, a := range b.agents {
		seen["agent:"+a.id] = true
	}
	var all []string
	for account := range seen {
		all = append(all, account)
	}
	slices.Sort(all)
	return all
}

// tell enqueues a message, once for its key, with what a wallet has to spend. With no wallet it has
// no balance.
func (b *book) tell(m ledger.Message, wallet string, at time.Time) {
	if m.Kind == "" || b.message(m.Key) != nil {
		return
	}
	fields := map[string]string{}
	for name, value := range m.Fields {
		fields[name] = value
	}
	if wallet != "" {
		fields["balance"] = b.available(wallet).String()
	}
	m.Fields, m.CreatedAt = fields, at
	b.messages = append(b.messages, &message{Message: m, next: at})
}

// record writes a line of the audit.
func (b *book) record(r *ledger.Record) {
	if r != nil {
		b.records = append(b.records, *r)
	}
}

// used is how much of a limit a wallet has used in a day or in a month.
func (b *book) used(wallet string, op ledger.Operation, period string) (sum money.Amount) {
	if op == ledger.OpCashIn {
		for _, t := range b.transfers {
			if t.kind == "cash_in" && t.wallet == wallet && strings.HasPrefix(t.day, period) {
				sum += t.amount
			}
		}
		return sum
	}
	for _, o := range b.offers {
		if o.Wallet == wallet && (op == ledger.OpOut || op == o.Operation) && o.day != "" &&
			(o.day == period || o.month == period) {
			sum += o.counted
		}
	}
	return sum
}

// lastDay is the last day of a month that something was counted in.
func (b *book) lastDay(wallet string, op ledger.Operation, month string) (last string) {
	if op == ledger.OpCashIn {
		for _, t := range b.transfers {
			if t.kind == "cash_in" && t.wallet == wallet && strings.HasPrefix(t.day, month) {
				last = max(last, t.day)
			}
		}
		return last
	}
	for _, o := range b.offers {
		if o.Wallet == wallet && o.month == month && (op == ledger.OpOut || op == o.Operation) {
			last = max(last, o.day)
		}
	}
	return last
}

// A bound is one limit and what is used of it.
type bound struct{ limit, used money.Amount }

// exceeds declines an amount that is more than one of the bounds lets through.
func exceeds(
	reason ledger.Reason, key string, amount money.Amount, bounds ...bound,
) *ledger.Decline {
	left, bounded := money.Amount(0), false
	for _, b := range bounds {
		if b.limit == 0 {
			continue
		}
		rest := max(b.limit-b.used, 0)
		if !bounded || rest < left {
			left, bounded = rest, true
		}
	}
	if !bounded || amount <= left {
		return nil
	}
	return &ledger.Decline{Reason: reason, Key: key, Limit: left}
}

func decline(reason ledger.Reason, key string) error {
	return &ledger.Decline{Reason: reason, Key: key}
}
