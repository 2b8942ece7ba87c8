package transcript

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"ussdgw/smsc/charset"
	"ussdgw/wallet/msisdn"
)

// step reads a line that is neither header nor line of a screen. There is a scenario.
func (p *parser) step(word, rest string) {
	switch word {
	case ">>":
		p.input(rest)
	case "<<":
		p.screen(strings.Fields(rest))
	case "~~":
		p.effect(strings.TrimSpace(rest))
	case "==":
		p.wallet(strings.TrimSpace(rest))
	case "++":
		p.wait(strings.TrimSpace(rest))
	case "!!":
		p.fault(strings.TrimSpace(rest))
	case "%%":
		p.event(strings.TrimSpace(rest))
	}
}

func (p *parser) event(rest string) {
	words := strings.Fields(rest)
	var ok bool
	switch {
	case len(words) == 3 && words[0] == "agent" && words[1] == "cash_in":
		_, ok = exact(words[2])
	case len(words) == 3 && words[0] == "agent" && words[1] == "cash_out":
		ok = true
	case len(words) == 2 && words[0] == "provider", rest == "sim changed":
		ok = true
	}
	if !ok {
		p.errorf("%q is nothing that others do: there are \"%%%% agent cash_in 500.00\", "+
			"\"%%%% agent cash_out {sms.code}\", \"%%%% provider code=5\", \"%%%% provider well\" and "+
			"\"%%%% sim changed\"", rest)
		return
	}
	if what, ok := p.pattern(strings.Join(words, " "), patternKind{}); ok {
		p.add(Event{p.line, what})
	}
}

func (p *parser) add(step Step) { p.current.Steps = append(p.current.Steps, step) }

// pattern reads a pattern whose names must have a value by now.
func (p *parser) pattern(source string, kind patternKind) (Pattern, bool) {
	pattern, uses, captures, err := parsePattern(source, kind)
	if err != nil {
		p.errorf("%s", err)
		return Pattern{}, false
	}
	for _, name := range uses {
		if !p.current.captured[name] && !known(name) {
			p.errorf("{%s} has no value here: capture it on a line before with {%s:/expression/}, "+
				"or use one of the secrets %s", name, name, strings.Join(Secrets(), ", "))
			return Pattern{}, false
		}
	}
	for _, name := range captures {
		if known(name) {
			p.errorf("{%s} is the name of a secret: capture under another name", name)
			return Pattern{}, false
		}
		p.current.captured[name] = true
	}
	return pattern, true
}

func (p *parser) input(rest string) {
	s := p.current
	if s.waiting != 0 {
		p.errorf("the input on line %d has no screen: write \"<< CON state\" before this line, or "+
			"end that input in \" !! drop\"", s.waiting)
	}
	in := Input{Line: p.line}
	text, fault, faulty := strings.Cut(rest, "!!")
	if faulty {
		text = strings.TrimRight(text, " ")
		switch strings.TrimSpace(fault) {
		case "drop":
			in.Drop = true
		case "repeat":
			in.Repeat = true
		default:
			p.errorf("%q is nothing that can happen to an input: there are \" !! drop\" and "+
				"\" !! repeat\"", "!!"+fault)
		}
	}
	s.waiting, s.dropped = p.line, in.Drop
	if in.Drop {
		s.waiting = 0
	}
	var ok bool
	if in.Text, ok = p.pattern(text, patternKind{}); ok {
		p.add(in)
	}
}

func (p *parser) screen(words []string) {
	s := p.current
	screen := &Screen{Line: p.line}
	s.screen = screen // takes its lines even when it is wrong itself
	if s.waiting == 0 && s.dropped {
		p.errorf("a screen that never reaches the phone: take \" !! drop\" from the input, or " +
			"dial again first")
	} else if s.waiting == 0 {
		p.errorf("a screen without an input: write \">> …\" before it")
	}
	s.waiting = 0
	const form = `write "<< CON state" or "<< END state", then GSM-7 or UCS-2, then used/limit, ` +
		`if they matter; a comment has a line of its own`
	if len(words) < 2 {
		p.errorf("that is no screen: %s", form)
		return
	}
	switch words[0] {
	case "CON":
	case "END":
		screen.End = true
	default:
		p.errorf("%q is neither CON nor END: %s", words[0], form)
		return
	}
	if !isState(words[1]) {
		p.errorf("%q is no state: small letters, digits and underscores, as in the menu", words[1])
		return
	}
	screen.State = words[1]
	p.size(screen, words[2:], form)
}

// size reads what may follow the state.
func (p *parser) size(screen *Screen, words []string, form string) {
	if len(words) == 0 {
		return
	}
	alphabets := []string{charset.GSM7.String(), charset.UCS2.String()}
	if !slices.Contains(alphabets, words[0]) {
		p.errorf("%q is no alphabet: %s", words[0], form)
		return
	}
	screen.Alphabet = words[0]
	if len(words) == 1 {
		return
	}
	used, limit, _ := strings.Cut(words[1], "/")
	var err error
	if screen.Used, err = strconv.Atoi(used); err == nil {
		screen.Limit, err = strconv.Atoi(limit)
	}
	if err != nil || screen.Used <= 0 || screen.Limit < screen.Used {
		p.errorf("%q is no size: write used/limit, 62/80", words[1])
		return
	}
	if len(words) > 2 {
		p.errorf("%q stands behind a whole screen: %s", words[2], form)
	}
}

func isState(s string) bool { return isName(s) && !strings.Contains(s, ".") }

func (p *parser) screenLine(line string) {
	if p.current == nil || p.current.screen == nil {
		p.errorf("a line of no screen: it stands right below \"<< CON state\" or \"<< END state\"")
		return
	}
	screen := p.current.screen
	if n := len(screen.Lines); n > 0 && screen.Lines[n-1].Rest {
		p.errorf("a line after \"| ...\", which is any further lines: it can only be the last")
		return
	}
	text, spaced := strings.CutPrefix(line, "| ")
	switch {
	case line == "|": // an empty line
		text = ""
	case !spaced:
		p.errorf("write a space behind the bar: \"| %s\"", line[1:])
		return
	case text == "...":
		screen.Lines = append(screen.Lines, Line{At: p.line, Rest: true})
		return
	}
	if pattern, ok := p.pattern(text, patternKind{captures: true}); ok {
		screen.Lines = append(screen.Lines, Line{At: p.line, Text: pattern})
	}
}

// endScreen adds the screen whose lines have all come.
func (p *parser) endScreen() {
	if screen := p.current.screen; screen != nil {
		p.add(*screen)
		p.current.screen = nil
	}
}

func (p *parser) effect(rest string) {
	what, more, _ := strings.Cut(rest, " ")
	more = strings.TrimSpace(more)
	switch {
	case what == "debit":
		p.debit(strings.Fields(more))
	case what == "sms":
		p.sms(more)
	case rest == "no sms":
		p.add(NoSMS{p.line})
	default:
		p.errorf("%q is no effect: there are \"~~ debit count=1\", \"~~ debit 101.00 KGS "+
			"provider=… account=…\", \"~~ sms \\\"text*\\\"\" and \"~~ no sms\"", rest)
	}
}

func (p *parser) debit(words []string) {
	const currency = "KGS"
	if len(words) == 1 && strings.HasPrefix(words[0], "count=") {
		count, err := strconv.Atoi(strings.TrimPrefix(words[0], "count="))
		if err != nil || count < 0 {
			p.errorf("%q is no count: write count=0, count=1, …", words[0])
			return
		}
		p.add(Debits{p.line, count})
		return
	}
	if len(words) < 2 || words[1] != currency {
		p.errorf("write \"~~ debit count=1\" or \"~~ debit 101.00 %s provider=… account=…\"",
			currency)
		return
	}
	amount, ok := exact(words[0])
	if !ok || amount == 0 {
		p.errorf("%q is no amount: write 101.00", words[0])
		return
	}
	if fields, ok := p.fields(words[2:], "provider", "account"); ok {
		p.add(Debit{p.line, amount, fields["provider"], fields["account"]})
	}
}

func (p *parser) sms(quoted string) {
	var to msisdn.Number
	if digits, rest, of := strings.Cut(quoted, " "); of && strings.HasPrefix(digits, "+") {
		var ok bool
		if to, ok = p.number(digits); !ok {
			return
		}
		quoted = strings.TrimSpace(rest)
	}
	if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		p.errorf("the text of an SMS stands in quotes: ~~ sms \"%s\"", strings.Trim(quoted, `"`))
		return
	}
	text, ok := p.pattern(quoted[1:len(quoted)-1], patternKind{captures: true, globs: true})
	if ok {
		p.add(SMS{p.line, to, text})
	}
}

func (p *parser) wallet(rest string) {
	text, said := strings.CutPrefix(rest, "wallet ")
	var of msisdn.Number
	if digits, more, found := strings.Cut(text, " "); found && strings.HasPrefix(digits, "+") {
		var ok bool
		if of, ok = p.number(digits); !ok {
			return
		}
		text = more
	}
	text, says := strings.CutPrefix(text, "balance=")
	balance, ok := exact(text)
	if !said || !says || !ok {
		p.errorf("%q is no state of the world: write \"== wallet balance=1149.00\"", rest)
		return
	}
	p.add(Wallet{p.line, of, balance})
}

func (p *parser) wait(rest string) {
	d, err := time.ParseDuration(rest)
	if err != nil || d <= 0 {
		p.errorf("%q is no time that can pass: write 61s, 31m or 14h", rest)
		return
	}
	p.add(Wait{p.line, d})
}

func (p *parser) fault(rest string) {
	switch rest {
	case "hangup":
		p.add(HangUp{p.line})
	case "drop", "repeat":
		p.errorf("%q happens to an input: write it at the end of its line, \">> 1 !! %s\"",
			rest, rest)
	default:
		p.errorf("%q is no fault: there is \"!! hangup\", and \" !! drop\" and \" !! repeat\" at "+
			"the end of an input", rest)
	}
}
