package ledger

// An offer takes its amount and fee from its wallet, or out of suspense when it was posted from
// there, and gives them to whom it says and to the fee account. The provider's own fee goes the
// same way, of a part of the amount in proportion. The offer is done. What was posted of one that
// was held may be less than what was offered: hold_transfers looks at that.
const auditOfferTransfer = `
SELECT t.id, t.kind || ' of ' || CAST(t.amount AS TEXT) || ' with fee ' || CAST(t.fee AS TEXT)
       || ' has other entries, or its offer, which is ' || coalesce(max(o.state), 'missing')
       || ', other contents'
FROM transfer t
LEFT JOIN offer o ON o.id = t.id
LEFT JOIN entry e ON e.transfer = t.id
WHERE t.kind IN ('payment', 'transfer', 'cash_out')
GROUP BY t.seq, t.id, o.id
HAVING o.id IS NULL OR o.state <> 'done' OR o.wallet <> t.wallet OR o.operation <> t.kind
    OR o.fingerprint <> t.fingerprint
    OR (o.held_at = 0 AND (o.amount <> t.amount OR o.fee <> t.fee))
    OR count(e.seq) <> count(CASE WHEN CASE
        WHEN e.amount < 0
        THEN e.account = 'wallet:' || t.wallet OR (e.account = 'suspense' AND o.held_at > 0)
        WHEN substr(e.account, 1, 4) = 'fee:'
        THEN e.account = 'fee:' || CASE t.kind WHEN 'payment' THEN o.provider ELSE '@' || t.kind END
        WHEN t.kind = 'payment' THEN e.account = 'provider:' || o.provider
        WHEN t.kind = 'transfer' THEN e.account = 'wallet:' || o.payee
        ELSE substr(e.account, 1, 6) = 'agent:' END THEN 1 END)
    OR coalesce(sum(CASE WHEN e.amount < 0 THEN e.amount END), 0) <> -(t.amount + t.fee)
    OR CASE WHEN t.amount = o.amount
       THEN coalesce(sum(CASE WHEN substr(e.account, 1, 4) = 'fee:' THEN e.amount END), 0)
            <> t.fee + o.provider_fee
       ELSE abs(coalesce(sum(CASE WHEN substr(e.account, 1, 4) = 'fee:' THEN e.amount END), 0)
            - t.fee - o.provider_fee * 1.0 * t.amount / o.amount) > 1 END`

// The entries of what came of no offer have one shape for each kind too: so much on each account
// that it is about, and nothing on any other, which the sum of what all entries move shows. It
// moves its amount between two accounts. Money comes from the trust account and goes back there.
const auditOtherEntries = `
SELECT t.id, t.kind || ' of ' || CAST(t.amount AS TEXT) || ' has other entries'
FROM transfer t
LEFT JOIN entry e ON e.transfer = t.id
WHERE t.kind IN ('fund', 'cash_in', 'float', 'suspense', 'refund', 'settlement', 'adjustment')
GROUP BY t.seq, t.id
HAVING t.fee <> 0
    OR coalesce(sum(abs(e.amount)), 0) <> 2 * t.amount
    OR coalesce(sum(CASE WHEN e.account = 'wallet:' || t.wallet THEN e.amount END), 0) <>
       CASE WHEN t.kind IN ('fund', 'cash_in', 'refund') THEN t.amount
            WHEN t.kind = 'suspense' THEN -t.amount
            WHEN t.kind = 'adjustment' AND t.wallet IS NOT NULL
            THEN coalesce(sum(CASE WHEN e.account <> 'adjust' THEN e.amount END), 0)
            ELSE 0 END
    OR abs(coalesce(sum(CASE WHEN t.kind IN ('fund', 'float', 'settlement') AND e.account = 'trust'
                        OR t.kind = 'cash_in' AND e.account LIKE 'agent:%'
                        OR t.kind IN ('suspense', 'refund') AND e.account = 'suspense'
                        OR t.kind = 'adjustment' AND e.account = 'adjust'
                        THEN e.amount END), 0)) <> t.amount
    OR abs(coalesce(sum(CASE WHEN t.kind = 'float' AND e.account LIKE 'agent:%'
                        OR t.kind = 'settlement' AND e.account LIKE 'provider:%'
                        THEN e.amount END), 0))
       <> CASE WHEN t.kind IN ('float', 'settlement') THEN t.amount ELSE 0 END`

// Reversals together take back at most the transfer, from those who have got it, of its own kind
// of account each.
const auditReversal = `
WITH r AS MATERIALIZED (SELECT * FROM transfer WHERE reversal_of IS NOT NULL)
SELECT id, detail FROM (
    SELECT t.id, 'reversals take back ' || CAST(sum(r.amount) AS TEXT) || ' with fee '
           || CAST(sum(r.fee) AS TEXT) || ' of ' || CAST(t.amount AS TEXT) || ' with fee '
           || CAST(t.fee AS TEXT) AS detail
    FROM r JOIN transfer t ON t.id = r.reversal_of
    GROUP BY t.id, t.amount, t.fee
    HAVING sum(r.amount) > t.amount OR sum(r.fee) > t.fee
    UNION ALL
    SELECT r.id, r.kind || ' of ' || coalesce(t.kind || ' ' || t.id, 'nothing')
    FROM r LEFT JOIN transfer t ON t.id = r.reversal_of
    WHERE t.id IS NULL OR r.kind <> 'reversal' OR r.wallet <> t.wallet
       OR t.kind NOT IN ('payment', 'transfer', 'cash_in')
       OR substr(r.id, 1, length(t.id) + 10) <> 'reversal:' || t.id || ':'
    UNION ALL
    SELECT r.id, 'reversal of ' || CAST(r.amount AS TEXT) || ' with fee ' || CAST(r.fee AS TEXT)
           || ' has other entries'
    FROM r
    JOIN transfer t ON t.id = r.reversal_of
    LEFT JOIN offer o ON o.id = t.id
    LEFT JOIN entry e ON e.transfer = r.id
    GROUP BY r.id, r.amount, r.fee, t.kind
    HAVING coalesce(sum(CASE WHEN e.account = 'wallet:' || r.wallet THEN e.amount END), 0)
           <> CASE t.kind WHEN 'cash_in' THEN -r.amount ELSE r.amount + r.fee END
        OR coalesce(sum(CASE WHEN t.kind = 'payment' AND e.account IN ('provider:' || o.provider,
                                                                   'fee:' || o.provider)
                             OR t.kind = 'transfer' AND e.account IN ('wallet:' || o.payee,
                                                                      'fee:@transfer')
                             OR t.kind = 'cash_in' AND e.account LIKE 'agent:%'
                        THEN e.amount END), 0)
           <> CASE t.kind WHEN 'cash_in' THEN r.amount ELSE -(r.amount + r.fee) END
        OR coalesce(sum(CASE WHEN e.account LIKE 'fee:%' THEN e.amount END), 0)
           NOT BETWEEN -(r.fee + coalesce(max(o.provider_fee), 0)) AND -r.fee
) x`
