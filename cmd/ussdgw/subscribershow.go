package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// How much of each list `subscriber show` prints.
const (
	recordsShown   = 20
	movementsShown = 10
	holdsShown     = 20
)

func subscriberShowCommand() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "show MSISDN",
		Short: "Tell all about a subscriber's wallet but secrets",
		Long: `Tell what a wallet is and may do: its state, what the limits leave of each operation, money
that is held, the last movements, and who has changed what, when and why. Each list is newest first.
Times are UTC. Names are masked. The INN is never shown: see --check-inn of "subscriber confirm".

Exit codes: 0 it is told, 1 there is no such wallet, or failure, 2 wrong use.`,
		Example: indent("ussdgw subscriber show 996555123456 --config /etc/ussdgw/config.yaml"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.desk(cmd, args[0], func(d *desk) error { return d.show(time.Now()) })
		},
	}
	o.flags(cmd)
	return cmd
}

// show prints all about the wallet.
func (d *desk) show(now time.Time) error {
	table := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, section := range []func(io.Writer, time.Time) error{
		d.showWallet, d.showLimits, d.showHolds, d.showMovements, d.showRecords,
	} {
		if err := section(table, now); err != nil {
			return err
		}
	}
	return table.Flush()
}

// tableRow prints one line of a section: its name, then its columns.
func tableRow(w io.Writer, name string, columns ...string) {
	// A tabwriter keeps what it is given until Flush, which tells of an error.
	_, _ = fmt.Fprintf(w, "%s\t%s\n", name, strings.Join(columns, "\t"))
}

func at(t time.Time) string { return t.UTC().Format(time.DateTime) }

func (d *desk) showWallet(table io.Writer, now time.Time) error {
	w := d.wallet
	v, err := d.store.PIN(d.ctx, w.ID)
	if err != nil {
		return err
	}
	tableRow(table, "state", walletState(w, now))
	tableRow(table, "number", w.Number.Masked())
	tableRow(table, "name", maskedName(w.Name))
	tableRow(table, "language", w.Lang)
	tableRow(table, "level", w.Level)
	tableRow(table, "registered", at(w.RegisteredAt)+" UTC")
	tableRow(table, "agreed to", d.agreedTo())
	tableRow(table, "INN", known(w.INNHash))
	tableRow(table, "SIM", known(w.IMSIHash))
	tableRow(table, "PIN", fmt.Sprintf("%s, key version %d", pinState(w), v.KeyVersion))
	tableRow(table, "balance", w.Balance.String()+" KGS")
	tableRow(table, "to spend", w.Available().String()+" KGS")
	return nil
}

// agreedTo names the public offer that the wallet was registered under.
func (d *desk) agreedTo() string {
	if offer, err := d.cfg.Wallet.publicOffer(); err == nil && offer.Hash == d.wallet.OfferHash {
		return fmt.Sprintf("%q, SHA-256 %s", offer.Version, offer.Hash)
	}
	return "SHA-256 " + d.wallet.OfferHash
}

func known(hash []byte) string {
	if len(hash) == 0 {
		return "not known"
	}
	return "known"
}

func pinState(w ledger.Wallet) string {
	switch {
	case w.PINReset && w.FirstPIN:
		return "reset, not used yet"
	case w.PINReset:
		return "reset, not changed yet"
	case w.FirstPIN:
		return "first, not used yet"
	}
	return "in use"
}

// maskedName shows how each word of a name begins.
func maskedName(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		words[i] = string([]rune(word)[:1]) + "***"
	}
	return strings.Join(words, " ")
}

// operations are those that a wallet may do.
var operations = []ledger.Operation{
	ledger.OpPayment, ledger.OpTransfer, ledger.OpCashOut, ledger.OpCashIn, ledger.OpOut,
}

// showLimits prints what the limits leave. Menus that cannot be read here hide nothing else.
func (d *desk) showLimits(table io.Writer, _ time.Time) error {
	c, err := d.catalogue(d.ctx)
	if err != nil {
		tableRow(table, "limits", fmt.Sprintf("not known: %v", err))
		return nil
	}
	issuer, err := d.issuer(nil, c)
	if err != nil {
		return err
	}
	tableRow(table, "left", "once", "today", "this month")
	for _, op := range operations {
		a, err := issuer.Allowance(d.ctx, d.wallet.Number, op)
		if err != nil {
			tableRow(table, "  "+string(op), err.Error())
			continue
		}
		tableRow(table, "  "+string(op), left(a.Once), left(a.Today), left(a.Month))
	}
	return nil
}

// left is what a limit leaves.
func left(a money.Amount) string {
	if a >= ledger.MaxAmount {
		return "no limit"
	}
	return a.String()
}

func (d *desk) showHolds(table io.Writer, _ time.Time) error {
	holds, err := d.store.WalletHolds(d.ctx, d.wallet.ID, holdsShown)
	if err != nil || len(holds) == 0 {
		return err
	}
	tableRow(table, "held", "amount", "fee", "state", "for", "payment")
	for _, h := range holds {
		tableRow(table, "  "+at(h.CreatedAt), h.Offer.Amount.String(), h.Offer.Fee.String(),
			string(h.State), heldFor(h.Offer), h.ID)
	}
	return nil
}

func heldFor(o ledger.Offer) string {
	if o.Provider != "" {
		return o.Provider
	}
	return string(o.Operation)
}

func (d *desk) showMovements(table io.Writer, _ time.Time) error {
	account := ledger.WalletAccount(d.wallet.ID)
	all, err := d.store.Movements(d.ctx, account, 0, movementsShown)
	if err != nil || len(all) == 0 {
		return err
	}
	tableRow(table, "movements", "amount", "kind", "for", "transfer")
	for _, m := range all {
		tableRow(table, "  "+at(m.At), m.Amount.String(), m.Kind, m.Offer.Provider, m.Transfer)
	}
	return nil
}

func (d *desk) showRecords(table io.Writer, _ time.Time) error {
	all, err := d.store.Records(d.ctx, ledger.WalletSubject(d.wallet.ID), recordsShown)
	if err != nil || len(all) == 0 {
		return err
	}
	tableRow(table, "audit", "act", "by", "reason", "")
	for _, r := range all {
		tableRow(table, "  "+at(r.At), r.Act, fmt.Sprintf("%q", r.Actor), fmt.Sprintf("%q", r.Reason),
			r.Detail)
	}
	return nil
}
