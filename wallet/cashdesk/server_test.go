package cashdesk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
)

func local() Network {
	n := network()
	n.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return n
}

// run serves until the returned function stops it.
func run(t *testing.T, c Config, b *books) (s *Server, stop func() error) {
	t.Helper()
	s, err := Listen(c, b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() error {
		cancel()
		return <-ended
	}
}

// certificate borrows that of a test server, which is for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	borrowed := httptest.NewTLSServer(nil)
	defer borrowed.Close()
	pool := x509.NewCertPool()
	pool.AddCert(borrowed.Certificate())
	return borrowed.TLS.Certificates[0], pool
}

func get(client *http.Client, url string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	r.SetBasicAuth("user", "s3cr3t-w0rd")
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = response.Body.Close()
	}
	return string(text), err
}

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	s, stop := run(t, Config{
		Addr: "127.0.0.1:0", Networks: []Network{local()},
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10},
	}, &books{verdict: ledger.Done})
	client := func(most uint16) *http.Client {
		return &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: most,
			},
			DisableKeepAlives: true,
		}}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		text, err := get(client(version), "https://"+s.Addr()+Path+"?"+pay)
		if err != nil || !strings.Contains(text, "<prv_txn>2016</prv_txn>") {
			t.Errorf("TLS %x: %q, %v", version, text, err)
		}
	}
	if _, err := get(client(tls.VersionTLS11), "https://"+s.Addr()+Path+"?"+pay); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	text, err := get(client(0), "http://"+s.Addr()+Path+"?"+pay)
	if err == nil && strings.Contains(text, "prv_txn") {
		t.Errorf("plain HTTP is answered: %s", text)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	cert, pool := certificate(t)
	s, stop := run(t, Config{
		Addr: "127.0.0.1:0", Networks: []Network{local()},
		TLS: &tls.Config{
			Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12,
		},
	}, &books{verdict: ledger.Done})
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}
	if _, err := get(client, "https://"+s.Addr()+Path+"?"+pay); err == nil {
		t.Error("a request without a certificate is answered")
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// TestCutForm sends half a form: nobody knows what was asked for, perhaps what is credited already,
// and so the agent has to ask again.
func TestCutForm(t *testing.T) {
	b := &books{verdict: ledger.Done}
	s, stop := run(t, Config{Addr: "127.0.0.1:0", Networks: []Network{local()}}, b)
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, "http://"+s.Addr()+Path, strings.NewReader(pay))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("user", "s3cr3t-w0rd")
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	half := text.Len() - len(pay)/2
	if _, err := io.WriteString(conn, text.String()[:half]); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "<result>1</result>") {
		t.Errorf("%q, %v; want a result that is not final", answer, err)
	}
	if err := errors.Join(conn.Close(), stop()); err != nil {
		t.Error(err)
	}
}

func TestPlainOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
		s, err := Listen(Config{Addr: addr, Networks: []Network{local()}}, &books{})
		if err == nil {
			t.Errorf("%s is served without TLS", addr)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestFaultsOfNetworks(t *testing.T) {
	for name, spoil := range map[string]func(*Network){
		"id":       func(n *Network) { n.ID = "A:B" },
		"user":     func(n *Network) { n.User = "" },
		"password": func(n *Network) { n.Password = "" },
		"address":  func(n *Network) { n.Allow = nil },
		"digits":   func(n *Network) { n.TxnDigits = MaxTxnDigits + 1 },
	} {
		n := local()
		spoil(&n)
		if _, err := NewHandler(Config{Networks: []Network{n}}, &books{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewHandler(Config{}, &books{}); err == nil {
		t.Error("no error without a network")
	}
	twice := []Network{local(), local()}
	if _, err := NewHandler(Config{Networks: twice}, &books{}); err == nil {
		t.Error("no error for two networks of one id")
	}
	twice[1].ID = "bank"
	if _, err := NewHandler(Config{Networks: twice}, &books{}); err == nil {
		t.Error("no error for two networks of one user")
	}
}

// TestStop: what is under way is answered, and nothing new is taken.
func TestStop(t *testing.T) {
	b := &books{verdict: ledger.Done, hold: make(chan struct{})}
	s, stop := run(t, Config{Addr: "127.0.0.1:0", Networks: []Network{local()}}, b)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got := make(chan string, 1)
	go func() {
		text, err := get(client, "http://"+s.Addr()+Path+"?"+pay)
		if err != nil {
			text = err.Error()
		}
		got <- text
	}()
	for deadline := time.Now().Add(10 * time.Second); b.last() == ""; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the request does not arrive")
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			break
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("connections are still taken")
		}
	}
	close(b.hold)
	if text := <-got; !strings.Contains(text, "<result>0</result>") {
		t.Errorf("what was under way: %s", text)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v", err)
	}
}
