//! Email addresses, each belonging to one user.

use portal_sdk::clock::UnixTime;
use rusqlite::types::Null;
use rusqlite::{Connection, Result};

use super::record::{Rows as _, record};
use super::{Millis, Strategy};
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

pub(crate) fn find_verified(connection: &Connection, address: &str) -> Result<Option<EmailAddress>> {
    connection.find("address_norm = ? AND verified_at IS NOT NULL", [normalize(address)])
}

pub(crate) fn of_user(connection: &Connection, user_id: &str) -> Result<Vec<EmailAddress>> {
    connection.oldest_first("user_id = ?", [user_id])
}

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<EmailAddress>> {
    connection.find("id = ?", [id])
}

/// The user's primary address.
pub(crate) fn primary(connection: &Connection, user_id: &str) -> Result<Option<EmailAddress>> {
    connection.find(
        "id = (SELECT primary_email_address_id FROM users WHERE id = ?)",
        [user_id],
    )
}

/// Adds an address that still has to be proven. Returns its id.
pub(crate) fn insert_unverified(
    connection: &Connection,
    user_id: &str,
    address: &str,
    now: UnixTime,
) -> Result<String> {
    insert(connection, user_id, address, None, Strategy::EmailCode, now)
}

/// Adds an address whose owner has just proven that mail to it arrives. Returns its id.
pub(crate) fn insert_verified(
    connection: &Connection,
    user_id: &str,
    address: &str,
    strategy: Strategy,
    now: UnixTime,
) -> Result<String> {
    insert(connection, user_id, address, Some(now), strategy, now)
}

fn insert(
    connection: &Connection,
    user_id: &str,
    address: &str,
    verified_at: Option<UnixTime>,
    strategy: Strategy,
    now: UnixTime,
) -> Result<String> {
    let new = EmailAddress {
        id: ids::new_id(ids::EMAIL_ADDRESS, now),
        user_id: user_id.to_owned(),
        address: address.trim().to_owned(),
        verified_at,
        strategy: Some(strategy),
        created_at: now,
        updated_at: now,
    };
    connection.insert(&new, &[("address_norm", &normalize(address))])?;
    Ok(new.id)
}

/// Mail to the address arrives.
pub(crate) fn set_verified(connection: &Connection, id: &str, now: UnixTime) -> Result<()> {
    connection.set::<EmailAddress>(id, &[("verified_at", &Millis(now)), ("updated_at", &Millis(now))])
}

/// The address is unverified.
pub(crate) fn set_unverified(connection: &Connection, id: &str, now: UnixTime) -> Result<()> {
    connection.set::<EmailAddress>(id, &[("verified_at", &Null), ("updated_at", &Millis(now))])
}

/// Notes how an address was proven.
pub(crate) fn set_strategy(connection: &Connection, id: &str, strategy: Strategy) -> Result<()> {
    connection.set::<EmailAddress>(id, &[("strategy", &strategy)])
}

pub(crate) fn delete(connection: &Connection, id: &str) -> Result<()> {
    connection.delete::<EmailAddress>(id)
}
