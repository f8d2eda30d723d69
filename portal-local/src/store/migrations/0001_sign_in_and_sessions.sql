-- Words (statuses, strategies, kinds) are checked by the program and not here: a CHECK cannot be widened later without
-- rebuilding its table. Times are milliseconds since 1970. Columns that end in _hash hold SHA-256, except
-- password_hash, which is Argon2id.

CREATE TABLE instance (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    id          TEXT NOT NULL,
    secret_key  TEXT NOT NULL,
    signing_key BLOB NOT NULL,
    form_key    BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id                       TEXT PRIMARY KEY,
    first_name               TEXT,
    last_name                TEXT,
    primary_email_address_id TEXT REFERENCES email_addresses (id) DEFERRABLE INITIALLY DEFERRED,
    password_hash            TEXT,
    password_updated_at      INTEGER,
    failed_attempts          INTEGER NOT NULL DEFAULT 0,
    locked_until             INTEGER,
    last_sign_in_at          INTEGER,
    last_active_at           INTEGER,
    created_at               INTEGER NOT NULL,
    updated_at               INTEGER NOT NULL
) STRICT;

CREATE TABLE email_addresses (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address      TEXT NOT NULL,
    address_norm TEXT NOT NULL,
    verified_at  INTEGER,
    strategy     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX email_addresses_verified ON email_addresses (address_norm) WHERE verified_at IS NOT NULL;
CREATE INDEX email_addresses_user ON email_addresses (user_id);

CREATE TABLE clients (
    id                           TEXT PRIMARY KEY,
    last_active_session_id       TEXT REFERENCES sessions (id) ON DELETE SET NULL,
    sign_in_id                   TEXT REFERENCES sign_ins (id) ON DELETE SET NULL,
    sign_up_id                   TEXT REFERENCES sign_ups (id) ON DELETE SET NULL,
    created_at                   INTEGER NOT NULL,
    updated_at                   INTEGER NOT NULL
) STRICT;

CREATE TABLE dev_browsers (
    id          TEXT PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,
    client_id   TEXT REFERENCES clients (id) ON DELETE SET NULL,
    home_origin TEXT,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id              TEXT PRIMARY KEY,
    client_id       TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status          TEXT NOT NULL,
    first_factor_at INTEGER NOT NULL,
    expire_at       INTEGER NOT NULL,
    abandon_at      INTEGER NOT NULL,
    last_active_at  INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
-- Single-session mode, held by the database itself.
CREATE UNIQUE INDEX sessions_live_per_client ON sessions (client_id) WHERE status IN ('active', 'pending');
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE sign_ins (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    identifier         TEXT NOT NULL,
    user_id            TEXT REFERENCES users (id) ON DELETE CASCADE,
    status             TEXT NOT NULL,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ups (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    email_address      TEXT NOT NULL,
    password_hash      TEXT,
    first_name         TEXT,
    last_name          TEXT,
    status             TEXT NOT NULL,
    created_user_id    TEXT,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE verifications (
    id           TEXT PRIMARY KEY,
    subject_type TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    strategy     TEXT NOT NULL,
    code_hash    BLOB NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    status       TEXT NOT NULL,
    expire_at    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX verifications_open ON verifications (subject_type, subject_id, strategy)
    WHERE status = 'unverified';
CREATE INDEX verifications_subject ON verifications (subject_type, subject_id, strategy, created_at);

CREATE TABLE handshake_nonces (
    nonce_hash BLOB PRIMARY KEY,
    directives TEXT NOT NULL,
    expire_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE refresh_tokens (
    token_hash  BLOB PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expire_at   INTEGER NOT NULL,
    replaced_at INTEGER
) STRICT;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    code       TEXT,
    created_at INTEGER NOT NULL
) STRICT;
