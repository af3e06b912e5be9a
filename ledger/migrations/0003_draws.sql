-- A draw in two steps before it is stored: the entries as they were closed, then the round of a public
-- beacon, named while nobody knew its value. Each is written once; whoever goes on after a crash goes
-- on with both.
ALTER TABLE lines ADD COLUMN closed_at BIGINT;
ALTER TABLE lines ADD COLUMN closed_general BIGINT
    CHECK (closed_general BETWEEN 0 AND 9007199254740991);
ALTER TABLE lines ADD COLUMN closed_priority BIGINT
    CHECK (closed_priority BETWEEN 0 AND 9007199254740991);
ALTER TABLE lines ADD COLUMN root_general BYTEA CHECK (LENGTH(root_general) = 32);
ALTER TABLE lines ADD COLUMN root_priority BYTEA CHECK (LENGTH(root_priority) = 32);
ALTER TABLE lines ADD COLUMN beacon_source TEXT;
ALTER TABLE lines ADD COLUMN beacon_round BIGINT
    CHECK (beacon_round BETWEEN 0 AND 9007199254740991);
ALTER TABLE lines ADD COLUMN beacon_at BIGINT;
