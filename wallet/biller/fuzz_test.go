package biller_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ussdgw/wallet/biller"
)

// promises checks what holds for every answer, whatever came.
func promises(t *testing.T, a biller.Answer, reason biller.Reason, err error) {
	t.Helper()
	if err != nil {
		if reason != biller.ReasonBroken && reason != biller.ReasonUnknownCode {
			t.Fatalf("reason %q of %v", reason, err)
		}
		return
	}
	switch a.Verdict {
	case biller.VerdictDone, biller.VerdictRefused, biller.VerdictUnknown:
	default:
		t.Fatalf("verdict %q", a.Verdict)
	}
	if (a.Verdict == biller.VerdictDone) != (a.Reason == "") {
		t.Fatalf("%s because of %q", a.Verdict, a.Reason)
	}
	if a.Amount != 0 && a.Amount != request().Amount {
		t.Fatalf("about %s", a.Amount)
	}
	for text, limit := range map[string]int{
		a.Holder: biller.MaxHolder, a.Comment: biller.MaxComment, a.Code: biller.MaxCode,
		a.ProviderTxn: biller.MaxProviderTxn,
	} {
		if utf8.RuneCountInString(text) > limit || !utf8.ValidString(text) ||
			strings.ContainsFunc(text, unicode.IsControl) {
			t.Fatalf("%q of at most %d characters", text, limit)
		}
	}
	if strings.ContainsAny(a.Holder+a.Comment, "<>") {
		t.Fatalf("markup in %q, %q", a.Holder, a.Comment)
	}
}

func FuzzParseOSMP(f *testing.F) {
	f.Add([]byte(xmlOf("0", "<prv_txn>2016</prv_txn><sum>200.00</sum>")))
	f.Add([]byte(xmlOf("5", `<fields><field1 name="fio">A &lt;b&gt;</field1></fields>`)))
	f.Add([]byte(xmlOf("0", "<sum>0</sum>")))
	f.Add([]byte(`<?xml version="1.0" encoding="windows-1251"?><response><comment>` + "\xd3"))
	cfg := biller.Config{HolderFields: []string{"fio"}, HolderInComment: true}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, reason, err := biller.ParseOSMP(cfg, "check", request(), body)
		promises(t, a, reason, err)
		if err == nil && !strings.Contains(string(body), "1234567") &&
			!strings.Contains(string(body), "&#") {
			t.Fatalf("%q is taken for an answer to 1234567", body)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"result":"done","code":0,"id":2016,"holder":"Улица 12","amount":"200.00"}`))
	f.Add([]byte(`{"result":"refused","reason":"rate","comment":"<b>"}`))
	f.Add([]byte(`{"result":"done","result":"refused"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, reason, err := biller.ParseJSON(request(), body)
		promises(t, a, reason, err)
	})
}

func FuzzSpoken(f *testing.F) {
	f.Add("<b>Асанов</b>", 5)
	f.Add("a \u202e b", 3)
	f.Add("<<>>< a >", 64)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(1, limit%200)
		got := biller.Spoken(s, limit)
		if utf8.RuneCountInString(got) > limit || strings.ContainsAny(got, "<>\n\t") ||
			strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
			t.Fatalf("Spoken(%q, %d) = %q", s, limit, got)
		}
		if again := biller.OneLine(got, limit); again != got {
			t.Fatalf("%q is cleaned to %q once more", got, again)
		}
	})
}
