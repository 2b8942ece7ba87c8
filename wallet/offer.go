package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// A payment code has ten digits, the first of which is not 0.
const (
	firstCode = 1_000_000_000
	lastCode  = 9_999_999_999
)

// A Quote asks for an offer: a payment that a confirm screen is about to show.
type Quote struct {
	Number   msisdn.Number
	Provider string // id in the catalogue
	Account  string // the subscriber's account with the provider, as Issuer.Account makes it
	Amount   money.Amount
	Lang     string // of the confirm screen and of the SMS
	Revision string // of the menus that show it
	Again    bool   // the subscriber knows of the same payment a few minutes ago and wants another
}

// Offer makes the wallet's open offer, with the fee of the moment, and supersedes an earlier one.
// What it quotes is what Pay will charge.
//
// A wallet has one payment at a time. One that is still under way is first settled, as by Resolve,
// and an SMS tells its end. When it cannot be settled now, or when one is begun beside this offer,
// there is no offer, and the error is ledger.ErrUnavailable.
//
// It declines blocked, suspect, unknown_provider, stopped, account_format (Field says which),
// below_min and above_max (Limit has the bound), limit_payment, limit_day and limit_month (Limit
// has what is left), low_balance (Limit has the balance), and repeated (At has the time).
func (i *Issuer) Offer(ctx context.Context, q Quote) (ledger.Offer, error) {
	w, err := i.mover(ctx, q.Number)
	if err != nil {
		return ledger.Offer{}, err
	}
	p, err := i.quote(q)
	if err != nil {
		return ledger.Offer{}, err
	}
	o := ledger.Offer{
		Wallet: w.ID, Operation: ledger.OpPayment, Provider: p.ID,
		ProviderName: catalogue.Text(p.Name, q.Lang), Account: q.Account, Amount: q.Amount,
		Revision: q.Revision, Lang: q.Lang,
	}
	if o.Fee, o.ProviderFee, err = p.Fee.Charge(q.Amount); err != nil {
		return ledger.Offer{}, fmt.Errorf("wallet: offer: provider %s: %w", p.ID, err)
	}
	return i.propose(ctx, w, o, ledger.Wallet{}, q.Again)
}

// propose takes an offer through what every offer has to pass, and opens it. payee is that of a
// transfer.
func (i *Issuer) propose(
	ctx context.Context, w ledger.Wallet, o ledger.Offer, payee ledger.Wallet, again bool,
) (ledger.Offer, error) {
	now := i.clock()
	o.CreatedAt, o.ExpiresAt, o.State = now, now.Add(i.config.OfferTTL), ledger.OfferOpen
	if err := i.within(ctx, w, o, payee, now); err != nil {
		return ledger.Offer{}, err
	}
	if !again {
		if err := i.notRepeated(ctx, o, now); err != nil {
			return ledger.Offer{}, err
		}
	}
	var err error
	if o.ID, err = i.drawID(); err != nil {
		return ledger.Offer{}, err
	}
	if o.Code, err = i.drawCode(); err != nil {
		return ledger.Offer{}, err
	}
	if err := i.open(ctx, o); err != nil {
		return ledger.Offer{}, nothingMoved(err)
	}
	return o, nil
}

// mayMove declines for a wallet of which no money moves.
func mayMove(w ledger.Wallet) error {
	if w.Blocked() {
		return decline(ledger.ReasonBlocked, "")
	}
	if w.Suspect != "" {
		return decline(ledger.ReasonSuspect, "")
	}
	return nil
}

// settled returns the wallet of a number when no payment of it is under way.
func (i *Issuer) settled(ctx context.Context, n msisdn.Number) (ledger.Wallet, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return ledger.Wallet{}, err
	}
	if found, err := i.settlePressed(ctx, w); err != nil || !found {
		return w, err
	}
	return i.Wallet(ctx, n) // its balance may be another one now
}

// open writes an offer. The one that was open till then cannot be pressed any more; when it was
// pressed after settled looked, the new offer is taken back.
func (i *Issuer) open(ctx context.Context, o ledger.Offer) error {
	if err := i.store.OpenOffer(ctx, o); err != nil {
		return fmt.Errorf("wallet: offer: %w", err)
	}
	pressed, err := i.store.PressedOffers(ctx, o.Wallet)
	if err == nil && len(pressed) == 0 {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%w: another payment has begun", ledger.ErrUnavailable)
	}
	// Nobody has seen the offer: should it stay open, it expires.
	return fmt.Errorf("wallet: offer: %w", errors.Join(err, i.store.Withdraw(ctx, o.Wallet)))
}

// quote checks what is asked against the catalogue and returns the provider.
func (i *Issuer) quote(q Quote) (catalogue.Provider, error) {
	p, ok := i.catalogue(q.Number).Provider(q.Provider)
	if !ok {
		return p, decline(ledger.ReasonUnknownProvider, "")
	}
	if err := i.takes(p, p.Split(q.Account)); err != nil {
		return p, err
	}
	return p, between(q.Amount, p.Min, p.Max)
}

// between declines below_min and above_max.
func between(a, least, most money.Amount) error {
	switch {
	case a < least || a <= 0:
		return bounded(ledger.ReasonBelowMin, least)
	case a > most:
		return bounded(ledger.ReasonAboveMax, most)
	}
	return nil
}

// within checks what the ledger checks again in the transaction of the payment, so that the
// subscriber hears of it before the PIN: the limits of the wallet's level and what it has. payee is
// that of a transfer.
func (i *Issuer) within(
	ctx context.Context, w ledger.Wallet, o ledger.Offer, payee ledger.Wallet, now time.Time,
) error {
	p, err := i.bounds(w, o, payee, now)
	if err != nil {
		return err
	}
	s := ledger.Standing{Available: w.Available(), PayeeBalance: payee.Balance}
	if s.Used, err = i.store.Used(ctx, w.ID, o.Operation, p.Day, p.Month); err == nil {
		s.Out, err = i.store.Used(ctx, w.ID, ledger.OpOut, p.Day, p.Month)
	}
	if err != nil {
		return fmt.Errorf("wallet: offer: %w", err)
	}
	if refused := ledger.Judge(p, o, s); refused != nil {
		return refused
	}
	return nil
}

// bounds makes the part of a payment that bounds it: the limits of now.
func (i *Issuer) bounds(
	w ledger.Wallet, o ledger.Offer, payee ledger.Wallet, now time.Time,
) (ledger.Payment, error) {
	level, err := i.level(w)
	if err != nil {
		return ledger.Payment{}, err
	}
	p := ledger.Payment{
		Offer: o, Now: now,
		Limits: limitsOf(level, o.Operation), Out: limitsOf(level, ledger.OpOut),
	}
	p.Day, p.Month = i.period(now)
	if o.Operation == ledger.OpTransfer {
		of, err := i.level(payee)
		if err != nil {
			return ledger.Payment{}, err
		}
		p.PayeeMost = of.Balance
	}
	return p, nil
}

// limitsOf returns the limits of one operation.
func limitsOf(level catalogue.LevelLimits, op ledger.Operation) ledger.Limits {
	l := level.Operations[string(op)]
	return ledger.Limits{PerPayment: l.Once, PerDay: l.Day, PerMonth: l.Month}
}

// level returns the limits of the wallet's identification level.
func (i *Issuer) level(w ledger.Wallet) (catalogue.LevelLimits, error) {
	l, ok := i.catalogue(w.Number).Limits[w.Level]
	if !ok {
		return l, fmt.Errorf("wallet: catalogue has no limits for level %q", w.Level)
	}
	return l, nil
}

// period returns the day and the month of now in the issuer's zone.
func (i *Issuer) period(now time.Time) (day, month string) {
	local := now.In(i.config.Zone)
	return local.Format(time.DateOnly), local.Format("2006-01")
}

// drawCode draws a payment code, each equally likely.
func (i *Issuer) drawCode() (string, error) {
	n, err := rand.Int(lockedReader{i}, big.NewInt(lastCode-firstCode+1))
	if err != nil {
		return "", fmt.Errorf("wallet: payment code: %w", err)
	}
	return strconv.FormatInt(firstCode+n.Int64(), 10), nil
}

// notRepeated declines what is under way already, or was done a moment ago. What waits for a person
// may wait until the same is due again.
func (i *Issuer) notRepeated(ctx context.Context, o ledger.Offer, now time.Time) error {
	holds, err := i.store.WalletHolds(ctx, o.Wallet, maxOpenHolds)
	if err != nil {
		return fmt.Errorf("wallet: offer: %w", err)
	}
	for _, h := range holds {
		if h.State != ledger.HoldSuspense && h.Offer.Operation == o.Operation &&
			h.Offer.Provider == o.Provider && h.Offer.Account == o.Account &&
			h.Offer.Amount == o.Amount {
			return &ledger.Decline{Reason: ledger.ReasonRepeated, Key: h.ID, At: h.CreatedAt}
		}
	}
	before, found, err := i.store.Similar(ctx, o, now.Add(-i.config.RepeatWithin))
	if err != nil {
		return fmt.Errorf("wallet: offer: %w", err)
	}
	if found {
		return &ledger.Decline{
			Reason: ledger.ReasonRepeated, Key: before.Offer.ID, At: before.PostedAt,
		}
	}
	return nil
}

// Withdraw ends the wallet's open offer, if there is one: its confirm screen was left.
func (i *Issuer) Withdraw(ctx context.Context, n msisdn.Number) error {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	if err := i.store.Withdraw(ctx, w.ID); err != nil {
		return fmt.Errorf("wallet: withdraw: %w", err)
	}
	return nil
}

// CurrentOffer returns the wallet's open offer, expired or not, or ledger.ErrNoOffer.
func (i *Issuer) CurrentOffer(ctx context.Context, n msisdn.Number) (ledger.Offer, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return ledger.Offer{}, err
	}
	o, err := i.store.CurrentOffer(ctx, w.ID)
	if err != nil {
		return ledger.Offer{}, fmt.Errorf("wallet: current offer: %w", err)
	}
	return o, nil
}

func bounded(reason ledger.Reason, limit money.Amount) *ledger.Decline {
	return &ledger.Decline{Reason: reason, Limit: limit}
}
