package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
)

// replaceIn edits a file of menus, which must have the text.
func replaceIn(t *testing.T, path, before, now string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), before) {
		t.Fatalf("%s has no %q", path, before)
	}
	edited := strings.Replace(string(text), before, now, 1)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPlanAgainstLive(t *testing.T) {
	p := devPublishing(t)
	p.want(0, "(?m)^nothing changes$", "plan", p.dir, "--against", "live")
	replaceIn(t, filepath.Join(p.dir, "main.yaml"), `ru: "Помощь"`, `ru: "Подсказки"`)
	p.want(exitChanges, "1 screens? changed, 0 added", "plan", p.dir, "--against", "live",
		"--detailed-exitcode")
	p.want(1, "TEXT: the text of key 7 of main is another in ru", "breaking", p.dir, "--against",
		"live")
	p.want(0, "Everybody has", "publish", p.dir, "--to", "all", "--reason", "r", "--by", "a")
	p.want(0, "(?m)^nothing changes$", "plan", p.dir, "--against", "live", "--detailed-exitcode")
	p.want(0, "^$", "breaking", p.dir, "--against", "live")

	// What is on trial is not live yet.
	replaceIn(t, filepath.Join(p.dir, "main.yaml"), `ru: "Подсказки"`, `ru: "Советы"`)
	p.want(0, "published", "publish", p.dir, "--to", "5%", "--reason", "r", "--by", "a")
	p.want(0, `7 Подсказки +\|  \| 7 Советы`, "plan", p.dir, "--against", "live")
}

func TestPlanWithoutALedger(t *testing.T) {
	p := publishing{t: t}
	p.want(2, "which ledger is meant", "plan", "--against", "live")
	p.want(2, "which ledger is meant", "breaking", "--against", "live")
	p.want(1, "holds no ledger", "plan", "--against", "live", "--data", t.TempDir())
}

// TestPlanCountsSessions looks at the dialogues in a Redis. No number and nothing that was typed
// is in what is printed.
func TestPlanCountsSessions(t *testing.T) {
	p := newPublishing(t)
	at := needPlace(t)
	config := postgresConfig(t, "", "")
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, fmt.Appendf(text, "sessions: {addrs: [%q], prefix: %q}\n", at.redis,
			at.prefix), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	store, err := session.OpenRedis(session.Config{Addrs: []string{at.redis}, Prefix: at.prefix}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 9 {
		r := session.Record{Version: 1, Writer: [8]byte{1}, TouchedAt: time.Now(), StartedAt: time.Now()}
		r.Position = menu.Position{
			Revision: "0a1b2c3d4e5f", Stack: []menu.Visit{{State: "entry"}, {State: "main"}},
			Slots: map[string]string{"account": "01234567890123"},
		}
		switch {
		case i < 2:
			r.Position.Stack = r.Position.Stack[:1]
		case i < 3:
			r.Ended = true
		}
		key := session.Key{
			Service: "*900#", Number: msisdn.MustParse(fmt.Sprintf("99655512345%d", i)),
		}
		if err := store.Save(t.Context(), key, r, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	replaceIn(t, filepath.Join(p.dir, "main.yaml"), `ru: "Помощь"`, `ru: "Подсказки"`)
	out := p.want(0, `(?m)^Dialogues under way: 8, of them 6 in what changes
 +6 in main of revision 0a1b2c3d4e5f$`, "plan", p.dir, "--against", "built-in", "--config", config)
	if !regexp.MustCompile(`(?m)^1 screen changed, .*; 6 sessions$`).MatchString(out) {
		t.Errorf("no sessions in the last line of\n%s", out)
	}
	for _, secret := range []string{"99655512345", "01234567890123"} {
		if strings.Contains(out, secret) {
			t.Errorf("%s is in the plan", secret)
		}
	}
}

// A plan does not need the dialogues: it says that they are not counted, and why.
func TestPlanWithoutSessions(t *testing.T) {
	p := newPublishing(t)
	config := func(addr, prefix string) string {
		return writeConfig(t, minimal(t)+
			fmt.Sprintf("sessions: {addrs: [%q], prefix: %q}\n", addr, prefix))
	}
	out := p.want(0, `(?m)^sessions not counted: .*127\.0\.0\.1:1`, "plan", p.dir, "--against",
		"built-in", "--config", config("127.0.0.1:1", ""))
	if !strings.HasSuffix(out, "\nnothing changes\n") || strings.Contains(out, "under way") {
		t.Errorf("got\n%s", out)
	}
	at := needPlace(t)
	conn, err := net.Dial("tcp", at.redis)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	key := at.prefix + "ussd:{*900#:996555123456}"
	if _, err := fmt.Fprintf(conn, "SET %s broken EX 60\r\n", key); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(conn).ReadString('\n'); err != nil || said != "+OK\r\n" {
		t.Fatalf("redis says %q, %v", said, err)
	}
	p.want(0, `(?m)^sessions not counted: .*1 sessions left out: .*
Dialogues under way: 0, of them 0 in what changes$`, "plan", p.dir, "--against", "built-in",
		"--config", config(at.redis, at.prefix))
}

func TestWhereADialogueIs(t *testing.T) {
	touched := []string{"gone", "pay_do"}
	count := sessionCount{counts: map[sessionPlace]int{}}
	on := func(state string) menu.Position {
		return menu.Position{Revision: "r", Stack: []menu.Visit{{State: "gone"}, {State: state}}}
	}
	pending := on("main")
	pending.Pending = "pay_do"
	for _, r := range []session.Record{
		{}, // no session
		{Version: 1, Position: on("main")},
		{Version: 1, Position: on("gone")},
		{Version: 1, Position: on("gone"), Ended: true},
		{Version: 1, Position: on("gone"), Dead: true}, // it may be resumed
		{Version: 1, Position: pending},
		{Version: 1, Position: on("gone"), Executing: session.Executing{State: "pay_do"}},
		{Version: 1, Position: menu.Position{}},
	} {
		count.add(r, touched)
	}
	if count.all != 6 || count.total != 4 || count.counts[sessionPlace{"gone", "r"}] != 2 {
		t.Errorf("got %+v, want 6 dialogues, 4 of them in what changes", count)
	}
}
