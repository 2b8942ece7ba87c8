package litestore

import "context"

// Busy reports whether a change is under way.
func (s *Store) Busy() bool { return len(s.turn) > 0 }

// Exec runs a statement on the connection that writes.
func (s *Store) Exec(query string) error {
	return s.change(context.Background(), "exec", func(t tx) error {
		_, err := t.exec(query)
		return err
	})
}
