-- Times are milliseconds since 1970. Metadata, claims, actors and settings are JSON objects. Columns that end in _hash
-- hold SHA-256, except password_hash, which holds Argon2id. Words (statuses, strategies, kinds) are checked by the
-- program and not here: a CHECK cannot be widened later without rebuilding its table.

CREATE TABLE instance (
    only_row         INTEGER PRIMARY KEY CHECK (only_row = 1),
    id               TEXT NOT NULL,
    secret_key       TEXT NOT NULL,
    -- The ID of the signing key; the instance's own for the first key.
    key_id           TEXT NOT NULL,
    signing_key      BLOB NOT NULL,
    form_key         BLOB NOT NULL,
    settings         TEXT NOT NULL DEFAULT '{}',
    created_at       INTEGER NOT NULL
) STRICT;

-- Users and their addresses.

CREATE TABLE users (
    id                          TEXT PRIMARY KEY,
    external_id                 TEXT,
    first_name                  TEXT,
    last_name                   TEXT,
    primary_email_address_id    TEXT REFERENCES email_addresses (id) DEFERRABLE INITIALLY DEFERRED,
    password_hash               TEXT,
    password_updated_at         INTEGER,
    password_compromised        INTEGER NOT NULL DEFAULT 0,
    failed_attempts             INTEGER NOT NULL DEFAULT 0,
    locked_until                INTEGER,
    banned                      INTEGER NOT NULL DEFAULT 0,
    delete_self_enabled         INTEGER NOT NULL DEFAULT 1,
    create_organization_enabled INTEGER NOT NULL DEFAULT 1,
    public_metadata             TEXT NOT NULL DEFAULT '{}',
    private_metadata            TEXT NOT NULL DEFAULT '{}',
    unsafe_metadata             TEXT NOT NULL DEFAULT '{}',
    last_sign_in_at             INTEGER,
    last_active_at              INTEGER,
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;

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

-- Accounts at the external provider.
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

-- One row for each user who has or had TOTP. The secret is in plain text, because codes are computed from it; NULL after
-- its removal. last_step is the time step of the last accepted code.
CREATE TABLE second_factors (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret      BLOB,
    enabled_at  INTEGER NOT NULL,
    disabled_at INTEGER,
    last_step   INTEGER,
    wrong_codes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Unused backup codes.
CREATE TABLE backup_codes (
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

-- Organizations, their members and roles.

CREATE TABLE roles (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE permissions (
    id   TEXT PRIMARY KEY,
    key  TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
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

-- Browsers, their attempts to sign in or up, and their sessions.

CREATE TABLE clients (
    id                     TEXT PRIMARY KEY,
    last_active_session_id TEXT REFERENCES sessions (id) ON DELETE SET NULL,
    sign_in_id             TEXT REFERENCES sign_ins (id) ON DELETE SET NULL,
    sign_up_id             TEXT REFERENCES sign_ups (id) ON DELETE SET NULL,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL
) STRICT;

CREATE TABLE dev_browsers (
    id          TEXT PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,
    client_id   TEXT REFERENCES clients (id) ON DELETE SET NULL,
    home_origin TEXT,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ins (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    identifier         TEXT NOT NULL,
    user_id            TEXT REFERENCES users (id) ON DELETE CASCADE,
    status             TEXT NOT NULL,
    -- When the first factor was verified, if a second one is required.
    first_factor_at    INTEGER,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ups (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    email_address      TEXT NOT NULL,
    -- Set while something else that an account requires is missing.
    email_verified_at  INTEGER,
    password_hash      TEXT,
    first_name         TEXT,
    last_name          TEXT,
    -- The external provider's data, until the account exists.
    external_profile   TEXT,
    status             TEXT NOT NULL,
    created_user_id    TEXT,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;

-- Round trips to the external provider.
CREATE TABLE oauth_attempts (
    state_hash     BLOB PRIMARY KEY,
    dev_browser_id TEXT NOT NULL REFERENCES dev_browsers (id) ON DELETE CASCADE,
    purpose        TEXT NOT NULL,
    -- The user who connects an account; NULL for a sign-in or sign-up.
    user_id        TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- The parameters that the pages carry along.
    query          TEXT NOT NULL,
    -- The provider's data, and the code that fetches it.
    code_hash      BLOB,
    profile        TEXT,
    expire_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id                          TEXT PRIMARY KEY,
    client_id                   TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id                     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status                      TEXT NOT NULL,
    -- The tasks of a pending session in their order, separated by commas.
    tasks                       TEXT,
    -- 1 in single-session mode.
    is_sole                     INTEGER NOT NULL,
    first_factor_at             INTEGER NOT NULL,
    second_factor_at            INTEGER,
    -- The claim `act` of the session's tokens; NULL without impersonation.
    actor                       TEXT,
    last_active_organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL,
    user_agent                  TEXT,
    expire_at                   INTEGER NOT NULL,
    abandon_at                  INTEGER NOT NULL,
    last_active_at              INTEGER NOT NULL,
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL
) STRICT;
-- The database itself enforces single-session mode, and one session of a user in a browser.
CREATE UNIQUE INDEX sessions_sole_per_client ON sessions (client_id)
    WHERE is_sole = 1 AND status IN ('active', 'pending');
CREATE UNIQUE INDEX sessions_live_per_user ON sessions (client_id, user_id) WHERE status IN ('active', 'pending');
CREATE INDEX sessions_user ON sessions (user_id);

-- A TOTP secret that one session was shown, until a code verifies it.
CREATE TABLE totp_setups (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    secret     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE refresh_tokens (
    token_hash    BLOB PRIMARY KEY,
    session_id    TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- 1 for applications that use the cookie suffix of the plain publishable key.
    for_plain_key INTEGER NOT NULL,
    expire_at     INTEGER NOT NULL,
    replaced_at   INTEGER
) STRICT;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE handshake_nonces (
    nonce_hash BLOB PRIMARY KEY,
    directives TEXT NOT NULL,
    expire_at  INTEGER NOT NULL
) STRICT;

-- Links that end a session its owner does not know.
CREATE TABLE revocation_links (
    ticket_hash BLOB PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
) STRICT;

-- Codes by email, and the mail itself.

CREATE TABLE verifications (
    id           TEXT PRIMARY KEY,
    subject_type TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    strategy     TEXT NOT NULL,
    code_hash    BLOB NOT NULL,
    -- The recipient: the pause before the next code is per address, not per attempt.
    address_norm TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    status       TEXT NOT NULL,
    expire_at    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX verifications_open ON verifications (subject_type, subject_id, strategy)
    WHERE status = 'unverified';
CREATE INDEX verifications_subject ON verifications (subject_type, subject_id, strategy, created_at);
CREATE INDEX verifications_address ON verifications (address_norm, strategy, created_at);

-- Wrong codes for an address without an account, across all attempts.
CREATE TABLE code_limits (
    address_norm TEXT PRIMARY KEY,
    wrong        INTEGER NOT NULL,
    locked_until INTEGER,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    code       TEXT,
    link       TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- Tickets: links that work once.

CREATE TABLE application_invitations (
    id              TEXT PRIMARY KEY,
    address         TEXT NOT NULL,
    address_norm    TEXT NOT NULL,
    ticket_hash     BLOB NOT NULL UNIQUE,
    redirect_url    TEXT,
    public_metadata TEXT NOT NULL,
    status          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX application_invitations_pending ON application_invitations (address_norm)
    WHERE status = 'pending';

CREATE TABLE organization_invitations (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    address          TEXT NOT NULL,
    address_norm     TEXT NOT NULL,
    role_key         TEXT NOT NULL REFERENCES roles (key),
    inviter_id       TEXT REFERENCES users (id) ON DELETE SET NULL,
    ticket_hash      BLOB NOT NULL UNIQUE,
    redirect_url     TEXT,
    public_metadata  TEXT NOT NULL,
    private_metadata TEXT NOT NULL,
    status           TEXT NOT NULL,
    expires_at       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organization_invitations_pending ON organization_invitations (organization_id, address_norm)
    WHERE status = 'pending';
CREATE INDEX organization_invitations_address ON organization_invitations (address_norm);

CREATE TABLE sign_in_tokens (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The organization that the sign-in activates.
    organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL,
    token_hash      BLOB NOT NULL UNIQUE,
    status          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE actor_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor        TEXT NOT NULL,
    -- The lifetime of the session that the token begins.
    session_secs INTEGER NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- The waitlist, and the addresses that may or may not sign up.

CREATE TABLE waitlist_entries (
    id           TEXT PRIMARY KEY,
    address      TEXT NOT NULL,
    address_norm TEXT NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    invited_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE listed_identifiers (
    id            TEXT PRIMARY KEY,
    list          TEXT NOT NULL,
    identifier    TEXT NOT NULL,
    -- Not a reference: the entry outlives its invitation.
    invitation_id TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (list, identifier)
) STRICT;

-- Claims of tokens for other services.
CREATE TABLE jwt_templates (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL UNIQUE,
    claims                  TEXT NOT NULL,
    lifetime_secs           INTEGER NOT NULL,
    allowed_clock_skew_secs INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;

-- At most one image for each user and organization. A new image has a new ID, because browsers cache images for ever.
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
