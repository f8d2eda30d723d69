//! Attempts to sign in; a client has one at a time.

use portal_sdk::clock::UnixTime;

use super::record::record;
use super::{Client, Db, Millis, Result, clients, words};
use crate::ids;

/// The state of an attempt to sign in or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptStatus {
    NeedsFirstFactor,
    /// The first factor is proven, and the account has another one.
    NeedsSecondFactor,
    /// A code allowed a new password, which has not come yet.
    NeedsNewPassword,
    MissingRequirements,
    Complete,
}

words!(AttemptStatus {
    NeedsFirstFactor = "needs_first_factor",
    NeedsSecondFactor = "needs_second_factor",
    NeedsNewPassword = "needs_new_password",
    MissingRequirements = "missing_requirements",
    Complete = "complete",
});

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct SignIn in "sign_ins" {
        pub(crate) id: String,
        /// The identifier that the user typed.
        pub(crate) identifier: String,
        pub(crate) user_id: Option<String>,
        pub(crate) status: AttemptStatus,
        /// Some while the attempt waits for its second factor.
        pub(crate) first_factor_at: Option<UnixTime>,
        pub(crate) abandon_at: UnixTime,
    }
}

/// The client's attempt, finished or not.
pub(crate) fn current(db: Db<'_>, client: &Client) -> Result<Option<SignIn>> {
    db.find("id = ?", [&client.sign_in_id])
}

/// Starts an attempt and makes it the client's current one.
pub(crate) fn insert(
    db: Db<'_>,
    client: &Client,
    identifier: &str,
    user_id: &str,
    abandon_at: UnixTime,
) -> Result<SignIn> {
    let sign_in = SignIn {
        id: ids::new_id(ids::SIGN_IN, db.now),
        identifier: identifier.to_owned(),
        user_id: Some(user_id.to_owned()),
        status: AttemptStatus::NeedsFirstFactor,
        first_factor_at: None,
        abandon_at,
    };
    db.insert(&sign_in, &[("client_id", &client.id), ("created_at", &Millis(db.now))])?;
    clients::set_sign_in(db, &client.id, &sign_in.id)?;
    // Nothing reads an attempt again that is not its client's current one.
    db.run(
        "DELETE FROM sign_ins WHERE client_id = ? AND id != ?",
        [&client.id, &sign_in.id],
    )?;
    Ok(sign_in)
}

pub(crate) fn set_status(db: Db<'_>, id: &str, status: AttemptStatus) -> Result<()> {
    db.set::<SignIn>(id, &[("status", &status)])
}

/// The first factor is proven; the second one is still to come.
pub(crate) fn await_second_factor(db: Db<'_>, id: &str) -> Result<()> {
    let status = AttemptStatus::NeedsSecondFactor;
    db.set::<SignIn>(id, &[("status", &status), ("first_factor_at", &Millis(db.now))])
}

pub(crate) fn complete(db: Db<'_>, id: &str, session_id: &str) -> Result<()> {
    let status = AttemptStatus::Complete;
    db.set::<SignIn>(id, &[("status", &status), ("created_session_id", &session_id)])
}
