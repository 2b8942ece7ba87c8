package ledger

// What an agent was told is done has its transfer, of that agent, wallet and amount.
const auditAgentTxn = `
SELECT a.agent || ' ' || a.txn, a.operation || ' of ' || CAST(a.amount AS TEXT) || ' is '
       || a.verdict || ', its transfer ' || coalesce(t.id, 'missing')
FROM agent_txn a
LEFT JOIN transfer t ON t.id = a.transfer
LEFT JOIN entry e
  ON e.transfer = a.transfer AND e.account = 'agent:' || a.agent
     AND e.amount = CASE a.operation WHEN 'cash_in' THEN -a.amount ELSE a.amount END
WHERE (a.verdict = 'done') <> (t.id IS NOT NULL)
   OR (a.verdict = 'done' AND (t.kind <> a.operation OR t.amount <> a.amount OR e.transfer IS NULL
       OR a.wallet IS NULL OR t.wallet <> a.wallet))`

const auditCashInTxn = `
SELECT t.id, t.kind || ' that no agent has asked for'
FROM transfer t
LEFT JOIN agent_txn a ON a.transfer = t.id AND a.verdict = 'done'
WHERE t.kind = 'cash_in' AND a.number IS NULL`

// The roll-ups are of all entries up to where that of the trust account is, but for the wallets'.
const auditRollup = `
SELECT account, 'rolled up ' || CAST(sum(balance) AS TEXT) || ' too much'
FROM (
    SELECT account, balance FROM rollup
    UNION ALL
    SELECT account, -amount FROM entry
    WHERE seq <= coalesce((SELECT through FROM rollup WHERE account = 'trust'), 0)
      AND account NOT LIKE 'wallet:%'
) x
GROUP BY account HAVING sum(balance) <> 0
UNION ALL
SELECT account, 'rolled up beyond the trust account' FROM rollup
WHERE through > (SELECT through FROM rollup WHERE account = 'trust')`

// An account opens a day with what it closed the last one before with.
const auditClosingChain = `
SELECT account || ' ' || day, 'opens with ' || CAST(opening AS TEXT) || ', closed before with '
       || CAST(before AS TEXT) || ', moves ' || CAST(debit + credit AS TEXT) || ', closes with '
       || CAST(closing AS TEXT)
FROM (
    SELECT account, day, opening, debit, credit, closing,
           coalesce(lag(closing) OVER (PARTITION BY account ORDER BY day), 0) AS before
    FROM closing
) x
WHERE opening <> before OR closing <> opening + debit + credit`

// A closed day has the debits and the credits of the entries that were written before it was
// closed, and are of it or of a day before it, and that no closed day before it has. Which day an
// entry is of is looked up only where entries of a later one may be in between.
const auditClosing = `
WITH d AS (
    SELECT day, through, whole, coalesce(lag(through) OVER (ORDER BY day), 0) AS before
    FROM closed_day
)
SELECT account || ' ' || day, 'debits differ by ' || CAST(sum(debit) AS TEXT) || ', credits by '
       || CAST(sum(credit) AS TEXT)
FROM (
    SELECT account, day, debit, credit FROM closing
    UNION ALL
    SELECT account, day, -sum(CASE WHEN amount < 0 THEN amount ELSE 0 END),
           -sum(CASE WHEN amount > 0 THEN amount ELSE 0 END)
    FROM (
        SELECT e.account, e.amount, CASE WHEN t.day > d.day
               THEN (SELECT min(c.day) FROM closed_day c WHERE c.day >= t.day) ELSE d.day END AS day
        FROM d
        JOIN entry e ON e.seq > d.before AND e.seq <= d.through
        LEFT JOIN transfer t ON t.id = CASE WHEN e.seq > d.whole THEN e.transfer END
    ) x
    WHERE day IS NOT NULL
    GROUP BY account, day
    UNION ALL
    SELECT 'day', day, 1, 0 FROM d WHERE before > through
) y
GROUP BY account, day HAVING sum(debit) <> 0 OR sum(credit) <> 0`

// The audit is about what there is.
const auditOrphanRecord = `
SELECT a.subject, a.act || ' of nothing that exists'
FROM audit a
LEFT JOIN wallet w ON a.subject LIKE 'wallet:%' AND w.id = substr(a.subject, 8)
LEFT JOIN offer o ON a.subject LIKE 'payment:%' AND o.id = substr(a.subject, 9)
LEFT JOIN transfer t ON a.subject LIKE 'payment:%' AND t.id = substr(a.subject, 9)
LEFT JOIN account f ON a.subject LIKE 'agent:%' AND f.id = a.subject
LEFT JOIN (SELECT DISTINCT 'case:' || CAST(id AS TEXT) AS subject FROM cases) c
  ON c.subject = a.subject
WHERE (a.subject LIKE 'wallet:%' OR a.subject LIKE 'payment:%' OR a.subject LIKE 'agent:%'
       OR a.subject LIKE 'case:%')
  AND w.id IS NULL AND o.id IS NULL AND t.id IS NULL AND f.id IS NULL AND c.subject IS NULL`

// What only a person does is in the audit.
const auditUnrecorded = `
SELECT r.id, 'reversal that the audit does not have'
FROM transfer r LEFT JOIN audit a ON a.subject = 'payment:' || r.reversal_of AND a.act = 'reverse'
WHERE r.reversal_of IS NOT NULL AND a.id IS NULL
UNION ALL
SELECT 'case:' || CAST(c.id AS TEXT),
       'closed by ' || c.closed_by || ', which the audit does not have'
FROM cases c LEFT JOIN audit a ON a.subject = 'case:' || CAST(c.id AS TEXT)
WHERE c.closed_at > 0 AND a.id IS NULL`
