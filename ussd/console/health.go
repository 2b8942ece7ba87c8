package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// live says that the process answers at all.
func live(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "ok")
}

// ready runs every check and prints each with its result: "[+] name" or "[-] name: why". The
// status is 200 when all are ready and 503 otherwise.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	reasons := s.check(r.Context())
	status := http.StatusOK
	var body strings.Builder
	if s.stopping.Load() {
		status = http.StatusServiceUnavailable
		body.WriteString("[-] process: stopping\n")
	}
	for i, c := range s.cfg.Checks {
		if err := reasons[i]; err != nil {
			status = http.StatusServiceUnavailable
			fmt.Fprintf(&body, "[-] %s: %s\n", c.Name, oneLine(err.Error()))
			continue
		}
		fmt.Fprintf(&body, "[+] %s\n", c.Name)
	}
	if status == http.StatusOK {
		body.WriteString("ready\n")
	} else {
		body.WriteString("not ready\n")
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, body.String())
}

// check runs all checks at once, so that an answer takes no longer than the slowest.
func (s *Server) check(ctx context.Context) []error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	reasons := make([]error, len(s.cfg.Checks))
	var all sync.WaitGroup
	for i, c := range s.cfg.Checks {
		all.Go(func() { reasons[i] = c.Ready(ctx) })
	}
	all.Wait()
	return reasons
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
