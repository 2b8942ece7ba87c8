package teller

import (
	"context"
	"errors"
	"fmt"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// offer writes the offer that the confirm screen is about to show.
func (t *Teller) offer(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	args := c.Action.Args
	amount, err := money.Parse(args["amount"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: offer: %w", err)
	}
	o, err := t.issuer.Offer(ctx, wallet.Quote{
		Number: c.Number, Provider: args["provider"], Account: args["account"], Amount: amount,
		Lang: c.Lang, Revision: c.Revision, Again: args["again"] != "",
	})
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonLowBalance:      "low_balance",
		ledger.ReasonRepeated:        "repeated",
		ledger.ReasonAccountFormat:   "account_refused",
		ledger.ReasonBelowMin:        "below_min",
		ledger.ReasonAboveMax:        "above_max",
		ledger.ReasonLimitPayment:    "limit",
		ledger.ReasonLimitDay:        "limit",
		ledger.ReasonLimitMonth:      "limit",
		ledger.ReasonStopped:         "stopped",
		ledger.ReasonUnknownProvider: "stopped",
		ledger.ReasonBlocked:         "blocked",
	}, "offer", o.ID, "amount", shown(o.Amount), "fee", shown(o.Fee))
}

// pay executes the offer that the PIN was asked for. Whatever is terminal for the offer is news
// that the subscriber must come to know.
func (t *Teller) pay(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	id := c.Action.Args["offer"]
	r, err := t.issuer.Pay(ctx, c.Number, id, c.Action.Secrets["pin"], c.Attempt)
	if err == nil {
		a := answer("paid", "code", r.Offer.Code, "amount", shown(r.Offer.Amount),
			"fee", shown(r.Offer.Fee), "balance", shown(r.Balance))
		a.Untold = id
		return a, nil
	}
	if errors.Is(err, ledger.ErrInDoubt) || errors.Is(err, ledger.ErrHeld) {
		// What is held is no doubt of the books: it is told once, and an SMS tells the end.
		a := answer("in_doubt", "code", r.Offer.Code)
		a.Untold, a.Pending = id, errors.Is(err, ledger.ErrInDoubt)
		return a, nil
	}
	var d *ledger.Decline
	if !errors.As(err, &d) {
		return ussd.Answer{}, fmt.Errorf("teller: pay: %w", err)
	}
	switch d.Reason {
	case ledger.ReasonSuperseded, ledger.ReasonWithdrawn, ledger.ReasonExpired:
		a, err := t.changed(ctx, c)
		if err == nil {
			a.Reason = string(d.Reason)
		}
		return a, err
	}
	a, err := t.outcome("", err, map[ledger.Reason]string{
		ledger.ReasonLowBalance:   "low_balance",
		ledger.ReasonWrongPIN:     "wrong_pin",
		ledger.ReasonLocked:       "locked",
		ledger.ReasonBlocked:      "blocked",
		ledger.ReasonFirstPIN:     "first_pin",
		ledger.ReasonLimitPayment: "limit",
		ledger.ReasonLimitDay:     "limit",
		ledger.ReasonLimitMonth:   "limit",
		ledger.ReasonStopped:      "stopped",
		ledger.ReasonNotTaken:     "not_taken",
		ledger.ReasonRefused:      "not_taken",
		ledger.ReasonKeyReused:    "not_taken",
	})
	switch a.Outcome.Name {
	case "low_balance", "limit", "stopped", "not_taken":
		a.Untold = id
	}
	return a, err
}

// changed answers a PIN that was typed for an offer which is not the wallet's open one any more:
// the session has fallen behind the ledger. The subscriber is shown the open offer, which is the
// one confirmed last, and asked again; without one, the payment has to be made anew.
func (t *Teller) changed(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	o, err := t.issuer.CurrentOffer(ctx, c.Number)
	if errors.Is(err, ledger.ErrNoOffer) {
		return answer("expired"), nil
	}
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: current offer: %w", err)
	}
	return answer("changed", "category", t.category(c, o.Provider), "provider", o.Provider,
		"full_account", o.Account, "amount", shown(o.Amount), "fee", shown(o.Fee),
		"offer", o.ID), nil
}

// category returns the id of the category that a provider is in, or "".
func (t *Teller) category(c ussd.Call, provider string) string {
	for _, cat := range t.catalogue(c.Number).Categories {
		for _, p := range cat.Providers {
			if p.ID == provider {
				return cat.ID
			}
		}
	}
	return ""
}

// resolve finds out what became of an offer, and makes sure that nothing will if nothing has.
func (t *Teller) resolve(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	id := c.Action.Args["offer"]
	r, err := t.issuer.Resolve(ctx, c.Number, id)
	name := "paid"
	var d *ledger.Decline
	switch {
	case errors.Is(err, ledger.ErrNoOffer):
		return answer("none"), nil // the books know of no such payment
	case errors.Is(err, ledger.ErrInDoubt), errors.Is(err, ledger.ErrHeld):
		name = "in_doubt"
	case errors.As(err, &d):
		name = "not_taken"
	case err != nil:
		return ussd.Answer{}, fmt.Errorf("teller: resolve: %w", err)
	}
	a := answer(name, "payee", r.Offer.ProviderName, "amount", shown(r.Offer.Amount))
	if name != "not_taken" {
		a.Outcome.Values["code"] = r.Offer.Code
	}
	a.Untold, a.Pending = id, errors.Is(err, ledger.ErrInDoubt)
	return a, nil
}
