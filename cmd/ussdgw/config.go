package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"ussdgw/menus/revision"
	"ussdgw/smsc/dialect"
	"ussdgw/wallet"
	"ussdgw/wallet/msisdn"
)

// A Config is all that `serve` reads from its file and its environment: one section per room.
// Every key KEY of a section SECTION can also come from the environment as USSDGW_SECTION_KEY,
// which wins over the file. Zero values mean the default that the field names in brackets.
type Config struct {
	Log      LogConfig      `mapstructure:"log"`
	Console  ConsoleConfig  `mapstructure:"console"`
	Sessions SessionsConfig `mapstructure:"sessions"`
	Ledger   LedgerConfig   `mapstructure:"ledger"`
	PIN      PINConfig      `mapstructure:"pin"`
	Wallet   WalletConfig   `mapstructure:"wallet"`
	Links    []LinkConfig   `mapstructure:"links"` // exactly one
	Billers  []BillerConfig `mapstructure:"billers"`
	Menus    MenusConfig    `mapstructure:"menus"`
	Limits   LimitsConfig   `mapstructure:"limits"`
	SMS      SMSConfig      `mapstructure:"sms"`
	Agents   AgentsConfig   `mapstructure:"agents"`
}

// LogConfig says how much is logged.
type LogConfig struct {
	Level string `mapstructure:"level"` // debug, info, warn or error [info]
}

// ConsoleConfig is the HTTP listener of /livez, /readyz and /metrics.
type ConsoleConfig struct {
	Addr string `mapstructure:"addr"` // host:port [127.0.0.1:9900]
}

// SessionsConfig is the Redis that holds the dialogues under way.
type SessionsConfig struct {
	// Addrs is one host:port of a single server, several of a Cluster, or the Sentinels when
	// master_name is set [127.0.0.1:6379].
	Addrs      []string `mapstructure:"addrs"`
	MasterName string   `mapstructure:"master_name"` // at the Sentinels; empty: no Sentinel
	Cluster    bool     `mapstructure:"cluster"`     // a Cluster even with one address [false]
	Username   string   `mapstructure:"username"`    // empty: the default user
	// PasswordFile is read at every new connection. Empty: there is no password.
	PasswordFile string `mapstructure:"password_file"`
	DB           int    `mapstructure:"db"`      // number of the database [0]
	TLS          bool   `mapstructure:"tls"`     // TLS 1.2 or later, verified [false]
	CAFile       string `mapstructure:"ca_file"` // PEM of the authority [the system's]
	Prefix       string `mapstructure:"prefix"`  // put before every key [none]
	// ResumeWithin is how long after a drop a redial may go on, 1s..1h [3m].
	ResumeWithin time.Duration `mapstructure:"resume_within"`
}

// LedgerConfig is the PostgreSQL that holds the money.
type LedgerConfig struct {
	// URL is postgres://USER@HOST:5432/DATABASE, without a password in the file.
	URL      secretText `mapstructure:"url" env:"url" file:"url_file"`
	URLFile  string     `mapstructure:"url_file"`  // a file with the URL, for one with a password
	Schema   string     `mapstructure:"schema"`    // [ussdgw]
	MaxConns int        `mapstructure:"max_conns"` // connections of this process, 2..1000 [16]
	// CloseAfter is how long after midnight in Bishkek a day is closed, 1m..12h [1h].
	CloseAfter time.Duration `mapstructure:"close_after"`
}

// PINConfig says how PINs are kept and how many wrong ones are forgiven.
type PINConfig struct {
	// KeyFile has lines of VERSION:BASE64, at least 32 octets each; the last is current. Required.
	KeyFile string `mapstructure:"key_file"`
	Length  int    `mapstructure:"length"` // digits, 4..12 [4]
	Tries   int    `mapstructure:"tries"`  // wrong PINs before a lock, 1..10 [3]
	// Locks are the lengths of the first, second, ... lock; the last repeats. The word support is
	// wallet.UntilSupport [wallet.DefaultLocks: 30m, 24h, support].
	Locks lockTimes `mapstructure:"locks"`
	// MustChangeFirst refuses debits until the PIN that came by SMS was changed [false].
	MustChangeFirst bool `mapstructure:"must_change_first"`
}

// LinkConfig is one account at a message centre.
type LinkConfig struct {
	Name     string `mapstructure:"name"`      // in logs and metrics; required
	Address  string `mapstructure:"address"`   // host:port of the message centre; required
	SystemID string `mapstructure:"system_id"` // at most 15 octets; required
	// PasswordFile names a file with the password of at most 8 octets. Empty: there is none.
	PasswordFile string     `mapstructure:"password_file"`
	Password     secretText `env:"password" file:"password_file"`
	SystemType   string     `mapstructure:"system_type"` // at most 12 octets; empty: none
	Dialect      string     `mapstructure:"dialect"`     // how sessions are in PDUs [standard]
	// IMSITLV is the parameter in which the centre tells the subscriber's IMSI, such as 0x1403.
	// Empty: it does not.
	IMSITLV string `mapstructure:"imsi_tlv"`
	Window  int    `mapstructure:"window"` // submit_sm under way, 1..1000 [10]
	// EnquireLink is the silence before an enquire_link, 1s..10m [30s].
	EnquireLink     time.Duration `mapstructure:"enquire_link"`
	BindTimeout     time.Duration `mapstructure:"bind_timeout"`     // 1s..1m [10s]
	ResponseTimeout time.Duration `mapstructure:"response_timeout"` // 1s..1m [10s]
	WriteTimeout    time.Duration `mapstructure:"write_timeout"`    // 100ms..1m [10s]
	ReconnectMin    time.Duration `mapstructure:"reconnect_min"`    // first wait [1s]
	ReconnectMax    time.Duration `mapstructure:"reconnect_max"`    // longest wait [30s]
}

// MenusConfig says where the menus are and who may publish others.
type MenusConfig struct {
	// Dir is a folder of *.yaml. Empty: what is published, and the menus built into the program
	// while nothing is.
	Dir string `mapstructure:"dir"`
	// TwoPersons lets the author of a revision publish it to test numbers only [false].
	TwoPersons bool `mapstructure:"two_persons"`
	// TestNumbers are who tries a revision first, where publish names nobody. At most 100 [none].
	TestNumbers []string `mapstructure:"test_numbers"`
}

// LimitsConfig bounds the work of one process.
type LimitsConfig struct {
	MaxSteps   int           `mapstructure:"max_steps"`   // steps in flight, 4..100000 [256]
	StepBudget time.Duration `mapstructure:"step_budget"` // of one answer, 1s..1m [8s]
	// Drain is the longest wait for steps in flight at a stop, step_budget..10m [15s].
	Drain time.Duration `mapstructure:"drain"`
}

// SMSConfig says who messages come from.
type SMSConfig struct {
	Sender string `mapstructure:"sender"` // short code or at most 11 letters and digits [900]
}

// defaultConfig is a Config in which nothing was written, and defaultLink such a link.
func defaultConfig() Config { return Config{}.withDefaults() }

func defaultLink() LinkConfig { return LinkConfig{}.withDefaults() }

// withDefaults returns c with every zero value replaced by its default.
func (c Config) withDefaults() Config {
	defaultTo(&c.Log.Level, "info")
	defaultTo(&c.Console.Addr, defaultConsoleAddr)
	if len(c.Sessions.Addrs) == 0 {
		c.Sessions.Addrs = []string{"127.0.0.1:6379"}
	}
	defaultTo(&c.Sessions.ResumeWithin, 3*time.Minute)
	defaultTo(&c.Ledger.Schema, "ussdgw")
	defaultTo(&c.Ledger.MaxConns, 16)
	defaultTo(&c.Ledger.CloseAfter, time.Hour)
	defaultTo(&c.PIN.Length, 4)
	defaultTo(&c.PIN.Tries, 3)
	if len(c.PIN.Locks) == 0 {
		c.PIN.Locks = wallet.DefaultLocks()
	}
	c.Wallet = c.Wallet.withDefaults()
	c.Billers = slices.Clone(c.Billers)
	for i := range c.Billers {
		c.Billers[i] = c.Billers[i].withDefaults()
	}
	c.Links = slices.Clone(c.Links)
	for i := range c.Links {
		c.Links[i] = c.Links[i].withDefaults()
	}
	defaultTo(&c.Limits.MaxSteps, 256)
	defaultTo(&c.Limits.StepBudget, 8*time.Second)
	defaultTo(&c.Limits.Drain, 15*time.Second)
	defaultTo(&c.SMS.Sender, "900")
	c.Agents = c.Agents.withDefaults()
	return c
}

func (l LinkConfig) withDefaults() LinkConfig {
	defaultTo(&l.Dialect, "standard")
	defaultTo(&l.Window, 10)
	defaultTo(&l.EnquireLink, 30*time.Second)
	defaultTo(&l.BindTimeout, 10*time.Second)
	defaultTo(&l.ResponseTimeout, 10*time.Second)
	defaultTo(&l.WriteTimeout, 10*time.Second)
	defaultTo(&l.ReconnectMin, time.Second)
	defaultTo(&l.ReconnectMax, 30*time.Second)
	return l
}

// speaks is the dialect of the link.
func (l LinkConfig) speaks() (dialect.Dialect, error) {
	d, err := dialect.Preset(l.Dialect)
	if err != nil {
		return d, err
	}
	return d.WithIMSI(l.IMSITLV)
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// maxSecretOctets bounds a secret and maxNamedFileOctets any file that a key names.
const (
	maxSecretOctets    = 4 << 10
	maxNamedFileOctets = 1 << 20
)

var (
	schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	linkName   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	senderName = regexp.MustCompile(`^([0-9]{1,15}|[A-Za-z0-9]{1,11})$`)
	keyPrefix  = regexp.MustCompile(`^[A-Za-z0-9:_-]{1,32}$`)
)

// validate reports every fault of a Config that has its defaults: the key, what is wrong with it,
// and the way out.
func (c Config) validate(at *faults) {
	if level, err := zapcore.ParseLevel(c.Log.Level); err != nil ||
		level < zapcore.DebugLevel || level > zapcore.ErrorLevel {
		at.add("log.level", fmt.Sprintf("%q is no level", c.Log.Level),
			"write debug, info, warn or error")
	}
	at.address("console.addr", c.Console.Addr)
	c.Sessions.validate(at)
	c.Ledger.validate(at)
	c.PIN.validate(at)
	c.Wallet.validate(at)
	if len(c.Links) != 1 {
		at.add("links", fmt.Sprintf("there are %d links", len(c.Links)),
			"write exactly one: name, address, system_id, password_file")
	}
	for i, link := range c.Links {
		link.validate(at, fmt.Sprintf("links.%d.", i))
	}
	c.validateBillers(at)
	c.Menus.validate(at)
	between(at, "limits.max_steps", c.Limits.MaxSteps, 4, 100_000)
	between(at, "limits.step_budget", c.Limits.StepBudget, time.Second, time.Minute)
	between(at, "limits.drain", c.Limits.Drain, time.Second, 10*time.Minute)
	if c.Limits.Drain < c.Limits.StepBudget {
		at.add("limits.drain", fmt.Sprintf("%v is shorter than one step may take (%v)",
			c.Limits.Drain, c.Limits.StepBudget), "make it longer than limits.step_budget")
	}
	c.Agents.validate(at)
	at.matches("sms.sender", c.SMS.Sender, senderName,
		"write a short code or at most 11 letters and digits")
}

func (s SessionsConfig) validate(at *faults) {
	for _, addr := range s.Addrs {
		at.address("sessions.addrs", addr)
	}
	cluster := s.Cluster || len(s.Addrs) > 1 && s.MasterName == ""
	if s.MasterName != "" && s.Cluster {
		at.add("sessions.cluster", "goes with no master_name", "leave one of them out")
	}
	between(at, "sessions.db", s.DB, 0, 1<<15)
	if cluster && s.DB != 0 {
		at.add("sessions.db", "is not 0, and a Cluster has only database 0", "leave the key out")
	}
	if s.Username != "" && s.PasswordFile == "" {
		at.add("sessions.username", "goes with a password_file", "name the file")
	}
	if s.CAFile != "" && !s.TLS {
		at.add("sessions.ca_file", "goes with TLS", "write tls: true")
	}
	if s.Prefix != "" {
		at.matches("sessions.prefix", s.Prefix, keyPrefix,
			"write letters, digits, ':', '_' and '-', at most 32")
	}
	between(at, "sessions.resume_within", s.ResumeWithin, time.Second, time.Hour)
}

func (l LedgerConfig) validate(at *faults) {
	at.matches("ledger.schema", l.Schema, schemaName, "a lower-case name of SQL")
	between(at, "ledger.max_conns", l.MaxConns, 2, 1000)
	between(at, "ledger.close_after", l.CloseAfter, time.Minute, wallet.MaxCloseAfter)
	if l.URL == "" {
		if l.URLFile == "" {
			at.add("ledger.url", "is missing", "write url (without a password) or url_file, or set "+
				envName("ledger.url"))
		}
		return
	}
	u, err := url.Parse(string(l.URL))
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		at.add("ledger.url", "is no PostgreSQL URL", "write postgres://USER@HOST:5432/DATABASE")
	}
}

func (p PINConfig) validate(at *faults) {
	if p.KeyFile == "" {
		at.add("pin.key_file", "is missing", "make one: ussdgw keys new")
	}
	between(at, "pin.length", p.Length, 4, 12)
	between(at, "pin.tries", p.Tries, 1, 10)
	for i, lock := range p.Locks {
		if lock != wallet.UntilSupport {
			between(at, "pin.locks", lock, time.Minute, 365*24*time.Hour)
		}
		if i > 0 && lock < p.Locks[i-1] {
			at.add("pin.locks", fmt.Sprintf("%v comes after %s", lock, lockText(p.Locks[i-1])),
				"a later lock is never shorter than an earlier one")
		}
	}
}

func (m MenusConfig) validate(at *faults) {
	const key = "menus.test_numbers"
	if n := len(m.TestNumbers); n > revision.MaxNumbers {
		at.add(key, fmt.Sprintf("has %d numbers", n),
			fmt.Sprintf("write at most %d", revision.MaxNumbers))
	}
	for i, text := range m.TestNumbers {
		if _, err := msisdn.Parse(text); err != nil {
			at.add(key, fmt.Sprintf("entry %d is no subscriber number", i+1),
				"write the country and the number as digits: [996555123456]")
		}
	}
}

func (l LinkConfig) validate(at *faults, prefix string) {
	if l.Name == "" {
		at.add(prefix+"name", "is missing", "give the link a name for logs and metrics")
	} else {
		at.matches(prefix+"name", l.Name, linkName, "lower-case letters, digits and '-', at most 32")
	}
	if l.Address == "" {
		at.add(prefix+"address", "is missing", "write HOST:PORT of the message centre, or set "+
			envName(prefix+"address"))
	} else {
		at.address(prefix+"address", l.Address)
	}
	if l.SystemID == "" {
		at.add(prefix+"system_id", "is missing", "the operator of the message centre gives it")
	}
	// SMPP 3.4 §5.2: C-octet strings of 16, 9 and 13 octets, the NUL included.
	at.atMost(prefix+"system_id", l.SystemID, 15)
	at.atMost(prefix+"password_file", string(l.Password), 8)
	at.atMost(prefix+"system_type", l.SystemType, 12)
	if d, err := dialect.Preset(l.Dialect); err != nil {
		at.add(prefix+"dialect", fmt.Sprintf("%q is not known", l.Dialect),
			"write one of: "+strings.Join(dialect.Names(), ", "))
	} else if _, err := d.WithIMSI(l.IMSITLV); err != nil {
		at.add(prefix+"imsi_tlv", fmt.Sprintf("%q cannot be the IMSI", l.IMSITLV),
			"write a parameter that this dialect does not use itself, such as 0x1403, or nothing")
	}
	between(at, prefix+"window", l.Window, 1, 1000)
	between(at, prefix+"enquire_link", l.EnquireLink, time.Second, 10*time.Minute)
	between(at, prefix+"bind_timeout", l.BindTimeout, time.Second, time.Minute)
	between(at, prefix+"response_timeout", l.ResponseTimeout, time.Second, time.Minute)
	between(at, prefix+"write_timeout", l.WriteTimeout, 100*time.Millisecond, time.Minute)
	between(at, prefix+"reconnect_min", l.ReconnectMin, 10*time.Millisecond, time.Minute)
	between(at, prefix+"reconnect_max", l.ReconnectMax, l.ReconnectMin, 10*time.Minute)
}

// faults collects what is wrong, by key.
type faults struct{ list []fault }

type fault struct {
	key, message, help string
	secret             bool // the line must not be repeated
}

func (f *faults) add(key, message, help string) {
	f.list = append(f.list, fault{key: key, message: message, help: help})
}

// secret is add for a line that holds a secret.
func (f *faults) secret(key, message, help string) {
	f.list = append(f.list, fault{key: key, message: message, help: help, secret: true})
}

func (f *faults) address(key, addr string) {
	if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
		f.add(key, fmt.Sprintf("%q is no address", addr), "write HOST:PORT")
	}
}

func (f *faults) matches(key, value string, form *regexp.Regexp, help string) {
	if !form.MatchString(value) {
		f.add(key, fmt.Sprintf("%q has not the right form", value), help)
	}
}

// atMost never repeats value: it may be a password.
func (f *faults) atMost(key, value string, octets int) {
	if len(value) > octets {
		f.add(key, fmt.Sprintf("has %d octets", len(value)),
			fmt.Sprintf("SMPP allows at most %d", octets))
	}
}

func between[T int | time.Duration](f *faults, key string, value, least, most T) {
	if value < least || value > most {
		f.add(key, fmt.Sprintf("%v is out of range", value),
			fmt.Sprintf("write a value from %v to %v", least, most))
	}
}

// lockTimes are the lengths of locks. In a configuration, untilSupport is one of them.
type lockTimes []time.Duration

// untilSupport is the word for wallet.UntilSupport.
const untilSupport = "support"

// lockText is how a lock is written in a configuration.
func lockText(lock time.Duration) string {
	if lock == wallet.UntilSupport {
		return untilSupport
	}
	return lock.String()
}

// A secretText is a password or a URL that may hold one. It prints as "****"; convert it to a
// string to use it.
type secretText string

// String is "****", or nothing for an empty secret.
func (s secretText) String() string {
	if s == "" {
		return ""
	}
	return "****"
}

// GoString is String, for %#v.
func (s secretText) GoString() string { return s.String() }

// MarshalText is String, for JSON.
func (s secretText) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
