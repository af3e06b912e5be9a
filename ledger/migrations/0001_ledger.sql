-- The ledger: who has which seat, under which order, and what became of the money.
-- One text for SQLite and Postgres: numbers are BIGINT (times are milliseconds since 1970, flags 0
-- or 1), identifiers TEXT; what only one of them understands stands in src/dialect/. Upper bounds
-- in CHECKs also keep text out of number columns, which SQLite alone would let in.

CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value BETWEEN 0 AND 9007199254740991)
);
INSERT INTO counters (name, value) VALUES ('event_number', 0);

-- Catalogue -------------------------------------------------------------------------------------

CREATE TABLE events (
    id           TEXT   NOT NULL PRIMARY KEY,
    number       BIGINT NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
    slug         TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('draft', 'published', 'completed', 'cancelled')),
    name         TEXT   NOT NULL,
    description  TEXT,
    starts_at    BIGINT NOT NULL,
    currency     TEXT   NOT NULL CHECK (LENGTH(currency) = 3),
    prices       TEXT   NOT NULL,
    sale         TEXT   NOT NULL,
    queue        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    published_at BIGINT,
    revision     BIGINT NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991)
);
CREATE UNIQUE INDEX events_number ON events (number);
CREATE UNIQUE INDEX events_slug ON events (slug);
CREATE INDEX events_status ON events (status, id);

CREATE TABLE charts (
    event_id TEXT NOT NULL PRIMARY KEY,
    source   TEXT NOT NULL
);

CREATE TABLE blocks (
    event_id TEXT   NOT NULL,
    seat     BIGINT NOT NULL CHECK (seat BETWEEN 0 AND 4294967295),
    PRIMARY KEY (event_id, seat)
);

-- Each new inventory laid over Redis takes the next number.
CREATE TABLE epochs (
    event_id TEXT   NOT NULL PRIMARY KEY,
    epoch    BIGINT NOT NULL CHECK (epoch BETWEEN 1 AND 9007199254740991)
);

-- Orders ----------------------------------------------------------------------------------------

CREATE TABLE orders (
    id                TEXT   NOT NULL PRIMARY KEY,
    event_id          TEXT   NOT NULL,
    hold_id           TEXT   NOT NULL,
    state             TEXT   NOT NULL CHECK (state IN ('new', 'paying', 'cancelling', 'committed',
                          'ticketed', 'expired', 'cancelled', 'refunding', 'refunded')),
    end_reason        TEXT   CHECK (end_reason IN ('deadline', 'buyer', 'capture_impossible')),
    claim_number      BIGINT NOT NULL CHECK (claim_number BETWEEN 1 AND 9007199254740991),
    customer          TEXT   NOT NULL,
    email_customer    TEXT   NOT NULL,
    email             TEXT   NOT NULL,
    name              TEXT,
    amount            BIGINT NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
    currency          TEXT   NOT NULL CHECK (LENGTH(currency) = 3),
    pay_before        BIGINT NOT NULL,
    deadline_extended BIGINT NOT NULL DEFAULT 0 CHECK (deadline_extended IN (0, 1)),
    intent_id         TEXT,
    intent_exposed    BIGINT NOT NULL DEFAULT 0 CHECK (intent_exposed IN (0, 1)),
    cancel_sent_at    BIGINT,
    next_check_at     BIGINT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    revision          BIGINT NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991)
);
CREATE UNIQUE INDEX orders_hold ON orders (hold_id);
CREATE UNIQUE INDEX orders_claim_number ON orders (claim_number);
CREATE INDEX orders_event ON orders (event_id, state);
CREATE INDEX orders_check ON orders (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX orders_deadline ON orders (pay_before) WHERE state IN ('new', 'paying');

CREATE TABLE order_lines (
    order_id TEXT   NOT NULL REFERENCES orders (id),
    number   BIGINT NOT NULL CHECK (number BETWEEN 0 AND 4294967295),
    seat     BIGINT CHECK (seat BETWEEN 0 AND 4294967295),
    area     BIGINT CHECK (area BETWEEN 0 AND 65535),
    label    TEXT   NOT NULL,
    category TEXT   NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 4294967295),
    price    BIGINT NOT NULL CHECK (price BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (order_id, number),
    CHECK ((seat IS NULL AND area IS NOT NULL)
        OR (seat IS NOT NULL AND area IS NULL AND quantity = 1))
);

-- Who has the seat. I1 is this index.
CREATE TABLE claims (
    order_id TEXT   NOT NULL REFERENCES orders (id),
    event_id TEXT   NOT NULL,
    seat     BIGINT NOT NULL CHECK (seat BETWEEN 0 AND 4294967295),
    state    TEXT   NOT NULL CHECK (state IN ('live', 'sold', 'released')),
    PRIMARY KEY (order_id, seat)
);
CREATE UNIQUE INDEX claims_seat ON claims (event_id, seat) WHERE state IN ('live', 'sold');

CREATE TABLE area_claims (
    order_id TEXT   NOT NULL REFERENCES orders (id),
    event_id TEXT   NOT NULL,
    area     BIGINT NOT NULL CHECK (area BETWEEN 0 AND 65535),
    quantity BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 4294967295),
    state    TEXT   NOT NULL CHECK (state IN ('live', 'sold', 'released')),
    PRIMARY KEY (order_id, area)
);
CREATE INDEX area_claims_event ON area_claims (event_id, state);

CREATE TABLE area_counts (
    event_id TEXT   NOT NULL,
    area     BIGINT NOT NULL CHECK (area BETWEEN 0 AND 65535),
    capacity BIGINT NOT NULL CHECK (capacity BETWEEN 0 AND 4294967295),
    claimed  BIGINT NOT NULL DEFAULT 0 CHECK (claimed BETWEEN 0 AND 4294967295),
    sold     BIGINT NOT NULL DEFAULT 0 CHECK (sold BETWEEN 0 AND 4294967295),
    PRIMARY KEY (event_id, area),
    CHECK (claimed + sold <= capacity)
);

-- Seats and places that one customer has under live and sold claims.
CREATE TABLE quotas (
    event_id TEXT   NOT NULL,
    customer TEXT   NOT NULL,
    taken    BIGINT NOT NULL,
    maximum  BIGINT NOT NULL CHECK (maximum BETWEEN 0 AND 4294967295),
    PRIMARY KEY (event_id, customer),
    CHECK (taken BETWEEN 0 AND maximum)
);

-- A claim is released by an UPDATE that joins this table (I4).
CREATE TABLE release_proofs (
    order_id TEXT   NOT NULL PRIMARY KEY REFERENCES orders (id),
    proof    TEXT   NOT NULL CHECK (proof IN ('no_intent', 'intent_cancelled', 'refunded')),
    intent   TEXT,
    at       BIGINT NOT NULL
);

-- Money -----------------------------------------------------------------------------------------

-- Attempts to pay an order. 'begun': the provider may have been called; 'stored': the secret may
-- have been shown; 'late': stored too late, never shown.
CREATE TABLE intents (
    order_id      TEXT   NOT NULL REFERENCES orders (id),
    attempt       BIGINT NOT NULL CHECK (attempt BETWEEN 1 AND 4294967295),
    intent_id     TEXT,
    client_secret TEXT,
    state         TEXT   NOT NULL CHECK (state IN ('begun', 'stored', 'late', 'authorised', 'paid',
                      'void', 'refunded')),
    begun_at      BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (order_id, attempt)
);
CREATE UNIQUE INDEX intents_intent ON intents (intent_id);

-- Append-only. An entry moves an amount from one account to another, so that each balances in itself.
CREATE TABLE money_entries (
    reference    TEXT   NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('payment', 'refund', 'stray_payment', 'stray_refund')),
    order_id     TEXT   NOT NULL REFERENCES orders (id),
    event_id     TEXT   NOT NULL,
    from_account TEXT   NOT NULL,
    to_account   TEXT   NOT NULL,
    amount       BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    currency     TEXT   NOT NULL CHECK (LENGTH(currency) = 3),
    at           BIGINT NOT NULL,
    PRIMARY KEY (reference, kind),
    CHECK (from_account <> to_account)
);
CREATE INDEX money_entries_order ON money_entries (order_id);

CREATE TABLE tickets (
    id        TEXT   NOT NULL PRIMARY KEY,
    order_id  TEXT   NOT NULL REFERENCES orders (id),
    event_id  TEXT   NOT NULL,
    line      BIGINT NOT NULL CHECK (line BETWEEN 0 AND 4294967295),
    unit      BIGINT NOT NULL CHECK (unit BETWEEN 0 AND 4294967295),
    seat      BIGINT CHECK (seat BETWEEN 0 AND 4294967295),
    area      BIGINT CHECK (area BETWEEN 0 AND 65535),
    label     TEXT   NOT NULL,
    category  TEXT   NOT NULL,
    holder    TEXT,
    status    TEXT   NOT NULL CHECK (status IN ('valid', 'void')),
    issued_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tickets_unit ON tickets (order_id, line, unit);
CREATE UNIQUE INDEX tickets_seat ON tickets (event_id, seat) WHERE status = 'valid';

-- Messages --------------------------------------------------------------------------------------

CREATE TABLE idempotency (
    key         TEXT   NOT NULL PRIMARY KEY,
    fingerprint TEXT   NOT NULL,
    status      BIGINT CHECK (status BETWEEN 200 AND 299),
    body        TEXT,
    lease_until BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    CHECK ((status IS NULL AND body IS NULL) OR (status IS NOT NULL AND body IS NOT NULL))
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE inbox (
    event_id    TEXT   NOT NULL PRIMARY KEY,
    object_id   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    account     TEXT,
    livemode    BIGINT NOT NULL CHECK (livemode IN (0, 1)),
    raw         BYTEA  NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'quarantined')),
    attempts    BIGINT NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 4294967295),
    next_at     BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    error       TEXT,
    received_at BIGINT NOT NULL
);
CREATE INDEX inbox_waiting ON inbox (next_at) WHERE state = 'waiting';

-- What has to be done elsewhere because of a change here; written with the change. The identifier
-- names the effect (`capture:<order>`), so that one effect is queued once.
CREATE TABLE outbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL CHECK (kind IN ('promote', 'sell', 'release', 'capture', 'cancel', 'refund')),
    rank        BIGINT NOT NULL CHECK (rank BETWEEN 0 AND 9),
    order_id    TEXT   NOT NULL REFERENCES orders (id),
    event_id    TEXT   NOT NULL,
    intent      TEXT,
    amount      BIGINT CHECK (amount BETWEEN 0 AND 9007199254740991),
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'withdrawn')),
    attempts    BIGINT NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 4294967295),
    next_at     BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    error       TEXT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_order ON outbox (order_id);

-- What a person has to look at.
CREATE TABLE quarantine (
    id         TEXT   NOT NULL PRIMARY KEY,
    order_id   TEXT,
    source     TEXT   NOT NULL,
    reference  TEXT,
    reason     TEXT   NOT NULL,
    at         BIGINT NOT NULL
);

CREATE TABLE leases (
    name  TEXT   NOT NULL PRIMARY KEY,
    owner TEXT   NOT NULL,
    until BIGINT NOT NULL,
    fence BIGINT NOT NULL CHECK (fence BETWEEN 1 AND 9007199254740991)
);
