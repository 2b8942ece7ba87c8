package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is an Applier whose batches wait to be let through one by one.
type gate struct {
	batches chan []ledger.Payment // what Apply is given
	answers chan error            // what it returns; nil = every payment has its receipt
}

func newGate() *gate { return &gate{make(chan []ledger.Payment), make(chan error)} }

func (g *gate) Apply(ctx context.Context, payments []ledger.Payment) ([]ledger.Result, error) {
	g.batches <- payments
	if err := <-g.answers; err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errors.New("a batch was given a context that ends")
	}
	results := make([]ledger.Result, len(payments))
	for i, p := range payments {
		results[i].Receipt.TransferID = p.Offer.ID
	}
	return results, nil
}

// poster runs a Poster over a gate in a bubble of its own time.
type poster struct {
	*testing.T
	*gate
	*ledger.Poster
	stop    context.CancelFunc
	stopped chan error
}

func inBubble(t *testing.T, test func(p *poster)) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		p := &poster{T: t, gate: g, Poster: ledger.NewPoster(g, zap.NewNop())}
		ctx, stop := context.WithCancel(t.Context())
		p.stop, p.stopped = stop, make(chan error, 1)
		go func() { p.stopped <- p.Poster.Run(ctx) }()
		test(p)
		stop()
		if err := <-p.stopped; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// answer is what became of a post.
type answer struct {
	id  string
	err error
}

// post posts an offer of a wallet and waits until it is queued or answered.
func (p *poster) post(ctx context.Context, wallet, id string) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		r, err := p.Post(ctx, ledger.Payment{Offer: ledger.Offer{ID: id, Wallet: wallet}})
		answers <- answer{r.TransferID, err}
	}()
	synctest.Wait()
	return answers
}

// want takes the next batch, checks its offers, and answers it.
func (p *poster) want(err error, ids ...string) {
	p.Helper()
	var got []string
	for _, payment := range <-p.batches {
		got = append(got, payment.Offer.ID)
	}
	if !slices.Equal(got, ids) {
		p.Errorf("got batch %v, want %v", got, ids)
	}
	p.answers <- err
}

func TestPosterBatches(t *testing.T) {
	inBubble(t, func(p *poster) {
		ctx := p.Context()
		one := p.post(ctx, "a", "1") // alone: it waits for nobody
		two, three := p.post(ctx, "b", "2"), p.post(ctx, "c", "3")
		again := p.post(ctx, "b", "4") // one debit of a wallet in a batch
		p.want(nil, "1")
		p.want(nil, "2", "3")
		p.want(nil, "4")
		for id, got := range map[string]<-chan answer{"1": one, "2": two, "3": three, "4": again} {
			if a := <-got; a.err != nil || a.id != id {
				p.Errorf("post %s: got %+v", id, a)
			}
		}
	})
}

func TestPosterMaxBatch(t *testing.T) {
	inBubble(t, func(p *poster) {
		p.post(p.Context(), "first", "first")
		for i := range ledger.MaxBatch + 1 {
			p.post(p.Context(), fmt.Sprint(i), fmt.Sprint(i))
		}
		p.want(nil, "first")
		if n := len(<-p.batches); n != ledger.MaxBatch {
			p.Errorf("a batch of %d, want %d", n, ledger.MaxBatch)
		}
		p.answers <- nil
		p.want(nil, fmt.Sprint(ledger.MaxBatch))
	})
}

func TestPosterMaxQueued(t *testing.T) {
	inBubble(t, func(p *poster) {
		p.post(p.Context(), "first", "first")
		ctx, cancel := context.WithCancel(p.Context())
		for i := range ledger.MaxQueued {
			p.post(ctx, fmt.Sprint(i), fmt.Sprint(i))
		}
		if a := <-p.post(ctx, "more", "more"); !errors.Is(a.err, ledger.ErrUnavailable) {
			p.Errorf("full: got %v, want %v", a.err, ledger.ErrUnavailable)
		}
		cancel()
		synctest.Wait()
		p.want(nil, "first")
	})
}

// TestPosterCallerGoes is about callers who end before their payment does.
func TestPosterCallerGoes(t *testing.T) {
	inBubble(t, func(p *poster) {
		ctx, cancel := context.WithCancel(p.Context())
		taken := p.post(ctx, "a", "taken")
		queued := p.post(ctx, "b", "queued")
		stays := p.post(p.Context(), "c", "stays")
		cancel()
		if a := <-taken; !errors.Is(a.err, ledger.ErrInDoubt) ||
			errors.Is(a.err, ledger.ErrUnavailable) || ledger.ReasonOf(a.err) != "" {
			p.Errorf("taken: got %v, want %v", a.err, ledger.ErrInDoubt)
		}
		if a := <-queued; !errors.Is(a.err, ledger.ErrUnavailable) ||
			errors.Is(a.err, ledger.ErrInDoubt) {
			p.Errorf("queued: got %v, want %v", a.err, ledger.ErrUnavailable)
		}
		if a := <-p.post(ctx, "d", "late"); !errors.Is(a.err, ledger.ErrUnavailable) {
			p.Errorf("late: got %v, want %v", a.err, ledger.ErrUnavailable)
		}
		p.want(nil, "taken")
		p.want(nil, "stays") // and never what was queued
		if a := <-stays; a.err != nil {
			p.Errorf("stays: %v", a.err)
		}
	})
}

func TestPosterStops(t *testing.T) {
	inBubble(t, func(p *poster) {
		under := p.post(p.Context(), "a", "under way")
		queued := p.post(p.Context(), "b", "queued")
		p.stop()
		synctest.Wait()
		p.want(nil, "under way")
		p.want(nil, "queued")
		for _, got := range []<-chan answer{under, queued} {
			if a := <-got; a.err != nil {
				p.Errorf("post: %v", a.err)
			}
		}
		synctest.Wait()
		if a := <-p.post(p.Context(), "c", "late"); !errors.Is(a.err, ledger.ErrUnavailable) {
			p.Errorf("after the stop: got %v, want %v", a.err, ledger.ErrUnavailable)
		}
	})
}

func TestPosterErrors(t *testing.T) {
	inBubble(t, func(p *poster) {
		for _, failure := range []error{ledger.ErrInDoubt, ledger.ErrUnavailable} {
			first := p.post(p.Context(), "a", "1")
			second, third := p.post(p.Context(), "b", "2"), p.post(p.Context(), "c", "3")
			p.want(nil, "1")
			p.want(fmt.Errorf("store: %w", failure), "2", "3") // nothing is repeated
			<-first
			for _, got := range []<-chan answer{second, third} {
				if a := <-got; !errors.Is(a.err, failure) {
					p.Errorf("got %v, want %v", a.err, failure)
				}
			}
		}
	})
}

// TestPosterIsolates finds the one payment to which the store takes exception.
func TestPosterIsolates(t *testing.T) {
	inBubble(t, func(p *poster) {
		first := p.post(p.Context(), "a", "1")
		good, bad := p.post(p.Context(), "b", "good"), p.post(p.Context(), "c", "bad")
		p.want(nil, "1")
		fault := errors.New("no such column")
		p.want(fault, "good", "bad")
		p.want(nil, "good")
		p.want(fault, "bad")
		<-first
		if a := <-good; a.err != nil {
			p.Errorf("good: %v", a.err)
		}
		if a := <-bad; !errors.Is(a.err, ledger.ErrUnavailable) || !errors.Is(a.err, fault) {
			p.Errorf("bad: got %v, want %v: %v", a.err, ledger.ErrUnavailable, fault)
		}
	})
}
