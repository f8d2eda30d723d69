//! Users.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Millis, Strategy, email_addresses};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) primary_email_address_id: Option<String>,
    pub(crate) password_hash: Option<String>,
    pub(crate) password_updated_at: Option<UnixTime>,
    pub(crate) failed_attempts: u32,
    pub(crate) locked_until: Option<UnixTime>,
    pub(crate) last_sign_in_at: Option<UnixTime>,
    pub(crate) last_active_at: Option<UnixTime>,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

impl User {
    /// How long sign-in with a password stays refused, in milliseconds; `None` if it is not.
    pub(crate) fn locked_for_millis(&self, now: UnixTime) -> Option<i64> {
        self.locked_until
            .map(|until| until.millis_since(now))
            .filter(|&millis| millis > 0)
    }

    /// First and last name, as far as they are known.
    pub(crate) fn full_name(&self) -> Option<String> {
        match (self.first_name.as_deref(), self.last_name.as_deref()) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
            (None, None) => None,
        }
    }
}

/// A person whose email address is proven.
#[derive(Clone, Debug)]
pub(crate) struct NewUser {
    pub(crate) email_address: String,
    pub(crate) strategy: Strategy,
    pub(crate) password_hash: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(
            "SELECT id, first_name, last_name, primary_email_address_id, password_hash, password_updated_at,
                    failed_attempts, locked_until, last_sign_in_at, last_active_at, created_at, updated_at
             FROM users WHERE id = ?",
        )?
        .query_row([id], |row| {
            let moment = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Millis>>(column)?.map(|at| at.0));
            Ok(User {
                id: row.get(0)?,
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                primary_email_address_id: row.get(3)?,
                password_hash: row.get(4)?,
                password_updated_at: moment(5)?,
                failed_attempts: row.get(6)?,
                locked_until: moment(7)?,
                last_sign_in_at: moment(8)?,
                last_active_at: moment(9)?,
                created_at: row.get::<_, Millis>(10)?.0,
                updated_at: row.get::<_, Millis>(11)?.0,
            })
        })
        .optional()
}

/// Creates the user and the verified primary address. Returns the user's id.
pub(crate) fn insert(connection: &Connection, new: &NewUser, now: UnixTime) -> rusqlite::Result<String> {
    let id = ids::new_id(ids::USER, now);
    let password_updated_at = new.password_hash.as_ref().map(|_| Millis(now));
    connection.execute(
        "INSERT INTO users (id, first_name, last_name, password_hash, password_updated_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![
            id,
            new.first_name,
            new.last_name,
            new.password_hash,
            password_updated_at,
            Millis(now)
        ],
    )?;
    let address_id = email_addresses::insert_verified(connection, &id, &new.email_address, new.strategy, now)?;
    connection.execute(
        "UPDATE users SET primary_email_address_id = ? WHERE id = ?",
        [&address_id, &id],
    )?;
    Ok(id)
}

pub(crate) fn set_names(
    connection: &Connection,
    id: &str,
    first_name: Option<&str>,
    last_name: Option<&str>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET first_name = ?, last_name = ?, updated_at = ? WHERE id = ?",
        params![first_name, last_name, Millis(now), id],
    )?;
    Ok(())
}

/// Counts wrong passwords and, once there are too many, locks.
pub(crate) fn set_failures(
    connection: &Connection,
    id: &str,
    failed_attempts: u32,
    locked_until: Option<UnixTime>,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET failed_attempts = ?, locked_until = ? WHERE id = ?",
        params![failed_attempts, locked_until.map(Millis), id],
    )?;
    Ok(())
}

/// A successful sign-in: the moment is kept, the failures are forgotten.
pub(crate) fn signed_in(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET last_sign_in_at = ?1, last_active_at = ?1, failed_attempts = 0, locked_until = NULL
         WHERE id = ?2",
        params![Millis(now), id],
    )?;
    Ok(())
}
