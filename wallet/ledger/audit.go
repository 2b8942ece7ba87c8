package ledger

// An Audit is a rule of the books as a query that returns the subject and the detail of every
// breach. The SQL is of the common part of the stores' dialects. Each store runs all of them in
// one snapshot, each with at most MaxBreaches rows.
type Audit struct{ Name, SQL string }

// Audits returns the rules that Store.Verify checks.
func Audits() []Audit {
	return []Audit{
		{"transfer_sum", auditTransferSum},
		{"total_sum", auditTotalSum},
		{"running_balance", auditRunningBalance},
		{"negative_balance", auditNegativeBalance},
		{"orphan_account", auditOrphanAccount},
		{"orphan_entry", auditOrphanEntry},
		{"payment_entries", auditPaymentEntries},
		{"fund_entries", auditFundEntries},
		{"done_without_transfer", auditDoneWithoutTransfer},
		{"transfer_without_done", auditTransferWithoutDone},
		{"open_offers", auditOpenOffers},
		{"limit_used", auditLimitUsed},
		{"limit_missing", auditLimitMissing},
		{"orphan_message", auditOrphanMessage},
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

const auditNegativeBalance = `
SELECT id, 'balance ' || CAST(balance AS TEXT) FROM account WHERE balance < -credit`

const auditOrphanAccount = `
SELECT e.account, 'entry of ' || e.transfer || ' on a wallet account that does not exist'
FROM entry e LEFT JOIN account a ON a.id = e.account
WHERE e.account LIKE 'wallet:%' AND a.id IS NULL`

const auditOrphanEntry = `
SELECT e.transfer, 'entry without its transfer'
FROM entry e LEFT JOIN transfer t ON t.id = e.transfer WHERE t.id IS NULL`

// A payment has to take amount and fee from the wallet, and give them to the provider and to the
// fee account.
const auditPaymentEntries = `
SELECT t.id, 'entries do not say wallet -' || CAST(t.amount + t.fee AS TEXT) || ', provider '
       || CAST(t.amount AS TEXT) || ', fee ' || CAST(t.fee AS TEXT)
FROM transfer t LEFT JOIN entry e ON e.transfer = t.id
WHERE t.kind = 'payment'
GROUP BY t.id, t.wallet, t.amount, t.fee
HAVING coalesce(sum(CASE WHEN e.account IN ('wallet:' || t.wallet, 'suspense') THEN e.amount END), 0)
       <> -(t.amount + t.fee)
    OR coalesce(sum(CASE WHEN e.account LIKE 'provider:%' THEN e.amount END), 0) <> t.amount
    OR coalesce(sum(CASE WHEN e.account LIKE 'fee:%' THEN e.amount END), 0) <> t.fee`

const auditFundEntries = `
SELECT t.id, 'entries do not say trust -' || CAST(t.amount AS TEXT) || ', wallet '
       || CAST(t.amount AS TEXT)
FROM transfer t LEFT JOIN entry e ON e.transfer = t.id
WHERE t.kind = 'fund'
GROUP BY t.id, t.wallet, t.amount
HAVING coalesce(sum(CASE WHEN e.account = 'wallet:' || t.wallet THEN e.amount END), 0) <> t.amount
    OR coalesce(sum(CASE WHEN e.account = 'trust' THEN e.amount END), 0) <> -t.amount`

const auditDoneWithoutTransfer = `
SELECT o.id, 'offer is done, but nothing was transferred'
FROM offer o LEFT JOIN transfer t ON t.id = o.id
WHERE o.state = 'done' AND t.id IS NULL`

const auditTransferWithoutDone = `
SELECT t.id, 'transfer of an offer that is ' || coalesce(o.state || ', or of other contents',
       'missing')
FROM transfer t LEFT JOIN offer o ON o.id = t.id
WHERE t.kind = 'payment' AND (o.id IS NULL OR o.state <> 'done' OR o.wallet <> t.wallet
      OR o.amount <> t.amount OR o.fee <> t.fee OR o.fingerprint <> t.fingerprint)`

const auditOpenOffers = `
SELECT wallet, CAST(count(*) AS TEXT) || ' open offers'
FROM offer WHERE state = 'open' GROUP BY wallet HAVING count(*) > 1`

// Counted is what was posted, and what is held or waits in suspense.
const counted = `
SELECT wallet, operation, month, day, sum(amount) AS amount
FROM (
    SELECT t.wallet, o.operation, t.month, t.day, t.amount
    FROM transfer t JOIN offer o ON o.id = t.id
    UNION ALL
    SELECT wallet, kind, month, day, amount FROM transfer WHERE kind = 'cash_in'
    UNION ALL
    SELECT wallet, operation, month, day, amount FROM hold WHERE ended_at = 0
    UNION ALL
    SELECT t.wallet, 'out', t.month, t.day, t.amount
    FROM transfer t JOIN offer o ON o.id = t.id
    UNION ALL
    SELECT wallet, 'out', month, day, amount FROM hold WHERE ended_at = 0
) x
GROUP BY wallet, operation, month, day`

const auditLimitUsed = `
WITH c AS (` + counted + `)
SELECT l.wallet, l.operation || ' ' || l.month || ': counted ' || CAST(l.used AS TEXT) || ' and '
       || CAST(l.day_used AS TEXT) || ', moved ' || CAST(coalesce(sum(c.amount), 0) AS TEXT)
       || ' and ' || CAST(coalesce(sum(CASE WHEN c.day = l.day THEN c.amount END), 0) AS TEXT)
FROM limit_used l
LEFT JOIN c ON c.wallet = l.wallet AND c.operation = l.operation AND c.month = l.month
GROUP BY l.wallet, l.operation, l.month, l.used, l.day_used, l.day
HAVING l.used <> coalesce(sum(c.amount), 0)
    OR l.day_used <> coalesce(sum(CASE WHEN c.day = l.day THEN c.amount END), 0)`

const auditLimitMissing = `
WITH c AS (` + counted + `)
SELECT c.wallet, c.operation || ' of ' || c.day || ' is not counted'
FROM c
LEFT JOIN limit_used l
  ON l.wallet = c.wallet AND l.operation = c.operation AND l.month = c.month
WHERE l.wallet IS NULL`

const auditOrphanMessage = `
SELECT m.key, 'message of ' || m.offer || ', which has another end'
FROM outbox m
LEFT JOIN offer o ON o.id = m.offer
WHERE m.offer IS NOT NULL AND (o.id IS NULL OR o.state <> m.offer_end)`

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
