//! The result of authentication: [`RequestState`].

mod headers;
mod reason;

use std::sync::Arc;

pub use headers::ResponseHeaders;
pub use reason::{AuthReason, RefreshFailure};

use crate::effect::BackendError;
use crate::secret::Secret;
use crate::token::{SessionClaims, TokenError};

/// The result of authenticating one request.
#[derive(Clone, Debug)]
#[must_use = "the state carries cookies and redirects that belong on the response"]
#[non_exhaustive]
pub struct RequestState {
    /// Who the request is from.
    pub outcome: Outcome,
    /// Header fields that belong on the response, whatever the outcome.
    pub headers: ResponseHeaders,
}

/// Who a request is from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A session token was verified. A *pending* session is here too; see [`SessionClaims::is_pending`].
    SignedIn(SignedInState),
    /// The request is signed out: it carries no valid session token.
    SignedOut(SignedOutState),
    /// The browser must go to the Frontend API (or to another domain) and back before the request can be decided.
    Handshake(HandshakeState),
    /// The request cannot be decided: Clerk is out of reach, or the settings contradict themselves. Never show it as
    /// signed out.
    Undecided(UndecidedCause),
}

/// A verified session token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedInState {
    /// The token's claims.
    pub claims: SessionClaims,
    /// The session token itself.
    pub token: Secret,
    /// The path names another organization than the active one (or the personal account), and no redirect can settle it:
    /// the redirect limit for this organization was reached, or the request cannot be redirected. Do not serve a page of
    /// the named organization; guards and extractors refuse.
    pub organization_mismatch: bool,
}

/// Why a request is signed out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedOutState {
    /// The reason, in Clerk's words.
    pub reason: AuthReason,
    /// The error of the token, if the request carries one.
    pub token_error: Option<TokenError>,
    /// The error of the token that a handshake brought, if it brought an invalid one.
    pub handshake_problem: Option<TokenError>,
    /// The browser has just lost every cookie of a handshake: it keeps none for this site. Only in development, where
    /// another handshake would lead to the next one without end. Public pages can be served; signing in cannot work.
    pub cookies_not_kept: bool,
}

/// Why a browser must go to the Frontend API and back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HandshakeState {
    /// The reason, in Clerk's words.
    pub reason: AuthReason,
    /// The error of the token, if the request carries one.
    pub token_error: Option<TokenError>,
}

/// What kept a request from being decided.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndecidedCause {
    /// The signing keys could not be fetched and none are in memory. Clerk or the network must recover; answer 503.
    #[error("the signing keys cannot be fetched")]
    KeysOutOfReach(#[source] Arc<BackendError>),
    /// The token names a key that is not in memory, and keys were fetched for such a name only just now; answer 503.
    #[error("the token names an unknown signing key, which may not be looked up yet")]
    KeyNotLookedUpYet,
    /// The session has expired and the Backend API was out of reach when it should have been renewed: the user may well
    /// be signed in; answer 503.
    #[error("the session has expired and cannot be renewed")]
    RenewalOutOfReach(#[source] Arc<BackendError>),
    /// A handshake came back and the Backend API was out of reach when its payload should have been fetched; answer 503.
    #[error("the result of the handshake cannot be fetched")]
    HandshakeOutOfReach(#[source] Arc<BackendError>),
    /// A development handshake came back with a payload that this instance's key did not sign: the keys were switched
    /// or the link is forged; answer 500.
    #[error("the handshake payload is not signed by this instance: {0}; check that the Clerk keys belong together")]
    HandshakeToken(TokenError),
    /// A development satellite's sign-in URL lies on the satellite itself; answer 500.
    #[error("CLERK_SIGN_IN_URL of a satellite must be on the primary application, not on the satellite's own origin")]
    SatelliteSignInUrl,
}

impl UndecidedCause {
    /// Returns `true` if waiting may help: Clerk or the network is at fault, not the settings.
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
