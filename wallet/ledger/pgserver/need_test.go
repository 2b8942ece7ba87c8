package pgserver_test

import (
	"errors"
	"testing"

	"ussdgw/wallet/ledger/pgserver"
)

// verdict notes what Need does to a test.
type verdict string

func (*verdict) Helper()                 {}
func (v *verdict) Skipf(string, ...any)  { *v += "skipped" }
func (v *verdict) Fatalf(string, ...any) { *v += "failed" }

func TestNeed(t *testing.T) {
	missing := errors.New("not installed")
	for _, tt := range []struct {
		required string
		err      error
		want     verdict
	}{
		{"", nil, ""},
		{"", missing, "skipped"},
		{pgserver.RequiredValue, nil, ""},
		{pgserver.RequiredValue, missing, "failed"},
	} {
		t.Setenv(pgserver.Required, tt.required)
		var got verdict
		if pgserver.NeedAfter(&got, tt.err); got != tt.want {
			t.Errorf("%s=%q, %v: got %q, want %q", pgserver.Required, tt.required, tt.err, got, tt.want)
		}
	}
}
