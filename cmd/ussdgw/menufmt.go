package main

import (
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"ussdgw/menus/format"
	"ussdgw/menus/source"
)

// formatOptions are the flags of menu fmt.
type formatOptions struct {
	dir         string
	check, diff bool
}

func menuFormatCommand() *cobra.Command {
	var o formatOptions
	cmd := &cobra.Command{
		Use:   "fmt [DIR]",
		Short: "Bring menu files into one form, without a change of what they mean",
		Long: `Bring every *.yaml file of DIR into one form: the line by which an editor finds the schema
first, two blanks for each level, no tabs, carriage returns or blanks at the ends of lines, one
empty line between states, double quotes. Comments and the order of everything stay.

A file is read before and after and written only when it says exactly the same. The names of the
files that were changed are printed.

--check changes nothing and prints the names; --diff prints what would change.

Exit codes: 0 done or nothing to do, 1 something would change (with --check) or a file is no YAML,
2 wrong use or a folder that cannot be read.`,
		Example: indent("ussdgw menu fmt mymenus", "ussdgw menu fmt mymenus --check",
			"ussdgw menu fmt mymenus --diff"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if o.dir = dir; dir == "" && !o.check && !o.diff {
				return usage(cmd, "name the folder: the built-in menus cannot be changed")
			}
			return runFormat(cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "change nothing; exit 1 if something would change")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "change nothing; print what would change")
	return cmd
}

func runFormat(stdout, stderr io.Writer, o formatOptions) error {
	fsys := menuFiles(o.dir)
	var found source.Report
	read, _ := source.Load(fsys, &found)
	files := map[string]newFile{}
	for _, f := range read {
		was, err := fs.ReadFile(fsys, f.Name)
		if err != nil {
			return err
		}
		kind := kindOfFile(f)
		now, err := format.File(f.Name, was, kind.schema, "./"+kind.file, &found)
		if err != nil {
			return err
		}
		if now != nil && string(now) != string(was) {
			files[f.Name] = newFile{was: was, now: now}
		}
	}
	if found.Failed() {
		if err := found.WriteIn(stderr, o.dir); err != nil {
			return err
		}
		return &exitError{code: exitFailure}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := pathIn(o.dir, name) + "\n"
		if o.diff {
			text = string(diff.Diff(pathIn(o.dir, name), files[name].was,
				pathIn(o.dir, name)+" (formatted)", files[name].now))
		}
		if _, err := io.WriteString(stdout, text); err != nil {
			return err
		}
	}
	switch {
	case o.check && len(files) > 0:
		return &exitError{code: exitFailure}
	case o.check || o.diff:
		return nil
	}
	return replaceFiles(o.dir, files)
}

// kindOfFile tells the kind of a file by what it says it is. The zero fileKind is none.
func kindOfFile(f *source.File) fileKind {
	for _, k := range fileKinds() {
		if f.Root.Field("schema").Scalar() == k.says {
			return k
		}
	}
	return fileKind{}
}
