package ledgertest

import (
	"context"
	"sync"
	"testing"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// Benchmark measures payments to one provider, through a Poster, from 32 callers at once. An
// operation is one payment: debit, four entries, two counters, one message. Offers are opened and
// pressed before the clock starts; run it with -benchtime 20000x or the like.
func Benchmark(b *testing.B, s ledger.Store) {
	const callers, wallets = 32, 32 * 32
	payments := prepare(b, s, wallets, callers)
	poster := ledger.NewPoster(s, zap.NewNop())
	ctx, cancel := context.WithCancel(b.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- poster.Run(ctx) }()
	b.ResetTimer()
	share(callers, len(payments), func(i int) {
		if _, err := poster.Post(ctx, payments[i]); err != nil {
			b.Errorf("post: %v", err)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
	cancel()
	if err := <-stopped; err != nil {
		b.Error(err)
	}
}

// prepare makes b.N pressed offers over many wallets.
func prepare(b *testing.B, s ledger.Store, wallets, callers int) []ledger.Payment {
	// The helpers of the tests need a *testing.T of their own.
	maker := &books{now: start}
	ids := make([]string, wallets)
	must := func(err error) {
		if err != nil {
			b.Error(err)
		}
	}
	share(callers, wallets, func(i int) {
		w := maker.newWallet()
		w.Number = msisdn.MustParse("99670" + digits(i, 7))
		ids[i] = w.ID
		must(s.Register(b.Context(), w))
		must(s.Fund(b.Context(), w.ID, w.ID, money.Som(1_000_000), ledger.MaxBalance, start))
	})
	payments := make([]ledger.Payment, b.N)
	share(callers, len(payments), func(i int) {
		o := maker.offer(ids[i%wallets], money.Som(1))
		must(s.OpenOffer(b.Context(), o))
		must(s.Press(b.Context(), o.ID, start)) // a wallet is of one goroutine
		payments[i] = maker.payment(o)
	})
	return payments
}

// digits is i in width decimal digits.
func digits(i, width int) string {
	text := make([]byte, width)
	for at := width - 1; at >= 0; at-- {
		text[at] = byte('0' + i%10)
		i /= 10
	}
	return string(text)
}

// share runs f for 0 to n-1 in as many goroutines as workers. What is of one remainder modulo
// the workers is of one goroutine.
func share(workers, n int, f func(i int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
