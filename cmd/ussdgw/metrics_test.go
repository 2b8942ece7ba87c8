package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd/session"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
)

// scrape returns what Prometheus would read.
func scrape(t *testing.T, m *metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("metrics: %d %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// unsettled is a ledger with offers that wait, or one that does not answer.
type unsettled struct {
	offers []ledger.Offer
	holds  []ledger.ProviderHolds
	err    error
}

func (u *unsettled) OpenHolds(context.Context) ([]ledger.ProviderHolds, error) {
	return u.holds, nil
}

func (u *unsettled) Unresolved(
	ctx context.Context, _ time.Time, _ int,
) ([]ledger.Offer, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, errors.New("a scrape may wait forever")
	}
	return u.offers, u.err
}

func TestUnsettledOffersAreCounted(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	pressed := func(ago time.Duration) ledger.Offer { return ledger.Offer{PressedAt: now.Add(-ago)} }
	for _, tt := range []struct {
		name   string
		ledger unsettled
		want   []string
		not    string
	}{
		{"none", unsettled{}, []string{
			"ussdgw_ledger_up 1", "ussdgw_offers_unsettled 0",
			"ussdgw_offers_unsettled_oldest_seconds 0",
		}, "none"},
		{"two", unsettled{offers: []ledger.Offer{pressed(90 * time.Second), pressed(0)}}, []string{
			"ussdgw_ledger_up 1", "ussdgw_offers_unsettled 2",
			"ussdgw_offers_unsettled_oldest_seconds 90",
		}, "none"},
		{"held", unsettled{holds: []ledger.ProviderHolds{
			{Provider: "water", State: ledger.HoldInDoubt, Count: 3, Oldest: now.Add(-time.Minute)},
		}}, []string{
			`ussdgw_provider_holds{provider="water",state="in_doubt"} 3`,
			`ussdgw_provider_holds_oldest_seconds{provider="water",state="in_doubt"} 60`,
		}, "none"},
		{
			"no answer",
			unsettled{err: ledger.ErrUnavailable},
			[]string{"ussdgw_ledger_up 0"},
			"ussdgw_offers_unsettled",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMetrics()
			m.watchOffers(&tt.ledger, func() time.Time { return now })
			got := scrape(t, m)
			for _, want := range tt.want {
				if !strings.Contains(got, "\n"+want+"\n") {
					t.Errorf("no line %q in:\n%s", want, got)
				}
			}
			if strings.Contains(got, "\n"+tt.not) {
				t.Errorf("%q in:\n%s", tt.not, got)
			}
		})
	}
}

// A link that has never been bound has its metrics, so that somebody is called.
func TestALinkHasMetricsBeforeItsFirstBind(t *testing.T) {
	var report source.Report
	set := loadMenus(menus.FS(), 0, &report)
	if set == nil {
		t.Fatal(report.Err())
	}
	store, err := litestore.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keys, err := drawKeys()
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics()
	a, err := assemble(parts{
		menus: set, sessions: session.NewMemory(0, nil), ledger: store, keys: keys, metrics: m,
		limits: defaultConfig().Limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	link := defaultLink()
	link.Name, link.Address, link.SystemID = "north", "127.0.0.1:1", "gw"
	if err := a.connect(link, "900"); err != nil {
		t.Fatal(err)
	}
	got := scrape(t, m)
	for _, want := range []string{
		`ussdgw_smpp_bound{link="north"} 0`, `ussdgw_smpp_window_used{link="north"} 0`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %q in:\n%s", want, got)
		}
	}
}
