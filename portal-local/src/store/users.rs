//! Users.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Metadata, Millis, Strategy, email_addresses};
use crate::clock::Millis as _;
use crate::ids;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    /// The application's own id of this person.
    pub(crate) external_id: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) primary_email_address_id: Option<String>,
    pub(crate) image_id: Option<String>,
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
#[derive(Clone, Debug)]
pub(crate) struct NewUser {
    /// `None` makes a new one.
    pub(crate) id: Option<String>,
    pub(crate) email_address: String,
    pub(crate) strategy: Strategy,
    pub(crate) password_hash: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

const COLUMNS: &str = "id, external_id, first_name, last_name, primary_email_address_id, password_hash, \
                       password_updated_at, password_compromised, public_metadata, private_metadata, unsafe_metadata, \
                       banned, delete_self_enabled, create_organization_enabled, failed_attempts, locked_until, \
                       last_sign_in_at, last_active_at, created_at, updated_at, \
                       (SELECT images.id FROM images WHERE images.owner_id = users.id)";

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let moment = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Millis>>(column)?.map(|at| at.0));
    Ok(User {
        id: row.get(0)?,
        external_id: row.get(1)?,
        first_name: row.get(2)?,
        last_name: row.get(3)?,
        primary_email_address_id: row.get(4)?,
        password_hash: row.get(5)?,
        password_updated_at: moment(6)?,
        password_compromised: row.get(7)?,
        public_metadata: row.get(8)?,
        private_metadata: row.get(9)?,
        unsafe_metadata: row.get(10)?,
        banned: row.get(11)?,
        delete_self_enabled: row.get(12)?,
        create_organization_enabled: row.get(13)?,
        failed_attempts: row.get(14)?,
        locked_until: moment(15)?,
        last_sign_in_at: moment(16)?,
        last_active_at: moment(17)?,
        created_at: row.get::<_, Millis>(18)?.0,
        updated_at: row.get::<_, Millis>(19)?.0,
        image_id: row.get(20)?,
    })
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?"))?
        .query_row([id], read)
        .optional()
}

/// The user whom the application knows under this id.
pub(crate) fn find_external(connection: &Connection, external_id: &str) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE external_id = ?"))?
        .query_row([external_id], read)
        .optional()
}

/// Users whose ID, name or address contains `query`, newest first; all if it is empty.
pub(crate) fn search(connection: &Connection, query: &str) -> rusqlite::Result<Vec<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users WHERE ?1 = '' OR id = ?1 OR external_id = ?1
             OR instr(lower(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), lower(?1)) > 0
             OR EXISTS (SELECT 1 FROM email_addresses WHERE user_id = users.id AND instr(address_norm, lower(?1)) > 0)
             ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([query], read)?
        .collect()
}

/// Creates the user and the verified primary address. Returns the user's id.
pub(crate) fn insert(connection: &Connection, new: &NewUser, now: UnixTime) -> rusqlite::Result<String> {
    let id = new.id.clone().unwrap_or_else(|| ids::new_id(ids::USER, now));
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

/// Writes what an administrator can change: names, external id, metadata, flags and when the account was made.
pub(crate) fn update(connection: &Connection, user: &User, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET external_id = ?, first_name = ?, last_name = ?, public_metadata = ?, private_metadata = ?,
                unsafe_metadata = ?, banned = ?, password_compromised = ?, delete_self_enabled = ?,
                create_organization_enabled = ?, created_at = ?, updated_at = ? WHERE id = ?",
        params![
            user.external_id,
            user.first_name,
            user.last_name,
            user.public_metadata,
            user.private_metadata,
            user.unsafe_metadata,
            user.banned,
            user.password_compromised,
            user.delete_self_enabled,
            user.create_organization_enabled,
            Millis(user.created_at),
            Millis(now),
            user.id
        ],
    )?;
    Ok(())
}

pub(crate) fn set_primary_email_address(
    connection: &Connection,
    id: &str,
    address_id: &str,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET primary_email_address_id = ?, updated_at = ? WHERE id = ?",
        params![address_id, Millis(now), id],
    )?;
    Ok(())
}

/// The user has no primary address any more.
pub(crate) fn forget_primary_email_address(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET primary_email_address_id = NULL, updated_at = ? WHERE id = ?",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Sets a new password, which is not compromised.
pub(crate) fn set_password(connection: &Connection, id: &str, hash: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET password_hash = ?1, password_updated_at = ?2, password_compromised = 0, failed_attempts = 0,
                locked_until = NULL, updated_at = ?2 WHERE id = ?3",
        params![hash, Millis(now), id],
    )?;
    Ok(())
}

/// The user has no password from now on.
pub(crate) fn remove_password(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET password_hash = NULL, password_updated_at = NULL, password_compromised = 0, updated_at = ?
         WHERE id = ?",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Removes the user with their addresses, memberships and sessions.
pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM users WHERE id = ?", [id])?;
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
