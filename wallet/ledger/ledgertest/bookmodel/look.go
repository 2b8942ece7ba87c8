package bookmodel

import (
	"slices"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// lookAtBalances compares what one wallet has to spend, one after the other.
func (m *machine) lookAtBalances() {
	w := m.wallets[m.operations%len(m.wallets)]
	got, err := m.Store.Balance(m.ctx, w.ID)
	m.must(err)
	m.same("to spend in "+w.ID, got, m.available(w.ID))
}

// lookAtSome compares one side of the books.
func (m *machine) lookAtSome() {
	looks := m.looks()
	looks[rapidOf(m, len(looks))]()
}

func (m *machine) looks() []func() {
	return []func(){
		m.lookAtWallets, m.lookAtUsed, m.lookAtOffers, m.lookAtHolds, m.lookAtAccounts,
		m.lookAtTransfers, m.lookAtReceipts, m.lookAtTxns, m.lookAtCases, m.lookAtRecords,
		m.lookAtMessages, m.lookAtDays, m.lookAtTotals, m.lookAtSimilar,
	}
}

// lookAtAll compares everything.
func (m *machine) lookAtAll() {
	for _, look := range m.looks() {
		look()
	}
	for _, account := range m.accounts() {
		m.statement(account, "2026-11-01", "2027-12-31")
	}
}

func (m *machine) lookAtWallets() {
	for _, w := range m.wallets {
		got, err := m.WalletByID(m.ctx, w.ID)
		m.must(err)
		want := w.Wallet
		want.Balance, want.Held = m.balance(w.ID), m.held(w.ID)
		if w.blocked {
			want.LockedUntil = ledger.BlockedUntil()
		}
		m.same("wallet "+w.ID, got, want)
		spent, err := m.LastSpent(m.ctx, w.ID)
		m.must(err)
		m.same("last spent by "+w.ID, spent, m.lastSpent(w.ID))
	}
	all, err := m.Agents(m.ctx)
	m.must(err)
	var want []ledger.Agent
	for _, a := range m.agents {
		want = append(want, ledger.Agent{ID: a.id, Float: m.sum("agent:" + a.id), Credit: a.credit})
	}
	slices.SortFunc(want, func(x, y ledger.Agent) int { return strings.Compare(x.ID, y.ID) })
	m.same("agents", all, want)
}

// lastSpent is the amount of the newest transfer that a wallet has made.
func (b *book) lastSpent(wallet string) money.Amount {
	var last *transfer
	for _, t := range b.transfers {
		made := t.kind == "payment" || t.kind == "transfer" || t.kind == "cash_out"
		if made && t.wallet == wallet && (last == nil || !t.at.Before(last.at)) {
			last = t
		}
	}
	if last == nil {
		return 0
	}
	return last.amount
}

// lookAtUsed compares the limits of the last day that something was counted in, and of this one.
func (m *machine) lookAtUsed() {
	for _, w := range m.wallets {
		for op := range m.limits {
			month := m.month()
			day := max(m.day(), m.lastDay(w.ID, op, month))
			got, err := m.Used(m.ctx, w.ID, op, day, month)
			m.must(err)
			m.same("used by "+w.ID+" of "+string(op), got, ledger.Used{
				Day: m.used(w.ID, op, day), Month: m.used(w.ID, op, month),
			})
		}
	}
}

func (m *machine) lookAtOffers() {
	for _, o := range m.offers {
		got, err := m.Offer(m.ctx, o.ID)
		m.must(err)
		got.Fingerprint = nil
		m.same("offer "+o.ID, got, o.Offer)
	}
	for _, w := range m.wallets {
		got, err := m.CurrentOffer(m.ctx, w.ID)
		if o := m.current(w.ID); o != nil {
			m.must(err)
			m.same("open offer", got.ID, o.ID)
		} else {
			m.compared("open offer", err, ledger.ErrNoOffer)
		}
		pressed, err := m.PressedOffers(m.ctx, w.ID)
		m.must(err)
		want := m.pressed(w.ID)
		m.same("pressed offers", ids(pressed), want[:min(len(want), ledger.MaxPressed)])
	}
	all, err := m.Unresolved(m.ctx, m.now.Add(time.Second), 1000)
	m.must(err)
	var want []string
	for _, id := range m.pressed("") {
		if !m.offer(id).PressedAt.After(m.now) {
			want = append(want, id)
		}
	}
	m.same("unresolved offers", ids(all), want)
}

func ids(all []ledger.Offer) []string {
	var ids []string
	for _, o := range all {
		ids = append(ids, o.ID)
	}
	return ids
}

// pressed are the offers of a wallet, or of all, that were pressed and have no end.
func (b *book) pressed(wallet string) []string {
	var all []*offer
	for _, o := range b.offers {
		if o.State == ledger.OfferPressed && (wallet == "" || wallet == o.Wallet) {
			all = append(all, o)
		}
	}
	sortBy(all, func(o *offer) (time.Time, string) { return o.PressedAt, o.ID })
	var ids []string
	for _, o := range all {
		ids = append(ids, o.ID)
	}
	return ids
}

func (m *machine) lookAtHolds() {
	under := map[string][]*hold{}
	for _, h := range m.holds() {
		got, err := m.Hold(m.ctx, h.ID)
		m.must(err)
		m.sameHold(got, h)
		moves, err := m.HoldMoves(m.ctx, h.ID)
		m.must(err)
		for i := range moves {
			moves[i].Detail = ""
			if h.offer.Operation == ledger.OpCashOut && i < len(h.moves) {
				moves[i].Code = h.moves[i].Code
			}
		}
		m.same("moves of "+h.ID, moves, h.moves)
		if !h.State.Final() {
			under[h.offer.Wallet] = append(under[h.offer.Wallet], h)
		}
	}
	for _, w := range m.wallets {
		all, err := m.WalletHolds(m.ctx, w.ID, 1000)
		m.must(err)
		m.same("number of holds", len(all), len(under[w.ID]))
		for i, h := range under[w.ID] {
			m.sameHold(all[i], h)
		}
	}
	m.lookAtOpenHolds()
}

func (m *machine) lookAtOpenHolds() {
	got, err := m.OpenHolds(m.ctx)
	m.must(err)
	var want []ledger.ProviderHolds
	for _, provider := range append([]string{""}, providers...) {
		for _, state := range unended {
			c := ledger.ProviderHolds{Provider: provider, State: state}
			for _, h := range m.holds() { // oldest first
				if h.State != state || h.offer.Provider != provider {
					continue
				}
				c.Count++
				if c.Oldest.IsZero() {
					c.Oldest = h.CreatedAt
				}
			}
			if c.Count > 0 {
				want = append(want, c)
			}
		}
	}
	m.same("open holds", got, want)
}

// unended are the states of a hold without an end, by name.
var unended = []ledger.HoldState{
	ledger.HoldHeld, ledger.HoldInDoubt, ledger.HoldSent, ledger.HoldSuspense,
}

func (m *machine) lookAtAccounts() {
	for _, account := range append(m.accounts(), "provider:none") {
		got, err := m.AccountBalance(m.ctx, account)
		m.must(err)
		m.same("balance of "+account, got, m.sum(account))
	}
	got, err := m.ClassBalances(m.ctx)
	m.must(err)
	want := m.classes()
	var sum money.Amount
	for _, c := range got {
		sum += c.Balance
		wanted := want[c.Class]
		wanted.Class = c.Class
		m.same("class "+c.Class, c, wanted)
	}
	m.same("sum of all classes", sum, money.Amount(0))
}

// lookAtTransfers compares what came of each offer and of each cash-in.
func (m *machine) lookAtTransfers() {
	cameOf := map[string][]*transfer{}
	for _, t := range m.transfers {
		switch {
		case t.of != nil:
			cameOf[t.of.id] = append(cameOf[t.of.id], t)
		case t.offer != nil:
			cameOf[t.offer.ID] = append(cameOf[t.offer.ID], t)
		case t.kind == "cash_in":
			cameOf[t.id] = append(cameOf[t.id], t)
		}
	}
	for id, want := range cameOf {
		got, err := m.OfferTransfers(m.ctx, id)
		m.must(err)
		m.same("number of transfers of "+id, len(got), len(want))
		for i, t := range want {
			m.sameTransfer(got[i], t)
		}
	}
}

func (m *machine) sameTransfer(got ledger.Transfer, t *transfer) {
	net, wanted := map[string]money.Amount{}, map[string]money.Amount{}
	for _, e := range got.Entries {
		net[e.Account] += e.Amount
	}
	for _, e := range t.entries {
		wanted[e.account] = t.net(e.account)
	}
	m.same("entries of "+t.id, net, wanted)
	want := ledger.Transfer{
		ID: t.id, Kind: t.kind, Wallet: t.wallet, Amount: t.amount, Fee: t.fee, At: t.at, Day: t.day,
	}
	if t.of != nil {
		want.ReversalOf = t.of.id
	}
	got.Entries = nil
	m.same("transfer "+t.id, got, want)
}

func (m *machine) lookAtReceipts() {
	for _, w := range m.wallets {
		got, err := m.Transfers(m.ctx, w.ID, 1000)
		m.must(err)
		var want []*transfer
		for _, t := range slices.Backward(m.transfers) {
			if t.kind == "payment" && t.wallet == w.ID {
				want = append(want, t)
			}
		}
		slices.SortStableFunc(want, func(x, y *transfer) int { return y.at.Compare(x.at) })
		m.same("number of payments", len(got), len(want))
		for i, t := range want {
			m.sameReceipt("receipt", got[i], t.offer.receipt)
		}
	}
}

func (m *machine) lookAtTxns() {
	for _, a := range m.txns {
		got, found, err := m.AgentTxn(m.ctx, a.Agent, a.Operation, a.Txn)
		m.must(err)
		m.same("txn "+a.Txn, found, true)
		m.sameTxn(got, a, nil)
	}
	day := m.day()
	for _, a := range agents[:2] {
		got, err := m.AgentTxns(m.ctx, a, day, 0, 1000)
		m.must(err)
		var numbers, want []int64
		for _, t := range got {
			numbers = append(numbers, t.Number)
		}
		for _, t := range m.txns {
			if t.Agent == a && t.Day == day {
				want = append(want, t.Number)
			}
		}
		m.same("txns of "+a+" on "+day, numbers, want)
	}
}

func (m *machine) lookAtCases() {
	for _, open := range []bool{true, false} {
		got, err := m.Cases(m.ctx, open, 0, 1000)
		m.must(err)
		var want []ledger.Case
		for _, c := range m.cases {
			if !open || c.ClosedAt.IsZero() {
				want = append(want, *c)
			}
		}
		for i := range got {
			got[i].ID = 0
		}
		m.same("cases", got, want)
	}
}

func (m *machine) lookAtRecords() {
	got, err := m.Records(m.ctx, "", 1000)
	m.must(err)
	slices.Reverse(got)
	for i := range got {
		got[i].Detail = ""
	}
	m.same("records", got, m.records[max(0, len(m.records)-1000):])
}

func (m *machine) lookAtMessages() {
	var keys []string
	for _, want := range m.messages {
		keys = append(keys, want.Key)
	}
	got, err := m.SentMessages(m.ctx, keys)
	m.must(err)
	m.same("number of messages", len(got), len(m.messages))
	waiting, due, dead, sent := 0, 0, 0, 0
	for _, s := range got {
		want := m.message(s.Key)
		s.ID = 0
		m.same("message "+s.Key, s, ledger.SentMessage{
			Key: want.Key, Kind: want.Kind, Attempt: want.Attempt, CreatedAt: want.CreatedAt,
			NextAt: want.next, SentAt: want.sent, GivenUpAt: want.dead, Error: want.lastError,
		})
		switch {
		case !want.dead.IsZero():
			dead++
		case !want.sent.IsZero():
			sent++
		default:
			waiting++
			if !want.next.After(m.now) {
				due++
			}
		}
	}
	status, err := m.OutboxStatus(m.ctx, m.now)
	m.must(err)
	m.same("outbox", []int{status.Waiting, status.Due, status.GivenUp, status.Sent, status.Recent},
		[]int{waiting, due, dead, sent, len(m.messages)})
}

func (m *machine) lookAtDays() {
	last, err := m.LastClosed(m.ctx)
	m.must(err)
	m.same("last closed day", last, m.lastClosed())
	for _, account := range m.accounts() {
		got, err := m.Closings(m.ctx, account, "2026-11-01", "2027-12-31")
		m.must(err)
		var want []ledger.Closing
		for _, c := range m.closings {
			if c.Account == account {
				want = append(want, c)
			}
		}
		m.same("closings of "+account, got, want)
	}
	for _, provider := range providers {
		m.lookAtProvider(provider, shift(m.day(), -rapidOf(m, 3)))
	}
}

func (m *machine) lookAtProvider(provider, day string) {
	var got []ledger.Settled
	err := m.ProviderPayments(m.ctx, provider, day, func(s ledger.Settled) error {
		got = append(got, s)
		return nil
	})
	m.must(err)
	var want []*transfer
	for _, t := range m.transfers {
		if t.kind == "payment" && t.offer.Provider == provider && t.day == day {
			want = append(want, t)
		}
	}
	m.same("payments to "+provider, len(got), len(want))
	for i, t := range want {
		m.sameReceipt("payment to "+provider, got[i].Receipt, t.offer.receipt)
		txn, theirs := "", ""
		if h := t.offer.hold; h != nil {
			txn, theirs = h.Txn, h.ProviderTxn
		}
		m.same("txn of "+t.id, []string{got[i].Txn, got[i].ProviderTxn}, []string{txn, theirs})
	}
}

func (m *machine) lookAtTotals() {
	got, err := m.Totals(m.ctx)
	m.must(err)
	want := ledger.Totals{}
	for account, sum := range m.rolledSum {
		switch class, _, _ := strings.Cut(account, ":"); class {
		case "wallet":
			want.Wallets += sum
		case "agent":
			want.Agents += sum
		case "suspense":
			want.Suspense += sum
		case "trust":
			want.Trust += sum
		}
	}
	for _, c := range m.cases {
		if c.ClosedAt.IsZero() {
			want.OpenCases++
		}
	}
	for _, state := range unended {
		c := ledger.HoldCount{State: state}
		for _, h := range m.holds() { // oldest first
			if h.State == state {
				c.Count++
				if c.Oldest.IsZero() {
					c.Oldest = h.CreatedAt
				}
			}
		}
		if c.Count > 0 {
			want.Holds = append(want.Holds, c)
		}
	}
	for _, sms := range m.messages {
		if !sms.waits() {
			continue
		}
		want.Messages++
		if want.OldestMessage.IsZero() || sms.CreatedAt.Before(want.OldestMessage) {
			want.OldestMessage = sms.CreatedAt
		}
	}
	m.same("totals", got, want)
}

func (m *machine) lookAtSimilar() {
	for _, o := range m.offers[max(0, len(m.offers)-10):] {
		since := m.now.Add(-24 * time.Hour)
		got, found, err := m.Similar(m.ctx, o.Offer, since)
		m.must(err)
		at, id, several := m.similar(o.Offer, since)
		if found == at.IsZero() || !got.PostedAt.Equal(at) || (!several && got.Offer.ID != id) {
			m.Fatalf("similar to %s: the store has %s of %s, the book %s of %s", o.ID, got.Offer.ID,
				got.PostedAt, id, at)
		}
	}
}

// statementSome compares a statement of some days, and the movements page by page.
func (m *machine) statementSome() {
	account := pick(m, "account", m.accounts())
	if m.chance(8) {
		account = "provider:none"
	}
	from := shift(m.day(), -rapidOf(m, 5))
	m.statement(account, from, shift(from, rapidOf(m, 4)))
}

func (m *machine) statement(account, from, to string) {
	var opening money.Amount
	var got []ledger.Movement
	err := m.Statement(m.ctx, account, from, to, func(sum money.Amount) error {
		opening = sum
		return nil
	}, func(v ledger.Movement) error {
		got = append(got, v)
		return nil
	})
	if account == "provider:none" {
		m.compared("statement of "+account, err, ledger.ErrNoAccount)
		return
	}
	m.compared("statement of "+account, err, nil)
	var wantOpening money.Amount
	var want []*transfer
	for _, t := range m.movements(account) {
		switch day := m.dayOf(t); {
		case day < from:
			wantOpening += t.net(account)
		case day <= to:
			want = append(want, t)
		}
	}
	m.same("opening of "+account+" on "+from, opening, wantOpening)
	m.sameMovements(account, got, want)

	var pages []ledger.Movement
	for before := int64(0); ; {
		page, err := m.Movements(m.ctx, account, before, 20)
		m.must(err)
		pages = append(pages, page...)
		if len(page) < 20 {
			break
		}
		before = page[len(page)-1].Seq
	}
	slices.Reverse(pages)
	m.sameMovements(account, pages, m.movements(account))
}

func (m *machine) sameMovements(account string, got []ledger.Movement, want []*transfer) {
	m.same("number of movements on "+account, len(got), len(want))
	last := int64(0)
	for i, t := range want {
		v := got[i]
		if v.Seq <= last {
			m.Fatalf("movement %d comes after %d", v.Seq, last)
		}
		last = v.Seq
		wanted := ledger.Movement{
			Transfer: t.id, Kind: t.kind, Amount: t.net(account), Wallet: t.wallet, At: t.at,
			Day: t.day, Closed: t.closed,
		}
		if account == "wallet:"+t.wallet {
			wanted.Fee = t.fee
		}
		id := ""
		if t.offer != nil {
			id = t.offer.ID
		}
		m.same("offer of "+t.id, v.Offer.ID, id)
		v.Seq, v.Offer = 0, ledger.Offer{}
		m.same("movement on "+account, v, wanted)
	}
}
