package catalogue

import (
	"fmt"

	"ussdgw/wallet/money"
)

// Who pays a fee.
const (
	PayerCustomer = "customer" // on top of the amount
	PayerProvider = "provider" // out of the amount: it gets that much less
)

// A Fee is what a payment or another operation costs. The zero value is no fee.
type Fee struct {
	Fixed       money.Amount // added to the share
	BasisPoints int64        // share of the amount: 100 is 1 %
	Min         money.Amount // the least that Fixed and share make together
	Max         money.Amount // the most; 0 means no such bound
	Payer       string       // PayerProvider, or anything else for the customer
}

// Of returns the fee of a payment of a. The share is rounded half up to the tyiyn before Fixed is
// added. It fails when a is negative and when the sum does not fit an Amount.
func (f Fee) Of(a money.Amount) (money.Amount, error) {
	share, err := a.BasisPoints(f.BasisPoints)
	if err != nil {
		return 0, fmt.Errorf("catalogue: fee: %w", err)
	}
	fee, err := share.Add(f.Fixed)
	if err != nil {
		return 0, fmt.Errorf("catalogue: fee of %s: %w", a, err)
	}
	fee = max(fee, f.Min)
	if f.Max > 0 {
		fee = min(fee, f.Max)
	}
	return fee, nil
}

// Charge returns what the customer pays on top of a, and what the provider pays out of it. One of
// them is zero. It fails as Of does.
func (f Fee) Charge(a money.Amount) (customer, provider money.Amount, err error) {
	fee, err := f.Of(a)
	if f.Payer == PayerProvider {
		return 0, fee, err
	}
	return fee, 0, err
}
