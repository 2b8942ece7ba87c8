package ledgertest

import (
	"slices"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// terms are those of a hold that nobody has looked at.
func (b *books) terms(o ledger.Offer) ledger.Terms {
	return ledger.Terms{
		Txn: "txn " + o.ID, NextAt: b.now.Add(time.Minute), Deadline: b.now.Add(24 * time.Hour),
	}
}

// held makes a payment of amount, and one som of fee, that is held.
func (b *books) held(wallet string, amount money.Amount) ledger.Offer {
	b.Helper()
	return b.heldOffer(b.offer(wallet, amount), nil)
}

// heldOffer takes an offer to its hold; code is that of a cash-out.
func (b *books) heldOffer(o ledger.Offer, code []byte) ledger.Offer {
	b.Helper()
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	p := b.payment(b.read(o.ID))
	p.Terms = b.terms(o)
	p.Terms.Code = code
	_, err := b.apply(p)
	b.is(err, ledger.ErrHeld)
	return b.read(o.ID)
}

// inHold fails the test unless a hold is in a state, and returns it.
func (b *books) inHold(id string, want ledger.HoldState) ledger.Hold {
	b.Helper()
	h, err := b.Hold(b.ctx(), id)
	b.must(err)
	if h.State != want {
		b.Errorf("hold is %s, want %s", h.State, want)
	}
	return h
}

// has fails the test unless a wallet has a balance, and has that much to spend.
func (b *books) has(wallet string, balance, available money.Amount) {
	b.Helper()
	w, err := b.WalletByID(b.ctx(), wallet)
	b.must(err)
	if w.Balance != balance || w.Available() != available {
		b.Errorf("wallet has %s, to spend %s, want %s, %s", w.Balance, w.Available(), balance,
			available)
	}
}

// used fails the test unless a wallet has used so much of its limits in the day and in the month.
func (b *books) used(wallet string, op ledger.Operation, want money.Amount) {
	b.Helper()
	for _, op := range []ledger.Operation{op, ledger.OpOut} {
		used, err := b.Used(b.ctx(), wallet, op, day, month)
		b.must(err)
		if used.Day != want || used.Month != want {
			b.Errorf("%s: used %s and %s, want %s", op, used.Day, used.Month, want)
		}
	}
}

func (b *books) suspense(o ledger.Offer) ledger.Case {
	return ledger.Case{
		Key: "suspense:" + o.ID, Kind: "suspense", Provider: o.Provider,
		Subject: ledger.PaymentSubject(o.ID), Amount: o.Amount + o.Fee, Detail: "no answer",
	}
}

func (b *books) posting(o ledger.Offer) ledger.Posting {
	return ledger.Posting{
		Hold: o.ID, Now: b.now, Answer: ledger.Answer{Code: "0", ProviderTxn: "theirs"},
		Message: ledger.Message{
			Key: "paid:" + o.ID, To: msisdn.MustParse("996555000001"), Kind: "paid", Lang: "ru",
			Fields: map[string]string{"code": o.Code},
		},
	}
}

func (b *books) voiding(o ledger.Offer) ledger.Voiding {
	return ledger.Voiding{
		Hold: o.ID, Reason: ledger.ReasonRefused, Now: b.now,
		Answer: ledger.Answer{Code: "5", Detail: "no such account"},
		Message: ledger.Message{
			Key: "returned:" + o.ID, To: msisdn.MustParse("996555000001"), Kind: "returned", Lang: "ru",
		},
	}
}

func (b *books) reversal(of, key string, amount, fee money.Amount) ledger.Reversal {
	return ledger.Reversal{
		Of: of, Key: key, Amount: amount, Fee: fee, Day: day, Month: month, Now: b.now,
		Record: b.record("reverse", ledger.PaymentSubject(of)),
		Message: ledger.Message{
			Key: "refunded:" + of + ":" + key, To: msisdn.MustParse("996555000001"),
			Kind: "refunded", Lang: "ru",
		},
	}
}

// testHold takes a payment from its hold over a doubt to its end.
func testHold(b *books) {
	w := b.wallet(money.Som(100))
	o := b.held(w.ID, money.Som(10))
	b.inState(o.ID, ledger.OfferHeld)
	b.has(w.ID, money.Som(100), money.Som(89))
	b.used(w.ID, ledger.OpPayment, money.Som(10))
	h := b.inHold(o.ID, ledger.HoldHeld)
	if !sameOffer(h.Offer, o) || h.Txn != "txn "+o.ID || h.Attempt != 0 || h.Day != day ||
		h.Month != month || !h.CreatedAt.Equal(b.now) || !h.NextAt.Equal(b.now.Add(time.Minute)) ||
		!h.Deadline.Equal(b.now.Add(24*time.Hour)) || !h.SentAt.IsZero() || !h.EndedAt.IsZero() {
		b.Errorf("got %+v", h)
	}
	b.now = b.now.Add(time.Second)
	sent, err := b.SendHold(b.ctx(), o.ID, b.now)
	b.must(err)
	if sent.State != ledger.HoldSent || sent.Attempt != 1 || !sent.SentAt.Equal(b.now) {
		b.Errorf("sent: got %+v", sent)
	}
	next := b.now.Add(5 * time.Second)
	b.must(b.DoubtHold(b.ctx(), o.ID, ledger.Answer{Code: "90", Detail: "wait"}, b.now, next))
	h = b.inHold(o.ID, ledger.HoldInDoubt)
	if h.LastCode != "90" || h.LastError != "wait" || !h.NextAt.Equal(next) {
		b.Errorf("in doubt: got %+v", h)
	}
	again, err := b.SendHold(b.ctx(), o.ID, b.now)
	b.must(err)
	if again.State != ledger.HoldInDoubt || again.Attempt != 2 || again.Txn != h.Txn {
		b.Errorf("sent again: got %+v", again)
	}
	r, err := b.PostHold(b.ctx(), b.posting(o))
	b.must(err)
	if r.Offer.ID != o.ID || r.Offer.State != ledger.OfferDone || r.Balance != money.Som(89) ||
		r.TransferID != o.ID || !r.PostedAt.Equal(b.now) || r.Amount != o.Amount || r.Fee != o.Fee {
		b.Errorf("got receipt %+v", r)
	}
	b.has(w.ID, money.Som(89), money.Som(89))
	b.used(w.ID, ledger.OpPayment, money.Som(10))
	h = b.inHold(o.ID, ledger.HoldPosted)
	if h.Posted != o.Amount || h.ProviderTxn != "theirs" || h.LastCode != "0" || h.LastError != "" ||
		!h.EndedAt.Equal(b.now) {
		b.Errorf("posted: got %+v", h)
	}
	b.moved(o.ID, ledger.HoldHeld, ledger.HoldSent, ledger.HoldInDoubt, ledger.HoldInDoubt,
		ledger.HoldPosted)
	if all := b.messages(); len(all) != 1 || all[0].Kind != "paid" ||
		all[0].Fields["balance"] != "89.00" || all[0].Fields["code"] != o.Code {
		b.Errorf("got messages %+v", all)
	}
	_, err = b.Hold(b.ctx(), "none")
	b.is(err, ledger.ErrNoHold)
	_, err = b.PostHold(b.ctx(), ledger.Posting{Hold: "none", Now: b.now})
	b.is(err, ledger.ErrNoHold)
}

// moved fails the test unless a hold has these moves.
func (b *books) moved(id string, want ...ledger.HoldState) {
	b.Helper()
	moves, err := b.HoldMoves(b.ctx(), id)
	b.must(err)
	got := make([]ledger.HoldState, len(moves))
	for i, m := range moves {
		got[i] = m.State
	}
	if !slices.Equal(got, want) {
		b.Errorf("moves are %v, want %v", got, want)
	}
}

// at takes a hold to a state.
func (b *books) at(o ledger.Offer, state ledger.HoldState) {
	b.Helper()
	var err error
	if state != ledger.HoldHeld {
		_, err = b.SendHold(b.ctx(), o.ID, b.now)
		b.must(err)
	}
	switch state {
	case ledger.HoldInDoubt:
		err = b.DoubtHold(b.ctx(), o.ID, ledger.Answer{Code: "1"}, b.now, b.now)
	case ledger.HoldSuspense:
		err = b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now)
	case ledger.HoldPosted:
		_, err = b.PostHold(b.ctx(), b.posting(o))
	case ledger.HoldVoided:
		err = b.VoidHold(b.ctx(), b.voiding(o))
	}
	b.must(err)
	b.inHold(o.ID, state)
}

// testHoldTable does every operation to a hold in every state.
func testHoldTable(b *books) {
	operations := []struct {
		name string
		do   func(ledger.Offer) error
		// to is the state after it, from held, sent, in_doubt, suspense, posted and voided; a
		// reason is a decline.
		to [6]string
	}{
		{"send", func(o ledger.Offer) error {
			_, err := b.SendHold(b.ctx(), o.ID, b.now)
			return err
		}, [6]string{"sent", "sent", "in_doubt", "suspense", "!posted", "!voided"}},
		{"doubt", func(o ledger.Offer) error {
			return b.DoubtHold(b.ctx(), o.ID, ledger.Answer{Code: "1"}, b.now, b.now)
		}, [6]string{"held", "in_doubt", "in_doubt", "suspense", "!posted", "!voided"}},
		{"suspend", func(o ledger.Offer) error {
			return b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now)
		}, [6]string{"suspense", "suspense", "suspense", "suspense", "!posted", "!voided"}},
		{"post", func(o ledger.Offer) error {
			_, err := b.PostHold(b.ctx(), b.posting(o))
			return err
		}, [6]string{"posted", "posted", "posted", "posted", "posted", "!voided"}},
		{"void", func(o ledger.Offer) error {
			return b.VoidHold(b.ctx(), b.voiding(o))
		}, [6]string{"voided", "voided", "voided", "voided", "!posted", "voided"}},
	}
	states := []ledger.HoldState{
		ledger.HoldHeld, ledger.HoldSent, ledger.HoldInDoubt, ledger.HoldSuspense,
		ledger.HoldPosted, ledger.HoldVoided,
	}
	// What a wallet of 100 som has, and has to spend, with a hold of 10 som and one of fee.
	has := map[ledger.HoldState][2]money.Amount{
		ledger.HoldHeld: {100, 89}, ledger.HoldSent: {100, 89}, ledger.HoldInDoubt: {100, 89},
		ledger.HoldSuspense: {89, 89}, ledger.HoldPosted: {89, 89}, ledger.HoldVoided: {100, 100},
	}
	for _, op := range operations {
		for i, from := range states {
			b.Run(op.name+" "+string(from), func(t *testing.T) {
				outer := b.T
				b.T = t
				defer func() { b.T = outer }()
				w := b.wallet(money.Som(100))
				o := b.held(w.ID, money.Som(10))
				b.at(o, from)
				err, to := op.do(o), ledger.HoldState(op.to[i])
				if op.to[i][0] == '!' {
					b.declined(err, ledger.Reason(op.to[i][1:]))
					to = from
				} else {
					b.must(err)
				}
				b.inHold(o.ID, to)
				b.has(w.ID, money.Som(int64(has[to][0])), money.Som(int64(has[to][1])))
				used := money.Som(10)
				if to == ledger.HoldVoided {
					used = 0
				}
				b.used(w.ID, ledger.OpPayment, used)
			})
		}
	}
}

// testReverse takes payments back.
func testReverse(b *books) {
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	_, err := b.apply(b.payment(o))
	b.must(err)
	b.messages()
	first, err := b.Reverse(b.ctx(), b.reversal(o.ID, "1", money.Som(4), 0))
	b.must(err)
	if first.Balance != money.Som(93) || first.Offer.ID != o.ID || first.Amount != money.Som(4) ||
		first.TransferID != ledger.ReversalTransfer(o.ID, "1") || !first.PostedAt.Equal(b.now) {
		b.Errorf("got %+v", first)
	}
	again, err := b.Reverse(b.ctx(), b.reversal(o.ID, "1", money.Som(4), 0))
	b.must(err)
	if again.TransferID != first.TransferID || again.Balance != first.Balance {
		b.Errorf("repeat: got %+v, want %+v", again, first)
	}
	_, err = b.Reverse(b.ctx(), b.reversal(o.ID, "1", money.Som(5), 0))
	b.declined(err, ledger.ReasonKeyReused)
	_, err = b.Reverse(b.ctx(), b.reversal(o.ID, "2", money.Som(7), 0))
	if d := b.declined(err, ledger.ReasonReversed); d.Limit != money.Som(7) {
		b.Errorf("left: %s, want 6 som and the fee", d.Limit)
	}
	_, err = b.Reverse(b.ctx(), b.reversal(o.ID, "3", money.Som(6), money.Som(1)))
	b.must(err)
	_, err = b.Reverse(b.ctx(), b.reversal(o.ID, "4", 1, 0))
	b.declined(err, ledger.ReasonReversed)
	b.has(w.ID, money.Som(100), money.Som(100))
	b.used(w.ID, ledger.OpPayment, money.Som(10))
	if all := b.messages(); len(all) != 2 || all[0].Fields["balance"] != "93.00" {
		b.Errorf("got messages %+v", all)
	}
	_, err = b.Reverse(b.ctx(), b.reversal("none", "1", 1, 0))
	b.is(err, ledger.ErrNoTransfer)
	_, err = b.Reverse(b.ctx(), b.reversal(ledger.ReversalTransfer(o.ID, "1"), "1", 1, 0))
	b.declined(err, ledger.ReasonNotReversible)
	all, err := b.Records(b.ctx(), ledger.PaymentSubject(o.ID), 10)
	b.must(err)
	if len(all) != 2 || all[0].Act != "reverse" {
		b.Errorf("records %+v, want two reversals", all)
	}
}

// pressedTransfer opens and presses a transfer to another wallet, with a fee of one som.
func (b *books) pressedTransfer(
	wallet string, payee ledger.Wallet, amount money.Amount,
) ledger.Offer {
	b.Helper()
	o := b.offer(wallet, amount)
	o.Operation, o.Provider, o.Payee = ledger.OpTransfer, "", payee.ID
	o.Account = payee.Number.Digits()
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	return b.read(o.ID)
}
