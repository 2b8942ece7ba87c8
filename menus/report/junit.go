package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// What of JUnit's format is written: what the common readers of it agree on.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes a failed case for every error and a passed one for every warning, so that a
// page of tests lists each of them: most show only the first failure of a case. A file without
// findings is a passed case.
func writeJUnit(w io.Writer, r *source.Report, about About) error {
	suite := junitSuite{Name: "menu check"}
	names := map[string]int{}
	var files []string // with findings
	for _, f := range r.Findings() {
		files = append(files, f.Pos.File)
		c := junitOf(r, f, about)
		if names[c.Class+c.Name]++; names[c.Class+c.Name] > 1 {
			c.Name += fmt.Sprintf(" (%d)", names[c.Class+c.Name])
		}
		if c.Failure != nil {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, file := range r.Files() {
		if !slices.Contains(files, file) {
			path := about.path(file)
			suite.Cases = append(suite.Cases, junitCase{Class: path, Name: "no findings", File: path})
		}
	}
	suite.Tests = len(suite.Cases)
	text, err := xml.MarshalIndent(junitSuites{
		Name: "ussdgw", Tests: suite.Tests, Failures: suite.Failures, Suite: suite,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

func junitOf(r *source.Report, f source.Finding, about About) junitCase {
	path := about.path(f.Pos.File)
	place := strings.TrimPrefix(strings.TrimPrefix(f.Pos.String(), f.Pos.File), ":")
	c := junitCase{
		Class: path, File: path, Line: f.Pos.Line,
		Name: strings.TrimSpace(place + " " + f.Code + " " + f.Message),
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s %s: %s\n%s", strings.TrimSuffix(path+":"+place, ":"), f.Severity,
		f.Code, f.Message, r.Excerpt(f.Pos))
	for line := range strings.Lines(f.Help) {
		fmt.Fprintf(&text, "  help: %s\n", strings.TrimRight(line, "\n"))
	}
	if f.Severity == source.Error {
		c.Failure = &junitFailure{Message: f.Message, Type: f.Code, Text: text.String()}
	} else {
		c.Output = text.String()
	}
	return c
}
