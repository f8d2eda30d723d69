-- Webhooks. NULL until the next start makes the secret.
ALTER TABLE instance ADD COLUMN webhook_secret TEXT;

-- One row for each event and URL. The order of seq is the order of the changes.
CREATE TABLE webhook_deliveries (
    seq             INTEGER PRIMARY KEY,
    -- The same for all URLs and attempts.
    message_id      TEXT NOT NULL,
    url             TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    -- The user; the object itself if the event has no user. Events of one subject are delivered in order.
    subject_id      TEXT NOT NULL,
    body            TEXT NOT NULL,
    status          TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    response_status INTEGER,
    error           TEXT,
    -- NULL unless the delivery is pending.
    next_attempt_at INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (url, subject_id, seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (seq) WHERE status <> 'pending';
