-- JWT templates, impersonation, and images of users and organizations.

CREATE TABLE jwt_templates (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL UNIQUE,
    -- A JSON object.
    claims                  TEXT NOT NULL,
    lifetime_secs           INTEGER NOT NULL,
    allowed_clock_skew_secs INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;

-- The claim `act` of the session's tokens, a JSON object; null while users act for themselves.
ALTER TABLE sessions ADD COLUMN actor TEXT;

CREATE TABLE actor_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- A JSON object.
    actor        TEXT NOT NULL,
    -- How long the session may last that the token begins.
    session_secs INTEGER NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- One image for each user and organization that has one. A new image has a new id, so that browsers may keep the old one.
CREATE TABLE images (
    id           TEXT PRIMARY KEY,
    owner_id     TEXT NOT NULL UNIQUE,
    content_type TEXT NOT NULL,
    bytes        BLOB NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER users_images AFTER DELETE ON users BEGIN
    DELETE FROM images WHERE owner_id = old.id;
END;
CREATE TRIGGER organizations_images AFTER DELETE ON organizations BEGIN
    DELETE FROM images WHERE owner_id = old.id;
END;
