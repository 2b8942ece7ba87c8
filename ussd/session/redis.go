package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// Redis is a store in Redis, alone, under Sentinel or as a Cluster. Any number of processes share
// it. It is safe for concurrent use; Close ends the goroutines of its client.
//
// Loads and saves of all sessions travel in common pipelines (the client's deferred
// AutoPipeline), which costs a third of the processor time of single calls on both sides. A
// pipeline knows no deadline of a single call: when a caller's ctx ends, the caller stops to
// wait, and the command may still be done. That is why only commands that may be done twice are
// sent: a read, a compare-and-set that knows its own writer, and a guarded delete.
type Redis struct {
	client redis.UniversalClient
	pipe   *redis.AutoPipeliner // belongs to client
	prefix string
	where  string // the addresses, for errors
	save   script
	delete script
	log    *zap.Logger
}

// A script runs by its digest, and by its source where the server does not have it yet.
type script struct{ digest, source string }

func newScript(source string) script {
	return script{digest: redis.NewScript(source).Hash(), source: source}
}

// saveScript is the compare-and-set. The head of a record is octet 1 the format, 2 to 9 the
// version, 10 to 17 the writer, in every format.
//
// KEYS[1] session; ARGV[1] version that the save is based on; ARGV[2] new record; ARGV[3] time to
// live in milliseconds. It returns 1, or the stored record that won.
const saveScript = `
local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 2, 9) ~= ARGV[1] then
  if string.sub(stored, 2, 17) == string.sub(ARGV[2], 2, 17) then
    return 1
  end
  return stored
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`

// deleteScript removes KEYS[1] if its version is ARGV[1].
const deleteScript = `
local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 2, 9) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
`

// Load returns the session of key, or the zero Record when there is none. It is one GET from the
// master.
func (s *Redis) Load(ctx context.Context, key Key) (Record, error) {
	if err := key.check(); err != nil {
		return Record{}, fmt.Errorf("session: redis: load: %w", err)
	}
	cmd := redis.NewStringCmd(ctx, "get", s.key(key))
	if err := s.await(ctx, cmd); errors.Is(err, redis.Nil) {
		return Record{}, nil
	} else if err != nil {
		return Record{}, s.errorf("load", err)
	}
	r, err := Unmarshal([]byte(cmd.Val()))
	if err != nil {
		return Record{}, s.errorf("load", err)
	}
	return r, nil
}

// Save stores r for ttl (at least a millisecond) if the stored version is r.Version-1.
//
//   - The stored version and writer are already those of r: success. It is the repeat of a save
//     whose reply was lost. So r.Writer must be new for each record and must not be zero.
//   - Another version is stored: *Conflict with the record that won. Nothing is written.
//   - Nothing is stored: success, whatever the version. A session can expire, or be lost in a
//     failover, while its step is under way; the step has been done and must not be lost with it.
//     The time to live is far longer than a step, so that no other writer can have come and gone
//     unseen, unless it deleted the session.
//   - Any other error: it is not known whether r was stored. The same r may be saved again.
func (s *Redis) Save(ctx context.Context, key Key, r Record, ttl time.Duration) error {
	if err := key.check(); err != nil {
		return fmt.Errorf("session: redis: save: %w", err)
	}
	octets, err := encodeForSave(r, ttl)
	if err != nil {
		return fmt.Errorf("session: redis: save: %w", err)
	}
	reply, err := s.run(ctx, s.save, s.key(key), versionOctets(r.Version-1), octets,
		ttl.Milliseconds())
	if err != nil {
		return s.errorf("save", err)
	}
	if current, lost := reply.(string); lost {
		return conflict("redis", []byte(current))
	}
	return nil
}

// Delete removes the session if it still has this version, and does nothing otherwise. A save
// that was based on the deleted session succeeds afterwards, see Save: delete only what no step
// can be working on.
func (s *Redis) Delete(ctx context.Context, key Key, version uint64) error {
	if err := key.check(); err != nil {
		return fmt.Errorf("session: redis: delete: %w", err)
	}
	if _, err := s.run(ctx, s.delete, s.key(key), versionOctets(version)); err != nil {
		return s.errorf("delete", err)
	}
	return nil
}

// Ping returns nil when a server answers. The error names the address and the cause.
func (s *Redis) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return s.errorf("ping", err)
	}
	return nil
}

// Close waits for what is under way and closes the connections.
func (s *Redis) Close() error {
	if err := s.client.Close(); err != nil {
		return s.errorf("close", err)
	}
	return nil
}

// run runs a script for one key. It returns an int64, or a string for a reply of octets.
func (s *Redis) run(ctx context.Context, run script, key string, args ...any) (any, error) {
	reply, err := s.eval(ctx, "evalsha", run.digest, key, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return s.eval(ctx, "eval", run.source, key, args)
	}
	return reply, err
}

func (s *Redis) eval(ctx context.Context, verb, what, key string, args []any) (any, error) {
	const keys = 1
	const keyAt = 3 // verb, script, number of keys, key: it decides the Cluster's slot
	cmd := redis.NewCmd(ctx, append([]any{verb, what, keys, key}, args...)...)
	cmd.SetFirstKeyPos(keyAt)
	if err := s.await(ctx, cmd); err != nil {
		return nil, err
	}
	return cmd.Val(), nil
}

// await queues cmd for the next pipeline and waits for its reply, or for the end of ctx, after
// which cmd must not be read.
func (s *Redis) await(ctx context.Context, cmd redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.pipe.Submit(ctx, cmd).WaitContext(ctx)
	if cluster, ok := s.client.(*redis.ClusterClient); ok && mayBeMoved(err) {
		cluster.ReloadState(ctx)
	}
	return err
}

// mayBeMoved reports whether err can mean that a master is gone: a dead one sends no MOVED, and
// the client asks nobody for the new one by itself.
func mayBeMoved(err error) bool {
	var answered redis.Error
	return err != nil && !errors.As(err, &answered) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, redis.ErrAutoPipelineQueueFull)
}

// key is "ussd:{*900#:996555123456}" behind the prefix. The braces keep everything of one session
// in one slot of a Cluster.
func (s *Redis) key(k Key) string {
	var b strings.Builder
	b.WriteString(s.prefix)
	b.WriteString("ussd:{")
	b.WriteString(k.Service)
	b.WriteByte(':')
	b.WriteString(k.Number.Digits())
	b.WriteByte('}')
	return b.String()
}

// errorf names the operation and the servers. The client's errors hold no argument of a command,
// so neither password nor number.
func (s *Redis) errorf(op string, err error) error {
	return fmt.Errorf("session: redis: %s: %s: %w", op, s.where, err)
}

func versionOctets(version uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, version)
}
