// Package sessiontest is the suite that every session store passes: the same behaviour, whatever
// is underneath. It starts goroutines for the races and waits for them.
package sessiontest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
)

// A Store is the store under test, and a way past it.
type Store interface {
	Load(ctx context.Context, key session.Key) (session.Record, error)
	Save(ctx context.Context, key session.Key, r session.Record, ttl time.Duration) error
	Delete(ctx context.Context, key session.Key, version uint64) error
	Each(ctx context.Context, see func(session.Record) error) error
	// Plant stores any octets as the session of key, as another build or a fault would.
	Plant(ctx context.Context, key session.Key, octets []byte) error
}

const (
	long     = 10 * time.Minute // no case waits for its end
	short    = 40 * time.Millisecond
	patience = 20 * time.Second // for what must happen
)

// Run runs the suite. Each case opens a store of its own, or shares one that has no sessions of
// the numbers it uses: no two cases use the same number.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for i, c := range []struct {
		name string
		run  func(*testing.T, Store, session.Key)
	}{
		{"nothing stored", nothing},
		{"round trip", roundTrip},
		{"each save needs the version before", versions},
		{"a save does not share memory with its record", aliasing},
		{"own save repeated", ownRetry},
		{"own save repeated after another has won", ownRetryTooLate},
		{"N writers of one version, one wins", race},
		{"N writers of the first version, one wins", raceFirst},
		{"one writer's repeats all succeed", raceOwn},
		{"time to live ends a session", expiry},
		{"each save begins the time to live anew", renewal},
		{"a step outlives its session", expiredStep},
		{"delete", remove},
		{"keys are apart", keys},
		{"unknown format", unknownFormat},
		{"damaged record", damaged},
		{"records beyond a limit", tooBig},
		{"saves that can never be right", refused},
		{"keys that can never be right", badKeys},
		{"ended context", ended},
		{"every session is seen", everySession},
	} {
		t.Run(c.name, func(t *testing.T) {
			number := msisdn.MustParse(fmt.Sprintf("9965550000%02d", i))
			c.run(t, open(t), session.Key{Service: "*900#", Number: number})
		})
	}
}

// Full is a record with every field set, with this version and a writer made of writer.
func Full(version, writer uint64) session.Record {
	at := time.Date(2026, 11, 21, 14, 5, 6, 789_000_001, time.UTC)
	r := session.Record{
		Version:  version,
		Dialogue: "01f3",
		Link:     "megacom-1",
		Position: menu.Position{
			Revision: "0a1b2c3d4e5f",
			Lang:     "ky",
			Stack: []menu.Visit{
				{State: "pay_provider", Page: 2, Notice: "option"},
				{State: "main"},
			},
			Slots:   map[string]string{"category": "internet", "account": "00123", "имя": "Асанов"},
			Pending: "pay_quote",
		},
		StartedAt: at,
		TouchedAt: at.Add(time.Minute),
		LastInput: session.Input{
			ID: "7:1", Digest: [16]byte{1, 2, 15: 16}, At: at.Add(time.Minute),
		},
		LastReply: session.Reply{
			State: "pay_provider", Text: "Тандаңыз:\n1 Dostek", End: true, Secret: true,
		},
		Acked: true,
		Ended: true,
		Dead:  true,
		Executing: session.Executing{
			State: "pay_do", Action: "payment.pay", Offer: "9f86d081884c7d65", Attempt: "9f86/1",
		},
		Untold: "9f86d081884c7d65",
		Tells:  true,
		Seen:   []string{"begin:1", "input:2"},
	}
	binary.BigEndian.PutUint64(r.Writer[:], writer)
	return r
}

func nothing(t *testing.T, s Store, key session.Key) {
	want(t, s, key, session.Record{})
}

func roundTrip(t *testing.T, s Store, key session.Key) {
	for _, r := range []session.Record{Full(1, 1), {Version: 2, Writer: [8]byte{7: 2}}} {
		save(t, s, key, r, long)
		want(t, s, key, r)
	}
}

func versions(t *testing.T, s Store, key session.Key) {
	one, two := Full(1, 1), Full(2, 2)
	save(t, s, key, one, long)
	for _, wrong := range []session.Record{Full(1, 9), Full(3, 9), Full(1<<63, 9)} {
		wantConflict(t, s.Save(t.Context(), key, wrong, long), one)
	}
	save(t, s, key, two, long)
	for _, wrong := range []session.Record{Full(1, 1), Full(2, 9), Full(4, 9)} {
		wantConflict(t, s.Save(t.Context(), key, wrong, long), two)
	}
	want(t, s, key, two)
}

func aliasing(t *testing.T, s Store, key session.Key) {
	r := Full(1, 1)
	save(t, s, key, r, long)
	r.Position.Slots["account"] = "changed"
	r.Position.Stack[0].State = "changed"
	want(t, s, key, Full(1, 1))
	loaded, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	loaded.Position.Slots["account"] = "changed"
	want(t, s, key, Full(1, 1))
}

func ownRetry(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), long)
	save(t, s, key, Full(1, 1), long)
	save(t, s, key, Full(2, 2), long)
	save(t, s, key, Full(2, 2), long)
	want(t, s, key, Full(2, 2))
}

func ownRetryTooLate(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), long)
	save(t, s, key, Full(2, 2), long)
	wantConflict(t, s.Save(t.Context(), key, Full(1, 1), long), Full(2, 2))
}

const writers = 16

func race(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), long)
	for version := uint64(2); version < 7; version++ {
		oneWins(t, s, key, version)
	}
}

func raceFirst(t *testing.T, s Store, key session.Key) { oneWins(t, s, key, 1) }

// oneWins lets writers save the same version at once. All losers must be told the winner.
func oneWins(t *testing.T, s Store, key session.Key, version uint64) {
	t.Helper()
	errs := together(func(i int) error {
		return s.Save(t.Context(), key, Full(version, uint64(100+i)), long)
	})
	var winner session.Record
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			winner = Full(version, uint64(100+i))
		}
	}
	if won != 1 {
		t.Fatalf("version %d: %d of %d writers have won, want 1: %v", version, won, writers, errs)
	}
	for _, err := range errs {
		if err != nil {
			wantConflict(t, err, winner)
		}
	}
	want(t, s, key, winner)
}

func raceOwn(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), long)
	for i, err := range together(func(int) error {
		return s.Save(t.Context(), key, Full(2, 2), long)
	}) {
		if err != nil {
			t.Errorf("repeat %d: %v", i, err)
		}
	}
	want(t, s, key, Full(2, 2))
}

func expiry(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), short)
	waitGone(t, s, key)
	save(t, s, key, Full(1, 2), long)
	want(t, s, key, Full(1, 2))
}

func renewal(t *testing.T, s Store, key session.Key) {
	gone := key
	gone.Service = "*901#"
	save(t, s, key, Full(1, 1), short)
	save(t, s, key, Full(2, 2), long)
	save(t, s, gone, Full(1, 1), short)
	waitGone(t, s, gone)
	want(t, s, key, Full(2, 2))
}

func expiredStep(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), short)
	waitGone(t, s, key)
	save(t, s, key, Full(2, 2), long)
	want(t, s, key, Full(2, 2))
	wantConflict(t, s.Save(t.Context(), key, Full(2, 3), long), Full(2, 2))
}

func remove(t *testing.T, s Store, key session.Key) {
	save(t, s, key, Full(1, 1), long)
	save(t, s, key, Full(2, 2), long)
	for _, version := range []uint64{0, 1, 3} {
		if err := s.Delete(t.Context(), key, version); err != nil {
			t.Errorf("delete version %d: %v", version, err)
		}
		want(t, s, key, Full(2, 2))
	}
	for range 2 {
		if err := s.Delete(t.Context(), key, 2); err != nil {
			t.Errorf("delete version 2: %v", err)
		}
		want(t, s, key, session.Record{})
	}
}

func keys(t *testing.T, s Store, key session.Key) {
	service, number := key, key
	service.Service = "*901#"
	number.Number = msisdn.MustParse("996700999999")
	save(t, s, key, Full(1, 1), long)
	want(t, s, service, session.Record{})
	want(t, s, number, session.Record{})
	save(t, s, service, Full(1, 2), long)
	want(t, s, key, Full(1, 1))
	if err := s.Delete(t.Context(), service, 1); err != nil {
		t.Fatal(err)
	}
	want(t, s, key, Full(1, 1))
}

func unknownFormat(t *testing.T, s Store, key session.Key) {
	octets := Full(1, 1).Marshal()
	octets[0] = 77
	plant(t, s, key, octets)
	for op, err := range map[string]error{
		"load": loadErr(t, s, key),
		"save": s.Save(t.Context(), key, Full(1, 2), long),
	} {
		if err == nil || !strings.Contains(err.Error(), "format 77") {
			t.Errorf("%s: got %v, want an error that names format 77", op, err)
		}
		if errors.Is(err, session.ErrConflict) {
			t.Errorf("%s: got %v, want no conflict: the winner cannot be read", op, err)
		}
	}
}

func damaged(t *testing.T, s Store, key session.Key) {
	whole := Full(1, 1).Marshal()
	for _, octets := range [][]byte{{}, {1}, whole[:16], whole[:17], whole[:len(whole)-1]} {
		plant(t, s, key, octets)
		if err := loadErr(t, s, key); err == nil {
			t.Errorf("load of %d octets: want an error", len(octets))
		}
		if err := s.Save(t.Context(), key, Full(1, 2), long); err == nil {
			t.Errorf("save over %d octets: want an error", len(octets))
		}
	}
}

func tooBig(t *testing.T, s Store, key session.Key) {
	for name, change := range map[string]func(*session.Record){
		"text": func(r *session.Record) {
			r.LastReply.Text = strings.Repeat("x", session.MaxStringOctets+1)
		},
		"slots": func(r *session.Record) {
			for i := range session.MaxSlots + 1 {
				r.Position.Slots[fmt.Sprint(i)] = ""
			}
		},
		"stack": func(r *session.Record) {
			r.Position.Stack = make([]menu.Visit, session.MaxStack+1)
		},
		"page":          func(r *session.Record) { r.Position.Stack[0].Page = session.MaxPage + 1 },
		"negative page": func(r *session.Record) { r.Position.Stack[0].Page = -1 },
		"octets": func(r *session.Record) {
			for i := range 10 {
				r.Position.Slots[fmt.Sprint(i)] = strings.Repeat("x", session.MaxStringOctets)
			}
		},
	} {
		r := Full(1, 1)
		change(&r)
		if err := s.Save(t.Context(), key, r, long); err == nil {
			t.Errorf("%s: saved, want an error", name)
		}
	}
	want(t, s, key, session.Record{})
	largest := Full(1, 1)
	largest.LastReply.Text = strings.Repeat("x", session.MaxStringOctets)
	save(t, s, key, largest, long)
	want(t, s, key, largest)
}

func refused(t *testing.T, s Store, key session.Key) {
	for name, err := range map[string]error{
		"version 0":          s.Save(t.Context(), key, Full(0, 1), long),
		"no writer":          s.Save(t.Context(), key, Full(1, 0), long),
		"no time to live":    s.Save(t.Context(), key, Full(1, 1), 0),
		"less than one unit": s.Save(t.Context(), key, Full(1, 1), time.Millisecond-1),
	} {
		if err == nil {
			t.Errorf("%s: saved, want an error", name)
		}
	}
	want(t, s, key, session.Record{})
}

func badKeys(t *testing.T, s Store, key session.Key) {
	for _, bad := range []session.Key{
		{},
		{Service: "*900#"},
		{Number: key.Number},
		{Service: "*900#}", Number: key.Number},
		{Service: "a:b", Number: key.Number},
		{Service: strings.Repeat("9", session.MaxServiceOctets+1), Number: key.Number},
	} {
		for op, err := range map[string]error{
			"load":   loadErr(t, s, bad),
			"save":   s.Save(t.Context(), bad, Full(1, 1), long),
			"delete": s.Delete(t.Context(), bad, 1),
		} {
			if err == nil {
				t.Errorf("%s %+v: want an error", op, bad)
			} else if digits := key.Number.Digits(); strings.Contains(err.Error(), digits) {
				t.Errorf("%s: %v: the error tells the number", op, err)
			}
		}
	}
}

func ended(t *testing.T, s Store, key session.Key) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, loadErr := s.Load(ctx, key)
	for op, err := range map[string]error{
		"load":   loadErr,
		"save":   s.Save(ctx, key, Full(1, 1), long),
		"delete": s.Delete(ctx, key, 1),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", op, err, context.Canceled)
		}
	}
	want(t, s, key, session.Record{})
}

// everySession has more sessions than are read at a time, one that cannot be decoded, and maybe
// those of other cases.
func everySession(t *testing.T, s Store, key session.Key) {
	const sessions = 450
	mine := func(i int) string { return fmt.Sprintf("every-%d", i) }
	for i := range sessions {
		r := Full(1, 1)
		r.Dialogue = mine(i)
		other := session.Key{
			Service: key.Service, Number: msisdn.MustParse(fmt.Sprintf("996555010%03d", i)),
		}
		save(t, s, other, r, long)
	}
	plant(t, s, key, []byte("no session"))
	seen := make(map[string]bool)
	err := s.Each(t.Context(), func(r session.Record) error {
		seen[r.Dialogue] = true
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("got %v, want an error that counts what cannot be decoded", err)
	}
	for i := range sessions {
		if !seen[mine(i)] {
			t.Fatalf("session %d of %d was not seen", i, sessions)
		}
	}
	enough := errors.New("enough")
	err = s.Each(t.Context(), func(session.Record) error {
		return enough
	})
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want the error of the caller's function", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Each(ended, func(session.Record) error { return nil }); err == nil {
		t.Error("an ended context is no error")
	}
}

func save(t *testing.T, s Store, key session.Key, r session.Record, ttl time.Duration) {
	t.Helper()
	if err := s.Save(t.Context(), key, r, ttl); err != nil {
		t.Fatalf("save version %d: %v", r.Version, err)
	}
}

func want(t *testing.T, s Store, key session.Key, want session.Record) {
	t.Helper()
	got, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("load:\n got %+v\nwant %+v", got, want)
	}
}

func wantConflict(t *testing.T, err error, current session.Record) {
	t.Helper()
	var conflict *session.Conflict
	if !errors.Is(err, session.ErrConflict) || !errors.As(err, &conflict) {
		t.Fatalf("got %v, want a conflict with version %d", err, current.Version)
	}
	if !reflect.DeepEqual(conflict.Current, current) {
		t.Errorf("conflict:\n got %+v\nwant %+v", conflict.Current, current)
	}
}

func plant(t *testing.T, s Store, key session.Key, octets []byte) {
	t.Helper()
	if err := s.Plant(t.Context(), key, octets); err != nil {
		t.Fatalf("plant: %v", err)
	}
}

func loadErr(t *testing.T, s Store, key session.Key) error {
	t.Helper()
	_, err := s.Load(t.Context(), key)
	return err
}

// waitGone polls until the session has expired.
func waitGone(t *testing.T, s Store, key session.Key) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(short / 8)
	defer tick.Stop()
	for {
		r, err := s.Load(t.Context(), key)
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		if r.IsZero() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the session of %s is still there after %s", short, patience)
		}
	}
}

// together calls do for every writer at the same moment and returns what each got.
func together(do func(i int) error) []error {
	errs := make([]error, writers)
	begin := make(chan struct{})
	var done sync.WaitGroup
	for i := range writers {
		done.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	done.Wait()
	return errs
}
