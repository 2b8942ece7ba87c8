package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/biller/billersim"
)

func simCommand() *cobra.Command {
	return group("sim", "Play one of the systems around the gateway", simBillerCommand())
}

// simBillerOptions are the flags of sim biller.
type simBillerOptions struct {
	listen, registry, user, password string
	faults                           []string
}

func simBillerCommand() *cobra.Command {
	var o simBillerOptions
	cmd := &cobra.Command{
		Use:   "biller",
		Short: "Play the systems of providers, on good days and on bad ones",
		Long: `Play the systems of any number of providers, over OSMP's provider protocol and plain
JSON, and do on demand what providers do on bad days. What was paid is listed, so that it can be
reconciled. Nothing is kept but the registries of --registry.

An account that begins with 9990 answers the result that its other digits are: 9990005 does not
exist, 999000079 is not active. All others exist.

A fault is KIND[=VALUE][,times=N][,each=N][,provider=P][,account=BEGINNING][,txn=BEGINNING]
[,command=check|pay|status|any]. It strikes pay unless command says otherwise, for ever or so many
times (each: so many times for one transaction). The kinds:

` + faultHelp() + `
Faults are set at run time too: POST them to /faults, one on a line; DELETE /faults removes them.

Exit codes: 0 stopped by a signal, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw sim biller",
			"ussdgw sim biller --listen 127.0.0.1:9910 --fault lost,times=1 --fault code=90,each=2",
			"ussdgw sim biller --fault slow=3s,command=any --registry ./registries"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.password != "" && o.user == "" {
				return usage(cmd, "--password goes with --user")
			}
			zone, err := time.LoadLocation(wallet.ZoneName)
			if err != nil {
				return err
			}
			sim, err := o.simulator(zone)
			if err != nil {
				return usage(cmd, err.Error())
			}
			return o.run(cmd.Context(), sim, time.Now().In(zone), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "HOST:PORT to listen at; port 0 is a free one")
	f.StringArrayVar(&o.faults, "fault", nil, "what goes wrong, such as lost,times=1; may be repeated")
	f.StringVar(&o.registry, "registry", "",
		"folder for the registries of every provider and day, written at the stop")
	f.StringVar(&o.user, "user", "", "ask for basic auth by this name")
	f.StringVar(&o.password, "password", "", "and by this password")
	return cmd
}

// faultHelp lists the kinds of faults.
func faultHelp() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, k := range billersim.FaultKinds() {
		name := k.Name
		if k.Value != "" {
			name += "=" + k.Value
		}
		does := strings.ReplaceAll(k.Does, "\n", "\n  \t")
		_, _ = fmt.Fprintf(table, "  %s\t%s\n", name, does) // neither can fail
	}
	_ = table.Flush()
	return b.String()
}

func (o simBillerOptions) simulator(zone *time.Location) (*billersim.Server, error) {
	sim := billersim.New(billersim.Config{Zone: zone, User: o.user, Password: o.password})
	for _, text := range o.faults {
		fault, err := billersim.ParseFault(text)
		if err == nil {
			err = sim.AddFault(fault)
		}
		if err != nil {
			return nil, err
		}
	}
	return sim, nil
}

// run serves until ctx ends, and writes the registries then.
func (o simBillerOptions) run(
	ctx context.Context, sim *billersim.Server, now time.Time, out io.Writer,
) error {
	if o.registry != "" {
		if err := os.MkdirAll(o.registry, 0o755); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("sim biller: %w", err)
	}
	at := "http://" + listener.Addr().String()
	_, err = fmt.Fprintf(out, `osmp      %[1]s/osmp/PROVIDER
json      %[1]s/json/PROVIDER
try       curl '%[1]s/osmp/water?command=check&txn_id=1&account=123456789&sum=10.00'
faults    curl -d 'lost,times=1' %[1]s/faults
payments  curl %[1]s/payments
registry  curl '%[1]s/registry?provider=water&day=%[2]s'
ready
`, at, now.Format(time.DateOnly))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := sim.Run(ctx, listener); err != nil {
		return err
	}
	if o.registry == "" {
		return nil
	}
	return writeRegistries(sim, o.registry)
}

// fileName is what the name of a provider may be to become that of a file.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// writeRegistries writes PROVIDER-YYYY-MM-DD.csv for each provider and each day with payments.
func writeRegistries(sim *billersim.Server, folder string) error {
	var faults []error
	written := map[string]bool{}
	for _, p := range sim.Payments("") {
		name := p.Provider + "-" + p.Date.Format(time.DateOnly) + ".csv"
		if written[name] {
			continue
		}
		written[name] = true
		if !fileName.MatchString(p.Provider) {
			faults = append(faults, fmt.Errorf("the provider %q cannot name a file", p.Provider))
			continue
		}
		var text strings.Builder
		err := sim.Registry(&text, p.Provider, p.Date)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), []byte(text.String()), 0o644)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
