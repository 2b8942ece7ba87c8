package cashdesk

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// books is an Issuer that answers as it is told, and remembers what it was asked.
type books struct {
	mu      sync.Mutex
	verdict string
	err     error
	asked   []string
	hold    chan struct{} // a request waits for it, when there is one
}

func (b *books) ask(format string, args ...any) (ledger.AgentTxn, error) {
	b.mu.Lock()
	b.asked = append(b.asked, fmt.Sprintf(format, args...))
	hold := b.hold
	b.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return ledger.AgentTxn{Number: 2016, Verdict: b.verdict, Amount: money.Som(200)}, b.err
}

func (b *books) CheckCashIn(_ context.Context, c wallet.CashIn) (string, error) {
	_, err := b.ask("check %s %s %s", c.Agent, c.Number.Digits(), c.Amount)
	return "Асан <А.>", err
}

func (b *books) CashIn(_ context.Context, c wallet.CashIn) (ledger.AgentTxn, error) {
	return b.ask("pay %s %s %s %s %s %s %s", c.Agent, c.Name, c.Txn, c.Number.Digits(), c.Account,
		c.Amount, c.TxnDate)
}

func (b *books) PayOut(_ context.Context, p wallet.PayOut) (ledger.AgentTxn, error) {
	return b.ask("payout %s %s %s %s %s %s", p.Agent, p.Txn, p.Number.Digits(), p.Code.Reveal(),
		p.Amount, p.TxnDate)
}

func (b *books) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.asked) == 0 {
		return ""
	}
	return b.asked[len(b.asked)-1]
}

// tally is a Metrics.
type tally struct {
	mu        sync.Mutex
	requests  []string
	conflicts int
}

func (t *tally) Request(network, command, result string, _ time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests = append(t.requests, network+" "+command+" "+result)
}

func (t *tally) Conflict(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conflicts++
}

func (t *tally) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests[len(t.requests)-1]
}

// desk is a handler with its issuer, its counts and its log.
type desk struct {
	http.Handler
	books *books
	tally *tally
	log   *bytes.Buffer
}

func network() Network {
	return Network{
		ID: "terminal", Name: "Терминал", User: "user", Password: "s3cr3t-w0rd",
		Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{books: &books{verdict: ledger.Done}, tally: &tally{}, log: &bytes.Buffer{}}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(d.log), zapcore.DebugLevel))
	other := network()
	other.ID, other.User, other.TxnDigits = "bank", "bank", MaxTxnDigits
	other.Allow = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
	var err error
	d.Handler, err = NewHandler(Config{
		Networks: []Network{network(), other}, MaxRequests: 2, Metrics: d.tally, Log: log,
	}, d.books)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// request is from the network's address, by its user. It is a form for a POST.
func newRequest(method, parameters string) *http.Request {
	target, body := Path+"?"+parameters, ""
	if method == http.MethodPost {
		target, body = Path, parameters
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = "192.0.2.7:5000"
	r.SetBasicAuth("user", "s3cr3t-w0rd")
	return r
}

// ask sends a request and returns the answer.
func (d *desk) ask(t *testing.T, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var a answer
	if err := xml.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return a
}

const (
	check = "command=check&txn_id=1&account=0555123456&sum=200.00"
	pay   = "command=pay&txn_id=1&txn_date=20261121140500&account=0555123456&sum=200.00"
	cash  = "command=payout&txn_id=2&account=0555123456&code=730154"
)

func TestAnswers(t *testing.T) {
	for _, tt := range []struct{ method, parameters, asked, body string }{
		{
			"GET", check, "check terminal 996555123456 200.00",
			`<osmp_txn_id>1</osmp_txn_id><result>0</result><comment>OK</comment>` +
				`<fields><field1 name="name" type="disp">Асан &lt;А.&gt;</field1></fields>`,
		},
		{
			"POST", check, "check terminal 996555123456 200.00",
			`<osmp_txn_id>1</osmp_txn_id><result>0</result><comment>OK</comment>` +
				`<fields><field1 name="name" type="disp">Асан &lt;А.&gt;</field1></fields>`,
		},
		{
			"GET", pay, "pay terminal Терминал 1 996555123456 0555123456 200.00 20261121140500",
			`<osmp_txn_id>1</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>` +
				`<result>0</result><comment>OK</comment>`,
		},
		{
			"POST", pay + "&ccy=KGS&prv_id=1&pay_type=1&trm_id=4151200&data1=x",
			"pay terminal Терминал 1 996555123456 0555123456 200.00 20261121140500",
			`<osmp_txn_id>1</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>` +
				`<result>0</result><comment>OK</comment>`,
		},
		{ // the answer has the number as it was written
			"GET", strings.Replace(pay, "txn_id=1&", "txn_id=0010&", 1),
			"pay terminal Терминал 10 996555123456 0555123456 200.00 20261121140500",
			`<osmp_txn_id>0010</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>` +
				`<result>0</result><comment>OK</comment>`,
		},
		{
			"GET", strings.Replace(check, "txn_id=1&", "txn_id=00&", 1),
			"check terminal 996555123456 200.00",
			`<osmp_txn_id>00</osmp_txn_id><result>0</result><comment>OK</comment>` +
				`<fields><field1 name="name" type="disp">Асан &lt;А.&gt;</field1></fields>`,
		},
		{
			"POST", cash, "payout terminal 2 996555123456 730154 0.00 ",
			`<osmp_txn_id>2</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>` +
				`<result>0</result><comment>OK</comment>`,
		},
		{
			"POST", cash + "&sum=200.00&txn_date=20261121140500",
			"payout terminal 2 996555123456 730154 200.00 20261121140500",
			`<osmp_txn_id>2</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>` +
				`<result>0</result><comment>OK</comment>`,
		},
	} {
		d := newDesk(t)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, newRequest(tt.method, tt.parameters))
		want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<response>" + tt.body + "</response>\n"
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s %s: %d %s, want %s", tt.method, tt.parameters, w.Code, w.Body, want)
		}
		if got := d.books.last(); got != tt.asked {
			t.Errorf("%s: the issuer was asked %q, want %q", tt.parameters, got, tt.asked)
		}
		if w.Header().Get("Content-Type") != "application/xml; charset=utf-8" {
			t.Errorf("header %v", w.Header())
		}
	}
}

func TestAccounts(t *testing.T) {
	for account, want := range map[string]string{
		"0555123456": "996555123456", "555123456": "996555123456", "996555123456": "996555123456",
		"":              "300",
		"055512345":     "4", // nine digits with a 0
		"05551234567":   "4",
		"997555123456":  "4",
		"55512345":      "4",
		"1555123456":    "4",
		"+99655512345":  "4",
		"555 123456":    "4",
		"５５５１２３４５６":     "4",
		"9965551234560": "4", strings.Repeat("5", 300): "4",
	} {
		d := newDesk(t)
		a := d.ask(t, newRequest("GET", "command=check&txn_id=1&account="+url.QueryEscape(account)))
		got := a.Result.String()
		if a.Result == OK {
			got = strings.Fields(d.books.last())[2]
		}
		if got != want {
			t.Errorf("account %q: %s, want %s", account, got, want)
		}
	}
}

// TestWrongRequests: each gets its code, and the issuer hears of none.
func TestWrongRequests(t *testing.T) {
	replace := strings.NewReplacer
	for _, tt := range []struct {
		method, parameters string
		want               Result
	}{
		{"GET", "", Other},
		{"GET", replace("command=pay", "command=cancel").Replace(pay), Other},
		{"GET", replace("command=pay", "").Replace(pay), Other},
		{"GET", replace("txn_id=1", "txn_id=").Replace(pay), Other},
		{"GET", replace("txn_id=1", "txn_id=-1").Replace(pay), Other},
		{"GET", replace("txn_id=1", "txn_id=1a").Replace(pay), Other},
		{"GET", replace("txn_id=1", "txn_id="+strings.Repeat("1", 21)).Replace(pay), Other},
		{"GET", replace("&txn_date=20261121140500", "").Replace(pay), Other},
		{"GET", replace("20261121140500", "20261321140500").Replace(pay), Other},
		{"GET", replace("20261121140500", "2026-11-21").Replace(pay), Other},
		{"GET", replace("&account=0555123456", "").Replace(pay), Other},
		{"GET", replace("0555123456", "05551234").Replace(pay), BadAccount},
		{"GET", replace("&sum=200.00", "").Replace(pay), Other},
		{"GET", replace("200.00", "200").Replace(pay), Other},
		{"GET", replace("200.00", "200.0").Replace(pay), Other},
		{"GET", replace("200.00", "200.000").Replace(pay), Other},
		{"GET", replace("200.00", "200,00").Replace(pay), Other},
		{"GET", replace("200.00", "200%2A00").Replace(pay), Other},
		{"GET", replace("200.00", "-1.00").Replace(pay), Other},
		{"GET", replace("200.00", "1e3.00").Replace(pay), Other},
		{"GET", replace("200.00", ".00").Replace(pay), Other},
		{"GET", replace("200.00", "0.00").Replace(pay), TooSmall},
		{"GET", replace("200.00", "999999999999999.00").Replace(pay), Other},
		{"GET", pay + "&sum=300.00", Other},
		{"GET", pay + "&account=0555123457", Other},
		{"GET", pay + "&ccy=USD", Other},
		{"GET", pay + "&data1=%zz", Other},
		{"GET", pay + strings.Repeat("&a=1", 64), Other},
		{"POST", pay + "&data1=" + strings.Repeat("1", maxBodyOctets), Other},
		{"GET", cash, Other},
		{"POST", replace("730154", "73015").Replace(cash), Other},
		{"POST", replace("730154", "73015x").Replace(cash), Other},
		{"POST", replace("&code=730154", "").Replace(cash), Other},
		{"POST", cash + "&code=730155", Other},
	} {
		d := newDesk(t)
		a := d.ask(t, newRequest(tt.method, tt.parameters))
		if a.Result != tt.want || a.Comment == "" || a.Provider != "" || a.Sum != "" {
			t.Errorf("%s %.200s: %+v, want %s", tt.method, tt.parameters, a, tt.want)
		}
		if got := d.books.last(); got != "" {
			t.Errorf("%.200s: the issuer was asked %q", tt.parameters, got)
		}
	}
	d := newDesk(t)
	r := newRequest("POST", pay)
	r.Header.Set("Content-Type", "application/json")
	if a := d.ask(t, r); a.Result != Other {
		t.Errorf("a form of another type: %+v", a)
	}
	r = newRequest("POST", cash)
	r.URL.RawQuery = "code=730154"
	if a := d.ask(t, r); a.Result != Other {
		t.Errorf("a code in the address: %+v", a)
	}
}

func TestLongNumbers(t *testing.T) {
	d := newDesk(t)
	r := newRequest("GET", strings.Replace(pay, "txn_id=1", "txn_id="+strings.Repeat("9", 28), 1))
	r.RemoteAddr = "[2001:db8::1]:5000"
	r.SetBasicAuth("bank", "s3cr3t-w0rd")
	if a := d.ask(t, r); a.Result != OK || len(a.Txn) != 28 {
		t.Errorf("got %+v", a)
	}
}

// TestEveryReason is the table of codes, once more and by hand.
func TestEveryReason(t *testing.T) {
	declined := func(r ledger.Reason) error { return &ledger.Decline{Reason: r} }
	for _, tt := range []struct {
		verdict    ledger.Reason
		err        error
		check, pay Result
	}{
		{verdict: ledger.ReasonNoWallet, check: NoAccount, pay: NoAccount},
		{verdict: ledger.ReasonBlocked, check: Inactive, pay: Inactive},
		{verdict: ledger.ReasonSuspect, check: Forbidden, pay: Forbidden},
		{verdict: ledger.ReasonLimitPayment, check: TooLarge, pay: TooLarge},
		{verdict: ledger.ReasonLimitDay, check: TooLarge, pay: TooLarge},
		{verdict: ledger.ReasonLimitMonth, check: TooLarge, pay: TooLarge},
		{verdict: ledger.ReasonLimitBalance, check: TooLarge, pay: TooLarge},
		{verdict: ledger.ReasonNoCashOut, check: Forbidden, pay: Forbidden},
		{verdict: ledger.ReasonExpired, check: Forbidden, pay: Forbidden},
		{verdict: ledger.ReasonMismatch, check: Forbidden, pay: Forbidden},
		{verdict: ledger.ReasonCodeWrong, check: BadField, pay: BadField},
		{err: declined(ledger.ReasonKeyReused), check: Other, pay: Other},
		{err: declined(ledger.ReasonFloat), check: Technical, pay: Temporary},
		{err: fmt.Errorf("x: %w", ledger.ErrNoAgent), check: Technical, pay: Temporary},
		{err: fmt.Errorf("x: %w", ledger.ErrUnavailable), check: Temporary, pay: Temporary},
		{err: fmt.Errorf("x: %w", ledger.ErrInDoubt), check: Indeterminate, pay: Temporary},
		{err: context.DeadlineExceeded, check: Temporary, pay: Temporary},
		{err: errors.New("no limits for a level"), check: Indeterminate, pay: Temporary},
		{err: declined("new_reason"), check: Indeterminate, pay: Temporary},
	} {
		d := newDesk(t)
		d.books.err = tt.err
		if tt.err == nil {
			d.books.err = declined(tt.verdict) // as a check says it
		}
		if a := d.ask(t, newRequest("GET", check)); a.Result != tt.check || a.Fields != nil {
			t.Errorf("%s %v: check has %+v, want %s", tt.verdict, tt.err, a, tt.check)
		}
		d.books.verdict, d.books.err = string(tt.verdict), tt.err
		for method, parameters := range map[string]string{"GET": pay, "POST": cash} {
			a := d.ask(t, newRequest(method, parameters))
			if a.Result != tt.pay || a.Provider != "" || a.Sum != "" {
				t.Errorf("%s %v: %+v, want %s", tt.verdict, tt.err, a, tt.pay)
			}
			if tt.err != nil && a.Result.Final() && tt.pay != Other {
				t.Errorf("%v is final, and nothing keeps it", tt.err)
			}
		}
	}
}

func TestConflictIsAnAlarm(t *testing.T) {
	d := newDesk(t)
	d.books.err = &ledger.Decline{Reason: ledger.ReasonKeyReused}
	d.ask(t, newRequest("GET", pay))
	if d.tally.conflicts != 1 || d.tally.last() != "terminal pay 300" {
		t.Errorf("%d conflicts, %q", d.tally.conflicts, d.tally.last())
	}
	text := d.log.String()
	if !strings.Contains(text, `"level":"error"`) || !strings.Contains(text, `"txn":"1"`) ||
		strings.Contains(text, "0555123456") || strings.Contains(text, "996555123456") {
		t.Errorf("log: %s", text)
	}
}

func TestDoors(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(*http.Request)
		want  int
	}{
		"no user":         {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"wrong user":      {func(r *http.Request) { r.SetBasicAuth("usor", "s3cr3t-w0rd") }, 401},
		"wrong password":  {func(r *http.Request) { r.SetBasicAuth("user", "s3cr3t-w0rt") }, 401},
		"long password":   {func(r *http.Request) { r.SetBasicAuth("user", "s3cr3t-w0rd1") }, 401},
		"no password":     {func(r *http.Request) { r.SetBasicAuth("user", "") }, 401},
		"another's place": {func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:1" }, 403},
		"from nowhere":    {func(r *http.Request) { r.RemoteAddr = "198.51.100.1:1" }, 403},
		"no address":      {func(r *http.Request) { r.RemoteAddr = "somewhere" }, 403},
		"as IPv6":         {func(r *http.Request) { r.RemoteAddr = "[::ffff:192.0.2.9]:1" }, 200},
		"another path":    {func(r *http.Request) { r.URL.Path = "/" }, 404},
		"another method":  {func(r *http.Request) { r.Method = "DELETE" }, 405},
	} {
		d := newDesk(t)
		r := newRequest("GET", check)
		tt.spoil(r)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code != tt.want || (tt.want != 200 && d.books.last() != "") {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
		if (tt.want == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: header %v", name, w.Header())
		}
		if tt.want != 200 && !strings.HasSuffix(d.tally.last(), fmt.Sprintf("http_%d", tt.want)) {
			t.Errorf("%s: counted as %q", name, d.tally.last())
		}
		if strings.Contains(d.log.String(), "s3cr3t") {
			t.Errorf("%s: a password is in the log: %s", name, d.log)
		}
	}
}

// TestTooManyAtOnce fills all places, and sees the next request refused and the others answered.
func TestTooManyAtOnce(t *testing.T) {
	d := newDesk(t)
	d.books.hold = make(chan struct{})
	answered := make(chan Result, 2)
	for range 2 {
		go func() {
			w := httptest.NewRecorder()
			d.ServeHTTP(w, newRequest("GET", check))
			var a answer
			if err := xml.Unmarshal(w.Body.Bytes(), &a); err != nil {
				a.Result = Other
			}
			answered <- a.Result
		}()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		d.books.mu.Lock()
		under := len(d.books.asked)
		d.books.mu.Unlock()
		if under == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d requests under way", under)
		}
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, newRequest("GET", check))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("the third: %d %s", w.Code, w.Body)
	}
	close(d.books.hold)
	for range 2 {
		if r := <-answered; r != OK {
			t.Errorf("an earlier one: %s", r)
		}
	}
}

// TestGoneAgent: who has left gets its request done all the same.
func TestGoneAgent(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.ask(t, newRequest("GET", pay).WithContext(ctx))
	if d.books.last() == "" {
		t.Error("nothing was asked")
	}
}

// FuzzRequest: whatever comes, the answer is XML with one of the codes, and what the issuer is
// asked has a number and a sum in range.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{"", check, pay, cash, pay + "&sum=1.00", "command=%00&;", "&&&="} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, parameters string, form bool) {
		d := newDesk(t)
		r := newRequest("GET", "")
		r.URL.RawQuery = parameters
		if form {
			r = newRequest("POST", parameters)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		var a answer
		err := xml.NewDecoder(io.LimitReader(w.Body, 1<<16)).Decode(&a)
		if err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d, %v: %s", w.Code, err, w.Body)
		}
		asked := strings.Fields(d.books.last())
		if (a.Result == OK) != (len(asked) > 0) {
			t.Errorf("result %s, asked %q", a.Result, asked)
		}
		if !digits(a.Txn) || len(a.Txn) > DefaultTxnDigits {
			t.Errorf("txn %q", a.Txn)
		}
	})
}
