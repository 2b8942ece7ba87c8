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
)

// How much of a wallet's history a screen offers.
const (
	statementLines = 5 // last payments
	recentPayees   = 3 // accounts that were paid last
	favourites     = 8 // providers that were paid most often
)

// noEntry stands for what a numbered value has nothing to show for: the menu hides its line.
const noEntry = "-"

// statement lists the last payments: day, payee, and what left the wallet.
func (t *Teller) statement(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	receipts, err := t.issuer.Statement(ctx, c.Number, statementLines)
	if err != nil || len(receipts) == 0 {
		return t.outcome("none", err, nil)
	}
	lines := make([]string, len(receipts))
	for i, r := range receipts {
		total := r.Offer.Amount + r.Offer.Fee // the books hold no sum that this could overflow
		lines[i] = statementLine(r.PostedAt.In(t.zone).Format("02.01"), t.payee(c, r), shown(total))
	}
	return listed(statementLines, lines), nil
}

func statementLine(day, payee, total string) string { return day + " " + payee + " " + total }

// payee is the name of the one who was paid, in the language of the dialogue where it is known.
func (t *Teller) payee(c ussd.Call, r ledger.Receipt) string {
	if p, ok := t.catalogue(c.Number).Provider(r.Offer.Provider); ok {
		return catalogue.Text(p.Name, c.Lang)
	}
	return r.Offer.ProviderName
}

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

// receipt shows one of the payments that statement has listed.
func (t *Teller) receipt(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	n, err := entry(c)
	if err != nil {
		return ussd.Answer{}, err
	}
	receipts, err := t.issuer.Statement(ctx, c.Number, n+1)
	if err != nil || len(receipts) <= n {
		return t.outcome("none", err, nil)
	}
	r := receipts[n]
	return answer("ok", "payee", t.payee(c, r), "full_account", r.Offer.Account,
		"amount", shown(r.Offer.Amount), "fee", shown(r.Offer.Fee), "code", r.Offer.Code,
		"when", r.PostedAt.In(t.zone).Format("02.01.06 15:04")), nil
}

func (t *Teller) limits(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	a, err := t.issuer.Allowance(ctx, c.Number, ledger.OpPayment)
	return t.outcome("ok", err, nil, "payment", shown(a.Once), "today", shown(a.Today),
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

// statementWidest are the widest lines of a statement.
func statementWidest(c *catalogue.Catalogue) []string {
	var lines []string
	for _, name := range payees(c) {
		lines = append(lines, statementLine(widestDay, name, amountValue("").Widest[0]))
	}
	return lines
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
