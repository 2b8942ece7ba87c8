-- What was published: the menus by the hash of their content, and the log of who put which before
-- whom. Both are only ever added to; pgstore has the same tables.

CREATE TABLE menu_revision (
    id        TEXT PRIMARY KEY CHECK (length(id) = 12 AND id NOT GLOB '*[^0-9a-f]*'),
    files     BLOB NOT NULL CHECK (length(files) BETWEEN 1 AND 9000000),
    author    TEXT NOT NULL CHECK (author <> ''),
    stored_at INTEGER NOT NULL CHECK (stored_at > 0)
) STRICT;

CREATE TABLE menu_change (
    seq      INTEGER PRIMARY KEY CHECK (seq > 0),
    at       INTEGER NOT NULL CHECK (at > 0),
    kind     TEXT NOT NULL CHECK (kind IN ('publish', 'rollback')),
    revision TEXT REFERENCES menu_revision (id), -- NULL: back to before the first publish
    content  BLOB CHECK (length(content) = 32), -- the SHA-256 whose beginning is revision
    base     TEXT REFERENCES menu_revision (id), -- what was live; NULL: nothing
    stage    TEXT NOT NULL CHECK (stage IN ('test', 'share', 'all')),
    numbers  TEXT NOT NULL, -- test numbers, with blanks between
    percent  INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 99),
    actor    TEXT NOT NULL CHECK (actor <> ''),
    reason   TEXT NOT NULL CHECK (reason <> ''),
    prev     BLOB NOT NULL CHECK (length(prev) = 32),
    hash     BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    CHECK (revision IS NOT NULL OR kind = 'rollback'),
    CHECK ((revision IS NULL) = (content IS NULL)),
    CHECK (revision = lower(hex(substr(content, 1, 6)))),
    CHECK ((stage = 'share') = (percent > 0)),
    CHECK (stage <> 'all' OR numbers = '')
) STRICT;

-- INSERT OR REPLACE deletes without a DELETE trigger: the INSERT triggers refuse it.
CREATE TRIGGER menu_revision_once BEFORE INSERT ON menu_revision
WHEN EXISTS (SELECT 1 FROM menu_revision WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'revisions are inserted, never changed'); END;
CREATE TRIGGER menu_revision_no_update BEFORE UPDATE ON menu_revision
BEGIN SELECT RAISE(ABORT, 'revisions are inserted, never changed'); END;
CREATE TRIGGER menu_revision_no_delete BEFORE DELETE ON menu_revision
BEGIN SELECT RAISE(ABORT, 'revisions are inserted, never changed'); END;
CREATE TRIGGER menu_change_once BEFORE INSERT ON menu_change
WHEN EXISTS (SELECT 1 FROM menu_change WHERE seq = NEW.seq OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'the log is added to, never changed'); END;
CREATE TRIGGER menu_change_no_update BEFORE UPDATE ON menu_change
BEGIN SELECT RAISE(ABORT, 'the log is added to, never changed'); END;
CREATE TRIGGER menu_change_no_delete BEFORE DELETE ON menu_change
BEGIN SELECT RAISE(ABORT, 'the log is added to, never changed'); END;
