package redisserver

import "os"

// Required names the environment variable that makes Need fail a test where it would skip it, when
// its value is RequiredValue. A run that has to prove something sets it.
const (
	Required      = "TEST_SERVERS"
	RequiredValue = "required"
)

// A Test is what Need uses of a *testing.T or a *testing.B.
type Test interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Need ends a test for which no server can be started here: it skips it and says why, or fails it
// where servers are required.
func Need(t Test) {
	t.Helper()
	missing := Available()
	switch {
	case missing == nil:
	case os.Getenv(Required) == RequiredValue:
		t.Fatalf("%s=%s: %v", Required, RequiredValue, missing)
	default:
		t.Skipf("no Redis server on this machine: %v", missing)
	}
}
