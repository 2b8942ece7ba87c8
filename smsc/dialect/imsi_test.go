package dialect_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"ussdgw/smsc/dialect"
)

const (
	imsiTag = 0x1403
	imsi    = "437051234567890"
)

func TestIMSI(t *testing.T) {
	d, err := preset(t, "standard").WithIMSI("0x1403")
	if err != nil || d.IMSI != imsiTag {
		t.Fatalf("WithIMSI: %#x, %v", d.IMSI, err)
	}
	for name, c := range map[string]struct {
		value []byte
		want  string
		bad   bool
	}{
		"digits":       {[]byte(imsi), imsi, false},
		"with a NUL":   {[]byte(imsi + "\x00"), imsi, false},
		"14 digits":    {[]byte(imsi[:14]), imsi[:14], false},
		"packed":       {[]byte{0x34, 0x07, 0x15, 0x32, 0x54, 0x76, 0x98, 0xF0}, imsi, false},
		"14 packed":    {[]byte{0x34, 0x07, 0x15, 0x32, 0x54, 0x76, 0x98}, imsi[:14], false},
		"nothing":      {nil, "", true},
		"too short":    {[]byte(imsi[:13]), "", true},
		"too long":     {[]byte(imsi + "1"), "", true},
		"letters":      {[]byte("43705123456789a"), "", true},
		"no digit":     {[]byte{0x34, 0x07, 0x1A, 0x32, 0x54, 0x76, 0x98, 0xF0}, "", true},
		"filler early": {[]byte{0x34, 0x07, 0xF5, 0x32, 0x54, 0x76, 0x98, 0xF0}, "", true},
	} {
		sm := delivery(0x1204, 18, "1")
		sm.SetTLV(imsiTag, bytes.Clone(c.value))
		in, err := d.Decode(sm)
		if err != nil || string(in.IMSI) != c.want || in.BadIMSI != c.bad || string(in.Text) != "1" {
			t.Errorf("%s: IMSI %q, bad %t, %v, want %q, %t", name, in.IMSI, in.BadIMSI, err, c.want,
				c.bad)
		}
		left, _ := sm.TLV(imsiTag)
		if len(bytes.Trim(left, "\x00")) > 0 {
			t.Errorf("%s: it is left in the PDU", name)
		}
		if text := fmt.Sprintf("%v %+v %#v", in, in, in); strings.Contains(text, imsi[:13]) {
			t.Errorf("%s: prints %s", name, text)
		}
		if in, err := preset(t, "standard").Decode(sm); err != nil || in.IMSI != nil || in.BadIMSI {
			t.Errorf("%s: a dialect without the parameter reads %q, %v", name, in.IMSI, err)
		}
	}
	if in, err := d.Decode(delivery(0x1204, 18, "1")); err != nil || in.IMSI != nil || in.BadIMSI {
		t.Errorf("untold: %q, %t, %v", in.IMSI, in.BadIMSI, err)
	}
}

func TestIMSIThereAndBack(t *testing.T) {
	for _, name := range dialect.Names() {
		plain := preset(t, name)
		d, err := plain.WithIMSI("0x1502")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		input := dialect.MessageInput{
			Kind: dialect.Begin, Source: msisdn, Service: "900", Text: "*900#", IMSI: imsi,
		}
		for _, c := range []struct {
			from, to dialect.Dialect
			want     string
		}{{d, d, imsi}, {plain, d, ""}, {d, plain, ""}} {
			sm, err := c.from.EncodeInput(input)
			if err != nil {
				t.Fatal(err)
			}
			if in, err := c.to.Decode(sm); err != nil || string(in.IMSI) != c.want {
				t.Errorf("%s: IMSI %q, %v, want %q", name, in.IMSI, err, c.want)
			}
		}
	}
}

func TestIMSIParameter(t *testing.T) {
	for _, bad := range []string{
		"1403", "0x", "0x0", "0x10000", "x", "-0x1", "0x0501", "0x1383", "0x0424", "0x0204",
	} {
		if d, err := preset(t, "standard").WithIMSI(bad); err == nil || d.IMSI != 0 {
			t.Errorf("%q: %#x, %v", bad, d.IMSI, err)
		}
	}
	if _, err := preset(t, "smpp-plus").WithIMSI("0x1501"); err == nil {
		t.Error("the session's parameter is taken for the IMSI")
	}
	d, err := preset(t, "standard").WithIMSI("0x1502")
	if err == nil {
		d, err = d.WithIMSI("")
	}
	if err != nil || d.IMSI != 0 {
		t.Errorf("nothing: %#x, %v", d.IMSI, err)
	}
}
