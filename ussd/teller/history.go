package teller

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"ussdgw/ussd"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// history lists the last movements: the day, what came in or went out with its fee, and who the
// other side was. Its value top fixes what the lines are, whatever happens in the meantime.
func (t *Teller) history(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	all, err := t.issuer.History(ctx, c.Number, 0, historyLines)
	if err != nil || len(all) == 0 {
		return t.outcome("none", err, nil)
	}
	lines := make([]string, len(all))
	for i, m := range all {
		lines[i] = historyLine(m.At.In(t.zone).Format("02.01"), signed(m.Amount), t.party(c, m))
	}
	a := listed(historyLines, lines)
	a.Outcome.Values["top"] = strconv.FormatInt(all[0].Seq+1, 10)
	return a, nil
}

func historyLine(day, amount, party string) string { return day + " " + amount + " " + party }

// signed shows an amount with its sign, also above zero.
func signed(a money.Amount) string {
	if a > 0 {
		return "+" + shown(a)
	}
	return shown(a)
}

// movement shows one of the movements that history has listed.
func (t *Teller) movement(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	n, err := entry(c)
	if err != nil {
		return ussd.Answer{}, err
	}
	top, err := strconv.ParseInt(c.Action.Args["top"], 10, 64)
	if err != nil {
		return ussd.Answer{}, fmt.Errorf("teller: %s: no top", c.Action.Name)
	}
	all, err := t.issuer.History(ctx, c.Number, top, n+1)
	if err != nil || len(all) <= n {
		return t.outcome("none", err, nil)
	}
	m := all[n]
	when := m.At.In(t.zone).Format("02.01.06 15:04")
	if !paidOut(m) {
		return answer("moved", "payee", t.party(c, m), "signed", signed(m.Amount), "when", when,
			"movement", m.Transfer), nil
	}
	return answer("paid", "payee", t.party(c, m), "full_account", m.Offer.Account,
		"amount", shown(-m.Amount-m.Fee), "fee", shown(m.Fee), "code", m.Offer.Code, "when", when,
		"movement", m.Transfer), nil
}

// paidOut reports that a movement is a payment or a transfer to somebody else, as it was confirmed.
func paidOut(m ledger.Movement) bool {
	return m.Transfer == m.Offer.ID && m.Amount < 0 && m.Offer.Account != "" &&
		m.Offer.Operation != ledger.OpCashOut
}

// party is the other side of a movement, in the language of the dialogue where it is known. Money
// that no offer has moved has come in from outside.
func (t *Teller) party(c ussd.Call, m ledger.Movement) string {
	live := t.catalogue(c.Number)
	operation := catalogue.OpCashIn
	switch {
	case m.Offer.Operation == ledger.OpCashOut:
		operation = catalogue.OpCashOut
	case m.Offer.ID != "":
		if p, ok := live.Provider(m.Offer.Provider); ok {
			return catalogue.Text(p.Name, c.Lang)
		}
		return m.Offer.ProviderName
	}
	if op, ok := live.Operations[operation]; ok {
		return catalogue.Text(op.Name, c.Lang)
	}
	return noEntry
}

// sendReceipt sends the message of a movement again.
func (t *Teller) sendReceipt(ctx context.Context, c ussd.Call) (ussd.Answer, error) {
	err := t.issuer.SendReceipt(ctx, c.Number, c.Action.Args["movement"], c.Attempt)
	if errors.Is(err, ledger.ErrNoTransfer) || errors.Is(err, ledger.ErrNoMessage) {
		return answer("none"), nil
	}
	return t.outcome("ok", err, map[ledger.Reason]string{ledger.ReasonTooOften: "too_often"})
}

// historyWidest are the widest lines of a history.
func historyWidest(c *catalogue.Catalogue) []string {
	var lines []string
	for _, name := range parties(c) {
		lines = append(lines, historyLine(widestDay, widestSigned(), name))
	}
	return lines
}

// widestSigned is an amount with its fee and its sign.
func widestSigned() string { return "-" + amountValue("").Widest[0] }
