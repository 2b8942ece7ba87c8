package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

func outboxCommand() *cobra.Command {
	return group("outbox", "Look after the SMS that are still to be sent", outboxStatusCommand())
}

// outboxStatus is what outbox status says. Its JSON is for scripts: keys are added, never changed.
type outboxStatus struct {
	Waiting       int             `json:"waiting"`
	Due           int             `json:"due"`
	Retried       int             `json:"retried"`
	OldestSeconds int64           `json:"oldest_seconds"` // 0 when none waits
	GivenUp       int             `json:"given_up"`
	Recent        int             `json:"recent"` // how many the newest are
	Sent          int             `json:"sent"`   // of the newest
	Failures      []outboxFailure `json:"failures"`
}

type outboxFailure struct {
	ID      int64         `json:"id"`
	Kind    string        `json:"kind"`
	To      msisdn.Number `json:"to"` // masked
	Attempt int           `json:"attempt"`
	GivenUp bool          `json:"given_up"`
	Error   string        `json:"error"`
	At      time.Time     `json:"at"`
}

func outboxStatusCommand() *cobra.Command {
	var o ledgerOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Count the SMS that wait, and list what has failed",
		Long: fmt.Sprintf(`Count the SMS that wait and those that were given up, and list the newest that
have failed. Numbers are masked. An SMS that cannot be sent is tried for %d days.

Exit codes: 0 it is told, 1 failure, 2 wrong use.`, wallet.GiveUpDays),
		Example: indent("ussdgw outbox status --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.office(cmd, func(d office) error { return d.outbox(asJSON) })
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "for a script")
	return cmd
}

func (d office) outbox(asJSON bool) error {
	s, err := d.OutboxStatus(d.ctx(), d.now)
	if err != nil {
		return err
	}
	told := outboxStatus{
		Waiting: s.Waiting, Due: s.Due, Retried: s.Retried, GivenUp: s.GivenUp, Recent: s.Recent,
		Sent: s.Sent, Failures: []outboxFailure{},
	}
	if !s.Oldest.IsZero() {
		told.OldestSeconds = int64(max(0, d.now.Sub(s.Oldest)).Seconds())
	}
	for _, f := range s.Failures {
		told.Failures = append(told.Failures, outboxFailure(f))
	}
	if asJSON {
		return writeJSON(d.cmd.OutOrStdout(), told)
	}
	err = d.printf("waiting: %d, of these due %d and tried before %d, the oldest for %s\n"+
		"given up: %d\nof the newest %d, sent: %d\n", s.Waiting, s.Due, s.Retried,
		time.Duration(told.OldestSeconds)*time.Second, s.GivenUp, s.Recent, s.Sent)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, f := range told.Failures {
		state := "waits"
		if f.GivenUp {
			state = "given up"
		}
		_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d attempts\t%s\n", f.ID, d.local(f.At),
			f.Kind, f.To, state, f.Attempt, f.Error)
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

// maxAudit is the most lines of the audit that are listed at once.
const maxAudit = 10_000

func auditCommand() *cobra.Command {
	var o ledgerOptions
	var subject string
	var limit int
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List what people have done to the books, and why, newest first",
		Long: `List who has done what, to what, when and why, newest first. --subject is the number of a
wallet, or wallet:ID, payment:ID, case:NUMBER, provider:ID, agent:ID, day:2026-11-20. Times are
those of Bishkek.

Exit codes: 0 it is listed, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw audit --limit 50 --config /etc/ussdgw/config.yaml",
			"ussdgw audit --subject 996555123456 --config /etc/ussdgw/config.yaml"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxAudit {
				return usage(cmd, fmt.Sprintf("--limit has to be 1 to %d", maxAudit))
			}
			return o.office(cmd, func(d office) error { return d.audit(subject, limit) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&subject, "subject", "", "what was done something to [everything]")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many lines")
	return cmd
}

func (d office) audit(subject string, limit int) error {
	if n, err := msisdn.Parse(subject); err == nil {
		w, err := d.Wallet(d.ctx(), n)
		if err != nil {
			return fmt.Errorf("the number %s: %w", n, err)
		}
		subject = ledger.WalletSubject(w.ID)
	} else if subject != "" && !strings.Contains(subject, ":") {
		return usage(d.cmd, fmt.Sprintf("--subject %q is neither a number nor such as payment:ID",
			subject))
	}
	all, err := d.Records(d.ctx(), subject, limit)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, r := range all {
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%q\t%q\t%s\n", d.local(r.At), r.Act, r.Subject, r.Actor,
			r.Reason, r.Detail)
		if err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil || len(all) > 0 {
		return err
	}
	return d.printf("none\n")
}
