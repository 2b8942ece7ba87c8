package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus"
	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/sim"
	"ussdgw/ussd"
	"ussdgw/ussd/release"
	"ussdgw/ussd/session"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger/pgstore"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

const (
	// fleetDialogues are in flight whenever something is published.
	fleetDialogues = 200
	// fleetPickUp is how long after a change new dialogues run on what it says.
	fleetPickUp = underRace * 2 * time.Second
	fleetWait   = 60 * time.Second
)

// markedMenus are the built-in menus with a mark in front of what their screens say in English. A
// text that would be too long with the mark goes without.
func markedMenus(t *testing.T, mark string) map[string][]byte {
	t.Helper()
	files, err := revision.Pack(menus.FS())
	if err != nil {
		t.Fatal(err)
	}
	prompt := regexp.MustCompile(`^( +(?:en|text): ")`)
	bare := make(map[string]bool) // lines without a mark, "file:line"
	for range 20 {
		marked := make(map[string][]byte, len(files))
		for name, text := range files {
			lines := bytes.SplitAfter(text, []byte("\n"))
			for i := range lines {
				if !bare[fmt.Sprint(name, ":", i+1)] {
					lines[i] = prompt.ReplaceAll(lines[i], []byte(`${1}`+mark+` `))
				}
			}
			marked[name] = bytes.Join(lines, nil)
		}
		var report source.Report
		if loadMenus(revision.Revision{Files: marked}.FS(), 0, &report) != nil {
			return marked
		}
		for _, f := range report.Findings() {
			bare[fmt.Sprint(f.Pos.File, ":", f.Pos.Line)] = true
		}
	}
	t.Fatalf("the menus cannot be marked %v", bare)
	return nil
}

// A fleet is two instances of the gateway at one message centre, which gives each input of a
// dialogue to the other instance than the one before it.
type fleet struct {
	*bench
	center    *sim.Center
	instances []*instance
	sessions  *session.Redis    // to look into
	marks     map[string]string // by revision
	rollout   revision.Rollout
	people    []*person

	mu    sync.Mutex
	wrong []string // about replies
	seen  int      // replies
}

// An instance is one process of the gateway, so to say.
type instance struct {
	assembly *assembly
	library  *release.Library
	running  *stages
}

// A person has one dialogue after another.
type person struct {
	fleet    *fleet
	number   msisdn.Number
	dialogue *sim.Dialogue
	revision string // that the dialogue runs on
	paid     []money.Amount
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{bench: newBench(t), marks: map[string]string{}}
	f.observe = f.look
	f.limits.MaxSteps = 4 * fleetDialogues // all dial at once while their last steps end
	standard, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	f.center, err = sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: standard, SystemID: "gw", Password: "secret", Alternate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.sessions, err = session.OpenRedis(session.Config{
		Addrs: []string{f.place.redis}, Prefix: f.place.prefix,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.sessions.Close(); err != nil {
			t.Error(err)
		}
	})
	running := newStages()
	running.start("message centre", f.center.Run)
	t.Cleanup(func() {
		if err := running.stop(); err != nil {
			t.Error(err)
		}
	})
	f.instances = []*instance{f.start(), f.start()}
	f.register()
	return f
}

// start starts an instance, as serve does, and waits until it is given inputs.
func (f *fleet) start() *instance {
	f.t.Helper()
	store := f.openLedger().(revision.Store)
	var stderr bytes.Buffer
	l, err := publishedMenus(f.t.Context(), &stderr, store, 0, zap.NewNop(), release.NoMetrics{})
	if err != nil {
		f.t.Fatalf("%v\n%s", err, &stderr)
	}
	f.menus = l
	i := &instance{assembly: f.bench.instance(nil, nil), library: l, running: newStages()}
	link := defaultLink()
	link.Name, link.Address, link.Window = "test", f.center.Addr(), 100
	link.SystemID, link.Password = "gw", "secret"
	if err := i.assembly.connect(link, "900"); err != nil {
		f.t.Fatal(err)
	}
	i.running.start("menus", l.Run)
	i.running.start("link", i.assembly.link.Run)
	i.running.start("relay", i.assembly.relay.Run)
	f.t.Cleanup(func() { f.stop(i) })
	ctx, cancel := context.WithTimeout(f.t.Context(), fleetWait)
	defer cancel()
	if err := i.assembly.link.WaitBound(ctx); err != nil {
		f.t.Fatal(err)
	}
	return i
}

// stop stops an instance, as a signal does. It may be called again.
func (f *fleet) stop(i *instance) {
	if err := i.assembly.gateway.Drain(context.Background()); err != nil {
		f.t.Error(err)
	}
	if err := i.running.stop(); err != nil {
		f.t.Error(err)
	}
}

// register gives everybody a wallet with money.
func (f *fleet) register() {
	f.t.Helper()
	for n := range fleetDialogues {
		number := msisdn.MustParse(fmt.Sprintf("996555%06d", 1000+n))
		f.people = append(f.people, &person{fleet: f, number: number})
	}
	issuer := f.instances[0].assembly.issuer
	f.each("register", func(ctx context.Context, p *person) error {
		digits := p.number.Digits()
		err := issuer.Seed(ctx, wallet.Application{
			Number: p.number, Name: "Asanov Asan", INN: "21210199" + digits[6:], Lang: "en",
		}, pin.NewSecret([]byte(oncePIN)))
		if err != nil {
			return err
		}
		return issuer.Fund(ctx, "fleet/"+digits, p.number, money.Som(10_000))
	})
}

// each lets everybody do something at once, and ends the test unless all have done it.
func (f *fleet) each(what string, do func(context.Context, *person) error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), fleetWait)
	defer cancel()
	failures := make([]error, len(f.people))
	var group sync.WaitGroup
	for n, p := range f.people {
		group.Go(func() { failures[n] = do(ctx, p) })
	}
	group.Wait()
	failed := slices.DeleteFunc(failures, func(err error) bool { return err == nil })
	if len(failed) > 0 {
		f.t.Fatalf("%s: %d of %d: %v", what, len(failed), len(f.people),
			errors.Join(failed[:min(5, len(failed))]...))
	}
}

// look checks that every reply has the mark of its revision and of no other.
func (f *fleet) look(r ussd.Reply) {
	if r.Kind == ussd.None {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
	if err := f.marked(r.Text, r.Revision); err != nil && f.marks[r.Revision] != "" {
		f.wrong = append(f.wrong, fmt.Sprintf("reply %s: %v", r.State, err))
	}
}

// marked reports a text that has not the mark of a revision, or has that of another.
func (f *fleet) marked(text, id string) error {
	for other, mark := range f.marks {
		if strings.Contains(text, mark) != (other == id) {
			return fmt.Errorf("%q, want the mark of %s alone", text, f.marks[id])
		}
	}
	return nil
}

// screen checks what a dialogue shows.
func (p *person) screen(s sim.Screen, end bool, says string) error {
	if s.End != end || !strings.Contains(s.Text, says) {
		return fmt.Errorf("%q, end %v; want %q, end %v", s.Text, s.End, says, end)
	}
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	return p.fleet.marked(s.Text, p.revision)
}

// begin dials. The dialogue runs on what the rollout gives the number.
func (p *person) begin(ctx context.Context) error {
	d, s, err := p.fleet.center.Dial(ctx, p.number.Digits(), "*900*3*3*14*14#")
	if err != nil {
		return err
	}
	p.dialogue, p.revision = d, p.fleet.rollout.For(p.number.Digits())
	return p.screen(s, false, "")
}

// account types the account.
func (p *person) account(ctx context.Context) error {
	s, err := p.dialogue.Send(ctx, onceAccount)
	if err != nil {
		return err
	}
	return p.screen(s, false, "Amount")
}

// pay types the amount and the PIN.
func (p *person) pay(ctx context.Context) error {
	amount := money.Som(int64(100 + len(p.paid)))
	s, err := p.dialogue.Send(ctx, amount.Short())
	if err == nil {
		err = p.screen(s, false, "PIN")
	}
	if err != nil {
		return err
	}
	if s, err = p.dialogue.Send(ctx, oncePIN); err != nil {
		return err
	}
	p.paid = append(p.paid, amount)
	return errors.Join(p.screen(s, true, "Paid "+amount.String()), p.read(ctx))
}

// read waits until the gateway knows that the last screen has arrived: who dials before is told of
// the payment once more. A person takes longer to read it.
func (p *person) read(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		rec, err := p.fleet.sessions.Load(ctx, session.Key{
			Service: onceService, Number: p.number,
		})
		if err != nil || rec.Acked {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// marking puts marked menus into the ledger and returns their revision.
func (f *fleet) marking(mark string) string {
	f.t.Helper()
	r, err := revision.New(markedMenus(f.t, mark), "Asan", time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.store.(revision.Store).PutRevision(f.t.Context(), r); err != nil {
		f.t.Fatal(err)
	}
	f.marks[r.ID] = mark
	return r.ID
}

// change makes a change and returns when it was made.
func (f *fleet) change(c revision.Change) time.Time {
	f.t.Helper()
	if c.Kind == revision.KindPublish {
		r, err := f.store.(revision.Store).Revision(f.t.Context(), c.Revision)
		if err != nil {
			f.t.Fatal(err)
		}
		c.Content = r.Content()
	}
	change(f.t, f.store.(revision.Store), c)
	made := time.Now()
	log, err := revision.Log(f.t.Context(), f.store.(revision.Store))
	if err == nil {
		f.rollout, err = revision.Replay(log)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return made
}

// awaitPickUp waits until every instance runs what was published, which it must soon.
func (f *fleet) awaitPickUp(made time.Time) {
	f.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, i := range f.instances {
		for i.library.Rollout().Seq < f.rollout.Seq {
			<-tick.C
			if time.Since(made) > fleetPickUp {
				f.t.Fatalf("change %d does not run after %v", f.rollout.Seq, fleetPickUp)
			}
		}
	}
}

// audit asks the books whether everybody has paid what the screens said, once.
func (f *fleet) audit() {
	f.t.Helper()
	f.each("audit", func(ctx context.Context, p *person) error {
		w, err := f.store.Wallet(ctx, p.number)
		if err != nil {
			return err
		}
		done, err := f.store.Transfers(ctx, w.ID, 100)
		var got []money.Amount
		for _, r := range slices.Backward(done) {
			got = append(got, r.Offer.Amount)
		}
		if err != nil || !slices.Equal(got, p.paid) {
			return fmt.Errorf("debits %v, %w, want %v", got, err, p.paid)
		}
		return nil
	})
	breaches, err := f.store.Verify(f.t.Context())
	if err != nil || len(breaches) > 0 {
		f.t.Errorf("verify: %v %v", breaches, err)
	}
	if faults := f.center.Faults(); len(faults) > 0 {
		f.t.Errorf("%d faults at the message centre: %v", len(faults), faults[:1])
	}
	if n := f.center.Strays(); n > 0 {
		f.t.Errorf("%d screens for dialogues that were over", n)
	}
	for _, w := range f.wrong[:min(5, len(f.wrong))] {
		f.t.Error(w)
	}
	if want := 4 * len(f.people[0].paid) * len(f.people); f.seen != want {
		f.t.Errorf("%d replies, want %d", f.seen, want)
	}
}

// TestPublishUnderDialogues publishes a revision to test numbers, then to a share, then to all, and
// rolls it back, while 200 dialogues hop between two instances of the gateway. Each dialogue shows
// the revision that it began with and comes to its end; new ones show what they should.
func TestPublishUnderDialogues(t *testing.T) {
	f := newFleet(t)
	old, next := f.marking("R1"), f.marking("R2")
	publish := func(id string, s revision.Stage, percent int) func() time.Time {
		c := revision.Change{
			Kind: revision.KindPublish, Revision: id, Stage: s, Percent: percent,
		}
		if s != revision.StageAll {
			c.Numbers = []string{f.people[0].number.Digits(), f.people[1].number.Digits()}
		}
		return func() time.Time { return f.change(c) }
	}
	f.awaitPickUp(publish(old, revision.StageAll, 0)())
	had := map[string]int{}
	begin := func() {
		f.each("begin", func(ctx context.Context, p *person) error { return p.begin(ctx) })
		clear(had)
		for _, p := range f.people {
			had[p.revision]++
		}
	}
	begin()
	for _, step := range []struct {
		name        string
		change      func() time.Time
		least, most int // new dialogues that get the new revision
	}{
		{"test", publish(next, revision.StageTest, 0), 2, 2},
		{"30 %", publish(next, revision.StageShare, 30), 40, 80},
		{"all", publish(next, revision.StageAll, 0), fleetDialogues, fleetDialogues},
		{"rollback", func() time.Time {
			return f.change(revision.Change{Kind: revision.KindRollback})
		}, 0, 0},
	} {
		made := step.change()
		f.each(step.name, func(ctx context.Context, p *person) error { return p.account(ctx) })
		f.awaitPickUp(made)
		if step.name == "rollback" {
			// An instance that has never seen the revision goes on with its dialogues.
			f.stop(f.instances[1])
			f.instances[1] = f.start()
		}
		f.each(step.name, func(ctx context.Context, p *person) error { return p.pay(ctx) })
		begin()
		if n := had[next]; n < step.least || n > step.most || n+had[old] != fleetDialogues {
			t.Errorf("%s: %d new dialogues on the new revision, want %d to %d; all: %v",
				step.name, n, step.least, step.most, had)
		}
	}
	f.each("end", func(ctx context.Context, p *person) error {
		return errors.Join(p.account(ctx), p.pay(ctx))
	})
	f.audit()
}

// TestServeRunsWhatIsPublished starts serve on an empty ledger, publishes under it, and starts it
// anew on what does not run.
func TestServeRunsWhatIsPublished(t *testing.T) {
	p := newPlant(t, needPlace(t))
	defer http.DefaultClient.CloseIdleConnections()
	if out, err := command(t.Context(), "db", "migrate", "--config", p.config); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	store, err := pgstore.Open(t.Context(), pgstore.Config{
		URL: p.place.url, Schema: p.place.schema,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	var log string
	done := make(chan error, 1)
	go func() {
		var err error
		log, err = command(ctx, "serve", "--config", p.config)
		done <- err
	}()
	p.awaitReady(t, http.StatusOK)
	files, err := revision.Pack(menus.FS())
	if err != nil {
		t.Fatal(err)
	}
	_, counted := p.status("/metrics")
	first := find(t, counted, `ussdgw_menu_revision_info\{revision="(\w{12})",role="live"\} 1`)
	if r, err := store.Revision(ctx, first); err != nil || r.Author != builtInAuthor {
		t.Errorf("the built-in menus are stored by %q, %v", r.Author, err)
	}

	files["main.yaml"] = helpAs(t, `"Published"`)
	id := publish(t, store, files, revision.Change{Stage: revision.StageAll})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for made := time.Now(); !strings.Contains(counted, `{revision="`+id+`",role="live"} 1`); {
		<-tick.C
		if _, counted = p.status("/metrics"); time.Since(made) > fleetPickUp {
			t.Fatalf("not live after %v:\n%s", fleetPickUp, counted)
		}
	}
	for _, line := range []string{
		`ussdgw_menu_reloads_total{result="ok"} 1`, `ussdgw_menu_behind 0`,
	} {
		if !strings.Contains(counted, "\n"+line+"\n") {
			t.Errorf("no %s in:\n%s", line, counted)
		}
	}
	register(t, p.center, "996555000123")
	signal()
	if err := <-done; err != nil {
		t.Errorf("serve ended with: %v", err)
	}
	find(t, log, `"menus switched".*"live":"`+id+`".*"stage":"all".*"actor":"Aigul"()`)

	// What is live and does not run here is no reason to run something else.
	files["main.yaml"] = helpAs(t, `"Published", goto: "nowhere"`)
	bad := publish(t, store, files, revision.Change{Stage: revision.StageAll})
	out, err := command(t.Context(), "serve", "--config", p.config)
	if err == nil || !strings.Contains(err.Error(), bad) ||
		!strings.Contains(err.Error(), "main.yaml:") || !strings.Contains(err.Error(), "rollback") {
		t.Errorf("serve: %v\n%s", err, out)
	}
}
