package main

import (
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ussdgw/wallet/ledger"
)

// casePage is how many cases are read at once.
const casePage = 500

func caseCommand() *cobra.Command {
	return group("case", "Work off what needs a person",
		caseListCommand(), caseShowCommand(), caseCloseCommand())
}

func caseListCommand() *cobra.Command {
	var o ledgerOptions
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the cases that wait, oldest first",
		Long: `List what needs a person: payments in suspense, answers of providers against how a payment
has ended, and differences with registries.

Exit codes: 0 they are listed, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw case list --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.office(cmd, func(d office) error { return d.listCases(all) })
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "closed ones too")
	return cmd
}

func (d office) listCases(all bool) error {
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	listed := 0
	for after := int64(0); ; {
		page, err := d.Cases(d.ctx(), !all, after, casePage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			state := "open"
			if !c.ClosedAt.IsZero() {
				state = "closed"
			}
			_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, state, d.local(c.OpenedAt),
				c.Kind, c.Provider, c.Amount, c.Subject)
			if err != nil {
				return err
			}
		}
		listed, after = listed+len(page), page[len(page)-1].ID
	}
	if err := table.Flush(); err != nil || listed > 0 {
		return err
	}
	return d.printf("none\n")
}

func caseShowCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Tell what a case is about and what to do",
		Long: `Tell what a case is about, what was found, and what to do about it.

Exit codes: 0 it is told, 1 there is none, or failure, 2 wrong use.`,
		Example: indent("ussdgw case show 17 --config /etc/ussdgw/config.yaml"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := caseNumber(cmd, args[0])
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error { return d.showCase(id) })
		},
	}
	o.flags(cmd)
	return cmd
}

func caseNumber(cmd *cobra.Command, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usage(cmd, fmt.Sprintf("%q is no number of a case: see ussdgw case list", text))
	}
	return id, nil
}

// noCase says in words that there is no such case.
func noCase(id int64, err error) error {
	switch {
	case errors.Is(err, ledger.ErrNoCase):
		return fmt.Errorf("there is no case %d: see ussdgw case list --all", id)
	case ledger.ReasonOf(err) == ledger.ReasonCaseClosed:
		return fmt.Errorf("case %d is closed already: see ussdgw case show %d", id, id)
	}
	return err
}

func (d office) showCase(id int64) error {
	c, err := d.Case(d.ctx(), id)
	if err != nil {
		return noCase(id, err)
	}
	provider := c.Provider
	if provider == "" {
		provider = "-"
	}
	return d.printf("case %d, %s: %s\nprovider: %s\nabout: %s, %s som\n%s\n", c.ID, c.Kind,
		caseState(d, c), provider, c.Subject, c.Amount, c.Detail)
}

func caseCloseCommand() *cobra.Command {
	var o ledgerOptions
	var a actOptions
	cmd := &cobra.Command{
		Use:   "close NUMBER",
		Short: "Close a case, with what came of it",
		Long: `Close a case. It moves no money: settle or reverse the payment first. The reason is kept
with the case; who has closed it is recorded.

Exit codes: 0 it is closed, 1 there is none or it is closed already, or failure, 2 wrong use.`,
		Example: indent(`ussdgw case close 17 --reason "paid on the 22nd, letter of the provider" \`,
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := caseNumber(cmd, args[0])
			if err != nil {
				return err
			}
			act, err := a.act(cmd)
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error {
				err := d.CloseCase(d.ctx(), id, ledger.Record{
					Actor: act.Actor, Act: "close", Subject: ledger.CaseSubject(id), Reason: act.Reason,
					At: act.Now,
				})
				if err != nil {
					return noCase(id, err)
				}
				return d.printf("case %d is closed\n", id)
			})
		},
	}
	o.flags(cmd)
	a.flags(cmd)
	return cmd
}
