package session

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// MemoryLimit is how many sessions a Memory holds unless told otherwise.
const MemoryLimit = 100_000

// Memory is a store in the process: for development, tests and transcripts. It keeps encoded
// records, so that it refuses and forgets exactly what Redis does. It is safe for concurrent use
// and needs no Close.
type Memory struct {
	limit int
	now   func() time.Time

	mu       sync.Mutex // guards the fields below
	sessions map[Key]stored
	earliest time.Time // none of the sessions expires before
}

type stored struct {
	octets  []byte
	expires time.Time
}

// NewMemory makes an empty store that holds at most limit sessions [MemoryLimit] and tells the
// time by now [time.Now].
func NewMemory(limit int, now func() time.Time) *Memory {
	if limit <= 0 {
		limit = MemoryLimit
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{limit: limit, now: now, sessions: make(map[Key]stored)}
}

// Load returns the session of key, or the zero Record when there is none.
func (m *Memory) Load(ctx context.Context, key Key) (Record, error) {
	if err := m.check(ctx, key); err != nil {
		return Record{}, fmt.Errorf("session: memory: load: %w", err)
	}
	m.mu.Lock()
	octets := m.octets(key)
	m.mu.Unlock()
	if octets == nil {
		return Record{}, nil
	}
	r, err := Unmarshal(octets)
	if err != nil {
		return Record{}, fmt.Errorf("session: memory: load: %w", err)
	}
	return r, nil
}

// Save stores r for ttl if the stored version is r.Version-1. See Redis.Save for the rules, which
// are the same. A Memory that is full of live sessions refuses a new one.
func (m *Memory) Save(ctx context.Context, key Key, r Record, ttl time.Duration) error {
	if err := m.check(ctx, key); err != nil {
		return fmt.Errorf("session: memory: save: %w", err)
	}
	octets, err := encodeForSave(r, ttl)
	if err != nil {
		return fmt.Errorf("session: memory: save: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if current := m.octets(key); current != nil {
		switch {
		case hasVersion(current, r.Version-1):
		case sameSave(current, octets):
			return nil
		default:
			return conflict("memory", current)
		}
	}
	if err := m.makeRoom(key); err != nil {
		return err
	}
	m.put(key, octets, m.now().Add(ttl))
	return nil
}

// Delete removes the session if it still has this version, and does nothing otherwise.
func (m *Memory) Delete(ctx context.Context, key Key, version uint64) error {
	if err := m.check(ctx, key); err != nil {
		return fmt.Errorf("session: memory: delete: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if current := m.octets(key); current != nil && hasVersion(current, version) {
		delete(m.sessions, key)
	}
	return nil
}

func (m *Memory) check(ctx context.Context, key Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return key.check()
}

// octets returns what is stored and has not expired, or nil. The caller holds mu.
func (m *Memory) octets(key Key) []byte {
	s, ok := m.sessions[key]
	if !ok || !m.now().Before(s.expires) {
		return nil
	}
	return s.octets
}

// makeRoom removes what has expired when the store is full and key is new. It looks only when
// something can have expired. The caller holds mu.
func (m *Memory) makeRoom(key Key) error {
	if _, held := m.sessions[key]; held || len(m.sessions) < m.limit {
		return nil
	}
	if now := m.now(); !now.Before(m.earliest) {
		maps.DeleteFunc(m.sessions, func(_ Key, s stored) bool { return !now.Before(s.expires) })
		m.earliest = time.Time{}
		for _, s := range m.sessions {
			m.expiresAt(s.expires)
		}
	}
	if len(m.sessions) >= m.limit {
		return fmt.Errorf("session: memory: save: %d sessions, no more fit", m.limit)
	}
	return nil
}

// put stores octets. The caller holds mu.
func (m *Memory) put(key Key, octets []byte, expires time.Time) {
	m.sessions[key] = stored{octets: octets, expires: expires}
	m.expiresAt(expires)
}

// expiresAt keeps earliest true for one more session.
func (m *Memory) expiresAt(t time.Time) {
	if m.earliest.IsZero() || t.Before(m.earliest) {
		m.earliest = t
	}
}
