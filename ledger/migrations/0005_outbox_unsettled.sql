-- What the inventory has still to be told of an order: asked with every order that is read, and never
-- to be found by going through all that waits.
CREATE INDEX outbox_unsettled ON outbox (order_id) WHERE state = 'waiting' AND rank > 0;
