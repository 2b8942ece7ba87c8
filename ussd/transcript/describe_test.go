package transcript_test

import (
	"fmt"
	"strings"

	"ussdgw/ussd/transcript"
	"ussdgw/wallet/msisdn"
)

// at is how an error of the file of faults begins.
func at(line int) string { return fmt.Sprintf("faults.ussd:%d: ", line) }

// describe says all of a step in a line.
func describe(step transcript.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d ", step.At())
	switch s := step.(type) {
	case transcript.Input:
		fmt.Fprintf(&b, "Input %q drop=%t repeat=%t", s.Text.String(), s.Drop, s.Repeat)
	case transcript.Screen:
		kind := map[bool]string{false: "CON", true: "END"}[s.End]
		fmt.Fprintf(&b, "Screen %s %s %s %d/%d", kind, s.State, s.Alphabet, s.Used, s.Limit)
		for _, line := range s.Lines {
			fmt.Fprintf(&b, " %q", fmt.Sprintf("%d:%s", line.At, line))
		}
	case transcript.Debits:
		fmt.Fprintf(&b, "Debits %d", s.Count)
	case transcript.Debit:
		fmt.Fprintf(&b, "Debit %s %q %q", s.Amount, s.Provider, s.Account)
	case transcript.SMS:
		fmt.Fprintf(&b, "SMS%s `%s`", of(s.To), s.Text)
	case transcript.NoSMS:
		b.WriteString("NoSMS")
	case transcript.Wallet:
		fmt.Fprintf(&b, "Wallet%s %s", of(s.Of), s.Balance)
	case transcript.Wait:
		fmt.Fprintf(&b, "Wait %s", s.For)
	case transcript.Event:
		fmt.Fprintf(&b, "Event %q", s.What)
	case transcript.HangUp:
		b.WriteString("HangUp")
	default:
		fmt.Fprintf(&b, "%T", step)
	}
	return b.String()
}

// of is another number, masked, behind a blank.
func of(n msisdn.Number) string {
	if n.IsZero() {
		return ""
	}
	return " " + n.Masked()
}
