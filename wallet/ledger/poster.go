package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.uber.org/zap"
)

const (
	// MaxBatch is the most payments that one transaction of a Poster holds.
	MaxBatch = 256
	// MaxQueued is the most payments that may wait for a Poster.
	MaxQueued = 4096
)

// An Applier executes payments: the part of a Store that a Poster needs.
type Applier interface {
	Apply(ctx context.Context, payments []Payment) ([]Result, error)
}

// A Poster is the group commit: it takes what has queued while the last transaction ran, executes
// it in one transaction and answers each caller after the commit. There is no timer: a lone
// payment waits for nobody.
type Poster struct {
	store Applier
	log   *zap.Logger
	wake  chan struct{} // holds one token when the queue may have grown

	mu     sync.Mutex
	queue  []*posting
	closed bool
}

// posting is one payment in the queue. Poster.mu guards taken.
type posting struct {
	payment Payment
	taken   bool
	done    chan struct{} // closed by Run when result and err are set
	result  Result
	err     error
}

// NewPoster returns a Poster that does nothing until Run.
func NewPoster(store Applier, log *zap.Logger) *Poster {
	return &Poster{store: store, log: log, wake: make(chan struct{}, 1)}
}

// Run executes what is posted until ctx ends, then what is queued by then, and returns nil. It may
// be called once.
func (p *Poster) Run(ctx context.Context) error {
	detached := context.WithoutCancel(ctx)
	for {
		if batch := p.take(); len(batch) > 0 {
			p.apply(detached, batch)
			continue
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			if p.close() {
				return nil
			}
		}
	}
}

// Post executes a payment. The error is nil, a *Decline, ErrUnavailable when nothing was changed
// and nothing will be by this call, or ErrInDoubt: then the payment's own messages tell how it
// ended, if it does.
func (p *Poster) Post(ctx context.Context, payment Payment) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, fmt.Errorf("ledger: post: %w: %w", ErrUnavailable, err)
	}
	w := &posting{payment: payment, done: make(chan struct{})}
	if !p.enqueue(w) {
		return Receipt{}, fmt.Errorf("ledger: post: %w: queue is full or closed", ErrUnavailable)
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if p.remove(w) {
			return Receipt{}, fmt.Errorf("ledger: post: %w: %w", ErrUnavailable, ctx.Err())
		}
		select {
		case <-w.done: // just now
		default:
			return Receipt{}, fmt.Errorf("ledger: post: %w: %w", ErrInDoubt, ctx.Err())
		}
	}
	if w.err != nil {
		return Receipt{}, fmt.Errorf("ledger: post: %w", w.err)
	}
	return w.result.Receipt, w.result.Err
}

func (p *Poster) enqueue(w *posting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.queue) >= MaxQueued {
		return false
	}
	p.queue = append(p.queue, w)
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return true
}

// remove takes w out of the queue. It reports false when a batch has it already.
func (p *Poster) remove(w *posting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.taken {
		return false
	}
	for i, q := range p.queue {
		if q == w {
			p.queue = append(p.queue[:i], p.queue[i+1:]...)
			break
		}
	}
	return true
}

// take removes the next batch from the queue: at most MaxBatch, at most one of each wallet, as
// payer or as payee, so that every payment sees its wallets' balances as the batch found them.
func (p *Poster) take() []*posting {
	p.mu.Lock()
	defer p.mu.Unlock()
	var batch, rest []*posting
	seen := make(map[string]bool, min(len(p.queue), MaxBatch))
	for _, w := range p.queue {
		waits := len(batch) == MaxBatch
		for _, id := range w.payment.Wallets() {
			waits = waits || seen[id]
		}
		// When it waits, no later one of its wallets is taken before it either.
		for _, id := range w.payment.Wallets() {
			seen[id] = true
		}
		if waits {
			rest = append(rest, w)
			continue
		}
		w.taken = true
		batch = append(batch, w)
	}
	p.queue = rest
	return batch
}

// close refuses what comes from now on. It reports false while something is queued.
func (p *Poster) close() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return len(p.queue) == 0
}

// apply executes a batch and answers it.
func (p *Poster) apply(ctx context.Context, batch []*posting) {
	payments := make([]Payment, len(batch))
	for i, w := range batch {
		payments[i] = w.payment
	}
	results, err := p.store.Apply(ctx, payments)
	if err == nil && len(results) != len(batch) {
		panic(fmt.Sprintf("ledger: %d results for %d payments", len(results), len(batch)))
	}
	classified := errors.Is(err, ErrInDoubt) || errors.Is(err, ErrUnavailable)
	if err != nil && !classified && len(batch) > 1 {
		// The store took exception to one of them and undid all: find it.
		p.log.Error("batch refused, applying one by one",
			zap.Int("payments", len(batch)), zap.Error(err))
		for i := range batch {
			p.apply(ctx, batch[i:i+1])
		}
		return
	}
	if err != nil {
		p.log.Error("batch failed", zap.Int("payments", len(batch)), zap.Error(err))
		if !classified {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	for i, w := range batch {
		if err == nil {
			w.result = results[i]
		}
		w.err = err
		close(w.done)
	}
}
