package menudiff_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/ussd/menudiff"
	"ussdgw/wallet/catalogue"
)

// base is a menu in small: a dialled string goes *900*3*14*<account>*<amount>#.
const base = `schema: "ussd.menu/v1"
service: "*900#"
languages: [ru, en]
limits: {gsm7: 182, ucs2: 80}
keys: {back: "0", home: "00", more: "98"}
nav:
  back: {ru: "0 Назад", en: "0 Back"}
  more: {ru: "98 Далее", en: "98 More"}
  home: {ru: "00 Меню", en: "00 Menu"}
shortcuts: main
entries:
  start: start
  resume: again
  untold: told
  over: over
  busy: over
  shortcut_refused: over
  unavailable: over
errors:
  option: {ru: "Нет такого пункта", en: "No such item"}
  wrong: {ru: "Неверно", en: "Wrong"}
slots:
  account: {type: digits, min: 1, max: 15}
  amount: {type: money, max: 15000}
  pin: {type: pin}
states:
  start:
    do: identify
    on: {known: main, unknown: hello}
  hello:
    text: {ru: "Здравствуйте", en: "Hello"}
    options:
      - {key: "1", text: {ru: "Нет", en: "No"}, goto: over}
      - {key: "2", text: {ru: "Помощь", en: "Help"}, goto: help}
  main:
    options:
      - {key: "1", text: {ru: "Баланс", en: "Balance"}, goto: balance_do}
      - {key: "2", text: {ru: "Помощь", en: "Help"}, goto: help}
      - {key: "3", text: {ru: "Платежи", en: "Payments"}, goto: pay_provider}
      - {key: "4", text: "English", set: {lang: en}, goto: help}
  help:
    text: {ru: "Помощь", en: "Help"}
    options:
      - {key: "1", text: {ru: "Баланс", en: "Balance"}, goto: balance_do}
  balance_do:
    do: balance
    on: {ok: balance}
  balance:
    text: {ru: "Баланс {balance}", en: "Balance {balance}"}
    options:
      - {key: "1", text: {ru: "Помощь", en: "Help"}, goto: help}
  pay_provider:
    list: providers
    as: provider
    text: {ru: "Кому:", en: "To whom:"}
    goto: pay_account
  pay_account:
    ask: account
    text: {ru: "Счет:", en: "Account:"}
    errors:
      digits_length: {ru: "Неверная длина:", en: "Wrong length:"}
      digits_only: {ru: "Только цифры:", en: "Digits only:"}
    goto: pay_amount
  pay_amount:
    ask: amount
    text: {ru: "Сумма:", en: "Amount:"}
    errors:
      amount_format: {ru: "Сумма 100:", en: "Amount 100:"}
      amount_range: {ru: "Другая сумма:", en: "Another amount:"}
    goto: pay_quote
  pay_quote:
    do: offer
    with: {provider: provider, account: account, amount: amount}
    on: {ok: pay_confirm, low: {goto: pay_amount, notice: amount_range}}
  pay_confirm:
    confirm: pay_quote
    ask: pin
    text:
      ru: "{provider}\n{account}\n{amount}+{fee}\nPIN:"
      en: "{provider}\n{account}\n{amount}+{fee}\nPIN:"
    errors:
      pin_format: {ru: "PIN, 4 цифры:", en: "PIN, 4 digits:"}
    goto: pay_do
  pay_do:
    do: pay
    with: {offer: offer, pin: pin}
    on: {paid: paid, refused: over}
  paid:
    end: {ru: "Код {code}", en: "Code {code}"}
  told:
    do: resolve
    with: {offer: offer}
    on: {known: over}
  again:
    text: {ru: "Дальше?", en: "Go on?"}
    options:
      - {key: "1", text: {ru: "Да", en: "Yes"}, goto: "@resume"}
  over:
    end: {ru: "До свидания", en: "Goodbye"}
sms:
  first_pin: {ru: "PIN {pin}", en: "PIN {pin}"}
`

func values(names ...string) []menu.ValueDef {
	var out []menu.ValueDef
	for _, n := range names {
		out = append(out, menu.ValueDef{Name: n, Widest: []string{"99999.99"}})
	}
	return out
}

func environment(c *catalogue.Catalogue) menu.Environment {
	items := map[string][]menu.Item{}
	for _, g := range c.Categories {
		for _, p := range g.Providers {
			items[""] = append(items[""], menu.Item{ID: p.ID, Number: p.Number, Label: p.Name})
		}
	}
	offer := menu.OutcomeDef{Sets: values("offer", "amount", "fee"), Offer: true}
	return menu.Environment{
		Untold: "resolve",
		Lists:  map[string]menu.ListDef{"providers": {Items: items}},
		SMS:    map[string][]menu.ValueDef{"first_pin": values("pin")},
		Actions: map[string]menu.ActionDef{
			"identify": {Outcomes: map[string]menu.OutcomeDef{"known": {}, "unknown": {}}},
			"balance":  {Outcomes: map[string]menu.OutcomeDef{"ok": {Sets: values("balance")}}},
			"history":  {Outcomes: map[string]menu.OutcomeDef{"ok": {Sets: values("balance")}}},
			"offer": {
				Args: []string{"provider", "account", "amount"}, Optional: []string{"again"},
				Literals: map[string][]string{"again": {"yes"}},
				Outcomes: map[string]menu.OutcomeDef{"ok": offer, "low": {}},
			},
			"pay": {
				Args: []string{"offer"}, Secrets: []string{"pin"}, Money: true,
				Optional: []string{"urgent"}, Literals: map[string][]string{"urgent": {"yes"}},
				Outcomes: map[string]menu.OutcomeDef{
					"paid": {Sets: values("code"), Shows: []string{"code"}}, "refused": {},
				},
			},
			"resolve": {
				Args: []string{"offer"}, Outcomes: map[string]menu.OutcomeDef{"known": {}},
			},
		},
	}
}

// goods is a catalogue of two providers.
const goods = `schema: "ussd.catalogue/v1"
languages: [ru, en]
accounts:
  code:
    label: {ru: "Код", en: "Code"}
    hint: {ru: "Код, 6 цифр", en: "Code, 6 digits"}
    where: {ru: "на чеке", en: "on the receipt"}
    pattern: "^[0-9]{6}$"
    example: "123456"
  inn:
    label: {ru: "ИНН", en: "INN"}
    hint: {ru: "ИНН, 14 цифр", en: "INN, 14 digits"}
    where: {ru: "в паспорте", en: "in the passport"}
    pattern: "^[0-9]{14}$"
    example: "12345678901234"
categories:
  - id: other
    number: "14"
    name: {ru: "Другие", en: "Other"}
    providers:
      - id: hoster
        number: "5"
        name: "Hoster.kg"
        fields: [code]
        amount: {min: "1", max: "15000"}
        fee: {}
        settlement: registry
      - id: dostek
        number: "14"
        name: "Dostek"
        fields: [inn]
        amount: {min: "1", max: "15000"}
        fee: {percent: "1"}
        settlement: registry
limits:
  remote:
    payment: {once: "15000", day: "30000", month: "60000"}
    transfer: {once: "15000", day: "30000", month: "60000"}
    cash_out: {once: "15000", day: "15000", month: "30000"}
    cash_in: {once: "30000", day: "60000", month: "90000"}
    out: {once: "15000", day: "30000", month: "60000"}
    balance: "90000"
operations:
  transfer:
    name: {ru: "Перевод", en: "Transfer"}
    amount: {min: "10", max: "15000"}
    fee: {remote: {percent: "0.5"}}
  cash_out:
    name: {ru: "Наличные", en: "Cash"}
    amount: {min: "100", max: "15000"}
    fee: {remote: {fixed: "10"}}
networks:
  o: {name: "O!", served: "yes", prefixes: [""]}
`

// load checks a menu and a catalogue that must be right.
func load(t *testing.T, text, goods string) menudiff.Side {
	t.Helper()
	var r source.Report
	fsys := fstest.MapFS{"menu.yaml": {Data: []byte(text)}, "goods.yaml": {Data: []byte(goods)}}
	c := catalogue.Load(fsys, &r)
	if c == nil {
		t.Fatalf("the catalogue has faults: %v", r.Findings())
	}
	p := menu.Load(fsys, environment(c), &r)
	if p == nil {
		t.Fatalf("the menu has faults: %v", r.Findings())
	}
	files, _ := source.Load(fsys, &r)
	return menudiff.Side{Program: p, Catalogue: c, Places: menudiff.FindPlaces(files)}
}

// edited replaces pairs of texts, each of which must be in the menu or in the catalogue.
func edited(t *testing.T, pairs ...string) (text, catalogue string) {
	t.Helper()
	text, catalogue = base, goods
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text+catalogue, pairs[i]) {
			t.Fatalf("neither the menu nor the catalogue has %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
		catalogue = strings.ReplaceAll(catalogue, pairs[i], pairs[i+1])
	}
	return text, catalogue
}

// compare compares the menu with itself after an edit of the files.
func compare(t *testing.T, pairs ...string) menudiff.Diff {
	t.Helper()
	text, catalogue := edited(t, pairs...)
	return menudiff.Compare(load(t, base, goods), load(t, text, catalogue))
}
