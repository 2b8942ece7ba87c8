package sqlbooks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// closedIn is the closed day that has an entry e of a transfer t, or null.
const closedIn = `(
    SELECT min(c.day) FROM closed_day c WHERE c.day >= t.day AND c.through >= e.seq)`

// selectMovements gives each transfer at the last of its entries on the account $1. The offer's
// columns are empty when it came of none.
const selectMovements = `
SELECT m.seq, m.id, m.kind, m.amount, m.fee, m.wallet, m.posted_at, m.day, m.closed,
       coalesce(o.id, ''), coalesce(o.wallet, ''), coalesce(o.operation, ''), coalesce(o.payee, ''),
       coalesce(o.provider, ''), coalesce(o.provider_name, ''), coalesce(o.account, ''),
       coalesce(o.amount, 0), coalesce(o.fee, 0), coalesce(o.provider_fee, 0), coalesce(o.code, ''),
       coalesce(o.revision, ''), coalesce(o.lang, ''), o.fingerprint, coalesce(o.created_at, 0),
       coalesce(o.expires_at, 0), coalesce(o.state, ''), coalesce(o.pressed_at, 0),
       coalesce(o.held_at, 0), coalesce(o.reason, ''), coalesce(o.reason_limit, 0)
FROM (
    SELECT e.seq, t.id, t.kind, CAST((
               SELECT sum(x.amount) FROM entry x
               WHERE x.transfer = e.transfer AND x.account = e.account) AS BIGINT) AS amount,
           CASE WHEN 'wallet:' || t.wallet = e.account THEN t.fee ELSE 0 END AS fee,
           coalesce(t.wallet, '') AS wallet, t.posted_at, t.day,
           coalesce(` + closedIn + `, '') AS closed,
           CASE t.kind WHEN 'suspense' THEN substr(t.id, length('suspense:') + 1)
               WHEN 'refund' THEN substr(t.id, length('refund:') + 1)
               WHEN 'reversal' THEN t.reversal_of ELSE t.id END AS offer
    FROM entry e JOIN transfer t ON t.id = e.transfer
    WHERE e.account = $1 AND NOT EXISTS (
        SELECT 1 FROM entry y
        WHERE y.transfer = e.transfer AND y.account = e.account AND y.seq > e.seq)
`

const selectNewestMovements = selectMovements + `
      AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3
) m LEFT JOIN offer o ON o.id = m.offer
ORDER BY m.seq DESC`

// Movements returns transfers on an account, newest first.
func (b *Books) Movements(
	ctx context.Context, account string, before int64, limit int,
) ([]ledger.Movement, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var all []ledger.Movement
	err := b.db.View(ctx, "movements", func(t Tx) error {
		all = nil
		args := []any{account, before, limit}
		return t.Rows(selectNewestMovements, args, func(scan Scan) error {
			m, err := scanMovement(scan)
			all = append(all, m)
			return err
		})
	})
	return all, err
}

func scanMovement(scan Scan) (ledger.Movement, error) {
	var m ledger.Movement
	var at int64
	var o OfferRow
	dest := []any{
		&m.Seq, &m.Transfer, &m.Kind, &m.Amount, &m.Fee, &m.Wallet, &at, &m.Day, &m.Closed,
	}
	err := scan(append(dest, o.Dest()...)...)
	m.At, m.Offer = ledger.FromMicros(at), o.Read()
	return m, err
}

// dayOf is the day that an entry belongs to: $3 is the first day that is still open.
const dayOf = `coalesce(` + closedIn + `,
                 CASE WHEN t.day < CAST($3 AS TEXT) THEN CAST($3 AS TEXT) ELSE t.day END)`

// No entry of a day from $4 on has a number up to $2, and none of a day up to $5 one above $6.
const selectStatement = selectMovements + `
      AND e.seq > $2 AND e.seq <= $6
      AND ` + dayOf + ` BETWEEN CAST($4 AS TEXT) AND CAST($5 AS TEXT)
) m LEFT JOIN offer o ON o.id = m.offer
ORDER BY m.seq`

const selectClosingBefore = `
SELECT closing FROM closing WHERE account = $1 AND day < $2 ORDER BY day DESC LIMIT 1`

// What was written before a day and is in no closed day.
const selectOpenBefore = `
SELECT CAST(coalesce(sum(e.amount), 0) AS BIGINT)
FROM entry e JOIN transfer t ON t.id = e.transfer
WHERE e.account = $1 AND e.seq > $2 AND ` + closedIn + ` IS NULL AND ` + dayOf + ` < $4`

const selectWholeBefore = `
SELECT whole FROM closed_day WHERE day < $1 ORDER BY day DESC LIMIT 1`

const selectThroughOf = `SELECT through FROM closed_day WHERE day >= $1 ORDER BY day LIMIT 1`

const selectAccountUsed = `
SELECT (SELECT count(*) FROM account WHERE id = $1)
     + (SELECT count(*) FROM (SELECT 1 FROM entry WHERE account = $1 LIMIT 1) x)`

// errStopped ends the reading for an error of the caller's, which it goes beside: a store would
// take it for one of its own.
var errStopped = errors.New("sqlbooks: stopped by the caller")

// Statement tells the transfers on an account in some days.
func (b *Books) Statement(
	ctx context.Context, account, from, to string,
	begin func(opening money.Amount) error, each func(ledger.Movement) error,
) error {
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("sqlbooks: statement: day %q", day)
		}
	}
	var stopped error
	err := b.db.Survey(ctx, "statement", func(t Tx) error {
		w, err := statementWindow(t, account, from, to)
		if err != nil {
			return err
		}
		if stopped = begin(w.opening); stopped != nil {
			return errStopped
		}
		args := []any{account, w.after, w.next, from, to, w.through}
		return t.Rows(selectStatement, args, func(scan Scan) error {
			m, err := scanMovement(scan)
			if err != nil {
				return err
			}
			if stopped = each(m); stopped != nil {
				return errStopped
			}
			return nil
		})
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// window is where the entries of a statement are.
type window struct {
	opening        money.Amount
	after, through int64
	next           string // the first day that is still open
}

func statementWindow(t Tx, account, from, to string) (window, error) {
	w := window{through: math.MaxInt64}
	var used int
	if err := t.Row(selectAccountUsed, []any{account}, &used); err != nil {
		return w, err
	}
	if used == 0 && !single(account) {
		return w, ledger.ErrNoAccount
	}
	last, err := lastClosed(t)
	if err != nil {
		return w, err
	}
	w.next = last.next()
	var open money.Amount
	err = t.Row(selectOpenBefore, []any{account, last.whole, w.next, from}, &open)
	if err != nil {
		return w, err
	}
	for _, q := range []struct {
		query string
		args  []any
		dest  any
	}{
		{selectClosingBefore, []any{account, from}, &w.opening},
		{selectWholeBefore, []any{from}, &w.after},
		{selectThroughOf, []any{to}, &w.through},
	} {
		if err := t.Row(q.query, q.args, q.dest); err != nil && !errors.Is(err, ErrNoRow) {
			return w, err
		}
	}
	w.opening += open
	return w, nil
}

// single reports whether there is only one account of its class, which always exists.
func single(account string) bool {
	return account == ledger.TrustAccount || account == ledger.SuspenseAccount ||
		account == ledger.AdjustAccount
}

// A payment is found by its entry with the provider: $2 is where the entries of days before $3 end.
const selectProviderPayments = `
SELECT coalesce(h.txn, ''), coalesce(h.provider_txn, ''), t.balance_after, t.posted_at, t.id,
       t.amount, t.fee,` + OfferColumns + `
FROM entry e
JOIN transfer t ON t.id = e.transfer
JOIN offer o ON o.id = t.id
LEFT JOIN hold h ON h.id = t.id
WHERE e.account = $1 AND e.seq > $2 AND t.day = $3 AND t.kind = 'payment' AND e.amount > 0
ORDER BY e.seq`

// ProviderPayments tells the payments of a day that a provider has got.
func (b *Books) ProviderPayments(
	ctx context.Context, provider, day string, each func(ledger.Settled) error,
) error {
	var stopped error
	err := b.db.Survey(ctx, "provider payments", func(t Tx) error {
		var after int64
		err := t.Row(selectWholeBefore, []any{day}, &after)
		if err != nil && !errors.Is(err, ErrNoRow) {
			return err
		}
		args := []any{ledger.ProviderAccount(provider), after, day}
		return t.Rows(selectProviderPayments, args, func(scan Scan) error {
			var s ledger.Settled
			var r ReceiptRow
			if err := scan(append([]any{&s.Txn, &s.ProviderTxn}, r.Dest()...)...); err != nil {
				return err
			}
			s.Receipt = r.Read()
			if stopped = each(s); stopped != nil {
				return errStopped
			}
			return nil
		})
	})
	if stopped != nil {
		return stopped
	}
	return err
}
