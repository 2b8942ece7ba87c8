package main

import (
	"context"
	"fmt"
	"time"

	"ussdgw/ussd/transcript"
	"ussdgw/wallet"
	"ussdgw/wallet/biller/billersim"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// The agent of every world, and its name in an SMS.
const (
	worldAgent     = "terminal"
	worldAgentName = "Terminal"
	// worldCredit is what it may pay in.
	worldCredit = 1_000_000
)

// others makes the wallets that nobody dials from. Each has an INN of its own.
func (b *books) others(ctx context.Context, all []transcript.Other, secret string) error {
	issuer := b.assembly.issuer
	for n, o := range all {
		a := wallet.Application{
			Number: o.Number, Name: o.Name, INN: fmt.Sprintf("101011990%05d", n+2), Lang: o.Lang,
		}
		if err := issuer.Seed(ctx, a, pin.NewSecret([]byte(secret))); err != nil {
			return fmt.Errorf("test: seed: %w", err)
		}
		if o.Balance > 0 {
			if err := issuer.Fund(ctx, fmt.Sprint("other ", n), o.Number, o.Balance); err != nil {
				return fmt.Errorf("test: fund: %w", err)
			}
		}
		if o.Blocked {
			err := wallet.Intervene(ctx, b.ledger, o.Number, ledger.ActBlock, "test", "given", b.clock())
			if err != nil {
				return fmt.Errorf("test: block: %w", err)
			}
		}
	}
	return nil
}

// Happen makes others do something: the words of a transcript's event.
func (b *books) Happen(ctx context.Context, words []string) error {
	switch words[0] {
	case "agent":
		return b.agent(ctx, words[1], words[2])
	case "provider":
		b.billers.sim.ClearFaults("")
		if words[1] == "well" {
			return nil
		}
		f, err := billersim.ParseFault(words[1])
		if err != nil {
			return err
		}
		return b.billers.sim.AddFault(f)
	}
	for _, imsi := range []string{"437050000000001", "437050000000002"} { // the owner's, another
		if err := b.assembly.issuer.Seen(ctx, b.number, pin.NewSecret([]byte(imsi))); err != nil {
			return err
		}
	}
	return nil
}

// agent pays cash in, or out against a code, as a terminal asks for it. What a terminal is answered
// nobody sees here: the subscriber's SMS and the wallet show what has come of it.
func (b *books) agent(ctx context.Context, operation, what string) error {
	err := b.ledger.SetCredit(ctx, worldAgent, money.Som(worldCredit), ledger.Record{
		Actor: "test", Act: "credit", Subject: "agent:" + worldAgent, Reason: "given", At: b.clock(),
	})
	if err != nil {
		return err
	}
	b.txns++
	txn, account := fmt.Sprint(b.txns), b.number.Digits()
	if operation == "cash_out" {
		_, err := b.assembly.issuer.PayOut(ctx, wallet.PayOut{
			Agent: worldAgent, Txn: txn, Number: b.number, Account: account,
			Code: pin.NewSecret([]byte(what)),
		})
		return err
	}
	amount, err := money.Parse(what)
	if err != nil {
		return err
	}
	_, err = b.assembly.issuer.CashIn(ctx, wallet.CashIn{
		Agent: worldAgent, Name: worldAgentName, Txn: txn, Number: b.number, Account: account,
		Amount: amount,
	})
	return err
}

// clock is the time of the world.
func (b *books) clock() time.Time {
	if b.assembly.parts.clock == nil {
		return time.Now()
	}
	return b.assembly.parts.clock()
}

// Balance is what a number's wallet holds.
func (b *books) Balance(ctx context.Context, of msisdn.Number) (money.Amount, error) {
	return b.assembly.issuer.Balance(ctx, of)
}
