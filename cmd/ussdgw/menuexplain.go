package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
)

func menuExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]...",
		Short: "Say what a finding of menu check means and what to do about it",
		Long: `Say what a code that "menu check" prints means and what to do about it. Without a code all
are listed.`,
		Example: indent("ussdgw menu explain MENU009", "ussdgw menu explain"),
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return explainCodes(cmd.OutOrStdout(), args)
		},
	}
}

// findingCodes are the codes of all that checks a folder of menus.
func findingCodes() []source.Code {
	return slices.Concat(source.Codes(), menu.Codes(), catalogue.Codes())
}

func explainCodes(out io.Writer, names []string) error {
	all := findingCodes()
	var known []string
	for _, c := range all {
		known = append(known, c.Code)
		if len(names) == 0 {
			if _, err := fmt.Fprintf(out, "%s  %s\n", c.Code, c.Title); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		name = strings.ToUpper(name)
		i := slices.Index(known, name)
		if i < 0 {
			text := fmt.Sprintf("no finding has the code %s", name)
			if near := source.Suggest(name, known); near != "" {
				text += ", did you mean " + near + "?"
			}
			return &exitError{exitUsage, text + "\nsee: ussdgw menu explain"}
		}
		c := all[i]
		if _, err := fmt.Fprintf(out, "%s: %s\n\n%s\n\n", c.Code, c.Title, c.Text); err != nil {
			return err
		}
	}
	return nil
}
