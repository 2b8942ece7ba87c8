package wallet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/ledger"
)

// Bounds of the Dispatcher.
const (
	// DispatchParallel is how many payments of one biller are repeated at once, so that one which
	// does not answer keeps nobody else waiting.
	DispatchParallel = 4

	dispatchBatch = 64               // holds claimed at once
	dispatchPoll  = time.Second      // without a Kick
	laneLength    = 128              // holds that wait for one biller
	laneWait      = 30 * time.Second // how long they may wait
	stopGrace     = 5 * time.Second  // for orders under way at a stop
)

// A Dispatcher takes held money to its end: it repeats payments whose provider has not given a
// final answer, each with the number of its first try, with growing pauses (biller.RetryAfter),
// and gives up after Config.GiveUpAfter: what may have been done goes to the suspense account, and
// a case is opened; what never left goes back to the wallet. Cash that nobody has fetched by its
// deadline goes back too. An SMS tells the end.
//
// Any number of Dispatchers may run on one store: who works on a hold has a lease of it. What a
// biller has no room for, and what it takes nothing of because its breaker is open, waits until the
// lease is over.
type Dispatcher struct {
	issuer *Issuer
	store  ledger.Store
	log    *zap.Logger
	wake   chan struct{} // holds one token when something may be due

	working sync.WaitGroup
	ended   atomic.Int64 // holds that have come to an end
	mu      sync.Mutex
	lanes   map[string]*lane // by the name of the biller; "" has what goes to none
}

// A lane is the work for one biller. Dispatcher.mu guards it.
type lane struct {
	running int
	queue   []claimed
}

// claimed is a hold under lease.
type claimed struct {
	ledger.Hold
	wallet ledger.Wallet
	biller biller.Biller // nil for cash
	at     time.Time
}

// NewDispatcher returns a Dispatcher that does nothing until Run or Once.
func NewDispatcher(issuer *Issuer, store ledger.Store, log *zap.Logger) *Dispatcher {
	return &Dispatcher{
		issuer: issuer, store: store, log: log, wake: make(chan struct{}, 1),
		lanes: make(map[string]*lane),
	}
}

// Kick makes Run look at once. It never blocks.
func (d *Dispatcher) Kick() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Then the Issuer begins no more orders to providers; those under way,
// also the ones that Issuer.Pay has begun, have five seconds to end and are cut off after that. Run
// returns nil when they have ended and all is recorded; it may be called once.
func (d *Dispatcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(dispatchPoll)
	defer ticker.Stop()
	for ctx.Err() == nil {
		count, err := d.claim(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("held payments are not readable", zap.Error(err))
		}
		if count == dispatchBatch {
			continue
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-ticker.C:
		}
	}
	d.issuer.calls.stop(stopGrace)
	d.working.Wait()
	return nil
}

// Once works on what is due, at most a batch of it, and returns how many holds have come to an end,
// suspense included. It is not called while Run runs.
func (d *Dispatcher) Once(ctx context.Context) (ended int, err error) {
	before := d.ended.Load()
	_, err = d.claim(ctx)
	d.working.Wait()
	return int(d.ended.Load() - before), err
}

// lease is how long a claimed hold is hidden from others: it may wait, and be delivered.
func (d *Dispatcher) lease() time.Duration { return laneWait + d.issuer.callLease() }

// claim takes what is due and returns how much it was. The lanes work on it.
func (d *Dispatcher) claim(ctx context.Context) (int, error) {
	reading, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	now := d.issuer.clock()
	holds, err := d.store.DueHolds(reading, now, d.lease(), dispatchBatch)
	if err != nil {
		return 0, fmt.Errorf("wallet: dispatcher: %w", err)
	}
	for _, h := range holds {
		if err := d.enter(ctx, h, now); err != nil {
			d.log.Warn("a held payment waits", zap.String("offer", h.ID), zap.Error(err))
		}
	}
	return len(holds), nil
}

// enter puts a hold into its lane, when there is something to do about it and room.
func (d *Dispatcher) enter(ctx context.Context, h ledger.Hold, now time.Time) error {
	reading, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	w, err := d.store.WalletByID(reading, h.Offer.Wallet)
	if err != nil {
		return fmt.Errorf("wallet: dispatcher: %w", err)
	}
	c := claimed{Hold: h, wallet: w, at: now}
	name, late := "", !now.Before(h.Deadline)
	if h.Offer.Operation == ledger.OpPayment {
		var found bool
		c.biller, name, found = d.issuer.billerOf(w.Number, h.Offer.Provider)
		if !found && !late {
			d.log.Error("no way to a provider with a payment under way: is its biller configured?",
				zap.String("provider", h.Offer.Provider), zap.String("biller", name),
				zap.String("offer", h.ID))
			return nil
		}
		if found && unreachable(c.biller, now) {
			c.biller = nil
		}
		if c.biller == nil && !late {
			return nil
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[name]
	if l == nil {
		l = &lane{}
		d.lanes[name] = l
	}
	if len(l.queue) >= laneLength {
		return nil
	}
	l.queue = append(l.queue, c)
	if l.running < DispatchParallel {
		l.running++
		d.working.Go(func() { d.work(ctx, l) })
	}
	return nil
}

// work empties a lane.
func (d *Dispatcher) work(ctx context.Context, l *lane) {
	for {
		c, ok := d.next(l)
		if !ok {
			return
		}
		if ctx.Err() != nil || d.issuer.clock().Sub(c.at) > laneWait || !d.issuer.calls.begin() {
			continue // its lease brings it back
		}
		end, err := d.move(c)
		d.issuer.calls.end()
		if err != nil {
			d.log.Warn("a held payment waits", zap.String("offer", c.ID), zap.Error(err))
		}
		if end != "" {
			d.ended.Add(1)
			d.log.Info("a held payment has ended", zap.String("offer", c.ID),
				zap.String("end", string(end)), zap.Int("attempt", c.Attempt))
		}
	}
}

// next takes the first of a lane out, and reports false when there is none: the caller is done.
func (d *Dispatcher) next(l *lane) (claimed, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(l.queue) == 0 {
		l.running--
		return claimed{}, false
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, true
}

// move takes a hold one step on and returns its end, or "" when it has come to none.
func (d *Dispatcher) move(c claimed) (ledger.HoldState, error) {
	now := d.issuer.clock()
	late := !now.Before(c.Deadline)
	switch {
	case c.Offer.Operation != ledger.OpPayment && !late:
		return "", nil
	case c.Offer.Operation != ledger.OpPayment:
		return d.giveBack(c, ledger.ReasonExpired, cashVoided(c.wallet, c.Offer, now), now)
	case late && c.State == ledger.HoldHeld:
		return d.giveBack(c, ledger.ReasonNotTaken, returned(c.wallet, c.Offer, now), now)
	}
	if c.biller != nil {
		_, err := d.issuer.deliver(c.wallet, c.ID, c.biller, c.Attempt+1)
		switch {
		case err == nil:
			return ledger.HoldPosted, nil
		case ledger.ReasonOf(err) != "":
			return ledger.HoldVoided, nil
		}
	}
	if !late {
		return "", nil
	}
	return d.suspend(c, now)
}

// giveBack ends a hold that nobody was told of.
func (d *Dispatcher) giveBack(
	c claimed, reason ledger.Reason, m ledger.Message, now time.Time,
) (ledger.HoldState, error) {
	defer d.issuer.config.Queued()
	ctx, cancel := recording()
	defer cancel()
	err := d.store.VoidHold(ctx, ledger.Voiding{
		Hold: c.ID, Reason: reason, Attempt: new(c.Attempt), Now: now, Message: m,
	})
	if err != nil {
		return "", fmt.Errorf("wallet: dispatcher: %w", err)
	}
	return ledger.HoldVoided, nil
}

// suspend gives a payment up whose provider may have got it and does not say.
func (d *Dispatcher) suspend(c claimed, now time.Time) (ledger.HoldState, error) {
	ctx, cancel := recording()
	defer cancel()
	o := c.Offer
	err := d.store.SuspendHold(ctx, c.ID, ledger.Case{
		Key: CaseSuspense + ":" + c.ID, Kind: CaseSuspense, Provider: o.Provider,
		Subject: ledger.PaymentSubject(c.ID), Amount: o.Amount + o.Fee, OpenedAt: now,
		Detail: fmt.Sprintf("no final answer to %s, held at %s: find out from the provider, then "+
			"post or void it", c.Txn, c.CreatedAt.Format(time.RFC3339)),
	}, now)
	if err != nil {
		return "", fmt.Errorf("wallet: dispatcher: %w", err)
	}
	d.log.Error("a provider has not answered in time: a person has to find out",
		zap.String("provider", o.Provider), zap.String("offer", c.ID), zap.String("txn", c.Txn))
	return ledger.HoldSuspense, nil
}

// cashVoided is the SMS of cash that nobody has fetched in time. The ledger adds the balance.
func cashVoided(w ledger.Wallet, o ledger.Offer, now time.Time) ledger.Message {
	return ledger.Message{
		Key: KindCashVoided + "/" + o.ID, To: w.Number, Kind: KindCashVoided, Lang: o.Lang,
		CreatedAt: now, Fields: map[string]string{"amount": o.Amount.String()},
	}
}
