package biller

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine makes one line of a text from elsewhere: no control and format characters (the latter
// turn the direction of a line), no characters that are not assigned, blanks as single spaces, at
// most limit characters.
func oneLine(s string, limit int) string {
	var b strings.Builder
	count, blank := 0, false
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(r) {
			blank = count > 0
			continue
		}
		if !unicode.IsPrint(r) {
			continue
		}
		if blank && count+1 < limit {
			b.WriteByte(' ')
			count++
			blank = false
		}
		if blank || count == limit {
			break
		}
		b.WriteRune(r)
		count++
	}
	return b.String()
}

// withoutMarkup takes out what stands between < and >, and those two.
func withoutMarkup(s string) string {
	var b strings.Builder
	for s != "" {
		open := strings.IndexAny(s, "<>")
		if open < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:open])
		end := strings.IndexByte(s[open:], '>')
		if s[open] == '>' || end < 0 {
			s = s[open+1:]
			continue
		}
		b.WriteByte(' ')
		s = s[open+end+1:]
	}
	return b.String()
}

// spoken is a provider's text that people will read.
func spoken(s string, limit int) string { return oneLine(withoutMarkup(s), limit) }

// scrub hides secrets in a text.
func scrub(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

// holderOf chooses what tells a subscriber whose account it is.
func holderOf(fields []namedText, wanted []string) string {
	for _, name := range wanted {
		for _, f := range fields {
			if strings.EqualFold(f.name, name) {
				if text := spoken(f.text, MaxHolder); hasLetter(text) {
					return text
				}
			}
		}
	}
	return ""
}

// namedText is one field of an answer.
type namedText struct{ name, text string }

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// cut is at most limit characters of s, for protocol values.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit])
}
