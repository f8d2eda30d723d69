-- Devices, links that let people in, and the waitlist.

ALTER TABLE sessions ADD COLUMN user_agent TEXT;
-- The address is proven, but something else that an account needs is missing.
ALTER TABLE sign_ups ADD COLUMN email_verified_at INTEGER;

CREATE TABLE sign_in_tokens (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    status     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id              TEXT PRIMARY KEY,
    address         TEXT NOT NULL,
    address_norm    TEXT NOT NULL,
    ticket_hash     BLOB NOT NULL UNIQUE,
    redirect_url    TEXT,
    public_metadata TEXT NOT NULL DEFAULT '{}',
    status          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX invitations_pending ON invitations (address_norm) WHERE status = 'pending';

CREATE TABLE waitlist_entries (
    id           TEXT PRIMARY KEY,
    address      TEXT NOT NULL,
    address_norm TEXT NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
