package registry

import (
	"slices"
	"strings"
)

// A Kind is how two sides differ about a payment. Each is a case for a person.
type Kind string

// The kinds.
const (
	KindOursOnly        Kind = "ours_only"        // we have paid, they have no such payment
	KindTheirsOnly      Kind = "theirs_only"      // they have a payment that we have not made
	KindDiffers         Kind = "differs"          // in sum or account
	KindDuplicateOurs   Kind = "duplicate_ours"   // once more on our side
	KindDuplicateTheirs Kind = "duplicate_theirs" // once more on theirs: paid twice, maybe
)

// A Difference is one payment about which the sides do not agree.
type Difference struct {
	Kind   Kind
	Txn    string
	Ours   Line     // zero where there is none
	Theirs Line     // zero where there is none
	Fields []Column // that differ, with KindDiffers
}

// A Matching is what Match has found.
type Matching struct {
	Matched     int          // payments that both sides have, alike
	Differences []Difference // by Txn, then duplicates last
}

// Match compares two sides by Line.Txn: the sums, and the accounts where both sides tell them.
// What is there more than once takes part once, by the first line that is like one on the other
// side, else by the first; the rest are duplicates. It is pure; neither list is changed. Its memory
// is some 10 octets for each line, so the MaxRows of a Reader bound it.
func Match(ours, theirs []Line) Matching {
	var m Matching
	a, b := byTxn(ours), byTxn(theirs)
	for len(a) > 0 || len(b) > 0 {
		txn := ""
		if len(b) == 0 || len(a) > 0 && ours[a[0]].Txn <= theirs[b[0]].Txn {
			txn = ours[a[0]].Txn
		} else {
			txn = theirs[b[0]].Txn
		}
		var mine, yours []int32
		mine, a = group(ours, a, txn)
		yours, b = group(theirs, b, txn)
		m.add(txn, ours, theirs, mine, yours)
	}
	return m
}

// byTxn returns the places of lines in the order of their ids, equal ones in their own order.
func byTxn(lines []Line) []int32 {
	order := make([]int32, len(lines))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(x, y int32) int {
		return strings.Compare(lines[x].Txn, lines[y].Txn)
	})
	return order
}

// group cuts the places of txn off the front.
func group(lines []Line, order []int32, txn string) (of, rest []int32) {
	n := 0
	for n < len(order) && lines[order[n]].Txn == txn {
		n++
	}
	return order[:n], order[n:]
}

// add compares the lines of one id.
func (m *Matching) add(txn string, ours, theirs []Line, mine, yours []int32) {
	i, j := 0, 0 // those that take part
	switch {
	case len(mine) == 0:
		m.differ(Difference{Kind: KindTheirsOnly, Txn: txn, Theirs: theirs[yours[0]]})
	case len(yours) == 0:
		m.differ(Difference{Kind: KindOursOnly, Txn: txn, Ours: ours[mine[0]]})
	default:
		i, j = likest(ours, theirs, mine, yours)
		o, t := ours[mine[i]], theirs[yours[j]]
		if fields := differing(o, t); len(fields) > 0 {
			m.differ(Difference{Kind: KindDiffers, Txn: txn, Ours: o, Theirs: t, Fields: fields})
		} else {
			m.Matched++
		}
	}
	for k, at := range mine {
		if k != i {
			m.differ(Difference{Kind: KindDuplicateOurs, Txn: txn, Ours: ours[at]})
		}
	}
	for k, at := range yours {
		if k != j {
			m.differ(Difference{Kind: KindDuplicateTheirs, Txn: txn, Theirs: theirs[at]})
		}
	}
}

func (m *Matching) differ(d Difference) { m.Differences = append(m.Differences, d) }

// likest finds two lines that agree: one of each side, the first of either among them.
func likest(ours, theirs []Line, mine, yours []int32) (i, j int) {
	for j := range yours {
		if len(differing(ours[mine[0]], theirs[yours[j]])) == 0 {
			return 0, j
		}
	}
	for i := range mine {
		if len(differing(ours[mine[i]], theirs[yours[0]])) == 0 {
			return i, 0
		}
	}
	return 0, 0
}

func differing(o, t Line) []Column {
	var fields []Column
	if o.Amount != t.Amount {
		fields = append(fields, ColumnAmount)
	}
	if o.Account != "" && t.Account != "" && o.Account != t.Account {
		fields = append(fields, ColumnAccount)
	}
	return fields
}
