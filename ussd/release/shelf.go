package release

import "sync"

// A shelf keeps the revisions that dialogues in flight may still need, and those that are known
// not to run here. When it is full, what nobody has taken for the longest time goes.
type shelf struct {
	limit int

	mu      sync.Mutex
	uses    uint64 // so far
	kept    map[string]*kept
	refused map[string]error
}

// kept is a revision on the shelf.
type kept struct {
	set  Set
	used uint64 // which use was its last
}

// take returns a revision that is on the shelf.
func (s *shelf) take(id string) (Set, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kept[id]
	if k == nil {
		return Set{}, false
	}
	s.uses++
	k.used = s.uses
	return k.set, true
}

// keep puts a revision on the shelf.
func (s *shelf) keep(set Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = make(map[string]*kept)
	}
	s.uses++
	s.kept[set.Program.Revision()] = &kept{set: set, used: s.uses}
	for len(s.kept) > s.limit {
		oldest := ""
		for id, k := range s.kept {
			if oldest == "" || k.used < s.kept[oldest].used {
				oldest = id
			}
		}
		delete(s.kept, oldest)
	}
}

// drop takes a revision off the shelf.
func (s *shelf) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, id)
}

// refuse remembers why a revision does not run here, so that it is not proven again for each of
// its dialogues.
func (s *shelf) refuse(id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = make(map[string]error)
	}
	if len(s.refused) == maxRefused {
		clear(s.refused)
	}
	s.refused[id] = err
}

// refusal returns why a revision does not run here, or nil.
func (s *shelf) refusal(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[id]
}
