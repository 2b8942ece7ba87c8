package biller

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// maxFailureText bounds the text of a Failure, in characters.
const maxFailureText = 300

// An exchanger does one HTTP request and gives the body of its answer.
type exchanger struct {
	cfg    Config
	url    *url.URL
	client *http.Client
}

func newExchanger(cfg Config) (*exchanger, error) {
	cfg = cfg.withDefaults()
	u, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	return &exchanger{cfg: cfg, url: u, client: cfg.client()}, nil
}

// do sends a request for r and returns the body of an answer with the status 200. Otherwise the
// Answer is VerdictUnknown, and the error is why. It sets the Authorization.
func (e *exchanger) do(
	ctx context.Context, op string, r Request, build func(context.Context) (*http.Request, error),
) ([]byte, Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	give := func(reason Reason, text string, err error) ([]byte, Answer, error) {
		var causes []error
		if !connected.Load() {
			reason, causes = ReasonNotSent, append(causes, ErrNotSent)
		}
		for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, c) || errors.Is(ctx.Err(), c) {
				causes = append(causes, c)
			}
		}
		answer, failure := failed(op, r, reason, e.hide(text, r), causes...)
		return nil, answer, failure
	}
	request, err := build(ctx)
	if err != nil {
		return give(ReasonNotSent, "the request cannot be built", err)
	}
	e.authorize(request)
	response, err := e.client.Do(request)
	if err != nil {
		return give(ReasonNoAnswer, bare(err).Error(), err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return give(ReasonNoAnswer, fmt.Sprintf("HTTP status %d", response.StatusCode), nil)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	if err != nil {
		return give(ReasonNoAnswer, "the answer broke off: "+bare(err).Error(), err)
	}
	if len(body) > MaxAnswer {
		return give(ReasonBroken, fmt.Sprintf("an answer of more than %d octets", MaxAnswer), nil)
	}
	return body, Answer{}, nil
}

// bare is err without the URL that net/http writes before it.
func bare(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

func (e *exchanger) authorize(request *http.Request) {
	switch {
	case e.cfg.Bearer != "":
		request.Header.Set("Authorization", "Bearer "+e.cfg.Bearer)
	case e.cfg.User != "":
		request.SetBasicAuth(e.cfg.User, e.cfg.Password)
	}
}

// hide makes a text fit for a log: a peer may repeat in it what was sent.
func (e *exchanger) hide(text string, r Request) string {
	pair := base64.StdEncoding.EncodeToString([]byte(e.cfg.User + ":" + e.cfg.Password))
	secrets := []string{e.cfg.Bearer, pair, e.cfg.Password, e.url.RawQuery}
	for _, value := range r.Fields {
		secrets = append(secrets, value, url.QueryEscape(value))
	}
	secrets = append(secrets, r.Account, url.QueryEscape(r.Account))
	return oneLine(scrub(text, secrets), maxFailureText)
}

// broken is an answer that came but cannot be believed.
func (e *exchanger) broken(
	op string, r Request, a Answer, reason Reason, err error,
) (Answer, error) {
	unknown, failure := failed(op, r, reason, e.hide(err.Error(), r))
	unknown.Code, unknown.Comment = a.Code, a.Comment
	return unknown, failure
}

// malformed is the answer to a request that cannot be sent.
func malformed(op string, r Request, fault string) (Answer, error) {
	return failed(op, r, ReasonNotSent, fault, ErrRequest, ErrNotSent)
}
