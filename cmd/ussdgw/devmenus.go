package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/release"
	"ussdgw/wallet/msisdn"
)

const (
	// menusSettle is how long a folder must be quiet before it is read: an editor writes a file in
	// several strokes, and git writes several files.
	menusSettle = 250 * time.Millisecond
	// menusLook is how often the folder is read without being told of a change: the system tells
	// nothing of what a symbolic link leads to, nor of some folders that are shared with a container.
	menusLook = 2 * time.Second
)

// A menuWatch puts the menus of a folder before everybody as soon as they are saved and right.
// Dialogues that have begun go on with what they began with.
type menuWatch struct {
	dir       string
	pinLength int
	library   *release.Library
	stdout    io.Writer // what is live
	stderr    io.Writer // what is wrong
	log       *zap.Logger
	seen      string // what was read last: a revision, or why there was none
}

// run watches until ctx ends, and returns nil. It watches the folder, not its files: an editor may
// put another file in a file's place.
func (w *menuWatch) run(ctx context.Context) error {
	var changes <-chan fsnotify.Event
	var lost <-chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = watcher.Close() }()
		changes, lost = watcher.Events, watcher.Errors
		err = watcher.Add(w.dir)
	}
	if err != nil {
		w.log.Warn("the folder of the menus is looked at now and then only", zap.Error(err))
	}
	look := time.NewTicker(menusLook)
	defer look.Stop()
	quiet := time.NewTimer(menusSettle)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes: // links to whole folders are files too, whatever they are called
			quiet.Reset(menusSettle)
		case err := <-lost:
			w.log.Debug("changes of the menus were missed", zap.Error(err))
			quiet.Reset(menusSettle)
		case <-quiet.C:
			w.look()
		case <-look.C:
			w.look()
			if watcher != nil && len(watcher.WatchList()) == 0 {
				_ = watcher.Add(w.dir) // the folder was put back
			}
		}
	}
}

// look reads the folder, and if it is another one than at the last look, puts it before everybody
// or says what is wrong with it.
func (w *menuWatch) look() {
	files, err := revision.Pack(os.DirFS(w.dir))
	if err != nil {
		w.stays(err.Error(), fmt.Sprintf("menus: %s cannot be read: %v\n", w.dir, err))
		return
	}
	// What is checked is what was read, whatever is written meanwhile.
	r, err := revision.New(files, "dev", time.Now())
	if err != nil {
		w.stays(err.Error(), fmt.Sprintf("menus: %v\n", err))
		return
	}
	if r.ID == w.seen {
		return
	}
	var report source.Report
	set := loadMenus(r.FS(), w.pinLength, &report)
	if err := report.WriteIn(w.stderr, w.dir); err != nil {
		w.log.Warn("findings not printed", zap.Error(err))
	}
	if set == nil {
		w.stays(r.ID, "")
		return
	}
	before := w.library.Begin(msisdn.Number{})
	if err := w.library.Show(set.released()); err != nil {
		w.stays(r.ID, fmt.Sprintf("menus: start dev anew for this: %v\n", err))
		return
	}
	w.seen = r.ID
	w.say(w.stdout, fmt.Sprintf("menus: revision %s is live for new dialogues%s\n", r.ID,
		changedScreens(before, set.program)))
}

// stays says once that the menus stay as they are, and why.
func (w *menuWatch) stays(seen, why string) {
	if seen == w.seen {
		return
	}
	w.seen = seen
	live := w.library.Begin(msisdn.Number{}).Revision()
	w.say(w.stderr, fmt.Sprintf("%smenus: revision %s stays live\n", why, live))
}

func (w *menuWatch) say(to io.Writer, text string) {
	if _, err := io.WriteString(to, text); err != nil {
		w.log.Warn("not said", zap.Error(err))
	}
}

// changedScreens says how many states show something else than before, ", 2 screens changed", or
// nothing. What lists show comes from the catalogue and does not count.
func changedScreens(before, after *menu.Program) string {
	was, is := emptyScreens(before), emptyScreens(after)
	changed := 0
	for state, text := range is {
		if was[state] != text {
			changed++
		}
	}
	for state := range was {
		if _, there := is[state]; !there {
			changed++
		}
	}
	switch changed {
	case 0:
		return ""
	case 1:
		return ", 1 screen changed"
	}
	return fmt.Sprintf(", %d screens changed", changed)
}

// emptyScreens is what each state shows, page by page, in every language, without any values.
func emptyScreens(p *menu.Program) map[string]string {
	screens := make(map[string]string)
	for _, state := range p.States() {
		for _, lang := range p.Languages() {
			pages := 1
			for page := 0; page < pages; page++ {
				s := p.Show(menu.Position{
					Lang: lang, Stack: []menu.Visit{{State: state, Page: page}},
				}).Screen
				if s == nil || s.State != state {
					break // the state shows nothing
				}
				screens[state] += s.Text + "\f"
				pages = s.Pages
			}
		}
	}
	return screens
}

// toldMenus says which revisions are live whenever that changes.
type toldMenus struct {
	release.Metrics
	to    io.Writer
	log   *zap.Logger
	ready bool // the banner, which says it first, is out
}

// Running implements release.Metrics.
func (t *toldMenus) Running(live, candidate string, published time.Time) {
	t.Metrics.Running(live, candidate, published)
	if !t.ready {
		return
	}
	text := "menus: revision " + live + " is live for new dialogues"
	if candidate != "" {
		text += ", and " + candidate + " for some"
	}
	if _, err := io.WriteString(t.to, text+"\n"); err != nil {
		t.log.Warn("not said", zap.Error(err))
	}
}
