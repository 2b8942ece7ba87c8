// Package money holds amounts of Kyrgyz som (KGS) as whole numbers of tyiyn, 100 to the som.
// Nothing here is ever a float. The package is a leaf: it knows no wallet and no screen.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// TyiynPerSom is the number of minor units in one som.
const TyiynPerSom = 100

// MaxDigits bounds the digits before the decimal sign that Parse accepts. It keeps every parsed
// amount far from the ends of int64.
const MaxDigits = 12

// An Amount is a sum of money in tyiyn. The zero value is nothing.
type Amount int64

var (
	// ErrFormat says that a text is no amount in any of the accepted forms.
	ErrFormat = errors.New("money: not an amount")
	// ErrOverflow says that a result does not fit an Amount.
	ErrOverflow = errors.New("money: overflow")
)

// Som returns whole som as an Amount.
func Som(n int64) Amount { return Amount(n * TyiynPerSom) }

// Parse reads "100", "100.50", "100,50" or "100*50": only ASCII digits, at most MaxDigits before
// the sign and one or two after it. Keypads have a '*' where a point is hard to find.
func Parse(s string) (Amount, error) {
	whole, fraction := s, ""
	if i := strings.IndexAny(s, ".,*"); i >= 0 {
		whole, fraction = s[:i], s[i+1:]
		if len(fraction) < 1 || len(fraction) > 2 {
			return 0, ErrFormat
		}
	}
	if len(whole) < 1 || len(whole) > MaxDigits || !digits(whole) || !digits(fraction) {
		return 0, ErrFormat
	}
	som, _ := strconv.ParseInt(whole, 10, 64) // MaxDigits keeps it in range
	var tyiyn int64
	if fraction != "" {
		tyiyn, _ = strconv.ParseInt((fraction + "0")[:2], 10, 64)
	}
	return Amount(som*TyiynPerSom + tyiyn), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String prints som with two decimals and a point: "15000.00".
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -uint64(a)
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/TyiynPerSom, n%TyiynPerSom)
}

// Short prints an amount without its decimals when they are zero: "15000", "100.50".
func (a Amount) Short() string {
	return strings.TrimSuffix(a.String(), ".00")
}

// Add returns a+b, or ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b) {
		return 0, ErrOverflow
	}
	return a + b, nil
}

// MaxBasisPoints bounds the rate of BasisPoints: 10000 is the whole amount.
const MaxBasisPoints = 10_000

// BasisPoints returns rate/10000 of a, rounded half up to the tyiyn. It fails for a negative
// amount and for a rate outside 0..MaxBasisPoints.
func (a Amount) BasisPoints(rate int64) (Amount, error) {
	if a < 0 || rate < 0 || rate > MaxBasisPoints {
		return 0, fmt.Errorf("money: %d basis points of %s: out of range", rate, a)
	}
	whole, rest := int64(a)/MaxBasisPoints, int64(a)%MaxBasisPoints
	return Amount(whole*rate + (rest*rate+MaxBasisPoints/2)/MaxBasisPoints), nil
}
