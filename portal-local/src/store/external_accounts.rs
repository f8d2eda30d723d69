//! Accounts at the outside provider, each connected to one user.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::Millis;
use crate::ids;

/// A user's profile at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExternalProfile {
    pub(crate) provider_user_id: String,
    pub(crate) email_address: String,
    /// `true` if the provider has verified the address.
    pub(crate) email_address_verified: bool,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct ExternalAccount {
    pub(crate) id: String,
    /// The ID of the account's identification.
    pub(crate) identification_id: String,
    pub(crate) user_id: String,
    pub(crate) profile: ExternalProfile,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, identification_id, user_id, provider_user_id, email_address, email_address_verified, \
                       first_name, last_name, created_at, updated_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ExternalAccount> {
    Ok(ExternalAccount {
        id: row.get(0)?,
        identification_id: row.get(1)?,
        user_id: row.get(2)?,
        profile: ExternalProfile {
            provider_user_id: row.get(3)?,
            email_address: row.get(4)?,
            email_address_verified: row.get(5)?,
            first_name: row.get(6)?,
            last_name: row.get(7)?,
        },
        created_at: row.get::<_, Millis>(8)?.0,
        updated_at: row.get::<_, Millis>(9)?.0,
    })
}

pub(crate) fn find_by_provider_user(
    connection: &Connection,
    provider_user_id: &str,
) -> rusqlite::Result<Option<ExternalAccount>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM external_accounts WHERE provider_user_id = ?"
        ))?
        .query_row([provider_user_id], read)
        .optional()
}

pub(crate) fn of_user(connection: &Connection, user_id: &str) -> rusqlite::Result<Vec<ExternalAccount>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM external_accounts WHERE user_id = ? ORDER BY created_at, rowid"
        ))?
        .query_map([user_id], read)?
        .collect()
}

pub(crate) fn insert(
    connection: &Connection,
    user_id: &str,
    profile: &ExternalProfile,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        &format!("INSERT INTO external_accounts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)"),
        params![
            ids::new_id(ids::EXTERNAL_ACCOUNT, now),
            ids::new_id(ids::EMAIL_ADDRESS, now),
            user_id,
            profile.provider_user_id,
            profile.email_address,
            profile.email_address_verified,
            profile.first_name,
            profile.last_name,
            Millis(now)
        ],
    )?;
    Ok(())
}

/// Keeps what the provider tells by now.
pub(crate) fn update(
    connection: &Connection,
    id: &str,
    profile: &ExternalProfile,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE external_accounts SET email_address = ?, email_address_verified = ?, first_name = ?, last_name = ?,
                updated_at = ? WHERE id = ?",
        params![
            profile.email_address,
            profile.email_address_verified,
            profile.first_name,
            profile.last_name,
            Millis(now),
            id
        ],
    )?;
    Ok(())
}

/// Takes an account off its user. `false` if this user has no such account.
pub(crate) fn delete(connection: &Connection, user_id: &str, id: &str) -> rusqlite::Result<bool> {
    let deleted = connection.execute(
        "DELETE FROM external_accounts WHERE id = ? AND user_id = ?",
        [id, user_id],
    )?;
    Ok(deleted > 0)
}
