package teller_test

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus"
	"ussdgw/menus/source"
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
		if got := b.program()(number).Service(); got != "*900#" {
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
		Label:  map[string]string{"ky": "Достэк", "ru": "Достэк", "en": "Dostek"},
		Values: map[string]map[string]string{"min": same("1"), "max": same("15000")},
		Rules:  map[string]menu.Rule{"amount": {Min: money.Som(1), Max: money.Som(15_000)}},
		Counts: map[string]int{"fields": 1, "check": 0},
	}
	// What the texts of a second and a third field say here, nobody sees.
	for _, suffix := range []string{"", "2", "3"} {
		want.Values["hint"+suffix] = map[string]string{
			"ky": "Уюмдун ИННи, 14 сан", "ru": "ИНН фирмы, 14 цифр",
			"en": "Company INN, 14 digits",
		}
		want.Values["where"+suffix] = map[string]string{
			"ky": "каттоо күбөлүгүндө", "ru": "в свид-ве о регистрации", "en": "on the registration",
		}
		want.Values["example"+suffix] = same(dostek)
		want.Rules["account"+suffix] = menu.Rule{
			Pattern: "^0[0-9]{13}$", MinLen: 14, MaxLen: 14, Example: dostek,
		}
	}
	if got := find(t, lists["providers"].Items["other"], 14); !reflect.DeepEqual(got, want) {
		t.Errorf("provider 14 of 14 is\n%+v, want\n%+v", got, want)
	}
}

// A provider of three fields asks for each of them in words of its own.
func TestFieldsOfAProvider(t *testing.T) {
	got := find(t, newBench(t).env.Lists["providers"].Items["electricity"], 4)
	if got.Counts["fields"] != 3 {
		t.Errorf("%d fields, want 3", got.Counts["fields"])
	}
	for name, want := range map[string]string{
		"hint": "Office, 2-3 digits", "hint2": "Settlement, 3 digits", "hint3": "Account, 6 digits",
		"where2": "after the office index", "example": "12", "example2": "104", "example3": "345678",
	} {
		if text := got.Values[name]["en"]; text != want {
			t.Errorf("%s is %q, want %q", name, text, want)
		}
	}
	for slot, want := range map[string]int{"account": 3, "account2": 3, "account3": 6} {
		if longest := got.Rules[slot].MaxLen; longest != want {
			t.Errorf("%s takes up to %d digits, want %d", slot, longest, want)
		}
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
		"transfer.offer ok": true, "transfer.pay wrong_pin": true, "transfer.pay changed": true,
		"cashout.offer ok": true, "cashout.pay wrong_pin": true, "cashout.pay changed": true,
	}
	pays := map[string]string{
		"payment": "payment.pay", "transfer": "transfer.pay", "cash_out": "cashout.pay",
	}
	actions := newBench(t).env.Actions
	for action, def := range actions {
		for outcome, o := range def.Outcomes {
			if name := action + " " + outcome; o.Offer != want[name] {
				t.Errorf("%s: offer %t, want %t", name, o.Offer, want[name])
			}
		}
		if def.Money != (def.Operation != "" && action == pays[def.Operation]) {
			t.Errorf("%s: money %t, operation %q", action, def.Money, def.Operation)
		}
	}
	for action, operation := range map[string]string{
		"payment.offer": "payment", "transfer.offer": "transfer", "cashout.offer": "cash_out",
	} {
		def := actions[action]
		if def.Withdraw != "payment.withdraw" || def.Operation != operation {
			t.Errorf("%s: withdrawn by %q, of %q", action, def.Withdraw, def.Operation)
		}
	}
}

// A menu that would keep from a subscriber what became of his money is refused, on the line that
// would, and with nothing else.
func TestMenusThatHideWhatHappened(t *testing.T) {
	env := newBench(t).env
	for _, tt := range []struct{ file, old, new, want string }{
		{
			"payments.yaml", `in_doubt: "pay_doubt"`, `in_doubt: "pay_quote"`,
			"MENU037: in_doubt of payment.pay must lead straight to a screen",
		},
		{
			"payments.yaml", `in_doubt: "pay_doubt"`, `in_doubt: "pay_not_taken"`,
			"MENU037: in_doubt of payment.pay must end the dialogue",
		},
		{
			"payments.yaml", `paid: "pay_done"`, `paid: "@home"`,
			"MENU037: paid of payment.pay must lead straight to a screen",
		},
		{
			"payments.yaml", `paid: "told_paid"`, `paid: "@resume"`,
			"MENU037: paid of payment.resolve must lead straight to a screen",
		},
		{
			"payments.yaml", `en: "Paid {amount} + fee {fee} som\nCode {code}`,
			`en: "Paid, fee {fee} som\nCode {code}`,
			"MENU037: paid of payment.pay must be told, and the text does not show {amount} in \"en\"",
		},
		{
			"payments.yaml", `again: "yes"`, `again: "no"`,
			"MENU036: \"again\" of payment.offer cannot be \"no\"",
		},
		{
			"payments.yaml", `amount: amount, again`, `amount: "100", again`,
			"MENU036: \"amount\" of payment.offer takes no text in quotes",
		},
		{
			"settings.yaml", `untold: "payment_told"`, `untold: "main"`,
			"MENU029: the entry \"untold\" must be a state that does payment.resolve",
		},
		{
			"payments.yaml", `{type: "money", max: "15000"`, `{type: "money", max: "14000"`,
			"MENU038: \"aiyl_bank\" takes 10.00 to 15000.00, and the slot \"amount\" only",
		},
	} {
		files := replaced(t, tt.file, tt.old, tt.new)
		line := strings.Count(strings.Split(string(files[tt.file].Data), tt.new)[0], "\n") + 1
		var r source.Report
		if menu.Load(files, env, &r) != nil {
			t.Errorf("%s is accepted", tt.new)
		}
		found := slices.ContainsFunc(r.Findings(), func(f source.Finding) bool {
			return f.Pos.File == tt.file && f.Pos.Line == line &&
				strings.HasPrefix(f.Code+": "+f.Message, tt.want)
		})
		if !found {
			t.Errorf("%s in line %d: got\n%v\nwant %s", tt.new, line, r.Err(), tt.want)
		}
		for _, f := range r.Findings() {
			if f.Severity == source.Warning && f.Code == "MENU027" {
				t.Errorf("%s: a consequence is reported too: %s", tt.new, f.Message)
			}
		}
	}
}

// replaced is the menus of the binary with a piece of one file, which is there once, replaced.
func replaced(t *testing.T, file, old, new string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(menus.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(menus.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	text := string(files[file].Data)
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q is %d times in %s, want once", old, n, file)
	}
	files[file].Data = []byte(strings.Replace(text, old, new, 1))
	return files
}
