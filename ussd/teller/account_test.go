package teller_test

import (
	"slices"
	"strings"
	"testing"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
)

// A value is cut where it is too long: the IDs in it are whole ones before that.
func TestFavouritesAreWhole(t *testing.T) {
	long := strings.Repeat("x", menu.MaxValueBytes)
	eight := slices.Repeat([]string{strings.Repeat("i", 40)}, 8)
	for _, tt := range []struct {
		name string
		ids  []string
		want int // of them
	}{
		{"none", nil, 0},
		{"a few", []string{"dostek", "hoster"}, 2},
		{"eight long ones", eight, 5},
		{"the last fits", []string{long[:menu.MaxValueBytes-2], "a"}, 2},
		{"the last is one too long", []string{long[:menu.MaxValueBytes-2], "ab"}, 1},
		{"the longest", []string{long}, 1},
		{"too long", []string{long + "x", "a"}, 0},
	} {
		got := teller.Joined(tt.ids, menu.MaxValueBytes)
		if want := strings.Join(tt.ids[:tt.want], " "); got != want || len(got) > menu.MaxValueBytes {
			t.Errorf("%s: got %d octets, want %d: %q", tt.name, len(got), len(want), got)
		}
	}
}
