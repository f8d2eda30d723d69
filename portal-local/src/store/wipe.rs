//! Wiping the database: every row but the keys.

use rusqlite::Connection;

/// The tables in the order of deletion: referring rows before the rows they refer to.
const TABLES: [&str; 29] = [
    "handshake_nonces",
    "refresh_tokens",
    "revocation_links",
    "verifications",
    "code_limits",
    "authenticator_setups",
    "backup_codes",
    "second_factors",
    "outbox",
    "waitlist_entries",
    "listed_identifiers",
    "invitations",
    "sign_in_tokens",
    "actor_tokens",
    "jwt_templates",
    "images",
    "organization_invitations",
    "memberships",
    "sessions",
    "sign_ins",
    "oauth_attempts",
    "external_accounts",
    "sign_ups",
    "dev_browsers",
    "clients",
    "organizations",
    "email_addresses",
    "users",
    "role_permissions",
];

/// Deletes users, organizations, devices, mail and settings. The keys are kept, so that applications need no new ones.
pub(crate) fn everything_but_keys(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "defer_foreign_keys", true)?;
    for table in TABLES {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    connection.execute("DELETE FROM roles", [])?;
    connection.execute("DELETE FROM permissions", [])?;
    connection.execute("UPDATE instance SET settings = '{}'", [])?;
    Ok(())
}
