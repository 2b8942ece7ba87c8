package teller

import (
	"context"
	"errors"
	"fmt"

	"ussdgw/ussd"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// proof does what takes what only the owner of a wallet knows. A wrong answer is a wrong PIN.
func (t *Teller) proof(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	inn := c.Action.Secrets["inn"]
	names := map[ledger.Reason]string{
		ledger.ReasonWrongPIN: "wrong", ledger.ReasonLocked: "locked",
		ledger.ReasonBlocked: "blocked",
	}
	if c.Action.Name == actConfirm {
		return t.outcome("ok", t.issuer.ConfirmIdentity(ctx, c.Number, inn, c.Attempt), names)
	}
	amount, err := money.Parse(c.Action.Args["amount"])
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: forgotten PIN: %w", err)
	}
	err = t.issuer.ForgottenPIN(ctx, c.Number, inn, amount, c.Attempt)
	if errors.Is(err, ledger.ErrNoWallet) {
		return answer("unregistered"), nil
	}
	names[ledger.ReasonSuspect], names[ledger.ReasonTooOften] = "suspect", "too_often"
	names[ledger.ReasonAskSupport] = "ask_support"
	return t.outcome("ok", err, names)
}
