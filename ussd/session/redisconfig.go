package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/zap"
)

// Config says how to reach Redis. Zero values mean the default in brackets.
type Config struct {
	// Addrs are host:port. One is a single server; several are seeds of a Cluster, or the
	// Sentinels when MasterName is set. Required.
	Addrs      []string
	MasterName string // the master's name at the Sentinels; "" means no Sentinel
	Cluster    bool   // a Cluster even with one address

	Username     string
	PasswordFile string // read at every new connection, so that it can be changed while running
	// DB is the database number [0]. A Cluster has only 0.
	DB     int
	TLS    bool   // TLS 1.2 or later, verified
	CAFile string // PEM of the authority that signed the server [the system's]
	Prefix string // put before every key, without braces [""]

	DialTimeout  time.Duration // [1s]
	ReadTimeout  time.Duration // of one pipeline's replies [1s]
	WriteTimeout time.Duration // [1s]
	PoolSize     int           // connections for each server [10]
	Queue        int           // commands that may wait for Redis, more are refused [4096]
}

const (
	defaultTimeout  = time.Second
	defaultPoolSize = 10
	defaultQueue    = 4096
	// A command is sent at most so many times more. It is safe, see Redis.
	retries = 1
	// A dead master tells nobody about its successor: look around this often. The client's own
	// default is a minute, and a dialogue does not live that long.
	topologyEvery = time.Second
	// Each shard of a Cluster's pipeline sends one batch at a time and waits for the slowest
	// master in it. So many shards that nearly every one holds slots of one master only keep a
	// dead master from delaying the sessions of the others.
	clusterShards = 32
	// maxPasswordOctets bounds the password file.
	maxPasswordOctets = 4 << 10
)

func (c Config) withDefaults() Config {
	for _, t := range []*time.Duration{&c.DialTimeout, &c.ReadTimeout, &c.WriteTimeout} {
		if *t == 0 {
			*t = defaultTimeout
		}
	}
	if c.PoolSize == 0 {
		c.PoolSize = defaultPoolSize
	}
	if c.Queue == 0 {
		c.Queue = defaultQueue
	}
	if len(c.Addrs) > 1 && c.MasterName == "" {
		c.Cluster = true
	}
	return c
}

// Validate reports every fault of c that can be seen without asking a server. Files are not read.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("session: redis: config: "+format, args...))
	}
	if len(c.Addrs) == 0 {
		fault("no address")
	}
	for _, addr := range c.Addrs {
		if !strings.Contains(addr, ":") {
			fault("address %q is not host:port", addr)
		}
	}
	if c.MasterName != "" && c.Cluster {
		fault("both a Sentinel's master name and a Cluster")
	}
	if c.Cluster && c.DB != 0 {
		fault("database %d: a Cluster has only 0", c.DB)
	}
	if c.DB < 0 {
		fault("database %d", c.DB)
	}
	if c.Username != "" && c.PasswordFile == "" {
		fault("user name %q without a password file", c.Username)
	}
	if c.CAFile != "" && !c.TLS {
		fault("a CA file without TLS")
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		fault("prefix %q holds a brace", c.Prefix)
	}
	if c.DialTimeout < 0 || c.ReadTimeout < 0 || c.WriteTimeout < 0 {
		fault("a negative timeout")
	}
	if c.PoolSize < 0 || c.Queue < 0 {
		fault("a negative pool size or queue")
	}
	return errors.Join(faults...)
}

// OpenRedis makes the store. It reads the files of config and connects to nothing: Ping does. It
// also sends the client library's own log lines, which are common to the process, to log; nil
// drops them.
func OpenRedis(config Config, log *zap.Logger) (*Redis, error) {
	config = config.withDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	options, err := config.options()
	if err != nil {
		return nil, fmt.Errorf("session: redis: config: %w", err)
	}
	if log == nil {
		log = zap.NewNop()
	}
	redis.SetLogger(clientLog{log})
	client := config.client(options)
	pipe, err := client.AsyncAutoPipelineWithOptions(config.pipeline())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("session: redis: open: %w", err), client.Close())
	}
	return &Redis{
		client: client,
		pipe:   pipe,
		prefix: config.Prefix,
		where:  strings.Join(config.Addrs, ","),
		save:   newScript(saveScript),
		delete: newScript(deleteScript),
		log:    log,
	}, nil
}

// client builds one of the three clients. The common options have no field for the interval at
// which a Cluster's topology is read again.
func (c Config) client(options *redis.UniversalOptions) redis.UniversalClient {
	if !c.Cluster {
		return redis.NewUniversalClient(options)
	}
	cluster := options.Cluster()
	cluster.MaxRetries = 0 // a Cluster retries by redirection
	cluster.ClusterStateReloadInterval = topologyEvery
	return redis.NewClusterClient(cluster)
}

func (c Config) pipeline() *redis.AutoPipelineOptions {
	p := redis.DefaultAutoPipelineOptions()
	p.MaxQueuedCommands = c.Queue
	if c.Cluster {
		p.NumShards = clusterShards
	}
	return p
}

func (c Config) options() (*redis.UniversalOptions, error) {
	o := &redis.UniversalOptions{
		Addrs:                 c.Addrs,
		MasterName:            c.MasterName,
		DB:                    c.DB,
		MaxRetries:            retries,
		DialTimeout:           c.DialTimeout,
		DialerRetries:         1,
		ReadTimeout:           c.ReadTimeout,
		WriteTimeout:          c.WriteTimeout,
		PoolSize:              c.PoolSize,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	if c.PasswordFile != "" {
		if _, err := readPassword(c.PasswordFile); err != nil {
			return nil, err
		}
		o.CredentialsProviderContext = func(context.Context) (string, string, error) {
			password, err := readPassword(c.PasswordFile)
			return c.Username, password, err
		}
	}
	if c.TLS {
		authorities, err := readAuthorities(c.CAFile)
		if err != nil {
			return nil, err
		}
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}
	}
	return o, nil
}

// readPassword returns the first line of a file.
func readPassword(path string) (string, error) {
	octets, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	if len(octets) > maxPasswordOctets {
		return "", fmt.Errorf("password file %s: more than %d octets", path, maxPasswordOctets)
	}
	password, _, _ := strings.Cut(string(octets), "\n")
	password = strings.TrimSuffix(password, "\r")
	if password == "" {
		return "", fmt.Errorf("password file %s: its first line is empty", path)
	}
	return password, nil
}

// readAuthorities returns nil, the system's, for no path.
func readAuthorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s: no certificate in it", path)
	}
	return pool, nil
}

// clientLog takes the lines of the client library. They are its attempts and repairs; what
// matters reaches a caller as an error.
type clientLog struct{ log *zap.Logger }

func (l clientLog) Printf(_ context.Context, format string, args ...any) {
	l.log.Debug("redis client", zap.String("line", fmt.Sprintf(format, args...)))
}
