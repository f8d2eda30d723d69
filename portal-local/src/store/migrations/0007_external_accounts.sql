-- Accounts at an outside provider, and the way there and back.

CREATE TABLE external_accounts (
    id                     TEXT PRIMARY KEY,
    identification_id      TEXT NOT NULL,
    user_id                TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_user_id       TEXT NOT NULL UNIQUE,
    email_address          TEXT NOT NULL,
    email_address_verified INTEGER NOT NULL,
    first_name             TEXT,
    last_name              TEXT,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL
) STRICT;
CREATE INDEX external_accounts_user ON external_accounts (user_id);

CREATE TABLE oauth_attempts (
    state_hash     BLOB PRIMARY KEY,
    dev_browser_id TEXT NOT NULL REFERENCES dev_browsers (id) ON DELETE CASCADE,
    purpose        TEXT NOT NULL,
    -- Who connects their account; NULL for somebody who signs in or up.
    user_id        TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- The parameters that travel with the person.
    query          TEXT NOT NULL,
    -- What the provider was allowed to tell, and the code for which it does.
    code_hash      BLOB,
    profile        TEXT,
    expire_at      INTEGER NOT NULL
) STRICT;

-- What the provider told, until the account exists.
ALTER TABLE sign_ups ADD COLUMN external_profile TEXT;
