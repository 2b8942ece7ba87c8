package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.uber.org/zap"

	"ussdgw/smsc/charset"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/transcript"
)

// planPINLength is that of the scenarios' wallets unless something else is said.
const planPINLength = 4

// A changedScenario is one that does not end on the new menus as on the old ones, or shows another
// screen on the way.
type changedScenario struct {
	scenario    fileScenario
	before, now transcript.Result
	// The first screens that differ; nil where one has none any more.
	shownBefore, shownNow *transcript.Shown
}

// runTranscripts runs the scenarios on both menus.
func (p *planner) runTranscripts(ctx context.Context, talk io.Writer) error {
	scenarios, err := parseTranscripts([]string{p.o.transcripts}, regexp.MustCompile(""), talk)
	if err != nil {
		return err
	}
	for _, s := range scenarios {
		before, shownBefore, err := p.runOn(ctx, p.old, s)
		if err != nil {
			return err
		}
		now, shownNow, err := p.runOn(ctx, p.now, s)
		if err != nil {
			return err
		}
		p.ran++
		if before.Status == transcript.Broken && now.Status == transcript.Broken {
			if p.broken++; p.whyBroken == "" {
				p.whyBroken = fmt.Sprintf("%s:%d: %s", s.file, s.Line, now.Reason)
			}
		}
		at := firstDifference(shownBefore, shownNow)
		if at < 0 && before.Status == now.Status && before.Line == now.Line {
			continue
		}
		c := changedScenario{scenario: s, before: before, now: now}
		if at >= 0 {
			c.shownBefore, c.shownNow = shownAt(shownBefore, at), shownAt(shownNow, at)
		}
		p.scenarios = append(p.scenarios, c)
	}
	return nil
}

// runOn runs one scenario in this process and returns how it ended and all screens it showed.
func (p *planner) runOn(
	ctx context.Context, side comparedSide, s fileScenario,
) (transcript.Result, []transcript.Shown, error) {
	digits := p.o.pinLength
	if digits == 0 {
		digits = planPINLength
	}
	r, stop, err := newRunner(ctx, testOptions{pinLength: digits}, &side.menuSet, zap.NewNop())
	if err != nil {
		return transcript.Result{}, nil, err
	}
	seen := &onlooker{}
	open := r.Open
	r.Open = func(
		ctx context.Context, s transcript.Scenario, pins transcript.PINs,
	) (transcript.World, error) {
		w, err := open(ctx, s, pins)
		seen.World = w
		return seen, err
	}
	limited, cancel := context.WithTimeout(ctx, scenarioTimeout)
	defer cancel()
	result := r.Run(limited, s.Scenario)
	if err := ctx.Err(); err != nil {
		return result, nil, err
	}
	return result, seen.shown, stop()
}

// An onlooker keeps what a world shows. What is typed it does not keep: there are PINs in it.
type onlooker struct {
	transcript.World
	shown []transcript.Shown
}

func (o *onlooker) Dial(
	ctx context.Context, code string, drop, repeat bool,
) (transcript.Shown, error) {
	return o.keep(o.World.Dial(ctx, code, drop, repeat))
}

func (o *onlooker) Answer(
	ctx context.Context, text string, drop, repeat bool,
) (transcript.Shown, error) {
	return o.keep(o.World.Answer(ctx, text, drop, repeat))
}

func (o *onlooker) keep(s transcript.Shown, err error) (transcript.Shown, error) {
	if err == nil {
		o.shown = append(o.shown, s)
	}
	return s, err
}

// firstDifference returns the index of the first screen that is another, or -1. Digits do not
// count: codes are drawn anew in every run. Those that matter are in what a scenario expects.
func firstDifference(a, b []transcript.Shown) int {
	digits := regexp.MustCompile(`[0-9]`)
	for i := range max(len(a), len(b)) {
		x, y := shownAt(a, i), shownAt(b, i)
		if x == nil || y == nil || x.State != y.State || x.End != y.End ||
			digits.ReplaceAllString(x.Text, "0") != digits.ReplaceAllString(y.Text, "0") {
			return i
		}
	}
	return -1
}

func shownAt(all []transcript.Shown, i int) *transcript.Shown {
	if i >= len(all) {
		return nil
	}
	return &all[i]
}

// maxDrawn is how many differences of transcripts are drawn. All scenarios are named.
const maxDrawn = 12

// transcriptText lists the scenarios that change. Those with the same first difference stand
// together, above the screens.
func (p *planner) transcriptText(b *strings.Builder) {
	if p.o.transcripts == "" {
		return
	}
	fmt.Fprintf(b, "Transcripts: %d of %d change\n", len(p.scenarios), p.ran)
	if p.broken > 0 {
		fmt.Fprintf(b, "    %d cannot be run on either menu, the first: %s\n", p.broken, p.whyBroken)
	}
	groups := make(map[string][]changedScenario)
	var order []string
	for _, c := range p.scenarios {
		key := c.difference()
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], c)
	}
	for i, key := range order {
		for _, c := range groups[key] {
			fmt.Fprintf(b, "    %s:%d: %s: %s\n", c.scenario.file, c.scenario.Line, c.scenario.Name,
				ends(c.before, c.now))
		}
		switch c := groups[key][0]; {
		case c.shownBefore == nil && c.shownNow == nil:
			fmt.Fprintf(b, "        %s\n", strings.ReplaceAll(c.reason(), "\n", "\n        "))
		case i < maxDrawn:
			row := []cell{shownCell("before", c.shownBefore), shownCell("now", c.shownNow)}
			b.WriteString(drawSheet(row, p.width, len(row), "        "))
		}
	}
	b.WriteByte('\n')
}

// difference is the same for scenarios whose first screens that differ are the same.
func (c changedScenario) difference() string {
	if c.shownBefore == nil && c.shownNow == nil {
		return c.reason()
	}
	key := ""
	for _, s := range []*transcript.Shown{c.shownBefore, c.shownNow} {
		if s != nil {
			key += s.State + "\n" + s.Text
		}
		key += "\n\n"
	}
	return key
}

// reason is why a scenario does not pass, on the new menus or on the old ones.
func (c changedScenario) reason() string {
	if c.now.Reason != "" {
		return strings.TrimRight(c.now.Reason, "\n")
	}
	return strings.TrimRight(c.before.Reason, "\n")
}

// ends says how a scenario ended on both menus.
func ends(before, now transcript.Result) string {
	if before.Status == transcript.Passed && now.Status == transcript.Passed {
		return "passes before and now, another screen on the way"
	}
	return fmt.Sprintf("%s before, %s now", endText(before), endText(now))
}

func endText(r transcript.Result) string {
	switch r.Status {
	case transcript.Passed:
		return "passes"
	case transcript.Failed:
		return fmt.Sprintf("fails in line %d", r.Line)
	case transcript.Skipped:
		return "is skipped"
	}
	return fmt.Sprintf("breaks in line %d", r.Line)
}

// shownCell draws what a scenario has shown.
func shownCell(when string, s *transcript.Shown) cell {
	if s == nil {
		return cell{title: when}
	}
	return cell{when + ": " + s.State, &menu.Screen{
		Text: s.Text, Alphabet: charset.Choose(s.Text), Units: s.Used, Limit: s.Limit, End: s.End,
	}}
}
