package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ussdgw/ussd/menudiff"
)

// breakingOptions are the flags of menu breaking.
type breakingOptions struct {
	compareOptions
	format string
	allow  []string
}

func menuBreakingCommand() *cobra.Command {
	var o breakingOptions
	cmd := &cobra.Command{
		Use:   "breaking [DIR]",
		Short: "Fail when a change of the menus may hurt somebody who uses them",
		Long: `Compare the menus of DIR (the built-in ones without it) with others, and report what may
hurt those who use them, by four grades:

  PATH     a dialled string, or keys that somebody remembers, lead elsewhere. A path that the new
           menus lead where it led, by "moved:", is none.
  SESSION  a state, a slot or a language that running dialogues may be in is gone or is something
           else. Dialogues end on the revision they began with, so they are not cut off by it.
  MONEY    what is paid and how: actions and what they are given, what is confirmed, fees, limits,
           amounts, rules of accounts.
  TEXT     a changed text.

--allow lists grades that are reported and are no failure.

Exit codes: 0 nothing that is not allowed, 1 something, or failure, 2 wrong use.`,
		Example: indent("ussdgw menu breaking mymenus --against live --config /etc/ussdgw/config.yaml",
			"ussdgw menu breaking menus --against ../main/menus --allow TEXT --format github"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			allowed, err := o.allowed()
			if err != nil {
				return usage(cmd, err.Error())
			}
			write, ok := breakingFormats()[o.format]
			if !ok {
				return usage(cmd, fmt.Sprintf("--format %q is none of text, json, github", o.format))
			}
			old, now, err := o.sides(cmd, args)
			if err != nil {
				return err
			}
			findings := breakings(menudiff.Compare(old.side(), now.side()), allowed, o.dir)
			if err := write(cmd.OutOrStdout(), findings); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, func(b breaking) bool { return !b.Allowed }) {
				return &exitError{code: exitFailure}
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text, json or github")
	cmd.Flags().StringSliceVar(&o.allow, "allow", nil, "grades that are no failure: PATH,TEXT")
	return cmd
}

// allowed reads the grades of --allow.
func (o *breakingOptions) allowed() ([]menudiff.Grade, error) {
	var out []menudiff.Grade
	for _, name := range o.allow {
		g := menudiff.Grade(strings.ToUpper(strings.TrimSpace(name)))
		if !slices.Contains(menudiff.Grades(), g) {
			return nil, fmt.Errorf("--allow: no grade %q, only %v", name, menudiff.Grades())
		}
		out = append(out, g)
	}
	return out, nil
}

// A breaking is a finding as it is printed.
type breaking struct {
	Grade   menudiff.Grade `json:"grade"`
	File    string         `json:"file"`
	Line    int            `json:"line,omitempty"`
	Col     int            `json:"col,omitempty"`
	Name    string         `json:"name,omitempty"` // of the state, slot or provider
	Message string         `json:"message"`
	Allowed bool           `json:"allowed"`
}

func breakings(d menudiff.Diff, allowed []menudiff.Grade, dir string) []breaking {
	out := []breaking{}
	for _, f := range d.Findings() {
		out = append(out, breaking{
			f.Grade, pathIn(dir, f.Pos.File), f.Pos.Line, f.Pos.Col, f.Name, f.Text,
			slices.Contains(allowed, f.Grade),
		})
	}
	return out
}

func breakingFormats() map[string]func(io.Writer, []breaking) error {
	return map[string]func(io.Writer, []breaking) error{
		"text": breakingText, "json": breakingJSON, "github": breakingGitHub,
	}
}

// breakingText prints a line for each finding, and at last how many there are of each grade.
func breakingText(out io.Writer, findings []breaking) error {
	counts := make(map[menudiff.Grade]int)
	var b strings.Builder
	for _, f := range findings {
		counts[f.Grade]++
		place := f.File
		if f.Line > 0 {
			place += fmt.Sprintf(":%d:%d", f.Line, f.Col)
		}
		allowed := ""
		if f.Allowed {
			allowed = " (allowed)"
		}
		fmt.Fprintf(&b, "%s: %s: %s%s\n", place, f.Grade, f.Message, allowed)
	}
	if counts[menudiff.GradeSession] > 0 {
		b.WriteString("SESSION: a dialogue goes on with the revision that it began with; " +
			"nobody is cut off\n")
	}
	var sum []string
	for _, g := range menudiff.Grades() {
		if counts[g] > 0 {
			sum = append(sum, fmt.Sprintf("%d %s", counts[g], g))
		}
	}
	if sum != nil {
		b.WriteString(strings.Join(sum, ", ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func breakingJSON(out io.Writer, findings []breaking) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"findings": findings})
}

// breakingGitHub prints workflow commands, which GitHub shows at the changed lines. What is
// allowed is a notice.
func breakingGitHub(out io.Writer, findings []breaking) error {
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range findings {
		level, at := "error", ""
		if f.Allowed {
			level = "notice"
		}
		if f.Line > 0 {
			at = fmt.Sprintf(",line=%d,col=%d", f.Line, f.Col)
		}
		_, err := fmt.Fprintf(out, "::%s file=%s%s,title=%s::%s\n", level, property.Replace(f.File), at,
			f.Grade, message.Replace(f.Message))
		if err != nil {
			return err
		}
	}
	return nil
}
