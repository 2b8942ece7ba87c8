package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/sim"
	"ussdgw/ussd"
	"ussdgw/ussd/session"
	"ussdgw/ussd/transcript"
	"ussdgw/wallet/ledger/pgstore"
	"ussdgw/wallet/msisdn"
)

const (
	// smppSystemID and smppPassword are the account at the message centre of a scenario.
	smppSystemID = "ussdgw"
	smppPassword = "loopback"
	// worldWait bounds each wait of a world.
	worldWait = 20 * time.Second
)

// smppSettings say where the worlds over SMPP keep their books and their sessions.
type smppSettings struct {
	worldSettings
	postgresURL string
	redisAddr   string
	run         string        // part of every name that the run leaves in the stores
	count       *atomic.Int64 // scenarios so far
	capture     io.Writer     // of every PDU, or nil
}

// An smppWorld is a gateway with a real PostgreSQL and a real Redis, and a message centre that
// talks to it over an SMPP connection.
type smppWorld struct {
	books
	center   *sim.Center
	sessions *session.Redis
	dialogue *sim.Dialogue
	seen     replies
}

// replies are those that the gateway has made: a handset sees only the text.
type replies struct {
	mu   sync.Mutex
	last map[string]ussd.Reply // by text
}

func (r *replies) observe(reply ussd.Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = map[string]ussd.Reply{}
	}
	r.last[reply.Text] = reply
}

func (r *replies) of(text string) ussd.Reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[text]
}

func openSMPPWorld(
	ctx context.Context, set smppSettings, s transcript.Scenario, pins transcript.PINs,
) (_ transcript.World, err error) {
	name := fmt.Sprintf("%s_%d", set.run, set.count.Add(1))
	w := &smppWorld{books: books{number: s.Number, running: newStages()}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	store, err := pgstore.Open(ctx, pgstore.Config{
		URL: set.postgresURL, Schema: name, MaxConns: 4,
	})
	if err != nil {
		return nil, err
	}
	w.ledger = store
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	w.sessions, err = session.OpenRedis(session.Config{
		Addrs: []string{set.redisAddr}, Prefix: name + ":",
	}, set.log)
	if err != nil {
		return nil, err
	}
	keys, err := drawKeys()
	if err != nil {
		return nil, err
	}
	if w.billers, err = openSimBillers(nil, time.Now, set.metrics); err != nil {
		return nil, err
	}
	w.running.start("simulated billers", w.billers.run)
	w.assembly, err = assemble(parts{
		billers: w.billers.find,
		menus:   set.menus, sessions: w.sessions, ledger: store, keys: keys,
		log: set.log, metrics: set.metrics,
		wallet: set.wallet(s.Given), limits: defaultConfig().Limits, observe: w.seen.observe,
	})
	if err != nil {
		return nil, err
	}
	if err := w.connect(ctx, set.capture); err != nil {
		return nil, err
	}
	return w, w.populate(ctx, s, pins)
}

// connect starts the message centre and the link to it.
func (w *smppWorld) connect(ctx context.Context, capture io.Writer) error {
	standard, err := dialect.Preset("standard")
	if err != nil {
		return err
	}
	w.center, err = sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: standard, SystemID: smppSystemID, Password: smppPassword,
	})
	if err != nil {
		return err
	}
	if capture != nil {
		w.center.Record(capture)
	}
	link := defaultLink()
	link.Name, link.Address = "test", w.center.Addr()
	link.SystemID, link.Password = smppSystemID, smppPassword
	if err := w.assembly.connect(link, "900"); err != nil {
		return err
	}
	w.running.start("message centre", w.center.Run)
	w.running.start("poster", w.assembly.poster.Run)
	w.running.start("link", w.assembly.link.Run)
	ctx, cancel := context.WithTimeout(ctx, worldWait)
	defer cancel()
	return w.assembly.link.WaitBound(ctx)
}

// Dial begins a new dialogue; one that was open is lost without a word to the gateway.
func (w *smppWorld) Dial(
	ctx context.Context, code string, drop, repeat bool,
) (transcript.Shown, error) {
	ctx, cancel := context.WithTimeout(ctx, worldWait)
	defer cancel()
	w.vanish()
	d, screen, err := w.center.Dial(ctx, w.number.Digits(), code)
	if err != nil {
		return transcript.Shown{}, err
	}
	w.dialogue = d
	if drop {
		d.Vanish()
	}
	return w.shown(ctx, screen, repeat)
}

// Answer answers the screen on display.
func (w *smppWorld) Answer(
	ctx context.Context, text string, drop, repeat bool,
) (transcript.Shown, error) {
	ctx, cancel := context.WithTimeout(ctx, worldWait)
	defer cancel()
	if w.dialogue == nil {
		return transcript.Shown{}, errors.New("test: no dialogue is open: dial first")
	}
	if drop {
		return transcript.Shown{}, w.answerAndVanish(ctx, text)
	}
	screen, err := w.dialogue.Send(ctx, text)
	if err != nil {
		return transcript.Shown{}, err
	}
	return w.shown(ctx, screen, repeat)
}

// answerAndVanish returns when the gateway has made its reply and was told that nobody reads it.
func (w *smppWorld) answerAndVanish(ctx context.Context, text string) error {
	strays := w.center.Strays()
	d := w.dialogue
	w.dialogue = nil
	if err := d.SendAndVanish(ctx, text); err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.center.Strays() == strays {
		select {
		case <-ctx.Done():
			return fmt.Errorf("test: no reply to a phone that is gone: %w", ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

func (w *smppWorld) vanish() {
	if w.dialogue != nil {
		w.dialogue.Vanish()
		w.dialogue = nil
	}
}

// shown adds to a screen what only the gateway knows of it.
func (w *smppWorld) shown(
	ctx context.Context, s sim.Screen, repeat bool,
) (transcript.Shown, error) {
	if repeat {
		if err := w.dialogue.Repeat(ctx); err != nil {
			return transcript.Shown{}, err
		}
	}
	if s.End {
		w.dialogue = nil
	}
	if err := w.acknowledged(ctx, s.Text); err != nil {
		return transcript.Shown{}, err
	}
	return transcript.Shown{
		End: s.End, State: w.seen.of(s.Text).State, Text: s.Text,
		Alphabet: s.Alphabet.String(), Used: s.Units, Limit: s.Alphabet.ScreenLimit(),
	}, nil
}

// acknowledged waits until the gateway knows that the screen has arrived. A person takes longer to
// read it.
func (w *smppWorld) acknowledged(ctx context.Context, text string) error {
	key := session.Key{Service: w.assembly.gateway.Service(), Number: w.number}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		rec, err := w.sessions.Load(ctx, key)
		if err != nil {
			return err
		}
		if rec.IsZero() || rec.Acked || rec.LastReply.Text != text {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("test: the screen was not acknowledged: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// HangUp ends the dialogue from the phone; the gateway is told.
func (w *smppWorld) HangUp(ctx context.Context) error {
	if w.dialogue == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, worldWait)
	defer cancel()
	err := w.dialogue.HangUp(ctx)
	w.dialogue = nil
	return err
}

// Advance cannot be done: the clocks of Redis and of this machine go their own way.
func (w *smppWorld) Advance(context.Context, time.Duration) error {
	return errors.New("test: the clock cannot be moved over SMPP")
}

// Messages are the SMS that the phone of a number has received.
func (w *smppWorld) Messages(ctx context.Context, of msisdn.Number) ([]string, error) {
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	var texts []string
	for _, m := range w.center.Messages(of.Digits()) {
		texts = append(texts, m.Text)
	}
	return texts, nil
}

// Close audits the books, and what the message centre found wrong with the gateway's PDUs, and
// ends the world.
func (w *smppWorld) Close() error {
	var err error
	if w.assembly != nil && w.ledger != nil {
		err = errors.Join(w.settle(), w.audit(context.Background()))
	}
	err = errors.Join(err, w.running.stop())
	if w.center != nil {
		for _, f := range w.center.Faults() {
			err = errors.Join(err, fmt.Errorf("test: the message centre complains: %v", f))
		}
	}
	if w.sessions != nil {
		err = errors.Join(err, w.sessions.Close())
	}
	if w.ledger != nil {
		w.ledger.Close()
	}
	return err
}
