package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ussdgw/ussd/session"
	"ussdgw/ussd/session/sessiontest"
	"ussdgw/wallet/msisdn"
)

func TestMemory(t *testing.T) {
	sessiontest.Run(t, func(*testing.T) sessiontest.Store { return session.NewMemory(0, nil) })
}

func key(digits string) session.Key {
	return session.Key{Service: "*900#", Number: msisdn.MustParse(digits)}
}

func TestMemoryLivesByItsClock(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	m := session.NewMemory(0, func() time.Time { return now })
	k := key("996555000001")
	if err := m.Save(t.Context(), k, sessiontest.Full(1, 1), time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after   time.Duration
		version uint64
	}{
		{time.Minute - 1, 1},
		{time.Minute, 0},
		{time.Hour, 0},
	} {
		start := now
		now = start.Add(c.after)
		r, err := m.Load(t.Context(), k)
		if err != nil || r.Version != c.version {
			t.Errorf("after %s: got version %d, %v, want %d", c.after, r.Version, err, c.version)
		}
		now = start
	}
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := session.NewMemory(3, nil)
		save := func(digits string, version uint64, ttl time.Duration) error {
			return m.Save(t.Context(), key(digits), sessiontest.Full(version, version), ttl)
		}
		for _, s := range []struct {
			digits  string
			version uint64
			ttl     time.Duration
		}{
			{"996555000001", 1, time.Minute},
			{"996555000002", 1, time.Hour},
			{"996555000003", 1, time.Hour},
			{"996555000002", 2, 2 * time.Minute}, // a session that is held can always be saved
		} {
			if err := save(s.digits, s.version, s.ttl); err != nil {
				t.Fatalf("%s: %v", s.digits, err)
			}
		}
		if err := save("996555000004", 1, time.Hour); err == nil {
			t.Error("a fourth session: saved, want an error")
		}
		time.Sleep(time.Minute) // of the bubble's clock
		if err := save("996555000004", 1, time.Hour); err != nil {
			t.Errorf("after one has expired: %v", err)
		}
		if err := save("996555000005", 1, time.Hour); err == nil {
			t.Error("a fifth session: saved, want an error")
		}
		time.Sleep(time.Minute)
		if err := save("996555000005", 1, time.Hour); err != nil {
			t.Errorf("after two have expired: %v", err)
		}
		if m.Len() != 3 {
			t.Errorf("%d sessions held, want 3", m.Len())
		}
	})
}
