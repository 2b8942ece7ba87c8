package sqlbooks

import (
	"context"
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const (
	finishOffer = `
UPDATE offer SET state = 'done', ended_at = $2 WHERE id = $1 AND state = 'held'`
	refuseOffer = `
UPDATE offer SET state = 'refused', reason = $3, ended_at = $2 WHERE id = $1 AND state = 'held'`
)

// endOffer ends the offer of a hold that is locked.
func endOffer(t Tx, query string, args ...any) error {
	changed, err := t.Exec(query, args...)
	if err == nil && changed != 1 {
		err = fmt.Errorf("offer %v moved under the lock", args[0])
	}
	return err
}

// PostHold posts a hold.
func (b *Books) PostHold(ctx context.Context, p ledger.Posting) (ledger.Receipt, error) {
	if err := p.Validate(); err != nil {
		return ledger.Receipt{}, fmt.Errorf("sqlbooks: %w", err)
	}
	var r ledger.Receipt
	err := b.db.Change(ctx, "post hold", func(t Tx) error {
		h, err := b.takeHold(t, p.Hold)
		if err != nil {
			return err
		}
		r, err = b.post(t, h, p)
		return err
	})
	if err != nil {
		return ledger.Receipt{}, err
	}
	return r, nil
}

// post posts a hold that is locked.
func (b *Books) post(t Tx, h ledger.Hold, p ledger.Posting) (ledger.Receipt, error) {
	none := ledger.Receipt{}
	if h.State == ledger.HoldPosted {
		return receiptOf(t, h.ID)
	}
	if err := ended(h); err != nil {
		return none, err
	}
	o := h.Offer
	if p.Amount == 0 {
		p.Amount, p.Fee = o.Amount, o.Fee
	}
	if p.Amount > o.Amount || p.Fee > o.Fee {
		return none, &ledger.Decline{
			Reason: ledger.ReasonAboveHold, Key: h.ID, Limit: total(h),
		}
	}
	if o.Operation == ledger.OpCashOut && p.Agent == "" {
		return none, fmt.Errorf("post hold %s: a cash-out needs its agent", h.ID)
	}
	from := h.State
	h.State, h.Posted, h.LastError = ledger.HoldPosted, p.Amount, ""
	h.EndedAt = p.Now
	if err := endOffer(t, finishOffer, o.ID, ledger.Micros(p.Now)); err != nil {
		return none, err
	}
	if err := move(t, step{from: from, to: h, answer: p.Answer, free: true, at: p.Now}); err != nil {
		return none, err
	}
	balance, err := b.settle(t, h, p, from == ledger.HoldSuspense)
	if err != nil {
		return none, err
	}
	err = tell(t, p.Message, balance, ledger.Micros(p.Now), o.ID, ledger.OfferDone)
	if err != nil {
		return none, err
	}
	if p.Record != nil {
		if err := record(t, *p.Record); err != nil {
			return none, err
		}
	}
	return receiptOf(t, h.ID)
}

// settle moves the money of a posting, out of the wallet or out of suspense, and gives the rest
// back. It returns what the wallet has to spend then.
func (b *Books) settle(
	t Tx, h ledger.Hold, p ledger.Posting, suspended bool,
) (balance money.Amount, err error) {
	o := h.Offer
	wallet, creditor := ledger.WalletAccount(o.Wallet), o.Creditor(p.Agent)
	rest := total(h) - p.Amount - p.Fee
	debit, amount, held := wallet, -(p.Amount + p.Fee), -total(h)
	if suspended {
		debit, amount, held = ledger.SuspenseAccount, rest, 0
	}
	running := []string{wallet}
	if o.Operation == ledger.OpCashOut {
		running = append(running, creditor)
	}
	if _, err := b.accounts(t, ledger.ErrNoAgent, running...); err != nil {
		return 0, err
	}
	if o.Operation == ledger.OpCashOut {
		if _, err := b.moveAccount(t, creditor, p.Amount, 0); err != nil {
			return 0, err
		}
	}
	if balance, err = b.moveAccount(t, wallet, amount, held); err != nil {
		return 0, err
	}
	err = write(t, transferRow{
		id: o.ID, kind: string(o.Operation), wallet: o.Wallet, amount: p.Amount, fee: p.Fee,
		fingerprint: o.Fingerprint, balance: balance, at: ledger.Micros(p.Now), day: h.Day,
		month: h.Month,
	},
		posting{debit, creditor, p.Amount}, posting{debit, o.FeeAccount(), p.Fee},
		posting{creditor, o.FeeAccount(), o.ProviderFeeOf(p.Amount)})
	if err != nil {
		return 0, err
	}
	if suspended && rest > 0 {
		if err := refund(t, h, rest, balance, p.Now); err != nil {
			return 0, err
		}
	}
	return balance, returnLimits(t, h, o.Amount-p.Amount)
}

// refund writes the transfer that brings an amount back from the suspense account. The balance is
// what the wallet has to spend with it.
func refund(t Tx, h ledger.Hold, amount, balance money.Amount, now time.Time) error {
	return write(t, transferRow{
		id: ledger.RefundTransfer(h.ID), kind: "refund", wallet: h.Offer.Wallet, amount: amount,
		fingerprint: h.Offer.Fingerprint, balance: balance, at: ledger.Micros(now), day: h.Day,
		month: h.Month,
	}, posting{ledger.SuspenseAccount, ledger.WalletAccount(h.Offer.Wallet), amount})
}

// VoidHold voids a hold.
func (b *Books) VoidHold(ctx context.Context, v ledger.Voiding) error {
	if err := v.Validate(); err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	return b.db.Change(ctx, "void hold", func(t Tx) error {
		h, err := b.takeHold(t, v.Hold)
		if err != nil {
			return err
		}
		_, err = b.void(t, h, v)
		return err
	})
}

// void voids a hold that is locked. It reports false when it was voided before.
func (b *Books) void(t Tx, h ledger.Hold, v ledger.Voiding) (bool, error) {
	if h.State == ledger.HoldVoided {
		return false, nil
	}
	if err := ended(h); err != nil {
		return false, err
	}
	if v.Attempt != nil && h.Attempt > *v.Attempt {
		return false, &ledger.Decline{Reason: ledger.ReasonNotHeld, Key: h.ID}
	}
	from := h.State
	h.State, h.EndedAt, h.LastError = ledger.HoldVoided, v.Now, cut(v.Answer.Detail)
	now := ledger.Micros(v.Now)
	if err := endOffer(t, refuseOffer, h.ID, now, string(v.Reason)); err != nil {
		return false, err
	}
	err := move(t, step{
		from: from, to: h, answer: v.Answer, detail: string(v.Reason), free: true, at: v.Now,
	})
	if err != nil {
		return false, err
	}
	balance, err := b.release(t, h, v.Now, from == ledger.HoldSuspense)
	if err != nil {
		return false, err
	}
	if err := tell(t, v.Message, balance, now, h.ID, ledger.OfferRefused); err != nil {
		return false, err
	}
	if v.Record != nil {
		err = record(t, *v.Record)
	}
	return true, err
}

// release gives all the money of a hold back to its wallet, and the limits. It returns what the
// wallet has to spend then.
func (b *Books) release(
	t Tx, h ledger.Hold, now time.Time, suspended bool,
) (balance money.Amount, err error) {
	wallet := ledger.WalletAccount(h.Offer.Wallet)
	if _, err := b.accounts(t, ledger.ErrNoWallet, wallet); err != nil {
		return 0, err
	}
	amount, held := money.Amount(0), -total(h)
	if suspended {
		amount, held = total(h), 0
	}
	if balance, err = b.moveAccount(t, wallet, amount, held); err != nil {
		return 0, err
	}
	if suspended {
		if err := refund(t, h, total(h), balance, now); err != nil {
			return 0, err
		}
	}
	return balance, returnLimits(t, h, h.Offer.Amount)
}
