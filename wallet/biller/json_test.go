package biller_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"ussdgw/wallet/biller"
)

func jsonBiller(t *testing.T, h http.HandlerFunc, edit ...func(*biller.Config)) biller.Biller {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := biller.Config{URL: server.URL, Zone: bishkek}
	for _, e := range edit {
		e(&cfg)
	}
	b, err := biller.NewJSON(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJSONAnswers(t *testing.T) {
	const done, refused, unknown = biller.VerdictDone, biller.VerdictRefused, biller.VerdictUnknown
	for _, tt := range []struct {
		body    string
		want    biller.Answer
		failure bool
	}{
		{`{"result":"done"}`, biller.Answer{Verdict: done}, false},
		{
			`{"result":"done","code":0,"id":2016,"holder":"Улица 12, кв. 5","comment":"ok",` +
				`"amount":"200.00","txn":"1234567","more":[1]}`,
			biller.Answer{
				Verdict: done, Code: "0", ProviderTxn: "2016", Holder: "Улица 12, кв. 5",
				Comment: "ok", Amount: 20000,
			},
			false,
		},
		{
			`{"result":"done","amount":200,"txn":1234567,"id":null}`,
			biller.Answer{Verdict: done, Amount: 20000},
			false,
		},
		{
			`{"result":"refused","reason":"account_unknown","code":"E5","amount":"0"}`,
			biller.Answer{Verdict: refused, Reason: biller.ReasonAccountUnknown, Code: "E5"},
			false,
		},
		{
			`{"result":"refused","reason":"not_sent"}`,
			biller.Answer{Verdict: refused, Reason: biller.ReasonOther},
			false,
		},
		{
			`{"result":"refused","holder":"Асанов"}`,
			biller.Answer{Verdict: refused, Reason: biller.ReasonOther},
			false,
		},
		{
			`{"result":"unknown","reason":"pending"}`,
			biller.Answer{Verdict: unknown, Reason: biller.ReasonPending},
			false,
		},
		{
			`{"result":"unknown"}`,
			biller.Answer{Verdict: unknown, Reason: biller.ReasonTemporary},
			false,
		},
		{`{"result":"Done"}`, biller.Answer{Verdict: unknown, Reason: biller.ReasonUnknownCode}, true},
		{`{"Result":"done"}`, biller.Answer{Verdict: unknown, Reason: biller.ReasonUnknownCode}, true},
		{`{}`, biller.Answer{Verdict: unknown, Reason: biller.ReasonUnknownCode}, true},
	} {
		got, err := jsonBiller(t, answering(tt.body)).Pay(t.Context(), request())
		if got != tt.want || (err != nil) != tt.failure {
			t.Errorf("%s: %+v, %v; want %+v", tt.body, got, err, tt.want)
		}
	}
}

func TestJSONBrokenAnswers(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", `"done"`, `{"result":"done"`, `{"result":"done"}{}`, `{"result":"done"}x`,
		`{"result":"refused","result":"done"}`, `{"result":true}`, `{"result":["done"]}`,
		`{"result":"done","txn":"1234568"}`, `{"result":"refused","txn":"1234568"}`,
		`{"result":"done","amount":"20"}`, `{"result":"done","amount":"0"}`,
		`{"result":"refused","amount":"20"}`, `{"result":"done","amount":2e2}`,
		`{"result":"done","amount":"-200"}`, `{"result":"done","id":{}}`,
		`{"result":"done","id":"` + strings.Repeat("1", 65) + `"}`,
		`{"result":"done","comment":"` + strings.Repeat("x", biller.MaxAnswer) + `"}`,
	} {
		got, err := jsonBiller(t, answering(body)).Pay(t.Context(), request())
		if got.Verdict != biller.VerdictUnknown || got.Reason != biller.ReasonBroken || err == nil ||
			errors.Is(err, biller.ErrNotSent) {
			t.Errorf("%.60s: %+v, %v; want unknown", body, got, err)
		}
	}
}

func TestJSONRequest(t *testing.T) {
	var got map[string]any
	var header http.Header
	b := jsonBiller(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, header = nil, r.Header
		if err := json.Unmarshal(text, &got); err != nil || r.Method != "POST" {
			t.Errorf("%s %s: %v", r.Method, text, err)
		}
		answering(`{"result":"done"}`)(w, r)
	}, func(c *biller.Config) { c.Bearer = "t0ken" })
	r := request()
	r.Amount = 10050
	want := map[string]any{
		"command": "check", "txn": "1234567", "account": "4957835959", "amount": "100.50",
		"date": "2026-03-01T14:05:09+06:00",
	}
	if _, err := b.Check(t.Context(), r); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("check sends %v, want %v (%v)", got, want, err)
	}
	if header.Get("Authorization") != "Bearer t0ken" ||
		header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", header)
	}
	want["command"], want["fields"] = "status", map[string]any{"data1": "7"}
	r.Fields = map[string]string{"data1": "7"}
	if _, err := b.Status(t.Context(), r); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("status sends %v, want %v (%v)", got, want, err)
	}
	want["command"] = "pay"
	if _, err := b.Pay(t.Context(), r); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("pay sends %v, want %v (%v)", got, want, err)
	}
}
