package ledgertest

import (
	"bytes"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func testOpenOffer(b *books) {
	w := b.wallet(money.Som(100))
	_, err := b.CurrentOffer(b.ctx(), w.ID)
	b.is(err, ledger.ErrNoOffer)
	_, err = b.Offer(b.ctx(), newID())
	b.is(err, ledger.ErrNoOffer)

	first := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), first))
	got, err := b.CurrentOffer(b.ctx(), w.ID)
	b.must(err)
	want := first
	want.State, want.Fingerprint = ledger.OfferOpen, first.Sum()
	if !bytes.Equal(got.Fingerprint, want.Fingerprint) {
		b.Errorf("fingerprint %x, want %x", got.Fingerprint, want.Fingerprint)
	}
	if !sameOffer(got, want) {
		b.Errorf("got %+v, want %+v", got, want)
	}

	second := b.offer(w.ID, money.Som(20))
	b.must(b.OpenOffer(b.ctx(), second))
	b.inState(first.ID, ledger.OfferSuperseded)
	b.inState(second.ID, ledger.OfferOpen)
	b.must(b.OpenOffer(b.ctx(), first)) // a late repeat supersedes nothing
	b.inState(second.ID, ledger.OfferOpen)
	changed := second
	changed.Amount++
	b.declined(b.OpenOffer(b.ctx(), changed), ledger.ReasonKeyReused)

	// A pressed offer is resolved, not superseded; another wallet's is of no concern.
	b.must(b.Press(b.ctx(), second.ID, b.now))
	other := b.wallet(0)
	b.must(b.OpenOffer(b.ctx(), b.offer(w.ID, money.Som(30))))
	b.must(b.OpenOffer(b.ctx(), b.offer(other.ID, money.Som(30))))
	b.inState(second.ID, ledger.OfferPressed)
	current, err := b.CurrentOffer(b.ctx(), w.ID)
	if err != nil || current.Amount != money.Som(30) {
		b.Errorf("current offer %+v, %v", current, err)
	}

	race(8, func(int) {
		if err := b.OpenOffer(b.ctx(), b.offer(w.ID, money.Som(40))); err != nil {
			b.Errorf("open at once: %v", err)
		}
	})
}

// sameOffer compares what OpenOffer is given with what is read.
func sameOffer(a, b ledger.Offer) bool {
	return a.ID == b.ID && a.Wallet == b.Wallet && a.Provider == b.Provider &&
		a.ProviderName == b.ProviderName && a.Account == b.Account && a.Amount == b.Amount &&
		a.Fee == b.Fee && a.Code == b.Code && a.Revision == b.Revision && a.Lang == b.Lang &&
		a.State == b.State && a.CreatedAt.Equal(b.CreatedAt) && a.ExpiresAt.Equal(b.ExpiresAt) &&
		a.PressedAt.Equal(b.PressedAt)
}

func testOpenOfferFaults(b *books) {
	w := b.wallet(0)
	faults := map[string]func(*ledger.Offer){
		"no id":         func(o *ledger.Offer) { o.ID = "" },
		"id with colon": func(o *ledger.Offer) { o.ID = "fund:1" },
		"no provider":   func(o *ledger.Offer) { o.Provider = "" },
		"no amount":     func(o *ledger.Offer) { o.Amount = 0 },
		"negative":      func(o *ledger.Offer) { o.Amount = -1 },
		"too large":     func(o *ledger.Offer) { o.Amount = ledger.MaxAmount + 1 },
		"negative fee":  func(o *ledger.Offer) { o.Fee = -1 },
		"never open":    func(o *ledger.Offer) { o.ExpiresAt = o.CreatedAt },
	}
	for name, fault := range faults {
		o := b.offer(w.ID, money.Som(10))
		fault(&o)
		if b.OpenOffer(b.ctx(), o) == nil {
			b.Errorf("%s: no error", name)
		}
	}
	b.is(b.OpenOffer(b.ctx(), b.offer("nobody", money.Som(1))), ledger.ErrNoWallet)
}

func testPress(b *books) {
	w := b.wallet(money.Som(100))
	o := b.offer(w.ID, money.Som(10))
	b.is(b.Press(b.ctx(), o.ID, b.now), ledger.ErrNoOffer)
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	pressedAt := b.now
	b.now = b.now.Add(time.Hour) // a pressed offer does not expire
	b.must(b.Press(b.ctx(), o.ID, b.now))
	if got := b.read(o.ID); got.State != ledger.OfferPressed || !got.PressedAt.Equal(pressedAt) {
		b.Errorf("got %s, pressed at %s, want %s", got.State, got.PressedAt, pressedAt)
	}
	_, err := b.apply(b.payment(b.read(o.ID)))
	b.must(err)
	b.must(b.Press(b.ctx(), o.ID, b.now)) // done is pressed
	b.inState(o.ID, ledger.OfferDone)

	expired := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), expired))
	b.declined(b.Press(b.ctx(), expired.ID, expired.ExpiresAt), ledger.ReasonExpired)
	b.inState(expired.ID, ledger.OfferExpired)
	b.declined(b.Press(b.ctx(), expired.ID, b.now), ledger.ReasonExpired) // for good

	superseded := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), superseded))
	refused := b.offer(w.ID, money.Som(20))
	b.must(b.OpenOffer(b.ctx(), refused))
	b.declined(b.Press(b.ctx(), superseded.ID, b.now), ledger.ReasonSuperseded)
	_, err = b.Refuse(b.ctx(), refused.ID, ledger.ReasonStopped, b.now, nil)
	b.must(err)
	b.declined(b.Press(b.ctx(), refused.ID, b.now), ledger.ReasonStopped)
}

func testWithdraw(b *books) {
	w := b.wallet(money.Som(100))
	b.must(b.Withdraw(b.ctx(), w.ID))
	pressed := b.pressed(w.ID, money.Som(10))
	open := b.offer(w.ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), open))
	b.must(b.Withdraw(b.ctx(), w.ID))
	b.must(b.Withdraw(b.ctx(), w.ID))
	b.inState(open.ID, ledger.OfferWithdrawn)
	b.inState(pressed.ID, ledger.OfferPressed)
	b.declined(b.Press(b.ctx(), open.ID, b.now), ledger.ReasonWithdrawn)
	_, err := b.CurrentOffer(b.ctx(), w.ID)
	b.is(err, ledger.ErrNoOffer)
}

func testSimilar(b *books) {
	w := b.wallet(money.Som(100))
	like := b.offer(w.ID, money.Som(10))
	similar := func(o ledger.Offer, since time.Time) (ledger.Receipt, bool) {
		b.Helper()
		r, ok, err := b.Similar(b.ctx(), o, since)
		b.must(err)
		return r, ok
	}
	pressed := b.pressed(w.ID, money.Som(10))
	if _, ok := similar(like, start); ok {
		b.Error("a payment that is not done is similar")
	}
	_, err := b.apply(b.payment(pressed))
	b.must(err)
	b.now = b.now.Add(time.Minute)
	newest, err := b.apply(b.payment(b.pressed(w.ID, money.Som(10))))
	b.must(err)
	got, ok := similar(like, start)
	if !ok || got.TransferID != newest.TransferID || !got.PostedAt.Equal(b.now) {
		b.Errorf("got %+v, %t, want %+v", got, ok, newest)
	}
	if _, ok := similar(like, b.now); !ok {
		b.Error("since is part of the span")
	}
	if _, ok := similar(like, b.now.Add(time.Microsecond)); ok {
		b.Error("found before since")
	}
	others := map[string]func(*ledger.Offer){
		"wallet":   func(o *ledger.Offer) { o.Wallet = b.wallet(0).ID },
		"provider": func(o *ledger.Offer) { o.Provider = "hoster" },
		"account":  func(o *ledger.Offer) { o.Account = "00" },
		"amount":   func(o *ledger.Offer) { o.Amount++ },
	}
	for name, change := range others {
		o := like
		change(&o)
		if _, ok := similar(o, start); ok {
			b.Errorf("another %s is similar", name)
		}
	}
}

func testUnresolved(b *books) {
	w := b.wallet(money.Som(100))
	first := b.pressed(w.ID, money.Som(1))
	b.now = b.now.Add(time.Second)
	second := b.pressed(w.ID, money.Som(2))
	done := b.pressed(w.ID, money.Som(3))
	_, err := b.apply(b.payment(done))
	b.must(err)
	refused := b.pressed(w.ID, money.Som(4))
	_, err = b.Refuse(b.ctx(), refused.ID, ledger.ReasonNotTaken, b.now, nil)
	b.must(err)
	b.must(b.OpenOffer(b.ctx(), b.offer(w.ID, money.Som(5))))

	ids := func(before time.Time, limit int) []string {
		b.Helper()
		all, err := b.Unresolved(b.ctx(), before, limit)
		b.must(err)
		var ids []string
		for _, o := range all {
			ids = append(ids, o.ID)
		}
		return ids
	}
	if got := ids(b.now, 10); len(got) != 1 || got[0] != first.ID {
		b.Errorf("before %s: %v, want %s", b.now, got, first.ID)
	}
	later := b.now.Add(time.Second)
	if got := ids(later, 10); len(got) != 2 || got[0] != first.ID || got[1] != second.ID {
		b.Errorf("got %v, want %s, %s", got, first.ID, second.ID)
	}
	if got := ids(later, 1); len(got) != 1 || got[0] != first.ID {
		b.Errorf("limit 1: %v", got)
	}
}

func testPressedOffers(b *books) {
	w, other := b.wallet(money.Som(100)), b.wallet(money.Som(100))
	ids := func() []string {
		b.Helper()
		all, err := b.PressedOffers(b.ctx(), w.ID)
		b.must(err)
		var ids []string
		for _, o := range all {
			if o.State != ledger.OfferPressed || o.Wallet != w.ID {
				b.Errorf("got %+v, want a pressed offer of %s", o, w.ID)
			}
			ids = append(ids, o.ID)
		}
		return ids
	}
	b.must(b.OpenOffer(b.ctx(), b.offer(w.ID, money.Som(1))))
	b.pressed(other.ID, money.Som(1))
	if got := ids(); len(got) != 0 {
		b.Errorf("got %v, want none", got)
	}
	first := b.pressed(w.ID, money.Som(1))
	b.now = b.now.Add(time.Second)
	done, second := b.pressed(w.ID, money.Som(2)), b.pressed(w.ID, money.Som(3))
	if got := ids(); len(got) != 3 || got[0] != first.ID {
		b.Errorf("got %v, want three, %s first", got, first.ID)
	}
	_, err := b.apply(b.payment(done))
	b.must(err)
	_, err = b.Refuse(b.ctx(), first.ID, ledger.ReasonNotTaken, b.now, nil)
	b.must(err)
	if got := ids(); len(got) != 1 || got[0] != second.ID {
		b.Errorf("got %v, want %s", got, second.ID)
	}
	for range ledger.MaxPressed {
		b.pressed(w.ID, money.Som(1))
	}
	if got := ids(); len(got) != ledger.MaxPressed {
		b.Errorf("%d offers, want %d", len(got), ledger.MaxPressed)
	}
}
