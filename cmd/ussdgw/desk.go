package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// A desk is where support looks after one subscriber: the ledger with the wallet, and what else is
// there to go by.
type desk struct {
	ctx    context.Context // of the command, which is over before the desk is
	in     io.Reader
	out    io.Writer
	talk   io.Writer
	data   string // folder of dev, "" where a configuration was named
	cfg    Config
	store  bookStore
	wallet ledger.Wallet
}

// desk calls do with the ledger and the wallet of a number in it.
func (o ledgerOptions) desk(cmd *cobra.Command, number string, do func(*desk) error) error {
	n, err := msisdn.Parse(number)
	if err != nil {
		return usage(cmd, fmt.Sprintf("%q is no number such as 996555123456", number))
	}
	ctx := cmd.Context()
	store, closeStore, cfg, err := openBooks(ctx, o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	w, err := store.Wallet(ctx, n)
	if errors.Is(err, ledger.ErrNoWallet) {
		return fmt.Errorf("the number %s has no wallet", n)
	}
	if err != nil {
		return err
	}
	return do(&desk{
		ctx: ctx, in: cmd.InOrStdin(), out: cmd.OutOrStdout(), talk: cmd.ErrOrStderr(),
		data: o.data, cfg: cfg, store: store, wallet: w,
	})
}

// keys are the PIN keys of the ledger.
func (o ledgerOptions) keys(cfg Config) (*pin.Keys, error) {
	if o.data != "" {
		return pin.LoadKeys(filepath.Join(o.data, devKeysFile))
	}
	return pin.LoadKeys(cfg.PIN.KeyFile)
}

// catalogue is that of the menus that are live.
func (d *desk) catalogue(ctx context.Context) (*catalogue.Catalogue, error) {
	files := menuFiles(d.cfg.Menus.Dir)
	if d.cfg.Menus.Dir == "" {
		log, err := readLog(ctx, d.store)
		if err != nil {
			return nil, err
		}
		if log.rollout.Live != "" {
			r, err := log.read(ctx, d.store, log.rollout.Live)
			if err != nil {
				return nil, err
			}
			files = r.FS()
		}
	}
	var report source.Report
	c := catalogue.Load(files, &report)
	if c == nil {
		return nil, fmt.Errorf("the menus have faults: %w", report.Err())
	}
	return c, nil
}

// levels are the levels of identification that have limits.
func levels(c *catalogue.Catalogue) []string { return slices.Sorted(maps.Keys(c.Limits)) }

// issuer is one over the ledger, without a way to post payments. Without keys it makes no PIN,
// without a catalogue it knows no limits.
func (d *desk) issuer(keys *pin.Keys, c *catalogue.Catalogue) (*wallet.Issuer, error) {
	if c == nil {
		c = &catalogue.Catalogue{}
	}
	config := d.cfg.wallet()
	if d.data != "" {
		config.PINLength = devPINLength(d.data, config.PINLength)
	}
	return wallet.NewIssuer(config, d.store, nil, keys,
		func(msisdn.Number) *catalogue.Catalogue { return c }, nil, nil, nil)
}

// devPINLength is the length of the PINs that a folder of dev was made with.
func devPINLength(dir string, fallback int) int {
	var people []devSubscriber
	text, err := os.ReadFile(filepath.Join(dir, devSeedsFile))
	if err != nil || json.Unmarshal(text, &people) != nil || len(people) == 0 {
		return fallback
	}
	return len(people[0].PIN)
}

// identified returns an issuer with its keys, after the INN on the document was compared, if it is
// to be.
func (d *desk) identified(checkINN bool, by *wallet.Clerk) (*wallet.Issuer, error) {
	keys, err := ledgerOptions{data: d.data}.keys(d.cfg)
	if err != nil {
		return nil, err
	}
	issuer, err := d.issuer(keys, nil)
	if err != nil {
		return nil, err
	}
	if _, err := issuer.CheckKeys(d.ctx); err != nil {
		return nil, fmt.Errorf("the PIN keys are not those of this ledger: %w", err)
	}
	if !checkINN {
		return issuer, nil
	}
	inn, err := d.askINN()
	if err != nil {
		return nil, err
	}
	defer inn.Wipe()
	if !issuer.HasINN(d.wallet, inn) {
		return nil, errors.New("that is not the INN of this subscriber: nothing was done")
	}
	by.SawINN = true
	return issuer, nil
}

// maxINNLine bounds what is read for an INN.
const maxINNLine = 64

// askINN reads an INN from the keyboard or a pipe. An argument would be in the list of processes.
func (d *desk) askINN() (pin.Secret, error) {
	if f, ok := d.in.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		if _, err := fmt.Fprint(d.talk, "INN on the document: "); err != nil {
			return pin.Secret{}, err
		}
	}
	lines := bufio.NewScanner(io.LimitReader(d.in, maxINNLine))
	lines.Scan()
	typed := lines.Bytes()
	defer clear(typed)
	if err := lines.Err(); err != nil {
		return pin.Secret{}, fmt.Errorf("INN: %w", err)
	}
	return pin.NewSecret(typed), nil
}
