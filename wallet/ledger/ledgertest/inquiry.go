package ledgertest

import (
	"reflect"
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
			if !reflect.DeepEqual(o, b.read(o.ID)) {
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
	if len(transfers) != 1 || len(transfers[0].Entries) != 4 {
		b.Fatalf("transfers %+v, want one of four entries", transfers)
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
