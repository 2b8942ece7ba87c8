package wallet

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
)

const (
	// closerEvery is how often a Closer looks.
	closerEvery = time.Minute
	// MaxCloseAfter is the longest that a day may wait for its close.
	MaxCloseAfter = 12 * time.Hour
	// daysAtOnce is the most days that one look closes.
	daysAtOnce = 100
)

// A Closer keeps the sums of the accounts: every minute it rolls up what was posted, and it closes
// each day of the issuer's zone when that is over for some time. Days that nobody has closed are
// closed in their order; before the first one there is none to close. Any number of Closers may run
// on one store.
//
// It deletes nothing. What was used of limits in months gone by is what the audit compares with the
// transfers of that month, and the key of a message that was sent is why it is not sent again; what
// was secret in it is erased already.
type Closer struct {
	store ledger.Statements
	after time.Duration
	zone  *time.Location
	clock func() time.Time
	log   *zap.Logger
}

// NewCloser returns a Closer that does nothing until Run or Once. It closes a day when it is over
// for after, 0 to MaxCloseAfter: what is posted for it later is in the next one. zone has the days.
// A nil clock is time.Now.
func NewCloser(
	store ledger.Statements, after time.Duration, zone *time.Location, clock func() time.Time,
	log *zap.Logger,
) *Closer {
	if after < 0 || after > MaxCloseAfter {
		panic(fmt.Sprintf("wallet: closer: a day is closed %s after it", after))
	}
	if clock == nil {
		clock = time.Now
	}
	return &Closer{store: store, after: after, zone: zone, clock: clock, log: log}
}

// Run looks every minute until ctx ends, and returns nil. It finishes the look that has begun.
func (c *Closer) Run(ctx context.Context) error {
	ticker := time.NewTicker(closerEvery)
	defer ticker.Stop()
	for {
		if _, err := c.Once(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("the books are not rolled up or closed, a minute later again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Once rolls up, and closes the days that are to be closed by now. It returns how many these were.
func (c *Closer) Once(ctx context.Context) (closed int, err error) {
	if _, err := c.store.RollUp(ctx); err != nil {
		return 0, fmt.Errorf("wallet: closer: %w", err)
	}
	last, err := c.store.LastClosed(ctx)
	if err != nil {
		return 0, fmt.Errorf("wallet: closer: %w", err)
	}
	due := c.clock().In(c.zone).Add(-c.after).AddDate(0, 0, -1)
	day := due
	if last != "" {
		if day, err = time.ParseInLocation(time.DateOnly, last, c.zone); err != nil {
			return 0, fmt.Errorf("wallet: closer: last closed day: %w", err)
		}
		day = day.AddDate(0, 0, 1)
	}
	for until := due.Format(time.DateOnly); closed < daysAtOnce; closed++ {
		name := day.Format(time.DateOnly)
		if name > until || ctx.Err() != nil {
			break
		}
		if err := c.store.CloseDay(ctx, name, c.clock(), nil); err != nil {
			if ledger.ReasonOf(err) == ledger.ReasonDayClosed {
				return closed, nil // another process is ahead
			}
			return closed, fmt.Errorf("wallet: closer: %s: %w", name, err)
		}
		c.log.Info("day closed", zap.String("day", name))
		day = day.AddDate(0, 0, 1)
	}
	return closed, nil
}
