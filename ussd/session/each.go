package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// ErrUnread says that Each has left out sessions, which it counts, because they cannot be decoded.
var ErrUnread = errors.New("sessions left out")

// scanBatch is how many keys Each asks for, and reads, at a time.
const scanBatch = 200

// Each calls see with every session, in no order and one at a time. Sessions that come and go
// meanwhile may be seen or not, and one that is there all the time may be seen twice while Redis
// resizes its tables: it is good for counting and for nothing else. It asks for a few hundred keys
// at a time, so that the dialogues go on beside it. It ends with the first error of see or of ctx.
// What cannot be decoded is left out: Each returns ErrUnread, after all others were seen.
func (s *Redis) Each(ctx context.Context, see func(Record) error) error {
	e := each{see: see, match: glob(s.prefix) + "ussd:{*"}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
			return e.scan(ctx, c)
		})
	} else {
		err = e.scan(ctx, s.client)
	}
	if err != nil {
		return s.errorf("each", err)
	}
	if err := e.unread(); err != nil {
		return s.errorf("each", err)
	}
	return nil
}

// Each is Redis.Each. Here every session is seen once.
func (m *Memory) Each(ctx context.Context, see func(Record) error) error {
	m.mu.Lock()
	var all [][]byte
	for key := range m.sessions {
		if octets := m.octets(key); octets != nil {
			all = append(all, slices.Clone(octets))
		}
	}
	m.mu.Unlock()
	e := each{see: see}
	for _, octets := range all {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("session: memory: each: %w", err)
		}
		if err := e.take(octets); err != nil {
			return fmt.Errorf("session: memory: each: %w", err)
		}
	}
	if err := e.unread(); err != nil {
		return fmt.Errorf("session: memory: each: %w", err)
	}
	return nil
}

// each is one pass over all sessions. The masters of a Cluster are scanned side by side; see is
// called by one of them at a time.
type each struct {
	match string

	mu    sync.Mutex // guards the fields below, and the calls of see
	see   func(Record) error
	bad   int
	first error // of those that cannot be decoded
}

// scan looks at the sessions of one server.
func (e *each) scan(ctx context.Context, server interface {
	Scan(ctx context.Context, cursor uint64, match string, count int64) *redis.ScanCmd
	Pipeline() redis.Pipeliner
},
) error {
	for cursor := uint64(0); ; {
		keys, next, err := server.Scan(ctx, cursor, e.match, scanBatch).Result()
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(keys, scanBatch) {
			if err := e.read(ctx, server.Pipeline(), batch); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// read loads sessions in one pipeline. One that is gone meanwhile is no error.
func (e *each) read(ctx context.Context, pipe redis.Pipeliner, keys []string) error {
	var replies []*redis.StringCmd
	for _, key := range keys {
		replies = append(replies, pipe.Get(ctx, key))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for _, reply := range replies {
		octets, err := reply.Bytes()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err == nil {
			err = e.take(octets)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take decodes one session and shows it.
func (e *each) take(octets []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := Unmarshal(octets)
	if err != nil {
		if e.bad++; e.first == nil {
			e.first = err
		}
		return nil
	}
	return e.see(r)
}

// unread says how many sessions could not be decoded.
func (e *each) unread() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.bad == 0 {
		return nil
	}
	return fmt.Errorf("%d %w: %w", e.bad, ErrUnread, e.first)
}

// glob writes a text so that it matches only itself in a pattern of Redis.
func glob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}
