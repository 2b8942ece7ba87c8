package wallet

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
)

// Bounds of one sweep.
const (
	sweepBatch   = 100             // offers read at once
	sweepBatches = 50              // of one sweep
	sweepTimeout = 5 * time.Second // to settle one offer, and to read a batch
)

// A Sweeper settles the payments that were pressed and have no end: their process died, or their
// commit failed. Each is then done, and its SMS was queued with the payment, or it is refused for
// good, and an SMS says so. What turns out to be held is left to a Dispatcher. Any number of
// Sweepers may run on one store.
type Sweeper struct {
	issuer   *Issuer
	interval time.Duration
	log      *zap.Logger
}

// NewSweeper returns a Sweeper that looks every interval, which is more than nothing.
func NewSweeper(issuer *Issuer, interval time.Duration, log *zap.Logger) *Sweeper {
	if interval <= 0 {
		panic(fmt.Sprintf("wallet: sweeper: interval %s", interval))
	}
	return &Sweeper{issuer: issuer, interval: interval, log: log}
}

// Run sweeps until ctx ends, and returns nil.
func (s *Sweeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	for {
		if _, err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweep failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Once settles what was pressed longer than Config.SweepAfter ago, and returns how many offers it
// settled. Those that it could not settle are left to the next sweep, and are logged.
func (s *Sweeper) Once(ctx context.Context) (settled int, err error) {
	for range sweepBatches {
		offers, err := s.unresolved(ctx)
		if err != nil {
			return settled, err
		}
		before := settled
		for _, o := range offers {
			if ctx.Err() != nil {
				return settled, nil
			}
			if err := s.settle(ctx, o); err != nil {
				s.log.Warn("payment is not settled yet", zap.String("offer", o.ID), zap.Error(err))
				continue
			}
			settled++
		}
		if len(offers) < sweepBatch || settled == before {
			break
		}
	}
	return settled, nil
}

func (s *Sweeper) unresolved(ctx context.Context) ([]ledger.Offer, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	before := s.issuer.clock().Add(-s.issuer.config.SweepAfter)
	offers, err := s.issuer.store.Unresolved(ctx, before, sweepBatch)
	if err != nil {
		return nil, fmt.Errorf("wallet: sweep: %w", err)
	}
	return offers, nil
}

// settle reports an error only when the offer's end is still unknown.
func (s *Sweeper) settle(ctx context.Context, o ledger.Offer) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	message, err := s.message(ctx, o)
	if err != nil {
		return err
	}
	_, err = s.issuer.settle(ctx, o, message)
	if !settled(err) {
		return err
	}
	s.log.Info("payment settled", zap.String("offer", o.ID),
		zap.String("reason", string(ledger.ReasonOf(err))))
	return nil
}

// message returns the SMS that tells of a refusal.
func (s *Sweeper) message(ctx context.Context, o ledger.Offer) (*ledger.Message, error) {
	w, err := s.issuer.store.WalletByID(ctx, o.Wallet)
	if err != nil {
		return nil, fmt.Errorf("wallet: sweep: %w", err)
	}
	return notPaid(w, o, s.issuer.clock()), nil
}
