-- The moves of the books that are one call each. A function here returns what it found and never
-- raises for what a subscriber can cause. The plans are pinned: one that was made while a table
-- was empty would scan it for ever.

-- open_offer returns 'ok', 'no_wallet' or 'key_reused'.
CREATE FUNCTION open_offer(
    p_id text, p_wallet text, p_provider text, p_provider_name text, p_account text,
    p_amount bigint, p_fee bigint, p_code text, p_revision text, p_lang text,
    p_fingerprint bytea, p_created bigint, p_expires bigint
) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE v_fingerprint bytea;
BEGIN
    -- One offer of a wallet at a time.
    PERFORM 1 FROM wallet w WHERE w.id = p_wallet FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'no_wallet';
    END IF;
    SELECT o.fingerprint INTO v_fingerprint FROM offer o WHERE o.id = p_id;
    IF FOUND THEN
        RETURN CASE WHEN v_fingerprint = p_fingerprint THEN 'ok' ELSE 'key_reused' END;
    END IF;
    UPDATE offer o SET state = 'superseded', ended_at = p_created
    WHERE o.wallet = p_wallet AND o.state = 'open';
    INSERT INTO offer (id, wallet, provider, provider_name, account, amount, fee, code, revision,
                       lang, fingerprint, created_at, expires_at, state)
    VALUES (p_id, p_wallet, p_provider, p_provider_name, p_account, p_amount, p_fee, p_code,
            p_revision, p_lang, p_fingerprint, p_created, p_expires, 'open');
    RETURN 'ok';
END $$;

-- count_try counts an attempt and checks the lock before anything is compared. Its verdict is
-- 'counted', 'right', 'wrong_pin' or 'locked'; there is no row for a wallet that does not exist.
-- All tries counted and none judged for a while means that whoever counted them is gone: then one
-- more is let through, and a wrong one locks.
CREATE FUNCTION count_try(
    p_wallet text, p_attempt text, p_now bigint, p_max integer, p_pending bigint, p_keep bigint,
    OUT verdict text, OUT tries_used integer, OUT tries_left integer, OUT until bigint,
    OUT key_version integer, OUT salt bytea, OUT mac bytea, OUT first boolean
) RETURNS SETOF record LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE p wallet_pin; a pin_attempt; v_known boolean;
BEGIN
    SELECT * INTO p FROM wallet_pin w WHERE w.wallet = p_wallet FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO a FROM pin_attempt t WHERE t.wallet = p_wallet AND t.attempt = p_attempt;
    v_known := FOUND;
    tries_used := p.tries; tries_left := 0; until := 0;
    key_version := p.key_version; salt := p.salt; mac := p.mac; first := p.first;
    verdict := 'counted';
    IF v_known AND a.verdict = 'right' THEN
        verdict := 'right';
    ELSIF p.locked_until > p_now THEN
        verdict := 'locked'; until := p.locked_until;
    ELSIF v_known AND a.verdict = 'wrong' THEN
        verdict := 'wrong_pin'; tries_left := a.tries_left;
    ELSIF v_known THEN
        NULL; -- counted before
    ELSIF p.tries >= p_max AND p.last_try_at + p_pending > p_now THEN
        verdict := 'locked'; until := p.last_try_at + p_pending;
    ELSE
        tries_used := least(p.tries + 1, p_max);
        UPDATE wallet_pin w SET tries = tries_used, last_try_at = p_now, attempts = p.attempts + 1
        WHERE w.wallet = p_wallet;
        INSERT INTO pin_attempt (wallet, attempt, number, verdict)
        VALUES (p_wallet, p_attempt, p.attempts + 1, '');
        DELETE FROM pin_attempt t
        WHERE t.wallet = p_wallet AND t.number <= p.attempts + 1 - p_keep;
    END IF;
    RETURN NEXT;
END $$;

-- wrong_try records the verdict on an attempt and locks after the last try. Its verdict is
-- 'judged', or 'not_counted'; there is no row for a wallet that does not exist.
CREATE FUNCTION wrong_try(
    p_wallet text, p_attempt text, p_now bigint, p_max integer, p_lock_for bigint[],
    OUT verdict text, OUT tries_left integer, OUT until bigint
) RETURNS SETOF record LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE p wallet_pin; a pin_attempt;
BEGIN
    verdict := 'judged'; tries_left := 0; until := 0;
    SELECT * INTO p FROM wallet_pin w WHERE w.wallet = p_wallet FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO a FROM pin_attempt t WHERE t.wallet = p_wallet AND t.attempt = p_attempt;
    IF NOT FOUND THEN
        verdict := 'not_counted';
        RETURN NEXT;
        RETURN;
    END IF;
    IF a.verdict = 'wrong' THEN
        tries_left := a.tries_left; until := a.locked_until;
        RETURN NEXT;
        RETURN;
    END IF;
    IF a.verdict = 'right' THEN
        p.tries := p.tries + 1; -- a repeat with another PIN: it was let through uncounted
    END IF;
    IF p.locked_until > p_now THEN -- by a try that ran beside this one
        until := p.locked_until;
    ELSIF p.tries >= p_max THEN
        until := p_now + p_lock_for[least(p.locks + 1, cardinality(p_lock_for))];
        p.locked_until := until;
        p.locks := p.locks + 1;
        p.tries := 0;
    ELSE
        tries_left := p_max - p.tries;
    END IF;
    UPDATE wallet_pin w SET tries = p.tries, locks = p.locks, locked_until = p.locked_until
    WHERE w.wallet = p_wallet;
    UPDATE pin_attempt t SET verdict = 'wrong', tries_left = wrong_try.tries_left,
           locked_until = wrong_try.until
    WHERE t.wallet = p_wallet AND t.attempt = p_attempt;
    RETURN NEXT;
END $$;

-- apply_payments executes pressed offers, at most one of each wallet. Row n of the result is of
-- payment n: 'done', or the reason of the decline with its limit. The message p_no_* goes out when
-- the offer is refused here.
CREATE FUNCTION apply_payments(
    p_offer text[], p_fingerprint bytea[],
    p_per_payment bigint[], p_per_day bigint[], p_per_month bigint[],
    p_day text[], p_month text[], p_now bigint[],
    p_key text[], p_msisdn text[], p_kind text[], p_lang text[], p_fields text[], p_sealed bytea[],
    p_no_key text[], p_no_msisdn text[], p_no_kind text[], p_no_lang text[], p_no_fields text[],
    p_no_sealed bytea[]
) RETURNS TABLE (n bigint, verdict text, reason_limit bigint)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_verdict text[];  -- as returned, but 'pay' for what is to be paid now
    v_limit   bigint[];
    v_refuse  boolean[]; -- it is refused now, for good
    v_pay     bigint;
    v_end     bigint;
    v_rows    bigint;
BEGIN
    -- Every row that decides is locked, always offers before accounts and both in order.
    PERFORM 1 FROM offer o WHERE o.id = ANY (p_offer) ORDER BY o.id FOR NO KEY UPDATE;
    PERFORM 1 FROM account a
    WHERE a.id IN (SELECT 'wallet:' || o.wallet FROM offer o WHERE o.id = ANY (p_offer))
    ORDER BY a.id FOR NO KEY UPDATE;

    SELECT array_agg(v.verdict ORDER BY v.n), array_agg(v.reason_limit ORDER BY v.n),
           array_agg(v.state = 'pressed' AND v.verdict NOT IN ('pay', 'key_reused') ORDER BY v.n),
           count(*) FILTER (WHERE v.verdict = 'pay'),
           count(*) FILTER (WHERE v.state = 'pressed' AND v.verdict <> 'key_reused')
    INTO v_verdict, v_limit, v_refuse, v_pay, v_end
    FROM (
        SELECT j.n, coalesce(j.state, '') AS state, j.verdict,
               CASE j.verdict
                   WHEN 'limit_payment' THEN j.per_payment
                   WHEN 'limit_day' THEN greatest(j.per_day - j.day_used, 0)
                   WHEN 'limit_month' THEN greatest(j.per_month - j.month_used, 0)
                   WHEN 'low_balance' THEN j.balance
                   ELSE 0
               END AS reason_limit
        FROM (
            SELECT i.*, o.state, a.balance,
                   coalesce(d.used, 0) AS day_used, coalesce(m.used, 0) AS month_used,
                   CASE
                       WHEN o.id IS NULL THEN 'not_taken'
                       WHEN o.fingerprint <> i.fingerprint THEN 'key_reused'
                       WHEN o.state = 'refused' THEN o.reason
                       WHEN o.state = 'open' THEN 'not_pressed'
                       WHEN o.state <> 'pressed' THEN o.state
                       WHEN i.per_payment > 0 AND o.amount > i.per_payment THEN 'limit_payment'
                       WHEN i.per_day > 0 AND o.amount > i.per_day - coalesce(d.used, 0)
                           THEN 'limit_day'
                       WHEN i.per_month > 0 AND o.amount > i.per_month - coalesce(m.used, 0)
                           THEN 'limit_month'
                       WHEN a.balance < o.amount + o.fee THEN 'low_balance'
                       ELSE 'pay'
                   END AS verdict
            FROM unnest(p_offer, p_fingerprint, p_per_payment, p_per_day, p_per_month, p_day,
                        p_month) WITH ORDINALITY
                 AS i (offer, fingerprint, per_payment, per_day, per_month, day, month, n)
            LEFT JOIN offer o ON o.id = i.offer
            LEFT JOIN account a ON a.id = 'wallet:' || o.wallet
            LEFT JOIN limit_used d ON d.wallet = o.wallet AND d.period = i.day
            LEFT JOIN limit_used m ON m.wallet = o.wallet AND m.period = i.month
        ) j
    ) v;

    UPDATE offer o
    SET state = CASE WHEN i.verdict = 'pay' THEN 'done' ELSE 'refused' END,
        reason = CASE WHEN i.verdict = 'pay' THEN '' ELSE i.verdict END,
        reason_limit = i.reason_limit, ended_at = i.now
    FROM unnest(p_offer, v_verdict, v_limit, v_refuse, p_now)
         AS i (offer, verdict, reason_limit, refuse, now)
    WHERE o.id = i.offer AND o.state = 'pressed' AND (i.verdict = 'pay' OR i.refuse);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> v_end THEN
        RAISE EXCEPTION 'apply_payments: % offers ended, want %', v_rows, v_end;
    END IF;

    IF v_pay > 0 THEN
        UPDATE account a SET balance = a.balance - t.total
        FROM (SELECT 'wallet:' || o.wallet AS id, o.amount + o.fee AS total
              FROM unnest(p_offer, v_verdict) AS i (offer, verdict)
              JOIN offer o ON o.id = i.offer WHERE i.verdict = 'pay') t
        WHERE a.id = t.id AND a.balance >= t.total;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows <> v_pay THEN
            RAISE EXCEPTION 'apply_payments: % accounts debited, want %', v_rows, v_pay;
        END IF;

        INSERT INTO limit_used AS l (wallet, period, used)
        SELECT o.wallet, p.period, o.amount
        FROM unnest(p_offer, v_verdict, p_day, p_month) AS i (offer, verdict, day, month)
        JOIN offer o ON o.id = i.offer
        CROSS JOIN LATERAL (VALUES (i.day), (i.month)) AS p (period)
        WHERE i.verdict = 'pay'
        ON CONFLICT (wallet, period) DO UPDATE SET used = l.used + excluded.used;

        INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
                              day, month)
        SELECT o.id, 'payment', o.wallet, o.amount, o.fee, o.fingerprint, a.balance, i.now, i.day,
               i.month
        FROM unnest(p_offer, v_verdict, p_now, p_day, p_month) WITH ORDINALITY
             AS i (offer, verdict, now, day, month, n)
        JOIN offer o ON o.id = i.offer
        JOIN account a ON a.id = 'wallet:' || o.wallet
        WHERE i.verdict = 'pay' ORDER BY i.n;

        INSERT INTO entry (transfer, line, account, amount)
        SELECT o.id, e.line, e.account, e.amount
        FROM unnest(p_offer, v_verdict) AS i (offer, verdict)
        JOIN offer o ON o.id = i.offer
        CROSS JOIN LATERAL (VALUES
            (1, 'wallet:' || o.wallet, -o.amount), (2, 'provider:' || o.provider, o.amount),
            (3, 'wallet:' || o.wallet, -o.fee), (4, 'fee:' || o.provider, o.fee)
        ) AS e (line, account, amount)
        WHERE i.verdict = 'pay' AND e.amount <> 0;

        -- The fields come without their last brace, for the balance after the payment to follow.
        INSERT INTO outbox (key, msisdn, kind, lang, fields, sealed, offer, offer_end, next_at,
                            created_at)
        SELECT i.key, i.msisdn, i.kind, i.lang,
               i.fields || '"balance":"' || t.balance_after / 100 || '.'
                        || lpad((t.balance_after % 100)::text, 2, '0') || '"}',
               i.sealed, i.offer, 'done', i.now, i.now
        FROM unnest(p_offer, v_verdict, p_key, p_msisdn, p_kind, p_lang, p_fields, p_sealed, p_now)
             WITH ORDINALITY
             AS i (offer, verdict, key, msisdn, kind, lang, fields, sealed, now, n)
        JOIN transfer t ON t.id = i.offer
        WHERE i.verdict = 'pay' AND i.kind <> ''
        ORDER BY i.n
        ON CONFLICT (key) DO NOTHING;
    END IF;

    IF v_end > v_pay THEN
        INSERT INTO outbox (key, msisdn, kind, lang, fields, sealed, offer, offer_end, next_at,
                            created_at)
        SELECT i.key, i.msisdn, i.kind, i.lang, i.fields, i.sealed, i.offer, 'refused', i.now, i.now
        FROM unnest(p_offer, v_refuse, p_no_key, p_no_msisdn, p_no_kind, p_no_lang, p_no_fields,
                    p_no_sealed, p_now) WITH ORDINALITY
             AS i (offer, refuse, key, msisdn, kind, lang, fields, sealed, now, n)
        WHERE i.refuse AND i.kind <> ''
        ORDER BY i.n
        ON CONFLICT (key) DO NOTHING;
    END IF;

    RETURN QUERY
    SELECT i.n, CASE i.verdict WHEN 'pay' THEN 'done' ELSE i.verdict END,
           CASE WHEN i.verdict = o.reason THEN o.reason_limit ELSE i.reason_limit END
    FROM unnest(v_verdict, v_limit, p_offer) WITH ORDINALITY AS i (verdict, reason_limit, offer, n)
    LEFT JOIN offer o ON o.id = i.offer
    ORDER BY i.n;
END $$;
