package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"ussdgw/smsc"
	"ussdgw/smsc/pdu"
)

// What the relay is told of an SMS that was not sent.
func TestHopelessSMS(t *testing.T) {
	refused := func(status pdu.Status) error {
		return fmt.Errorf("part 2 of 3: %w",
			&smsc.StatusError{Command: pdu.CommandSubmitSM, Status: status})
	}
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{smsc.ErrNotSent, false},
		{smsc.ErrUnknown, false},
		{context.DeadlineExceeded, false},
		{refused(pdu.StatusSystemError), false},
		{refused(pdu.StatusMessageQueueFull), false},
		{refused(pdu.StatusInvalidDestination), true},
		{refused(pdu.StatusInvalidSource), true},
		{refused(pdu.StatusInvalidMessageLength), true},
		{fmt.Errorf("%w: 300 segments", smsc.ErrSMSTooLong), true},
	} {
		got := marked(tt.err)
		var permanent interface{ Permanent() bool }
		is := errors.As(fmt.Errorf("courier: %w", got), &permanent) && permanent.Permanent()
		if is != tt.want {
			t.Errorf("%v: permanent %t, want %t", tt.err, is, tt.want)
		}
		if !errors.Is(got, tt.err) {
			t.Errorf("%v became %v", tt.err, got)
		}
	}
}
