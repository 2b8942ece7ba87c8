package charset_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/warthog618/sms/encoding/gsm7"
	"github.com/warthog618/sms/encoding/ucs2"

	"ussdgw/smsc/charset"
)

func TestChooseAndLength(t *testing.T) {
	tests := []struct {
		name, text string
		want       charset.Alphabet
		units      int
	}{
		{"empty", "", charset.GSM7, 0},
		{"latin", "1 Pay\n0 Back", charset.GSM7, 12},
		{"extension counts twice", "€[]{}^~\\|", charset.GSM7, 18},
		{"greek capitals are in the alphabet", "ΔΦΓΛΩΠΨΣΘΞ", charset.GSM7, 10},
		{"one cyrillic letter decides", "1 Pay Ы", charset.UCS2, 7},
		{"kyrgyz", "Төлөм ң ү", charset.UCS2, 9},
		{"backtick is not in the alphabet", "`", charset.UCS2, 1},
		{"small c with cedilla is not", "ç", charset.UCS2, 1},
		{"emoji is two units", "a😀", charset.UCS2, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := charset.Choose(tt.text)
			if got != tt.want {
				t.Errorf("Choose(%q) = %v, want %v", tt.text, got, tt.want)
			}
			if units := charset.Length(got, tt.text); units != tt.units {
				t.Errorf("Length(%v, %q) = %d, want %d", got, tt.text, units, tt.units)
			}
		})
	}
}

func TestTextOutsideTheAlphabetIsRefused(t *testing.T) {
	for _, text := range []string{"Привет", "it’s", "a`", "😀", "\xff", "a\xc3"} {
		if got := charset.Length(charset.GSM7, text); got != -1 {
			t.Errorf("Length(GSM7, %q) = %d, want -1", text, got)
		}
		if b, err := charset.Encode(charset.GSM7, text); !errors.Is(err, charset.ErrUnmappable) {
			t.Errorf("Encode(GSM7, %q) = % x, %v, want ErrUnmappable", text, b, err)
		}
	}
	if _, err := charset.Encode(charset.UCS2, "\xff"); !errors.Is(err, charset.ErrUnmappable) {
		t.Errorf("Encode(UCS2, invalid UTF-8) = %v, want ErrUnmappable", err)
	}
	if got := charset.Length(charset.UCS2, "\xff"); got != -1 {
		t.Errorf("Length(UCS2, invalid UTF-8) = %d, want -1", got)
	}
}

func TestDecodeForgivesWhatAPhoneForgives(t *testing.T) {
	tests := []struct {
		name   string
		a      charset.Alphabet
		octets []byte
		want   string
		err    error
	}{
		{"escape at the end", charset.GSM7, []byte{'a', 0x1B}, "a ", nil},
		{"unknown extension", charset.GSM7, []byte{0x1B, 'A'}, "A", nil},
		{"escape twice", charset.GSM7, []byte{0x1B, 0x1B, 'a'}, " a", nil},
		{"top bit", charset.GSM7, []byte{'a', 0x80}, "", charset.ErrOctets},
		{"top bit after an escape", charset.GSM7, []byte{0x1B, 0xE5}, "", charset.ErrOctets},
		{"odd octet", charset.UCS2, []byte{0x04, 0x10, 0x04}, "", charset.ErrOctets},
		{"lone surrogate", charset.UCS2, []byte{0xD8, 0x3D, 0, 'a'}, "\uFFFDa", nil},
		{"nothing", charset.UCS2, nil, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := charset.Decode(tt.a, tt.octets)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Decode(%v, % x) = %q, %v, want %q, %v",
					tt.a, tt.octets, got, err, tt.want, tt.err)
			}
		})
	}
}

// TestEveryCharacterAgainstAnotherCodec compares the whole basic plane with an independent
// implementation of the same alphabet.
func TestEveryCharacterAgainstAnotherCodec(t *testing.T) {
	for r := rune(0); r <= 0xFFFF; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		want, wantErr := gsm7.Encode([]byte(s))
		if r == 0x1B {
			wantErr = errors.New("an escape is no character") // the other codec passes it through
		}
		got, err := charset.Encode(charset.GSM7, s)
		if (err != nil) != (wantErr != nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("Encode(GSM7, %U) = % x, %v; the other codec has % x, %v",
				r, got, err, want, wantErr)
		}
		if err != nil {
			continue
		}
		if back, err := charset.Decode(charset.GSM7, got); err != nil || back != s {
			t.Errorf("Decode(GSM7, % x) = %q, %v, want %q", got, back, err, s)
		}
	}
	text := "Төлөм: 100 сом 😀"
	got, err := charset.Encode(charset.UCS2, text)
	if want := ucs2.Encode([]rune(text)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Encode(UCS2, %q) = % x, %v, want % x", text, got, err, want)
	}
}

func TestPackUSSDAgainstAnotherCodec(t *testing.T) {
	for n := range charset.ScreenSeptets + 1 {
		for _, last := range []byte{'x', '@', '\r'} {
			septets := bytes.Repeat([]byte{'a', 'Z', 0x7F, 0}, n/4+1)[:n]
			if n > 0 {
				septets[n-1] = last & 0x7F
			}
			before := bytes.Clone(septets)
			got := charset.PackUSSD(septets)
			// The other codec overwrites spare bits after a final CR that ends on no boundary.
			oracle := last != '\r' || n%8 == 0 || n%8 == 7
			want := gsm7.Pack7BitUSSD(bytes.Clone(septets), 0)
			if oracle && !bytes.Equal(got, want) {
				t.Fatalf("PackUSSD(% x) = % x, want % x", septets, got, want)
			}
			if !bytes.Equal(before, septets) {
				t.Fatalf("PackUSSD changed its argument % x", before)
			}
			want = septets
			if n > 0 && n%8 == 0 && last == '\r' {
				want = append(bytes.Clone(septets), '\r') // performed twice, shown once
			}
			if back := charset.UnpackUSSD(got); !bytes.Equal(back, want) {
				t.Fatalf("UnpackUSSD(% x) = % x, want % x", got, back, want)
			}
		}
	}
}

func TestAFullScreenPacksInto160Octets(t *testing.T) {
	octets, err := charset.Encode(charset.GSM7, strings.Repeat("a", charset.ScreenSeptets))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(charset.PackUSSD(octets)); got != 160 {
		t.Errorf("182 septets pack into %d octets, want 160", got)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "*900#", "€", "Төлөм", "a😀", "\x1b", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range []charset.Alphabet{charset.GSM7, charset.UCS2} {
			b, err := charset.Encode(a, s)
			units := charset.Length(a, s)
			if (err != nil) != (units < 0) {
				t.Fatalf("%v %q: Encode = %v but Length = %d", a, s, err, units)
			}
			if err != nil {
				continue
			}
			if a == charset.UCS2 {
				units *= 2
			}
			if len(b) != units {
				t.Fatalf("%v %q: %d octets, Length says %d", a, s, len(b), units)
			}
			if back, err := charset.Decode(a, b); err != nil || back != s {
				t.Fatalf("%v: %q came back as %q, %v", a, s, back, err)
			}
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0xC8, 0x32})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := charset.Decode(charset.GSM7, charset.UnpackUSSD(b)); err != nil {
			t.Fatalf("UnpackUSSD(% x) gave an octet above 0x7F", b)
		}
	})
}
