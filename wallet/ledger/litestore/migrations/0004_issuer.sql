-- What makes the books those of an issuer: operations between wallets and with agents, holds,
-- limits by operation, an audit of what people do, cases, roll-ups and the daily close. SQLite
-- changes no constraint of a table: the tables with new ones are made anew.

PRAGMA defer_foreign_keys = ON;

-- A wallet whose number may have another owner moves no money until its INN is confirmed.
ALTER TABLE wallet ADD COLUMN imsi_hash BLOB; -- keyed, of the SIM that the owner is known by
ALTER TABLE wallet ADD COLUMN suspect TEXT NOT NULL DEFAULT ''
    CHECK (suspect IN ('', 'imsi', 'recycled'));
ALTER TABLE wallet ADD COLUMN suspect_at INTEGER NOT NULL DEFAULT 0
    CHECK ((suspect = '') = (suspect_at = 0));

-- A first PIN that was made by a reset has to be changed before money moves.
ALTER TABLE wallet_pin ADD COLUMN reset_at INTEGER NOT NULL DEFAULT 0; -- of the last reset, 0 = none

-- An agent's float may go below zero as far as its credit line. What is held is part of the balance
-- and is not to be had.
CREATE TABLE account_new (
    id      TEXT PRIMARY KEY CHECK (id LIKE 'wallet:%' OR id LIKE 'agent:%'),
    balance INTEGER NOT NULL CHECK (balance BETWEEN -credit AND 100000000000000000),
    held    INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0 AND (held = 0 OR held <= balance)),
    credit  INTEGER NOT NULL DEFAULT 0 CHECK (credit >= 0 AND (credit = 0 OR id LIKE 'agent:%'))
) STRICT, WITHOUT ROWID;
INSERT INTO account_new (id, balance) SELECT id, balance FROM account;
DROP TABLE account;
ALTER TABLE account_new RENAME TO account;

DROP TRIGGER offer_moves;
DROP TRIGGER offer_stays;
CREATE TABLE offer_new (
    id            TEXT PRIMARY KEY CHECK (id <> '' AND id NOT LIKE '%:%'),
    wallet        TEXT NOT NULL REFERENCES wallet (id),
    operation     TEXT NOT NULL DEFAULT 'payment'
        CHECK (operation IN ('payment', 'transfer', 'cash_out')),
    payee         TEXT NOT NULL DEFAULT '', -- the wallet that a transfer goes to
    provider      TEXT NOT NULL,
    provider_name TEXT NOT NULL,
    account       TEXT NOT NULL,
    amount        INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    fee           INTEGER NOT NULL CHECK (fee BETWEEN 0 AND 1000000000000000),
    provider_fee  INTEGER NOT NULL DEFAULT 0, -- what the provider pays for the payment
    code          TEXT NOT NULL,
    revision      TEXT NOT NULL,
    lang          TEXT NOT NULL,
    fingerprint   BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN
        ('open', 'pressed', 'held', 'done', 'refused', 'superseded', 'withdrawn', 'expired')),
    pressed_at    INTEGER NOT NULL DEFAULT 0,
    held_at       INTEGER NOT NULL DEFAULT 0, -- 0 = it was never held
    ended_at      INTEGER NOT NULL DEFAULT 0,
    reason        TEXT NOT NULL DEFAULT '',
    reason_limit  INTEGER NOT NULL DEFAULT 0,
    CHECK ((operation = 'payment') = (provider <> '')),
    CHECK ((operation = 'transfer') = (payee <> '')),
    CHECK (payee <> wallet),
    CHECK (provider_fee BETWEEN 0 AND amount - 1 AND (provider_fee = 0 OR operation = 'payment')),
    CHECK ((state = 'refused') = (reason <> '')),
    CHECK (state NOT IN ('pressed', 'held', 'done') OR pressed_at > 0),
    CHECK (state <> 'open' OR pressed_at = 0),
    CHECK (state <> 'held' OR held_at > 0),
    CHECK ((state IN ('open', 'pressed', 'held')) = (ended_at = 0))
) STRICT;
INSERT INTO offer_new (id, wallet, provider, provider_name, account, amount, fee, code, revision,
                       lang, fingerprint, created_at, expires_at, state, pressed_at, ended_at,
                       reason, reason_limit)
SELECT id, wallet, provider, provider_name, account, amount, fee, code, revision, lang, fingerprint,
       created_at, expires_at, state, pressed_at, ended_at, reason, reason_limit
FROM offer ORDER BY rowid;
DROP TABLE offer;
ALTER TABLE offer_new RENAME TO offer;
CREATE UNIQUE INDEX offer_one_open ON offer (wallet) WHERE state = 'open';
-- Few are pressed at a time: one index is enough for those of a wallet and for all of them. Its
-- condition means pressed: see 0001.
CREATE INDEX offer_wallet_pressed ON offer (wallet, pressed_at, id)
    WHERE pressed_at > 0 AND held_at = 0 AND ended_at = 0;
-- The code is told when a payment has an end or is held.
CREATE INDEX offer_code ON offer (code)
    WHERE pressed_at > 0 AND (ended_at > 0 OR held_at > 0);

CREATE TRIGGER offer_moves BEFORE UPDATE ON offer
WHEN OLD.state NOT IN ('open', 'pressed', 'held')
     OR (OLD.state = 'pressed' AND NEW.state NOT IN ('pressed', 'held', 'done', 'refused'))
     OR (OLD.state = 'held' AND NEW.state NOT IN ('held', 'done', 'refused'))
     OR (OLD.state = 'open' AND NEW.state IN ('held', 'done'))
     OR OLD.id <> NEW.id OR OLD.fingerprint <> NEW.fingerprint OR OLD.wallet <> NEW.wallet
     OR OLD.operation <> NEW.operation OR OLD.provider <> NEW.provider OR OLD.payee <> NEW.payee
     OR OLD.account <> NEW.account OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee
     OR OLD.provider_fee <> NEW.provider_fee
BEGIN SELECT RAISE(ABORT, 'an offer moves forward only and keeps what it offered'); END;
CREATE TRIGGER offer_stays BEFORE DELETE ON offer
BEGIN SELECT RAISE(ABORT, 'offers are kept'); END;

-- A payment's, a transfer's and a cash-out's transfer has the id of its offer. The day and the
-- month are those in which its limits are counted.
DROP TRIGGER transfer_no_update;
DROP TRIGGER transfer_no_delete;
DROP TRIGGER entry_no_update;
DROP TRIGGER entry_no_delete;
CREATE TABLE transfer_new (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('payment', 'transfer', 'cash_out', 'cash_in',
        'fund', 'float', 'suspense', 'refund', 'reversal', 'settlement', 'adjustment')),
    wallet        TEXT REFERENCES wallet (id),
    amount        INTEGER NOT NULL,
    fee           INTEGER NOT NULL CHECK (fee >= 0),
    fingerprint   BLOB NOT NULL,
    balance_after INTEGER NOT NULL,
    posted_at     INTEGER NOT NULL,
    day           TEXT NOT NULL,
    month         TEXT NOT NULL,
    reversal_of   TEXT REFERENCES transfer (id),
    CHECK ((wallet IS NULL) = (kind IN ('float', 'settlement')) OR kind = 'adjustment'),
    CHECK (amount > 0 OR (amount = 0 AND fee > 0 AND kind = 'reversal')),
    CHECK ((kind = 'reversal') = (reversal_of IS NOT NULL))
) STRICT;
INSERT INTO transfer_new (seq, id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at,
                          day, month)
SELECT seq, id, kind, wallet, amount, fee, fingerprint, balance_after, posted_at, day, month
FROM transfer ORDER BY seq;
CREATE TABLE entry_new (
    seq      INTEGER PRIMARY KEY,
    transfer TEXT NOT NULL REFERENCES transfer (id),
    line     INTEGER NOT NULL,
    account  TEXT NOT NULL CHECK (account IN ('trust', 'suspense', 'adjust')
             OR account LIKE 'wallet:%' OR account LIKE 'agent:%' OR account LIKE 'provider:%'
             OR account LIKE 'fee:%'),
    amount   INTEGER NOT NULL CHECK (amount <> 0)
) STRICT;
INSERT INTO entry_new (seq, transfer, line, account, amount)
SELECT seq, transfer, line, account, amount FROM entry ORDER BY seq;
DROP TABLE entry;
DROP TABLE transfer;
ALTER TABLE transfer_new RENAME TO transfer;
ALTER TABLE entry_new RENAME TO entry;
CREATE UNIQUE INDEX transfer_id ON transfer (id);
CREATE INDEX transfer_wallet ON transfer (wallet, posted_at, seq);
CREATE INDEX transfer_reversal_of ON transfer (reversal_of) WHERE reversal_of IS NOT NULL;
CREATE UNIQUE INDEX entry_transfer ON entry (transfer, line);
CREATE INDEX entry_account ON entry (account, seq);
CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are inserted, never changed'); END;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are inserted, never changed'); END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are inserted, never changed'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are inserted, never changed'); END;

-- No row is ever deleted, so the next number is above all before it, without a table that says so.
CREATE TABLE outbox_new (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL,
    msisdn     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    fields     TEXT NOT NULL, -- JSON object; nothing secret
    sealed     BLOB,          -- secret field, under a key outside the database
    offer      TEXT,          -- the offer that it tells of, and the end that it tells
    offer_end  TEXT,
    attempt    INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER NOT NULL DEFAULT 0,
    dead_at    INTEGER NOT NULL DEFAULT 0, -- it was given up
    last_error TEXT NOT NULL DEFAULT '',
    CHECK ((sent_at = 0 AND dead_at = 0) OR sealed IS NULL),
    CHECK (sent_at = 0 OR dead_at = 0),
    CHECK ((offer IS NULL) = (offer_end IS NULL))
) STRICT;
INSERT INTO outbox_new (id, key, msisdn, kind, lang, fields, sealed, offer, offer_end, attempt,
                        next_at, created_at, sent_at, dead_at, last_error)
SELECT id, key, msisdn, kind, lang, fields, sealed, offer, offer_end, attempt, next_at, created_at,
       sent_at, dead_at, last_error
FROM outbox ORDER BY id;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE UNIQUE INDEX outbox_key ON outbox (key);
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE sent_at = 0 AND dead_at = 0;

-- What a wallet has used of a limit in a month, and in the last day of it that something was
-- counted for. Fees are not counted. 'out' counts payments, transfers and cash-outs together.
CREATE TABLE limit_used_new (
    wallet    TEXT NOT NULL REFERENCES wallet (id),
    operation TEXT NOT NULL
        CHECK (operation IN ('payment', 'transfer', 'cash_out', 'cash_in', 'out')),
    month     TEXT NOT NULL, -- "2026-11"
    used      INTEGER NOT NULL CHECK (used >= 0),
    day       TEXT NOT NULL, -- "2026-11-21"
    day_used  INTEGER NOT NULL CHECK (day_used BETWEEN 0 AND used),
    PRIMARY KEY (wallet, operation, month)
) STRICT, WITHOUT ROWID;
INSERT INTO limit_used_new (wallet, operation, month, used, day, day_used)
SELECT m.wallet, o.operation, m.period, m.used, d.period, d.used
FROM limit_used m
JOIN limit_used d ON d.wallet = m.wallet AND d.period = (
    SELECT max(l.period) FROM limit_used l
    WHERE l.wallet = m.wallet AND length(l.period) = 10 AND l.period LIKE m.period || '-%')
CROSS JOIN (SELECT 'payment' AS operation UNION ALL SELECT 'out') o
WHERE length(m.period) = 7;
DROP TABLE limit_used;
ALTER TABLE limit_used_new RENAME TO limit_used;

-- Reserved money. A hold is made when its offer is pressed, and has one end: posted or voided.
-- 'suspense' is where a payment goes that nobody has answered for in time: the money has left the
-- wallet and waits for a person.
CREATE TABLE hold (
    id        TEXT   PRIMARY KEY REFERENCES offer (id),
    wallet    TEXT   NOT NULL REFERENCES wallet (id),
    operation TEXT   NOT NULL CHECK (operation IN ('payment', 'cash_out')),
    txn       TEXT   NOT NULL UNIQUE, -- what the other side knows it by
    amount    INTEGER NOT NULL CHECK (amount > 0),
    fee       INTEGER NOT NULL CHECK (fee >= 0),
    posted    INTEGER NOT NULL DEFAULT 0 CHECK (posted BETWEEN 0 AND amount),
    day       TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN
        ('held', 'sent', 'in_doubt', 'suspense', 'posted', 'voided')),
    code      BLOB,                             -- of a cash-out: keyed, of its one-time code
    tries     INTEGER NOT NULL DEFAULT 0,        -- wrong codes
    attempt   INTEGER NOT NULL DEFAULT 0,        -- how often it was sent
    next_at   INTEGER NOT NULL,                   -- when somebody has to look at it
    leased_until INTEGER NOT NULL DEFAULT 0,     -- till then somebody looks at it
    deadline  INTEGER NOT NULL,                   -- when it is given up
    created_at INTEGER NOT NULL,
    sent_at   INTEGER NOT NULL DEFAULT 0,
    ended_at  INTEGER NOT NULL DEFAULT 0,
    provider_txn TEXT NOT NULL DEFAULT '',       -- what the other side calls it
    last_code TEXT   NOT NULL DEFAULT '',        -- of the other side's last answer
    last_error TEXT  NOT NULL DEFAULT '',
    CHECK ((state IN ('posted', 'voided')) = (ended_at > 0)),
    CHECK ((state = 'posted') = (posted > 0)),
    CHECK ((operation = 'cash_out') = (code IS NOT NULL)),
    CHECK (state <> 'sent' OR sent_at > 0)
) STRICT;
CREATE INDEX hold_due ON hold (next_at, id) WHERE ended_at = 0 AND state <> 'suspense';
CREATE INDEX hold_wallet ON hold (wallet, created_at) WHERE ended_at = 0;
CREATE UNIQUE INDEX hold_one_cash_out ON hold (wallet) WHERE operation = 'cash_out' AND ended_at = 0;

CREATE TRIGGER hold_moves BEFORE UPDATE ON hold
WHEN OLD.state IN ('posted', 'voided')
      OR (OLD.state <> NEW.state AND NEW.state = 'held')
      OR (OLD.state = 'suspense' AND NEW.state IN ('sent', 'in_doubt'))
      OR OLD.id <> NEW.id OR OLD.txn <> NEW.txn OR OLD.wallet <> NEW.wallet
      OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee
BEGIN SELECT RAISE(ABORT, 'a hold moves forward only and has one end'); END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON hold
BEGIN SELECT RAISE(ABORT, 'holds are kept'); END;

-- Every move of every hold, the first one included.
CREATE TABLE hold_move (
    id     INTEGER PRIMARY KEY,
    hold   TEXT   NOT NULL REFERENCES hold (id),
    state  TEXT   NOT NULL,
    at     INTEGER NOT NULL CHECK (at > 0),
    code   TEXT   NOT NULL DEFAULT '',
    detail TEXT   NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX hold_move_hold ON hold_move (hold, id);
CREATE TRIGGER hold_move_no_update BEFORE UPDATE ON hold_move
BEGIN SELECT RAISE(ABORT, 'moves are inserted, never changed'); END;
CREATE TRIGGER hold_move_no_delete BEFORE DELETE ON hold_move
BEGIN SELECT RAISE(ABORT, 'moves are inserted, never changed'); END;

-- Few among all accounts.
CREATE INDEX account_agent ON account (id) WHERE id LIKE 'agent:%';

-- What agents and terminal networks have asked for, by their own number of it, and the answer that
-- they get for ever. The number is what we call it.
CREATE TABLE agent_txn (
    number    INTEGER PRIMARY KEY,
    agent     TEXT   NOT NULL CHECK (agent <> ''),
    operation TEXT   NOT NULL CHECK (operation IN ('cash_in', 'cash_out')),
    txn       TEXT   NOT NULL CHECK (txn <> ''),
    account   TEXT   NOT NULL,               -- the wallet's number, as the agent wrote it
    wallet    TEXT   REFERENCES wallet (id), -- null = there is none
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    verdict   TEXT   NOT NULL CHECK (verdict <> ''), -- 'done' or the reason
    reason_limit INTEGER NOT NULL DEFAULT 0,
    fingerprint  BLOB NOT NULL,
    transfer  TEXT   REFERENCES transfer (id),
    balance   INTEGER NOT NULL DEFAULT 0,     -- of the wallet, afterwards
    txn_date  TEXT   NOT NULL,               -- the agent's, as it wrote it
    at        INTEGER NOT NULL CHECK (at > 0),
    day       TEXT   NOT NULL,
    UNIQUE (agent, operation, txn),
    CHECK ((verdict = 'done') = (transfer IS NOT NULL))
) STRICT;
CREATE INDEX agent_txn_day ON agent_txn (agent, day, number);
CREATE TRIGGER agent_txn_no_update BEFORE UPDATE ON agent_txn
BEGIN SELECT RAISE(ABORT, 'answers to agents are kept'); END;
CREATE TRIGGER agent_txn_no_delete BEFORE DELETE ON agent_txn
BEGIN SELECT RAISE(ABORT, 'answers to agents are kept'); END;

-- What people have done: who, why and when.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL CHECK (at > 0),
    actor   TEXT   NOT NULL CHECK (actor <> ''),
    act     TEXT   NOT NULL CHECK (act <> ''),
    subject TEXT   NOT NULL CHECK (subject LIKE '%:%'), -- 'wallet:ID', 'payment:ID', 'case:N', ...
    reason  TEXT   NOT NULL CHECK (reason <> ''),
    detail  TEXT   NOT NULL DEFAULT '' -- what was before and what is now; nothing secret
) STRICT;
CREATE INDEX audit_subject ON audit (subject, id);
INSERT INTO audit (at, actor, act, subject, reason)
SELECT at, actor, act, 'wallet:' || wallet, reason FROM intervention ORDER BY id;
DROP TRIGGER intervention_no_update;
DROP TRIGGER intervention_no_delete;
DROP TABLE intervention;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is inserted, never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is inserted, never changed'); END;

-- What needs a person: opened once for each key, closed once.
CREATE TABLE cases (
    id         INTEGER PRIMARY KEY,
    key        TEXT   NOT NULL UNIQUE,
    kind       TEXT   NOT NULL CHECK (kind <> ''),
    provider   TEXT   NOT NULL DEFAULT '',
    subject    TEXT   NOT NULL CHECK (subject <> ''),
    amount     INTEGER NOT NULL DEFAULT 0,
    detail     TEXT   NOT NULL,
    opened_at  INTEGER NOT NULL CHECK (opened_at > 0),
    closed_at  INTEGER NOT NULL DEFAULT 0,
    closed_by  TEXT   NOT NULL DEFAULT '',
    resolution TEXT   NOT NULL DEFAULT '',
    CHECK ((closed_at > 0) = (closed_by <> '') AND (closed_at > 0) = (resolution <> ''))
) STRICT;
CREATE INDEX cases_open ON cases (id) WHERE closed_at = 0;
CREATE INDEX cases_subject ON cases (subject, id);
CREATE TRIGGER cases_moves BEFORE UPDATE ON cases
WHEN OLD.closed_at > 0 OR OLD.key <> NEW.key OR OLD.kind <> NEW.kind OR OLD.subject <> NEW.subject
      OR OLD.amount <> NEW.amount OR OLD.detail <> NEW.detail
BEGIN SELECT RAISE(ABORT, 'a case is closed once and keeps what it says'); END;
CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases
BEGIN SELECT RAISE(ABORT, 'cases are kept'); END;

-- The sum of an account's entries up to and including one: for all accounts but the wallets'. That of
-- 'trust' says how far the entries of all accounts are summed up; it is the lock of who does it.
CREATE TABLE rollup (
    account TEXT   PRIMARY KEY,
    through INTEGER NOT NULL,
    balance INTEGER NOT NULL
) STRICT;
INSERT INTO rollup (account, through, balance) VALUES ('trust', 0, 0);

-- A closed day has the entries up to and including 'through' whose transfer is of that day or of one
-- before, and that no closed day before it has. No entry up to and including 'whole' is left over.
CREATE TABLE closed_day (
    day       TEXT   PRIMARY KEY,
    through   INTEGER NOT NULL,
    whole     INTEGER NOT NULL CHECK (whole <= through),
    closed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE closing (
    account TEXT   NOT NULL,
    day     TEXT   NOT NULL REFERENCES closed_day (day),
    opening INTEGER NOT NULL,
    debit   INTEGER NOT NULL CHECK (debit <= 0),
    credit  INTEGER NOT NULL CHECK (credit >= 0),
    closing INTEGER NOT NULL CHECK (closing = opening + debit + credit),
    PRIMARY KEY (account, day)
) STRICT;
CREATE TRIGGER closed_day_no_update BEFORE UPDATE ON closed_day
BEGIN SELECT RAISE(ABORT, 'a closed day stays'); END;
CREATE TRIGGER closed_day_no_delete BEFORE DELETE ON closed_day
BEGIN SELECT RAISE(ABORT, 'a closed day stays'); END;
CREATE TRIGGER closing_no_update BEFORE UPDATE ON closing
BEGIN SELECT RAISE(ABORT, 'a closed day stays'); END;
CREATE TRIGGER closing_no_delete BEFORE DELETE ON closing
BEGIN SELECT RAISE(ABORT, 'a closed day stays'); END;

CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at > 0;
