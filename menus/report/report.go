// Package report writes the findings of a check for people and for programs: editors, pipelines
// and the pages of code reviews. Every format is complete and valid when there are no findings.
//
// It is a leaf over menus/source: it reads and opens nothing.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"ussdgw/menus/source"
)

// The formats.
const (
	Text   = "text"   // for people: excerpts with a caret; nothing when there is nothing to say
	JSON   = "json"   // an array of findings
	SARIF  = "sarif"  // SARIF 2.1.0, for the code scanning of forges and for editors
	JUnit  = "junit"  // a test case for every finding and for every file without one
	GitHub = "github" // workflow commands that mark the lines of a change
)

// Formats returns the names of all formats.
func Formats() []string { return []string{Text, JSON, SARIF, JUnit, GitHub} }

// About is what a report says beside its findings.
type About struct {
	Dir     string        // the folder of the files, before their names; "" for none
	Version string        // of the program that checked
	Codes   []source.Code // every code that a finding can have
}

// path is how a finding's file is called: with its folder, with slashes on every system.
func (a About) path(file string) string { return filepath.ToSlash(filepath.Join(a.Dir, file)) }

// Write writes all findings of r in a format of Formats.
func Write(w io.Writer, format string, r *source.Report, about About) error {
	switch format {
	case Text:
		return r.WriteIn(w, about.Dir)
	case JSON:
		return writeJSON(w, r, about)
	case SARIF:
		return writeSARIF(w, r, about)
	case JUnit:
		return writeJUnit(w, r, about)
	case GitHub:
		return writeGitHub(w, r, about)
	}
	return fmt.Errorf("report: no format %q", format)
}

// A finding is one entry of the format JSON. Line and Col are 0 where they are not known.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Help     string `json:"help"`
	Excerpt  string `json:"excerpt"`
	Fix      *fix   `json:"fix"`
}

// A fix says that old at the place of the finding should be new.
type fix struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func writeJSON(w io.Writer, r *source.Report, about About) error {
	all := []finding{} // never null
	for _, f := range r.Findings() {
		one := finding{
			File: about.path(f.Pos.File), Line: f.Pos.Line, Col: f.Pos.Col,
			Severity: f.Severity.String(), Code: f.Code, Message: f.Message, Help: f.Help,
			Excerpt: strings.TrimRight(r.Excerpt(f.Pos), "\n"),
		}
		if f.Fix != (source.Fix{}) {
			one.Fix = &fix{f.Fix.Old, f.Fix.New}
		}
		all = append(all, one)
	}
	return encode(w, all)
}

// encode writes v as indented JSON with its letters as they are.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// writeGitHub writes a workflow command for each finding. The message of one is shown at the line
// of the change, its help below.
func writeGitHub(w io.Writer, r *source.Report, about About) error {
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, f := range r.Findings() {
		fmt.Fprintf(&b, "::%s file=%s", f.Severity, property.Replace(about.path(f.Pos.File)))
		if f.Pos.Line > 0 {
			fmt.Fprintf(&b, ",line=%d", f.Pos.Line)
		}
		if f.Pos.Line > 0 && f.Pos.Col > 0 {
			fmt.Fprintf(&b, ",col=%d", f.Pos.Col)
		}
		text := f.Message
		if f.Help != "" {
			text += "\n" + f.Help
		}
		fmt.Fprintf(&b, ",title=%s::%s\n", property.Replace(f.Code), message.Replace(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
