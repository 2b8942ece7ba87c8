package wallet_test

import (
	"errors"
	"testing"
	"time"

	"ussdgw/wallet"
)

func TestBirthDate(t *testing.T) {
	today := time.Date(2026, 11, 21, 0, 30, 0, 0, time.FixedZone("+06", 6*60*60))
	for _, c := range []struct {
		inn, birth string
		err        error
	}{
		{"21210199012345", "12101990", nil},
		{"10101190000000", "01011900", nil},
		{"12902200000000", "29022000", nil},
		{"22111202600000", "21112026", nil},
		{"22211202600000", "", wallet.ErrINNFuture},
		{"10101999900000", "", wallet.ErrINNFuture},
		{"12902190000000", "", wallet.ErrINN}, // 1900 was no leap year
		{"13112189900000", "", wallet.ErrINN},
		{"13104199000000", "", wallet.ErrINN},
		{"10013199000000", "", wallet.ErrINN},
		{"10001199000000", "", wallet.ErrINN},
		{"01210199012345", "", wallet.ErrINN},
		{"31210199012345", "", wallet.ErrINN},
		{"2121019901234", "", wallet.ErrINN},
		{"212101990123456", "", wallet.ErrINN},
		{"2121019901234x", "", wallet.ErrINN},
		{"2+210199012345", "", wallet.ErrINN},
		{"", "", wallet.ErrINN},
	} {
		birth, err := wallet.BirthDate(c.inn, today)
		if birth != c.birth || !errors.Is(err, c.err) {
			t.Errorf("BirthDate(%s) = %q, %v; want %q, %v", c.inn, birth, err, c.birth, c.err)
		}
	}
}
