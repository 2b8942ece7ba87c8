package menu_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// What the check of a menu of a thousand states in three languages may take.
const (
	speedStates = 1_000
	speedCPU    = time.Second
	speedMemory = 200 << 20
)

// largeBase is what every menu has, in three languages.
const largeBase = `schema: ussd.menu/v1
service: "*900#"
languages: [ky, ru, en]
limits: {gsm7: 182, ucs2: 80}
keys: {back: "0", home: "00", more: "98"}
nav:
  back: {ky: "0 Артка", ru: "0 Назад", en: "0 Back"}
  more: {ky: "98 Дагы", ru: "98 Далее", en: "98 More"}
  home: {ky: "00 Меню", ru: "00 Меню", en: "00 Menu"}
entries: {start: entry, resume: over, untold: told, over: over, busy: over,
  shortcut_refused: over, unavailable: over}
errors:
  option: {ky: "Мындай пункт жок", ru: "Нет такого пункта", en: "No such item"}
  pin_format: {ky: "PIN: 4 сан (0)", ru: "PIN: 4 цифры (0)", en: "PIN: 4 digits (0)"}
  digits_only: {ky: "Сандар гана", ru: "Только цифры", en: "Digits only"}
  digits_length: {ky: "Узундугу туура эмес", ru: "Не та длина", en: "Wrong length"}
  account_format: {ky: "Эсеп туура эмес", ru: "Не похоже на счет", en: "No such account"}
  low_balance: {ky: "Калдык {balance}", ru: "На счету {balance}", en: "You have {balance}"}
slots:
  account: {type: digits, max: 14, rule: provider.account}
  amount: {type: money, rule: provider.amount}
  reading: {type: digits, max: 6, exempt: ["0"]}
  query: {type: text, min: 2, max: 20}
  pin: {type: pin}
states:
  entry: {do: subscriber.identify, on: {registered: g0_menu, unregistered: over, elsewhere: over}}
  over: {end: {ky: "Сеанс аяктады", ru: "Сеанс завершен", en: "The session is over"}}
  doubt: {end: {ky: "Текшерилет, код {code}", ru: "Проверка, код {code}", en: "Code {code}"}}
  told: {do: payment.resolve, with: {offer: offer}, on: {paid: told_paid, not_taken: over}}
  told_paid: {end: {ky: "Төлөндү {amount}", ru: "Оплачено {amount}", en: "Paid {amount}"}}
sms:
  first_pin: "PIN {pin}"
  paid: {ky: "Төлөндү {amount} {code}", ru: "Оплачено {amount} {code}", en: "Paid {amount} {code}"}
`

// largeGroup is thirteen states of every kind; # is the number of the group, + of the next.
const largeGroup = `
  g#_menu:
    text: {ky: "Бөлүм #", ru: "Раздел #", en: "Section #"}
    letters: {as: query, goto: g#_search}
    options:
      - {key: "1", text: {ky: "Төлөм", ru: "Платеж", en: "Pay"}, goto: g#_category}
      - {key: "2", text: {ky: "Калдык", ru: "Баланс", en: "Balance"}, goto: g#_balance_do}
      - {key: "3", text: {ky: "Көрсөткүч", ru: "Показание", en: "Reading"}, goto: g#_reading}
      - {key: "4", text: {ky: "Кийинки", ru: "Следующий", en: "Next"}, goto: g+_menu}
  g#_search:
    list: providers
    as: provider
    match: query
    none: g#_menu
    goto: g#_account
  g#_category:
    list: categories
    as: category
    text: {ky: "Категория:", ru: "Категория:", en: "Category:"}
    goto: g#_provider
  g#_provider:
    list: providers
    as: provider
    text: "{category}:"
    goto: g#_account
  g#_account:
    ask: account
    text: {ky: "{provider}, эсеп:", ru: "{provider}, счет:", en: "{provider}, account:"}
    goto: g#_amount
  g#_amount:
    ask: amount
    text: {ky: "Сумма:", ru: "Сумма:", en: "Amount:"}
    errors:
      amount_format: {ky: "Мисалы 100.50:", ru: "Например 100.50:", en: "Such as 100.50:"}
      amount_range: {ky: "Эң көбү {provider.max}:", ru: "До {provider.max}", en: "< {provider.max}"}
    goto: g#_quote
  g#_quote:
    do: payment.offer
    with: {provider: provider, account: account, amount: amount}
    on: {ok: g#_confirm, low_balance: {goto: g#_amount, notice: low_balance}, repeated: g#_menu}
  g#_confirm:
    confirm: g#_quote
    ask: pin
    nav: inline
    text:
      ky: "{provider}\nЭсеп {account}\n{amount}+{fee} сом\nPIN (0 артка):"
      ru: "{provider}\nСчет {account}\n{amount}+{fee} сом\nPIN (0 назад):"
      en: "{provider}\nAccount {account}\n{amount}+{fee} som\nPIN (0 back):"
    goto: g#_pay
  g#_pay:
    do: payment.pay
    with: {offer: offer, pin: pin}
    on: {paid: g#_paid, in_doubt: doubt, wrong_pin: g#_confirm, changed: g#_confirm}
  g#_paid:
    end: {ky: "Код {code}\nКалдык {balance}", ru: "Код {code}\n{balance} сом", en: "Code {code}"}
  g#_balance_do: {do: wallet.balance, on: {ok: g#_balance}}
  g#_balance:
    end: {ky: "Калдык {balance} сом", ru: "Остаток {balance} сом", en: "Balance {balance} som"}
  g#_reading:
    ask: reading
    text: {ky: "Көрсөткүч:", ru: "Показание:", en: "Reading:"}
    goto: g#_menu
`

// large is a menu of at least so many states, in files of about five hundred.
func large(states int) fstest.MapFS {
	const perGroup, perFile = 13, 40
	groups := (states + perGroup - 1) / perGroup
	fsys := fstest.MapFS{"base.yaml": {Data: []byte(largeBase)}}
	var b strings.Builder
	for i := range groups {
		if i%perFile == 0 {
			b.Reset()
			b.WriteString("schema: ussd.menu/v1\nstates:\n")
		}
		b.WriteString(strings.NewReplacer("#", fmt.Sprint(i), "+", fmt.Sprint((i+1)%groups),
			"}+{", "}+{").Replace(largeGroup))
		fsys[fmt.Sprintf("part%03d.yaml", i/perFile)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

// trilingual is the environment in three languages.
func trilingual() menu.Environment {
	env := environment()
	for _, def := range env.Lists {
		for _, items := range def.Items {
			for _, it := range items {
				it.Label["ky"] = it.Label["ru"]
				for _, v := range it.Values {
					v["ky"] = v["ru"]
				}
			}
		}
	}
	identify := env.Actions["subscriber.identify"].Outcomes["elsewhere"]
	identify.Sets[0].Langs["ky"] = identify.Sets[0].Langs["ru"]
	return env
}

// processorTime is what this process has taken so far, the garbage collector included.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A thousand states in three languages are checked in less than a second and 200 MB. What counts
// is the best of five: the others tell how busy the machine is.
func TestLoadOfAThousandStates(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("takes seconds, and with the race detector many times as much")
	}
	fsys, env := large(speedStates), trilingual()
	var took, waited []time.Duration
	for range 5 {
		runtime.GC()
		began, before := time.Now(), processorTime(t)
		p := load(t, fsys, env)
		took = append(took, processorTime(t)-before)
		waited = append(waited, time.Since(began))
		if n := len(p.States()); n < speedStates {
			t.Fatalf("%d states, want %d", n, speedStates)
		}
	}
	slices.Sort(took)
	slices.Sort(waited)
	t.Logf("processor time %s, %s, %s; time %s, %s, %s (least, median, most of 5)", took[0], took[2],
		took[4], waited[0], waited[2], waited[4])
	if took[0] > speedCPU {
		t.Errorf("it took %s of processor time at best, want at most %s", took[0], speedCPU)
	}
	dir := t.TempDir()
	for name, f := range fsys {
		put(t, dir, name, string(f.Data))
	}
	codes, memory, _ := measured(t, thousand, dir)
	t.Logf("%d KiB", memory>>10)
	if codes != "" || memory > speedMemory {
		t.Errorf("found %q in %d KiB, want nothing in at most %d KiB", codes, memory>>10,
			speedMemory>>10)
	}
}

// thousand is a case of TestCorpus in which a child loads a menu of three languages.
const thousand = "a thousand states"

func BenchmarkLoad(b *testing.B) {
	env := trilingual()
	for _, states := range []int{100, 1_000, 4_940} {
		b.Run(fmt.Sprint(states), func(b *testing.B) {
			fsys := large(states)
			b.ReportAllocs()
			for b.Loop() {
				r := &source.Report{}
				if menu.Load(fsys, env, r) == nil {
					b.Fatal(r.Err())
				}
			}
		})
	}
}
