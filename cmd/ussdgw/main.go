// Command ussdgw is a USSD menu gateway for a mobile wallet: a subscriber dials *900#, the
// operator's message centre hands the dialogue over by SMPP, and the gateway shows menus, moves
// money in a ledger and confirms by SMS.
//
// This package is wiring: it reads the configuration, builds the logger and the metrics, opens
// the stores and the link, and starts and stops what the other packages own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
)

// version is set by the linker: -X main.version=...
var version = "dev"

// The exit codes that all commands share. Commands that have more say so in their help.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// An exitError ends the program with a code of its own. An empty text prints nothing: what was
// wrong is printed already.
type exitError struct {
	code int
	text string
}

// Error is the text.
func (e *exitError) Error() string { return e.text }

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns the exit code. The first SIGINT or SIGTERM ends the
// command's context, the second one the process.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // from here on a signal has its usual effect
	}()
	root := rootCommand()
	root.SetArgs(args)
	return exitCode(os.Stderr, root.ExecuteContext(ctx))
}

func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailure
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintf(stderr, "ussdgw: %s\n", text)
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ussdgw",
		Short: "A USSD menu gateway for a mobile wallet",
		Long: `ussdgw is a USSD menu gateway for a mobile wallet: menus in YAML, SMPP to the
operator's message centre, money in a ledger that moves exactly once.

Begin with:  ussdgw dev
and in a second terminal:  ussdgw dial '*900#'

Exit codes: 0 success, 1 failure, 2 wrong use. "test" and "menu plan" have more, see their help.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(cmd, err.Error())
	})
	root.AddCommand(
		devCommand(), serveCommand(), dialCommand(), testCommand(),
		menuCommand(), subscriberCommand(), agentCommand(), paymentCommand(), caseCommand(),
		ledgerCommand(), reconcileCommand(), registryCommand(), outboxCommand(), auditCommand(),
		keysCommand(), dbCommand(), configCommand(), simCommand(), versionCommand(),
	)
	strict(root)
	return root
}

// strict makes wrong arguments a wrong use, with the way out.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	accept := cmd.Args
	if accept == nil {
		accept = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := accept(cmd, args)
		if err == nil {
			return nil
		}
		text := err.Error()
		if len(args) > 0 && cmd.HasSubCommands() {
			text = fmt.Sprintf("unknown command %q", args[0])
			var known []string
			for _, sub := range cmd.Commands() {
				known = append(known, sub.Name())
			}
			if near := source.Suggest(args[0], known); near != "" {
				text += fmt.Sprintf("; did you mean %q?", near)
			}
		}
		return usage(cmd, text)
	}
}

func usage(cmd *cobra.Command, text string) error {
	return &exitError{exitUsage, fmt.Sprintf("%s\nsee: %s --help", text, cmd.CommandPath())}
}

// group is a command that only has subcommands.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subs...)
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  ussdgw version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ussdgw "+version)
			return err
		},
	}
}

// indent makes an example of lines.
func indent(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }
