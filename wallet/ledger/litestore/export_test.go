package litestore

// Busy reports whether a change is under way.
func (s *Store) Busy() bool { return len(s.turn) > 0 }
