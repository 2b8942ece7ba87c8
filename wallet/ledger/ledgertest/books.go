package ledgertest

import (
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// Fill writes a little of everything into an empty store: a paid offer with its message, a refused
// one, and an open one. It returns the receipt of the paid one.
func Fill(t *testing.T, s ledger.Store) ledger.Receipt {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	w := b.wallet(money.Som(100))
	paid := b.payment(b.pressed(w.ID, money.Som(10)))
	paid.Message.Sealed = []byte("sealed")
	receipt, err := b.apply(paid)
	b.must(err)
	_, err = b.apply(b.payment(b.pressed(w.ID, money.Som(1000))))
	b.declined(err, ledger.ReasonLowBalance)
	b.must(b.OpenOffer(b.ctx(), b.offer(w.ID, money.Som(20))))
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActBlock)))
	b.must(b.Intervene(b.ctx(), b.act(w.ID, ledger.ActUnblock)))
	b.verify()
	return receipt
}

// Open registers a wallet of 100 som and returns its open offer of 10.
func Open(t *testing.T, s ledger.Store) ledger.Offer {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	o := b.offer(b.wallet(money.Som(100)).ID, money.Som(10))
	b.must(b.OpenOffer(b.ctx(), o))
	return b.read(o.ID)
}

// Registered registers a wallet without money.
func Registered(t *testing.T, s ledger.Store) ledger.Wallet {
	t.Helper()
	return (&books{T: t, Store: s, now: start}).wallet(0)
}

// Pressed registers a wallet of 100 som and returns the payment of a pressed offer of 10.
func Pressed(t *testing.T, s ledger.Store) ledger.Payment {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	return b.payment(b.pressed(b.wallet(money.Som(100)).ID, money.Som(10)))
}

// Held registers a wallet of 100 som and returns its offer of 10, with a fee of one, which is held.
// It may be called on what Fill has filled, once.
func Held(t *testing.T, s ledger.Store) ledger.Offer {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	b.number.Store(1000)
	return b.held(b.wallet(money.Som(100)).ID, money.Som(10))
}

// Suspended is Held, and then nobody has answered: it is in suspense.
func Suspended(t *testing.T, s ledger.Store) ledger.Offer {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	o := Held(t, s)
	b.must(b.SuspendHold(b.ctx(), o.ID, b.suspense(o), b.now))
	return b.read(o.ID)
}

// WantState fails the test unless the offer is in the state.
func WantState(t *testing.T, s ledger.Store, id string, want ledger.OfferState) {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	b.inState(id, want)
}

// WantBreach fails the test unless Verify reports a breach of the rule.
func WantBreach(t *testing.T, s ledger.Store, check string) {
	t.Helper()
	breaches, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		if b.Check == check {
			if b.Subject == "" || b.Detail == "" {
				t.Errorf("breach says nothing: %+v", b)
			}
			return
		}
	}
	t.Errorf("got %+v, want a breach of %s", breaches, check)
}

// Eventually fails the test unless the condition becomes true in a few seconds.
func Eventually(t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if condition() {
			return
		}
	}
	t.Fatal("it did not happen in time")
}

// A Tamper is SQL that breaks one rule of books that Fill has written, once the schema's own
// guards are taken away.
type Tamper struct{ Check, Name, SQL string }

// Tampers returns one or more for every rule that Verify checks.
func Tampers() []Tamper {
	return []Tamper{
		{"transfer_sum", "amount", `UPDATE entry SET amount = amount + 1 WHERE account = 'trust'`},
		{"total_sum", "deleted", `DELETE FROM entry WHERE account = 'provider:dostek'`},
		{"running_balance", "richer", `UPDATE account SET balance = balance + 1`},
		{"negative_balance", "negative", `UPDATE account SET balance = -1`},
		{"orphan_account", "deleted", `DELETE FROM account`},
		{"orphan_entry", "deleted", `DELETE FROM transfer WHERE kind = 'payment'`},
		{"payment_entries", "stolen", `UPDATE entry SET account = 'provider:mine'
			WHERE account = 'fee:dostek'`},
		{"fund_entries", "other wallet", `UPDATE entry SET account = 'wallet:mine'
			WHERE account LIKE 'wallet:%' AND amount > 0`},
		{"done_without_transfer", "deleted", `DELETE FROM transfer WHERE kind = 'payment'`},
		{"done_without_transfer", "forged", `UPDATE offer SET state = 'done', pressed_at = 1,
			ended_at = 1 WHERE state = 'open'`},
		{"transfer_without_done", "reopened", `UPDATE offer SET state = 'pressed', ended_at = 0
			WHERE state = 'done'`},
		{"transfer_without_done", "deleted", `DELETE FROM offer WHERE state = 'done'`},
		{"transfer_without_done", "amount", `UPDATE offer SET amount = 1 WHERE state = 'done'`},
		{"open_offers", "two", `UPDATE offer SET state = 'open', reason = '',
			pressed_at = 0, ended_at = 0 WHERE state = 'refused'`},
		{"limit_used", "less", `UPDATE limit_used SET used = used - 1, day_used = 0
			WHERE operation = 'out'`},
		{"limit_used", "less in the day", `UPDATE limit_used SET day_used = day_used - 1`},
		{"limit_missing", "deleted", `DELETE FROM limit_used WHERE operation = 'payment'`},
		{"orphan_message", "other end", `UPDATE outbox SET offer_end = 'refused'`},
		{"blocked", "by nobody", `UPDATE wallet_pin SET locked_until = 253402214400000000`},
		{"blocked", "ended by nobody", `INSERT INTO audit (at, actor, act, subject, reason)
			SELECT 1, 'aida', 'block', 'wallet:' || wallet, 'asked' FROM wallet_pin`},
		{"orphan_message", "no offer", `UPDATE outbox SET offer = 'none'`},
	}
}

// Forbidden returns SQL that the schema itself has to refuse on books that Fill has written.
func Forbidden() []string {
	return []string{
		`UPDATE entry SET amount = amount + 1`,
		`DELETE FROM entry`,
		`UPDATE transfer SET amount = amount + 1`,
		`DELETE FROM transfer`,
		`DELETE FROM offer WHERE state = 'open'`,
		`UPDATE account SET balance = -1`,
		`UPDATE offer SET amount = amount + 1 WHERE state = 'open'`,
		`UPDATE offer SET state = 'done', pressed_at = 1, ended_at = 1 WHERE state = 'open'`,
		`UPDATE offer SET state = 'pressed', ended_at = 0, reason = '' WHERE state = 'refused'`,
		`UPDATE offer SET state = 'refused', reason = 'not_taken' WHERE state = 'done'`,
		`INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
		 day, month) SELECT id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
		 day, month FROM transfer`,
		`INSERT INTO entry (transfer, line, account, amount)
		 SELECT transfer, line, account, amount FROM entry`,
		`INSERT INTO entry (transfer, line, account, amount)
		 SELECT id, 9, 'somebody', 1 FROM transfer`,
		`INSERT INTO entry (transfer, line, account, amount) VALUES ('none', 1, 'trust', 1)`,
		`INSERT INTO outbox (key, msisdn, kind, lang, fields, next_at, created_at)
		 SELECT key, msisdn, kind, lang, fields, next_at, created_at FROM outbox`,
		`UPDATE audit SET actor = 'somebody'`,
		`DELETE FROM audit`,
		`INSERT INTO audit (at, actor, act, subject, reason)
		 SELECT 1, 'aida', 'block', 'wallet:' || id, '' FROM wallet`,
		`INSERT INTO audit (at, actor, act, subject, reason)
		 SELECT 1, 'aida', 'block', 'nothing', 'asked' FROM wallet`,
		`UPDATE outbox SET sent_at = 1`,
		`UPDATE outbox SET dead_at = 1`,
		`UPDATE outbox SET sealed = NULL, sent_at = 1, dead_at = 1`,
	}
}
