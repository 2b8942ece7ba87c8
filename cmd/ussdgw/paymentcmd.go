package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// maxPaymentsFound is how many payments of one name are listed.
const maxPaymentsFound = 20

func paymentCommand() *cobra.Command {
	return group("payment", "Find out what became of a payment, and settle it",
		paymentShowCommand(), paymentRetryCommand(), paymentSettleCommand(), paymentReverseCommand())
}

// found returns the one payment that goes by a name.
func (d office) found(name string) (ledger.Found, error) {
	all, err := d.FindOffers(d.ctx(), name, maxPaymentsFound)
	switch {
	case err != nil:
		return ledger.Found{}, err
	case len(all) == 0:
		return ledger.Found{}, fmt.Errorf("no payment has the code, id or transaction number %q", name)
	case len(all) == 1:
		return all[0], nil
	}
	text := fmt.Sprintf("%d payments go by %q: give the id of one", len(all), name)
	for _, f := range all {
		text += fmt.Sprintf("\n  %s  %s  %s  %s som", f.ID, d.local(f.CreatedAt), f.State, f.Amount)
	}
	return ledger.Found{}, errors.New(text)
}

func paymentRetryCommand() *cobra.Command {
	var o ledgerOptions
	var a actOptions
	cmd := &cobra.Command{
		Use:   "retry CODE|ID|TXN",
		Short: "Have the provider of a held payment asked again now",
		Long: `Make a held payment due now: a running gateway asks its provider again, with the same
transaction number, so that nothing is paid twice. Who has done it and why is recorded.

Exit codes: 0 it is due, 1 it is not held, or failure, 2 wrong use.`,
		Example: indent(`ussdgw payment retry 1234567890 --reason "the provider is back" \`,
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act, err := a.act(cmd)
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error { return d.retry(args[0], act) })
		},
	}
	o.flags(cmd)
	a.flags(cmd)
	return cmd
}

func (d office) retry(name string, a wallet.Act) error {
	f, err := d.found(name)
	if err != nil {
		return err
	}
	err = d.RetryHold(d.ctx(), f.ID, ledger.Record{
		Actor: a.Actor, Act: "retry", Subject: ledger.PaymentSubject(f.ID), Reason: a.Reason, At: a.Now,
	})
	if ledger.ReasonOf(err) == ledger.ReasonNotHeld {
		return errors.New("it is in suspense: nobody asks any more; find out from the provider, then: " +
			"ussdgw payment settle")
	}
	if err != nil {
		return notSettled(err)
	}
	return d.printf("due now: a running gateway asks again\n")
}

// notSettled says in words why a held payment could not be changed.
func notSettled(err error) error {
	switch {
	case errors.Is(err, ledger.ErrNoHold):
		return errors.New("it was never held: there is nothing to ask or to settle")
	case errors.Is(err, wallet.ErrStillAsking):
		return errors.New("it is not in doubt: the provider is being asked, wait for the answer")
	case ledger.ReasonOf(err) == ledger.ReasonPosted:
		return errors.New("the provider has got it already; to take it back: ussdgw payment reverse")
	case ledger.ReasonOf(err) == ledger.ReasonVoided:
		return errors.New("the subscriber has got it back already")
	case ledger.ReasonOf(err) == ledger.ReasonNotHeld:
		return errors.New("it is a cash-out: it ends by its code, or at its deadline")
	}
	return err
}

func paymentSettleCommand() *cobra.Command {
	var o ledgerOptions
	var a actOptions
	var as, providerTxn string
	cmd := &cobra.Command{
		Use:   "settle CODE|ID|TXN --as posted|refunded",
		Short: "End a payment in doubt or in suspense, as the provider says by telephone",
		Long: `End a payment whose provider has not told what became of it, once a person has found out:
posted, the provider has got the money; refunded, the subscriber gets it back, fee and limits too.
The subscriber gets an SMS, and the case of its suspense is closed. Who has done it and why is
recorded.

Exit codes: 0 it is settled, 1 it has ended otherwise or is not in doubt, or failure, 2 wrong
use.`,
		Example: indent("ussdgw payment settle 1234567890 --as posted --provider-txn 2016 \\",
			`    --reason "confirmed by the provider, letter 17" --config /etc/ussdgw/config.yaml`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if as != "posted" && as != "refunded" {
				return usage(cmd, fmt.Sprintf("--as %q is not known: write posted or refunded", as))
			}
			act, err := a.act(cmd)
			if err != nil {
				return err
			}
			return o.office(cmd, func(d office) error {
				f, err := d.found(args[0])
				if err != nil {
					return err
				}
				s := wallet.Settlement{Payment: f.ID, Posted: as == "posted", ProviderTxn: providerTxn}
				if err := wallet.Settle(d.ctx(), d.Store, s, act); err != nil {
					return notSettled(err)
				}
				return d.printf("%s\n", as)
			})
		},
	}
	o.flags(cmd)
	a.flags(cmd)
	cmd.Flags().StringVar(&as, "as", "", "posted or refunded (required)")
	cmd.Flags().StringVar(&providerTxn, "provider-txn", "", "what the provider calls it")
	return cmd
}

// reverseOptions are the flags of payment reverse.
type reverseOptions struct {
	ledgerOptions
	actOptions
	amount, fee, key string
}

func paymentReverseCommand() *cobra.Command {
	var o reverseOptions
	cmd := &cobra.Command{
		Use:   "reverse CODE|ID|TXN",
		Short: "Take a payment back from who has got it, whole or in part",
		Long: `Take a payment or a transfer back: the subscriber gets the money, whoever has got it has
that much less. Without --amount and --fee it is all that was not taken back before. The limits that
it has used stay used. The subscriber gets an SMS. Who has done it and why is recorded.

The same for the same reason again is the same reversal, and nothing moves; --key tells two of
them apart.

Exit codes: 0 it is taken back, 1 there is not so much to take, or failure, 2 wrong use.`,
		Example: indent(`ussdgw payment reverse 1234567890 --reason "paid twice" \`,
			"    --config /etc/ussdgw/config.yaml",
			`ussdgw payment reverse 1234567890 --amount 50 --reason "the provider has got 150" \`,
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act, err := o.act(cmd)
			if err != nil {
				return err
			}
			r := wallet.Reversal{Key: o.key, Whole: o.amount == "" && o.fee == ""}
			for _, f := range []struct {
				name, text string
				to         *money.Amount
			}{{"amount", o.amount, &r.Amount}, {"fee", o.fee, &r.Fee}} {
				if f.text == "" {
					continue
				}
				if *f.to, err = money.Parse(f.text); err != nil {
					return usage(cmd, fmt.Sprintf("--%s %q is no amount such as 150.50", f.name, f.text))
				}
			}
			if !r.Whole && r.Amount+r.Fee == 0 {
				return usage(cmd, "--amount and --fee are both 0")
			}
			return o.office(cmd, func(d office) error { return d.reverse(args[0], r, act) })
		},
	}
	o.ledgerOptions.flags(cmd)
	o.actOptions.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.amount, "amount", "", "som to take back [all]")
	f.StringVar(&o.fee, "fee", "", "som of the fee to give back [all, or 0 with --amount]")
	f.StringVar(&o.key, "key", "", "name of this reversal [made of the amounts and the reason]")
	return cmd
}

func (d office) reverse(name string, r wallet.Reversal, a wallet.Act) error {
	f, err := d.found(name)
	if err != nil {
		return err
	}
	r.Payment = f.ID
	receipt, err := wallet.Reverse(d.ctx(), d.Store, r, a)
	var declined *ledger.Decline
	switch {
	case errors.Is(err, ledger.ErrNoTransfer):
		return fmt.Errorf("nothing was paid: it is %s; see: ussdgw payment show %s", f.State, f.ID)
	case errors.As(err, &declined):
		return notReversed(declined)
	case err != nil:
		return err
	}
	return d.printf("taken back: %s som and %s som of the fee; the wallet has %s\n", receipt.Amount,
		receipt.Fee, receipt.Balance)
}

// notReversed says in words why a payment was not taken back.
func notReversed(d *ledger.Decline) error {
	switch d.Reason {
	case ledger.ReasonReversed:
		return fmt.Errorf("there is less to take back: %s som, the fee included", d.Limit)
	case ledger.ReasonLowBalance:
		return fmt.Errorf("who has got it has only %s som left", d.Limit)
	case ledger.ReasonNotReversible:
		return errors.New("cash that was paid out cannot be taken back")
	case ledger.ReasonKeyReused:
		return errors.New("another reversal has this --key")
	}
	return d
}
