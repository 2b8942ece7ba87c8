package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"ussdgw/menus/revision"
	"ussdgw/ussd/console"
	"ussdgw/ussd/release"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func serveCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway in production",
		Long: `Run the gateway: sessions in Redis, money in PostgreSQL, dialogues over an SMPP link. Any
number of instances may share the load. It starts in this order and says what stops it:
configuration, PostgreSQL (migrated by "ussdgw db migrate"), Redis, menus, link. With menus.dir it
runs that folder; without, what "ussdgw menu publish" has put before subscribers, and what is
published while it runs, within two seconds and under dialogues in flight.

SIGTERM drains: /readyz fails, new dialogues are refused, steps in flight end and their SMS are
sent, the link is unbound, the stores are closed. A second signal stops at once.

Logs are JSON lines on stderr. Exit codes: 0 stopped by a signal, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw config check --config /etc/ussdgw/config.yaml",
			"ussdgw db migrate --config /etc/ussdgw/config.yaml",
			"ussdgw serve --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := requireConfig(cmd, path)
			if err != nil {
				return err
			}
			return runServe(cmd.Context(), cfg, path, cmd.ErrOrStderr())
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// runServe runs until ctx ends.
func runServe(ctx context.Context, cfg Config, path string, stderr io.Writer) (err error) {
	log, err := productionLogger(stderr, cfg.Log.Level)
	if err != nil {
		return err
	}
	settings := cfg.wallet()
	if settings.PublicOffer, err = cfg.Wallet.publicOffer(); err != nil {
		return err
	}
	store, err := openLedger(ctx, cfg.Ledger)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := requireMigrated(ctx, store, path); err != nil {
		return err
	}
	sessions, err := openSessions(ctx, cfg.Sessions, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sessions.Close()) }()
	keys, err := pin.LoadKeys(cfg.PIN.KeyFile)
	if err != nil {
		return err
	}
	m := newMetrics()
	m.watch(store)
	live, err := serveMenus(ctx, stderr, cfg, store, log.Named("menus"), m.menus)
	if err != nil {
		return err
	}
	billers, err := openBillers(cfg.Billers, m)
	if err != nil {
		return err
	}
	a, err := assemble(parts{
		billers: billers, menus: live, sessions: sessions, ledger: store, keys: keys, log: log,
		metrics: m, wallet: settings, closeAfter: cfg.Ledger.CloseAfter, limits: cfg.Limits,
		resumeWithin: cfg.Sessions.ResumeWithin,
	})
	if err != nil {
		return err
	}
	if err := checkKeys(ctx, cfg, a.issuer, log); err != nil {
		return err
	}
	if err := a.connect(cfg.Links[0], cfg.SMS.Sender); err != nil {
		return err
	}
	if err := a.openAgents(cfg.Agents); err != nil {
		return err
	}
	health, err := console.Listen(console.Config{
		Addr: cfg.Console.Addr, Metrics: m.handler(), Log: log.Named("console"),
		Checks: []console.Check{
			{Name: "postgres", Ready: store.Ping},
			{Name: "redis", Ready: sessions.Ping},
			linkCheck(a.link),
		},
	})
	if err != nil {
		return err
	}
	log.Info("starting", zap.String("version", version), zap.String("console", health.Addr()),
		zap.String("public_offer", settings.PublicOffer.Version),
		zap.String("menu_revision", live.Begin(msisdn.Number{}).Revision()))
	return serveUntil(ctx, a, live, health, log)
}

// serveMenus are those of the folder that is configured and nothing else, or what is published.
func serveMenus(
	ctx context.Context, stderr io.Writer, cfg Config, store revision.Store, log *zap.Logger,
	m release.Metrics,
) (*release.Library, error) {
	if cfg.Menus.Dir != "" {
		return folderMenus(stderr, cfg.Menus.Dir, cfg.PIN.Length, log, m)
	}
	l, err := publishedMenus(ctx, stderr, store, cfg.PIN.Length, log, m)
	if err != nil {
		return nil, fmt.Errorf("the published menus do not run here: %w\n"+
			"ussdgw menu status and menu rollback help; menus.dir runs a folder instead", err)
	}
	return l, nil
}

// serveUntil runs a until ctx ends: not ready, no new dialogues, steps in flight end, unbind.
func serveUntil(
	ctx context.Context, a *assembly, live *release.Library, health *console.Server,
	log *zap.Logger,
) error {
	s := newStages()
	s.start("console", health.Run)
	s.start("menus", live.Run)
	a.start(s)
	if err := notify(notifyReady); err != nil {
		log.Warn("service manager not told", zap.Error(err))
	}
	s.wait(ctx)
	log.Info("stopping")
	if err := notify(notifyStopping); err != nil {
		log.Warn("service manager not told", zap.Error(err))
	}
	health.Stopping()
	a.drain()
	err := s.stop()
	log.Info("stopped")
	return err
}
