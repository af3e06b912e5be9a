-- In which trace an effect was queued (W3C traceparent), so that doing it is told there.
ALTER TABLE outbox ADD COLUMN trace TEXT CHECK (LENGTH(trace) = 55);
