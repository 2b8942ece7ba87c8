package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"ussdgw/menus/revision"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/sim"
	"ussdgw/ussd/console"
	"ussdgw/ussd/release"
	"ussdgw/ussd/session"
	"ussdgw/wallet"
	"ussdgw/wallet/biller/billersim"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/msisdn"
)

const (
	defaultConsoleAddr = "127.0.0.1:9900"
	// devBindWait is how long dev waits for its link before it says that there is none yet.
	devBindWait = 3 * time.Second
	devSystemID = "dev"
	// devIMSI is the parameter in which the built-in message centre tells IMSIs.
	devIMSI = "0x1403"
)

// devOptions are the flags of dev.
type devOptions struct {
	data, console, menus, log string
	consoleGiven              bool
	pinLength                 int

	smsc, systemID, password, dialect string

	billerFaults []string
	faults       []billersim.Fault // what they say
}

func devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine, with a message centre to dial",
		Long: `Run a whole gateway on this machine: the menus, a wallet with a few registered numbers,
and a message centre to dial at. It needs nothing installed and speaks real SMPP over loopback.
Nothing is kept, unless --data names a folder for it.

With --menus it runs the menus of a folder: save a file there, and new dialogues show it as soon
as it is right; what is wrong with it is printed. Without, it runs what is published in the folder
of --data ("ussdgw menu publish --data DIR"), and the built-in menus while nothing is.

The providers that the menus reach by a biller are simulated, with the faults of --biller-fault;
the printed address takes others while it runs, and lists what was paid (see "ussdgw sim biller").

With --smsc the link goes to a message centre elsewhere instead of the built-in one.

Exit codes: 0 stopped by a signal, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw dev", "ussdgw dev --data ./devdata --menus ./menus",
			"ussdgw dev --smsc 10.0.0.5:2775 --system-id acme --password secret --dialect standard"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.consoleGiven = cmd.Flags().Changed("console")
			if o.smsc == "" {
				for _, name := range []string{"system-id", "password"} {
					if cmd.Flags().Changed(name) {
						return usage(cmd, "--"+name+" is for --smsc HOST:PORT")
					}
				}
			} else if o.systemID == "" {
				return usage(cmd, "--smsc needs --system-id")
			}
			for _, text := range o.billerFaults {
				fault, err := billersim.ParseFault(text)
				if err != nil {
					return usage(cmd, "--biller-"+err.Error())
				}
				o.faults = append(o.faults, fault)
			}
			return runDev(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "folder to keep the ledger, keys and subscribers in")
	f.StringVar(&o.console, "console", defaultConsoleAddr,
		"HOST:PORT of health, metrics and the phone; by default a free port when it is taken")
	f.StringVar(&o.menus, "menus", "", "folder of menu files to run, and to watch")
	f.StringVar(&o.log, "log", "warn", "debug (every PDU), info, warn or error")
	f.IntVar(&o.pinLength, "pin-length", 4, "digits of a PIN, 4 to 12")
	f.StringVar(&o.smsc, "smsc", "", "HOST:PORT of a message centre instead of the built-in one")
	f.StringVar(&o.systemID, "system-id", "", "account at --smsc")
	f.StringVar(&o.password, "password", "", "password at --smsc")
	f.StringVar(&o.dialect, "dialect", "standard",
		"how dialogues are written into PDUs: "+strings.Join(dialect.Names(), ", "))
	f.StringArrayVar(&o.billerFaults, "biller-fault", nil,
		"what goes wrong at the simulated providers, see sim biller; may be repeated")
	return cmd
}

// devGateway is all that dev runs.
type devGateway struct {
	options       devOptions
	log           *zap.Logger
	data          *devData
	people        []devSubscriber
	fresh         string
	menus         *release.Library
	reload        func(context.Context) error // changes menus until its context ends
	assembly      *assembly
	billers       *simBillers
	agentPassword string      // of devNetwork
	center        *sim.Center // nil with --smsc
	console       *console.Server
	stages        *stages
	started       time.Time
}

// runDev runs until ctx ends.
func runDev(ctx context.Context, o devOptions, stdout, stderr io.Writer) (err error) {
	d := &devGateway{options: o, stages: newStages(), started: time.Now()}
	if d.log, err = developmentLogger(stderr, o.log); err != nil {
		return err
	}
	if d.data, err = openDevData(o.data); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.data.close()) }()
	store, err := litestore.Open(d.data.path(devLedgerFile))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	keys, err := d.data.keys()
	if err != nil {
		return err
	}
	m := newMetrics()
	m.watch(store)
	if err := d.openMenus(ctx, store, m.menus, stdout, stderr); err != nil {
		return err
	}
	if d.billers, err = openSimBillers(o.faults, time.Now, m); err != nil {
		return err
	}
	d.assembly, err = assemble(parts{
		menus: d.menus, sessions: session.NewMemory(0, nil), ledger: store, keys: keys,
		log: d.log, metrics: m, wallet: wallet.Config{PINLength: o.pinLength},
		limits: defaultConfig().Limits, closeAfter: defaultConfig().Ledger.CloseAfter,
		billers: d.billers.find,
	})
	if err != nil {
		return err
	}
	if err := d.populate(ctx, o.pinLength); err != nil {
		return err
	}
	if err := d.openAgents(ctx, store); err != nil {
		return err
	}
	if err := d.openLink(); err != nil {
		return err
	}
	if err := d.openConsole(m.handler()); err != nil {
		return err
	}
	return d.run(ctx, stdout)
}

// openMenus loads the menus: those of a folder that is watched, or else what is published.
func (d *devGateway) openMenus(
	ctx context.Context, store revision.Store, m release.Metrics, stdout, stderr io.Writer,
) (err error) {
	o := d.options
	if o.menus == "" {
		told := &toldMenus{Metrics: m, to: stdout, log: d.log}
		d.menus, err = publishedMenus(ctx, stderr, store, o.pinLength, d.log.Named("menus"), told)
		d.reload = func(ctx context.Context) error {
			told.ready = true
			return d.menus.Run(ctx)
		}
		return err
	}
	if d.menus, err = folderMenus(stderr, o.menus, o.pinLength, d.log, m); err != nil {
		return err
	}
	watch := &menuWatch{
		dir: o.menus, pinLength: o.pinLength, library: d.menus, stdout: stdout, stderr: stderr,
		log: d.log.Named("menus"), seen: d.menus.Begin(msisdn.Number{}).Revision(),
	}
	d.reload = watch.run
	return nil
}

// populate registers the subscribers and finds a fresh number.
func (d *devGateway) populate(ctx context.Context, pinLength int) (err error) {
	var anybody msisdn.Number
	live := d.menus.Catalogue(anybody)
	d.people, err = d.data.subscribers(d.menus.Begin(anybody).Languages(), live, pinLength)
	if err != nil {
		return err
	}
	if err := seed(ctx, d.assembly.issuer, d.people); err != nil {
		return err
	}
	fresh, err := freshNumber(ctx, d.assembly.issuer, live)
	d.fresh = fresh.Digits()
	return err
}

// openLink makes the link, to a message centre of our own unless there is one outside.
func (d *devGateway) openLink() error {
	o := d.options
	link := defaultLink()
	link.Name, link.Address, link.Dialect = "smsc", o.smsc, o.dialect
	link.SystemID, link.Password = o.systemID, secretText(o.password)
	if o.smsc == "" {
		link.IMSITLV = devIMSI
		speaks, err := link.speaks()
		if err != nil {
			return err
		}
		password := make([]byte, 4)
		if _, err := rand.Read(password); err != nil {
			return fmt.Errorf("dev: %w", err)
		}
		link.Name, link.SystemID = "sim", devSystemID
		link.Password = secretText(hex.EncodeToString(password))
		d.center, err = sim.Listen("127.0.0.1:0", sim.Config{
			Dialect: speaks, SystemID: link.SystemID, Password: string(link.Password),
			Logger: d.log.Named("sim"),
		})
		if err != nil {
			return err
		}
		link.Address = d.center.Addr()
		link.ReconnectMin = 10 * time.Millisecond
	}
	return d.assembly.connect(link, defaultConfig().SMS.Sender)
}

// openConsole takes the address. Where nobody asked for it and it is taken, any other will do.
func (d *devGateway) openConsole(counted http.Handler) (err error) {
	c := console.Config{
		Addr: d.options.console, Metrics: counted, Log: d.log.Named("console"),
		Checks: []console.Check{linkCheck(d.assembly.link)},
	}
	if d.center != nil {
		c.Phone = d.phone()
	}
	d.console, err = console.Listen(c)
	if errors.Is(err, syscall.EADDRINUSE) && !d.options.consoleGiven {
		c.Addr = "127.0.0.1:0"
		d.console, err = console.Listen(c)
	}
	return err
}

// phone serves the message centre's phone, and who can be dialled as. No PIN is in it.
func (d *devGateway) phone() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", d.center.PhoneHandler())
	mux.HandleFunc("GET /subscribers", func(w http.ResponseWriter, _ *http.Request) {
		list := subscriberList{Fresh: d.fresh}
		for _, p := range d.people {
			list.Registered = append(list.Registered, subscriber{p.MSISDN, p.Lang})
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(list); err != nil {
			d.log.Debug("subscribers not written", zap.Error(err))
		}
	})
	mux.HandleFunc("GET /inbox/{msisdn}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		had := smsCount{Count: len(d.center.Messages(r.PathValue("msisdn")))}
		if err := json.NewEncoder(w).Encode(had); err != nil {
			d.log.Debug("inbox not written", zap.Error(err))
		}
	})
	return mux
}

// run starts everything, says so, and stops it when ctx ends.
func (d *devGateway) run(ctx context.Context, stdout io.Writer) error {
	d.stages.start("console", d.console.Run)
	if d.center != nil {
		d.stages.start("message centre", d.center.Run)
	}
	d.stages.start("simulated billers", d.billers.run)
	d.assembly.start(d.stages)
	waiting, cancel := context.WithTimeout(ctx, devBindWait)
	bound := d.assembly.link.WaitBound(waiting) == nil
	cancel()
	if ctx.Err() == nil {
		if _, err := io.WriteString(stdout, d.banner(bound, colours(stdout))); err != nil {
			d.stages.fail(err)
		}
	}
	d.stages.start("menus", d.reload)
	d.stages.wait(ctx)
	d.console.Stopping()
	d.assembly.drain()
	return d.stages.stop()
}

// banner is what dev says when it is ready.
func (d *devGateway) banner(bound, colour bool) string {
	var b strings.Builder
	head := "development: nothing is kept"
	if d.data.kept {
		head = "development: kept in " + d.data.dir
	}
	if colour {
		head = "\x1b[33m" + head + "\x1b[0m"
	}
	fmt.Fprintf(&b, "%s\n", head)
	fmt.Fprintf(&b, "menus       %s\n", d.whichMenus())
	fmt.Fprintf(&b, "console     http://%s  /livez /readyz /metrics\n", d.console.Addr())
	fmt.Fprintf(&b, "billers     %s  /payments /faults\n", d.billers.url())
	fmt.Fprintf(&b, "terminal    %s\n", d.terminal())
	for _, p := range d.people {
		fmt.Fprintf(&b, "registered  %s  PIN %s  %s", p.MSISDN, p.PIN, p.Lang)
		if d.data.kept {
			b.WriteString("  (unless the PIN was changed)")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "fresh       %s\n", d.fresh)
	if d.center == nil {
		state := "bound to"
		if !bound {
			state = "not bound yet, trying on:"
		}
		fmt.Fprintf(&b, "link        %s %s\n", state, d.options.smsc)
		return b.String()
	}
	dial := d.program() + " dial '" + d.assembly.gateway.Service() + "'"
	if d.console.Addr() != defaultConsoleAddr {
		dial += " --console " + d.console.Addr()
	}
	fmt.Fprintf(&b, "dial        %s\n", dial)
	fmt.Fprintf(&b, "register    %s --msisdn %s\n", dial, d.fresh)
	fmt.Fprintf(&b, "ready in %d ms; Ctrl-C stops\n", time.Since(d.started).Milliseconds())
	return b.String()
}

// whichMenus says where the menus come from.
func (d *devGateway) whichMenus() string {
	if d.options.menus != "" {
		return d.options.menus + ", watched: save a file, and new dialogues show it"
	}
	r := d.menus.Rollout()
	which := "published revision " + r.Live
	if r.Live == "" {
		which = "built-in"
	}
	if r.Candidate != "" {
		which += ", and " + r.Candidate + " for some"
	}
	if r.Seq == 0 && d.data.kept {
		which += ", until some are published in " + d.data.dir
	}
	return which
}

// program is how this program was called, so that the printed line can be copied.
func (d *devGateway) program() string {
	called := os.Args[0]
	if filepath.Base(called) == called {
		return called
	}
	if here, err := os.Getwd(); err == nil {
		if full, err := filepath.Abs(called); err == nil {
			if rel, err := filepath.Rel(here, full); err == nil && !strings.HasPrefix(rel, "..") {
				return "." + string(filepath.Separator) + rel
			}
		}
	}
	return called
}

// colours reports whether w is a terminal that wants colours.
func colours(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && isatty.IsTerminal(f.Fd())
}
