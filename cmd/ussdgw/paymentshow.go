package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
)

// maxShown bounds each list of payment show.
const maxShown = 100

func paymentShowCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "show CODE|ID|TXN",
		Short: "Tell the whole story of a payment",
		Long: `Tell what became of a payment, a transfer or a cash-out: the offer, the hold with its
history, what was posted and where, the SMS, the cases and what people have done. It is found by the
code in the SMS, by its id, or by the number that the provider knows it by. Times are those of
Bishkek. Numbers and accounts are masked.

Exit codes: 0 it is told, 1 there is none, or failure, 2 wrong use.`,
		Example: indent("ussdgw payment show 1234567890 --config /etc/ussdgw/config.yaml"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.office(cmd, func(d office) error {
				f, err := d.found(args[0])
				if err != nil {
					return err
				}
				return d.story(f)
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// story prints all that is known of an offer.
func (d office) story(f ledger.Found) error {
	for _, part := range []func(*strings.Builder, ledger.Found) error{
		d.storyOffer, d.storyHold, d.storyMoney, d.storyPeople,
	} {
		var b strings.Builder
		if err := part(&b, f); err != nil {
			return err
		}
		table := tabwriter.NewWriter(d.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		if _, err := io.WriteString(table, b.String()); err != nil {
			return err
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (d office) storyOffer(b *strings.Builder, f ledger.Found) error {
	w, err := d.WalletByID(d.ctx(), f.Wallet)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "%s\t%s\n", strings.ReplaceAll(string(f.Operation), "_", "-"), f.ID)
	fmt.Fprintf(b, "state\t%s", f.State)
	if f.Reason != "" {
		fmt.Fprintf(b, ": %s", f.Reason)
	}
	fmt.Fprintf(b, "\ncode\t%s\nfrom\twallet %s\nto\t%s\n", f.Code, w.Number.Masked(), what(f.Offer))
	fmt.Fprintf(b, "amount\t%s som, fee %s", f.Amount, f.Fee)
	if f.ProviderFee > 0 {
		fmt.Fprintf(b, ", the provider pays %s", f.ProviderFee)
	}
	fmt.Fprintf(b, "\nshown\t%s, menus %s, %s\n", d.local(f.CreatedAt), f.Revision, f.Lang)
	fmt.Fprintf(b, "confirmed\t%s\nended\t%s\n", d.local(f.PressedAt), d.local(f.EndedAt))
	return nil
}

func (d office) storyHold(b *strings.Builder, f ledger.Found) error {
	h, err := d.Hold(d.ctx(), f.ID)
	if errors.Is(err, ledger.ErrNoHold) {
		return nil
	}
	if err != nil {
		return err
	}
	moves, err := d.HoldMoves(d.ctx(), f.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\nhold\t%s, asked %d times as %s\n", h.State, h.Attempt, h.Txn)
	if h.ProviderTxn != "" {
		fmt.Fprintf(b, "provider's\t%s\n", h.ProviderTxn)
	}
	if !h.State.Final() {
		fmt.Fprintf(b, "next\t%s, given up %s\n", d.local(h.NextAt), d.local(h.Deadline))
	}
	if h.LastError != "" || h.LastCode != "" {
		fmt.Fprintf(b, "last answer\tcode %q, %s\n", h.LastCode, h.LastError)
	}
	for _, m := range moves {
		fmt.Fprintf(b, "  %s\t%s", d.local(m.At), m.State)
		if m.Code != "" {
			fmt.Fprintf(b, ", code %q", m.Code)
		}
		if m.Detail != "" {
			fmt.Fprintf(b, ", %s", m.Detail)
		}
		b.WriteString("\n")
	}
	return nil
}

func (d office) storyMoney(b *strings.Builder, f ledger.Found) error {
	transfers, err := d.OfferTransfers(d.ctx(), f.ID)
	if err != nil {
		return err
	}
	if len(transfers) == 0 {
		b.WriteString("\nposted\tnothing\n")
	}
	for _, t := range transfers {
		fmt.Fprintf(b, "\n%s\t%s som, fee %s, %s, of %s\n", t.Kind, t.Amount, t.Fee, d.local(t.At), t.Day)
		for _, e := range t.Entries {
			fmt.Fprintf(b, "  %s\t%s\n", e.Account, e.Amount)
		}
	}
	messages, err := d.SentMessages(d.ctx(), wallet.MessageKeys(f.ID, transfers))
	if err != nil {
		return err
	}
	b.WriteString("\n")
	for _, m := range messages {
		fmt.Fprintf(b, "SMS %s\tqueued %s, ", m.Kind, d.local(m.CreatedAt))
		switch {
		case !m.SentAt.IsZero():
			fmt.Fprintf(b, "sent %s", d.local(m.SentAt))
		case !m.GivenUpAt.IsZero():
			fmt.Fprintf(b, "given up %s after %d attempts", d.local(m.GivenUpAt), m.Attempt)
		default:
			fmt.Fprintf(b, "not sent, %d attempts, next %s", m.Attempt, d.local(m.NextAt))
		}
		if m.Error != "" {
			fmt.Fprintf(b, ": %s", m.Error)
		}
		b.WriteString("\n")
	}
	return nil
}

func (d office) storyPeople(b *strings.Builder, f ledger.Found) error {
	subject := ledger.PaymentSubject(f.ID)
	cases, err := d.SubjectCases(d.ctx(), subject, maxShown)
	if err != nil {
		return err
	}
	records, err := d.Records(d.ctx(), subject, maxShown)
	if err != nil {
		return err
	}
	for _, c := range cases {
		fmt.Fprintf(b, "case %d\t%s, %s: %s\n", c.ID, c.Kind, caseState(d, c), c.Detail)
	}
	for _, r := range records {
		fmt.Fprintf(b, "%s\t%s by %q: %q", d.local(r.At), r.Act, r.Actor, r.Reason)
		if r.Detail != "" {
			fmt.Fprintf(b, ", %s", r.Detail)
		}
		b.WriteString("\n")
	}
	return nil
}

// caseState says whether a case waits.
func caseState(d office, c ledger.Case) string {
	if c.ClosedAt.IsZero() {
		return "open since " + d.local(c.OpenedAt)
	}
	return fmt.Sprintf("closed %s by %q: %q", d.local(c.ClosedAt), c.ClosedBy, c.Resolution)
}
