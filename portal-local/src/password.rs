//! Passwords: which are accepted, and how they are kept.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, CustomizedPasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::secrets::random_bytes;
use crate::slow_work::with_memory;

pub(crate) const MIN_CHARS: usize = 8;
/// bcrypt's limit. Argon2 has none, but an account must be able to move to Clerk.
pub(crate) const MAX_CHARS: usize = 72;

/// RFC 9106 section 3.1 recommends 16 bytes.
const SALT_BYTES: usize = 16;

/// Some of the most common passwords. Clerk checks a breach database; this portal does not use the network.
const WELL_KNOWN: [&str; 16] = [
    "12345678",
    "123456789",
    "1234567890",
    "11111111",
    "abcd1234",
    "admin123",
    "asdfghjkl",
    "baseball",
    "football",
    "iloveyou",
    "letmein1",
    "passw0rd",
    "password",
    "password1",
    "qwertyui",
    "qwertyuiop",
];

/// The reason why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeakPassword {
    TooShort,
    TooLong,
    TooManyBytes,
    IsIdentifier,
    WellKnown,
}

/// Checks that `password` is strong enough for the account `identifier`.
///
/// # Errors
///
/// Returns [`WeakPassword`] if it is not.
pub(crate) fn check_policy(password: &str, identifier: &str) -> Result<(), WeakPassword> {
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if chars > MAX_CHARS {
        return Err(WeakPassword::TooLong);
    }
    if password.len() > MAX_CHARS {
        return Err(WeakPassword::TooManyBytes);
    }
    if password.eq_ignore_ascii_case(identifier) {
        return Err(WeakPassword::IsIdentifier);
    }
    if WELL_KNOWN.contains(&password.to_ascii_lowercase().as_str()) {
        return Err(WeakPassword::WellKnown);
    }
    Ok(())
}

/// The password's Argon2id hash in PHC form. Takes tens of milliseconds: not for an async thread.
pub(crate) fn hash(password: &str) -> Result<String, password_hash::Error> {
    let salt: [u8; SALT_BYTES] = random_bytes();
    let hash = Argon2InKeptMemory.hash_password_with_params(password.as_bytes(), &salt, Params::default())?;
    Ok(hash.to_string())
}

/// Returns `true` if `password` matches the hash. As slow as [`hash`].
pub(crate) fn verify(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| Argon2InKeptMemory.verify_password(password.as_bytes(), &hash).is_ok())
}

/// Argon2 in memory that is used again. Otherwise each thread's allocator would keep a block of 19 MiB.
struct Argon2InKeptMemory;

impl CustomizedPasswordHasher<PasswordHash> for Argon2InKeptMemory {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let mut output = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
        let argon2 = Argon2::new(algorithm, version, params.clone());
        with_memory(params.block_count(), |memory| {
            argon2.hash_password_into_with_memory(password, salt, output, memory)
        })?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    #[test]
    fn the_policy_names_what_is_wrong() {
        let identifier = "ada@example.com";
        for (password, weakness) in [
            ("short", WeakPassword::TooShort),
            ("äöüäöüä", WeakPassword::TooShort),
            (&"x".repeat(73), WeakPassword::TooLong),
            (&"ä".repeat(40), WeakPassword::TooManyBytes),
            ("Ada@example.com", WeakPassword::IsIdentifier),
            ("PassWord", WeakPassword::WellKnown),
        ] {
            assert_eq!(check_policy(password, identifier), Err(weakness), "{password}");
        }
        for password in ["correct horse battery", &"x".repeat(72), "äöüäöüäö"] {
            assert!(check_policy(password, identifier).is_ok(), "{password}");
        }
    }

    #[test]
    fn a_hash_accepts_its_password_only() {
        let kept = hash("correct horse battery").unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", &kept));
        assert!(!verify("correct horse batterz", &kept));
        assert!(!verify("correct horse battery", "not a hash"));
        // The crate's own way of hashing.
        let verified = Argon2::default().verify_password(b"correct horse battery", kept.as_str());
        assert_eq!(verified, Ok(()));
    }

    #[test]
    fn hash_with_other_parameters_is_verified() {
        let params = Params::new(256, 3, 2, Some(16)).unwrap();
        let salt = b"sixteen bytes ok";
        let kept = Argon2::new(Algorithm::Argon2i, Version::V0x10, params);
        let kept = kept
            .hash_password_with_salt(b"correct horse battery", salt)
            .unwrap()
            .to_string();
        assert!(verify("correct horse battery", &kept), "{kept}");
        assert!(!verify("correct horse batterz", &kept), "{kept}");
    }
}
