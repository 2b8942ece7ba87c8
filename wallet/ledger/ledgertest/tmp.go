package ledgertest

import (
	"testing"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func PressedN(t *testing.T, s ledger.Store, n int) ledger.Payment {
	b := &books{T: t, Store: s, now: start}
	b.number.Store(int64(n))
	return b.payment(b.pressed(b.wallet(money.Som(100)).ID, money.Som(10)))
}
