package main

import (
	"context"
	"fmt"

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
		r, err := e.log.read(ctx, e.store, c.Revision)
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
