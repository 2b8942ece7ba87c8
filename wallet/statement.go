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

// An Allowance is what the limits of its level leave a wallet for an operation. What was moved is
// counted without its fee.
type Allowance struct {
	Once    money.Amount // the largest one
	Today   money.Amount // what may still be moved today, by the limits of the day and of the month
	Month   money.Amount // what may still be moved this month
	Balance money.Amount // the most that the wallet may hold
}

// Allowance returns what the limits leave a wallet for an operation at this moment. What leaves the
// wallet is also counted by the limits of all that does.
func (i *Issuer) Allowance(
	ctx context.Context, n msisdn.Number, op ledger.Operation,
) (Allowance, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return Allowance{}, err
	}
	level, err := i.level(w)
	if err != nil {
		return Allowance{}, err
	}
	left := Allowance{
		Once: ledger.MaxAmount, Today: ledger.MaxAmount, Month: ledger.MaxAmount,
		Balance: level.Balance,
	}
	counted := []ledger.Operation{op}
	if op != ledger.OpCashIn && op != ledger.OpOut {
		counted = append(counted, ledger.OpOut)
	}
	day, month := i.period(i.clock())
	for _, op := range counted {
		limits := limitsOf(level, op)
		used, err := i.store.Used(ctx, w.ID, op, day, month)
		if err != nil {
			return Allowance{}, fmt.Errorf("wallet: allowance: %w", err)
		}
		left.Once = min(left.Once, limits.PerPayment)
		left.Month = min(left.Month, max(limits.PerMonth-used.Month, 0))
		left.Today = min(left.Today, left.Month, max(limits.PerDay-used.Day, 0))
	}
	return left, nil
}
