package wallet

import (
	"context"
	"fmt"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// Statement returns the last payments of a wallet, at most limit, newest first.
func (i *Issuer) Statement(
	ctx context.Context, n msisdn.Number, limit int,
) ([]ledger.Receipt, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return nil, err
	}
	receipts, err := i.store.Transfers(ctx, w.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("wallet: statement: %w", err)
	}
	return receipts, nil
}

// An Allowance is what the limits of its level leave a wallet. What is paid is counted without its
// fee.
type Allowance struct {
	Payment money.Amount // the largest payment
	Today   money.Amount // what may still be paid today, by the limits of the day and of the month
	Month   money.Amount // what may still be paid this month
	Balance money.Amount // the most that the wallet may hold
}

// Allowance returns what the limits leave a wallet at this moment.
func (i *Issuer) Allowance(ctx context.Context, n msisdn.Number) (Allowance, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return Allowance{}, err
	}
	level, err := i.level(w)
	if err != nil {
		return Allowance{}, err
	}
	day, month := i.period(i.clock())
	used, err := i.store.Used(ctx, w.ID, ledger.OpPayment, day, month)
	if err != nil {
		return Allowance{}, fmt.Errorf("wallet: allowance: %w", err)
	}
	left := max(level.PerMonth-used.Month, 0)
	return Allowance{
		Payment: level.PerPayment, Balance: level.Balance, Month: left,
		Today: min(max(level.PerDay-used.Day, 0), left),
	}, nil
}
