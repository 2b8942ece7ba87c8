package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/ledger/pgserver"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// terminals is the folder of programs that play a network of terminals.
const terminals = "../../testdata/terminal"

// interpreter returns the path of a program that the test needs. Without it the test is skipped, or
// fails where servers are required.
func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv(pgserver.Required) == pgserver.RequiredValue:
		t.Fatalf("%s=%s: %s is needed: %v", pgserver.Required, pgserver.RequiredValue, name, err)
	default:
		t.Skipf("no %s on this machine: %v", name, err)
	}
	return ""
}

// A cashRun is a dev whose terminal network is played from outside.
type cashRun struct {
	*devRun
	data, url, user, password string
	number                    msisdn.Number
}

var terminalLine = `terminal +curl -u (terminal:\w+) '(http://[^?]+)\?`

func startCashRun(t *testing.T) *cashRun {
	t.Helper()
	r := &cashRun{data: t.TempDir()}
	r.devRun = startDev(t, devOptions{data: r.data})
	credentials := find(t, r.banner, terminalLine)
	r.user, r.password, _ = strings.Cut(credentials, ":")
	r.url = find(t, r.banner, `terminal +curl -u terminal:\w+ '(http://[^?]+)\?`)
	r.number = msisdn.MustParse(r.numbers["ru"])
	return r
}

// play runs a program of the folder to its end, and returns the words of the lines it has printed.
func (r *cashRun) play(t *testing.T, program string, args ...string) [][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			text = exit.Stderr
		}
		t.Fatalf("%s: %v\n%s", filepath.Base(args[0]), err, text)
	}
	var lines [][]string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// metrics reads what is counted.
func (r *cashRun) metrics(t *testing.T) string {
	t.Helper()
	response, err := http.Get("http://" + r.console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return string(text)
}

// ledger stops dev and opens what it has kept.
func (r *cashRun) ledger(t *testing.T) ledger.Store {
	t.Helper()
	r.stop()
	s, err := litestore.Open(filepath.Join(r.data, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if breaches, err := s.Verify(t.Context()); err != nil || len(breaches) > 0 {
		t.Errorf("Verify = %v, %v", breaches, err)
	}
	return s
}

// credited fails the test unless the wallet holds so much more than at the start, out of the float
// of the network, and each txn is done once under its own number.
func (r *cashRun) credited(t *testing.T, total money.Amount, numbers map[string]string) {
	t.Helper()
	s := r.ledger(t)
	w, err := s.Wallet(t.Context(), r.number)
	if err != nil || w.Balance != devFunds+total {
		t.Errorf("the wallet holds %s, %v, want %s", w.Balance, err, devFunds+total)
	}
	a, err := agentOf(t.Context(), s, devNetwork)
	if err != nil || a.Float != devFloat-total {
		t.Errorf("the float is %s, %v, want %s", a.Float, err, devFloat-total)
	}
	seen := map[string]string{}
	for txn, number := range numbers {
		stored, found, err := s.AgentTxn(t.Context(), devNetwork, ledger.OpCashIn, txn)
		if err != nil || !found || strconv.FormatInt(stored.Number, 10) != number {
			t.Errorf("txn %s: prv_txn %s, the books have %+v, %v", txn, number, stored, err)
		}
		if other, twice := seen[number]; twice {
			t.Errorf("txn %s and %s have one prv_txn %s", txn, other, number)
		}
		seen[number] = txn
	}
}

// A network on a bad line repeats every pay, out of order and at once, and breaks connections off
// before, in and after a request: each is credited once, under one number.
func TestTerminalNetworkOnABadLine(t *testing.T) {
	python := interpreter(t, "python3")
	r := startCashRun(t)
	address := strings.TrimSuffix(strings.TrimPrefix(r.url, "http://"), "/osmp")
	host, port, _ := strings.Cut(address, ":")
	args := []string{
		filepath.Join(terminals, "terminal.py"), host, port, r.user, r.password,
		"0" + r.number.Digits()[len(msisdn.CountryCode):],
	}
	const first, count = 9_000_000_000_001, 24
	var total money.Amount
	sums := map[string]string{}
	for n := range count {
		txn := first + n
		args = append(args, strconv.Itoa(txn))
		sum := money.Som(int64(txn%50+1)) + 10
		sums[strconv.Itoa(txn)] = sum.String()
		total += sum
	}
	numbers := map[string]string{}
	lines := r.play(t, python, args...)
	if want := count * 4; len(lines) != want {
		t.Errorf("%d answers, want %d", len(lines), want)
	}
	for _, words := range lines {
		if len(words) != 4 || words[1] != "0" || words[3] != sums[words[0]] {
			t.Fatalf("the answer is %q, want %s credited", words, sums[words[0]])
		}
		if had, ok := numbers[words[0]]; ok && had != words[2] {
			t.Errorf("txn %s was called %s and is %s", words[0], had, words[2])
		}
		numbers[words[0]] = words[2]
	}
	if len(numbers) != count {
		t.Errorf("%d txns are answered, want %d", len(numbers), count)
	}
	r.credited(t, total, numbers)
}

// A terminal of curl and sh checks, and pays three times each, as GET and as POST.
func TestTerminalOfCurl(t *testing.T) {
	shell := interpreter(t, "sh")
	interpreter(t, "curl")
	r := startCashRun(t)
	lines := r.play(t, shell, filepath.Join(terminals, "terminal.sh"), r.url,
		r.user+":"+r.password, r.number.Digits(), "21", "22", "23")
	if len(lines) != 1+3*3 || strings.Join(lines[0], " ") != "check 0 Анна П." {
		t.Fatalf("answers %q", lines)
	}
	numbers := map[string]string{}
	for _, words := range lines[1:] {
		had := numbers[words[0]]
		if len(words) != 3 || words[1] != "0" || (had != "" && had != words[2]) {
			t.Fatalf("answer %q, numbers so far %v", words, numbers)
		}
		numbers[words[0]] = words[2]
	}
	counted := fmt.Sprintf(`ussdgw_agent_requests_total{command="pay",network=%q,result="0"} 9`,
		devNetwork)
	if text := r.metrics(t); !strings.Contains(text, counted) ||
		!strings.Contains(text, `ussdgw_agent_float_left_som{agent="terminal"} 999970`) {
		t.Errorf("no %s in the metrics, or another float", counted)
	}
	r.credited(t, money.Som(30), numbers)
	if log := r.log.String(); strings.Contains(log, r.password) ||
		strings.Contains(log, r.number.Digits()) {
		t.Error("the password or the number is in the log")
	}
}
