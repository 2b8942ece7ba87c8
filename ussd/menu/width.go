package menu

import (
	"strings"
	"unicode/utf16"

	"ussdgw/smsc/charset"
)

// A width bounds how much room a value takes on a screen, in both alphabets. What is shown is cut
// to it, so that the proof of Load holds whatever the wallet or the subscriber says.
type width struct {
	septets int  // at most, when the value is within the GSM alphabet
	units   int  // UTF-16 units at most, on a UCS-2 screen
	ucs2    bool // the value itself may be outside the GSM alphabet

	gsmSample string // takes septets
	ucsSample string // takes units, and is outside the GSM alphabet if ucs2
}

// widths holds a width by language, in the order of the program's languages.
type widths []width

// widthOf returns the width that covers all examples.
func widthOf(examples []string) width {
	var w width
	for _, s := range examples {
		units := charset.Length(charset.UCS2, s)
		septets := units // what a value of that many characters takes when it is in Latin
		if charset.Choose(s) == charset.GSM7 {
			septets = charset.Length(charset.GSM7, s)
		}
		w = w.join(sampleWidth(s, septets, units))
	}
	return w
}

// sampleWidth is the width of exactly s.
func sampleWidth(s string, septets, units int) width {
	w := width{septets: septets, units: units, gsmSample: s, ucsSample: s}
	if charset.Choose(s) != charset.GSM7 {
		w.ucs2, w.gsmSample = true, strings.Repeat("W", septets)
	}
	return w
}

// join returns the width that covers both.
func (w width) join(o width) width {
	out := w
	out.ucs2 = w.ucs2 || o.ucs2
	if o.septets > w.septets {
		out.septets, out.gsmSample = o.septets, o.gsmSample
	}
	if o.units > w.units {
		out.units, out.ucsSample = o.units, o.ucsSample
	}
	if out.ucs2 && charset.Choose(out.ucsSample) == charset.GSM7 {
		// The longest sample is Latin and a shorter one is not: show the worst of both.
		out.ucsSample = strings.Repeat("Ж", out.units)
	}
	return out
}

// same returns w for each of n languages.
func same(w width, n int) widths {
	out := make(widths, n)
	for i := range out {
		out[i] = w
	}
	return out
}

func (ws widths) join(o widths) widths {
	out := make(widths, len(ws))
	for i := range ws {
		out[i] = ws[i].join(o[i])
	}
	return out
}

func (ws widths) equal(o widths) bool {
	for i := range ws {
		a, b := ws[i], o[i]
		if a.septets != b.septets || a.units != b.units || a.ucs2 != b.ucs2 {
			return false
		}
	}
	return len(ws) == len(o)
}

// cut makes s no wider than w. Characters outside the GSM alphabet become '?' in a value that was
// declared to have none: one such letter would halve the room of the whole screen.
func (w width) cut(s string) string {
	s = cleanValue(s)
	gsm := charset.Choose(s) == charset.GSM7
	if !gsm && !w.ucs2 {
		s = strings.Map(func(c rune) rune {
			if charset.Choose(string(c)) == charset.GSM7 {
				return c
			}
			return '?'
		}, s)
		gsm = true
	}
	septets, units := 0, 0
	for i, c := range s {
		units += utf16.RuneLen(c)
		if gsm {
			septets += charset.Length(charset.GSM7, string(c))
		}
		if units > w.units || septets > w.septets {
			return w.cut(s[:i])
		}
	}
	return s
}
