package ledgertest

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// network is an agent with a float.
const network = "terminal"

// by is a line of the audit of now, by a person.
func (b *books) by(act string) ledger.Record {
	return ledger.Record{
		Actor: "aida", Act: act, Subject: "agent:", Reason: "paid in at the bank", At: b.now,
	}
}

// openAgent opens an agent with a float, and no credit.
func (b *books) openAgent(agent string, float money.Amount) {
	b.Helper()
	b.must(b.SetCredit(b.ctx(), agent, 0, b.by("agent credit")))
	if float > 0 {
		b.must(b.FundAgent(b.ctx(), newID(), agent, float, day, b.by("agent fund")))
	}
}

// agentHas fails the test unless the agent has this float and this credit line.
func (b *books) agentHas(agent string, float, credit money.Amount) {
	b.Helper()
	all, err := b.Agents(b.ctx())
	b.must(err)
	want := ledger.Agent{ID: agent, Float: float, Credit: credit}
	if !slices.Contains(all, want) {
		b.Errorf("agents %+v, want %+v among them", all, want)
	}
}

// cashIn asks for a credit of a wallet, with an SMS and no limits.
func (b *books) cashIn(txn string, w ledger.Wallet, amount money.Amount) ledger.CashIn {
	c := ledger.CashIn{
		Agent: network, Txn: txn, Account: "0555000001", Wallet: w.ID, Amount: amount,
		TxnDate: "20261121120000", Most: ledger.MaxBalance, Day: day, Month: month, Now: b.now,
	}
	if w.ID != "" {
		c.Message = ledger.Message{
			Key: "cash_in:" + network + ":" + txn, To: w.Number, Kind: "cash_in", Lang: "ru",
			Fields: map[string]string{"amount": amount.String()},
		}
	}
	return c
}

// answers fails the test unless the txn has this verdict, and returns it.
func (b *books) answers(c ledger.CashIn, want string) ledger.AgentTxn {
	b.Helper()
	a, err := b.CashIn(b.ctx(), c)
	b.must(err)
	if a.Verdict != want {
		b.Errorf("txn %s: verdict %s, want %s", c.Txn, a.Verdict, want)
	}
	return a
}

func testAgents(b *books) {
	fund := func(key string, amount money.Amount) error {
		return b.FundAgent(b.ctx(), key, network, amount, day, b.by("agent fund"))
	}
	b.is(fund("first", money.Som(1)), ledger.ErrNoAgent)
	b.openAgent(network, 0)
	b.openAgent("bank", 0)
	b.must(fund("first", money.Som(100)))
	b.must(fund("first", money.Som(100))) // a repeat
	b.declined(fund("first", money.Som(101)), ledger.ReasonKeyReused)
	b.agentHas(network, money.Som(100), 0)
	if d := b.declined(fund("back", -money.Som(101)), ledger.ReasonFloat); d.Limit != money.Som(100) {
		b.Errorf("got %+v, want that 100 som can be taken", d)
	}
	credit := func(line money.Amount) error {
		return b.SetCredit(b.ctx(), network, line, b.by("agent credit"))
	}
	b.must(credit(money.Som(20)))
	b.must(credit(money.Som(20))) // a repeat
	b.must(fund("back", -money.Som(110)))
	b.agentHas(network, -money.Som(10), money.Som(20))
	if d := b.declined(credit(money.Som(9)), ledger.ReasonFloat); d.Limit != money.Som(10) {
		b.Errorf("got %+v, want that the line can be 10 som", d)
	}
	b.must(credit(money.Som(10)))
	b.agentHas("bank", 0, 0)
	acts, err := b.Records(b.ctx(), ledger.AgentSubject(network), 10)
	b.must(err)
	var details []string
	for _, r := range acts {
		details = append(details, r.Act+": "+r.Detail)
	}
	want := []string{
		"agent credit: credit line from 20.00 to 10.00",
		"agent fund: back: float from 100.00 to -10.00",
		"agent credit: credit line from 0.00 to 20.00",
		"agent fund: first: float from 0.00 to 100.00",
		"agent credit: opened, credit line 0.00",
	}
	if !slices.Equal(details, want) {
		b.Errorf("the audit says %q, want %q", details, want)
	}
}

func testAgentFaults(b *books) {
	b.openAgent(network, money.Som(10))
	for _, id := range []string{"", "a:b", "A", strings.Repeat("a", 33)} {
		if b.SetCredit(b.ctx(), id, 0, b.by("agent credit")) == nil {
			b.Errorf("no error for an agent %q", id)
		}
	}
	if b.SetCredit(b.ctx(), network, -1, b.by("agent credit")) == nil {
		b.Error("no error for a negative credit line")
	}
	for _, amount := range []money.Amount{0, ledger.MaxAmount + 1, -ledger.MaxAmount - 1} {
		if b.FundAgent(b.ctx(), newID(), network, amount, day, b.by("agent fund")) == nil {
			b.Errorf("no error for funding %s", amount)
		}
	}
	nobody := b.by("agent fund")
	nobody.Actor = ""
	if b.FundAgent(b.ctx(), newID(), network, 1, day, nobody) == nil {
		b.Error("no error for a funding by nobody")
	}
	w := b.wallet(0)
	for name, spoil := range map[string]func(*ledger.CashIn){
		"no agent": func(c *ledger.CashIn) { c.Agent = "" },
		"no txn":   func(c *ledger.CashIn) { c.Txn = "" },
		"nothing":  func(c *ledger.CashIn) { c.Amount = 0 },
		"negative": func(c *ledger.CashIn) { c.Amount = -1 },
		"no day":   func(c *ledger.CashIn) { c.Day = "" },
		"no time":  func(c *ledger.CashIn) { c.Now = time.Time{} },
		"account":  func(c *ledger.CashIn) { c.Account = strings.Repeat("1", 201) },
	} {
		c := b.cashIn("1", w, money.Som(1))
		spoil(&c)
		if _, err := b.CashIn(b.ctx(), c); err == nil || ledger.ReasonOf(err) != "" {
			b.Errorf("%s: got %v, want a fault", name, err)
		}
	}
	other := b.cashIn("1", w, money.Som(1))
	other.Agent = "nobody"
	_, err := b.CashIn(b.ctx(), other)
	b.is(err, ledger.ErrNoAgent)
	b.holds(w.ID, 0)
}

func testCashIn(b *books) {
	b.openAgent(network, money.Som(100))
	w := b.wallet(money.Som(5))
	c := b.cashIn("1", w, money.Som(40))
	first := b.answers(c, ledger.Done)
	want := ledger.AgentTxn{
		Number: first.Number, Agent: network, Operation: ledger.OpCashIn, Txn: "1",
		Account: c.Account, Wallet: w.ID, Amount: c.Amount, Verdict: ledger.Done,
		Transfer: ledger.CashInTransfer(network, "1"), Balance: money.Som(45), TxnDate: c.TxnDate,
		At: b.now, Day: day, Fingerprint: c.Sum(),
	}
	if first.Number < 1 || !reflect.DeepEqual(first, want) {
		b.Errorf("got %+v, want %+v", first, want)
	}
	// A repeat is the first answer, whatever has changed since.
	c.Now, c.Refuse, c.Most = b.now.Add(time.Hour), ledger.ReasonBlocked, 1
	if again := b.answers(c, ledger.Done); !reflect.DeepEqual(again, want) {
		b.Errorf("the repeat has %+v, want %+v", again, want)
	}
	b.holds(w.ID, money.Som(45))
	b.agentHas(network, money.Som(60), 0)
	for name, spoil := range map[string]func(*ledger.CashIn){
		"amount":  func(c *ledger.CashIn) { c.Amount++ },
		"account": func(c *ledger.CashIn) { c.Account = "0555000002" },
	} {
		other := b.cashIn("1", w, money.Som(40))
		spoil(&other)
		_, err := b.CashIn(b.ctx(), other)
		if b.declined(err, ledger.ReasonKeyReused); b.Failed() {
			b.Errorf("another %s", name)
		}
	}
	// Its number is the agent's own.
	b.openAgent("bank", money.Som(1))
	c = b.cashIn("1", w, money.Som(1))
	c.Agent, c.Message.Key = "bank", "bank:1"
	if other := b.answers(c, ledger.Done); other.Number <= first.Number {
		b.Errorf("number %d comes after %d", other.Number, first.Number)
	}
	got, found, err := b.AgentTxn(b.ctx(), network, ledger.OpCashIn, "1")
	if err != nil || !found || !reflect.DeepEqual(got, want) {
		b.Errorf("read %+v, %t, %v, want %+v", got, found, err, want)
	}
	if _, found, err = b.AgentTxn(b.ctx(), network, ledger.OpCashOut, "1"); found || err != nil {
		b.Errorf("a pay-out: %t, %v", found, err)
	}
	told := b.messages()
	if len(told) != 2 || told[0].Fields[ledger.BalanceField] != "45.00" ||
		told[0].Fields["amount"] != "40.00" {
		b.Errorf("messages %+v, want one for each cash-in", told)
	}
	used, err := b.Used(b.ctx(), w.ID, ledger.OpCashIn, day, month)
	if err != nil || used.Day != money.Som(41) || used.Month != money.Som(41) {
		b.Errorf("used %+v, %v, want 41 som", used, err)
	}
	out, err := b.Used(b.ctx(), w.ID, ledger.OpOut, day, month)
	if err != nil || out.Month != 0 {
		b.Errorf("a cash-in takes nothing out: %+v, %v", out, err)
	}
}

// testCashInRefused: what was refused stays refused, however late its copy comes.
func testCashInRefused(b *books) {
	b.openAgent(network, money.Som(1000))
	w := b.wallet(money.Som(10))
	refuse := func(txn string, amount money.Amount, spoil func(*ledger.CashIn)) ledger.CashIn {
		c := b.cashIn(txn, w, amount)
		spoil(&c)
		return c
	}
	limits := func(l ledger.Limits) func(*ledger.CashIn) {
		return func(c *ledger.CashIn) { c.Limits = l }
	}
	for _, tt := range []struct {
		ask   ledger.CashIn
		want  ledger.Reason
		limit money.Amount
	}{
		{refuse("1", 1, func(c *ledger.CashIn) { c.Wallet = "" }), ledger.ReasonNoWallet, 0},
		{
			refuse("2", 1, func(c *ledger.CashIn) { c.Refuse = ledger.ReasonBlocked }),
			ledger.ReasonBlocked, 0,
		},
		{
			refuse("3", money.Som(21), limits(ledger.Limits{PerPayment: money.Som(20)})),
			ledger.ReasonLimitPayment, money.Som(20),
		},
		{
			refuse("4", money.Som(31), limits(ledger.Limits{PerDay: money.Som(30)})),
			ledger.ReasonLimitDay, money.Som(30),
		},
		{
			refuse("5", money.Som(41), limits(ledger.Limits{PerMonth: money.Som(40)})),
			ledger.ReasonLimitMonth, money.Som(40),
		},
		{
			refuse("6", money.Som(6), func(c *ledger.CashIn) { c.Most = money.Som(15) }),
			ledger.ReasonLimitBalance, money.Som(5),
		},
	} {
		first := b.answers(tt.ask, string(tt.want))
		if first.Limit != tt.limit || first.Transfer != "" || first.Number < 1 {
			b.Errorf("%s: got %+v, want the limit %s", tt.want, first, tt.limit)
		}
		late := b.cashIn(tt.ask.Txn, w, tt.ask.Amount)
		late.Now = b.now.Add(24 * time.Hour)
		if again := b.answers(late, string(tt.want)); !reflect.DeepEqual(again, first) {
			b.Errorf("%s: the late copy has %+v, want %+v", tt.want, again, first)
		}
	}
	b.holds(w.ID, money.Som(10))
	if told := b.messages(); len(told) != 0 {
		b.Errorf("messages of refusals: %+v", told)
	}
}

// testCashInFloat: a float that is used up is the agent's affair and decides nothing for ever.
func testCashInFloat(b *books) {
	b.openAgent(network, money.Som(10))
	w := b.wallet(0)
	c := b.cashIn("1", w, money.Som(15))
	_, err := b.CashIn(b.ctx(), c)
	if d := b.declined(err, ledger.ReasonFloat); d.Limit != money.Som(10) {
		b.Errorf("got %+v, want that 10 som are there", d)
	}
	if _, found, err := b.AgentTxn(b.ctx(), network, ledger.OpCashIn, "1"); found || err != nil {
		b.Errorf("it is stored: %t, %v", found, err)
	}
	b.must(b.SetCredit(b.ctx(), network, money.Som(5), b.by("agent credit")))
	b.answers(c, ledger.Done)
	b.agentHas(network, -money.Som(5), money.Som(5)) // to the last tyiyn
	_, err = b.CashIn(b.ctx(), b.cashIn("2", w, 1))
	b.declined(err, ledger.ReasonFloat)
	// What the wallet may not have is refused, whatever the float is.
	over := b.cashIn("3", w, money.Som(1))
	over.Most = money.Som(15)
	b.answers(over, string(ledger.ReasonLimitBalance))
}

// testCashInDays counts in calendar days and months, and never back in time.
func testCashInDays(b *books) {
	b.openAgent(network, money.Som(1000))
	w := b.wallet(0)
	at := func(txn, day string, amount money.Amount, want string) {
		b.Helper()
		c := b.cashIn(txn, w, amount)
		c.Limits = ledger.Limits{PerDay: money.Som(30), PerMonth: money.Som(50)}
		c.Day, c.Month = day, day[:len("2006-01")]
		b.answers(c, want)
	}
	at("1", "2026-11-21", money.Som(30), ledger.Done)
	at("2", "2026-11-21", 1, string(ledger.ReasonLimitDay))
	at("3", "2026-11-22", money.Som(10), ledger.Done)
	at("4", "2026-11-21", money.Som(21), string(ledger.ReasonLimitDay)) // counted on the 22nd
	at("5", "2026-11-22", money.Som(11), string(ledger.ReasonLimitMonth))
	at("6", "2026-11-23", money.Som(10), ledger.Done)
	at("7", "2026-12-01", money.Som(30), ledger.Done)
	b.holds(w.ID, money.Som(80))

	var txns []string
	for after := int64(0); ; {
		page, err := b.AgentTxns(b.ctx(), network, "2026-11-21", after, 2)
		b.must(err)
		for _, a := range page {
			txns, after = append(txns, a.Txn), a.Number
		}
		if len(page) < 2 {
			break
		}
	}
	if want := []string{"1", "2", "4"}; !slices.Equal(txns, want) {
		b.Errorf("txns of the 21st %v, want %v", txns, want)
	}
}

// testCashInRace: a txn that comes 16 times at once is one credit, whoever it is for.
func testCashInRace(b *books) {
	const rounds, racers = 5, 16
	b.openAgent(network, money.Som(1000))
	for round := range rounds {
		w, other := b.wallet(0), b.wallet(0)
		txn := newID()
		var mu sync.Mutex
		var reused int
		numbers := map[int64]bool{}
		race(racers, func(i int) {
			to := w
			if i == 0 && round%2 == 1 {
				to = other
			}
			c := b.cashIn(txn, to, money.Som(5))
			c.Account = to.Number.Digits()
			a, err := b.CashIn(b.ctx(), c)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && a.Verdict == ledger.Done:
				numbers[a.Number] = true
			case ledger.ReasonOf(err) == ledger.ReasonKeyReused:
				reused++
			default:
				b.Errorf("cash-in: %+v, %v", a, err)
			}
		})
		if len(numbers) != 1 {
			b.Errorf("numbers %v of one txn", numbers)
		}
		got, err := b.Balance(b.ctx(), w.ID)
		b.must(err)
		others, err := b.Balance(b.ctx(), other.ID)
		b.must(err)
		if got+others != money.Som(5) || (others == 0 && reused > 1) {
			b.Errorf("credited %s and %s, %d were another request", got, others, reused)
		}
	}
}

// testFloatRace: many at once never use more than float and credit.
func testFloatRace(b *books) {
	const racers = 16
	b.openAgent(network, money.Som(20))
	b.must(b.SetCredit(b.ctx(), network, money.Som(12), b.by("agent credit")))
	var wallets []ledger.Wallet
	for range racers {
		wallets = append(wallets, b.wallet(0))
	}
	var done atomic.Int64
	race(racers, func(i int) {
		_, err := b.CashIn(b.ctx(), b.cashIn(newID(), wallets[i], money.Som(5)))
		if err == nil {
			done.Add(1)
		} else if ledger.ReasonOf(err) != ledger.ReasonFloat {
			b.Errorf("cash-in: %v", err)
		}
	})
	if done.Load() != 6 {
		b.Errorf("%d credits of 5 som, want 6", done.Load())
	}
	b.agentHas(network, -money.Som(10), money.Som(12))
}
