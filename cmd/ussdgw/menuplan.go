package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/menudiff"
)

// exitChanges is the code of plan --detailed-exitcode when something changes.
const exitChanges = 3

// planOptions are the flags of menu plan.
type planOptions struct {
	compareOptions
	transcripts, lang string
	detailed          bool
}

func menuPlanCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what subscribers will notice of a change before it is published",
		Long: `Compare the menus of DIR (the built-in ones without it) with what is published, or with
another folder, and show what changes: the screens before and after, side by side; the keys that
lead elsewhere, "*900*3*3*14*14#" among them; everything else, such as fees, limits and SMS; with
--transcripts the scenarios that end otherwise than they did, run in this process on both menus;
with --config how many dialogues are under way on what changes, or why they cannot be counted.
Nothing is changed by it.

Exit codes: 0 success, 1 failure, 2 wrong use; with --detailed-exitcode 0 nothing changes,
1 failure, 2 wrong use, 3 something changes.`,
		Example: indent("ussdgw menu plan mymenus --against live --config /etc/ussdgw/config.yaml",
			"ussdgw menu plan mymenus --against built-in --lang ru",
			"ussdgw menu plan mymenus --against menus --transcripts testdata/transcripts"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := runPlan(cmd, &o, args)
			if err == nil && changes && o.detailed {
				return &exitError{code: exitChanges}
			}
			return err
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.transcripts, "transcripts", "",
		"folder or file of scenarios to run on both menus")
	f.StringVar(&o.lang, "lang", "", "draw the screens in this language only (default: all)")
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 3 when something changes")
	return cmd
}

// runPlan prints the plan and reports whether anything changes.
func runPlan(cmd *cobra.Command, o *planOptions, args []string) (bool, error) {
	old, now, err := o.sides(cmd, args)
	if err != nil {
		return false, err
	}
	if o.lang != "" {
		if err := requireLanguage(o.lang, old.program, now.program); err != nil {
			return false, err
		}
	}
	p := planner{
		out: cmd.OutOrStdout(), o: o, width: sheetWidth(cmd.OutOrStdout()), old: old, now: now,
		diff: menudiff.Compare(old.side(), now.side()),
	}
	if o.transcripts != "" {
		if err := p.runTranscripts(cmd.Context(), cmd.ErrOrStderr()); err != nil {
			return false, err
		}
	}
	if o.config != "" {
		if err := p.countSessions(cmd); err != nil {
			return false, err
		}
	}
	_, err = io.WriteString(p.out, p.text())
	return !p.diff.Empty() || len(p.scenarios) > 0, err
}

// requireLanguage refuses a language that neither menu has.
func requireLanguage(lang string, programs ...*menu.Program) error {
	var known []string
	for _, p := range programs {
		for _, l := range p.Languages() {
			if l == lang {
				return nil
			}
			known = append(known, l)
		}
	}
	return &exitError{exitUsage, fmt.Sprintf("neither menu has the language %q, only %v", lang, known)}
}

// A planner writes a plan.
type planner struct {
	out      io.Writer
	o        *planOptions
	width    int
	old, now comparedSide
	diff     menudiff.Diff

	scenarios []changedScenario // that end otherwise
	ran       int               // scenarios
	broken    int               // scenarios that say nothing of either menu
	whyBroken string            // the first of them
	sessions  *sessionCount     // nil: not counted
	uncounted error             // why some sessions are not in it, or all
}

// text is the whole plan.
func (p *planner) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (revision %s) against %s (revision %s)\n\n", p.now.name,
		p.now.program.Revision(), p.old.name, p.old.program.Revision())
	for _, s := range p.diff.Screens {
		p.screen(&b, s)
	}
	for _, s := range p.diff.Shared {
		p.shared(&b, s)
	}
	p.wider(&b)
	p.moves(&b)
	p.others(&b)
	p.transcriptText(&b)
	p.sessionText(&b)
	b.WriteString(p.summary() + "\n")
	return b.String()
}

// mark is the sign of a fate at the margin.
func mark(f menudiff.Fate) string {
	switch f {
	case menudiff.Added:
		return "+"
	case menudiff.Removed:
		return "-"
	}
	return "~"
}

// screen shows what changes about one screen.
func (p *planner) screen(b *strings.Builder, s menudiff.Screen) {
	fmt.Fprintf(b, "%s %s is %s  (%s)\n", mark(s.Fate), s.State, s.Fate, p.place(s.Pos))
	for _, c := range p.diff.Changes {
		// What the screens below show needs no words.
		drawn := len(s.Views) > 0 &&
			(len(c.Texts) > 0 || c.Grade == menudiff.GradeText || s.Fate != menudiff.Changed)
		if c.Subject == menudiff.SubjectState && c.Name == s.State && !drawn {
			fmt.Fprintf(b, "    %s\n", c.Text)
		}
	}
	if other := p.otherLanguages(s.Views); other != "" {
		fmt.Fprintf(b, "    it looks another in %s\n", other)
	}
	b.WriteByte('\n')
	p.views(b, s.Views, s.Fate)
}

// otherLanguages names the languages of views that are not drawn because of --lang, when none is.
func (p *planner) otherLanguages(views []menudiff.ViewChange) string {
	var out []string
	for _, v := range views {
		if p.o.lang == "" || v.Lang == p.o.lang {
			return ""
		}
		if !slices.Contains(out, v.Lang) {
			out = append(out, v.Lang)
		}
	}
	return strings.Join(out, ", ")
}

// shared shows a changed text that many screens have, on one of them.
func (p *planner) shared(b *strings.Builder, s menudiff.Shared) {
	fmt.Fprintf(b, "~ %s changes on %s: %s\n\n", s.What, plural(len(s.Screens), "screen"),
		someOf(s.Screens))
	p.views(b, s.Example, menudiff.Changed)
}

// views draws screens before and now. What is on one side only is drawn in all languages side by
// side.
func (p *planner) views(b *strings.Builder, views []menudiff.ViewChange, fate menudiff.Fate) {
	if fate != menudiff.Changed {
		p.oneSided(b, views)
		return
	}
	for _, v := range views {
		if p.o.lang != "" && v.Lang != p.o.lang {
			continue
		}
		for i := range max(len(v.Before), len(v.Now)) {
			before, now := pageAt(v.Before, i), pageAt(v.Now, i)
			if before != nil && now != nil && before.Text == now.Text {
				continue
			}
			title := v.Lang + p.circumstances(v.View)
			row := []cell{{title + ", before", before}, {title + ", now", now}}
			b.WriteString(drawSheet(row, p.width, len(row), "    ") + "\n")
		}
	}
}

// circumstances says when a screen is seen as it is drawn.
func (p *planner) circumstances(v menu.View) string {
	switch {
	case v.Notice != "":
		return ", " + v.Notice
	case v.Of != "":
		return ", " + v.Of
	}
	return ""
}

// oneSided draws a screen that is new or gone.
func (p *planner) oneSided(b *strings.Builder, views []menudiff.ViewChange) {
	for page := 0; ; page++ {
		var row []cell
		for _, v := range views {
			screen := pageAt(append(v.Before, v.Now...), page)
			if screen != nil && (p.o.lang == "" || v.Lang == p.o.lang) {
				row = append(row, cell{v.Lang, screen})
			}
		}
		if row == nil {
			return
		}
		b.WriteString(drawSheet(row, p.width, len(row), "    ") + "\n")
	}
}

func pageAt(pages []menu.Screen, i int) *menu.Screen {
	if i >= len(pages) {
		return nil
	}
	return &pages[i]
}

// place is a place in the new files as a terminal or an editor finds it.
func (p *planner) place(pos source.Pos) string {
	pos.File = pathIn(p.o.dir, pos.File)
	return pos.String()
}

func (p *planner) wider(b *strings.Builder) {
	if len(p.diff.Wider) > 0 {
		fmt.Fprintf(b, "~ other values can be on %s with unchanged texts: %s\n\n",
			plural(len(p.diff.Wider), "screen"), someOf(p.diff.Wider))
	}
}

// moves lists the keys that lead elsewhere.
func (p *planner) moves(b *strings.Builder) {
	if len(p.diff.Moves) > 0 {
		b.WriteString("Keys that lead elsewhere\n")
	}
	for _, m := range p.diff.Moves {
		fmt.Fprintf(b, "    %s\n", m.Says(p.diff.Service))
	}
	if len(p.diff.Moves) > 0 {
		b.WriteByte('\n')
	}
	if len(p.diff.Kept) > 0 {
		b.WriteString("Keys that go on leading where they led, by `moved:`\n")
		for _, m := range p.diff.Kept {
			fmt.Fprintf(b, "    %s leads to %v\n", m.Path(p.diff.Service), m.Before)
		}
		b.WriteByte('\n')
	}
}

// others lists what is no screen.
func (p *planner) others(b *strings.Builder) {
	lines := p.otherChanges()
	if len(lines) == 0 {
		return
	}
	b.WriteString("Behind the screens\n")
	for _, l := range lines {
		fmt.Fprintf(b, "    %s\n", l)
	}
	b.WriteByte('\n')
}

// otherChanges are the changes that no drawn screen stands for.
func (p *planner) otherChanges() []string {
	drawn := make(map[string]bool)
	for _, s := range p.diff.Screens {
		drawn[s.State] = true
	}
	var out []string
	for _, c := range p.diff.Changes {
		if (c.Subject == menudiff.SubjectState && drawn[c.Name]) || p.drawnShared(c) {
			continue
		}
		grade := ""
		if c.Grade == menudiff.GradeMoney {
			grade = "MONEY: "
		}
		text := fmt.Sprintf("%s%s  (%s)", grade, c.Text, p.place(c.Pos))
		for _, t := range c.Texts {
			if p.o.lang == "" || p.o.lang == t.Lang {
				text += fmt.Sprintf("\n        %s before: %s\n        %s now:    %s", t.Lang,
					oneLine(t.Before), t.Lang, oneLine(t.Now))
			}
		}
		out = append(out, text)
	}
	return out
}

// drawnShared reports whether a change is of a shared text that is drawn on one of its screens.
func (p *planner) drawnShared(c menudiff.Change) bool {
	return c.Subject == menudiff.SubjectSetting && slices.ContainsFunc(p.diff.Shared,
		func(s menudiff.Shared) bool { return s.What == c.Name })
}

// oneLine writes a text of several lines as one.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "|") }

// summary is the plan in one line.
func (p *planner) summary() string {
	if p.diff.Empty() && len(p.scenarios) == 0 {
		return "nothing changes"
	}
	d := p.diff
	text := fmt.Sprintf("%s changed, %d added, %d removed", plural(d.Count(menudiff.Changed)+
		p.sharedScreens(), "screen"), d.Count(menudiff.Added), d.Count(menudiff.Removed))
	if n := len(p.otherChanges()); n > 0 {
		text += "; " + plural(n, "change") + " behind them"
	}
	text += "; " + plural(len(d.Moves), "key path") + " " + verb(len(d.Moves), "moves", "move")
	if p.o.transcripts != "" {
		text += "; " + plural(len(p.scenarios), "transcript")
	}
	if p.sessions != nil {
		text += "; " + plural(p.sessions.total, "session")
	}
	return text
}

// sharedScreens is how many screens differ in shared texts only.
func (p *planner) sharedScreens() int {
	seen := make(map[string]bool)
	for _, s := range p.diff.Shared {
		for _, name := range s.Screens {
			seen[name] = true
		}
	}
	for _, s := range p.diff.Screens {
		delete(seen, s.State)
	}
	return len(seen)
}

// someOf names the first few.
func someOf(names []string) string {
	const most = 6
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
