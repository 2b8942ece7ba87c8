package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/ussd/transcript"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// canaryLength makes PINs so long that finding one is no accident.
const canaryLength = 12

// TestPINsLeaveNoTrace runs all transcripts over SMPP with long PINs and looks for each of them,
// and for each INN that answers a control question, in everything that the run has left: logs,
// Redis, PostgreSQL, metrics and reports.
func TestPINsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	needTools(t, "redis-cli", "pg_dump")
	at := needPlace(t)
	run := newCanaryRun(t, at)
	run.transcripts(transcriptsToRun(t))
	run.failing()
	run.questions()

	sinks := map[string]string{
		"log":        run.log.String(),
		"report":     run.report.String(),
		"metrics":    scrape(t, run.counts),
		"Redis":      dumpRedis(t, at.redis),
		"PostgreSQL": dumpPostgres(t, at.url),
		"server log": at.servers.postgres.Log(),
	}
	for _, s := range []struct{ sink, has string }{
		{"log", "msisdn"},
		{"report", "{sms.pin}"},
		{"metrics", "ussdgw_steps_total"},
		{"Redis", "ussd:{"},
		{"PostgreSQL", "COPY"},
	} {
		if !strings.Contains(sinks[s.sink], s.has) {
			t.Errorf("the %s has no %q, so this test looks at nothing", s.sink, s.has)
		}
	}
	if len(run.pins) < 100/underRace {
		t.Errorf("%d PINs were typed, that is no full run", len(run.pins))
	}
	for name, text := range sinks {
		run.search(name, text)
	}
}

// A canaryRun remembers every PIN that it gives out or sees in an SMS.
type canaryRun struct {
	t      *testing.T
	runner transcript.Runner
	log    bytes.Buffer
	report bytes.Buffer
	counts *metrics
	pins   []string // and INNs and IMSIs
}

func newCanaryRun(t *testing.T, at place) *canaryRun {
	t.Helper()
	var report source.Report
	set := loadMenus(menus.FS(), canaryLength, &report)
	if set == nil {
		t.Fatal(report.Err())
	}
	run := &canaryRun{t: t, counts: newMetrics(), pins: []string{givenINN}}
	sink := zapcore.Lock(zapcore.AddSync(&run.log))
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	settings := smppSettings{
		worldSettings: worldSettings{
			menus: set, pinLength: canaryLength, metrics: run.counts,
			log: zap.New(zapcore.NewCore(encoder, sink, zap.DebugLevel)),
		},
		postgresURL: at.url, redisAddr: at.redis,
		run: at.schema, count: new(atomic.Int64),
	}
	run.runner = transcript.Runner{
		FixedClock: true,
		PINs: func(s transcript.Scenario) (transcript.PINs, error) {
			p, err := drawPINs(canaryLength, s.Number)
			run.pins = append(run.pins, p.PIN, p.Wrong, p.New)
			if !slices.Contains(run.pins, p.INN) { // it is typed as a secret too
				run.pins = append(run.pins, p.INN)
			}
			return p, err
		},
		Open: func(
			ctx context.Context, s transcript.Scenario, p transcript.PINs,
		) (transcript.World, error) {
			w, err := openSMPPWorld(ctx, settings, s, p)
			return canaryWorld{w, run}, err
		},
	}
	return run
}

// A canaryWorld notes the PINs that come by SMS.
type canaryWorld struct {
	transcript.World
	run *canaryRun
}

var canaryDigits = regexp.MustCompile(fmt.Sprintf(`\b[0-9]{%d}\b`, canaryLength))

func (w canaryWorld) Messages(ctx context.Context, of msisdn.Number) ([]string, error) {
	texts, err := w.World.Messages(ctx, of)
	for _, text := range texts {
		for _, pin := range canaryDigits.FindAllString(text, -1) {
			if !slices.Contains(w.run.pins, pin) {
				w.run.pins = append(w.run.pins, pin)
			}
		}
	}
	return texts, err
}

func (r *canaryRun) play(scenarios []fileScenario, status transcript.Status) {
	r.t.Helper()
	for _, s := range scenarios {
		result := r.runner.Run(r.t.Context(), s.Scenario)
		fmt.Fprintln(&r.report, s.file, result.Scenario.Name, result.Status, result.Reason)
		if result.Status != status && result.Status != transcript.Skipped {
			r.t.Errorf("%s: %s: status %d, want %d: %s", s.file, s.Name, result.Status, status,
				result.Reason)
		}
	}
}

func (r *canaryRun) transcripts(paths []string) {
	r.t.Helper()
	scenarios, err := parseTranscripts(paths, regexp.MustCompile(""), &r.report)
	if err != nil {
		r.t.Fatal(err, r.report.String())
	}
	r.play(scenarios, transcript.Passed)
}

// failing runs scenarios whose report would show a PIN if nothing hid it: it is in the SMS that is
// compared, and typed where an amount is asked.
func (r *canaryRun) failing() {
	r.t.Helper()
	const text = `@clock 2026-11-21T10:00:00+06:00
@msisdn +996555000177
@given wallet balance=100.00 lang=en first_pin=yes
-- scenario: an SMS with a PIN that is not what was expected
>> *900*7*2#
<< END resend_done
~~ sms "something else"
-- scenario: a PIN where none is asked
>> *900*3*3*14*14*01234567890123#
<< CON pay_amount
>> {newpin}
<< CON main
| {newpin}
`
	file, err := transcript.Parse("failing.ussd", strings.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	var scenarios []fileScenario
	for _, s := range file.Scenarios {
		scenarios = append(scenarios, fileScenario{file.Name, s})
	}
	r.play(scenarios, transcript.Failed)
}

// questions answers control questions, wrong and right, and has a PIN reset by the support.
func (r *canaryRun) questions() {
	r.t.Helper()
	s := transcript.Scenario{Number: msisdn.MustParse("996555000178")}
	s.Given.Registered, s.Given.Lang, s.Given.Balance = true, "ru", money.Som(100)
	pins, err := r.runner.PINs(s)
	if err != nil {
		r.t.Fatal(err)
	}
	world, err := r.runner.Open(r.t.Context(), s, pins)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		if err := world.Close(); err != nil {
			r.t.Error(err)
		}
	}()
	const wrongINN, imsi = "20509198877654", "437059182736455"
	r.pins = append(r.pins, wrongINN, imsi, imsi[1:])
	issuer, ctx := world.(canaryWorld).World.(*smppWorld).assembly.issuer, r.t.Context()
	secret := func(text string) pin.Secret { return pin.NewSecret([]byte(text)) }
	_, balance := issuer.BalanceWithPIN(ctx, s.Number, secret(pins.Wrong), "4")
	for _, step := range []struct {
		err  error
		want ledger.Reason
	}{
		{issuer.Seen(ctx, s.Number, secret(imsi)), ""},
		{balance, ledger.ReasonWrongPIN},
		{issuer.ConfirmIdentity(ctx, s.Number, secret(wrongINN), "1"), ledger.ReasonWrongPIN},
		{issuer.ConfirmIdentity(ctx, s.Number, secret(givenINN), "2"), ""},
		{
			issuer.ForgottenPIN(ctx, s.Number, secret(givenINN), money.Som(1), "3"),
			ledger.ReasonAskSupport,
		},
		{issuer.ResetPIN(ctx, s.Number, wallet.Clerk{Name: "aida", Reason: "came with ID"}), ""},
	} {
		if ledger.ReasonOf(step.err) != step.want || step.want == "" && step.err != nil {
			r.t.Errorf("got %v, want decline %q", step.err, step.want)
		}
		fmt.Fprintf(&r.report, "%v %+v\n", step.err, step.err)
	}
	if _, err := world.Messages(ctx, s.Number); err != nil { // notes the PIN that was sent
		r.t.Error(err)
	}
}

// search looks for each PIN in clear, as hexadecimal and as base64.
func (r *canaryRun) search(sink, text string) {
	r.t.Helper()
	for _, pin := range r.pins {
		forms := []string{pin, hex.EncodeToString([]byte(pin))}
		for cut := range 3 { // wherever the PIN begins in what was encoded
			whole := base64.StdEncoding.EncodeToString([]byte(pin[cut:]))
			forms = append(forms, strings.TrimRight(whole, "=")[:12])
		}
		for _, form := range forms {
			if at := strings.Index(text, form); at >= 0 {
				around := text[max(0, at-60):min(len(text), at+60)]
				r.t.Errorf("the %s holds a PIN: …%s…", sink, around)
				return
			}
		}
	}
}

// dumpRedis returns every key and value as Redis stores them.
func dumpRedis(t *testing.T, addr string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	out, err := exec.CommandContext(t.Context(), "redis-cli", "-h", host, "-p", port, "--raw",
		"EVAL", `local r = {}
		for _, k in ipairs(redis.call('KEYS', '*')) do
			r[#r+1] = k
			r[#r+1] = redis.call('GET', k)
		end
		return r`, "0").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// dumpPostgres returns the whole database as SQL.
func dumpPostgres(t *testing.T, connection string) string {
	t.Helper()
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	u.User = url.User(u.User.Username())
	cmd := exec.CommandContext(t.Context(), "pg_dump", "--dbname", u.String())
	cmd.Env = append(cmd.Environ(), "PGPASSWORD="+password)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return string(out)
}
