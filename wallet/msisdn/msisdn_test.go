package msisdn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ussdgw/wallet/msisdn"
)

func TestParse(t *testing.T) {
	for typed, want := range map[string]string{
		"996555123456":    "996555123456",
		"+996555123456":   "996555123456",
		"0555123456":      "996555123456",
		"79161234567":     "79161234567",
		"1234567":         "1234567",
		"123456789012345": "123456789012345",
	} {
		n, err := msisdn.Parse(typed)
		if err != nil || n.Digits() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", typed, n.Digits(), err, want)
		}
	}
	for _, typed := range []string{
		"", "+", "123456", "1234567890123456", "055512345", "05551234567", "0055512345678",
		"99655512345a", "996 555123456", "++996555123456", "９９６555123456", "-96555123456",
	} {
		n, err := msisdn.Parse(typed)
		if !errors.Is(err, msisdn.ErrFormat) || !n.IsZero() {
			t.Errorf("Parse(%q) = %q, %v; want ErrFormat", typed, n.Digits(), err)
		}
		if err != nil && typed != "" && typed != "+" && strings.Contains(err.Error(), typed) {
			t.Errorf("the error repeats %q", typed)
		}
	}
}

func TestNumbersCompare(t *testing.T) {
	a, b := msisdn.MustParse("996555123456"), msisdn.MustParse("0555123456")
	if a != b || a == msisdn.MustParse("996555123457") || (a == msisdn.Number{}) {
		t.Error("== does not compare the digits")
	}
}

func TestMasked(t *testing.T) {
	for digits, want := range map[string]string{
		"996555123456": "99655***3456",
		"1234567890":   "12345***7890",
		"123456789":    "*********",
		"1234567":      "*******",
	} {
		if got := msisdn.MustParse(digits).Masked(); got != want {
			t.Errorf("Masked(%s) = %q, want %q", digits, got, want)
		}
	}
	zero := msisdn.Number{}
	if zero.Masked() != "" || zero.Digits() != "" || !zero.IsZero() {
		t.Errorf("the zero number prints %q", zero.Masked())
	}
}

func TestPrintsMaskedEverywhere(t *testing.T) {
	n := msisdn.MustParse("996555123456")
	type record struct {
		Number msisdn.Number
		inner  msisdn.Number
	}
	text, err := json.Marshal(map[msisdn.Number]any{n: []msisdn.Number{n}})
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{string(text)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%c", "%T"} {
		for _, value := range []any{n, &n, record{n, n}, &record{n, n}, []msisdn.Number{n}} {
			outputs = append(outputs, fmt.Sprintf(verb, value))
		}
	}
	for _, out := range outputs {
		if strings.Contains(out, "123456") || strings.Contains(out, fmt.Sprintf("%x", "123456")) {
			t.Errorf("printed as %s", out)
		}
	}
	if got := fmt.Sprintf("%v|%+v|%#v|%s", n, n, n, n); strings.Count(got, "99655***3456") != 4 {
		t.Errorf("printed as %s", got)
	}
}

func TestParseTyped(t *testing.T) {
	for _, typed := range []string{"555123456", "0555123456", "996555123456", "+996555123456"} {
		if n, err := msisdn.ParseTyped(typed); err != nil || n.Digits() != "996555123456" {
			t.Errorf("ParseTyped(%q) = %q, %v", typed, n.Digits(), err)
		}
	}
	for _, typed := range []string{
		"", "55512345", "055512345", "5551234567", "00555123456", "99655512345", "9965551234567",
		"79161234567", "791612345678", "996055512345", "+555123456", "55512345a", "555 123456",
	} {
		if n, err := msisdn.ParseTyped(typed); !errors.Is(err, msisdn.ErrFormat) || !n.IsZero() {
			t.Errorf("ParseTyped(%q) = %q, %v; want ErrFormat", typed, n.Digits(), err)
		}
	}
}

func TestMustParsePanicsWithoutTheText(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "msisdn: MustParse: not a subscriber number" {
			t.Errorf("panic = %q", got)
		}
	}()
	msisdn.MustParse("12345x")
}
