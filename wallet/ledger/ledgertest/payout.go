package ledgertest

import (
	"reflect"
	"sync"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// cashOut makes a cash-out of amount, with a fee of one som, that waits for its code.
func (b *books) cashOut(wallet string, amount money.Amount) ledger.Offer {
	b.Helper()
	o := b.offer(wallet, amount)
	o.Operation, o.Provider, o.Account = ledger.OpCashOut, "", ""
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	p := b.payment(b.read(o.ID))
	p.Message = ledger.Message{}
	p.Terms = ledger.Terms{
		Txn: o.ID, NextAt: b.now.Add(time.Hour), Deadline: b.now.Add(time.Hour),
		Code: []byte("right code"),
	}
	_, err := b.apply(p)
	b.is(err, ledger.ErrHeld)
	return b.read(o.ID)
}

// payOut asks for the cash-out of a wallet.
func (b *books) payOut(txn string, w ledger.Wallet, code string) ledger.PayOut {
	message := func(kind string) ledger.Message {
		return ledger.Message{
			Key: kind + ":" + txn, To: msisdn.MustParse("996555000001"), Kind: kind, Lang: "ru",
		}
	}
	holds, err := b.WalletHolds(b.ctx(), w.ID, 1)
	b.must(err)
	hold := ""
	if len(holds) > 0 {
		hold = holds[0].ID
	}
	return ledger.PayOut{
		Agent: network, Txn: txn, Account: "0555000001", Wallet: w.ID, Hold: hold,
		Code:    []byte(code),
		TxnDate: "20261121120000", Tries: 3, Day: day, Month: month, Now: b.now,
		Message: message("cash_out"), Voided: message("cash_voided"),
	}
}

func (b *books) paysOut(p ledger.PayOut, want string) ledger.AgentTxn {
	b.Helper()
	a, err := b.PayOut(b.ctx(), p)
	b.must(err)
	if a.Verdict != want {
		b.Errorf("txn %s: verdict %s, want %s", p.Txn, a.Verdict, want)
	}
	return a
}

func testPayOut(b *books) {
	b.openAgent(network, 0)
	w := b.wallet(money.Som(100))
	b.paysOut(b.payOut("0", w, "right code"), string(ledger.ReasonNoCashOut))
	o := b.cashOut(w.ID, money.Som(40))
	b.holds(w.ID, money.Som(59))

	refused := b.payOut("1", w, "wrong code")
	refused.Refuse = ledger.ReasonBlocked
	b.paysOut(refused, string(ledger.ReasonBlocked))
	other := b.payOut("2", w, "right code")
	other.Amount = money.Som(41)
	b.paysOut(other, string(ledger.ReasonMismatch))
	nobody := b.payOut("3", ledger.Wallet{}, "right code")
	b.paysOut(nobody, string(ledger.ReasonNoWallet))
	late := b.payOut("4", w, "right code")
	late.Now = b.now.Add(time.Hour)
	b.paysOut(late, string(ledger.ReasonExpired))
	b.inState(o.ID, ledger.OfferHeld)

	p := b.payOut("5", w, "right code")
	first := b.paysOut(p, ledger.Done)
	if first.Amount != money.Som(40) || first.Transfer != o.ID || first.Balance != money.Som(59) {
		b.Errorf("paid out %+v", first)
	}
	b.holds(w.ID, money.Som(59))
	b.agentHas(network, money.Som(40), 0)
	b.inState(o.ID, ledger.OfferDone)
	if again := b.paysOut(p, ledger.Done); !reflect.DeepEqual(again, first) {
		b.Errorf("the repeat has %+v, want %+v", again, first)
	}
	reused := p
	reused.Code = []byte("another code")
	_, err := b.PayOut(b.ctx(), reused)
	b.declined(err, ledger.ReasonKeyReused)
	b.paysOut(b.payOut("0", w, "right code"), string(ledger.ReasonNoCashOut)) // for ever
	b.paysOut(b.payOut("6", w, "right code"), string(ledger.ReasonNoCashOut))
	if told := b.messages(); len(told) != 1 || told[0].Kind != "cash_out" ||
		told[0].Fields[ledger.BalanceField] != "59.00" {
		b.Errorf("messages %+v", told)
	}
	stale := p
	stale.Txn = "7"
	b.paysOut(stale, string(ledger.ReasonNoCashOut))
	strange := b.payOut("8", b.wallet(0), "right code")
	strange.Hold = o.ID
	if _, err := b.PayOut(b.ctx(), strange); err == nil || ledger.ReasonOf(err) != "" {
		b.Errorf("a hold of another wallet: %v, want a fault", err)
	}
	p.Agent, p.Txn = "nobody", "9"
	_, err = b.PayOut(b.ctx(), p)
	b.is(err, ledger.ErrNoAgent)
}

func testPayOutTries(b *books) {
	b.openAgent(network, 0)
	w := b.wallet(money.Som(100))
	o := b.cashOut(w.ID, money.Som(40))
	for _, txn := range []string{"1", "1", "1", "2"} { // a repeat is no new try
		b.paysOut(b.payOut(txn, w, "wrong code"), string(ledger.ReasonCodeWrong))
	}
	b.inState(o.ID, ledger.OfferHeld)
	b.paysOut(b.payOut("3", w, "wrong code"), string(ledger.ReasonCodeWrong))
	b.inState(o.ID, ledger.OfferRefused)
	b.holds(w.ID, money.Som(100))
	b.paysOut(b.payOut("4", w, "right code"), string(ledger.ReasonNoCashOut))
	b.agentHas(network, 0, 0)
	used, err := b.Used(b.ctx(), w.ID, ledger.OpOut, day, month)
	if err != nil || used.Month != 0 || used.Day != 0 {
		b.Errorf("limits are not given back: %+v, %v", used, err)
	}
	if told := b.messages(); len(told) != 1 || told[0].Kind != "cash_voided" ||
		told[0].Fields[ledger.BalanceField] != "100.00" {
		b.Errorf("messages %+v", told)
	}
	b.cashOut(w.ID, money.Som(10)) // the next one starts afresh
	b.paysOut(b.payOut("5", w, "wrong code"), string(ledger.ReasonCodeWrong))
	b.paysOut(b.payOut("6", w, "right code"), ledger.Done)
}

// testPayOutRace: two desks and many repeats pay out once.
func testPayOutRace(b *books) {
	const rounds, racers = 3, 16
	b.openAgent(network, 0)
	for range rounds {
		w := b.wallet(money.Som(100))
		b.cashOut(w.ID, money.Som(40))
		txns := []string{newID(), newID()}
		var mu sync.Mutex
		done := map[int64]bool{}
		race(racers, func(i int) {
			a, err := b.PayOut(b.ctx(), b.payOut(txns[i%2], w, "right code"))
			if err != nil {
				b.Errorf("pay-out: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			switch a.Verdict {
			case ledger.Done:
				done[a.Number] = true
			case string(ledger.ReasonNoCashOut):
			default:
				b.Errorf("verdict %s", a.Verdict)
			}
		})
		if len(done) != 1 {
			b.Errorf("paid out as %v, want once", done)
		}
		b.holds(w.ID, money.Som(59))
	}
	b.agentHas(network, rounds*money.Som(40), 0)
}
