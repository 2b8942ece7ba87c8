package wallet_test

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// closer is a Closer of the bench's books, an hour after midnight in Bishkek, and its clock.
func (b *bench) closer(now *time.Time) *wallet.Closer {
	zone := time.FixedZone("Bishkek", 6*60*60)
	clock := func() time.Time { return *now }
	return wallet.NewCloser(b.store, time.Hour, zone, clock, zap.NewNop())
}

func (b *bench) closed(c *wallet.Closer, days int, last string) {
	b.t.Helper()
	got, err := c.Once(b.ctx())
	b.ok(err)
	at, err := b.store.LastClosed(b.ctx())
	b.ok(err)
	if got != days || at != last {
		b.t.Errorf("closed %d days to %q, want %d to %q", got, at, days, last)
	}
}

func TestCloserClosesEachDayOnce(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	now := time.Date(2026, time.November, 21, 18, 59, 59, 0, time.UTC) // 00:59:59 of the 22nd
	c := b.closer(&now)
	b.closed(c, 1, "2026-11-20")
	b.closed(c, 0, "2026-11-20")
	now = now.Add(time.Second)
	b.closed(c, 1, "2026-11-21")
	now = now.AddDate(0, 0, 4) // nobody was there
	b.closed(c, 4, "2026-11-25")
	now = now.AddDate(0, 0, -2) // another machine's clock
	b.closed(c, 0, "2026-11-25")
}

// A day has what was posted in it, not what was posted between its end and its close.
func TestCloserKeepsDaysApart(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	_, err := b.pay(b.offer("100").ID, canary, "1")
	b.ok(err)
	now := b.clock.Now()
	c := b.closer(&now)
	_, err = c.Once(b.ctx())
	b.ok(err)
	b.clock.advance(24 * time.Hour)
	_, err = b.pay(b.offer("200").ID, canary, "2")
	b.ok(err)
	now = b.clock.Now()
	if _, err = c.Once(b.ctx()); err != nil {
		t.Fatal(err)
	}
	closings, err := b.store.Closings(b.ctx(), ledger.ProviderAccount("dostek"), "0000", "9999")
	b.ok(err)
	if len(closings) != 1 || closings[0].Closing != money.Som(100) {
		t.Errorf("closings %+v, want one of 100", closings)
	}
	sum, err := b.store.AccountBalance(b.ctx(), ledger.ProviderAccount("dostek"))
	b.ok(err)
	if sum != money.Som(300) {
		t.Errorf("sum %s, want 300", sum)
	}
}

// A Closer that stops in the middle has closed whole days.
func TestCloserStops(t *testing.T) {
	b := newBench(t, wallet.Config{})
	now := time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)
	c := b.closer(&now)
	b.closed(c, 1, "2026-11-21")
	now = now.AddDate(1, 0, 0)
	b.closed(c, 100, "2027-03-01") // the rest a minute later
	b.closed(c, 100, "2027-06-09")
}
