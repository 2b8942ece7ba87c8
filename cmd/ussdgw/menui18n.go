package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/menus/translation"
)

func menuI18NCommand() *cobra.Command {
	return group("i18n", "Give the menus' texts to translators and take them back",
		i18nExportCommand(), i18nImportCommand(), i18nMissingCommand())
}

func i18nExportCommand() *cobra.Command {
	var lang, out string
	cmd := &cobra.Command{
		Use:   "export [DIR]",
		Short: "Write the texts as a table (CSV) with a column for each language",
		Long: `Write every text of the menus and of the catalogue in DIR (the built-in ones without it) as
a row of a table in CSV: the file, the key, what it is, how long it may be where that does not
depend on the screen, and a column for each language. A text that is the same in all languages is
in the column "*". The column "was" lets "menu i18n import" see what was changed meanwhile.

With --lang there are two columns, the first language and that one, which may be a new one. A text
that a spreadsheet would take for a formula has an apostrophe before it, which import takes off.
A file written with -o begins with the mark by which spreadsheets know UTF-8.`,
		Example: indent("ussdgw menu i18n export mymenus -o texts.csv",
			"ussdgw menu i18n export mymenus --lang uz -o uzbek.csv"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, files, err := translated(cmd.ErrOrStderr(), args)
			if err != nil {
				return err
			}
			langs := translation.Languages(files)
			if lang != "" {
				if err := wantLanguage(cmd, lang); err != nil {
					return err
				}
				langs = slices.Compact([]string{firstLanguage(dir, langs), lang})
			}
			return writeTable(cmd.OutOrStdout(), out, files, langs)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "only this language beside the first (default: all)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write instead of the standard output")
	return cmd
}

// firstLanguage is the default language of a menu.
func firstLanguage(dir string, langs []string) string {
	if set := loadMenus(menuFiles(dir), 0, &source.Report{}); set != nil {
		return set.program.Languages()[0]
	}
	if len(langs) == 0 {
		return translation.Every
	}
	return langs[0]
}

func wantLanguage(cmd *cobra.Command, lang string) error {
	if !regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2,8})?$`).MatchString(lang) {
		return usage(cmd, fmt.Sprintf("%q is no language: two or three letters such as uz", lang))
	}
	return nil
}

func writeTable(stdout io.Writer, path string, files []translation.File, langs []string) error {
	var table bytes.Buffer
	if path != "" {
		table.WriteString("\ufeff")
	}
	if err := translation.Export(&table, translation.Rows(files), langs); err != nil {
		return err
	}
	if path == "" {
		_, err := stdout.Write(table.Bytes())
		return err
	}
	if err := os.WriteFile(path, table.Bytes(), 0o644); err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	return nil
}

// translated reads the files of the folder that args may name. What is no YAML is printed, and
// nothing is done then.
func translated(stderr io.Writer, args []string) (string, []translation.File, error) {
	dir, err := folder(args)
	if err != nil {
		return "", nil, err
	}
	files, err := readTranslated(stderr, dir)
	return dir, files, err
}

func readTranslated(stderr io.Writer, dir string) ([]translation.File, error) {
	var found source.Report
	read, whole := source.Load(menuFiles(dir), &found)
	if !whole || found.Failed() {
		if err := found.WriteIn(stderr, dir); err != nil {
			return nil, err
		}
		return nil, &exitError{code: exitFailure}
	}
	var files []translation.File
	for _, f := range read {
		if kind := kindOfFile(f); kind.schema != nil {
			files = append(files, translation.File{File: f, Schema: kind.schema})
		}
	}
	return files, nil
}

func i18nMissingCommand() *cobra.Command {
	var lang string
	cmd := &cobra.Command{
		Use:   "missing [DIR]",
		Short: "List the texts that a language lacks",
		Long: `List every text of the menus and of the catalogue in DIR (the built-in ones without it)
that lacks one of their languages, or the language of --lang, which may be one that is yet to be
added. A text that is the same in all languages lacks none.

Exit codes: 0 nothing is missing, 1 something is, 2 wrong use or a folder that cannot be read.`,
		Example: indent("ussdgw menu i18n missing mymenus", "ussdgw menu i18n missing --lang uz"),
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, files, err := translated(cmd.ErrOrStderr(), args)
			if err != nil {
				return err
			}
			langs := translation.Listed(files)
			if lang != "" {
				if err := wantLanguage(cmd, lang); err != nil {
					return err
				}
				langs = []string{lang}
			}
			return listMissing(cmd.OutOrStdout(), dir, files, langs)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "only this language (default: all that are listed)")
	return cmd
}

func listMissing(out io.Writer, dir string, files []translation.File, langs []string) error {
	gaps := translation.Missing(files, langs)
	for _, g := range gaps {
		g.Pos.File = pathIn(dir, g.Pos.File)
		_, err := fmt.Fprintf(out, "%s: %s: no text in %s\n", g.Pos, g.Key, g.Lang)
		if err != nil {
			return err
		}
	}
	if len(gaps) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(out, "%d texts are missing\n", len(gaps)); err != nil {
		return err
	}
	return &exitError{code: exitFailure}
}

// importOptions are what menu i18n import works on.
type importOptions struct {
	table, dir string
	dry        bool
	pinLength  int
}

func i18nImportCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE [DIR]",
		Short: "Put changed texts of a table back into the menu files",
		Long: `Put what was changed in a table of "menu i18n export" back into the files of DIR. Only the
texts change; comments and everything else stay as they are. A column of a new language adds it to
the texts and to the list of languages.

Nothing at all is written when a line cannot be taken: its key is not known, the text was changed in
the files since the export, it does not show the same values ({amount}) as before; nor when the
menus would have a fault, such as a screen that no longer fits.

FILE may have commas, semicolons or tabs between its cells, and a UTF-8 byte order mark.

Exit codes: 0 done or nothing to do, 1 something is wrong, 2 wrong use or what cannot be read.`,
		Example: indent("ussdgw menu i18n import texts.csv mymenus --dry-run",
			"ussdgw menu i18n import texts.csv mymenus"),
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := folder(args[1:])
			if err != nil {
				return err
			}
			if o.table, o.dir = args[0], dir; dir == "" && !o.dry {
				return usage(cmd, "name the folder: the built-in menus cannot be changed")
			}
			return importTable(cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "say what would change and write nothing")
	pinLengthFlag(cmd, &o.pinLength)
	return cmd
}

func importTable(stdout, stderr io.Writer, o importOptions) error {
	table, err := readTable(o.table)
	if err != nil {
		return err
	}
	files, err := readTranslated(stderr, o.dir)
	if err != nil {
		return err
	}
	changed, faults := translation.Read(table, files)
	for _, f := range faults {
		place := o.table
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", o.table, f.Line)
		}
		if _, err := fmt.Fprintf(stderr, "%s: %s\n", place, f.Text); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return &exitError{exitFailure, "nothing was written"}
	}
	if err := checkImport(stderr, o, files, changed); err != nil {
		return err
	}
	for _, c := range changed.Changes {
		c.Pos.File = pathIn(o.dir, c.Pos.File)
		_, err := fmt.Fprintf(stdout, "%s: %s %s: %q -> %q\n", c.Pos, c.Key, c.Lang, c.Old, c.New)
		if err != nil {
			return err
		}
	}
	said := "written"
	if o.dry {
		said = "to be written"
	}
	_, err = fmt.Fprintf(stdout, "%d texts in %d files %s\n", len(changed.Changes),
		len(changed.Files), said)
	if err != nil || o.dry {
		return err
	}
	return writeImport(o.dir, files, changed)
}

// readTable reads a table, and no more of it than may be.
func readTable(path string) (table []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	defer func() { _ = f.Close() }()
	table, err = io.ReadAll(io.LimitReader(f, translation.MaxTableBytes+1))
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	return table, nil
}

// checkImport checks the menus as they would be. What is wrong is printed, first by the lines of
// the table that it comes from.
func checkImport(
	stderr io.Writer, o importOptions, files []translation.File, changed *translation.Import,
) error {
	var found source.Report
	loadMenus(overlay{menuFiles(o.dir), changed.Files}, o.pinLength, &found)
	if !found.Failed() {
		return nil
	}
	for _, f := range found.Findings() {
		line, key, lang := changed.Cause(files, f.Pos)
		if line == 0 {
			continue
		}
		_, err := fmt.Fprintf(stderr, "%s:%d: %s %s: %s: %s\n", o.table, line, key, lang, f.Code,
			f.Message)
		if err != nil {
			return err
		}
	}
	if err := found.WriteIn(stderr, o.dir); err != nil {
		return err
	}
	return &exitError{exitFailure, "the menus would have faults; nothing was written"}
}

func writeImport(dir string, files []translation.File, changed *translation.Import) error {
	out := map[string]newFile{}
	for _, f := range files {
		now, ok := changed.Files[f.Name]
		if !ok {
			continue
		}
		was, err := fs.ReadFile(os.DirFS(dir), f.Name)
		if err != nil {
			return err
		}
		if !bytes.Equal(was, f.Text()) {
			return fmt.Errorf("nothing was written: %s was changed meanwhile", pathIn(dir, f.Name))
		}
		out[f.Name] = newFile{was: was, now: now}
	}
	return replaceFiles(dir, out)
}
