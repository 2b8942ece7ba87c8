package teller

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"ussdgw/ussd"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
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
	return t.quoted(err, map[ledger.Reason]string{
		ledger.ReasonAccountFormat:   "account_refused",
		ledger.ReasonBelowMin:        "below_min",
		ledger.ReasonAboveMax:        "above_max",
		ledger.ReasonStopped:         "stopped",
		ledger.ReasonUnknownProvider: "stopped",
	}, "offer", o.ID, "amount", shown(o.Amount), "fee", shown(o.Fee))
}

// quoted makes the answer of an action that makes an offer. own are its own declines, besides those
// that all of them have. Where the balance is behind the PIN, nobody learns it by asking too much.
func (t *Teller) quoted(
	err error, own map[ledger.Reason]string, values ...string,
) (ussd.Answer, error) {
	names := map[ledger.Reason]string{
		ledger.ReasonLowBalance:   "low_balance",
		ledger.ReasonRepeated:     "repeated",
		ledger.ReasonLimitPayment: "limit",
		ledger.ReasonLimitDay:     "limit",
		ledger.ReasonLimitMonth:   "limit",
		ledger.ReasonBlocked:      "blocked",
		ledger.ReasonSuspect:      "suspect",
	}
	maps.Copy(names, own)
	if ledger.ReasonOf(err) == ledger.ReasonLowBalance && t.issuer.BalanceNeedsPIN() {
		a := answer("short")
		a.Reason = string(ledger.ReasonLowBalance)
		return a, nil
	}
	return t.outcome("ok", err, names, values...)
}

// pay executes the offer that the PIN was asked for, whatever its operation. What is terminal for
// the offer is news that the subscriber must come to know.
func (t *Teller) pay(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	id := c.Action.Args["offer"]
	r, err := t.issuer.Pay(ctx, c.Number, id, c.Action.Secrets["pin"], c.Attempt)
	if err == nil || errors.Is(err, ledger.ErrHeld) || errors.Is(err, ledger.ErrInDoubt) {
		a := t.accepted(ctx, c, r, err)
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
	a, err := t.outcome("", err, refusals(c.Action.Name))
	switch a.Outcome.Name {
	case "wrong_pin", "locked", "blocked", "suspect", "first_pin", "":
	default:
		a.Untold = id
	}
	return a, err
}

// accepted tells of an offer that was executed, is held until the other side decides, or is in
// doubt. What is held is told once: an SMS tells the end.
func (t *Teller) accepted(
	ctx context.Context, c ussd.Call, r ledger.Receipt, err error,
) ussd.Answer {
	switch {
	case errors.Is(err, ledger.ErrInDoubt):
		return answer("in_doubt", "code", r.Offer.Code)
	case c.Action.Name == actCashOut:
		return answer("code_sent", "amount", shown(r.Offer.Amount), "until",
			t.cashEnds(ctx, c, r))
	case err != nil:
		return answer("held", "code", r.Offer.Code)
	}
	return answer("paid", "code", r.Offer.Code, "amount", shown(r.Offer.Amount),
		"fee", shown(r.Offer.Fee), "balance", shown(r.Balance))
}

// refusals are the outcomes of an action that executes offers, by what the books declined for.
func refusals(action string) map[ledger.Reason]string {
	names := map[ledger.Reason]string{
		ledger.ReasonLowBalance:   "low_balance",
		ledger.ReasonWrongPIN:     "wrong_pin",
		ledger.ReasonLocked:       "locked",
		ledger.ReasonBlocked:      "blocked",
		ledger.ReasonSuspect:      "suspect",
		ledger.ReasonFirstPIN:     "first_pin",
		ledger.ReasonLimitPayment: "limit",
		ledger.ReasonLimitDay:     "limit",
		ledger.ReasonLimitMonth:   "limit",
		ledger.ReasonNotTaken:     "not_taken",
		ledger.ReasonKeyReused:    "not_taken",
	}
	switch action {
	case actPay:
		names[ledger.ReasonStopped], names[ledger.ReasonRefused] = "stopped", "refused"
	case actTransfer:
		names[ledger.ReasonNoPayee] = "cannot_receive"
		names[ledger.ReasonPayeeBlocked] = "cannot_receive"
		names[ledger.ReasonPayeeLimit] = "payee_limit"
	case actCashOut:
		names[ledger.ReasonCashOut] = "under_way"
		names[ledger.ReasonVoided] = "not_taken"
	}
	return names
}

// operation is what the offers are of that an action executes.
func operation(action string) ledger.Operation {
	switch action {
	case actTransfer:
		return ledger.OpTransfer
	case actCashOut:
		return ledger.OpCashOut
	}
	return ledger.OpPayment
}

// changed answers a PIN that was typed for an offer which is not the wallet's open one any more:
// the session has fallen behind the ledger. The subscriber is shown the open offer, which is the
// one confirmed last, and asked again; without one of the same operation, it has to be made anew.
func (t *Teller) changed(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	o, err := t.issuer.CurrentOffer(ctx, c.Number)
	if errors.Is(err, ledger.ErrNoOffer) || err == nil && o.Operation != operation(c.Action.Name) {
		return answer("expired"), nil
	}
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: current offer: %w", err)
	}
	values := []string{"amount", shown(o.Amount), "fee", shown(o.Fee), "offer", o.ID}
	switch o.Operation {
	case ledger.OpPayment:
		values = append(values, "category", t.category(c, o.Provider), "provider", o.Provider,
			"full_account", o.Account)
	case ledger.OpTransfer:
		to, err := msisdn.Parse(o.Account)
		if err != nil {
			return ussd.Answer{}, fmt.Errorf("teller: current offer: %w", err)
		}
		values = append(values, "payee", o.ProviderName, "number", to.Digits())
	}
	return answer("changed", values...), nil
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
	amount := shown(r.Offer.Amount)
	told := func(name string) ussd.Answer {
		return answer(name, "payee", r.Offer.ProviderName, "amount", amount, "code", r.Offer.Code)
	}
	var a ussd.Answer
	var d *ledger.Decline
	switch {
	case errors.Is(err, ledger.ErrNoOffer):
		return answer("none"), nil // the books know of no such payment
	case errors.Is(err, ledger.ErrInDoubt):
		a = told("in_doubt")
	case errors.Is(err, ledger.ErrHeld) && r.Offer.Operation == ledger.OpCashOut:
		a = answer("code_sent", "amount", amount, "until", t.cashEnds(ctx, c, r))
	case errors.Is(err, ledger.ErrHeld):
		a = told("held")
	case errors.As(err, &d):
		a = answer("not_taken", "payee", r.Offer.ProviderName, "amount", amount)
	case err != nil:
		return ussd.Answer{}, fmt.Errorf("teller: resolve: %w", err)
	case r.Offer.Operation == ledger.OpTransfer:
		a = told("sent")
	default:
		a = told("paid")
	}
	a.Untold, a.Pending = id, errors.Is(err, ledger.ErrInDoubt)
	return a, nil
}
