package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/catalogue"
)

// The protocols that a biller may speak.
const (
	protocolOSMP = "osmp"
	protocolJSON = "json"
)

// BillerConfig is the system behind one provider, or behind several that are told apart by prv_id.
type BillerConfig struct {
	Name     string `mapstructure:"name"`     // as the catalogue has it; required
	Protocol string `mapstructure:"protocol"` // osmp or json [osmp]
	// URL is https://HOST/PATH, without credentials; http:// on this machine alone. Required.
	URL  string `mapstructure:"url"`
	User string `mapstructure:"user"` // of basic auth; empty: none
	// PasswordFile names a file with the user's password, TokenFile one with the bearer token of
	// json. Empty: there is none.
	PasswordFile string     `mapstructure:"password_file"`
	Password     secretText `env:"password" file:"password_file"`
	TokenFile    string     `mapstructure:"token_file"`
	Token        secretText `env:"token" file:"token_file"`
	// CAFile has the authority of the provider in PEM [the system's]; CertFile and KeyFile our own
	// certificate and its key [none].
	CAFile   string `mapstructure:"ca_file"`
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
	// Timeout is for one request, 1s..1m [1m].
	Timeout     time.Duration `mapstructure:"timeout"`
	MaxInFlight int           `mapstructure:"max_in_flight"` // requests at once, 1..1000 [8]
	// BreakerFailures in a row stop the requests for BreakerPause; then one tries. 1..1000 [5] and
	// 1s..1h [15s].
	BreakerFailures int           `mapstructure:"breaker_failures"`
	BreakerPause    time.Duration `mapstructure:"breaker_pause"`
	Zone            string        `mapstructure:"zone"`     // of the dates sent [Asia/Bishkek]
	Currency        string        `mapstructure:"currency"` // OSMP's ccy, such as KGS [not sent]
	PrvID           string        `mapstructure:"prv_id"`   // OSMP's prv_id [not sent]
	// PrvIDs are the prv_id of single providers, as PROVIDER=ID [those of prv_id].
	PrvIDs []string `mapstructure:"prv_ids"`
	// HolderFields are the fields of an answer that say whose account it is, the best first [the
	// usual names].
	HolderFields []string `mapstructure:"holder_fields"`
}

// billerName is what the catalogue takes as an id.
var billerName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (b BillerConfig) withDefaults() BillerConfig {
	defaultTo(&b.Protocol, protocolOSMP)
	defaultTo(&b.Timeout, biller.DefaultTimeout)
	defaultTo(&b.MaxInFlight, 8)
	defaultTo(&b.BreakerFailures, 5)
	defaultTo(&b.BreakerPause, 15*time.Second)
	defaultTo(&b.Zone, wallet.ZoneName)
	return b
}

func (b BillerConfig) validate(at *faults, prefix string) {
	if b.Name == "" {
		at.add(prefix+"name", "is missing", "write the name that the catalogue has: biller: NAME")
	} else {
		at.matches(prefix+"name", b.Name, billerName, "lower-case letters, digits and '_', at most 32")
	}
	if !slices.Contains([]string{protocolOSMP, protocolJSON}, b.Protocol) {
		at.add(prefix+"protocol", fmt.Sprintf("%q is not known", b.Protocol), "write osmp or json")
	}
	b.validateURL(at, prefix+"url")
	between(at, prefix+"timeout", b.Timeout, time.Second, time.Minute)
	between(at, prefix+"max_in_flight", b.MaxInFlight, 1, 1000)
	between(at, prefix+"breaker_failures", b.BreakerFailures, 1, 1000)
	between(at, prefix+"breaker_pause", b.BreakerPause, time.Second, time.Hour)
	if _, err := time.LoadLocation(b.Zone); err != nil {
		at.add(prefix+"zone", fmt.Sprintf("%q is no time zone", b.Zone), "write one like Asia/Bishkek")
	}
	if b.User == "" && b.Password != "" {
		at.add(prefix+"password_file", "goes with a user", "write user")
	}
	if b.Token != "" && (b.User != "" || b.Protocol != protocolJSON) {
		at.add(prefix+"token_file", "goes with json, and with no user", "leave one of them out")
	}
	if (b.CertFile == "") != (b.KeyFile == "") {
		at.add(prefix+"cert_file", "goes with key_file", "name both or none")
	}
	for _, text := range b.PrvIDs {
		if provider, id, ok := strings.Cut(text, "="); !ok || provider == "" || id == "" {
			at.add(prefix+"prv_ids", fmt.Sprintf("%q has not the right form", text),
				"write the provider's id in the catalogue and the number: [water=17]")
		}
	}
	if len(at.list) == 0 && b.filesAreHere() {
		if _, err := b.open(); err != nil {
			at.add(strings.TrimSuffix(prefix, "."), "cannot be used: "+err.Error(),
				"the operator of the provider's system tells what it wants")
		}
	}
}

// validateURL does not repeat the URL: it may hold what does not belong there.
func (b BillerConfig) validateURL(at *faults, key string) {
	u, err := url.Parse(b.URL)
	switch {
	case b.URL == "":
		at.add(key, "is missing", "write https://HOST/PATH of the provider's system")
	case strings.Contains(b.URL, "@"):
		at.secret(key, "holds credentials", "write https://HOST/PATH, user and password_file")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		at.add(key, "is no address of the web", "write https://HOST/PATH")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		at.add(key, "is not encrypted: payments would travel in clear", "write https://")
	}
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// filesAreHere reports whether the files that are named can be read on this machine.
func (b BillerConfig) filesAreHere() bool {
	for _, path := range []string{b.CAFile, b.CertFile, b.KeyFile} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}

// open makes the client of a biller. It connects to nothing.
func (b BillerConfig) open() (*biller.Guard, error) {
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return nil, fmt.Errorf("billers: %s: %w", b.Name, err)
	}
	secure, err := biller.LoadTLS(b.CAFile, b.CertFile, b.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("billers: %s: %w", b.Name, err)
	}
	cfg := biller.Config{
		URL: b.URL, User: b.User, Password: string(b.Password), Bearer: string(b.Token), TLS: secure,
		Timeout: b.Timeout, Zone: zone, PrvID: b.PrvID, Currency: b.Currency,
		HolderFields: b.HolderFields,
	}
	if len(b.HolderFields) == 0 {
		cfg.HolderFields = nil
	}
	speak := biller.NewOSMP
	if b.Protocol == protocolJSON {
		speak = biller.NewJSON
	}
	all := manyBillers{of: make(map[string]biller.Biller)}
	if all.Biller, err = speak(cfg); err != nil {
		return nil, fmt.Errorf("billers: %s: %w", b.Name, err)
	}
	for _, text := range b.PrvIDs {
		provider, id, _ := strings.Cut(text, "=")
		cfg.PrvID = id
		if all.of[provider], err = speak(cfg); err != nil {
			return nil, fmt.Errorf("billers: %s: %w", b.Name, err)
		}
	}
	return biller.NewGuard(all, biller.GuardConfig{
		Failures: b.BreakerFailures, Pause: b.BreakerPause, Concurrent: b.MaxInFlight,
	}), nil
}

// manyBillers is one system that providers share: some of them have a client of their own for it.
type manyBillers struct {
	biller.Biller
	of map[string]biller.Biller // by provider
}

func (m manyBillers) client(r biller.Request) biller.Biller {
	if b, ok := m.of[r.Provider]; ok {
		return b
	}
	return m.Biller
}

func (m manyBillers) Check(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return m.client(r).Check(ctx, r)
}

func (m manyBillers) Pay(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return m.client(r).Pay(ctx, r)
}

func (m manyBillers) Status(ctx context.Context, r biller.Request) (biller.Answer, error) {
	return m.client(r).Status(ctx, r)
}

// openBillers makes the clients of all that are configured. m may be nil: nothing is counted.
func openBillers(all []BillerConfig, m *metrics) (findBiller, error) {
	found := make(map[string]biller.Biller, len(all))
	for _, one := range all {
		guard, err := one.open()
		if err != nil {
			return nil, err
		}
		found[one.Name] = m.counted(one.Name, guard)
	}
	return func(name string) (biller.Biller, bool) {
		b, ok := found[name]
		return b, ok
	}, nil
}

// A findBiller is wallet.Config.Billers.
type findBiller func(name string) (biller.Biller, bool)

// validateBillers reports the faults of all of them together.
func (c Config) validateBillers(at *faults) {
	seen := make(map[string]bool)
	for i, b := range c.Billers {
		prefix := fmt.Sprintf("billers.%d.", i)
		var own faults
		b.validate(&own, prefix)
		at.list = append(at.list, own.list...)
		if seen[b.Name] && b.Name != "" {
			at.add(prefix+"name", fmt.Sprintf("%q is there twice", b.Name), "take one of them out")
		}
		seen[b.Name] = true
	}
}

// billerNames lists the billers that the providers of a catalogue name, each once.
func billerNames(c *catalogue.Catalogue) []string {
	var names []string
	for _, category := range c.Categories {
		for _, p := range category.Providers {
			if p.Biller != "" && !slices.Contains(names, p.Biller) {
				names = append(names, p.Biller)
			}
		}
	}
	slices.Sort(names)
	return names
}

// missingEvery is how often the menus are looked through for billers that nobody has configured.
const missingEvery = 10 * time.Second

// A missingBillers makes known which billers the menus name that are not configured. The providers
// behind them take no payments.
type missingBillers struct {
	live  func() *catalogue.Catalogue
	find  findBiller
	count func(name string, missing bool)
	log   *zap.Logger
	known map[string]bool // those that are missing and were logged
}

// look compares once.
func (m *missingBillers) look() {
	names := billerNames(m.live())
	for name := range m.known {
		if _, ok := m.find(name); ok || !slices.Contains(names, name) {
			delete(m.known, name)
			m.count(name, false)
		}
	}
	for _, name := range names {
		if _, ok := m.find(name); ok || m.known[name] {
			continue
		}
		m.known[name] = true
		m.count(name, true)
		m.log.Error("a biller of the menus is not configured: its providers take no payments",
			zap.String("biller", name))
	}
}

// run looks until ctx ends.
func (m *missingBillers) run(ctx context.Context) error {
	ticker := time.NewTicker(missingEvery)
	defer ticker.Stop()
	for {
		m.look()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
