package teller

import (
	"maps"
	"strconv"
	"strings"

	"ussdgw/ussd/menu"
	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
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

	widestMasked = "99699***9999"
	// widestNetwork is how much of the name of a cash-in's network an SMS has room for.
	widestNetwork = 16
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

// keepsOffer is an outcome after which the wallet's open offer still is the one on display.
func keepsOffer(values ...menu.ValueDef) menu.OutcomeDef {
	return menu.OutcomeDef{Sets: values, Offer: true}
}

// makesOffer is an outcome that leaves another open offer. confirm names what its screen has to
// show besides the amount and the fee.
func makesOffer(confirm []string, values ...menu.ValueDef) menu.OutcomeDef {
	values = append(values, value("offer", widestIDs), amountValue("amount"), amountValue("fee"))
	return menu.OutcomeDef{Sets: values, Offer: true, Confirm: confirm}
}

func actions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	m := subscriberActions(c)
	for _, more := range []map[string]menu.ActionDef{
		accountActions(c), secretActions(), choiceActions(c), paymentActions(c), transferActions(),
		cashActions(),
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
			"registered": {}, "unregistered": {}, "elsewhere": sets(where), "suspect": {},
		}},
		actSetLanguage: {Outcomes: outcomes("ok")},
		actRegister: {
			Args:     []string{"name", "inn"},
			Outcomes: outcomes("ok", "inn_taken", "inn_refused", "already"),
		},
		actResendPIN: {Outcomes: outcomes("ok", "used", "too_often", "unregistered", "blocked",
			"suspect")},
	}
}

// accountActions tell what a wallet has done and may do.
func accountActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	top, movement := value("top", widestIDs), value("movement", widestIDs)
	payee, when := value("payee", parties(c)...), value("when", widestUntil)
	return map[string]menu.ActionDef{
		actBalance: {Outcomes: map[string]menu.OutcomeDef{
			"ok": sets(amountValue("balance")), "ask_pin": {},
		}},
		actHistory: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(append(numbered(historyLines, historyWidest(c)), top)...), "none": {},
		}},
		actMovement: {
			Args: []string{"entry", "top"}, Outcomes: map[string]menu.OutcomeDef{
				"paid": sets(payee, value("full_account", widestAccount(c)), amountValue("amount"),
					amountValue("fee"), value("code", widestCode), when, movement),
				"moved": sets(payee, value("signed", widestSigned()), when, movement),
				"none":  {},
			},
		},
		actSendReceipt: {
			Args: []string{"movement"}, Outcomes: outcomes("ok", "none", "too_often"),
		},
		actLimits: {
			Args: []string{"operation"}, Literals: map[string][]string{"operation": limited()},
			Outcomes: map[string]menu.OutcomeDef{
				"ok": sets(amountValue("once"), amountValue("today"), amountValue("month"),
					amountValue("most")),
			},
		},
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

// secretActions are those that take a secret and move no money.
func secretActions() map[string]menu.ActionDef {
	pin, inn := []string{"pin"}, []string{"inn"}
	tried := func(ok menu.OutcomeDef) map[string]menu.OutcomeDef {
		return map[string]menu.OutcomeDef{
			"ok": ok, "wrong": sets(triesLeft()), "blocked": {},
			"locked": sets(value("until", widestUntil)),
		}
	}
	forgotten := tried(menu.OutcomeDef{})
	maps.Copy(forgotten, outcomes("ask_support", "too_often", "suspect", "unregistered"))
	balance := tried(sets(amountValue("balance")))
	balance["suspect"] = menu.OutcomeDef{}
	return map[string]menu.ActionDef{
		actBalancePIN: {Secrets: pin, Outcomes: balance},
		actCheckPIN:   {Secrets: pin, Outcomes: tried(menu.OutcomeDef{})},
		actBlock:      {Secrets: pin, Outcomes: tried(menu.OutcomeDef{})},
		actStagePIN: {
			Secrets: pin, Outcomes: outcomes("ok", "weak", "same", "expired", "blocked", "suspect"),
		},
		actChangePIN: {
			Secrets: pin, Outcomes: outcomes("ok", "mismatch", "expired", "blocked", "suspect"),
		},
		actForgotten: {Args: []string{"amount"}, Secrets: inn, Outcomes: forgotten},
		actConfirm:   {Secrets: inn, Outcomes: tried(menu.OutcomeDef{})},
	}
}

// choiceActions help to choose who is paid, and on which account.
func choiceActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	full := value("full_account", widestAccount(c))
	chosen := sets(value("category"), value("provider"), full)
	return map[string]menu.ActionDef{
		actFavourites: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(value("favourites", widestIDs)), "none": {},
		}},
		actRecent: {Outcomes: map[string]menu.OutcomeDef{
			"some": sets(numbered(recentPayees, recentWidest(c))...), "none": {},
		}},
		actRepeat: {
			Args: []string{"entry"}, Literals: map[string][]string{"entry": entries(recentPayees)},
			Outcomes: map[string]menu.OutcomeDef{"ok": chosen, "none": {}},
		},
		actTopUp: {
			Optional: []string{"number"},
			Outcomes: map[string]menu.OutcomeDef{"ok": chosen, "unknown": {}},
		},
		actAccount: {
			Args: []string{"provider", "account"}, Optional: []string{"account2", "account3"},
			Outcomes: map[string]menu.OutcomeDef{
				"ok": sets(full), "account_refused": {}, "stopped": {},
			},
		},
		actCheckAccount: {
			Args: []string{"provider", "account"}, Outcomes: map[string]menu.OutcomeDef{
				"ok":       sets(value("holder", strings.Repeat("Ж", wallet.MaxHolder))),
				"nameless": {}, "account_unknown": {}, "unavailable": {}, "stopped": {},
			},
		},
	}
}

// quoted are the outcomes that all actions have which make an offer.
func quoted(ok menu.OutcomeDef, more ...string) map[string]menu.OutcomeDef {
	m := outcomes(append(more, "short", "blocked", "suspect")...)
	m["ok"] = ok
	m["low_balance"], m["limit"] = sets(amountValue("balance")), sets(amountValue("rest"))
	return m
}

// executed are the outcomes that all actions have which execute an offer. changed is another offer
// that the wallet has open by now.
func executed(changed menu.OutcomeDef, more ...string) map[string]menu.OutcomeDef {
	m := outcomes(append(more, "blocked", "suspect", "first_pin", "expired", "not_taken")...)
	maps.Copy(m, map[string]menu.OutcomeDef{
		"wrong_pin": keepsOffer(triesLeft()), "locked": sets(value("until", widestUntil)),
		"changed": changed, "low_balance": sets(amountValue("balance")),
		"limit": sets(amountValue("rest")),
		// Nobody may be led to pay again while this one is under way.
		"in_doubt": ends(tells(sets(value("code", widestCode)), "code")),
	})
	return m
}

// done is that the money has moved.
func done() menu.OutcomeDef {
	return tells(sets(value("code", widestCode), amountValue("amount"), amountValue("fee"),
		amountValue("balance")), "code", "amount")
}

func paymentActions(c *catalogue.Catalogue) map[string]menu.ActionDef {
	amount, code := amountValue("amount"), value("code", widestCode)
	payee := value("payee", parties(c)...)
	offer := quoted(makesOffer([]string{"provider", "account"}), "account_refused", "below_min",
		"above_max", "stopped")
	offer["repeated"] = sets(value("time", widestTime))
	pay := executed(makesOffer(nil, value("category"), value("provider"),
		value("full_account", widestAccount(c))), "stopped", "refused")
	pay["paid"] = done()
	// The provider decides; an SMS tells.
	pay["held"] = ends(tells(sets(code), "code"))
	return map[string]menu.ActionDef{
		actOffer: {
			Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
			Literals: map[string][]string{"again": {"yes"}}, Withdraw: actWithdraw,
			Operation: string(ledger.OpPayment), Outcomes: offer,
		},
		actWithdraw: {Outcomes: outcomes("done")},
		actPay: {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Operation: string(ledger.OpPayment), Outcomes: pay,
		},
		actResolve: {Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{
			"paid":      tells(sets(payee, amount, code), "amount"),
			"sent":      tells(sets(payee, amount, code), "amount"),
			"held":      tells(sets(payee, amount, code), "amount"),
			"code_sent": tells(sets(amount, value("until", widestUntil)), "amount"),
			"not_taken": sets(payee, amount),
			"in_doubt":  sets(payee, amount, code),
			"none":      {},
		}},
	}
}

// bounds are the least and the most that an operation moves at once.
func bounds() []menu.ValueDef {
	return []menu.ValueDef{amountValue("least"), amountValue("most")}
}

func transferActions() map[string]menu.ActionDef {
	payee := value("payee", strings.Repeat("Ж", wallet.MaxRecipient))
	offer := quoted(makesOffer([]string{"payee", "number"}, payee), "no_wallet", "own_number",
		"cannot_receive", "payee_limit")
	offer["repeated"] = sets(value("time", widestTime))
	offer["amount_refused"] = sets(bounds()...)
	pay := executed(makesOffer(nil, payee, value("number")), "cannot_receive", "payee_limit")
	pay["paid"] = done()
	return map[string]menu.ActionDef{
		actRecipient: {
			Args: []string{"number"}, Outcomes: map[string]menu.OutcomeDef{
				"ok":        sets(append(bounds(), payee)...),
				"no_wallet": {}, "own_number": {}, "cannot_receive": {}, "too_often": {},
			},
		},
		actOfferTransfer: {
			Args: []string{"number", "amount"}, Optional: []string{"again"},
			Literals: map[string][]string{"again": {"yes"}}, Withdraw: actWithdraw,
			Operation: string(ledger.OpTransfer), Outcomes: offer,
		},
		actTransfer: {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Operation: string(ledger.OpTransfer), Outcomes: pay,
		},
	}
}

func cashActions() map[string]menu.ActionDef {
	amount, until := amountValue("amount"), value("until", widestUntil)
	offer := quoted(makesOffer(nil), "under_way")
	offer["amount_refused"] = sets(bounds()...)
	pay := executed(makesOffer(nil), "under_way")
	pay["code_sent"] = ends(tells(sets(amount, until), "amount", "until"))
	return map[string]menu.ActionDef{
		actCashStatus: {Outcomes: map[string]menu.OutcomeDef{
			"none": sets(bounds()...), "open": sets(amount, until),
		}},
		actOfferCash: {
			Args: []string{"amount"}, Withdraw: actWithdraw,
			Operation: string(ledger.OpCashOut), Outcomes: offer,
		},
		actCashOut: {
			Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
			Operation: string(ledger.OpCashOut), Outcomes: pay,
		},
		actCancelCash: {Outcomes: outcomes("ok", "none")},
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

// parties are who a movement can be with: providers, people and operations.
func parties(c *catalogue.Catalogue) []string {
	names := append(payees(c), strings.Repeat("Ж", wallet.MaxRecipient))
	for _, op := range c.Operations {
		for _, name := range op.Name {
			names = append(names, name)
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
		Counts: map[string]int{"fields": len(p.Fields), "check": 0},
	}
	if p.Check {
		item.Counts["check"] = 1
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
	payee, account := value("payee", parties(c)...), value("account", widestAccount(c))
	amount, fee, balance := amountValue("amount"), amountValue("fee"), amountValue("balance")
	code, until := value("code", widestCode), value("until", widestUntil)
	payer := value("payer", strings.Repeat("Ж", wallet.MaxRecipient))
	network := value("network", strings.Repeat("Ж", widestNetwork))
	pin := menu.ValueDef{Name: "pin", Widest: []string{"999999999999"}, Secret: true}
	cash := menu.ValueDef{Name: "code", Widest: []string{"999999"}, Secret: true}
	return map[string][]menu.ValueDef{
		"first_pin":        {pin},
		"pin_reset":        {pin},
		"pin_changed":      {},
		"identity":         {},
		"wallet_blocked":   {},
		"wallet_unblocked": {},
		"paid":             {payee, account, amount, fee, code, balance},
		"not_paid":         {payee, account, amount},
		"returned":         {payee, account, amount, balance},
		"refunded":         {payee, amount, balance},
		"sent":             {payee, account, amount, fee, code, balance},
		"received":         {payer, value("number", widestMasked), amount, code, balance},
		"cash_in":          {network, amount, balance},
		"cash_code":        {cash, amount, until},
		"cash_out":         {amount, balance},
		"cash_voided":      {amount, balance},
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
