package wallet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// Whatever is offered by whatever table of fees: what the wallet loses is the amount and the fee
// that were shown, though all fees are others by then, and who gets it gets the amount less its
// own fee.
func TestTheQuoteIsCharged(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(0)
	b.seedOther("Айбек Осмонов", 0)
	fees := strings.NewReplacer(`fee: {percent: "1"}`, `fee: {fixed: "321"}`,
		`{percent: "0.5", min: "2", max: "50"}`, `{fixed: "123"}`,
		`{percent: "1", min: "5"}`, `{fixed: "222"}`)
	later := b.issuer(wallet.Config{}, b.keys, fees.Replace(providersYAML))
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		b.clock.advance(32 * 24 * time.Hour) // the limits of a month are there again
		key := fmt.Sprintf("round %d", rounds)
		if less := money.Som(1500) - b.wallet().Available(); less > 0 {
			b.ok(b.Fund(b.ctx(), key, number, less))
		}
		fee := fmt.Sprintf(`{percent: "%d.%02d", fixed: "0.%02d", payer: "%s"}`,
			rapid.IntRange(0, 9).Draw(t, "percent"), rapid.IntRange(0, 99).Draw(t, "hundredths"),
			rapid.IntRange(0, 99).Draw(t, "fixed"),
			rapid.SampledFrom([]string{"customer", "provider"}).Draw(t, "payer"))
		own := strings.ReplaceAll(fee, `"provider"`, `"customer"`)
		i := b.issuer(wallet.Config{}, b.keys, strings.NewReplacer(`fee: {percent: "1"}`, "fee: "+fee,
			`{percent: "0.5", min: "2", max: "50"}`, own, `{percent: "1", min: "5"}`, own,
		).Replace(strings.Replace(providersYAML, `{min: "1", max: "15000"}`,
			`{min: "10", max: "15000"}`, 1)))
		amount := money.Amount(rapid.Int64Range(100_00, 500_00).Draw(t, "amount"))

		var o ledger.Offer
		var err error
		before, account := b.wallet().Available(), ledger.ProviderAccount("dostek")
		switch rapid.IntRange(0, 2).Draw(t, "operation") {
		case 0:
			q := quote("1")
			q.Amount, q.Again = amount, true
			o, err = i.Offer(b.ctx(), q)
		case 1:
			q := transfer("1")
			q.Amount, q.Again, account = amount, true, ledger.WalletAccount(b.payee())
			o, err = i.OfferTransfer(b.ctx(), q)
		default:
			q := cash("1")
			q.Amount, account = amount, ""
			o, err = i.OfferCashOut(b.ctx(), q)
		}
		b.ok(err)
		had := b.sum(account)
		_, err = later.Pay(b.ctx(), number, o.ID, secret(canary), key)
		if account == "" && errors.Is(err, ledger.ErrHeld) {
			err = nil
		}
		b.ok(err)
		if lost := before - b.wallet().Available(); lost != amount+o.Fee {
			t.Errorf("%s of %s cost %s, the quote was %s besides", o.Operation, amount, lost, o.Fee)
		}
		if got := b.sum(account) - had; account != "" && got != amount-o.ProviderFee {
			t.Errorf("%s of %s gave %s, the provider's fee was %s", o.Operation, amount, got,
				o.ProviderFee)
		}
		if account == "" {
			b.ok(later.CancelCashOut(b.ctx(), number, key))
		}
	})
}

// payee is the wallet of the number other.
func (b *bench) payee() string {
	b.t.Helper()
	w, err := b.Wallet(b.ctx(), other)
	b.ok(err)
	return w.ID
}

// sum is what an account has, 0 of none.
func (b *bench) sum(account string) money.Amount {
	b.t.Helper()
	if account == "" {
		return 0
	}
	a, err := b.store.AccountBalance(b.ctx(), account)
	b.ok(err)
	return a
}
