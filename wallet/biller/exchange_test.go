package biller_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ussdgw/wallet/biller"
)

// cutting answers raw octets and closes the connection.
func cutting(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

// answeringStatus answers that all is well, but with another HTTP status than 200.
func answeringStatus(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, xmlOf("0", ""))
	}
}

// redirecting sends to a URL that answers.
func redirecting(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			answering(xmlOf("0", ""))(w, r)
			return
		}
		http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, status)
	}
}

// What goes wrong after the request was written leaves the payment in doubt.
func TestTransportFaultsLeaveItUnknown(t *testing.T) {
	ok := xmlOf("0", "")
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
	for name, h := range map[string]http.HandlerFunc{
		"closed":         cutting(""),
		"half a header":  cutting("HTTP/1.1 20"),
		"no HTTP":        cutting("+OK account 4957835959\r\n\r\n"),
		"half a body":    cutting(head + ok[:40]),
		"short body":     cutting(head + ok),
		"chunk cut":      cutting("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<?x"),
		"huge header":    cutting("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20<<10) + "\r\n\r\n"),
		"500":            answeringStatus(http.StatusInternalServerError),
		"502":            answeringStatus(http.StatusBadGateway),
		"401":            answeringStatus(http.StatusUnauthorized),
		"404":            answeringStatus(http.StatusNotFound),
		"203":            answeringStatus(http.StatusNonAuthoritativeInfo),
		"redirect":       redirecting(http.StatusFound),
		"redirect, kept": redirecting(http.StatusTemporaryRedirect),
		"compressed":     answering("\x1f\x8b\x08"),
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			counted := func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				h(w, r)
			}
			got, err := osmp(t, counted).Pay(t.Context(), request())
			if got.Verdict != biller.VerdictUnknown || err == nil || errors.Is(err, biller.ErrNotSent) {
				t.Errorf("%+v, %v", got, err)
			}
			if got.Reason != biller.ReasonNoAnswer && got.Reason != biller.ReasonBroken {
				t.Errorf("reason %s", got.Reason)
			}
			if calls.Load() != 1 {
				t.Errorf("%d requests were sent, want 1: nothing is repeated unseen", calls.Load())
			}
			if strings.Contains(err.Error(), "4957835959") {
				t.Errorf("the account is in %q", err)
			}
		})
	}
}

// A request has a connection of its own: on one that was used before, net/http would repeat what
// was cut, and nobody would know that it was sent twice.
func TestNothingIsRepeatedOnAnOldConnection(t *testing.T) {
	var calls atomic.Int32
	b := osmp(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			answering(xmlOf("0", ""))(w, r)
			return
		}
		cutting("")(w, r)
	})
	for _, want := range []biller.Verdict{biller.VerdictDone, biller.VerdictUnknown} {
		if got, err := b.Pay(t.Context(), request()); got.Verdict != want {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
	}
	if calls.Load() != 2 {
		t.Errorf("%d requests were sent for two calls", calls.Load())
	}
}

// silent never answers, until the client has gone.
func silent(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestTimeoutIsUnknown(t *testing.T) {
	b := osmp(t, silent, func(c *biller.Config) { c.Timeout = 50 * time.Millisecond })
	got, err := b.Pay(t.Context(), request())
	if got.Verdict != biller.VerdictUnknown || got.Reason != biller.ReasonNoAnswer ||
		!errors.Is(err, context.DeadlineExceeded) || errors.Is(err, biller.ErrNotSent) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCallerGoesAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := osmp(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		silent(w, r)
	})
	got, err := b.Pay(ctx, request())
	if got.Verdict != biller.VerdictUnknown || !errors.Is(err, context.Canceled) ||
		errors.Is(err, biller.ErrNotSent) {
		t.Errorf("under way: %+v, %v", got, err)
	}
	got, err = b.Pay(ctx, request())
	if got.Verdict != biller.VerdictUnknown || !errors.Is(err, context.Canceled) ||
		!errors.Is(err, biller.ErrNotSent) {
		t.Errorf("before: %+v, %v", got, err)
	}
}

// Only a request that reached nobody is marked as not sent.
func TestNotSent(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := closed.Addr().String()
	closed.Close()
	secure := httptest.NewUnstartedServer(answering(xmlOf("0", "")))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(answering(xmlOf("0", "")))
	defer plain.Close()
	for name, address := range map[string]string{
		"refused":      "http://" + refusing,
		"unknown root": secure.URL,
		"no TLS there": strings.Replace(plain.URL, "http", "https", 1),
	} {
		b, err := biller.NewOSMP(biller.Config{URL: address, Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Pay(t.Context(), request())
		if got.Verdict != biller.VerdictUnknown || got.Reason != biller.ReasonNotSent ||
			!errors.Is(err, biller.ErrNotSent) || errors.Is(err, biller.ErrRequest) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTLSWithAuthorityAndClientCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(answering(xmlOf("0", "")))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	// The certificate of the test server serves as our own too.
	dir := t.TempDir()
	ca, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, ca, "CERTIFICATE", server.Certificate().Raw)
	writePEM(t, key, "PRIVATE KEY", privateKey(t, server))

	for _, tt := range []struct {
		ca, cert, key string
		want          biller.Verdict
	}{
		{ca, ca, key, biller.VerdictDone},
		{ca, "", "", biller.VerdictUnknown},
		{"", ca, key, biller.VerdictUnknown},
	} {
		c, err := biller.LoadTLS(tt.ca, tt.cert, tt.key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := biller.NewOSMP(biller.Config{URL: server.URL, Zone: time.UTC, TLS: c})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Pay(t.Context(), request()); got.Verdict != tt.want {
			t.Errorf("%+v: %+v, %v", tt, got, err)
		}
	}
	for want, files := range map[string][3]string{
		"no such file":      {filepath.Join(dir, "none"), "", ""},
		"no certificate in": {key, "", ""},
		"needs its key":     {"", ca, ""},
		"client cert":       {"", ca, ca},
	} {
		if _, err := biller.LoadTLS(files[0], files[1], files[2]); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", files, err, want)
		}
	}
}

// Whatever fails, an error tells no credential, account or field, and neither does a log of a
// request.
func TestErrorsTellNoSecrets(t *testing.T) {
	secrets := []string{
		"hunter2", "t0ken", "4957835959", "flat5", "dXNzZGd3Omh1bnRlcjI", "q-s3cret",
	}
	r := request()
	r.Fields = map[string]string{"data1": "flat5"}
	echo := func(w http.ResponseWriter, req *http.Request) {
		cutting("HTTP/1.1 "+req.URL.RawQuery+req.Header.Get("Authorization")+"\r\n\r\n")(w, req)
	}
	inBody := func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, "<response><"+req.URL.RawQuery+req.Header.Get("Authorization"))
	}
	inResult := func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, xmlOf("4957835959", ""))
	}
	for name, h := range map[string]http.HandlerFunc{
		"status line": echo, "body": inBody, "result": inResult, "closed": cutting(""),
		"redirect": redirecting(http.StatusFound),
	} {
		server := httptest.NewServer(h)
		cfg := biller.Config{URL: server.URL + "/?q=q-s3cret", Zone: time.UTC}
		basic, bearer := cfg, cfg
		basic.User, basic.Password, bearer.Bearer = "ussdgw", "hunter2", "t0ken"
		one, err1 := biller.NewOSMP(basic)
		two, err2 := biller.NewJSON(bearer)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for _, b := range []biller.Biller{one, two} {
			_, err := b.Pay(t.Context(), r)
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			for _, s := range secrets {
				if strings.Contains(err.Error(), s) {
					t.Errorf("%s: %q tells %q", name, err, s)
				}
			}
			if len([]rune(err.Error())) > 500 {
				t.Errorf("%s: an error of %d octets", name, len(err.Error()))
			}
		}
		server.Close()
	}
	for _, s := range secrets {
		if strings.Contains(r.String(), s) {
			t.Errorf("%q tells %q", r, s)
		}
	}
}

func writePEM(t *testing.T, name, kind string, raw []byte) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// privateKey is the key of a test server.
func privateKey(t *testing.T, server *httptest.Server) []byte {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
