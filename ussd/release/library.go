// Package release puts the revisions of the menus before subscribers while the gateway runs: it
// reads what was published, proves a revision before anybody sees it, gives each subscriber the
// one that the rollout says, and keeps those that dialogues in flight still need.
//
// It knows no file formats and no database: a Config brings both. It starts no goroutines; the
// work is done in Library.Run, and in the step that needs a revision which is not here yet.
package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"ussdgw/menus/revision"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/msisdn"
)

const (
	// readTimeout bounds one look at what was published.
	readTimeout = 5 * time.Second
	// fetchTimeout bounds the reading of one revision. A step waits for it.
	fetchTimeout = 3 * time.Second
	// readAtOnce is how many changes are read at once.
	readAtOnce = 200
	// maxRefused is how many revisions are known not to run here.
	maxRefused = 64
)

// A Set is a revision of the menus that was proven: the program that subscribers walk and the
// catalogue behind it.
type Set struct {
	Program   *menu.Program
	Catalogue *catalogue.Catalogue
}

// Config is what a Library is made of.
type Config struct {
	// First runs while nothing is published. It gives the service code that every other revision
	// must have. Required.
	First Set
	// Store has what was published. nil: nothing ever is, and only Show changes what runs.
	Store revision.Store
	// Load reads and proves the files of a revision. Its error says why it cannot run here.
	// Required with a Store.
	Load func(fs.FS) (Set, error)

	Poll    time.Duration // between two looks at the Store [500ms]
	Keep    int           // revisions kept for dialogues in flight, besides what runs [8]
	Log     *zap.Logger   // nil logs nothing
	Metrics Metrics       // nil counts nothing
}

func (c Config) withDefaults() Config {
	if c.Poll == 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.Keep == 0 {
		c.Keep = 8
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = NoMetrics{}
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.First.Program == nil || c.First.Catalogue == nil:
		return errors.New("release: a library needs a first set")
	case c.Store != nil && c.Load == nil:
		return errors.New("release: a store is of no use without a way to load what it has")
	case c.Poll < 0 || c.Keep < 0:
		return errors.New("release: the pause or the number of revisions is negative")
	}
	return nil
}

// A Library has the revisions that run here. It implements ussd.Menus. It is safe for concurrent
// use; it never makes a dialogue wait for what was published meanwhile.
type Library struct {
	config   Config
	running  atomic.Pointer[running]
	fetching singleflight.Group
	shelf    shelf

	refreshing sync.Mutex // held around one refresh; it guards what follows
	read       revision.Rollout
	last       revision.Change // the last one that was read
	whole      bool            // all of read runs here
	failing    string          // the failure that was logged last
}

// running is what new dialogues are given.
type running struct {
	rollout   revision.Rollout
	live      Set
	candidate Set // zero without one, and while it cannot run here
}

// New returns a Library that runs the first set. It reads nothing yet.
func New(c Config) (*Library, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	l := &Library{config: c, whole: true}
	l.shelf.limit = c.Keep
	l.running.Store(&running{live: c.First})
	c.Metrics.Running(c.First.Program.Revision(), "", time.Time{})
	return l, nil
}

// Begin implements ussd.Menus.
func (l *Library) Begin(n msisdn.Number) *menu.Program { return l.of(n).Program }

// Catalogue returns the catalogue that holds for a subscriber now: that of what a new dialogue
// runs on. It is never nil.
func (l *Library) Catalogue(n msisdn.Number) *catalogue.Catalogue { return l.of(n).Catalogue }

// of returns what the rollout gives a subscriber. A candidate that cannot run here is given to
// nobody.
func (l *Library) of(n msisdn.Number) Set {
	r := l.running.Load()
	if r.candidate.Program != nil && !n.IsZero() &&
		r.rollout.For(n.Digits()) == r.candidate.Program.Revision() {
		return r.candidate
	}
	return r.live
}

// Rollout returns what runs here now. Its Live is "" while nothing is published.
func (l *Library) Rollout() revision.Rollout { return l.running.Load().rollout }

// Revision implements ussd.Menus. What is not here yet is read from the store and proven, once for
// all who wait for it.
func (l *Library) Revision(ctx context.Context, id string) (*menu.Program, error) {
	set, err := l.published(ctx, id, l.Rollout())
	return set.Program, err
}

// published is the revision of that ID which the log of a rollout has sealed. Other files with the
// same ID fail with revision.ErrTampered, wherever they came from.
func (l *Library) published(ctx context.Context, id string, r revision.Rollout) (Set, error) {
	s, err := l.set(ctx, id)
	if err != nil {
		return Set{}, err
	}
	if err := r.VerifyContent(id, s.Program.Content()); err != nil {
		l.shelf.drop(id)
		return Set{}, fmt.Errorf("release: %w", err)
	}
	return s, nil
}

// set is the revision of that ID which is here or in the store.
func (l *Library) set(ctx context.Context, id string) (Set, error) {
	now := l.running.Load()
	for _, s := range []Set{now.live, now.candidate, l.config.First} {
		if s.Program != nil && s.Program.Revision() == id {
			return s, nil
		}
	}
	if s, ok := l.shelf.take(id); ok {
		return s, nil
	}
	if l.config.Store == nil {
		return Set{}, ussd.ErrNoRevision
	}
	v, err, _ := l.fetching.Do(id, func() (any, error) {
		// The others who wait must not fail because this one has left.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		s, err := l.fetch(ctx, id)
		if err == nil {
			l.shelf.keep(s)
		}
		return s, err
	})
	return v.(Set), err
}

// A refusal says that a revision cannot run here, however often it is tried.
type refusal struct{ error }

// Unwrap returns the reason.
func (r refusal) Unwrap() error { return r.error }

// fetch reads a revision from the store and proves it.
func (l *Library) fetch(ctx context.Context, id string) (Set, error) {
	if err := l.shelf.refusal(id); err != nil {
		return Set{}, err
	}
	r, err := l.config.Store.Revision(ctx, id)
	switch {
	case errors.Is(err, revision.ErrNotFound):
		return Set{}, fmt.Errorf("release: %s: %w", id, ussd.ErrNoRevision)
	case err != nil:
		return Set{}, fmt.Errorf("release: %s: %w", id, err)
	}
	if err := r.Verify(); err != nil {
		return Set{}, fmt.Errorf("release: %w", err)
	}
	set, err := l.prove(r.FS())
	if err == nil && set.Program.Revision() != id {
		err = fmt.Errorf("its files are loaded as revision %s", set.Program.Revision())
	}
	if err != nil {
		err = refusal{fmt.Errorf("release: revision %s does not run here: %w", id, err)}
		l.shelf.refuse(id, err)
		return Set{}, err
	}
	return set, nil
}

// prove loads files. A fault of the proof itself must not take the gateway down with it, here and
// on every other instance: it is a revision that does not run.
func (l *Library) prove(files fs.FS) (set Set, err error) {
	defer func() {
		if r := recover(); r != nil {
			set, err = Set{}, fmt.Errorf("loading it panicked: %v", r)
		}
	}()
	if set, err = l.config.Load(files); err != nil {
		return Set{}, err
	}
	want, got := l.config.First.Program.Service(), set.Program.Service()
	if got != want {
		return Set{}, fmt.Errorf("it is for the service code %s, this gateway is for %s", got, want)
	}
	return set, nil
}

// Show puts a set before everybody at once. It is for a Library without a Store.
func (l *Library) Show(s Set) error {
	if want, got := l.config.First.Program.Service(), s.Program.Service(); got != want {
		return fmt.Errorf("release: the menus are for %s now, and the gateway is for %s", got, want)
	}
	l.put(&running{live: s}, time.Time{})
	return nil
}

// put makes next what runs. What has run until now is kept for the dialogues in flight.
func (l *Library) put(next *running, at time.Time) {
	before := l.running.Load()
	for _, s := range []Set{before.candidate, before.live} {
		if s.Program != nil && s != l.config.First {
			l.shelf.keep(s)
		}
	}
	l.running.Store(next)
	candidate := ""
	if next.candidate.Program != nil {
		candidate = next.candidate.Program.Revision()
	}
	l.config.Metrics.Running(next.live.Program.Revision(), candidate, at)
}
