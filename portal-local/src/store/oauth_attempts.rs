//! Open attempts to sign in with the outside provider.

use portal_sdk::clock::UnixTime;
use rusqlite::{ToSql, params};

use super::record::record;
use super::{Db, ExternalProfile, Millis, Result, words};
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

record! {
    #[derive(Clone)]
    pub(crate) struct OauthAttempt in "oauth_attempts" {
        pub(crate) purpose: Purpose,
        /// The user who connects an account.
        pub(crate) user_id: Option<String>,
        /// The parameters that travel with the person, as in an address.
        pub(crate) query: String,
        code_hash: Option<SecretHash>,
        profile: Option<ExternalProfile>,
    }
}

impl OauthAttempt {
    /// An attempt that leaves for the provider now.
    pub(crate) fn new(purpose: Purpose, user_id: Option<&str>, query: &str) -> Self {
        Self {
            purpose,
            user_id: user_id.map(str::to_owned),
            query: query.to_owned(),
            code_hash: None,
            profile: None,
        }
    }

    /// Returns the provider's profile for `code`; `None` for another code.
    pub(crate) fn profile_for(&self, code: &str) -> Option<ExternalProfile> {
        self.profile.clone().filter(|_| self.code_hash == Some(hash(code)))
    }
}

pub(crate) fn insert(
    db: Db<'_>,
    attempt: &OauthAttempt,
    state: &str,
    dev_browser_id: &str,
    expire_at: UnixTime,
) -> Result<()> {
    let of_browser: &[(&str, &dyn ToSql)] = &[
        ("state_hash", &hash(state)),
        ("dev_browser_id", &dev_browser_id),
        ("expire_at", &Millis(expire_at)),
    ];
    db.insert(attempt, of_browser)
}

/// Returns an attempt of any browser, also an expired one.
pub(crate) fn peek(db: Db<'_>, state: &str) -> Result<Option<OauthAttempt>> {
    db.find("state_hash = ?", [hash(state)])
}

/// Stores the provider's profile and its code. Returns `false` if no attempt waits for it.
pub(crate) fn allow(db: Db<'_>, state: &str, code: &str, profile: &ExternalProfile) -> Result<bool> {
    db.changed(
        "UPDATE oauth_attempts SET code_hash = ?, profile = ? WHERE state_hash = ? AND expire_at > ?",
        params![hash(code), profile, hash(state), Millis(db.now)],
    )
}

/// Ends the attempt of this browser, which is good once, and gives it if it was still open.
pub(crate) fn take(db: Db<'_>, state: &str, dev_browser_id: &str) -> Result<Option<OauthAttempt>> {
    db.run("DELETE FROM oauth_attempts WHERE expire_at <= ?", [Millis(db.now)])?;
    let found = db.find(
        "state_hash = ? AND dev_browser_id = ?",
        params![hash(state), dev_browser_id],
    )?;
    if found.is_some() {
        db.run("DELETE FROM oauth_attempts WHERE state_hash = ?", [hash(state)])?;
    }
    Ok(found)
}
