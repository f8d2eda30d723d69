//! The errors of token verification: faults of the request, not of the application or of Clerk.

use std::fmt;

use crate::clock::UnixTime;
use crate::excerpt::Excerpt;

/// The reason why a token was rejected. Variants are in the order of the checks.
///
/// A message quotes at most 200 characters of the token, and escapes control characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token does not consist of three parts.
    #[error("the token does not consist of three parts separated by dots")]
    Form,
    /// The token is larger than [`MAX_TOKEN_BYTES`](crate::limits::MAX_TOKEN_BYTES); nothing was decoded.
    #[error("the token has {found} bytes; expected at most {max}", max = crate::limits::MAX_TOKEN_BYTES)]
    TooLarge {
        /// The token's size in bytes.
        found: usize,
    },
    /// A part is malformed: not base64url, or not a JSON object.
    #[error("the token's {part} cannot be decoded")]
    Undecodable {
        /// The part: `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// The token's category is not a session token's.
    #[error("the token is not a session token")]
    Category,
    /// No key of the instance has the token's key ID.
    #[error(
        "no signing key of this instance has the key id {key_id:?}; it has {known}",
        key_id = key_id.as_deref().map(Excerpt),
        known = Excerpt(known)
    )]
    UnknownKey {
        /// The key ID in the token's header.
        key_id: Option<Box<str>>,
        /// The instance's key IDs, joined by commas.
        known: Box<str>,
    },
    /// Clerk refused the request for signing keys, or returned no keys.
    #[error("the Backend API has no signing keys for this instance: {problem}", problem = Excerpt(problem))]
    KeysNotLoaded {
        /// Clerk's response.
        problem: Box<str>,
    },
    /// Clerk does not accept the secret key.
    #[error("the Backend API does not accept the secret key; copy it again from the Clerk dashboard")]
    SecretKeyRefused,
    /// `typ` is not `JWT`.
    #[error("the token's type is {found}, not JWT", found = Excerpt(found))]
    Type {
        /// `typ` as JSON.
        found: Box<str>,
    },
    /// `alg` is not an RSA signature with SHA-2.
    #[error("the token's algorithm is {found}; RS256, RS384 and RS512 are known", found = Excerpt(found))]
    Algorithm {
        /// `alg` as JSON.
        found: Box<str>,
    },
    /// The key cannot verify signatures of this `alg`.
    #[error("the instance's key cannot check an {algorithm} signature")]
    UnusableKey {
        /// `alg`.
        algorithm: &'static str,
    },
    /// The signature does not match the key.
    #[error("the token was not signed by this instance's key")]
    Signature,
    /// `sub` is missing or not a string.
    #[error("the token names no user (claim sub)")]
    Subject,
    /// `aud` contains no configured audience.
    #[error("the token is for another audience (claim aud)")]
    Audience,
    /// `azp` is not a configured origin.
    #[error("the token was made for {found}, which is not an authorized party (claim azp)", found = Excerpt(found))]
    AuthorizedParty {
        /// `azp` as JSON.
        found: Box<str>,
    },
    /// `iss` is not a configured issuer.
    #[error("the token was issued by {found}, which is not an accepted issuer (claim iss)", found = Excerpt(found))]
    Issuer {
        /// `iss` as JSON.
        found: Box<str>,
    },
    /// A time is missing or not a number.
    #[error("the token's claim {claim} is not a number")]
    Time {
        /// The claim: `exp`, `nbf` or `iat`.
        claim: &'static str,
    },
    /// The token has expired.
    #[error("the token expired at {expired_at}; it is {now}", expired_at = Stamp(*expired_at), now = Stamp(*now))]
    Expired {
        /// `exp`.
        expired_at: UnixTime,
        /// The time of verification.
        now: UnixTime,
    },
    /// The token is not valid yet (`nbf`).
    #[error("the token is not valid before {not_before}; it is {now}", not_before = Stamp(*not_before), now = Stamp(*now))]
    NotActiveYet {
        /// `nbf`.
        not_before: UnixTime,
        /// The time of verification.
        now: UnixTime,
    },
    /// The token's time of issue is in the future.
    #[error("the token was issued at {issued_at}; it is {now}", issued_at = Stamp(*issued_at), now = Stamp(*now))]
    IssuedInTheFuture {
        /// `iat`.
        issued_at: UnixTime,
        /// The time of verification.
        now: UnixTime,
    },
}

impl TokenError {
    /// Returns Clerk's word for the error.
    #[must_use]
    pub fn reason(&self) -> TokenErrorReason {
        use TokenErrorReason as Reason;
        match self {
            Self::Form | Self::TooLarge { .. } | Self::Undecodable { .. } | Self::Category | Self::Type { .. } => {
                Reason::TokenInvalid
            }
            Self::UnknownKey { .. } => Reason::JwkKidMismatch,
            Self::KeysNotLoaded { .. } => Reason::JwkRemoteFailedToLoad,
            Self::SecretKeyRefused => Reason::SecretKeyInvalid,
            Self::Algorithm { .. } => Reason::TokenInvalidAlgorithm,
            Self::UnusableKey { .. } | Self::Subject | Self::Audience | Self::Time { .. } => {
                Reason::TokenVerificationFailed
            }
            Self::Signature => Reason::TokenInvalidSignature,
            Self::AuthorizedParty { .. } => Reason::TokenInvalidAuthorizedParties,
            Self::Issuer { .. } => Reason::TokenInvalidIssuer,
            Self::Expired { .. } => Reason::TokenExpired,
            Self::NotActiveYet { .. } => Reason::TokenNotActiveYet,
            Self::IssuedInTheFuture { .. } => Reason::TokenIatInTheFuture,
        }
    }

    /// Returns `true` if a wrong clock could be the cause.
    pub(crate) fn is_about_time(&self) -> bool {
        matches!(
            self,
            Self::Expired { .. } | Self::NotActiveYet { .. } | Self::IssuedInTheFuture { .. }
        )
    }
}

/// A reason of token verification, as Clerk spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorReason {
    /// `token-invalid`
    TokenInvalid,
    /// `token-invalid-algorithm`
    TokenInvalidAlgorithm,
    /// `token-invalid-authorized-parties`
    TokenInvalidAuthorizedParties,
    /// `token-invalid-issuer`
    TokenInvalidIssuer,
    /// `token-invalid-signature`
    TokenInvalidSignature,
    /// `token-verification-failed`
    TokenVerificationFailed,
    /// `token-expired`
    TokenExpired,
    /// `token-not-active-yet`
    TokenNotActiveYet,
    /// `token-iat-in-the-future`
    TokenIatInTheFuture,
    /// `secret-key-invalid`
    SecretKeyInvalid,
    /// `jwk-kid-mismatch`
    JwkKidMismatch,
    /// `jwk-remote-failed-to-load`
    JwkRemoteFailedToLoad,
}

impl TokenErrorReason {
    const ALL: [Self; 12] = [
        Self::TokenInvalid,
        Self::TokenInvalidAlgorithm,
        Self::TokenInvalidAuthorizedParties,
        Self::TokenInvalidIssuer,
        Self::TokenInvalidSignature,
        Self::TokenVerificationFailed,
        Self::TokenExpired,
        Self::TokenNotActiveYet,
        Self::TokenIatInTheFuture,
        Self::SecretKeyInvalid,
        Self::JwkKidMismatch,
        Self::JwkRemoteFailedToLoad,
    ];

    /// Returns the reason with this spelling; `None` if Clerk has no such reason.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Returns Clerk's spelling of the reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenInvalid => "token-invalid",
            Self::TokenInvalidAlgorithm => "token-invalid-algorithm",
            Self::TokenInvalidAuthorizedParties => "token-invalid-authorized-parties",
            Self::TokenInvalidIssuer => "token-invalid-issuer",
            Self::TokenInvalidSignature => "token-invalid-signature",
            Self::TokenVerificationFailed => "token-verification-failed",
            Self::TokenExpired => "token-expired",
            Self::TokenNotActiveYet => "token-not-active-yet",
            Self::TokenIatInTheFuture => "token-iat-in-the-future",
            Self::SecretKeyInvalid => "secret-key-invalid",
            Self::JwkKidMismatch => "jwk-kid-mismatch",
            Self::JwkRemoteFailedToLoad => "jwk-remote-failed-to-load",
        }
    }
}

impl fmt::Display for TokenErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A time as seconds since the epoch with the unit, for messages.
struct Stamp(UnixTime);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (Unix seconds)", self.0.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_named_by_their_spelling_alone() {
        for reason in TokenErrorReason::ALL {
            assert_eq!(TokenErrorReason::named(reason.as_str()), Some(reason));
            assert_eq!(reason.to_string(), reason.as_str());
        }
        for other in ["", "token", "token-invalid ", "TOKEN-INVALID", "session-token-nbf"] {
            assert_eq!(TokenErrorReason::named(other), None, "{other}");
        }
    }

    #[test]
    fn messages_about_time_name_both_times_in_unix_seconds() {
        let [earlier, later] = [1_000, 2_000].map(UnixTime::from_secs);
        for error in [
            TokenError::Expired {
                expired_at: earlier,
                now: later,
            },
            TokenError::NotActiveYet {
                not_before: later,
                now: earlier,
            },
            TokenError::IssuedInTheFuture {
                issued_at: later,
                now: earlier,
            },
        ] {
            let message = error.to_string();
            assert!(message.contains("1000 (Unix seconds)"), "{message}");
            assert!(message.contains("2000 (Unix seconds)"), "{message}");
            assert!(error.is_about_time());
        }
        assert!(!TokenError::Signature.is_about_time());
    }
}
