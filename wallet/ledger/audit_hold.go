package ledger

// Every account has as much reserved as its holds, but for those in suspense.
const auditHeld = `
SELECT account, 'has ' || CAST(sum(held) AS TEXT) || ' more held than in its holds'
FROM (
    SELECT id AS account, held FROM account WHERE held <> 0
    UNION ALL
    SELECT 'wallet:' || wallet, -(amount + fee) FROM hold
    WHERE ended_at = 0 AND state <> 'suspense'
) x
GROUP BY account HAVING sum(held) <> 0`

// The suspense account has what the holds in suspense have.
const auditSuspense = `
SELECT 'suspense', 'has ' || CAST(sum(amount) AS TEXT) || ' more than its holds'
FROM (
    SELECT amount FROM entry WHERE account = 'suspense'
    UNION ALL
    SELECT -(amount + fee) FROM hold WHERE ended_at = 0 AND state = 'suspense'
) x
HAVING sum(amount) <> 0`

// A hold is of an offer that is held, or was and has the same end.
const auditHoldOffer = `
SELECT h.id, 'hold is ' || h.state || ', its offer '
       || coalesce(o.state || ', or of other contents', 'missing')
FROM hold h LEFT JOIN offer o ON o.id = h.id
WHERE o.id IS NULL OR o.wallet <> h.wallet OR o.operation <> h.operation OR o.amount <> h.amount
   OR o.fee <> h.fee OR o.held_at <> h.created_at OR o.ended_at <> h.ended_at
   OR o.state <> CASE h.state WHEN 'posted' THEN 'done' WHEN 'voided' THEN 'refused' ELSE 'held' END
UNION ALL
SELECT o.id, 'offer was held without a hold'
FROM offer o LEFT JOIN hold h ON h.id = o.id
WHERE o.held_at > 0 AND h.id IS NULL`

// The history of a hold begins with held, ends with what it is, and has no other end in between.
const auditHoldMoves = `
SELECT h.id, 'hold is ' || h.state || ', its history has ' || CAST(count(m.id) AS TEXT)
       || ' moves and ' || CAST(count(CASE WHEN m.state IN ('posted', 'voided') THEN 1 END) AS TEXT)
       || ' ends, the last is ' || coalesce(max(l.state), 'missing')
FROM hold h
LEFT JOIN hold_move m ON m.hold = h.id
LEFT JOIN hold_move f ON f.id = (SELECT min(id) FROM hold_move WHERE hold = h.id)
LEFT JOIN hold_move l ON l.id = (SELECT max(id) FROM hold_move WHERE hold = h.id)
GROUP BY h.id, h.state, h.created_at, h.ended_at
HAVING count(m.id) = 0 OR max(f.state) <> 'held' OR max(f.at) <> h.created_at
    OR max(l.state) <> h.state OR (h.ended_at > 0 AND max(l.at) <> h.ended_at)
    OR count(CASE WHEN m.state IN ('posted', 'voided') THEN 1 END)
       <> CASE WHEN h.ended_at > 0 THEN 1 ELSE 0 END`

// A posted hold has its transfer of what was posted; one that went into suspense has that transfer,
// and another of what came back from there; and no hold has any other.
const auditHoldTransfers = `
SELECT id, detail FROM (
    SELECT h.id, 'hold of ' || CAST(h.amount AS TEXT) || ' with fee ' || CAST(h.fee AS TEXT)
           || ' is ' || h.state || ', transferred ' || coalesce(CAST(t.amount AS TEXT), 'nothing')
           || ', to suspense ' || coalesce(CAST(s.amount AS TEXT), 'nothing')
           || ', back ' || coalesce(CAST(r.amount AS TEXT), 'nothing') AS detail
    FROM hold h
    LEFT JOIN transfer t ON t.id = h.id
    LEFT JOIN transfer s ON s.id = 'suspense:' || h.id
    LEFT JOIN transfer r ON r.id = 'refund:' || h.id
    WHERE (h.state = 'posted') <> (t.id IS NOT NULL)
       OR t.amount <> h.posted OR t.fee > h.fee OR t.wallet <> h.wallet OR t.kind <> h.operation
       OR t.day <> h.day OR t.month <> h.month
       OR s.amount <> h.amount + h.fee OR s.wallet <> h.wallet
       OR (s.id IS NULL AND (r.id IS NOT NULL OR h.state = 'suspense'))
       OR (s.id IS NOT NULL AND h.state IN ('held', 'sent', 'in_doubt'))
       OR r.wallet <> h.wallet
       OR (s.id IS NOT NULL AND coalesce(r.amount, 0) <> CASE h.state WHEN 'suspense' THEN 0
           WHEN 'voided' THEN s.amount ELSE s.amount - t.amount - t.fee END)
    UNION ALL
    SELECT t.id, t.kind || ' without its hold'
    FROM transfer t
    LEFT JOIN hold h ON h.id = substr(t.id, length(t.kind) + 2)
    WHERE t.kind IN ('suspense', 'refund')
      AND (h.id IS NULL OR t.id <> t.kind || ':' || h.id)
    UNION ALL
    SELECT x.id, 'moves out of suspense by ' || CAST(sum(x.amount) AS TEXT) || ' too little'
    FROM (
        SELECT h.id, e.amount
        FROM hold h JOIN entry e ON e.account = 'suspense' AND e.transfer IN (
            h.id, 'suspense:' || h.id, 'refund:' || h.id)
        WHERE h.ended_at > 0
    ) x
    GROUP BY x.id HAVING sum(x.amount) <> 0
) y`

// A payment in suspense is somebody's case.
const auditSuspenseCase = `
SELECT h.id, 'in suspense without a case'
FROM hold h LEFT JOIN cases c ON c.subject = 'payment:' || h.id
WHERE h.state = 'suspense' AND h.ended_at = 0 AND c.id IS NULL`
