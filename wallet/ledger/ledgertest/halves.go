package ledgertest

import (
	"reflect"
	"sync/atomic"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// testHalves fails changes in their middle. Others have written the balances and the entries of one
// change in two steps, and had one without the other after a fault.
func testHalves(b *books) {
	b.openAgent(network, money.Som(10))
	w := b.wallet(money.Som(100))
	cashOut := b.cashOut(w.ID, money.Som(40))
	payment := b.held(w.ID, money.Som(10))
	b.at(payment, ledger.HoldSent)
	paid := b.pressed(w.ID, money.Som(5))
	_, err := b.apply(b.payment(paid))
	b.must(err)
	b.messages()
	before := b.snapshot(w.ID, cashOut.ID, payment.ID)

	nobody := b.posting(cashOut) // the offer has ended and the hold has moved when the agent is missed
	nobody.Agent = "nobody"
	_, err = b.PostHold(b.ctx(), nobody)
	b.is(err, ledger.ErrNoAgent)
	secret := b.suspense(payment) // the money has moved when the case is looked at
	secret.Detail = ""
	if err := b.SuspendHold(b.ctx(), payment.ID, secret, b.now); err == nil {
		b.Error("a case without its detail was opened")
	}
	more := b.cashIn("1", w, money.Som(11))
	_, err = b.CashIn(b.ctx(), more)
	b.declined(err, ledger.ReasonFloat)
	_, err = b.Reverse(b.ctx(), b.reversal(paid.ID, "1", money.Som(6), 0))
	b.declined(err, ledger.ReasonReversed)

	if after := b.snapshot(w.ID, cashOut.ID, payment.ID); !reflect.DeepEqual(after, before) {
		b.Errorf("half of a change is there:\nbefore %+v\nafter  %+v", before, after)
	}
	if told := b.messages(); len(told) != 0 {
		b.Errorf("messages of what was not done: %+v", told)
	}
}

// A snapshot is what a wallet and its holds look like.
type snapshot struct {
	wallet    ledger.Wallet
	used      ledger.Used
	holds     []ledger.Hold
	moves     [][]ledger.HoldMove
	movements []ledger.Movement
	classes   []ledger.ClassBalance
}

func (b *books) snapshot(wallet string, holds ...string) (s snapshot) {
	b.Helper()
	var err error
	s.wallet, err = b.WalletByID(b.ctx(), wallet)
	b.must(err)
	s.used, err = b.Used(b.ctx(), wallet, ledger.OpOut, day, month)
	b.must(err)
	for _, id := range holds {
		h, err := b.Hold(b.ctx(), id)
		b.must(err)
		moves, err := b.HoldMoves(b.ctx(), id)
		b.must(err)
		s.holds, s.moves = append(s.holds, h), append(s.moves, moves)
	}
	s.movements, err = b.Movements(b.ctx(), ledger.WalletAccount(wallet), 0, 100)
	b.must(err)
	s.classes, err = b.ClassBalances(b.ctx())
	b.must(err)
	return s
}

// testAgentOnce opens one agent, and funds it under one key, by many at once. Others have made two
// accounts of one name, and then each transfer found the one or the other.
func testAgentOnce(b *books) {
	const racers = 12
	race(racers, func(int) {
		if err := b.SetCredit(b.ctx(), network, money.Som(50), b.by("agent credit")); err != nil {
			b.Errorf("credit: %v", err)
		}
		err := b.FundAgent(b.ctx(), "first", network, money.Som(10), day, b.by("agent fund"))
		if err != nil {
			b.Errorf("fund: %v", err)
		}
	})
	b.agentHas(network, money.Som(10), money.Som(50))
	all, err := b.Records(b.ctx(), ledger.AgentSubject(network), 100)
	if err != nil || len(all) != 2 {
		b.Errorf("%d records, %v, want that it was opened and funded", len(all), err)
	}
}

// testKeyOfAnother gives the key of one request to another by many at once. Others have given the
// second one the answer of the first, or did both.
func testKeyOfAnother(b *books) {
	const racers = 12
	one, other := b.wallet(money.Som(0)), b.wallet(money.Som(0))
	b.openAgent(network, money.Som(100))
	var funded, reused atomic.Int64
	race(racers, func(i int) {
		to, amount := one, money.Som(5)
		if i%2 == 1 {
			to, amount = other, money.Som(7)
		}
		err := b.Fund(b.ctx(), "key", to.ID, amount, ledger.MaxBalance, b.now)
		switch {
		case err == nil:
			funded.Add(1)
		case ledger.ReasonOf(err) == ledger.ReasonKeyReused:
			reused.Add(1)
		default:
			b.Errorf("fund: %v", err)
		}
	})
	if funded.Load() != racers/2 || reused.Load() != racers/2 {
		b.Errorf("%d were told that it is done, %d that the key is taken", funded.Load(), reused.Load())
	}
	first, err := b.Balance(b.ctx(), one.ID)
	b.must(err)
	second, err := b.Balance(b.ctx(), other.ID)
	b.must(err)
	if first+second != money.Som(5) && first+second != money.Som(7) || first*second != 0 {
		b.Errorf("one has %s, the other %s", first, second)
	}
}
