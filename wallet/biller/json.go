package biller

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// jsonBiller is a provider that speaks JSON.
type jsonBiller struct{ http *exchanger }

// NewJSON returns a client of a plain protocol, for providers that can write a small handler but
// speak no protocol of payments. It does no I/O. Every request is a POST of one object to the URL:
//
//	{"command":"pay","txn":"1234567","account":"4957835959","amount":"200.00",
//	 "date":"2026-03-01T14:05:00+06:00","fields":{"data1":"7"}}
//
// command is check, pay or status; amount is a text with two decimals; fields is left out when
// there are none. The answer is one object, with the HTTP status 200 whatever the result is:
//
//	{"result":"done","code":"0","reason":"","id":"2016","holder":"Улица 12, кв. 5",
//	 "comment":"","amount":"200.00","txn":"1234567"}
//
// result is done, refused (final, nothing was done and nothing will be) or unknown (ask again); it
// alone is needed. reason is one of the words of Reason that have a code of OSMP, id the provider's
// id of the payment. amount and txn, where they are given, must be those of the request; amount may
// be "0" in a refusal. pay with a txn that was paid answers done with the same id and pays nothing.
// status of a txn that was never heard of is unknown. Keys that are not here are ignored.
func NewJSON(cfg Config) (Biller, error) {
	e, err := newExchanger(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.PrvID != "" || cfg.Currency != "" {
		return nil, errors.New("biller: PrvID and Currency are OSMP's")
	}
	return &jsonBiller{e}, nil
}

// jsonRequest is what is posted.
type jsonRequest struct {
	Command string            `json:"command"`
	Txn     string            `json:"txn"`
	Account string            `json:"account"`
	Amount  string            `json:"amount"`
	Date    string            `json:"date"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// Check asks whether the account can be paid.
func (j *jsonBiller) Check(ctx context.Context, r Request) (Answer, error) {
	return j.ask(ctx, opCheck, r)
}

// Pay pays.
func (j *jsonBiller) Pay(ctx context.Context, r Request) (Answer, error) {
	return j.ask(ctx, opPay, r)
}

// Status asks what became of a Pay.
func (j *jsonBiller) Status(ctx context.Context, r Request) (Answer, error) {
	return j.ask(ctx, opStatus, r)
}

func (j *jsonBiller) ask(ctx context.Context, op string, r Request) (Answer, error) {
	if fault := r.fault(); fault != "" {
		return malformed(op, r, fault)
	}
	body, answer, err := j.http.do(ctx, op, r, func(ctx context.Context) (*http.Request, error) {
		text, err := json.Marshal(jsonRequest{
			Command: op, Txn: r.Txn, Account: r.Account, Amount: r.Amount.String(),
			Date: r.At.In(j.http.cfg.Zone).Format(time.RFC3339), Fields: r.Fields,
		})
		if err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, j.http.url.String(),
			bytes.NewReader(text))
		if err == nil {
			request.Header.Set("Content-Type", "application/json")
		}
		return request, err
	})
	if err != nil {
		return answer, err
	}
	answer, reason, err := parseJSON(r, body)
	if err != nil {
		return j.http.broken(op, r, answer, reason, err)
	}
	if op == opCheck && answer.Holder == "" && j.http.cfg.HolderInComment {
		answer.Holder = cut(answer.Comment, MaxHolder)
	}
	return answer, nil
}

// parseJSON reads an answer, as parseOSMP does.
func parseJSON(r Request, body []byte) (Answer, Reason, error) {
	values, err := objectOnce(body)
	if err != nil {
		return Answer{}, ReasonBroken, err
	}
	text := func(key string) string {
		if err == nil && values[key] != nil {
			var s string
			if s, err = textOf(values[key]); err != nil {
				err = fmt.Errorf("%s: %w", key, err)
			}
			return s
		}
		return ""
	}
	result, txn, sum, reason := text("result"), text("txn"), text("amount"), text("reason")
	a := Answer{
		Code: oneLine(text("code"), MaxCode), ProviderTxn: text("id"),
		Comment: spoken(text("comment"), MaxComment), Holder: spoken(text("holder"), MaxHolder),
	}
	if err != nil {
		return Answer{}, ReasonBroken, err
	}
	if txn != "" && txn != r.Txn {
		return a, ReasonBroken, errors.New("the answer is to another txn")
	}
	a.Verdict = Verdict(result)
	switch a.Verdict {
	case VerdictDone:
	case VerdictRefused, VerdictUnknown:
		a.Holder = ""
		a.Reason = ReasonOther
		if slices.Contains(providerReasons(), Reason(reason)) {
			a.Reason = Reason(reason)
		} else if a.Verdict == VerdictUnknown {
			a.Reason = ReasonTemporary
		}
	default:
		return a, ReasonUnknownCode, fmt.Errorf("the protocol has no result %.20q", result)
	}
	if a.Amount, err = echoed(sum, a.Verdict, r.Amount); err != nil {
		return a, ReasonBroken, err
	}
	if !plain(a.ProviderTxn, MaxProviderTxn) {
		return a, ReasonBroken, errors.New("the id is no id")
	}
	return a, "", nil
}

// objectOnce reads one JSON object that has each key once, and nothing after it. The standard
// decoder would take the last of two results.
func objectOnce(body []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("the answer is no JSON object")
	}
	values := make(map[string]json.RawMessage)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
		key, _ := t.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("the answer has %.20q more than once", key)
		}
		values[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than an object in the answer")
	}
	return values, nil
}

// textOf reads a text, or a number as it is written; null is "".
func textOf(value json.RawMessage) (string, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(v), nil
	case json.Number:
		return v.String(), nil
	}
	return "", errors.New("neither a text nor a number")
}
