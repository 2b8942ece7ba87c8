package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func ledgerCommand() *cobra.Command {
	return group("ledger", "Audit the books, and sum them up as the finance controller does",
		ledgerVerifyCommand(), ledgerBalancesCommand(), ledgerStatementCommand(), ledgerCloseCommand())
}

// A verdict is what ledger verify says. Its JSON is for scripts: keys are added, never changed.
type verdict struct {
	OK      bool         `json:"ok"`
	Checks  []checkCount `json:"checks"`
	Entries int64        `json:"entries"`
	TookMS  int64        `json:"took_ms"`
}

// checkCount is one rule of the books.
type checkCount struct {
	Name     string   `json:"name"`
	Breaches int      `json:"breaches"` // at most ledger.MaxBreaches
	Details  []string `json:"details"`  // of the first ones
}

// maxDetails is how many breaches of a rule are printed.
const maxDetails = 5

func ledgerVerifyCommand() *cobra.Command {
	var o ledgerOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Audit the books: every rule, in one snapshot, while the gateway runs",
		Long: fmt.Sprintf(`Audit the books: that the entries of each transfer sum to zero, that every
balance is the sum of its entries, that what is held, counted and told is what was done, and all
else that has to be true. It reads one snapshot and may run while the gateway does. Of a rule at
most %d breaches are counted.

Exit codes: 0 every rule is kept, 1 one is broken, or failure, 2 wrong use.`, ledger.MaxBreaches),
		Example: indent("ussdgw ledger verify --config /etc/ussdgw/config.yaml",
			"ussdgw ledger verify --data ./devdata --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.office(cmd, func(d office) error {
				v, err := d.verify()
				if err != nil {
					return err
				}
				if asJSON {
					err = writeJSON(cmd.OutOrStdout(), v)
				} else {
					err = d.printVerdict(v)
				}
				if err == nil && !v.OK {
					err = &exitError{exitFailure, "the books break a rule"}
				}
				return err
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "for a script")
	return cmd
}

func (d office) verify() (verdict, error) {
	begin := time.Now()
	breaches, err := d.Verify(d.ctx())
	if err != nil {
		return verdict{}, err
	}
	v := verdict{OK: len(breaches) == 0}
	if v.Entries, err = d.CountEntries(d.ctx()); err != nil {
		return verdict{}, err
	}
	v.TookMS = time.Since(begin).Milliseconds()
	for _, audit := range ledger.Audits() {
		c := checkCount{Name: audit.Name, Details: []string{}}
		for _, b := range breaches {
			if b.Check != audit.Name {
				continue
			}
			if c.Breaches++; c.Breaches <= maxDetails {
				c.Details = append(c.Details, b.Subject+": "+b.Detail)
			}
		}
		v.Checks = append(v.Checks, c)
	}
	return v, nil
}

func (d office) printVerdict(v verdict) error {
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, c := range v.Checks {
		result := "ok"
		if c.Breaches > 0 {
			result = fmt.Sprintf("%d broken", c.Breaches)
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\n", c.Name, result); err != nil {
			return err
		}
		for _, detail := range c.Details {
			if _, err := fmt.Fprintf(table, "\t  %s\n", detail); err != nil {
				return err
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return d.printf("%d rules, %d entries, %d ms\n", len(v.Checks), v.Entries, v.TookMS)
}

// A trialBalance is what ledger balances says. Its JSON is for scripts; amounts are in som.
type trialBalance struct {
	Classes    []classBalance `json:"classes"`
	Sum        string         `json:"sum"`
	Balanced   bool           `json:"balanced"`
	EMoney     string         `json:"emoney"` // what wallets hold
	Trust      string         `json:"trust"`  // what has to be on the account at the bank
	LastClosed string         `json:"last_closed"`
}

type classBalance struct {
	Class    string `json:"class"`
	Accounts int    `json:"accounts"`
	Balance  string `json:"balance"`
}

func ledgerBalancesCommand() *cobra.Command {
	var o ledgerOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "balances",
		Short: "Print the trial balance: every class of accounts, which sum to zero",
		Long: `Print what all accounts of each class hold together. Wallets, agents, providers, fees and
what is in suspense are what the issuer owes; trust is what it has at the bank, negated. The sum of
all is zero. Wallets and agents are summed by their running balances, the others by their entries.

Exit codes: 0 the sum is zero, 1 it is not, or failure, 2 wrong use.`,
		Example: indent("ussdgw ledger balances --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.office(cmd, func(d office) error { return d.balances(asJSON) })
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "for a script")
	return cmd
}

func (d office) balances(asJSON bool) error {
	classes, err := d.ClassBalances(d.ctx())
	if err != nil {
		return err
	}
	b := trialBalance{}
	var sum money.Amount
	for _, c := range classes {
		sum += c.Balance
		b.Classes = append(b.Classes, classBalance{c.Class, c.Accounts, c.Balance.String()})
		switch c.Class {
		case "wallet":
			b.EMoney = c.Balance.String()
		case ledger.TrustAccount:
			b.Trust = (-c.Balance).String()
		}
	}
	b.Sum, b.Balanced = sum.String(), sum == 0
	if b.LastClosed, err = d.LastClosed(d.ctx()); err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(d.cmd.OutOrStdout(), b)
	} else {
		err = d.printBalances(b)
	}
	if err == nil && !b.Balanced {
		err = &exitError{exitFailure, "the sum is not zero: see ussdgw ledger verify"}
	}
	return err
}

func (d office) printBalances(b trialBalance) error {
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range b.Classes {
		_, err := fmt.Fprintf(table, "%s\t%d accounts\t%s\t\n", c.Class, c.Accounts, c.Balance)
		if err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(table, "sum\t\t%s\t\n", b.Sum); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	closed := b.LastClosed
	if closed == "" {
		closed = "none"
	}
	return d.printf("wallets hold %s som, the account at the bank has to hold %s\n"+
		"last closed day: %s\n", b.EMoney, b.Trust, closed)
}

func ledgerCloseCommand() *cobra.Command {
	var o ledgerOptions
	var a actOptions
	var day string
	cmd := &cobra.Command{
		Use:   "close",
		Short: "Close a day by hand, which the gateway else does by itself",
		Long: `Close a day: its opening and closing balances are kept for ever as they are, and what is
posted for it later is in the next day. The gateway does it by itself, ledger.close_after after the
day; this is for a day on which none was running. Who has done it and why is recorded.

Exit codes: 0 the day is closed, 1 it is not over or a later one is closed, or failure, 2 wrong
use.`,
		Example: indent(`ussdgw ledger close --day 2026-11-20 --reason "serve was down" \`,
			"    --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			act, err := a.act(cmd)
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error {
				day, err := d.dayOr("day", day, d.day(-1))
				if err != nil {
					return err
				}
				return d.closeDay(day, ledger.Record{
					Actor: act.Actor, Act: "close_day", Subject: "day:" + day, Reason: act.Reason,
					At: act.Now,
				})
			})
		},
	}
	o.flags(cmd)
	a.flags(cmd)
	cmd.Flags().StringVar(&day, "day", "", "the day, as 2026-11-20 [yesterday in Bishkek]")
	return cmd
}

func (d office) closeDay(day string, r ledger.Record) error {
	if day >= d.day(0) {
		return fmt.Errorf("%s is not over in Bishkek", day)
	}
	before, err := d.LastClosed(d.ctx())
	if err != nil {
		return err
	}
	if _, err := d.RollUp(d.ctx()); err != nil {
		return err
	}
	err = d.CloseDay(d.ctx(), day, d.now, &r)
	switch {
	case ledger.ReasonOf(err) == ledger.ReasonDayClosed:
		return fmt.Errorf("%s was left out, and %s is closed: what is of it is in a later day",
			day, before)
	case err != nil:
		return err
	case before >= day:
		return d.printf("%s is closed already\n", day)
	}
	return d.printf("%s is closed\n", day)
}
