package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"unicode/utf8"

	"ussdgw/wallet/cashdesk"
	"ussdgw/wallet/ledger"
)

// AgentsConfig is the listener for those who take and give cash: terminal networks and banks.
type AgentsConfig struct {
	// Addr is host:port. Empty: no agent is served.
	Addr string `mapstructure:"addr"`
	// CertFile and KeyFile are our certificate, with what is between it and its authority, and its
	// key, in PEM. They are required unless addr is of this machine alone.
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
	// ClientCAFile has the authority of the networks' own certificates, in PEM: every network has to
	// show one. Empty: none is asked for.
	ClientCAFile string `mapstructure:"client_ca_file"`
	// MaxRequests is how many requests are worked on at once, 1..10000 [64].
	MaxRequests int             `mapstructure:"max_requests"`
	Networks    []NetworkConfig `mapstructure:"networks"`
}

// NetworkConfig is one agent.
type NetworkConfig struct {
	ID   string `mapstructure:"id"`   // of the agent in the books; required
	Name string `mapstructure:"name"` // what subscribers know it by, for the SMS [id]
	User string `mapstructure:"user"` // of basic auth [id]
	// PasswordFile names a file with its password. It is required, or comes from the environment.
	PasswordFile string     `mapstructure:"password_file"`
	Password     secretText `env:"password" file:"password_file"`
	// Allow are the addresses that it comes from, as 192.0.2.0/24 or 192.0.2.7. Required.
	Allow     []string `mapstructure:"allow"`
	TxnDigits int      `mapstructure:"txn_digits"` // most digits of its txn_id, 1..28 [20]
}

// maxNetworkName keeps the SMS of a cash-in in one part, in characters.
const maxNetworkName = 14

func (a AgentsConfig) withDefaults() AgentsConfig {
	defaultTo(&a.MaxRequests, cashdesk.DefaultMaxRequests)
	networks := make([]NetworkConfig, 0, len(a.Networks))
	for _, n := range a.Networks {
		defaultTo(&n.Name, n.ID)
		defaultTo(&n.User, n.ID)
		defaultTo(&n.TxnDigits, cashdesk.DefaultTxnDigits)
		networks = append(networks, n)
	}
	if a.Networks = networks; len(networks) == 0 {
		a.Networks = nil
	}
	return a
}

func (a AgentsConfig) validate(at *faults) {
	const key = "agents."
	between(at, key+"max_requests", a.MaxRequests, 1, 10_000)
	if (a.CertFile == "") != (a.KeyFile == "") {
		at.add(key+"cert_file", "goes with key_file", "name both or none")
	}
	if a.ClientCAFile != "" && a.CertFile == "" {
		at.add(key+"client_ca_file", "goes with TLS", "name cert_file and key_file")
	}
	if a.Addr != "" {
		at.address(key+"addr", a.Addr)
		host, _, err := net.SplitHostPort(a.Addr)
		if err == nil && a.CertFile == "" && !loopback(host) {
			at.add(key+"cert_file", "is missing: cash would be credited over an open line",
				"name cert_file and key_file, or listen on 127.0.0.1 behind a proxy of this machine")
		}
		if len(a.Networks) == 0 {
			at.add(key+"networks", "are none", "write id, password_file and allow of each")
		}
	}
	seen := map[string]bool{}
	for i, n := range a.Networks {
		n.validate(at, fmt.Sprintf("agents.networks.%d.", i), seen)
	}
}

func (n NetworkConfig) validate(at *faults, prefix string, seen map[string]bool) {
	for _, once := range []struct{ key, value string }{{"id", n.ID}, {"user", n.User}} {
		if seen[once.key+" "+once.value] {
			at.add(prefix+once.key, fmt.Sprintf("%q is there twice", once.value),
				"each network has its own")
		}
		seen[once.key+" "+once.value] = true
	}
	if err := ledger.ValidateAgent(n.ID); err != nil {
		at.add(prefix+"id", fmt.Sprintf("%q has not the right form", n.ID),
			"small letters, digits and '-', at most 32, as in: ussdgw agent list")
	}
	if utf8.RuneCountInString(n.Name) > maxNetworkName {
		at.add(prefix+"name", fmt.Sprintf("has more than %d characters", maxNetworkName),
			"the SMS of a cash-in has to fit with it")
	}
	if n.PasswordFile == "" && n.Password == "" {
		at.add(prefix+"password_file", "is missing",
			"make one: openssl rand -hex 16; or set "+envName(prefix+"password"))
	}
	if _, err := n.prefixes(); err != nil {
		at.add(prefix+"allow", err.Error(), "write where it comes from: [192.0.2.0/24, 192.0.2.7]")
	}
	between(at, prefix+"txn_digits", n.TxnDigits, 1, cashdesk.MaxTxnDigits)
}

// prefixes reads the addresses.
func (n NetworkConfig) prefixes() ([]netip.Prefix, error) {
	if len(n.Allow) == 0 {
		return nil, errors.New("is missing")
	}
	var all []netip.Prefix
	for _, text := range n.Allow {
		if one, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(one, one.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no address", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// desk is the configuration of the listener. It reads the certificates.
func (a AgentsConfig) desk() (cashdesk.Config, error) {
	c := cashdesk.Config{Addr: a.Addr, MaxRequests: a.MaxRequests}
	for _, n := range a.Networks {
		allow, err := n.prefixes()
		if err != nil {
			return c, fmt.Errorf("agents: %s: allow %w", n.ID, err)
		}
		c.Networks = append(c.Networks, cashdesk.Network{
			ID: n.ID, Name: n.Name, User: n.User, Password: string(n.Password), Allow: allow,
			TxnDigits: n.TxnDigits,
		})
	}
	if a.CertFile == "" {
		return c, nil
	}
	cert, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
	if err != nil {
		return c, fmt.Errorf("agents.cert_file: %w", err)
	}
	c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if a.ClientCAFile == "" {
		return c, nil
	}
	text, err := readAtMost(a.ClientCAFile, maxNamedFileOctets)
	if err != nil {
		return c, fmt.Errorf("agents.client_ca_file: %w", err)
	}
	c.TLS.ClientCAs = x509.NewCertPool()
	if !c.TLS.ClientCAs.AppendCertsFromPEM(text) {
		return c, fmt.Errorf("agents.client_ca_file: %s holds no certificate", a.ClientCAFile)
	}
	c.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	return c, nil
}

// serveAgents takes the address of the agents' listener, which start runs.
func (a *assembly) serveAgents(c cashdesk.Config) (err error) {
	c.Log = a.parts.log.Named("agents")
	if m := a.parts.metrics; m != nil {
		c.Metrics = agentMetrics{m.agents}
	}
	a.agents, err = cashdesk.Listen(c, a.issuer)
	return err
}

// openAgents is serveAgents by a configuration that may have none.
func (a *assembly) openAgents(c AgentsConfig) error {
	if c.Addr == "" {
		return nil
	}
	desk, err := c.desk()
	if err != nil {
		return err
	}
	return a.serveAgents(desk)
}
