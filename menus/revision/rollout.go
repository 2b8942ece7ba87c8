package revision

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

var (
	// ErrBase says that the change was made on another revision than the live one.
	ErrBase = errors.New("revision: the live revision is another one")
	// ErrUnchanged says that everything would stay as it is.
	ErrUnchanged = errors.New("revision: nothing would change")
	// ErrNarrower says that a publish would take the candidate from subscribers who have it.
	ErrNarrower = errors.New("revision: the candidate has more subscribers already")
	// ErrBusy says that another revision is the candidate.
	ErrBusy = errors.New("revision: another candidate is on its way")
	// ErrNeverLive says that a rollback goes to a revision that was never live.
	ErrNeverLive = errors.New("revision: it was never live")
	// ErrSamePerson says that a second person has to make this change.
	ErrSamePerson = errors.New("revision: a second person is needed")
)

// A Rollout is where the log has led: which revision each subscriber is given. The zero Rollout is
// that of an empty log. It is a value: Apply returns another one.
type Rollout struct {
	Seq       int64    // of the last change, 0 for none
	Live      string   // what everybody has whom the stage does not say, "" for nothing published
	Candidate string   // the revision on trial, "" for none
	Stage     Stage    // of the candidate: StageTest or StageShare; "" without one
	Numbers   []string // test numbers of the candidate, E.164 digits in order
	Percent   int      // share of the subscribers who have the candidate
	Previous  string   // what a rollback brings back when there is no candidate

	hash    [sha256.Size]byte            // of the last change
	before  []string                     // what was live before Live, oldest first; "" is nothing
	ever    map[string]bool              // all that was ever live
	content map[string][sha256.Size]byte // of every revision in the log
}

// Replay returns where the whole log, from its first change, has led. A log with a gap, or one
// whose hashes do not follow from each other, fails with ErrTampered and names the place; the
// Rollout is then that of the changes before it.
func Replay(log []Change) (Rollout, error) { return Rollout{}.Apply(log...) }

// Apply returns where further changes lead. It fails as Replay does.
func (r Rollout) Apply(log ...Change) (Rollout, error) {
	r.before, r.ever, r.content = slices.Clone(r.before), maps.Clone(r.ever), maps.Clone(r.content)
	if r.ever == nil {
		r.ever, r.content = make(map[string]bool), make(map[string][sha256.Size]byte)
	}
	for _, c := range log {
		if err := r.follows(c); err != nil {
			return r, fmt.Errorf("%w: entry %d: %w", ErrTampered, r.Seq+1, err)
		}
		r.apply(c)
	}
	return r, nil
}

// follows reports why c cannot be the change after r.
func (r Rollout) follows(c Change) error {
	switch {
	case c.Seq != r.Seq+1:
		return fmt.Errorf("it has the number %d", c.Seq)
	case c.Prev != r.hash:
		return errors.New("it does not follow from the one before it")
	case c.Hash != c.seal():
		return errors.New("its content is not what was sealed")
	case c.Base != r.Live:
		return fmt.Errorf("it was made on %s while %s was live", named(c.Base), named(r.Live))
	}
	if sealed, ok := r.content[c.Revision]; ok && sealed != c.Content {
		return fmt.Errorf("it is of other files than were published as %s before", c.Revision)
	}
	return c.validate()
}

// Verify reports whether a revision is whole, and its files are those that the log names by its
// ID. Others fail with ErrTampered, be they ever so well made. A revision that is not in the log
// is compared with its ID only.
func (r Rollout) Verify(rev Revision) error {
	if err := rev.Verify(); err != nil {
		return err
	}
	return r.VerifyContent(rev.ID, rev.Content())
}

// VerifyContent reports, by ErrTampered, that the log has sealed another content sum for a
// revision.
func (r Rollout) VerifyContent(id string, content [sha256.Size]byte) error {
	if sealed, ok := r.content[id]; ok && content != sealed {
		return fmt.Errorf("%w: under the name %s, files with the sum %x were published, not %x",
			ErrTampered, id, sealed, content)
	}
	return nil
}

// apply changes r in place.
func (r *Rollout) apply(c Change) {
	r.Seq, r.hash = c.Seq, c.Hash
	r.content[c.Revision] = c.Content
	if c.Stage == StageAll {
		r.goLive(c)
		r.Candidate, r.Stage, r.Numbers, r.Percent = "", "", nil, 0
		return
	}
	r.Candidate, r.Stage = c.Revision, c.Stage
	r.Numbers, r.Percent = slices.Clone(c.Numbers), c.Percent
}

// goLive makes a revision live. A rollback takes away what came after the revision that it brings
// back, so that the next one goes further back and not forth again.
func (r *Rollout) goLive(c Change) {
	if c.Revision == r.Live {
		return // a candidate was dropped
	}
	back := -1
	if c.Kind == KindRollback {
		back = lastIndex(r.before, c.Revision)
	}
	if back >= 0 {
		r.before = r.before[:back]
	} else {
		r.before = append(r.before, r.Live)
	}
	r.Live, r.Previous = c.Revision, ""
	r.ever[c.Revision] = true
	if len(r.before) > 0 {
		r.Previous = r.before[len(r.before)-1]
	}
}

func lastIndex(all []string, one string) int {
	for i, s := range slices.Backward(all) {
		if s == one {
			return i
		}
	}
	return -1
}

// For returns the revision for a subscriber, given by E.164 digits: the candidate for its test
// numbers and for its share of the subscribers, else the live one. It is "" for the menus that
// are there before anything is published. A subscriber whom a share has reached stays in it when
// it grows; another candidate reaches others first.
func (r Rollout) For(number string) string {
	if r.Candidate == "" {
		return r.Live
	}
	if _, test := slices.BinarySearch(r.Numbers, number); test {
		return r.Candidate
	}
	if r.Stage == StageShare && hundredth(number, r.Candidate) < r.Percent {
		return r.Candidate
	}
	return r.Live
}

// hundredth puts a subscriber into one of the hundredths 0 to 99, for one candidate.
func hundredth(number, candidate string) int {
	sum := sha256.Sum256([]byte(candidate + ":" + number))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}

// Next returns c as the next entry of the log: with Seq, Prev and Hash, numbers in order. The
// caller gives At, Kind, Revision, Stage, Numbers, Percent, Actor and Reason, and for a publish
// Base and Content.
//
// A Content other than the log has for the revision fails with ErrTampered.
//
// A publish needs the live revision as its Base, or fails with ErrBase. One of the candidate
// widens it: numbers are added to those it has; ErrNarrower and ErrUnchanged are its refusals. A
// publish of another revision takes the candidate's place only while both are for test numbers,
// else it fails with ErrBusy.
//
// A rollback without a Revision drops the candidate, or brings Previous back when there is none;
// with one it makes live what was live before, and drops the candidate too. It fails with
// ErrUnchanged when there is nothing to take back, and with ErrNeverLive.
func (r Rollout) Next(c Change) (Change, error) {
	var err error
	if c.Kind == KindRollback {
		c, err = r.nextRollback(c)
	} else {
		c, err = r.nextPublish(c)
	}
	if err != nil {
		return Change{}, err
	}
	if err := r.VerifyContent(c.Revision, c.Content); err != nil {
		return Change{}, err
	}
	c = c.canonical()
	if err := c.validate(); err != nil {
		return Change{}, err
	}
	c.Seq, c.Prev = r.Seq+1, r.hash
	c.Hash = c.seal()
	return c, nil
}

func (r Rollout) nextPublish(c Change) (Change, error) {
	switch {
	case c.Base != r.Live:
		return c, fmt.Errorf("%w: it is %s, and the change was made on %s", ErrBase, named(r.Live),
			named(c.Base))
	case c.Revision == r.Live && c.Revision != "":
		return c, fmt.Errorf("%w: %s is live already", ErrUnchanged, c.Revision)
	case r.Candidate == "":
		return c, nil
	case c.Revision == r.Candidate:
		return r.widen(c)
	case c.Stage != StageTest || r.Stage != StageTest:
		return c, fmt.Errorf("%w: %s is at stage %s; publish it to all, or drop it by a rollback",
			ErrBusy, r.Candidate, r.Stage)
	}
	return c, nil
}

// order ranks the stages by whom they reach.
var order = []Stage{StageTest, StageShare, StageAll}

// widen fills in a further publish of the candidate.
func (r Rollout) widen(c Change) (Change, error) {
	if c.Stage == StageAll {
		return c, nil
	}
	have := r.Stage
	if slices.Index(order, c.Stage) < slices.Index(order, have) ||
		(c.Stage == have && c.Percent < r.Percent) {
		return c, fmt.Errorf("%w: %s is at stage %s %d%%; only a rollback takes it back",
			ErrNarrower, r.Candidate, have, r.Percent)
	}
	c.Numbers = slices.Concat(r.Numbers, c.Numbers)
	c = c.canonical()
	if c.Stage == have && c.Percent == r.Percent && slices.Equal(c.Numbers, r.Numbers) {
		return c, fmt.Errorf("%w: the candidate is there already", ErrUnchanged)
	}
	return c, nil
}

func (r Rollout) nextRollback(c Change) (Change, error) {
	switch {
	case c.Revision != "" && !r.ever[c.Revision]:
		return c, fmt.Errorf("%w: %s", ErrNeverLive, c.Revision)
	case c.Revision != "":
	case r.Candidate != "":
		c.Revision = r.Live
	default:
		c.Revision = r.Previous
	}
	if c.Revision == r.Live && r.Candidate == "" {
		return c, fmt.Errorf("%w: %s is live, and there is no candidate", ErrUnchanged, named(r.Live))
	}
	c.Content = r.content[c.Revision]
	c.Base, c.Stage, c.Numbers, c.Percent = r.Live, StageAll, nil, 0
	return c, nil
}

// CheckSecond reports, by ErrSamePerson, that c takes a revision beyond test numbers and is made
// by the revision's own author; see SameActor. It is the rule of two persons, for those who want
// it.
func (c Change) CheckSecond(author string) error {
	if c.Kind != KindPublish || c.Stage == StageTest || !SameActor(c.Actor, author) {
		return nil
	}
	return fmt.Errorf("%w: %s is by %s, who may publish it to test numbers only", ErrSamePerson,
		c.Revision, author)
}

// named names a revision in a message.
func named(id string) string {
	if id == "" {
		return "nothing"
	}
	return id
}

// readAtOnce is how many entries of the log are read at once.
const readAtOnce = 200

// Log reads the whole log of a store.
func Log(ctx context.Context, s Store) ([]Change, error) {
	var log []Change
	for {
		after := int64(0)
		if len(log) > 0 {
			after = log[len(log)-1].Seq
		}
		more, err := s.Changes(ctx, after, readAtOnce)
		if err != nil {
			return nil, err
		}
		log = append(log, more...)
		if len(more) < readAtOnce {
			return log, nil
		}
	}
}
