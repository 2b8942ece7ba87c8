package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"ussdgw/menus/report"
	"ussdgw/menus/source"
)

func about(dir string) report.About {
	return report.About{Dir: dir, Version: "1.2", Codes: []source.Code{
		{Code: "X001", Title: "a title", Text: "A text."},
		{Code: "X002", Title: "another", Text: "Another text."},
	}}
}

// found is a report with an error that can be corrected, a warning and an error without a place.
func found() *source.Report {
	r := &source.Report{}
	source.ParseBytes("a b.yaml", []byte("text: \"Өтө\"\nkey: 010 # <ж>\n"), r)
	source.ParseBytes("good.yaml", []byte("a: 1\n"), r)
	r.Errorf(source.Pos{File: "a b.yaml", Line: 2, Col: 6}, "X002", "100%% wrong: <a>, \"b\"")
	r.Help("write it\nin quotes")
	r.Fix("010", `"010"`)
	r.Warnf(source.Pos{File: "a b.yaml", Line: 1, Col: 8}, "X001", "Өтө")
	r.Errorf(source.Pos{File: "."}, "X009", "no place")
	return r
}

func written(t *testing.T, format string, r *source.Report, dir string) string {
	t.Helper()
	var b strings.Builder
	if err := report.Write(&b, format, r, about(dir)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSON(t *testing.T) {
	var all []map[string]any
	text := written(t, report.JSON, found(), "menus/")
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != 3 {
		t.Fatalf("%v in %s", err, text)
	}
	got, err := json.Marshal(all[2])
	want := `{"code":"X002","col":6,` +
		`"excerpt":"     2 | key: 010 # \u003cж\u003e\n       |      ^","file":"menus/a b.yaml",` +
		`"fix":{"new":"\"010\"","old":"010"},"help":"write it\nin quotes","line":2,` +
		`"message":"100% wrong: \u003ca\u003e, \"b\"","severity":"error"}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if all[0]["file"] != "menus" || all[0]["line"] != 0.0 || all[0]["fix"] != nil {
		t.Errorf("without a place: %v", all[0])
	}
	if empty := written(t, report.JSON, &source.Report{}, ""); empty != "[]\n" {
		t.Errorf("no findings are %q", empty)
	}
}

func TestGitHub(t *testing.T) {
	want := "::error file=a/menu%2C1,title=X009::no place\n" +
		"::warning file=a/menu%2C1/a b.yaml,line=1,col=8,title=X001::Өтө\n" +
		"::error file=a/menu%2C1/a b.yaml,line=2,col=6,title=X002::100%25 wrong: <a>, \"b\"" +
		"%0Awrite it%0Ain quotes\n"
	if got := written(t, report.GitHub, found(), "a/menu,1"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if empty := written(t, report.GitHub, &source.Report{}, ""); empty != "" {
		t.Errorf("no findings are %q", empty)
	}
}

// sarifLog is what the tests read of SARIF.
type sarifLog struct {
	Version string
	Schema  string `json:"$schema"`
	Runs    []struct {
		ColumnKind string
		Tool       struct {
			Driver struct {
				Name, Version string
				Rules         []struct {
					ID   string
					Help struct{ Text string }
				}
			}
		}
		Results []struct {
			RuleID    string
			RuleIndex *int
			Level     string
			Message   struct{ Text string }
			Locations []struct {
				Physical struct {
					Artifact struct{ URI string } `json:"artifactLocation"`
					Region   *struct{ StartLine, StartColumn int }
				} `json:"physicalLocation"`
			}
			Fixes []struct {
				ArtifactChanges []struct {
					Replacements []struct {
						DeletedRegion   struct{ StartLine, StartColumn, EndColumn int }
						InsertedContent struct{ Text string }
					}
				}
			}
		}
	}
}

func TestSARIF(t *testing.T) {
	var log sarifLog
	text := written(t, report.SARIF, found(), "menus")
	if err := json.Unmarshal([]byte(text), &log); err != nil || len(log.Runs) != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || run.ColumnKind != "unicodeCodePoints" ||
		run.Tool.Driver.Name != "ussdgw" || len(run.Tool.Driver.Rules) != 2 ||
		run.Tool.Driver.Rules[1].Help.Text != "Another text." || len(run.Results) != 3 {
		t.Fatalf("got %s", text)
	}
	last := run.Results[2]
	at := last.Locations[0].Physical
	if last.RuleID != "X002" || *last.RuleIndex != 1 || last.Level != "error" ||
		last.Message.Text != "100% wrong: <a>, \"b\"\nwrite it\nin quotes" ||
		at.Artifact.URI != "menus/a%20b.yaml" || at.Region.StartLine != 2 ||
		at.Region.StartColumn != 6 {
		t.Errorf("got %+v", last)
	}
	change := last.Fixes[0].ArtifactChanges[0].Replacements[0]
	if change.DeletedRegion.EndColumn != 9 || change.InsertedContent.Text != `"010"` {
		t.Errorf("the fix is %+v", change)
	}
	if none := run.Results[0]; none.Locations[0].Physical.Region != nil || none.RuleIndex != nil {
		t.Errorf("without a place: %+v", none)
	}
	if abs := written(t, report.SARIF, found(), "/m n"); !strings.Contains(abs,
		`"uri": "file:///m%20n/a%20b.yaml"`) {
		t.Errorf("an absolute path is not a URI in %s", abs)
	}
	empty := written(t, report.SARIF, &source.Report{}, "")
	if !strings.Contains(empty, `"results": []`) {
		t.Errorf("no findings are %s", empty)
	}
}

func TestJUnit(t *testing.T) {
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suite    struct {
			Cases []struct {
				Class   string `xml:"classname,attr"`
				Name    string `xml:"name,attr"`
				Line    int    `xml:"line,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
				Output string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	r := found()
	r.Errorf(source.Pos{File: "a b.yaml", Line: 2, Col: 6}, "X002", "control \x01 character")
	text := written(t, report.JUnit, r, "menus")
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	cases := suites.Suite.Cases
	if suites.Tests != 5 || suites.Failures != 3 || len(cases) != 5 {
		t.Fatalf("got %s", text)
	}
	if c := cases[1]; c.Failure != nil || !strings.Contains(c.Output, "warning X001") {
		t.Errorf("the warning is %+v", c)
	}
	c := cases[2]
	if c.Class != "menus/a b.yaml" || c.Name != "2:6 X002 100% wrong: <a>, \"b\"" || c.Line != 2 ||
		c.Failure.Type != "X002" || !strings.Contains(c.Failure.Text, "key: 010 # <ж>\n") ||
		!strings.Contains(c.Failure.Text, "  help: in quotes\n") {
		t.Errorf("the error is %+v %+v", c, c.Failure)
	}
	if c := cases[4]; c.Class != "menus/good.yaml" || c.Failure != nil {
		t.Errorf("the good file is %+v", c)
	}
	empty := written(t, report.JUnit, &source.Report{}, "")
	if err := xml.Unmarshal([]byte(empty), &suites); err != nil {
		t.Errorf("no findings are %s: %v", empty, err)
	}
}

func TestTextHasTheFolder(t *testing.T) {
	got := written(t, report.Text, found(), "menus/")
	if !strings.Contains(got, "menus/a b.yaml:2:6: error X002: 100% wrong") ||
		!strings.HasPrefix(got, "menus: error X009: no place\n") {
		t.Errorf("got %s", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriteFails(t *testing.T) {
	for _, format := range report.Formats() {
		if err := report.Write(broken{}, format, found(), about("")); err == nil {
			t.Errorf("%s: a writer that fails is not noticed", format)
		}
	}
	if err := report.Write(&strings.Builder{}, "yaml", found(), about("")); err == nil {
		t.Error("an unknown format is written")
	}
}
