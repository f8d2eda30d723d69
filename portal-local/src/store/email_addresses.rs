//! Email addresses, each belonging to one user.

use portal_sdk::clock::UnixTime;
use rusqlite::types::Null;

use super::record::record;
use super::{Db, Millis, Result, Strategy};
use crate::ids;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct EmailAddress in "email_addresses" {
        pub(crate) id: String,
        pub(crate) user_id: String,
        /// As it was typed.
        pub(crate) address: String,
        pub(crate) verified_at: Option<UnixTime>,
        pub(crate) strategy: Option<Strategy>,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

/// Normalizes an address, so that spellings of one mailbox compare equal.
pub(crate) fn normalize(address: &str) -> String {
    address.trim().to_lowercase()
}

pub(crate) fn find_verified(db: Db<'_>, address: &str) -> Result<Option<EmailAddress>> {
    db.find("address_norm = ? AND verified_at IS NOT NULL", [normalize(address)])
}

pub(crate) fn of_user(db: Db<'_>, user_id: &str) -> Result<Vec<EmailAddress>> {
    db.oldest_first("user_id = ?", [user_id])
}

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<EmailAddress>> {
    db.find("id = ?", [id])
}

/// The user's primary address.
pub(crate) fn primary(db: Db<'_>, user_id: &str) -> Result<Option<EmailAddress>> {
    db.find(
        "id = (SELECT primary_email_address_id FROM users WHERE id = ?)",
        [user_id],
    )
}

/// Adds an address that still has to be proven. Returns its id.
pub(crate) fn insert_unverified(db: Db<'_>, user_id: &str, address: &str) -> Result<String> {
    insert(db, user_id, address, None, Strategy::EmailCode)
}

/// Adds an address whose owner has just proven that mail to it arrives. Returns its id.
pub(crate) fn insert_verified(db: Db<'_>, user_id: &str, address: &str, strategy: Strategy) -> Result<String> {
    insert(db, user_id, address, Some(db.now), strategy)
}

fn insert(
    db: Db<'_>,
    user_id: &str,
    address: &str,
    verified_at: Option<UnixTime>,
    strategy: Strategy,
) -> Result<String> {
    let new = EmailAddress {
        id: ids::new_id(ids::EMAIL_ADDRESS, db.now),
        user_id: user_id.to_owned(),
        address: address.trim().to_owned(),
        verified_at,
        strategy: Some(strategy),
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&new, &[("address_norm", &normalize(address))])?;
    Ok(new.id)
}

/// Mail to the address arrives.
pub(crate) fn set_verified(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<EmailAddress>(id, &[("verified_at", &Millis(db.now)), ("updated_at", &Millis(db.now))])
}

/// The address is unverified.
pub(crate) fn set_unverified(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<EmailAddress>(id, &[("verified_at", &Null), ("updated_at", &Millis(db.now))])
}

/// Notes how an address was proven.
pub(crate) fn set_strategy(db: Db<'_>, id: &str, strategy: Strategy) -> Result<()> {
    db.set::<EmailAddress>(id, &[("strategy", &strategy)])
}

pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<()> {
    db.delete::<EmailAddress>(id)
}
