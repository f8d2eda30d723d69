-- Two-step verification: an authenticator app and backup codes.

ALTER TABLE sessions ADD COLUMN second_factor_at INTEGER;
-- When the first factor was proven, once the attempt waits for the second one.
ALTER TABLE sign_ins ADD COLUMN first_factor_at INTEGER;

-- One row for everybody who has an authenticator or had one. Its secret is kept as it is, because codes can only be
-- checked with it; without one there is no authenticator any more. last_step is that of the last accepted code.
CREATE TABLE second_factors (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret      BLOB,
    enabled_at  INTEGER NOT NULL,
    disabled_at INTEGER,
    last_step   INTEGER,
    wrong_codes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A secret that was shown to one session and that no code has proven yet.
CREATE TABLE authenticator_setups (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    secret     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A code that was used is gone.
CREATE TABLE backup_codes (
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;
