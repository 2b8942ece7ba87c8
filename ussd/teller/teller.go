// Package teller does the actions of the menu with the wallet: it turns arguments into
// operations, and results and refusals into outcomes. It is the only place where menu and wallet
// meet. It starts no goroutines and keeps nothing between two calls.
package teller

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// The actions that a menu may use.
const (
	actIdentify    = "subscriber.identify"
	actSetLanguage = "subscriber.set_language"
	actRegister    = "wallet.register"
	actResendPIN   = "wallet.resend_pin"
	actBalance     = "wallet.balance"
	actBalancePIN  = "wallet.balance_pin"
	actHistory     = "wallet.history"
	actMovement    = "wallet.movement"
	actSendReceipt = "wallet.send_receipt"
	actLimits      = "wallet.limits"
	actBlock       = "wallet.block"
	actCheckPIN    = "pin.check"
	actStagePIN    = "pin.stage"
	actChangePIN   = "pin.change"
	actForgotten   = "pin.forgotten"
	actConfirm     = "identity.confirm"
	actFavourites  = "payment.favourites"
	actRecent      = "payment.recent"
	actRepeat      = "payment.repeat"
	actAccount     = "payment.account"
	actOffer       = "payment.offer"
	actWithdraw    = "payment.withdraw"
	actPay         = "payment.pay"
	actResolve     = "payment.resolve"

	actCheckAccount  = "payment.check"
	actTopUp         = "topup.number"
	actRecipient     = "transfer.recipient"
	actOfferTransfer = "transfer.offer"
	actTransfer      = "transfer.pay"
	actCashStatus    = "cashout.status"
	actOfferCash     = "cashout.offer"
	actCashOut       = "cashout.pay"
	actCancelCash    = "cashout.cancel"
)

// A Teller serves the wallet over the menu. It is safe for concurrent use.
type Teller struct {
	issuer    *wallet.Issuer
	catalogue func(msisdn.Number) *catalogue.Catalogue
	zone      *time.Location
}

// New returns a Teller. live returns the catalogue that holds for a subscriber at the moment of a
// call, never nil. zone is the time zone of the times on screens.
func New(
	i *wallet.Issuer, live func(msisdn.Number) *catalogue.Catalogue, zone *time.Location,
) *Teller {
	return &Teller{issuer: i, catalogue: live, zone: zone}
}

// Do implements ussd.Teller.
func (t *Teller) Do(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	switch c.Action.Name {
	case actIdentify:
		return t.identify(ctx, c)
	case actSetLanguage:
		err := t.issuer.SetLanguage(ctx, c.Number, c.Lang)
		return t.outcome("ok", err, nil)
	case actRegister:
		return t.register(ctx, c)
	case actResendPIN:
		return t.resend(ctx, c)
	case actBalance, actBalancePIN:
		return t.balance(ctx, c)
	case actLimits:
		return t.limits(ctx, c)
	case actHistory:
		return t.history(ctx, c)
	case actMovement:
		return t.movement(ctx, c)
	case actSendReceipt:
		return t.sendReceipt(ctx, c)
	case actCheckPIN, actStagePIN, actChangePIN, actBlock:
		return t.secret(ctx, c)
	case actForgotten, actConfirm:
		return t.proof(ctx, c)
	}
	return t.move(ctx, c)
}

// move does what belongs to a payment, a transfer or a cash-out.
func (t *Teller) move(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	switch c.Action.Name {
	case actFavourites:
		return t.favourites(ctx, c)
	case actRecent:
		return t.recent(ctx, c)
	case actRepeat:
		return t.repeat(ctx, c)
	case actAccount:
		return t.account(c)
	case actCheckAccount:
		return t.check(ctx, c)
	case actTopUp:
		return t.topUp(c)
	case actRecipient:
		return t.recipient(ctx, c)
	case actCashStatus:
		return t.cashStatus(ctx, c)
	case actCancelCash:
		return t.cancelCash(ctx, c)
	case actOffer:
		return t.offer(ctx, c)
	case actOfferTransfer:
		return t.offerTransfer(ctx, c)
	case actOfferCash:
		return t.offerCash(ctx, c)
	case actWithdraw:
		return t.outcome("done", t.issuer.Withdraw(ctx, c.Number), nil)
	case actPay, actTransfer, actCashOut:
		return t.pay(ctx, c)
	case actResolve:
		return t.resolve(ctx, c)
	}
	return ussd.Answer{}, fmt.Errorf("teller: no action %q", c.Action.Name)
}

// balance tells what a wallet has to spend. The operator may want the PIN first.
func (t *Teller) balance(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	if c.Action.Name == actBalancePIN {
		balance, err := t.issuer.BalanceWithPIN(ctx, c.Number, c.Action.Secrets["pin"], c.Attempt)
		return t.outcome("ok", err, map[ledger.Reason]string{
			ledger.ReasonWrongPIN: "wrong", ledger.ReasonLocked: "locked",
			ledger.ReasonBlocked: "blocked", ledger.ReasonSuspect: "suspect",
		}, "balance", shown(balance))
	}
	if t.issuer.BalanceNeedsPIN() {
		return answer("ask_pin"), nil
	}
	balance, err := t.issuer.Balance(ctx, c.Number)
	return t.outcome("ok", err, nil, "balance", shown(balance))
}

// secret does what a PIN alone is for.
func (t *Teller) secret(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	var err error
	pin := c.Action.Secrets["pin"]
	switch c.Action.Name {
	case actCheckPIN:
		err = t.issuer.CheckPIN(ctx, c.Number, pin, c.Attempt)
	case actStagePIN:
		err = t.issuer.StagePIN(ctx, c.Number, pin)
	case actChangePIN:
		err = t.issuer.ChangePIN(ctx, c.Number, pin, c.Attempt)
	case actBlock:
		err = t.issuer.Block(ctx, c.Number, pin, c.Attempt)
	}
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonWrongPIN: "wrong", ledger.ReasonLocked: "locked",
		ledger.ReasonBlocked: "blocked", ledger.ReasonWeakPIN: "weak",
		ledger.ReasonSamePIN: "same", ledger.ReasonMismatch: "mismatch",
		ledger.ReasonNotStaged: "expired", ledger.ReasonSuspect: "suspect",
	})
}

// outcome makes the answer of an operation: done with the given values when err is nil, the
// outcome that names gives to a decline's reason, or the technical error.
func (t *Teller) outcome(
	done string, err error, names map[ledger.Reason]string, values ...string,
) (ussd.Answer, error) {
	if err == nil {
		return answer(done, values...), nil
	}
	var d *ledger.Decline
	if errors.As(err, &d) {
		if name, ok := names[d.Reason]; ok {
			a := answer(name, t.details(d)...)
			a.Reason = string(d.Reason)
			return a, nil
		}
	}
	return ussd.Answer{}, fmt.Errorf("teller: %w", err)
}

// details are the values that a decline brings to its screen.
func (t *Teller) details(d *ledger.Decline) []string {
	switch d.Reason {
	case ledger.ReasonWrongPIN:
		return []string{"left", strconv.Itoa(d.Left)}
	case ledger.ReasonLocked:
		return []string{"until", d.Until.In(t.zone).Format("02.01.06 15:04")}
	case ledger.ReasonRepeated:
		return []string{"time", d.At.In(t.zone).Format("15:04")}
	case ledger.ReasonLimitPayment, ledger.ReasonLimitDay, ledger.ReasonLimitMonth:
		return []string{"rest", shown(d.Limit)}
	case ledger.ReasonLowBalance:
		return []string{"balance", shown(d.Limit)}
	}
	return nil
}

// answer makes an Answer of an outcome's name and pairs of value name and value.
func answer(name string, pairs ...string) ussd.Answer {
	values := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return ussd.Answer{Outcome: menu.Outcome{Name: name, Values: values}}
}

func (t *Teller) identify(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	network, known := t.catalogue(c.Number).Network(c.Number.Digits())
	if known && !network.Served {
		return answer("elsewhere", "where", catalogue.Text(network.Elsewhere, c.Lang)), nil
	}
	w, err := t.issuer.Wallet(ctx, c.Number)
	if errors.Is(err, ledger.ErrNoWallet) {
		return answer("unregistered"), nil
	}
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: identify: %w", err)
	}
	a := answer("registered")
	if w.Suspect != "" {
		a = answer("suspect")
	}
	a.Outcome.Lang = w.Lang
	return a, nil
}

func (t *Teller) register(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	err := t.issuer.Register(ctx, wallet.Application{
		Number: c.Number, Name: c.Action.Args["name"], INN: c.Action.Args["inn"],
		Lang: c.Lang,
	})
	if errors.Is(err, wallet.ErrINN) {
		return answer("inn_refused"), nil
	}
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonINNTaken: "inn_taken", ledger.ReasonINNFuture: "inn_refused",
		ledger.ReasonRegistered: "already",
	})
}

func (t *Teller) resend(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	err := t.issuer.ResendFirstPIN(ctx, c.Number, c.Attempt)
	if errors.Is(err, ledger.ErrNoWallet) {
		return answer("unregistered"), nil
	}
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonPINUsed: "used", ledger.ReasonTooOften: "too_often",
		ledger.ReasonBlocked: "blocked", ledger.ReasonSuspect: "suspect",
	})
}
