package biller

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// DefaultTimeout is what the protocol gives a provider to answer in.
const DefaultTimeout = 60 * time.Second

// maxTimeout bounds Config.Timeout.
const maxTimeout = 5 * time.Minute

// Config is how a provider's system is reached. It is for one provider.
type Config struct {
	// URL is https://host/path, its own query included where it has one. It holds no credentials.
	// http:// is for this machine, and elsewhere for a line that is encrypted below, with Plain.
	URL   string
	Plain bool // take http:// to other machines

	User, Password string // basic auth; both empty: none
	Bearer         string // NewJSON: the token of "Authorization: Bearer"; not with User

	TLS *tls.Config // roots and a certificate of ours, see LoadTLS; nil: the system's roots

	// Timeout bounds one request from the dial to the end of the answer. The caller's context may
	// end it earlier. [DefaultTimeout]
	Timeout time.Duration
	Zone    *time.Location // of the dates that are sent: the payer's. Needed

	PrvID    string // NewOSMP: the parameter prv_id, the service at the provider; "": not sent
	Currency string // NewOSMP: the parameter ccy, such as KGS; "": not sent

	// HolderFields are the names of the fields of an answer that tell whose account it is, the best
	// first. [fio, name, full_name, client, payer, owner, address, addr, disp1, disp2]
	HolderFields []string
	// HolderInComment takes the comment of a check where no field tells whose account it is. Most
	// providers only write "OK" there.
	HolderInComment bool
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.HolderFields == nil {
		c.HolderFields = []string{
			"fio", "name", "full_name", "client", "payer", "owner", "address", "addr", "disp1", "disp2",
		}
	}
	return c
}

// validate reports every fault. The URL is not repeated: it may hold what it must not.
func (c Config) validate() (*url.URL, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("biller: "+format, args...))
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		fault("the URL must be https://host/path")
		u = nil
	case u.User != nil:
		fault("the URL must hold no credentials: give them as User and Password")
	case u.Scheme == "http" && !c.Plain && !loopback(u.Hostname()):
		fault("the URL must be https://: payments to %s would travel in clear", u.Hostname())
	}
	if c.Bearer != "" && c.User != "" {
		fault("basic auth and a bearer token exclude each other")
	}
	if c.User == "" && c.Password != "" {
		fault("a password needs a user")
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		fault("the time-out %s is not more than 0 and at most %s", c.Timeout, maxTimeout)
	}
	if c.Zone == nil {
		fault("the zone of the dates is missing")
	}
	return u, errors.Join(faults...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// LoadTLS reads a Config.TLS from PEM files: ca has the only roots that are trusted ("" are those
// of the system), cert and key are our own certificate ("" both: none).
func LoadTLS(ca, cert, key string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("biller: the certificates of authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("biller: %s has no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("biller: a client certificate needs its key, and the key it")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("biller: the client certificate %s: %w", cert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// client makes the HTTP client. Each request has a connection of its own: a provider that closes
// an idle one just when a payment is written to it would put the payment in doubt for nothing, and
// net/http would repeat it unseen. For the same reason no redirect is followed. HTTP/2 has no
// use here.
func (c Config) client() *http.Client {
	t := c.TLS.Clone()
	if t == nil {
		t = &tls.Config{}
	}
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	t.ClientSessionCache = tls.NewLRUClientSessionCache(0) // a handshake costs less again
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:        t,
			DisableKeepAlives:      true,
			DisableCompression:     true, // MaxAnswer counts what is parsed
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
