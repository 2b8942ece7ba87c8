package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"ussdgw/wallet"
	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/ledger"
)

func registryCommand() *cobra.Command {
	return group("registry", "Write the lists of payments that others get", registryExportCommand())
}

// exportOptions are the flags of registry export.
type exportOptions struct {
	ledgerOptions
	provider, agent, day, to, profile string
	cashOut                           bool
}

func registryExportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the payments of a day as a registry, for a provider or an agent",
		Long: `Write the registry of a day: what a provider has got, or what an agent has taken in, or
with --cash-out has paid out, with a trailer of the number of rows and their sum. A day on which
nothing was paid is a header and a trailer. It holds accounts and is nobody's but the provider's or
the agent's. In that of an agent txn_id is its own number, and prv_txn is ours.

A registry is CSV in UTF-8, separated by ';', with the columns txn_id, prv_txn, txn_date, account,
sum and fee. --profile names a YAML file that says what differs:

  delimiter: ","             # one of ; , | or a tab
  decimal: ","               # . or ,
  charset: "windows-1251"    # or utf-8
  columns: ["txn_date", "txn_id", "-", "sum"]
  titles: ["Дата", "Номер", "", "Сумма"]
  no_header: true
  no_trailer: true
  time_layout: "02.01.2006 15:04"

Exit codes: 0 it is written, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw registry export --provider dostek --day 2026-11-20 \\",
			"    -o dostek-2026-11-20.csv --config /etc/ussdgw/config.yaml",
			"ussdgw registry export --agent pay24 --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (o.provider == "") == (o.agent == "") {
				return usage(cmd, "whose registry? give --provider ID or --agent ID")
			}
			if o.cashOut && o.agent == "" {
				return usage(cmd, "--cash-out goes with --agent")
			}
			return o.office(cmd, func(d office) error { return d.export(o) })
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.provider, "provider", "", "id of a provider in the catalogue")
	f.StringVar(&o.agent, "agent", "", "id of an agent")
	f.BoolVar(&o.cashOut, "cash-out", false, "what the agent has paid out, not what it has taken in")
	f.StringVar(&o.day, "day", "", "the day, as 2026-11-20 [yesterday in Bishkek]")
	f.StringVarP(&o.to, "output", "o", "", "file to write [the output]")
	f.StringVar(&o.profile, "profile", "", "YAML file that says what the registry looks like")
	return cmd
}

// readProfile reads what a registry looks like.
func readProfile(path string, zone *time.Location) (registry.Profile, error) {
	p := registry.Profile{Zone: zone}
	if path == "" {
		return p, nil
	}
	var written struct {
		Delimiter  string   `mapstructure:"delimiter"`
		Decimal    string   `mapstructure:"decimal"`
		Charset    string   `mapstructure:"charset"`
		Columns    []string `mapstructure:"columns"`
		Titles     []string `mapstructure:"titles"`
		NoHeader   bool     `mapstructure:"no_header"`
		NoTrailer  bool     `mapstructure:"no_trailer"`
		TimeLayout string   `mapstructure:"time_layout"`
	}
	text, err := readAtMost(path, maxNamedFileOctets)
	if err != nil {
		return p, fmt.Errorf("%s: %w", path, reason(err))
	}
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(strings.NewReader(string(text))); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	if err := v.UnmarshalExact(&written); err != nil {
		return p, fmt.Errorf("%s: %s\nsee: ussdgw registry export --help", path, decodeReason(err))
	}
	for _, sign := range []struct {
		key, text string
		to        *rune
	}{{"delimiter", written.Delimiter, &p.Delimiter}, {"decimal", written.Decimal, &p.Decimal}} {
		signs := []rune(sign.text)
		if len(signs) > 1 {
			return p, fmt.Errorf("%s: %s %q is more than one sign", path, sign.key, sign.text)
		}
		if len(signs) == 1 {
			*sign.to = signs[0]
		}
	}
	for _, c := range written.Columns {
		p.Columns = append(p.Columns, registry.Column(c))
	}
	p.Charset, p.Titles, p.TimeLayout = written.Charset, written.Titles, written.TimeLayout
	p.NoHeader, p.NoTrailer = written.NoHeader, written.NoTrailer
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// registryLine is a payment as the registry of its provider has it. The id is the number that the
// provider was told, or the payment's own.
func registryLine(s ledger.Settled) registry.Line {
	txn := s.Txn
	if txn == "" {
		txn = s.TransferID
	}
	return registry.Line{
		Txn: txn, ProviderTxn: s.ProviderTxn, At: s.PostedAt, Account: s.Offer.Account,
		Amount: s.Amount, Fee: s.Offer.ProviderFeeOf(s.Amount),
	}
}

func (d office) export(o exportOptions) error {
	day, err := d.dayOr("day", o.day, d.day(-1))
	if err != nil {
		return err
	}
	p, err := readProfile(o.profile, d.zone)
	if err != nil {
		return err
	}
	account := ledger.AgentAccount(o.agent)
	if o.provider != "" {
		account = ledger.ProviderAccount(o.provider)
	}
	if err := d.warnUnused(account); err != nil {
		return err
	}
	rows := 0
	err = writeTo(d.cmd.OutOrStdout(), o.to, func(w io.Writer) error {
		out, err := registry.NewWriter(w, p)
		if err != nil {
			return err
		}
		each := func(l registry.Line) error {
			rows++
			return out.Write(l)
		}
		if o.provider != "" {
			err = d.ProviderPayments(d.ctx(), o.provider, day, func(s ledger.Settled) error {
				return each(registryLine(s))
			})
		} else {
			op := ledger.OpCashIn
			if o.cashOut {
				op = ledger.OpCashOut
			}
			err = wallet.AgentRegistry(d.ctx(), d.Store, o.agent, op, day, func(t ledger.AgentTxn) error {
				return each(registry.Line{
					Txn: t.Txn, ProviderTxn: strconv.FormatInt(t.Number, 10), At: t.At, Account: t.Account,
					Amount: t.Amount,
				})
			})
		}
		if err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil || o.to == "" {
		return err
	}
	return d.printf("%s: %d rows of %s\n", o.to, rows, day)
}

// warnUnused warns of a name that nothing was ever posted for: a mistyped one has an empty registry
// too.
func (d office) warnUnused(account string) error {
	all, err := d.Movements(d.ctx(), account, 0, 1)
	if err == nil && len(all) == 0 {
		_, err = fmt.Fprintf(d.cmd.ErrOrStderr(),
			"ussdgw: nothing was ever posted on %s: is the name right?\n", account)
	}
	return err
}

// writeTo writes a file as a whole or not at all, or to out when there is no path.
func writeTo(out io.Writer, path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return write(out)
	}
	const mode = 0o600 // it holds accounts
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = write(f); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
