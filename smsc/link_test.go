package smsc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/smsc"
	"ussdgw/smsc/pdu"
)

// A world is a link and the far ends of the connections it opens, in a bubble of fake time.
type world struct {
	t     *testing.T
	link  *smsc.Link
	dials chan *far
	logs  *observer.ObservedLogs
	stop  context.CancelFunc
	done  chan error
	at    time.Time // when the world began

	mu     sync.Mutex
	fars   []*far
	dialT  []time.Time
	counts map[string]int // PDUs by direction, command and status
	window []int          // what Window was told
	up     []bool         // what Bound was told
}

// PDU, Window and Bound implement smsc.Metrics.

func (w *world) PDU(link, direction, command, status string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[strings.TrimSpace(link+" "+direction+" "+command+" "+status)]++
}

func (w *world) Window(_ string, used int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.window = append(w.window, used)
}

func (w *world) Bound(_ string, up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up = append(w.up, up)
}

// A far is the SMSC's end of one connection.
type far struct {
	t    *testing.T
	conn net.Conn
}

// handler adapts a function.
type handler func(*pdu.DeliverSM, func(pdu.Status))

func (h handler) DeliverSM(sm *pdu.DeliverSM, respond func(pdu.Status)) { h(sm, respond) }

func accept(_ *pdu.DeliverSM, respond func(pdu.Status)) { respond(pdu.StatusOK) }

// inWorld runs f in a bubble with a link that has been started.
func inWorld(t *testing.T, h handler, f func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		w := &world{
			t: t, dials: make(chan *far, 100), logs: logs, done: make(chan error, 1),
			at: time.Now(), counts: map[string]int{},
		}
		config := smsc.Config{
			Name: "test", SystemID: "id", Password: "hush1234", Window: 2,
			EnquireLink: 10 * time.Second, ResponseTimeout: 3 * time.Second,
			BindTimeout: 5 * time.Second, WriteTimeout: 4 * time.Second,
			ReconnectMin: time.Second, ReconnectMax: 8 * time.Second,
			Dial: w.dial,
		}
		link, err := smsc.NewLink(config, h, zap.New(core), w)
		if err != nil {
			t.Fatal(err)
		}
		w.link = link
		ctx, stop := context.WithCancel(t.Context())
		w.stop = stop
		go func() { w.done <- link.Run(ctx) }()
		defer func() {
			stop()
			w.mu.Lock()
			for _, far := range w.fars {
				_ = far.conn.Close()
			}
			w.mu.Unlock()
			if err := <-w.done; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		}()
		f(t, w)
	})
}

func (w *world) dial(context.Context) (net.Conn, error) {
	near, conn := net.Pipe()
	far := &far{w.t, conn}
	w.mu.Lock()
	w.fars = append(w.fars, far)
	w.dialT = append(w.dialT, time.Now())
	w.mu.Unlock()
	w.dials <- far
	return near, nil
}

// bound accepts the next connection and its bind.
func (w *world) bound() *far {
	w.t.Helper()
	far := <-w.dials
	bind := expect[*pdu.Bind](far)
	if bind.SystemID != "id" || string(bind.Password) != "hush1234" {
		w.t.Errorf("bind as %q", bind.SystemID)
	}
	far.send(&pdu.BindResp{Sequence: bind.Sequence, Command: pdu.CommandBindTransceiverResp})
	if err := w.link.WaitBound(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return far
}

func (w *world) submit(ctx context.Context) chan error {
	result := make(chan error, 1)
	go func() {
		_, err := w.link.Submit(ctx, &pdu.SubmitSM{Message: pdu.Message{
			Source: pdu.Address{Digits: "900"}, Destination: pdu.Address{Digits: "996555123456"},
			Text: []byte("PIN 4711"),
		}})
		result <- err
	}()
	return result
}

func (f *far) send(p pdu.PDU) {
	f.t.Helper()
	frame, err := pdu.Encode(p)
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(frame)
}

func (f *far) write(b []byte) {
	f.t.Helper()
	if _, err := f.conn.Write(b); err != nil {
		f.t.Fatal(err)
	}
}

// expect reads the next PDU, which must be a P.
func expect[P pdu.PDU](f *far) P {
	f.t.Helper()
	frame, err := pdu.ReadFrame(f.conn, pdu.MaxFrame)
	if err != nil {
		f.t.Fatalf("no PDU: %v", err)
	}
	p, err := pdu.Decode(frame)
	if err != nil {
		f.t.Fatal(err)
	}
	want, ok := p.(P)
	if !ok {
		f.t.Fatalf("got %v, want a %T", p.Head(), want)
	}
	return want
}

// closed waits until the link has closed the connection and drops what comes before.
func (f *far) closed() {
	for {
		if _, err := pdu.ReadFrame(f.conn, pdu.MaxFrame); err != nil {
			return
		}
	}
}

func TestTheWindowWaits(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		ctx := t.Context()
		results := []chan error{w.submit(ctx), w.submit(ctx), w.submit(ctx)}
		first, second := expect[*pdu.SubmitSM](far), expect[*pdu.SubmitSM](far)
		synctest.Wait()
		for i, r := range results {
			if len(r) != 0 {
				t.Errorf("submit %d has failed: %v", i, <-r)
			}
		}
		far.send(&pdu.SubmitSMResp{Sequence: second.Sequence})
		third := expect[*pdu.SubmitSM](far)
		far.send(&pdu.SubmitSMResp{Sequence: third.Sequence})
		far.send(&pdu.SubmitSMResp{Sequence: first.Sequence})
		for i, r := range results {
			if err := <-r; err != nil {
				t.Errorf("submit %d: %v", i, err)
			}
		}
	})
}

func TestSubmitWhileNotBound(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		if err := <-w.submit(t.Context()); !errors.Is(err, smsc.ErrNotSent) {
			t.Errorf("Submit = %v, want ErrNotSent", err)
		}
		w.bound()
	})
}

func TestSubmitWhoseContextEnds(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		results := []chan error{w.submit(short), w.submit(short)}
		expect[*pdu.SubmitSM](far)
		expect[*pdu.SubmitSM](far)
		synctest.Wait()
		waiting := w.submit(short) // the window is full: it is never sent
		for _, r := range results {
			if err := <-r; !errors.Is(err, smsc.ErrUnknown) {
				t.Errorf("sent: %v, want ErrUnknown", err)
			}
		}
		if err := <-waiting; !errors.Is(err, smsc.ErrNotSent) {
			t.Errorf("waiting for the window: %v, want ErrNotSent", err)
		}
	})
}

func TestNoResponseFreesTheSlot(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		began := time.Now()
		results := []chan error{w.submit(t.Context()), w.submit(t.Context())}
		first := expect[*pdu.SubmitSM](far)
		expect[*pdu.SubmitSM](far)
		for _, r := range results {
			if err := <-r; !errors.Is(err, smsc.ErrUnknown) {
				t.Errorf("Submit = %v, want ErrUnknown", err)
			}
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("gave up after %v, want 3s", took)
		}
		next := w.submit(t.Context())
		far.send(&pdu.SubmitSMResp{Sequence: first.Sequence}) // too late: harmless
		sm := expect[*pdu.SubmitSM](far)
		for range 3 {
			far.send(&pdu.SubmitSMResp{Sequence: sm.Sequence})
		}
		if err := <-next; err != nil {
			t.Error(err)
		}
		far.send(&pdu.EnquireLink{Sequence: 0})
		if resp := expect[*pdu.EnquireLinkResp](far); resp.Sequence != 0 {
			t.Errorf("enquire_link 0 answered with %d", resp.Sequence)
		}
	})
}

func TestAConnectionLostAfterSending(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		result := w.submit(t.Context())
		expect[*pdu.SubmitSM](far)
		_ = far.conn.Close()
		if err := <-result; !errors.Is(err, smsc.ErrUnknown) {
			t.Errorf("Submit = %v, want ErrUnknown", err)
		}
		w.bound()
	})
}

// TestAPeerThatStopsReading blocks the writer: the write deadline ends it, and what was never
// given to the network says so.
func TestAPeerThatStopsReading(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		w.bound()
		began := time.Now()
		ctx := t.Context()
		first := w.submit(ctx)
		synctest.Wait() // the writer is stuck with it
		second := w.submit(ctx)
		if err := <-first; !errors.Is(err, smsc.ErrUnknown) {
			t.Errorf("given to the network: %v, want ErrUnknown", err)
		}
		if err := <-second; !errors.Is(err, smsc.ErrUnknown) && !errors.Is(err, smsc.ErrNotSent) {
			t.Errorf("behind it: %v", err)
		}
		w.bound()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("bound again after %v", took)
		}
	})
}

func TestASilentPeerIsLeftWithinTwoPeriods(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		began := time.Now()
		expect[*pdu.EnquireLink](far)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("enquire_link after %v, want 10s", took)
		}
		far.closed()
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("left after %v, want 20s", took)
		}
		far = w.bound()
		for range 5 {
			q := expect[*pdu.EnquireLink](far)
			far.send(&pdu.EnquireLinkResp{Sequence: q.Sequence})
		}
		if !w.link.Bound() {
			t.Error("an answering peer was left")
		}
	})
}

func TestNoBindResponse(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := <-w.dials
		expect[*pdu.Bind](far)
		far.closed()
		if took := time.Since(w.at); took != 5*time.Second {
			t.Errorf("gave up after %v, want 5s", took)
		}
		w.bound()
	})
}

func TestReconnectionBacksOff(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		for range 8 {
			far := <-w.dials
			bind := expect[*pdu.Bind](far)
			far.send(&pdu.BindResp{
				Sequence: bind.Sequence, Command: pdu.CommandBindTransceiverResp,
				Status: pdu.StatusBindFailed,
			})
			far.closed()
		}
		<-w.dials
		w.mu.Lock()
		defer w.mu.Unlock()
		pause := time.Second
		for i := 1; i < len(w.dialT); i++ {
			got := w.dialT[i].Sub(w.dialT[i-1])
			if got < pause/2 || got > pause {
				t.Errorf("pause %d is %v, want %v to %v", i, got, pause/2, pause)
			}
			pause = min(2*pause, 8*time.Second)
		}
	})
}

func TestUnbindBySMSC(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		far.send(&pdu.Unbind{Sequence: 41})
		if resp := expect[*pdu.UnbindResp](far); resp.Sequence != 41 {
			t.Errorf("unbind 41 answered with %d", resp.Sequence)
		}
		far.closed()
		w.bound()
	})
}

func TestStopUnbinds(t *testing.T) {
	for _, answers := range []bool{true, false} {
		inWorld(t, accept, func(t *testing.T, w *world) {
			far := w.bound()
			began := time.Now()
			w.stop()
			unbind := expect[*pdu.Unbind](far)
			if answers {
				far.send(&pdu.UnbindResp{Sequence: unbind.Sequence})
			}
			far.closed()
			err := <-w.done
			took := time.Since(began)
			if want := map[bool]time.Duration{false: 2 * time.Second}[answers]; took != want {
				t.Errorf("answering %t: stopped after %v, want %v", answers, took, want)
			}
			w.done <- err // for the end of the world
			if err := <-w.submit(t.Context()); !errors.Is(err, smsc.ErrNotSent) {
				t.Errorf("Submit after the stop = %v, want ErrNotSent", err)
			}
		})
	}
}

func TestStopDoesNotWaitForAPeerThatStopsReading(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		w.bound()
		began := time.Now()
		w.stop()
		err := <-w.done
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("stopped after %v, want 2s", took)
		}
		w.done <- err // for the end of the world
	})
}

func TestAPanicCostsOneBind(t *testing.T) {
	panics := handler(func(sm *pdu.DeliverSM, respond func(pdu.Status)) {
		if string(sm.Text) == "boom" {
			panic("4711")
		}
		respond(pdu.StatusOK)
	})
	inWorld(t, panics, func(t *testing.T, w *world) {
		far := w.bound()
		result := w.submit(t.Context())
		expect[*pdu.SubmitSM](far)
		far.send(&pdu.DeliverSM{Sequence: 1, Message: pdu.Message{Text: []byte("boom")}})
		far.closed()
		if err := <-result; !errors.Is(err, smsc.ErrUnknown) {
			t.Errorf("Submit = %v, want ErrUnknown", err)
		}
		far = w.bound()
		far.send(&pdu.DeliverSM{Sequence: 1, Message: pdu.Message{Text: []byte("ok")}})
		expect[*pdu.DeliverSMResp](far)
		w.noSecrets()
	})
}

func TestFaultyPDUsDoNotCostTheBind(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		header := func(length byte, command ...byte) []byte {
			return append(append([]byte{0, 0, 0, length}, command...), 0, 0, 0, 0, 0, 0, 0, 9)
		}
		far.write(header(16, 0, 0, 0, 5)) // deliver_sm without a body
		if resp := expect[*pdu.DeliverSMResp](far); resp.Status != pdu.StatusInvalidCommandLength ||
			resp.Sequence != 9 {
			t.Errorf("deliver_sm_resp %d %v", resp.Sequence, resp.Status)
		}
		far.write(header(16, 0, 0, 0x77, 0x77))
		if nack := expect[*pdu.GenericNack](far); nack.Status != pdu.StatusInvalidCommandID {
			t.Errorf("generic_nack %v", nack.Status)
		}
		far.write(header(16, 0, 0, 1, 2)) // alert_notification has no response
		far.send(&pdu.DataSM{Sequence: 10, Message: pdu.Message{Text: []byte("x")}})
		if resp := expect[*pdu.DataSMResp](far); resp.Sequence != 10 || resp.Status != 0 {
			t.Errorf("data_sm_resp %d %v", resp.Sequence, resp.Status)
		}
		far.write([]byte("GET / HTTP/1.1\r\n")) // sixteen octets with a wild length
		if nack := expect[*pdu.GenericNack](far); nack.Status != pdu.StatusInvalidCommandLength {
			t.Errorf("generic_nack %v", nack.Status)
		}
		far.closed()
		w.bound()
	})
}

func TestRespondOnceFromAnywhere(t *testing.T) {
	var kept func(pdu.Status)
	keeps := handler(func(_ *pdu.DeliverSM, respond func(pdu.Status)) { kept = respond })
	inWorld(t, keeps, func(t *testing.T, w *world) {
		far := w.bound()
		far.send(&pdu.DeliverSM{Sequence: 7})
		synctest.Wait()
		go kept(pdu.StatusThrottled)
		resp := expect[*pdu.DeliverSMResp](far)
		if resp.Sequence != 7 || resp.Status != pdu.StatusThrottled {
			t.Errorf("deliver_sm_resp %d %v", resp.Sequence, resp.Status)
		}
		kept(pdu.StatusOK)
		far.send(&pdu.EnquireLink{Sequence: 8})
		expect[*pdu.EnquireLinkResp](far) // and no second response before it
		far.send(&pdu.DeliverSM{Sequence: 9})
		synctest.Wait()
		_ = far.conn.Close()
		far = w.bound()
		kept(pdu.StatusOK) // of the bind that is gone
		far.send(&pdu.EnquireLink{Sequence: 10})
		expect[*pdu.EnquireLinkResp](far)
	})
}

func TestMetrics(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		result := w.submit(t.Context())
		sm := expect[*pdu.SubmitSM](far)
		far.send(&pdu.SubmitSMResp{Sequence: sm.Sequence, Status: 0x433})
		<-result
		far.send(&pdu.DeliverSM{Sequence: 1})
		expect[*pdu.DeliverSMResp](far)
		_ = far.conn.Close()
		w.bound()
		w.mu.Lock()
		defer w.mu.Unlock()
		for key, want := range map[string]int{
			"test out bind_transceiver":              2,
			"test in bind_transceiver_resp ESME_ROK": 2,
			"test out submit_sm":                     1,
			"test in submit_sm_resp other":           1,
			"test in deliver_sm":                     1,
			"test out deliver_sm_resp ESME_ROK":      1,
		} {
			if got := w.counts[key]; got != want {
				t.Errorf("%s: %d, want %d", key, got, want)
			}
		}
		if len(w.counts) != 6 {
			t.Errorf("counted %v", w.counts)
		}
		if !slices.Contains(w.window, 1) || w.window[len(w.window)-1] != 0 {
			t.Errorf("window was %v", w.window)
		}
		if want := []bool{true, false, true}; !slices.Equal(w.up, want) {
			t.Errorf("bound was %v, want %v", w.up, want)
		}
	})
}

func TestAConfigPrintsNoPassword(t *testing.T) {
	c := smsc.Config{Name: "a", Password: "hush1234"}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(verb, c); strings.Contains(got, "hush") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestLogsHaveNoSecrets(t *testing.T) {
	inWorld(t, accept, func(t *testing.T, w *world) {
		far := w.bound()
		result := w.submit(t.Context())
		sm := expect[*pdu.SubmitSM](far)
		far.send(&pdu.SubmitSMResp{Sequence: sm.Sequence, Status: pdu.StatusInvalidDestination})
		if err := <-result; err == nil || strings.Contains(err.Error(), "4711") {
			t.Errorf("Submit = %v", err)
		}
		far.send(&pdu.DeliverSM{Sequence: 1, Message: pdu.Message{
			Source: pdu.Address{Digits: "996555123456"}, Text: []byte("4711"),
		}})
		expect[*pdu.DeliverSMResp](far)
		far.send(&pdu.Unbind{Sequence: 2})
		far.closed()
		w.bound()
		w.noSecrets()
	})
}

// noSecrets checks everything that was logged so far.
func (w *world) noSecrets() {
	w.t.Helper()
	if w.logs.Len() == 0 {
		w.t.Error("nothing was logged")
	}
	for _, entry := range w.logs.All() {
		text := entry.Message
		for key, value := range entry.ContextMap() {
			text += " " + key + "=" + strings.TrimSpace(stringOf(value))
		}
		for _, secret := range []string{"4711", "996555", "hush"} {
			if strings.Contains(text, secret) {
				w.t.Errorf("log has %q: %s", secret, text)
			}
		}
	}
}

func stringOf(v any) string { return fmt.Sprint(v) }
