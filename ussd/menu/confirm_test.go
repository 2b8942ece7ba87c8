package menu_test

import (
	"strings"
	"testing"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// A wallet may say itself what a confirm screen must show: a number made of several fields.
func TestOutcomeSaysWhatIsConfirmed(t *testing.T) {
	env := environment()
	full := val("full_account", strings.Repeat("9", 10))
	wanted := []string{"full_account", "amount", "fee"}
	for name, outcome := range map[string]string{"payment.offer": "ok", "payment.pay": "changed"} {
		o := env.Actions[name].Outcomes[outcome]
		o.Confirm, o.Sets = wanted, append(o.Sets, full)
		env.Actions[name].Outcomes[outcome] = o
	}
	const old = `ru: "{provider}\nСчет {account}\n{amount}+комис.{fee} сом\nPIN (0 назад):"
      en: "{provider}\nAccount {account}\n{amount}+fee {fee}\nPIN (0 back):"`
	for _, tt := range []struct{ text, missing string }{
		{"{provider} {full_account} {amount} {fee} (0)", ""},
		{"{provider} {account} {amount} {fee} (0)", "{full_account}"},
		{"{full_account} {amount} {fee} (0)", "{provider}"},
		{"{provider} {full_account} {fee} (0)", "{amount}"},
		{"{provider} {full_account} {amount} (0)", "{fee}"},
	} {
		r := &source.Report{}
		menu.Load(edited(t, old, `ru: "`+tt.text+`"
      en: "`+tt.text+`"`), env, r)
		var got []string
		for _, f := range r.Findings() {
			got = append(got, f.Code+": "+f.Message)
		}
		text := strings.Join(got, "\n")
		if tt.missing == "" && text != "" || tt.missing != "" && (len(got) != 2 ||
			!strings.Contains(text, "MENU024") || !strings.Contains(text, tt.missing)) {
			t.Errorf("%q: got\n%s\nwant %q missing in both languages", tt.text, text, tt.missing)
		}
	}
}

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
