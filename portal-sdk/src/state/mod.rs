//! The result of authentication: [`RequestState`].

mod explanation;
mod headers;
mod likely_cause;
mod reason;

pub use explanation::Explanation;
pub use headers::ResponseHeaders;
pub use likely_cause::LikelyCause;
pub use reason::{AuthReason, RefreshFailure};

use crate::effect::BackendError;
use crate::token::{SessionClaims, TokenError};

/// The result of authenticating one request.
#[derive(Clone, Debug)]
#[must_use = "the state carries cookies and redirects that belong on the response"]
#[non_exhaustive]
pub struct RequestState {
    /// The outcome.
    pub outcome: Outcome,
    /// The header fields to apply to the response, for every outcome.
    pub headers: ResponseHeaders,
}

/// The outcome of authentication.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A session token was verified. Includes *pending* sessions; see [`SessionClaims::is_pending`].
    SignedIn(SignedInState),
    /// The request is signed out: it carries no valid session token.
    SignedOut(SignedOutState),
    /// The request can be decided only after the browser was redirected to the Frontend API (or to another domain) and
    /// back.
    Handshake(HandshakeState),
    /// The request cannot be decided, because Clerk is unreachable or the settings are inconsistent. Never show it as
    /// signed out.
    Undecided(UndecidedCause),
}

/// A verified session token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedInState {
    /// The token's claims.
    pub claims: SessionClaims,
    /// `true` if the path's organization is not active, and cannot be activated.
    ///
    /// The path may also name the personal account. The redirect limit for this organization was reached, or the
    /// request cannot be redirected. Do not serve a page of the path's organization; guards and extractors refuse the
    /// request.
    pub organization_mismatch: bool,
}

/// The reason why a request is signed out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedOutState {
    /// The reason, in Clerk's words.
    pub reason: AuthReason,
    /// The error of the token, if the request carries one. Boxed, because states are moved often.
    pub token_error: Option<Box<TokenError>>,
    /// The error of a handshake's token, if it is invalid.
    pub handshake_problem: Option<Box<TokenError>>,
    /// `true` if the browser has just lost every cookie of a handshake.
    ///
    /// Sign-in cannot work then. Detected in development only, where another handshake would start a redirect loop.
    /// Public pages can be served.
    pub cookies_not_kept: bool,
}

/// The reason why a browser must go through a handshake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HandshakeState {
    /// The reason, in Clerk's words.
    pub reason: AuthReason,
    /// The error of the token, if the request carries one. Boxed, because states are moved often.
    pub token_error: Option<Box<TokenError>>,
}

/// The reason why a request is undecided.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndecidedCause {
    /// The signing keys could not be fetched, and none are in memory; respond 503.
    #[error("the signing keys cannot be fetched")]
    KeysOutOfReach(#[source] BackendError),
    /// The token's key is unknown, and keys were fetched for an unknown ID too recently to fetch them again; respond
    /// 503.
    #[error("the token names an unknown signing key, and keys were fetched too recently to fetch them again")]
    KeyNotLookedUpYet,
    /// The session token has expired and could not be renewed, because the Backend API is unreachable; respond 503.
    #[error("the session has expired and cannot be renewed")]
    RenewalOutOfReach(#[source] BackendError),
    /// The payload of a returning handshake could not be fetched, because the Backend API is unreachable; respond 503.
    #[error("the result of the handshake cannot be fetched")]
    HandshakeOutOfReach(#[source] BackendError),
    /// The payload of a development handshake was not signed by this instance's key: the keys were switched or the link
    /// is forged; respond 500.
    #[error("the handshake payload is not signed by this instance: {0}; check that the Clerk keys belong together")]
    HandshakeToken(TokenError),
    /// A development satellite's sign-in URL is on the satellite itself; respond 500.
    #[error("CLERK_SIGN_IN_URL of a satellite must be on the primary application, not on the satellite's own origin")]
    SatelliteSignInUrl,
}

impl UndecidedCause {
    /// Returns `true` if a retry may help: the cause is Clerk or the network, not the settings.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::KeysOutOfReach(_)
                | Self::KeyNotLookedUpYet
                | Self::RenewalOutOfReach(_)
                | Self::HandshakeOutOfReach(_)
        )
    }
}

impl RequestState {
    pub(crate) fn new(outcome: Outcome, headers: ResponseHeaders) -> Self {
        Self { outcome, headers }
    }

    /// The verified claims; `None` unless the outcome is signed in.
    #[must_use]
    pub fn claims(&self) -> Option<&SessionClaims> {
        match &self.outcome {
            Outcome::SignedIn(state) => Some(&state.claims),
            _ => None,
        }
    }

    /// The reason of a signed-out request or a handshake, in Clerk's words.
    #[must_use]
    pub fn reason(&self) -> Option<&AuthReason> {
        match &self.outcome {
            Outcome::SignedOut(state) => Some(&state.reason),
            Outcome::Handshake(state) => Some(&state.reason),
            Outcome::SignedIn(_) | Outcome::Undecided(_) => None,
        }
    }

    /// The value of `x-clerk-auth-status`; `None` if the request is undecided.
    #[must_use]
    pub fn status(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::SignedIn(_) => Some("signed-in"),
            Outcome::SignedOut(_) => Some("signed-out"),
            Outcome::Handshake(_) => Some("handshake"),
            Outcome::Undecided(_) => None,
        }
    }
}
