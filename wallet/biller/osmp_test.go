package biller_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bishkek = time.FixedZone("Bishkek", 6*60*60)

// request is what most tests pay.
func request() biller.Request {
	return biller.Request{
		Txn: "1234567", Provider: "severelectro", Account: "4957835959", Amount: money.Som(200),
		At: time.Date(2026, 3, 1, 8, 5, 9, 0, time.UTC),
	}
}

// osmp is a client of what h answers.
func osmp(t *testing.T, h http.HandlerFunc, edit ...func(*biller.Config)) biller.Biller {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := biller.Config{URL: server.URL + "/payment_app.cgi", Zone: bishkek}
	for _, e := range edit {
		e(&cfg)
	}
	b, err := biller.NewOSMP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answering writes a body.
func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// xmlOf is an answer with a result and more.
func xmlOf(result, more string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><response><osmp_txn_id>1234567</osmp_txn_id>` +
		more + `<result>` + result + `</result><comment>OK</comment></response>`
}

func TestOSMPResults(t *testing.T) {
	for _, tt := range []struct {
		code    string
		verdict biller.Verdict
		reason  biller.Reason
		failure bool
	}{
		{"0", biller.VerdictDone, "", false},
		{"1", biller.VerdictUnknown, biller.ReasonTemporary, false},
		{"4", biller.VerdictRefused, biller.ReasonAccountFormat, false},
		{"5", biller.VerdictRefused, biller.ReasonAccountUnknown, false},
		{"7", biller.VerdictRefused, biller.ReasonForbidden, false},
		{"8", biller.VerdictRefused, biller.ReasonTechnical, false},
		{"31", biller.VerdictRefused, biller.ReasonExtraField, false},
		{"32", biller.VerdictRefused, biller.ReasonRate, false},
		{"79", biller.VerdictRefused, biller.ReasonInactive, false},
		{"90", biller.VerdictUnknown, biller.ReasonPending, false},
		{"241", biller.VerdictRefused, biller.ReasonTooSmall, false},
		{"242", biller.VerdictRefused, biller.ReasonTooLarge, false},
		{"243", biller.VerdictRefused, biller.ReasonUnchecked, false},
		{"300", biller.VerdictRefused, biller.ReasonOther, false},
		{"\n 0\t", biller.VerdictDone, "", false},
		{"00", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"-1", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"2", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"0.0", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"OK", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
		{"99999999999999999999", biller.VerdictUnknown, biller.ReasonUnknownCode, true},
	} {
		b := osmp(t, answering(xmlOf(tt.code, "")))
		for op, ask := range map[string]func(context.Context, biller.Request) (biller.Answer, error){
			"check": b.Check, "pay": b.Pay, "status": b.Status,
		} {
			got, err := ask(t.Context(), request())
			if got.Verdict != tt.verdict || got.Reason != tt.reason || (err != nil) != tt.failure {
				t.Errorf("%s with result %q: %+v, %v; want %s %s", op, tt.code, got, err, tt.verdict,
					tt.reason)
			}
			if errors.Is(err, biller.ErrNotSent) {
				t.Errorf("%s with result %q: %v, but it was sent", op, tt.code, err)
			}
		}
	}
}

// An answer that came but is not one to our request says nothing about the money.
func TestOSMPBrokenAnswers(t *testing.T) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	ok := xmlOf("0", "<prv_txn>2016</prv_txn><sum>200.00</sum>")
	for name, body := range map[string]string{
		"empty":            "",
		"not XML":          "OK",
		"a page":           "<html><body>Service unavailable</body></html>",
		"cut":              ok[:len(ok)-12],
		"two documents":    ok + xmlOf("5", "")[len(head):],
		"text after":       ok + "0",
		"no id":            head + "<response><result>0</result></response>",
		"no result":        head + "<response><osmp_txn_id>1234567</osmp_txn_id></response>",
		"another id":       strings.ReplaceAll(ok, "1234567", "1234568"),
		"longer id":        strings.ReplaceAll(ok, "1234567", "12345670"),
		"refusal, id":      strings.ReplaceAll(xmlOf("5", ""), "1234567", "1234568"),
		"two results":      xmlOf("0", "<result>5</result>"),
		"two ids":          xmlOf("0", "<osmp_txn_id>1234567</osmp_txn_id>"),
		"another sum":      xmlOf("0", "<sum>20.00</sum>"),
		"sum of nothing":   xmlOf("0", "<sum>0</sum>"),
		"refusal, sum":     xmlOf("5", "<sum>20.00</sum>"),
		"sum of 3 digits":  xmlOf("0", "<sum>200.000</sum>"),
		"negative sum":     xmlOf("0", "<sum>-200.00</sum>"),
		"long prv_txn":     xmlOf("0", "<prv_txn>"+strings.Repeat("1", 65)+"</prv_txn>"),
		"prv_txn of lines": xmlOf("0", "<prv_txn>1\n2</prv_txn>"),
		"koi8-r":           strings.Replace(ok, "UTF-8", "koi8-r", 1),
		"bad UTF-8":        xmlOf("0", "<fields>\xff</fields>"),
		"entity":           head + `<!DOCTYPE r [<!ENTITY a "0">]>` + xmlOf("&a;", "")[len(head):],
		"too long":         ok + strings.Repeat(" ", biller.MaxAnswer),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := osmp(t, answering(body)).Pay(t.Context(), request())
			if got.Verdict != biller.VerdictUnknown || err == nil || errors.Is(err, biller.ErrNotSent) {
				t.Errorf("%q: %+v, %v; want unknown", body, got, err)
			}
			if got.Reason != biller.ReasonBroken && got.Reason != biller.ReasonUnknownCode {
				t.Errorf("%q: reason %s", body, got.Reason)
			}
		})
	}
	if got, err := osmp(t, answering(ok)).Pay(t.Context(), request()); err != nil ||
		got.Verdict != biller.VerdictDone || got.ProviderTxn != "2016" || got.Amount != 20000 {
		t.Errorf("the whole answer: %+v, %v", got, err)
	}
}

func TestOSMPHolder(t *testing.T) {
	field := func(xml string) string { return "<fields>" + xml + "</fields>" }
	for _, tt := range []struct{ fields, want string }{
		{field(`<field1 name="name" type="disp">Асанов Асан</field1>`), "Асанов Асан"},
		{field(`<field1 name="debt">12.00</field1><field2 name="FIO">Асанов А.</field2>`), "Асанов А."},
		{field(`<address>Улица 12,
			кв. 5</address>`), "Улица 12, кв. 5"},
		{field(`<field1>Асанов</field1><field2>Асан</field2>`), "Асанов"},
		{field(`<fio></fio><address>Улица 12</address>`), "Улица 12"},
		{field(`<field1 name="debt" type="disp">12.00</field1>`), ""},
		{field(`<name>12345</name>`), ""},
		{field(`<name><![CDATA[<b>Асанов</b><script>x</script> 2 > 1]]></name>`), "Асанов x 2 1"},
		{field("<name>А\u202eсан\u00a0ов</name>"), "Асан ов"},
		{field("<name>" + strings.Repeat("ө", 100) + "</name>"), strings.Repeat("ө", 64)},
		{"", ""},
	} {
		got, err := osmp(t, answering(xmlOf("0", tt.fields))).Check(t.Context(), request())
		if err != nil || got.Holder != tt.want {
			t.Errorf("%s: holder %q, %v; want %q", tt.fields, got.Holder, err, tt.want)
		}
		got, _ = osmp(t, answering(xmlOf("79", tt.fields))).Check(t.Context(), request())
		if got.Holder != "" {
			t.Errorf("%s: a refusal tells the holder %q", tt.fields, got.Holder)
		}
	}
	comment := func(c *biller.Config) { c.HolderInComment = true }
	body := strings.Replace(xmlOf("0", ""), "OK", "Абонент: Асанов", 1)
	got, err := osmp(t, answering(body), comment).Check(t.Context(), request())
	if err != nil || got.Holder != "Абонент: Асанов" {
		t.Errorf("holder of the comment: %+v, %v", got, err)
	}
	own := func(c *biller.Config) { c.HolderFields = []string{"abonent"} }
	body = xmlOf("0", field("<name>A</name><abonent>B</abonent>"))
	if got, _ := osmp(t, answering(body), own).Check(t.Context(), request()); got.Holder != "B" {
		t.Errorf("holder of a field of its own: %+v", got)
	}
}

func TestOSMPReadsWindows1251(t *testing.T) {
	body := `<?xml version="1.0" encoding="windows-1251"?><response>` +
		"<osmp_txn_id>1234567</osmp_txn_id><result>0</result>" +
		"<comment>\xd3\xeb\xe8\xf6\xe0</comment></response>"
	got, err := osmp(t, answering(body)).Check(t.Context(), request())
	if err != nil || got.Comment != "Улица" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is sent, to the letter of the protocol.
func TestOSMPRequest(t *testing.T) {
	var query url.Values
	var auth, method string
	b := osmp(t, func(w http.ResponseWriter, r *http.Request) {
		query, method, auth = r.URL.Query(), r.Method, r.Header.Get("Authorization")
		answering(xmlOf("0", ""))(w, r)
	}, func(c *biller.Config) {
		c.URL += "?token=s3cret"
		c.User, c.Password, c.PrvID, c.Currency = "ussdgw", "pass", "17", "KGS"
	})
	r := request()
	r.Amount, r.Fields = 1, map[string]string{"data1": "кв. 5"}
	r.Account = "12/345 678&x=1"
	if _, err := b.Check(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"token": {"s3cret"}, "command": {"check"}, "txn_id": {"1234567"}, "account": {r.Account},
		"sum": {"0.01"}, "prv_id": {"17"}, "ccy": {"KGS"}, "data1": {"кв. 5"},
	}
	if query.Encode() != want.Encode() || method != "GET" || auth != "Basic dXNzZGd3OnBhc3M=" {
		t.Errorf("check: %s %q %q, want %q", method, query, auth, want)
	}
	want.Set("command", "pay")
	want.Set("txn_date", "20260301140509") // six hours east of UTC
	for name, ask := range map[string]func(context.Context, biller.Request) (biller.Answer, error){
		"pay": b.Pay, "status": b.Status,
	} {
		if _, err := ask(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if query.Encode() != want.Encode() {
			t.Errorf("%s: %q, want %q", name, query, want)
		}
	}
}

// The exchange as the protocol's text has it, octet by octet: nothing here was made by our code.
func TestOSMPOnTheWire(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n" +
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<response>\r\n" +
		"<osmp_txn_id>1234567</osmp_txn_id>\r\n<prv_txn>2016</prv_txn>\r\n<sum>10.45</sum>\r\n" +
		"<ccy>KGS</ccy>\r\n<result>0</result>\r\n<comment>OK</comment>\r\n<fields>\r\n" +
		"<field1 name=\"name\" type=\"disp\">Asanov A.</field1>\r\n</fields>\r\n</response>\r\n"
	lines := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		lines <- line
		_, _ = conn.Write([]byte(answer))
	}()
	b, err := biller.NewOSMP(biller.Config{
		URL:  "http://" + listener.Addr().String() + "/payment",
		Zone: bishkek,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Amount = 1045
	got, err := b.Pay(t.Context(), r)
	want := biller.Answer{
		Verdict: biller.VerdictDone, Code: "0", ProviderTxn: "2016", Holder: "Asanov A.",
		Comment: "OK", Amount: 1045,
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	const line = "GET /payment?account=4957835959&command=pay&sum=10.45&txn_date=20260301140509" +
		"&txn_id=1234567 HTTP/1.1\r\n"
	if sent := <-lines; sent != line {
		t.Errorf("sent %q, want %q", sent, line)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	b := osmp(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for name, edit := range map[string]func(*biller.Request){
		"no txn":         func(r *biller.Request) { r.Txn = "" },
		"letters":        func(r *biller.Request) { r.Txn = "12a" },
		"sign":           func(r *biller.Request) { r.Txn = "-12" },
		"leading zero":   func(r *biller.Request) { r.Txn = "012" },
		"21 digits":      func(r *biller.Request) { r.Txn = strings.Repeat("1", 21) },
		"no account":     func(r *biller.Request) { r.Account = "" },
		"long account":   func(r *biller.Request) { r.Account = strings.Repeat("1", 201) },
		"line account":   func(r *biller.Request) { r.Account = "1\n2" },
		"bad UTF-8":      func(r *biller.Request) { r.Account = "1\xff" },
		"nothing":        func(r *biller.Request) { r.Amount = 0 },
		"less":           func(r *biller.Request) { r.Amount = -1 },
		"no time":        func(r *biller.Request) { r.At = time.Time{} },
		"reserved field": func(r *biller.Request) { r.Fields = map[string]string{"sum": "1"} },
		"field name":     func(r *biller.Request) { r.Fields = map[string]string{"a b": "1"} },
		"field value":    func(r *biller.Request) { r.Fields = map[string]string{"data1": "1\r"} },
		"many fields": func(r *biller.Request) {
			r.Fields = map[string]string{}
			for i := range biller.MaxFields + 1 {
				r.Fields[fmt.Sprintf("data%d", i)] = "1"
			}
		},
	} {
		r := request()
		edit(&r)
		got, err := b.Pay(t.Context(), r)
		if got.Verdict != biller.VerdictUnknown || got.Reason != biller.ReasonNotSent ||
			!errors.Is(err, biller.ErrRequest) || !errors.Is(err, biller.ErrNotSent) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	good := biller.Config{URL: "https://example.kg/osmp", Zone: time.UTC}
	for want, edit := range map[string]func(*biller.Config){
		"https://host/path":     func(c *biller.Config) { c.URL = "ftp://example.kg" },
		"URL must be":           func(c *biller.Config) { c.URL = "https://user:hunter2 @x/%zz" },
		"no credentials":        func(c *biller.Config) { c.URL = "https://u:hunter2@example.kg/" },
		"travel in clear":       func(c *biller.Config) { c.URL = "http://example.kg/osmp" },
		`"sum"`:                 func(c *biller.Config) { c.URL += "?sum=1" },
		"zone of the dates":     func(c *biller.Config) { c.Zone = nil },
		"time-out -1s":          func(c *biller.Config) { c.Timeout = -time.Second },
		"time-out 6m0s":         func(c *biller.Config) { c.Timeout = 6 * time.Minute },
		"password needs a user": func(c *biller.Config) { c.Password = "hunter2" },
		"no bearer token":       func(c *biller.Config) { c.Bearer = "hunter2" },
		"exclude each other":    func(c *biller.Config) { c.Bearer, c.User = "hunter2", "u" },
	} {
		cfg := good
		edit(&cfg)
		_, err := biller.NewOSMP(cfg)
		if err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %q and no secret", err, want)
		}
	}
	if _, err := biller.NewOSMP(good); err != nil {
		t.Error(err)
	}
	good.URL, good.Plain = "http://10.1.2.3/osmp", true
	if _, err := biller.NewOSMP(good); err != nil {
		t.Error(err)
	}
	bad := biller.Config{URL: "http://example.kg", Password: "x", Timeout: -1}
	if _, err := biller.NewJSON(bad); err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("got %v, want every fault", err)
	}
	if _, err := biller.NewJSON(biller.Config{
		URL: "https://example.kg", Zone: time.UTC, PrvID: "1",
	}); err == nil {
		t.Error("a JSON provider with prv_id")
	}
}
