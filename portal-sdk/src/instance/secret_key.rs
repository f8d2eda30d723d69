//! [`SecretKey`]: the credential for the Backend API.

use std::fmt;
use std::str::FromStr;

use super::InstanceType;
use crate::secret::Secret;

/// An instance's secret key: `sk_test_…` or `sk_live_…`, formerly `test_…` or `live_…`.
///
/// # Security
///
/// `Debug` shows the prefix only. Only [`expose`](Self::expose) returns the key.
#[derive(Clone)]
pub struct SecretKey {
    text: Secret,
    instance_type: InstanceType,
}

impl SecretKey {
    /// Development or production, by the prefix.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        self.instance_type
    }

    /// The key itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl FromStr for SecretKey {
    type Err = SecretKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(SecretKeyError::Missing);
        }
        let starts_with_one_of = |prefixes: [&str; 2]| {
            prefixes
                .iter()
                .any(|prefix| text.strip_prefix(prefix).is_some_and(|body| !body.is_empty()))
        };
        let instance_type = if starts_with_one_of(["sk_test_", "test_"]) {
            InstanceType::Development
        } else if starts_with_one_of(["sk_live_", "live_"]) {
            InstanceType::Production
        } else if text.starts_with("pk_") {
            return Err(SecretKeyError::PublishableKey);
        } else {
            return Err(SecretKeyError::Prefix { length: text.len() });
        };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretKeyError::Characters);
        }
        Ok(Self {
            text: Secret::new(text),
            instance_type,
        })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.instance_type {
            InstanceType::Development => "sk_test_",
            InstanceType::Production => "sk_live_",
        };
        write!(f, "SecretKey({prefix}[redacted])")
    }
}

/// The error of a string that is not a [`SecretKey`]. No variant contains the string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The string is empty.
    #[error("expected a secret key, found an empty string; copy it from the API keys page of the Clerk dashboard")]
    Missing,
    /// The string is a publishable key.
    #[error(
        "expected a secret key (sk_test_… or sk_live_…), found a publishable key (pk_…); exchange the two keys if they \
         are swapped"
    )]
    PublishableKey,
    /// The prefix is unknown.
    #[error(
        "expected a secret key that starts with sk_test_ or sk_live_, found {length} bytes that do not (not shown); \
         copy the key again, without quotes"
    )]
    Prefix {
        /// The length of the string in bytes.
        length: usize,
    },
    /// The string contains white space or another character that header values cannot contain.
    #[error("expected a secret key of printable ASCII characters, found another one (not shown); copy the key again")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_decides_the_instance_type() {
        for (text, instance_type) in [
            ("sk_test_a", InstanceType::Development),
            ("test_a", InstanceType::Development),
            ("sk_live_a", InstanceType::Production),
            ("live_a", InstanceType::Production),
        ] {
            assert_eq!(text.parse::<SecretKey>().unwrap().instance_type(), instance_type);
        }
    }

    #[test]
    fn key_is_never_printed() {
        let key: SecretKey = "sk_test_hunter2".parse().unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(sk_test_[redacted])");
        for text in ["", "sk_test_", "hunter2", "pk_test_hunter2", "sk_live_hunter2\n"] {
            let error = text.parse::<SecretKey>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
