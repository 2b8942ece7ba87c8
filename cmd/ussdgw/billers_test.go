package main

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/biller/billersim"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

func order(provider string) biller.Request {
	return biller.Request{
		Txn: "1234567890123456789", Provider: provider, Account: "123456789", Amount: money.Som(10),
		At: time.Unix(1_800_000_000, 0),
	}
}

// What is written in the configuration is how the provider is reached: its password from a file,
// its number of the service, and what is counted about it.
func TestConfiguredBillerIsReached(t *testing.T) {
	sim := billersim.New(billersim.Config{User: "gw", Password: "hunter2"})
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, report := loadConfig(writeConfig(t, minimal(t)+"billers:\n  - {name: hub, url: \""+
		server.URL+"/osmp\", user: gw, password_file: "+password+", prv_id: any, "+
		"prv_ids: [water=w1], breaker_failures: 1}\n"), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	if strings.Contains(formatted(cfg), "hunter2") {
		t.Error("the password can be printed")
	}
	m := newMetrics()
	find, err := openBillers(cfg.Billers, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := find("none"); ok {
		t.Error("a biller that is not configured was found")
	}
	hub, ok := find("hub")
	if !ok {
		t.Fatal("no biller")
	}
	for _, provider := range []string{"water", "gas"} {
		if a, err := hub.Pay(t.Context(), order(provider)); a.Verdict != biller.VerdictDone {
			t.Fatalf("Pay = %+v, %v", a, err)
		}
	}
	if sim.Payments("w1") == nil || len(sim.Payments("w1")) != 1 || len(sim.Payments("any")) != 1 {
		t.Errorf("payments %+v, want one of w1 and one of any", sim.Payments(""))
	}
	server.Close()
	if _, err := hub.Pay(t.Context(), order("gas")); !errors.Is(err, biller.ErrNotSent) {
		t.Errorf("Pay = %v", err)
	}
	got := scrape(t, m)
	for _, want := range []string{
		`ussdgw_biller_requests_total{biller="hub",operation="pay",result="done"} 2`,
		`ussdgw_biller_requests_total{biller="hub",operation="pay",result="not_sent"} 1`,
		`ussdgw_biller_request_seconds_count{biller="hub",operation="pay"} 3`,
		`ussdgw_biller_breaker{biller="hub",state="open"} 1`,
		`ussdgw_biller_breaker{biller="hub",state="closed"} 0`,
		`ussdgw_biller_in_flight{biller="hub"} 0`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %q in:\n%s", want, got)
		}
	}
}

// A biller of the menus that nobody has configured is named once in the log, and in a metric until
// it is there.
func TestMissingBillerIsMadeKnown(t *testing.T) {
	core, logs := observer.New(zapcore.ErrorLevel)
	m := newMetrics()
	menus := &catalogue.Catalogue{Categories: []catalogue.Category{
		{Providers: []catalogue.Provider{{ID: "a"}, {ID: "b", Biller: "hub"}, {ID: "c", Biller: "hub"}}},
		{Providers: []catalogue.Provider{{ID: "d", Biller: "other"}}},
	}}
	there := map[string]bool{"other": true}
	looks := &missingBillers{
		live: func() *catalogue.Catalogue { return menus },
		find: func(name string) (biller.Biller, bool) { return nil, there[name] },
		log:  zap.New(core), count: m.missingBiller, known: make(map[string]bool),
	}
	const line = "\nussdgw_biller_missing{biller=\"hub\"} 1\n"
	looks.look()
	looks.look()
	if found := logs.FilterField(zap.String("biller", "hub")).Len(); found != 1 || logs.Len() != 1 {
		t.Errorf("logged %v", logs.All())
	}
	if !strings.Contains(scrape(t, m), line) {
		t.Error("no metric")
	}
	there["hub"] = true
	looks.look()
	if strings.Contains(scrape(t, m), "ussdgw_biller_missing{") {
		t.Error("a biller that is there is said to be missing")
	}
}
