//! Users.

use portal_sdk::clock::UnixTime;
use rusqlite::params;
use rusqlite::types::Null;

use super::record::record;
use super::{Db, Metadata, Millis, Result, Strategy, email_addresses};
use crate::clock::Millis as _;
use crate::ids;
use crate::redacted::debug_only;

record! {
    #[derive(Clone, PartialEq, Eq)]
    pub(crate) struct User in "users" {
        pub(crate) id: String,
        /// The application's own id of this person.
        pub(crate) external_id: Option<String>,
        pub(crate) first_name: Option<String>,
        pub(crate) last_name: Option<String>,
        pub(crate) primary_email_address_id: Option<String>,
        pub(crate) image_id: Option<String> = "(SELECT images.id FROM images WHERE images.owner_id = users.id)",
        pub(crate) password_hash: Option<String>,
        pub(crate) password_updated_at: Option<UnixTime>,
        /// The password is compromised and refused at sign-in.
        pub(crate) password_compromised: bool,
        pub(crate) public_metadata: Metadata,
        pub(crate) private_metadata: Metadata,
        pub(crate) unsafe_metadata: Metadata,
        pub(crate) banned: bool,
        pub(crate) delete_self_enabled: bool,
        pub(crate) create_organization_enabled: bool,
        pub(crate) failed_attempts: u32,
        pub(crate) locked_until: Option<UnixTime>,
        pub(crate) last_sign_in_at: Option<UnixTime>,
        pub(crate) last_active_at: Option<UnixTime>,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

debug_only!(User { id });

impl User {
    /// Returns the milliseconds for which password sign-in stays locked; `None` if it is not locked.
    pub(crate) fn locked_for_millis(&self, now: UnixTime) -> Option<i64> {
        self.locked_until
            .map(|until| until.millis_since(now))
            .filter(|&millis| millis > 0)
    }

    /// Returns the known parts of the first and last name.
    pub(crate) fn full_name(&self) -> Option<String> {
        match (self.first_name.as_deref(), self.last_name.as_deref()) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
            (None, None) => None,
        }
    }
}

/// A person whose email address is proven.
#[derive(Clone)]
pub(crate) struct NewUser {
    /// `None` makes a new one.
    pub(crate) id: Option<String>,
    pub(crate) email_address: String,
    pub(crate) strategy: Strategy,
    pub(crate) password_hash: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<User>> {
    db.find("id = ?", [id])
}

/// The user whom the application knows under this id.
pub(crate) fn find_external(db: Db<'_>, external_id: &str) -> Result<Option<User>> {
    db.find("external_id = ?", [external_id])
}

/// Users whose ID, name or address contains `query`, newest first; all if it is empty.
pub(crate) fn search(db: Db<'_>, query: &str) -> Result<Vec<User>> {
    db.latest_first(
        "(?1 = '' OR id = ?1 OR external_id = ?1
          OR instr(lower(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), lower(?1)) > 0
          OR EXISTS (SELECT 1 FROM email_addresses WHERE user_id = users.id AND instr(address_norm, lower(?1)) > 0))",
        [query],
    )
}

/// Creates the user and the verified primary address. Returns the user's id.
pub(crate) fn insert(db: Db<'_>, new: &NewUser) -> Result<String> {
    let id = new.id.clone().unwrap_or_else(|| ids::new_id(ids::USER, db.now));
    let password_updated_at = new.password_hash.as_ref().map(|_| Millis(db.now));
    db.run(
        "INSERT INTO users (id, first_name, last_name, password_hash, password_updated_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![
            id,
            new.first_name,
            new.last_name,
            new.password_hash,
            password_updated_at,
            Millis(db.now)
        ],
    )?;
    let address_id = email_addresses::insert_verified(db, &id, &new.email_address, new.strategy)?;
    db.set::<User>(&id, &[("primary_email_address_id", &address_id)])?;
    Ok(id)
}

pub(crate) fn set_names(db: Db<'_>, id: &str, first_name: Option<&str>, last_name: Option<&str>) -> Result<()> {
    let (first_name, last_name) = (("first_name", &first_name as _), ("last_name", &last_name as _));
    db.set::<User>(id, &[first_name, last_name, ("updated_at", &Millis(db.now))])
}

/// Writes what an administrator can change: names, external id, metadata, flags and when the account was made.
pub(crate) fn update(db: Db<'_>, user: &User) -> Result<()> {
    db.set::<User>(
        &user.id,
        &[
            ("external_id", &user.external_id),
            ("first_name", &user.first_name),
            ("last_name", &user.last_name),
            ("public_metadata", &user.public_metadata),
            ("private_metadata", &user.private_metadata),
            ("unsafe_metadata", &user.unsafe_metadata),
            ("banned", &user.banned),
            ("password_compromised", &user.password_compromised),
            ("delete_self_enabled", &user.delete_self_enabled),
            ("create_organization_enabled", &user.create_organization_enabled),
            ("created_at", &Millis(user.created_at)),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// Makes an address the primary one; `None`: the user has no primary address any more.
pub(crate) fn set_primary_email_address(db: Db<'_>, id: &str, address_id: Option<&str>) -> Result<()> {
    let primary = ("primary_email_address_id", &address_id as _);
    db.set::<User>(id, &[primary, ("updated_at", &Millis(db.now))])
}

/// Sets a new password, which is not compromised.
pub(crate) fn set_password(db: Db<'_>, id: &str, hash: &str) -> Result<()> {
    db.set::<User>(
        id,
        &[
            ("password_hash", &hash),
            ("password_updated_at", &Millis(db.now)),
            ("password_compromised", &false),
            ("failed_attempts", &0),
            ("locked_until", &Null),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// The user has no password from now on.
pub(crate) fn remove_password(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<User>(
        id,
        &[
            ("password_hash", &Null),
            ("password_updated_at", &Null),
            ("password_compromised", &false),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// Removes the user with their addresses, memberships and sessions.
pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<()> {
    db.delete::<User>(id)
}

/// Counts wrong passwords and, once there are too many, locks.
pub(crate) fn set_failures(db: Db<'_>, id: &str, failed_attempts: u32, locked_until: Option<UnixTime>) -> Result<()> {
    let locked_until = locked_until.map(Millis);
    db.set::<User>(
        id,
        &[("failed_attempts", &failed_attempts), ("locked_until", &locked_until)],
    )
}

/// A successful sign-in: the moment is kept, the failures are forgotten.
pub(crate) fn signed_in(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<User>(
        id,
        &[
            ("last_sign_in_at", &Millis(db.now)),
            ("last_active_at", &Millis(db.now)),
        ],
    )?;
    set_failures(db, id, 0, None)
}
