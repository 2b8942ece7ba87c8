package teller_test

import (
	"reflect"
	"testing"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/teller"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// The binary's menus are proven against what the teller declares, for every length of a PIN.
func TestEnvironmentProvesTheMenus(t *testing.T) {
	b := newBench(t)
	for _, length := range []int{4, 6, len(right)} {
		b.env.PINLength = length
		if got := b.program().Service(); got != "*900#" {
			t.Errorf("PIN of %d digits: service %q", length, got)
		}
	}
	if got := teller.Environment(&catalogue.Catalogue{}, 6).PINLength; got != 6 {
		t.Errorf("PIN of %d digits, want 6", got)
	}
}

// What subscribers have learnt by heart: 14 is other services, and there 14 is Dostek.
func TestLists(t *testing.T) {
	lists := newBench(t).env.Lists
	category := find(t, lists["categories"].Items[""], 14)
	if category.ID != "other" || category.Label["en"] != "Other services" {
		t.Errorf("category 14 is %+v", category)
	}
	if of := lists["providers"].Of; of != "category" {
		t.Errorf("providers are of %q, want of the category", of)
	}
	same := func(s string) map[string]string {
		return map[string]string{"ky": s, "ru": s, "en": s}
	}
	want := menu.Item{
		ID: "dostek", Number: 14,
		Label: map[string]string{"ky": "Достэк", "ru": "Достэк", "en": "Dostek"},
		Values: map[string]map[string]string{
			"hint": {
				"ky": "Уюмдун ИННи, 14 сан", "ru": "ИНН фирмы, 14 цифр",
				"en": "Company INN, 14 digits",
			},
			"example": same(dostek), "min": same("1"), "max": same("15000"),
		},
		Rules: map[string]menu.Rule{
			"account": {Pattern: "^0[0-9]{13}$", MinLen: 14, MaxLen: 14, Example: dostek},
			"amount":  {Min: money.Som(1), Max: money.Som(15_000)},
		},
	}
	if got := find(t, lists["providers"].Items["other"], 14); !reflect.DeepEqual(got, want) {
		t.Errorf("provider 14 of 14 is\n%+v, want\n%+v", got, want)
	}
}

func find(t *testing.T, items []menu.Item, number int) menu.Item {
	t.Helper()
	for _, it := range items {
		if it.Number == number {
			return it
		}
	}
	t.Fatalf("nothing has the number %d among %d items", number, len(items))
	panic("not reached")
}

// Each outcome that leaves the wallet with an open offer says so, and no other: the menu leads
// these to a confirm screen.
func TestOffersAreDeclared(t *testing.T) {
	want := map[string]bool{
		"payment.offer ok": true, "payment.pay wrong_pin": true, "payment.pay changed": true,
	}
	actions := newBench(t).env.Actions
	for action, def := range actions {
		for outcome, o := range def.Outcomes {
			if name := action + " " + outcome; o.Offer != want[name] {
				t.Errorf("%s: offer %t, want %t", name, o.Offer, want[name])
			}
		}
		if def.Money != (action == "payment.pay") {
			t.Errorf("%s: money %t", action, def.Money)
		}
	}
	if got := actions["payment.offer"].Withdraw; got != "payment.withdraw" {
		t.Errorf("an offer is withdrawn by %q", got)
	}
}
