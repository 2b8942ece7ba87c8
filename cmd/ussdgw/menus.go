package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

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
	if err := report.WriteIn(w, dir); err != nil {
		return nil, err
	}
	if set == nil {
		return nil, fmt.Errorf("the menus have faults; put them right and see: ussdgw menu check %s",
			dir)
	}
	return set, nil
}

// pathIn is the name of a file of dir as findings print it.
func pathIn(dir, file string) string { return filepath.Join(dir, file) }

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
		menuFormatCommand(),
		menuSchemaCommand(),
		menuI18NCommand(),
	)
}

// A pinLength is the value of a flag: the digits of a PIN.
type pinLength struct{ to *int }

// pinLengthFlag adds --pin-length, which is 0 for what the menus say themselves.
func pinLengthFlag(cmd *cobra.Command, to *int) {
	cmd.Flags().Var(pinLength{to}, "pin-length",
		"digits of a PIN where the configuration says other than the menus")
}

// Set implements pflag.Value.
func (p pinLength) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 4 || n > 12 {
		return errors.New("a PIN has 4 to 12 digits")
	}
	*p.to = n
	return nil
}

// String implements pflag.Value. Help shows no default: without the flag the menus say it.
func (p pinLength) String() string {
	if p.to == nil || *p.to == 0 {
		return ""
	}
	return strconv.Itoa(*p.to)
}

// Type implements pflag.Value.
func (pinLength) Type() string { return "int" }
