package ledgertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

func testFund(b *books) {
	w, other := b.wallet(0), b.wallet(0)
	fund := func(key, wallet string, amount money.Amount) error {
		return b.Fund(b.ctx(), key, wallet, amount, ledger.MaxBalance, b.now)
	}
	b.must(fund("key", w.ID, money.Som(100)))
	b.now = b.now.Add(time.Hour)
	b.must(fund("key", w.ID, money.Som(100)))
	b.holds(w.ID, money.Som(100))
	b.declined(fund("key", w.ID, money.Som(101)), ledger.ReasonKeyReused)
	b.declined(fund("key", other.ID, money.Som(100)), ledger.ReasonKeyReused)
	b.holds(other.ID, 0)
	b.is(fund("nobody", "nobody", money.Som(1)), ledger.ErrNoWallet)
	for _, amount := range []money.Amount{0, -1, ledger.MaxAmount + 1} {
		if fund(newID(), w.ID, amount) == nil {
			b.Errorf("no error for funding %s", amount)
		}
	}
	if all, err := b.Transfers(b.ctx(), w.ID, 10); err != nil || len(all) != 0 {
		b.Errorf("a funding is no payment: %+v, %v", all, err)
	}
}

func testFundRace(b *books) {
	const rounds, racers = 10, 8
	for range rounds {
		w, key := b.wallet(0), newID()
		race(racers, func(int) {
			err := b.Fund(b.ctx(), key, w.ID, money.Som(5), ledger.MaxBalance, b.now)
			if err != nil {
				b.Errorf("fund: %v", err)
			}
		})
		b.holds(w.ID, money.Som(5))
	}
}

func testFundLimit(b *books) {
	w := b.wallet(money.Som(10))
	fund := func(key string, amount, most money.Amount) error {
		return b.Fund(b.ctx(), key, w.ID, amount, most, b.now)
	}
	b.must(fund("first", money.Som(5), money.Som(15))) // to the last tyiyn
	if d := b.declined(fund("next", 1, money.Som(15)), ledger.ReasonLimitBalance); d.Limit != 0 {
		b.Errorf("got %+v, want that nothing fits", d)
	}
	b.must(fund("first", money.Som(5), money.Som(15))) // what is done is done
	d := b.declined(fund("next", money.Som(9), money.Som(20)), ledger.ReasonLimitBalance)
	if d.Limit != money.Som(5) || d.Key != "next" {
		b.Errorf("got %+v, want that 5 som fit", d)
	}
	// The limit was lowered below what the wallet holds.
	if d := b.declined(fund("next", 1, money.Som(1)), ledger.ReasonLimitBalance); d.Limit != 0 {
		b.Errorf("got %+v, want that nothing fits", d)
	}
	b.holds(w.ID, money.Som(15))
	b.must(fund("next", money.Som(5), money.Som(20))) // a declined key is free
	b.holds(w.ID, money.Som(20))
	for _, most := range []money.Amount{-1, 0, ledger.MaxBalance + 1} {
		if fund(newID(), 1, most) == nil {
			b.Errorf("no error for a limit of %s", most)
		}
	}
}

func testFundLimitRace(b *books) {
	const racers = 8
	w := b.wallet(0)
	race(racers, func(int) {
		err := b.Fund(b.ctx(), newID(), w.ID, money.Som(5), money.Som(12), b.now)
		if err != nil && ledger.ReasonOf(err) != ledger.ReasonLimitBalance {
			b.Errorf("fund: %v", err)
		}
	})
	b.holds(w.ID, money.Som(10))
}

func testApply(b *books) {
	w := b.wallet(money.Som(100))
	b.now = b.now.Add(time.Second)
	o := b.pressed(w.ID, money.Som(10))
	r, err := b.apply(b.payment(o))
	b.must(err)
	want := o
	want.State = ledger.OfferDone
	if !sameOffer(r.Offer, want) || r.Balance != money.Som(89) || !r.PostedAt.Equal(b.now) ||
		r.TransferID == "" {
		b.Errorf("got %+v, want the offer %+v and 89 som", r, want)
	}
	b.holds(w.ID, money.Som(89))
	b.inState(o.ID, ledger.OfferDone)

	free := b.offer(w.ID, money.Som(89))
	free.Fee = 0
	b.must(b.OpenOffer(b.ctx(), free))
	b.must(b.Press(b.ctx(), free.ID, b.now))
	last := b.payment(b.read(free.ID))
	last.Message = ledger.Message{}
	_, err = b.apply(last)
	b.must(err)
	b.holds(w.ID, 0) // to the last tyiyn

	all, err := b.Transfers(b.ctx(), w.ID, 10)
	b.must(err)
	if len(all) != 2 || all[0].Offer.ID != free.ID || all[1].TransferID != r.TransferID {
		b.Errorf("transfers: %+v", all)
	}
	if all, err := b.Transfers(b.ctx(), w.ID, 1); err != nil || len(all) != 1 {
		b.Errorf("limit 1: %+v, %v", all, err)
	}
	used, err := b.Used(b.ctx(), w.ID, ledger.OpPayment, day, month)
	b.must(err)
	if used.Day != money.Som(99) || used.Month != money.Som(99) {
		b.Errorf("spent %s in the day, %s in the month, want 99 som", used.Day, used.Month)
	}
	if n := len(b.messages()); n != 1 {
		b.Errorf("%d messages, want 1", n)
	}
	if results, err := b.Apply(b.ctx(), nil); err != nil || len(results) != 0 {
		b.Errorf("no payments: %v, %v", results, err)
	}
}

func testApplyTwice(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	first, err := b.apply(b.payment(o))
	b.must(err)
	b.now = b.now.Add(time.Hour)
	again := b.payment(o)
	again.Limits.PerPayment = 1 // what is done is done
	second, err := b.apply(again)
	b.must(err)
	if !sameOffer(first.Offer, second.Offer) || first.Balance != second.Balance ||
		!first.PostedAt.Equal(second.PostedAt) || first.TransferID != second.TransferID {
		b.Errorf("repeat: got %+v, want %+v", second, first)
	}
	third, err := b.Apply(b.ctx(), []ledger.Payment{b.payment(o), b.payment(o)})
	b.must(err)
	for _, r := range third {
		if r.Err != nil || r.Receipt.TransferID != first.TransferID {
			b.Errorf("repeat in one batch: %+v", r)
		}
	}
	changes := map[string]func(*ledger.Offer){
		"amount":   func(o *ledger.Offer) { o.Amount = money.Som(20) },
		"fee":      func(o *ledger.Offer) { o.Fee = 0 },
		"account":  func(o *ledger.Offer) { o.Account = "1" },
		"provider": func(o *ledger.Offer) { o.Provider = "hoster" },
		"wallet":   func(o *ledger.Offer) { o.Wallet = "other" },
		"code":     func(o *ledger.Offer) { o.Code = "1" },
	}
	unpaid := b.pressed(w.ID, money.Som(10))
	for name, change := range changes {
		for _, of := range []ledger.Offer{o, unpaid} {
			change(&of)
			if _, err := b.apply(b.payment(of)); ledger.ReasonOf(err) != ledger.ReasonKeyReused {
				b.Errorf("another %s: got %v, want key_reused", name, err)
			}
		}
	}
	b.inState(unpaid.ID, ledger.OfferPressed)
	b.holds(w.ID, money.Som(89))
	if n := len(b.messages()); n != 1 {
		b.Errorf("%d messages, want 1", n)
	}
}

func testApplyDeclines(b *books) {
	w := b.wallet(money.Som(100))
	_, err := b.apply(b.payment(b.offer(w.ID, money.Som(10)))) // never opened
	b.declined(err, ledger.ReasonNotTaken)

	open := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), open))
	_, err = b.apply(b.payment(open))
	b.declined(err, ledger.ReasonNotPressed)
	b.inState(open.ID, ledger.OfferOpen)

	superseding := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), superseding))
	_, err = b.apply(b.payment(open))
	b.declined(err, ledger.ReasonSuperseded)
	b.must(b.Withdraw(b.ctx(), w.ID))
	_, err = b.apply(b.payment(superseding))
	b.declined(err, ledger.ReasonWithdrawn)

	expired := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), expired))
	b.declined(b.Press(b.ctx(), expired.ID, expired.ExpiresAt), ledger.ReasonExpired)
	_, err = b.apply(b.payment(expired))
	b.declined(err, ledger.ReasonExpired)

	poor := b.pressed(w.ID, money.Som(100)) // and one som of fee
	_, err = b.apply(b.payment(poor))
	d := b.declined(err, ledger.ReasonLowBalance)
	if d.Limit != money.Som(100) || d.Key != poor.ID {
		b.Errorf("got %+v, want the balance", d)
	}
	b.inState(poor.ID, ledger.OfferRefused)
	b.must(b.Fund(b.ctx(), newID(), w.ID, money.Som(100), ledger.MaxBalance, b.now))
	_, err = b.apply(b.payment(poor)) // the outcome is stable
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != money.Som(100) {
		b.Errorf("repeat: got %+v", d)
	}
	b.declined(b.Press(b.ctx(), poor.ID, b.now), ledger.ReasonLowBalance)
	b.holds(w.ID, money.Som(200))
	if n := len(b.messages()); n != 0 {
		b.Errorf("%d messages, want none", n)
	}
}

func testApplyLimits(b *books) {
	w := b.wallet(money.Som(1000))
	limits := ledger.Limits{
		PerPayment: money.Som(50), PerDay: money.Som(80), PerMonth: money.Som(120),
	}
	pay := func(som int64, day string) error {
		b.Helper()
		p := b.payment(b.pressed(w.ID, money.Som(som)))
		p.Limits, p.Day = limits, day
		_, err := b.apply(p)
		return err
	}
	limit := func(err error, reason ledger.Reason, left money.Amount) {
		b.Helper()
		if d := b.declined(err, reason); d.Limit != left {
			b.Errorf("%s lets through %s, want %s", reason, d.Limit, left)
		}
	}
	limit(pay(51, day), ledger.ReasonLimitPayment, money.Som(50))
	b.must(pay(50, day)) // the fee does not count
	limit(pay(31, day), ledger.ReasonLimitDay, money.Som(30))
	b.must(pay(30, day))
	limit(pay(1, day), ledger.ReasonLimitDay, 0)
	limit(pay(41, "2026-11-22"), ledger.ReasonLimitMonth, money.Som(40))
	b.must(pay(40, "2026-11-22"))
	limits.PerMonth = money.Som(100) // lowered below what is used
	limit(pay(1, "2026-11-23"), ledger.ReasonLimitMonth, 0)
	b.holds(w.ID, money.Som(1000-120-3))
	used, err := b.Used(b.ctx(), w.ID, ledger.OpPayment, day, month)
	b.must(err)
	if used.Day != 0 || used.Month != money.Som(120) { // a later day has been counted since
		b.Errorf("spent %s in the day, %s in the month", used.Day, used.Month)
	}
}

// testApplyTellsRefusals is about the message of a pressed offer that is refused: it is enqueued
// with the refusal, once, and never for an offer that ended otherwise.
func testApplyTellsRefusals(b *books) {
	refusable := func(o ledger.Offer) ledger.Payment {
		p := b.payment(o)
		p.Refusal = ledger.Message{
			Key: "not paid:" + o.ID, To: msisdn.MustParse("996555000002"), Kind: "not_paid",
			Lang: "ky", Fields: map[string]string{"quote": `"\` + "\x00"}, Sealed: []byte("sealed"),
		}
		return p
	}
	poor, rich, spent := b.wallet(money.Som(1)), b.wallet(money.Som(100)), b.wallet(money.Som(100))
	limited := refusable(b.pressed(spent.ID, money.Som(10)))
	limited.Limits.PerDay = money.Som(9)
	untold := refusable(b.pressed(poor.ID, money.Som(20)))
	untold.Refusal = ledger.Message{}
	changed := refusable(b.pressed(rich.ID, money.Som(10)))
	changed.Offer.Amount++
	paid := refusable(b.pressed(rich.ID, money.Som(10)))
	open := b.offer(rich.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), open))
	batch := []ledger.Payment{
		refusable(b.pressed(poor.ID, money.Som(10))), untold, limited, changed, refusable(open),
		refusable(b.offer(rich.ID, money.Som(10))), paid,
	}
	want := []ledger.Reason{
		ledger.ReasonLowBalance, ledger.ReasonLowBalance, ledger.ReasonLimitDay,
		ledger.ReasonKeyReused, ledger.ReasonNotPressed, ledger.ReasonNotTaken, "",
	}
	for range 2 {
		results, err := b.Apply(b.ctx(), batch)
		b.must(err)
		for i, reason := range want {
			if got := ledger.ReasonOf(results[i].Err); got != reason {
				b.Errorf("payment %d: got %q, want %q", i, got, reason)
			}
		}
	}
	refused := batch[0].Refusal
	_, err := b.Refuse(b.ctx(), batch[0].Offer.ID, ledger.ReasonNotTaken, b.now, &refused)
	b.must(err) // as a sweeper would tell it
	all := b.messages()
	keys := make([]string, len(all))
	for i, m := range all {
		keys[i] = m.Key
	}
	slices.Sort(keys)
	told := []string{refused.Key, limited.Refusal.Key, paid.Message.Key}
	slices.Sort(told)
	if !slices.Equal(keys, told) {
		b.Fatalf("messages %v, want %v", keys, told)
	}
	for _, m := range all {
		if m.Key == refused.Key && (m.Kind != "not_paid" || m.Lang != "ky" || m.To != refused.To ||
			!maps.Equal(m.Fields, refused.Fields) || string(m.Sealed) != "sealed") {
			b.Errorf("got %+v, want %+v", m, refused)
		}
	}
}

func testApplyNeighbours(b *books) {
	poor, rich := b.wallet(money.Som(1)), b.wallet(money.Som(100))
	refused := b.wallet(money.Som(100))
	unknown := b.offer(rich.ID, money.Som(10))
	gone := b.pressed(refused.ID, money.Som(10))
	_, err := b.Refuse(b.ctx(), gone.ID, ledger.ReasonNotTaken, b.now, nil)
	b.must(err)
	results, err := b.Apply(b.ctx(), []ledger.Payment{
		b.payment(b.pressed(poor.ID, money.Som(10))),
		b.payment(gone),
		b.payment(unknown),
		b.payment(b.pressed(rich.ID, money.Som(10))),
	})
	b.must(err)
	want := []ledger.Reason{
		ledger.ReasonLowBalance, ledger.ReasonNotTaken, ledger.ReasonNotTaken, "",
	}
	for i, reason := range want {
		if got := ledger.ReasonOf(results[i].Err); got != reason {
			b.Errorf("payment %d: got %q, want %q", i, got, reason)
		}
	}
	b.holds(poor.ID, money.Som(1))
	b.holds(rich.ID, money.Som(89))
	b.holds(refused.ID, money.Som(100))
}

func testApplyOneWallet(b *books) {
	w := b.wallet(money.Som(25))
	first, second := b.pressed(w.ID, money.Som(10)), b.pressed(w.ID, money.Som(20))
	third := b.pressed(w.ID, money.Som(12))
	results, err := b.Apply(b.ctx(), []ledger.Payment{
		b.payment(first), b.payment(second), b.payment(third), b.payment(first),
	})
	b.must(err)
	want := []ledger.Reason{"", ledger.ReasonLowBalance, "", ""}
	for i, reason := range want {
		if got := ledger.ReasonOf(results[i].Err); got != reason {
			b.Errorf("payment %d: got %q, want %q", i, got, reason)
		}
	}
	if got := results[2].Receipt.Balance; got != money.Som(1) {
		b.Errorf("balance after the last is %s, want 1 som", got)
	}
	b.holds(w.ID, money.Som(1))
}

// testApplyFaults is about payments that no subscriber can cause: the batch is refused whole.
func testApplyFaults(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	faults := map[string]func(*ledger.Payment){
		"no time":        func(p *ledger.Payment) { p.Now = time.Time{} },
		"no day":         func(p *ledger.Payment) { p.Day = "" },
		"month for day":  func(p *ledger.Payment) { p.Day = p.Month },
		"negative limit": func(p *ledger.Payment) { p.Limits.PerDay = -1 },
		"no key":         func(p *ledger.Payment) { p.Message.Key = "" },
		"no number": func(p *ledger.Payment) {
			p.Refusal = ledger.Message{Kind: "k", Key: "k"}
		},
	}
	for name, fault := range faults {
		p := b.payment(o)
		fault(&p)
		if _, err := b.Apply(b.ctx(), []ledger.Payment{p}); err == nil {
			b.Errorf("%s: no error", name)
		}
	}
	b.inState(o.ID, ledger.OfferPressed)
	b.holds(w.ID, money.Som(100))
}

func testRefuse(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	msg := &ledger.Message{Key: "not paid", To: w.Number, Kind: "not_paid", Lang: "ru"}
	result, err := b.Refuse(b.ctx(), o.ID, ledger.ReasonNotTaken, b.now, msg)
	b.must(err)
	b.declined(result.Err, ledger.ReasonNotTaken)
	result, err = b.Refuse(b.ctx(), o.ID, ledger.ReasonStopped, b.now, msg)
	b.must(err)
	b.declined(result.Err, ledger.ReasonNotTaken) // the first refusal stands
	result, err = b.Refuse(b.ctx(), o.ID, ledger.ReasonStopped, b.now, msg)
	b.must(err) // and its message is one
	b.declined(result.Err, ledger.ReasonNotTaken)
	_, err = b.apply(b.payment(o))
	b.declined(err, ledger.ReasonNotTaken) // the commit that was on its way
	b.holds(w.ID, money.Som(100))
	if all := b.messages(); len(all) != 1 || all[0].Kind != "not_paid" {
		b.Errorf("got messages %+v, want not_paid", all)
	}

	superseded := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), superseded))
	open := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), open))
	never := &ledger.Message{Key: "never", To: w.Number, Kind: "not_paid", Lang: "ru"}
	result, err = b.Refuse(b.ctx(), superseded.ID, ledger.ReasonNotTaken, b.now, never)
	b.must(err)
	b.declined(result.Err, ledger.ReasonSuperseded)
	result, err = b.Refuse(b.ctx(), open.ID, ledger.ReasonNotTaken, b.now, nil)
	b.must(err)
	b.declined(result.Err, ledger.ReasonNotTaken)
	b.declined(b.Press(b.ctx(), open.ID, b.now), ledger.ReasonNotTaken)
	_, err = b.Refuse(b.ctx(), newID(), ledger.ReasonNotTaken, b.now, nil)
	b.is(err, ledger.ErrNoOffer)
	if all := b.messages(); len(all) != 0 {
		b.Errorf("got messages %+v of offers that nobody pressed, want none", all)
	}
}

// testRefuseWins is about a refusal that comes after the payment.
func testRefuseWins(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	receipt, err := b.apply(b.payment(o))
	b.must(err)
	msg := &ledger.Message{Key: "not paid", To: w.Number, Kind: "not_paid", Lang: "ru"}
	result, err := b.Refuse(b.ctx(), o.ID, ledger.ReasonNotTaken, b.now, msg)
	b.must(err)
	b.must(result.Err)
	got := result.Receipt
	if got.TransferID != receipt.TransferID || got.Balance != receipt.Balance ||
		!sameOffer(got.Offer, receipt.Offer) {
		b.Errorf("got %+v, want %+v", result.Receipt, receipt)
	}
	b.inState(o.ID, ledger.OfferDone)
	if all := b.messages(); len(all) != 1 || all[0].Kind != "paid" {
		b.Errorf("got messages %+v, want paid alone", all)
	}
}

// testOfferRace lets everything that may happen to one offer happen at once.
func testOfferRace(b *books) {
	const rounds, racers = 15, 9
	for round := range rounds {
		w := b.wallet(money.Som(100))
		o := b.offer(w.ID, money.Som(10))
		b.must(b.OpenOffer(b.ctx(), o))
		if round%2 == 0 {
			b.must(b.Press(b.ctx(), o.ID, b.now))
		}
		var paid, refused atomic.Int64
		count := func(err error) {
			switch ledger.ReasonOf(err) {
			case "":
				if err != nil {
					b.Errorf("result: %v", err)
				}
				paid.Add(1)
			case ledger.ReasonNotPressed:
			default:
				refused.Add(1)
			}
		}
		race(racers, func(i int) {
			switch i % 3 {
			case 0:
				err := b.Press(b.ctx(), o.ID, b.now)
				if err != nil && ledger.ReasonOf(err) != ledger.ReasonNotTaken {
					b.Errorf("press: %v", err)
				}
			case 1:
				results, err := b.Apply(b.ctx(), []ledger.Payment{b.payment(o)})
				if err != nil {
					b.Errorf("apply: %v", err)
					return
				}
				count(results[0].Err)
			case 2:
				result, err := b.Refuse(b.ctx(), o.ID, ledger.ReasonNotTaken, b.now, nil)
				if err != nil {
					b.Errorf("refuse: %v", err)
					return
				}
				count(result.Err)
			}
		})
		b.settled(w.ID, o.ID, paid.Load(), refused.Load())
	}
}

// settled checks that an offer has one end, that all were told of the same one, and that the
// wallet of 100 som has paid 10 and the fee, or nothing.
func (b *books) settled(wallet, id string, paid, refused int64) {
	b.Helper()
	if paid > 0 && refused > 0 {
		b.Errorf("%d were told that it is paid, %d that it is refused", paid, refused)
	}
	switch state := b.read(id).State; state {
	case ledger.OfferDone:
		b.holds(wallet, money.Som(89))
		if refused > 0 {
			b.Errorf("it is done, %d were told that it is refused", refused)
		}
	case ledger.OfferRefused:
		b.holds(wallet, money.Som(100))
		if paid > 0 {
			b.Errorf("it is refused, %d were told that it is paid", paid)
		}
	default:
		b.Errorf("the offer is still %s", state)
	}
}

// testBalanceRace pays with more money than there is, at once.
func testBalanceRace(b *books) {
	const n = 6
	w := b.wallet(money.Som(25))
	offers := make([]ledger.Offer, n)
	for i := range offers {
		offers[i] = b.pressed(w.ID, money.Som(10))
	}
	var paid atomic.Int64
	race(n, func(i int) {
		results, err := b.Apply(b.ctx(), []ledger.Payment{b.payment(offers[i])})
		switch {
		case err != nil:
			b.Errorf("apply: %v", err)
		case results[0].Err == nil:
			paid.Add(1)
		case ledger.ReasonOf(results[0].Err) != ledger.ReasonLowBalance:
			b.Errorf("apply: %v", results[0].Err)
		}
	})
	if paid.Load() != 2 {
		b.Errorf("%d were paid, want 2", paid.Load())
	}
	b.holds(w.ID, money.Som(3))
}

// testEndedContext is about callers who have gone before anything began.
func testEndedContext(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	ctx, cancel := context.WithCancel(b.ctx())
	cancel()
	_, err := b.Apply(ctx, []ledger.Payment{b.payment(o)})
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInDoubt) {
		b.Errorf("apply: got %v, want unavailable", err)
	}
	_, err = b.Refuse(ctx, o.ID, ledger.ReasonNotTaken, b.now, nil)
	b.is(err, ledger.ErrUnavailable)
	_, err = b.Wallet(ctx, w.Number)
	b.is(err, ledger.ErrUnavailable)
	b.inState(o.ID, ledger.OfferPressed)
	b.holds(w.ID, money.Som(100))
}
