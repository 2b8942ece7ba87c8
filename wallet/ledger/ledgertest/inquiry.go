package ledgertest

import (
	"reflect"
	"slices"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func testInquiries(b *books) {
	w := b.wallet(money.Som(100))
	first := b.pay(w.ID, money.Som(10), day)
	b.now = b.now.Add(time.Minute)
	second := b.pressed(w.ID, money.Som(20)) // of the same code
	for name, want := range map[string][]string{
		first.Offer.Code: {second.ID, first.Offer.ID},
		first.Offer.ID:   {first.Offer.ID},
		"":               nil,
		"nothing":        nil,
	} {
		all, err := b.FindOffers(b.ctx(), name, 10)
		b.must(err)
		var got []string
		for _, o := range all {
			if !reflect.DeepEqual(o.Offer, b.read(o.ID)) || o.Reason != "" ||
				o.EndedAt.IsZero() == (o.State == ledger.OfferDone) {
				b.Errorf("got %+v, want %+v", o, b.read(o.ID))
			}
			got = append(got, o.ID)
		}
		if !reflect.DeepEqual(got, want) {
			b.Errorf("%q finds %q, want %q", name, got, want)
		}
	}
	if all, err := b.FindOffers(b.ctx(), second.Code, 1); err != nil || len(all) != 1 {
		b.Errorf("found %+v, %v, want one", all, err)
	}

	transfers, err := b.OfferTransfers(b.ctx(), first.Offer.ID)
	b.must(err)
	if len(transfers) != 1 || len(transfers[0].Entries) != 3 {
		b.Fatalf("transfers %+v, want one of three entries", transfers)
	}
	var sum money.Amount
	for _, e := range transfers[0].Entries {
		sum += e.Amount
	}
	transfers[0].Entries = nil
	want := ledger.Transfer{
		ID: first.TransferID, Kind: "payment", Wallet: w.ID, Amount: money.Som(10), Fee: money.Som(1),
		At: first.PostedAt, Day: day,
	}
	if sum != 0 || !reflect.DeepEqual(transfers[0], want) {
		b.Errorf("transfer %+v, sum %s, want %+v", transfers[0], sum, want)
	}
	if transfers, err := b.OfferTransfers(b.ctx(), second.ID); err != nil || len(transfers) > 0 {
		b.Errorf("transfers %+v, %v of an offer that is not paid", transfers, err)
	}
	b.is(b.RetryHold(b.ctx(), second.ID, b.record("retry", "payment:"+second.ID)), ledger.ErrNoHold)
}

func testOutboxStatus(b *books) {
	status := func() ledger.OutboxStatus {
		b.Helper()
		s, err := b.OutboxStatus(b.ctx(), b.now)
		b.must(err)
		return s
	}
	if got := status(); !reflect.DeepEqual(got, ledger.OutboxStatus{}) {
		b.Errorf("empty: %+v", got)
	}
	w := b.wallet(money.Som(100))
	at := b.now
	var keys []string
	for range 4 {
		keys = append(keys, "paid:"+b.pay(w.ID, money.Som(1), day).Offer.ID)
	}
	messages := b.messages()
	b.must(b.AckMessage(b.ctx(), messages[0].ID, b.now))
	b.must(b.GiveUpMessage(b.ctx(), messages[1].ID, b.now, "no such number"))
	b.must(b.RetryMessage(b.ctx(), messages[2].ID, b.now.Add(time.Second), "busy"))
	b.must(b.RetryMessage(b.ctx(), messages[3].ID, b.now.Add(time.Hour), ""))
	b.now = b.now.Add(time.Minute)
	failure := func(i int, gone bool, text string) ledger.OutboxFailure {
		return ledger.OutboxFailure{
			ID: messages[i].ID, Kind: "paid", To: messages[i].To, Attempt: 1, GivenUp: gone,
			Error: text, At: at,
		}
	}
	want := ledger.OutboxStatus{
		Waiting: 2, Due: 1, Retried: 1, Oldest: at, GivenUp: 1, Recent: 4, Sent: 1,
		Failures: []ledger.OutboxFailure{
			failure(2, false, "busy"), failure(1, true, "no such number"),
		},
	}
	if got := status(); !reflect.DeepEqual(got, want) {
		b.Errorf("got %+v, want %+v", got, want)
	}

	all, err := b.SentMessages(b.ctx(), append([]string{"none"}, keys...))
	b.must(err)
	if len(all) != 4 {
		b.Fatalf("messages %+v, want 4", all)
	}
	next := at.Add(time.Minute) // of the claim
	for i, want := range []ledger.SentMessage{
		{NextAt: next, SentAt: at},
		{NextAt: next, GivenUpAt: at, Error: "no such number"},
		{NextAt: at.Add(time.Second), Error: "busy"},
		{NextAt: at.Add(time.Hour)},
	} {
		want.ID, want.Key, want.Kind = messages[i].ID, messages[i].Key, "paid"
		want.Attempt, want.CreatedAt = 1, at
		if !reflect.DeepEqual(all[i], want) {
			b.Errorf("message %d: %+v, want %+v", i, all[i], want)
		}
	}
}

func testRetryHold(b *books) {
	w := b.wallet(money.Som(100))
	o := b.held(w.ID, money.Som(10))
	totals, err := b.Totals(b.ctx())
	b.must(err)
	want := []ledger.HoldCount{{State: ledger.HoldHeld, Count: 1, Oldest: b.now}}
	if !reflect.DeepEqual(totals.Holds, want) {
		b.Errorf("holds %+v, want %+v", totals.Holds, want)
	}
	if found, err := b.FindOffers(b.ctx(), "txn "+o.ID, 10); err != nil || len(found) != 1 {
		b.Errorf("found %+v, %v by the other side's number", found, err)
	}
	b.now = b.now.Add(time.Second)
	r := b.record("retry", ledger.PaymentSubject(o.ID))
	if err := b.RetryHold(b.ctx(), o.ID, ledger.Record{}); err == nil {
		b.Error("retried by nobody")
	}
	b.must(b.RetryHold(b.ctx(), o.ID, r))
	if h := b.inHold(o.ID, ledger.HoldHeld); !h.NextAt.Equal(b.now) {
		b.Errorf("next at %s, want %s", h.NextAt, b.now)
	}
	if all, err := b.Records(b.ctx(), r.Subject, 10); err != nil || len(all) != 1 {
		b.Errorf("records %+v, %v, want one", all, err)
	}
	b.must(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now))
	b.declined(b.RetryHold(b.ctx(), o.ID, r), ledger.ReasonNotHeld)
	b.must(b.VoidHold(b.ctx(), b.voiding(o)))
	b.declined(b.RetryHold(b.ctx(), o.ID, r), ledger.ReasonVoided)
	found, err := b.FindOffers(b.ctx(), o.ID, 1)
	b.must(err)
	if len(found) != 1 || found[0].Reason != ledger.ReasonRefused || !found[0].EndedAt.Equal(b.now) {
		b.Errorf("found %+v, want it refused now", found)
	}
	posted := b.held(w.ID, money.Som(10))
	_, err = b.PostHold(b.ctx(), b.posting(posted))
	b.must(err)
	b.declined(b.RetryHold(b.ctx(), posted.ID, r), ledger.ReasonPosted)
	testEnds(b, w, o, posted)
}

// testEnds looks at what came of a payment that was suspended and given back, and of one that was
// posted, as the wallet and the provider see it.
func testEnds(b *books, w ledger.Wallet, o, posted ledger.Offer) {
	kinds := func(offer string) (all []string) {
		b.Helper()
		transfers, err := b.OfferTransfers(b.ctx(), offer)
		b.must(err)
		for _, t := range transfers {
			all = append(all, t.Kind)
		}
		return all
	}
	if got, want := kinds(o.ID), []string{"suspense", "refund"}; !slices.Equal(got, want) {
		b.Errorf("transfers %q, want %q", got, want)
	}
	_, err := b.Reverse(b.ctx(), b.reversal(posted.ID, "1", money.Som(4), 0))
	b.must(err)
	if got, want := kinds(posted.ID), []string{"payment", "reversal"}; !slices.Equal(got, want) {
		b.Errorf("transfers %q, want %q", got, want)
	}
	all, err := b.Movements(b.ctx(), ledger.WalletAccount(w.ID), 0, 4)
	b.must(err)
	for i, want := range []struct {
		kind   string
		offer  string
		amount money.Amount
	}{
		{"reversal", posted.ID, money.Som(4)},
		{"payment", posted.ID, -money.Som(11)},
		{"refund", o.ID, money.Som(11)},
		{"suspense", o.ID, -money.Som(11)},
	} {
		if got := all[i]; got.Kind != want.kind || got.Offer.ID != want.offer ||
			got.Amount != want.amount {
			b.Errorf("movement %d: %+v, want %+v", i, got, want)
		}
	}
	b.must(b.ProviderPayments(b.ctx(), "dostek", day, func(s ledger.Settled) error {
		if s.TransferID != posted.ID || s.Txn != "txn "+posted.ID || s.ProviderTxn != "theirs" {
			b.Errorf("settled %+v", s)
		}
		return nil
	}))
	b.sums(ledger.SuspenseAccount, 0)
}
