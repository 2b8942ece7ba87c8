package main

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/report"
	"ussdgw/menus/source"
)

// checkOptions are the flags of menu check.
type checkOptions struct {
	dir       string // "" for the menus built into the program
	format    string
	fix       bool
	advice    bool
	pinLength int
}

func menuCheckCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Prove that menus are right, or report every fault at once",
		Long: `Read every *.yaml file of DIR (the menus built into the program without it) and prove that
they are right: every target exists, every screen fits in every language at the widest values it
can have, money moves only from a screen that showed it and asked the PIN, a secret reaches no
text. Every problem is reported at once, with file, line, column, excerpt and advice.

--fix makes the corrections that cannot be wrong, such as quotes around a key, and checks again.
--advice adds warnings about what works but could serve people better.

The text goes to the standard error, and success prints nothing. The other formats go to the
standard output and are complete on success too:
  json    an array of findings
  sarif   SARIF 2.1.0, for code scanning and editors
  junit   a test case for every finding and every file without one
  github  workflow commands that mark the lines of a change

Exit codes: 0 no error, 1 errors, 2 wrong use or a folder that cannot be read. Warnings alone are
a success.`,
		Example: indent("ussdgw menu check menus/", "ussdgw menu check mymenus --fix",
			"ussdgw menu check mymenus --format sarif > menus.sarif"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(report.Formats(), o.format) {
				return usage(cmd, fmt.Sprintf("no format %q, only %s", o.format,
					strings.Join(report.Formats(), ", ")))
			}
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if o.dir = dir; o.fix && dir == "" {
				return usage(cmd, "--fix needs DIR: the built-in menus cannot be changed")
			}
			return runCheck(cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", report.Text, "how the findings are written: "+
		strings.Join(report.Formats(), ", "))
	f.BoolVar(&o.fix, "fix", false, "make the corrections that cannot be wrong, then check again")
	f.BoolVar(&o.advice, "advice", false, "also say what could serve people better")
	pinLengthFlag(cmd, &o.pinLength)
	return cmd
}

// folder returns the one argument of a command that may name a folder of menu files, "" without
// it. A folder that cannot be read is wrong use.
func folder(args []string) (string, error) {
	if len(args) == 0 {
		return "", nil
	}
	if _, err := os.ReadDir(args[0]); err != nil {
		return "", &exitError{exitUsage, err.Error()}
	}
	return args[0], nil
}

func runCheck(stdout, stderr io.Writer, o checkOptions) error {
	found, err := checkFolder(stderr, o)
	if err != nil {
		return err
	}
	out := stdout
	if o.format == report.Text {
		out = stderr
	}
	about := report.About{Dir: o.dir, Version: version, Codes: findingCodes()}
	if err := report.Write(out, o.format, found, about); err != nil {
		return err
	}
	if n := found.Dropped(); n > 0 && o.format != report.Text {
		if _, err := fmt.Fprintf(stderr, "%d more findings are not shown\n", n); err != nil {
			return err
		}
	}
	if found.Failed() {
		return &exitError{code: exitFailure}
	}
	return nil
}

// maxFixRounds is how often files are corrected and checked again: a correction can bring to light
// what was hidden by the fault.
const maxFixRounds = 20

// checkFolder checks o.dir and with o.fix corrects it until nothing more can be corrected. What was
// corrected is said on stderr.
func checkFolder(stderr io.Writer, o checkOptions) (*source.Report, error) {
	for round := 0; ; round++ {
		found := &source.Report{Advice: o.advice}
		loadMenus(menuFiles(o.dir), o.pinLength, found)
		if !o.fix || round == maxFixRounds {
			return found, nil
		}
		files, made, err := corrected(o.dir, found)
		if err != nil || len(files) == 0 {
			return found, err
		}
		if err := replaceFiles(o.dir, files); err != nil {
			return nil, err
		}
		for _, f := range made {
			f.Pos.File = pathIn(o.dir, f.Pos.File)
			_, err := fmt.Fprintf(stderr, "%s: fixed %s: %s\n", f.Pos, f.Code, f.Message)
			if err != nil {
				return nil, err
			}
		}
	}
}

// corrected returns the files of dir with the corrections of their findings, and these findings.
func corrected(dir string, found *source.Report) (map[string]newFile, []source.Finding, error) {
	byFile := map[string][]source.Finding{}
	for _, f := range found.Findings() {
		if f.Fix != (source.Fix{}) {
			byFile[f.Pos.File] = append(byFile[f.Pos.File], f)
		}
	}
	files := map[string]newFile{}
	var all []source.Finding
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		was, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil {
			return nil, nil, err
		}
		now, made, err := source.Fixed(was, byFile[name])
		if err != nil {
			return nil, nil, err
		}
		if len(made) > 0 {
			files[name] = newFile{was: was, now: now}
			all = append(all, made...)
		}
	}
	return files, all, nil
}
