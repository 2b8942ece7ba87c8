package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// CashCodeDigits is the length of the one-time code that an agent asks for.
const CashCodeDigits = 6

// cashCodePurpose separates the keyed hash of a one-time code from others. It is part of the stored
// format.
const cashCodePurpose = "cash_code/1 "

// cancelCashOut is the act of a subscriber who gives a cash-out up.
const cancelCashOut = "cancel_cash_out"

// maxOpenHolds bounds how many holds of a wallet are looked at. Those of payments end in a day.
const maxOpenHolds = 200

// A CashOutQuote asks for an offer of a cash-out: one that a confirm screen is about to show.
type CashOutQuote struct {
	Number   msisdn.Number
	Amount   money.Amount
	Lang     string // of the confirm screen and of the SMS
	Revision string // of the menus that show it
}

// OfferCashOut makes the wallet's open offer of a cash-out, as Offer makes that of a payment. When
// it is paid the money is held for Config.CashOutTTL, Pay fails with ledger.ErrHeld, and an SMS has
// the one-time code against which any agent pays out.
//
// It declines blocked, suspect, cash_out when one is under way (Limit has its amount, Until its
// end), below_min and above_max (Limit has the bound), limit_payment, limit_day and limit_month
// (Limit has what is left) and low_balance (Limit has the balance).
func (i *Issuer) OfferCashOut(ctx context.Context, q CashOutQuote) (ledger.Offer, error) {
	w, err := i.mover(ctx, q.Number)
	if err != nil {
		return ledger.Offer{}, err
	}
	before, err := i.cashOut(ctx, w)
	if err == nil {
		return ledger.Offer{}, &ledger.Decline{
			Reason: ledger.ReasonCashOut, Limit: before.Offer.Amount, Until: before.Deadline,
		}
	}
	if !errors.Is(err, ledger.ErrNoHold) {
		return ledger.Offer{}, err
	}
	of, fee, err := i.priced(w, ledger.OpCashOut, q.Amount)
	if err != nil {
		return ledger.Offer{}, err
	}
	o := ledger.Offer{
		Wallet: w.ID, Operation: ledger.OpCashOut, ProviderName: catalogue.Text(of.Name, q.Lang),
		Account: national(w.Number), Amount: q.Amount, Fee: fee, Revision: q.Revision, Lang: q.Lang,
	}
	return i.propose(ctx, w, o, ledger.Wallet{}, true)
}

// CashOut returns the cash-out of a wallet that is under way: its Deadline is when it ends. It
// fails with ledger.ErrNoHold when there is none.
func (i *Issuer) CashOut(ctx context.Context, n msisdn.Number) (ledger.Hold, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return ledger.Hold{}, err
	}
	return i.cashOut(ctx, w)
}

func (i *Issuer) cashOut(ctx context.Context, w ledger.Wallet) (ledger.Hold, error) {
	holds, err := i.store.WalletHolds(ctx, w.ID, maxOpenHolds)
	if err != nil {
		return ledger.Hold{}, fmt.Errorf("wallet: cash-out: %w", err)
	}
	at := slices.IndexFunc(holds, func(h ledger.Hold) bool {
		return h.Offer.Operation == ledger.OpCashOut
	})
	if at < 0 {
		return ledger.Hold{}, fmt.Errorf("wallet: cash-out: %w", ledger.ErrNoHold)
	}
	return holds[at], nil
}

// CancelCashOut gives the cash-out that is under way up: the money and the limits are back at once,
// and the code is worth nothing. attempt names the input that asked for it: the same input again is
// done already. It fails with ledger.ErrNoHold when there is none, and declines posted when an
// agent has just paid it out. No SMS tells of it, because the caller does.
func (i *Issuer) CancelCashOut(ctx context.Context, n msisdn.Number, attempt string) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	done := ledger.Record{
		Actor: ledger.ActorSubscriber, Act: cancelCashOut, Subject: ledger.WalletSubject(w.ID),
		Reason: "asked for it", Detail: "attempt " + attempt, At: i.clock(),
	}
	h, err := i.cashOut(ctx, w)
	if errors.Is(err, ledger.ErrNoHold) {
		return i.cancelled(ctx, done, err)
	}
	if err != nil {
		return err
	}
	err = i.store.VoidHold(ctx, ledger.Voiding{
		Hold: h.ID, Reason: ledger.ReasonWithdrawn, Now: done.At, Record: &done,
	})
	if err != nil {
		return fmt.Errorf("wallet: cancel cash-out: %w", err)
	}
	return nil
}

// cancelled returns nil instead of otherwise when the very attempt has cancelled a cash-out before.
func (i *Issuer) cancelled(ctx context.Context, done ledger.Record, otherwise error) error {
	const looked = 10 // a repeat comes at once
	records, err := i.store.Records(ctx, done.Subject, looked)
	if err != nil {
		return fmt.Errorf("wallet: cancel cash-out: %w", err)
	}
	for _, r := range records {
		if r.Act == done.Act && r.Detail == done.Detail {
			return nil
		}
	}
	return otherwise
}

// reserve makes of the payment of a cash-out a hold with a new one-time code, which goes out by SMS
// when the money is held in this very payment, and never otherwise.
func (i *Issuer) reserve(w ledger.Wallet, p *ledger.Payment) error {
	o := p.Offer
	code, err := pin.Random(CashCodeDigits, lockedReader{i})
	if err != nil {
		return fmt.Errorf("wallet: cash-out: %w", err)
	}
	defer code.Wipe()
	end := p.Now.Add(i.config.CashOutTTL)
	p.Terms = ledger.Terms{
		Txn: "cash-" + o.ID, NextAt: end, Deadline: end, Code: i.codeOf(w.ID, code),
	}
	p.HeldMessage = cashCode(w, o, end.In(i.config.Zone), p.Now)
	p.HeldMessage.Sealed, err = i.sealedPIN(p.HeldMessage.Key, code)
	return err
}

// codeOf is what the books keep of a wallet's one-time code. They compare it in constant time.
func (i *Issuer) codeOf(wallet string, code pin.Secret) []byte {
	return i.keys.FingerprintOf(cashCodePurpose+wallet, code)
}

// cashCode is the SMS with the one-time code, which is sealed beside it.
func cashCode(w ledger.Wallet, o ledger.Offer, end, now time.Time) ledger.Message {
	return ledger.Message{
		Key: KindCashCode + "/" + o.ID, To: w.Number, Kind: KindCashCode, Lang: o.Lang,
		CreatedAt: now,
		Fields: map[string]string{
			"amount": o.Amount.String(), "until": end.Format("02.01 15:04"),
		},
	}
}
