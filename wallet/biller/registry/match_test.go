package registry_test

import (
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/money"
)

func paid(txn, account string, som int64) registry.Line {
	return registry.Line{Txn: txn, Account: account, Amount: money.Som(som)}
}

func TestMatch(t *testing.T) {
	ours := []registry.Line{
		paid("3", "c", 30), paid("1", "a", 10), paid("2", "b", 20), paid("5", "e", 50),
		paid("6", "f", 60), paid("7", "g", 70), paid("7", "g", 7), paid("8", "", 80),
		paid("9", "i", 90), paid("9", "i", 90),
	}
	theirs := []registry.Line{
		paid("1", "a", 10), paid("2", "b", 21), paid("4", "d", 40), paid("5", "x", 55),
		paid("6", "f", 61), paid("6", "f", 60), paid("7", "g", 7), paid("8", "h", 80),
		paid("9", "i", 90), paid("9", "i", 90), paid("9", "i", 90), paid("91", "z", 1),
	}
	want := registry.Matching{Matched: 5, Differences: []registry.Difference{
		{
			Kind: registry.KindDiffers, Txn: "2", Ours: ours[2], Theirs: theirs[1],
			Fields: []registry.Column{registry.ColumnAmount},
		},
		{Kind: registry.KindOursOnly, Txn: "3", Ours: ours[0]},
		{Kind: registry.KindTheirsOnly, Txn: "4", Theirs: theirs[2]},
		{
			Kind: registry.KindDiffers, Txn: "5", Ours: ours[3], Theirs: theirs[3],
			Fields: []registry.Column{registry.ColumnAmount, registry.ColumnAccount},
		},
		{Kind: registry.KindDuplicateTheirs, Txn: "6", Theirs: theirs[4]},
		{Kind: registry.KindDuplicateOurs, Txn: "7", Ours: ours[5]},
		{Kind: registry.KindDuplicateOurs, Txn: "9", Ours: ours[9]},
		{Kind: registry.KindDuplicateTheirs, Txn: "9", Theirs: theirs[9]},
		{Kind: registry.KindDuplicateTheirs, Txn: "9", Theirs: theirs[10]},
		{Kind: registry.KindTheirsOnly, Txn: "91", Theirs: theirs[11]},
	}}
	before := slices.Clone(ours)
	if got := registry.Match(ours, theirs); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if !slices.Equal(ours, before) {
		t.Error("the lists were changed")
	}
	if got := registry.Match(nil, nil); got.Matched != 0 || len(got.Differences) != 0 {
		t.Errorf("nothing with nothing: %+v", got)
	}
}

// Every line of either side is told of exactly once.
func TestMatchLosesNothing(t *testing.T) {
	side := rapid.Custom(func(t *rapid.T) []registry.Line {
		var lines []registry.Line
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			lines = append(lines, paid(strconv.Itoa(rapid.IntRange(1, 5).Draw(t, "txn")),
				rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "account"),
				rapid.Int64Range(1, 2).Draw(t, "som")))
		}
		return lines
	})
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := side.Draw(t, "ours"), side.Draw(t, "theirs")
		m := registry.Match(ours, theirs)
		mine, yours := m.Matched, m.Matched
		for _, d := range m.Differences {
			switch d.Kind {
			case registry.KindOursOnly, registry.KindDuplicateOurs:
				mine++
			case registry.KindTheirsOnly, registry.KindDuplicateTheirs:
				yours++
			case registry.KindDiffers:
				mine, yours = mine+1, yours+1
			default:
				t.Fatalf("kind %q", d.Kind)
			}
		}
		if mine != len(ours) || yours != len(theirs) {
			t.Fatalf("%d and %d lines are told of as %d and %d: %+v", len(ours), len(theirs), mine,
				yours, m)
		}
		back := registry.Match(theirs, ours)
		if back.Matched != m.Matched || len(back.Differences) != len(m.Differences) {
			t.Fatalf("%+v, the other way round %+v", m, back)
		}
	})
}
