package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc"
	"ussdgw/ussd/console"
	"ussdgw/ussd/session"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/pgstore"
)

// reachWithin bounds the first contact with a store.
const reachWithin = 5 * time.Second

// openLedger opens the PostgreSQL of serve and db, which must answer.
func openLedger(ctx context.Context, c LedgerConfig) (*pgstore.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	store, err := pgstore.Open(ctx, pgstore.Config{
		URL: string(c.URL), Schema: c.Schema, MaxConns: c.MaxConns,
	})
	if err != nil {
		return nil, unreachable("PostgreSQL", postgresAddr(c), "ledger.url", err)
	}
	return store, nil
}

// postgresAddr is where the ledger is, without user and password.
func postgresAddr(c LedgerConfig) string {
	u, err := url.Parse(string(c.URL))
	if err != nil || u.Host == "" {
		return "the address of ledger.url"
	}
	return u.Host
}

// requireMigrated refuses a schema that this program cannot work on.
func requireMigrated(ctx context.Context, store *pgstore.Store, configPath string) error {
	err := store.CheckSchema(ctx)
	if errors.Is(err, ledger.ErrSchemaOld) {
		return fmt.Errorf("%w\nrun: ussdgw db migrate --config %s", err, configPath)
	}
	return err
}

// openSessions opens the Redis of serve and makes sure that it answers.
func openSessions(
	ctx context.Context, c SessionsConfig, log *zap.Logger,
) (*session.Redis, error) {
	store, err := session.OpenRedis(session.Config{
		Addrs: c.Addrs, MasterName: c.MasterName, Cluster: c.Cluster, Username: c.Username,
		PasswordFile: c.PasswordFile, DB: c.DB, TLS: c.TLS, CAFile: c.CAFile, Prefix: c.Prefix,
	}, log.Named("redis"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	if err := store.Ping(ctx); err != nil {
		where := strings.Join(c.Addrs, ", ")
		return nil, errors.Join(unreachable("Redis", where, "sessions.addrs", err), store.Close())
	}
	if err := store.CheckServer(ctx); err != nil {
		log.Warn("settings of redis not read", zap.Error(err))
	}
	return store, nil
}

// unreachable says which store, where, why and what to do.
func unreachable(what, where, key string, err error) error {
	why := err.Error()
	var op *net.OpError
	if errors.As(err, &op) {
		why = op.Err.Error()
	}
	return fmt.Errorf("%s at %s cannot be reached: %s\nis it running, and is %s right?",
		what, where, why, key)
}

// linkCheck is ready while the link is bound.
func linkCheck(l *smsc.Link) console.Check {
	return console.Check{Name: "link", Ready: func(context.Context) error {
		if !l.Bound() {
			return errors.New("not bound to the message centre")
		}
		return nil
	}}
}
