-- The lock: two programs that start at once must not both create the table.
BEGIN;
SELECT pg_advisory_xact_lock(7305);
CREATE TABLE IF NOT EXISTS users (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clerk_id   TEXT NOT NULL UNIQUE,
    email      TEXT,            -- not UNIQUE: two users can swap addresses, and a new user can have a deleted one's
    name       TEXT,
    created_at BIGINT,          -- this and the others: Clerk's time, in milliseconds
    updated_at BIGINT NOT NULL, -- the version of the row
    deleted_at BIGINT,          -- NULL for all but deleted users
    source     TEXT NOT NULL    -- the last change: 'sign-in' or 'webhook'
);
COMMIT;
