package release_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/release"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/msisdn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	tester = msisdn.MustParse("996555000001")
	other  = msisdn.MustParse("996555000002")
)

// files is a menu whose one screen says what its revision is called.
func files(name string) map[string][]byte {
	return map[string][]byte{"menu.yaml": []byte(strings.ReplaceAll(`schema: ussd.menu/v1
service: "*900#"
languages: [en]
limits: {gsm7: 182, ucs2: 80}
keys: {back: "0", home: "00", more: "98"}
nav: {back: {en: "0 Back"}, more: {en: "98 More"}, home: {en: "00 Menu"}}
entries:
  start: main
  resume: main
  untold: main
  over: over
  busy: over
  shortcut_refused: over
  unavailable: over
errors: {option: {en: "No such item"}}
slots: {}
states:
  main: {text: {en: "NAME"}, options: [{key: "1", text: {en: "End"}, goto: over}]}
  over: {end: {en: "Over"}}
sms: {}
`, "NAME", name))}
}

// load loads a menu. A revision that is called "bad" does not run here, and "worse" panics.
func load(fsys fs.FS) (release.Set, error) {
	var r source.Report
	p := menu.Load(fsys, menu.Environment{}, &r)
	if p == nil {
		return release.Set{}, r.Err()
	}
	switch name(p) {
	case "bad":
		return release.Set{}, errors.New("the PIN is longer")
	case "worse":
		panic("out of luck")
	}
	return release.Set{Program: p, Catalogue: &catalogue.Catalogue{Languages: []string{name(p)}}}, nil
}

// name is what the menu's screen says.
func name(p *menu.Program) string {
	text := p.Begin("en", menu.EntryStart, nil).Screen.Text
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// books is a revision.Store in memory.
type books struct {
	mu        sync.Mutex
	revisions map[string]revision.Revision
	log       []revision.Change
	down      error
	fetched   map[string]int
	gate      chan struct{} // what Revision waits for, nil for nothing
}

func newBooks() *books {
	return &books{revisions: map[string]revision.Revision{}, fetched: map[string]int{}}
}

func (b *books) PutRevision(_ context.Context, r revision.Revision) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revisions[r.ID] = r
	return b.down
}

func (b *books) Revision(_ context.Context, id string) (revision.Revision, error) {
	if b.gate != nil {
		<-b.gate
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetched[id]++
	if b.down != nil {
		return revision.Revision{}, b.down
	}
	r, ok := b.revisions[id]
	if !ok {
		return revision.Revision{}, revision.ErrNotFound
	}
	return r, nil
}

func (b *books) AppendChange(_ context.Context, c revision.Change) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, c)
	return b.down
}

func (b *books) Changes(_ context.Context, after int64, limit int) ([]revision.Change, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return nil, b.down
	}
	rest := b.log[min(after, int64(len(b.log))):]
	return rest[:min(limit, len(rest))], nil
}

func (b *books) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = err
}

func (b *books) fetches(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fetched[id]
}

// counted is what a library has told its Metrics.
type counted struct {
	mu              sync.Mutex
	live, candidate string
	published       time.Time
	reloads         map[string]int
	behind          bool
}

func (c *counted) Running(live, candidate string, published time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live, c.candidate, c.published = live, candidate, published
}

func (c *counted) Reload(result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reloads == nil {
		c.reloads = map[string]int{}
	}
	c.reloads[result]++
}

func (c *counted) Behind(behind bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = behind
}

// is fails unless so many reloads had these results, "ok 1, refused 2", and behind is as given.
func (c *counted) is(t *testing.T, want string, behind bool) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var got []string
	for _, result := range []string{"ok", "unreadable", "broken", "refused"} {
		if n := c.reloads[result]; n > 0 {
			got = append(got, fmt.Sprint(result, " ", n))
		}
	}
	if g := strings.Join(got, ", "); g != want || c.behind != behind {
		t.Errorf("reloads %q, behind %v, want %q, %v", g, c.behind, want, behind)
	}
}

// A bench is a library over books, with "built-in" as its first menus.
type bench struct {
	*release.Library
	t       *testing.T
	books   *books
	rollout revision.Rollout
	counted *counted
	logs    *observer.ObservedLogs
}

func newBench(t *testing.T, keep int) *bench {
	t.Helper()
	b := &bench{t: t, books: newBooks(), counted: &counted{}}
	core, logs := observer.New(zap.InfoLevel)
	b.logs = logs
	b.Library = b.library(keep, zap.New(core), b.counted)
	return b
}

// library is another library over the same books.
func (b *bench) library(keep int, log *zap.Logger, m release.Metrics) *release.Library {
	b.t.Helper()
	first, err := load(b.revision("built-in").FS())
	b.ok(err)
	l, err := release.New(release.Config{
		First: first, Store: b.books, Load: load, Keep: keep, Log: log, Metrics: m,
	})
	b.ok(err)
	return l
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// revision is the revision of that name.
func (b *bench) revision(name string) revision.Revision {
	b.t.Helper()
	r, err := revision.New(files(name), "Asan", time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
	b.ok(err)
	return r
}

func (b *bench) id(name string) string { return b.revision(name).ID }

// change makes a change of the log.
func (b *bench) change(c revision.Change) {
	b.t.Helper()
	c.At, c.Actor, c.Reason = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), "Aigul", "a try"
	if c.Kind == revision.KindPublish {
		c.Base = b.rollout.Live
	}
	sealed, err := b.rollout.Next(c)
	b.ok(err)
	b.rollout, err = b.rollout.Apply(sealed)
	b.ok(err)
	b.ok(b.books.AppendChange(b.t.Context(), sealed))
}

// publish stores a revision and puts it before those whom the stage says; the number of a tester
// is always among them.
func (b *bench) publish(name string, stage revision.Stage) {
	b.t.Helper()
	b.ok(b.books.PutRevision(b.t.Context(), b.revision(name)))
	c := revision.Change{Kind: revision.KindPublish, Revision: b.id(name), Stage: stage}
	c.Content = b.revision(name).Content()
	if stage != revision.StageAll {
		c.Numbers = []string{tester.Digits()}
	}
	if stage == revision.StageShare {
		c.Percent = 1
	}
	b.change(c)
}

// gives fails unless a tester and everybody else are given these revisions.
func (b *bench) gives(test, all string) {
	b.t.Helper()
	gives(b.t, b.Library, test, all)
}

func gives(t *testing.T, l *release.Library, test, all string) {
	t.Helper()
	for _, tt := range []struct {
		n    msisdn.Number
		want string
	}{{tester, test}, {other, all}, {msisdn.Number{}, all}} {
		if got := name(l.Begin(tt.n)); got != tt.want {
			t.Errorf("%v is given %q, want %q", tt.n, got, tt.want)
		}
		if got := l.Catalogue(tt.n).Languages[0]; got != tt.want {
			t.Errorf("%v has the catalogue of %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestARolloutFromTestToAllAndBack(t *testing.T) {
	b := newBench(t, 0)
	b.ok(b.Refresh(t.Context()))
	b.gives("built-in", "built-in")
	for _, step := range []struct {
		do        func()
		test, all string
	}{
		{func() { b.publish("one", revision.StageTest) }, "one", "built-in"},
		{func() { b.publish("one", revision.StageAll) }, "one", "one"},
		{func() { b.publish("two", revision.StageTest) }, "two", "one"},
		{func() { b.publish("two", revision.StageShare) }, "two", "one"},
		{func() { b.publish("two", revision.StageAll) }, "two", "two"},
		{func() { b.change(revision.Change{Kind: revision.KindRollback}) }, "one", "one"},
		{func() { b.change(revision.Change{Kind: revision.KindRollback}) }, "built-in", "built-in"},
	} {
		step.do()
		b.ok(b.Refresh(t.Context()))
		b.gives(step.test, step.all)
		if b.Rollout().Seq != b.rollout.Seq {
			t.Errorf("change %d runs, want %d", b.Rollout().Seq, b.rollout.Seq)
		}
	}
	b.counted.is(t, "ok 7", false)
	switched := b.logs.FilterMessage("menus switched").All()
	if len(switched) != 7 {
		t.Fatalf("%d lines of switches, want 7", len(switched))
	}
	fields := switched[2].ContextMap()
	for key, want := range map[string]any{
		"live": b.id("one"), "candidate": b.id("two"), "revision": b.id("two"), "stage": "test",
		"actor": "Aigul", "reason": "a try", "kind": "publish", "change": int64(3),
	} {
		if fields[key] != want {
			t.Errorf("%s is logged as %v, want %v", key, fields[key], want)
		}
	}
	if text := fmt.Sprint(fields); strings.Contains(text, tester.Digits()) {
		t.Errorf("the log holds a number: %s", text)
	}
	// What runs is told to the metrics too.
	if b.counted.live != b.id("built-in") || b.counted.candidate != "" ||
		b.counted.published.IsZero() {
		t.Errorf("counted %+v", b.counted)
	}
}

func TestRunPicksUpWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		synctest.Wait()
		b.publish("one", revision.StageAll)
		b.gives("built-in", "built-in")
		time.Sleep(time.Second)
		synctest.Wait()
		b.gives("one", "one")
		cancel()
		b.ok(<-done)
	})
}

// A store that is down changes nothing, is told once, and is caught up with.
func TestAStoreThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.publish("one", revision.StageAll)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		synctest.Wait()
		b.publish("two", revision.StageTest)
		b.books.fail(errors.New("no route to the database"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		b.gives("one", "one")
		b.counted.is(t, "ok 1, unreadable 6", false)
		if n := b.logs.FilterLevelExact(zap.WarnLevel).Len(); n != 1 {
			t.Errorf("%d warnings, want 1", n)
		}
		p, err := b.Revision(ctx, b.id("one"))
		if err != nil || name(p) != "one" {
			t.Errorf("what runs: %v", err)
		}
		if _, err := b.Revision(ctx, b.id("two")); err == nil || errors.Is(err, ussd.ErrNoRevision) {
			t.Errorf("what is not here: %v, want an error that may pass", err)
		}
		b.books.fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		b.gives("two", "one")
		if b.logs.FilterMessage("menus are as published again").Len() != 1 {
			t.Errorf("logged: %v", b.logs.All())
		}
		cancel()
		b.ok(<-done)
	})
}

// A revision that does not run here leaves what runs, is told once, and is not tried again.
func TestARevisionThatDoesNotRunHere(t *testing.T) {
	for _, bad := range []string{"bad", "worse"} {
		t.Run(bad, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 0)
				b.publish("one", revision.StageAll)
				b.publish(bad, revision.StageAll)
				b.publish("two", revision.StageTest)
				if err := b.Refresh(t.Context()); err == nil ||
					!strings.Contains(err.Error(), b.id(bad)) {
					t.Errorf("Refresh = %v, want an error that names %s", err, b.id(bad))
				}
				b.gives("built-in", "built-in")
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- b.Run(ctx) }()
				time.Sleep(3 * time.Second)
				synctest.Wait()
				b.gives("built-in", "built-in")
				b.counted.is(t, "refused 1", true)
				if n := b.logs.FilterLevelExact(zap.ErrorLevel).Len(); n != 1 {
					t.Errorf("%d errors, want 1: %v", n, b.logs.All())
				}
				if n := b.books.fetches(b.id(bad)); n != 1 {
					t.Errorf("read %d times, want once", n)
				}
				if _, err := b.Revision(ctx, b.id(bad)); err == nil {
					t.Error("a dialogue is given what does not run here")
				}
				b.change(revision.Change{Kind: revision.KindRollback, Revision: b.id("one")})
				time.Sleep(time.Second)
				synctest.Wait()
				b.gives("one", "one")
				b.counted.is(t, "ok 1, refused 1", false)
				cancel()
				b.ok(<-done)
			})
		})
	}
}

// A candidate that does not run here is given to nobody, and what is live goes its way.
func TestACandidateThatDoesNotRunHere(t *testing.T) {
	b := newBench(t, 0)
	b.publish("one", revision.StageAll)
	b.publish("bad", revision.StageTest)
	b.ok(b.Refresh(t.Context()))
	b.ok(b.Refresh(t.Context()))
	b.gives("one", "one")
	b.counted.is(t, "ok 1, refused 1", true)
	b.publish("two", revision.StageTest)
	b.ok(b.Refresh(t.Context()))
	b.gives("two", "one")
	b.counted.is(t, "ok 2, refused 1", false)
}

// A candidate that could not be read is given as soon as it can be.
func TestACandidateThatCannotBeRead(t *testing.T) {
	b := newBench(t, 0)
	b.publish("one", revision.StageTest)
	stored := b.books.revisions
	b.books.revisions = map[string]revision.Revision{}
	b.ok(b.Refresh(t.Context()))
	b.gives("built-in", "built-in")
	b.counted.is(t, "ok 1, unreadable 1", true)
	b.books.revisions = stored
	b.ok(b.Refresh(t.Context()))
	b.gives("one", "built-in")
	b.counted.is(t, "ok 2, unreadable 1", false)
}

// A log that was changed by hand leads nowhere.
func TestABrokenLog(t *testing.T) {
	b := newBench(t, 0)
	b.publish("one", revision.StageAll)
	b.ok(b.Refresh(t.Context()))
	b.publish("two", revision.StageAll)
	b.books.log[1].Actor = "Nobody"
	if err := b.Refresh(t.Context()); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("Refresh = %v, want ErrTampered", err)
	}
	b.gives("one", "one")
	if err := b.library(0, nil, nil).Refresh(t.Context()); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("a new start: %v, want ErrTampered", err)
	}
}

func TestFilesThatWereChangedInTheStore(t *testing.T) {
	b := newBench(t, 0)
	b.publish("one", revision.StageAll)
	r := b.revision("two")
	r.ID = b.id("one")
	b.ok(b.books.PutRevision(t.Context(), r))
	if err := b.Refresh(t.Context()); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("Refresh = %v, want ErrTampered", err)
	}
	b.gives("built-in", "built-in")
}

// Dialogues need a revision that this instance has never seen: it is read once for all of them.
func TestARevisionThatIsReadOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.ok(b.books.PutRevision(t.Context(), b.revision("old")))
		b.books.gate = make(chan struct{})
		gone, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for n := range 5 {
			ctx := t.Context()
			if n == 0 {
				ctx = gone
			}
			group.Go(func() {
				p, err := b.Revision(ctx, b.id("old"))
				if err != nil || name(p) != "old" {
					t.Errorf("Revision = %v", err)
				}
			})
			synctest.Wait()
		}
		leave() // who asked first hangs up: the others still get theirs
		close(b.books.gate)
		group.Wait()
		if n := b.books.fetches(b.id("old")); n != 1 {
			t.Errorf("read %d times, want once", n)
		}
	})
	b := newBench(t, 0)
	if _, err := b.Revision(t.Context(), "0123456789ab"); !errors.Is(err, ussd.ErrNoRevision) {
		t.Errorf("an unknown revision: %v", err)
	}
}

// What nobody has used for the longest time goes; what runs never does.
func TestOnlySoManyRevisionsAreKept(t *testing.T) {
	b := newBench(t, 2)
	b.publish("live", revision.StageAll)
	b.publish("candidate", revision.StageTest)
	b.ok(b.Refresh(t.Context()))
	ask := func(names ...string) {
		for _, n := range names {
			b.ok(b.books.PutRevision(t.Context(), b.revision(n)))
			p, err := b.Revision(t.Context(), b.id(n))
			if err != nil || name(p) != n {
				t.Errorf("%s: %v", n, err)
			}
		}
	}
	ask("live", "candidate", "built-in", "a", "b", "a", "c", "a", "b")
	for n, want := range map[string]int{
		"live": 1, "candidate": 1, "built-in": 0, "a": 1, "b": 2, "c": 1,
	} {
		if got := b.books.fetches(b.id(n)); got != want {
			t.Errorf("%s was read %d times, want %d", n, got, want)
		}
	}
	ask("live", "candidate")
	if b.books.fetches(b.id("live")) != 1 || b.books.fetches(b.id("candidate")) != 1 {
		t.Error("what runs was let go")
	}
}

// Dialogues in flight keep what was live when they began, though the store is gone.
func TestWhatRanIsKept(t *testing.T) {
	b := newBench(t, 0)
	for _, n := range []string{"one", "two"} {
		b.publish(n, revision.StageAll)
		b.ok(b.Refresh(t.Context()))
	}
	b.books.fail(errors.New("down"))
	for _, n := range []string{"built-in", "one", "two"} {
		if p, err := b.Revision(t.Context(), b.id(n)); err != nil || name(p) != n {
			t.Errorf("%s: %v", n, err)
		}
	}
}

// Somebody has published other files and put these under their name: nobody is given them, and
// neither is whoever has begun on them before the change was read.
func TestOtherFilesOfThatName(t *testing.T) {
	b := newBench(t, 0)
	r := b.revision("one")
	b.ok(b.books.PutRevision(t.Context(), r))
	_, err := b.Revision(t.Context(), r.ID) // not published: only its name is known
	b.ok(err)
	c := revision.Change{
		Kind: revision.KindPublish, Revision: r.ID, Content: r.Content(), Stage: revision.StageTest,
		Numbers: []string{tester.Digits()},
	}
	c.Content[sha256.Size-1]++
	b.change(c)
	b.ok(b.Refresh(t.Context()))
	b.gives("built-in", "built-in")
	if _, err := b.Revision(t.Context(), r.ID); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("the candidate: got %v, want %v", err, revision.ErrTampered)
	}
	c.Stage, c.Numbers = revision.StageAll, nil
	b.change(c)
	if err := b.Refresh(t.Context()); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("what is live: got %v, want %v", err, revision.ErrTampered)
	}
	b.gives("built-in", "built-in")
}

func TestAnotherServiceCode(t *testing.T) {
	b := newBench(t, 0)
	moved := files("moved")
	moved["menu.yaml"] = []byte(strings.Replace(string(moved["menu.yaml"]), "*900#", "*901#", 1))
	r, err := revision.New(moved, "Asan", time.Now())
	b.ok(err)
	b.ok(b.books.PutRevision(t.Context(), r))
	b.change(revision.Change{
		Kind: revision.KindPublish, Revision: r.ID, Content: r.Content(), Stage: revision.StageAll,
	})
	if err := b.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "*901#") {
		t.Errorf("Refresh = %v, want a refusal that names the code", err)
	}
	b.gives("built-in", "built-in")
	set, err := load(r.FS())
	b.ok(err)
	if err := b.Show(set); err == nil || !strings.Contains(err.Error(), "*901#") {
		t.Errorf("Show = %v, want a refusal that names the code", err)
	}
}

// Without a store, what is shown is what runs.
func TestShow(t *testing.T) {
	b := newBench(t, 0)
	first, err := load(b.revision("first").FS())
	b.ok(err)
	l, err := release.New(release.Config{First: first})
	b.ok(err)
	b.ok(l.Refresh(t.Context()))
	gives(t, l, "first", "first")
	for _, n := range []string{"second", "third"} {
		set, err := load(b.revision(n).FS())
		b.ok(err)
		b.ok(l.Show(set))
		gives(t, l, n, n)
	}
	for _, n := range []string{"first", "second", "third"} {
		if p, err := l.Revision(t.Context(), b.id(n)); err != nil || name(p) != n {
			t.Errorf("%s: %v", n, err)
		}
	}
	if _, err := l.Revision(t.Context(), b.id("fourth")); !errors.Is(err, ussd.ErrNoRevision) {
		t.Errorf("what was never shown: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.ok(l.Run(ctx))
}

func TestNew(t *testing.T) {
	b := newBench(t, 0)
	first, err := load(b.revision("first").FS())
	b.ok(err)
	for name, c := range map[string]release.Config{
		"nothing first": {}, "no way to load": {First: first, Store: b.books},
		"a negative pause": {First: first, Poll: -1}, "fewer than none": {First: first, Keep: -1},
	} {
		if _, err := release.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
