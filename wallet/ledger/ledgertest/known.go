package ledgertest

import (
	"errors"
	"sync/atomic"
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// testKnownBugs are what users of other ledgers have met.
func testKnownBugs(b *books) {
	for name, run := range map[string]func(*books){
		"voided more than once":                 testVoidedOnce,
		"a rejected one is committed":           testRejectedNotPosted,
		"two commits read the same amount left": testPostedOnce,
		"a late answer after the void":          testLateAnswer,
		"a committed one still says inflight":   testStateIsTold,
		"committed above the hold":              testPostAbove,
		"two racing creations of one balance":   testWalletOnce,
		"one of many cannot be committed":       testPostsOfABatch,
		"the key is checked, then used":         testKeyRace,
		"two reversals with different keys":     testReverseRace,
		"a conflict is no lack of money":        testConflictIsNoRefusal,
		"locks in disorder":                     testLockOrder,
	} {
		b.Run(name, func(t *testing.T) {
			one := &books{T: t, Store: b.Store, now: b.now}
			one.number.Store(b.number.Load())
			run(one)
			one.verify()
			b.number.Store(one.number.Load())
		})
	}
}

// testVoidedOnce voids one hold by many at once: the money and the limits come back once.
func testVoidedOnce(b *books) {
	for _, from := range []ledger.HoldState{ledger.HoldSent, ledger.HoldSuspense} {
		w := b.wallet(money.Som(100))
		b.held(w.ID, money.Som(30)) // of which nothing comes back
		o := b.held(w.ID, money.Som(10))
		b.at(o, from)
		race(8, func(int) {
			if err := b.VoidHold(b.ctx(), b.voiding(o)); err != nil {
				b.Errorf("void: %v", err)
			}
		})
		b.has(w.ID, money.Som(100), money.Som(69))
		b.used(w.ID, ledger.OpPayment, money.Som(30))
		moves, err := b.HoldMoves(b.ctx(), o.ID)
		b.must(err)
		if last := moves[len(moves)-1]; last.State != ledger.HoldVoided ||
			moves[len(moves)-2].State == ledger.HoldVoided {
			b.Errorf("moves %+v, want one void", moves)
		}
	}
}

// testRejectedNotPosted posts what was refused before it was held, and what was voided.
func testRejectedNotPosted(b *books) {
	w := b.wallet(money.Som(5))
	o := b.pressed(w.ID, money.Som(10))
	p := b.payment(o)
	p.Terms = b.terms(o)
	_, err := b.apply(p)
	b.declined(err, ledger.ReasonLowBalance)
	_, err = b.PostHold(b.ctx(), b.posting(o))
	b.is(err, ledger.ErrNoHold)
	small := b.held(w.ID, money.Som(1))
	b.must(b.VoidHold(b.ctx(), b.voiding(small)))
	_, err = b.PostHold(b.ctx(), b.posting(small))
	b.declined(err, ledger.ReasonVoided)
	b.has(w.ID, money.Som(5), money.Som(5))
}

// testPostedOnce posts parts of one hold by many at once: one of them wins, all get its receipt.
func testPostedOnce(b *books) {
	w := b.wallet(money.Som(100))
	o := b.held(w.ID, money.Som(10))
	var posted atomic.Int64
	race(8, func(i int) {
		p := b.posting(o)
		p.Amount = money.Som(int64(3 + i))
		r, err := b.PostHold(b.ctx(), p)
		if err != nil {
			b.Errorf("post: %v", err)
			return
		}
		if old := posted.Swap(int64(r.Amount)); old != 0 && old != int64(r.Amount) {
			b.Errorf("one was told of %s, another of %s", money.Amount(old), r.Amount)
		}
	})
	amount := money.Amount(posted.Load())
	b.has(w.ID, money.Som(100)-amount, money.Som(100)-amount)
	b.used(w.ID, ledger.OpPayment, amount)
}

// testLateAnswer is about a provider that says yes after the payment was given back: nothing is
// lost silently, and nothing is taken twice.
func testLateAnswer(b *books) {
	w := b.wallet(money.Som(100))
	o := b.held(w.ID, money.Som(10))
	b.at(o, ledger.HoldInDoubt)
	b.must(b.VoidHold(b.ctx(), b.voiding(o)))
	_, err := b.SendHold(b.ctx(), o.ID, b.now)
	b.declined(err, ledger.ReasonVoided)
	_, err = b.PostHold(b.ctx(), b.posting(o))
	b.declined(err, ledger.ReasonVoided)
	b.declined(b.DoubtHold(b.ctx(), o.ID, ledger.Answer{}, b.now, b.now), ledger.ReasonVoided)
	b.declined(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now), ledger.ReasonVoided)
	b.has(w.ID, money.Som(100), money.Som(100))
	if h := b.inHold(o.ID, ledger.HoldVoided); h.ProviderTxn != "" || h.LastCode != "5" {
		b.Errorf("got %+v", h)
	}
}

// testStateIsTold looks at an end from everywhere it can be seen.
func testStateIsTold(b *books) {
	w := b.wallet(money.Som(100))
	for end, want := range map[ledger.HoldState]ledger.OfferState{
		ledger.HoldPosted: ledger.OfferDone, ledger.HoldVoided: ledger.OfferRefused,
	} {
		o := b.held(w.ID, money.Som(10))
		_, err := b.apply(b.payment(o))
		b.is(err, ledger.ErrHeld)
		result, err := b.Refuse(b.ctx(), o.ID, ledger.ReasonNotTaken, b.now, nil)
		b.must(err)
		b.is(result.Err, ledger.ErrHeld)
		b.at(o, end)
		if all, err := b.WalletHolds(b.ctx(), w.ID, 10); err != nil || len(all) != 0 {
			b.Errorf("%s: open holds %+v, %v", end, all, err)
		}
		b.inState(o.ID, want)
		result, err = b.Refuse(b.ctx(), o.ID, ledger.ReasonNotTaken, b.now, nil)
		b.must(err)
		if (result.Err == nil) != (end == ledger.HoldPosted) || errors.Is(result.Err, ledger.ErrHeld) {
			b.Errorf("%s: refused with %v", end, result.Err)
		}
	}
}

// testWalletOnce registers one number and one person by many at once.
func testWalletOnce(b *books) {
	w := b.newWallet()
	var made atomic.Int64
	race(8, func(int) {
		again := w
		again.ID = newID()
		switch err := b.Register(b.ctx(), again); {
		case err == nil:
			made.Add(1)
		case ledger.ReasonOf(err) == "":
			b.Errorf("register: %v", err)
		}
	})
	if made.Load() != 1 {
		b.Errorf("made %d wallets of one number", made.Load())
	}
}

// testPostsOfABatch holds many payments in one call and ends each of them by itself.
func testPostsOfABatch(b *books) {
	w, other := b.wallet(money.Som(100)), b.wallet(money.Som(100))
	var batch []ledger.Payment
	for i := range 6 {
		p := b.payment(b.pressed([]string{w.ID, other.ID}[i%2], money.Som(5)))
		p.Terms = b.terms(p.Offer)
		batch = append(batch, p)
	}
	results, err := b.Apply(b.ctx(), batch)
	b.must(err)
	for i, r := range results {
		b.is(r.Err, ledger.ErrHeld)
		if i < 3 {
			_, err = b.PostHold(b.ctx(), b.posting(batch[i].Offer))
		} else {
			err = b.VoidHold(b.ctx(), b.voiding(batch[i].Offer))
		}
		b.must(err)
	}
	b.has(w.ID, money.Som(88), money.Som(88))
	b.has(other.ID, money.Som(94), money.Som(94))
}

// testKeyRace uses one key for different things at once: one of them is done, the others are told.
func testKeyRace(b *books) {
	const racers = 8
	var done, reused atomic.Int64
	w := b.wallet(money.Som(100))
	o := b.pressed(w.ID, money.Som(10))
	_, err := b.apply(b.payment(o))
	b.must(err)
	race(racers, func(i int) {
		_, err := b.Reverse(b.ctx(), b.reversal(o.ID, "key", money.Som(int64(1+i)), 0))
		switch {
		case err == nil:
			done.Add(1)
		case ledger.ReasonOf(err) == ledger.ReasonKeyReused:
			reused.Add(1)
		default:
			b.Errorf("reverse: %v", err)
		}
	})
	if done.Load() != 1 || reused.Load() != racers-1 {
		b.Errorf("%d done, %d told, want 1 and %d", done.Load(), reused.Load(), racers-1)
	}
}

// testConflictIsNoRefusal lets many move the money of one wallet and one provider at once. There is
// enough of it for all: nobody may be told that there is not.
func testConflictIsNoRefusal(b *books) {
	const racers, each = 12, 4
	w := b.wallet(money.Som(racers * each * 11))
	var offers [racers][each]ledger.Offer
	for i := range racers {
		for j := range each {
			offers[i][j] = b.pressed(w.ID, money.Som(10))
		}
	}
	race(racers, func(i int) {
		for j, o := range offers[i] {
			p := b.payment(o)
			if j%2 == 0 {
				p.Terms = b.terms(o)
			}
			results, err := b.Apply(b.ctx(), []ledger.Payment{p})
			if err == nil && j%2 == 1 {
				err = results[0].Err
			}
			if err == nil && j%2 == 0 {
				_, err = b.PostHold(b.ctx(), b.posting(o))
			}
			if err != nil {
				b.Errorf("payment: %v", err)
			}
		}
	})
	b.has(w.ID, 0, 0)
}

// testLockOrder does everything that locks two accounts or more at once, in both directions.
func testLockOrder(b *books) {
	const rounds = 6
	wallets := [2]ledger.Wallet{b.wallet(money.Som(1000)), b.wallet(money.Som(1000))}
	b.openAgent(network, money.Som(1000))
	var transfers [2][rounds]ledger.Payment
	var holds [2][rounds]ledger.Offer
	for i, w := range wallets {
		for n := range rounds {
			transfers[i][n] = b.payment(b.pressedTransfer(w.ID, wallets[1-i], money.Som(1)))
			holds[i][n] = b.held(w.ID, money.Som(1))
		}
	}
	race(8, func(i int) {
		w := wallets[i%2]
		for n := range rounds {
			var err error
			switch i / 2 {
			case 0:
				err = b.thereAndBack(transfers[i%2][n])
			case 1:
				o := holds[i%2][n]
				if err = b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now); err == nil {
					err = b.VoidHold(b.ctx(), b.voiding(o))
				}
			case 2:
				var a ledger.AgentTxn
				if a, err = b.CashIn(b.ctx(), b.cashIn(w.ID+digits(n, 2), w, money.Som(1))); err == nil {
					_, err = b.Reverse(b.ctx(), b.reversal(a.Transfer, "1", money.Som(1), 0))
				}
			case 3:
				err = b.outAndIn(w)
			}
			if err != nil {
				b.Errorf("racer %d: %v", i, err)
			}
		}
	})
	for _, w := range wallets {
		b.has(w.ID, money.Som(1000), money.Som(1000))
	}
	b.agentHas(network, money.Som(1000), 0)
}

// thereAndBack executes a transfer and takes it back.
func (b *books) thereAndBack(p ledger.Payment) error {
	results, err := b.Apply(b.ctx(), []ledger.Payment{p})
	if err != nil {
		return err
	}
	if err := results[0].Err; err != nil {
		return err
	}
	_, err = b.Reverse(b.ctx(), b.reversal(p.Offer.ID, "1", p.Offer.Amount, p.Offer.Fee))
	return err
}

// outAndIn pays a som out to the agent's float, and in again.
func (b *books) outAndIn(w ledger.Wallet) error {
	o := b.offer(w.ID, money.Som(1))
	o.Operation, o.Provider, o.Account, o.Fee = ledger.OpCashOut, "", "", 0
	o = b.heldOffer(o, []byte("code"))
	p := b.posting(o)
	p.Agent = network
	if _, err := b.PostHold(b.ctx(), p); err != nil {
		return err
	}
	_, err := b.CashIn(b.ctx(), b.cashIn("back"+o.ID, w, money.Som(1)))
	return err
}
