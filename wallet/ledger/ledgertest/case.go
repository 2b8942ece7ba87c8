package ledgertest

import (
	"reflect"
	"sync/atomic"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// found is a case of now.
func (b *books) found(key string) ledger.Case {
	return ledger.Case{
		Key: key, Kind: "ours_only", Provider: "dostek", Subject: "payment:1", Amount: money.Som(10),
		Detail: "the provider has no such payment", OpenedAt: b.now,
	}
}

// record is an act of now, by the support.
func (b *books) record(act, subject string) ledger.Record {
	return ledger.Record{Actor: "aida", Act: act, Subject: subject, Reason: "looked into", At: b.now}
}

func testCases(b *books) {
	one, two := b.found("one"), b.found("two")
	two.Subject = "payment:2"
	r := b.record("reconcile", "provider:dostek")
	for i, want := range []int{2, 0} {
		opened, err := b.OpenCases(b.ctx(), []ledger.Case{one, two, one}, &r)
		if err != nil || opened != want {
			b.Errorf("time %d: opened %d, %v, want %d", i+1, opened, err, want)
		}
	}
	all, err := b.Cases(b.ctx(), true, 0, 10)
	b.must(err)
	if len(all) != 2 || all[0].ID >= all[1].ID {
		b.Fatalf("cases %+v, want two", all)
	}
	one.ID, two.ID = all[0].ID, all[1].ID
	if want := []ledger.Case{one, two}; !reflect.DeepEqual(all, want) {
		b.Errorf("cases %+v, want %+v", all, want)
	}
	all, err = b.Cases(b.ctx(), true, one.ID, 1)
	b.must(err)
	if want := []ledger.Case{two}; !reflect.DeepEqual(all, want) {
		b.Errorf("after the first: %+v, want %+v", all, want)
	}
	all, err = b.SubjectCases(b.ctx(), "payment:1", 10)
	b.must(err)
	if want := []ledger.Case{one}; !reflect.DeepEqual(all, want) {
		b.Errorf("of payment 1: %+v, want %+v", all, want)
	}
	if records, err := b.Records(b.ctx(), r.Subject, 10); err != nil || len(records) != 1 {
		b.Errorf("records %+v, %v, want one", records, err)
	}
	if opened, err := b.OpenCases(b.ctx(), []ledger.Case{{Key: "x"}}, nil); err == nil || opened != 0 {
		b.Errorf("a case of nothing: opened %d, %v", opened, err)
	}
}

func testCloseCase(b *books) {
	_, err := b.OpenCases(b.ctx(), []ledger.Case{b.found("one"), b.found("two")}, nil)
	b.must(err)
	all, err := b.Cases(b.ctx(), false, 0, 10)
	b.must(err)
	c := all[0]
	r := b.record("close", ledger.CaseSubject(c.ID))
	b.must(b.CloseCase(b.ctx(), c.ID, r))
	b.declined(b.CloseCase(b.ctx(), c.ID, r), ledger.ReasonCaseClosed)
	b.is(b.CloseCase(b.ctx(), 999, r), ledger.ErrNoCase)
	if err := b.CloseCase(b.ctx(), all[1].ID, ledger.Record{}); err == nil {
		b.Error("closed by nobody")
	}
	got, err := b.Case(b.ctx(), c.ID)
	c.ClosedAt, c.ClosedBy, c.Resolution = b.now, r.Actor, r.Reason
	if err != nil || !reflect.DeepEqual(got, c) {
		b.Errorf("got %+v, %v, want %+v", got, err, c)
	}
	_, err = b.Case(b.ctx(), 999)
	b.is(err, ledger.ErrNoCase)
	open, err := b.Cases(b.ctx(), true, 0, 10)
	if err != nil || len(open) != 1 || open[0].ID != all[1].ID {
		b.Errorf("open cases %+v, %v, want the second", open, err)
	}
	records, err := b.Records(b.ctx(), r.Subject, 10)
	if err != nil || !reflect.DeepEqual(records, []ledger.Record{r}) {
		b.Errorf("records %+v, %v, want %+v", records, err, r)
	}
}

func testCaseRace(b *books) {
	var opened, closed atomic.Int64
	race(8, func(int) {
		n, err := b.OpenCases(b.ctx(), []ledger.Case{b.found("one")}, nil)
		if err != nil {
			b.Errorf("open: %v", err)
		}
		opened.Add(int64(n))
	})
	all, err := b.Cases(b.ctx(), true, 0, 10)
	b.must(err)
	if opened.Load() != 1 || len(all) != 1 {
		b.Fatalf("one case opened %d times: %+v", opened.Load(), all)
	}
	race(8, func(int) {
		err := b.CloseCase(b.ctx(), all[0].ID, b.record("close", ledger.CaseSubject(all[0].ID)))
		switch {
		case err == nil:
			closed.Add(1)
		case ledger.ReasonOf(err) != ledger.ReasonCaseClosed:
			b.Errorf("close: %v", err)
		}
	})
	if closed.Load() != 1 {
		b.Errorf("one case closed %d times", closed.Load())
	}
}
