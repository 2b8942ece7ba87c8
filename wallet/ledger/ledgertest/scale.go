package ledgertest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
)

// EntriesPerScaled is how many entries each offer of Scale has.
const EntriesPerScaled = 3

// Scale returns SQL that fills an empty store with the books of n paid offers and what belongs to
// them: a wallet for every 25, a closed day, and a hold for every tenth. It goes around the Store,
// which would take minutes for a million entries.
func Scale(n int) []string {
	const each = 25
	n = (n + each - 1) / each * each
	const fill = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n}),
     w (i) AS (SELECT i FROM n WHERE i % 25 = 0),
     o (i, id, wallet) AS (
         -- Ids are in no order, as random ones are.
         SELECT i, 'o' || CAST((CAST(i AS BIGINT) * 2654435761) % 4294967296 AS TEXT),
                'w' || CAST(((i - 1) / 25 + 1) * 25 AS TEXT) FROM n)
`
	statements := []string{
		`INSERT INTO wallet (id, msisdn, name, lang, level, birth_date, offer_hash, registered_at)
SELECT 'w' || CAST(i AS TEXT), '996' || CAST(i AS TEXT), 'Asanov Asan', 'ru', 'remote', '21011990',
       'agreed', 1 FROM w`,
		`INSERT INTO account (id, balance)
SELECT 'wallet:w' || CAST(i AS TEXT), 1000000 - 25 * 1100 FROM w`,
		`INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
                      day, month)
SELECT 'fund:' || CAST(i AS TEXT), 'fund', 'w' || CAST(i AS TEXT), 1000000, 0, {none}, 1000000, 1,
       '', '' FROM w`,
		`INSERT INTO entry (transfer, line, account, amount)
SELECT 'fund:' || CAST(i AS TEXT), 1, 'trust', -1000000 FROM w`,
		`INSERT INTO entry (transfer, line, account, amount)
SELECT 'fund:' || CAST(i AS TEXT), 2, 'wallet:w' || CAST(i AS TEXT), 1000000 FROM w`,
		`INSERT INTO offer (id, wallet, provider, provider_name, account, amount, fee, code, revision,
                   lang, fingerprint, created_at, expires_at, state, pressed_at, held_at, ended_at)
SELECT id, wallet, 'dostek', 'Достек', '01234567890123', 1000, 100, '1234567890', '0123456789ab',
       'ru', {none}, 1, 2, 'done', 1, CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END, 1 FROM o`,
		`INSERT INTO hold (id, wallet, operation, txn, amount, fee, posted, day, month, state,
                  next_at, deadline, created_at, sent_at, ended_at)
SELECT id, wallet, 'payment', 'txn ' || id, 1000, 100, 1000, '2026-11-21', '2026-11', 'posted', 1,
       2, 1, 1, 1 FROM o WHERE i % 10 = 0`,
		`INSERT INTO hold_move (hold, state, at)
SELECT o.id, s.state, 1 FROM o CROSS JOIN (SELECT 1 AS n, 'held' AS state UNION ALL SELECT 2, 'sent'
UNION ALL SELECT 3, 'posted') s WHERE o.i % 10 = 0 ORDER BY o.i, s.n`,
		`INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
                      day, month)
SELECT id, 'payment', wallet, 1000, 100, {none}, 1, 1, '2026-11-21', '2026-11' FROM o ORDER BY i`,
		`INSERT INTO entry (transfer, line, account, amount)
SELECT o.id, s.n, CASE s.n WHEN 1 THEN 'wallet:' || o.wallet WHEN 2 THEN 'provider:dostek'
       ELSE 'fee:dostek' END, s.amount
FROM o CROSS JOIN (SELECT 1 AS n, -1100 AS amount UNION ALL SELECT 2, 1000
UNION ALL SELECT 3, 100) s ORDER BY o.i, s.n`,
		`INSERT INTO limit_used (wallet, operation, month, used, day, day_used)
SELECT 'w' || CAST(w.i AS TEXT), p.operation, '2026-11', 25000, '2026-11-21', 25000
FROM w CROSS JOIN (SELECT 'payment' AS operation UNION ALL SELECT 'out') p`,
		`INSERT INTO outbox (key, msisdn, kind, lang, fields, offer, offer_end, next_at, created_at,
                    sent_at)
SELECT 'paid:' || id, '996555000001', 'paid', 'ru', '{}', id, 'done', 1, 1, 1 FROM o ORDER BY i`,
		`INSERT INTO closed_day (day, through, whole, closed_at)
SELECT '2026-11-21', max(seq), max(seq), 1 FROM entry`,
		`INSERT INTO closing (account, day, opening, debit, credit, closing)
SELECT account, '2026-11-21', 0, sum(CASE WHEN amount < 0 THEN amount ELSE 0 END),
       sum(CASE WHEN amount > 0 THEN amount ELSE 0 END), sum(amount) FROM entry GROUP BY account`,
		`DELETE FROM rollup`,
		`INSERT INTO rollup (account, through, balance)
SELECT account, (SELECT max(seq) FROM entry), sum(amount) FROM entry
WHERE account NOT LIKE 'wallet:%' GROUP BY account`,
	}
	with := strings.ReplaceAll(fill, "{n}", fmt.Sprint(n)) // each is written out in it
	for i, s := range statements {
		if strings.Contains(s, "FROM o ") || strings.HasSuffix(s, "FROM o") ||
			strings.Contains(s, "FROM w ") || strings.HasSuffix(s, "FROM w") {
			at := strings.Index(s, "SELECT")
			statements[i] = s[:at] + with + s[at:]
		}
	}
	return statements
}

// VerifyScales fails the test when Verify takes out of proportion longer for more books. open
// makes an empty store and a way to run SQL on it, in which noBytes is an empty octet string. What
// it takes in seconds depends on the machine and is logged; with LEDGER_ENTRIES in the
// environment, one store of that many entries is verified instead, and has to take less than 10 s
// for a million:
//
//	LEDGER_ENTRIES=1000000 go test -run VerifyScales -v \
//	    ./wallet/ledger/pgstore ./wallet/ledger/litestore
func VerifyScales(
	t *testing.T, noBytes string,
	open func(t *testing.T) (s ledger.Store, exec func(query string)),
) {
	took := func(entries int) time.Duration {
		s, exec := open(t)
		for _, query := range Scale(entries / EntriesPerScaled) {
			exec(strings.ReplaceAll(query, "{none}", noBytes))
		}
		exec("ANALYZE")
		best := time.Hour
		for range 3 {
			began := time.Now()
			breaches, err := s.Verify(t.Context())
			if err != nil || len(breaches) > 0 {
				t.Fatalf("%d entries: %+v, %v", entries, breaches, err)
			}
			best = min(best, time.Since(began))
		}
		t.Logf("%d entries: %s, a million: %s", entries, best.Round(time.Millisecond),
			(best * 1_000_000 / time.Duration(entries)).Round(time.Millisecond))
		return best
	}
	if text := os.Getenv("LEDGER_ENTRIES"); text != "" {
		entries, err := strconv.Atoi(text)
		if err != nil || entries < 1000 {
			t.Fatalf("LEDGER_ENTRIES=%s: want a number from 1000 on", text)
		}
		if most := 10 * time.Second * time.Duration(entries) / 1_000_000; took(entries) > most {
			t.Errorf("it takes more than %s", most)
		}
		return
	}
	const few, many = 20_000, 100_000
	// A query that looks at pairs would take 25 times as long.
	if less, more := took(few), took(many); more > 3*many/few*less {
		t.Errorf("%d entries take %s, %d take %s", few, less, many, more)
	}
}
