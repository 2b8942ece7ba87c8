package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func keysCommand() *cobra.Command {
	return group("keys", "Look after the keys that protect PINs and INNs",
		keysStatusCommand(), keysNewCommand(), keysResealCommand())
}

func keysStatusCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell which keys are in use, and which may be removed",
		Long: `Count, for each version of the key, the PINs, the sealed INNs and the waiting messages that
only this version can read. A version that nothing needs may be removed from the key file, unless it
is current or fingerprints use it.

To change the key: "keys new" makes a line. Where several processes serve, put it above the last
line first and restart them all, so that each can read it; then move it to the end, which makes it
current, and restart them again. Every PIN comes under it when it is typed right the next time, the
INNs with "keys reseal". Whoever has not typed the PIN when the old key goes can have it reset.

Fingerprints are the keyed hashes by which INNs and IMSIs are found. Their key never changes. Where
the file has no line of its own for it, it is the key of the lowest version: copy that key to a line
"fingerprint:BASE64" before the version is removed.

Exit codes: 0 all keys are there, 1 some are missing, or failure, 2 wrong use.`,
		Example: indent("ussdgw keys status --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.keyring(cmd, func(r keyring) error {
				return r.status(cmd.Context(), cmd.OutOrStdout())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func keysResealCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Seal all INNs with the current key",
		Long: `Seal every INN anew that is sealed with another version of the key than the current one.
Nothing is printed but how many. It may be broken off and begun again, while the gateway serves.

Exit codes: 0 it is done, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw keys reseal --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.keyring(cmd, func(r keyring) error {
				n, err := r.issuer.ResealINNs(cmd.Context())
				if err == nil {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s sealed with key version %d\n",
						plural(n, "INN"), r.keys.Current())
				}
				return err
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func keysNewCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Print a line for the key file, with a new key",
		Long: `Print a line for the file of pin.key_file, with a new key that is drawn from the system's
source of randomness. With --file its version is the one after the highest in that file, which is
read and not changed. Without, the lines are those of a first file: the key of the fingerprints,
which never changes, and version 1.

The lines are secrets: let them go into a file that nobody else can read, as in the examples.

Exit codes: 0 success, 1 failure, 2 wrong use.`,
		Example: indent("(umask 077 && ussdgw keys new > /etc/ussdgw/pin.keys)",
			"ussdgw keys new --file /etc/ussdgw/pin.keys >> /etc/ussdgw/pin.keys"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			versions := []int{0, 1}
			if file != "" {
				keys, err := pin.LoadKeys(file)
				if err != nil {
					return err
				}
				versions = []int{slices.Max(keys.Versions()) + 1}
			}
			for _, version := range versions {
				line, err := pin.NewKeyLine(version, rand.Reader)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(line)
				clear(line)
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "key file that gets the line")
	return cmd
}

// A keyring is the keys of a ledger.
type keyring struct {
	keys   *pin.Keys
	store  ledger.Store
	issuer *wallet.Issuer
}

// keyring calls do with the keys of a ledger.
func (o ledgerOptions) keyring(cmd *cobra.Command, do func(keyring) error) error {
	store, closeStore, cfg, err := openBooks(cmd.Context(), o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	keys, err := o.keys(cfg)
	if err != nil {
		return err
	}
	none := &catalogue.Catalogue{}
	issuer, err := wallet.NewIssuer(cfg.wallet(), store, nil, keys,
		func(msisdn.Number) *catalogue.Catalogue { return none }, nil, nil, nil)
	if err != nil {
		return err
	}
	return do(keyring{keys, store, issuer})
}

// status prints who uses which key.
func (r keyring) status(ctx context.Context, out io.Writer) error {
	missing, err := r.issuer.CheckKeys(ctx)
	if err != nil {
		return err
	}
	use, err := r.store.KeyVersions(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	tableRow(table, "version", "PINs", "INNs", "messages", "")
	for _, v := range r.keys.Versions() {
		tableRow(table, fmt.Sprint(v), fmt.Sprint(use.PINs[v]), fmt.Sprint(use.INNs[v]),
			fmt.Sprint(use.Messages[v]), r.fate(v, use))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if missing != "" {
		return fmt.Errorf("%s\nput the lines back, or have these PINs reset",
			strings.ReplaceAll(missing, "; ", "\n"))
	}
	return nil
}

// fate says what a version is good for.
func (r keyring) fate(v int, use ledger.KeyUse) string {
	switch {
	case v == r.keys.Current():
		return "current"
	case use.PINs[v]+use.INNs[v]+use.Messages[v] > 0:
		return "in use"
	case v == r.keys.FingerprintVersion():
		return "fingerprints use it: copy it to a line fingerprint:BASE64 before you remove it"
	}
	return "may be removed"
}
