package revision_test

import (
	"crypto/sha256"
	"testing"

	"ussdgw/menus/revision"
)

func TestIDFollowsNamesAndContent(t *testing.T) {
	a, b := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))
	first := revision.IDOf(revision.ContentOf(map[string][sha256.Size]byte{"x": a, "y": b}))
	if len(first) != revision.Digits {
		t.Errorf("got %q, want %d digits", first, revision.Digits)
	}
	for name, other := range map[string]map[string][sha256.Size]byte{
		"content": {"x": a, "y": a}, "name": {"x": a, "z": b}, "swapped": {"x": b, "y": a},
		"less": {"x": a},
	} {
		if revision.IDOf(revision.ContentOf(other)) == first {
			t.Errorf("another %s has the same id", name)
		}
	}
}
