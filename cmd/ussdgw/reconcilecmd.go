package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// reconcileOptions are the flags of reconcile.
type reconcileOptions struct {
	ledgerOptions
	actOptions
	provider, day, profile string
	open                   bool
}

func reconcileCommand() *cobra.Command {
	var o reconcileOptions
	cmd := &cobra.Command{
		Use:   "reconcile FILE --provider ID",
		Short: "Compare the registry of a provider with what was paid",
		Long: `Compare the registry that a provider has sent for a day with the payments that it has got
here: those that only we have, only they have, that differ, and that are there twice. Each comes
with what is to be done; nothing is corrected by itself. --open opens a case for each, once however
often it is called, and records who has done it.

--profile is that of ussdgw registry export.

Exit codes: 0 both sides agree, 1 they differ, or failure, 2 wrong use.`,
		Example: indent("ussdgw reconcile dostek.csv --provider dostek --day 2026-11-20 \\",
			"    --config /etc/ussdgw/config.yaml",
			"ussdgw reconcile dostek.csv --provider dostek --day 2026-11-20 --open \\",
			`    --reason "daily" --config /etc/ussdgw/config.yaml`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.provider == "" {
				return usage(cmd, "whose registry is it? give --provider ID")
			}
			var act wallet.Act
			var err error
			if o.open {
				act, err = o.act(cmd)
			} else if o.by != "" || o.reason != "" {
				err = usage(cmd, "--by and --reason go with --open")
			}
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error { return d.reconcile(o, args[0], act) })
		},
	}
	o.ledgerOptions.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.provider, "provider", "", "id of the provider in the catalogue (required)")
	f.StringVar(&o.day, "day", "", "the day that the registry is of [yesterday in Bishkek]")
	f.StringVar(&o.profile, "profile", "", "YAML file that says what the registry looks like")
	f.BoolVar(&o.open, "open", false, "open a case for each difference")
	f.StringVar(&o.by, "by", "", "with --open: who does it, beside the user of this machine")
	f.StringVar(&o.reason, "reason", "", "with --open: why (required)")
	return cmd
}

func (d office) reconcile(o reconcileOptions, path string, act wallet.Act) error {
	day, err := d.dayOr("day", o.day, d.day(-1))
	if err != nil {
		return err
	}
	p, err := readProfile(o.profile, d.zone)
	if err != nil {
		return err
	}
	theirs, err := readRegistry(path, p)
	if err != nil {
		return err
	}
	if err := d.warnUnused(ledger.ProviderAccount(o.provider)); err != nil {
		return err
	}
	c := reconciliation{office: d, provider: o.provider, day: day, ours: map[string]ledger.Settled{}}
	var ours []registry.Line
	err = d.ProviderPayments(d.ctx(), o.provider, day, func(s ledger.Settled) error {
		l := registryLine(s)
		ours, c.ours[l.Txn] = append(ours, l), s
		return nil
	})
	if err != nil {
		return err
	}
	matching := registry.Match(ours, theirs)
	cases, err := c.cases(matching.Differences)
	if err != nil {
		return err
	}
	if err := c.print(cases, matching.Matched, len(ours), len(theirs)); err != nil {
		return err
	}
	if o.open && len(cases) > 0 {
		opened, err := d.OpenCases(d.ctx(), cases, &ledger.Record{
			Actor: act.Actor, Act: "reconcile", Subject: "provider:" + o.provider, Reason: act.Reason,
			At: act.Now, Detail: fmt.Sprintf("%s: %d matched, %d differ", day, matching.Matched,
				len(cases)),
		})
		if err != nil {
			return err
		}
		if err := d.printf("%d cases opened, %d were there before\n", opened,
			len(cases)-opened); err != nil {
			return err
		}
	}
	if len(cases) > 0 {
		return &exitError{exitFailure, ""}
	}
	return nil
}

func readRegistry(path string, p registry.Profile) ([]registry.Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Sprintf("%s: %v", path, reason(err))}
	}
	defer f.Close()
	all, err := registry.ReadAll(f, p)
	var fault *registry.Error
	if errors.As(err, &fault) {
		return nil, &exitError{exitUsage, fmt.Sprintf("%s: %v", filepath.Base(path), err)}
	}
	return all, err
}

// A reconciliation makes cases of the differences with a provider on a day.
type reconciliation struct {
	office
	provider, day string
	ours          map[string]ledger.Settled // by the id in registries
}

func (c reconciliation) cases(differences []registry.Difference) ([]ledger.Case, error) {
	var all []ledger.Case
	seen := map[string]bool{} // a row that is there three times is one case
	for _, d := range differences {
		next, err := c.caseOf(d)
		if err != nil {
			return nil, err
		}
		if !seen[next.Key] {
			seen[next.Key] = true
			all = append(all, next)
		}
	}
	return all, nil
}

// caseOf says what is wrong with a payment and what to do about it.
func (c reconciliation) caseOf(d registry.Difference) (ledger.Case, error) {
	next := ledger.Case{
		Key:  strings.Join([]string{"reconcile", c.provider, c.day, string(d.Kind), d.Txn}, ":"),
		Kind: string(d.Kind), Provider: c.provider, Subject: "txn:" + d.Txn, OpenedAt: c.now,
		Amount: d.Ours.Amount,
	}
	id := c.ours[d.Txn].TransferID
	if id != "" {
		next.Subject = ledger.PaymentSubject(id)
	}
	switch d.Kind {
	case registry.KindOursOnly:
		next.Detail = fmt.Sprintf("we have paid %s, the provider has no %s. Ask it; if it has got "+
			"nothing: ussdgw payment reverse %s", d.Ours.Amount, d.Txn, id)
	case registry.KindDiffers:
		next.Detail = differing(d, id)
	case registry.KindDuplicateTheirs:
		next.Amount = d.Theirs.Amount
		next.Detail = fmt.Sprintf("the provider has %s once more, of %s. Ask it to strike one out: we "+
			"have paid once", d.Txn, d.Theirs.Amount)
	case registry.KindDuplicateOurs:
		next.Detail = fmt.Sprintf("we have %s once more, of %s: see ussdgw ledger verify", d.Txn,
			d.Ours.Amount)
	case registry.KindTheirsOnly:
		next.Amount = d.Theirs.Amount
		return c.theirsOnly(next, d)
	}
	return next, nil
}

// differing says what to do about a payment that both sides have, but not alike.
func differing(d registry.Difference, id string) string {
	var parts []string
	for _, field := range d.Fields {
		if field == registry.ColumnAccount {
			parts = append(parts, fmt.Sprintf("to account %s here, %s there: the provider has to move "+
				"it", hiddenAccount(d.Ours.Account), hiddenAccount(d.Theirs.Account)))
			continue
		}
		text := fmt.Sprintf("%s here, %s there: ", d.Ours.Amount, d.Theirs.Amount)
		if less := d.Ours.Amount - d.Theirs.Amount; less > 0 {
			text += fmt.Sprintf("once it has confirmed: ussdgw payment reverse %s --amount %s", id, less)
		} else {
			text += "it has credited more than it gets: ask it to correct that"
		}
		parts = append(parts, text)
	}
	return d.Txn + ": " + strings.Join(parts, "; ")
}

// theirsOnly looks for a payment of the provider's registry that is not among those of the day.
func (c reconciliation) theirsOnly(
	next ledger.Case, d registry.Difference,
) (ledger.Case, error) {
	found, err := c.FindOffers(c.ctx(), d.Txn, 1)
	if err != nil {
		return next, err
	}
	if len(found) == 0 || found[0].Provider != c.provider {
		next.Detail = fmt.Sprintf("the provider has %s of %s, and we never told it of such a payment. "+
			"Ask it where that came from", d.Txn, d.Theirs.Amount)
		return next, nil
	}
	o := found[0]
	next.Subject = ledger.PaymentSubject(o.ID)
	switch o.State {
	case ledger.OfferHeld:
		next.Detail = fmt.Sprintf("the provider has %s of %s, and it is in doubt here. Then: ussdgw "+
			"payment settle %s --as posted", d.Txn, d.Theirs.Amount, o.ID)
	case ledger.OfferDone:
		transfers, err := c.OfferTransfers(c.ctx(), o.ID)
		if err != nil {
			return next, err
		}
		day := "another day"
		if len(transfers) > 0 {
			day = transfers[0].Day
		}
		next.Detail = fmt.Sprintf("the provider has %s of %s on %s, here it is of %s: nothing is to be "+
			"done if it is not in its registry of that day too", d.Txn, d.Theirs.Amount, c.day, day)
	default:
		next.Detail = fmt.Sprintf("the provider has %s of %s, and the subscriber has got it back (%s). "+
			"Ask it to cancel, or bear it: see ussdgw payment show %s", d.Txn, d.Theirs.Amount, o.Reason,
			o.ID)
	}
	return next, nil
}

func (c reconciliation) print(cases []ledger.Case, matched, ours, theirs int) error {
	table := tabwriter.NewWriter(c.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	count := map[string]int{}
	var sum money.Amount
	for _, next := range cases {
		count[next.Kind]++
		sum += next.Amount
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\n", next.Kind, next.Amount, next.Detail)
		if err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	text := fmt.Sprintf("%s on %s: %d payments here, %d there, %d matched", c.provider, c.day, ours,
		theirs, matched)
	for _, kind := range []registry.Kind{
		registry.KindOursOnly, registry.KindTheirsOnly, registry.KindDiffers,
		registry.KindDuplicateOurs, registry.KindDuplicateTheirs,
	} {
		if n := count[string(kind)]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, strings.ReplaceAll(string(kind), "_", " "))
		}
	}
	return c.printf("%s\n", text)
}
