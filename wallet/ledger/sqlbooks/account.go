package sqlbooks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// standing is an account with a running balance, locked.
type standing struct {
	balance, held, credit money.Amount
}

// available is what the account has to spend.
func (s standing) available() money.Amount { return s.balance - s.held }

const selectAccount = `SELECT balance, held, credit FROM account WHERE id = $1`

// accounts locks accounts in the order of their ids. It fails with missing when one does not exist.
func (b *Books) accounts(t Tx, missing error, ids ...string) (map[string]standing, error) {
	all := make(map[string]standing, len(ids))
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		var s standing
		err := t.Row(selectAccount+b.lock, []any{id}, &s.balance, &s.held, &s.credit)
		if errors.Is(err, ErrNoRow) {
			return nil, missing
		}
		if err != nil {
			return nil, err
		}
		all[id] = s
	}
	return all, nil
}

const moveAccount = `
UPDATE account SET balance = balance + $2, held = held + $3 WHERE id = $1 RETURNING balance - held`

// moveAccount changes an account that is locked, and returns what it has to spend then.
func (b *Books) moveAccount(
	t Tx, id string, amount, held money.Amount,
) (available money.Amount, err error) {
	err = t.Row(moveAccount, []any{id, amount, held}, &available)
	return available, err
}

// A transferRow is a row of the table transfer. Empty texts that may be missing are stored as NULL.
type transferRow struct {
	id, kind, wallet, reversalOf string
	amount, fee                  money.Amount
	fingerprint                  []byte
	balance                      money.Amount // what the wallet has to spend, afterwards
	at                           int64
	day, month                   string
}

const insertTransfer = `
INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at, day,
                      month, reversal_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

const insertEntry = `INSERT INTO entry (transfer, line, account, amount) VALUES ($1, $2, $3, $4)`

// A posting moves an amount from the account that is debited to the one that is credited.
type posting struct {
	debit, credit string
	amount        money.Amount
}

// write writes a transfer and its entries: one line for each account that the postings name, in the
// order in which they do, and none for an account that they leave as it was. The running balances
// are the caller's.
func write(t Tx, r transferRow, postings ...posting) error {
	_, err := t.Exec(insertTransfer, r.id, r.kind, optional(r.wallet), r.amount, r.fee, r.fingerprint,
		r.balance, r.at, r.day, r.month, optional(r.reversalOf))
	if err != nil {
		return err
	}
	var accounts []string
	sums := make(map[string]money.Amount)
	add := func(account string, amount money.Amount) {
		if _, known := sums[account]; !known {
			accounts = append(accounts, account)
		}
		sums[account] += amount
	}
	for _, p := range postings {
		if p.amount < 0 {
			panic(fmt.Sprintf("sqlbooks: transfer %s: posting of %s", r.id, p.amount))
		}
		add(p.debit, -p.amount)
		add(p.credit, p.amount)
	}
	for i, account := range accounts {
		if sums[account] == 0 {
			continue
		}
		if _, err := t.Exec(insertEntry, r.id, i+1, account, sums[account]); err != nil {
			return err
		}
	}
	return nil
}

// optional stores no text as NULL.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

const returnLimit = `
UPDATE limit_used
SET used = used - $4, day_used = day_used - CASE WHEN day = $5 THEN CAST($4 AS BIGINT) ELSE 0 END
WHERE wallet = $1 AND operation IN ($2, 'out') AND month = $3`

// returnLimits gives back what a hold has used of the limits. The account of the wallet is locked.
func returnLimits(t Tx, h ledger.Hold, amount money.Amount) error {
	if amount == 0 {
		return nil
	}
	changed, err := t.Exec(returnLimit, h.Offer.Wallet, string(h.Offer.Operation), h.Month, amount,
		h.Day)
	if err == nil && changed != 2 {
		err = fmt.Errorf("hold %s: %d limits to give back, want 2", h.ID, changed)
	}
	return err
}

// tell enqueues a message, if there is one, with what a wallet has to spend. A message of its key
// is the same message. It tells of the end of an offer, or of none.
func tell(
	t Tx, m ledger.Message, balance money.Amount, now int64, offer string, end ledger.OfferState,
) error {
	if m.Kind == "" {
		return nil
	}
	if err := m.Validate(); err != nil {
		return err
	}
	fields := maps.Clone(m.Fields)
	if fields == nil {
		fields = make(map[string]string)
	}
	fields[ledger.BalanceField] = balance.String()
	_, err := t.Exec(insertMessage, m.Key, m.To.Digits(), m.Kind, m.Lang,
		ledger.EncodeFields(fields), null(m.Sealed), optional(offer), optional(string(end)), now)
	return err
}

// cut bounds what another side has said.
func cut(text string) string { return strings.TrimSpace(ledger.CutError(text)) }
