package report

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"ussdgw/menus/source"
)

// What of SARIF 2.1.0 is written. The names of the fields are those of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex *int            `json:"ruleIndex,omitempty"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

// writeSARIF writes one run. Columns count characters as source does, so the run says so.
func writeSARIF(w io.Writer, r *source.Report, about About) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "ussdgw", Version: about.Version}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	run.Tool.Driver.Rules = []sarifRule{}
	for _, c := range about.Codes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: c.Code, Short: sarifText{c.Title}, Full: sarifText{c.Text}, Help: sarifText{c.Text},
		})
	}
	for _, f := range r.Findings() {
		run.Results = append(run.Results, sarifOf(r, f, about))
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifOf(r *source.Report, f source.Finding, about About) sarifResult {
	artifact := sarifArtifact{fileURI(about.path(f.Pos.File))}
	at := sarifPhysical{Artifact: artifact}
	if f.Pos.Line > 0 {
		at.Region = &sarifRegion{StartLine: f.Pos.Line, StartColumn: f.Pos.Col}
		if line := r.Line(f.Pos); line != "" {
			at.Region.Snippet = &sarifText{line}
		}
	}
	out := sarifResult{
		RuleID: f.Code, Level: f.Severity.String(), Message: sarifText{f.Message},
		Locations: []sarifLocation{{at}},
	}
	if f.Help != "" {
		out.Message.Text += "\n" + f.Help
	}
	same := func(c source.Code) bool { return c.Code == f.Code }
	if i := slices.IndexFunc(about.Codes, same); i >= 0 {
		out.RuleIndex = &i
	}
	if f.Fix != (source.Fix{}) {
		region := sarifRegion{
			StartLine: f.Pos.Line, StartColumn: f.Pos.Col,
			EndColumn: f.Pos.Col + utf8.RuneCountInString(f.Fix.Old),
		}
		out.Fixes = []sarifFix{{
			Description: sarifText{"what `ussdgw menu check --fix` does"},
			Changes: []sarifChange{{artifact, []sarifReplacement{
				{region, sarifText{f.Fix.New}},
			}}},
		}}
	}
	return out
}

// fileURI is the reference to a file: relative as the path is, or with the scheme file.
func fileURI(path string) string {
	u := url.URL{Path: path}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	} else if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ":") {
		u.Path = "./" + path // not taken for a scheme
	}
	return u.String()
}
