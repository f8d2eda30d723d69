//! The one row that says which instance this database is.

use portal_sdk::clock::UnixTime;
use portal_sdk::secret::Secret;
use rusqlite::types::{FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result, params};

use super::record::{Column, Rows as _, record};
use super::{Millis, OpenError};
use crate::secrets::{random_alphanumeric, random_bytes};
use crate::{ids, signing_key};

record! {
    /// The constants of a database.
    pub(crate) struct Instance in "instance" {
        pub(crate) id: String,
        /// The signing key's id: the instance's own for the first key.
        pub(crate) key_id: String,
        pub(crate) secret_key: Secret,
        /// PKCS #8.
        pub(crate) signing_key: Vec<u8>,
        pub(crate) form_key: Vec<u8>,
    }
}

impl Column for Secret {
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::from_column(value).map(Self::new)
    }

    fn to_column(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.expose().into())
    }
}

pub(super) fn find_or_create(connection: &Connection, now: UnixTime) -> Result<Instance, OpenError> {
    if let Some(instance) = connection.find("TRUE", [])? {
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
    connection.insert(&instance, &[("only_row", &1), ("created_at", &Millis(now))])?;
    Ok(instance)
}

/// Another signing key takes the place of the one there was.
pub(crate) fn set_signing_key(connection: &Connection, key_id: &str, signing_key: &[u8]) -> Result<()> {
    connection.run(
        "UPDATE instance SET key_id = ?, signing_key = ?",
        params![key_id, signing_key],
    )
}
