package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet/ledger/pgstore"
)

// migrateWithin bounds a migration. A long one is not a start of the gateway's.
const migrateWithin = time.Hour

func dbCommand() *cobra.Command {
	return group("db", "Look after the ledger's database", dbMigrateCommand(), dbStatusCommand())
}

func dbMigrateCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the ledger's tables to this version of the program",
		Long: `Apply the migrations that are missing in the PostgreSQL of the configuration. It may be
run again and by several machines at once. Migrations only go forward; take a backup before.

Exit codes: 0 the tables are of this version, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw db migrate --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd, path, func(ctx context.Context, store *pgstore.Store) error {
				ctx, cancel := context.WithTimeout(ctx, migrateWithin)
				defer cancel()
				if err := store.Migrate(ctx); err != nil {
					return err
				}
				return printMigrations(ctx, cmd, store)
			})
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func dbStatusCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List the migrations and when they were applied",
		Long: `List the migrations of the ledger and when they were applied.

Exit codes: 0 none is missing, 1 some are, or failure, 2 wrong use.`,
		Example: indent("ussdgw db status --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd, path, func(ctx context.Context, store *pgstore.Store) error {
				if err := printMigrations(ctx, cmd, store); err != nil {
					return err
				}
				return requireMigrated(ctx, store, path)
			})
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// withLedger calls do with the ledger of a configuration.
func withLedger(
	cmd *cobra.Command, path string, do func(context.Context, *pgstore.Store) error,
) error {
	cfg, err := requireConfig(cmd, path)
	if err != nil {
		return err
	}
	store, err := openLedger(cmd.Context(), cfg.Ledger)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(cmd.Context(), store)
}

func printMigrations(ctx context.Context, cmd *cobra.Command, store *pgstore.Store) error {
	list, err := store.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, m := range list {
		applied := "missing"
		if !m.AppliedAt.IsZero() {
			applied = m.AppliedAt.UTC().Format(time.DateTime)
		}
		if _, err := fmt.Fprintf(table, "%04d\t%s\t%s\n", m.Version, m.Name, applied); err != nil {
			return err
		}
	}
	return table.Flush()
}
