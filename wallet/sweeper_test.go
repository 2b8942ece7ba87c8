package wallet_test

import (
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func (b *bench) sweep(want int) {
	b.t.Helper()
	settled, err := wallet.NewSweeper(b.Issuer, time.Hour, b.log).Once(b.ctx())
	b.ok(err)
	if settled != want {
		b.t.Fatalf("%d payments settled, want %d", settled, want)
	}
}

// lost presses an offer whose payment does not reach the books.
func (b *bench) lost(amount, attempt string) (ledger.Offer, *faulty) {
	b.t.Helper()
	o := b.offer(amount)
	f := &faulty{Applier: b.store, before: ledger.ErrInDoubt}
	_, err := b.over(f).Pay(b.ctx(), number, o.ID, secret(canary), attempt)
	b.fails(err, ledger.ErrInDoubt)
	return o, f
}

func TestSweeperRefusesWhatWasLost(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	o, f := b.lost("100", "1")
	b.clock.advance(30 * time.Second)
	b.sweep(0)
	b.clock.advance(time.Microsecond)
	b.sweep(1)
	m := b.message(wallet.KindNotPaid)
	wantFields(t, m, map[string]string{"payee": "Достэк", "account": dostek, "amount": "100.00"})
	b.sweep(0)
	b.silent()

	results, err := b.store.Apply(b.ctx(), f.late)
	b.ok(err)
	b.declined(results[0].Err, ledger.ReasonNotTaken)
	_, err = b.pay(o.ID, canary, "1")
	b.declined(err, ledger.ReasonNotTaken)
	if balance := b.wallet().Balance; balance != money.Som(1000) {
		t.Errorf("balance = %s, want nothing moved", balance)
	}
}

func TestSweeperLeavesTheRestAlone(t *testing.T) {
	b := newBench(t, wallet.Config{SweepAfter: time.Second})
	b.seed(1000)
	done, err := b.pay(b.offer("100").ID, canary, "1")
	b.ok(err)
	open := b.offer("200")
	b.clock.advance(time.Minute)
	b.sweep(0)
	again, err := b.Resolve(b.ctx(), number, done.Offer.ID)
	b.ok(err)
	if again.Balance != done.Balance {
		t.Errorf("receipt = %+v", again)
	}
	if current, err := b.CurrentOffer(b.ctx(), number); err != nil || current.ID != open.ID {
		t.Errorf("open offer = %+v, %v", current, err)
	}
	b.message(wallet.KindPaid)
}

func TestSweeperSettlesMany(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	w, now := b.wallet(), b.clock.Now()
	for n := range 5 { // pressed by processes that died
		o := ledger.Offer{
			ID: string(rune('a' + n)), Wallet: w.ID, Operation: ledger.OpPayment, Provider: "dostek",
			Account: dostek, Amount: 1,
			CreatedAt: now, ExpiresAt: now.Add(time.Minute),
		}
		b.ok(b.store.OpenOffer(b.ctx(), o))
		b.ok(b.store.Press(b.ctx(), o.ID, now))
	}
	b.clock.advance(time.Minute)
	b.sweep(5)
	if all := b.messages(); len(all) != 5 {
		t.Errorf("%d messages, want 5", len(all))
	}
}

func TestSweeperRuns(t *testing.T) {
	queued := make(chan struct{}, 10)
	b := newBench(t, wallet.Config{Queued: func() { queued <- struct{}{} }})
	b.seed(1000)
	b.lost("100", "1")
	b.clock.advance(time.Minute)
	b.spawn(wallet.NewSweeper(b.Issuer, time.Millisecond, b.log).Run)
	select {
	case <-queued:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was swept in ten seconds")
	}
	b.message(wallet.KindNotPaid)
}

func TestNewSweeperPanicsWithoutInterval(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	wallet.NewSweeper(nil, 0, nil)
}
