package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"ussdgw/ussd/session"
)

// A sessionCount is how many dialogues are under way in what changes, by state and revision. It
// has nothing else of them: no number, nothing typed.
type sessionCount struct {
	all    int // dialogues under way
	total  int // those in what changes
	counts map[sessionPlace]int
}

// A sessionPlace is where dialogues are.
type sessionPlace struct{ state, revision string }

// countSessions looks at all dialogues in the Redis of the configuration. A plan is good without
// them: what cannot be counted is told in it.
func (p *planner) countSessions(cmd *cobra.Command) error {
	count, err := p.count(cmd)
	if p.uncounted = err; err == nil || errors.Is(err, session.ErrUnread) {
		p.sessions = &count
	}
	return cmd.Context().Err()
}

func (p *planner) count(cmd *cobra.Command) (sessionCount, error) {
	count := sessionCount{counts: make(map[sessionPlace]int)}
	store, err := openSessions(cmd.Context(), p.o.configured.Sessions, zap.NewNop())
	if err != nil {
		return count, err
	}
	touched := p.diff.Touched()
	err = store.Each(cmd.Context(), func(r session.Record) error {
		count.add(r, touched)
		return nil
	})
	if closed := store.Close(); err == nil {
		err = closed
	}
	return count, err
}

// add counts one session, unless its dialogue has ended.
func (c *sessionCount) add(r session.Record, touched []string) {
	if r.Ended || r.IsZero() {
		return
	}
	c.all++
	state := r.Position.Pending
	if n := len(r.Position.Stack); state == "" && n > 0 {
		state = r.Position.Stack[n-1].State
	}
	if !r.Executing.IsZero() {
		state = r.Executing.State
	}
	if slices.Contains(touched, state) {
		c.total++
		c.counts[sessionPlace{state, r.Position.Revision}]++
	}
}

// sessionText says where dialogues are now.
func (p *planner) sessionText(b *strings.Builder) {
	if p.uncounted != nil {
		fmt.Fprintf(b, "sessions not counted: %s\n",
			strings.ReplaceAll(p.uncounted.Error(), "\n", "\n    "))
	}
	if p.sessions != nil {
		p.sessions.write(b)
	}
	if p.uncounted != nil || p.sessions != nil {
		b.WriteByte('\n')
	}
}

func (c *sessionCount) write(b *strings.Builder) {
	fmt.Fprintf(b, "Dialogues under way: %d, of them %d in what changes\n", c.all, c.total)
	var places []sessionPlace
	for place := range c.counts {
		places = append(places, place)
	}
	slices.SortFunc(places, func(x, y sessionPlace) int {
		return cmp.Or(cmp.Compare(c.counts[y], c.counts[x]), cmp.Compare(x.state, y.state),
			cmp.Compare(x.revision, y.revision))
	})
	for _, place := range places {
		fmt.Fprintf(b, "    %6d in %s of revision %s\n", c.counts[place], place.state, place.revision)
	}
	if c.total > 0 {
		b.WriteString("    They end on the revision that they began with.\n")
	}
}
