package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/pin"
)

// Bounds of the Relay. The lease outlasts a batch in which every Send takes all of its time.
const (
	// RelayBatch is the most messages that one claim takes.
	RelayBatch = 64
	// RelayParallel is how many of them are sent at once.
	RelayParallel = 16
	// GiveUpDays is after how many days a message that cannot be sent is given up.
	GiveUpDays = 7
	// SendTimeout bounds one Send.
	SendTimeout = 10 * time.Second

	relayLease   = RelayBatch/RelayParallel*(SendTimeout+2*storeTimeout) + 10*time.Second
	relayPoll    = time.Second // without a Kick
	storeTimeout = 5 * time.Second
	parkedFor    = 24 * time.Hour
	// giveUpAfter is how long after it was queued a message is given up, at the next failure.
	giveUpAfter = GiveUpDays * 24 * time.Hour
	// maxAttempts is after how many attempts a message is parked: they take more than a day.
	maxAttempts = 300
)

// A Sender sends one message. secret has the message's secret field, empty when there is none; it
// is wiped when Send has returned. An error that has a method Permanent() bool which reports true
// says that sending again is of no use. Send is called from several goroutines.
type Sender interface {
	Send(ctx context.Context, message ledger.Message, secret pin.Secret) error
}

// A Relay hands the messages of the outbox to a Sender, each at least once, and erases what was
// sealed as soon as it is sent. Any number of Relays may run on one store.
//
// A message that could not be sent is tried again after 1, 2, 5, 15, 60 and then every 300
// seconds; after a permanent error, or too many attempts, once a day. One that is GiveUpDays old
// and fails again is given up: what was sealed is erased, and an Error is logged.
type Relay struct {
	store  ledger.Outbox
	keys   *pin.Keys
	sender Sender
	clock  func() time.Time
	log    *zap.Logger
	wake   chan struct{} // holds one token when something may be due
}

// NewRelay returns a Relay that does nothing until Run or Once. A nil clock is time.Now.
func NewRelay(
	store ledger.Outbox, keys *pin.Keys, sender Sender, clock func() time.Time, log *zap.Logger,
) *Relay {
	if clock == nil {
		clock = time.Now
	}
	return &Relay{
		store: store, keys: keys, sender: sender, clock: clock, log: log,
		wake: make(chan struct{}, 1),
	}
}

// Kick makes Run look at once. It never blocks.
func (r *Relay) Kick() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due until ctx ends. Then it finishes the sends that have begun, gives back the
// messages that it has claimed besides, and returns nil.
func (r *Relay) Run(ctx context.Context) error {
	ticker := time.NewTicker(relayPoll)
	defer ticker.Stop()
	for ctx.Err() == nil {
		claimed, _, err := r.batch(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Warn("outbox is not readable", zap.Error(err))
		}
		if claimed == RelayBatch {
			continue
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-ticker.C:
		}
	}
	return nil
}

// Once claims at most RelayBatch messages that are due, and returns how many of them were sent.
func (r *Relay) Once(ctx context.Context) (sent int, err error) {
	_, sent, err = r.batch(ctx)
	return sent, err
}

// batch returns how many messages were claimed, and how many of them were sent.
func (r *Relay) batch(ctx context.Context) (claimed, sent int, err error) {
	messages, err := r.claim(ctx)
	if err != nil {
		return 0, 0, err
	}
	var (
		group sync.WaitGroup
		done  atomic.Int64
		slots = make(chan struct{}, RelayParallel)
	)
	for _, m := range messages {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if r.relay(ctx, m) {
				done.Add(1)
			}
		})
	}
	group.Wait()
	return len(messages), int(done.Load()), nil
}

func (r *Relay) claim(ctx context.Context) ([]ledger.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	messages, err := r.store.ClaimMessages(ctx, r.clock(), relayLease, RelayBatch)
	if err != nil {
		return nil, fmt.Errorf("wallet: relay: %w", err)
	}
	return messages, nil
}

// relay sends one message and records the outcome. The end of ctx keeps it from beginning, and
// never breaks off what has begun.
func (r *Relay) relay(ctx context.Context, m ledger.Message) (sent bool) {
	if ctx.Err() != nil {
		r.retry(context.WithoutCancel(ctx), m, r.clock(), "the gateway stopped")
		return false
	}
	ctx = context.WithoutCancel(ctx)
	text, permanent := r.send(ctx, m)
	if text == "" {
		r.ack(ctx, m)
		return true
	}
	log := r.log.With(zap.String("kind", m.Kind), zap.Stringer("msisdn", m.To),
		zap.Int64("message", m.ID), zap.Int("attempt", m.Attempt), zap.String("error", text))
	if now := r.clock(); !now.Before(m.CreatedAt.Add(giveUpAfter)) {
		log.Error("message is given up and will never be sent",
			zap.Time("queued_at", m.CreatedAt))
		r.giveUp(ctx, m, now, text)
		return false
	}
	if permanent || m.Attempt >= maxAttempts {
		log.Error("message is parked for a day")
		r.retry(ctx, m, r.clock().Add(parkedFor), text)
		return false
	}
	log.Warn("message was not sent")
	r.retry(ctx, m, r.clock().Add(pause(m.Attempt)), text)
	return false
}

// send returns the text of the error, "" when the message was sent. The text holds no secret,
// whatever the Sender has put into its error.
func (r *Relay) send(ctx context.Context, m ledger.Message) (text string, permanent bool) {
	secret, err := openPayload(r.keys, m)
	if err != nil {
		return err.Error(), true
	}
	defer secret.Wipe()
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	err = r.sender.Send(ctx, m, secret)
	if err == nil {
		return "", false
	}
	var marked interface{ Permanent() bool }
	permanent = errors.As(err, &marked) && marked.Permanent()
	clean := []byte(err.Error())
	if secret.Len() > 0 {
		clean = bytes.ReplaceAll(clean, secret.Reveal(), []byte(secret.String()))
	}
	if len(clean) == 0 {
		return "unknown error", permanent
	}
	return string(clean), permanent
}

// ack leaves a message that cannot be marked to its lease: it goes out twice rather than never.
func (r *Relay) ack(ctx context.Context, m ledger.Message) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.store.AckMessage(ctx, m.ID, r.clock()); err != nil {
		r.log.Warn("message was sent, but not marked, and will be sent again",
			zap.String("kind", m.Kind), zap.Int64("message", m.ID), zap.Error(err))
	}
}

func (r *Relay) retry(ctx context.Context, m ledger.Message, next time.Time, text string) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.store.RetryMessage(ctx, m.ID, next, text); err != nil {
		r.log.Warn("message keeps its lease", zap.String("kind", m.Kind),
			zap.Int64("message", m.ID), zap.Error(err))
	}
}

// giveUp leaves a message that cannot be marked to its lease: the next failure ends it.
func (r *Relay) giveUp(ctx context.Context, m ledger.Message, now time.Time, text string) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.store.GiveUpMessage(ctx, m.ID, now, text); err != nil {
		r.log.Warn("message keeps its lease", zap.String("kind", m.Kind),
			zap.Int64("message", m.ID), zap.Error(err))
	}
}

// pause is how long a message waits after its attempt, counted from 1, failed.
func pause(attempt int) time.Duration {
	steps := [...]time.Duration{1, 2, 5, 15, 60, 300}
	return steps[min(max(attempt, 1), len(steps))-1] * time.Second
}
