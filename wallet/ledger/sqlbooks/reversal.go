package sqlbooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const selectTransfer = `
SELECT kind, coalesce(wallet, ''), amount, fee FROM transfer WHERE id = $1`

const selectReversed = `
SELECT CAST(coalesce(sum(amount), 0) AS BIGINT), CAST(coalesce(sum(fee), 0) AS BIGINT)
FROM transfer WHERE reversal_of = $1`

const selectReversal = `
SELECT fingerprint, balance_after, posted_at FROM transfer WHERE id = $1`

const selectAgent = `
SELECT account FROM entry WHERE transfer = $1 AND account LIKE 'agent:%'`

// selectProviderFee is what the provider got less than the amount.
const selectProviderFee = `
SELECT CAST($2 - coalesce(sum(amount), 0) AS BIGINT) FROM entry
WHERE transfer = $1 AND account LIKE 'provider:%'`

// reversible is a transfer that is to be taken back.
type reversible struct {
	kind, wallet          string
	amount, fee           money.Amount
	reversed, reversedFee money.Amount // so far
	offer                 ledger.Offer // with an empty ID when it came of none
}

// Reverse takes a transfer back.
func (b *Books) Reverse(ctx context.Context, r ledger.Reversal) (ledger.Receipt, error) {
	if err := r.Validate(); err != nil {
		return ledger.Receipt{}, fmt.Errorf("sqlbooks: %w", err)
	}
	var receipt ledger.Receipt
	err := b.db.Change(ctx, "reverse", func(t Tx) (err error) {
		receipt, err = b.reverse(t, r)
		return err
	})
	if err != nil {
		return ledger.Receipt{}, err
	}
	return receipt, nil
}

func (b *Books) reverse(t Tx, r ledger.Reversal) (ledger.Receipt, error) {
	none := ledger.Receipt{}
	of, err := b.takeTransfer(t, r.Of)
	if err != nil {
		return none, err
	}
	receipt := ledger.Receipt{
		Offer: of.offer, Amount: r.Amount, Fee: r.Fee, TransferID: ledger.ReversalTransfer(r.Of, r.Key),
	}
	var stored []byte
	var posted int64
	err = t.Row(selectReversal, []any{receipt.TransferID}, &stored, &receipt.Balance, &posted)
	if err == nil {
		if !bytes.Equal(stored, r.Sum()) {
			return none, &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: r.Key}
		}
		receipt.PostedAt = ledger.FromMicros(posted)
		return receipt, nil
	}
	if !errors.Is(err, ErrNoRow) {
		return none, err
	}
	left, leftFee := of.amount-of.reversed, of.fee-of.reversedFee
	if r.Amount > left || r.Fee > leftFee {
		return none, &ledger.Decline{
			Reason: ledger.ReasonReversed, Key: r.Of, Limit: left + leftFee,
		}
	}
	if receipt.Balance, err = b.takeBack(t, r, of); err != nil {
		return none, err
	}
	receipt.PostedAt = ledger.FromMicros(ledger.Micros(r.Now))
	err = tell(t, r.Message, receipt.Balance, ledger.Micros(r.Now), "", "")
	if err != nil {
		return none, err
	}
	return receipt, record(t, r.Record)
}

// takeTransfer locks a transfer, so that its reversals come one after the other, and reads it.
func (b *Books) takeTransfer(t Tx, id string) (of reversible, err error) {
	err = t.Row(selectTransfer+b.lock, []any{id}, &of.kind, &of.wallet, &of.amount, &of.fee)
	if errors.Is(err, ErrNoRow) {
		return of, ledger.ErrNoTransfer
	}
	if err != nil {
		return of, err
	}
	switch ledger.Operation(of.kind) {
	case ledger.OpPayment, ledger.OpTransfer:
		receipt, err := receiptOf(t, id)
		if err != nil {
			return of, err
		}
		of.offer = receipt.Offer
	case ledger.OpCashIn:
	default:
		return of, &ledger.Decline{Reason: ledger.ReasonNotReversible, Key: id}
	}
	return of, t.Row(selectReversed, []any{id}, &of.reversed, &of.reversedFee)
}

// takeBack moves the money of a reversal, and returns what the wallet of the transfer has to spend
// then: the payer's, or for a cash-in the one that was credited.
func (b *Books) takeBack(
	t Tx, r ledger.Reversal, of reversible,
) (balance money.Amount, err error) {
	wallet := ledger.WalletAccount(of.wallet)
	payer, payee, postings, err := sides(t, r, of, wallet)
	if err != nil {
		return 0, err
	}
	all, err := b.running(t, payer, payee)
	if err != nil {
		return 0, err
	}
	if s, ok := all[payee]; ok {
		// Of a cash-in, payee is the wallet and payer the agent.
		if s.available() < r.Amount {
			return 0, &ledger.Decline{
				Reason: ledger.ReasonLowBalance, Key: r.Of, Limit: s.available(),
			}
		}
		if balance, err = b.moveAccount(t, payee, -r.Amount, 0); err != nil {
			return 0, err
		}
	}
	available, err := b.moveAccount(t, payer, r.Amount+r.Fee, 0)
	if err != nil {
		return 0, err
	}
	if payer == wallet {
		balance = available
	}
	return balance, write(t, transferRow{
		id: ledger.ReversalTransfer(r.Of, r.Key), kind: "reversal", wallet: of.wallet,
		amount: r.Amount, fee: r.Fee, fingerprint: r.Sum(), balance: balance,
		at: ledger.Micros(r.Now), day: r.Day, month: r.Month, reversalOf: r.Of,
	}, postings...)
}

// sides returns who gets the amount of a reversal back, from whom, and how it is posted.
func sides(
	t Tx, r ledger.Reversal, of reversible, wallet string,
) (payer, payee string, postings []posting, err error) {
	if of.kind == string(ledger.OpCashIn) {
		var agent string
		if err := t.Row(selectAgent, []any{r.Of}, &agent); err != nil {
			return "", "", nil, err
		}
		return agent, wallet, []posting{{wallet, agent, r.Amount}}, nil
	}
	payee = of.offer.Creditor("")
	fee := of.offer.FeeAccount()
	postings = []posting{{payee, wallet, r.Amount}, {fee, wallet, r.Fee}}
	if of.kind != string(ledger.OpPayment) {
		return wallet, payee, postings, nil
	}
	var whole money.Amount
	if err := t.Row(selectProviderFee, []any{r.Of, of.amount}, &whole); err != nil {
		return "", "", nil, err
	}
	// What the provider has paid comes back in proportion, rounded over all reversals together.
	part := ledger.Share(whole, of.reversed+r.Amount, of.amount) -
		ledger.Share(whole, of.reversed, of.amount)
	return wallet, payee, append(postings, posting{fee, payee, part}), nil
}

// running locks those of two accounts that have a running balance.
func (b *Books) running(t Tx, first, second string) (map[string]standing, error) {
	var ids []string
	for _, id := range []string{first, second} {
		if ledger.Running(id) {
			ids = append(ids, id)
		}
	}
	return b.accounts(t, ledger.ErrNoWallet, ids...)
}
