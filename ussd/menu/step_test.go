package menu_test

import (
	"strings"
	"testing"

	"ussdgw/smsc/charset"
	"ussdgw/ussd/menu"
)

// The two pages of the main menu are those that subscribers know, to the unit.
func TestMainMenuIsOnTwoPages(t *testing.T) {
	f := dial(t, good(t)).asks("subscriber.identify").done("registered")
	f.shows("main",
		"1 Переводы|2 Мобильный|3 Платежи/Комм.услуги|4 Наличные|5 Мои счета|98 Далее")
	if s := f.res.Screen; s.Units != 76 || s.Limit != 80 || s.Alphabet != charset.UCS2 ||
		s.Page != 1 || s.Pages != 2 {
		t.Errorf("got %+v, want 76 of 80 units of UCS-2 on page 1 of 2", *s)
	}
	f.send("98").shows("main", "6 История|7 Помощь|8 Баланс/Настройки|0 Назад")
	if s := f.res.Screen; s.Units != 45 || s.Page != 2 {
		t.Errorf("got %+v, want 45 units on page 2", *s)
	}
	f.send("0").shows("main",
		"1 Переводы|2 Мобильный|3 Платежи/Комм.услуги|4 Наличные|5 Мои счета|98 Далее")
}

func TestItemNumbersWorkOnEveryPage(t *testing.T) {
	for _, before := range []string{"", "98", "98,98"} {
		f := dial(t, good(t)).done("registered").send("3")
		for _, key := range strings.Split(before, ",") {
			if key != "" {
				f.send(key)
			}
		}
		f.send("14").shows("pay_provider",
			"Другие услуги:|1 Другие услуги|13 Hoster.kg|14 Достэк|0 Назад|00 Меню")
	}
	f := dial(t, good(t)).done("registered").send("3")
	if f.res.Screen.Pages != 3 {
		t.Errorf("fourteen categories take %d pages, want 3", f.res.Screen.Pages)
	}
}

// atConfirm walks to the confirm screen of a payment to Dostek.
func atConfirm(t *testing.T, p *menu.Program) *phone {
	t.Helper()
	f := dial(t, p).done("registered").send("3").send("14").send("14")
	f.shows("pay_account", "Лицевой счет:|0 Назад|00 Меню").send("01234567890123")
	f.shows("pay_amount", "Сумма:|0 Назад|00 Меню").send("15000,0")
	f.asks("payment.offer", "provider", "dostek", "account", "01234567890123", "amount", "15000.00")
	return f.done("ok", "offer", "o1", "amount", "15000.00", "fee", "150.00")
}

const confirmScreen = "Достэк|Счет 01234567890123|15000.00+комис.150.00 сом|PIN (0 назад):"

func TestPaymentFromMenuToCode(t *testing.T) {
	f := atConfirm(t, good(t)).shows("pay_confirm", confirmScreen)
	if s := f.res.Screen; s.Units != 67 || !s.Secret {
		t.Errorf("got %+v, want a secret screen of 67 units", *s)
	}
	f.send("1234").asks("payment.pay", "offer", "o1")
	a := f.res.Action
	if !a.Money || string(a.Secrets["pin"].Reveal()) != "1234" {
		t.Errorf("got %+v with %d octets of PIN, want money and the PIN", a, a.Secrets["pin"].Len())
	}
	f.done("wrong_pin", "left", "2").shows("pay_confirm", "Неверно, осталось 2 (0 назад):")
	f.send("4321").asks("payment.pay", "offer", "o1")
	f.done("paid", "code", "0123456789", "balance", "7.00")
	f.shows("pay_done", "Код 0123456789|Остаток 7.00")
	if !f.res.Screen.End {
		t.Error("the screen with the code does not end the dialogue")
	}
	f.send("1").shows("session_over", "Сеанс завершен")
}

func TestLeavingTheConfirmScreenWithdrawsTheOffer(t *testing.T) {
	f := atConfirm(t, good(t)).send("0").asks("payment.withdraw")
	if f.res.Action.Money {
		t.Error("a withdrawal moves money")
	}
	f.done("done").shows("pay_amount", "Сумма:|0 Назад|00 Меню")
	f.send("100").asks("payment.offer",
		"provider", "dostek", "account", "01234567890123", "amount", "100.00")

	f = atConfirm(t, good(t)).send("00").asks("payment.withdraw")
	// Even a withdrawal that fails leads on: the next offer supersedes this one anyway.
	f.done("no such outcome").asks("subscriber.identify")
}

func TestConfirmScreenIsReachedThroughItsOfferOnly(t *testing.T) {
	f := atConfirm(t, good(t))
	pos := f.res.Position
	f.res = f.p.Interrupt(pos, menu.EntryResume, nil)
	f.shows("resume_ask", "Продолжить?|1 Да|2 Сначала").send("1")
	f.asks("payment.offer",
		"provider", "dostek", "account", "01234567890123", "amount", "15000.00")
	f.done("ok", "offer", "o2", "amount", "15000.00", "fee", "150.00")
	f.shows("pay_confirm", confirmScreen).send("1234").asks("payment.pay", "offer", "o2")

	// An offer that cannot be made again leads to where it was typed, and back leaves from there.
	f.res = f.p.Interrupt(pos, menu.EntryResume, nil)
	f.send("1").done("low_balance", "balance", "5.00")
	f.shows("pay_amount", "На счету 5.00. Сумма:|0 Назад|00 Меню").send("0")
	f.shows("pay_account", "Лицевой счет:|0 Назад|00 Меню")
}

func TestOfferThatChangedIsShownAnew(t *testing.T) {
	f := atConfirm(t, good(t)).send("1234")
	f.done("changed", "provider", "hoster", "account", "00123456", "amount", "2.00",
		"fee", "0.00", "offer", "o9")
	f.shows("pay_confirm", "Hoster.kg|Счет 00123456|2.00+комис.0.00 сом|PIN (0 назад):")
	f.send("1234").asks("payment.pay", "offer", "o9")
}

// What an interruption brings does not get into what it interrupts: the amount of the payment
// that is told is not the amount of the payment that goes on.
func TestInterruptionLeavesTheDialogueAlone(t *testing.T) {
	f := atConfirm(t, good(t))
	f.res = f.p.Interrupt(f.res.Position, menu.EntryResume, nil)
	f.res = f.p.Interrupt(f.res.Position, menu.EntryUntold, map[string]string{"offer": "old"})
	f.asks("payment.resolve", "offer", "old").done("paid", "amount", "7.00", "code", "42")
	f.shows("told_paid", "Оплачено 7.00|Код 42|1 Дальше")
	f.send("0").shows("told_paid", "Нет такого пункта|1 Дальше")
	for range 5 { // dials again and again
		f.res = f.p.Interrupt(f.res.Position, menu.EntryResume, nil)
		f.res = f.p.Interrupt(f.res.Position, menu.EntryUntold, map[string]string{"offer": "old"})
		f.done("not_taken").shows("told_not", "Не оплачено|1 Дальше")
	}
	f.send("1").shows("resume_ask", "Продолжить?|1 Да|2 Сначала").send("1")
	f.asks("payment.offer",
		"provider", "dostek", "account", "01234567890123", "amount", "15000.00")
	if n := len(f.res.Position.Slots); n > 8 {
		t.Errorf("%d slots are left after the interruptions: %v", n, f.res.Position.Slots)
	}
}

func TestErrorsReplaceThePromptAndLeaveWithBack(t *testing.T) {
	f := dial(t, good(t)).done("unregistered")
	f.shows("language", "Язык/Language|2 Русский|3 English")
	f.send("0").shows("language", "Нет такого пункта|2 Русский|3 English")
	if !f.res.Refused {
		t.Error("a refused answer is not marked")
	}
	f.send("3").shows("reg_name", "Full name:|0 Back|00 Menu")
	f.send("  ").shows("reg_name", "Too short. Name:|0 Back|00 Menu")
	f.send("R2D2").shows("reg_name", "Letters only. Name:|0 Back|00 Menu")
	f.send(strings.Repeat("n", 31)).shows("reg_name", "At most 30 letters. Name:|0 Back|00 Menu")
	f.send(" Асанов   Асан ").shows("reg_inn", "INN:|0 Back|00 Menu")
	f.send("1").shows("reg_inn", "14 digits. INN:|0 Back|00 Menu")
	f.send("31210199012345").shows("reg_inn", "It begins with 1 or 2. INN:|0 Back|00 Menu")
	f.send("23002199012345").shows("reg_inn", "No such date. INN:|0 Back|00 Menu")
	f.send("0").shows("reg_name", "Full name:|0 Back|00 Menu").send("Asanov Asan")
	f.send("21210199012345").shows("reg_check",
		"Asanov Asan|21210199012345|1 Right|2 No|0 Back|00 Menu")
	f.send("1").asks("wallet.register", "name", "Asanov Asan", "inn", "21210199012345")
	f.done("taken").shows("reg_inn", "INN 21210199012345 is taken. INN:|0 Back|00 Menu")
}

func TestHomeBeginsAfreshInTheLanguageChosen(t *testing.T) {
	f := dial(t, good(t)).done("registered").send("8").send("4").asks("subscriber.identify")
	f.done("registered").shows("main",
		"1 Transfers|2 Mobile|3 Payments|4 Cash|5 Accounts|6 History|7 Help|8 Balance/Settings")
	f.send("8").send("00").asks("subscriber.identify")
	if len(f.res.Position.Stack) != 0 || len(f.res.Position.Slots) != 0 {
		t.Errorf("home kept %+v", f.res.Position)
	}
}

func TestSlotMayExemptANavigationKey(t *testing.T) {
	f := dial(t, good(t)).done("registered").send("1")
	f.send("0").shows("meter_done", "Принято: 0|1 Еще|0 Назад|00 Меню")
	f.send("0").shows("meter", "Показание:|0 Назад|00 Меню")
	f.send("00").asks("subscriber.identify")
}

func TestPINMistakesAreRefusedBeforeTheWalletIsAsked(t *testing.T) {
	f := dial(t, good(t)).done("registered").send("8").send("3")
	for _, typed := range []string{"", "123", "12345", "12a4", "１２３４", "1234 "} {
		f.send(typed).shows("pin_old", "PIN: 4 цифры|0 Назад|00 Меню")
	}
	f.send("9876").asks("pin.check").done("wrong", "left", "1")
	f.shows("pin_old", "Неверно, осталось 1:|0 Назад|00 Меню").send("0")
	f.shows("settings", "1 Баланс|3 Сменить PIN|4 English|0 Назад|00 Меню")
	f.send("3").shows("pin_old", "Старый PIN:|0 Назад|00 Меню")
}

func TestUnknownOutcomeIsUnavailable(t *testing.T) {
	f := dial(t, good(t)).done("no such outcome").shows("try_later", "Не работает")
	p := good(t)
	res := p.Resume(menu.Position{}, menu.Outcome{Name: "ok"})
	if res.Screen == nil || res.Screen.State != "try_later" {
		t.Errorf("an outcome that nothing waits for gives %+v, want try_later", res.Screen)
	}
	f.send("1").shows("session_over", "Сеанс завершен")
}

// What the wallet knows is of another revision than a dialogue that began before: an offer for a
// payee whom no screen of this one could name is not confirmed here.
func TestItemOfAnotherRevisionIsUnavailable(t *testing.T) {
	f := atConfirm(t, good(t)).send("1234")
	f.done("changed", "provider", "later", "account", "12345", "amount", "100.00", "fee", "0.00",
		"offer", "o2").shows("try_later", "Не работает")
}

func TestValuesAreDataAndAreCut(t *testing.T) {
	p := good(t)
	f := dial(t, p).done("elsewhere", "where", "{inn}\n\x1b[1mИ еще очень длинный текст")
	f.shows("elsewhere", "Не у нас: {inn}[1mИ еще оч")
	// A letter outside the GSM alphabet in a value that was declared without would halve the
	// room that Load has proved.
	f = dial(t, p).done("registered").send("2").done("ok", "balance", "1234567890.99ы")
	f.shows("balance", "Баланс 123456789")
	f = dial(t, p).done("registered").send("2").done("ok", "balance", "7ы")
	f.shows("balance", "Баланс 7?")
}

func TestSMS(t *testing.T) {
	p := good(t)
	got, err := p.SMS("paid", "en", map[string]string{"amount": "1.00", "code": "7"})
	if err != nil || got != "Paid 1.00, code 7" {
		t.Errorf("got %q, %v", got, err)
	}
	got, err = p.SMS("paid", "kk", map[string]string{"amount": "1.00", "code": "7{am}"})
	if err != nil || got != "Оплачено 1.00, код 7{am}" {
		t.Errorf("an unknown language: got %q, %v, want the default one", got, err)
	}
	if got, err := p.SMS("paid", "en", map[string]string{"amount": "1.00"}); err == nil {
		t.Errorf("without a field: got %q, want an error", got)
	}
	if got, err := p.SMS("unpaid", "en", nil); err == nil {
		t.Errorf("of no known kind: got %q, want an error", got)
	}
}
