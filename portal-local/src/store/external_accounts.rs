//! Accounts at the outside provider, each connected to one user.

use portal_sdk::clock::UnixTime;
use serde::{Deserialize, Serialize};

use super::record::{json_columns, record};
use super::{Db, Millis, Result};
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

json_columns!(ExternalProfile);

record! {
    /// A connected account, with the profile that the provider told last.
    #[derive(Clone, Debug)]
    pub(crate) struct ExternalAccount in "external_accounts" {
        pub(crate) id: String,
        /// The ID of the account's identification.
        pub(crate) identification_id: String,
        pub(crate) user_id: String,
        pub(crate) provider_user_id: String,
        pub(crate) email_address: String,
        pub(crate) email_address_verified: bool,
        pub(crate) first_name: Option<String>,
        pub(crate) last_name: Option<String>,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

pub(crate) fn find_by_provider_user(db: Db<'_>, id: &str) -> Result<Option<ExternalAccount>> {
    db.find("provider_user_id = ?", [id])
}

pub(crate) fn of_user(db: Db<'_>, user_id: &str) -> Result<Vec<ExternalAccount>> {
    db.oldest_first("user_id = ?", [user_id])
}

pub(crate) fn insert(db: Db<'_>, user_id: &str, profile: &ExternalProfile) -> Result<()> {
    let profile = profile.clone();
    let new = ExternalAccount {
        id: ids::new_id(ids::EXTERNAL_ACCOUNT, db.now),
        identification_id: ids::new_id(ids::EMAIL_ADDRESS, db.now),
        user_id: user_id.to_owned(),
        provider_user_id: profile.provider_user_id,
        email_address: profile.email_address,
        email_address_verified: profile.email_address_verified,
        first_name: profile.first_name,
        last_name: profile.last_name,
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&new, &[])
}

/// Keeps what the provider tells by now.
pub(crate) fn update(db: Db<'_>, id: &str, profile: &ExternalProfile) -> Result<()> {
    db.set::<ExternalAccount>(
        id,
        &[
            ("email_address", &profile.email_address),
            ("email_address_verified", &profile.email_address_verified),
            ("first_name", &profile.first_name),
            ("last_name", &profile.last_name),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// Takes an account off its user. `false` if this user has no such account.
pub(crate) fn delete(db: Db<'_>, user_id: &str, id: &str) -> Result<bool> {
    db.changed(
        "DELETE FROM external_accounts WHERE id = ? AND user_id = ?",
        [id, user_id],
    )
}
