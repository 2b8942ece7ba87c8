package smsc

import (
	"fmt"
	"time"

	"ussdgw/smsc/pdu"
)

// A submission is one submit_sm on its way: the frame without its sequence_number, and where the
// result goes.
type submission struct {
	command pdu.Command
	frame   []byte
	result  chan<- settlement // has room for one
}

// A settlement is what became of a submission.
type settlement struct {
	response *pdu.SubmitSMResp
	err      error // nil, *StatusError, ErrNotSent or ErrUnknown
}

// outstanding is a submission in the window.
type outstanding struct {
	submission
	deadline time.Time
	handed   bool // the writer has it: it may have reached the SMSC
}

// window holds the submit_sm requests that one bind has accepted and the SMSC has not answered.
// The bind's loop goroutine owns it; it has no lock.
type window struct {
	limit int // most that may be outstanding, from Config.Window
	bySeq map[uint32]*outstanding
	// order has the sequence numbers by deadline, which is the order of opening; those that were
	// settled meanwhile are skipped.
	order []uint32
}

func newWindow(limit int) *window {
	return &window{limit: limit, bySeq: make(map[uint32]*outstanding, limit)}
}

func (w *window) full() bool { return len(w.bySeq) >= w.limit }

func (w *window) used() int { return len(w.bySeq) }

// open reserves seq for s. The window must not be full.
func (w *window) open(seq uint32, s submission, deadline time.Time) {
	if _, used := w.bySeq[seq]; used {
		panic(fmt.Sprintf("smsc: sequence_number %d is already outstanding", seq))
	}
	if w.full() {
		panic(fmt.Sprintf("smsc: window of %d is full", w.limit))
	}
	w.bySeq[seq] = &outstanding{submission: s, deadline: deadline}
	w.order = append(w.order, seq)
}

// close frees the slot of seq. It reports false for a sequence that is not outstanding, such as
// that of a response that comes twice or too late.
func (w *window) close(seq uint32) (*outstanding, bool) {
	o, ok := w.bySeq[seq]
	delete(w.bySeq, seq)
	return o, ok
}

// hand marks all that are outstanding as given to the writer.
func (w *window) hand() {
	for i := len(w.order) - 1; i >= 0; i-- {
		o, ok := w.bySeq[w.order[i]]
		if ok && o.handed {
			return // so were all before it
		}
		if ok {
			o.handed = true
		}
	}
}

// next returns the oldest that is outstanding.
func (w *window) next() (seq uint32, o *outstanding, ok bool) {
	for len(w.order) > 0 {
		seq = w.order[0]
		if o, ok = w.bySeq[seq]; ok {
			return seq, o, true
		}
		w.order = w.order[1:]
	}
	return 0, nil, false
}
