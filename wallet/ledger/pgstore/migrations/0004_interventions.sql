-- What people have done to the lock of a wallet: who, why and when.

CREATE TABLE intervention (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet text NOT NULL REFERENCES wallet (id),
    act    text NOT NULL CHECK (act IN ('block', 'unblock', 'unlock')),
    actor  text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at     bigint NOT NULL CHECK (at > 0)
);
CREATE INDEX intervention_wallet ON intervention (wallet, id);

CREATE TRIGGER intervention_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON intervention
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('interventions are inserted, never changed');
