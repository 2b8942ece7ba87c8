package sqlbooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// rollUpStep is the most entries that one transaction of a roll-up looks at.
const rollUpStep = 100_000

const selectRolledUp = `SELECT through FROM rollup WHERE account = 'trust'`

const rollUp = `
INSERT INTO rollup (account, through, balance)
SELECT account, CAST($2 AS BIGINT), CAST(sum(amount) AS BIGINT)
FROM entry WHERE seq > $1 AND seq <= $2 AND account NOT LIKE 'wallet:%'
GROUP BY account
ON CONFLICT (account) DO UPDATE SET
    through = excluded.through, balance = rollup.balance + excluded.balance`

const advanceRollUp = `UPDATE rollup SET through = $1 WHERE account = 'trust'`

// RollUp folds the entries so far into the roll-ups.
func (b *Books) RollUp(ctx context.Context) (moved int, err error) {
	settled, err := b.db.Settled(ctx)
	if err != nil {
		return 0, err
	}
	for done := false; !done; {
		var n int64
		err := b.db.Change(ctx, "roll up", func(t Tx) error {
			n = 0
			var from int64
			if err := t.Row(selectRolledUp+b.lock, nil, &from); err != nil {
				return err
			}
			if done = from >= settled; done {
				return nil
			}
			to := min(settled, from+rollUpStep)
			var err error
			if n, err = t.Exec(rollUp, from, to); err != nil {
				return err
			}
			_, err = t.Exec(advanceRollUp, to)
			return err
		})
		if err != nil {
			return moved, err
		}
		moved += int(n)
	}
	return moved, nil
}

const selectAccountBalance = `
SELECT CAST(coalesce((SELECT balance FROM rollup WHERE account = $1), 0) + coalesce((
    SELECT sum(amount) FROM entry
    WHERE account = $1
      AND seq > coalesce((SELECT through FROM rollup WHERE account = $1), 0)), 0) AS BIGINT)`

// AccountBalance returns the sum of an account's entries.
func (b *Books) AccountBalance(ctx context.Context, account string) (sum money.Amount, err error) {
	err = b.db.View(ctx, "account balance", func(t Tx) error {
		return t.Row(selectAccountBalance, []any{account}, &sum)
	})
	return sum, err
}

const selectRunning = `
SELECT CASE WHEN id LIKE 'wallet:%' THEN 'wallet' ELSE 'agent' END, count(*),
       CAST(sum(balance) AS BIGINT)
FROM account GROUP BY 1 ORDER BY 1 DESC`

const selectSummed = `
SELECT account, CAST(sum(amount) AS BIGINT)
FROM (
    SELECT account, balance AS amount FROM rollup
    UNION ALL
    SELECT account, amount FROM entry
    WHERE seq > (SELECT through FROM rollup WHERE account = 'trust') AND account NOT LIKE 'wallet:%'
) x
WHERE account NOT LIKE 'agent:%' GROUP BY account`

// ClassBalances returns what all accounts of each class hold together.
func (b *Books) ClassBalances(ctx context.Context) ([]ledger.ClassBalance, error) {
	classes := []string{"wallet", "agent", "provider", "fee", "suspense", "adjust", "trust"}
	var all []ledger.ClassBalance
	add := func(class string, accounts int, balance money.Amount) {
		for i := range all {
			if all[i].Class == class {
				all[i].Accounts += accounts
				all[i].Balance += balance
			}
		}
	}
	err := b.db.Survey(ctx, "class balances", func(t Tx) error {
		all = nil
		for _, class := range classes {
			all = append(all, ledger.ClassBalance{Class: class})
		}
		err := t.Rows(selectRunning, nil, func(scan Scan) error {
			var class string
			var accounts int
			var balance money.Amount
			err := scan(&class, &accounts, &balance)
			add(class, accounts, balance)
			return err
		})
		if err != nil {
			return err
		}
		return t.Rows(selectSummed, nil, func(scan Scan) error {
			var account string
			var balance money.Amount
			err := scan(&account, &balance)
			class, _, _ := strings.Cut(account, ":")
			add(class, 1, balance)
			return err
		})
	})
	return all, err
}

const countEntries = `SELECT count(*) FROM entry`

// CountEntries counts all entries.
func (b *Books) CountEntries(ctx context.Context) (n int64, err error) {
	err = b.db.Survey(ctx, "count entries", func(t Tx) error {
		return t.Row(countEntries, nil, &n)
	})
	return n, err
}

const selectTotals = `
SELECT CAST(coalesce(-sum(balance), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN account LIKE 'agent:%' THEN balance END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN account = 'suspense' THEN balance END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN account = 'trust' THEN balance END), 0) AS BIGINT),
       (SELECT count(*) FROM cases WHERE closed_at = 0)
FROM rollup`

const selectMessagesWaiting = `
SELECT count(*), coalesce(min(created_at), 0) FROM outbox WHERE sent_at = 0 AND dead_at = 0`

const selectHoldCounts = `
SELECT state, count(*), min(created_at) FROM hold WHERE ended_at = 0 GROUP BY state ORDER BY state`

// Totals returns what a glance at the books shows.
func (b *Books) Totals(ctx context.Context) (all ledger.Totals, err error) {
	err = b.db.View(ctx, "totals", func(t Tx) error {
		all = ledger.Totals{}
		err := t.Row(selectTotals, nil, &all.Wallets, &all.Agents, &all.Suspense, &all.Trust,
			&all.OpenCases)
		if err != nil {
			return err
		}
		var oldest int64
		if err := t.Row(selectMessagesWaiting, nil, &all.Messages, &oldest); err != nil {
			return err
		}
		all.OldestMessage = ledger.FromMicros(oldest)
		return t.Rows(selectHoldCounts, nil, func(scan Scan) error {
			var h ledger.HoldCount
			var oldest int64
			err := scan(&h.State, &h.Count, &oldest)
			h.Oldest = ledger.FromMicros(oldest)
			all.Holds = append(all.Holds, h)
			return err
		})
	})
	return all, err
}

const selectClosedDay = `SELECT count(*) FROM closed_day WHERE day = $1`

const selectLastClosed = `SELECT day, through, whole FROM closed_day ORDER BY day DESC LIMIT 1`

const insertClosedDay = `
INSERT INTO closed_day (day, through, whole, closed_at) VALUES ($1, $2, $3, $4)`

// What is left over is of a later day, and was written before this one was closed.
const selectLeftOver = `
SELECT coalesce(min(e.seq), 0) FROM entry e JOIN transfer t ON t.id = e.transfer
WHERE e.seq > $1 AND e.seq <= $2 AND t.day > $3`

const insertClosings = `
INSERT INTO closing (account, day, opening, debit, credit, closing)
SELECT m.account, CAST($1 AS TEXT), m.opening, m.debit, m.credit, m.opening + m.debit + m.credit
FROM (
    SELECT x.account, x.debit, x.credit,
           coalesce((SELECT c.closing FROM closing c WHERE c.account = x.account
                     ORDER BY c.day DESC LIMIT 1), 0) AS opening
    FROM (
        SELECT e.account,
               CAST(sum(CASE WHEN e.amount < 0 THEN e.amount ELSE 0 END) AS BIGINT) AS debit,
               CAST(sum(CASE WHEN e.amount > 0 THEN e.amount ELSE 0 END) AS BIGINT) AS credit
        FROM entry e JOIN transfer t ON t.id = e.transfer
        WHERE e.seq > $2 AND e.seq <= $3 AND t.day <= $1 AND (e.seq > $4 OR t.day > $5)
        GROUP BY e.account
    ) x
) m`

// CloseDay closes a day. The row of the roll-up keeps others from closing one at the same time.
func (b *Books) CloseDay(
	ctx context.Context, day string, now time.Time, r *ledger.Record,
) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil || now.IsZero() {
		return fmt.Errorf("sqlbooks: close day: day %q, time %s", day, now)
	}
	settled, err := b.db.Settled(ctx)
	if err != nil {
		return err
	}
	return b.db.Bulk(ctx, "close day", func(t Tx) error {
		var rolled int64
		if err := t.Row(selectRolledUp+b.lock, nil, &rolled); err != nil {
			return err
		}
		var closed int
		if err := t.Row(selectClosedDay, []any{day}, &closed); err != nil || closed > 0 {
			return err
		}
		last, err := lastClosed(t)
		if err != nil {
			return err
		}
		if last.day > day {
			return &ledger.Decline{Reason: ledger.ReasonDayClosed, Key: last.day}
		}
		// Another process may have closed the day before this one after a later look.
		through := max(settled, last.through)
		var left int64
		if err := t.Row(selectLeftOver, []any{last.whole, through, day}, &left); err != nil {
			return err
		}
		whole := through
		if left > 0 {
			whole = left - 1
		}
		if _, err := t.Exec(insertClosedDay, day, through, whole, ledger.Micros(now)); err != nil {
			return err
		}
		_, err = t.Exec(insertClosings, day, last.whole, through, last.through, last.day)
		if err != nil || r == nil {
			return err
		}
		return record(t, *r)
	})
}

// closedDay is a row of closed_day; the zero value is before the first one.
type closedDay struct {
	day            string
	through, whole int64
}

func lastClosed(t Tx) (closedDay, error) {
	var last closedDay
	err := t.Row(selectLastClosed, nil, &last.day, &last.through, &last.whole)
	if errors.Is(err, ErrNoRow) {
		err = nil
	}
	return last, err
}

// next is the first day that is still open, "" before the first one is closed.
func (d closedDay) next() string {
	day, err := time.Parse(time.DateOnly, d.day)
	if err != nil {
		return ""
	}
	return day.AddDate(0, 0, 1).Format(time.DateOnly)
}

// LastClosed returns the last closed day.
func (b *Books) LastClosed(ctx context.Context) (string, error) {
	var last closedDay
	err := b.db.View(ctx, "last closed", func(t Tx) (err error) {
		last, err = lastClosed(t)
		return err
	})
	return last.day, err
}

const selectClosings = `
SELECT account, day, opening, debit, credit, closing FROM closing
WHERE account = $1 AND day >= $2 AND day <= $3 ORDER BY day`

// Closings returns an account on closed days.
func (b *Books) Closings(
	ctx context.Context, account, from, to string,
) ([]ledger.Closing, error) {
	var all []ledger.Closing
	err := b.db.View(ctx, "closings", func(t Tx) error {
		return t.Rows(selectClosings, []any{account, from, to}, func(scan Scan) error {
			var c ledger.Closing
			err := scan(&c.Account, &c.Day, &c.Opening, &c.Debit, &c.Credit, &c.Closing)
			all = append(all, c)
			return err
		})
	})
	return all, err
}
