package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"ussdgw/wallet/ledger/litestore"
)

// leakChecked runs the tests, stops the servers that they have started, and then fails when a test
// has left a goroutine behind.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	ours.stop()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestMain lets scripts call the program as `ussdgw`.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"ussdgw": main})
}

// TestScripts runs the command lines of testdata/script and compares what they print.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ledger": makeLedger,
		},
		Setup: func(env *testscript.Env) error {
			menus, err := os.Getwd()
			env.Setenv("REPO", menus+"/../..")
			return err
		},
	})
}

// makeLedger makes the ledger of a folder as dev --data does: ledger DIR.
func makeLedger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ledger DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	store, err := litestore.Open(filepath.Join(dir, devLedgerFile))
	ts.Check(err)
	store.Close()
}
