package menu_test

import (
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// Every way into a confirm screen gives the offer the same fields: one that forgot the second
// would pay another account.
func TestOffersOfOneConfirmScreenTakeTheSameValues(t *testing.T) {
	env := environment()
	def := env.Actions["payment.offer"]
	def.Optional = append(def.Optional, "second")
	env.Actions["payment.offer"] = def
	const old = `    with: {provider: provider, account: account, amount: amount}
    on:
      ok: pay_confirm`
	r := &source.Report{}
	menu.Load(edited(t, old, strings.Replace(old, "amount: amount}",
		"amount: amount, second: category}", 1)), env, r)
	want := `MENU025: "pay_again" offers another second than "pay_quote"`
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
