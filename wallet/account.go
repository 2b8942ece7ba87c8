package wallet

import (
	"context"
	"slices"
	"strings"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// Account returns the account that the typed fields make with a provider. It declines
// unknown_provider, stopped, and account_format: Field is the number of the first wrong field, from
// 1, which is above the number of those typed when one is missing.
func (i *Issuer) Account(n msisdn.Number, provider string, typed ...string) (string, error) {
	p, ok := i.catalogue(n).Provider(provider)
	if !ok {
		return "", decline(ledger.ReasonUnknownProvider, "")
	}
	if err := i.takes(p, typed); err != nil {
		return "", err
	}
	return strings.Join(typed, catalogue.AccountSeparator), nil
}

// takes declines when a provider takes no payments, or not these fields.
func (i *Issuer) takes(p catalogue.Provider, typed []string) error {
	if i.stopped(p) {
		return decline(ledger.ReasonStopped, "")
	}
	if wrong := p.WrongField(typed); wrong > 0 {
		return &ledger.Decline{Reason: ledger.ReasonAccountFormat, Field: wrong}
	}
	return nil
}

// recentPayments is how many payments back a subscriber's payees are looked for.
const recentPayments = 50

// A Payee is an account that a wallet has paid.
type Payee struct {
	Provider catalogue.Provider // as it is now
	Account  string
}

// Payees returns the accounts that a wallet has paid lately and could pay now, each once, the one
// paid last first.
func (i *Issuer) Payees(ctx context.Context, n msisdn.Number) ([]Payee, error) {
	receipts, err := i.Statement(ctx, n, recentPayments)
	if err != nil {
		return nil, err
	}
	live := i.catalogue(n)
	type key struct{ provider, account string }
	seen := map[key]bool{}
	var payees []Payee
	for _, r := range receipts {
		k := key{r.Offer.Provider, r.Offer.Account}
		p, ok := live.Provider(k.provider)
		if seen[k] || !ok || i.takes(p, p.Split(k.account)) != nil {
			continue
		}
		seen[k] = true
		payees = append(payees, Payee{Provider: p, Account: k.account})
	}
	return payees, nil
}

// Favourites returns the ids of at most limit providers that a wallet has paid lately: the one
// paid most often first, among equals the one paid last. It leaves out who takes no payments now.
func (i *Issuer) Favourites(ctx context.Context, n msisdn.Number, limit int) ([]string, error) {
	receipts, err := i.Statement(ctx, n, recentPayments)
	if err != nil {
		return nil, err
	}
	live := i.catalogue(n)
	var ids []string
	count := map[string]int{}
	for _, r := range receipts {
		p, ok := live.Provider(r.Offer.Provider)
		if !ok || i.stopped(p) {
			continue
		}
		if count[p.ID] == 0 {
			ids = append(ids, p.ID)
		}
		count[p.ID]++
	}
	slices.SortStableFunc(ids, func(a, b string) int { return count[b] - count[a] })
	return ids[:min(len(ids), limit)], nil
}
