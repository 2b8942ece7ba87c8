// Package revisiontest is the suite that every revision.Store has to pass.
package revisiontest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/menus/revision"
)

// at is the time of the suite, with microseconds: no more is kept.
var at = time.Date(2026, 11, 21, 9, 30, 0, 123_456_000, time.UTC)

// Run tests a store. open returns two ways into the same new, empty store: two processes of one
// database.
func Run(t *testing.T, open func(t *testing.T) (one, other revision.Store)) {
	for name, test := range map[string]func(*testing.T, revision.Store, revision.Store){
		"revisions are kept":         testRevisions,
		"the largest revision":       testLargest,
		"a wrong revision":           testWrongRevision,
		"two of one name":            testTwoOfOneName,
		"the log is kept":            testLog,
		"changes that do not follow": testStale,
		"many at once":               testAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			one, other := open(t)
			test(t, one, other)
		})
	}
}

// Put stores a revision that differs by text, and returns it.
func Put(t *testing.T, s revision.Store, text string) revision.Revision {
	t.Helper()
	r, err := revision.New(map[string][]byte{
		"main.yaml": []byte(text), "empty.yaml": {}, "ү.yaml": {0, 0xff, '\n'},
	}, "aida", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutRevision(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Publish appends the change c, filled in, to the log of s, and returns it.
func Publish(t *testing.T, s revision.Store, c revision.Change) revision.Change {
	t.Helper()
	c, err := next(t, s, c)
	if err == nil {
		err = s.AppendChange(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// next seals c on top of the log. Where nothing else is said, c is a publish to all.
func next(t *testing.T, s revision.Store, c revision.Change) (revision.Change, error) {
	t.Helper()
	log, err := revision.Log(t.Context(), s)
	if err != nil {
		return c, err
	}
	rollout, err := revision.Replay(log)
	if err != nil {
		return c, err
	}
	if c.Kind == "" {
		c.Kind, c.Base = revision.KindPublish, rollout.Live
	}
	if c.Stage == "" {
		c.Stage = revision.StageAll
	}
	if c.Kind == revision.KindPublish {
		r, err := s.Revision(t.Context(), c.Revision)
		if err != nil {
			return c, err
		}
		c.Content = r.Content()
	}
	c.At, c.Actor, c.Reason = at, "aida", "кичинекей оңдоо"
	return rollout.Next(c)
}

func testRevisions(t *testing.T, one, other revision.Store) {
	want := Put(t, one, "a")
	again := want
	again.Author, again.StoredAt = "bek", at.Add(time.Hour)
	if err := other.PutRevision(t.Context(), again); err != nil {
		t.Fatalf("again: %v", err)
	}
	second := Put(t, other, "b")
	for _, want := range []revision.Revision{want, second} {
		got, err := other.Revision(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != want.ID || got.Author != want.Author || !got.StoredAt.Equal(want.StoredAt) ||
			!maps.EqualFunc(got.Files, want.Files, bytes.Equal) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	_, err := one.Revision(t.Context(), "0123456789ab")
	if !errors.Is(err, revision.ErrNotFound) {
		t.Errorf("unknown: got %v, want %v", err, revision.ErrNotFound)
	}
}

func testLargest(t *testing.T, one, other revision.Store) {
	files := make(map[string][]byte)
	for i := range revision.MaxTotalBytes / revision.MaxFileBytes {
		files[fmt.Sprintf("%d.yaml", i)] = bytes.Repeat([]byte{byte(i), 7, 0xa1}, 1+
			revision.MaxFileBytes/3)[:revision.MaxFileBytes]
	}
	r, err := revision.New(files, "aida", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.PutRevision(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := other.Revision(t.Context(), r.ID)
	if err != nil || !maps.EqualFunc(got.Files, files, bytes.Equal) {
		t.Errorf("got %d files, %v", len(got.Files), err)
	}
}

func testWrongRevision(t *testing.T, one, _ revision.Store) {
	r := Put(t, one, "a")
	for name, wrong := range map[string]revision.Revision{
		"other files": {
			ID: r.ID, Files: map[string][]byte{"main.yaml": []byte("b")}, Author: "bek", StoredAt: at,
		},
		"no files": {ID: r.ID, Author: "bek", StoredAt: at},
	} {
		if err := one.PutRevision(t.Context(), wrong); !errors.Is(err, revision.ErrTampered) {
			t.Errorf("%s: got %v, want %v", name, err, revision.ErrTampered)
		}
	}
	if got, err := one.Revision(t.Context(), r.ID); err != nil || got.Author != "aida" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// testTwoOfOneName stores two folders whose content sums begin with the same 48 bits: they were
// found among 44 million, within a minute. Each is whole, and the second is not the first.
func testTwoOfOneName(t *testing.T, one, other revision.Store) {
	folder := func(text string) revision.Revision {
		r, err := revision.New(map[string][]byte{"main.yaml": []byte(text)}, "aida", at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first, second := folder("# 17687349\n"), folder("# 39642085\n")
	if first.ID != second.ID || first.Content() == second.Content() || second.Verify() != nil {
		t.Fatalf("%s and %s are no two folders of one name", first.ID, second.ID)
	}
	if err := one.PutRevision(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := other.PutRevision(t.Context(), second); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("the second: got %v, want %v", err, revision.ErrTampered)
	}
	got, err := other.Revision(t.Context(), first.ID)
	if err != nil || got.Content() != first.Content() {
		t.Errorf("got %q, %v", got.Files, err)
	}
}

func testLog(t *testing.T, one, other revision.Store) {
	if log, err := one.Changes(t.Context(), 0, 10); err != nil || len(log) != 0 {
		t.Fatalf("empty: got %v, %v", log, err)
	}
	a, b := Put(t, one, "a"), Put(t, one, "b")
	want := []revision.Change{
		Publish(t, one, revision.Change{Revision: a.ID}),
		Publish(t, other, revision.Change{
			Revision: b.ID, Stage: revision.StageTest,
			Numbers: []string{"996700123456", "996555123456"},
		}),
		Publish(t, one, revision.Change{
			Revision: b.ID, Stage: revision.StageShare, Percent: 5,
		}),
		Publish(t, other, revision.Change{Kind: revision.KindRollback}),
		Publish(t, other, revision.Change{Kind: revision.KindRollback}), // to nothing
	}
	got, err := revision.Log(t.Context(), one)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
	if rollout, err := revision.Replay(got); err != nil || rollout.Live != "" || rollout.Seq != 5 {
		t.Errorf("got %+v, %v", rollout, err)
	}
	for _, page := range []struct {
		after int64
		limit int
		want  []revision.Change
	}{{0, 2, want[:2]}, {2, 2, want[2:4]}, {4, 2, want[4:]}, {5, 2, nil}, {99, 2, nil}} {
		got, err := other.Changes(t.Context(), page.after, page.limit)
		if err != nil || !reflect.DeepEqual(got, page.want) {
			t.Errorf("after %d: got %+v, %v", page.after, got, err)
		}
	}
}

func testStale(t *testing.T, one, other revision.Store) {
	a, b := Put(t, one, "a"), Put(t, one, "b")
	test := revision.Change{
		Revision: b.ID, Stage: revision.StageTest, Numbers: []string{"996555123456"},
	}
	early, err := next(t, one, test)
	if err != nil {
		t.Fatal(err)
	}
	first := Publish(t, other, revision.Change{Revision: a.ID})
	good, err := next(t, one, test)
	if err != nil {
		t.Fatal(err)
	}
	gap, fork, unknown, baseless := good, good, good, good
	baseless.Base = "ba9876543210"
	gap.Seq++
	fork.Prev[0]++
	unknown.Revision = "0123456789ab"
	copy(unknown.Content[:], "\x01\x23\x45\x67\x89\xab")
	for _, tt := range []struct {
		name string
		c    revision.Change
		want error
	}{
		{"taken", early, revision.ErrStale},
		{"the same again", first, revision.ErrStale},
		{"a gap", gap, revision.ErrStale},
		{"another log", fork, revision.ErrStale},
		{"unknown revision", unknown, revision.ErrNotFound},
		{"unknown base", baseless, revision.ErrNotFound},
	} {
		err := one.AppendChange(t.Context(), tt.c)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		missing := map[string]string{
			"unknown revision": unknown.Revision, "unknown base": baseless.Base,
		}[tt.name]
		if err != nil && !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: %v does not name %s", tt.name, err, missing)
		}
	}
	if err := one.AppendChange(t.Context(), good); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if log, err := revision.Log(t.Context(), other); err != nil || len(log) != 2 {
		t.Errorf("got %+v, %v", log, err)
	}
}

// testAtOnce lets several writers race for each place in the log: all of them get one, and the
// log is whole.
func testAtOnce(t *testing.T, one, other revision.Store) {
	const writers, each = 4, 8
	revisions := []revision.Revision{Put(t, one, "0"), Put(t, one, "1")}
	failed := make(chan error, writers*each)
	var wait sync.WaitGroup
	for w := range writers {
		store := []revision.Store{one, other}[w%2]
		wait.Go(func() {
			for range each {
				failed <- publishOther(t, store, revisions)
			}
		})
	}
	wait.Wait()
	for range writers * each {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	log, err := revision.Log(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	rollout, err := revision.Replay(log)
	if err != nil || rollout.Seq != writers*each {
		t.Errorf("got %+v, %v, want %d changes", rollout, err, writers*each)
	}
}

// publishOther makes live which of two revisions is not, whoever else does so meanwhile.
func publishOther(t *testing.T, s revision.Store, revisions []revision.Revision) error {
	for {
		log, err := revision.Log(t.Context(), s)
		if err != nil {
			return err
		}
		c := revision.Change{Revision: revisions[len(log)%2].ID}
		if c, err = next(t, s, c); errors.Is(err, revision.ErrUnchanged) {
			continue // another one came between
		} else if err != nil {
			return err
		}
		if err = s.AppendChange(t.Context(), c); !errors.Is(err, revision.ErrStale) {
			return err
		}
	}
}

// Fill stores two revisions and a log of three changes.
func Fill(t *testing.T, s revision.Store) {
	t.Helper()
	a, b := Put(t, s, "a"), Put(t, s, "b")
	Publish(t, s, revision.Change{Revision: a.ID})
	Publish(t, s, revision.Change{
		Revision: b.ID, Stage: revision.StageTest, Numbers: []string{"996555123456"},
	})
	Publish(t, s, revision.Change{Revision: b.ID})
}

// Forbidden returns statements that the schema of a database refuses after Fill.
func Forbidden() []string {
	return []string{
		`UPDATE menu_change SET reason = 'nothing' WHERE seq = 2`,
		`DELETE FROM menu_change WHERE seq = 3`,
		`UPDATE menu_revision SET author = 'nobody'`,
		`DELETE FROM menu_revision`,
		change(`4`, `'publish'`, `'0123456789ab'`, `'all'`, `''`, `0`), // an unknown revision
		change(`4`, `'publish'`, `NULL`, `'all'`, `''`, `0`),
		changeOf(`4`, `'publish'`, stored, `NULL`, `'all'`, `''`, `0`),
		changeOf(`4`, `'publish'`, stored, `c.prev`, `'all'`, `''`, `0`), // another's
		changeOf(`4`, `'rollback'`, `NULL`, `c.content`, `'all'`, `''`, `0`),
		change(`0`, `'publish'`, stored, `'all'`, `''`, `0`),
		change(`3`, `'publish'`, stored, `'all'`, `''`, `0`), // taken
		change(`4`, `'erase'`, stored, `'all'`, `''`, `0`),
		change(`4`, `'publish'`, stored, `'some'`, `''`, `0`),
		change(`4`, `'publish'`, stored, `'all'`, `''`, `5`),
		change(`4`, `'publish'`, stored, `'share'`, `''`, `0`),
		change(`4`, `'publish'`, stored, `'share'`, `''`, `100`),
		change(`4`, `'publish'`, stored, `'all'`, `'996555123456'`, `0`),
	}
}

const stored = `(SELECT revision FROM menu_change WHERE seq = 3)`

// change is a statement that adds an entry with a hash of its own.
func change(seq, kind, revision, stage, numbers, percent string) string {
	content := `c.content`
	if revision == `NULL` {
		content = `NULL`
	}
	return changeOf(seq, kind, revision, content, stage, numbers, percent)
}

func changeOf(seq, kind, revision, content, stage, numbers, percent string) string {
	return fmt.Sprintf(`INSERT INTO menu_change (seq, at, kind, revision, content, base,
    stage, numbers, percent, actor, reason, prev, hash)
SELECT %s, 1, %s, %s, %s, NULL, %s, %s, %s, 'x', 'x', c.prev, m.hash
FROM menu_change c, (SELECT prev AS hash FROM menu_change WHERE seq = 1) m WHERE c.seq = 3`,
		seq, kind, revision, content, stage, numbers, percent)
}

// Tampers returns, by name, what somebody with the database in hands may do after Fill. The log
// or a revision then fails with revision.ErrTampered; see Check.
func Tampers() map[string]string {
	return map[string]string{
		"another reason": `UPDATE menu_change SET reason = 'nothing' WHERE seq = 1`,
		"another actor":  `UPDATE menu_change SET actor = 'nobody' WHERE seq = 3`,
		"another time":   `UPDATE menu_change SET at = at + 1 WHERE seq = 2`,
		"another number": `UPDATE menu_change SET numbers = '996555123457' WHERE seq = 2`,
		"another revision": `UPDATE menu_change SET revision = base, content =
			(SELECT content FROM menu_change WHERE seq = 1) WHERE seq = 3`,
		"one left out":   `DELETE FROM menu_change WHERE seq = 2`,
		"the first gone": `DELETE FROM menu_change WHERE seq = 1`,
		"moved up": `DELETE FROM menu_change WHERE seq = 2;
			UPDATE menu_change SET seq = 2 WHERE seq = 3`,
		"other files": `UPDATE menu_revision SET files = (SELECT r.files FROM menu_revision r
			ORDER BY r.stored_at, r.id LIMIT 1)`,
		"broken files": `UPDATE menu_revision SET files = substr(files, 1, 20)`,
	}
}

// Check reads the log and all revisions that it names.
func Check(t *testing.T, s revision.Store) error {
	t.Helper()
	log, err := revision.Log(t.Context(), s)
	if err != nil {
		return err
	}
	if _, err := revision.Replay(log); err != nil {
		return err
	}
	for _, c := range log {
		if _, err := s.Revision(t.Context(), c.Revision); err != nil {
			return err
		}
	}
	return nil
}
