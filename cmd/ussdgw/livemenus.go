package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"go.uber.org/zap"

	"ussdgw/menus"
	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/ussd/release"
)

// builtInAuthor is the author of the menus that are built into the program.
const builtInAuthor = "built-in"

// savedRevisions is how many earlier states of a folder are kept for dialogues in flight. They are
// stored nowhere else, and an editor may save every few seconds while somebody holds a phone.
const savedRevisions = 48

// released is the set as the library of a running gateway has it.
func (s *menuSet) released() release.Set {
	return release.Set{Program: s.program, Catalogue: s.catalogue}
}

// folderMenus is a library that runs the menus of dir and nothing else.
func folderMenus(
	stderr io.Writer, dir string, pinLength int, log *zap.Logger, m release.Metrics,
) (*release.Library, error) {
	set, err := requireMenus(stderr, dir, pinLength)
	if err != nil {
		return nil, err
	}
	return release.New(release.Config{
		First: set.released(), Keep: savedRevisions, Log: log, Metrics: m,
	})
}

// publishedMenus is a library that runs what is published in store, and the built-in menus while
// nothing is. Those are stored too, so that every instance can go on with a dialogue that began
// on them, whatever its own are.
func publishedMenus(
	ctx context.Context, stderr io.Writer, store revision.Store, pinLength int,
	log *zap.Logger, m release.Metrics,
) (*release.Library, error) {
	set, err := requireMenus(stderr, "", pinLength)
	if err != nil {
		return nil, err
	}
	files, err := revision.Pack(menus.FS())
	if err != nil {
		return nil, err
	}
	builtIn, err := revision.New(files, builtInAuthor, time.Now())
	if err != nil {
		return nil, err
	}
	if err := store.PutRevision(ctx, builtIn); err != nil {
		return nil, fmt.Errorf("the built-in menus cannot be stored: %w", err)
	}
	l, err := release.New(release.Config{
		First: set.released(), Store: store, Log: log, Metrics: m,
		Load: func(fsys fs.FS) (release.Set, error) { return loadRevision(fsys, pinLength) },
	})
	if err != nil {
		return nil, err
	}
	return l, l.Refresh(ctx)
}

// loadRevision proves a revision against this program and this length of a PIN.
func loadRevision(fsys fs.FS, pinLength int) (release.Set, error) {
	var report source.Report
	set := loadMenus(fsys, pinLength, &report)
	if set == nil {
		return release.Set{}, report.Err()
	}
	return set.released(), nil
}
