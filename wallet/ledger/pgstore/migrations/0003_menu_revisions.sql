-- What was published: the menus by the hash of their content, and the log of who put which before
-- whom. Both are only ever added to.

CREATE TABLE menu_revision (
    id        text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{12}$'),
    files     bytea NOT NULL CHECK (octet_length(files) BETWEEN 1 AND 9000000),
    author    text NOT NULL CHECK (author <> ''),
    stored_at bigint NOT NULL CHECK (stored_at > 0)
);

CREATE TABLE menu_change (
    seq      bigint PRIMARY KEY CHECK (seq > 0),
    at       bigint NOT NULL CHECK (at > 0),
    kind     text NOT NULL CHECK (kind IN ('publish', 'rollback')),
    revision text REFERENCES menu_revision (id), -- NULL: back to before the first publish
    content  bytea CHECK (octet_length(content) = 32), -- the SHA-256 whose beginning is revision
    base     text CONSTRAINT menu_change_base_fkey REFERENCES menu_revision (id), -- what was live; NULL: nothing
    stage    text NOT NULL CHECK (stage IN ('test', 'share', 'all')),
    numbers  text NOT NULL, -- test numbers, with blanks between
    percent  integer NOT NULL CHECK (percent BETWEEN 0 AND 99),
    actor    text NOT NULL CHECK (actor <> ''),
    reason   text NOT NULL CHECK (reason <> ''),
    prev     bytea NOT NULL CHECK (octet_length(prev) = 32),
    hash     bytea NOT NULL CONSTRAINT menu_change_hash UNIQUE CHECK (octet_length(hash) = 32),
    CHECK (revision IS NOT NULL OR kind = 'rollback'),
    CHECK ((revision IS NULL) = (content IS NULL)),
    CHECK (revision = encode(substr(content, 1, 6), 'hex')),
    CHECK ((stage = 'share') = (percent > 0)),
    CHECK (stage <> 'all' OR numbers = '')
);

CREATE TRIGGER menu_revision_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON menu_revision
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('revisions are inserted, never changed');
CREATE TRIGGER menu_change_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON menu_change
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the log is added to, never changed');
