package source

import (
	"regexp"
	"strings"
)

// looksBack is how many lines above the one that the library stumbles on are looked at for a quote
// that is not closed: it stumbles on the next quote, which is rarely far.
const looksBack = 3

// conditionHelp is how a condition is written so that YAML leaves it alone.
const conditionHelp = `write a condition in single quotes, and texts within it in double quotes:` +
	` when: 'lang == "ru"'`

var (
	// noColon is a line with a word and its value that nothing keeps apart, or only a colon.
	noColon = regexp.MustCompile(`^ *(?:- )?([a-z_][a-z_0-9]*)(?: +|:)["'{\[a-z@]`)
	// conditioned is a condition with brackets or quotes that YAML takes for its own.
	conditioned = regexp.MustCompile(`\bwhen: *(?:[^"' ][^,}]*["\[]|"[^"]*"[^,} ])`)
	// twoColons is a text without quotes that holds what ends a key.
	twoColons = regexp.MustCompile(`: +[^"'{\[|> ][^"'{},]*: `)
)

// stumbled reports what the library says of a place, or the slip behind it.
func (p *parsing) stumbled(at Pos, said string) {
	place, message, help := p.blame(at, said)
	p.r.Errorf(place, CodeSyntax, "%s", message)
	if help != "" {
		p.r.Help("%s", help)
	}
}

// blame looks for the slip behind a line that the library stumbled on. It returns the place of the
// slip and what it is, or the place that the library named and what the library said, and help.
func (p *parsing) blame(at Pos, said string) (place Pos, message, help string) {
	text := p.r.Line(at)
	if col := strings.IndexByte(text, '\t'); col >= 0 {
		return Pos{at.File, at.Line, columns(text[:col]) + 1},
			"a tab that YAML stumbles on; use blanks", ""
	}
	if conditioned.MatchString(text) {
		return at, said, conditionHelp
	}
	for back := 0; back < looksBack && at.Line > back; back++ {
		above := Pos{File: at.File, Line: at.Line - back}
		if col, quote := unclosed(p.r.Line(above)); col > 0 {
			above.Col = col
			return above, "the quote " + quote + " that opens here is not closed in its line", ""
		}
	}
	if m := noColon.FindStringSubmatchIndex(text); m != nil {
		return Pos{at.File, at.Line, m[3] + 1}, "a colon and a blank are missing here",
			"write " + text[m[2]:m[3]] + ": and then the value"
	}
	if twoColons.MatchString(text) {
		return at, said, `a text that holds ": " needs quotes`
	}
	if strings.Contains(said, "not allowed in this context") {
		return at, said, "what belongs together begins in the same column: look at the blanks before" +
			" this line and before those above"
	}
	return at, said, ""
}

// unclosed returns the column of a quote that opens a text in a line and is not closed there, and
// the quote; 0 where there is none. A quote within a word is an apostrophe.
func unclosed(line string) (col int, quote string) {
	var open byte
	opened, before := 0, byte(' ')
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case open == '"' && c == '\\':
			i++
		case open != 0:
			if c == open {
				open = 0
			}
		case c == '#' && before == ' ':
			return 0, ""
		case (c == '"' || c == '\'') && strings.IndexByte(" {[,:", before) >= 0:
			open, opened = c, i
		}
		before = c
	}
	if open == 0 {
		return 0, ""
	}
	return columns(line[:opened]) + 1, string(open)
}

// columns counts the characters of a part of a line.
func columns(s string) int { return len([]rune(s)) }
