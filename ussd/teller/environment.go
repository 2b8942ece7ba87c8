package teller

import (
	"strconv"

	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// The widest values that an outcome can bring; of amounts see amountValue. A value that were longer
// would be cut by the menu, never overflow a screen.
const (
	widestCode  = "9999999999"
	widestLeft  = "9"
	widestTime  = "23:59"
	widestUntil = "31.12.36 23:59"
	widestOffer = "" // an id that no text may show
)

// Environment declares to the menu what the wallet offers: the actions, their outcomes, the
// catalogue's lists, and the fields of each SMS. A menu is proven against it. pinLength is the
// number of digits of a PIN.
func Environment(c *catalogue.Catalogue, pinLength int) menu.Environment {
	return menu.Environment{
		Actions: actions(c), Lists: lists(c), SMS: messages(c), Untold: actResolve,
		PINLength: pinLength,
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

// amountValue is an amount of money. None is above the most that a wallet may hold: what is paid
// comes out of a balance, and a limit that an amount was over has less left than the amount.
func amountValue(name string) menu.ValueDef { return value(name, catalogue.MaxBalance.String()) }

func sets(values ...menu.ValueDef) menu.OutcomeDef { return menu.OutcomeDef{Sets: values} }

// tells is an outcome that the subscriber must come to know: the screen that follows shows what.
func tells(o menu.OutcomeDef, what ...string) menu.OutcomeDef {
	o.Shows = what
	return o
}

// ends is an outcome after which the dialogue is over.
func ends(o menu.OutcomeDef) menu.OutcomeDef {
	o.Ends = true
	return o
}

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
			"ok": sets(amountValue("balance")),
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
	offer, fee := value("offer", widestOffer), amountValue("fee")
	amount, balance := amountValue("amount"), amountValue("balance")
	code, left := value("code", widestCode), amountValue("left")
	payee := value("payee", payees(c)...)
	return map[string]menu.ActionDef{
		actOffer: {
			Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
			Literals: map[string][]string{"again": {"yes"}}, Withdraw: actWithdraw,
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
				"paid":      tells(sets(code, amount, fee, balance), "code", "amount"),
				"wrong_pin": offers(value("left", widestLeft)),
				"locked":    sets(value("until", widestUntil)),
				"first_pin": {},
				"changed": offers(
					value("category"), value("provider"), value("account"), amount, fee, offer),
				"expired": {}, "low_balance": sets(balance), "limit": sets(left),
				"stopped": {}, "not_taken": {},
				// Nobody may be led to pay again while this payment is under way.
				"in_doubt": ends(tells(sets(code), "code")),
			},
		},
		actResolve: {Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{
			"paid":      tells(sets(payee, amount, code), "amount"),
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
	amount, fee := amountValue("amount"), amountValue("fee")
	return map[string][]menu.ValueDef{
		"first_pin": {value("pin", "999999999999")},
		"paid": {
			payee, account, amount, fee,
			value("code", widestCode), amountValue("balance"),
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
