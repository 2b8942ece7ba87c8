package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/revision"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
)

// ledgerOptions are the flags that say where the ledger is whose menus are meant.
type ledgerOptions struct{ config, data string }

func (o *ledgerOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "configuration of serve: its PostgreSQL is meant")
	f.StringVar(&o.data, "data", "", "folder of dev --data: its ledger is meant")
}

// flag is how the ledger is named on a command line.
func (o *ledgerOptions) flag() string {
	if o.config != "" {
		return "--config " + shellWord(o.config)
	}
	return "--data " + shellWord(o.data)
}

// A bookStore is a ledger: the money, and the menus that are published in it.
type bookStore interface {
	ledger.Store
	revision.Store
}

// openBooks opens the ledger that a command is about: the PostgreSQL of a configuration, or that of
// a folder of dev. Exactly one of them is needed. The Config of a folder is the default one. The
// caller closes the ledger.
func openBooks(
	ctx context.Context, config, data string,
) (b bookStore, closeBooks func(), cfg Config, err error) {
	switch {
	case (config == "") == (data == ""):
		return nil, nil, cfg, &exitError{exitUsage, "which ledger is meant? give one of:\n" +
			"  --config FILE  the configuration of serve\n  --data DIR     the folder of dev --data"}
	case data != "":
		b, closeBooks, err = openDevBooks(data)
		return b, closeBooks, defaultConfig(), err
	}
	cfg, report := loadConfig(config, filesElsewhere)
	if report.Failed() {
		var text bytes.Buffer
		if err := report.Write(&text); err != nil {
			return nil, nil, cfg, err
		}
		return nil, nil, cfg, fmt.Errorf("the configuration has faults:\n%s",
			strings.TrimSpace(text.String()))
	}
	if cfg.Ledger.URL == "" {
		_, err := readAtMost(cfg.Ledger.URLFile, maxSecretOctets)
		return nil, nil, cfg, fmt.Errorf("%s: ledger.url_file cannot be read: %w", config, err)
	}
	store, err := openLedger(ctx, cfg.Ledger)
	if err != nil {
		return nil, nil, cfg, err
	}
	if err := requireMigrated(ctx, store, config); err != nil {
		store.Close()
		return nil, nil, cfg, err
	}
	return store, store.Close, cfg, nil
}

// openDevBooks opens the ledger of a folder of dev. It makes none: a mistyped folder would
// get an empty one.
func openDevBooks(dir string) (bookStore, func(), error) {
	path := filepath.Join(dir, devLedgerFile)
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("%s holds no ledger: %w\nmake one: ussdgw dev --data %s", dir,
			reason(err), shellWord(dir))
	}
	store, err := litestore.Open(path, litestore.Existing())
	if errors.Is(err, litestore.ErrNotBooks) {
		return nil, nil, fmt.Errorf("%s holds no ledger: %s is not one that ussdgw has made", dir,
			devLedgerFile)
	}
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}
