//! JWK sets in files: [`KeySet::from_file`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::KeySet;

/// The size limit of a file. A key set has a few kilobytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A file without usable signing keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file is missing or unreadable.
    #[error("{}: expected a readable file with a JWK set", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is larger than 1 MiB.
    #[error("{}: expected a JWK set of at most 1 MiB, found a larger file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a JWK set (RFC 7517 section 5).
    #[error("{}: expected a JWK set (a JSON object with a list `keys`), found {found}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The kind of content.
        found: &'static str,
    },
    /// No key of the file verifies session tokens.
    #[error("{}: expected an RSA key of 2048 to 8192 bits with a key ID, found {found} other entries", path.display())]
    NoUsableKey {
        /// The file.
        path: PathBuf,
        /// The number of entries.
        found: usize,
    },
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 section 5) from a file, such as a saved response of `GET /v1/jwks`.
    ///
    /// ```no_run
    /// use portal_sdk::authenticator::Authenticator;
    /// use portal_sdk::instance::Instance;
    /// use portal_sdk::key::KeySet;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let authenticator = Authenticator::builder(Instance::from_env()?)
    ///     .initial_keys(KeySet::from_file("/etc/app/clerk-jwks.json")?)
    ///     .build();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError`] if the file is unreadable or holds no usable key.
    ///
    /// # Security
    ///
    /// Anyone who can write the file can sign in as any user.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        read_jwks(path.as_ref()).map(|(keys, _)| keys)
    }
}

/// Reads a JWK set with usable keys; returns its other members too.
pub(crate) fn read_jwks(path: &Path) -> Result<(KeySet, Value), KeyFileError> {
    let read = |source| KeyFileError::Read {
        path: path.to_owned(),
        source,
    };
    let form = |found| KeyFileError::Form {
        path: path.to_owned(),
        found,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(KeyFileError::TooLarge { path: path.to_owned() });
    }
    let jwks: Value = serde_json::from_slice(&bytes).map_err(|_| match bytes.is_empty() {
        true => form("an empty file"),
        false => form("text that is not JSON"),
    })?;
    let entries = jwks.get("keys").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| form("JSON of another form"))?;
    let keys = KeySet::from_json(&jwks);
    if keys.usable() == 0 {
        return Err(KeyFileError::NoUsableKey {
            path: path.to_owned(),
            found: entries.len(),
        });
    }
    Ok((keys, jwks))
}
