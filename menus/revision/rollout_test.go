package revision_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ussdgw/menus/revision"
)

const (
	a = "aaaaaaaaaaaa"
	b = "bbbbbbbbbbbb"
	c = "cccccccccccc"

	all = revision.StageAll

	phone  = "996555123456"
	phone2 = "996700123456"
)

var now = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// content is a sum that a revision of this ID may have.
func content(id string) (sum [sha256.Size]byte) {
	digits, _ := hex.DecodeString(id)
	copy(sum[:], digits)
	return sum
}

// publish and rollback are changes of Aida with a reason.
func publish(id, base string, stage revision.Stage) revision.Change {
	return revision.Change{
		At: now, Kind: revision.KindPublish, Revision: id, Content: content(id), Base: base,
		Stage: stage, Actor: "aida", Reason: "a text",
	}
}

func rollback(to string) revision.Change {
	return revision.Change{
		At: now, Kind: revision.KindRollback, Revision: to, Actor: "bek", Reason: "a fault",
	}
}

func test(id, base string, numbers ...string) revision.Change {
	change := publish(id, base, revision.StageTest)
	change.Numbers = numbers
	return change
}

func share(id, base string, percent int, numbers ...string) revision.Change {
	change := test(id, base, numbers...)
	change.Stage, change.Percent = revision.StageShare, percent
	return change
}

// written is a log that grows.
type written struct {
	log     []revision.Change
	rollout revision.Rollout
}

func (w *written) add(change revision.Change) error {
	next, err := w.rollout.Next(change)
	if err != nil {
		return err
	}
	w.log = append(w.log, next)
	w.rollout, err = w.rollout.Apply(next)
	return err
}

func write(t *testing.T, changes ...revision.Change) *written {
	t.Helper()
	w := new(written)
	for i, change := range changes {
		if err := w.add(change); err != nil {
			t.Fatalf("change %d: %v", i+1, err)
		}
	}
	return w
}

// where is what a rollout says, for tables.
func where(r revision.Rollout) string {
	text := fmt.Sprintf("live=%s previous=%s", r.Live, r.Previous)
	if r.Candidate != "" {
		text += fmt.Sprintf(" candidate=%s %s %d%% %v", r.Candidate, r.Stage, r.Percent, r.Numbers)
	}
	return text
}

// live are the changes that make revisions live, one after the other.
func live(ids ...string) []revision.Change {
	var changes []revision.Change
	before := ""
	for _, id := range ids {
		changes = append(changes, publish(id, before, all))
		before = id
	}
	return changes
}

// tried is a revision on trial by a number, and shared one by a tenth of the subscribers too.
func tried() []change { return append(live(a), test(b, a, phone)) }

func shared() []change { return append(live(a), share(b, a, 10, phone)) }

type rolloutCase struct {
	name    string
	changes []revision.Change
	want    string
}

func rolloutCases() []rolloutCase {
	return []rolloutCase{
		{"nothing", nil, "live= previous="},
		{
			"the first, to test numbers",
			[]revision.Change{test(a, "", phone)},
			"live= previous= candidate=" + a + " test 0% [" + phone + "]",
		},
		{"the first, to all", []revision.Change{publish(a, "", all)}, "live=" + a + " previous="},
		{
			"numbers in order, once",
			[]revision.Change{test(a, "", phone2, phone, phone2)},
			"live= previous= candidate=" + a + " test 0% [" + phone + " " + phone2 + "]",
		},
		{
			"more numbers",
			[]revision.Change{test(a, "", phone2), test(a, "", phone)},
			"live= previous= candidate=" + a + " test 0% [" + phone + " " + phone2 + "]",
		},
		{
			"a share keeps the numbers",
			[]revision.Change{test(a, "", phone), share(a, "", 5)},
			"live= previous= candidate=" + a + " share 5% [" + phone + "]",
		},
		{
			"a larger share",
			[]revision.Change{share(a, "", 5), share(a, "", 50, phone)},
			"live= previous= candidate=" + a + " share 50% [" + phone + "]",
		},
		{"through all stages", []revision.Change{
			publish(a, "", all), test(b, a, phone), share(b, a, 10), publish(b, a, all),
		}, "live=" + b + " previous=" + a},
		{
			"another takes the test",
			[]revision.Change{test(a, "", phone), test(b, "", phone2)},
			"live= previous= candidate=" + b + " test 0% [" + phone2 + "]",
		},
		{
			"a test is dropped", append(live(a, b), test(c, b, phone), rollback("")),
			"live=" + b + " previous=" + a,
		},
		{
			"a share is dropped", append(live(a, b), share(c, b, 99), rollback("")),
			"live=" + b + " previous=" + a,
		},
		{
			"the first test is dropped",
			[]revision.Change{test(a, "", phone), rollback("")},
			"live= previous=",
		},
		{"the live one, named, drops a test", append(live(a, b), test(c, b, phone),
			rollback(b)), "live=" + b + " previous=" + a},
		{"back", append(live(a, b), rollback("")), "live=" + a + " previous="},
		{
			"back twice", append(live(a, b, c), rollback(""), rollback("")),
			"live=" + a + " previous=",
		},
		{
			"back to nothing", append(live(a, b), rollback(""), rollback("")),
			"live= previous=",
		},
		{"back to a named one", append(live(a, b, c), rollback(a)), "live=" + a + " previous="},
		{"back to a named one drops a test", append(live(a, b, c), test("dddddddddddd", c, phone),
			rollback(a)), "live=" + a + " previous="},
		{
			"forth again by name", append(live(a, b), rollback(""), rollback(b)),
			"live=" + b + " previous=" + a,
		},
		{
			"published again", append(live(a, b), rollback(""), publish(b, a, all)),
			"live=" + b + " previous=" + a,
		},
	}
}

func TestRollout(t *testing.T) {
	for _, tt := range rolloutCases() {
		t.Run(tt.name, func(t *testing.T) {
			w := write(t, tt.changes...)
			if got := where(w.rollout); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			replayed, err := revision.Replay(w.log)
			if err != nil || !reflect.DeepEqual(replayed, w.rollout) && len(w.log) > 0 {
				t.Errorf("replay: got %+v, %v, want %+v", replayed, err, w.rollout)
			}
		})
	}
}

type change = revision.Change

// many are one test number too many.
func many() []string {
	numbers := make([]string, revision.MaxNumbers+1)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("996555%06d", i)
	}
	return numbers
}

// with returns a change after an edit.
func with(c change, edit func(*change)) change {
	edit(&c)
	return c
}

// otherEnd gives a change the content of other files whose ID is the same.
func otherEnd(c *change) { c.Content[sha256.Size-1]++ }

type refusal struct {
	name   string
	before []change
	change change
	want   error
}

func refusals() []refusal {
	return []refusal{
		{"base nothing, live a", live(a), publish(b, "", all), revision.ErrBase},
		{"base a, live nothing", nil, publish(b, a, all), revision.ErrBase},
		{"base b, live a", live(a), test(c, b, phone), revision.ErrBase},
		{"stale base of the candidate", tried(), publish(b, "", all), revision.ErrBase},
		{"live already", live(a), publish(a, a, all), revision.ErrUnchanged},
		{"live already, to test", tried(), test(a, a, phone), revision.ErrUnchanged},
		{"the same test", tried(), test(b, a, phone), revision.ErrUnchanged},
		{"the same test, no numbers", tried(), test(b, a), revision.ErrUnchanged},
		{"the same share", shared(), share(b, a, 10), revision.ErrUnchanged},
		{"a smaller share", shared(), share(b, a, 9, phone2), revision.ErrNarrower},
		{"a share to a test", shared(), test(b, a, phone2), revision.ErrNarrower},
		{"another test beside a share", shared(), test(c, a, phone), revision.ErrBusy},
		{"another share beside a test", tried(), share(c, a, 99), revision.ErrBusy},
		{"another to all beside a test", tried(), publish(c, a, all), revision.ErrBusy},
		{"another to all beside a share", shared(), publish(c, a, all), revision.ErrBusy},
		{"nothing to take back", nil, rollback(""), revision.ErrUnchanged},
		{"back to what is live", live(a), rollback(a), revision.ErrUnchanged},
		{"back to what never was", live(a), rollback(c), revision.ErrNeverLive},
		{"back to what was a candidate only", tried(), rollback(b), revision.ErrNeverLive},
		{"no numbers", live(a), test(b, a), revision.ErrInvalid},
		{"too many numbers", live(a), test(b, a, many()...), revision.ErrInvalid},
		{
			"too many with those before", append(live(a), test(b, a, many()[:60]...)),
			test(b, a, many()[60:]...), revision.ErrInvalid,
		},
		{"a plus", live(a), test(b, a, "+"+phone), revision.ErrInvalid},
		{"a number at home", live(a), test(b, a, "0555123456"), revision.ErrInvalid},
		{"a short number", live(a), test(b, a, "9965"), revision.ErrInvalid},
		{"a long number", live(a), test(b, a, "9965551234561234"), revision.ErrInvalid},
		{"no digits", live(a), test(b, a, "99655512345б"), revision.ErrInvalid},
		{"0%", live(a), share(b, a, 0, phone), revision.ErrInvalid},
		{"100%", live(a), share(b, a, 100), revision.ErrInvalid},
		{"-1%", live(a), share(b, a, -1), revision.ErrInvalid},
		{"numbers for all", live(a), with(publish(b, a, all), func(c *change) {
			c.Numbers = []string{phone}
		}), revision.ErrInvalid},
		{
			"a share of all", live(a), with(publish(b, a, all), func(c *change) { c.Percent = 5 }),
			revision.ErrInvalid,
		},
		{
			"a share of a test", live(a), with(test(b, a, phone), func(c *change) { c.Percent = 5 }),
			revision.ErrInvalid,
		},
		{"unknown stage", live(a), publish(b, a, "some"), revision.ErrInvalid},
		{
			"unknown kind", live(a), with(publish(b, a, all), func(c *change) { c.Kind = "erase" }),
			revision.ErrInvalid,
		},
		{
			"no kind", live(a), with(publish(b, a, all), func(c *change) { c.Kind = "" }),
			revision.ErrInvalid,
		},
		{"no revision", live(a), publish("", a, all), revision.ErrInvalid},
		{
			"other files of that name", tried(), with(publish(b, a, all), otherEnd),
			revision.ErrTampered,
		},
		{"the files of another", live(a), with(publish(b, a, all), func(c *change) {
			c.Content[0]++
		}), revision.ErrInvalid},
		{"a short id", live(a), publish("bbbbbb", a, all), revision.ErrInvalid},
		{"a large id", live(a), publish("BBBBBBBBBBBB", a, all), revision.ErrInvalid},
		{
			"no time", live(a), with(publish(b, a, all), func(c *change) { c.At = time.Time{} }),
			revision.ErrInvalid,
		},
		{
			"no actor", live(a), with(publish(b, a, all), func(c *change) { c.Actor = " " }),
			revision.ErrInvalid,
		},
		{"a long actor", live(a), with(publish(b, a, all), func(c *change) {
			c.Actor = strings.Repeat("ө", revision.MaxActor+1)
		}), revision.ErrInvalid},
		{
			"no reason", live(a), with(publish(b, a, all), func(c *change) { c.Reason = "" }),
			revision.ErrInvalid,
		},
		{"a long reason", live(a), with(publish(b, a, all), func(c *change) {
			c.Reason = strings.Repeat("ө", revision.MaxReason+1)
		}), revision.ErrInvalid},
		{
			"two lines", live(a), with(publish(b, a, all), func(c *change) { c.Reason = "one\ntwo" }),
			revision.ErrInvalid,
		},
		{"a terminal's code", live(a), with(publish(b, a, all), func(c *change) {
			c.Reason = "\x1b[2J"
		}), revision.ErrInvalid},
		{
			"no UTF-8", live(a), with(rollback(""), func(c *change) { c.Reason = "\xff" }),
			revision.ErrInvalid,
		},
	}
}

func TestNextRefuses(t *testing.T) {
	for _, tt := range refusals() {
		t.Run(tt.name, func(t *testing.T) {
			w := write(t, tt.before...)
			if err := w.add(tt.change); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLargestChange(t *testing.T) {
	longest := publish(b, a, all)
	longest.Actor = strings.Repeat("ө", revision.MaxActor)
	longest.Reason = strings.Repeat("ө", revision.MaxReason)
	if err := write(t, live(a)...).add(longest); err != nil {
		t.Errorf("the longest: %v", err)
	}
	if err := write(t, live(a)...).add(test(b, a, many()[1:]...)); err != nil {
		t.Errorf("the most numbers: %v", err)
	}
}

// TestNextKeepsWhatStoresKeep gives a time that a database would round: it would break the seal.
func TestNextKeepsWhatStoresKeep(t *testing.T) {
	change := publish(a, "", all)
	change.At = now.Add(1234567 * time.Nanosecond).In(time.FixedZone("Bishkek", 6*60*60))
	got, err := revision.Rollout{}.Next(change)
	if want := now.Add(1234 * time.Microsecond); err != nil || got.At != want {
		t.Errorf("got %v, %v, want %v", got.At, err, want)
	}
}

// TestReplayTells changes one thing in a log of six entries, everywhere, and expects the replay
// to name the entry.
func TestReplayTells(t *testing.T) {
	w := write(t, publish(a, "", all), test(b, a, phone, phone2), share(b, a, 5),
		publish(b, a, all), share(c, b, 7), rollback(""))
	edits := map[string]func(*revision.Change){
		"seq":      func(c *revision.Change) { c.Seq++ },
		"at":       func(c *revision.Change) { c.At = c.At.Add(time.Microsecond) },
		"kind":     func(c *revision.Change) { c.Kind += "x" },
		"revision": func(c *revision.Change) { c.Revision = "dddddddddddd" },
		"content":  otherEnd,
		"base":     func(c *revision.Change) { c.Base = "dddddddddddd" },
		"stage":    func(c *revision.Change) { c.Stage += "x" },
		"number":   func(c *revision.Change) { c.Numbers = otherLast(c.Numbers) },
		"numbers":  func(c *revision.Change) { c.Numbers = append(c.Numbers, "997000000000") },
		"percent":  func(c *revision.Change) { c.Percent++ },
		"actor":    func(c *revision.Change) { c.Actor, c.Reason = c.Actor+c.Reason[:1], c.Reason[1:] },
		"reason":   func(c *revision.Change) { c.Reason += "." },
		"prev":     func(c *revision.Change) { c.Prev[31]++ },
		"hash":     func(c *revision.Change) { c.Hash[0]++ },
	}
	for name, edit := range edits {
		for i := range w.log {
			log := slices.Clone(w.log)
			log[i].Numbers = slices.Clone(log[i].Numbers)
			edit(&log[i])
			wantTampered(t, fmt.Sprintf("%s of %d", name, i+1), log, i+1)
		}
	}
	for i := range len(w.log) - 1 {
		wantTampered(t, fmt.Sprintf("%d left out", i+1), slices.Delete(slices.Clone(w.log), i, i+1),
			i+1)
		swapped := slices.Clone(w.log)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		wantTampered(t, fmt.Sprintf("%d swapped", i+1), swapped, i+1)
		wantTampered(t, fmt.Sprintf("%d twice", i+1),
			slices.Insert(slices.Clone(w.log), i, w.log[i]), i+2)
	}
}

// otherLast is numbers with another last one.
func otherLast(numbers []string) []string {
	return append(numbers[:max(0, len(numbers)-1)], "997000000000")
}

func wantTampered(t *testing.T, name string, log []revision.Change, entry int) {
	t.Helper()
	r, err := revision.Replay(log)
	if !errors.Is(err, revision.ErrTampered) ||
		!strings.Contains(err.Error(), fmt.Sprintf("entry %d:", entry)) {
		t.Errorf("%s: got %v, want %v at entry %d", name, err, revision.ErrTampered, entry)
	}
	if r.Seq != int64(entry-1) {
		t.Errorf("%s: got the rollout of %d entries, want %d", name, r.Seq, entry-1)
	}
}

// TestSealedNonsense seals entries as somebody does who knows how: what no log can say is refused
// all the same.
func TestSealedNonsense(t *testing.T) {
	good := write(t, test(b, "", phone2), test(b, "", phone)).log
	for name, edit := range map[string]func(*revision.Change){
		"another place":    func(c *revision.Change) { c.Seq = 3 },
		"another log":      func(c *revision.Change) { c.Prev[0]++ },
		"another base":     func(c *revision.Change) { c.Base = b },
		"no such stage":    func(c *revision.Change) { c.Stage = "some" },
		"other files":      otherEnd,
		"no files":         func(c *revision.Change) { c.Content = [sha256.Size]byte{} },
		"numbers in chaos": func(c *revision.Change) { c.Numbers = []string{phone2, phone} },
		"no reason":        func(c *revision.Change) { c.Reason = "" },
		"too large":        func(c *revision.Change) { c.Stage, c.Percent = "share", 100 },
	} {
		log := slices.Clone(good)
		edit(&log[1])
		log[1] = revision.Sealed(log[1])
		wantTampered(t, name, log, 2)
	}
	if _, err := revision.Replay([]revision.Change{good[0], revision.Sealed(good[1])}); err != nil {
		t.Errorf("sealed again without an edit: %v", err)
	}
}

func TestRolloutVerifiesFiles(t *testing.T) {
	r, err := revision.New(map[string][]byte{"main.yaml": []byte("a")}, "aida", now)
	if err != nil {
		t.Fatal(err)
	}
	first := publish(r.ID, "", all)
	first.Content = r.Content()
	good := write(t, first).rollout
	otherEnd(&first)
	bad := write(t, first).rollout
	if err := good.Verify(r); err != nil {
		t.Errorf("what was published: %v", err)
	}
	if err := (revision.Rollout{}).Verify(r); err != nil {
		t.Errorf("what the log does not know: %v", err)
	}
	if err := bad.Verify(r); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("other files of that name: got %v, want %v", err, revision.ErrTampered)
	}
	r.Files["main.yaml"] = []byte("b")
	if err := good.Verify(r); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("other files: got %v, want %v", err, revision.ErrTampered)
	}
}

func TestCheckSecond(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change revision.Change
		author string
		want   error
	}{
		{"own to test", test(b, a, phone), "aida", nil},
		{"own to a share", share(b, a, 1), "aida", revision.ErrSamePerson},
		{"own to all", publish(b, a, all), "aida", revision.ErrSamePerson},
		{"own, other spelling", publish(b, a, all), "Aida", revision.ErrSamePerson},
		{"other's to all", publish(b, a, all), "bek", nil},
		{"own back", rollback(""), "bek", nil},
	} {
		if err := tt.change.CheckSecond(tt.author); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestFor walks a candidate through its stages and looks who has it.
func TestFor(t *testing.T) {
	number := func(i int) string { return fmt.Sprintf("996555%06d", i*7919%1_000_000) }
	const subscribers = 20_000
	has := func(r revision.Rollout) (all map[string]bool) {
		all = make(map[string]bool)
		for i := range subscribers {
			switch got := r.For(number(i)); got {
			case b:
				all[number(i)] = true
			case a:
			default:
				t.Fatalf("got revision %q", got)
			}
		}
		return all
	}
	w := write(t, publish(a, "", all), test(b, a, phone, phone2))
	if got := has(w.rollout); len(got) > 1 {
		t.Errorf("a test reached %d subscribers", len(got))
	}
	if w.rollout.For(phone) != b || w.rollout.For(phone2) != b {
		t.Error("the test numbers do not have the candidate")
	}
	var before map[string]bool
	for _, percent := range []int{1, 10, 50, 99} {
		if err := w.add(share(b, a, percent)); err != nil {
			t.Fatal(err)
		}
		got := has(w.rollout)
		if share := 100 * float64(len(got)) / subscribers; share < 0.8*float64(percent) ||
			share > 1.2*float64(percent) {
			t.Errorf("%d%% reached %.1f%%", percent, share)
		}
		for n := range before {
			if !got[n] {
				t.Fatalf("%s lost the candidate at %d%%", n, percent)
			}
		}
		before = got
		if w.rollout.For(phone) != b {
			t.Errorf("%d%%: a test number lost the candidate", percent)
		}
	}
	if got := (revision.Rollout{}).For(phone); got != "" {
		t.Errorf("nothing published: got %q", got)
	}
}

// TestAnotherCandidateReachesOthers sees that the same few are not the first every time.
func TestAnotherCandidateReachesOthers(t *testing.T) {
	one := write(t, share(a, "", 50)).rollout
	two := write(t, share(b, "", 50)).rollout
	both := 0
	for i := range 1000 {
		n := fmt.Sprintf("996555%06d", i)
		if one.For(n) == a && two.For(n) == b {
			both++
		}
	}
	if both < 200 || both > 300 {
		t.Errorf("%d of 1000 are in both halves, want about 250", both)
	}
}

// TestAnyLog tries any changes in any order and holds every step to the rules.
func TestAnyLog(t *testing.T) {
	ids := rapid.SampledFrom([]string{"", a, b, c})
	anyChange := rapid.Custom(func(t *rapid.T) revision.Change {
		id := ids.Draw(t, "revision")
		return revision.Change{
			Content:  content(id),
			At:       now.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "after"))),
			Kind:     rapid.SampledFrom([]revision.Kind{"publish", "rollback"}).Draw(t, "kind"),
			Revision: id, Base: ids.Draw(t, "base"),
			Stage: rapid.SampledFrom([]revision.Stage{"test", "share", "all"}).Draw(t, "stage"),
			Numbers: rapid.SliceOfN(rapid.StringMatching(`99655512345[0-9]`), 0, 3).
				Draw(t, "numbers"),
			Percent: rapid.SampledFrom([]int{0, 0, 1, 50, 99, 100}).Draw(t, "percent"),
			Actor:   rapid.StringMatching(`[a-z]{0,3}`).Draw(t, "actor"),
			Reason:  rapid.String().Draw(t, "reason"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		w := new(written)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before := w.rollout
			if err := w.add(anyChange.Draw(t, "change")); err != nil {
				if errors.Is(err, revision.ErrTampered) {
					t.Fatalf("Next gave what Apply refuses: %v", err)
				}
				continue
			}
			wantStep(t, before, w.rollout, w.log[len(w.log)-1])
		}
		replayed, err := revision.Replay(w.log)
		if err != nil || (len(w.log) > 0 && !reflect.DeepEqual(replayed, w.rollout)) {
			t.Fatalf("replay: %+v, %v, want %+v", replayed, err, w.rollout)
		}
	})
}

// wantStep holds a step to the rules: nobody loses the candidate but by a rollback, or by a test
// of another one, and Live changes only for a change to all.
func wantStep(t *rapid.T, before, after revision.Rollout, change revision.Change) {
	if after.Live != before.Live && change.Stage != all {
		t.Fatalf("%+v changed what is live", change)
	}
	if change.Kind == revision.KindRollback && after.Candidate != "" {
		t.Fatal("a candidate outlived a rollback")
	}
	if (after.Candidate == "") != (after.Stage == "") || after.Candidate == after.Live &&
		after.Live != "" {
		t.Fatalf("got %+v", after)
	}
	for n := range 10 {
		number := fmt.Sprintf("99655512345%d", n)
		had, has := before.For(number), after.For(number)
		if change.Kind == revision.KindPublish && before.Candidate != "" &&
			had == before.Candidate && has != had && after.Candidate == before.Candidate {
			t.Fatalf("%s lost the candidate by %+v", number, change)
		}
		if has != after.Live && has != after.Candidate {
			t.Fatalf("%s has %s", number, has)
		}
	}
}
