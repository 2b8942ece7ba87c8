package teller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"ussdgw/ussd/menu"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// An SMSSender sends one SMS, in as many parts as it takes, and returns when the message centre
// has accepted all of them.
type SMSSender interface {
	SendSMS(ctx context.Context, to msisdn.Number, text string) error
}

// A Courier makes the texts of the outbox's messages from the menu and sends them. It implements
// wallet.Sender.
type Courier struct {
	program func(msisdn.Number) *menu.Program
	sender  SMSSender
}

// NewCourier returns a Courier. live returns the menu that holds for a subscriber at the moment of
// sending, never nil: the texts are taken from it.
func NewCourier(live func(msisdn.Number) *menu.Program, s SMSSender) *Courier {
	return &Courier{program: live, sender: s}
}

// A textError says that the menu has no text for a message: only an edited menu helps.
type textError struct{ error }

// Permanent reports true: see wallet.Sender.
func (textError) Permanent() bool { return true }

// Unwrap returns what the menu said.
func (e textError) Unwrap() error { return e.error }

// secretField is the field of a kind of messages that is kept sealed.
func secretField(kind string) string {
	if kind == wallet.KindCashCode {
		return "code"
	}
	return "pin"
}

// Send makes the text and sends it. secret is the value of the sealed field, or empty. Its errors
// never hold the text.
func (c *Courier) Send(ctx context.Context, m ledger.Message, secret pin.Secret) error {
	fields := m.Fields
	if secret.Len() > 0 {
		fields = maps.Clone(fields)
		if fields == nil {
			fields = map[string]string{}
		}
		fields[secretField(m.Kind)] = string(secret.Reveal())
	}
	text, err := c.program(m.To).SMS(m.Kind, m.Lang, fields)
	if err != nil {
		return fmt.Errorf("teller: sms %s: %w", m.Kind, textError{err})
	}
	if err := c.sender.SendSMS(ctx, m.To, text); err != nil {
		if strings.Contains(err.Error(), text) {
			err = errors.New("not sent, by an error that holds the text")
		}
		return fmt.Errorf("teller: sms %s: %w", m.Kind, err)
	}
	return nil
}
