package bookmodel

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

func sortBy[T any](all []T, key func(T) (time.Time, string)) {
	slices.SortStableFunc(all, func(x, y T) int {
		xt, xs := key(x)
		yt, ys := key(y)
		return cmp.Or(xt.Compare(yt), cmp.Compare(xs, ys))
	})
}

// rollUp returns how many accounts, other than wallets', have moved since the last time.
func (b *book) rollUp() int {
	moved := map[string]bool{}
	for _, t := range b.transfers[b.rolled:] {
		for _, e := range t.entries {
			if !strings.HasPrefix(e.account, "wallet:") {
				moved[e.account] = true
			}
		}
	}
	b.rolled = len(b.transfers)
	b.rolledSum = maps.Clone(b.summed)
	return len(moved)
}

func (b *book) lastClosed() string {
	if len(b.closed) == 0 {
		return ""
	}
	return b.closed[len(b.closed)-1]
}

func (b *book) closeDay(day string, r *ledger.Record) error {
	if slices.Contains(b.closed, day) {
		return nil
	}
	if last := b.lastClosed(); last > day {
		return decline(ledger.ReasonDayClosed, last)
	}
	b.closed = append(b.closed, day)
	rows := map[string]*ledger.Closing{}
	for _, t := range b.transfers {
		if t.closed != "" || t.day > day {
			continue
		}
		t.closed = day
		for _, e := range t.entries {
			c := rows[e.account]
			if c == nil {
				c = &ledger.Closing{Account: e.account, Day: day, Opening: b.closingOf(e.account)}
				rows[e.account] = c
			}
			c.Debit += min(e.amount, 0)
			c.Credit += max(e.amount, 0)
		}
	}
	for _, c := range rows {
		c.Closing = c.Opening + c.Debit + c.Credit
		b.closings = append(b.closings, *c)
	}
	b.record(r)
	return nil
}

// closingOf is the last closing of an account.
func (b *book) closingOf(account string) money.Amount {
	var last ledger.Closing
	for _, c := range b.closings {
		if c.Account == account && c.Day > last.Day {
			last = c
		}
	}
	return last.Closing
}

// dayOf is the day of a statement that has a transfer.
func (b *book) dayOf(t *transfer) string {
	if t.closed != "" || len(b.closed) == 0 {
		return cmp.Or(t.closed, t.day)
	}
	return max(t.day, shift(b.lastClosed(), 1))
}

// shift is some days after a day.
func shift(day string, days int) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return at.AddDate(0, 0, days).Format(time.DateOnly)
}

// movements are the transfers on an account, oldest first.
func (b *book) movements(account string) []*transfer {
	var all []*transfer
	for _, t := range b.transfers {
		if t.touches(account) {
			all = append(all, t)
		}
	}
	return all
}

// classes are the balances by class.
func (b *book) classes() map[string]ledger.ClassBalance {
	all := map[string]ledger.ClassBalance{}
	for _, account := range b.accounts() {
		class, _, single := strings.Cut(account, ":")
		_, used := b.summed[account]
		if !single && !used && account != "trust" {
			continue
		}
		c := all[class]
		c.Class = class
		c.Accounts++
		c.Balance += b.sum(account)
		all[class] = c
	}
	return all
}
