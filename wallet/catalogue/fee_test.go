package catalogue_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// anyFee draws a fee as Load accepts it.
func anyFee(t *rapid.T) catalogue.Fee {
	f := catalogue.Fee{
		Fixed:       money.Amount(rapid.Int64Range(0, 10_000).Draw(t, "fixed")),
		BasisPoints: rapid.Int64Range(0, money.MaxBasisPoints).Draw(t, "basis points"),
		Min:         money.Amount(rapid.Int64Range(0, 5_000).Draw(t, "min")),
		Payer:       rapid.SampledFrom([]string{"", "customer", "provider"}).Draw(t, "payer"),
	}
	if rapid.Bool().Draw(t, "capped") {
		f.Max = money.Amount(rapid.Int64Range(max(1, int64(f.Min)), 20_000).Draw(t, "max"))
	}
	return f
}

func anyAmount(t *rapid.T) money.Amount {
	return money.Amount(rapid.Int64Range(1, 10_000_000).Draw(t, "tyiyn"))
}

// A fee is what exact arithmetic says, rounded half up once: the share, not the sum of parts.
func TestFeeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, a := anyFee(t), anyAmount(t)
		share := new(big.Rat).SetFrac64(int64(a)*f.BasisPoints, money.MaxBasisPoints)
		half := share.Add(share, big.NewRat(1, 2))
		want := money.Amount(new(big.Int).Quo(half.Num(), half.Denom()).Int64()) + f.Fixed
		want = max(want, f.Min)
		if f.Max > 0 {
			want = min(want, f.Max)
		}
		got, err := f.Of(a)
		if err != nil || got != want {
			t.Fatalf("%+v of %s is %s, %v; want %s", f, a, got, err, want)
		}
		customer, provider, err := f.Charge(a)
		paid := map[bool]money.Amount{true: provider, false: customer}
		byProvider := f.Payer == catalogue.PayerProvider
		if err != nil || paid[byProvider] != want || paid[!byProvider] != 0 {
			t.Fatalf("%+v of %s: the customer pays %s, the provider %s, %v", f, a, customer, provider,
				err)
		}
	})
}

// What a fee leaves of an amount is no less for a larger amount. This is why the check of the
// smallest payment is enough for a fee that the provider pays.
func TestFeeNeverGrowsFasterThanTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, a, b := anyFee(t), anyAmount(t), anyAmount(t)
		if a > b {
			a, b = b, a
		}
		small, err := f.Of(a)
		if err != nil {
			t.Fatal(err)
		}
		large, err := f.Of(b)
		if err != nil {
			t.Fatal(err)
		}
		if large < small || b-large < a-small {
			t.Fatalf("%+v is %s of %s, and %s of %s", f, small, a, large, b)
		}
	})
}
