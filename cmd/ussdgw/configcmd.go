package main

import (
	"github.com/spf13/cobra"

	"ussdgw/menus/source"
)

func configCommand() *cobra.Command {
	return group("config", "Look at the configuration of serve", configCheckCommand())
}

func configCheckCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Report every fault of a configuration at once",
		Long: `Report every fault of a configuration file and of the USSDGW_ variables at once, with
file, line and the way out. Nothing is started and nothing is connected to. A file of a secret
that cannot be read here is a warning: it may be on another machine.

Exit codes: 0 no fault, 1 faults, 2 wrong use. Success prints nothing.`,
		Example: indent("ussdgw config check --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path == "" {
				return usage(cmd, "--config FILE is missing")
			}
			_, report := loadConfig(path, filesElsewhere)
			return finish(cmd, report)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// finish prints the findings of a report and turns a failed one into the exit code 1.
func finish(cmd *cobra.Command, report *source.Report) error {
	if err := report.Write(cmd.ErrOrStderr()); err != nil {
		return err
	}
	if report.Failed() {
		return &exitError{code: exitFailure}
	}
	return nil
}

// configFlag adds the required --config.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", "", "configuration file (required)")
}

// requireConfig reads the configuration of a command that cannot go on without it.
func requireConfig(cmd *cobra.Command, path string) (Config, error) {
	if path == "" {
		return Config{}, usage(cmd, "--config FILE is missing")
	}
	cfg, report := loadConfig(path, filesRequired)
	return cfg, finish(cmd, report)
}
