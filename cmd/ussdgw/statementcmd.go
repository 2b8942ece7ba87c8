package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// statementOptions are the flags of ledger statement.
type statementOptions struct {
	ledgerOptions
	from, to      string
	asCSV, asJSON bool
}

func ledgerStatementCommand() *cobra.Command {
	var o statementOptions
	cmd := &cobra.Command{
		Use:   "statement ACCOUNT",
		Short: "Print what moved on an account in some days, with its balances",
		Long: `Print the opening balance of an account, every transfer on it, and the closing balance.
ACCOUNT is the number of a wallet, provider:ID, fee:ID, fee:@transfer, fee:@cash_out, agent:ID,
trust, suspense or adjust.

The statement of a closed day never changes. What was posted for a day after its close is in the
next one; its own day is then shown in brackets. Times and days are those of Bishkek. Numbers are
masked.

Exit codes: 0 success, 1 there is no such account, or failure, 2 wrong use.`,
		Example: indent("ussdgw ledger statement 996555123456 --config /etc/ussdgw/config.yaml",
			"ussdgw ledger statement provider:dostek --from 2026-11-01 --to 2026-11-30 --csv \\",
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.asCSV && o.asJSON {
				return usage(cmd, "--csv and --json do not go together")
			}
			return o.office(cmd, func(d office) error { return d.statement(o, args[0]) })
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "first day [the first of this month]")
	f.StringVar(&o.to, "to", "", "last day [today]")
	f.BoolVar(&o.asCSV, "csv", false, "comma-separated lines, for a table")
	f.BoolVar(&o.asJSON, "json", false, "for a script")
	return cmd
}

// account returns the account that goes by a name, and what it is called in print.
func (d office) account(name string) (account, shown string, err error) {
	switch name {
	case ledger.TrustAccount, ledger.SuspenseAccount, ledger.AdjustAccount:
		return name, name, nil
	}
	class, id, found := strings.Cut(name, ":")
	if found && id != "" && (class == "provider" || class == "fee" || class == "agent") {
		return name, name, nil
	}
	n, err := msisdn.Parse(name)
	if err != nil {
		return "", "", usage(d.cmd, fmt.Sprintf("%q is no account: write the number of a wallet, "+
			"provider:ID, fee:ID, agent:ID, trust, suspense or adjust", name))
	}
	w, err := d.Wallet(d.ctx(), n)
	if errors.Is(err, ledger.ErrNoWallet) {
		return "", "", fmt.Errorf("the number %s has no wallet", n)
	}
	return ledger.WalletAccount(w.ID), "wallet " + n.Masked(), err
}

// statement is what ledger statement says. Its JSON is for scripts; amounts are in som.
type statement struct {
	Account string          `json:"account"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Opening string          `json:"opening"`
	Lines   []statementLine `json:"lines"`
	Closing string          `json:"closing"`
	// LastClosed is the last closed day, "" = none: what is after it may still grow.
	LastClosed string `json:"last_closed"`
}

type statementLine struct {
	Day      string `json:"day"`    // of the transfer
	Closed   string `json:"closed"` // the closed day that has it, "" = none yet
	At       string `json:"at"`
	Kind     string `json:"kind"`
	Amount   string `json:"amount"`
	Fee      string `json:"fee"`
	Balance  string `json:"balance"`
	What     string `json:"what"`
	Code     string `json:"code"`
	Transfer string `json:"transfer"`
}

func (d office) statement(o statementOptions, name string) error {
	from, err := d.dayOr("from", o.from, d.day(0)[:len("2006-01-")]+"01")
	if err != nil {
		return err
	}
	to, err := d.dayOr("to", o.to, d.day(0))
	if err != nil {
		return err
	}
	if from > to {
		return usage(d.cmd, fmt.Sprintf("--from %s is after --to %s", from, to))
	}
	account, shown, err := d.account(name)
	if err != nil {
		return err
	}
	if o.asCSV {
		err = d.statementCSV(account, from, to)
	} else {
		err = d.statementWhole(account, statement{
			Account: shown, From: from, To: to, Lines: []statementLine{},
		}, o.asJSON)
	}
	if errors.Is(err, ledger.ErrNoAccount) {
		return fmt.Errorf("nothing was ever posted on %s: is the name right?", shown)
	}
	return err
}

// lines hands the lines of a statement on, and returns the closing balance.
func (d office) lines(
	account, from, to string, begin func(money.Amount) error, each func(statementLine) error,
) (money.Amount, error) {
	var at money.Amount
	err := d.Statement(d.ctx(), account, from, to, func(opening money.Amount) error {
		at = opening
		return begin(opening)
	}, func(m ledger.Movement) error {
		at += m.Amount
		return each(statementLine{
			Day: m.Day, Closed: m.Closed, At: d.local(m.At), Kind: m.Kind, Amount: m.Amount.String(),
			Fee: m.Fee.String(), Balance: at.String(), What: what(m.Offer), Code: m.Offer.Code,
			Transfer: m.Transfer,
		})
	})
	return at, err
}

// what names the other side of an offer.
func what(o ledger.Offer) string {
	name := o.ProviderName
	if o.Provider != "" {
		name = o.Provider
	}
	if o.Account != "" {
		name += " " + hiddenAccount(o.Account)
	}
	return strings.TrimSpace(name)
}

func (d office) statementCSV(account, from, to string) error {
	out := csv.NewWriter(d.cmd.OutOrStdout())
	balance := func(name string, amount money.Amount) error {
		return out.Write([]string{"", "", "", name, "", "", amount.String(), "", "", ""})
	}
	closing, err := d.lines(account, from, to, func(opening money.Amount) error {
		head := []string{
			"day", "closed", "at", "kind", "amount", "fee", "balance", "what", "code", "transfer",
		}
		if err := out.Write(head); err != nil {
			return err
		}
		return balance("opening", opening)
	}, func(l statementLine) error {
		return out.Write([]string{
			l.Day, l.Closed, l.At, l.Kind, l.Amount, l.Fee, l.Balance, l.What, l.Code, l.Transfer,
		})
	})
	if err != nil {
		return err
	}
	if err := balance("closing", closing); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// statementWhole prints a statement once it is read.
func (d office) statementWhole(account string, s statement, asJSON bool) (err error) {
	closing, err := d.lines(account, s.From, s.To, func(opening money.Amount) error {
		s.Opening = opening.String()
		return nil
	}, func(l statementLine) error {
		s.Lines = append(s.Lines, l)
		return nil
	})
	if err != nil {
		return err
	}
	s.Closing = closing.String()
	if s.LastClosed, err = d.LastClosed(d.ctx()); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(d.cmd.OutOrStdout(), s)
	}
	if err := d.printf("%s, %s to %s\n", s.Account, s.From, s.To); err != nil {
		return err
	}
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "opening\t\t\t%s\n", s.Opening) // a tabwriter keeps its error for Flush
	for _, l := range s.Lines {
		at := l.At
		if l.Closed > l.Day {
			at += " (" + l.Day + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", at, l.Kind, l.Amount, l.Balance, l.What,
			l.Code, l.Transfer)
	}
	fmt.Fprintf(table, "closing\t\t\t%s\n", s.Closing)
	if err := table.Flush(); err != nil || s.LastClosed >= s.To {
		return err
	}
	return d.printf("not closed yet: what is after %s may still grow\n", lastOr(s.LastClosed))
}

func lastOr(day string) string {
	if day == "" {
		return "the beginning"
	}
	return day
}
