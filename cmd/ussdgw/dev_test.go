package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet/money"
)

// smsWithin is how long a dialogue that ends with an SMS waits for it; others wait for none.
const smsWithin = 10 * time.Second

// lockedBuffer is written by a running program and read by its test.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// devRun is a running dev.
type devRun struct {
	banner, console, fresh string
	numbers, pins          map[string]string // by language
	log                    *lockedBuffer
	said                   *lockedBuffer // after the banner
	stop                   func()
}

var registeredLine = regexp.MustCompile(`registered +(\d{12}) +PIN (\d+) +(\w\w)`)

// startDev runs dev in this process until the test ends or stop is called.
func startDev(t *testing.T, o devOptions) *devRun {
	t.Helper()
	if o.console == "" {
		o.console, o.consoleGiven = "127.0.0.1:0", true
	}
	o.log, o.dialect = "debug", "standard"
	if o.pinLength == 0 {
		o.pinLength = 4
	}
	ctx, cancel := context.WithCancel(t.Context())
	said, says := io.Pipe()
	d := &devRun{
		log: &lockedBuffer{}, said: &lockedBuffer{},
		numbers: map[string]string{}, pins: map[string]string{},
	}
	done := make(chan error, 1)
	go func() {
		err := runDev(ctx, o, says, d.log)
		_ = says.CloseWithError(io.EOF)
		done <- err
	}()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("dev ended with: %v", err)
		}
	})
	t.Cleanup(d.stop)
	text := make([]byte, 4096)
	n, err := said.Read(text)
	if err != nil {
		t.Fatalf("dev said nothing: %v\n%s", err, d.log)
	}
	d.banner = string(text[:n])
	go func() { _, _ = io.Copy(d.said, said) }() // ends with dev
	for _, m := range registeredLine.FindAllStringSubmatch(d.banner, -1) {
		d.numbers[m[3]], d.pins[m[3]] = m[1], m[2]
	}
	d.console = find(t, d.banner, `http://(\S+)`)
	d.fresh = find(t, d.banner, `fresh +(\d{12})`)
	return d
}

// find returns the first group of pattern in text.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return m[1]
}

// dial types answers at a running dev and returns what the phone printed.
func (d *devRun) dial(t *testing.T, o dialOptions, code string, answers ...string) string {
	t.Helper()
	var out bytes.Buffer
	o.console = d.console
	h := &handset{
		options: o, base: "http://" + d.console + "/phone",
		in: strings.NewReader(strings.Join(answers, "\n")), out: &out, talk: io.Discard,
	}
	if err := h.run(t.Context(), code); err != nil {
		t.Fatalf("dial %v: %v\n%s", answers, err, &out)
	}
	http.DefaultClient.CloseIdleConnections()
	return out.String()
}

// balance reads the balance of a language's subscriber on its screen.
func (d *devRun) balance(t *testing.T, lang string) money.Amount {
	t.Helper()
	out := d.dial(t, dialOptions{lang: lang}, "*900*8*1#")
	a, err := money.Parse(find(t, out, `(\d+\.\d\d) `))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A number that is used from another SIM moves no money until it is confirmed, and no IMSI is in
// any file or log.
func TestDevKnowsTheSIM(t *testing.T) {
	const first, second = "437051234567890", "437059876543210"
	data := t.TempDir()
	d := startDev(t, devOptions{data: data})
	show := func(want string) {
		t.Helper()
		out, err := command(t.Context(), "subscriber", "show", d.numbers["en"], "--data", data)
		if err != nil || !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("subscriber show: %v, %q, want %s", err, out, want)
		}
	}
	d.dial(t, dialOptions{lang: "en"}, "*900#")
	show(`(?s)^state +open\n.*SIM +not known\n`)
	d.dial(t, dialOptions{lang: "en", imsi: first}, "*900#")
	d.dial(t, dialOptions{lang: "en", imsi: first}, "*900#")
	show(`(?s)^state +open\n.*SIM +known\n`)
	d.dial(t, dialOptions{lang: "en", imsi: second}, "*900#")
	show(`(?s)^state +open; no money moves: the number is used with another SIM\n.*` +
		`suspect +"network" +"another SIM"`)
	out, err := command(t.Context(), "subscriber", "confirm", d.numbers["en"], "--data", data,
		"--reason", "came with ID")
	if err != nil || out != "open\n" {
		t.Errorf("subscriber confirm: %q, %v", out, err)
	}
	d.dial(t, dialOptions{lang: "en", imsi: second}, "*900#")
	show(`(?s)^state +open\n.*SIM +known\n`)
	if _, err := command(t.Context(), "dial", "--imsi", "12"); exitCode(io.Discard, err) != exitUsage {
		t.Errorf("an IMSI of two digits: %v", err)
	}
	d.stop()
	places := map[string]string{"log": d.log.String()}
	files, err := os.ReadDir(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		octets, err := os.ReadFile(filepath.Join(data, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		places[f.Name()] = string(octets)
	}
	for place, text := range places {
		if strings.Contains(text, first[1:]) || strings.Contains(text, second[1:]) {
			t.Errorf("an IMSI is in %s", place)
		}
	}
}

func TestDevRegistersAndPays(t *testing.T) {
	d := startDev(t, devOptions{})
	if !strings.HasPrefix(d.banner, "development: nothing is kept\n") ||
		!strings.Contains(d.banner, "dial '*900#' --console "+d.console) || len(d.pins) != 3 {
		t.Errorf("banner:\n%s", d.banner)
	}
	out := d.dial(t, dialOptions{msisdn: d.fresh, wait: smsWithin}, "*900#",
		"2", "1", "Asanov Asan", "21210199012345", "1", "1")
	find(t, out, `SMS from 900: .*PIN (\d{4})\b`)
	if !regexp.MustCompile(`(?m)^\d+/80 UCS-2$`).MatchString(out) {
		t.Errorf("no count of characters in:\n%s", out)
	}

	out = d.dial(t, dialOptions{lang: "ky", wait: smsWithin}, "*900#",
		"3", "3", "14", "14", "01234567890123", "100", d.pins["ky"])
	find(t, out, `SMS from 900: (?s:.*)\b(\d{10})\b`)
	paid := find(t, out, `Төлөндү (\d+\.\d\d)\+`)
	fee, err := money.Parse(find(t, out, `Төлөндү \d+\.\d\d\+(\d+\.\d\d)`))
	if err != nil || paid != "100.00" {
		t.Fatalf("paid %s and %v:\n%s", paid, err, out)
	}
	if after := d.balance(t, "ky"); devFunds-after != money.Som(100)+fee {
		t.Errorf("balance %v, then %v: want %v less", devFunds, after, money.Som(100)+fee)
	}
}

func TestDevKeepsSecretsOutOfItsLog(t *testing.T) {
	d := startDev(t, devOptions{pinLength: 12})
	out := d.dial(t, dialOptions{lang: "en", wait: smsWithin}, "*900#",
		"3", "3", "14", "14", "01234567890123", "100", d.pins["en"])
	find(t, out, `Paid 100.00 .*`+`()`)
	d.stop()
	for lang, secret := range d.pins {
		if len(secret) != 12 {
			t.Errorf("PIN of %d digits", len(secret))
		}
		if strings.Contains(out, secret) || strings.Contains(d.log.String(), secret) {
			t.Errorf("the PIN of %s is in the output or in the log", lang)
		}
		if strings.Contains(d.log.String(), d.numbers[lang]) {
			t.Errorf("the number of %s is in the log", lang)
		}
	}
}

func TestDevKeepsItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	d := startDev(t, devOptions{data: dir})
	d.dial(t, dialOptions{lang: "ru"}, "*900*3*3*14*14*01234567890123*100#", d.pins["ru"])
	balance, pins, fresh := d.balance(t, "ru"), fmt.Sprint(d.pins), d.fresh
	d.dial(t, dialOptions{msisdn: fresh}, "*900#",
		"2", "1", "Asanov Asan", "21210199012345", "1", "1")
	d.stop()
	for _, name := range []string{devKeysFile, devSeedsFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want 0600", name, info.Mode(), err)
		}
	}
	again := startDev(t, devOptions{data: dir})
	if got := again.balance(t, "ru"); got != balance || fmt.Sprint(again.pins) != pins {
		t.Errorf("kept %v %v, want %v %v", got, again.pins, balance, pins)
	}
	if again.fresh == fresh {
		t.Errorf("%s is called fresh and is registered", fresh)
	}
}

func TestDevTakesAFreeConsolePort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	d := startDev(t, devOptions{console: taken.Addr().String()})
	if d.console == taken.Addr().String() || !strings.Contains(d.banner, "--console "+d.console) {
		t.Errorf("banner:\n%s", d.banner)
	}
	o := devOptions{
		console: taken.Addr().String(), consoleGiven: true, log: "warn", dialect: "standard",
		pinLength: 4,
	}
	if err := runDev(t.Context(), o, io.Discard, io.Discard); err == nil {
		t.Error("a console address that was asked for and is taken was given up silently")
	}
}

func TestDialWithoutDevSaysWhatToDo(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	h := &handset{
		options: dialOptions{console: addr}, base: "http://" + addr + "/phone",
		in: strings.NewReader(""), out: io.Discard, talk: io.Discard,
	}
	err = h.run(t.Context(), "*900#")
	if err == nil || !strings.Contains(err.Error(), "start it in another terminal: ussdgw dev") {
		t.Errorf("got %v", err)
	}
}

func TestDialHangsUpAtTheEndOfItsInput(t *testing.T) {
	d := startDev(t, devOptions{})
	out := d.dial(t, dialOptions{lang: "en"}, "*900#", "3")
	if !strings.Contains(out, "Pay a bill") {
		t.Errorf("no second screen in:\n%s", out)
	}
	// The dialogue is dead: a redial offers to go on.
	out = d.dial(t, dialOptions{lang: "en"}, "*900#")
	if strings.Contains(out, "Transfers") {
		t.Errorf("the redial begins anew:\n%s", out)
	}
}

func TestDevConsoleAnswers(t *testing.T) {
	d := startDev(t, devOptions{})
	for path, want := range map[string]string{
		"/livez": "ok", "/readyz": "[+] link\nready\n", "/metrics": "ussdgw_smpp_bound{link=\"sim\"} 1",
		"/phone/subscribers": d.numbers["ky"],
	} {
		response, err := http.Get("http://" + d.console + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v, want %q in:\n%.500s", path, response.StatusCode, err, want, body)
		}
		for _, secret := range d.pins {
			// As a word of its own: four digits may well be part of somebody's number.
			alone := regexp.MustCompile(`\b` + secret + `\b`)
			if alone.Match(body) && path != "/metrics" {
				t.Errorf("a PIN is in %s", path)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
