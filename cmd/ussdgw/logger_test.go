package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"go.uber.org/zap"

	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

func TestLoggersMaskByType(t *testing.T) {
	const number, code = "996555123456", "739105"
	for name, open := range map[string]func(io.Writer, string) (*zap.Logger, error){
		"development": developmentLogger, "production": productionLogger,
	} {
		var out bytes.Buffer
		log, err := open(&out, "debug")
		if err != nil {
			t.Fatal(err)
		}
		n, s := msisdn.MustParse(number), pin.NewSecret([]byte(code))
		log.Info("who", zap.Stringer("a", n), zap.Any("b", n), zap.Reflect("c", n),
			zap.Any("d", struct {
				Number msisdn.Number
				PIN    pin.Secret
			}{n, s}), zap.Stringer("e", s), zap.Any("f", s))
		for _, revealed := range []string{number, code} {
			if strings.Contains(out.String(), revealed) {
				t.Errorf("%s is in the log: %s", revealed, out.String())
			}
		}
		if !strings.Contains(out.String(), "99655***3456") {
			t.Errorf("%s: the masked number is missing: %s", name, out.String())
		}
	}
}

func TestLevelsAreChecked(t *testing.T) {
	if _, err := productionLogger(io.Discard, "loud"); err == nil {
		t.Error("the level loud was accepted")
	}
	log, err := productionLogger(io.Discard, "warn")
	if err != nil || log.Core().Enabled(zap.InfoLevel) || !log.Core().Enabled(zap.WarnLevel) {
		t.Errorf("warn is not warn: %v", err)
	}
}
