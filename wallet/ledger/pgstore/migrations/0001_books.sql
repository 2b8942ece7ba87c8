-- The books. Money is whole tyiyn; times are microseconds since 1970 in UTC, by the caller's
-- clock, 0 = never. litestore has the same tables.

CREATE TABLE wallet (
    id            text PRIMARY KEY CHECK (id <> ''),
    msisdn        text NOT NULL CONSTRAINT wallet_msisdn UNIQUE,
    name          text NOT NULL,
    lang          text NOT NULL,
    level         text NOT NULL,
    inn_hash      bytea CONSTRAINT wallet_inn UNIQUE, -- keyed
    inn_sealed    bytea,
    birth_date    text NOT NULL,
    offer_hash    text NOT NULL, -- of the public offer's text to which the subscriber agreed
    registered_at bigint NOT NULL CHECK (registered_at > 0)
);

CREATE TABLE wallet_pin (
    wallet      text PRIMARY KEY REFERENCES wallet (id),
    key_version integer NOT NULL,
    salt        bytea NOT NULL,
    mac         bytea NOT NULL,
    first       boolean NOT NULL, -- it came by SMS
    used        boolean NOT NULL, -- it was typed right once
    set_at      bigint NOT NULL,
    tries       integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    last_try_at bigint NOT NULL DEFAULT 0,
    attempts    bigint NOT NULL DEFAULT 0, -- ever counted: numbers the rows of pin_attempt
    locks       integer NOT NULL DEFAULT 0 CHECK (locks >= 0),
    locked_until       bigint NOT NULL DEFAULT 0,
    staged_key_version integer,
    staged_salt        bytea,
    staged_mac         bytea,
    staged_until       bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE pin_attempt (
    wallet  text NOT NULL REFERENCES wallet (id),
    attempt text NOT NULL,
    number  bigint NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('', 'right', 'wrong')),
    tries_left   integer NOT NULL DEFAULT 0,
    locked_until bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (wallet, attempt)
);
CREATE INDEX pin_attempt_number ON pin_attempt (wallet, number);

CREATE TABLE first_pin (
    wallet  text NOT NULL REFERENCES wallet (id),
    made_at bigint NOT NULL
);
CREATE INDEX first_pin_wallet ON first_pin (wallet, made_at);

-- Accounts with a running balance. All other accounts are the sums of their entries: a running
-- balance of a provider would be one row that every payment waits for.
CREATE TABLE account (
    id      text PRIMARY KEY CHECK (id LIKE 'wallet:%'),
    balance bigint NOT NULL CHECK (balance BETWEEN 0 AND 100000000000000000)
) WITH (fillfactor = 70);

CREATE TABLE offer (
    id            text PRIMARY KEY CHECK (id <> '' AND id NOT LIKE '%:%'),
    wallet        text NOT NULL REFERENCES wallet (id),
    provider      text NOT NULL,
    provider_name text NOT NULL,
    account       text NOT NULL,
    amount        bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    fee           bigint NOT NULL CHECK (fee BETWEEN 0 AND 1000000000000000),
    code          text NOT NULL,
    revision      text NOT NULL,
    lang          text NOT NULL,
    fingerprint   bytea NOT NULL,
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL,
    state         text NOT NULL CHECK (state IN
        ('open', 'pressed', 'done', 'refused', 'superseded', 'withdrawn', 'expired')),
    pressed_at    bigint NOT NULL DEFAULT 0,
    ended_at      bigint NOT NULL DEFAULT 0,
    reason        text NOT NULL DEFAULT '',
    reason_limit  bigint NOT NULL DEFAULT 0,
    CHECK ((state = 'refused') = (reason <> '')),
    CHECK (state NOT IN ('pressed', 'done') OR pressed_at > 0),
    CHECK (state <> 'open' OR pressed_at = 0),
    CHECK ((state IN ('open', 'pressed')) = (ended_at = 0))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX offer_one_open ON offer (wallet) WHERE state = 'open';
-- Its condition means pressed, but is not written that way: a query for one offer's id that says
-- state = 'pressed' could be planned, while there are few, as a scan of this index, and keep the plan.
CREATE INDEX offer_pressed ON offer (pressed_at, id) WHERE pressed_at > 0 AND ended_at = 0;
CREATE INDEX offer_wallet_pressed ON offer (wallet, pressed_at, id)
    WHERE pressed_at > 0 AND ended_at = 0;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER offer_moves BEFORE UPDATE ON offer FOR EACH ROW
WHEN (OLD.state NOT IN ('open', 'pressed') OR (OLD.state = 'pressed' AND NEW.state NOT IN
      ('pressed', 'done', 'refused')) OR (OLD.state = 'open' AND NEW.state = 'done')
      OR OLD.id <> NEW.id OR OLD.fingerprint <> NEW.fingerprint OR OLD.wallet <> NEW.wallet
      OR OLD.amount <> NEW.amount OR OLD.fee <> NEW.fee)
EXECUTE FUNCTION refuse_change('an offer moves forward only and keeps what it offered');

CREATE TRIGGER offer_stays BEFORE DELETE OR TRUNCATE ON offer FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('offers are kept');

CREATE TABLE transfer (
    seq           bigint GENERATED ALWAYS AS IDENTITY,
    id            text PRIMARY KEY, -- a payment's is its offer's
    kind          text NOT NULL CHECK (kind IN ('payment', 'fund')),
    wallet        text NOT NULL REFERENCES wallet (id),
    amount        bigint NOT NULL CHECK (amount > 0),
    fee           bigint NOT NULL CHECK (fee >= 0),
    fingerprint   bytea NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    posted_at     bigint NOT NULL,
    day           text NOT NULL,
    month         text NOT NULL
);
CREATE INDEX transfer_wallet ON transfer (wallet, posted_at, seq);

-- An entry credits an account (above zero) or debits it (below).
CREATE TABLE entry (
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    transfer text NOT NULL REFERENCES transfer (id),
    line     integer NOT NULL,
    account  text NOT NULL CHECK (account = 'trust' OR account LIKE 'wallet:%'
             OR account LIKE 'provider:%' OR account LIKE 'fee:%'),
    amount   bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transfer, line)
);
CREATE INDEX entry_account ON entry (account, seq);

CREATE TRIGGER transfer_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('transfers are inserted, never changed');
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON entry FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('entries are inserted, never changed');

-- What a wallet has paid in a day ("2026-11-21") or a month ("2026-11"), fees not counted.
CREATE TABLE limit_used (
    wallet text NOT NULL REFERENCES wallet (id),
    period text NOT NULL,
    used   bigint NOT NULL CHECK (used > 0),
    PRIMARY KEY (wallet, period)
) WITH (fillfactor = 70);

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text NOT NULL CONSTRAINT outbox_key UNIQUE,
    msisdn     text NOT NULL,
    kind       text NOT NULL,
    lang       text NOT NULL,
    fields     text NOT NULL, -- JSON object; nothing secret
    sealed     bytea,         -- secret field, under a key outside the database
    offer      text,          -- the offer that it tells of, and the end that it tells
    offer_end  text,
    attempt    integer NOT NULL DEFAULT 0,
    next_at    bigint NOT NULL,
    created_at bigint NOT NULL,
    sent_at    bigint NOT NULL DEFAULT 0,
    dead_at    bigint NOT NULL DEFAULT 0, -- it was given up
    last_error text NOT NULL DEFAULT '',
    CHECK ((sent_at = 0 AND dead_at = 0) OR sealed IS NULL),
    CHECK (sent_at = 0 OR dead_at = 0),
    CHECK ((offer IS NULL) = (offer_end IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE sent_at = 0 AND dead_at = 0;
