// Package revision keeps what was published: the files of a menu under the hash of their content,
// and a log of who put which revision before whom, and why. Each entry of the log carries the hash
// of the one before it, so that none can be changed, left out or slipped in unseen.
//
// The package is pure: it knows no database and no clock, and nothing of what the files mean. The
// stores of the ledger implement Store.
package revision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Digits is how many hexadecimal digits an ID has. They are for people: who has minutes can make
// two folders that have the same ones. Whatever has to be certain compares the content sum.
const Digits = 12

// ContentOf returns the content sum of files, given by the SHA-256 of each by name: no two folders
// have the same one.
func ContentOf(sums map[string][sha256.Size]byte) (content [sha256.Size]byte) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(h, "%d:%s:%x\n", len(name), name, sums[name])
	}
	h.Sum(content[:0])
	return content
}

// IDOf returns the ID of files that have this content sum: the sum's first Digits.
func IDOf(content [sha256.Size]byte) string { return hex.EncodeToString(content[:])[:Digits] }

// A Revision is the content of a menus folder, immutable.
type Revision struct {
	ID       string            // IDOf its Content
	Files    map[string][]byte // by name
	Author   string            // who stored it first
	StoredAt time.Time
}

// A Stage says who is given a revision.
type Stage string

// The stages, in the order in which a revision goes through them. A stage may be left out.
const (
	StageTest  Stage = "test"  // the test numbers
	StageShare Stage = "share" // the test numbers, and a share of the subscribers
	StageAll   Stage = "all"   // everybody
)

// A Kind says what a Change does.
type Kind string

// The kinds of changes.
const (
	KindPublish  Kind = "publish"  // a revision goes to a stage
	KindRollback Kind = "rollback" // the candidate is dropped, or an earlier revision goes to all
)

// A Change is one entry of the log.
type Change struct {
	Seq      int64 // from 1 without a gap
	At       time.Time
	Kind     Kind
	Revision string            // that is shown from now on, to those whom the stage says
	Content  [sha256.Size]byte // of the revision, zero for none
	Base     string            // the revision that was live when the change was made, "" for none
	Stage    Stage             // StageAll for a rollback
	Numbers  []string          // test numbers, E.164 digits, for StageTest and StageShare
	Percent  int               // 1 to 99, for StageShare
	Actor    string
	Reason   string
	Prev     [sha256.Size]byte // Hash of the entry before, zero for the first
	Hash     [sha256.Size]byte // over all of the above
}

var (
	// ErrNotFound says that no revision has this ID.
	ErrNotFound = errors.New("revision: not found")
	// ErrStale says that somebody else has changed the log meanwhile.
	ErrStale = errors.New("revision: another change came first")
)

// A Store keeps revisions and the log. Its methods are safe for concurrent use, by several
// processes too.
type Store interface {
	// PutRevision stores a revision. One that is there already is left as it is; when other files
	// are stored under its ID, that is ErrTampered.
	PutRevision(ctx context.Context, r Revision) error
	// Revision returns a revision with its files, or ErrNotFound. It compares them with the ID
	// only: Rollout.Verify says whether they are what was published.
	Revision(ctx context.Context, id string) (Revision, error)
	// AppendChange adds an entry. It fails with ErrStale when its Seq is taken, and with
	// ErrNotFound when its revision is not stored.
	AppendChange(ctx context.Context, c Change) error
	// Changes returns the entries with a Seq above after, oldest first, at most limit.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
}
