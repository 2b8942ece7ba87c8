package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const callApply = `
SELECT n, verdict, amount
FROM apply_payments($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                    $19, $20, $21, $22, $23, $24, $25)`

// Apply executes pressed offers in one transaction, which is one message to the server.
func (s *Store) Apply(
	ctx context.Context, payments []ledger.Payment,
) ([]ledger.Result, error) {
	if len(payments) == 0 {
		return nil, nil
	}
	for _, p := range payments {
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("pgstore: apply: %w", err)
		}
	}
	rounds := roundsOf(payments)
	var results []ledger.Result
	err := s.change(ctx, "apply", func(ctx context.Context, c *pgxpool.Conn) error {
		results = make([]ledger.Result, len(payments))
		before, err := send(ctx, c, payments, rounds, results)
		if err == nil {
			err = readDone(ctx, c, payments, before.done, results)
		}
		if err == nil {
			err = readHeld(ctx, c, payments, before.held, results)
		}
		return classify(err, true)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// roundsOf splits payments, by index, into rounds in which no wallet is twice, as payer or as
// payee, in order. A Poster's batch is one round.
func roundsOf(payments []ledger.Payment) [][]int {
	var rounds [][]int
	next := make(map[string]int, len(payments)) // the first round after a wallet's last one
	for i, p := range payments {
		wallets := p.Wallets()
		round := 0
		for _, w := range wallets {
			round = max(round, next[w])
		}
		for _, w := range wallets {
			next[w] = round + 1
		}
		if round == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], i)
	}
	return rounds
}

// send runs the rounds. The statements of a pgx.Batch without a BEGIN are one transaction, which is
// committed at its end: nothing counts before Close returns nil. It returns what was done or held
// before: of that more is to be read.
func send(
	ctx context.Context, c *pgxpool.Conn, payments []ledger.Payment, rounds [][]int,
	results []ledger.Result,
) (before earlier, err error) {
	batch := &pgx.Batch{}
	for _, round := range rounds {
		batch.Queue(callApply, applyArgs(payments, round)...)
	}
	sent := c.SendBatch(ctx, batch)
	for _, round := range rounds {
		if err := receive(sent, payments, round, results, &before); err != nil {
			return before, errors.Join(err, sent.Close())
		}
	}
	return before, sent.Close()
}

// earlier is what was done and what was held before, by the index of the payment.
type earlier struct{ done, held []int }

// applyArgs makes the arrays of apply_payments.
func applyArgs(payments []ledger.Payment, round []int) []any {
	type p = ledger.Payment
	batch := column(round, func(at int) p { return payments[at] })
	args := []any{
		column(batch, func(p p) string { return p.Offer.ID }),
		column(batch, func(p p) []byte { return p.Offer.Sum() }),
		column(batch, func(p p) int64 { return int64(p.Limits.PerPayment) }),
		column(batch, func(p p) int64 { return int64(p.Limits.PerDay) }),
		column(batch, func(p p) int64 { return int64(p.Limits.PerMonth) }),
		column(batch, func(p p) int64 { return int64(p.Out.PerPayment) }),
		column(batch, func(p p) int64 { return int64(p.Out.PerDay) }),
		column(batch, func(p p) int64 { return int64(p.Out.PerMonth) }),
		column(batch, func(p p) int64 { return int64(p.PayeeMost) }),
		column(batch, func(p p) string { return p.Day }),
		column(batch, func(p p) string { return p.Month }),
		column(batch, func(p p) int64 { return ledger.Micros(p.Now) }),
		column(batch, func(p p) string { return p.Terms.Txn }),
		column(batch, func(p p) int64 { return ledger.Micros(p.Terms.NextAt) }),
		column(batch, func(p p) int64 { return ledger.Micros(p.Terms.Deadline) }),
		column(batch, func(p p) []byte { return empty(p.Terms.Code) }),
	}
	return append(args, messageArgs(batch)...)
}

// A notice is a message of a payment: when it goes out, and whose balance it gets.
type notice struct {
	ledger.Message
	n    int64 // of the payment, from 1
	when ledger.OfferState
	of   string
}

// messageArgs makes the arrays of the messages of a batch.
func messageArgs(batch []ledger.Payment) []any {
	all := make([]notice, 0, 2*len(batch))
	for i, p := range batch {
		n := int64(i + 1)
		for _, m := range []notice{
			{p.Message, n, ledger.OfferDone, "payer"},
			{p.HeldMessage, n, ledger.OfferHeld, ""},
			{p.PayeeMessage, n, ledger.OfferDone, "payee"},
			{p.Refusal, n, ledger.OfferRefused, ""},
		} {
			if m.Kind != "" {
				all = append(all, m)
			}
		}
	}
	return []any{
		column(all, func(m notice) int64 { return m.n }),
		column(all, func(m notice) string { return string(m.when) }),
		column(all, func(m notice) string { return m.of }),
		column(all, func(m notice) string { return m.Key }),
		column(all, func(m notice) string { return m.To.Digits() }),
		column(all, func(m notice) string { return m.Kind }),
		column(all, func(m notice) string { return m.Lang }),
		column(all, notice.fields),
		column(all, func(m notice) []byte { return empty(m.Sealed) }),
	}
}

// fields is the stored form of the fields, ready for the balance to be appended if there is one.
func (m notice) fields() string {
	if m.of == "" {
		return ledger.EncodeFields(m.Fields)
	}
	return openFields(m.Fields)
}

// column makes the array of one parameter.
func column[Row, T any](rows []Row, of func(Row) T) []T {
	all := make([]T, len(rows))
	for i, row := range rows {
		all[i] = of(row)
	}
	return all
}

// openFields is the stored form of the fields, ready for the balance to be appended.
func openFields(fields map[string]string) string {
	others := maps.Clone(fields)
	delete(others, ledger.BalanceField)
	text := strings.TrimSuffix(ledger.EncodeFields(others), "}")
	if len(others) > 0 {
		text += ","
	}
	return text
}

// receive reads the verdicts of a round, and adds to what was done or held before.
func receive(
	sent pgx.BatchResults, payments []ledger.Payment, round []int, results []ledger.Result,
	before *earlier,
) error {
	rows, err := sent.Query()
	if err != nil {
		return err
	}
	var n int
	var verdict string
	var amount money.Amount
	_, err = pgx.ForEachRow(rows, []any{&n, &verdict, &amount}, func() error {
		at := round[n-1]
		switch verdict {
		case "paid":
			results[at] = ledger.PaidResult(payments[at], amount)
		case string(ledger.OfferDone):
			before.done = append(before.done, at)
		case "hold":
			results[at] = ledger.HeldResult(payments[at])
		case string(ledger.OfferHeld):
			before.held = append(before.held, at)
		default:
			results[at].Err = &ledger.Decline{
				Reason: ledger.Reason(verdict), Key: payments[at].Offer.ID, Limit: amount,
			}
		}
		return nil
	})
	return err
}

const selectHeldAt = `SELECT id, held_at FROM offer WHERE id = ANY ($1)`

// readHeld says of what was held before when it was. That never changes.
func readHeld(
	ctx context.Context, c *pgxpool.Conn, payments []ledger.Payment, before []int,
	results []ledger.Result,
) error {
	if len(before) == 0 {
		return nil
	}
	ids := column(before, func(at int) string { return payments[at].Offer.ID })
	rows, err := c.Query(ctx, selectHeldAt, ids)
	if err != nil {
		return err
	}
	heldAt := make(map[string]int64, len(before))
	var id string
	var micros int64
	_, err = pgx.ForEachRow(rows, []any{&id, &micros}, func() error {
		heldAt[id] = micros
		return nil
	})
	for _, at := range before {
		results[at] = ledger.HeldResult(payments[at])
		results[at].Receipt.Offer.HeldAt = ledger.FromMicros(heldAt[payments[at].Offer.ID])
	}
	return err
}

// readDone reads the receipts of what was done before. A receipt never changes.
func readDone(
	ctx context.Context, c *pgxpool.Conn, payments []ledger.Payment, before []int,
	results []ledger.Result,
) error {
	if len(before) == 0 {
		return nil
	}
	ids := column(before, func(at int) string { return payments[at].Offer.ID })
	rows, err := c.Query(ctx, selectReceiptsByID, ids)
	if err != nil {
		return err
	}
	receipts, err := pgx.CollectRows(rows, scanReceipt)
	if err != nil {
		return err
	}
	byID := make(map[string]ledger.Receipt, len(receipts))
	for _, r := range receipts {
		byID[r.TransferID] = r
	}
	for _, at := range before {
		receipt, ok := byID[payments[at].Offer.ID]
		if !ok {
			return fmt.Errorf("offer %s is done without a transfer", payments[at].Offer.ID)
		}
		results[at].Receipt = receipt
	}
	return nil
}

const selectFingerprint = `SELECT fingerprint = $2 FROM transfer WHERE id = $1`

const creditAccount = `UPDATE account SET balance = balance + $2 WHERE id = $1 RETURNING balance`

const insertFunding = `
INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at, day,
                      month)
VALUES ($1, 'fund', $2, $3, 0, $4, $5, $6, $7, $8)`

const insertFundingEntries = `
INSERT INTO entry (transfer, line, account, amount)
VALUES ($1, 1, $2, -$4::bigint), ($1, 2, $3, $4::bigint)`

// Fund moves amount from the trust account to a wallet.
func (s *Store) Fund(
	ctx context.Context, key, wallet string, amount, most money.Amount, now time.Time,
) error {
	if err := ledger.ValidateFunding(key, amount, most, now); err != nil {
		return fmt.Errorf("pgstore: %w", err)
	}
	id, sum := ledger.FundTransfer(key), ledger.FundSum(key, wallet, int64(amount))
	account := ledger.WalletAccount(wallet)
	return s.transact(ctx, "fund", func(ctx context.Context, tx pgx.Tx) error {
		// One funding of a key at a time, whatever the wallet.
		if _, err := tx.Exec(ctx, lockFunding, id); err != nil {
			return err
		}
		var same bool
		err := tx.QueryRow(ctx, selectFingerprint, id, sum).Scan(&same)
		if err == nil && !same {
			return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: key}
		}
		if err == nil || !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		balance, err := credit(ctx, tx, key, account, amount, most)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertFunding, id, wallet, amount, sum, balance, ledger.Micros(now),
			now.Format(time.DateOnly), now.Format("2006-01"))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertFundingEntries, id, ledger.TrustAccount, account, amount)
		return err
	})
}

const lockAccount = `SELECT balance FROM account WHERE id = $1 FOR NO KEY UPDATE`

// credit adds a funding to a wallet's account and returns the balance after it.
func credit(
	ctx context.Context, tx pgx.Tx, key, account string, amount, most money.Amount,
) (balance money.Amount, err error) {
	err = tx.QueryRow(ctx, lockAccount, account).Scan(&balance)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ledger.ErrNoWallet
	}
	if err != nil {
		return 0, err
	}
	if d := ledger.JudgeFunding(key, balance, amount, most); d != nil {
		return 0, d
	}
	err = tx.QueryRow(ctx, creditAccount, account, amount).Scan(&balance)
	return balance, err
}

const lockFunding = `SELECT pg_advisory_xact_lock(hashtextextended($1, 1))`

// Transfers returns payments of a wallet, newest first.
func (s *Store) Transfers(
	ctx context.Context, wallet string, limit int,
) ([]ledger.Receipt, error) {
	return s.receipts(ctx, "transfers", selectTransfers, wallet, limit)
}

const selectUsed = `
SELECT coalesce(max(CASE WHEN day = $3 THEN day_used END), 0), coalesce(max(used), 0)
FROM limit_used WHERE wallet = $1 AND operation = $2 AND month = $4`

// Used returns how much of the limits of an operation a wallet has used.
func (s *Store) Used(
	ctx context.Context, wallet string, op ledger.Operation, day, month string,
) (ledger.Used, error) {
	var u ledger.Used
	err := s.one(ctx, "used", ledger.ErrNoWallet, selectUsed,
		[]any{wallet, string(op), day, month}, &u.Day, &u.Month)
	return u, err
}
