-- What people have done to the lock of a wallet: who, why and when.

CREATE TABLE intervention (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    wallet TEXT NOT NULL REFERENCES wallet (id),
    act    TEXT NOT NULL CHECK (act IN ('block', 'unblock', 'unlock')),
    actor  TEXT NOT NULL CHECK (actor <> ''),
    reason TEXT NOT NULL CHECK (reason <> ''),
    at     INTEGER NOT NULL CHECK (at > 0)
) STRICT;
CREATE INDEX intervention_wallet ON intervention (wallet, id);

CREATE TRIGGER intervention_no_update BEFORE UPDATE ON intervention
BEGIN SELECT RAISE(ABORT, 'interventions are inserted, never changed'); END;
CREATE TRIGGER intervention_no_delete BEFORE DELETE ON intervention
BEGIN SELECT RAISE(ABORT, 'interventions are inserted, never changed'); END;
