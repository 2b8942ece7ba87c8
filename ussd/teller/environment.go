package teller

import (
	"strconv"

	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// The widest values that an outcome can bring. A balance is bounded by the wallet's limit, which
// is far below; a value that were longer would be cut by the menu, never overflow a screen.
const (
	widestAmount = "999999.99"
	widestCode   = "9999999999"
	widestLeft   = "9"
	widestTime   = "23:59"
	widestUntil  = "31.12.36 23:59"
	widestOffer  = "" // an id that no text may show
)

// Environment declares to the menu what the wallet offers: the actions, their outcomes, the
// catalogue's lists, and the fields of each SMS. A menu is proven against it. pinLength is the
// number of digits of a PIN.
func Environment(c *catalogue.Catalogue, pinLength int) menu.Environment {
	return menu.Environment{
		Actions: actions(c), Lists: lists(c), SMS: messages(c), PINLength: pinLength,
	}
}

func outcomes(names ...string) map[string]menu.OutcomeDef {
	m := make(map[string]menu.OutcomeDef, len(names))
	for _, n := range names {
		m[n] = menu.OutcomeDef{}
	}
	return m
}

func value(name string, widest ...string) menu.ValueDef {
	return menu.ValueDef{Name: name, Widest: widest}
}

func sets(values ...menu.ValueDef) menu.OutcomeDef { return menu.OutcomeDef{Sets: values} }

func offers(values ...menu.ValueDef) menu.OutcomeDef {
	return menu.OutcomeDef{Sets: values, Offer: true}
}

func actions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	m := subscriberActions(c)
	for name, def := range paymentActions(c) {
		m[name] = def
	}
	return m
}

func subscriberActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	where := menu.ValueDef{Name: "where", Langs: map[string][]string{}}
	for _, n := range c.Networks {
		for lang, text := range n.Elsewhere {
			where.Langs[lang] = append(where.Langs[lang], text)
		}
	}
	return map[string]menu.ActionDef{
		actIdentify: {Outcomes: map[string]menu.OutcomeDef{
			"registered": {}, "unregistered": {}, "elsewhere": sets(where),
		}},
		actSetLanguage: {Outcomes: outcomes("ok")},
		actRegister: {
			Args:     []string{"name", "inn"},
			Outcomes: outcomes("ok", "inn_taken", "inn_refused", "already"),
		},
		actResendPIN: {Outcomes: outcomes("ok", "used", "too_often", "unregistered")},
		actBalance: {Outcomes: map[string]menu.OutcomeDef{
			"ok": sets(value("balance", widestAmount)),
		}},
		actCheckPIN: {Secrets: []string{"pin"}, Outcomes: map[string]menu.OutcomeDef{
			"ok": {}, "wrong": sets(value("left", widestLeft)),
			"locked": sets(value("until", widestUntil)),
		}},
		actStagePIN:  {Secrets: []string{"pin"}, Outcomes: outcomes("ok", "weak", "same", "expired")},
		actChangePIN: {Secrets: []string{"pin"}, Outcomes: outcomes("ok", "mismatch", "expired")},
	}
}

func paymentActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	offer, fee := value("offer", widestOffer), value("fee", widestAmount)
	amount, balance := value("amount", widestAmount), value("balance", widestAmount)
	code, left := value("code", widestCode), value("left", widestAmount)
	payee := value("payee", payees(c)...)
	return map[string]menu.ActionDef{
		actOffer: {
			Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
			Withdraw: actWithdraw,
			Outcomes: map[string]menu.OutcomeDef{
				"ok": offers(offer, amount, fee), "repeated": sets(value("time", widestTime)),
				"account_refused": {}, "below_min": {}, "above_max": {}, "stopped": {},
				"low_balance": sets(balance), "limit": sets(left),
			},
		},
		actWithdraw: {Outcomes: outcomes("done")},
		actPay: {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Outcomes: map[string]menu.OutcomeDef{
				"paid":      sets(code, amount, fee, balance),
				"wrong_pin": offers(value("left", widestLeft)),
				"locked":    sets(value("until", widestUntil)),
				"first_pin": {},
				"changed": offers(
					value("category"), value("provider"), value("account"), amount, fee, offer),
				"expired": {}, "low_balance": sets(balance), "limit": sets(left),
				"stopped": {}, "not_taken": {}, "in_doubt": sets(code),
			},
		},
		actResolve: {Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{
			"paid":      sets(payee, amount, code),
			"not_taken": sets(payee, amount),
			"in_doubt":  sets(payee, amount, code),
			"none":      {},
		}},
	}
}

// payees are the names of all providers, the widest that a payee can be among them.
func payees(c *catalogue.Catalogue) []string {
	var names []string
	for _, cat := range c.Categories {
		for _, p := range cat.Providers {
			for _, name := range p.Name {
				names = append(names, name)
			}
		}
	}
	return names
}

func lists(c *catalogue.Catalogue) map[string]menu.ListDef {
	categories := menu.ListDef{Items: map[string][]menu.Item{}}
	providers := menu.ListDef{Of: "category", Items: map[string][]menu.Item{}}
	for _, cat := range c.Categories {
		categories.Items[""] = append(categories.Items[""], menu.Item{
			ID: cat.ID, Number: cat.Number, Label: cat.Name,
		})
		for _, p := range cat.Providers {
			providers.Items[cat.ID] = append(providers.Items[cat.ID], providerItem(p))
		}
	}
	return map[string]menu.ListDef{"categories": categories, "providers": providers}
}

func providerItem(p catalogue.Provider) menu.Item {
	same := func(s string) map[string]string {
		m := make(map[string]string, len(p.Name))
		for lang := range p.Name {
			m[lang] = s
		}
		return m
	}
	return menu.Item{
		ID: p.ID, Number: p.Number, Label: p.Name,
		Values: map[string]map[string]string{
			"hint": p.Account.Hint, "example": same(p.Account.Example),
			"min": same(p.Min.Short()), "max": same(p.Max.Short()),
		},
		Rules: map[string]menu.Rule{
			"account": {
				Pattern: p.Account.Pattern, MinLen: p.Account.MinLen,
				MaxLen: p.Account.MaxLen, Example: p.Account.Example,
			},
			"amount": {Min: p.Min, Max: p.Max},
		},
	}
}

func messages(c *catalogue.Catalogue) map[string][]menu.ValueDef {
	payee, account := value("payee", payees(c)...), value("account", widestAccount(c))
	amount, fee := value("amount", widestAmount), value("fee", widestAmount)
	return map[string][]menu.ValueDef{
		"first_pin": {value("pin", "999999999999")},
		"paid": {
			payee, account, amount, fee,
			value("code", widestCode), value("balance", widestAmount),
		},
		"not_paid":    {payee, account, amount},
		"pin_changed": {},
	}
}

// widestAccount is a string of digits as long as the longest account of the catalogue.
func widestAccount(c *catalogue.Catalogue) string {
	most := 1
	for _, cat := range c.Categories {
		for _, p := range cat.Providers {
			most = max(most, p.Account.MaxLen)
		}
	}
	widest := ""
	for len(widest) < most {
		widest += strconv.Itoa(9)
	}
	return widest
}

// shown is how an amount stands on a screen.
func shown(a money.Amount) string { return a.String() }
