-- The moves of 0002 for offers of every operation. See there for how a function here behaves.

DROP FUNCTION open_offer(text, text, text, text, text, bigint, bigint, text, text, text, bytea,
                         bigint, bigint);

-- open_offer returns 'ok', 'no_wallet' or 'key_reused'.
CREATE FUNCTION open_offer(
    p_id text, p_wallet text, p_operation text, p_payee text, p_provider text,
    p_provider_name text, p_account text, p_amount bigint, p_fee bigint, p_provider_fee bigint,
    p_code text, p_revision text, p_lang text, p_fingerprint bytea, p_created bigint,
    p_expires bigint
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
    INSERT INTO offer (id, wallet, operation, payee, provider, provider_name, account, amount, fee,
                       provider_fee, code, revision, lang, fingerprint, created_at, expires_at,
                       state)
    VALUES (p_id, p_wallet, p_operation, p_payee, p_provider, p_provider_name, p_account, p_amount,
            p_fee, p_provider_fee, p_code, p_revision, p_lang, p_fingerprint, p_created, p_expires,
            'open');
    RETURN 'ok';
END $$;

DROP FUNCTION apply_payments(text[], bytea[], bigint[], bigint[], bigint[], text[], text[],
    bigint[], text[], text[], text[], text[], text[], bytea[], text[], text[], text[], text[],
    text[], bytea[]);

-- apply_payments executes pressed offers. No wallet has two of them, as payer or as payee. An offer
-- with a p_txn is held, another one is posted at once. Row n of the result is of payment n: 'paid'
-- now, with what the wallet has to spend after it, 'done' before, 'hold' when it is held now, 'held'
-- before, or the reason of the decline with its limit. A message goes out when its payment gets, in this call, to where m_when says:
-- 'done', 'held' or 'refused'. With m_of, which is 'payer' or 'payee', it gets the balance of that
-- wallet.
--
-- What is known of payment n is in the n-th place of an array from its first reading on. A plan that
-- was made while the tables were empty has to look rows up by index all the same: nothing else is
-- left to the planner.
CREATE FUNCTION apply_payments(
    p_offer text[], p_fingerprint bytea[],
    p_per_payment bigint[], p_per_day bigint[], p_per_month bigint[],
    p_out_payment bigint[], p_out_day bigint[], p_out_month bigint[], p_payee_most bigint[],
    p_day text[], p_month text[], p_now bigint[],
    p_txn text[], p_next bigint[], p_deadline bigint[], p_hold_code bytea[],
    m_n bigint[], m_when text[], m_of text[], m_key text[], m_msisdn text[], m_kind text[],
    m_lang text[], m_fields text[], m_sealed bytea[]
) RETURNS TABLE (n bigint, verdict text, amount bigint)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan -- else each call would plan for its arrays anew
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_state text[]; v_wallet text[]; v_payee text[]; v_operation text[]; v_provider text[];
    v_amount bigint[]; v_fee bigint[]; v_provider_fee bigint[]; v_reason text[];
    v_reason_limit bigint[]; -- of a refusal before
    v_verdict text[];        -- as returned, but 'pay' and 'hold' for what is to be done now
    v_limit   bigint[];
    v_refuse  boolean[];     -- it is refused now, for good
    v_day     text[];        -- in which it is counted: never before the last one counted
    v_after   bigint[];      -- what the wallet has to spend when it is done
    v_payee_after bigint[];
    v_ends    bigint;        -- offers that move in this call
    v_debits  bigint;
    v_credits bigint;
    v_rows    bigint;
BEGIN
    -- Every row that decides is locked, always offers before accounts and both in order.
    PERFORM 1 FROM offer o WHERE o.id = ANY (p_offer) ORDER BY o.id FOR NO KEY UPDATE;
    SELECT array_agg(o.state ORDER BY i.n), array_agg(o.wallet ORDER BY i.n),
           array_agg(o.payee ORDER BY i.n), array_agg(o.operation ORDER BY i.n),
           array_agg(o.provider ORDER BY i.n), array_agg(o.amount ORDER BY i.n),
           array_agg(o.fee ORDER BY i.n), array_agg(o.provider_fee ORDER BY i.n),
           array_agg(CASE WHEN o.fingerprint <> i.fingerprint THEN 'key_reused'
                          ELSE o.reason END ORDER BY i.n),
           array_agg(o.reason_limit ORDER BY i.n)
    INTO v_state, v_wallet, v_payee, v_operation, v_provider, v_amount, v_fee, v_provider_fee,
         v_reason, v_reason_limit
    FROM unnest(p_offer, p_fingerprint) WITH ORDINALITY AS i (offer, fingerprint, n)
    LEFT JOIN offer o ON o.id = i.offer;
    PERFORM 1 FROM account a
    WHERE a.id IN (SELECT 'wallet:' || w.id FROM unnest(v_wallet || v_payee) AS w (id)
                   WHERE w.id <> '')
    ORDER BY a.id FOR NO KEY UPDATE;

    SELECT array_agg(v.verdict ORDER BY v.n), array_agg(v.left_over ORDER BY v.n),
           array_agg(v.state = 'pressed' AND v.verdict NOT IN ('pay', 'hold', 'key_reused')
                     ORDER BY v.n),
           array_agg(v.day ORDER BY v.n), array_agg(v.available - v.amount - v.fee ORDER BY v.n),
           array_agg(v.payee_available + v.amount ORDER BY v.n),
           count(*) FILTER (WHERE v.state = 'pressed' AND v.verdict <> 'key_reused'),
           count(*) FILTER (WHERE v.verdict IN ('pay', 'hold')),
           count(*) FILTER (WHERE v.verdict = 'pay' AND v.payee <> '')
    INTO v_verdict, v_limit, v_refuse, v_day, v_after, v_payee_after, v_ends, v_debits, v_credits
    FROM (
        SELECT j.*,
               CASE j.verdict
                   WHEN 'limit_payment' THEN least(nullif(j.per_payment, 0), nullif(j.out_payment, 0))
                   WHEN 'limit_day' THEN greatest(least(
                       CASE WHEN j.per_day > 0 THEN j.per_day - j.day_used END,
                       CASE WHEN j.out_day > 0 THEN j.out_day - j.out_day_used END), 0)
                   WHEN 'limit_month' THEN greatest(least(
                       CASE WHEN j.per_month > 0 THEN j.per_month - j.month_used END,
                       CASE WHEN j.out_month > 0 THEN j.out_month - j.out_month_used END), 0)
                   WHEN 'payee_limit' THEN greatest(j.payee_most - j.payee_balance, 0)
                   WHEN 'low_balance' THEN j.available
                   ELSE 0
               END AS left_over
        FROM (
            SELECT k.*,
                   CASE
                       WHEN k.state IS NULL THEN 'not_taken'
                       WHEN k.reason <> '' THEN k.reason -- key_reused too
                       WHEN k.state = 'open' THEN 'not_pressed'
                       WHEN k.state <> 'pressed' THEN k.state
                       WHEN k.operation = 'cash_out' AND EXISTS (
                           SELECT FROM hold h WHERE h.wallet = k.wallet
                             AND h.operation = 'cash_out' AND h.ended_at = 0) THEN 'cash_out'
                       WHEN k.per_payment > 0 AND k.amount > k.per_payment
                         OR k.out_payment > 0 AND k.amount > k.out_payment THEN 'limit_payment'
                       WHEN k.per_day > 0 AND k.amount > k.per_day - k.day_used
                         OR k.out_day > 0 AND k.amount > k.out_day - k.out_day_used THEN 'limit_day'
                       WHEN k.per_month > 0 AND k.amount > k.per_month - k.month_used
                         OR k.out_month > 0 AND k.amount > k.out_month - k.out_month_used
                           THEN 'limit_month'
                       WHEN k.payee <> '' AND (k.payee_balance IS NULL
                         OR k.amount > k.payee_most - k.payee_balance) THEN 'payee_limit'
                       WHEN k.available < k.amount + k.fee THEN 'low_balance'
                       WHEN k.txn <> '' THEN 'hold'
                       ELSE 'pay'
                   END AS verdict
            FROM (
                SELECT i.n, i.per_payment, i.per_day, i.per_month, i.out_payment, i.out_day,
                       i.out_month, i.payee_most, i.txn, d.day, i.state, i.reason, i.payee,
                       i.wallet, i.operation, i.amount, i.fee, a.balance - a.held AS available,
                       b.balance AS payee_balance, b.balance - b.held AS payee_available,
                       coalesce(l.used, 0) AS month_used, coalesce(t.used, 0) AS out_month_used,
                       CASE WHEN l.day = d.day THEN l.day_used ELSE 0 END AS day_used,
                       CASE WHEN t.day = d.day THEN t.day_used ELSE 0 END AS out_day_used
                FROM unnest(p_per_payment, p_per_day, p_per_month, p_out_payment, p_out_day,
                            p_out_month, p_payee_most, p_day, p_month, p_txn, v_state, v_reason,
                            v_wallet, v_payee, v_operation, v_amount, v_fee) WITH ORDINALITY
                     AS i (per_payment, per_day, per_month, out_payment, out_day, out_month,
                           payee_most, day, month, txn, state, reason, wallet, payee, operation,
                           amount, fee, n)
                LEFT JOIN account a ON a.id = 'wallet:' || i.wallet
                LEFT JOIN account b ON i.payee <> '' AND b.id = 'wallet:' || i.payee
                LEFT JOIN limit_used l
                  ON l.wallet = i.wallet AND l.operation = i.operation AND l.month = i.month
                LEFT JOIN limit_used t
                  ON t.wallet = i.wallet AND t.operation = 'out' AND t.month = i.month
                CROSS JOIN LATERAL (SELECT greatest(i.day, t.day) AS day) d
            ) k
        ) j
    ) v;

    UPDATE offer o
    SET state = CASE i.verdict WHEN 'pay' THEN 'done' WHEN 'hold' THEN 'held' ELSE 'refused' END,
        reason = CASE WHEN i.verdict IN ('pay', 'hold') THEN '' ELSE i.verdict END,
        reason_limit = i.reason_limit,
        held_at = CASE WHEN i.verdict = 'hold' THEN i.now ELSE 0 END,
        ended_at = CASE WHEN i.verdict = 'hold' THEN 0 ELSE i.now END
    FROM unnest(p_offer, v_verdict, v_limit, v_refuse, p_now)
         AS i (offer, verdict, reason_limit, refuse, now)
    WHERE o.id = i.offer AND o.state = 'pressed' AND (i.verdict IN ('pay', 'hold') OR i.refuse);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> v_ends THEN
        RAISE EXCEPTION 'apply_payments: % offers moved, want %', v_rows, v_ends;
    END IF;

    IF v_debits > 0 THEN
        UPDATE account a
        SET balance = a.balance - CASE i.verdict WHEN 'pay' THEN i.amount + i.fee ELSE 0 END,
            held = a.held + CASE i.verdict WHEN 'hold' THEN i.amount + i.fee ELSE 0 END
        FROM unnest(v_verdict, v_wallet, v_amount, v_fee) AS i (verdict, wallet, amount, fee)
        WHERE i.verdict IN ('pay', 'hold') AND a.id = 'wallet:' || i.wallet
          AND a.balance - a.held >= i.amount + i.fee;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows <> v_debits THEN
            RAISE EXCEPTION 'apply_payments: % accounts debited, want %', v_rows, v_debits;
        END IF;

        INSERT INTO limit_used AS l (wallet, operation, month, used, day, day_used)
        SELECT i.wallet, p.operation, i.month, i.amount, i.day, i.amount
        FROM unnest(v_verdict, v_wallet, v_operation, v_amount, v_day, p_month)
             AS i (verdict, wallet, operation, amount, day, month)
        CROSS JOIN LATERAL (VALUES (i.operation), ('out')) AS p (operation)
        WHERE i.verdict IN ('pay', 'hold')
        ON CONFLICT (wallet, operation, month) DO UPDATE SET
            used = l.used + excluded.used, day = excluded.day,
            day_used = CASE WHEN l.day = excluded.day THEN l.day_used ELSE 0 END + excluded.used;

        INSERT INTO transfer (id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
                              day, month)
        SELECT i.offer, i.operation, i.wallet, i.amount, i.fee, i.fingerprint, i.after, i.now, i.day,
               i.month
        FROM unnest(p_offer, v_verdict, v_operation, v_wallet, v_amount, v_fee, p_fingerprint,
                    v_after, p_now, v_day, p_month) WITH ORDINALITY
             AS i (offer, verdict, operation, wallet, amount, fee, fingerprint, after, now, day,
                   month, n)
        WHERE i.verdict = 'pay' ORDER BY i.n;

        INSERT INTO entry (transfer, line, account, amount)
        SELECT i.offer, e.line, e.account, e.amount
        FROM unnest(p_offer, v_verdict, v_operation, v_wallet, v_payee, v_provider, v_amount, v_fee,
                    v_provider_fee)
             AS i (offer, verdict, operation, wallet, payee, provider, amount, fee, provider_fee)
        CROSS JOIN LATERAL (VALUES
            (1, 'wallet:' || i.wallet, -i.amount - i.fee),
            (2, CASE i.operation WHEN 'payment' THEN 'provider:' || i.provider
                ELSE 'wallet:' || i.payee END, i.amount - i.provider_fee),
            (3, 'fee:' || CASE i.operation WHEN 'payment' THEN i.provider
                ELSE '@' || i.operation END, i.fee + i.provider_fee)
        ) AS e (line, account, amount)
        WHERE i.verdict = 'pay' AND e.amount <> 0;
    END IF;

    IF v_credits > 0 THEN
        UPDATE account a SET balance = a.balance + i.amount
        FROM unnest(v_verdict, v_payee, v_amount) AS i (verdict, payee, amount)
        WHERE i.verdict = 'pay' AND i.payee <> '' AND a.id = 'wallet:' || i.payee;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows <> v_credits THEN
            RAISE EXCEPTION 'apply_payments: % accounts credited, want %', v_rows, v_credits;
        END IF;
    END IF;

    IF 'hold' = ANY (v_verdict) THEN
        INSERT INTO hold (id, wallet, operation, txn, amount, fee, day, month, state, code, next_at,
                          deadline, created_at)
        SELECT i.offer, i.wallet, i.operation, i.txn, i.amount, i.fee, i.day, i.month, 'held',
               CASE i.operation WHEN 'cash_out' THEN i.code END, i.next, i.deadline, i.now
        FROM unnest(p_offer, v_verdict, v_operation, v_wallet, v_amount, v_fee, v_day, p_month,
                    p_now, p_txn, p_next, p_deadline, p_hold_code)
             AS i (offer, verdict, operation, wallet, amount, fee, day, month, now, txn, next,
                   deadline, code)
        WHERE i.verdict = 'hold';

        INSERT INTO hold_move (hold, state, at)
        SELECT i.offer, 'held', i.now
        FROM unnest(p_offer, v_verdict, p_now) AS i (offer, verdict, now) WHERE i.verdict = 'hold';
    END IF;

    IF v_ends > 0 THEN
        -- The fields of a message with m_of come without their last brace, for the balance.
        INSERT INTO outbox (key, msisdn, kind, lang, fields, sealed, offer, offer_end, next_at,
                            created_at)
        SELECT m.key, m.msisdn, m.kind, m.lang,
               m.fields || CASE WHEN m.whose = '' THEN '' ELSE
                   '"balance":"' || m.after / 100 || '.' || lpad((m.after % 100)::text, 2, '0')
                   || '"}' END,
               m.sealed, p_offer[m.n], m.ends, p_now[m.n], p_now[m.n]
        FROM (
            SELECT r.*, CASE r.whose WHEN 'payee' THEN v_payee_after[r.n] ELSE v_after[r.n] END
                   AS after
            FROM unnest(m_n, m_when, m_of, m_key, m_msisdn, m_kind, m_lang, m_fields, m_sealed)
                 WITH ORDINALITY
                 AS r (n, ends, whose, key, msisdn, kind, lang, fields, sealed, at)
        ) m
        WHERE CASE m.ends WHEN 'done' THEN v_verdict[m.n] = 'pay'
                          WHEN 'held' THEN v_verdict[m.n] = 'hold' ELSE v_refuse[m.n] END
        ORDER BY m.at
        ON CONFLICT (key) DO NOTHING;
    END IF;

    RETURN QUERY
    SELECT i.n, CASE i.verdict WHEN 'pay' THEN 'paid' ELSE i.verdict END,
           CASE WHEN i.verdict = 'pay' THEN i.after
                WHEN i.state = 'refused' AND i.verdict <> 'key_reused' THEN i.before
                ELSE i.reason_limit END
    FROM unnest(v_verdict, v_limit, v_after, v_state, v_reason_limit) WITH ORDINALITY
         AS i (verdict, reason_limit, after, state, before, n)
    ORDER BY i.n;
END $$;
