package session

import (
	"context"
	"time"
)

// Plant stores any octets for an hour.
func (m *Memory) Plant(_ context.Context, key Key, octets []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, octets, m.now().Add(time.Hour))
	return nil
}

// Len counts the sessions that are held, expired ones included.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sessions)
}

// Plant stores any octets for an hour.
func (s *Redis) Plant(ctx context.Context, key Key, octets []byte) error {
	return s.client.Set(ctx, s.key(key), octets, time.Hour).Err()
}

// Command runs any command on the store's server.
func (s *Redis) Command(ctx context.Context, args ...any) (any, error) {
	return s.client.Do(ctx, args...).Result()
}
