package ledgertest

import (
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// account fails the test unless the entries of an account sum to so much.
func (b *books) account(account string, want money.Amount) {
	b.Helper()
	got, err := b.AccountBalance(b.ctx(), account)
	b.must(err)
	if got != want {
		b.Errorf("%s has %s, want %s", account, got, want)
	}
}

// testPostPart posts less than is held, out of the wallet and out of suspense.
func testPostPart(b *books) {
	for _, from := range []ledger.HoldState{ledger.HoldSent, ledger.HoldSuspense} {
		b.Run(string(from), func(t *testing.T) {
			outer := b.T
			b.T = t
			defer func() { b.T = outer }()
			w := b.wallet(money.Som(100))
			o := b.offer(w.ID, money.Som(10))
			o.Provider, o.ProviderFee = "partly-"+string(from), 33
			o = b.heldOffer(o, nil)
			b.at(o, from)
			p := b.posting(o)
			p.Amount, p.Fee = money.Som(4), 50
			p.Record = &ledger.Record{
				Actor: "aida", Act: "post", Subject: ledger.PaymentSubject(o.ID), Reason: "asked",
				At: b.now,
			}
			r, err := b.PostHold(b.ctx(), p)
			b.must(err)
			if r.Amount != money.Som(4) || r.Fee != 50 || r.Balance != money.Som(96)-50 {
				b.Errorf("got %+v", r)
			}
			again := b.posting(o) // another amount: it is posted already
			second, err := b.PostHold(b.ctx(), again)
			b.must(err)
			if second.Amount != r.Amount || second.Balance != r.Balance {
				b.Errorf("repeat: got %+v, want %+v", second, r)
			}
			b.has(w.ID, money.Som(96)-50, money.Som(96)-50)
			b.used(w.ID, ledger.OpPayment, money.Som(4))
			// 33 of 10 som is 13.2 of 4.
			b.account(ledger.ProviderAccount(o.Provider), money.Som(4)-13)
			b.account(ledger.FeeAccount(o.Provider), 50+13)
			b.account(ledger.SuspenseAccount, 0)
			if all, err := b.Records(b.ctx(), p.Record.Subject, 10); err != nil || len(all) != 1 {
				b.Errorf("records %+v, %v, want one", all, err)
			}
			b.verify()
		})
	}
}

// testPostAbove asks for more than is held.
func testPostAbove(b *books) {
	w := b.wallet(money.Som(100))
	o := b.held(w.ID, money.Som(10))
	for name, of := range map[string][2]money.Amount{
		"amount": {money.Som(10) + 1, 0},
		"fee":    {money.Som(1), money.Som(1) + 1},
		"most":   {ledger.MaxAmount, ledger.MaxAmount},
	} {
		p := b.posting(o)
		p.Amount, p.Fee = of[0], of[1]
		_, err := b.PostHold(b.ctx(), p)
		if d := b.declined(err, ledger.ReasonAboveHold); d.Limit != money.Som(11) {
			b.Errorf("%s: what is held is %s", name, d.Limit)
		}
	}
	for name, spoil := range map[string]func(*ledger.Posting){
		"no hold":         func(p *ledger.Posting) { p.Hold = "" },
		"no time":         func(p *ledger.Posting) { p.Now = time.Time{} },
		"negative":        func(p *ledger.Posting) { p.Amount = -1 },
		"a fee alone":     func(p *ledger.Posting) { p.Fee = 1 },
		"message, no key": func(p *ledger.Posting) { p.Message.Key = "" },
		"no reason":       func(p *ledger.Posting) { p.Record = &ledger.Record{Actor: "aida"} },
	} {
		p := b.posting(o)
		spoil(&p)
		if _, err := b.PostHold(b.ctx(), p); err == nil || ledger.ReasonOf(err) != "" {
			b.Errorf("%s: got %v, want a fault", name, err)
		}
	}
	b.inHold(o.ID, ledger.HoldHeld)
	b.has(w.ID, money.Som(100), money.Som(89))
}

// testSuspense takes payments to suspense and out of it.
func testSuspense(b *books) {
	w := b.wallet(money.Som(100))
	posted, voided := b.held(w.ID, money.Som(10)), b.held(w.ID, money.Som(20))
	b.has(w.ID, money.Som(100), money.Som(68))
	for _, o := range []ledger.Offer{posted, voided, posted} {
		b.must(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now))
	}
	b.has(w.ID, money.Som(68), money.Som(68))
	b.account(ledger.SuspenseAccount, money.Som(32))
	if all, err := b.Cases(b.ctx(), true, 0, 10); err != nil || len(all) != 2 ||
		all[0].Subject != ledger.PaymentSubject(posted.ID) || !all[0].OpenedAt.Equal(b.now) {
		b.Errorf("cases %+v, %v, want two", all, err)
	}
	if all, err := b.DueHolds(b.ctx(), b.now.Add(time.Hour), time.Minute, 10); len(all) != 0 {
		b.Errorf("due holds %+v, %v, want none in suspense", all, err)
	}
	r, err := b.PostHold(b.ctx(), b.posting(posted))
	b.must(err)
	b.must(b.VoidHold(b.ctx(), b.voiding(voided)))
	if r.Balance != money.Som(68) {
		b.Errorf("got %+v", r)
	}
	b.account(ledger.SuspenseAccount, 0)
	b.account(ledger.ProviderAccount("dostek"), money.Som(10))
	b.has(w.ID, money.Som(89), money.Som(89))
	b.used(w.ID, ledger.OpPayment, money.Som(10))
	b.inState(voided.ID, ledger.OfferRefused)
	_, err = b.apply(b.payment(voided))
	b.declined(err, ledger.ReasonRefused)

	other := b.held(w.ID, money.Som(5))
	wrong := b.suspense(other)
	wrong.Subject = ledger.PaymentSubject(posted.ID)
	if err := b.SuspendHold(b.ctx(), other.ID, wrong, b.now); err == nil {
		b.Error("a case of another payment")
	}
	b.inHold(other.ID, ledger.HoldHeld)
}

// testCashOutHold takes cash-outs to their end: a wallet has one at a time.
func testCashOutHold(b *books) {
	w := b.wallet(money.Som(100))
	b.openAgent(network, 0)
	make := func() ledger.Offer {
		o := b.offer(w.ID, money.Som(10))
		o.Operation, o.Provider, o.Account = ledger.OpCashOut, "", ""
		return o
	}
	o := b.heldOffer(make(), []byte("code"))
	b.used(w.ID, ledger.OpCashOut, money.Som(10))
	b.declined(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now), ledger.ReasonNotHeld)
	p := b.posting(o)
	if _, err := b.PostHold(b.ctx(), p); err == nil || ledger.ReasonOf(err) != "" {
		b.Errorf("paid out by nobody: %v", err)
	}
	p.Agent = "nobody"
	_, err := b.PostHold(b.ctx(), p)
	b.is(err, ledger.ErrNoAgent)
	p.Agent = network
	r, err := b.PostHold(b.ctx(), p)
	b.must(err)
	if r.Balance != money.Som(89) || r.Offer.Operation != ledger.OpCashOut {
		b.Errorf("got %+v", r)
	}
	b.agentHas(network, money.Som(10), 0)
	b.account(ledger.OperationFeeAccount(ledger.OpCashOut), money.Som(1))
	_, err = b.Reverse(b.ctx(), b.reversal(o.ID, "1", 1, 0))
	b.declined(err, ledger.ReasonNotReversible)

	second := b.heldOffer(make(), []byte("code"))
	b.must(b.VoidHold(b.ctx(), b.voiding(second)))
	b.has(w.ID, money.Som(89), money.Som(89))
	b.used(w.ID, ledger.OpCashOut, money.Som(10))
}

// testLeases hands holds out.
func testLeases(b *books) {
	w := b.wallet(money.Som(100))
	var ids []string
	for range 3 {
		ids = append(ids, b.held(w.ID, money.Som(10)).ID)
		b.now = b.now.Add(time.Second)
	}
	due := func(want ...string) {
		b.Helper()
		all, err := b.DueHolds(b.ctx(), b.now, time.Minute, 2)
		b.must(err)
		got := []string{}
		for _, h := range all {
			got = append(got, h.ID)
		}
		if len(got) != len(want) {
			b.Fatalf("due are %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				b.Fatalf("due are %v, want %v", got, want)
			}
		}
	}
	lease := func(id string, want bool) {
		b.Helper()
		if ok, err := b.LeaseHold(b.ctx(), id, b.now, time.Minute); err != nil || ok != want {
			b.Errorf("lease: %t, %v, want %t", ok, err, want)
		}
	}
	due() // they are due a minute after they were made
	lease(ids[0], true)
	lease(ids[0], false)
	b.now = b.now.Add(58 * time.Second)
	due(ids[1]) // the first is leased, the third is not due
	b.now = b.now.Add(2 * time.Second)
	due(ids[0], ids[2])
	lease(ids[1], false)
	b.must(b.DoubtHold(b.ctx(), ids[1], ledger.Answer{}, b.now, b.now.Add(time.Hour)))
	lease(ids[1], true) // somebody cannot wait
	_, err := b.PostHold(b.ctx(), b.posting(b.read(ids[2])))
	b.must(err)
	lease(ids[2], false)
	lease("none", false)
	b.now = b.now.Add(time.Minute)
	due(ids[0])
	all, err := b.WalletHolds(b.ctx(), w.ID, 10)
	if err != nil || len(all) != 2 || all[0].ID != ids[0] || all[1].ID != ids[1] {
		b.Errorf("holds of the wallet %+v, %v, want two", all, err)
	}
	if all, err := b.WalletHolds(b.ctx(), w.ID, 1); err != nil || len(all) != 1 {
		b.Errorf("one hold of the wallet: %+v, %v", all, err)
	}
}

// testLeaseRace lets many ask for what is due: each hold goes to one.
func testLeaseRace(b *books) {
	const holds, racers = 12, 8
	w := b.wallet(money.Som(1000))
	for range holds {
		b.held(w.ID, money.Som(1))
	}
	got := make(chan string, holds*racers)
	race(racers, func(int) {
		for range holds {
			all, err := b.DueHolds(b.ctx(), b.now.Add(time.Minute), time.Minute, 2)
			if err != nil {
				b.Errorf("due: %v", err)
			}
			for _, h := range all {
				got <- h.ID
			}
		}
	})
	close(got)
	seen := map[string]bool{}
	for id := range got {
		if seen[id] {
			b.Errorf("%s was leased twice", id)
		}
		seen[id] = true
	}
	if len(seen) != holds {
		b.Errorf("%d were leased, want %d", len(seen), holds)
	}
}

// testSimilarHeld finds payments that nobody has decided about.
func testSimilarHeld(b *books) {
	w := b.wallet(money.Som(100))
	made := b.now
	o := b.held(w.ID, money.Som(10))
	b.now = b.now.Add(time.Minute)
	find := func(found bool, state ledger.OfferState, at time.Time) {
		b.Helper()
		r, ok, err := b.Similar(b.ctx(), b.offer(w.ID, money.Som(10)), made)
		b.must(err)
		if ok != found || (ok && (r.Offer.State != state || !r.PostedAt.Equal(at))) {
			b.Errorf("similar: %+v, %t, want %s at %s", r, ok, state, at)
		}
	}
	find(true, ledger.OfferHeld, made)
	if r, ok, err := b.Similar(b.ctx(), o, b.now); ok || err != nil {
		b.Errorf("it was held before: %+v, %v", r, err)
	}
	for name, change := range map[string]func(*ledger.Offer){
		"amount":   func(o *ledger.Offer) { o.Amount++ },
		"account":  func(o *ledger.Offer) { o.Account = "1" },
		"provider": func(o *ledger.Offer) { o.Provider = "hoster" },
		"wallet":   func(o *ledger.Offer) { o.Wallet = "other" },
	} {
		other := b.offer(w.ID, money.Som(10))
		change(&other)
		if r, ok, err := b.Similar(b.ctx(), other, made); ok || err != nil {
			b.Errorf("another %s: %+v, %v", name, r, err)
		}
	}
	b.must(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now))
	find(true, ledger.OfferHeld, made)
	_, err := b.PostHold(b.ctx(), b.posting(o))
	b.must(err)
	find(true, ledger.OfferDone, b.now)
	b.now = b.now.Add(time.Minute)
	again := b.held(w.ID, money.Som(10))
	find(true, ledger.OfferHeld, b.now)
	b.must(b.VoidHold(b.ctx(), b.voiding(again)))
	find(true, ledger.OfferDone, b.now.Add(-time.Minute))
}
