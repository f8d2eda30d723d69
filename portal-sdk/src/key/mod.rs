//! An instance's public keys, parsed once: [`VerifyingKey`] and [`KeySet`].

mod key_file;
mod key_set;
mod verifying_key;

pub use key_file::KeyFileError;
pub(crate) use key_file::read_jwks;
pub use key_set::KeySet;
pub(crate) use key_set::Lookup;
#[cfg(feature = "http-client")]
pub(crate) use key_set::SkippedEntry;
pub(crate) use verifying_key::{Algorithm, Misfit};
pub use verifying_key::{KeyProblem, VerifyingKey};
