package billersim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/biller/billersim"
	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	bishkek = time.FixedZone("Bishkek", 6*60*60)
	paidAt  = time.Date(2026, 3, 1, 14, 5, 9, 0, bishkek)
)

// start serves a simulator, with the faults given.
func start(t *testing.T, faults ...string) (*billersim.Server, string) {
	t.Helper()
	s := billersim.New(billersim.Config{Now: func() time.Time { return paidAt }, Zone: bishkek})
	set(t, s, faults...)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

func set(t *testing.T, s *billersim.Server, faults ...string) {
	t.Helper()
	for _, text := range faults {
		f, err := billersim.ParseFault(text)
		if err == nil {
			err = s.AddFault(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// clients are both adapters of one provider at a simulator.
func clients(t *testing.T, address string) map[string]biller.Biller {
	t.Helper()
	cfg := biller.Config{Zone: bishkek, Timeout: 20 * time.Second}
	cfg.URL = address + "/osmp/severelectro"
	osmp, err1 := biller.NewOSMP(cfg)
	cfg.URL = address + "/json/severelectro"
	plain, err2 := biller.NewJSON(cfg)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return map[string]biller.Biller{"osmp": osmp, "json": plain}
}

func request(txn string) biller.Request {
	return biller.Request{
		Txn: txn, Provider: "severelectro", Account: "123456789", Amount: money.Som(100), At: paidAt,
	}
}

// hits is how often the faults that are set have struck.
func hits(t *testing.T, address string) int {
	response, err := http.Get(address + "/faults")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	var list []struct{ Hits int }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Error(err)
	}
	n := 0
	for _, f := range list {
		n += f.Hits
	}
	return n
}

// waitFor returns when there is what a test waits for, or fails it.
func waitFor(t *testing.T, there func() bool) {
	for until := time.Now().Add(20 * time.Second); !there(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Error("waited in vain")
			return
		}
	}
}

// The protocol's own text over a bare socket: none of our encoders has a part in it.
func TestOSMPOnTheWire(t *testing.T) {
	s, address := start(t)
	get := func(path string) string {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: provider\r\n\r\n", path)
		in := bufio.NewReader(conn)
		status, _ := in.ReadString('\n')
		rest, err := io.ReadAll(in)
		_, body, _ := strings.Cut(string(rest), "\r\n\r\n")
		if err != nil || !strings.HasPrefix(status, "HTTP/1.0 200 ") {
			t.Fatalf("%s: %q %q, %v", path, status, rest, err)
		}
		return body
	}
	const head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
		"<response><osmp_txn_id>1234567</osmp_txn_id>"
	const pay = "/osmp?command=pay&txn_id=1234567&txn_date=20260301140509&account=0957835959" +
		"&sum=10.45&prv_id=water"
	const paid = head + "<prv_txn>1000001</prv_txn><sum>10.45</sum><result>0</result>" +
		"<comment>OK</comment><fields><field1 name="
	check := get("/osmp?command=check&txn_id=1234567&account=0957835959&sum=10.45&prv_id=water")
	if !strings.HasPrefix(check, head+"<result>0</result><comment>OK</comment><fields>") {
		t.Errorf("check: %q", check)
	}
	first := get(pay)
	if !strings.HasPrefix(first, paid) || !strings.HasSuffix(first, "</fields></response>\n") {
		t.Errorf("pay: %q, want %q", first, paid)
	}
	for range 3 {
		if again := get(pay); again != first {
			t.Errorf("a repeat: %q, want %q", again, first)
		}
	}
	for path, want := range map[string]string{
		strings.Replace(pay, "10.45", "10.46", 1):               "300",
		strings.Replace(pay, "0957835959", "095783595", 1):      "300",
		strings.Replace(pay, "1234567", "12a", 1):               "300",
		strings.Replace(pay, "10.45", "10.4", 1):                "300",
		strings.Replace(pay, "txn_date", "date", 1):             "300",
		strings.Replace(pay, "=pay", "=cancel", 1):              "300",
		pay + "&sum=10.45":                                      "300",
		"/osmp?command=check&txn_id=2&account=&sum=1.00":        "4",
		"/osmp?command=check&txn_id=2&account=1&sum=0.00":       "241",
		"/osmp?command=check&txn_id=2&account=9990079&sum=1.00": "79",
	} {
		if got := get(path); !strings.Contains(got, "<result>"+want+"</result>") {
			t.Errorf("%s: %q, want %s", path, got, want)
		}
	}
	list := s.Payments("water")
	want := billersim.Payment{
		Provider: "water", Txn: "1234567", ProviderTxn: "1000001", Account: "0957835959",
		Amount: 1045, Date: paidAt, At: paidAt, Repeats: 3,
	}
	if len(list) != 1 || list[0] != want || len(s.Payments("")) != 1 {
		t.Errorf("payments %+v, want %+v", list, want)
	}
}

func TestEveryResult(t *testing.T) {
	_, address := start(t)
	for name, b := range clients(t, address) {
		for code, want := range map[string]biller.Reason{
			"9990001": biller.ReasonTemporary, "9990004": biller.ReasonAccountFormat,
			"9990005": biller.ReasonAccountUnknown, "9990007": biller.ReasonForbidden,
			"999000008": biller.ReasonTechnical, "999031": biller.ReasonExtraField,
			"999032": biller.ReasonRate, "999000079": biller.ReasonInactive,
			"999090": biller.ReasonPending, "9990241": biller.ReasonTooSmall,
			"9990242": biller.ReasonTooLarge, "9990243": biller.ReasonUnchecked,
			"9990300": biller.ReasonOther, "9990": "", "9990777": "", "123": "",
		} {
			r := request("7")
			r.Account = code
			got, err := b.Check(t.Context(), r)
			if err != nil || got.Reason != want || (want == "") != (got.Holder != "") {
				t.Errorf("%s %s: %+v, %v; want %q", name, code, got, err, want)
			}
		}
	}
}

func TestHoldersAreTheSameEveryTime(t *testing.T) {
	_, one := start(t)
	_, two := start(t)
	seen := map[string]bool{}
	for i := range 60 {
		r := request("7")
		r.Account = fmt.Sprint(100000 + i)
		a, err1 := clients(t, one)["osmp"].Check(t.Context(), r)
		b, err2 := clients(t, two)["json"].Check(t.Context(), r)
		if err := errors.Join(err1, err2); err != nil || a.Holder != b.Holder ||
			strings.Contains(a.Holder, "%") {
			t.Errorf("%s: %q and %q, %v", r.Account, a.Holder, b.Holder, err)
		}
		seen[strings.Fields(a.Holder)[0]] = true
	}
	if len(seen) < 8 {
		t.Errorf("60 accounts have only %v", seen)
	}
}

// Every fault, through both adapters: what the caller is told at the first try, what was done then,
// and that repeats with the same id end in one payment.
func TestFaults(t *testing.T) {
	const done, refused, unknown = biller.VerdictDone, biller.VerdictRefused, biller.VerdictUnknown
	for _, tt := range []struct {
		fault   string
		verdict biller.Verdict
		paid    int // after the first try
	}{
		{"slow=20ms", done, 1},
		{"silent", unknown, 0},
		{"lost", unknown, 1},
		{"cutbefore", unknown, 0},
		{"cutafter", unknown, 1},
		{"http=500", unknown, 0},
		{"httpafter=502", unknown, 1},
		{"code=1", unknown, 0},
		{"code=90", unknown, 0},
		{"code=777", unknown, 0},
		{"code=5", refused, 0},
		{"code=0", done, 0},
		{"lie=8", refused, 1},
		{"lie=90", unknown, 1},
		{"lie=777", unknown, 1},
		{"broken", unknown, 1},
		{"long", unknown, 1},
		{"wrongtxn", unknown, 1},
		{"wrongsum", unknown, 1},
		{"double", done, 1},
	} {
		for _, name := range []string{"osmp", "json"} {
			t.Run(tt.fault+" "+name, func(t *testing.T) {
				s, address := start(t, tt.fault+",times=1")
				b := clients(t, address)[name]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var left sync.WaitGroup
				if tt.fault == "silent" || tt.fault == "lost" { // these wait until the client leaves
					left.Go(func() {
						waitFor(t, func() bool {
							return hits(t, address) == 1 && len(s.Payments("")) == tt.paid
						})
						cancel()
					})
				}
				got, err := b.Pay(ctx, request("1234567"))
				left.Wait()
				if got.Verdict != tt.verdict || errors.Is(err, biller.ErrNotSent) {
					t.Errorf("%+v, %v; want %s", got, err, tt.verdict)
				}
				if n := len(s.Payments("")); n != tt.paid {
					t.Errorf("%d payments, want %d", n, tt.paid)
				}
				first, err1 := b.Pay(t.Context(), request("1234567"))
				again, err2 := b.Status(t.Context(), request("1234567"))
				if err := errors.Join(err1, err2); err != nil || first.Verdict != done ||
					again.Verdict != done || first.ProviderTxn != "1000001" || again.ProviderTxn != "1000001" {
					t.Errorf("repeated: %+v, then %+v, %v", first, again, err)
				}
				if n := len(s.Payments("")); n != 1 {
					t.Errorf("%d payments after repeats", n)
				}
			})
		}
	}
}

func TestDoublePaysRepeatsAgain(t *testing.T) {
	s, address := start(t, "double")
	b := clients(t, address)["osmp"]
	var ids []string
	for range 3 {
		got, err := b.Pay(t.Context(), request("1234567"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ProviderTxn)
	}
	if got := strings.Join(ids, " "); got != "1000001 1000002 1000003" || len(s.Payments("")) != 3 {
		t.Errorf("ids %s, payments %+v", got, s.Payments(""))
	}
	var text strings.Builder
	if err := s.Registry(&text, "severelectro", paidAt); err != nil {
		t.Fatal(err)
	}
	theirs, err := registry.ReadAll(strings.NewReader(text.String()), registry.Profile{Zone: bishkek})
	if err != nil {
		t.Fatal(err)
	}
	m := registry.Match([]registry.Line{{Txn: "1234567", Amount: money.Som(100)}}, theirs)
	if m.Matched != 1 || len(m.Differences) != 2 ||
		m.Differences[0].Kind != registry.KindDuplicateTheirs {
		t.Errorf("the registry shows %+v", m)
	}
}

// A slow provider does the work although the client has left: the late payment.
func TestSlowPaysAfterTheClientHasLeft(t *testing.T) {
	begun, wait, after := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := billersim.New(billersim.Config{
		Zone: bishkek,
		Sleep: func(_ context.Context, d time.Duration) {
			if d != time.Minute {
				t.Errorf("sleeps %s", d)
			}
			close(begun)
			<-wait
		},
	})
	set(t, s, "slow=40s", "slow=20s", "cutafter")
	handler := s.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(after)
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	b := clients(t, server.URL)["osmp"]
	got, err := b.Pay(ctx, request("1"))
	if got.Verdict != biller.VerdictUnknown || err == nil || len(s.Payments("")) != 0 {
		t.Errorf("%+v, %v, %v", got, err, s.Payments(""))
	}
	close(wait)
	<-after
	if n := len(s.Payments("")); n != 1 {
		t.Errorf("%d payments", n)
	}
}

func TestFaultsStrikeWhereTheyAreAimed(t *testing.T) {
	s, address := start(t, "code=90,each=2,txn=7,provider=severelectro",
		"code=5,account=555,command=any", "code=8,provider=other", "code=4,times=1,command=check")
	b := clients(t, address)["osmp"]
	result := func(txn, account string) string {
		t.Helper()
		r := request(txn)
		r.Account = account
		got, err := b.Pay(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return got.Code
	}
	for _, step := range []struct{ txn, account, want string }{
		{"71", "1", "90"},
		{"72", "1", "90"},
		{"71", "1", "90"},
		{"71", "1", "0"},
		{"72", "1", "90"},
		{"72", "1", "0"},
		{"81", "1", "0"},
		{"82", "5551", "5"},
	} {
		if got := result(step.txn, step.account); got != step.want {
			t.Errorf("%+v: %s", step, got)
		}
	}
	for _, want := range []string{"4", "0"} {
		if got, err := b.Check(t.Context(), request("1")); err != nil || got.Code != want {
			t.Errorf("check: %+v, %v; want %s", got, err, want)
		}
	}
	s.ClearFaults("code")
	if got := result("83", "5551"); got != "0" {
		t.Errorf("after the faults were removed: %s", got)
	}
}

// calling does requests to a simulator.
func calling(t *testing.T, address string) func(method, path, body string) (int, string) {
	return func(method, path, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		text, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.StatusCode, string(text)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	_, address := start(t)
	do := calling(t, address)
	code, text := do("POST", "/faults", "code=90,times=2,command=any\n\nslow=1ms\n")
	if code != 200 || !strings.Contains(text, `"code=90,times=2,command=any"`) ||
		!strings.Contains(text, `"slow=1ms"`) {
		t.Errorf("%d %s", code, text)
	}
	for body, want := range map[string]string{
		"lost\nlots\n":               `no kind "lots"`,
		"":                           "no fault",
		strings.Repeat("lost\n", 99): "more than 100",
	} {
		if code, text := do("POST", "/faults", body); code != 400 || !strings.Contains(text, want) {
			t.Errorf("%.20q: %d %s", body, code, text)
		}
	}
	b := clients(t, address)["json"]
	if got, err := b.Pay(t.Context(), request("1")); err != nil || got.Reason != biller.ReasonPending {
		t.Errorf("%+v, %v", got, err)
	}
	if n := hits(t, address); n != 2 {
		t.Errorf("%d hits, want one of each", n)
	}
	if _, text := do("DELETE", "/faults?kind=code", ""); strings.Contains(text, "code") ||
		!strings.Contains(text, "slow") {
		t.Errorf("without one kind: %s", text)
	}
	if _, text := do("DELETE", "/faults", ""); text != "[]\n" {
		t.Errorf("without all: %s", text)
	}
	if got, err := b.Pay(t.Context(), request("1")); err != nil || got.Verdict != biller.VerdictDone {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBooksOverHTTP(t *testing.T) {
	_, address := start(t)
	do := calling(t, address)
	if _, err := clients(t, address)["json"].Pay(t.Context(), request("1")); err != nil {
		t.Fatal(err)
	}
	if _, text := do("GET", "/payments?provider=severelectro", ""); !strings.Contains(text,
		`"prv_txn": "1000001"`) || !strings.Contains(text, `"amount": 10000`) {
		t.Errorf("payments %s", text)
	}
	if _, text := do("GET", "/payments?provider=x", ""); text != "[]\n" {
		t.Errorf("payments of another: %s", text)
	}
	const head = "txn_id;prv_txn;txn_date;account;sum;fee\n"
	for day, want := range map[string]string{
		"2026-03-01": head + "1;1000001;2026-03-01 14:05:09;123456789;100.00;0.00\n#1;100.00\n",
		"2026-03-02": head + "#0;0.00\n",
	} {
		if _, text := do("GET", "/registry?provider=severelectro&day="+day, ""); text != want {
			t.Errorf("registry %q, want %q", text, want)
		}
	}
	for _, call := range [][3]string{
		{"GET", "/registry?provider=severelectro&day=tomorrow", ""},
		{"GET", "/registry?day=2026-03-01", ""},
		{"POST", "/json", "{}"},
	} {
		if code, text := do(call[0], call[1], call[2]); code != 400 {
			t.Errorf("%q: %d %s", call, code, text)
		}
	}
}

func TestParseFault(t *testing.T) {
	for _, text := range []string{
		"slow=3s", "lost", "code=90,times=2,each=1,provider=p,account=12,txn=7,command=any",
		"http=503,command=check", "double,times=1",
	} {
		if f, err := billersim.ParseFault(text); err != nil || f.String() != text {
			t.Errorf("%s: %s, %v", text, f, err)
		}
	}
	for text, want := range map[string]string{
		"":                 `no kind ""`,
		"lots":             "known are slow, silent, lost",
		"slow":             "slow=3s",
		"slow=-3s":         "slow=3s",
		"lost=3s":          "takes no value",
		"http=5":           "http=500",
		"code=x":           "code=90",
		"lost,times=0":     "not a number from 1",
		"lost,each=x":      "not a number from 1",
		"lost,when=now":    "known are times",
		"lost,command=buy": `"buy" is not check`,
	} {
		if _, err := billersim.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestPasswordIsAsked(t *testing.T) {
	s := billersim.New(billersim.Config{User: "ussdgw", Password: "s3cret", Zone: bishkek})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	cfg := biller.Config{URL: server.URL + "/osmp/p", Zone: bishkek, User: "ussdgw"}
	for password, want := range map[string]biller.Verdict{
		"s3cret": biller.VerdictDone, "secret": biller.VerdictUnknown,
	} {
		cfg.Password = password
		b, err := biller.NewOSMP(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Pay(t.Context(), request("1")); got.Verdict != want {
			t.Errorf("%s: %+v, %v", password, got, err)
		}
	}
}

// Racing repeats are one payment.
func TestRacingRepeats(t *testing.T) {
	s, address := start(t)
	var racing sync.WaitGroup
	for i := range 32 {
		b := clients(t, address)[[]string{"osmp", "json"}[i%2]]
		racing.Go(func() {
			got, err := b.Pay(t.Context(), request("1"))
			if err == nil && got.ProviderTxn != "1000001" {
				t.Errorf("%+v", got)
			}
		})
	}
	racing.Wait()
	if n := len(s.Payments("")); n != 1 {
		t.Errorf("%d payments", n)
	}
}

func TestRunStops(t *testing.T) {
	s := billersim.New(billersim.Config{Zone: bishkek})
	set(t, s, "slow=1h,times=1", "silent")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener) }()
	cfg := biller.Config{URL: "http://" + listener.Addr().String() + "/osmp", Zone: bishkek}
	b, err := biller.NewOSMP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Check(t.Context(), request("1"))
	if err != nil || got.Verdict != biller.VerdictDone {
		t.Errorf("%+v, %v", got, err)
	}
	answered := make(chan biller.Answer, 2)
	for range 2 { // one sleeps, one is never answered
		go func() {
			got, _ := b.Pay(t.Context(), request("1"))
			answered <- got
		}()
	}
	// The first one met two faults.
	waitFor(t, func() bool { return hits(t, "http://"+listener.Addr().String()) == 3 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for range 2 {
		if got := <-answered; got.Verdict != biller.VerdictUnknown {
			t.Errorf("%+v", got)
		}
	}
	if n := len(s.Payments("")); n != 0 {
		t.Errorf("%d payments", n)
	}
}
