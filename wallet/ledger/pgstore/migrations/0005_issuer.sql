-- What makes the books those of an issuer: operations between wallets and with agents, holds,
-- limits by operation, an audit of what people do, cases, roll-ups and the daily close.

-- A wallet whose number may have another owner moves no money until its INN is confirmed.
ALTER TABLE wallet
    ADD COLUMN imsi_hash  bytea,                    -- keyed, of the SIM that the owner is known by
    ADD COLUMN suspect    text   NOT NULL DEFAULT ''
        CHECK (suspect IN ('', 'imsi', 'recycled')),
    ADD COLUMN suspect_at bigint NOT NULL DEFAULT 0,
    ADD CHECK ((suspect = '') = (suspect_at = 0));

-- A first PIN that was made by a reset has to be changed before money moves.
ALTER TABLE wallet_pin ADD COLUMN reset_at bigint NOT NULL DEFAULT 0; -- of the last reset, 0 = none

-- An agent's float may go below zero as far as its credit line. What is held is part of the balance
-- and is not to be had.
ALTER TABLE account
    DROP CONSTRAINT account_id_check,
    DROP CONSTRAINT account_balance_check,
    ADD COLUMN held   bigint NOT NULL DEFAULT 0,
    ADD COLUMN credit bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT account_id CHECK (id LIKE 'wallet:%' OR id LIKE 'agent:%'),
    ADD CONSTRAINT account_credit CHECK (credit >= 0 AND (credit = 0 OR id LIKE 'agent:%')),
    ADD CONSTRAINT account_balance CHECK (balance BETWEEN -credit AND 100000000000000000),
    ADD CONSTRAINT account_held CHECK (held >= 0 AND (held = 0 OR held <= balance));

ALTER TABLE offer
    DROP CONSTRAINT offer_state_check, DROP CONSTRAINT offer_check, DROP CONSTRAINT offer_check1,
    DROP CONSTRAINT offer_check2, DROP CONSTRAINT offer_check3,
    ADD COLUMN operation    text   NOT NULL DEFAULT 'payment'
        CHECK (operation IN ('payment', 'transfer', 'cash_out')),
    ADD COLUMN payee        text   NOT NULL DEFAULT '', -- the wallet that a transfer goes to
    ADD COLUMN provider_fee bigint NOT NULL DEFAULT 0,  -- what the provider pays for the payment
    ADD COLUMN held_at      bigint NOT NULL DEFAULT 0,  -- 0 = it was never held
    ADD CONSTRAINT offer_operation CHECK (
        (operation = 'payment') = (provider <> '') AND (operation = 'transfer') = (payee <> '')
        AND payee <> wallet AND provider_fee BETWEEN 0 AND amount - 1
        AND (provider_fee = 0 OR operation = 'payment')),
    ADD CONSTRAINT offer_state CHECK (state IN
        ('open', 'pressed', 'held', 'done', 'refused', 'superseded', 'withdrawn', 'expired')),
    ADD CONSTRAINT offer_refused CHECK ((state = 'refused') = (reason <> '')),
    ADD CONSTRAINT offer_pressed CHECK (state NOT IN ('pressed', 'held', 'done') OR pressed_at > 0),
    ADD CONSTRAINT offer_open CHECK (state <> 'open' OR pressed_at = 0),
    ADD CONSTRAINT offer_held CHECK (state <> 'held' OR held_at > 0),
    ADD CONSTRAINT offer_ended CHECK ((state IN ('open', 'pressed', 'held')) = (ended_at = 0));

-- Few are pressed at a time: one index is enough for those of a wallet and for all of them.
DROP INDEX offer_pressed;
DROP INDEX offer_wallet_pressed;
CREATE INDEX offer_wallet_pressed ON offer (wallet, pressed_at, id)
    WHERE pressed_at > 0 AND held_at = 0 AND ended_at = 0;
-- The code is told when a payment has an end or is held.
CREATE INDEX offer_code ON offer (code)
    WHERE pressed_at > 0 AND (ended_at > 0 OR held_at > 0);

DROP TRIGGER offer_moves ON offer;
CREATE TRIGGER offer_moves BEFORE UPDATE ON offer FOR EACH ROW
WHEN (OLD.state NOT IN ('open', 'pressed', 'held')
      OR (OLD.state = 'pressed' AND NEW.state NOT IN ('pressed', 'held', 'done', 'refused'))
      OR (OLD.state = 'held' AND NEW.state NOT IN ('held', 'done', 'refused'))
      OR (OLD.state = 'open' AND NEW.state IN ('held', 'done'))
      OR OLD.id <> NEW.id OR OLD.fingerprint <> NEW.fingerprint OR OLD.wallet <> NEW.wallet
      OR OLD.operation <> NEW.operation OR OLD.provider <> NEW.provider OR OLD.payee <> NEW.payee
      OR OLD.account <> NEW.account OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee
      OR OLD.provider_fee <> NEW.provider_fee)
EXECUTE FUNCTION refuse_change('an offer moves forward only and keeps what it offered');

-- A payment's, a transfer's and a cash-out's transfer has the id of its offer. The day and the
-- month are those in which its limits are counted.
ALTER TABLE transfer
    DROP CONSTRAINT transfer_kind_check,
    DROP CONSTRAINT transfer_amount_check,
    DROP CONSTRAINT transfer_balance_after_check, -- an agent's may be below zero
    ALTER COLUMN wallet DROP NOT NULL,
    ADD COLUMN reversal_of text REFERENCES transfer (id),
    ADD CONSTRAINT transfer_kind CHECK (kind IN ('payment', 'transfer', 'cash_out', 'cash_in',
        'fund', 'float', 'suspense', 'refund', 'reversal', 'settlement', 'adjustment')),
    ADD CONSTRAINT transfer_wallet_kind CHECK (
        (wallet IS NULL) = (kind IN ('float', 'settlement')) OR kind = 'adjustment'),
    ADD CONSTRAINT transfer_amount CHECK (
        amount > 0 OR (amount = 0 AND fee > 0 AND kind = 'reversal')),
    ADD CONSTRAINT transfer_reversal CHECK ((kind = 'reversal') = (reversal_of IS NOT NULL));
CREATE INDEX transfer_reversal_of ON transfer (reversal_of) WHERE reversal_of IS NOT NULL;

-- The rows of a batch are checked together: a foreign key looks up one row at a time, which is a
-- third of the time of a payment.
CREATE FUNCTION entries_of_transfers() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_orphan text;
BEGIN
    SELECT e.transfer INTO v_orphan FROM added e
    WHERE NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = e.transfer) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry: no transfer %', v_orphan
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION transfers_of_wallets() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_orphan text;
BEGIN
    SELECT t.wallet INTO v_orphan FROM added t
    WHERE t.wallet IS NOT NULL AND NOT EXISTS (SELECT 1 FROM wallet w WHERE w.id = t.wallet) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer: no wallet %', v_orphan
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
ALTER TABLE transfer DROP CONSTRAINT transfer_wallet_fkey;
ALTER TABLE entry DROP CONSTRAINT entry_transfer_fkey;
CREATE TRIGGER transfer_wallet AFTER INSERT ON transfer REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION transfers_of_wallets();
CREATE TRIGGER entry_transfer AFTER INSERT ON entry REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION entries_of_transfers();

ALTER TABLE entry
    DROP CONSTRAINT entry_account_check,
    ADD CONSTRAINT entry_account_check CHECK (account IN ('trust', 'suspense', 'adjust')
        OR account LIKE 'wallet:%' OR account LIKE 'agent:%' OR account LIKE 'provider:%'
        OR account LIKE 'fee:%');

-- What a wallet has used of a limit in a month, and in the last day of it that something was
-- counted for. Fees are not counted. 'out' counts payments, transfers and cash-outs together.
ALTER TABLE limit_used RENAME TO limit_used_before;
ALTER INDEX limit_used_pkey RENAME TO limit_used_before_pkey;
CREATE TABLE limit_used (
    wallet    text   NOT NULL REFERENCES wallet (id),
    operation text   NOT NULL
        CHECK (operation IN ('payment', 'transfer', 'cash_out', 'cash_in', 'out')),
    month     text   NOT NULL, -- "2026-11"
    used      bigint NOT NULL CHECK (used >= 0),
    day       text   NOT NULL, -- "2026-11-21"
    day_used  bigint NOT NULL CHECK (day_used BETWEEN 0 AND used),
    PRIMARY KEY (wallet, operation, month)
) WITH (fillfactor = 70);
INSERT INTO limit_used (wallet, operation, month, used, day, day_used)
SELECT m.wallet, o.operation, m.period, m.used, d.period, d.used
FROM limit_used_before m
JOIN LATERAL (
    SELECT l.period, l.used FROM limit_used_before l
    WHERE l.wallet = m.wallet AND length(l.period) = 10 AND l.period LIKE m.period || '-%'
    ORDER BY l.period DESC LIMIT 1) d ON true
CROSS JOIN (VALUES ('payment'), ('out')) AS o (operation)
WHERE length(m.period) = 7;
DROP TABLE limit_used_before;

-- Reserved money. A hold is made when its offer is pressed, and has one end: posted or voided.
-- 'suspense' is where a payment goes that nobody has answered for in time: the money has left the
-- wallet and waits for a person.
CREATE TABLE hold (
    id        text   PRIMARY KEY REFERENCES offer (id),
    wallet    text   NOT NULL REFERENCES wallet (id),
    operation text   NOT NULL CHECK (operation IN ('payment', 'cash_out')),
    txn       text   NOT NULL CONSTRAINT hold_txn UNIQUE, -- what the other side knows it by
    amount    bigint NOT NULL CHECK (amount > 0),
    fee       bigint NOT NULL CHECK (fee >= 0),
    posted    bigint NOT NULL DEFAULT 0 CHECK (posted BETWEEN 0 AND amount),
    day       text   NOT NULL,
    month     text   NOT NULL,
    state     text   NOT NULL CHECK (state IN
        ('held', 'sent', 'in_doubt', 'suspense', 'posted', 'voided')),
    code      bytea,                             -- of a cash-out: keyed, of its one-time code
    tries     integer NOT NULL DEFAULT 0,        -- wrong codes
    attempt   integer NOT NULL DEFAULT 0,        -- how often it was sent
    next_at   bigint NOT NULL,                   -- when somebody has to look at it
    leased_until bigint NOT NULL DEFAULT 0,      -- till then somebody looks at it
    deadline  bigint NOT NULL,                   -- when it is given up
    created_at bigint NOT NULL,
    sent_at   bigint NOT NULL DEFAULT 0,
    ended_at  bigint NOT NULL DEFAULT 0,
    provider_txn text NOT NULL DEFAULT '',       -- what the other side calls it
    last_code text   NOT NULL DEFAULT '',        -- of the other side's last answer
    last_error text  NOT NULL DEFAULT '',
    CHECK ((state IN ('posted', 'voided')) = (ended_at > 0)),
    CHECK ((state = 'posted') = (posted > 0)),
    CHECK ((operation = 'cash_out') = (code IS NOT NULL)),
    CHECK (state <> 'sent' OR sent_at > 0)
) WITH (fillfactor = 70);
CREATE INDEX hold_due ON hold (next_at, id) WHERE ended_at = 0 AND state <> 'suspense';
CREATE INDEX hold_wallet ON hold (wallet, created_at) WHERE ended_at = 0;
CREATE UNIQUE INDEX hold_one_cash_out ON hold (wallet) WHERE operation = 'cash_out' AND ended_at = 0;

CREATE TRIGGER hold_moves BEFORE UPDATE ON hold FOR EACH ROW
WHEN (OLD.state IN ('posted', 'voided')
      OR (OLD.state <> NEW.state AND NEW.state = 'held')
      OR (OLD.state = 'suspense' AND NEW.state IN ('sent', 'in_doubt'))
      OR OLD.id <> NEW.id OR OLD.txn <> NEW.txn OR OLD.wallet <> NEW.wallet
      OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee)
EXECUTE FUNCTION refuse_change('a hold moves forward only and has one end');
CREATE TRIGGER hold_stays BEFORE DELETE OR TRUNCATE ON hold FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('holds are kept');

-- Every move of every hold, the first one included.
CREATE TABLE hold_move (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold   text   NOT NULL REFERENCES hold (id),
    state  text   NOT NULL,
    at     bigint NOT NULL CHECK (at > 0),
    code   text   NOT NULL DEFAULT '',
    detail text   NOT NULL DEFAULT ''
);
CREATE INDEX hold_move_hold ON hold_move (hold, id);
CREATE TRIGGER hold_move_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON hold_move
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('moves are inserted, never changed');

-- Few among all accounts.
CREATE INDEX account_agent ON account (id) WHERE id LIKE 'agent:%';

-- What agents and terminal networks have asked for, by their own number of it, and the answer that
-- they get for ever. The number is what we call it.
CREATE TABLE agent_txn (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent     text   NOT NULL CHECK (agent <> ''),
    operation text   NOT NULL CHECK (operation IN ('cash_in', 'cash_out')),
    txn       text   NOT NULL CHECK (txn <> ''),
    account   text   NOT NULL,               -- the wallet's number, as the agent wrote it
    wallet    text   REFERENCES wallet (id), -- null = there is none
    amount    bigint NOT NULL CHECK (amount >= 0),
    verdict   text   NOT NULL CHECK (verdict <> ''), -- 'done' or the reason
    reason_limit bigint NOT NULL DEFAULT 0,
    fingerprint  bytea NOT NULL,
    transfer  text   REFERENCES transfer (id),
    balance   bigint NOT NULL DEFAULT 0,     -- of the wallet, afterwards
    txn_date  text   NOT NULL,               -- the agent's, as it wrote it
    at        bigint NOT NULL CHECK (at > 0),
    day       text   NOT NULL,
    CONSTRAINT agent_txn_once UNIQUE (agent, operation, txn),
    CHECK ((verdict = 'done') = (transfer IS NOT NULL))
);
CREATE INDEX agent_txn_day ON agent_txn (agent, day, number);
CREATE TRIGGER agent_txn_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON agent_txn
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('answers to agents are kept');

-- What people have done: who, why and when.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL CHECK (at > 0),
    actor   text   NOT NULL CHECK (actor <> ''),
    act     text   NOT NULL CHECK (act <> ''),
    subject text   NOT NULL CHECK (subject LIKE '%:%'), -- 'wallet:ID', 'payment:ID', 'case:N', ...
    reason  text   NOT NULL CHECK (reason <> ''),
    detail  text   NOT NULL DEFAULT '' -- what was before and what is now; nothing secret
);
CREATE INDEX audit_subject ON audit (subject, id);
INSERT INTO audit (at, actor, act, subject, reason)
SELECT at, actor, act, 'wallet:' || wallet, reason FROM intervention ORDER BY id;
DROP TABLE intervention;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit is inserted, never changed');

-- What needs a person: opened once for each key, closed once.
CREATE TABLE cases (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text   NOT NULL CONSTRAINT cases_key UNIQUE,
    kind       text   NOT NULL CHECK (kind <> ''),
    provider   text   NOT NULL DEFAULT '',
    subject    text   NOT NULL CHECK (subject <> ''),
    amount     bigint NOT NULL DEFAULT 0,
    detail     text   NOT NULL,
    opened_at  bigint NOT NULL CHECK (opened_at > 0),
    closed_at  bigint NOT NULL DEFAULT 0,
    closed_by  text   NOT NULL DEFAULT '',
    resolution text   NOT NULL DEFAULT '',
    CHECK ((closed_at > 0) = (closed_by <> '') AND (closed_at > 0) = (resolution <> ''))
);
CREATE INDEX cases_open ON cases (id) WHERE closed_at = 0;
CREATE INDEX cases_subject ON cases (subject, id);
CREATE TRIGGER cases_moves BEFORE UPDATE ON cases FOR EACH ROW
WHEN (OLD.closed_at > 0 OR OLD.key <> NEW.key OR OLD.kind <> NEW.kind OR OLD.subject <> NEW.subject
      OR OLD.amount <> NEW.amount OR OLD.detail <> NEW.detail)
EXECUTE FUNCTION refuse_change('a case is closed once and keeps what it says');
CREATE TRIGGER cases_stays BEFORE DELETE OR TRUNCATE ON cases FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('cases are kept');

-- The sum of an account's entries up to and including one: for all accounts but the wallets'. That of
-- 'trust' says how far the entries of all accounts are summed up; it is the lock of who does it.
CREATE TABLE rollup (
    account text   PRIMARY KEY,
    through bigint NOT NULL,
    balance bigint NOT NULL
) WITH (fillfactor = 70);
INSERT INTO rollup (account, through, balance) VALUES ('trust', 0, 0);
-- What was written since then is found by its block: the entries are in their order on the disk.
CREATE INDEX entry_seq ON entry USING brin (seq) WITH (pages_per_range = 16, autosummarize = on);

-- A closed day has the entries up to and including 'through' whose transfer is of that day or of one
-- before, and that no closed day before it has. No entry up to and including 'whole' is left over.
CREATE TABLE closed_day (
    day       text   PRIMARY KEY,
    through   bigint NOT NULL,
    whole     bigint NOT NULL CHECK (whole <= through),
    closed_at bigint NOT NULL
);
CREATE TABLE closing (
    account text   NOT NULL,
    day     text   NOT NULL REFERENCES closed_day (day),
    opening bigint NOT NULL,
    debit   bigint NOT NULL CHECK (debit <= 0),
    credit  bigint NOT NULL CHECK (credit >= 0),
    closing bigint NOT NULL CHECK (closing = opening + debit + credit),
    PRIMARY KEY (account, day)
);
CREATE TRIGGER closed_day_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON closed_day
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a closed day stays');
CREATE TRIGGER closing_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON closing
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a closed day stays');

CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at > 0;
