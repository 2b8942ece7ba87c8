package ledgertest

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// A Load measures debits of many wallets to one provider through a Poster. A debit executes a
// pressed offer: limits of two operations, the wallet, three entries, the offer's end and the SMS.
type Load struct {
	tb      testing.TB
	store   ledger.Store
	maker   *books
	wallets []string
	made    int
}

// A Measured is what one measurement has found.
type Measured struct {
	PerSecond float64
	CPU       time.Duration // of this process, for one debit
	P50, P99  time.Duration // from the call to the receipt
}

// Wallets of a Load. Nobody's balance and no limit is ever used up.
const loadWallets = 2000

// NewLoad writes the wallets of a load into an empty store.
func NewLoad(tb testing.TB, s ledger.Store) *Load {
	l := &Load{tb: tb, store: s, maker: &books{now: start}, wallets: make([]string, loadWallets)}
	share(32, loadWallets, func(i int) {
		w := l.maker.newWallet()
		w.Number = msisdn.MustParse("99670" + digits(i, 7))
		l.wallets[i] = w.ID
		l.must(s.Register(tb.Context(), w))
		l.must(s.Fund(tb.Context(), w.ID, w.ID, money.Som(1_000_000), ledger.MaxBalance, start))
	})
	return l
}

func (l *Load) must(err error) {
	if err != nil {
		l.tb.Error(err)
	}
}

// offers opens and presses offers of one wallet after the other.
func (l *Load) offers(n int) []ledger.Payment {
	payments := make([]ledger.Payment, n)
	from := l.made
	l.made += n
	share(50, n, func(i int) { // 50 divides loadWallets: a wallet is of one goroutine
		o := l.maker.offer(l.wallets[(from+i)%loadWallets], money.Som(1))
		l.must(l.store.OpenOffer(l.tb.Context(), o))
		l.must(l.store.Press(l.tb.Context(), o.ID, start))
		payments[i] = l.maker.payment(o)
		most := ledger.Limits{
			PerPayment: ledger.MaxAmount, PerDay: ledger.MaxAmount, PerMonth: ledger.MaxAmount,
		}
		payments[i].Limits, payments[i].Out = most, most
	})
	return payments
}

// Closed measures a number of callers, each of which posts its next debit when it has the receipt
// of the one before. others is the CPU time so far of whoever else works for the store, or nil.
func (l *Load) Closed(callers, debits int, others func() time.Duration) Measured {
	payments := l.offers(debits)
	took := make([]time.Duration, debits)
	post, stop := l.poster()
	cpu := func() time.Duration { return processCPU() }
	if others != nil {
		cpu = func() time.Duration { return processCPU() + others() }
	}
	began, before := time.Now(), cpu()
	share(callers, debits, func(i int) {
		from := time.Now()
		post(payments[i])
		took[i] = time.Since(from)
	})
	elapsed, used := time.Since(began), cpu()-before
	stop()
	r := quantiles(took)
	r.PerSecond, r.CPU = float64(debits)/elapsed.Seconds(), used/time.Duration(debits)
	return r
}

// Open measures debits that come at a rate, whether the ones before have an answer or not. Times
// are from when a debit was due.
func (l *Load) Open(perSecond, debits int) Measured {
	payments := l.offers(debits)
	took := make([]time.Duration, debits)
	post, stop := l.poster()
	began := time.Now()
	share(min(debits, 1000), debits, func(i int) {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		time.Sleep(time.Until(due))
		post(payments[i])
		took[i] = time.Since(due)
	})
	elapsed := time.Since(began)
	stop()
	r := quantiles(took)
	r.PerSecond = float64(debits) / elapsed.Seconds()
	return r
}

func (l *Load) poster() (post func(ledger.Payment), stop func()) {
	poster := ledger.NewPoster(l.store, zap.NewNop())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- poster.Run(ctx) }()
	post = func(p ledger.Payment) {
		if _, err := poster.Post(ctx, p); err != nil {
			l.tb.Errorf("post: %v", err)
		}
	}
	return post, func() {
		cancel()
		l.must(<-ended)
	}
}

func quantiles(took []time.Duration) Measured {
	slices.Sort(took)
	return Measured{P50: took[len(took)/2], P99: took[len(took)*99/100]}
}

// processCPU is the CPU time of this process so far.
func processCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("ledgertest: getrusage: %v", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Figures measures a store five times at each of 1, 8, 32 and 64 callers, and 1,000 debits a second
// in an open loop, and prints the least, the median and the most. beside, if any, is a measurement
// of something else that is made before each, by turns; others is as in Closed.
func Figures(
	tb testing.TB, s ledger.Store, others func() time.Duration,
	beside func(callers int) (perSecond float64),
) {
	const runs, debits = 5, 6000
	l := NewLoad(tb, s)
	l.Closed(32, debits, nil) // warm
	tb.Logf("%-8s %-20s %-20s %-17s %-17s %s", "callers", "debits/s", "pgbench -N tps",
		"CPU µs per debit", "p50 ms", "p99 ms")
	for _, callers := range []int{1, 8, 32, 64} {
		var all []Measured
		var besides []float64
		for range runs {
			if beside != nil {
				besides = append(besides, beside(callers))
			}
			all = append(all, l.Closed(callers, debits/(1+2/callers), others))
		}
		l.print(fmt.Sprint(callers), all, besides)
	}
	var open []Measured
	for range runs {
		open = append(open, l.Open(1000, 3000))
	}
	l.print("1000/s", open, nil)
	breaches, err := s.Verify(tb.Context())
	if err != nil || len(breaches) > 0 {
		tb.Errorf("verify: %v, %v", breaches, err)
	}
}

func (l *Load) print(name string, all []Measured, besides []float64) {
	column := func(format string, of func(Measured) float64) string {
		values := make([]float64, len(all))
		for i, r := range all {
			values[i] = of(r)
		}
		return spread(format, values)
	}
	milli := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	l.tb.Logf("%-8s %-20s %-20s %-17s %-17s %s", name,
		column("%.0f", func(r Measured) float64 { return r.PerSecond }),
		spread("%.0f", besides),
		column("%.0f", func(r Measured) float64 { return float64(r.CPU) / float64(time.Microsecond) }),
		column("%.1f", func(r Measured) float64 { return milli(r.P50) }),
		column("%.1f", func(r Measured) float64 { return milli(r.P99) }))
}

// spread is the least, the median and the most.
func spread(format string, values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	slices.Sort(values)
	of := func(v float64) string { return fmt.Sprintf(format, v) }
	return of(values[0]) + "/" + of(values[len(values)/2]) + "/" + of(values[len(values)-1])
}
