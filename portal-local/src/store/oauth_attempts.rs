//! Open attempts to sign in with the outside provider.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{ExternalProfile, Millis, StoreError, words};
use crate::secrets::{SecretHash, hash};

/// The purpose of a round trip to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    SignUp,
    /// Connects the provider's account with the signed-in one.
    Connect,
}

words!(Purpose {
    SignIn = "sign_in",
    SignUp = "sign_up",
    Connect = "connect",
});

#[derive(Clone, Debug)]
pub(crate) struct OauthAttempt {
    pub(crate) purpose: Purpose,
    /// The user who connects an account.
    pub(crate) user_id: Option<String>,
    /// The parameters that travel with the person, as in an address.
    pub(crate) query: String,
    code_hash: Option<SecretHash>,
    profile: Option<String>,
}

impl OauthAttempt {
    /// Returns the provider's profile for `code`; `None` for another code.
    pub(crate) fn profile_for(&self, code: &str) -> Result<Option<ExternalProfile>, StoreError> {
        match &self.profile {
            Some(profile) if self.code_hash == Some(hash(code)) => Ok(Some(serde_json::from_str(profile)?)),
            _ => Ok(None),
        }
    }
}

pub(crate) fn insert(
    connection: &Connection,
    state: &str,
    dev_browser_id: &str,
    attempt: (Purpose, Option<&str>, &str),
    expire_at: UnixTime,
) -> rusqlite::Result<()> {
    let (purpose, user_id, query) = attempt;
    connection.execute(
        "INSERT INTO oauth_attempts (state_hash, dev_browser_id, purpose, user_id, query, expire_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![hash(state), dev_browser_id, purpose, user_id, query, Millis(expire_at)],
    )?;
    Ok(())
}

/// Returns the purpose of an open attempt, and its carried parameters.
pub(crate) fn peek(connection: &Connection, state: &str) -> rusqlite::Result<Option<(Purpose, String)>> {
    connection
        .prepare_cached("SELECT purpose, query FROM oauth_attempts WHERE state_hash = ?")?
        .query_row([hash(state)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Stores the provider's profile and its code. Returns `false` if no attempt waits for it.
pub(crate) fn allow(
    connection: &Connection,
    state: &str,
    code: &str,
    profile: &ExternalProfile,
    now: UnixTime,
) -> Result<bool, StoreError> {
    let profile = serde_json::to_string(profile)?;
    let updated = connection.execute(
        "UPDATE oauth_attempts SET code_hash = ?, profile = ? WHERE state_hash = ? AND expire_at > ?",
        params![hash(code), profile, hash(state), Millis(now)],
    )?;
    Ok(updated > 0)
}

/// Ends the attempt of this browser, which is good once, and gives it if it was still open.
pub(crate) fn take(
    connection: &Connection,
    state: &str,
    dev_browser_id: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<OauthAttempt>> {
    connection.execute("DELETE FROM oauth_attempts WHERE expire_at <= ?", [Millis(now)])?;
    connection
        .prepare_cached(
            "DELETE FROM oauth_attempts WHERE state_hash = ? AND dev_browser_id = ?
             RETURNING purpose, user_id, query, code_hash, profile",
        )?
        .query_row(params![hash(state), dev_browser_id], |row| {
            Ok(OauthAttempt {
                purpose: row.get(0)?,
                user_id: row.get(1)?,
                query: row.get(2)?,
                code_hash: row.get(3)?,
                profile: row.get(4)?,
            })
        })
        .optional()
}
