package session_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ussdgw/ussd/session"
	"ussdgw/ussd/session/redisserver"
	"ussdgw/ussd/session/sessiontest"
)

func TestConfigTellsEveryFault(t *testing.T) {
	one := []string{"localhost:6379"}
	for name, c := range map[string]struct {
		config session.Config
		faults []string
	}{
		"least":    {session.Config{Addrs: one}, nil},
		"sentinel": {session.Config{Addrs: []string{"a:1", "b:1"}, MasterName: "m", DB: 3}, nil},
		"cluster":  {session.Config{Addrs: []string{"a:1", "b:1"}}, nil},
		"empty":    {session.Config{}, []string{"no address"}},
		"all at once": {
			session.Config{
				Addrs: []string{"localhost"}, MasterName: "m", Cluster: true, DB: 1,
				Username: "u", CAFile: "ca.pem", Prefix: "{x}", ReadTimeout: -1, Queue: -1,
			},
			[]string{
				`address "localhost" is not host:port`,
				"both a Sentinel's master name and a Cluster",
				"database 1: a Cluster has only 0",
				`user name "u" without a password file`,
				"a CA file without TLS",
				`prefix "{x}" holds a brace`,
				"a negative timeout",
				"a negative pool size or queue",
			},
		},
		"several addresses are a Cluster": {
			session.Config{Addrs: []string{"a:1", "b:1"}, DB: 2},
			[]string{"database 2: a Cluster has only 0"},
		},
		"negative database": {session.Config{Addrs: one, DB: -1}, []string{"database -1"}},
	} {
		var got []string
		if err := c.config.Validate(); err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		var want []string
		for _, fault := range c.faults {
			want = append(want, "session: redis: config: "+fault)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestOpenRedisReadsItsFiles(t *testing.T) {
	dir := t.TempDir()
	noCert := filepath.Join(dir, "not.pem")
	if err := os.WriteFile(noCert, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, make([]byte, 5<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for name, config := range map[string]session.Config{
		"no address":            {},
		"missing password file": {Addrs: []string{"a:1"}, PasswordFile: missing},
		"long password file":    {Addrs: []string{"a:1"}, PasswordFile: long},
		"missing CA file":       {Addrs: []string{"a:1"}, TLS: true, CAFile: missing},
		"CA file without one":   {Addrs: []string{"a:1"}, TLS: true, CAFile: noCert},
	} {
		s, err := session.OpenRedis(config, nil)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened, want an error", name)
		} else if !strings.HasPrefix(err.Error(), "session: redis: config: ") {
			t.Errorf("%s: got %q, want session: redis: config: first", name, err)
		}
	}
}

func TestRedisOverTLS(t *testing.T) {
	redisserver.Need(t)
	dir := t.TempDir()
	certFile, keyFile := writeCertificate(t, dir)
	server, err := redisserver.StartTLS(within(t), dir, certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	config := session.Config{Addrs: []string{server.Addr()}, TLS: true, CAFile: certFile}
	save(t, openConfig(t, config), key("996555000001"), sessiontest.Full(1, 1))

	config.CAFile = ""
	err = openConfig(t, config).Ping(within(t))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: got %v, want an error about the certificate", err)
	}
}

// writeCertificate makes a certificate for the loopback address that signs itself.
func writeCertificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for _, f := range []struct {
		path  string
		block pem.Block
	}{
		{certFile, pem.Block{Type: "CERTIFICATE", Bytes: cert}},
		{keyFile, pem.Block{Type: "PRIVATE KEY", Bytes: private}},
	} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&f.block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
