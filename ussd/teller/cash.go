package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// cashStatus says whether cash waits to be fetched.
func (t *Teller) cashStatus(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	h, err := t.issuer.CashOut(ctx, c.Number)
	if errors.Is(err, ledger.ErrNoHold) {
		return answer("none", t.bounds(c, catalogue.OpCashOut)...), nil
	}
	return t.outcome("open", err, nil, "amount", shown(h.Offer.Amount),
		"until", t.until(h.CreatedAt, h.Deadline))
}

// until says when something ends that began within a day before, and on which day otherwise.
func (t *Teller) until(begin, end time.Time) string {
	if end.Sub(begin) < 24*time.Hour {
		return end.In(t.zone).Format("15:04")
	}
	return end.In(t.zone).Format("02.01 15:04")
}

// offerCash writes the offer that the confirm screen of a cash-out is about to show.
func (t *Teller) offerCash(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	amount, err := money.Parse(c.Action.Args["amount"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: cash-out: %w", err)
	}
	o, err := t.issuer.OfferCashOut(ctx, wallet.CashOutQuote{
		Number: c.Number, Amount: amount, Lang: c.Lang, Revision: c.Revision,
	})
	if bounded(err) {
		return t.outOfBounds(c, catalogue.OpCashOut, err)
	}
	return t.quoted(err, map[ledger.Reason]string{ledger.ReasonCashOut: "under_way"},
		"offer", o.ID, "amount", shown(o.Amount), "fee", shown(o.Fee))
}

// cancelCash gives the money of a cash-out back before anybody has fetched it.
func (t *Teller) cancelCash(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	err := t.issuer.CancelCashOut(ctx, c.Number, c.Attempt)
	if errors.Is(err, ledger.ErrNoHold) {
		return answer("none"), nil
	}
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonPosted: "none", ledger.ReasonVoided: "none", ledger.ReasonNoCashOut: "none",
	})
}

// cashEnds says until when the cash of an offer can be fetched. Of one that has an end already, or
// where the books do not tell, it is what is certain: when it was set aside or paid.
func (t *Teller) cashEnds(ctx context.Context, c ussd.Call, r ledger.Receipt) string {
	h, err := t.issuer.CashOut(ctx, c.Number)
	switch {
	case err == nil && h.ID == r.Offer.ID:
		return t.until(h.CreatedAt, h.Deadline)
	case r.PostedAt.IsZero():
		return t.until(r.Offer.HeldAt, r.Offer.HeldAt)
	}
	return t.until(r.PostedAt, r.PostedAt)
}
