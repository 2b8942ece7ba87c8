package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ussdgw/wallet/money"
)

func TestParse(t *testing.T) {
	for typed, want := range map[string]money.Amount{
		"100": 10000, "100.50": 10050, "100,50": 10050, "100*50": 10050, "100.5": 10050,
		"0": 0, "0.01": 1, "007": 700, "15000": 1500000, "999999999999.99": 99999999999999,
	} {
		got, err := money.Parse(typed)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", typed, got, err, want)
		}
	}
	for _, typed := range []string{
		"", ".", "1.", ".5", "1.005", "1.2.3", "1.2,3", "-1", "+1", " 1", "1 ", "1 000", "1e3",
		"0x10", "1.-5", "1.+5", "1234567890123", "１００", "1#5", "NaN",
	} {
		if got, err := money.Parse(typed); !errors.Is(err, money.ErrFormat) {
			t.Errorf("Parse(%q) = %d, %v; want ErrFormat", typed, got, err)
		}
	}
}

func TestPrint(t *testing.T) {
	for a, want := range map[money.Amount][2]string{
		0:                  {"0.00", "0"},
		1:                  {"0.01", "0.01"},
		money.Som(15000):   {"15000.00", "15000"},
		10050:              {"100.50", "100.50"},
		-5:                 {"-0.05", "-0.05"},
		-100:               {"-1.00", "-1"},
		math.MaxInt64:      {"92233720368547758.07", "92233720368547758.07"},
		math.MinInt64:      {"-92233720368547758.08", "-92233720368547758.08"},
		money.Som(10) + 10: {"10.10", "10.10"},
	} {
		if a.String() != want[0] || a.Short() != want[1] {
			t.Errorf("%d prints %q, %q; want %q", int64(a), a.String(), a.Short(), want)
		}
	}
}

func TestParseReadsWhatPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount(rapid.Int64Range(0, 99999999999999).Draw(t, "amount"))
		for _, text := range []string{a.String(), a.Short()} {
			if back, err := money.Parse(text); err != nil || back != a {
				t.Fatalf("Parse(%q) = %d, %v; want %d", text, back, err, a)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	const most, least = money.Amount(math.MaxInt64), money.Amount(math.MinInt64)
	for _, c := range []struct {
		a, b, want money.Amount
		err        error
	}{
		{1, 2, 3, nil},
		{1, -2, -1, nil},
		{most, 0, most, nil},
		{most, least, -1, nil},
		{most, 1, 0, money.ErrOverflow},
		{1, most, 0, money.ErrOverflow},
		{least, -1, 0, money.ErrOverflow},
	} {
		got, err := c.a.Add(c.b)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%d + %d = %d, %v; want %d, %v", c.a, c.b, got, err, c.want, c.err)
		}
	}
}

func TestBasisPoints(t *testing.T) {
	for _, c := range []struct {
		a    money.Amount
		rate int64
		want money.Amount
	}{
		{money.Som(100), 100, 100},
		{1, 4999, 0},
		{1, 5000, 1},
		{3, 5000, 2},
		{149, 100, 1},
		{150, 100, 2},
		{0, 100, 0},
		{money.Som(1), 0, 0},
		{math.MaxInt64, 10_000, math.MaxInt64},
	} {
		got, err := c.a.BasisPoints(c.rate)
		if err != nil || got != c.want {
			t.Errorf("%d bp of %d = %d, %v; want %d", c.rate, c.a, got, err, c.want)
		}
	}
	for _, c := range []struct {
		a    money.Amount
		rate int64
	}{{-1, 1}, {1, -1}, {1, 10_001}} {
		if got, err := c.a.BasisPoints(c.rate); err == nil {
			t.Errorf("%d bp of %d = %d, want an error", c.rate, c.a, got)
		}
	}
}

// The rounding is that of exact arithmetic, for every amount that fits.
func TestBasisPointsRoundsHalfUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, math.MaxInt64).Draw(t, "amount")
		rate := rapid.Int64Range(0, money.MaxBasisPoints).Draw(t, "rate")
		got, err := money.Amount(a).BasisPoints(rate)
		if err != nil {
			t.Fatal(err)
		}
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(rate))
		want.Add(want, big.NewInt(money.MaxBasisPoints/2))
		want.Div(want, big.NewInt(money.MaxBasisPoints))
		if want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("%d bp of %d = %d, want %s", rate, a, got, want)
		}
	})
}
