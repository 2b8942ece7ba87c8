package ussd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
	"ussdgw/ussd"
	"ussdgw/ussd/session"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

const imsi = "437051234567890"

// An imsiBench is an exchange whose SMSC tells IMSIs, and a witness of all that is logged.
type imsiBench struct {
	*exchangeBench
	store *session.Memory
	log   bytes.Buffer
	seen  []string
	down  error // of whoever is told
}

func newIMSIBench(t *testing.T) *imsiBench {
	t.Helper()
	standard, err := dialect.Preset("standard")
	if err != nil {
		t.Fatal(err)
	}
	if standard, err = standard.WithIMSI("0x1403"); err != nil {
		t.Fatal(err)
	}
	b := &imsiBench{
		exchangeBench: &exchangeBench{t: t, peer: &smscPeer{dialect: standard}, bank: newBank()},
		store:         memory(),
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&b.log), zap.DebugLevel))
	b.gateway, err = ussd.New(ussd.Config{
		Menus: ussd.OneMenu(testProgram(t)), Store: b.store, Teller: b.bank, Clock: time.Now,
		Log: logger,
		Seen: func(_ context.Context, n msisdn.Number, s pin.Secret) error {
			if n != testNumber {
				t.Errorf("an IMSI of %s", n)
			}
			b.seen = append(b.seen, string(s.Reveal()))
			return b.down
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.exchange = ussd.NewExchange("test", b.gateway, standard, logger)
	b.exchange.Attach(b.peer)
	return b
}

// tell delivers an input with an IMSI and wants one screen that begins with text.
func (b *imsiBench) tell(kind dialect.Kind, typed, imsi, text string) {
	b.t.Helper()
	b.unit++
	sm, err := b.peer.dialect.EncodeInput(dialect.MessageInput{
		Kind: kind, Source: testNumber.Digits(), Service: "900", Session: 7, Unit: b.unit,
		Text: typed, IMSI: imsi,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.exchange.DeliverSM(sm, func(s pdu.Status) {
		if s != pdu.StatusOK {
			b.t.Errorf("deliver_sm %q: %v", typed, s)
		}
	})
	synctest.Wait()
	if got := b.peer.screens(); len(got) != 1 || !strings.HasPrefix(got[0], text) {
		b.t.Fatalf("after %q shown %q, want one that begins with %q", typed, got, text)
	}
}

// TestIMSIIsSeenAndLeavesNoTrace tells IMSIs with inputs: whoever is to know them is told each
// before anything is done, and none is in a session or in the log.
func TestIMSIIsSeenAndLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newIMSIBench(t)
		b.tell(dialect.Begin, "*900#", imsi, "Main")
		b.tell(dialect.Input, "1", "", "Amount")      // untold
		b.tell(dialect.Input, "100", imsi+"9", "P 1") // no IMSI: that is not the subscriber's fault
		b.tell(dialect.Input, "1111", imsi, "Wrong")
		b.down = errors.New("no books")
		before := len(b.bank.attempts)
		b.tell(dialect.Input, "7391", imsi, "Not available")
		if len(b.bank.attempts) != before {
			t.Error("an action was done though nobody knows whose phone it is")
		}
		if got := strings.Join(b.seen, " "); got != strings.Join([]string{imsi, imsi, imsi}, " ") {
			t.Errorf("seen %s", got)
		}
		if !strings.Contains(b.log.String(), "IMSI not readable") {
			t.Error("an IMSI that cannot be read is not logged")
		}
		err := b.store.Each(t.Context(), func(r session.Record) error {
			_, err := fmt.Fprintf(&b.log, "%+v", r)
			return err
		})
		if err != nil || strings.Contains(b.log.String(), imsi[3:]) {
			t.Errorf("%v, the IMSI is in %s", err, b.log.String())
		}
	})
}
