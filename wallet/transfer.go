package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// MaxRecipient is the most characters in the name of a Recipient.
const MaxRecipient = 14

// A TransferQuote asks for an offer of a transfer: one that a confirm screen is about to show.
type TransferQuote struct {
	Number   msisdn.Number // who pays
	To       msisdn.Number // who gets the amount
	Amount   money.Amount
	Lang     string // of the confirm screen and of the payer's SMS
	Revision string // of the menus that show it
	Again    bool   // the subscriber knows of the same transfer a few minutes ago and wants another
}

// A Recipient is who has a number, as far as others may know it.
type Recipient struct {
	Name string // the first name and an initial, "Айбек А.", at most MaxRecipient characters
}

// Recipient says who a transfer from one number to another would go to. It declines self, no_payee
// when the number has no wallet, payee_blocked when no money goes there, and too_often when the
// payer has asked Config.ChecksPerHour times within an hour, so that nobody reads all names off it.
func (i *Issuer) Recipient(ctx context.Context, from, to msisdn.Number) (Recipient, error) {
	w, err := i.Wallet(ctx, from)
	if err != nil {
		return Recipient{}, err
	}
	if !i.checks.take(w.ID, i.clock()) {
		return Recipient{}, decline(ledger.ReasonTooOften, "")
	}
	payee, err := i.recipient(ctx, w, to)
	if err != nil {
		return Recipient{}, err
	}
	return Recipient{Name: initialed(payee.Name)}, nil
}

// recipient returns the wallet that a transfer from w to a number goes to.
func (i *Issuer) recipient(
	ctx context.Context, w ledger.Wallet, to msisdn.Number,
) (ledger.Wallet, error) {
	if to == w.Number {
		return ledger.Wallet{}, decline(ledger.ReasonSelf, "")
	}
	payee, err := i.store.Wallet(ctx, to)
	if errors.Is(err, ledger.ErrNoWallet) {
		return ledger.Wallet{}, decline(ledger.ReasonNoPayee, "")
	}
	if err != nil {
		return ledger.Wallet{}, fmt.Errorf("wallet: recipient: %w", err)
	}
	return payee, mayReceive(payee)
}

// mayReceive declines for a wallet that gets no money from others.
func mayReceive(payee ledger.Wallet) error {
	if mayMove(payee) != nil {
		return decline(ledger.ReasonPayeeBlocked, "")
	}
	return nil
}

// OfferTransfer makes the wallet's open offer of a transfer, as Offer makes that of a payment. The
// Account of the offer is the payee's number in national form, its ProviderName the Recipient's.
//
// It declines blocked, suspect, self, no_payee, payee_blocked, below_min and above_max (Limit has
// the bound), limit_payment, limit_day and limit_month (Limit has what is left), payee_limit (Limit
// has what the payee may get), low_balance (Limit has the balance), and repeated (At has the time).
func (i *Issuer) OfferTransfer(ctx context.Context, q TransferQuote) (ledger.Offer, error) {
	w, err := i.mover(ctx, q.Number)
	if err != nil {
		return ledger.Offer{}, err
	}
	payee, err := i.recipient(ctx, w, q.To)
	if err != nil {
		return ledger.Offer{}, err
	}
	o := ledger.Offer{
		Wallet: w.ID, Operation: ledger.OpTransfer, Payee: payee.ID,
		ProviderName: initialed(payee.Name), Account: national(payee.Number), Amount: q.Amount,
		Revision: q.Revision, Lang: q.Lang,
	}
	if _, o.Fee, err = i.priced(w, o.Operation, q.Amount); err != nil {
		return ledger.Offer{}, err
	}
	return i.propose(ctx, w, o, payee, q.Again)
}

// mover returns the wallet of a number when no payment of it is under way and money moves from it.
func (i *Issuer) mover(ctx context.Context, n msisdn.Number) (ledger.Wallet, error) {
	w, err := i.settled(ctx, n)
	if err != nil {
		return w, nothingMoved(err)
	}
	return w, mayMove(w)
}

// priced returns an operation as the catalogue has it, and the fee of an amount. It declines
// below_min and above_max.
func (i *Issuer) priced(
	w ledger.Wallet, op ledger.Operation, amount money.Amount,
) (catalogue.Operation, money.Amount, error) {
	of, ok := i.catalogue(w.Number).Operations[string(op)]
	if !ok {
		return of, 0, fmt.Errorf("wallet: catalogue has no operation %q", op)
	}
	if err := between(amount, of.Min, of.Max); err != nil {
		return of, 0, err
	}
	fee, err := of.Fees[w.Level].Of(amount)
	if err != nil {
		return of, 0, fmt.Errorf("wallet: offer: %s: %w", op, err)
	}
	return of, fee, nil
}

// sent is the SMS of a transfer for who has paid. The ledger adds the balance.
func sent(w ledger.Wallet, o ledger.Offer, now time.Time) ledger.Message {
	m := paid(w, o, now)
	m.Key, m.Kind = KindSent+"/"+o.ID, KindSent
	return m
}

// received is the SMS of a transfer for who has got it, in its own language. The ledger adds the
// balance.
func received(w, payee ledger.Wallet, o ledger.Offer, now time.Time) ledger.Message {
	return ledger.Message{
		Key: KindReceived + "/" + o.ID, To: payee.Number, Kind: KindReceived, Lang: payee.Lang,
		CreatedAt: now,
		Fields: map[string]string{
			"payer": initialed(w.Name), "number": w.Number.Masked(), "amount": o.Amount.String(),
			"code": o.Code,
		},
	}
}

// initialed is a name as others may know it: the first name, cut when it is long, and the initial
// of the last.
func initialed(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	const initial = " A."
	first, last := []rune(words[0]), ""
	if len(words) > 1 {
		last = " " + string([]rune(words[len(words)-1])[:1]) + "."
	}
	return string(first[:min(len(first), MaxRecipient-len(initial))]) + last
}

// national is a number as subscribers of this country write it, 0555123456; another country's is
// left as it is.
func national(n msisdn.Number) string {
	rest, ok := strings.CutPrefix(n.Digits(), msisdn.CountryCode)
	if !ok || len(rest) != msisdn.NationalDigits {
		return n.Digits()
	}
	return "0" + rest
}
