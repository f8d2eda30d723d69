//! The one row that says which instance this database is.

use portal_sdk::clock::UnixTime;
use portal_sdk::secret::Secret;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Millis, OpenError};
use crate::secrets::{random_alphanumeric, random_bytes};
use crate::{ids, signing_key};

/// The constants of a database.
pub(crate) struct Instance {
    pub(crate) id: String,
    /// The signing key's id: the instance's own for the first key.
    pub(crate) key_id: String,
    pub(crate) secret_key: Secret,
    /// PKCS #8.
    pub(crate) signing_key: Vec<u8>,
    pub(crate) form_key: Vec<u8>,
}

pub(super) fn find_or_create(connection: &Connection, now: UnixTime) -> Result<Instance, OpenError> {
    if let Some(instance) = find(connection)? {
        return Ok(instance);
    }
    let id = ids::new_id(ids::INSTANCE, now);
    let instance = Instance {
        key_id: id.clone(),
        id,
        secret_key: Secret::new(format!("sk_test_{}", random_alphanumeric(40))),
        signing_key: signing_key::generate().map_err(|_| OpenError::Key)?,
        form_key: random_bytes::<32>().to_vec(),
    };
    connection.execute(
        "INSERT INTO instance (only_row, id, key_id, secret_key, signing_key, form_key, created_at)
         VALUES (1, ?, ?, ?, ?, ?, ?)",
        params![
            instance.id,
            instance.key_id,
            instance.secret_key.expose(),
            instance.signing_key,
            instance.form_key,
            Millis(now)
        ],
    )?;
    Ok(instance)
}

fn find(connection: &Connection) -> rusqlite::Result<Option<Instance>> {
    connection
        .query_row(
            "SELECT id, secret_key, signing_key, form_key, key_id FROM instance",
            [],
            |row| {
                Ok(Instance {
                    id: row.get(0)?,
                    secret_key: Secret::new(row.get::<_, String>(1)?),
                    signing_key: row.get(2)?,
                    form_key: row.get(3)?,
                    key_id: row.get(4)?,
                })
            },
        )
        .optional()
}

/// Another signing key takes the place of the one there was.
pub(crate) fn set_signing_key(connection: &Connection, key_id: &str, signing_key: &[u8]) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE instance SET key_id = ?, signing_key = ?",
        params![key_id, signing_key],
    )?;
    Ok(())
}
