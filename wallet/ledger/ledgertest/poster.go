package ledgertest

import (
	"context"
	"sync/atomic"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// testPoster posts many payments at once through a Poster, each of them twice.
func testPoster(b *books) {
	const wallets, each = 8, 4
	poster := ledger.NewPoster(b.Store, zap.NewNop())
	ctx, cancel := context.WithCancel(b.ctx())
	stopped := make(chan error, 1)
	go func() { stopped <- poster.Run(ctx) }()

	ids := make([]string, wallets)
	var payments []ledger.Payment
	for i := range ids {
		w := b.wallet(money.Som(33)) // three of four
		ids[i] = w.ID
		for range each {
			payments = append(payments, b.payment(b.pressed(w.ID, money.Som(10))))
		}
	}
	var paid, declined atomic.Int64
	race(2*len(payments), func(i int) {
		_, err := poster.Post(ctx, payments[i%len(payments)])
		switch {
		case err == nil:
			paid.Add(1)
		case ledger.ReasonOf(err) == ledger.ReasonLowBalance:
			declined.Add(1)
		default:
			b.Errorf("post: %v", err)
		}
	})
	cancel()
	b.must(<-stopped)
	if paid.Load() != 2*wallets*(each-1) || declined.Load() != 2*wallets {
		b.Errorf("%d paid, %d declined, want %d, %d", paid.Load(), declined.Load(),
			2*wallets*(each-1), 2*wallets)
	}
	for _, id := range ids {
		b.holds(id, 0)
	}
	_, err := poster.Post(b.ctx(), payments[0])
	b.is(err, ledger.ErrUnavailable)
}
