package teller

import (
	"context"
	"fmt"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// payeeOutcomes are those of a transfer that its payee declines.
func payeeOutcomes() map[ledger.Reason]string {
	return map[ledger.Reason]string{
		ledger.ReasonNoPayee: "no_wallet", ledger.ReasonSelf: "own_number",
		ledger.ReasonPayeeBlocked: "cannot_receive",
	}
}

// recipient says who has a number, as far as a stranger may know.
func (t *Teller) recipient(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	to, err := msisdn.Parse(c.Action.Args["number"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: recipient: %w", err)
	}
	r, err := t.issuer.Recipient(ctx, c.Number, to)
	names := payeeOutcomes()
	names[ledger.ReasonTooOften] = "too_often"
	return t.outcome("ok", err, names,
		append(t.bounds(c, catalogue.OpTransfer), "payee", r.Name)...)
}

// bounds are the values that say what an operation moves at once.
func (t *Teller) bounds(c ussd.Call, operation string) []string {
	op := t.catalogue(c.Number).Operations[operation]
	return []string{"least", op.Min.Short(), "most", op.Max.Short()}
}

// offerTransfer writes the offer that the confirm screen of a transfer is about to show.
func (t *Teller) offerTransfer(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	args := c.Action.Args
	to, err := msisdn.Parse(args["number"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: transfer: %w", err)
	}
	amount, err := money.Parse(args["amount"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: transfer: %w", err)
	}
	o, err := t.issuer.OfferTransfer(ctx, wallet.TransferQuote{
		Number: c.Number, To: to, Amount: amount, Lang: c.Lang, Revision: c.Revision,
		Again: args["again"] != "",
	})
	if out := bounded(err); out {
		return t.outOfBounds(c, catalogue.OpTransfer, err)
	}
	names := payeeOutcomes()
	names[ledger.ReasonPayeeLimit] = "payee_limit"
	return t.quoted(err, names, "offer", o.ID, "payee", o.ProviderName, "amount", shown(o.Amount),
		"fee", shown(o.Fee))
}

// bounded reports an amount that an operation does not move at once.
func bounded(err error) bool {
	reason := ledger.ReasonOf(err)
	return reason == ledger.ReasonBelowMin || reason == ledger.ReasonAboveMax
}

func (t *Teller) outOfBounds(c ussd.Call, operation string, err error) (ussd.Answer, error) {
	a := answer("amount_refused", t.bounds(c, operation)...)
	a.Reason = string(ledger.ReasonOf(err))
	return a, nil
}
