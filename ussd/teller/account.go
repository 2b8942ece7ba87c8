package teller

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// How much of a wallet's history a screen offers.
const (
	historyLines = 9 // last movements
	recentPayees = 3 // accounts that were paid last
	favourites   = 8 // providers that were paid most often
)

// noEntry stands for what a numbered value has nothing to show for: the menu hides its line.
const noEntry = "-"

// listed makes the outcome `some` of numbered values.
func listed(most int, texts []string) ussd.Answer {
	a := answer("some", "count", strconv.Itoa(len(texts)))
	for i, n := range entries(most) {
		a.Outcome.Values["line"+n] = noEntry
		if i < len(texts) {
			a.Outcome.Values["line"+n] = texts[i]
		}
	}
	return a
}

// entry is the number, from 0, of what was chosen among numbered values.
func entry(c ussd.Call) (int, error) {
	n, err := strconv.Atoi(c.Action.Args["entry"])
	if err != nil || n < 1 {
		return 0, fmt.Errorf("teller: %s: no entry %q", c.Action.Name, c.Action.Args["entry"])
	}
	return n - 1, nil
}

// limited are the operations whose limits can be asked for.
func limited() []string {
	return []string{
		catalogue.OpPayment, catalogue.OpTransfer, catalogue.OpCashOut, catalogue.OpCashIn,
		catalogue.OpOut,
	}
}

func (t *Teller) limits(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	op := ledger.Operation(c.Action.Args["operation"])
	a, err := t.issuer.Allowance(ctx, c.Number, op)
	return t.outcome("ok", err, nil, "once", shown(a.Once), "today", shown(a.Today),
		"month", shown(a.Month), "most", shown(a.Balance))
}

// favourites names the providers that the subscriber pays most often, as many as a value has room
// for: an ID that is cut would name another provider, or none.
func (t *Teller) favourites(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	ids, err := t.issuer.Favourites(ctx, c.Number, favourites)
	if err != nil || len(ids) == 0 {
		return t.outcome("none", err, nil)
	}
	text := joined(ids, menu.MaxValueBytes)
	if text == "" {
		return t.outcome("none", nil, nil)
	}
	return answer("some", "favourites", text), nil
}

// joined puts blanks between the first ids that have room in most octets.
func joined(ids []string, most int) string {
	text := ""
	for i, id := range ids {
		if i > 0 {
			id = " " + id
		}
		if len(text)+len(id) > most {
			break
		}
		text += id
	}
	return text
}

// recent lists the accounts that the subscriber has paid last.
func (t *Teller) recent(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	payees, err := t.issuer.Payees(ctx, c.Number)
	if err != nil || len(payees) == 0 {
		return t.outcome("none", err, nil)
	}
	var texts []string
	for _, p := range payees[:min(len(payees), recentPayees)] {
		texts = append(texts, recentLine(catalogue.Text(p.Provider.Name, c.Lang), p.Account))
	}
	return listed(recentPayees, texts), nil
}

func recentLine(payee, account string) string { return payee + " " + account }

// repeat chooses one of the accounts that recent has listed.
func (t *Teller) repeat(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	n, err := entry(c)
	if err != nil {
		return ussd.Answer{}, err
	}
	payees, err := t.issuer.Payees(ctx, c.Number)
	if err != nil || len(payees) <= n {
		return t.outcome("none", err, nil)
	}
	p := payees[n]
	return answer("ok", "category", t.category(c, p.Provider.ID), "provider", p.Provider.ID,
		"full_account", p.Account), nil
}

// account makes an account of the fields that were typed, each of which has to be right.
func (t *Teller) account(c ussd.Call) (ussd.Answer, error) {
	args := c.Action.Args
	fields := []string{args["account"]}
	for _, more := range []string{args["account2"], args["account3"]} {
		if more != "" {
			fields = append(fields, more)
		}
	}
	full, err := t.issuer.Account(c.Number, args["provider"], fields...)
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonAccountFormat: "account_refused", ledger.ReasonStopped: "stopped",
		ledger.ReasonUnknownProvider: "stopped",
	}, "full_account", full)
}

// recentWidest are the widest lines of the accounts that were paid last.
func recentWidest(c *catalogue.Catalogue) []string {
	var lines []string
	for _, cat := range c.Categories {
		for _, p := range cat.Providers {
			for _, name := range p.Name {
				lines = append(lines, recentLine(name, strings.Repeat("9", p.MaxAccountLen())))
			}
		}
	}
	return lines
}

// topUp finds who tops up a phone: the subscriber's own unless another number was typed.
func (t *Teller) topUp(c ussd.Call) (ussd.Answer, error) {
	phone := c.Number
	if typed := c.Action.Args["number"]; typed != "" {
		var err error
		if phone, err = msisdn.Parse(typed); err != nil {
			return ussd.Answer{}, fmt.Errorf("teller: top-up: %w", err)
		}
	}
	p, account, ok := t.issuer.TopUp(phone)
	category := t.category(c, p.ID)
	if !ok || category == "" {
		return answer("unknown"), nil
	}
	return answer("ok", "category", category, "provider", p.ID, "full_account", account), nil
}

// check asks a provider whose account that is. What is asked too often cannot be checked now.
func (t *Teller) check(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	args := c.Action.Args
	checked, err := t.issuer.CheckAccount(ctx, c.Number, args["provider"], args["account"])
	if err == nil && checked.Holder == "" {
		return answer("nameless"), nil
	}
	return t.outcome("ok", err, map[ledger.Reason]string{
		ledger.ReasonAccountFormat: "account_unknown", ledger.ReasonAccountUnknown: "account_unknown",
		ledger.ReasonUnavailable: "unavailable", ledger.ReasonTooOften: "unavailable",
		ledger.ReasonStopped: "stopped", ledger.ReasonUnknownProvider: "stopped",
	}, "holder", checked.Holder)
}
