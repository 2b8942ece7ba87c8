package wallet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// sendReceipt is the act of a subscriber who wants an SMS once more.
const sendReceipt = "send_receipt"

// maxReceiptAge is how many movements back a receipt is looked for.
const maxReceiptAge = 100

// History returns what has moved on a wallet, newest first: at most limit movements with a Seq
// below before, or from the newest on when before is 0. The Offer of what came in from another
// wallet has that one in place of this: as ProviderName its owner, as a Recipient has it, and as
// Account its number, masked.
func (i *Issuer) History(
	ctx context.Context, n msisdn.Number, before int64, limit int,
) ([]ledger.Movement, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return nil, err
	}
	all, err := i.store.Movements(ctx, ledger.WalletAccount(w.ID), before, limit)
	if err != nil {
		return nil, fmt.Errorf("wallet: history: %w", err)
	}
	for at := range all {
		if all[at].Offer.Payee != w.ID {
			continue
		}
		payer, err := i.store.WalletByID(ctx, all[at].Offer.Wallet)
		if err != nil {
			return nil, fmt.Errorf("wallet: history: %w", err)
		}
		all[at].Offer.ProviderName = initialed(payer.Name)
		all[at].Offer.Account = payer.Number.Masked()
	}
	return all, nil
}

// SendReceipt sends the SMS of a past movement again, as it was, to its wallet's number. attempt
// names the input that asked for it: the same input again is done already. It declines too_often
// after Config.ReceiptsPerDay of them within 24 hours, and fails with ledger.ErrNoTransfer when the
// movement is not among the last hundred, and with ledger.ErrNoMessage when it was never told of.
func (i *Issuer) SendReceipt(
	ctx context.Context, n msisdn.Number, transfer, attempt string,
) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	m, err := i.movement(ctx, w, transfer)
	if err != nil {
		return err
	}
	now := i.clock()
	err = i.store.SendAgain(ctx, ledger.Resend{
		Wallet: w.ID, Of: toldBy(w, m), Key: "receipt/" + w.ID + "/" + attempt,
		Since: now.Add(-24 * time.Hour), Most: i.config.ReceiptsPerDay,
		Record: ledger.Record{
			Actor: ledger.ActorSubscriber, Act: sendReceipt, Subject: ledger.WalletSubject(w.ID),
			Reason: "asked for it", Detail: m.Transfer, At: now,
		},
	})
	if ledger.ReasonOf(err) == ledger.ReasonKeyReused {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wallet: send receipt: %w", err)
	}
	i.config.Queued()
	return nil
}

// movement looks a transfer up among the last ones of a wallet.
func (i *Issuer) movement(
	ctx context.Context, w ledger.Wallet, transfer string,
) (ledger.Movement, error) {
	all, err := i.store.Movements(ctx, ledger.WalletAccount(w.ID), 0, maxReceiptAge)
	if err != nil {
		return ledger.Movement{}, fmt.Errorf("wallet: send receipt: %w", err)
	}
	for _, m := range all {
		if m.Transfer == transfer {
			return m, nil
		}
	}
	return ledger.Movement{}, fmt.Errorf("wallet: send receipt: %w", ledger.ErrNoTransfer)
}

// toldBy is the key of the message that has told a wallet of a movement.
func toldBy(w ledger.Wallet, m ledger.Movement) string {
	kind, of := KindPaid, m.Offer.ID // also of a payment that has gone through suspense
	switch m.Kind {
	case "cash_in":
		agent, txn, _ := strings.Cut(strings.TrimPrefix(m.Transfer, "cashin:"), ":")
		kind, of = KindCashIn, agent+"/"+txn
	case "cash_out":
		kind = KindCashOut
	case "transfer":
		kind = KindSent
		if m.Offer.Payee == w.ID {
			kind = KindReceived
		}
	case "refund":
		kind = KindReturned
	case "reversal":
		kind, of = KindRefunded, of+"/"+strings.TrimPrefix(m.Transfer, "reversal:"+of+":")
	}
	return kind + "/" + of
}
