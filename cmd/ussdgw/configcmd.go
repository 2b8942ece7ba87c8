package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/wallet/pin"
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
that cannot be read here is a warning: it may be on another machine. Where they are here, the keys
of the PINs, the public offer and the menus are checked too.

Exit codes: 0 no fault, 1 faults, 2 wrong use. Success prints nothing.`,
		Example: indent("ussdgw config check --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path == "" {
				return usage(cmd, "--config FILE is missing")
			}
			cfg, report := loadConfig(path, filesElsewhere)
			var missing error
			if !report.Failed() && cfg.Wallet.PublicOfferFile == "" {
				_, missing = cfg.Wallet.publicOffer()
			}
			named := checkNamed(cmd.ErrOrStderr(), cfg)
			return errors.Join(finish(cmd, report), missing, named)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// checkNamed looks into what a configuration names, where it is on this machine: the keys of the
// PINs, the public offer and the menus.
func checkNamed(w io.Writer, cfg Config) error {
	var faults error
	if _, err := os.Stat(cfg.PIN.KeyFile); cfg.PIN.KeyFile != "" && err == nil {
		if _, err := pin.LoadKeys(cfg.PIN.KeyFile); err != nil {
			faults = &exitError{exitFailure, fmt.Sprintf("pin.key_file: %v", err)}
		}
	}
	if _, err := os.Stat(cfg.Wallet.PublicOfferFile); err == nil {
		if _, err := cfg.Wallet.publicOffer(); err != nil {
			faults = errors.Join(faults, &exitError{exitFailure, err.Error()})
		}
	}
	if _, err := os.Stat(cfg.Agents.CertFile); cfg.Agents.Addr != "" && err == nil {
		if _, err := cfg.Agents.desk(); err != nil {
			faults = errors.Join(faults, &exitError{exitFailure, err.Error()})
		}
	}
	if cfg.Menus.Dir == "" {
		return faults
	}
	if _, err := os.Stat(cfg.Menus.Dir); err != nil {
		_, err = fmt.Fprintf(w, "warning: menus.dir: %v; is it on another machine?\n", err)
		return errors.Join(faults, err)
	}
	_, err := requireMenus(w, cfg.Menus.Dir, cfg.PIN.Length)
	return errors.Join(faults, err)
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
