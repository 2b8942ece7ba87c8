package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// modelOffer is what a plain reading of the rules says of an offer.
type modelOffer struct {
	offer   ledger.Offer
	state   ledger.OfferState
	reason  ledger.Reason
	balance money.Amount // after it was paid
}

// modelWallet is the same of a wallet.
type modelWallet struct {
	id      string
	balance money.Amount
	spent   map[string]money.Amount // by day and by month
	paid    []string                // offers, oldest first
}

// history runs random operations on a store and on the model, and compares every answer.
type history struct {
	*rapid.T
	books   *books
	now     time.Time
	limits  ledger.Limits
	wallets []*modelWallet
	offers  []*modelOffer
	funded  map[string]string // key to wallet and amount
}

// historiesFor bounds the time for the random histories of one test. With more time, set
// -rapid.checks and raise it.
const historiesFor = 3 * time.Second

// testPaymentHistories compares random histories of offers and payments with a plain model.
func testPaymentHistories(b *books) {
	deadline := time.Now().Add(historiesFor)
	rapid.Check(b.T, func(t *rapid.T) {
		if time.Now().After(deadline) {
			return
		}
		h := &history{T: t, books: b, now: b.now, funded: map[string]string{}}
		h.limits = ledger.Limits{
			PerPayment: money.Som(60), PerDay: money.Som(100), PerMonth: money.Som(150),
		}
		for range 2 {
			w := b.wallet(money.Som(120))
			h.wallets = append(h.wallets, &modelWallet{
				id: w.ID, balance: money.Som(120), spent: map[string]money.Amount{},
			})
		}
		t.Repeat(map[string]func(*rapid.T){
			"":         func(*rapid.T) { h.check() },
			"clock":    func(*rapid.T) { h.clock() },
			"fund":     func(*rapid.T) { h.fund() },
			"open":     func(*rapid.T) { h.open() },
			"press":    func(*rapid.T) { h.press() },
			"withdraw": func(*rapid.T) { h.withdraw() },
			"apply":    func(*rapid.T) { h.apply() },
			"pay":      func(*rapid.T) { h.open(); h.pressLast(); h.apply() },
			"refuse":   func(*rapid.T) { h.refuse() },
		})
		h.checkAll()
	})
}

func (h *history) clock() {
	h.now = h.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(h.T, "hours")) * time.Hour)
}

func (h *history) wallet() *modelWallet {
	return rapid.SampledFrom(h.wallets).Draw(h.T, "wallet")
}

func (h *history) of(o *modelOffer) *modelWallet {
	for _, w := range h.wallets {
		if w.id == o.offer.Wallet {
			return w
		}
	}
	panic("ledgertest: offer of no wallet")
}

// some draws an offer, or skips the step when there is none.
func (h *history) some() *modelOffer {
	if len(h.offers) == 0 {
		h.Skip("no offers")
	}
	recent := h.offers[max(0, len(h.offers)-6):]
	return rapid.SampledFrom(recent).Draw(h.T, "offer")
}

func (h *history) want(err error, reason ledger.Reason) {
	h.Helper()
	var d *ledger.Decline
	if err != nil && !errors.As(err, &d) {
		h.Fatalf("got error %v, want %q", err, reason)
	}
	if got := ledger.ReasonOf(err); got != reason {
		h.Fatalf("got %q, want %q", got, reason)
	}
}

func (h *history) fund() {
	w := h.wallet()
	amount := money.Som(rapid.Int64Range(1, 50).Draw(h.T, "som"))
	key := fmt.Sprint(h.wallets[0].id, rapid.IntRange(1, 4).Draw(h.T, "key"))
	err := h.books.Fund(h.books.ctx(), key, w.id, amount, ledger.MaxBalance, h.now)
	request := w.id + amount.String()
	switch first, known := h.funded[key]; {
	case known && first != request:
		h.want(err, ledger.ReasonKeyReused)
	case known:
		h.want(err, "")
	default:
		h.want(err, "")
		h.funded[key] = request
		w.balance += amount
	}
}

func (h *history) open() {
	w := h.wallet()
	o := h.books.offer(w.id, money.Som(rapid.Int64Range(1, 70).Draw(h.T, "som")))
	o.CreatedAt, o.ExpiresAt = h.now, h.now.Add(10*time.Minute)
	o.Fee = money.Amount(rapid.Int64Range(0, 3).Draw(h.T, "fee"))
	h.want(h.books.OpenOffer(h.books.ctx(), o), "")
	h.end(w, ledger.OfferSuperseded)
	h.offers = append(h.offers, &modelOffer{offer: o, state: ledger.OfferOpen})
}

// end moves the wallet's open offer on.
func (h *history) end(w *modelWallet, state ledger.OfferState) {
	for _, o := range h.offers {
		if o.offer.Wallet == w.id && o.state == ledger.OfferOpen {
			o.state, o.reason = state, ledger.Reason(state)
		}
	}
}

func (h *history) withdraw() {
	w := h.wallet()
	h.want(h.books.Withdraw(h.books.ctx(), w.id), "")
	h.end(w, ledger.OfferWithdrawn)
}

func (h *history) press()     { h.pressed(h.some()) }
func (h *history) pressLast() { h.pressed(h.offers[len(h.offers)-1]) }

func (h *history) pressed(o *modelOffer) {
	err := h.books.Press(h.books.ctx(), o.offer.ID, h.now)
	if o.state == ledger.OfferOpen {
		o.state = ledger.OfferPressed
		if !h.now.Before(o.offer.ExpiresAt) {
			o.state, o.reason = ledger.OfferExpired, ledger.ReasonExpired
		}
	}
	h.want(err, o.reason)
}

// apply executes one to four offers, some of them repeats and some with a changed amount.
func (h *history) apply() {
	n := rapid.IntRange(1, 4).Draw(h.T, "payments")
	payments, offers := make([]ledger.Payment, n), make([]*modelOffer, n)
	for i := range n {
		o := h.some()
		if i == 0 {
			o = h.offers[len(h.offers)-1]
		}
		p := h.books.payment(o.offer)
		p.Now, p.Limits = h.now, h.limits
		p.Day, p.Month = h.now.Format(time.DateOnly), h.now.Format("2006-01")
		if rapid.IntRange(0, 9).Draw(h.T, "changed") == 0 {
			p.Offer.Amount++
		}
		payments[i], offers[i] = p, o
	}
	results, err := h.books.Apply(h.books.ctx(), payments)
	h.want(err, "")
	for i, o := range offers {
		reason := h.modelApply(o, payments[i])
		h.want(results[i].Err, reason)
		if reason == "" && (results[i].Receipt.Balance != o.balance ||
			results[i].Receipt.Offer.Amount != o.offer.Amount) {
			h.Fatalf("payment %d: got %+v, want balance %s", i, results[i].Receipt, o.balance)
		}
	}
}

// modelApply is the plain reading of Apply.
func (h *history) modelApply(o *modelOffer, p ledger.Payment) ledger.Reason {
	w := h.of(o)
	amount := o.offer.Amount
	if p.Offer.Amount != amount {
		return ledger.ReasonKeyReused
	}
	if o.state == ledger.OfferOpen {
		return ledger.ReasonNotPressed
	}
	if o.state != ledger.OfferPressed {
		return o.reason
	}
	switch {
	case amount > h.limits.PerPayment:
		o.reason = ledger.ReasonLimitPayment
	case w.spent[p.Day]+amount > h.limits.PerDay:
		o.reason = ledger.ReasonLimitDay
	case w.spent[p.Month]+amount > h.limits.PerMonth:
		o.reason = ledger.ReasonLimitMonth
	case w.balance < amount+o.offer.Fee:
		o.reason = ledger.ReasonLowBalance
	}
	if o.reason != "" {
		o.state = ledger.OfferRefused
		return o.reason
	}
	w.balance -= amount + o.offer.Fee
	w.spent[p.Day] += amount
	w.spent[p.Month] += amount
	w.paid = append(w.paid, o.offer.ID)
	o.state, o.balance = ledger.OfferDone, w.balance
	return ""
}

func (h *history) refuse() {
	o := h.some()
	result, err := h.books.Refuse(h.books.ctx(), o.offer.ID, ledger.ReasonNotTaken, h.now, nil)
	h.want(err, "")
	if o.state == ledger.OfferOpen || o.state == ledger.OfferPressed {
		o.state, o.reason = ledger.OfferRefused, ledger.ReasonNotTaken
	}
	h.want(result.Err, o.reason)
	if result.Err == nil && result.Receipt.Balance != o.balance {
		h.Fatalf("got %+v, want balance %s", result.Receipt, o.balance)
	}
}

// check compares balances after every step.
func (h *history) check() {
	for _, w := range h.wallets {
		got, err := h.books.Balance(h.books.ctx(), w.id)
		h.want(err, "")
		if got != w.balance {
			h.Fatalf("balance is %s, want %s", got, w.balance)
		}
	}
}

// checkAll compares everything at the end of a history.
func (h *history) checkAll() {
	ctx := h.books.ctx()
	for _, o := range h.offers {
		got, err := h.books.Offer(ctx, o.offer.ID)
		h.want(err, "")
		if got.State != o.state {
			h.Fatalf("offer is %s, want %s", got.State, o.state)
		}
	}
	for _, w := range h.wallets {
		all, err := h.books.Transfers(ctx, w.id, 1000)
		h.want(err, "")
		if len(all) != len(w.paid) {
			h.Fatalf("%d transfers, want %d", len(all), len(w.paid))
		}
		for i, r := range all {
			if want := w.paid[len(w.paid)-1-i]; r.Offer.ID != want {
				h.Fatalf("transfer %d is of %s, want %s", i, r.Offer.ID, want)
			}
		}
		day, month := h.now.Format(time.DateOnly), h.now.Format("2006-01")
		used, err := h.books.Used(ctx, w.id, ledger.OpPayment, day, month)
		h.want(err, "")
		if used.Day != w.spent[day] || used.Month != w.spent[month] {
			h.Fatalf("spent %s and %s, want %s and %s", used.Day, used.Month, w.spent[day],
				w.spent[month])
		}
	}
}

// modelPIN is what a plain reading of the rules says of a wallet's tries.
type modelPIN struct {
	counted int // since the last clearing
	locks   int
	until   time.Time
	last    time.Time
	verdict map[string]string // "" = counted
	left    map[string]int
}

// testPINHistories compares random histories of tries with a plain model.
func testPINHistories(b *books) {
	deadline := time.Now().Add(historiesFor)
	rapid.Check(b.T, func(t *rapid.T) {
		if time.Now().After(deadline) {
			return
		}
		h := &history{T: t, books: b, now: b.now}
		w := b.wallet(0)
		m := &modelPIN{verdict: map[string]string{}, left: map[string]int{}}
		try := func() ledger.Try {
			attempt := fmt.Sprint(rapid.IntRange(1, 20).Draw(t, "attempt"))
			return ledger.Try{Wallet: w.ID, Attempt: attempt, Now: h.now, Max: maxTries}
		}
		t.Repeat(map[string]func(*rapid.T){
			"count": func(*rapid.T) { h.count(m, try()) },
			"wrong": func(*rapid.T) { h.wrong(m, try()) },
			"right": func(*rapid.T) { h.right(m, try()) },
			"clock": func(*rapid.T) {
				h.now = h.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "min")) * time.Minute)
			},
		})
	})
}

func (h *history) count(m *modelPIN, try ledger.Try) {
	tried, err := h.books.CountTry(h.books.ctx(), try)
	verdict, known := m.verdict[try.Attempt]
	switch {
	case verdict == "right":
		h.want(err, "")
	case m.until.After(h.now):
		h.want(err, ledger.ReasonLocked)
	case verdict == "wrong":
		h.want(err, ledger.ReasonWrongPIN)
	case known:
		h.want(err, "")
	case m.counted >= maxTries && m.last.Add(ledger.TryPending).After(h.now):
		h.want(err, ledger.ReasonLocked)
	default:
		h.want(err, "")
		m.counted = min(m.counted+1, maxTries)
		m.last = h.now
		m.verdict[try.Attempt] = ""
	}
	if err == nil && (tried.Right != (verdict == "right") || tried.Used != m.counted) {
		h.Fatalf("got %+v, want right %t, used %d", tried, verdict == "right", m.counted)
	}
}

func (h *history) wrong(m *modelPIN, try ledger.Try) {
	verdict, known := m.verdict[try.Attempt]
	if !known {
		h.Skip("not counted")
	}
	left, until, err := h.books.WrongTry(h.books.ctx(), try, lockFor)
	h.want(err, "")
	if verdict == "wrong" {
		if left != m.left[try.Attempt] {
			h.Fatalf("repeat: %d left, want %d", left, m.left[try.Attempt])
		}
		return
	}
	if verdict == "right" {
		m.counted++
	}
	switch {
	case m.until.After(h.now):
	case m.counted >= maxTries:
		m.until = h.now.Add(lockFor[min(m.locks, 1)])
		m.locks++
		m.counted = 0
	default:
		m.left[try.Attempt] = maxTries - m.counted
	}
	m.verdict[try.Attempt] = "wrong"
	locked := m.left[try.Attempt] == 0
	if left != m.left[try.Attempt] || locked && !until.Equal(m.until) {
		h.Fatalf("%d left until %s, want %d until %s", left, until, m.left[try.Attempt], m.until)
	}
}

func (h *history) right(m *modelPIN, try ledger.Try) {
	verdict, known := m.verdict[try.Attempt]
	if !known || verdict == "wrong" {
		h.Skip("not counted, or wrong")
	}
	h.want(h.books.RightTry(h.books.ctx(), try), "")
	if verdict == "right" {
		return
	}
	m.verdict[try.Attempt] = "right"
	m.counted = 0
	if !m.until.After(h.now) {
		m.locks = 0
	}
}
