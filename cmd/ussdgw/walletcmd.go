package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// interventionsShown is how many acts `wallet status` lists.
const interventionsShown = 20

func walletCommand() *cobra.Command {
	return group("wallet", "Look after one subscriber's wallet, as support does",
		walletStatusCommand(),
		interventionCommand("block", ledger.ActBlock, "Block a wallet: its PIN is taken no more",
			`Block a wallet, such as that of a phone that was lost. Nothing that takes a PIN is done until
"wallet unblock"; a payment that was pressed before keeps its end. The subscriber gets an SMS.`),
		interventionCommand("unblock", ledger.ActUnblock, "End the block of a wallet",
			`End the block of a wallet, once the subscriber has proved who it is. The subscriber gets an
SMS.`),
		interventionCommand("unlock", ledger.ActUnlock, "End the lock that wrong PINs have made",
			`Let a PIN be typed again before the time that wrong ones have locked the wallet for, once the
subscriber has proved who it is. The next lock is as short as the first one. The subscriber gets an
SMS.`),
	)
}

func walletStatusCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "status MSISDN",
		Short: "Tell whether a wallet is blocked or locked, and who has changed that",
		Long: `Tell whether a wallet is blocked or locked, and who has changed that, when and why, newest
first. Times are UTC.

Exit codes: 0 it is told, 1 there is no such wallet, or failure, 2 wrong use.`,
		Example: indent("ussdgw wallet status 996555123456 --config /etc/ussdgw/config.yaml"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.wallet(cmd, args[0], func(s ledger.Store, w ledger.Wallet) error {
				return printWallet(cmd.Context(), cmd.OutOrStdout(), s, w, time.Now())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// interventionCommand is a command that does an act on the lock of a wallet.
func interventionCommand(name string, act ledger.Act, short, long string) *cobra.Command {
	var o ledgerOptions
	var by, reason string
	cmd := &cobra.Command{
		Use:   name + " MSISDN",
		Short: short,
		Long: long + `

Who has done it and why is recorded for ever.

Exit codes: 0 it is done, 1 it is not, or failure, 2 wrong use.`,
		Example: indent("ussdgw wallet "+name+` 996555123456 --reason "came with ID card" \`,
			"    --config /etc/ussdgw/config.yaml"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > ledger.MaxReason {
				return usage(cmd, fmt.Sprintf(
					`say why in 1 to %d characters: --reason "came with ID card"`, ledger.MaxReason))
			}
			actor, err := actorOf(cmd, by)
			if err != nil {
				return err
			}
			if utf8.RuneCountInString(actor) > ledger.MaxActor || by == ledger.ActorSubscriber {
				return usage(cmd, fmt.Sprintf("--by and the user have at most %d characters together, "+
					"and it is not %q", ledger.MaxActor, ledger.ActorSubscriber))
			}
			return o.wallet(cmd, args[0], func(s ledger.Store, w ledger.Wallet) error {
				err := wallet.Intervene(cmd.Context(), s, w.Number, act, actor, reason, time.Now())
				if err != nil {
					return notIntervened(err)
				}
				return printAfter(cmd.Context(), cmd.OutOrStdout(), s, w.Number)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&by, "by", "", "who does it, recorded beside the user of this machine")
	cmd.Flags().StringVar(&reason, "reason", "",
		fmt.Sprintf("why, in at most %d characters (required)", ledger.MaxReason))
	return cmd
}

// wallet calls do with the ledger and the wallet of a number in it.
func (o ledgerOptions) wallet(
	cmd *cobra.Command, number string, do func(ledger.Store, ledger.Wallet) error,
) error {
	n, err := msisdn.Parse(number)
	if err != nil {
		return usage(cmd, fmt.Sprintf("%q is no number such as 996555123456", number))
	}
	ctx := cmd.Context()
	store, closeStore, _, err := openBooks(ctx, o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	w, err := store.Wallet(ctx, n)
	if errors.Is(err, ledger.ErrNoWallet) {
		return fmt.Errorf("the number %s has no wallet", n)
	}
	if err != nil {
		return err
	}
	return do(store, w)
}

// notIntervened says in words why an act was declined.
func notIntervened(err error) error {
	switch ledger.ReasonOf(err) {
	case ledger.ReasonNotBlocked:
		return errors.New("the wallet is not blocked")
	case ledger.ReasonNotLocked:
		return errors.New("no lock of wrong PINs is in force")
	case ledger.ReasonBlocked:
		return errors.New("the wallet is blocked, not locked by wrong PINs: see ussdgw wallet unblock")
	}
	return err
}

// printAfter prints what a wallet is after an act.
func printAfter(ctx context.Context, out io.Writer, s ledger.Store, n msisdn.Number) error {
	w, err := s.Wallet(ctx, n)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, lockState(w, time.Now()))
	return err
}

// lockState says whether a PIN is taken.
func lockState(w ledger.Wallet, now time.Time) string {
	switch {
	case w.Blocked():
		return "blocked"
	case w.LockedUntil.After(now):
		return "locked by wrong PINs until " + w.LockedUntil.UTC().Format(time.DateTime) + " UTC"
	}
	return "open"
}

func printWallet(
	ctx context.Context, out io.Writer, s ledger.Store, w ledger.Wallet, now time.Time,
) error {
	acts, err := s.Records(ctx, ledger.WalletSubject(w.ID), interventionsShown)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%s\n", lockState(w, now)); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, i := range acts {
		at := i.At.UTC().Format(time.DateTime)
		_, err := fmt.Fprintf(table, "%s\t%s\t%q\t%q\n", at, i.Act, i.Actor, i.Reason)
		if err != nil {
			return err
		}
	}
	return table.Flush()
}
