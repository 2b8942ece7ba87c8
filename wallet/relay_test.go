package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/pin"
)

// sendFunc is a Sender.
type sendFunc func(context.Context, ledger.Message, pin.Secret) error

func (f sendFunc) Send(ctx context.Context, m ledger.Message, s pin.Secret) error {
	return f(ctx, m, s)
}

// permanent is an error that says that sending again is of no use.
type permanent struct{ error }

func (permanent) Permanent() bool { return true }

func (b *bench) relay(s wallet.Sender) *wallet.Relay {
	return wallet.NewRelay(b.store, b.keys, s, b.clock.Now, b.log)
}

func (b *bench) once(r *wallet.Relay, want int) {
	b.t.Helper()
	sent, err := r.Once(b.ctx())
	b.ok(err)
	if sent != want {
		b.t.Fatalf("%d messages sent, want %d", sent, want)
	}
}

func TestRelaySendsOnceAndErases(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	b.once(b.relay(sendFunc(func(context.Context, ledger.Message, pin.Secret) error {
		return errors.New("not now")
	})), 0)
	b.clock.advance(time.Second)

	var given pin.Secret
	var digits string
	r := b.relay(sendFunc(func(_ context.Context, m ledger.Message, s pin.Secret) error {
		given, digits = s, string(s.Reveal())
		if m.Kind != wallet.KindFirstPIN || m.To != number || m.Attempt != 2 {
			t.Errorf("message = %+v", m)
		}
		return nil
	}))
	b.once(r, 1)
	b.pins[digits] = true
	if len(digits) != len(canary) || given.Len() != 0 {
		t.Errorf("secret of %d digits, %d after Send", len(digits), given.Len())
	}
	b.clock.advance(1000 * time.Hour)
	b.once(r, 0)
	// That the sealed part is erased, the schema enforces: a sent row with one is refused.
}

func TestRelayBacksOff(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	calls := 0
	r := b.relay(sendFunc(func(context.Context, ledger.Message, pin.Secret) error {
		calls++
		return errors.New("the network is down")
	}))
	b.once(r, 0)
	for n, pause := range []time.Duration{1, 2, 5, 15, 60, 300, 300} {
		b.clock.advance(pause*time.Second - time.Microsecond)
		b.once(r, 0)
		if calls != n+1 {
			t.Fatalf("sent again before %d s were over", pause)
		}
		b.clock.advance(time.Microsecond)
		b.once(r, 0)
		if calls != n+2 {
			t.Fatalf("not sent again after %d s", pause)
		}
	}
	if log := b.witness.text(); !strings.Contains(log, "message was not sent") ||
		!strings.Contains(log, "99655***3456") || strings.Contains(log, number.Digits()) {
		t.Errorf("log = %s", log)
	}
}

func TestRelayParksWhatIsPermanent(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	b.once(b.relay(sendFunc(func(context.Context, ledger.Message, pin.Secret) error {
		return fmt.Errorf("send: %w", permanent{errors.New("no such subscriber")})
	})), 0)
	if log := b.witness.text(); !strings.Contains(log, `"level":"error"`) {
		t.Errorf("nobody is told: %s", log)
	}
	b.clock.advance(24*time.Hour - time.Microsecond)
	b.silent()
	b.clock.advance(time.Microsecond)
	b.message(wallet.KindFirstPIN)
}

// After a week nobody waits for the message any more, and the PIN in it is erased.
func TestRelayGivesUp(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	calls := 0
	r := b.relay(sendFunc(func(context.Context, ledger.Message, pin.Secret) error {
		calls++
		return permanent{errors.New("no such subscriber")}
	}))
	for day := range wallet.GiveUpDays + 1 {
		if strings.Contains(b.witness.text(), "given up") {
			t.Fatalf("given up on day %d", day)
		}
		b.once(r, 0)
		b.clock.advance(24 * time.Hour)
	}
	if log := b.witness.text(); calls != wallet.GiveUpDays+1 ||
		!strings.Contains(log, `"level":"error"`) ||
		!strings.Contains(log, "message is given up and will never be sent") {
		t.Errorf("%d attempts, log %s", calls, log)
	}
	for range 10 {
		b.clock.advance(24 * time.Hour)
		b.silent()
	}
	b.ok(b.ResendFirstPIN(b.ctx(), number, "1"))
	b.message(wallet.KindFirstPIN)
}

// Whatever a Sender puts into its error, the PIN gets into no log and not into the books.
func TestRelayScrubsErrors(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	b.once(b.relay(sendFunc(func(_ context.Context, _ ledger.Message, s pin.Secret) error {
		b.pins[string(s.Reveal())] = true
		return fmt.Errorf("cannot send %q", "PIN "+string(s.Reveal()))
	})), 0)
	if log := b.witness.text(); !strings.Contains(log, `cannot send \"PIN ****\"`) {
		t.Errorf("log = %s", log)
	}
}

// A message that does not open is for a person to see to: it is never sent without its PIN.
func TestRelayParksWhatDoesNotOpen(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.ok(b.Register(b.ctx(), application()))
	box := &inbox{}
	wrongKeys := wallet.NewRelay(b.store, testKeys(t, 2, 2), box, b.clock.Now, b.log)
	b.once(wrongKeys, 0)
	if len(box.got) != 0 || !strings.Contains(b.witness.text(), `"level":"error"`) {
		t.Errorf("sent %v, log %s", box.got, b.witness.text())
	}
	b.clock.advance(24 * time.Hour)
	b.message(wallet.KindFirstPIN)
}

// An outbox in memory, for tests in synthetic time.
type outbox struct {
	mu     sync.Mutex
	rows   []*outboxRow
	broken error // of ClaimMessages
	noAck  error // of AckMessage
}

type outboxRow struct {
	ledger.Message
	next  time.Time
	acked bool
	dead  bool
	err   string
}

func (o *outbox) add(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for range n {
		id := int64(len(o.rows) + 1)
		m := ledger.Message{
			ID: id, Key: fmt.Sprint(id), To: number, Kind: wallet.KindPaid,
			CreatedAt: time.Now(),
		}
		o.rows = append(o.rows, &outboxRow{Message: m})
	}
}

func (o *outbox) ClaimMessages(
	_ context.Context, now time.Time, lease time.Duration, limit int,
) ([]ledger.Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []ledger.Message
	for _, r := range o.rows {
		if len(all) < limit && !r.acked && !r.dead && !r.next.After(now) {
			r.Attempt++
			r.next = now.Add(lease)
			all = append(all, r.Message)
		}
	}
	return all, o.broken
}

func (o *outbox) AckMessage(_ context.Context, id int64, _ time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noAck == nil {
		o.rows[id-1].acked = true
	}
	return o.noAck
}

func (o *outbox) RetryMessage(_ context.Context, id int64, next time.Time, text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows[id-1].next, o.rows[id-1].err = next, text
	return nil
}

func (o *outbox) GiveUpMessage(_ context.Context, id int64, _ time.Time, text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows[id-1].dead, o.rows[id-1].err = true, text
	return nil
}

func (o *outbox) count(match func(*outboxRow) bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, r := range o.rows {
		if match(r) {
			n++
		}
	}
	return n
}

func acked(r *outboxRow) bool { return r.acked }

// gate is a Sender that holds every message until it is opened.
type gate struct {
	open chan struct{}

	mu      sync.Mutex
	waiting int
	most    int
	ctxErrs []error // of ctx when Send returned
}

func (g *gate) Send(ctx context.Context, _ ledger.Message, _ pin.Secret) error {
	g.enter(1)
	defer g.enter(-1)
	var err error
	select {
	case <-g.open:
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ctxErrs = append(g.ctxErrs, ctx.Err())
	return err
}

func (g *gate) enter(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += n
	g.most = max(g.most, g.waiting)
}

// inBubble runs a Relay in synthetic time. stop ends it and waits.
func inBubble(
	t *testing.T, o *outbox, s wallet.Sender, f func(t *testing.T, r *wallet.Relay, stop func()),
) *observer.ObservedLogs {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	synctest.Test(t, func(t *testing.T) {
		if g, ok := s.(*gate); ok {
			g.open = make(chan struct{}) // of this bubble
		}
		r := wallet.NewRelay(o, testKeys(t, 1, 1), s, nil, zap.New(core))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		stop := sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		})
		defer stop()
		synctest.Wait()
		f(t, r, stop)
	})
	return logs
}

func TestRelayRunPollsAndIsKicked(t *testing.T) {
	o, box := &outbox{}, &inbox{}
	inBubble(t, o, box, func(t *testing.T, r *wallet.Relay, _ func()) {
		begin := time.Now()
		o.add(1)
		r.Kick()
		r.Kick()
		synctest.Wait()
		if n := o.count(acked); n != 1 || time.Since(begin) != 0 {
			t.Errorf("kicked: %d sent after %s, want 1 at once", n, time.Since(begin))
		}
		o.add(1)
		<-time.After(time.Second)
		synctest.Wait()
		if n := o.count(acked); n != 2 {
			t.Errorf("polled: %d sent after a second, want 2", n)
		}
	})
}

func TestRelayRunEmptiesAFullOutboxAtOnce(t *testing.T) {
	o, box := &outbox{}, &inbox{}
	o.add(3*wallet.RelayBatch + 1)
	inBubble(t, o, box, func(t *testing.T, _ *wallet.Relay, _ func()) {
		if n := o.count(acked); n != 3*wallet.RelayBatch+1 {
			t.Errorf("%d sent without a pause, want all", n)
		}
	})
}

func TestRelayRunBoundsWhatIsSentAtOnce(t *testing.T) {
	o, g := &outbox{}, &gate{}
	o.add(wallet.RelayBatch)
	inBubble(t, o, g, func(t *testing.T, _ *wallet.Relay, _ func()) {
		close(g.open)
		synctest.Wait()
		if n := o.count(acked); n != wallet.RelayBatch || g.most != wallet.RelayParallel {
			t.Errorf("%d sent, %d at once; want %d, %d", n, g.most, wallet.RelayBatch,
				wallet.RelayParallel)
		}
	})
}

// A stop lets the sends that have begun finish, and gives the rest back at once.
func TestRelayRunStops(t *testing.T) {
	o, g := &outbox{}, &gate{}
	o.add(wallet.RelayBatch)
	inBubble(t, o, g, func(t *testing.T, _ *wallet.Relay, stop func()) {
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		synctest.Wait()
		select {
		case <-stopped:
			t.Fatal("Run returned while messages were being sent")
		default:
		}
		close(g.open)
		<-stopped
		back := o.count(func(r *outboxRow) bool { return !r.acked && !r.next.After(time.Now()) })
		if n := o.count(acked); n != wallet.RelayParallel || back != wallet.RelayBatch-n {
			t.Errorf("%d sent, %d given back; want %d and all others", n, back,
				wallet.RelayParallel)
		}
		if slices.ContainsFunc(g.ctxErrs, func(err error) bool { return err != nil }) {
			t.Errorf("the stop broke off a send: %v", g.ctxErrs)
		}
	})
}

func TestRelayRunGivesUpASendThatHangs(t *testing.T) {
	o, g := &outbox{}, &gate{}
	o.add(1)
	inBubble(t, o, g, func(t *testing.T, _ *wallet.Relay, _ func()) {
		<-time.After(wallet.SendTimeout)
		synctest.Wait()
		due := func(r *outboxRow) bool {
			return r.err == context.DeadlineExceeded.Error() &&
				r.next.Equal(time.Now().Add(time.Second))
		}
		if o.count(due) != 1 {
			t.Errorf("row = %+v", o.rows[0])
		}
	})
}

func TestRelayRunSurvivesTheStore(t *testing.T) {
	o, box := &outbox{broken: errors.New("away")}, &inbox{}
	logs := inBubble(t, o, box, func(t *testing.T, _ *wallet.Relay, _ func()) {
		<-time.After(1500 * time.Millisecond)
		o.mu.Lock()
		o.broken = nil
		o.noAck = errors.New("away again")
		o.mu.Unlock()
		o.add(1)
		<-time.After(time.Second)
		synctest.Wait()
		o.mu.Lock()
		o.noAck = nil
		o.mu.Unlock()
		if n := o.count(acked); n != 0 || box.count() != 1 {
			t.Fatalf("%d acknowledged, %d sent", n, box.count())
		}
		<-time.After(10 * time.Minute) // the lease ends
		synctest.Wait()
		if n := o.count(acked); n != 1 || box.count() != 2 {
			t.Errorf("%d acknowledged, %d sent; want 1, 2", n, box.count())
		}
	})
	if logs.FilterMessage("outbox is not readable").Len() != 2 ||
		logs.FilterMessage("message was sent, but not marked, and will be sent again").Len() != 1 {
		t.Errorf("log = %v", logs.All())
	}
}

// A message that is tried for days is parked, and somebody is told.
func TestRelayParksAfterManyAttempts(t *testing.T) {
	o := &outbox{}
	o.add(1)
	calls := 0
	r := wallet.NewRelay(o, testKeys(t, 1, 1),
		sendFunc(func(context.Context, ledger.Message, pin.Secret) error {
			calls++
			return errors.New("")
		}), nil, zap.NewNop())
	for range 300 {
		o.rows[0].next = time.Time{}
		if sent, err := r.Once(t.Context()); sent != 0 || err != nil {
			t.Fatalf("Once = %d, %v", sent, err)
		}
	}
	if wait := time.Until(o.rows[0].next); calls != 300 || wait < 23*time.Hour {
		t.Errorf("after %d attempts: next in %s, want a day", calls, wait)
	}
	if o.rows[0].err == "" {
		t.Error("an error without a text left none")
	}
}
