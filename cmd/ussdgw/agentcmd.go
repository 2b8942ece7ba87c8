package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// What the audit calls the acts on an agent.
const (
	actAgentCredit = "agent_credit"
	actAgentFund   = "agent_fund"
)

// txnsShown is how many txns are read from the ledger at once.
const txnsShown = 500

func agentCommand() *cobra.Command {
	return group("agent", "Look after the floats of terminal networks and bank branches",
		agentListCommand(), agentCreditCommand(), agentFundCommand(), agentStatementCommand(),
	)
}

// agentOptions are the flags of the commands about agents.
type agentOptions struct {
	ledgerOptions
	actOptions
	key, day string
}

// who adds the flags of a command that changes something.
func (o *agentOptions) who(cmd *cobra.Command) {
	o.ledgerOptions.flags(cmd)
	o.actOptions.flags(cmd)
}

func agentListCommand() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List agents with their floats and credit lines",
		Long: `List every agent with its float, its credit line and what it may still hand on to wallets.

Exit codes: 0 success, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw agent list --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.books(cmd, func(ctx context.Context, s ledger.Store) error {
				return printAgents(ctx, cmd.OutOrStdout(), s, "")
			})
		},
	}
	o.ledgerOptions.flags(cmd)
	return cmd
}

func agentCreditCommand() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "credit AGENT SOM",
		Short: "Open an agent, or change its credit line",
		Long: `Open an agent, or change how far its float may go below zero. One without credit begins
with 0. The configuration of serve says how the agent gets in: see agents there.

Who has done it and why is recorded for ever.

Exit codes: 0 it is done, 1 it is not, or failure, 2 wrong use.`,
		Example: indent(`ussdgw agent credit pay24 50000 --reason "contract 17 of 2026" \`,
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			credit, err := money.Parse(args[1])
			if err != nil {
				return usage(cmd, fmt.Sprintf("%q is no amount such as 50000 or 99.50", args[1]))
			}
			if err := ledger.ValidateAgent(args[0]); err != nil {
				return usage(cmd, fmt.Sprintf("%q: %v", args[0], err))
			}
			r, err := o.record(cmd, actAgentCredit, args[0])
			if err != nil {
				return err
			}
			return o.books(cmd, func(ctx context.Context, s ledger.Store) error {
				if err := s.SetCredit(ctx, args[0], credit, r); err != nil {
					return notForAgent(args[0], err)
				}
				return printAgents(ctx, cmd.OutOrStdout(), s, args[0])
			})
		},
	}
	o.who(cmd)
	return cmd
}

func agentFundCommand() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "fund AGENT SOM",
		Short: "Book what an agent has paid in at the bank, or has got back",
		Long: `Move money between the trust account and the float of an agent: what it has paid in at the
issuer's bank, or with a minus sign what it was paid back. The key is the number of the bank's
document: the same document is booked once, however often it is entered. Put "--" before a minus
sign.

Who has done it and why is recorded for ever.

Exit codes: 0 it is booked, 1 it is not, or failure, 2 wrong use.`,
		Example: indent(`ussdgw agent fund pay24 250000 --key bank-4711 --reason "payment order 4711" \`,
			"    --config /etc/ussdgw/config.yaml",
			`ussdgw agent fund --key bank-4712 --reason "settled" --data ./devdata -- terminal -1000`),
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			positive, minus := strings.CutPrefix(args[1], "-")
			amount, err := money.Parse(positive)
			if err != nil || amount == 0 {
				return usage(cmd, fmt.Sprintf("%q is no amount such as 250000 or -99.50", args[1]))
			}
			if minus {
				amount = -amount
			}
			if o.key == "" {
				return usage(cmd, "--key is missing: the number of the bank's document")
			}
			r, err := o.record(cmd, actAgentFund, args[0])
			if err != nil {
				return err
			}
			zone, err := time.LoadLocation(wallet.ZoneName)
			if err != nil {
				return err
			}
			return o.books(cmd, func(ctx context.Context, s ledger.Store) error {
				day := r.At.In(zone).Format(time.DateOnly)
				if err := s.FundAgent(ctx, o.key, args[0], amount, day, r); err != nil {
					return notForAgent(args[0], err)
				}
				return printAgents(ctx, cmd.OutOrStdout(), s, args[0])
			})
		},
	}
	o.who(cmd)
	cmd.Flags().StringVar(&o.key, "key", "", "number of the bank's document (required)")
	return cmd
}

func agentStatementCommand() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "statement AGENT",
		Short: "List what an agent has asked for in a day, with count and volume",
		Long: `List what an agent has asked for in a day of Bishkek, with what was
answered, then how many were done and their sums. Numbers of subscribers are masked. For the money
on the agent's account see "ussdgw ledger statement agent:ID".

Exit codes: 0 success, 1 there is no such agent, or failure, 2 wrong use.`,
		Example: indent("ussdgw agent statement pay24 --day 2026-11-21 \\",
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			zone, err := time.LoadLocation(wallet.ZoneName)
			if err != nil {
				return err
			}
			if o.day == "" {
				o.day = time.Now().In(zone).Format(time.DateOnly)
			}
			if _, err := time.Parse(time.DateOnly, o.day); err != nil {
				return usage(cmd, fmt.Sprintf("--day %q is no day such as 2026-11-21", o.day))
			}
			return o.books(cmd, func(ctx context.Context, s ledger.Store) error {
				if _, err := agentOf(ctx, s, args[0]); err != nil {
					return err
				}
				return printTxns(ctx, cmd.OutOrStdout(), s, args[0], o.day, zone)
			})
		},
	}
	o.ledgerOptions.flags(cmd)
	cmd.Flags().StringVar(&o.day, "day", "", "day in Bishkek [today]")
	return cmd
}

// books calls do with the ledger.
func (o *agentOptions) books(
	cmd *cobra.Command, do func(context.Context, ledger.Store) error,
) error {
	store, closeStore, _, err := openBooks(cmd.Context(), o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	return do(cmd.Context(), store)
}

// record is what the audit will say of an act on an agent.
func (o *agentOptions) record(cmd *cobra.Command, act, agent string) (ledger.Record, error) {
	r, err := o.actOptions.record(cmd, "payment order 4711")
	r.Act, r.Subject = act, ledger.AgentSubject(agent)
	return r, err
}

// notForAgent says in words why something was not done to an agent.
func notForAgent(agent string, err error) error {
	var d *ledger.Decline
	switch {
	case errors.Is(err, ledger.ErrNoAgent):
		return noAgent(agent)
	case errors.As(err, &d) && d.Reason == ledger.ReasonFloat && d.Key == agent:
		return fmt.Errorf("the float is below that: the credit line has to be at least %s", d.Limit)
	case errors.As(err, &d) && d.Reason == ledger.ReasonFloat:
		return fmt.Errorf("the float and the credit line leave %s", d.Limit)
	case errors.As(err, &d) && d.Reason == ledger.ReasonKeyReused:
		return errors.New("this key was booked with another amount or for another agent")
	}
	return err
}

func noAgent(agent string) error {
	return fmt.Errorf("there is no agent %q; open it: ussdgw agent credit %s 0", agent,
		shellWord(agent))
}

func agentOf(ctx context.Context, s ledger.Agents, id string) (ledger.Agent, error) {
	all, err := s.Agents(ctx)
	if err != nil {
		return ledger.Agent{}, err
	}
	for _, a := range all {
		if a.ID == id {
			return a, nil
		}
	}
	return ledger.Agent{}, noAgent(id)
}

// printAgents prints one agent, or with "" all.
func printAgents(ctx context.Context, out io.Writer, s ledger.Agents, only string) error {
	all, err := s.Agents(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if _, err := fmt.Fprintln(table, "float\tcredit line\tleft\t  agent"); err != nil {
		return err
	}
	for _, a := range all {
		if only != "" && a.ID != only {
			continue
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t  %s\n", a.Float, a.Credit, a.Float+a.Credit, a.ID)
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

// volume is how much was done.
type volume struct {
	count int
	sum   money.Amount
}

// printTxns prints what an agent has asked for in a day, and what of it was done.
func printTxns(
	ctx context.Context, out io.Writer, s ledger.Agents, agent, day string, zone *time.Location,
) error {
	done := map[ledger.Operation]volume{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for after := int64(0); ; {
		page, err := s.AgentTxns(ctx, agent, day, after, txnsShown)
		if err != nil {
			return err
		}
		for _, a := range page {
			after = a.Number
			if a.Verdict == ledger.Done {
				v := done[a.Operation]
				done[a.Operation] = volume{v.count + 1, v.sum + a.Amount}
			}
			_, err := fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n",
				a.At.In(zone).Format(time.TimeOnly), a.Number, a.Operation, a.Txn,
				maskedAccount(a.Account), a.Amount, a.Verdict)
			if err != nil {
				return err
			}
		}
		if len(page) < txnsShown {
			break
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	in, paid := done[ledger.OpCashIn], done[ledger.OpCashOut]
	_, err := fmt.Fprintf(out, "done: cash_in %d, %s; cash_out %d, %s\n", in.count, in.sum, paid.count,
		paid.sum)
	return err
}

// maskedAccount is a number as an agent wrote it, masked.
func maskedAccount(account string) string {
	if n, err := msisdn.Parse(account); err == nil {
		return n.Masked()
	}
	return "***"
}
