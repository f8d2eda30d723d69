//! Passwords: which are accepted, and how they are kept.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

pub(crate) const MIN_CHARS: usize = 8;
/// bcrypt's limit. Argon2 has none, but an account must be able to move to Clerk.
pub(crate) const MAX_CHARS: usize = 72;

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
pub(crate) fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// Returns `true` if `password` matches the hash. As slow as [`hash`].
pub(crate) fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
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
    }
}
