package teller

import (
	"maps"
	"strconv"
	"strings"

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
	widestDay   = "31.12"
	widestIDs   = "" // ids that no text may show
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
func amountValue(name string) menu.ValueDef {
	return menu.ValueDef{
		Name: name, Widest: []string{catalogue.MaxBalance.String()}, Type: menu.TypeMoney,
	}
}

// triesLeft is how many more PINs may be tried.
func triesLeft() menu.ValueDef { return count("left", widestLeft) }

// count is a whole number, which conditions and plural forms may look at.
func count(name, widest string) menu.ValueDef {
	return menu.ValueDef{Name: name, Widest: []string{widest}, Type: menu.TypeCount}
}

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
	for _, more := range []map[string]menu.ActionDef{
		accountActions(c), pinActions(), choiceActions(c), paymentActions(c),
	} {
		maps.Copy(m, more)
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
		actResendPIN: {Outcomes: outcomes("ok", "used", "too_often", "unregistered", "blocked")},
		actBalance: {Outcomes: map[string]menu.OutcomeDef{
			"ok": sets(amountValue("balance")),
		}},
	}
}

// pinActions are those that take a PIN and move no money.
func pinActions() map[string]menu.ActionDef {
	pin := []string{"pin"}
	tried := func() map[string]menu.OutcomeDef {
		return map[string]menu.OutcomeDef{
			"ok": {}, "wrong": sets(triesLeft()), "blocked": {},
			"locked": sets(value("until", widestUntil)),
		}
	}
	return map[string]menu.ActionDef{
		actCheckPIN: {Secrets: pin, Outcomes: tried()},
		actBlock:    {Secrets: pin, Outcomes: tried()},
		actStagePIN: {
			Secrets: pin, Outcomes: outcomes("ok", "weak", "same", "expired", "blocked"),
		},
		actChangePIN: {Secrets: pin, Outcomes: outcomes("ok", "mismatch", "expired", "blocked")},
	}
}

// accountActions tell what a wallet has done and may do.
func accountActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	return map[string]menu.ActionDef{
		actStatement: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(numbered(statementLines, statementWidest(c))...), "none": {},
		}},
		actReceipt: {
			Args: []string{"entry"}, Literals: map[string][]string{"entry": entries(statementLines)},
			Outcomes: map[string]menu.OutcomeDef{
				"ok": sets(value("payee", payees(c)...), value("full_account", widestAccount(c)),
					amountValue("amount"), amountValue("fee"), value("code", widestCode),
					value("when", widestUntil)),
				"none": {},
			},
		},
		actLimits: {Outcomes: map[string]menu.OutcomeDef{
			"ok": sets(amountValue("payment"), amountValue("today"), amountValue("month"),
				amountValue("most")),
		}},
	}
}

// numbered declares the values line1, line2 and so on, and the count of those that are there.
func numbered(most int, widest []string) []menu.ValueDef {
	defs := []menu.ValueDef{count("count", strconv.Itoa(most))}
	for _, n := range entries(most) {
		defs = append(defs, value("line"+n, widest...))
	}
	return defs
}

// entries are the numbers from 1 on, as literals.
func entries(most int) []string {
	all := make([]string, most)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}

// choiceActions help to choose who is paid, and on which account.
func choiceActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	full := value("full_account", widestAccount(c))
	return map[string]menu.ActionDef{
		actFavourites: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(value("favourites", widestIDs)), "none": {},
		}},
		actRecent: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(numbered(recentPayees, recentWidest(c))...), "none": {},
		}},
		actRepeat: {
			Args: []string{"entry"}, Literals: map[string][]string{"entry": entries(recentPayees)},
			Outcomes: map[string]menu.OutcomeDef{
				"ok": sets(value("category"), value("provider"), full), "none": {},
			},
		},
		actAccount: {
			Args: []string{"provider", "account"}, Optional: []string{"account2", "account3"},
			Outcomes: map[string]menu.OutcomeDef{
				"ok": sets(full), "account_refused": {}, "stopped": {},
			},
		},
	}
}

func paymentActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	offer, fee := value("offer", widestIDs), amountValue("fee")
	amount, balance := amountValue("amount"), amountValue("balance")
	code, rest := value("code", widestCode), amountValue("rest")
	payee := value("payee", payees(c)...)
	return map[string]menu.ActionDef{
		actOffer: {
			Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
			Literals: map[string][]string{"again": {"yes"}}, Withdraw: actWithdraw,
			Outcomes: map[string]menu.OutcomeDef{
				"ok": offers(offer, amount, fee), "repeated": sets(value("time", widestTime)),
				"account_refused": {}, "below_min": {}, "above_max": {}, "stopped": {},
				"blocked":     {},
				"low_balance": sets(balance), "limit": sets(rest),
			},
		},
		actWithdraw: {Outcomes: outcomes("done")},
		actPay: {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Outcomes: map[string]menu.OutcomeDef{
				"paid":      tells(sets(code, amount, fee, balance), "code", "amount"),
				"wrong_pin": offers(triesLeft()),
				"locked":    sets(value("until", widestUntil)),
				"blocked":   {},
				"first_pin": {},
				"changed": offers(
					value("category"), value("provider"), value("full_account", widestAccount(c)),
					amount, fee, offer),
				"expired": {}, "low_balance": sets(balance), "limit": sets(rest),
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
	item := menu.Item{
		ID: p.ID, Number: p.Number, Label: p.Name, Promoted: p.Promoted,
		Values: map[string]map[string]string{
			"min": same(p.Min.Short()), "max": same(p.Max.Short()),
		},
		Rules:  map[string]menu.Rule{"amount": {Min: p.Min, Max: p.Max}},
		Counts: map[string]int{"fields": len(p.Fields)},
	}
	// Every item has the texts of the most fields: where there are less, nobody comes to see them.
	for i, suffix := range []string{"", "2", "3"} {
		f := p.Fields[min(i, len(p.Fields)-1)]
		item.Values["hint"+suffix] = f.Hint
		item.Values["where"+suffix] = f.Where
		item.Values["example"+suffix] = same(f.Example)
		item.Rules["account"+suffix] = menu.Rule{
			Pattern: f.Pattern, MinLen: f.MinLen, MaxLen: f.MaxLen, Example: f.Example,
		}
	}
	return item
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
		"not_paid":         {payee, account, amount},
		"pin_changed":      {},
		"wallet_blocked":   {},
		"wallet_unblocked": {},
	}
}

// widestAccount is a string of digits as long as the longest account of the catalogue.
func widestAccount(c *catalogue.Catalogue) string {
	most := 1
	for _, cat := range c.Categories {
		for _, p := range cat.Providers {
			most = max(most, p.MaxAccountLen())
		}
	}
	return strings.Repeat("9", most)
}

// shown is how an amount stands on a screen.
func shown(a money.Amount) string { return a.String() }
