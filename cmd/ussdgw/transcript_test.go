package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ussdgw/ussd/session/redisserver"
	"ussdgw/wallet/ledger/pgserver"
)

const transcripts = "../../testdata/transcripts"

// What a full run has at least: scenarios, and scenarios of each language.
const (
	minScenarios  = 40
	minOfEachLang = 8
)

// passAll runs the transcripts and fails for every one that does not pass, and when so few are left
// that the run proves little.
func passAll(t *testing.T, o testOptions) {
	t.Helper()
	o.log, o.pinLength, o.verbose = "error", 4, true
	var out, talk lockedBuffer
	paths, all := transcriptsToRun(t), regexp.MustCompile("")
	err := runTranscripts(t.Context(), o, all, paths, &out, &talk)
	if err != nil || !strings.Contains(out.String(), " passed, 0 failed, ") {
		t.Errorf("not all pass: %v\n%s%s", err, &talk, &out)
		return
	}
	t.Log(out.String())
	scenarios, err := parseTranscripts(paths, all, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var passed []fileScenario
	for _, s := range scenarios {
		if strings.Contains(out.String(), fmt.Sprintf("ok    %s:%d: ", s.file, s.Line)) {
			passed = append(passed, s)
		}
	}
	if underRace == 1 {
		wantAll(t, passed)
	}
}

// transcriptsToRun are all transcripts, and every fourth file of them under the race detector:
// `make test` runs all of them once without it.
func transcriptsToRun(t *testing.T) []string {
	t.Helper()
	if underRace == 1 {
		return []string{transcripts}
	}
	all, err := filepath.Glob(filepath.Join(transcripts, "*"+transcriptSuffix))
	if err != nil || len(all) < minScenarios/10 {
		t.Fatalf("%d transcripts, %v", len(all), err)
	}
	var some []string
	for i := 0; i < len(all); i += 4 {
		some = append(some, all[i])
	}
	return some
}

// wantAll fails unless every flow was walked in every language, often enough.
func wantAll(t *testing.T, passed []fileScenario) {
	t.Helper()
	if len(passed) < minScenarios {
		t.Errorf("%d scenarios have passed, want %d or more", len(passed), minScenarios)
	}
	langs, files := map[string]int{}, map[string]int{}
	for _, s := range passed {
		flow, lang, _ := strings.Cut(strings.TrimSuffix(filepath.Base(s.file), transcriptSuffix), ".")
		files[flow+" "+lang]++
		if s.Given.Lang != "" {
			lang = s.Given.Lang
		}
		langs[lang]++
	}
	for _, lang := range []string{"ky", "ru", "en"} {
		if langs[lang] < minOfEachLang {
			t.Errorf("%d scenarios in %s have passed, want %d or more", langs[lang], lang,
				minOfEachLang)
		}
		for _, flow := range []string{
			"registration", "payment", "pin", "transfer", "topup", "cash", "history", "provider",
			"identity",
		} {
			if files[flow+" "+lang] == 0 {
				t.Errorf("no scenario of %s in %s has passed", flow, lang)
			}
		}
	}
}

func TestTranscriptsInProcess(t *testing.T) {
	t.Parallel()
	passAll(t, testOptions{})
}

// TestTranscriptsOverSMPP also lets an independent decoder read every PDU of the run.
func TestTranscriptsOverSMPP(t *testing.T) {
	t.Parallel()
	pgserver.Need(t)
	redisserver.Need(t)
	var captured lockedBuffer
	passAll(t, testOptions{smpp: true, capture: &captured})
	t.Run("tshark", func(t *testing.T) { decodeAll(t, captured.String()) })
}

// decodeAll fails unless tshark decodes every PDU of a capture without a complaint.
func decodeAll(t *testing.T, captured string) {
	t.Helper()
	needTools(t, "text2pcap", "tshark")
	seen, total := map[string]int{}, 0
	for line := range strings.Lines(tshark(t, captured)) {
		field := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(field) != 4 || field[0] != "SMPP" || field[2] != "" || field[3] != "" {
			t.Errorf("not a clean PDU: %q", line)
			continue
		}
		name, _, _ := strings.Cut(field[1], ":")
		seen[name]++
		total++
	}
	t.Logf("tshark has decoded %d PDUs: %v", total, seen)
	for _, name := range []string{
		"Bind_transceiver", "Bind_transceiver - resp", "Deliver_sm", "Deliver_sm - resp",
		"Submit_sm", "Submit_sm - resp", "Unbind", "Unbind - resp",
	} {
		if seen[name] == 0 {
			t.Errorf("no %s among the PDUs", name)
		}
	}
	if n := strings.Count(captured, "\n000000 "); n != total || n == 0 {
		t.Errorf("%d PDUs were captured and %d decoded", n, total)
	}
}

func TestTranscriptsThatFail(t *testing.T) {
	const head = "@clock 2026-11-21T10:00:00+06:00\n@msisdn +996555000177\n" +
		"@given wallet balance=100.00 lang=en pin={pin}\n-- scenario: one\n"
	for _, tt := range []struct {
		name, text string
		code       int
		out        string
	}{
		{"another state", head + ">> *900#\n<< CON settings\n", exitAsserts, "want CON settings"},
		{"another screen", head + ">> *900#\n<< CON main\n| Nothing\n| ...\n", exitAsserts, "| Nothing"},
		{"no such line", head + "<> *900#\n", exitParse, ".ussd:5: "},
		{"an answer without a dialogue", head + ">> 1\n<< CON main\n", exitBroken, "dial first"},
		{"nothing selected", head + ">> *900#\n<< CON main\n", exitUsage, "no scenario matches"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out lockedBuffer
			only := regexp.MustCompile("")
			if tt.code == exitUsage {
				only = regexp.MustCompile("no such name")
			}
			path := writeNamed(t, "one.ussd", tt.text)
			err := runTranscripts(t.Context(), testOptions{log: "error", pinLength: 4}, only,
				[]string{path}, &out, &out)
			if code := exitCode(io.Writer(&out), err); code != tt.code ||
				!strings.Contains(out.String(), tt.out) {
				t.Errorf("code %d, want %d, with %q in:\n%s", code, tt.code, tt.out, out.String())
			}
		})
	}
}
