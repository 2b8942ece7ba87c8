package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The simulator prints where it is, does what its faults say, and leaves registries behind.
func TestSimBiller(t *testing.T) {
	zone := time.FixedZone("Bishkek", 6*60*60)
	o := simBillerOptions{
		listen: "127.0.0.1:0", registry: filepath.Join(t.TempDir(), "registries"),
		faults: []string{"code=90,times=1"},
	}
	sim, err := o.simulator(zone)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- o.run(ctx, sim, time.Date(2026, 3, 1, 0, 0, 0, 0, zone), write)
		write.Close()
	}()
	banner := map[string]string{}
	for scan := bufio.NewScanner(read); scan.Scan() && scan.Text() != "ready"; {
		name, rest, _ := strings.Cut(scan.Text(), " ")
		banner[name] = strings.TrimSpace(rest)
	}
	osmp := strings.Replace(banner["osmp"], "PROVIDER", "water", 1)
	get := func(url string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatalf("%v\n%v", err, banner)
		}
		r.Close = true
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	curl := func(line string) string {
		return get(strings.Trim(strings.TrimPrefix(banner[line], "curl "), "'"))
	}
	if got := curl("try"); !strings.Contains(got, "<result>0</result>") {
		t.Errorf("what it says to try: %s", got)
	}
	for _, want := range []string{"90", "0", "0"} {
		got := get(osmp + "?command=pay&txn_id=1&account=123456789&sum=10.00&txn_date=20260301140509")
		if !strings.Contains(got, "<result>"+want+"</result>") {
			t.Errorf("%s, want %s", got, want)
		}
	}
	const registry = "txn_id;prv_txn;txn_date;account;sum;fee\n" +
		"1;1000001;2026-03-01 14:05:09;123456789;10.00;0.00\n#1;10.00\n"
	if got := curl("registry"); got != registry {
		t.Errorf("registry %q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(o.registry, "water-2026-03-01.csv"))
	if err != nil || string(text) != registry {
		t.Errorf("%q, %v", text, err)
	}
}

func TestSimBillerUsage(t *testing.T) {
	for want, args := range map[string][]string{
		`no kind "lots": known are slow`: {"--fault", "lots"},
		"slow needs a duration":          {"--fault", "lost", "--fault", "slow"},
		"--password goes with --user":    {"--password", "x"},
		"unknown flag: --prot":           {"--prot", "1"},
	} {
		_, err := command(t.Context(), append([]string{"sim", "biller"}, args...)...)
		if code := exitCode(io.Discard, err); code != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: exit code %d, %v; want %q", args, code, err, want)
		}
	}
	if _, err := command(t.Context(), "sim", "biller", "--listen", "nowhere:x"); err == nil ||
		exitCode(io.Discard, err) != exitFailure {
		t.Errorf("an address that is none: %v", err)
	}
}
