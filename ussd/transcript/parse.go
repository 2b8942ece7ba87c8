package transcript

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// Limits of a file.
const (
	MaxFileOctets = 1 << 20
	MaxLineOctets = 4 << 10
)

// An Error is one fault of a file. Its message says what to write instead.
type Error struct {
	File    string
	Line    int // from 1
	Message string
}

// Error is "file:line: message".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

// Errors are all faults of a file in the order of their lines.
type Errors []*Error

// Error is one line for each fault.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, fault := range e {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Parse reads a file of scenarios. name stands in the errors, which are Errors for faults of the
// file, all at once, and the reader's own otherwise. The File is nil with any error.
func Parse(name string, r io.Reader) (*File, error) {
	octets, err := io.ReadAll(io.LimitReader(r, MaxFileOctets+1))
	if err != nil {
		return nil, fmt.Errorf("transcript: read %s: %w", name, err)
	}
	p := &parser{file: &File{Name: name}, names: map[string]int{}}
	if len(octets) > MaxFileOctets {
		p.errorf("the file has more than %d octets: split it", MaxFileOctets)
		return nil, p.errors
	}
	lines := bufio.NewScanner(bytes.NewReader(octets))
	lines.Buffer(nil, MaxFileOctets+1) // no line is too long for it
	for lines.Scan() {
		p.line++
		p.parseLine(strings.TrimSuffix(lines.Text(), "\r"))
	}
	p.endScenario()
	if len(p.file.Scenarios) == 0 && len(p.errors) == 0 {
		p.errorf("no scenario: begin one with \"-- scenario: NAME\"")
	}
	if len(p.errors) > 0 {
		slices.SortStableFunc(p.errors, func(a, b *Error) int { return a.Line - b.Line })
		return nil, p.errors
	}
	return p.file, nil
}

// A parser reads one file. line is the one that is read.
type parser struct {
	file   *File
	line   int
	errors Errors

	common  headers
	names   map[string]int // of scenarios, with their lines
	current *scenario      // nil before the first
}

// headers are what @ lines have said.
type headers struct {
	clock  time.Time
	number msisdn.Number
	lang   string
	given  Given // its Line is 0 when nothing was said
	others []Other
}

// A scenario is one that is being read.
type scenario struct {
	Scenario
	headers
	captured map[string]bool
	waiting  int     // line of an input whose screen has not come yet, or 0
	dropped  bool    // the screen of the last input never comes
	screen   *Screen // that takes lines now, or nil
}

func (p *parser) errorf(format string, args ...any) {
	p.errorAt(max(p.line, 1), format, args...)
}

func (p *parser) errorAt(line int, format string, args ...any) {
	p.errors = append(p.errors, &Error{p.file.Name, line, fmt.Sprintf(format, args...)})
}

func (p *parser) parseLine(line string) {
	if len(line) > MaxLineOctets {
		p.errorf("the line has %d octets, most %d", len(line), MaxLineOctets)
		return
	}
	if !utf8.ValidString(line) {
		p.errorf("the line is not UTF-8: save the file in that encoding")
		return
	}
	if strings.TrimSpace(line) == "" || line[0] == '#' {
		return
	}
	if line[0] == '|' {
		p.screenLine(line)
		return
	}
	if p.current != nil {
		p.endScreen()
	}
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line[0] == '@':
		p.header(word, strings.TrimSpace(rest))
	case word == "--":
		p.beginScenario(rest)
	case !slices.Contains([]string{">>", "<<", "~~", "==", "++", "!!", "%%"}, word):
		p.unknown(line, word)
	case p.current == nil:
		p.errorf("a step before the first scenario: begin one with \"-- scenario: NAME\"")
	default:
		p.step(word, rest)
	}
}

func (p *parser) unknown(line, word string) {
	if trimmed := strings.TrimLeft(line, " \t\ufeff"); trimmed != line {
		p.errorf("something stands before %q: every line begins at the margin", trimmed)
		return
	}
	p.errorf("%q begins no line: there are # @ -- >> << | ~~ == ++ !! %%%% and each is followed by "+
		"a space", word)
}

func (p *parser) beginScenario(rest string) {
	p.endScenario()
	name, ok := strings.CutPrefix(rest, "scenario:")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		p.errorf("write \"-- scenario: NAME\"")
		name = fmt.Sprintf("line %d", p.line)
	}
	if line, twice := p.names[name]; twice {
		p.errorf("the scenario %q is on line %d already: give it a name of its own", name, line)
	}
	p.names[name] = p.line
	p.current = &scenario{
		Scenario: Scenario{Name: name, Line: p.line},
		headers:  p.common,
		captured: map[string]bool{},
	}
}

// endScenario checks what only its end can show.
func (p *parser) endScenario() {
	s := p.current
	if s == nil {
		return
	}
	p.endScreen()
	if s.waiting != 0 {
		p.errorAt(s.waiting, "no screen follows: write \"<< CON state\" or \"<< END state\", or "+
			"end the input in \" !! drop\"")
	}
	if len(s.Steps) == 0 {
		p.errorAt(s.Line, "the scenario has no steps: begin with \">> *900#\"")
	}
	if s.clock.IsZero() {
		p.errorAt(s.Line, "no clock: write \"@clock 2026-11-21T10:00:00+06:00\" at the top of "+
			"the file")
	}
	if s.number.IsZero() {
		p.errorAt(s.Line, "nobody dials: write \"@msisdn +996…\" at the top of the file")
	}
	if s.given.Line == 0 {
		p.errorAt(s.Line, "no wallet is given: write \"@given unregistered\" or "+
			"\"@given wallet balance=1250.00 lang=ru\" at the top of the file")
	}
	s.Clock, s.Number, s.Lang, s.Given, s.Others = s.clock, s.number, s.lang, s.given, s.others
	p.file.Scenarios = append(p.file.Scenarios, s.Scenario)
	p.current = nil
}

func (p *parser) header(word, rest string) {
	into := &p.common
	if p.current != nil {
		into = &p.current.headers
		if len(p.current.Steps) > 0 {
			p.errorf("a header among the steps: it stands right below \"-- scenario:\", or at " +
				"the top of the file for all")
			return
		}
	}
	switch word {
	case "@clock":
		at, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			p.errorf("%q is no moment: write 2026-11-21T10:00:00+06:00", rest)
			return
		}
		into.clock = at
	case "@msisdn":
		if number, ok := p.number(rest); ok {
			into.number = number
		}
	case "@lang":
		if !isLang(rest) {
			p.errorf("%q is no language: write two small letters, ru", rest)
			return
		}
		into.lang = rest
	case "@given":
		if given, ok := p.given(rest); ok {
			into.given = given
		}
	case "@other":
		if other, ok := p.other(rest); ok {
			into.others = append(slices.Clip(into.others), other)
		}
	default:
		p.errorf("%q is no header: there are @clock, @msisdn, @lang, @given and @other", word)
	}
}

// number reads a number with its plus sign.
func (p *parser) number(text string) (msisdn.Number, bool) {
	number, err := msisdn.Parse(text)
	if err != nil || !strings.HasPrefix(text, "+") {
		p.errorf("that is no number: write + and %d to %d digits, +996555000116",
			msisdn.MinDigits, msisdn.MaxDigits)
		return msisdn.Number{}, false
	}
	return number, true
}

func (p *parser) other(rest string) (Other, bool) {
	digits, more, _ := strings.Cut(rest, " ")
	number, ok := p.number(digits)
	if !ok {
		return Other{}, false
	}
	fields, ok := p.fields(strings.Fields(more), "name", "lang", "balance", "blocked")
	if !ok {
		return Other{}, false
	}
	balance, ok := exact(fields["balance"])
	if !ok || !isLang(fields["lang"]) || fields["name"] == "" {
		p.errorf("another wallet needs its name, its language and its balance: write " +
			"\"@other +996700222333 name=Айбек_Асанов lang=ky balance=0.00\"")
		return Other{}, false
	}
	if text, said := fields["blocked"]; said && text != "yes" {
		p.errorf("blocked=%s: write blocked=yes, or leave it out", text)
		return Other{}, false
	}
	return Other{
		Line: p.line, Number: number, Name: strings.ReplaceAll(fields["name"], "_", " "),
		Lang: fields["lang"], Balance: balance, Blocked: fields["blocked"] != "",
	}, true
}

func (p *parser) given(rest string) (Given, bool) {
	const form = `write "unregistered" or "wallet balance=1250.00 lang=ru", then pin={pin} or ` +
		`first_pin=yes if it matters`
	who, more, _ := strings.Cut(rest, " ")
	g := Given{Line: p.line, Registered: who == "wallet"}
	known := []string{"taken_inn"}
	switch who {
	case "unregistered":
	case "wallet":
		known = []string{"balance", "lang", "pin", "first_pin", "balance_pin", "taken_inn"}
	default:
		p.errorf("%q cannot be given: %s", rest, form)
		return Given{}, false
	}
	fields, ok := p.fields(strings.Fields(more), known...)
	if !ok {
		return Given{}, false
	}
	if inn, said := fields["taken_inn"]; said && !isINN(inn) {
		p.errorf("%q is no INN: write 14 digits", inn)
		return Given{}, false
	}
	g.TakenINN = fields["taken_inn"]
	if !g.Registered {
		return g, true
	}
	if g.Balance, ok = exact(fields["balance"]); !ok || !isLang(fields["lang"]) {
		p.errorf("a wallet needs its balance and its language: %s", form)
		return Given{}, false
	}
	g.Lang = fields["lang"]
	ok = p.givenPIN(&g, fields)
	return g, ok
}

// givenPIN reads what is said of the wallet's PIN.
func (p *parser) givenPIN(g *Given, fields map[string]string) bool {
	if text, said := fields["pin"]; said {
		g.PIN = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
		if text != "{"+g.PIN+"}" || !known(g.PIN) {
			p.errorf("a secret is never written out, only its name: write pin={pin}")
			return false
		}
	}
	for _, name := range []string{"first_pin", "balance_pin"} {
		if text, said := fields[name]; said && text != "yes" {
			p.errorf("%s=%s: write %s=yes, or leave it out", name, text, name)
			return false
		}
	}
	g.FirstPIN, g.BalancePIN = fields["first_pin"] != "", fields["balance_pin"] != ""
	return true
}

// fields reads name=value words; each name at most once and only those that are known.
func (p *parser) fields(words []string, known ...string) (map[string]string, bool) {
	fields := map[string]string{}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || value == "" || !slices.Contains(known, name) {
			p.errorf("%q does not belong here: there are %s=…", word, strings.Join(known, "=…, "))
			return nil, false
		}
		if _, twice := fields[name]; twice {
			p.errorf("%s stands there twice", name)
			return nil, false
		}
		fields[name] = value
	}
	return fields, true
}

// exact reads an amount as it is printed, with two decimals.
func exact(s string) (money.Amount, bool) {
	amount, err := money.Parse(s)
	return amount, err == nil && amount.String() == s
}

func isINN(s string) bool {
	const digits = 14
	return len(s) == digits && strings.Trim(s, "0123456789") == ""
}

func isLang(s string) bool {
	return len(s) == 2 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}
