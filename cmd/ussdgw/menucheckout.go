package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ussdgw/menus/revision"
)

func menuCheckoutCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "checkout REVISION|live|built-in DIR",
		Short: "Write the files of a revision into a new folder, to change them or to look at them",
		Long: `Write the menu files of a revision into the folder DIR, which must not exist: of one that
was published once, of the live one, or the menus built into the program. With them come the
schemas by which editors complete and underline.

Exit codes: 0 written, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw menu checkout built-in mymenus",
			"ussdgw menu checkout live mymenus --config config.yaml",
			"ussdgw menu checkout 3f2a9c41d07e old --data ./devdata"),
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, files, err := o.checkedOut(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := writeFolder(args[1], files); err != nil {
				return err
			}
			if err := writeSchemas(args[1]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %d files\n", args[1], name,
				len(files))
			return err
		},
	}
	o.flags(cmd)
	return cmd
}

// checkedOut returns the files that are meant by which, and what they are called. The built-in ones
// need no ledger.
func (o *ledgerOptions) checkedOut(
	ctx context.Context, which string,
) (name string, files map[string][]byte, err error) {
	if which == againstBuiltIn {
		files, err = revision.Pack(menuFiles(""))
		return menusName(""), files, err
	}
	store, closeStore, _, err := openBooks(ctx, o.config, o.data)
	if err != nil {
		return "", nil, err
	}
	defer closeStore()
	log, err := readLog(ctx, store)
	if err != nil && (which == againstLive || !errors.Is(err, revision.ErrTampered)) {
		return "", nil, err // a broken log does not keep files, which are checked, from being read
	}
	if which == againstLive {
		if which = log.rollout.Live; which == "" {
			files, err = revision.Pack(menuFiles(""))
			return menusName(""), files, err
		}
	}
	r, err := log.resolve(ctx, store, which)
	return r.ID, r.Files, err
}

// writeFolder makes a folder of files. It changes nothing that is there.
func writeFolder(dir string, files map[string][]byte) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("%s: %w; name a folder that does not exist", dir, reason(err))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
