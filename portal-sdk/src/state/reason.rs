//! [`AuthReason`]: the reason why a request is not signed in.

use std::borrow::Cow;
use std::fmt;

use crate::token::TokenErrorReason;

/// The reason why a request is not signed in, in Clerk's spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthReason {
    /// `client-uat-but-no-session-token`
    ClientUatWithoutSessionToken,
    /// `dev-browser-missing`
    DevBrowserMissing,
    /// `dev-browser-sync`
    DevBrowserSync,
    /// `primary-responds-to-syncing`
    PrimaryRespondsToSyncing,
    /// `primary-domain-cross-origin-sync`
    PrimaryDomainCrossOriginSync,
    /// `satellite-needs-syncing`
    SatelliteNeedsSyncing,
    /// `session-token-and-uat-missing`
    SessionTokenAndUatMissing,
    /// `session-token-missing`
    SessionTokenMissing,
    /// `session-token-expired-refresh-…`
    SessionTokenExpired(RefreshFailure),
    /// `session-token-iat-before-client-uat`
    SessionTokenIatBeforeClientUat,
    /// `session-token-nbf`
    SessionTokenNotActiveYet,
    /// `session-token-iat-in-the-future`
    SessionTokenIatInTheFuture,
    /// `session-token-but-no-client-uat`
    SessionTokenWithoutClientUat,
    /// `active-organization-mismatch`
    ActiveOrganizationMismatch,
    /// `token-type-mismatch`
    TokenTypeMismatch,
    /// `session-ended`: the session has ended or its user was deleted, though the token has not expired yet. Not a
    /// reason of Clerk.
    SessionEnded,
    /// An error of the token or the keys.
    Token(TokenErrorReason),
}

impl AuthReason {
    /// The reason on the wire.
    #[must_use]
    pub fn as_str(&self) -> Cow<'static, str> {
        match self {
            Self::ClientUatWithoutSessionToken => "client-uat-but-no-session-token".into(),
            Self::DevBrowserMissing => "dev-browser-missing".into(),
            Self::DevBrowserSync => "dev-browser-sync".into(),
            Self::PrimaryRespondsToSyncing => "primary-responds-to-syncing".into(),
            Self::PrimaryDomainCrossOriginSync => "primary-domain-cross-origin-sync".into(),
            Self::SatelliteNeedsSyncing => "satellite-needs-syncing".into(),
            Self::SessionTokenAndUatMissing => "session-token-and-uat-missing".into(),
            Self::SessionTokenMissing => "session-token-missing".into(),
            Self::SessionTokenExpired(failure) => format!("session-token-expired-refresh-{failure}").into(),
            Self::SessionTokenIatBeforeClientUat => "session-token-iat-before-client-uat".into(),
            Self::SessionTokenNotActiveYet => "session-token-nbf".into(),
            Self::SessionTokenIatInTheFuture => "session-token-iat-in-the-future".into(),
            Self::SessionTokenWithoutClientUat => "session-token-but-no-client-uat".into(),
            Self::ActiveOrganizationMismatch => "active-organization-mismatch".into(),
            Self::TokenTypeMismatch => "token-type-mismatch".into(),
            Self::SessionEnded => "session-ended".into(),
            Self::Token(reason) => reason.as_str().into(),
        }
    }
}

impl fmt::Display for AuthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

/// The reason why the Backend API did not renew a session token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshFailure {
    /// `non-eligible-non-get`: only GET requests and the application's own forms renew.
    NotGet,
    /// `non-eligible-no-refresh-cookie`
    NoRefreshCookie,
    /// `expired-session-token-decode-failed`
    TokenUndecodable,
    /// `expired-session-token-missing-sid-claim`
    SessionIdMissing,
    /// `fetch-error`: the Backend API was not reached.
    FetchError,
    /// `unexpected-sdk-error`: the Backend API responded without any cookie.
    NoCookies,
    /// `unexpected-bapi-error`: the session ID has characters that are never sent to the Backend API.
    UnexpectedAnswer,
    /// `invalid-session-token`: the new token does not verify.
    InvalidSessionToken,
    /// The Backend API's own error code.
    Refused(Box<str>),
}

impl fmt::Display for RefreshFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotGet => "non-eligible-non-get",
            Self::NoRefreshCookie => "non-eligible-no-refresh-cookie",
            Self::TokenUndecodable => "expired-session-token-decode-failed",
            Self::SessionIdMissing => "expired-session-token-missing-sid-claim",
            Self::FetchError => "fetch-error",
            Self::NoCookies => "unexpected-sdk-error",
            Self::UnexpectedAnswer => "unexpected-bapi-error",
            Self::InvalidSessionToken => "invalid-session-token",
            Self::Refused(code) => code,
        })
    }
}
