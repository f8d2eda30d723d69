-- Organizations, who belongs to them and what they may do there. Metadata is a JSON object.

ALTER TABLE instance ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

CREATE TABLE roles (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE permissions (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL
) STRICT;

CREATE TABLE role_permissions (
    role_key       TEXT NOT NULL REFERENCES roles (key) ON DELETE CASCADE,
    permission_key TEXT NOT NULL REFERENCES permissions (key) ON DELETE CASCADE,
    PRIMARY KEY (role_key, permission_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL,
    slug                    TEXT NOT NULL UNIQUE,
    created_by              TEXT REFERENCES users (id) ON DELETE SET NULL,
    -- 0 is without limit.
    max_allowed_memberships INTEGER NOT NULL,
    admin_delete_enabled    INTEGER NOT NULL DEFAULT 1,
    public_metadata         TEXT NOT NULL DEFAULT '{}',
    private_metadata        TEXT NOT NULL DEFAULT '{}',
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_key         TEXT NOT NULL REFERENCES roles (key),
    public_metadata  TEXT NOT NULL DEFAULT '{}',
    private_metadata TEXT NOT NULL DEFAULT '{}',
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (organization_id, user_id)
) STRICT;
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE organization_invitations (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    address         TEXT NOT NULL,
    address_norm    TEXT NOT NULL,
    role_key        TEXT NOT NULL REFERENCES roles (key),
    inviter_id      TEXT REFERENCES users (id) ON DELETE SET NULL,
    ticket_hash     BLOB NOT NULL UNIQUE,
    status          TEXT NOT NULL,
    redirect_url    TEXT,
    public_metadata  TEXT NOT NULL DEFAULT '{}',
    private_metadata TEXT NOT NULL DEFAULT '{}',
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organization_invitations_pending ON organization_invitations (organization_id, address_norm)
    WHERE status = 'pending';
CREATE INDEX organization_invitations_address ON organization_invitations (address_norm);

ALTER TABLE sessions ADD COLUMN last_active_organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL;
-- What a pending session waits for.
ALTER TABLE sessions ADD COLUMN task TEXT;

ALTER TABLE outbox ADD COLUMN link TEXT;

ALTER TABLE users ADD COLUMN external_id TEXT;
ALTER TABLE users ADD COLUMN public_metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN private_metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN unsafe_metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_compromised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN delete_self_enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN create_organization_enabled INTEGER NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;
