CREATE TABLE IF NOT EXISTS events (
    event TEXT PRIMARY KEY,
    price BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS seats (
    event TEXT NOT NULL,
    label BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'free',
    hold TEXT,
    held_until TIMESTAMPTZ,
    ordered_by TEXT,
    PRIMARY KEY (event, label)
);

CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    hold TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    seats BIGINT[] NOT NULL,
    amount BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
