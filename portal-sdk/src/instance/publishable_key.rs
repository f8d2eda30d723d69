//! [`PublishableKey`]: the instance, its type and its Frontend API.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};

use super::FrontendApi;
use super::redact::{is_secret_key, redacted};

/// WHATWG "forgiving base64" without its white space and padding rules, which [`decode_forgiving`] applies first.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The type of an instance, by the prefix of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceType {
    /// `pk_test_…`: signed-in state crosses origins in URLs (the development browser's token).
    Development,
    /// `pk_live_…`: signed-in state is in cookies of the application's domain.
    Production,
}

/// An instance's public identifier, `pk_test_…` or `pk_live_…`, which contains its Frontend API.
///
/// Keys are compared and hashed as written, because the cookie suffix depends on every character.
///
/// ```
/// use portal_sdk::instance::{InstanceType, PublishableKey};
///
/// let key: PublishableKey = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk".parse()?;
/// assert_eq!(key.instance_type(), InstanceType::Development);
/// assert_eq!(key.frontend_api().as_str(), "foo-bar-13.clerk.accounts.dev");
/// assert_eq!(key.cookie_suffix(), "nx2hSE6I");
/// # Ok::<(), portal_sdk::instance::PublishableKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublishableKey {
    text: Arc<str>,
    frontend_api: FrontendApi,
    cookie_suffix: Arc<str>,
}

impl PublishableKey {
    /// Creates a development key for a Frontend API such as `http://127.0.0.1:8787/accounts.dev`.
    ///
    /// # Errors
    ///
    /// Returns [`PublishableKeyError`] if a `pk_test_` key cannot contain this Frontend API.
    pub fn development(frontend_api: &str) -> Result<Self, PublishableKeyError> {
        let body = STANDARD.encode(format!("{frontend_api}$"));
        format!("pk_test_{body}").parse()
    }

    /// The key as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Development or production, by the prefix.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        self.frontend_api.instance_type()
    }

    /// The Frontend API inside the key.
    #[must_use]
    pub fn frontend_api(&self) -> &FrontendApi {
        &self.frontend_api
    }

    /// The eight-character suffix of this instance's cookie names, without its `_`.
    ///
    /// It is the start of the URL-safe base64 of the key's SHA-1, and may contain `_` and `-`.
    #[must_use]
    pub fn cookie_suffix(&self) -> &str {
        &self.cookie_suffix
    }
}

impl FromStr for PublishableKey {
    type Err = PublishableKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(PublishableKeyError::Missing);
        }
        if is_secret_key(text) {
            return Err(PublishableKeyError::SecretKey);
        }
        let found = || redacted(text);
        let (instance_type, body) = if let Some(body) = text.strip_prefix("pk_live_") {
            (InstanceType::Production, body)
        } else if let Some(body) = text.strip_prefix("pk_test_") {
            (InstanceType::Development, body)
        } else {
            return Err(PublishableKeyError::Prefix { found: found() });
        };
        let decoded = decode_forgiving(body).ok_or_else(|| PublishableKeyError::Encoding { found: found() })?;
        let address = decoded
            .strip_suffix('$')
            .filter(|address| !address.contains('$') && address.contains('.'))
            .ok_or_else(|| PublishableKeyError::Content { found: found() })?;
        Ok(Self {
            text: text.into(),
            frontend_api: FrontendApi::parse(address, instance_type)?,
            cookie_suffix: cookie_suffix(text).into(),
        })
    }
}

impl fmt::Display for PublishableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PublishableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishableKey({})", self.text)
    }
}

/// The error of a string that is not a [`PublishableKey`].
///
/// Messages show the string, because publishable keys are public. A secret key in its place is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishableKeyError {
    /// The string is empty.
    #[error("expected a publishable key, found an empty string; copy it from the API keys page of the Clerk dashboard")]
    Missing,
    /// The string is a secret key, which is dropped.
    #[error(
        "expected a publishable key (pk_test_… or pk_live_…), found a secret key (not shown); the two keys are swapped, \
         exchange them"
    )]
    SecretKey,
    /// The prefix is unknown.
    #[error("expected a publishable key that starts with pk_test_ or pk_live_, found {found:?}")]
    Prefix {
        /// The string.
        found: String,
    },
    /// The part after the prefix is not base64.
    #[error("expected base64 after pk_test_ or pk_live_, found {found:?}; copy the key again")]
    Encoding {
        /// The string.
        found: String,
    },
    /// The base64 does not contain a host name and a trailing `$`.
    #[error("expected base64 of a host name and one closing $, found {found:?}; copy the key again")]
    Content {
        /// The string.
        found: String,
    },
    /// The Frontend API inside the key is not a valid host.
    #[error("expected a Frontend API such as clerk.example.com inside the key, found {found:?}; copy the key again")]
    FrontendApi {
        /// The Frontend API.
        found: String,
    },
    /// The Frontend API inside the key is a plain http URL, but not on loopback or not in a development key.
    #[error(
        "expected a Frontend API over https inside the key, found {found:?}; use http only for loopback hosts in pk_test_ \
         keys"
    )]
    PlainHttp {
        /// The Frontend API.
        found: String,
    },
}

/// Decodes forgiving base64 to Latin-1, as `atob` does (WHATWG Infra section 7).
fn decode_forgiving(text: &str) -> Option<String> {
    let mut compact: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c'))
        .collect();
    if compact.is_empty() {
        return None;
    }
    if compact.len().is_multiple_of(4) {
        let padding = compact.bytes().rev().take(2).take_while(|&byte| byte == b'=').count();
        compact.truncate(compact.len() - padding);
    }
    let bytes = FORGIVING.decode(compact).ok()?;
    Some(bytes.into_iter().map(char::from).collect())
}

fn cookie_suffix(key: &str) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let mut suffix = URL_SAFE_NO_PAD.encode(hash);
    suffix.truncate(8);
    suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(prefix: &str, content: &str) -> Result<PublishableKey, PublishableKeyError> {
        format!("{prefix}{}", STANDARD.encode(content)).parse()
    }

    #[test]
    fn cookie_suffix_is_clerks() {
        for (text, suffix) in [
            ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "naoXFJnI"),
            ("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "nx2hSE6I"),
            ("pk_live_Y2xlcmsuaW5jbHVkZWQua2F0eWRpZC05Mi5sY2wuZGV2JA", "24kMifYy"),
        ] {
            assert_eq!(text.parse::<PublishableKey>().unwrap().cookie_suffix(), suffix);
        }
        assert_eq!(
            PublishableKey::development("127.0.0.1:8787").unwrap().cookie_suffix(),
            "Nlb1kH_u"
        );
    }

    #[test]
    fn forgiving_base64_is_decoded() {
        let plain = STANDARD.encode("clerk.example.co$");
        assert!(plain.ends_with('='));
        for body in [
            plain.clone(),
            plain.trim_end_matches('=').to_owned(),
            format!("{plain}\n"),
            format!("{} {}", &plain[..5], &plain[5..]),
        ] {
            let key: PublishableKey = format!("pk_live_{body}").parse().unwrap();
            assert_eq!(key.frontend_api().as_str(), "clerk.example.co");
        }
    }

    #[test]
    fn malformed_key_is_rejected() {
        for text in [
            "",
            "pk_live_",
            " pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
            "PK_LIVE_Y2xlcmsuZXhhbXBsZS5jb20k",
            "test_Y2xlcmsuZXhhbXBsZS5jb20k",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k=",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k_x",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k-",
        ] {
            assert!(text.parse::<PublishableKey>().is_err(), "{text:?}");
        }
        for content in [
            "clerk.example.com",
            "clerk.example.com$$",
            "clerk.example.com$x",
            "localhost$",
            ".$",
            "a b.c$",
        ] {
            assert!(key("pk_live_", content).is_err(), "{content:?}");
        }
    }

    #[test]
    fn plain_http_is_accepted_only_for_loopback_development_keys() {
        let local = key("pk_test_", "http://127.0.0.1:8787/accounts.dev$").unwrap();
        assert_eq!(local.frontend_api().local_origin(), Some("http://127.0.0.1:8787"));
        assert_eq!(local.frontend_api().as_str(), "http://127.0.0.1:8787/accounts.dev");
        assert!(
            key("pk_test_", "http://[::1]:8787/accounts.dev$")
                .unwrap()
                .frontend_api()
                .local_origin()
                .is_some()
        );
        for (prefix, content) in [
            ("pk_live_", "http://127.0.0.1:8787/accounts.dev$"),
            ("pk_test_", "http://clerk.example.com$"),
            ("pk_test_", "http://127.0.0.1.example.com$"),
        ] {
            assert!(
                matches!(key(prefix, content), Err(PublishableKeyError::PlainHttp { .. })),
                "{content}"
            );
        }
    }
}
