-- Waiting rooms: what of a line must outlive Redis. Who stands where is not here; a line of a million
-- people is one row, and each person that was let in is one more.

-- Kept beside the rules of the queue, so that the events with a line are found without reading all.
ALTER TABLE events ADD COLUMN queue_enabled BIGINT NOT NULL DEFAULT 0 CHECK (queue_enabled IN (0, 1));
UPDATE events SET queue_enabled = 1 WHERE queue LIKE '%"enabled":true%';
CREATE INDEX events_queued ON events (id) WHERE queue_enabled = 1 AND status = 'published';

-- Cursors count the released positions of a lane, ceilings the places that may be given out, sizes
-- the places that were drawn. Nothing is released before the draw, nor beyond what was given out.
CREATE TABLE lines (
    event_id         TEXT   NOT NULL PRIMARY KEY,
    term             BIGINT NOT NULL DEFAULT 0 CHECK (term BETWEEN 0 AND 9007199254740991),
    phase            TEXT   NOT NULL DEFAULT 'early' CHECK (phase IN ('early', 'drawing', 'open',
                         'paused', 'draining', 'closed')),
    secret           BYTEA  NOT NULL CHECK (LENGTH(secret) = 32),
    fence            BIGINT NOT NULL DEFAULT 0 CHECK (fence BETWEEN 0 AND 9007199254740991),
    ceiling_general  BIGINT NOT NULL DEFAULT 0 CHECK (ceiling_general BETWEEN 0 AND 9007199254740991),
    ceiling_priority BIGINT NOT NULL DEFAULT 0 CHECK (ceiling_priority BETWEEN 0 AND 9007199254740991),
    cursor_general   BIGINT NOT NULL DEFAULT 0 CHECK (cursor_general BETWEEN 0 AND 9007199254740991),
    cursor_priority  BIGINT NOT NULL DEFAULT 0 CHECK (cursor_priority BETWEEN 0 AND 9007199254740991),
    cursor_grace     BIGINT NOT NULL DEFAULT 0 CHECK (cursor_grace BETWEEN 0 AND 9007199254740991),
    size_general     BIGINT CHECK (size_general BETWEEN 0 AND 9007199254740991),
    size_priority    BIGINT CHECK (size_priority BETWEEN 0 AND 9007199254740991),
    draw             TEXT,
    opened_at        BIGINT,
    revision         BIGINT NOT NULL DEFAULT 1 CHECK (revision BETWEEN 1 AND 9007199254740991),
    CONSTRAINT lines_cursor CHECK (cursor_general <= ceiling_general
        AND cursor_priority <= ceiling_priority),
    CONSTRAINT lines_size CHECK (COALESCE(size_general, 0) <= ceiling_general
        AND COALESCE(size_priority, 0) <= ceiling_priority),
    CONSTRAINT lines_draw CHECK (
        (draw IS NULL AND size_general IS NULL AND size_priority IS NULL AND opened_at IS NULL
            AND cursor_general = 0 AND cursor_priority = 0 AND cursor_grace = 0)
        OR (draw IS NOT NULL AND size_general IS NOT NULL AND size_priority IS NOT NULL
            AND opened_at IS NOT NULL))
);

-- What organisers did to a line, and why. Only ever added to; numbers count over all events.
INSERT INTO counters (name, value) VALUES ('line_act', 0);
CREATE TABLE line_acts (
    event_id TEXT   NOT NULL,
    number   BIGINT NOT NULL CHECK (number BETWEEN 1 AND 9007199254740991),
    at       BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    detail   TEXT,
    PRIMARY KEY (event_id, number)
);

-- When how far people were released: each step of the cursors, written with it. Numbers are those of
-- the line's revisions.
CREATE TABLE line_steps (
    event_id        TEXT   NOT NULL,
    number          BIGINT NOT NULL CHECK (number BETWEEN 1 AND 9007199254740991),
    at              BIGINT NOT NULL,
    cursor_general  BIGINT NOT NULL CHECK (cursor_general BETWEEN 0 AND 9007199254740991),
    cursor_priority BIGINT NOT NULL CHECK (cursor_priority BETWEEN 0 AND 9007199254740991),
    cursor_grace    BIGINT NOT NULL CHECK (cursor_grace BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (event_id, number)
);

-- Who was let in. One pass a place is the primary key.
CREATE TABLE passes (
    event_id   TEXT   NOT NULL,
    lane       BIGINT NOT NULL CHECK (lane IN (0, 1)),
    place      BIGINT NOT NULL CHECK (place BETWEEN 0 AND 9007199254740991),
    person     TEXT   NOT NULL CHECK (LENGTH(person) = 24),
    entered_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT,
    end_reason TEXT   CHECK (end_reason IN ('bought', 'left', 'idle', 'closed')),
    PRIMARY KEY (event_id, lane, place),
    CHECK ((ended_at IS NULL AND end_reason IS NULL)
        OR (ended_at IS NOT NULL AND end_reason IS NOT NULL))
);
CREATE INDEX passes_person ON passes (event_id, person);
