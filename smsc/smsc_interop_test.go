package smsc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"ussdgw/smsc"
	"ussdgw/smsc/charset"
	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
	"ussdgw/smsc/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	systemID = "ussdgw"
	password = "secret08"
	msisdn   = "996555123456"
)

// script is a handler that answers every input with what reply says.
type script struct {
	dialect dialect.Dialect
	reply   func(dialect.Indication) (text string, end bool)
	status  func(dialect.Indication) pdu.Status // nil accepts everything

	link *smsc.Link
	ctx  context.Context

	mu      sync.Mutex
	running sync.WaitGroup
	seen    []dialect.Indication
	errs    []error
}

func (s *script) DeliverSM(sm *pdu.DeliverSM, respond func(pdu.Status)) {
	in, err := s.dialect.Decode(sm)
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		respond(refusal.Status)
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, in)
	s.mu.Unlock()
	if s.status != nil {
		if status := s.status(in); status != pdu.StatusOK {
			respond(status)
			return
		}
	}
	respond(pdu.StatusOK)
	if in.Kind != dialect.Begin && in.Kind != dialect.Input {
		return
	}
	s.running.Go(func() {
		text, end := s.reply(in)
		out, err := s.dialect.Encode(in.Peer, text, end)
		if err == nil {
			_, err = s.link.Submit(s.ctx, out)
		}
		if err != nil {
			s.mu.Lock()
			s.errs = append(s.errs, err)
			s.mu.Unlock()
		}
	})
}

func (s *script) indications() []dialect.Indication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]dialect.Indication(nil), s.seen...)
}

// pair starts a center and a link that is bound to it.
func pair(
	t *testing.T, s *script, change func(*smsc.Config, *sim.Config),
) (*smsc.Link, *sim.Center) {
	t.Helper()
	sc := sim.Config{
		Dialect: s.dialect, SystemID: systemID, Password: password, Logger: zaptest.NewLogger(t),
	}
	lc := smsc.Config{
		Name: "test", SystemID: systemID, Password: password,
		ReconnectMin: 10 * time.Millisecond, ReconnectMax: 50 * time.Millisecond,
	}
	if change != nil {
		change(&lc, &sc)
	}
	center, err := sim.Listen("127.0.0.1:0", sc)
	if err != nil {
		t.Fatal(err)
	}
	lc.Address = center.Addr()
	link, err := smsc.NewLink(lc, s, zaptest.NewLogger(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.link, s.ctx = link, t.Context()
	linkCtx, stopLink := context.WithCancel(context.Background())
	centerCtx, stopCenter := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := center.Run(centerCtx); err != nil {
			t.Errorf("center: %v", err)
		}
	})
	running.Go(func() {
		if err := link.Run(linkCtx); err != nil {
			t.Errorf("link: %v", err)
		}
	})
	t.Cleanup(func() {
		s.running.Wait()
		stopLink()
		stopCenter()
		running.Wait()
	})
	if err := link.WaitBound(deadline(t)); err != nil {
		t.Fatal(err)
	}
	return link, center
}

// deadline is a context for one wait of a test.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func standard(t *testing.T) dialect.Dialect {
	t.Helper()
	d, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// menu answers like a small service: Cyrillic, then GSM-7, then the end.
func menu(in dialect.Indication) (string, bool) {
	switch {
	case in.Kind == dialect.Begin:
		return "Төлөмдөр\n1 Байланыш\n2 Кызматтар", false
	case string(in.Text) == "1":
		return "1 Mobile {A} €\n0 Back", false
	}
	return "Рахмат!", true
}

func noFaults(t *testing.T, c *sim.Center) {
	t.Helper()
	for _, f := range c.Faults() {
		t.Errorf("protocol fault: %s", f.Reason)
	}
}

func TestADialogueOverLoopback(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	_, center := pair(t, s, nil)
	ctx := deadline(t)
	d, screen, err := center.Dial(ctx, msisdn, "*900#")
	if err != nil {
		t.Fatal(err)
	}
	want := sim.Screen{
		Text: "Төлөмдөр\n1 Байланыш\n2 Кызматтар", Alphabet: charset.UCS2, Units: 31,
	}
	if screen != want {
		t.Errorf("first screen = %+v, want %+v", screen, want)
	}
	if screen, err = d.Send(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	want = sim.Screen{Text: "1 Mobile {A} €\n0 Back", Alphabet: charset.GSM7, Units: 24}
	if screen != want {
		t.Errorf("second screen = %+v, want %+v", screen, want)
	}
	if screen, err = d.Send(ctx, "9"); err != nil {
		t.Fatal(err)
	}
	want = sim.Screen{Text: "Рахмат!", End: true, Alphabet: charset.UCS2, Units: 7}
	if screen != want {
		t.Errorf("last screen = %+v, want %+v", screen, want)
	}
	if _, err = d.Send(ctx, "1"); !errors.Is(err, sim.ErrEnded) {
		t.Errorf("input after the end = %v, want ErrEnded", err)
	}
	seen := s.indications()
	if len(seen) != 3 || string(seen[0].Text) != "*900#" || string(seen[2].Text) != "9" ||
		seen[0].Source != msisdn || seen[0].Session != seen[2].Session ||
		seen[0].Unit == seen[1].Unit {
		t.Errorf("the gateway has seen %v", seen)
	}
	noFaults(t, center)
}

func TestSMSArrivesWhole(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	link, center := pair(t, s, nil)
	tests := []struct {
		name, text string
		parts      int
	}{
		{"short", "Paid 100 som", 1},
		{"160 septets", strings.Repeat("a", 160), 1},
		{"161 septets", strings.Repeat("a", 161), 2},
		{"an extension pair at the cut", strings.Repeat("a", 152) + strings.Repeat("€", 20), 2},
		{"70 units", strings.Repeat("я", 70), 1},
		{"71 units", strings.Repeat("я", 71), 2},
		{"a surrogate pair at the cut", strings.Repeat("я", 66) + "😀😀😀", 2},
		{"long", strings.Repeat("Төлөм кабыл алынды. ", 30), 9},
		{"empty", "", 1},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sms := smsc.SMS{From: "900", To: msisdn, Text: tt.text}
			if err := link.SendSMS(deadline(t), sms); err != nil {
				t.Fatal(err)
			}
			got, err := center.WaitSMS(deadline(t), msisdn, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != tt.text || got.Parts != tt.parts || got.From != "900" {
				t.Errorf("got %q from %s in %d parts, want %q in %d",
					got.Text, got.From, got.Parts, tt.text, tt.parts)
			}
		})
	}
	noFaults(t, center)
}

func TestHangUpAndVanishRefuseLateScreens(t *testing.T) {
	for _, name := range []string{"hang up", "vanish"} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			s := &script{dialect: standard(t)}
			s.reply = func(in dialect.Indication) (string, bool) {
				if in.Kind == dialect.Input {
					<-release
				}
				return "1 Next", false
			}
			_, center := pair(t, s, nil)
			ctx := deadline(t)
			d, _, err := center.Dial(ctx, msisdn, "*900#")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.SendNoWait(ctx, "1"); err != nil {
				t.Fatal(err)
			}
			if name == "vanish" {
				d.Vanish()
			} else if err := d.HangUp(ctx); err != nil {
				t.Fatal(err)
			}
			close(release)
			waitFor(t, func() bool { return center.Strays() == 1 })
			s.running.Wait()
			var refused *smsc.StatusError
			if len(s.errs) != 1 || !errors.As(s.errs[0], &refused) ||
				refused.Status != pdu.StatusSubmitFailed {
				t.Errorf("late submit = %v, want ESME_RSUBMITFAIL", s.errs)
			}
			seen := s.indications()
			last := seen[len(seen)-1].Kind
			if got := last == dialect.Abort; got != (name == "hang up") {
				t.Errorf("the last the gateway has seen is %v", last)
			}
			noFaults(t, center)
		})
	}
}

func TestARefusedInputIsAnError(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	s.status = func(in dialect.Indication) pdu.Status {
		if in.Kind == dialect.Begin {
			return pdu.StatusThrottled
		}
		return pdu.StatusOK
	}
	_, center := pair(t, s, nil)
	_, _, err := center.Dial(deadline(t), msisdn, "*900#")
	var refused *sim.RefusedError
	if !errors.As(err, &refused) || refused.Status != pdu.StatusThrottled {
		t.Errorf("Dial = %v, want ESME_RTHROTTLED", err)
	}
}

func TestRepeatHasTheSameUnit(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	_, center := pair(t, s, nil)
	d, _, err := center.Dial(deadline(t), msisdn, "*900#")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Repeat(deadline(t)); err != nil {
		t.Fatal(err)
	}
	seen := s.indications()
	if len(seen) != 2 || seen[0].Unit == "" || seen[0].Unit != seen[1].Unit {
		t.Errorf("units are %v", seen)
	}
	// This gateway answers twice, which the center does not show and holds against it.
	waitFor(t, func() bool { return len(center.Faults()) == 1 })
}

func TestTooLongAScreenIsRefused(t *testing.T) {
	s := &script{dialect: standard(t)}
	s.reply = func(dialect.Indication) (string, bool) { return "ok", false }
	link, center := pair(t, s, nil)
	d, _, err := center.Dial(deadline(t), msisdn, "*900#")
	if err != nil {
		t.Fatal(err)
	}
	_ = d
	in := s.indications()[0]
	out, err := s.dialect.Encode(in.Peer, "ok", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		coding uint8
		octets int
	}{{0, 183}, {8, 162}} {
		out.DataCoding, out.Text = tt.coding, bytes.Repeat([]byte{'a'}, tt.octets)
		_, err = link.Submit(deadline(t), out)
		var refused *smsc.StatusError
		if !errors.As(err, &refused) || refused.Status != pdu.StatusInvalidMessageLength {
			t.Errorf("data_coding %d, %d octets: %v, want ESME_RINVMSGLEN",
				tt.coding, tt.octets, err)
		}
	}
	if got := len(center.Faults()); got != 2 {
		t.Errorf("%d faults, want 2", got)
	}
}

func TestManyPhonesAtOnce(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	_, center := pair(t, s, nil)
	ctx := deadline(t)
	var phones sync.WaitGroup
	for i := range 300 {
		phones.Go(func() {
			number := strconv.Itoa(996555000000 + i)
			d, _, err := center.Dial(ctx, number, "*900#")
			for _, text := range []string{"1", "9"} {
				if err == nil {
					_, err = d.Send(ctx, text)
				}
			}
			if err != nil {
				t.Errorf("phone %d: %v", i, err)
			}
		})
	}
	phones.Wait()
	if n := center.Strays(); n != 0 {
		t.Errorf("%d submits for no dialogue", n)
	}
	noFaults(t, center)
}

func TestEveryPresetRunsADialogue(t *testing.T) {
	for _, name := range dialect.Names() {
		t.Run(name, func(t *testing.T) {
			d, err := dialect.Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{dialect: d, reply: menu}
			_, center := pair(t, s, nil)
			ctx := deadline(t)
			phone, screen, err := center.Dial(ctx, msisdn, "*900#")
			for _, text := range []string{"1", "9"} {
				if err == nil {
					screen, err = phone.Send(ctx, text)
				}
			}
			if err != nil || !screen.End || screen.Text != "Рахмат!" {
				t.Errorf("last screen = %+v, %v", screen, err)
			}
			second, _, err := center.Dial(ctx, msisdn, "*900#")
			if err == nil {
				err = second.HangUp(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
			seen := s.indications()
			if last := seen[len(seen)-1]; last.Kind != dialect.Abort {
				t.Errorf("a hang-up arrives as %v", last)
			}
			noFaults(t, center)
		})
	}
}

func TestTheLinkComesBack(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	link, center := pair(t, s, nil)
	d, _, err := center.Dial(deadline(t), msisdn, "*900#")
	if err != nil {
		t.Fatal(err)
	}
	center.Disconnect()
	waitFor(t, func() bool {
		// The next input goes over the new connection as soon as there is one.
		screen, err := d.Send(deadline(t), "1")
		return err == nil && screen.Alphabet == charset.GSM7
	})
	if err := link.WaitBound(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

func TestWrongPasswordNeverBinds(t *testing.T) {
	center, err := sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: standard(t), SystemID: systemID, Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = center.Run(ctx) })
	link, err := smsc.NewLink(smsc.Config{
		Name: "test", Address: center.Addr(), SystemID: systemID, Password: "wrong",
		ReconnectMin: time.Millisecond, ReconnectMax: time.Millisecond,
	}, &script{}, zaptest.NewLogger(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() { _ = link.Run(ctx) })
	short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	if err := link.WaitBound(short); err == nil || link.Bound() {
		t.Error("bound with a wrong password")
	}
	cancel()
	running.Wait()
}

func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("waited in vain")
		}
	}
}

// TestTsharkDecodesEveryPDU lets an independent decoder judge what both sides put on the wire.
func TestTsharkDecodesEveryPDU(t *testing.T) {
	for _, tool := range []string{"tshark", "text2pcap"} {
		switch _, err := exec.LookPath(tool); {
		case err == nil:
		case os.Getenv("TEST_SERVERS") == "required":
			t.Fatalf("%s is not installed, and is required", tool)
		default:
			t.Skipf("%s is not installed: the wire format is not judged independently", tool)
		}
	}
	for _, name := range dialect.Names() {
		t.Run(name, func(t *testing.T) { judge(t, name) })
	}
}

func judge(t *testing.T, name string) {
	d, err := dialect.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	hex := filepath.Join(dir, "dialogue.hex")
	file, err := os.Create(hex)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{dialect: d, reply: menu}
	var center *sim.Center
	t.Run("dialogue", func(t *testing.T) {
		var link *smsc.Link
		link, center = pair(t, s, nil)
		center.Record(file)
		ctx := deadline(t)
		phone, _, err := center.Dial(ctx, msisdn, "*900#")
		for _, text := range []string{"1", "Асан", "9"} {
			if err == nil {
				_, err = phone.Send(ctx, text)
			}
			if errors.Is(err, sim.ErrEnded) {
				err = nil
			}
		}
		if err == nil {
			phone, _, err = center.Dial(ctx, msisdn, "*900#")
		}
		if err == nil {
			err = phone.HangUp(ctx)
		}
		for _, text := range []string{strings.Repeat("GSM {7} ", 40), strings.Repeat("Сом ", 50)} {
			if err == nil {
				err = link.SendSMS(ctx, smsc.SMS{From: "MBank", To: msisdn, Text: text})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}) // the unbind is part of the record
	center.Record(nil)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(hex)
	if err != nil {
		t.Fatal(err)
	}
	recorded := bytes.Count(dump, []byte("\n000000 "))
	pcap := filepath.Join(dir, "dialogue.pcap")
	run(t, "text2pcap", "-q", "-D", "-T", "2776,2775", hex, pcap)
	decoded := run(t, "tshark", "-r", pcap, "-d", "tcp.port==2775,smpp", "-Y", "smpp",
		"-T", "fields", "-e", "smpp.command_id")
	malformed := run(t, "tshark", "-r", pcap, "-d", "tcp.port==2775,smpp",
		"-Y", "_ws.malformed || (smpp && _ws.expert.severity >= 6291456)")
	if n := len(strings.Fields(decoded)); n != recorded || recorded < 20 {
		t.Errorf("tshark decodes %d of %d PDUs", n, recorded)
	}
	if malformed != "" {
		t.Errorf("tshark finds malformed PDUs:\n%s", malformed)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(deadline(t), name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w: %s", name, err, stderr.String()))
	}
	return string(out)
}

func TestAPhoneOverHTTP(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	link, center := pair(t, s, nil)
	server := httptest.NewServer(center.PhoneHandler())
	defer server.Close()
	phone := sim.NewPhone(server.URL)
	defer phone.Close()
	ctx := deadline(t)
	if _, err := phone.Send(ctx, "1"); !errors.Is(err, sim.ErrNoCall) {
		t.Errorf("Send before Dial = %v, want ErrNoCall", err)
	}
	screen, err := phone.Dial(ctx, msisdn, "*900#")
	if err != nil || screen.Alphabet != charset.UCS2 || screen.Units != 31 {
		t.Fatalf("Dial = %+v, %v", screen, err)
	}
	if screen, err = phone.Send(ctx, "1"); err != nil || screen.Text != "1 Mobile {A} €\n0 Back" {
		t.Fatalf("Send = %+v, %v", screen, err)
	}
	if err := phone.HangUp(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := phone.Send(ctx, "1"); !errors.Is(err, sim.ErrEnded) {
		t.Errorf("Send after HangUp = %v, want ErrEnded", err)
	}
	if err := link.SendSMS(ctx, smsc.SMS{From: "900", To: msisdn, Text: "Төлөм"}); err != nil {
		t.Fatal(err)
	}
	sms, err := phone.WaitSMS(ctx, msisdn, 1)
	if err != nil || sms.Text != "Төлөм" || sms.To != msisdn {
		t.Errorf("WaitSMS = %+v, %v", sms, err)
	}
	noFaults(t, center)
}

func TestPhoneHandlerRefusesStrangers(t *testing.T) {
	s := &script{dialect: standard(t), reply: menu}
	_, center := pair(t, s, nil)
	big := `{"text":"` + strings.Repeat("1", 5000) + `"}`
	tests := []struct {
		name, method, remote, media, body string
		want                              int
	}{
		{"another machine", "POST", "192.0.2.1:5", "application/json", "{}", 403},
		{"a form", "POST", "127.0.0.1:5", "text/plain", "{}", 415},
		{"no JSON", "POST", "127.0.0.1:5", "application/json", "{", 400},
		{"unknown field", "POST", "127.0.0.1:5", "application/json", `{"pin":"1"}`, 400},
		{"too large", "POST", "127.0.0.1:5", "application/json", big, 400},
		{"get", "GET", "127.0.0.1:5", "application/json", "", 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/dial", strings.NewReader(tt.body))
			r.RemoteAddr = tt.remote
			r.Header.Set("Content-Type", tt.media)
			w := httptest.NewRecorder()
			center.PhoneHandler().ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}

// BenchmarkDialogue measures whole exchanges, input to screen, over loopback with the window full.
func BenchmarkDialogue(b *testing.B) {
	d, err := dialect.Preset("standard")
	if err != nil {
		b.Fatal(err)
	}
	s := &script{dialect: d, reply: func(dialect.Indication) (string, bool) {
		return "1 Pay\n2 Balance\n0 Back", false
	}}
	center, err := sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: d, SystemID: systemID, Password: password,
	})
	if err != nil {
		b.Fatal(err)
	}
	link, err := smsc.NewLink(smsc.Config{
		Name: "bench", Address: center.Addr(), SystemID: systemID, Password: password, Window: 100,
	}, s, zap.NewNop(), nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.link, s.ctx = link, ctx
	var running sync.WaitGroup
	running.Go(func() { _ = center.Run(ctx) })
	running.Go(func() { _ = link.Run(ctx) })
	if err := link.WaitBound(ctx); err != nil {
		b.Fatal(err)
	}
	var phone atomic.Int64
	b.SetParallelism(50)
	b.RunParallel(func(pb *testing.PB) {
		d, _, err := center.Dial(ctx, strconv.FormatInt(996555000000+phone.Add(1), 10), "*900#")
		for err == nil && pb.Next() {
			_, err = d.Send(ctx, "1")
		}
		if err != nil {
			b.Error(err)
		}
	})
	stop()
	running.Wait()
}

func TestTheCenterInterferes(t *testing.T) {
	var submits atomic.Int64
	s := &script{dialect: standard(t), reply: func(in dialect.Indication) (string, bool) {
		return "1 Next", false
	}}
	link, center := pair(t, s, func(lc *smsc.Config, sc *sim.Config) {
		lc.ResponseTimeout = 50 * time.Millisecond
		sc.Interfere = func(*pdu.SubmitSM) sim.Interference {
			switch submits.Add(1) {
			case 2:
				return sim.Interference{Status: pdu.StatusThrottled}
			case 3:
				return sim.Interference{Silent: true}
			}
			return sim.Interference{}
		}
	})
	ctx := deadline(t)
	sms := smsc.SMS{From: "900", To: msisdn, Text: "once"}
	if err := link.SendSMS(ctx, sms); err != nil {
		t.Fatal(err)
	}
	var refused *smsc.StatusError
	err := link.SendSMS(ctx, sms)
	if !errors.As(err, &refused) || refused.Status != pdu.StatusThrottled {
		t.Errorf("second SMS = %v, want ESME_RTHROTTLED", err)
	}
	if err := link.SendSMS(ctx, sms); !errors.Is(err, smsc.ErrUnknown) {
		t.Errorf("third SMS = %v, want ErrUnknown", err)
	}
	if got := len(center.Messages(msisdn)); got != 2 {
		t.Errorf("%d SMS arrived, want the first and the third", got)
	}
}

func TestTwoLinksShareTheInputs(t *testing.T) {
	first := &script{dialect: standard(t), reply: menu}
	_, center := pair(t, first, nil)
	second := &script{dialect: standard(t), reply: menu}
	link, err := smsc.NewLink(smsc.Config{
		Name: "second", Address: center.Addr(), SystemID: systemID, Password: password,
	}, second, zaptest.NewLogger(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	second.link, second.ctx = link, ctx
	var running sync.WaitGroup
	running.Go(func() { _ = link.Run(ctx) })
	if err := link.WaitBound(deadline(t)); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		d, _, err := center.Dial(deadline(t), msisdn, "*900#")
		if err == nil {
			_, err = d.Send(deadline(t), "1") // over the same bind as the begin
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if a, b := len(first.indications()), len(second.indications()); a != 4 || b != 4 {
		t.Errorf("the links have seen %d and %d inputs, want 4 each", a, b)
	}
	second.running.Wait()
	stop()
	running.Wait()
	d, _, err := center.Dial(deadline(t), msisdn, "*900#")
	if err == nil {
		_, err = d.Send(deadline(t), "1")
	}
	if err != nil {
		t.Errorf("after one link has left: %v", err)
	}
	noFaults(t, center)
}
