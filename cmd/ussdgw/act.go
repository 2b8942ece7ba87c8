package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// actOptions are the flags that say who does something to the books, and why.
type actOptions struct{ by, reason string }

func (a *actOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.by, "by", "", "who does it, recorded beside the user of this machine")
	cmd.Flags().StringVar(&a.reason, "reason", "",
		fmt.Sprintf("why, in at most %d characters (required)", ledger.MaxReason))
}

// record is what the audit will say, but for what is done to what. It is a wrong use to give no
// reason. example is a reason that would do.
func (a actOptions) record(cmd *cobra.Command, example string) (ledger.Record, error) {
	none := ledger.Record{}
	if strings.TrimSpace(a.reason) == "" || utf8.RuneCountInString(a.reason) > ledger.MaxReason {
		return none, usage(cmd, fmt.Sprintf("say why in 1 to %d characters: --reason %q",
			ledger.MaxReason, example))
	}
	actor, err := actorOf(cmd, a.by)
	if err != nil {
		return none, err
	}
	r := ledger.Record{
		Actor: actor, Act: "act", Subject: "act:", Reason: strings.TrimSpace(a.reason), At: time.Now(),
	}
	if err := r.Validate(); err != nil || a.by == ledger.ActorSubscriber ||
		a.by == ledger.ActorNetwork {
		return none, usage(cmd, fmt.Sprintf("--by and --reason are one line, --by and the user have at "+
			"most %d characters together, and it is not %q or %q", ledger.MaxActor,
			ledger.ActorSubscriber, ledger.ActorNetwork))
	}
	return r, nil
}

// act is record for the functions of package wallet.
func (a actOptions) act(cmd *cobra.Command) (wallet.Act, error) {
	r, err := a.record(cmd, "the provider has confirmed it")
	if err != nil {
		return wallet.Act{}, err
	}
	zone, err := time.LoadLocation(wallet.ZoneName)
	if err != nil {
		return wallet.Act{}, err
	}
	return wallet.Act{Actor: r.Actor, Reason: r.Reason, Now: r.At, Zone: zone}, nil
}

// An office is what a command about the books works with.
type office struct {
	ledger.Store
	cmd  *cobra.Command
	zone *time.Location // of the issuer's days
	now  time.Time
}

// office calls do with the ledger.
func (o ledgerOptions) office(cmd *cobra.Command, do func(office) error) error {
	zone, err := time.LoadLocation(wallet.ZoneName)
	if err != nil {
		return err
	}
	store, closeStore, _, err := openBooks(cmd.Context(), o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	return do(office{store, cmd, zone, time.Now()})
}

func (d office) ctx() context.Context { return d.cmd.Context() }

func (d office) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(d.cmd.OutOrStdout(), format, args...)
	return err
}

// local is a time as the issuer's people read it.
func (d office) local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(d.zone).Format(time.DateTime)
}

// day is the issuer's day, some days before or after today.
func (d office) day(days int) string {
	return d.now.In(d.zone).AddDate(0, 0, days).Format(time.DateOnly)
}

// dayOr reads the day of a flag, or takes another one when it is not given.
func (d office) dayOr(flag, text, other string) (string, error) {
	if text == "" {
		return other, nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", usage(d.cmd, fmt.Sprintf("--%s %q is no day such as %s", flag, text, d.day(-1)))
	}
	return text, nil
}

// hiddenAccount is an account with a provider, masked: what is left is enough to compare it.
func hiddenAccount(account string) string {
	if n, err := msisdn.Parse(account); err == nil {
		return n.Masked()
	}
	const shown = 4
	all := []rune(account)
	if len(all) <= shown {
		return account
	}
	return strings.Repeat("*", len(all)-shown) + string(all[len(all)-shown:])
}
