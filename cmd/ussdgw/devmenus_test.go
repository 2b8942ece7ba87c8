package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus"
	"ussdgw/menus/revision"
	"ussdgw/smsc/sim"
	"ussdgw/wallet/ledger/litestore"
)

// reloadWait bounds the wait for what dev says about menus.
const reloadWait = 20 * time.Second

// awaitText waits until what was printed matches pattern, and returns its first group.
func awaitText(t *testing.T, b *lockedBuffer, pattern string) string {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	limit := time.After(reloadWait)
	re := regexp.MustCompile(pattern)
	for {
		if m := re.FindStringSubmatch(b.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-poll.C:
		case <-limit:
			t.Fatalf("no %s in:\n%s", pattern, b)
		}
	}
}

// ownMenus writes the built-in menus into a folder of the test.
func ownMenus(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "menus")
	if err := os.CopyFS(dir, menus.FS()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// help is the text of the help screen's first option in main.yaml, and how tests change it.
const help = "How to pay"

// helpAs returns main.yaml with another text for help.
func helpAs(t *testing.T, text string) []byte {
	t.Helper()
	files, err := revision.Pack(menus.FS())
	if err != nil || strings.Count(string(files["main.yaml"]), `"`+help+`"`) != 1 {
		t.Fatalf("%v: want %q once in main.yaml", err, help)
	}
	return []byte(strings.Replace(string(files["main.yaml"]), `"`+help+`"`, text, 1))
}

// shows dials help and fails unless it shows text.
func (d *devRun) shows(t *testing.T, text string) {
	t.Helper()
	if out := d.dial(t, dialOptions{lang: "en"}, "*900*7#"); !strings.Contains(out, text) {
		t.Errorf("no %q in:\n%s", text, out)
	}
}

func TestDevRunsWhatIsSaved(t *testing.T) {
	dir := ownMenus(t)
	d := startDev(t, devOptions{menus: dir})
	defer http.DefaultClient.CloseIdleConnections()
	if !strings.Contains(d.banner, "menus       "+dir+", watched: ") {
		t.Errorf("banner:\n%s", d.banner)
	}
	phone := sim.NewPhone("http://" + d.console + "/phone")
	defer phone.Close()
	ctx, cancel := context.WithTimeout(t.Context(), reloadWait)
	defer cancel()
	if _, err := phone.Dial(ctx, d.numbers["en"], "*900#"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "main.yaml")
	save := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, helpAs(t, text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	save(`"Paying"`)
	first := awaitText(t, d.said,
		`menus: revision (\w{12}) is live for new dialogues, 1 screen changed\n`)
	// The dialogue that was open ends on what it began with.
	if s, err := phone.Send(ctx, "7"); err != nil || !strings.Contains(s.Text, "1 "+help) {
		t.Errorf("the old dialogue shows %q, %v", s.Text, err)
	}
	d.shows(t, "1 Paying")

	save(`"Paying", goto: "nowhere"`)
	awaitText(t, d.log, regexp.QuoteMeta(file)+`:\d+:\d+: error `)
	awaitText(t, d.log, `menus: revision `+first+` stays live\n`)
	d.shows(t, "1 Paying")

	// An editor may put another file in its place.
	if err := os.WriteFile(file+"~", helpAs(t, `"By hand"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+"~", file); err != nil {
		t.Fatal(err)
	}
	awaitText(t, d.said, `(?s)`+first+`.*revision (\w{12}) is live`)
	d.shows(t, "1 By hand")
}

// A file that is a link to another folder, as a mounted configuration is, and a folder that goes
// away and comes back.
// An editor that saves by itself makes many revisions while somebody holds a phone.
func TestADialogueOutlivesManySaves(t *testing.T) {
	dir := ownMenus(t)
	library, err := folderMenus(io.Discard, dir, 0, zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var begun string
	for i := range 30 {
		err := os.WriteFile(filepath.Join(dir, "main.yaml"), helpAs(t, "Help "+strconv.Itoa(i)), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		set, err := requireMenus(io.Discard, dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := library.Show(set.released()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			begun = set.program.Revision()
		}
	}
	if p, err := library.Revision(t.Context(), begun); err != nil || p.Revision() != begun {
		t.Errorf("the revision of a dialogue is lost after 29 saves: %v", err)
	}
}

func TestDevSeesWhatItIsNotTold(t *testing.T) {
	dir, elsewhere := ownMenus(t), filepath.Join(t.TempDir(), "main.yaml")
	file := filepath.Join(dir, "main.yaml")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, helpAs(t, text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(elsewhere, `"Paying"`)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, file); err != nil {
		t.Fatal(err)
	}
	d := startDev(t, devOptions{menus: dir})
	d.shows(t, "1 Paying")
	put(elsewhere, `"By link"`)
	first := awaitText(t, d.said, `menus: revision (\w{12}) is live`)
	d.shows(t, "1 By link")

	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	awaitText(t, d.log, `menus: `+dir+` cannot be read: .*\nmenus: revision `+first+` stays live\n`)
	d.shows(t, "1 By link")
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	put(elsewhere, `"Back"`)
	awaitText(t, d.said, `(?s)`+first+`.*revision (\w{12}) is live`)
	d.shows(t, "1 Back")
}

// publish stores files and makes the change that puts them before subscribers. It returns their
// revision.
func publish(
	t *testing.T, store revision.Store, files map[string][]byte, c revision.Change,
) string {
	t.Helper()
	ctx := t.Context()
	r, err := revision.New(files, "Asan", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.PutRevision(ctx, r); err != nil {
		t.Fatal(err)
	}
	c.Kind, c.Revision, c.Content = revision.KindPublish, r.ID, r.Content()
	change(t, store, c)
	return r.ID
}

// change makes a change on what is live.
func change(t *testing.T, store revision.Store, c revision.Change) {
	t.Helper()
	log, err := revision.Log(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	r, err := revision.Replay(log)
	if err != nil {
		t.Fatal(err)
	}
	c.At, c.Actor, c.Reason = time.Now(), "Aigul", "a test"
	if c.Kind == revision.KindPublish {
		c.Base = r.Live
	}
	if c, err = r.Next(c); err == nil {
		err = store.AppendChange(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDevRunsWhatIsPublished(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	d := startDev(t, devOptions{data: dir})
	if !strings.Contains(d.banner, "menus       built-in, until some are published in "+dir+"\n") {
		t.Errorf("banner:\n%s", d.banner)
	}
	d.shows(t, "1 "+help)
	store, err := litestore.Open(filepath.Join(dir, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	files, err := revision.Pack(menus.FS())
	if err != nil {
		t.Fatal(err)
	}
	files["main.yaml"] = helpAs(t, `"Published"`)
	publish(t, store, files, revision.Change{Stage: revision.StageAll})
	id := awaitText(t, d.said, `menus: revision (\w{12}) is live for new dialogues\n`)
	d.shows(t, "1 Published")
	d.stop()
	again := startDev(t, devOptions{data: dir})
	if !strings.Contains(again.banner, "menus       published revision "+id+"\n") {
		t.Errorf("banner:\n%s", again.banner)
	}
	again.shows(t, "1 Published")
}
