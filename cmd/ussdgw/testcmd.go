package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"ussdgw/ussd/transcript"
)

// The exit codes of test, those of Hurl.
const (
	exitParse   = 2
	exitBroken  = 3
	exitAsserts = 4
)

const (
	transcriptSuffix = ".ussd"
	// maxTranscriptFiles and maxTranscriptOctets bound what one run reads.
	maxTranscriptFiles  = 10_000
	maxTranscriptOctets = 1 << 20
	// scenarioTimeout bounds one scenario.
	scenarioTimeout = time.Minute
)

// testOptions are the flags of test.
type testOptions struct {
	menus, run, redis, postgres, log string
	smpp, verbose                    bool
	pinLength                        int
	capture                          io.Writer // of every PDU with --smpp, or nil
}

func testCommand() *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test [FILE|DIR]...",
		Short: "Run transcripts of dialogues and report what differs",
		Long: `Run the scenarios of transcript files (*.ussd; testdata/transcripts without arguments).
Each has a world of its own: a wallet, a phone and, in process, a clock that it may move.

With --smpp the same files run over an SMPP socket against a gateway with real Redis and
PostgreSQL. Private servers are started for it, unless --redis and --postgres name others: each
scenario then works in a schema test_... of its own, which stays. Scenarios that move the clock
are skipped there, and counted.

PINs are drawn anew for every scenario and are in no output.

Exit codes: 0 all passed, 1 failure, 2 wrong use or a file that cannot be parsed, 3 a scenario that
could not be run, 4 a screen, debit or SMS that is not what was expected.`,
		Example: indent("ussdgw test testdata/transcripts",
			"ussdgw test --smpp testdata/transcripts",
			"ussdgw test --run 'pays|PIN' -v testdata/transcripts/payment.ru.ussd"),
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !o.smpp && (o.redis != "" || o.postgres != "") {
				return usage(cmd, "--redis and --postgres are for --smpp")
			}
			only, err := regexp.Compile(o.run)
			if err != nil {
				return usage(cmd, "--run: "+err.Error())
			}
			if len(args) == 0 {
				args = []string{"testdata/transcripts"}
			}
			return runTranscripts(cmd.Context(), o, only, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.smpp, "smpp", false, "run over SMPP, with real Redis and PostgreSQL")
	f.StringVar(&o.redis, "redis", "", "HOST:PORT of a Redis instead of a private one")
	f.StringVar(&o.postgres, "postgres", "", "URL of a PostgreSQL instead of a private one")
	f.StringVar(&o.run, "run", "", "only scenarios whose file or name matches the expression")
	f.StringVar(&o.menus, "menus", "", "folder of menu files instead of the built-in ones")
	f.IntVar(&o.pinLength, "pin-length", 4, "digits of a PIN, 4 to 12")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print every scenario, not only what fails")
	f.StringVar(&o.log, "log", "error", "debug, info, warn or error")
	return cmd
}

// runTranscripts parses everything before it runs anything.
func runTranscripts(
	ctx context.Context, o testOptions, only *regexp.Regexp, paths []string, out, talk io.Writer,
) (err error) {
	scenarios, err := parseTranscripts(paths, only, talk)
	if err != nil {
		return err
	}
	log, err := developmentLogger(talk, o.log)
	if err != nil {
		return err
	}
	set, err := requireMenus(talk, o.menus, o.pinLength)
	if err != nil {
		return err
	}
	runner, stop, err := newRunner(ctx, o, set, log)
	if err != nil {
		return &exitError{exitBroken, err.Error()}
	}
	defer func() { err = errors.Join(err, stop()) }()
	return runScenarios(ctx, runner, scenarios, o.verbose, out)
}

// fileScenario is a scenario and the file it is in.
type fileScenario struct {
	file string
	transcript.Scenario
}

// parseTranscripts reads the files of paths, and prints everything that cannot be parsed.
func parseTranscripts(
	paths []string, only *regexp.Regexp, talk io.Writer,
) ([]fileScenario, error) {
	files, err := transcriptFiles(paths)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	var scenarios []fileScenario
	bad := 0
	for _, name := range files {
		text, err := readAtMost(name, maxTranscriptOctets)
		if err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
		file, err := transcript.Parse(name, strings.NewReader(string(text)))
		if err != nil {
			bad++
			fmt.Fprintln(talk, err)
			continue
		}
		for _, s := range file.Scenarios {
			if only.MatchString(name) || only.MatchString(s.Name) {
				scenarios = append(scenarios, fileScenario{name, s})
			}
		}
	}
	if bad > 0 {
		return nil, &exitError{exitParse, fmt.Sprintf("%d of %d files cannot be parsed", bad, len(files))}
	}
	return scenarios, nil
}

// transcriptFiles lists the files of paths, those of a folder in the order of their names.
func transcriptFiles(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) == transcriptSuffix {
				files = append(files, path)
			}
			if len(files) > maxTranscriptFiles {
				return fmt.Errorf("more than %d files", maxTranscriptFiles)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no *%s files in %s", transcriptSuffix, strings.Join(paths, ", "))
	}
	return slices.Compact(files), nil
}

// newRunner makes the runner of one run. stop ends what it has started.
func newRunner(
	ctx context.Context, o testOptions, set *menuSet, log *zap.Logger,
) (r transcript.Runner, stop func() error, err error) {
	settings := worldSettings{menus: set, pinLength: o.pinLength, log: log}
	r.PINs = func(s transcript.Scenario) (transcript.PINs, error) {
		return drawPINs(o.pinLength, s.Number)
	}
	if o.smpp {
		stop, err = overSMPP(ctx, o, settings, &r)
		return r, stop, err
	}
	r.Open = func(
		ctx context.Context, s transcript.Scenario, pins transcript.PINs,
	) (transcript.World, error) {
		return openLocalWorld(ctx, settings, s, pins)
	}
	return r, func() error { return nil }, nil
}

// runScenarios runs the scenarios and says how each ended.
func runScenarios(
	ctx context.Context, r transcript.Runner, scenarios []fileScenario, verbose bool, out io.Writer,
) error {
	var count [transcript.Skipped + 1]int
	for _, s := range scenarios {
		if ctx.Err() != nil {
			return &exitError{exitBroken, "interrupted"}
		}
		limited, cancel := context.WithTimeout(ctx, scenarioTimeout)
		result := r.Run(limited, s.Scenario)
		cancel()
		count[result.Status]++
		if _, err := io.WriteString(out, describe(s, result, verbose)); err != nil {
			return err
		}
	}
	failed := count[transcript.Failed] + count[transcript.Broken]
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n",
		count[transcript.Passed], failed, count[transcript.Skipped])
	switch {
	case len(scenarios) == 0:
		return &exitError{exitUsage, "no scenario matches"}
	case count[transcript.Broken] > 0:
		return &exitError{code: exitBroken}
	case failed > 0:
		return &exitError{code: exitAsserts}
	}
	return nil
}

// describe is what is printed about one scenario.
func describe(s fileScenario, r transcript.Result, verbose bool) string {
	took := r.Took.Round(time.Millisecond)
	switch r.Status {
	case transcript.Passed:
		if !verbose {
			return ""
		}
		return fmt.Sprintf("ok    %s:%d: %s (%v)\n", s.file, s.Line, s.Name, took)
	case transcript.Skipped:
		if !verbose {
			return ""
		}
		return fmt.Sprintf("skip  %s:%d: %s: %s\n", s.file, s.Line, s.Name, r.Reason)
	case transcript.Broken:
		return fmt.Sprintf("BROKE %s:%d: %s (%v)\n%s\n", s.file, r.Line, s.Name, took, inset(r.Reason))
	}
	return fmt.Sprintf("FAIL  %s:%d: %s (%v)\n%s\n", s.file, r.Line, s.Name, took, inset(r.Reason))
}

// inset moves every line of text in.
func inset(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ")
}
