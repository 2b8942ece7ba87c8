package redisserver_test

import (
	"testing"

	"ussdgw/ussd/session/redisserver"
)

// verdict notes what Need does to a test.
type verdict string

func (*verdict) Helper()                 {}
func (v *verdict) Skipf(string, ...any)  { *v += "skipped" }
func (v *verdict) Fatalf(string, ...any) { *v += "failed" }

func TestNeedWithoutAServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for required, want := range map[string]verdict{
		"": "skipped", "no": "skipped", redisserver.RequiredValue: "failed",
	} {
		t.Setenv(redisserver.Required, required)
		var got verdict
		if redisserver.Need(&got); got != want {
			t.Errorf("%s=%q: got %q, want %q", redisserver.Required, required, got, want)
		}
	}
}
