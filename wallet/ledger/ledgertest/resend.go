package ledgertest

import (
	"errors"
	"maps"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func (b *books) resend(wallet, of, key string) ledger.Resend {
	return ledger.Resend{
		Wallet: wallet, Of: of, Key: key, Since: b.now.Add(-24 * time.Hour), Most: 2,
		Record: ledger.Record{
			Actor: ledger.ActorSubscriber, Act: "send_receipt", Subject: ledger.WalletSubject(wallet),
			Reason: "asked", Detail: of, At: b.now,
		},
	}
}

// testSendAgain sends the SMS of a payment again: as it was, once for each key, so often in so
// long, and on record.
func testSendAgain(b *books) {
	w, other := b.wallet(money.Som(100)), b.wallet(money.Som(100))
	p := b.payment(b.pressed(w.ID, money.Som(10)))
	p.Message.To = w.Number
	_, err := b.apply(p)
	b.must(err)
	first := b.messages()[0]
	b.must(b.AckMessage(b.ctx(), first.ID, b.now))
	b.now = b.now.Add(time.Hour)

	b.must(b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, "again 1")))
	all := b.messages()
	if len(all) != 1 || all[0].Key != "again 1" || all[0].Kind != first.Kind ||
		all[0].To != first.To || all[0].Lang != first.Lang || !maps.Equal(all[0].Fields, first.Fields) ||
		!all[0].CreatedAt.Equal(b.now) || all[0].Attempt != 1 {
		b.Errorf("got %+v, want %+v again", all, first)
	}
	b.declined(b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, "again 1")),
		ledger.ReasonKeyReused)
	err = b.SendAgain(b.ctx(), b.resend(w.ID, "none", "again 2"))
	b.is(err, ledger.ErrNoMessage)
	if errors.Is(err, ledger.ErrUnavailable) {
		b.Errorf("%v: the books are there, the message is not", err)
	}
	b.is(b.SendAgain(b.ctx(), b.resend("none", p.Message.Key, "again 2")), ledger.ErrNoWallet)
	b.must(b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, "again 2")))
	b.declined(b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, "again 3")),
		ledger.ReasonTooOften)
	b.is(b.SendAgain(b.ctx(), b.resend(other.ID, p.Message.Key, "another's")),
		ledger.ErrNoMessage)
	records, err := b.Records(b.ctx(), ledger.WalletSubject(w.ID), 10)
	b.must(err)
	if len(records) != 2 || records[0].Act != "send_receipt" || records[0].Detail != p.Message.Key {
		b.Errorf("records: %+v, want two", records)
	}
	b.now = b.now.Add(24*time.Hour + time.Microsecond)
	b.must(b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, "again 3")))

	for _, broken := range []func(*ledger.Resend){
		func(r *ledger.Resend) { r.Wallet = "" },
		func(r *ledger.Resend) { r.Of = "" },
		func(r *ledger.Resend) { r.Key = "" },
		func(r *ledger.Resend) { r.Most = 0 },
		func(r *ledger.Resend) { r.Record.Subject = ledger.WalletSubject("another") },
		func(r *ledger.Resend) { r.Record.Reason = "" },
	} {
		r := b.resend(w.ID, p.Message.Key, "broken")
		broken(&r)
		if err := b.SendAgain(b.ctx(), r); err == nil || ledger.ReasonOf(err) != "" {
			b.Errorf("%+v: got %v, want a fault", r, err)
		}
	}
}

// testSendAgainRace asks for more at once than there may be.
func testSendAgainRace(b *books) {
	w := b.wallet(money.Som(100))
	p := b.payment(b.pressed(w.ID, money.Som(10)))
	p.Message.To = w.Number
	_, err := b.apply(p)
	b.must(err)
	reasons := make([]ledger.Reason, 8)
	race(len(reasons), func(i int) {
		err := b.SendAgain(b.ctx(), b.resend(w.ID, p.Message.Key, string(rune('a'+i))))
		reasons[i] = ledger.ReasonOf(err)
	})
	sent := 0
	for _, reason := range reasons {
		if reason == "" {
			sent++
		} else if reason != ledger.ReasonTooOften {
			b.Errorf("declined for %s", reason)
		}
	}
	if sent != 2 {
		b.Errorf("%d were sent, want two", sent)
	}
}
