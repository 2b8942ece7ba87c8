package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/menus/revision"
)

func menuStatusCommand() *cobra.Command {
	var o ledgerOptions
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which menus subscribers have, since when, by whom and why",
		Long: `Say which revision is live, which one is being tried and by whom, since when, by whose
hand and why. Test numbers are masked.

Exit codes: 0 success, 1 failure or a log that somebody has edited, 2 wrong use.`,
		Example: indent("ussdgw menu status --config config.yaml",
			"ussdgw menu status --data devdata --format json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(cmd, fmt.Sprintf("--format %q is not known: write text or json", format))
			}
			store, closeStore, _, err := openBooks(cmd.Context(), o.config, o.data)
			if err != nil {
				return err
			}
			defer closeStore()
			log, err := readLog(cmd.Context(), store)
			if err != nil {
				return fmt.Errorf("%w\nsee: ussdgw menu history %s", err, o.flag())
			}
			s := log.standing()
			if format == "json" {
				return writeJSON(cmd.OutOrStdout(), s)
			}
			return s.write(cmd.OutOrStdout(), o.flag())
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// A standing is what menu status says. Its JSON is for scripts: keys are added, never changed.
type standing struct {
	Changes   int64     `json:"changes"` // entries of the log
	Live      *standsAt `json:"live"`    // null: the menus built into the program
	Candidate *standsAt `json:"candidate"`
	// Rollback is what a rollback makes live: "" is the menus built into the program. It is null
	// when there is nothing to take back.
	Rollback *string `json:"rollback"`
}

// standsAt is one revision with the change that has put it where it is.
type standsAt struct {
	Revision string         `json:"revision"`
	Stage    revision.Stage `json:"stage"`
	Percent  int            `json:"percent,omitempty"`
	Numbers  []string       `json:"numbers,omitempty"` // masked
	Since    time.Time      `json:"since"`
	By       string         `json:"by"`
	Reason   string         `json:"reason"`
	Kind     revision.Kind  `json:"kind"`
}

func (l publishedLog) standing() standing {
	r := l.rollout
	s := standing{Changes: r.Seq}
	at := func(c revision.Change) *standsAt {
		return &standsAt{
			Revision: c.Revision, Stage: c.Stage, Percent: c.Percent, Numbers: masked(c.Numbers),
			Since: c.At, By: c.Actor, Reason: c.Reason, Kind: c.Kind,
		}
	}
	if c := l.madeLive(); c != nil && r.Live != "" {
		s.Live = at(*c)
	}
	switch {
	case r.Candidate != "":
		s.Candidate = at(l.changes[len(l.changes)-1])
		s.Rollback = &r.Live
	case r.Live != "":
		s.Rollback = &r.Previous
	}
	return s
}

func (s standing) write(w io.Writer, flag string) error {
	var b strings.Builder
	if s.Live == nil {
		fmt.Fprintf(&b, "live       %s\n", menusName(""))
	} else {
		fmt.Fprintf(&b, "live       %s\n%s", s.Live.Revision, s.Live.details())
	}
	if c := s.Candidate; c != nil {
		fmt.Fprintf(&b, "candidate  %s, tried by %s\n%s", c.Revision,
			audience(c.Stage, c.Percent, c.Numbers), c.details())
	} else {
		b.WriteString("candidate  none\n")
	}
	if s.Rollback != nil {
		fmt.Fprintf(&b, "\nTo take it back to %s:\n  ussdgw menu rollback --reason \"…\" %s\n",
			menusName(*s.Rollback), flag)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *standsAt) details() string {
	how := ""
	if a.Kind == revision.KindRollback {
		how = ", by a rollback"
	}
	return fmt.Sprintf("           since %s, by %s%s\n           %s\n", clockText(a.Since), a.By, how,
		a.Reason)
}

func menuHistoryCommand() *cobra.Command {
	var o ledgerOptions
	var limit int
	var verify bool
	var format string
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List who published what, when and why, newest first",
		Long: `List every change of what is published, newest first: when, by whom, what, for whom and
why. Each entry of the log is sealed with the one before it; an entry that somebody has edited,
left out or slipped in with the tools of the database is found and named. --verify also reads every
revision and compares its files with the SHA-256 that the log has sealed.

Exit codes: 0 the log is whole, 1 it is not, or failure, 2 wrong use.`,
		Example: indent("ussdgw menu history --limit 5 --config config.yaml",
			"ussdgw menu history --verify --data devdata",
			"ussdgw menu history --format json --data devdata"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage(cmd, "--limit is at least 1")
			}
			if format != "text" && format != "json" {
				return usage(cmd, fmt.Sprintf("--format %q is not known: write text or json", format))
			}
			store, closeStore, _, err := openBooks(cmd.Context(), o.config, o.data)
			if err != nil {
				return err
			}
			defer closeStore()
			log, broken := readLog(cmd.Context(), store)
			if broken != nil && !errors.Is(broken, revision.ErrTampered) {
				return broken
			}
			if verify {
				broken = errors.Join(broken, verifyRevisions(cmd.Context(), store, log))
			}
			if format == "json" {
				return errors.Join(writeHistoryJSON(cmd.OutOrStdout(), log.changes, limit, broken == nil),
					broken)
			}
			if err := writeHistory(cmd.OutOrStdout(), log.changes, limit); err != nil {
				return err
			}
			if broken != nil {
				return broken
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), wholeText(log, verify))
			return err
		},
	}
	o.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 20, "list at most so many; all are verified")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&verify, "verify", false, "also compare the files of every revision")
	return cmd
}

// A recorded is what menu history says. Its JSON is for scripts: keys are added, never changed.
type recorded struct {
	Whole   bool    `json:"whole"`   // all entries, and with --verify all revisions
	Entries []entry `json:"entries"` // newest first
}

// entry is one change. Revision and Base are "" for the menus built into the program.
type entry struct {
	Seq      int64          `json:"seq"`
	At       time.Time      `json:"at"`
	By       string         `json:"by"`
	Kind     revision.Kind  `json:"kind"`
	Revision string         `json:"revision"`
	Content  string         `json:"content,omitempty"` // SHA-256 of the revision
	Base     string         `json:"base"`
	Stage    revision.Stage `json:"stage"`
	Percent  int            `json:"percent,omitempty"`
	Numbers  []string       `json:"numbers,omitempty"` // masked
	Reason   string         `json:"reason"`
}

func writeHistoryJSON(w io.Writer, changes []revision.Change, limit int, whole bool) error {
	r := recorded{Whole: whole, Entries: []entry{}}
	for _, c := range slices.Backward(changes[max(0, len(changes)-limit):]) {
		e := entry{
			Seq: c.Seq, At: c.At, By: c.Actor, Kind: c.Kind, Revision: c.Revision, Base: c.Base,
			Stage: c.Stage, Percent: c.Percent, Numbers: masked(c.Numbers), Reason: c.Reason,
		}
		if c.Revision != "" {
			e.Content = hex.EncodeToString(c.Content[:])
		}
		r.Entries = append(r.Entries, e)
	}
	return writeJSON(w, r)
}

// writeJSON writes what a script reads, and people too.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeHistory(w io.Writer, changes []revision.Change, limit int) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := len(changes) - 1; i >= max(0, len(changes)-limit); i-- {
		c := changes[i]
		what := "publish " + c.Revision + " to " + string(c.Stage)
		switch {
		case c.Kind == revision.KindRollback:
			what = "rollback to " + menusName(c.Revision)
		case c.Stage == revision.StageShare:
			what = fmt.Sprintf("publish %s to %d%%", c.Revision, c.Percent)
		}
		if n := len(c.Numbers); n > 0 {
			what += fmt.Sprintf(", test numbers: %d", n)
		}
		if _, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", c.Seq, clockText(c.At), c.Actor, what,
			c.Reason); err != nil {
			return err
		}
	}
	return table.Flush()
}

// verifyRevisions reads every revision that the log names and compares its files with the sums.
func verifyRevisions(ctx context.Context, s revision.Store, log publishedLog) error {
	var broken error
	seen := map[string]bool{"": true}
	for _, c := range log.changes {
		if seen[c.Revision] {
			continue
		}
		seen[c.Revision] = true
		if _, err := log.read(ctx, s, c.Revision); err != nil {
			broken = errors.Join(broken, fmt.Errorf("revision %s of entry %d: %w", c.Revision, c.Seq,
				err))
		}
	}
	return broken
}

// wholeText says that the log is whole. With its last seal, noted elsewhere, a log that somebody
// has cut short is told from a whole one.
func wholeText(log publishedLog, files bool) string {
	text := "Nothing was published yet."
	switch n := len(log.changes); {
	case n == 1:
		text = "The log is whole: 1 entry."
	case n > 1:
		text = fmt.Sprintf("The log is whole: %d entries, each sealed with the one before it.", n)
	}
	if n := len(log.changes); n > 0 {
		text += fmt.Sprintf("\nIts last seal: %x", log.changes[n-1].Hash)
	}
	if files && len(log.changes) > 0 {
		text += "\nThe files of every revision are those that were published."
	}
	return text
}
