package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/sim"
	"ussdgw/wallet"
)

// serveWait bounds every wait of these tests.
const serveWait = 30 * time.Second

// A plant is what serve needs around it: PostgreSQL, Redis and a message centre.
type plant struct {
	center *sim.Center
	place  place
	config string // path
	health string // address
}

func newPlant(t *testing.T, at place) *plant {
	t.Helper()
	p := &plant{center: newCenter(t), place: at, health: freeAddr(t)}
	p.writeConfig(t)
	return p
}

// newCenter runs a message centre until the test ends.
func newCenter(t *testing.T) *sim.Center {
	t.Helper()
	standard, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	center, err := sim.Listen("127.0.0.1:0", sim.Config{
		Dialect: standard, SystemID: "gw", Password: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- center.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return center
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// writeConfig writes the configuration with its secrets in files beside it.
func (p *plant) writeConfig(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	p.config = filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`
console: {addr: %q}
sessions: {addrs: [%q], prefix: %q}
ledger: {url_file: %q, schema: %q}
pin: {key_file: %q}
wallet: {public_offer_file: %q}
links:
  - {name: test, address: %q, system_id: gw, password_file: %q, reconnect_min: 20ms}
`, p.health, p.place.redis, p.place.prefix, dir+"/url", p.place.schema, dir+"/keys",
		dir+"/offer", p.center.Addr(), dir+"/password")
	for name, content := range map[string]string{
		"config.yaml": text, "url": p.place.url, "password": "secret\n",
		"offer": "Public offer, version 1 of 1 July 2026\nThe wallet is ...\n",
		"keys":  "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// command runs a command line in this process and returns what it printed and its error.
func command(ctx context.Context, args ...string) (string, error) {
	var out lockedBuffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// status asks the health of a running serve.
func (p *plant) status(path string) (int, string) {
	response, err := http.Get("http://" + p.health + path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

// awaitReady polls /readyz until want is its status.
func (p *plant) awaitReady(t *testing.T, want int) string {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	limit := time.After(serveWait)
	for {
		code, body := p.status("/readyz")
		if code == want {
			return body
		}
		select {
		case <-poll.C:
		case <-limit:
			t.Fatalf("readyz is %d %q, want %d", code, body, want)
		}
	}
}

func TestServeFromAnEmptyDatabaseToASignal(t *testing.T) {
	p := newPlant(t, needPlace(t))
	defer http.DefaultClient.CloseIdleConnections()

	out, err := command(t.Context(), "serve", "--config", p.config)
	if err == nil || !strings.Contains(err.Error(), "older than this program") ||
		!strings.Contains(err.Error(), "ussdgw db migrate --config "+p.config) {
		t.Fatalf("without tables: %v\n%s", err, out)
	}
	if out, err = command(t.Context(), "db", "status", "--config", p.config); err == nil {
		t.Errorf("status of an empty database: no error\n%s", out)
	}
	for range 2 {
		out, err = command(t.Context(), "db", "migrate", "--config", p.config)
		if err != nil || !strings.Contains(out, "0001") || strings.Contains(out, "missing") {
			t.Fatalf("migrate: %v\n%s", err, out)
		}
	}
	if out, err = command(t.Context(), "db", "status", "--config", p.config); err != nil {
		t.Errorf("status: %v\n%s", err, out)
	}

	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	done := make(chan error, 1)
	go func() {
		_, err := command(ctx, "serve", "--config", p.config)
		done <- err
	}()
	ready := p.awaitReady(t, http.StatusOK)
	if ready != "[+] postgres\n[+] redis\n[+] link\nready\n" {
		t.Errorf("readyz: %q", ready)
	}
	register(t, p.center, "996555000123")
	signal()
	if err := <-done; err != nil {
		t.Errorf("serve ended with: %v", err)
	}
}

// register walks a registration and waits for its SMS.
func register(t *testing.T, c *sim.Center, number string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), serveWait)
	defer cancel()
	d, screen, err := c.Dial(ctx, number, "*900#")
	for _, answer := range []string{"3", "1", "Asanov Asan", "21210199012345", "1", "1"} {
		if err != nil || screen.End {
			t.Fatalf("before %q: %+v %v", answer, screen, err)
		}
		screen, err = d.Send(ctx, answer)
	}
	if err != nil || !screen.End {
		t.Fatalf("at the end: %+v %v", screen, err)
	}
	sms, err := c.WaitSMS(ctx, number, 1)
	if err != nil || !strings.Contains(sms.Text, "PIN") {
		t.Fatalf("SMS %+v %v", sms, err)
	}
}

func TestServeIsNotReadyWithoutRedis(t *testing.T) {
	at, redis := needPlace(t), ownRedis(t)
	at.redis = redis.Addr()
	p := newPlant(t, at)
	defer http.DefaultClient.CloseIdleConnections()
	if out, err := command(t.Context(), "db", "migrate", "--config", p.config); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	done := make(chan error, 1)
	go func() {
		_, err := command(ctx, "serve", "--config", p.config)
		done <- err
	}()
	p.awaitReady(t, http.StatusOK)
	redis.Stop()
	body := p.awaitReady(t, http.StatusServiceUnavailable)
	if !strings.Contains(body, "[-] redis: ") || !strings.Contains(body, "[+] postgres\n") {
		t.Errorf("readyz: %q", body)
	}
	signal()
	if err := <-done; err != nil {
		t.Errorf("serve ended with: %v", err)
	}
	// A new start says which store is missing, and where.
	out, err := command(t.Context(), "serve", "--config", p.config)
	if err == nil || !strings.Contains(err.Error(), "Redis at "+at.redis+" cannot be reached") {
		t.Errorf("without Redis: %v\n%s", err, out)
	}
}

// tshark decodes a capture, one line a PDU: protocol, what it is, what is wrong.
func tshark(t *testing.T, captured string) string {
	t.Helper()
	dir := t.TempDir()
	text, packets := filepath.Join(dir, "captured.txt"), filepath.Join(dir, "captured.pcap")
	if err := os.WriteFile(text, []byte(captured), 0o600); err != nil {
		t.Fatal(err)
	}
	// Ports are those of the text's direction I; 2775 is SMPP's.
	made := exec.CommandContext(t.Context(), "text2pcap", "-q", "-D", "-T", "40000,2775",
		text, packets)
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("text2pcap: %v\n%s", err, out)
	}
	read := exec.CommandContext(t.Context(), "tshark", "-r", packets, "-d", "tcp.port==2775,smpp",
		"-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info", "-e", "_ws.malformed",
		"-e", "_ws.expert.message")
	out, err := read.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, out)
	}
	return string(out)
}

// TestDrainLetsAStepEnd stops a gateway while a payment is on its way: the payment is shown and
// told by SMS, and who dials meanwhile is asked to come back.
func TestDrainLetsAStepEnd(t *testing.T) {
	b := newBench(t)
	slow := newStopAt(true, false)
	a, center := b.instance(slow.around, nil), newCenter(t)
	link := defaultLink()
	link.Name, link.Address, link.SystemID, link.Password = "test", center.Addr(), "gw", "secret"
	if err := a.connect(link, "900"); err != nil {
		t.Fatal(err)
	}
	s := newStages()
	s.start("link", a.link.Run)
	s.start("relay", a.relay.Run)
	ctx, cancel := context.WithTimeout(t.Context(), serveWait)
	defer cancel()
	if err := center.WaitBound(ctx); err != nil {
		t.Fatal(err)
	}
	d, screen, err := center.Dial(ctx, onceNumber.Digits(), confirmCode(100))
	if err != nil || screen.End {
		t.Fatalf("dial: %+v %v", screen, err)
	}
	var shown sim.Screen
	paid, stopped := make(chan error, 1), make(chan struct{})
	go func() {
		var err error
		shown, err = d.Send(ctx, oncePIN)
		paid <- err
	}()
	<-slow.reached
	go func() {
		a.drain()
		close(stopped)
	}()
	// drain begins at its own time: until then a dial is served as ever.
	for n := 0; ; n++ {
		_, screen, err := center.Dial(ctx, fmt.Sprintf("9965551%05d", n), "*900#")
		if err != nil {
			t.Fatal(err)
		}
		if screen.End {
			break
		}
	}
	select {
	case <-stopped:
		t.Error("drain did not wait for the step")
	default:
	}
	close(slow.release)
	if err := <-paid; err != nil || !shown.End || !strings.Contains(shown.Text, "100.00") {
		t.Errorf("the payment is shown as %+v, %v", shown, err)
	}
	<-stopped
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if sms := center.Messages(onceNumber.Digits()); len(sms) != 1 {
		t.Errorf("SMS by the time of the unbind: %v, want one", sms)
	}
	w, err := b.store.Wallet(ctx, onceNumber)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := b.store.Transfers(ctx, w.ID, 10); err != nil || len(done) != 1 {
		t.Errorf("%d debits, %v; want 1", len(done), err)
	}
}

// TestTheServiceManagerWaitsForTheLongestStop adds up what serveUntil may take with the defaults.
func TestTheServiceManagerWaitsForTheLongestStop(t *testing.T) {
	const (
		mark    = 5 * time.Second  // an SMS that was sent: storeTimeout of wallet
		unbind  = 2 * time.Second  // maxUnbindWait of smsc
		books   = 15 * time.Second // a payment under way: attend of pgstore
		agents  = 17 * time.Second // closeTimeout of cashdesk
		console = 3 * time.Second  // closeTimeout of console
		orders  = 10 * time.Second // stopGrace and storeTimeout of wallet
		slack   = 10 * time.Second
	)
	messages := lastMessages + 2*(wallet.SendTimeout+mark) // drain's, then the relay's own
	longest := defaultConfig().Limits.Drain + messages + defaultLink().WriteTimeout + unbind +
		books + orders + agents + console
	unit, err := os.ReadFile("../../deploy/ussdgw.service")
	if err != nil {
		t.Fatal(err)
	}
	waits, err := time.ParseDuration(find(t, string(unit), `(?m)^TimeoutStopSec=(\w+)$`))
	if err != nil || waits < longest+slack {
		t.Errorf("it waits for %v, %v; the longest stop takes %v", waits, err, longest)
	}
	if told := fmt.Sprintf("the console (3s): %ds.", int(longest.Seconds())); !strings.Contains(
		string(unit), told) {
		t.Errorf("the unit does not say %q", told)
	}
}
