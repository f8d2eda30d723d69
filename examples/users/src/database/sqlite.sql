CREATE TABLE IF NOT EXISTS users (
    id         INTEGER PRIMARY KEY,
    clerk_id   TEXT NOT NULL UNIQUE,
    email      TEXT,             -- not UNIQUE: two users can swap addresses, and a new user can have a deleted one's
    name       TEXT,
    created_at INTEGER,          -- this and the others: Clerk's time, in milliseconds
    updated_at INTEGER NOT NULL, -- the version of the row
    deleted_at INTEGER,          -- NULL for all but deleted users
    source     TEXT NOT NULL     -- the last change: 'sign-in' or 'webhook'
) STRICT;
