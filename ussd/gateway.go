package ussd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

const (
	// maxActions bounds the actions that one step may chain.
	maxActions = 8
	// maxRounds bounds how often a step that lost a save decides anew.
	maxRounds = 8
	// recordSlack is how long a record outlives the time in which its subscriber may go on: a
	// redelivery must still find it.
	recordSlack = time.Minute
	// untoldFor is how long a record lives whose payment was not told yet.
	untoldFor = 24 * time.Hour
	// repeatWithin is how soon the same payload is a redelivery where the dialect gives an input
	// no identity.
	repeatWithin = time.Second
	// repeatBegin is how long after its start a living dialogue takes a begin with its id for a
	// late copy, and repeatAfterEnd how long after its end.
	repeatBegin    = time.Minute
	repeatAfterEnd = 5 * time.Second
	// ackWithin is how long a redelivery waits for the first delivery's submit to be
	// acknowledged before it sends the reply again.
	ackWithin = 1500 * time.Millisecond
	// ackPoll is the pause between two looks.
	ackPoll = 100 * time.Millisecond
	// saveWithin is the time to save a reply after the step's own time is used up.
	saveWithin = 2 * time.Second
)

// Config is what a Gateway is made of.
type Config struct {
	Menus   Menus            // required
	Store   SessionStore     // required
	Teller  Teller           // required
	Clock   func() time.Time // required
	Log     *zap.Logger      // nil logs nothing
	Metrics Metrics          // nil counts nothing
	// Seen is told of the IMSI of every request that brings one, before its step does anything: the
	// subscriber may be another one. It is neither stored nor shown to the Teller. An error ends the
	// dialogue with an apology. [nil]
	Seen func(context.Context, msisdn.Number, pin.Secret) error
	// Observe is told of every reply before it is submitted, from the step's goroutine; it must
	// not block. What was typed is not in it. [nil]
	Observe func(Reply)

	StepBudget   time.Duration // for all that one step does [8s]; the network waits about 15 s
	ResumeWithin time.Duration // how long after a drop a subscriber may go on [3m]
	MaxSteps     int           // steps in flight, a quarter of them for dialogues under way [256]
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = NoMetrics{}
	}
	if c.StepBudget == 0 {
		c.StepBudget = 8 * time.Second
	}
	if c.ResumeWithin == 0 {
		c.ResumeWithin = 3 * time.Minute
	}
	if c.MaxSteps == 0 {
		c.MaxSteps = 256
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Menus == nil || c.Store == nil || c.Teller == nil || c.Clock == nil:
		return errors.New("ussd: a gateway needs menus, a store, a teller and a clock")
	case c.StepBudget < 0 || c.ResumeWithin < 0:
		return errors.New("ussd: a duration is negative")
	case c.MaxSteps < minSteps:
		return fmt.Errorf("ussd: %d steps at once are fewer than %d", c.MaxSteps, minSteps)
	}
	return nil
}

// A Gateway steps the dialogues of one service. It is safe for concurrent use; it keeps no
// dialogue of its own, so any number of gateways may share a store.
type Gateway struct {
	cfg     Config
	service string // of every revision of the menus
	log     *zap.Logger

	mu       sync.Mutex
	draining bool          // no begin is admitted
	closed   bool          // nothing is
	running  int           // steps admitted
	busy     int           // busy screens on their way
	ended    chan struct{} // closed, and made anew, when one of them has ended
}

// New returns a Gateway. It starts nothing.
func New(cfg Config) (*Gateway, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Gateway{
		cfg: cfg, service: cfg.Menus.Begin(msisdn.Number{}).Service(), log: cfg.Log,
		ended: make(chan struct{}),
	}, nil
}

// Service returns the code that the gateway's menus answer to, "*900#".
func (g *Gateway) Service() string { return g.service }

// Step does one step of a dialogue and returns what to show. It never fails: what goes wrong is
// a screen too, or None where there is nobody to show it to. The caller submits the reply and
// then calls Acknowledge.
func (g *Gateway) Step(ctx context.Context, req Request) (reply Reply) {
	started := g.cfg.Clock()
	result := "panic"
	s := step{g: g, req: req, key: session.Key{Service: req.Service, Number: req.Number}}
	defer func() {
		if r := recover(); r != nil {
			// Only the type of what was thrown is logged: its text may hold what was typed.
			g.log.Error("step panicked", zap.Stringer("msisdn", req.Number),
				zap.Stringer("kind", req.Kind), zap.String("type", fmt.Sprintf("%T", r)),
				zap.StackSkip("stack", 1))
			reply = fixed(s.shown(), menu.EntryUnavailable, "")
		}
		req.wipe()
		g.cfg.Metrics.Step(req.Kind.String(), result, g.cfg.Clock().Sub(started))
	}()
	ctx, cancel := context.WithTimeout(ctx, g.cfg.StepBudget)
	defer cancel()
	reply, result = s.run(ctx)
	if g.cfg.Observe != nil {
		g.cfg.Observe(reply)
	}
	return reply
}

// Busy is the answer to a subscriber's dial that could not be admitted. It needs no store.
func (g *Gateway) Busy(n msisdn.Number) Reply {
	return fixed(g.cfg.Menus.Begin(n), menu.EntryBusy, "")
}

// fixed renders an entry of p without any session, in lang or the menu's first language.
func fixed(p *menu.Program, e menu.Entry, lang string) Reply {
	if lang == "" {
		lang = p.Languages()[0]
	}
	res := p.Begin(lang, e, nil)
	if res.Screen == nil {
		return Reply{Kind: None}
	}
	r := screenReply(res)
	r.Kind = End
	return r
}

// screenReply makes a reply of a result that has a screen.
func screenReply(res menu.Result) Reply {
	s := res.Screen
	r := Reply{
		Kind: Ask, State: s.State, Text: s.Text, Revision: res.Position.Revision,
		Alphabet: s.Alphabet, Units: s.Units, Limit: s.Limit,
	}
	if s.End {
		r.Kind = End
	}
	return r
}

// Acknowledge records what became of the submit of a reply. delivered says that the SMSC accepted
// it: then its news counts as told. Otherwise the dialogue is dead and the next dial tells it.
// A fate that stays unknown is not acknowledged at all.
func (g *Gateway) Acknowledge(ctx context.Context, req Request, r Reply, delivered bool) {
	if r.saved.IsZero() {
		return
	}
	key := session.Key{Service: req.Service, Number: req.Number}
	base := r.saved
	for range maxRounds {
		next := base
		next.Acked = delivered
		next.Dead = next.Dead || !delivered
		if delivered && base.Tells {
			next.Untold, next.Tells = "", false
		}
		err := g.save(ctx, key, base, next)
		var lost *session.Conflict
		switch {
		case err == nil:
			return
		case errors.As(err, &lost) && lost.Current.TouchedAt.Equal(base.TouchedAt):
			base = lost.Current
		case errors.As(err, &lost):
			return // a newer step has taken over, so the reply has been seen
		default:
			g.log.Warn("acknowledgement not saved", zap.Stringer("msisdn", req.Number),
				zap.Error(err))
			return
		}
	}
}

// save stores next as the successor of base.
func (g *Gateway) save(
	ctx context.Context, key session.Key, base, next session.Record,
) error {
	_, err := g.saved(ctx, key, base, next)
	return err
}

// saved is save that also returns the record as it was stored.
func (g *Gateway) saved(
	ctx context.Context, key session.Key, base, next session.Record,
) (session.Record, error) {
	next.Version = base.Version + 1
	if _, err := rand.Read(next.Writer[:]); err != nil {
		return session.Record{}, fmt.Errorf("ussd: save: %w", err)
	}
	ttl := g.cfg.ResumeWithin + recordSlack
	if next.Untold != "" {
		ttl = untoldFor
	}
	return next, g.cfg.Store.Save(ctx, key, next, ttl)
}

// secretDigest and beginDigest stand for what leaves no trace: a secret, and what was dialled,
// which may hold one.
var (
	secretDigest [16]byte
	beginDigest  = [16]byte{0: 1}
)

// digest identifies what was typed, for a dialect that gives inputs no identity. It is made only
// of what was typed at a screen that asked for no secret.
func digest(typed []byte) (d [16]byte) {
	sum := sha256.Sum256(typed)
	copy(d[:], sum[:])
	return d
}
