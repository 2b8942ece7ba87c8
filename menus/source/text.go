package source

import (
	"strings"
	"unicode"
)

// Unseen returns the offset in octets of the first character of a text that changes it without
// being seen, or -1: a control character other than the line end, one that turns the direction of
// writing or has no width, a separator of lines that is none to a handset.
func Unseen(text string) int {
	return strings.IndexFunc(text, func(c rune) bool {
		plain := (' ' <= c && c <= '~') || ('Ѐ' <= c && c <= 'ҁ') // most of every text
		return !plain && c != '\n' && unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
			unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	})
}

// brailleBlank is the one symbol of Unicode that is printed as nothing.
const brailleBlank = '\u2800'

// Blank reports whether there is nothing in a text that can be seen.
func Blank(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return c != brailleBlank &&
			unicode.In(c, unicode.Letter, unicode.Number, unicode.Punct, unicode.Symbol) &&
			Unseen(string(c)) < 0
	})
}
