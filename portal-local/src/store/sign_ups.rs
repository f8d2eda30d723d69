//! Attempts to sign up; a client has one at a time. The entered values are kept here until the address is verified.

use portal_sdk::clock::UnixTime;
use rusqlite::types::Null;

use super::record::record;
use super::{AttemptStatus, Client, Db, ExternalProfile, Millis, Result, clients};
use crate::redacted::debug_only;

record! {
    #[derive(Clone)]
    pub(crate) struct SignUp in "sign_ups" {
        pub(crate) id: String,
        pub(crate) email_address: String,
        pub(crate) password_hash: Option<String>,
        pub(crate) first_name: Option<String>,
        pub(crate) last_name: Option<String>,
        /// The profile from the external provider, if the sign-up started there.
        pub(crate) external_profile: Option<ExternalProfile>,
        pub(crate) status: AttemptStatus,
        /// Set if the address is proven and something else is missing.
        pub(crate) email_verified_at: Option<UnixTime>,
        pub(crate) abandon_at: UnixTime,
    }
}

debug_only!(SignUp { id, status });

/// The client's attempt, finished or not.
pub(crate) fn current(db: Db<'_>, client: &Client) -> Result<Option<SignUp>> {
    db.find("id = ?", [&client.sign_up_id])
}

/// Keeps `sign_up` and makes it the client's current attempt.
pub(crate) fn insert(db: Db<'_>, client: &Client, sign_up: &SignUp) -> Result<()> {
    db.insert(sign_up, &[("client_id", &client.id), ("created_at", &Millis(db.now))])?;
    clients::set_sign_up(db, &client.id, &sign_up.id)?;
    // Nothing reads an attempt again that is not its client's current one.
    db.run(
        "DELETE FROM sign_ups WHERE client_id = ? AND id != ?",
        [&client.id, &sign_up.id],
    )
}

/// Records that the address is verified; the attempt continues.
pub(crate) fn set_email_verified(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<SignUp>(id, &[("email_verified_at", &Millis(db.now))])
}

/// Deletes the attempt once the user exists.
pub(crate) fn complete(db: Db<'_>, id: &str, user_id: &str, session_id: &str) -> Result<()> {
    db.set::<SignUp>(
        id,
        &[
            ("status", &AttemptStatus::Complete),
            ("created_user_id", &user_id),
            ("created_session_id", &session_id),
            ("password_hash", &Null),
            ("external_profile", &Null),
        ],
    )
}
