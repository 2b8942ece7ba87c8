package ledger

// An Audit is a rule of the books as a query that returns the subject and the detail of every
// breach. The SQL is of the common part of the stores' dialects. Each store runs all of them in
// one snapshot, each with at most MaxBreaches rows. A query reads a table from end to end and looks
// up the rest by keys, so that all together take a few seconds for a million entries.
type Audit struct{ Name, SQL string }

// Audits returns the rules that Store.Verify checks.
func Audits() []Audit {
	return []Audit{
		{"transfer_sum", auditTransferSum},
		{"total_sum", auditTotalSum},
		{"running_balance", auditRunningBalance},
		{"account_bounds", auditAccountBounds},
		{"orphan_account", auditOrphanAccount},
		{"orphan_entry", auditOrphanEntry},
		{"offer_transfer", auditOfferTransfer},
		{"other_entries", auditOtherEntries},
		{"reversal", auditReversal},
		{"done_without_transfer", auditDoneWithoutTransfer},
		{"open_offers", auditOpenOffers},
		{"limits", auditLimits},

		{"held", auditHeld},
		{"suspense", auditSuspense},
		{"hold_offer", auditHoldOffer},
		{"hold_moves", auditHoldMoves},
		{"hold_transfers", auditHoldTransfers},
		{"suspense_case", auditSuspenseCase},

		{"agent_txn", auditAgentTxn},
		{"cash_in_txn", auditCashInTxn},
		{"rollup", auditRollup},
		{"closing_chain", auditClosingChain},
		{"closing", auditClosing},

		{"orphan_message", auditOrphanMessage},
		{"orphan_record", auditOrphanRecord},
		{"unrecorded", auditUnrecorded},
		{"blocked", auditBlocked},
	}
}

const auditTransferSum = `
SELECT transfer, 'entries sum to ' || CAST(sum(amount) AS TEXT)
FROM entry GROUP BY transfer HAVING sum(amount) <> 0`

const auditTotalSum = `
SELECT 'all entries', 'sum to ' || CAST(sum(amount) AS TEXT)
FROM entry HAVING sum(amount) <> 0`

const auditRunningBalance = `
SELECT a.id, 'balance ' || CAST(a.balance AS TEXT) || ', entries '
       || CAST(coalesce(sum(e.amount), 0) AS TEXT)
FROM account a LEFT JOIN entry e ON e.account = a.id
GROUP BY a.id, a.balance HAVING a.balance <> coalesce(sum(e.amount), 0)`

const auditAccountBounds = `
SELECT id, 'balance ' || CAST(balance AS TEXT) || ', held ' || CAST(held AS TEXT)
       || ', credit line ' || CAST(credit AS TEXT)
FROM account
WHERE balance < -credit OR held < 0 OR (held > 0 AND held > balance) OR credit < 0
   OR (id LIKE 'wallet:%' AND credit <> 0)`

const auditOrphanAccount = `
SELECT e.account, 'has entries and does not exist'
FROM (SELECT DISTINCT account FROM entry
      WHERE account LIKE 'agent:%' OR account LIKE 'wallet:%') e
LEFT JOIN account a ON a.id = e.account
WHERE a.id IS NULL
UNION ALL
SELECT a.id, 'has no wallet'
FROM account a LEFT JOIN wallet w ON w.id = substr(a.id, 8)
WHERE a.id LIKE 'wallet:%' AND w.id IS NULL
UNION ALL
SELECT w.id, 'wallet without its account'
FROM wallet w LEFT JOIN account a ON a.id = 'wallet:' || w.id WHERE a.id IS NULL`

const auditOrphanEntry = `
SELECT e.transfer, 'entries without their transfer'
FROM (SELECT DISTINCT transfer FROM entry) e LEFT JOIN transfer t ON t.id = e.transfer
WHERE t.id IS NULL`

const auditDoneWithoutTransfer = `
SELECT o.id, 'offer is done, but nothing was transferred'
FROM offer o LEFT JOIN transfer t ON t.id = o.id
WHERE o.state = 'done' AND t.id IS NULL`

const auditOpenOffers = `
SELECT wallet, CAST(count(*) AS TEXT) || ' open offers'
FROM offer WHERE state = 'open' GROUP BY wallet HAVING count(*) > 1`

// Limits are what was posted, and what is held or waits in suspense, by the operation and, but for
// cash-ins, together. The kind of a transfer is the operation of its offer.
const auditLimits = `
WITH c AS (
    SELECT wallet, operation, month, day, sum(amount) AS amount
    FROM (
        SELECT wallet, kind AS operation, month, day, amount FROM transfer
        WHERE kind IN ('payment', 'transfer', 'cash_out', 'cash_in')
        UNION ALL
        SELECT wallet, operation, month, day, amount FROM hold WHERE ended_at = 0
    ) x
    GROUP BY wallet, operation, month, day
)
SELECT wallet, operation || ' ' || month || ' is counted by ' || CAST(-sum(used) AS TEXT)
       || ' too little, in the last day by ' || CAST(-sum(day_used) AS TEXT)
FROM (
    SELECT wallet, operation, month, used, day_used FROM limit_used
    UNION ALL
    SELECT c.wallet, p.operation, c.month, -c.amount,
           -CASE WHEN c.day = l.day THEN c.amount ELSE 0 END
    FROM c
    JOIN (SELECT 'payment' AS of, 'payment' AS operation UNION ALL SELECT 'payment', 'out'
          UNION ALL SELECT 'transfer', 'transfer' UNION ALL SELECT 'transfer', 'out'
          UNION ALL SELECT 'cash_out', 'cash_out' UNION ALL SELECT 'cash_out', 'out'
          UNION ALL SELECT 'cash_in', 'cash_in') p ON p.of = c.operation
    LEFT JOIN limit_used l
      ON l.wallet = c.wallet AND l.operation = p.operation AND l.month = c.month
) x
GROUP BY wallet, operation, month HAVING sum(used) <> 0 OR sum(day_used) <> 0`

const auditOrphanMessage = `
SELECT m.key, 'message of ' || m.offer || ', which has another end'
FROM outbox m
LEFT JOIN offer o ON o.id = m.offer
WHERE m.offer IS NOT NULL AND (o.id IS NULL
      OR CASE m.offer_end WHEN 'held' THEN o.held_at = 0 ELSE o.state <> m.offer_end END)`

// A wallet is locked until the year 9999, see BlockedUntil, exactly while the last act on it is a
// block.
const auditBlocked = `
SELECT p.wallet, 'locked until ' || CAST(p.locked_until AS TEXT) || ', last act '
       || coalesce(i.act, 'none')
FROM wallet_pin p
LEFT JOIN audit i ON i.id = (
    SELECT max(j.id) FROM audit j
    WHERE j.subject = 'wallet:' || p.wallet AND j.act IN ('block', 'unblock', 'unlock'))
WHERE (p.locked_until = 253402214400000000) <> (coalesce(i.act, '') = 'block')`
