package wallet_test

import (
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
)

func (b *bench) block(digits, attempt string) error {
	err := b.Block(b.ctx(), number, secret(digits), attempt)
	b.see(err)
	return err
}

func (b *bench) support(act ledger.Act) error {
	err := wallet.Intervene(b.ctx(), b.store, number, act, "aida", "asked", b.clock.Now())
	b.see(err)
	return err
}

// acts are the acts on the wallet, newest first.
func (b *bench) acts() []ledger.Act {
	b.t.Helper()
	all, err := b.store.Records(b.ctx(), ledger.WalletSubject(b.wallet().ID), 10)
	b.ok(err)
	var acts []ledger.Act
	for _, i := range all {
		acts = append(acts, ledger.Act(i.Act))
	}
	return acts
}

func TestBlock(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.block(canary, "0"), ledger.ErrNoWallet)
	b.seed(1000)
	o := b.offer("100")
	if d := b.declined(b.block(wrong, "1"), ledger.ReasonWrongPIN); d.Left != 2 {
		t.Errorf("%d tries left, want 2", d.Left)
	}
	b.ok(b.block(canary, "2"))
	b.ok(b.block(canary, "2")) // the same input came twice
	b.declined(b.block(canary, "3"), ledger.ReasonBlocked)

	b.clock.advance(time.Minute)
	_, err := b.pay(o.ID, canary, "4")
	b.declined(err, ledger.ReasonBlocked)
	_, err = b.Offer(b.ctx(), quote("100"))
	b.declined(err, ledger.ReasonBlocked)
	b.declined(b.check(canary, "5"), ledger.ReasonBlocked)
	b.declined(b.StagePIN(b.ctx(), number, secret(second)), ledger.ReasonBlocked)
	b.declined(b.ChangePIN(b.ctx(), number, secret(second), "6"), ledger.ReasonBlocked)
	b.declined(b.ResendFirstPIN(b.ctx(), number, "7"), ledger.ReasonBlocked)
	if w := b.wallet(); !w.Blocked() || w.Balance != 1000_00 {
		t.Errorf("the wallet is %+v", w)
	}

	b.ok(b.support(ledger.ActUnblock))
	b.ok(b.block(canary, "2")) // a late copy of the input that was done
	if b.wallet().Blocked() {
		t.Error("a late copy of an input has blocked the wallet again")
	}
	if _, err = b.pay(o.ID, canary, "8"); err != nil {
		t.Errorf("after the block: %v", err)
	}
	if got := b.acts(); len(got) != 2 || got[0] != ledger.ActUnblock || got[1] != ledger.ActBlock {
		t.Errorf("acts %v, want unblock, block", got)
	}
	if err := b.block(canary, ""); err == nil {
		t.Error("an input without a name is accepted")
	}
}

// What was pressed before the block keeps its end, and is told by it.
func TestPressedBeforeTheBlock(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o := b.offer("100")
	paid, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	b.ok(b.block(canary, "2"))
	again, err := b.pay(o.ID, canary, "1")
	b.ok(err)
	if again.TransferID != paid.TransferID || again.Balance != paid.Balance {
		t.Errorf("the same input got %+v, want %+v", again, paid)
	}
	_, err = b.pay(o.ID, canary, "3")
	b.declined(err, ledger.ReasonBlocked) // another input takes the PIN again
	told, err := b.Resolve(b.ctx(), number, o.ID)
	b.ok(err)
	if told.TransferID != paid.TransferID {
		t.Errorf("resolved as %+v, want %+v", told, paid)
	}
}

// An input that was right before the block, and got no further, does not pay after it.
func TestRightBeforeTheBlock(t *testing.T) {
	b := newBench(t, wallet.Config{})
	w := b.seed(1000)
	o := b.offer("100")
	try := ledger.Try{Wallet: w.ID, Attempt: "pay/" + o.ID + "/1", Now: b.clock.Now(), Max: 3}
	_, err := b.store.CountTry(b.ctx(), try)
	b.ok(err)
	b.ok(b.store.RightTry(b.ctx(), try))
	b.ok(b.support(ledger.ActBlock))
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonBlocked)
	if got, err := b.store.Offer(b.ctx(), o.ID); err != nil || got.State != ledger.OfferOpen {
		t.Errorf("the offer is %+v, %v, want it open", got, err)
	}
}

func TestSupport(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.fails(b.support(ledger.ActBlock), ledger.ErrNoWallet)
	b.seed(0)
	b.declined(b.support(ledger.ActUnblock), ledger.ReasonNotBlocked)
	b.declined(b.support(ledger.ActUnlock), ledger.ReasonNotLocked)
	b.wrongLeft("1", 2)
	b.wrongLeft("2", 1)
	b.lockedFor(wrong, "3", 30*time.Minute)
	b.declined(b.support(ledger.ActUnblock), ledger.ReasonNotBlocked)
	b.ok(b.support(ledger.ActUnlock))
	b.ok(b.check(canary, "4"))
	b.clock.advance(time.Second)
	b.ok(b.support(ledger.ActBlock))
	b.declined(b.support(ledger.ActUnlock), ledger.ReasonBlocked)
	b.clock.advance(time.Second)
	b.ok(b.support(ledger.ActUnblock))
	b.ok(b.check(canary, "5"))
	if got := b.acts(); len(got) != 3 {
		t.Errorf("acts %v, want unblock, block, unlock", got)
	}
	err := wallet.Intervene(b.ctx(), b.store, number, ledger.ActBlock, ledger.ActorSubscriber,
		"asked", b.clock.Now())
	if err == nil {
		t.Error("the support passes for the subscriber")
	}
	kinds := map[string]int{}
	all, err := b.store.ClaimMessages(b.ctx(), b.clock.Now(), time.Minute, 10)
	b.ok(err)
	for _, m := range all {
		kinds[m.Kind]++
	}
	if kinds[wallet.KindBlocked] != 1 || kinds[wallet.KindUnblocked] != 2 || len(kinds) != 2 {
		t.Errorf("messages %v, want one of a block and two of its end", kinds)
	}
}
