package wallet

import (
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/msisdn"
)

// TopUp returns the provider that puts money on a phone, and the account that the number is with
// it. It reports false where the number's network has none. Whether the provider takes payments
// now, Offer says.
func (i *Issuer) TopUp(n msisdn.Number) (catalogue.Provider, string, bool) {
	return i.catalogue(n).TopUp(n.Digits())
}
