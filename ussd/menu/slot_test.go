package menu_test

import (
	"fmt"
	"strings"
	"testing"
)

// ownMenu asks a phone number and then the INN, which goes to the wallet and nowhere else.
const ownMenu = `
slots:
  number: {type: msisdn}
  own: {type: secret_inn}
states:
  extra:
    ask: number
    text: "Number:"
    errors: {msisdn_format: "no number"}
    goto: own_inn
  own_inn:
    ask: own
    text: "{number} INN:"
    errors: {inn_length: "length", inn_sex: "sex", inn_date: "date", wrong: "wrong"}
    goto: own_do
  own_do:
    do: identity.confirm
    with: {inn: own}
    on: {ok: main, wrong: {goto: own_inn, notice: wrong}}
`

const around = "|0 Назад|00 Меню"

// A number may be typed as people of the country write it, and is kept in one form.
func TestNumbersAsTheyAreTyped(t *testing.T) {
	p := load(t, extended(t, ownMenu), environment())
	for _, typed := range []string{"555123456", "0555123456", "996555123456", "+996555123456"} {
		dial(t, p).done("unregistered").send(typed).shows("own_inn", "996555123456 INN:"+around)
	}
	for _, typed := range []string{"", "55512345", "055512345", "79161234567", "05551234567", "x"} {
		dial(t, p).done("unregistered").send(typed).shows("extra", "no number")
	}
}

// An INN that proves who somebody is leaves no trace: neither on a screen nor among the slots.
func TestSecretINN(t *testing.T) {
	const inn = "21210199012345"
	f := dial(t, load(t, extended(t, ownMenu), environment())).done("unregistered").send("555123456")
	for _, wrong := range []struct{ typed, code string }{
		{"", "length"},
		{inn[1:], "length"},
		{inn + "1", "length"},
		{inn[:13] + "x", "length"},
		{"0" + inn[1:], "sex"},
		{"3" + inn[1:], "sex"},
		{"2" + "31022019" + "12345", "date"},
		{"2" + "00102019" + "12345", "date"},
		{"2" + "01132019" + "12345", "date"},
		{"2" + "31121899" + "12345", "date"},
	} {
		f.send(wrong.typed).shows("own_inn", wrong.code+around)
	}
	if !f.res.Screen.Secret {
		t.Error("the screen does not say that it takes a secret")
	}
	f.send(inn).asks("identity.confirm")
	secrets := f.res.Action.Secrets
	if got := string(secrets["inn"].Reveal()); got != inn || len(secrets) != 1 {
		t.Errorf("the action has %d secrets, the INN of %d octets", len(secrets), len(got))
	}
	if text := fmt.Sprintf("%+v %+v", f.res.Position, *f.res.Action); strings.Contains(text, inn) {
		t.Errorf("the INN is in %s", text)
	}
	f.done("wrong").shows("own_inn", "wrong"+around)
}
