package revision_test

import (
	"testing"

	"ussdgw/menus/revision"
)

func TestActorOf(t *testing.T) {
	for _, tt := range []struct{ name, user, want string }{
		{"", "aida", "aida"},
		{"aida", "aida", "aida"},
		{"aida", "root", "aida (as root)"},
		{"Aida", "aida", "Aida (as aida)"},
		{"aida (as aida)", "root", "aida (as aida) (as root)"},
	} {
		if got := revision.ActorOf(tt.name, tt.user); got != tt.want {
			t.Errorf("%q, %q: got %q, want %q", tt.name, tt.user, got, tt.want)
		}
	}
}

func TestSameActor(t *testing.T) {
	for _, tt := range []struct {
		one, other string
		want       bool
	}{
		{"aida", "aida", true},
		{"aida", "AIDA", true},
		{"aida (as root)", "Aida (as root)", true},
		{"aida (as root)", "aida", true},
		{"aida (as root)", "aida (as ops)", true},
		{"bek (as aida)", "aida", true},
		{"bek (as aida)", "aida (as root)", true},
		{"bek (as root)", "root", true},
		{"aida (as aida) (as root)", "root", true},
		{"aida", "bek", false},
		{"aida (as root)", "bek (as root)", false},
		{"aida (as root)", "bek", false},
		{"aida (as ", "aida", false},
	} {
		for _, pair := range [][2]string{{tt.one, tt.other}, {tt.other, tt.one}} {
			if got := revision.SameActor(pair[0], pair[1]); got != tt.want {
				t.Errorf("%q: got %v, want %v", pair, got, tt.want)
			}
		}
	}
}
