//go:build figures

package pgstore_test

import (
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet/ledger/ledgertest"
	"ussdgw/wallet/ledger/pgserver"
	"ussdgw/wallet/ledger/pgstore"
)

// TestFigures prints debits a second beside pgbench -N on the same server: `make figures`.
func TestFigures(t *testing.T) {
	pgserver.Need(t)
	server, err := pgserver.Start(t.Context(), "") // as it is installed: it syncs every commit
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	pgbench(t, server, "-i", "-q", "-s", "20")
	s, err := pgstore.Open(t.Context(), pgstore.Config{URL: server.URL(), MaxConns: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledgertest.Figures(t, s, func() time.Duration { return childrenCPU(t, server.PID()) },
		func(clients int) float64 {
			out := pgbench(t, server, "-N", "-M", "prepared", "-j", "2", "-T", "3", "-n",
				"-c", strconv.Itoa(clients))
			found := regexp.MustCompile(`tps = ([0-9.]+)`).FindStringSubmatch(out)
			if found == nil {
				t.Fatalf("pgbench has said no tps:\n%s", out)
			}
			tps, err := strconv.ParseFloat(found[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return tps
		})
}

func pgbench(t *testing.T, server *pgserver.Server, args ...string) string {
	t.Helper()
	path, err := osexec.LookPath("pgbench")
	if err != nil {
		t.Fatalf("%v: it comes with PostgreSQL", err)
	}
	cmd := osexec.CommandContext(t.Context(), path, append(args, server.URL())...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("pgbench: %v\n%s", err, out)
	}
	return string(out)
}

// childrenCPU is the CPU time so far of the server's processes that live, from proc(5).
func childrenCPU(t *testing.T, pid int) time.Duration {
	t.Helper()
	const tick = 10 * time.Millisecond // sysconf(_SC_CLK_TCK) is 100 on Linux
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var ticks int64
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if fields[1] != fmt.Sprint(pid) { // ppid
			continue
		}
		for _, at := range []int{11, 12} { // utime, stime
			n, err := strconv.ParseInt(fields[at], 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}
