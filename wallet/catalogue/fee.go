package catalogue

import (
	"fmt"

	"ussdgw/wallet/money"
)

// A Fee is what the payer pays on top of the amount. The zero value is no fee.
type Fee struct {
	Fixed       money.Amount // added to the share
	BasisPoints int64        // share of the amount: 100 is 1 %
	Min         money.Amount // the least that Fixed and share make together
	Max         money.Amount // the most; 0 means no such bound
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
