package session

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// wantedPolicy makes a full Redis refuse new sessions; any other policy makes it drop live ones.
const wantedPolicy = "noeviction"

// CheckServer looks for settings under which sessions get lost and logs a warning for each: an
// eviction policy other than noeviction on any master, and a Cluster that stops as a whole when a
// part of it has no master. The error says that a server could not be asked.
func (s *Redis) CheckServer(ctx context.Context) error {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.checkPolicy(ctx, s.client, s.where)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		addr := master.Options().Addr
		s.checkCoverage(ctx, master, addr)
		return s.checkPolicy(ctx, master, addr)
	})
}

// checkPolicy reads INFO, which managed servers allow where they refuse CONFIG.
func (s *Redis) checkPolicy(ctx context.Context, server redis.Cmdable, addr string) error {
	info, err := server.Info(ctx, "memory").Result()
	if err != nil {
		return fmt.Errorf("session: redis: check: %s: %w", addr, err)
	}
	policy := infoField(info, "maxmemory_policy")
	if policy != wantedPolicy {
		s.log.Warn("redis may drop live sessions",
			zap.String("server", addr),
			zap.String("maxmemory_policy", policy),
			zap.String("wanted", wantedPolicy))
	}
	return nil
}

// checkCoverage says nothing when the server refuses to tell.
func (s *Redis) checkCoverage(ctx context.Context, server redis.Cmdable, addr string) {
	const setting = "cluster-require-full-coverage"
	settings, err := server.ConfigGet(ctx, setting).Result()
	if err != nil || settings[setting] != "yes" {
		return
	}
	s.log.Warn("redis cluster stops as a whole when one shard has no master",
		zap.String("server", addr),
		zap.String("setting", setting),
		zap.String("wanted", "no"))
}

// infoField returns the value of a "name:value" line of INFO, or "".
func infoField(info, name string) string {
	lines := bufio.NewScanner(strings.NewReader(info))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
