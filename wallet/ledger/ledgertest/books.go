package ledgertest

import (
	"slices"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// Fill writes a little of everything into an empty store: a paid offer with its message, a refused
// one, an open one, and what others have done, see fillHolds. It returns the receipt of the paid
// one.
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
	b.fillHolds()
	b.verify()
	return receipt
}

// fillHolds writes holds with every end and without one, a transfer, a cash-in, and reversals of
// all kinds.
func (b *books) fillHolds() {
	b.Helper()
	w, payee := b.wallet(money.Som(1000)), b.wallet(money.Som(1))
	hold := func(state ledger.HoldState) ledger.Offer {
		o := b.offer(w.ID, money.Som(10))
		o.ProviderFee = money.Amount(33)
		o = b.heldOffer(o, nil)
		b.at(o, state)
		return o
	}
	hold(ledger.HoldHeld)
	hold(ledger.HoldInDoubt)
	hold(ledger.HoldSuspense)
	hold(ledger.HoldVoided)
	part := b.posting(hold(ledger.HoldSuspense))
	part.Amount, part.Fee = money.Som(4), 50
	_, err := b.PostHold(b.ctx(), part)
	b.must(err)
	b.must(b.VoidHold(b.ctx(), b.voiding(hold(ledger.HoldSuspense))))
	posted := hold(ledger.HoldPosted)
	_, err = b.Reverse(b.ctx(), b.reversal(posted.ID, "1", money.Som(3), 0))
	b.must(err)
	sent, err := b.apply(b.payment(b.pressedTransfer(w.ID, payee, money.Som(5))))
	b.must(err)
	_, err = b.Reverse(b.ctx(), b.reversal(sent.TransferID, "1", money.Som(5), money.Som(1)))
	b.must(err)
	b.openAgent(network, money.Som(100))
	cashed := b.answers(b.cashIn("1", payee, money.Som(7)), ledger.Done)
	_, err = b.Reverse(b.ctx(), b.reversal(cashed.Transfer, "1", money.Som(2), 0))
	b.must(err)
	b.wallet(0)
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

// Paid registers a wallet of 100 som and returns the receipt of a payment of 10, with a fee of one.
func Paid(t *testing.T, s ledger.Store) ledger.Receipt {
	t.Helper()
	b := &books{T: t, Store: s, now: start}
	return b.pay(b.wallet(money.Som(100)).ID, money.Som(10), day)
}

// Held registers a wallet of 100 som and returns its offer of 10, with a fee of one, which is held.
// It may be called after Paid, once.
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

// WantBreach fails the test unless Verify reports a breach of the tamper's rule, and of no other if
// it breaks that alone.
func WantBreach(t *testing.T, s ledger.Store, tamper Tamper) {
	t.Helper()
	breaches, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, b := range breaches {
		if b.Subject == "" || b.Detail == "" {
			t.Errorf("breach says nothing: %+v", b)
		}
		found = found || b.Check == tamper.Check
		if tamper.Alone && b.Check != tamper.Check {
			t.Errorf("got %+v, want no breach but of %s", b, tamper.Check)
		}
	}
	if !found {
		t.Errorf("got %+v, want a breach of %s", breaches, tamper.Check)
	}
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

// A Tamper is SQL that breaks a rule of books that Fill has written, once the schema's own guards
// are taken away.
type Tamper struct {
	Check, Name string
	Alone       bool // no other rule sees it
	SQL         string
}

// Tampers returns one or more for every rule that Verify checks. Where a rule can be broken alone,
// one of them does so. The others say in other words what several rules say, see Implied.
func Tampers() []Tamper {
	return slices.Concat(tamperEntries(), tamperOffers(), tamperHolds(), tamperBooks())
}

// Implied are the rules that cannot be broken alone: they are kept for being plain to read.
func Implied() []string { return []string{"transfer_sum", "total_sum", "suspense"} }

func tamperEntries() []Tamper {
	return []Tamper{
		{"transfer_sum", "amount", false, `UPDATE entry SET amount = amount + 1
			WHERE account = 'trust'`},
		{"total_sum", "deleted", false, `DELETE FROM entry WHERE account = 'provider:dostek'`},
		{"running_balance", "richer", true, `UPDATE account SET balance = balance + 1`},
		{"account_bounds", "negative", false, `UPDATE account SET balance = -1`},
		{"account_bounds", "a wallet's credit", true, `UPDATE account SET credit = 1
			WHERE id LIKE 'wallet:%'`},
		{"orphan_account", "deleted", false, `DELETE FROM account`},
		{"orphan_account", "an empty one", true, `DELETE FROM account WHERE balance = 0 AND held = 0`},
		{"orphan_account", "of no wallet", true, `INSERT INTO account (id, balance)
			VALUES ('wallet:nobody', 0)`},
		{"orphan_entry", "deleted", true, `DELETE FROM transfer WHERE kind = 'fund'`},
		{"offer_transfer", "stolen fee", true, `UPDATE entry SET account = 'fee:mine'
			WHERE account = 'fee:dostek' AND amount > 0`},
		{"offer_transfer", "stolen from the provider", true, `UPDATE entry
			SET account = 'provider:mine' WHERE account = 'provider:dostek' AND amount > 0`},
		{"offer_transfer", "stolen by the fee", true, `UPDATE entry
			SET amount = amount + CASE WHEN account LIKE 'fee:%' THEN 100 ELSE -100 END
			WHERE transfer IN (SELECT id FROM transfer WHERE kind = 'payment')
			  AND (account LIKE 'fee:%' OR account LIKE 'provider:%')`},
		{"offer_transfer", "less than offered", false, `UPDATE transfer SET fee = fee - 1
			WHERE kind = 'payment'`},
		{"other_entries", "fund", true, `UPDATE entry SET account = 'adjust'
			WHERE account = 'trust'`},
		{"other_entries", "cash-in", false, `UPDATE entry SET account = 'adjust'
			WHERE account LIKE 'agent:%' AND amount < 0`},
		{"other_entries", "a fee", true, `UPDATE transfer SET fee = 1 WHERE kind = 'fund'`},
		{"reversal", "more than there was", true, `UPDATE transfer SET amount = amount + 100000
			WHERE kind = 'reversal'`},
		{"reversal", "from somebody else", true, `UPDATE entry SET account = 'provider:mine'
			WHERE account = 'provider:dostek' AND amount < 0`},
		{"reversal", "of another", true, `UPDATE transfer SET id = 'reversal:x'
			WHERE id = (SELECT max(id) FROM transfer WHERE kind = 'reversal');
			UPDATE entry SET transfer = 'reversal:x'
			WHERE transfer = (SELECT e.transfer FROM entry e LEFT JOIN transfer t ON t.id = e.transfer
			                  WHERE t.id IS NULL LIMIT 1)`},
	}
}

func tamperOffers() []Tamper {
	return []Tamper{
		{"done_without_transfer", "deleted", false, `DELETE FROM transfer WHERE kind = 'payment'`},
		{"done_without_transfer", "forged", true, `UPDATE offer SET state = 'done', pressed_at = 1,
			ended_at = 1 WHERE state = 'open'`},
		{"offer_transfer", "reopened", false, `UPDATE offer SET state = 'pressed', ended_at = 0
			WHERE state = 'done'`},
		{"offer_transfer", "deleted", false, `DELETE FROM offer WHERE state = 'done'`},
		{"offer_transfer", "amount", true, `UPDATE offer SET amount = 1
			WHERE state = 'done' AND held_at = 0`},
		{"open_offers", "two", true, `UPDATE offer SET state = 'open', reason = '',
			pressed_at = 0, ended_at = 0
			WHERE wallet IN (SELECT wallet FROM offer WHERE state = 'open') AND state = 'refused'`},
		{"limits", "less", true, `UPDATE limit_used SET used = used - 1, day_used = day_used - 1
			WHERE operation = 'out' AND day_used > 0`},
		{"limits", "less in the day", true, `UPDATE limit_used SET day_used = day_used - 1
			WHERE day_used > 0`},
		{"limits", "deleted", true, `DELETE FROM limit_used WHERE operation = 'payment'`},
		{"limits", "of nothing", true, `INSERT INTO limit_used (wallet, operation, month, used, day,
			day_used) SELECT id, 'cash_in', '2026-10', 1, '2026-10-21', 1 FROM wallet`},
		{"orphan_message", "other end", true, `UPDATE outbox SET offer_end = 'expired'
			WHERE offer_end = 'done'`},
		{"orphan_message", "never held", true, `UPDATE outbox SET offer_end = 'held'
			WHERE offer IN (SELECT id FROM offer WHERE state = 'done' AND held_at = 0)`},
		{"orphan_message", "no offer", true, `UPDATE outbox SET offer = 'none'
			WHERE offer IS NOT NULL`},
		{"blocked", "by nobody", true, `UPDATE wallet_pin SET locked_until = 253402214400000000`},
		{"blocked", "ended by nobody", true, `INSERT INTO audit (at, actor, act, subject, reason)
			SELECT 1, 'aida', 'block', 'wallet:' || wallet, 'asked' FROM wallet_pin`},
	}
}

func tamperHolds() []Tamper {
	return []Tamper{
		{"held", "more", true, `UPDATE account SET held = held + 1 WHERE held > 0`},
		{"held", "freed", true, `UPDATE account SET held = 0`},
		{"suspense", "deleted", false, `DELETE FROM entry WHERE account = 'suspense'`},
		{"hold_offer", "other time", true, `UPDATE offer SET held_at = held_at + 1
			WHERE state = 'held'`},
		{"hold_offer", "without a hold", true, `UPDATE offer SET held_at = 1
			WHERE state = 'refused' AND held_at = 0`},
		{"hold_offer", "ended alone", true, `UPDATE offer
			SET state = 'refused', ended_at = 1, reason = 'refused' WHERE state = 'held'`},
		{"hold_moves", "no beginning", true, `DELETE FROM hold_move WHERE state = 'held'`},
		{"hold_moves", "no end", true, `DELETE FROM hold_move WHERE state = 'posted'`},
		{"hold_moves", "two ends", true, `INSERT INTO hold_move (hold, state, at)
			SELECT hold, state, at FROM hold_move WHERE state IN ('posted', 'voided')`},
		{"hold_moves", "on and on", true, `INSERT INTO hold_move (hold, state, at)
			SELECT hold, 'sent', at FROM hold_move WHERE state = 'posted'`},
		{"hold_transfers", "other amount", true, `UPDATE hold SET posted = posted - 1
			WHERE state = 'posted'`},
		{"hold_transfers", "paid and void", false, `UPDATE transfer SET id = (
			SELECT min(id) FROM hold WHERE state = 'voided') WHERE id = (
			SELECT min(id) FROM hold WHERE state = 'posted')`},
		{"suspense_case", "of another", true, `UPDATE cases SET subject = 'payment:x'`},
	}
}

func tamperBooks() []Tamper {
	const agentTxn = `INSERT INTO agent_txn (agent, operation, txn, account, wallet, amount, verdict,
		fingerprint, transfer, txn_date, at, day)
		SELECT 'pay24', 'cash_in', '1', '', wallet, amount, 'done', fingerprint, id, '', 1, ''
		FROM transfer WHERE kind = 'fund' AND amount = 100000`
	const cashIn = `INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after,
		                      posted_at, day, month)
		SELECT 'cashin:forged', 'cash_in', wallet, 5, 0, fingerprint, 0, 1, '2026-11-21', '2026-11'
		FROM transfer WHERE kind = 'fund' AND amount = 100;
		INSERT INTO entry (transfer, line, account, amount)
		SELECT id, 1, 'agent:forged', -5 FROM transfer WHERE id = 'cashin:forged';
		INSERT INTO entry (transfer, line, account, amount)
		SELECT id, 2, 'wallet:' || wallet, 5 FROM transfer WHERE id = 'cashin:forged';
		INSERT INTO account (id, balance, credit) VALUES ('agent:forged', -5, 5);
		UPDATE account SET balance = balance + 5
		WHERE id = (SELECT 'wallet:' || wallet FROM transfer WHERE id = 'cashin:forged');
		UPDATE limit_used SET used = used + 5, day_used = day_used + 5 WHERE operation = 'cash_in'`
	return []Tamper{
		{"agent_txn", "of a funding", true, agentTxn},
		{"agent_txn", "other amount", true, `UPDATE agent_txn SET amount = amount + 1`},
		{"agent_txn", "another agent's", true, `UPDATE agent_txn SET agent = 'bank'`},
		{"cash_in_txn", "that nobody asked for", true, cashIn},
		{"rollup", "other balance", true, `INSERT INTO rollup (account, through, balance)
			VALUES ('provider:mine', 0, 1)`},
		{"rollup", "beyond", true, `INSERT INTO rollup (account, through, balance)
			VALUES ('provider:mine', 1, 0)`},
		{"closing_chain", "out of nothing", true, `INSERT INTO closed_day
			(day, through, whole, closed_at) VALUES ('2026-11-20', 0, 0, 1);
			INSERT INTO closing (account, day, opening, debit, credit, closing)
			VALUES ('trust', '2026-11-20', 1, 0, 0, 1)`},
		{"closing", "without its entries", true, `INSERT INTO closed_day
			(day, through, whole, closed_at) SELECT '2026-11-21', max(seq), max(seq), 1 FROM entry`},
		{"closing", "of what was not", true, `INSERT INTO closed_day
			(day, through, whole, closed_at) VALUES ('2026-11-20', 0, 0, 1);
			INSERT INTO closing (account, day, opening, debit, credit, closing)
			VALUES ('trust', '2026-11-20', 0, -1, 1, 0)`},
		{"orphan_record", "of nobody", true, `INSERT INTO audit (at, actor, act, subject, reason)
			VALUES (1, 'aida', 'level', 'wallet:nobody', 'asked')`},
		{"unrecorded", "reversal", true, `DELETE FROM audit WHERE act = 'reverse'`},
		{"unrecorded", "case", true, `UPDATE cases SET closed_at = 1, closed_by = 'aida',
			resolution = 'none'`},
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
