-- The books. Money is whole tyiyn; times are microseconds since 1970 in UTC, by the caller's
-- clock, 0 = never. pgstore has the same tables.

CREATE TABLE wallet (
    id            TEXT PRIMARY KEY CHECK (id <> ''),
    msisdn        TEXT NOT NULL,
    name          TEXT NOT NULL,
    lang          TEXT NOT NULL,
    level         TEXT NOT NULL,
    inn_hash      BLOB, -- keyed
    inn_sealed    BLOB,
    birth_date    TEXT NOT NULL,
    offer_hash    TEXT NOT NULL, -- of the public offer's text to which the subscriber agreed
    registered_at INTEGER NOT NULL CHECK (registered_at > 0)
) STRICT;
CREATE UNIQUE INDEX wallet_msisdn ON wallet (msisdn);
CREATE UNIQUE INDEX wallet_inn ON wallet (inn_hash) WHERE inn_hash IS NOT NULL;

CREATE TABLE wallet_pin (
    wallet      TEXT PRIMARY KEY REFERENCES wallet (id),
    key_version INTEGER NOT NULL,
    salt        BLOB NOT NULL,
    mac         BLOB NOT NULL,
    first       INTEGER NOT NULL CHECK (first IN (0, 1)), -- it came by SMS
    used        INTEGER NOT NULL CHECK (used IN (0, 1)),  -- it was typed right once
    set_at      INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    last_try_at INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0, -- ever counted: numbers the rows of pin_attempt
    locks       INTEGER NOT NULL DEFAULT 0 CHECK (locks >= 0),
    locked_until       INTEGER NOT NULL DEFAULT 0,
    staged_key_version INTEGER,
    staged_salt        BLOB,
    staged_mac         BLOB,
    staged_until       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE pin_attempt (
    wallet  TEXT NOT NULL REFERENCES wallet (id),
    attempt TEXT NOT NULL,
    number  INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('', 'right', 'wrong')),
    tries_left   INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (wallet, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_attempt_number ON pin_attempt (wallet, number);

CREATE TABLE first_pin (
    wallet  TEXT NOT NULL REFERENCES wallet (id),
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX first_pin_wallet ON first_pin (wallet, made_at);

-- Accounts with a running balance. All other accounts are the sums of their entries.
CREATE TABLE account (
    id      TEXT PRIMARY KEY CHECK (id LIKE 'wallet:%'),
    balance INTEGER NOT NULL CHECK (balance BETWEEN 0 AND 100000000000000000)
) STRICT, WITHOUT ROWID;

CREATE TABLE offer (
    id            TEXT PRIMARY KEY CHECK (id <> '' AND id NOT LIKE '%:%'),
    wallet        TEXT NOT NULL REFERENCES wallet (id),
    provider      TEXT NOT NULL,
    provider_name TEXT NOT NULL,
    account       TEXT NOT NULL,
    amount        INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    fee           INTEGER NOT NULL CHECK (fee BETWEEN 0 AND 1000000000000000),
    code          TEXT NOT NULL,
    revision      TEXT NOT NULL,
    lang          TEXT NOT NULL,
    fingerprint   BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN
        ('open', 'pressed', 'done', 'refused', 'superseded', 'withdrawn', 'expired')),
    pressed_at    INTEGER NOT NULL DEFAULT 0,
    ended_at      INTEGER NOT NULL DEFAULT 0,
    reason        TEXT NOT NULL DEFAULT '',
    reason_limit  INTEGER NOT NULL DEFAULT 0,
    CHECK ((state = 'refused') = (reason <> '')),
    CHECK (state NOT IN ('pressed', 'done') OR pressed_at > 0),
    CHECK (state <> 'open' OR pressed_at = 0),
    CHECK ((state IN ('open', 'pressed')) = (ended_at = 0))
) STRICT;
CREATE UNIQUE INDEX offer_one_open ON offer (wallet) WHERE state = 'open';
-- Its condition means pressed, but is not written that way: a query for one offer's id that says
-- state = 'pressed' could be planned, while there are few, as a scan of this index, and keep the plan.
CREATE INDEX offer_pressed ON offer (pressed_at, id) WHERE pressed_at > 0 AND ended_at = 0;
CREATE INDEX offer_wallet_pressed ON offer (wallet, pressed_at, id)
    WHERE pressed_at > 0 AND ended_at = 0;

CREATE TRIGGER offer_moves BEFORE UPDATE ON offer
WHEN OLD.state NOT IN ('open', 'pressed') OR (OLD.state = 'pressed' AND NEW.state NOT IN
     ('pressed', 'done', 'refused')) OR (OLD.state = 'open' AND NEW.state = 'done')
     OR OLD.id <> NEW.id OR OLD.fingerprint <> NEW.fingerprint OR OLD.wallet <> NEW.wallet
     OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee
BEGIN SELECT RAISE(ABORT, 'an offer moves forward only and keeps what it offered'); END;

CREATE TRIGGER offer_stays BEFORE DELETE ON offer
BEGIN SELECT RAISE(ABORT, 'offers are kept'); END;

CREATE TABLE transfer (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL, -- a payment's is its offer's
    kind          TEXT NOT NULL CHECK (kind IN ('payment', 'fund')),
    wallet        TEXT NOT NULL REFERENCES wallet (id),
    amount        INTEGER NOT NULL CHECK (amount > 0),
    fee           INTEGER NOT NULL CHECK (fee >= 0),
    fingerprint   BLOB NOT NULL,
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
    posted_at     INTEGER NOT NULL,
    day           TEXT NOT NULL,
    month         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX transfer_id ON transfer (id);
CREATE INDEX transfer_wallet ON transfer (wallet, posted_at, seq);

-- An entry credits an account (above zero) or debits it (below).
CREATE TABLE entry (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer TEXT NOT NULL REFERENCES transfer (id),
    line     INTEGER NOT NULL,
    account  TEXT NOT NULL CHECK (account = 'trust' OR account LIKE 'wallet:%'
             OR account LIKE 'provider:%' OR account LIKE 'fee:%'),
    amount   INTEGER NOT NULL CHECK (amount <> 0)
) STRICT;
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

-- What a wallet has paid in a day ("2026-11-21") or a month ("2026-11"), fees not counted.
CREATE TABLE limit_used (
    wallet TEXT NOT NULL REFERENCES wallet (id),
    period TEXT NOT NULL,
    used   INTEGER NOT NULL CHECK (used > 0),
    PRIMARY KEY (wallet, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE UNIQUE INDEX outbox_key ON outbox (key);
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE sent_at = 0 AND dead_at = 0;
