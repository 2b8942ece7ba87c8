package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// showOptions are the flags of menu show.
type showOptions struct {
	dir, lang string
	all       bool
	pinLength int
}

func menuShowCommand() *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show [STATE]...",
		Short: "Draw screens as a handset shows them, at the widest values they can have",
		Long: `Draw the screens of the named states, or of all with --all, page by page, as a handset
shows them. Amounts, names and codes have the widest values they can have: what is drawn is the
fullest that the screen can become. The menus must be right; see "menu check".`,
		Example: indent("ussdgw menu show pay_confirm --lang ru",
			"ussdgw menu show --all --menus mymenus | less"),
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.all == (len(args) > 0) {
				return usage(cmd, "name the states, or give --all")
			}
			set, err := requireMenus(cmd.ErrOrStderr(), o.dir, o.pinLength)
			if err != nil {
				return err
			}
			return showScreens(cmd.OutOrStdout(), set.program, o, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "menus", "", "folder of menu files instead of the built-in ones")
	f.StringVar(&o.lang, "lang", "", "only this language (default: all)")
	f.BoolVar(&o.all, "all", false, "every screen of the menu")
	f.IntVar(&o.pinLength, "pin-length", 0,
		"digits of a PIN where the configuration says other than the menus")
	return cmd
}

func showScreens(out io.Writer, p *menu.Program, o showOptions, names []string) error {
	if o.all {
		names = p.Screens()
	}
	langs := p.Languages()
	if o.lang != "" {
		if !slices.Contains(langs, o.lang) {
			return &exitError{exitUsage, fmt.Sprintf("the menu has no language %q, only %v",
				o.lang, langs)}
		}
		langs = []string{o.lang}
	}
	for _, name := range names {
		for _, lang := range langs {
			pages, err := p.Preview(name, lang)
			if err != nil {
				text := err.Error()
				if near := source.Suggest(name, p.Screens()); near != "" {
					text += ", did you mean " + near + "?"
				}
				return &exitError{exitUsage, text + "\nsee: ussdgw menu show --all"}
			}
			for _, s := range pages {
				_, err := fmt.Fprintf(out, "%s %s, page %d of %d\n%s\n", name, lang, s.Page,
					s.Pages, framed(s.Text, s.Units, s.Limit, s.Alphabet))
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
