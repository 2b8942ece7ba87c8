package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
)

func subscriberCommand() *cobra.Command {
	return group("subscriber", "Look after one subscriber, as support does",
		subscriberShowCommand(),
		interventionCommand("block", ledger.ActBlock, "Block a wallet: its PIN is taken no more",
			`Block a wallet, such as that of a phone that was lost. Nothing that takes a PIN is done until
"subscriber unblock"; a payment that was pressed before keeps its end. The subscriber gets an
SMS.`),
		interventionCommand("unblock", ledger.ActUnblock, "End the block of a wallet",
			`End the block of a wallet, once the subscriber has proved who it is. The subscriber gets an
SMS.`),
		interventionCommand("unlock", ledger.ActUnlock, "End the lock that wrong PINs have made",
			`Let a PIN be typed again before the time that wrong ones have locked the wallet for, once the
subscriber has proved who it is. The next lock is as short as the first one. The subscriber gets an
SMS.`),
		levelCommand(), resetPINCommand(), confirmCommand(), recycledCommand(),
	)
}

// clerkOptions are the flags of what support does to a wallet: where, who and why.
type clerkOptions struct {
	ledgerOptions
	actOptions
	checkINN bool
}

func (o *clerkOptions) flags(cmd *cobra.Command) {
	o.ledgerOptions.flags(cmd)
	o.actOptions.flags(cmd)
}

// innFlag adds --check-inn.
func (o *clerkOptions) innFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.checkINN, "check-inn", false,
		"ask for the INN on the document, and do it only if it is the subscriber's")
}

// clerk checks who does it and why.
func (o *clerkOptions) clerk(cmd *cobra.Command) (wallet.Clerk, error) {
	r, err := o.record(cmd, "came with ID card")
	return wallet.Clerk{Name: r.Actor, Reason: r.Reason}, err
}

// actOnSubscriber makes a command of an act of the support on a wallet. What has been done is seen
// in the state that it prints at the end.
func actOnSubscriber(
	o *clerkOptions, cmd *cobra.Command, act func(*desk, wallet.Clerk, []string) error,
) *cobra.Command {
	cmd.Long += `

Who has done it and why is recorded for ever.

Exit codes: 0 it is done, 1 it is not, or failure, 2 wrong use.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		by, err := o.clerk(cmd)
		if err != nil {
			return err
		}
		return o.desk(cmd, args[0], func(d *desk) error {
			if err := act(d, by, args[1:]); err != nil {
				return notDone(err)
			}
			return d.printState(cmd.Context())
		})
	}
	o.flags(cmd)
	return cmd
}

// interventionCommand is a command that does an act on the lock of a wallet.
func interventionCommand(name string, act ledger.Act, short, long string) *cobra.Command {
	return actOnSubscriber(new(clerkOptions), &cobra.Command{
		Use: name + " MSISDN", Short: short, Long: long, Args: cobra.ExactArgs(1),
		Example: indent("ussdgw subscriber "+name+` 996555123456 --reason "came with ID card" \`,
			"    --config /etc/ussdgw/config.yaml"),
	}, func(d *desk, by wallet.Clerk, _ []string) error {
		return wallet.Intervene(d.ctx, d.store, d.wallet.Number, act, by.Name, by.Reason, time.Now())
	})
}

func levelCommand() *cobra.Command {
	return actOnSubscriber(new(clerkOptions), &cobra.Command{
		Use: "level MSISDN LEVEL", Short: "Change the level of identification, and so the limits",
		Long: `Change the level of identification of a subscriber, and so the limits of the wallet.
The menus that are live say which levels there are.`,
		Args: cobra.ExactArgs(2),
		Example: indent(`ussdgw subscriber level 996555123456 in_person --reason "came with ID card" \`,
			"    --config /etc/ussdgw/config.yaml"),
	}, func(d *desk, by wallet.Clerk, args []string) error {
		c, err := d.catalogue(d.ctx)
		if err != nil {
			return err
		}
		if _, known := c.Limits[args[0]]; !known {
			return fmt.Errorf("the menus have no limits of level %q; they have: %s", args[0],
				strings.Join(levels(c), ", "))
		}
		issuer, err := d.issuer(nil, c)
		if err != nil {
			return err
		}
		return issuer.SetLevel(d.ctx, d.wallet.Number, args[0], by)
	})
}

func resetPINCommand() *cobra.Command {
	o := new(clerkOptions)
	cmd := actOnSubscriber(o, &cobra.Command{
		Use: "reset-pin MSISDN", Short: "Send a new first PIN, for one that was forgotten",
		Long: `Make a new first PIN and send it by SMS, once the subscriber has proved who it is:
whoever has the phone will have the PIN. It has to be changed before money moves. It also ends a
lock of wrong PINs. Nobody sees the PIN here. It is refused for a wallet that is blocked, or whose
number may have another owner.`,
		Args: cobra.ExactArgs(1),
		Example: indent("ussdgw subscriber reset-pin 996555123456 --check-inn \\",
			`    --reason "came with ID card" --config /etc/ussdgw/config.yaml`),
	}, func(d *desk, by wallet.Clerk, _ []string) error {
		issuer, err := d.identified(o.checkINN, &by)
		if err != nil {
			return err
		}
		return issuer.ResetPIN(d.ctx, d.wallet.Number, by)
	})
	o.innFlag(cmd)
	return cmd
}

func confirmCommand() *cobra.Command {
	o := new(clerkOptions)
	cmd := actOnSubscriber(o, &cobra.Command{
		Use: "confirm MSISDN", Short: "Say that a number still is its subscriber's",
		Long: `End the suspicion that a number has another owner, once the subscriber has proved
who it is: money moves again, and the next SIM that the network tells is the subscriber's.`,
		Args: cobra.ExactArgs(1),
		Example: indent("ussdgw subscriber confirm 996555123456 --check-inn \\",
			`    --reason "came with ID card" --config /etc/ussdgw/config.yaml`),
	}, func(d *desk, by wallet.Clerk, _ []string) error {
		issuer, err := d.identified(o.checkINN, &by)
		if err != nil {
			return err
		}
		return issuer.Confirm(d.ctx, d.wallet.Number, by)
	})
	o.innFlag(cmd)
	return cmd
}

func recycledCommand() *cobra.Command {
	return actOnSubscriber(new(clerkOptions), &cobra.Command{
		Use: "recycled MSISDN", Short: "Say that the network has given a number to somebody else",
		Long: `Stop the money of a wallet whose number the network has given to somebody else, until
its INN is confirmed. No SMS is sent: a stranger would read it.`,
		Args: cobra.ExactArgs(1),
		Example: indent(`ussdgw subscriber recycled 996555123456 --reason "list of 1 July" \`,
			"    --config /etc/ussdgw/config.yaml"),
	}, func(d *desk, by wallet.Clerk, _ []string) error {
		issuer, err := d.issuer(nil, nil)
		if err != nil {
			return err
		}
		return issuer.Recycled(d.ctx, d.wallet.Number, by)
	})
}

// notDone says in words why an act was declined.
func notDone(err error) error {
	switch ledger.ReasonOf(err) {
	case ledger.ReasonNotBlocked:
		return errors.New("the wallet is not blocked")
	case ledger.ReasonNotLocked:
		return errors.New("no lock of wrong PINs is in force")
	case ledger.ReasonBlocked:
		return errors.New("the wallet is blocked: see ussdgw subscriber unblock")
	case ledger.ReasonSuspect:
		return errors.New("the number may have another owner already: see ussdgw subscriber confirm")
	case ledger.ReasonNotSuspect:
		return errors.New("nobody suspects that the number has another owner")
	}
	return err
}

// printState prints what a wallet is after an act.
func (d *desk) printState(ctx context.Context) error {
	w, err := d.store.Wallet(ctx, d.wallet.Number)
	if err == nil {
		_, err = fmt.Fprintln(d.out, walletState(w, time.Now()))
	}
	return err
}

// walletState says whether a PIN is taken and whether money moves.
func walletState(w ledger.Wallet, now time.Time) string {
	state := "open"
	switch {
	case w.Blocked():
		state = "blocked"
	case w.LockedUntil.After(now):
		state = "locked by wrong PINs until " + w.LockedUntil.UTC().Format(time.DateTime) + " UTC"
	}
	switch w.Suspect {
	case "":
	case ledger.SuspectRecycled:
		state += "; no money moves: the number has another owner"
	default:
		state += "; no money moves: the number is used with another SIM"
	}
	return state
}
