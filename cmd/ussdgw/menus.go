package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/msisdn"
)

// menuSet is a folder of menu files that was checked: the program that subscribers walk and the
// catalogue behind it.
type menuSet struct {
	program   *menu.Program
	catalogue *catalogue.Catalogue
}

// Begin, Revision and Catalogue make of a set menus that never change: see liveMenus.
func (s *menuSet) Begin(msisdn.Number) *menu.Program { return s.program }

// Revision implements ussd.Menus.
func (s *menuSet) Revision(ctx context.Context, id string) (*menu.Program, error) {
	return ussd.OneMenu(s.program).Revision(ctx, id)
}

// Catalogue implements liveMenus.
func (s *menuSet) Catalogue(msisdn.Number) *catalogue.Catalogue { return s.catalogue }

// loadMenus reads and checks the menus of fsys. pinLength is the digits of a PIN, 0 for what the
// menus say themselves. All findings go to r; without a menuSet r has failed. The menus are
// proven against the catalogue; when that has faults, against the built-in one, so that all that
// is wrong is found at once.
func loadMenus(fsys fs.FS, pinLength int, r *source.Report) *menuSet {
	c := catalogue.Load(fsys, r)
	if c == nil {
		if c = catalogue.Load(menus.FS(), new(source.Report)); c == nil {
			panic("ussdgw: the built-in catalogue has faults")
		}
	}
	p := menu.Load(fsys, teller.Environment(c, pinLength), r)
	if p == nil {
		return nil
	}
	return &menuSet{program: p, catalogue: c}
}

// menuFiles is the folder dir, or the menus built into the program when dir is empty.
func menuFiles(dir string) fs.FS {
	if dir == "" {
		return menus.FS()
	}
	return os.DirFS(dir)
}

// requireMenus loads the menus of a command that cannot go on without them, and prints what was
// found.
func requireMenus(w io.Writer, dir string, pinLength int) (*menuSet, error) {
	var report source.Report
	set := loadMenus(menuFiles(dir), pinLength, &report)
	if err := writeFindings(w, dir, &report); err != nil {
		return nil, err
	}
	if set == nil {
		return nil, fmt.Errorf("the menus have faults; put them right and see: ussdgw menu check %s",
			dir)
	}
	return set, nil
}

// writeFindings prints a report of dir's files with the folder before their names, so that a
// terminal or an editor can jump there.
func writeFindings(w io.Writer, dir string, report *source.Report) error {
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		return err
	}
	var out strings.Builder
	for line := range strings.Lines(text.String()) {
		for _, f := range report.Findings() {
			if strings.HasPrefix(line, f.Pos.File+":") {
				line = filepath.Join(dir, f.Pos.File) + line[len(f.Pos.File):]
				break
			}
		}
		out.WriteString(line)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func menuCommand() *cobra.Command {
	return group("menu", "Work on the menus",
		menuCheckCommand(),
		menuShowCommand(),
		menuGraphCommand(),
		menuPlanCommand(),
		menuBreakingCommand(),
		menuExplainCommand(),
		menuPublishCommand(),
		menuStatusCommand(),
		menuHistoryCommand(),
		menuRollbackCommand(),
		menuCheckoutCommand(),
	)
}

func menuCheckCommand() *cobra.Command {
	var pinLength int
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Prove that menus are right, or report every fault at once",
		Long: `Read every *.yaml file of DIR (the menus built into the program without it) and prove that
they are right: every target exists, every screen fits in every language at the widest values it
can have, money moves only from a screen that showed it and asked the PIN, a secret reaches no
text. Every problem is reported at once, with file, line, column, excerpt and advice.

Exit codes: 0 no error, 1 errors, 2 wrong use or a folder that cannot be read. Success prints
nothing; warnings alone are a success.`,
		Example: indent("ussdgw menu check menus/", "ussdgw menu check"),
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := ""
			if len(args) == 1 {
				dir = args[0]
				if _, err := os.ReadDir(dir); err != nil {
					return &exitError{exitUsage, err.Error()}
				}
			}
			var report source.Report
			loadMenus(menuFiles(dir), pinLength, &report)
			if err := writeFindings(cmd.ErrOrStderr(), dir, &report); err != nil {
				return err
			}
			if report.Failed() {
				return &exitError{code: exitFailure}
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&pinLength, "pin-length", 0,
		"digits of a PIN where the configuration says other than the menus")
	return cmd
}
