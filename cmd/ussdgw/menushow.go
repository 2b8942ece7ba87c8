package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// showOptions are the flags of menu show.
type showOptions struct {
	dir, lang, notice string
	all, errors       bool
	page, pinLength   int
}

func menuShowCommand() *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show [STATE]...",
		Short: "Draw screens as a handset shows them, at the widest values they can have",
		Long: `Draw the screens of the named states as a handset shows them: all languages side by side,
page by page, with the room that each takes. With --all the whole menu is drawn, in the order of the
files. Amounts, names and codes have the widest values they can have: what is drawn is the fullest
that the screen can become. A list that depends on a choice is drawn at its longest.

A dialogue can begin with some screens. Then there is nothing to go back to, so there is no line for
back; such a screen is drawn that way too. Errors stand in place of the prompt: --error draws one,
--errors all that the screen can show. The menus must be right; see "menu check".

Exit codes: 0 success, 1 faulty menus, 2 no such screen, language, page or error.`,
		Example: indent("ussdgw menu show pay_confirm --lang ru",
			"ussdgw menu show pay_amount --errors", "ussdgw menu show pay_category --page 2",
			"ussdgw menu show --all --menus mymenus | less"),
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.all == (len(args) > 0):
				return usage(cmd, "name the states, or give --all")
			case o.errors && o.notice != "":
				return usage(cmd, "--error is one error, --errors are all: give one of them")
			case o.page < 0:
				return usage(cmd, "--page counts from 1")
			}
			set, err := requireMenus(cmd.ErrOrStderr(), o.dir, o.pinLength)
			if err != nil {
				return err
			}
			s := shower{out: cmd.OutOrStdout(), program: set.program, outline: set.program.Outline(), o: o}
			return s.show(args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "menus", "", "folder of menu files instead of the built-in ones")
	f.StringVar(&o.lang, "lang", "", "only this language (default: all)")
	f.BoolVar(&o.all, "all", false, "every screen of the menu")
	f.IntVar(&o.page, "page", 0, "only this page, from 1 (default: all)")
	f.StringVar(&o.notice, "error", "", "with the error of this code in place of the prompt")
	f.BoolVar(&o.errors, "errors", false, "with each error that the screen can show")
	pinLengthFlag(cmd, &o.pinLength)
	return cmd
}

// A shower draws screens of one menu.
type shower struct {
	out     io.Writer
	program *menu.Program
	outline menu.Outline
	o       showOptions
}

func (s *shower) show(names []string) error {
	langs := s.program.Languages()
	if s.o.lang != "" {
		if !slices.Contains(langs, s.o.lang) {
			return &exitError{exitUsage, fmt.Sprintf("the menu has no language %q, only %v",
				s.o.lang, langs)}
		}
		langs = []string{s.o.lang}
	}
	if s.o.all {
		names = s.program.Screens()
	}
	drawn := 0
	for _, name := range names {
		n, err := s.screen(name, langs)
		if err != nil {
			return err
		}
		drawn += n
	}
	if drawn == 0 {
		return &exitError{exitUsage, s.nothing(names)}
	}
	return nil
}

// nothing says why nothing was drawn.
func (s *shower) nothing(names []string) string {
	what := strings.Join(names, " ")
	if s.o.all {
		what = "the menu"
	}
	switch {
	case s.o.page > 0:
		return fmt.Sprintf("%s has no page %d", what, s.o.page)
	case s.o.errors:
		return fmt.Sprintf("%s shows no errors", what)
	}
	return fmt.Sprintf("%s never shows the error %q", what, s.o.notice)
}

// screen draws one screen under all circumstances that were asked for, and returns how many there
// were to draw.
func (s *shower) screen(name string, langs []string) (int, error) {
	state, ok := s.outline.State(name)
	if !ok || !state.Screen() {
		return 0, s.unknown(name, ok)
	}
	codes := s.program.Notices(name)
	views := []menu.View{{}}
	switch {
	case s.o.errors:
		views = nil
		for _, code := range codes {
			views = append(views, menu.View{Notice: code})
		}
	case s.o.notice != "":
		if !slices.Contains(codes, s.o.notice) && !s.o.all {
			return 0, s.unknownError(name, codes)
		}
		views = []menu.View{{Notice: s.o.notice}}
	}
	drawn := 0
	for _, v := range views {
		n, err := s.view(state, v, langs)
		if err != nil {
			return 0, err
		}
		drawn += n
	}
	if drawn > 0 && len(codes) > 0 && s.o.notice == "" && !s.o.errors && !s.o.all {
		fmt.Fprintf(s.out, "errors that it can show: %s\n\n", strings.Join(codes, ", "))
	}
	return drawn, nil
}

// view draws a screen in all languages, and again without a line for back where a dialogue can
// begin with it.
func (s *shower) view(state menu.StateOutline, v menu.View, langs []string) (int, error) {
	if v.Notice != "" && !slices.Contains(s.program.Notices(state.Name), v.Notice) {
		return 0, nil
	}
	title := state.Name
	if v.Notice != "" {
		title += " with the error " + v.Notice
	}
	rows := s.rows(state.Name, v, langs)
	if slices.Contains(s.outline.First(), state.Name) {
		first := s.rows(state.Name, menu.View{Notice: v.Notice, First: true}, langs)
		if !sameRows(rows, first) {
			n, err := s.draw(title+", as the first screen", state, first, len(langs))
			if err != nil {
				return 0, err
			}
			m, err := s.draw(title+", with a screen before it", state, rows, len(langs))
			return n + m, err
		}
	}
	return s.draw(title, state, rows, len(langs))
}

// draw prints rows of screens below a title, and returns how many rows there were.
func (s *shower) draw(title string, state menu.StateOutline, rows [][]cell, n int) (int, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	if _, err := fmt.Fprintf(s.out, "%s  (%s)\n", title, state.Pos); err != nil {
		return 0, err
	}
	for _, row := range rows {
		n := max(n, len(row))
		if _, err := fmt.Fprintln(s.out, drawSheet(row, sheetWidth(s.out), n, "  ")); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// rows are the pages of a screen, each in all languages; in one language they are one row.
func (s *shower) rows(name string, v menu.View, langs []string) [][]cell {
	var rows [][]cell
	for column, lang := range langs {
		pages, err := s.program.PreviewView(name, lang, v)
		if err != nil {
			return nil
		}
		for i, page := range pages {
			if s.o.page > 0 && page.Page != s.o.page {
				continue
			}
			if s.o.page > 0 {
				i = 0
			}
			for len(rows) <= i {
				rows = append(rows, make([]cell, len(langs)))
			}
			rows[i][column] = cell{lang, &page}
		}
	}
	if len(langs) == 1 && len(rows) > 1 {
		return [][]cell{slices.Concat(rows...)}
	}
	return rows
}

func sameRows(a, b [][]cell) bool {
	return slices.EqualFunc(a, b, func(x, y []cell) bool {
		return slices.EqualFunc(x, y, func(c, d cell) bool {
			return c.screen == d.screen ||
				(c.screen != nil && d.screen != nil && c.screen.Text == d.screen.Text)
		})
	})
}

func (s *shower) unknown(name string, exists bool) error {
	text := fmt.Sprintf("no state %q", name)
	if exists {
		text = fmt.Sprintf("the state %q is an action: it shows no screen", name)
	} else if near := source.Suggest(name, s.program.Screens()); near != "" {
		text += ", did you mean " + near + "?"
	}
	return &exitError{exitUsage, text + "\nsee: ussdgw menu show --all"}
}

func (s *shower) unknownError(name string, codes []string) error {
	text := fmt.Sprintf("the screen %s never shows the error %q", name, s.o.notice)
	if near := source.Suggest(s.o.notice, codes); near != "" {
		text += ", did you mean " + near + "?"
	}
	return &exitError{exitUsage, text + "\nit can show: " + orNone(codes)}
}

// orNone lists names, or says that there are none.
func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
