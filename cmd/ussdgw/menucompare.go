package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menudiff"
)

// What --against may name besides a folder.
const (
	againstLive    = "live"
	againstBuiltIn = "built-in"
)

// compareOptions are the flags of the commands that compare two menus.
type compareOptions struct {
	ledgerOptions
	dir, against string
	pinLength    int
	configured   Config // what --config says
}

// flags adds the flags that say what is compared with what.
func (o *compareOptions) flags(cmd *cobra.Command) {
	o.ledgerOptions.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.against, "against", "",
		"what to compare with: live (what is published), built-in, or a folder (required)")
	pinLengthFlag(cmd, &o.pinLength)
}

// A comparedSide is one of the two menus, checked.
type comparedSide struct {
	menuSet
	name  string // "mymenus", "live", "the built-in menus"
	files fs.FS
}

// side is what is compared of it. Where the entries of the catalogue stand is looked up in the
// files, which have been read without a fault before.
func (s comparedSide) side() menudiff.Side {
	files, _ := source.Load(s.files, new(source.Report))
	return menudiff.Side{
		Program: s.program, Catalogue: s.catalogue, Places: menudiff.FindPlaces(files),
	}
}

// sides loads what is compared: the old menus and the new ones.
func (o *compareOptions) sides(
	cmd *cobra.Command, args []string,
) (old, now comparedSide, err error) {
	if len(args) == 1 {
		o.dir = args[0]
	}
	if o.against == "" {
		return old, now, usage(cmd, "--against is missing: live, built-in or a folder")
	}
	if o.config != "" {
		cfg, report := loadConfig(o.config, filesElsewhere)
		if err := finish(cmd, report); err != nil {
			return old, now, err
		}
		if o.configured = cfg; o.pinLength == 0 {
			o.pinLength = cfg.PIN.Length
		}
	}
	if now, err = loadSide(cmd.ErrOrStderr(), o.dir, folderFiles, o.pinLength); err != nil {
		return old, now, err
	}
	switch o.against {
	case againstBuiltIn:
		old, err = loadSide(cmd.ErrOrStderr(), "", folderFiles, o.pinLength)
	case againstLive:
		old, err = loadSide(cmd.ErrOrStderr(), againstLive, func(string) (fs.FS, error) {
			return liveFiles(cmd.Context(), o.config, o.data)
		}, o.pinLength)
	default:
		old, err = loadSide(cmd.ErrOrStderr(), o.against, folderFiles, o.pinLength)
	}
	return old, now, err
}

// folderFiles opens a folder of menus, the built-in ones for "".
func folderFiles(dir string) (fs.FS, error) {
	if dir == "" {
		return menuFiles(""), nil
	}
	if _, err := os.ReadDir(dir); err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	return menuFiles(dir), nil
}

// loadSide loads and checks one of two menus.
func loadSide(
	talk io.Writer, name string, open func(string) (fs.FS, error), pinLength int,
) (comparedSide, error) {
	files, err := open(name)
	if err != nil {
		return comparedSide{}, err
	}
	s := comparedSide{name: name, files: files}
	if name == "" {
		s.name = "the built-in menus"
	}
	var report source.Report
	set := loadMenus(files, pinLength, &report)
	if err := report.WriteIn(talk, name); err != nil {
		return s, err
	}
	if set == nil {
		return s, fmt.Errorf("%s cannot be compared: put the faults right that are listed above", s.name)
	}
	s.menuSet = *set
	return s, nil
}

// liveFiles are the files of the revision that everybody is given; while nothing is published they
// are the built-in ones.
func liveFiles(ctx context.Context, config, data string) (files fs.FS, err error) {
	store, closeStore, _, err := openBooks(ctx, config, data)
	if err != nil {
		return nil, err
	}
	defer closeStore()
	log, err := readLog(ctx, store)
	if err != nil {
		return nil, err
	}
	if log.rollout.Live == "" {
		return menuFiles(""), nil
	}
	r, err := log.read(ctx, store, log.rollout.Live)
	if err != nil {
		return nil, err
	}
	return r.FS(), nil
}
