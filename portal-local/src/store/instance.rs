//! The one row that says which instance this database is.

use data_encoding::BASE64;
use portal_sdk::secret::Secret;
use rusqlite::params;
use rusqlite::types::{FromSqlResult, ToSqlOutput, ValueRef};

use super::record::{Column, record};
use super::{Db, Millis, OpenError, Result};
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
        /// Signs webhooks: `whsec_` and Base64.
        pub(crate) webhook_secret: Secret,
    }
}

impl Column for Secret {
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::from_column(value).map(Self::new)
    }

    fn to_column(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.expose().into())
    }
}

pub(super) fn find_or_create(db: Db<'_>) -> Result<Instance, OpenError> {
    // A database that is older than webhooks gets its secret now.
    db.run(
        "UPDATE instance SET webhook_secret = ? WHERE webhook_secret IS NULL",
        [new_webhook_secret()],
    )?;
    if let Some(instance) = db.find("TRUE", [])? {
        return Ok(instance);
    }
    let id = ids::new_id(ids::INSTANCE, db.now);
    let instance = Instance {
        key_id: id.clone(),
        id,
        secret_key: Secret::new(format!("sk_test_{}", random_alphanumeric(40))),
        signing_key: signing_key::generate().map_err(|_| OpenError::Key)?,
        form_key: random_bytes::<32>().to_vec(),
        webhook_secret: Secret::new(new_webhook_secret()),
    };
    db.insert(&instance, &[("only_row", &1), ("created_at", &Millis(db.now))])?;
    Ok(instance)
}

/// A secret of the length and form that Svix gives an endpoint.
fn new_webhook_secret() -> String {
    format!("whsec_{}", BASE64.encode(&random_bytes::<24>()))
}

/// Another signing key takes the place of the one there was.
pub(crate) fn set_signing_key(db: Db<'_>, key_id: &str, signing_key: &[u8]) -> Result<()> {
    db.run(
        "UPDATE instance SET key_id = ?, signing_key = ?",
        params![key_id, signing_key],
    )
}

/// Lets changes of the instance succeed and their commits fail, as on a full disk.
#[cfg(test)]
pub(crate) fn refuse_commits(db: Db<'_>) -> Result<()> {
    let statements = [
        "CREATE TEMP TABLE parents (id INTEGER PRIMARY KEY)",
        "CREATE TEMP TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TEMP TRIGGER refused AFTER UPDATE ON instance BEGIN INSERT INTO children VALUES (1); END",
    ];
    let mut statements = statements.into_iter();
    statements.try_for_each(|statement| db.run(statement, []))
}
