package pin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"ussdgw/wallet/pin"
)

const canary = "739502846173"

type holder struct {
	Exported   pin.Secret
	unexported pin.Secret
	Pointer    *pin.Secret
	List       []pin.Secret
	Map        map[string]pin.Secret
	Any        any
}

func hold(s pin.Secret) holder {
	return holder{s, s, &s, []pin.Secret{s}, map[string]pin.Secret{"k": s}, s}
}

// leaks looks for the canary as text, as hexadecimal and as a list of octets.
func leaks(out string) bool {
	bare := strings.NewReplacer(" ", "", ",", "", "0x", "").Replace(out)
	for _, form := range []string{
		canary, fmt.Sprintf("%x", canary),
		strings.Trim(strings.ReplaceAll(fmt.Sprint([]byte(canary)), " ", ""), "[]"),
	} {
		if strings.Contains(out, form) || strings.Contains(bare, form) {
			return true
		}
	}
	return false
}

func TestLeaksFindsTheCanary(t *testing.T) {
	for _, verb := range []string{"%s", "%v", "%x", "%d", "%#v", "% x"} {
		if out := fmt.Sprintf(verb, []byte(canary)); !leaks(out) {
			t.Errorf("a bare %s = %q is not found", verb, out)
		}
	}
}

func TestSecretLeaksByNoVerb(t *testing.T) {
	s := pin.NewSecret([]byte(canary))
	h := hold(s)
	verbs := []string{
		"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%b", "%o", "%c", "%U", "%T",
		"%e", "%t", "%p", "%20s", "%.3s", "%!",
	}
	for _, verb := range verbs {
		values := []any{
			s, &s, h, &h, h.List, h.Map,
			[]any{s},
			struct{ S pin.Secret }{s},
			[1]pin.Secret{s},
			map[string]any{"s": h},
			fmt.Errorf("wrapped: %v", s),
		}
		for _, value := range values {
			if out := fmt.Sprintf(verb, value); leaks(out) {
				t.Errorf("fmt %s of %T = %q", verb, value, out)
			}
		}
	}
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%d", s), fmt.Sprintf("%x", s)} {
		if out != "****" {
			t.Errorf("printed = %q, want ****", out)
		}
	}
}

func TestSecretLeaksInNoJSON(t *testing.T) {
	h := hold(pin.NewSecret([]byte(canary)))
	out, err := json.Marshal(map[string]any{"h": h, "list": h.List, "any": h.Any})
	if err != nil {
		t.Fatal(err)
	}
	if leaks(string(out)) || !strings.Contains(string(out), "****") {
		t.Errorf("json = %s", out)
	}
}

func TestSecretLeaksInNoLog(t *testing.T) {
	s := pin.NewSecret([]byte(canary))
	h := hold(s)
	core, logs := observer.New(zapcore.DebugLevel)
	log := zap.New(core)
	log.Info(
		"x", zap.Any("s", s), zap.Any("p", &s), zap.Any("h", h), zap.Any("l", h.List),
		zap.Any("m", h.Map), zap.Reflect("r", s), zap.Stringer("g", s),
		zap.Error(fmt.Errorf("wrapped: %v: %w", s, errors.New("inner"))),
	)
	log.Sugar().Infow("x", "s", s, "h", h)
	log.Sugar().Infof("%v %d", s, h)
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	console := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	for _, entry := range logs.All() {
		for _, e := range []zapcore.Encoder{encoder, console} {
			line, err := e.EncodeEntry(entry.Entry, entry.Context)
			if err != nil {
				t.Fatal(err)
			}
			if leaks(line.String()) {
				t.Errorf("log line: %s", line)
			}
		}
	}
}

func TestWipeEmptiesAllCopies(t *testing.T) {
	typed := []byte(canary)
	s := pin.NewSecret(typed)
	other := s
	inner := s.Reveal()
	clear(typed)
	if string(other.Reveal()) != canary || other.Len() != len(canary) {
		t.Fatal("a secret shares the octets it was made of")
	}
	s.Wipe()
	if other.Len() != 0 || strings.Trim(string(inner), "\x00") != "" {
		t.Errorf("after Wipe: len %d, octets %q", other.Len(), inner)
	}
	s.Wipe()
	pin.Secret{}.Wipe()
	if (pin.Secret{}).Len() != 0 || (pin.Secret{}).String() != "****" {
		t.Error("the zero Secret is not empty and masked")
	}
}
