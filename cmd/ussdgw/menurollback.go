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

func menuRollbackCommand() *cobra.Command {
	var o changeOptions
	var to string
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Take back what was published, at once and for everybody",
		Long: `Take back what was published last, at once and for everybody. While a candidate is tried by
test numbers or by a share of the subscribers, it is dropped and everybody has the live menus. When
there is none, the menus that were live before are live again; once more, and those before them.
--to goes back to any revision that was live once.

A rollback is never refused for the sake of a second person or of a base. A dialogue under way ends
on the menus that it began with.

Exit codes: 0 rolled back, 1 refused or failed, 2 wrong use.`,
		Example: indent(`ussdgw menu rollback --reason "fee is not shown" --config config.yaml`,
			`ussdgw menu rollback --to 3f2a9c --reason "the one of May" --data devdata`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.edit(cmd, func(ctx context.Context, e *editor) error {
				return e.rollback(ctx, to)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the revision to go back to (default: the one before)")
	return cmd
}

func (e *editor) rollback(ctx context.Context, to string) error {
	c := revision.Change{Kind: revision.KindRollback}
	if to != "" {
		r, err := e.log.resolve(ctx, e.store, to)
		if err != nil {
			return err
		}
		c.Revision = r.ID
	}
	c, err := e.next(c)
	if err != nil {
		return err
	}
	// What is live needs no proof. Anything else has to be what this program can run.
	if c.Revision != "" && c.Revision != c.Base {
		r, err := e.store.Revision(ctx, c.Revision)
		if err != nil {
			return err
		}
		if err := e.check(r); err != nil {
			return err
		}
	}
	dropped := e.log.rollout.Candidate
	if err := e.append(ctx, c); err != nil {
		return err
	}
	if dropped != "" {
		if _, err := fmt.Fprintf(e.out, "%s is taken back from those who tried it.\n",
			dropped); err != nil {
			return err
		}
	}
	return e.published(c)
}

func menuCheckoutCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "checkout REVISION DIR",
		Short: "Write the files of a published revision into a new folder",
		Long: `Write the files of a revision into the folder DIR, which must not exist. So a change can be
made on what is live, and what was live once can be looked at.

Exit codes: 0 written, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw menu checkout 3f2a9c41d07e mymenus --config config.yaml"),
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, closeStore, _, err := openRevisions(cmd.Context(), o.config, o.data)
			if err != nil {
				return err
			}
			defer closeStore()
			log, err := readLog(cmd.Context(), store)
			if err != nil && !errors.Is(err, revision.ErrTampered) {
				return err // a broken log does not keep files, which are checked, from being read
			}
			r, err := log.resolve(cmd.Context(), store, args[0])
			if err != nil {
				return err
			}
			if err := writeFolder(args[1], r.Files); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is in %s: %d files.\n", r.ID, args[1],
				len(r.Files))
			return err
		},
	}
	o.flags(cmd)
	return cmd
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
